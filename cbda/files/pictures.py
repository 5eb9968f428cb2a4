"""PNG files of generated data sets.

A set is rendered into hidden folders and takes the place of an earlier one when it is complete
and on the disk. What is replaced or removed is known to be ours: its content is in the mark of
the set (see `cbda.datasets.generated`), or is what would be written anyway, as it is in sets of
version 0.1.0, which have no mark. A picture of ours that someone has changed is set aside.
"""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cbda.datasets.digest import describe_irregular
from cbda.datasets.generated import CHANGED_FOLDER, MARK, SKIP_FILE, describe_file, read_mark
from cbda.errors import UserError
from cbda.files.atomic import explained_write
from cbda.files.durable import sync
from cbda.files.json_files import read_json, write_json
from cbda.files.lock import exclusive

FOLDERS = ("images", "labels")
STAGE, LOCK = ".cbda_making", ".cbda_generated.lock"
OF_THE_WORKFLOW = ("data_make.log", "data_make.tsv")  # which lie beside the manifest


@contextmanager
def making_set(manifest: Path, names: Collection[str]) -> Iterator["PictureSet"]:
    """Make a set of pictures beside its manifest, which is to be written last.

    Names are such as `images/00000.png`. Of two processes the later one waits.

    Raises:
        UserError: the folder holds what this command did not make.
    """
    pictures = PictureSet(manifest, names)
    lock = pictures.root / LOCK
    is_new = not lock.exists()
    if is_new:
        pictures.require_ours()  # before anything is put into a folder of someone else's
    with explained_write(manifest):
        for folder in FOLDERS:
            (pictures.root / folder).mkdir(parents=True, exist_ok=True)
        with exclusive(lock, manifest, f"makes the set in {pictures.root}"):
            try:
                pictures = PictureSet(manifest, names)  # again, now that no one else makes it
                pictures.require_ours()
                pictures.drop_staged()  # what a killed process left
                for folder in FOLDERS:
                    (pictures.root / folder / STAGE).mkdir()
                yield pictures
            except UserError:
                if is_new and not pictures.is_marked:
                    lock.unlink(missing_ok=True)
                raise
            finally:
                pictures.drop_staged()


class PictureSet:
    """The pictures of a set under way.

    Attributes:
        files: name to digest and bytes, of the pictures so far.
        is_marked: whether there is a set of ours already.
    """

    def __init__(self, manifest: Path, names: Collection[str]) -> None:
        self.manifest, self.root = manifest, manifest.parent
        self.names = frozenset(names)
        self.files: dict[str, str] = {}
        mark = read_mark(self.root)
        self.is_marked = bool(mark)
        self._known = set(mark.get("files", {}).items()) | set(mark.get("replaces", {}).items())
        self._known_names = {name for name, _ in self._known}

    def require_ours(self) -> None:
        """Raise a `UserError` if something lies here that this command did not make.

        In a set without a mark, pictures of the names that are to be written are compared when
        they are rendered.
        """
        waits = () if self.is_marked or self.files else self.names
        held = (name for name in self._present() if name not in waits)
        foreign = [name for name in held if not (self._has_place_of_ours(name) or self._owns(name))]
        if not self.is_marked:
            foreign += self._foreign_beside()
        if foreign:
            shown = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
            raise UserError(
                f"{self.root}: holds what `cbda data make` did not make"
                f" ({len(foreign)}: {shown}); move it away, or make the set elsewhere"
            )

    def _present(self) -> list[str]:
        """Names of all that can be seen in the folders."""
        folders = [name for name in FOLDERS if (self.root / name).is_dir()]
        paths = (f"{name}/{entry}" for name in folders for entry in os.listdir(self.root / name))
        return sorted(name for name in paths if not Path(name).name.startswith("."))

    def _owns(self, name: str) -> bool:
        """Whether a file is one that we made, is what we are to write, or is empty."""
        path = self.root / name
        return not describe_irregular(path) and self._is_made(name, describe_file(path))

    def _is_made(self, name: str, found: str) -> bool:
        is_empty = name in self.names and found.endswith(" 0")  # as a loss of power leaves files
        return is_empty or (name, found) in self._known or self.files.get(name) == found

    def _has_place_of_ours(self, name: str) -> bool:
        """Whether a file is where one that we made was, and so may be that one, changed."""
        return name in self._known_names and not describe_irregular(self.root / name)

    def _foreign_beside(self) -> list[str]:
        """Names in the root of a set without a mark that are neither ours nor hidden."""
        own = {*FOLDERS, *OF_THE_WORKFLOW, SKIP_FILE}
        if not describe_irregular(self.manifest):
            content = read_json(self.manifest)
            if isinstance(content, dict) and {"domain", "digest"} <= content.keys():
                own.add(self.manifest.name)  # a generator wrote it
        names = os.listdir(self.root) if self.root.is_dir() else []
        return sorted(name for name in names if name not in own and not name.startswith("."))

    def drop_staged(self) -> None:
        """Remove the pictures that took no place."""
        for folder in FOLDERS:
            stage = self.root / folder / STAGE
            if stage.exists():
                shutil.rmtree(stage)

    def _staged(self, name: str) -> Path:
        path = self.root / name
        return path.parent / STAGE / path.name

    def add(self, name: str, pixels: NDArray[np.uint8]) -> None:
        """Render one of the pictures, (H,W,3) colours or (H,W) labels.

        Raises:
            UserError: it would replace another one that is not ours.
        """
        path = self._staged(name)
        write_picture(path, pixels, self.root / name)
        self.files[name] = describe_file(path)
        if os.path.lexists(self.root / name) and not self._owns(name):
            self.require_ours()

    def publish(self) -> dict[str, str]:
        """Have the pictures take their place; `files`, for the manifest.

        They are on the disk before the mark that names them, and that before they are moved, so
        that a loss of power or a kill at any moment leaves a set which is known to be ours.
        """
        self.require_ours()  # what came while we rendered
        present = {name: describe_file(self.root / name) for name in self._present()}
        replaced = {name: found for name, found in present.items() if self._is_made(name, found)}
        for name in present.keys() - replaced.keys():
            self._set_aside(name)
        for name in self.files:
            sync(self._staged(name))
        write_json(self.root / MARK, {"files": self.files, "complete": False, "replaces": replaced})
        self.manifest.unlink(missing_ok=True)
        for name in replaced.keys() - self.files.keys():
            (self.root / name).unlink()
        for name in self.files:
            self._staged(name).replace(self.root / name)
        for folder in FOLDERS:
            sync(self.root / folder)
        write_json(self.root / MARK, {"files": self.files, "complete": True})
        return self.files

    def _set_aside(self, name: str) -> None:
        """Move a changed picture to a name of its own, where nothing reads or removes it."""
        place = self.root / CHANGED_FOLDER / name
        place.parent.mkdir(parents=True, exist_ok=True)
        names = (place.with_stem(f"{place.stem}.{number}") for number in count(1))
        kept = next(path for path in names if not os.path.lexists(path))
        shutil.move(self.root / name, kept)
        sync(kept.parent)
        print(f"{self.root / name}: had changed since it was made, and is kept as {kept}")


def write_picture(path: Path, pixels: NDArray[np.uint8], shown: Path) -> None:
    """Write a PNG of (H,W,3) colours or (H,W) labels; nothing of it stays if the disk is full.

    Trouble is told of what is `shown`: the path that the picture will have.
    """
    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    with explained_write(shown, content.tell()):
        try:
            path.write_bytes(content.getvalue())
        except OSError:
            path.unlink(missing_ok=True)
            raise
