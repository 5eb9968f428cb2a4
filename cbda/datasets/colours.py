"""Colours of classes.

They were chosen one after the other to be as far as possible, in CIELAB, from those before, black,
white and pale grey, also as seen with protanopia and deuteranopia (simulated after Machado et al.,
2009); very vivid ones were left out.
"""

import numpy as np
from numpy.typing import NDArray

CLASS_COLOURS = (
    "#56B4E9", "#B13B00", "#9DFF89", "#621489", "#C40062", "#C4B114",
    "#0076EB", "#C48962", "#B1769D", "#004E3B", "#C4EBB1", "#4E3B14",
    "#4E629D", "#FF899D", "#00EBFF", "#622762", "#C47614", "#14893B",
    "#D8EB62", "#B189FF", "#9DB14E", "#00B189", "#4E6262", "#D876C4",
)  # fmt: skip


def class_palette(num_classes: int) -> NDArray[np.uint8]:
    """Colours of the classes by train id, (256,3) uint8; 255, void, is black."""
    palette = np.zeros((256, 3), np.uint8)
    colours = [list(bytes.fromhex(colour[1:])) for colour in CLASS_COLOURS]
    palette[:num_classes] = np.resize(colours, (num_classes, 3))
    return palette
