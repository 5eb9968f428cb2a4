"""A round is acquired wherever something is missing; `make environments` tries every phase."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.disks import IS_ROOT
from tests.environments import ENVIRONMENTS, prepare, run_phase


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_round_ends_in_labels_or_in_one_line(name):
    environment = ENVIRONMENTS[name]
    if environment.needs_root and not IS_ROOT:
        pytest.skip("only root can make it")
    with TemporaryDirectory() as place:  # tmp_path is nobody else's to enter
        folder = prepare(Path(place), environment)
        assert run_phase(folder, environment, "acquire") == ""
        assert (folder / "out/labels.h5").exists() or not environment.succeeds
