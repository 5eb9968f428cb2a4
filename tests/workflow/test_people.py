"""A workflow in which people answer."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cbda.errors import UserError
from cbda.files.answer_lines import SKIPPED, UNDONE
from cbda.files.answers import AnswerFile
from cbda.workflow import people, planning
from cbda.workflow.drawing import figures, gallery, report_arguments
from cbda.workflow.jobs import Jobs
from cbda.workflow.outcome import name_results
from cbda.workflow.waiting import Waiting
from tests.asked import CHANGE, answer_round, require_truth
from tests.experiments import job
from tests.pools import summarise, write_labels
from tests.projects import RESULTS, append, count_jobs, create_jobs, planned_jobs, snakemake
from tests.queries import answer_to, make_queries

RUN = f"{RESULTS}/seed0/da/budget0.05"


def people_jobs(**change: Any) -> Jobs:
    return create_jobs({**yaml.safe_load(CHANGE), **change})


def test_one_run_is_asked_and_its_products_are_made() -> None:
    jobs = people_jobs()
    assert people.acquiring(jobs) == "ask"
    assert people.products(jobs) == [
        f"{RESULTS}/runs.csv",
        f"{RESULTS}/answers.csv",
        f"{RUN}/round2/model.pt",
        f"{RUN}/predictions/labelmap.txt",
    ]
    assert people.ask_arguments(jobs, 2) == [
        *("--answers", "answers/answers.jsonl", "--queries", "answers/round2.h5")
    ]
    assert jobs.generated_manifest("target") == ["data/tiny/target_train/manifest.json"]


def test_benchmark_is_as_before() -> None:
    jobs = create_jobs()
    assert people.acquiring(jobs) == "acquire"
    assert people.products(jobs) == [
        f"{RESULTS}/{name}" for name in ("table_mIoU.csv", "learning_curve.csv")
    ]


def test_table_is_made_where_there_is_something_to_measure_by() -> None:
    jobs = people_jobs(datasets={"target": {"kind": "images", "root": "pool"}})
    assert f"{RESULTS}/table_mIoU.csv" in people.products(jobs)
    with pytest.raises(UserError, match=r"^datasets\.val\.root is empty"):
        people.require_val(people_jobs())


def test_baseline_is_of_no_concern_where_nothing_is_measured() -> None:
    change = yaml.safe_load(CHANGE)
    change["experiment"]["methods"] = ["random"]
    for tabulate in ({"baseline": "da"}, {}):
        assert [*create_jobs({**change, "tabulate": tabulate}).methods] == ["random"]
        measured = {"target": {"kind": "images", "root": "pool"}}
        with pytest.raises(UserError, match=r"baseline: '\w+' is not in experiment\.methods"):
            create_jobs({**change, "tabulate": tabulate, "datasets": measured})
    with pytest.raises(UserError, match=r"baseline: 'da_' \(did you mean 'da'\?\) is not a method"):
        create_jobs({**change, "tabulate": {"baseline": "da_"}})


def test_budget_of_queries_reaches_the_job_and_the_plan() -> None:
    jobs = people_jobs(experiment={**yaml.safe_load(CHANGE)["experiment"], "budget_unit": "queries",
                                   "budgets": [20]})  # fmt: skip
    assert jobs.budget_arguments() == ["--budget-unit", "queries", "--rounds", "2"]
    words = " ".join(planning.plan_arguments(jobs))
    assert "--budget-unit queries --query da region 1 dynamic" in words
    assert create_jobs().budget_arguments() == ["--rounds", "2"]


def test_page_is_told_what_budgets_count() -> None:
    jobs = create_jobs({"experiment": {"budget_unit": "queries", "budgets": [20]}})
    people.require_ready(jobs, ["snakemake", f"{RESULTS}/report.html"])
    assert "--budget-unit queries" in " ".join(report_arguments(jobs))
    assert "--budget-unit" not in report_arguments(create_jobs())


def test_masks_count_by_their_content(tmp_path: Path) -> None:
    target = {"kind": "images", "root": "pool", "never_ask": str(tmp_path / "masks")}
    (tmp_path / "masks").mkdir()
    states = []
    for content in (b"one", b"another"):
        (tmp_path / "masks/a.png").write_bytes(content)
        states.append(people_jobs(datasets={"target": target, "val": {"root": ""}}).masks_state())
    assert states[0] != states[1]
    assert people_jobs().masks_state() == ""
    assert "never" not in " ".join(people_jobs().check_arguments("target"))


@pytest.mark.parametrize("name", ["table_mIoU.csv", "report.html", "diagnosis.csv"])
def test_target_that_needs_labels_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"^{name} needs labels .+: datasets"):
        people.require_ready(people_jobs(), ["snakemake", f"{RESULTS}/{name}"])
    people.require_ready(people_jobs(), ["snakemake", "all"])
    people.require_ready(create_jobs(), ["snakemake", f"{RESULTS}/{name}"])


def test_lost_mask_is_predicted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    jobs, run = people_jobs(), "seed0/da/budget0.05"
    mark = Path(RUN, people.MARK)
    names = ["masks/a.png", "overlays/a.jpg", "masks/b.png", "overlays/b.jpg"]
    places = [mark.parent / name for name in names]
    for path in (Path("data/tiny/source/images/a.png"), Path("data/tiny/source/images/b.png"),
                 *places):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert people.lost_predictions(jobs, run) == []  # not predicted yet
    mark.touch()
    assert people.lost_predictions(jobs, run) == []
    for place in places:
        place.unlink()
        assert people.lost_predictions(jobs, run) == [str(mark)]
        place.touch()
    uncertain = people_jobs(predict={"images": "data/tiny/source/images", "uncertainty": True})
    assert people.lost_predictions(uncertain, run) == [str(mark)]


def test_masks_are_looked_at_before_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    predictions = f"{RUN}/predictions"
    assert people.prediction_folders(people_jobs()) == [predictions]
    assert people.prediction_folders(create_jobs()) == []


def test_pool_without_labels_has_no_gallery() -> None:
    jobs = people_jobs()
    assert gallery(jobs) == []
    assert not [name for name in figures(jobs) if name.startswith("gallery")]


def test_success_names_what_people_get() -> None:
    made = {f"{RESULTS}/answers.csv", f"{RUN}/round2/model.pt", f"{RUN}/predictions/labelmap.txt"}
    assert name_results(people_jobs(), made) == (
        f"what people answered: {RESULTS}/answers.csv; a model: {RUN}/round2/model.pt;"
        f" masks: {RUN}/predictions/masks"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"experiment": {"oracle": "ground_truth"}}, "target.kind: images has no labels"),
        ({"experiment": {"oracle": "ground_truth"}}, "datasets.val.root: is empty"),
        ({"experiment": {"seeds": [0, 1]}}, "experiment.seeds: 2 of them; people answer one run"),
        ({"experiment": {"methods": ["da", "ra"]}}, "experiment.methods: 2 of them"),
        ({"experiment": {"methods": ["margin_image"]}}, "margin_image asks for a unit image"),
        ({"experiment": {"budgets": [0.1, 0.2]}}, "experiment.budgets: 2 of them"),
        ({"experiment": {"references": ["full"]}}, "experiment.references: full needs all labels"),
        ({"pathvars": {"answers": "results/tiny/a"}}, "pathvars.answers: results/tiny/a lies in"),
        (
            {"datasets": {"target": {"root": "a", "never_ask": "no.png"}}},
            "never_ask: no file no.png",
        ),
        (
            {"experiment": {"budget_unit": "queries", "budgets": [0.5]}},
            "experiment.budgets.0: 0.5; allowed: whole numbers of queries",
        ),
        ({"experiment": {"oracle": "persons"}}, "experiment.oracle: 'persons'"),
    ],
)
def test_what_does_not_fit_people_is_named(change: dict[str, Any], message: str) -> None:
    config = yaml.safe_load(CHANGE)
    for section, keys in change.items():
        config.setdefault(section, {}).update(keys)
    with pytest.raises(UserError, match=message.replace(".", r"\.")):
        create_jobs(config)


def test_labels_follow_answers_up_to_their_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs, queries = people_jobs(), make_queries([(0, 1, 1), (0, 4, 4), (1, 3, 3)])
    answers = AnswerFile(Path("answers/answers.jsonl"))
    states = [people.answers_state(jobs, 1)]
    for answer in (answer_to(queries, 0, 1), answer_to(queries, 1, state=SKIPPED)):
        answers.append(queries, [answer])
        states.append(people.answers_state(jobs, 1))
    later = make_queries([(1, 1, 9)], round=2)
    answers.append(later, [answer_to(later, 0, 2)])
    states.append(people.answers_state(jobs, 1))
    assert states[0] != states[1] == states[2] == states[3] != people.answers_state(jobs, 2)
    answers.append(queries, [answer_to(queries, 0, 2)])
    assert people.answers_state(jobs, 1) != states[1]


def test_labels_whose_answers_are_lost_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold the last copy of what people answered, and Snakemake would remove them first."""
    monkeypatch.chdir(tmp_path)
    jobs, queries = people_jobs(), make_queries([(0, 1, 1), (1, 3, 3)], ("a", "b"))
    answers = AnswerFile(Path("answers/answers.jsonl"))
    answers.append(queries, [answer_to(queries, 0, 1), answer_to(queries, 1, 2)])
    rows = np.array([(1, 0, 1, 1), (1, 1, 3, 3)], np.int32)
    nothing, counts = np.zeros((2, 6, 12), np.uint8), np.full((1, 3), 3)
    with job("ask"):
        labels = Path(RUN, "round1/labels.h5")
        write_labels(labels, ["a", "b"], nothing, nothing, summarise(counts), rows)
    people.require_ready(jobs, ["snakemake"])
    answers.append(queries, [answer_to(queries, 1, state=UNDONE, pixels=())])
    people.require_ready(jobs, ["snakemake"])  # what was taken back is not lost
    lines = answers.path.read_text().splitlines(keepends=True)
    answers.path.write_text("".join(lines[:2]))
    with pytest.raises(
        UserError, match=r"answers\.jsonl: lacks 1 answers that .+round1/labels\.h5"
    ):
        people.require_ready(jobs, ["snakemake"])
    answers.path.unlink()
    with pytest.raises(UserError, match="lacks 2 answers"):
        people.require_ready(jobs, ["snakemake"])
    labels.rename("kept.h5")
    people.require_ready(jobs, ["snakemake"])


