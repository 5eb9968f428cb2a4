"""Allocations over the whole pool that go by the predicted class: a file each, found by its name.

Each offers a function `choose` of what `cbda.selection.allocation` says, and of `read_class`, which
takes the index of an image to its predictions (H,W) uint8; keys of `Choice` it takes by their name.
"""
