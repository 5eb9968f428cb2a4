"""Only the package `files` knows what is within an HDF5 file."""

import re
from pathlib import Path

import pytest

import cbda

PACKAGE = Path(cbda.__file__).parent
INSIDES = re.compile(
    r"""\[["'](score|prediction|label|query|image_id)["']\]|\.attrs\b|import h5py|h5py\."""
)
OUTSIDE = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "files"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_knows_nothing_of_what_is_within_an_hdf5_file(path):
    assert INSIDES.findall(path.read_text()) == []


def test_insides_are_found_where_they_are_known():
    assert INSIDES.search((PACKAGE / "files/scores.py").read_text())
    assert INSIDES.search("file.attrs['seed']")
