"""Images of a pool that need not have labels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cbda.datasets import pictures
from cbda.datasets.catalogue import find_kind
from cbda.datasets.folder import IMAGE_SUFFIXES
from cbda.datasets.listing import Side, find_images, list_images
from cbda.errors import UserError


@dataclass(frozen=True)
class Images:
    """Images sorted by id, read one at a time."""

    root: Path
    paths: Mapping[str, Path]  # by image id

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def image_ids(self) -> tuple[str, ...]:
        """Image ids, in order."""
        return tuple(self.paths)

    def thinned(self, every: int) -> "Images":
        """Every n-th image alone, the first among them."""
        return Images(self.root, dict(list(self.paths.items())[::every]))

    def require(self, image_ids: Iterable[str]) -> None:
        """Raise a `UserError` that names the first of some images that is not here."""
        for image_id in image_ids:
            if image_id not in self.paths:
                raise UserError(f"{self.root}: has no image {image_id!r}")

    def read_image(self, image_id: str) -> pictures.PixelArray:
        """(H, W, 3) uint8 RGB."""
        return pictures.read_rgb(self.paths[image_id])


def open_images(kind: str, root: str | Path, split: str = "") -> Images:
    """The images of a dataset of a kind, whose labels are not looked at."""
    return Images(Path(root), list_images(kind, find_kind(kind), Path(root), split))


def open_folder(folder: Path) -> Images:
    """The PNG and JPEG files of a folder, by their names without the ending."""
    return Images(folder, find_images(Side(folder, IMAGE_SUFFIXES), nested=False))
