"""One finished project for all tests of the workflow, in whichever process they run."""

import os
from pathlib import Path

import pytest

from tests.projects import copy_finished, finish_once


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose tables, report and diagnoses are made. Not to be changed."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return finish_once(shared / "two cores")


@pytest.fixture
def editable(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project for a test to change."""
    return copy_finished(finished, tmp_path / "copy")
