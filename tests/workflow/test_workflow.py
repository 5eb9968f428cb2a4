"""The whole workflow at toy size, as a user runs it: what is made, and from what."""

import json
import re
import shlex
import sys
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from cbda.cli import main
from cbda.files.labels import LabelFile
from cbda.workflow.drawing import figures, prints
from cbda.workflow.planning import plan_arguments
from tests.projects import (
    EVERYTHING,
    PRETENDED,
    RESULTS,
    TABLE,
    copy_project,
    count_jobs,
    create_jobs,
    run_snakemake,
    snakemake,
)

pytestmark = pytest.mark.workflow


def test_table_has_a_row_per_method_budget_and_reference(finished: Path) -> None:
    table = pd.read_csv(finished / TABLE)
    assert list(zip(table["method"], table["budget"], strict=True)) == [
        ("source_only", "-"),
        ("full", "-"),
        ("ra", "0.05"),
        ("cbda", "0.05"),
    ]
    assert (table["num_seeds"] == 1).all()
    assert table["mIoU_mean"].between(0, 100).all()


def test_labels_are_kept_and_scores_are_not(finished: Path) -> None:
    folder = finished / "results/tiny/seed0/cbda/budget0.05/round2"
    assert not (folder / "scores.h5").exists()
    with h5py.File(folder / "labels.h5") as file:
        assert file["label"].shape == (4, 48, 64)
        assert set(file["query"][:, 0]) == {1, 2}


@pytest.mark.parametrize(
    ("name", "method"),
    [("ra", "ripu/region/per_image/none"), ("cbda", "ripu/region/dynamic/quota")],
)
def test_labels_tell_of_the_job_that_made_them(finished: Path, name: str, method: str) -> None:
    run = finished / "results/tiny/seed0" / name / "budget0.05"
    queries = []
    for number in (1, 2):
        path = run / f"round{number}/labels.h5"
        with LabelFile.open(path) as labels:
            of = labels.summary
        found = (of.method, of.radius, of.budget, of.rounds, of.seed)
        assert found == (method, 1, 0.05, 2, 0)
        with h5py.File(path) as file:
            queries.append(file["query"][:])
    old, new = np.split(queries[1], [len(queries[0])])
    np.testing.assert_array_equal(old, queries[0])
    assert (set(old[:, 0]), set(new[:, 0])) == ({1}, {2})


def test_training_starts_where_the_one_before_it_stopped(finished: Path) -> None:
    expected = {"source_only": 6, "pretrain": 2, "full": 4}
    for method, number in product(("ra", "cbda"), (1, 2)):
        expected[f"{method}/budget0.05/round{number}"] = 2
    seed = finished / "results/tiny/seed0"
    metrics = {name: json.loads((seed / name / "metrics.json").read_text()) for name in expected}
    assert {name: content["num_iterations"] for name, content in metrics.items()} == expected
    histories = {name: pd.read_csv(seed / name / "history.csv") for name in expected}
    assert {name: len(table) for name, table in histories.items()} == expected
    assert histories["cbda/budget0.05/round2"]["iteration"].tolist() == [4, 5]


ARMS = """
experiment:
  seeds: [0, 1]
  methods: [random_pixel, ra, mine]
  budgets: [0.05, 0.1]
  rounds: 3
  custom_methods:
    mine:
      {score: margin, allocation: dynamic, balance: ratio, explore: 0.2, radius: 3, max_weight: 4.0}
finetune: {iterations_per_round: 1}
"""
# what is scored, what is labelled, how it is chosen
PARTS = {
    "random_pixel": (
        "--method-score random",
        "--method-unit pixel --radius 0",
        "--method-allocation per_image --method-balance none "
        "--method-random-fraction --max-weight 10.0",
    ),
    "ra": (
        "--method-score ripu",
        "--method-unit region --radius 1",
        "--method-allocation per_image --method-balance none "
        "--method-random-fraction --max-weight 10.0",
    ),
    "mine": (
        "--method-score margin",
        "--method-unit region --radius 3",
        "--method-allocation dynamic --method-balance ratio "
        "--method-random-fraction 0.2 --max-weight 4.0",
    ),
}


