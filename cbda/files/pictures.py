"""PNG files of generated data sets."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.files.atomic import explained_write


def make_empty(manifest: Path, folders: Iterable[Path]) -> None:
    """Remove the numbered pictures that an earlier run left, and first of all its manifest."""
    with explained_write(manifest):
        manifest.unlink(missing_ok=True)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob("[0-9][0-9][0-9][0-9][0-9].png"):
                path.unlink()


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a PNG of (H,W,3) colours or (H,W) labels, one of many: the manifest comes last."""
    from PIL import Image

    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    with explained_write(path, content.tell()):
        try:
            path.write_bytes(content.getvalue())
        except OSError:
            path.unlink(missing_ok=True)
            raise
