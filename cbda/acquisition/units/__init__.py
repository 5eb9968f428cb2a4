"""Units, what one query labels: a file each, found by its name.

Each offers `query_px`, the pixels that one labels. A window around a pixel offers `label_radius`
and `suppression_radius`, in px; a part of an image offers `divide`, which takes an image (H,W,3)
uint8 and the radius to the number of its part of every pixel, (H,W) int32 from 0 on. Images are
divided anew in every round, so that nothing but the image and the radius may matter.
"""
