"""Input files of jobs, by the wildcards of their rules."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cbda.workflow import people
from cbda.workflow.inputs import Inputs
from tests.projects import RESULTS, create_jobs

RUN = SimpleNamespace(seed="0", method="ra", budget="0.05", run_name="ra/budget0.05")


@pytest.fixture
def workflow():
    return SimpleNamespace(is_main_process=True, dag=SimpleNamespace(forcefiles=set()))


@pytest.fixture
def inputs(workflow):
    return Inputs(workflow, create_jobs({"predict": {"images": "images"}}))


@pytest.mark.parametrize(
    ("number", "checkpoint", "labels"),
    [("1", "<pretrain>/model.pt", []), ("3", "<run>/round2/model.pt", ["<run>/round2/labels.h5"])],
)
def test_round_starts_from_what_was_before_it(inputs, number, checkpoint, labels):
    wildcards = SimpleNamespace(round=number)
    assert inputs.checkpoint_before(wildcards) == checkpoint
    assert inputs.labels_before(wildcards) == labels


def test_model_of_the_last_round_is_evaluated_and_predicts(inputs):
    last = "<results>/seed0/ra/budget0.05/round2/model.pt"
    assert inputs.evaluated_checkpoint(RUN) == inputs.predicting_checkpoint(RUN) == last
    assert inputs.last_labels(RUN) == f"{RESULTS}/seed0/ra/budget0.05/round2/labels.h5"


def test_lost_masks_force_their_mark(inputs, workflow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mark = Path(RESULTS, "seed0/ra/budget0.05", people.MARK)
    for path in (Path("images/a.png"), mark):
        path.parent.mkdir(parents=True)
        path.touch()
    assert inputs.predicted_again(RUN) == []
    assert workflow.dag.forcefiles == {str(mark)}


@pytest.mark.parametrize("change", [{"is_main_process": False}, {"dag": None}])
def test_nothing_is_forced_in_a_process_of_a_job(workflow, change):
    process = SimpleNamespace(**{**vars(workflow), **change})
    assert Inputs(process, create_jobs())._force(["a"]) == []
    assert workflow.dag.forcefiles == set()
