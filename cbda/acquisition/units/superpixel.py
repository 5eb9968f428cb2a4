"""A superpixel as large as a window of k px, but along the edges of the image.

SLIC (Achanta et al., TPAMI 2012) of scikit-image, with its own compactness.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def query_px(radius: int, size: tuple[int, int]) -> int:
    """Pixels of a superpixel that is wanted; in the mean they are larger, as SLIC makes fewer."""
    return (2 * radius + 1) ** 2


def divide(image: "NDArray[Any]", radius: int) -> "NDArray[Any]":
    """Number of the superpixel of every pixel, from 0 on."""
    import numpy as np
    from skimage.segmentation import slic

    num_wanted = max(round(image.shape[0] * image.shape[1] / (2 * radius + 1) ** 2), 1)
    segments = slic(image, num_wanted, start_label=0)
    return np.unique(segments, return_inverse=True)[1].reshape(segments.shape).astype(np.int32)