def test_answers_that_cannot_be_read_are_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers/answers.jsonl").write_text('{"queries": "unknown", "row": 3}\n')
    with pytest.raises(UserError, match=r"^answers/answers\.jsonl: is no file of answers"):
        people.require_ready(people_jobs(), ["snakemake"])


def told(*records: logging.LogRecord) -> list[str]:
    waiting = Waiting()
    return [record.getMessage() for record in records if waiting.filter(record)]


def failure(rule: str, log: Path) -> logging.LogRecord:
    facts = {"msg": "failed", "levelno": logging.ERROR, "rule_name": rule, "log": [str(log)]}
    return logging.makeLogRecord(facts)


def test_waiting_is_told_in_one_line(tmp_path: Path) -> None:
    log, end = tmp_path / "ask.log", ("At least one job did not complete successfully.")
    texts = ['in "ask.smk": exit status 75.', "Exiting because a job execution failed.", end]
    crash, leaving, last = (logging.makeLogRecord({"msg": text}) for text in texts)
    log.write_text("a warning\ncbda ask: round 1: 3 of 4 queries wait for an answer; …\n")
    line = "round 1: 3 of 4 queries wait for an answer; …"
    assert told(crash, failure("ask", log), leaving, last) == [line]


@pytest.mark.parametrize(
    ("rule", "text", "reason"),
    [
        ("ask", "cbda ask: error: the disk is full", "the disk is full"),
        ("data_check", "1 image\ncbda data check: error: 1 fault: a.png\n", "1 fault: a.png"),
        ("ask", "", "it was stopped in silence"),
        ("score", "cbda ask: round 1: …", "it was stopped; its last words: 'cbda ask: round 1: …'"),
    ],
)
def test_failure_is_told_as_one_with_its_reason_at_the_end(
    tmp_path: Path, rule: str, text: str, reason: str
) -> None:
    log, end = tmp_path / "a.log", "At least one job did not complete successfully."
    log.write_text(text)
    first, last = told(failure(rule, log), logging.makeLogRecord({"msg": end}))
    assert (first, last) == ("failed", f"{end}\nfailed: {rule}: {reason} (log: {log})")


