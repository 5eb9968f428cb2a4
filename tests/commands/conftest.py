"""An experiment that tests of commands may change: a copy of what a module has made once."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def results(made, tmp_path, monkeypatch):
    """Results of a copy of the folder `made`, which is the working directory."""
    shutil.copytree(made, tmp_path / "copy", copy_function=shutil.copy2)
    monkeypatch.chdir(tmp_path / "copy")
    return Path("results")