def parse_options(words: str) -> dict[str, str]:
    options = (option.partition(" ") for option in f" {words}".split(" --")[1:])
    return {name: value.strip() for name, _, value in options}


def test_every_job_gets_what_is_its_own(tmp_path: Path) -> None:
    output = snakemake(copy_project(tmp_path), "-n", "-p", change=ARMS)
    lines = re.findall(r"^Shell command: env .+ -m cbda [a-z ]+ (--.+?) > ", output, re.MULTILINE)
    jobs = {options["out"]: options for options in map(parse_options, lines)}

    def require(path: str, words: str) -> None:
        """Options that are given without a value must be empty, or left out."""
        expected = parse_options(words)
        assert {name: jobs[path].get(name, "") for name in expected} == expected, path

    for seed, method, budget in product((0, 1), PARTS, ("0.05", "0.1")):
        scored, labelled, chosen = PARTS[method]
        run = f"results/tiny/seed{seed}/{method}/budget{budget}"
        model, labels = f"results/tiny/seed{seed}/pretrain/model.pt", ""
        for number, stop in enumerate((3, 4, 6), start=1):
            folder = f"{run}/round{number}"
            own = f"--seed {seed} --round {number} {labelled}"
            require(f"{folder}/scores.h5", f"{own} {scored} --checkpoint {model}")
            require(
                f"{folder}/labels.h5",
                f"{own} {chosen} --budget {budget} --scores {folder}/scores.h5 --labels {labels}",
            )
            start, model, labels = model, f"{folder}/model.pt", f"{folder}/labels.h5"
            require(model, f"--seed {seed} --checkpoint {start} --labels {labels} --until {stop}")
        require(f"{run}/evaluation.json", f"--checkpoint {model}")


def test_every_computing_job_has_a_gpu_of_its_own(finished: Path) -> None:
    logs = (finished / "results/tiny/seed0").rglob("*.log")
    claims = {path: re.findall(r"^GPU (\S+)$", path.read_text(), re.MULTILINE) for path in logs}
    assert {path.stem for path, names in claims.items() if names} == {
        *("pretrain", "score", "finetune", "evaluate")
    }
    assert {tuple(names) for names in claims.values()} == {(), ("GPU-1",), ("GPU-2",)}


def test_second_run_is_idle(finished: Path) -> None:
    output = snakemake(finished, targets=EVERYTHING)
    assert "Nothing to be done" in output
    assert f"\nthe table: {TABLE}; " in output


def test_report_of_the_workflow_holds_everything(finished: Path) -> None:
    text = (finished / RESULTS / "report.html").read_text()
    assert text.count("data:image/svg+xml;base64,") == 9  # one budget, one seed
    assert text.count("data:image/jpeg;base64,") == 3
    assert "One seed: no claim is made" in text


def test_figures_of_the_report_are_those_of_the_rule(finished: Path) -> None:
    jobs, folder = create_jobs(), finished / RESULTS / "figures"
    assert {path.stem for path in folder.glob("*.svg")} == set(figures(jobs))
    assert {path.stem for path in folder.glob("*.pdf")} == set(prints(jobs))


