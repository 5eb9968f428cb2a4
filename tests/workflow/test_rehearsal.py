"""The experiment of the papers at reduced size, through every rule."""

from pathlib import Path
from typing import Any

import h5py
import pandas as pd
import pytest

from cbda.files.checkpoints import load_checkpoint
from cbda.files.json_files import load_statistics
from tests.projects import copy_project
from tests.rehearsal import NUM_SOURCE, ROOT, rehearse

pytestmark = pytest.mark.workflow

# One chain of one round, small images and a small encoder; all else is as published.
REDUCED: dict[str, Any] = {
    "experiment": {"methods": ["cbda"], "budgets": [0.05], "rounds": 1, "references": []},
    "tabulate": {"baseline": "cbda"},
    "model": {"encoder": "resnet18"},
    "training": {
        **{"image_size": [40, 80], "source_size": [48, 80]},
        **{"num_workers": 1, "total_iterations": 3},
    },
    "compute": {"threads": 1},
}


def test_gtav_to_cityscapes_runs(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    config = ROOT / "workflow/configs/gtav_cityscapes.yaml"
    results = rehearse([config], tmp_path / "run", REDUCED, divisor=16, project=project)
    (row,) = pd.read_csv(results / "table_mIoU.csv").to_dict("records")
    assert (row["method"], row["num_seeds"]) == ("cbda", 1)
    assert 0 <= row["mIoU_mean"] <= 100
    image_ids, _, counts = load_statistics(results / "data/source_statistics.json")
    assert counts.shape == (len(image_ids), 19) == (NUM_SOURCE, 19)
    folder = results / "seed0/cbda/budget0.05/round1"
    with h5py.File(folder / "labels.h5") as file:
        assert file["label"].shape == (2, 64, 128)
    checkpoint = load_checkpoint(folder / "model.pt")
    assert checkpoint["iteration"] == 3
    assert checkpoint["model_settings"]["output_stride"] == 8
