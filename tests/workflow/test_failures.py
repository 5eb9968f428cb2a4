"""Runs that fail: one branch stops, the others go on, and a table is left."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.disks import IS_ROOT, refusing_disk
from tests.projects import RESULTS, planned_jobs, snakemake

pytestmark = pytest.mark.workflow


def test_full_disk_fails_one_branch_and_the_others_go_on(editable: Path) -> None:
    """The folder of one method lies on a disk with no room for its scores."""
    results = editable / RESULTS
    folder = results / "seed0/cbda/budget0.05/round2"
    shutil.rmtree(folder)
    (results / "table_mIoU.csv").unlink()
    (results / "seed0/ra/budget0.05/evaluation.json").unlink()
    with refusing_disk(folder, 48 * 1024):
        output = snakemake(editable, "--keep-going", check=False)
        left = {path.name for path in folder.iterdir()}
    assert (
        re.search(r"scores.h5: cannot be written: .*it needs 61,440 bytes", output) or not IS_ROOT
    )
    assert "Traceback" not in output
    assert left <= {"score.log", "score.tsv"}
    told = f"a table of those runs that are done, 3 of 4: {RESULTS}/table_mIoU.partial.csv"
    assert told in output
    table = pd.read_csv(results / "table_mIoU.partial.csv").set_index("method")
    assert table["num_seeds"].to_dict() == {"source_only": 1, "full": 1, "ra": 1, "cbda": 0}


def test_mistyped_folder_of_a_data_set_makes_nothing_stale(editable: Path) -> None:
    wrong = "datasets: {target: {root: nowhere}}"
    output = snakemake(editable, change=wrong, check=False)
    assert "datasets.target: nowhere: no such folder" in output
    assert "data check" not in output, "it stops before its first job"
    assert "Traceback" not in output
    assert not planned_jobs(editable)


def test_check_of_a_data_set_that_fails_makes_nothing_stale(editable: Path) -> None:
    """Snakemake deletes the report of the check that fails."""
    wrong = "datasets: {target: {num_images: 99}}"
    output = snakemake(editable, change=wrong, check=False)
    assert "99 expected" in output
    assert f"is kept: {RESULTS}/data/target.json" in output
    assert not planned_jobs(editable)
