"""Where the results of the toy experiment lie, and of changes of it."""

import pytest

from cbda.workflow import layout
from cbda.workflow.layout import previous_checkpoint, previous_labels
from tests.projects import RESULTS, create_jobs

RUN = f"{RESULTS}/seed0/cbda/budget0.05"


@pytest.fixture
def jobs():
    return create_jobs()


def test_last_round_of_a_run_is_evaluated(jobs):
    first, last = (row for row in jobs.rows if row.method == "cbda")
    assert first.evaluation == "-"
    assert last.evaluation == f"{RUN}/evaluation.json"
    assert last.labels == f"{RUN}/round2/labels.h5"
    assert layout.result_files(jobs) == [
        f"{RESULTS}/seed0/source_only/evaluation.json",
        f"{RESULTS}/seed0/full/evaluation.json",
        f"{RESULTS}/seed0/ra/budget0.05/evaluation.json",
        f"{RESULTS}/seed0/ra/budget0.05/round2/labels.h5",
        f"{RUN}/evaluation.json",
        f"{RUN}/round2/labels.h5",
    ]
    assert [path for path in layout.diagnoses(jobs) if path.startswith(RUN)] == [
        f"{RUN}/round1/diagnosis.json",
        f"{RUN}/round2/diagnosis.json",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("full", "run/model.pt"),
        ("ra/budget0.05", "run/round2/model.pt"),
        ("ra/budget0.05/round1", "run/model.pt"),
        ("ra/budget0.05/retrained", "run/model.pt"),
    ],
)
def test_last_checkpoint_is_evaluated(jobs, name, expected):
    assert layout.evaluated_checkpoint(jobs, "run", name) == expected


def test_rounds_are_evaluated_beside_the_table_and_not_for_it(jobs):
    rounds = layout.round_evaluations(jobs)
    assert rounds == [f"{RESULTS}/seed0/{name}/budget0.05/round1/evaluation.json"
                      for name in ("ra", "cbda")]  # fmt: skip
    assert not set(rounds) & set(layout.result_files(jobs))


def test_models_trained_anew_are_part_of_the_table():
    jobs = create_jobs({"experiment": {"retrain": True}})
    assert f"{RUN}/retrained/evaluation.json" in layout.result_files(jobs)
    assert layout.last_labels(jobs, "seed0/cbda/budget0.05") == f"{RUN}/round2/labels.h5"
    assert f"{RUN}/retrained" in layout.result_folders(jobs)


@pytest.fixture
def replay(tmp_path):
    (tmp_path / "finished").mkdir()
    return create_jobs({"experiment": {"replay": str(tmp_path / "finished")}})


def test_replay_learns_from_labels_of_other_results(replay):
    folder = replay.config.experiment.replay
    labels = f"{folder}/seed0/cbda/budget0.05/round2/labels.h5"
    assert layout.last_labels(replay, "seed0/cbda/budget0.05") == labels
    assert {labels, f"{RUN}/evaluation.json"} <= set(layout.result_files(replay))
    model = layout.evaluated_checkpoint(replay, RUN, "cbda/budget0.05")
    assert model == f"{RUN}/retrained/model.pt"
    assert (layout.round_evaluations(replay), layout.diagnoses(replay)) == ([], [])
    assert folder in layout.verified_folders(replay)


def test_round_starts_from_the_one_before():
    assert previous_checkpoint("run", "pretrain", 1) == "pretrain/model.pt"
    assert previous_labels("run", 1) == []
    assert previous_checkpoint("run", "pretrain", 3) == "run/round2/model.pt"
    assert previous_labels("run", 3) == ["run/round2/labels.h5"]


def test_method_that_is_a_rule_has_its_runs(jobs):
    jobs.add_method("eager", {"balance": "ratio"})
    assert f"{RESULTS}/seed0/eager/budget0.05/evaluation.json" in layout.result_files(jobs)
    assert "--methods ra cbda eager --" in " ".join(layout.run_arguments(jobs))


def test_sheet_lists_evaluations_if_there_is_something_to_measure_by(jobs):
    assert "--unmeasured" not in layout.run_arguments(jobs)
    people = {"oracle": "people", "methods": ["ra"]}
    change = {"experiment": people, "datasets": {"val": {"root": ""}}}
    assert "--unmeasured" in layout.run_arguments(create_jobs(change))


@pytest.mark.parametrize(
    ("folders", "way"),
    [
        ({}, "."),
        ({"tables": "<results>/paper"}, ".."),
        ({"tables": "paper"}, "../out"),
        ({"tables": "~/paper"}, "../../here/out"),
    ],
)
def test_runs_are_found_from_the_tables_on(folders, way, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    pathvars = {"results": "./out/", **folders}
    jobs = create_jobs({"pathvars": pathvars}, {"HOME": str(tmp_path / "home")})
    assert layout.results_from_tables(jobs) == way