def test_failed_report_leaves_the_files_of_the_users_beside_its_figures(
    editable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snakemake removes the outputs of a job before it starts, and again when it has failed."""
    figures = editable / RESULTS / "figures"
    own = figures / "drawn_by_hand.svg"
    own.write_text("hours of work")
    (editable / RESULTS / "report.html").unlink()
    (editable / "matplotlibrc").write_bytes(b"\xff")  # at which the job fails at once
    monkeypatch.setenv("MATPLOTLIBRC", str(editable / "matplotlibrc"))
    snakemake(editable, check=False, targets=(f"{RESULTS}/report.html",))
    assert "is not UTF-8" in (editable / RESULTS / "report.log").read_text()
    assert [path.name for path in figures.iterdir() if path.is_file()] == [own.name]
    assert own.read_text() == "hours of work"


def test_diagnosis_has_a_row_per_round_and_class(finished: Path) -> None:
    table = pd.read_csv(finished / RESULTS / "diagnosis.csv")
    rows = table.value_counts(["method", "budget", "seed", "round"])
    assert rows.to_dict() == {(name, 0.05, 0, n): 11 for name in ("ra", "cbda") for n in (1, 2)}
    for name in ("ra", "cbda"):
        labels = finished / RESULTS / f"seed0/{name}/budget0.05/round2/labels.h5"
        with LabelFile.open(labels) as file:
            counts = file.summary.class_counts
        found = table.loc[table["method"] == name, "acquired_px"]
        assert found.tolist() == counts.ravel().tolist()


def test_plan_counts_the_jobs_of_the_workflow(finished: Path, tmp_path: Path) -> None:
    experiment = {"seeds": [0, 1, 2], "methods": ["ra", "cbda"], "budgets": [0.05, 0.1]}
    change = {"experiment": experiment, "training": {"source_sampling": "class_balanced"}}
    everything = snakemake(
        finished, "--dry-run", "--forceall", change=json.dumps(change), targets=("all",)
    )
    jobs = count_jobs(everything)
    data, path = finished / RESULTS / "data", tmp_path / "plan.json"
    checks = ["--pool", str(data / "target.json"), "--val", str(data / "val.json")]
    arguments = plan_arguments(create_jobs(change))
    assert main(["plan", *checks, *arguments, "--out", str(path)]) == 0
    rules = json.loads(path.read_text())["rules"]
    del jobs["data_make"]
    assert {name: rule["jobs"] for name, rule in rules.items()} == jobs


def test_jobs_need_no_activated_environment(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    output = snakemake(finished, "--dry-run", "-p", "--forceall")
    commands = re.findall(r"^Shell command: env (.+?) -m cbda ", output, re.MULTILINE)
    assert {command.split()[-1] for command in commands} == {sys.executable}


def test_report_is_made_from_another_working_directory(finished: Path, tmp_path: Path) -> None:
    configs = [str(finished / name) for name in ("config.yaml", "workflow/configs/toy.yaml")]
    words = ["--dry-run", "--directory", str(tmp_path), "--snakefile", str(finished / "Snakefile")]
    words += ["--configfile", *configs, "--", f"{RESULTS}/report.html"]
    assert count_jobs(run_snakemake(finished, words))["report"] == 1


def test_users_texts_are_never_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Braces in names and paths are the user's, and a shell sees every name as one word."""
    project = copy_project(tmp_path)
    monkeypatch.setenv("PLACE", "$(touch hacked)")
    names = ["{seed}", "{wildcards.round}", "a, b; c", "'\"$HOME`", "道路 🙂", "}"]
    root = "own {dataset}/}{"
    change = {
        "classes": names,
        "datasets": {name: {"root": f"$PLACE/{root}"} for name in ("source", "target", "val")},
        "experiment": {"budgets": [0.1]},
        "acquire": {"target_distribution": [1.0] * len(names)},
    }
    text = json.dumps(change, ensure_ascii=False)
    everything = (*EVERYTHING, f"{RESULTS}/plan.json")
    output = snakemake(project, "-n", "-p", change=text, targets=everything)
    commands = re.findall(r"^Shell command: (.+) > ", output, re.MULTILINE)
    given = [re.search(r"--classes (.+?)(?: --|$)", command) for command in commands]
    classes = {tuple(shlex.split(found[1])) for found in given if found}
    assert classes == {tuple(names)}
    roots = {word for c in commands for word in shlex.split(c) if word.endswith(root)}
    assert roots == {f"$(touch hacked)/{root}"}
    assert not (project / "hacked").exists()


def test_mistake_in_the_configuration_stops_before_any_job(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    output = snakemake(project, change="experiment: {methods: [ra, cbdaa]}", check=False)
    assert "configuration: experiment.methods: 'cbdaa' (did you mean 'cbda'?)" in output
    assert "allowed: ra, cb, da, cbda" in output
    assert not (project / "data").exists()


def test_cuda_without_a_gpu_stops_before_any_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_project(tmp_path)
    monkeypatch.setitem(PRETENDED, "CBDA_PRETEND_GPUS", "")
    output = snakemake(project, change="compute: {device: cuda}", check=False)
    assert "compute.device is cuda, but no GPU can be seen on this machine" in output
    assert not (project / "data").exists()