def test_many_failures_are_told_by_the_first_and_how_many_more(tmp_path: Path) -> None:
    failures = []
    for number in range(9):
        log = tmp_path / f"{number}.log"
        log.write_text(f"cbda score: error: no {number}\n")
        failures += [failure("score", log)] * 2  # Snakemake tells twice
    end = logging.makeLogRecord({"msg": "At least one job did not complete successfully."})
    *_, last = told(*failures, end)
    assert last.count("failed: score: no ") == 5
    assert last.endswith("and 4 more jobs failed, see above")


@pytest.mark.workflow
def test_people_are_asked_once_whatever_code_changes(editable: Path) -> None:
    change = CHANGE.replace("people,", "people, rounds: 1,")
    waits = snakemake(editable, change=change, targets=("all",), check=False)
    asked = "round 1: 72 of 72 queries wait for an answer; answer them on the page of"
    assert waits.splitlines()[-1].startswith(f"{asked} `cbda annotate --queries answers/round1.h5")
    assert "Error in rule" not in waits
    assert answer_round(editable, 1) == 72
    done = snakemake(editable, change=change, targets=("all",))
    assert f"masks: {RUN}/predictions/masks" in done
    require_truth(editable, editable / RUN / "round1/labels.h5", 1)
    table = pd.read_csv(editable / RESULTS / "answers.csv")
    assert table[["round", "queries", "answered", "minutes"]].values.tolist() == [[1, 72, 72, 3.6]]
    masks = sorted((editable / RUN / "predictions/masks").glob("*.png"))
    assert len(masks) == 4
    idle = snakemake(editable, "--dry-run", change=change, targets=("all",))
    assert f"a model: {RUN}/round1/model.pt; masks: {RUN}/predictions/masks" in idle
    masks[0].unlink()
    assert planned_jobs(editable, change, ("all",)) == {"predict": 1}

    said = (editable / "answers/answers.jsonl").read_bytes()
    append(editable / "cbda/selection/greedy.py", "\nADDED = 1\n")
    again = snakemake(editable, change=change, targets=(f"{RUN}/round1/labels.h5",))
    assert count_jobs(again) == {"score": 1, "ask": 1}
    require_truth(editable, editable / RUN / "round1/labels.h5", 1)
    assert (editable / "answers/answers.jsonl").read_bytes() == said
