"""A superpixel as large as a window of k px, but along the edges of the image.

Waterpixels (Machairas et al., IEEE TIP 2015): a watershed of the image's gradient and the distance
to the centre of a cell, from the centres of a grid of cells.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMOOTHING_PX = 1.0
DISTANCE_WEIGHT = 64.0  # in grey levels, of a distance as long as the side of a cell


def query_px(radius: int, size: tuple[int, int]) -> int:
    """Pixels of a cell of the grid."""
    return (2 * radius + 1) ** 2


def divide(image: "NDArray[Any]", radius: int) -> "NDArray[Any]":
    """Number of the superpixel of every pixel, cell by cell."""
    import numpy as np
    from scipy import ndimage

    grey, side = image.mean(axis=2), 2 * radius + 1
    offsets = [np.arange(length) % side - radius for length in grey.shape]
    counts = [max((length + radius) // side, 1) for length in grey.shape]
    gradient = ndimage.gaussian_gradient_magnitude(grey, SMOOTHING_PX)
    distance = np.hypot(offsets[0][:, None], offsets[1][None, :]) / side
    relief = (gradient + DISTANCE_WEIGHT * distance).clip(0, np.iinfo(np.uint8).max)
    markers = np.zeros(grey.shape, np.int32)
    rows, columns = (
        np.minimum(np.arange(count) * side + radius, length - 1)
        for count, length in zip(counts, grey.shape, strict=True)
    )
    markers[np.ix_(rows, columns)] = np.arange(1, counts[0] * counts[1] + 1).reshape(counts)
    return np.asarray(ndimage.watershed_ift(relief.astype(np.uint8), markers) - 1, np.int32)
