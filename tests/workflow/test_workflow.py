"""The whole workflow at toy size, as a user runs it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from cbda.files.labels import read_label_summary
from tests.disks import IS_ROOT, refusing_disk
from tests.rehearsal import make_weights

ROOT = Path(__file__).parents[2]
COPIED = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "cbda", "tests/config.yaml")
TABLES = ("table_mIoU.csv", "class_iou.csv", "acquisition.csv", "comparisons.csv")
TARGET = "results/tiny/table_mIoU.csv"
PRETENDED = {"CBDA_PRETEND_GPUS": "GPU-1,GPU-2"}  # jobs take turns, and compute on the CPU
pytestmark = pytest.mark.workflow


def copy_project(folder: Path) -> Path:
    """A working copy, package included, that a test may edit."""
    for name in COPIED:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    return folder


def snakemake(
    project: Path,
    *options: str,
    change: str = "{}",
    cores: int = 2,
    check: bool = True,
    target: str = TARGET,
) -> str:
    """Make the table in a project with its own copy of the package; everything it printed.

    `change` is YAML that is merged into the configuration.
    """
    (project / "change.yaml").write_text(change)
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*command, "--configfile", "tests/config.yaml", "change.yaml", *options, "--", target],
        cwd=project,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(project), **PRETENDED},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stdout
    return done.stdout


def planned_jobs(project: Path, change: str = "{}") -> Counter[str]:
    """Jobs by rule that a run would make, `all` and the total left out."""
    output = snakemake(project, "--dry-run", change=change)
    rows = re.findall(r"^(\w+) +(\d+)$", output.partition("Job stats:")[2], re.MULTILINE)
    return Counter({rule: int(n) for rule, n in rows if rule not in ("all", "total")})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("two cores"))
    snakemake(project, cores=2)
    return project


@pytest.fixture
def editable(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, times of files kept, for a test to change."""
    return Path(shutil.copytree(finished, tmp_path / "copy", copy_function=shutil.copy2))


def test_table_has_a_row_per_method_budget_and_reference(finished: Path) -> None:
    table = pd.read_csv(finished / TARGET)
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
    [("ra", "ripu/region/per_image/none"), ("cbda", "ripu/region/dynamic/consumed")],
)
def test_labels_tell_of_the_job_that_made_them(finished: Path, name: str, method: str) -> None:
    run = finished / "results/tiny/seed0" / name / "budget0.05"
    queries = []
    for number in (1, 2):
        path = run / f"round{number}/labels.h5"
        labels = read_label_summary(path)
        found = (labels.method, labels.radius, labels.budget, labels.rounds, labels.seed)
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


ARMS = """
experiment:
  seeds: [0, 1]
  methods: [random_pixel, ra, mine]
  budgets: [0.05, 0.1]
  rounds: 3
  custom_methods:
    mine:
      {score: margin, allocation: dynamic, balance: ratio, explore: 0.2, radius: 3, max_weight: 4}
finetune: {iterations_per_round: 1}
"""
# what is scored, what is labelled, how it is chosen
PARTS = {
    "random_pixel": (
        "--method-score random",
        "--method-unit pixel --radius 0",
        "--method-allocation per_image --method-balance none --method-explore --max-weight 10.0",
    ),
    "ra": (
        "--method-score ripu",
        "--method-unit region --radius 1",
        "--method-allocation per_image --method-balance none --method-explore --max-weight 10.0",
    ),
    "mine": (
        "--method-score margin",
        "--method-unit region --radius 3",
        "--method-allocation dynamic --method-balance ratio --method-explore 0.2 --max-weight 4",
    ),
}


def parse_options(words: str) -> dict[str, str]:
    options = (option.partition(" ") for option in f" {words}".split(" --")[1:])
    return {name: value.strip() for name, _, value in options}


def test_every_job_gets_what_is_its_own(tmp_path: Path) -> None:
    output = snakemake(copy_project(tmp_path), "-n", "-p", change=ARMS)
    lines = re.findall(r"^Shell command: python -m cbda [a-z ]+ (--.+?) > ", output, re.MULTILINE)
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


def test_cuda_without_a_gpu_stops_before_any_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_project(tmp_path)
    monkeypatch.setitem(PRETENDED, "CBDA_PRETEND_GPUS", "")
    output = snakemake(project, change="compute: {device: cuda}", check=False)
    assert "compute.device is cuda, but no GPU can be seen on this machine" in output
    assert not (project / "data").exists()


def test_dry_run_for_another_machine_needs_no_gpu(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRETENDED, "CBDA_PRETEND_GPUS", "")
    assert "Traceback" not in snakemake(finished, "-n", change="compute: {device: cuda}")


def test_second_run_is_idle(finished: Path) -> None:
    assert "Nothing to be done" in snakemake(finished)


@contextmanager
def busy_machine(num_processes: int) -> Iterator[None]:
    """Others compute on this machine all the time."""
    busy = [subprocess.Popen([sys.executable, "-c", "while 1: 1"]) for _ in range(num_processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_tables_do_not_depend_on_cores_order_workers_or_load(
    finished: Path, tmp_path: Path
) -> None:
    other = copy_project(tmp_path / "three cores")
    late = "results/tiny/seed0/full/evaluation.json"
    with busy_machine(1):
        snakemake(other, "--prioritize", late, change="training: {num_workers: 2}", cores=3)
    for name in TABLES:
        path = Path("results/tiny", name)
        assert (finished / path).read_bytes() == (other / path).read_bytes(), name


@pytest.mark.parametrize(
    ("change", "num_runs"),
    [
        ("experiment: {budgets: [0.05, 0.1]}", 2),
        ("experiment: {methods: [ra, cbda, random]}", 1),
        ("experiment: {methods: [ra, cbda, mine], custom_methods: {mine: {score: entropy}}}", 1),
        ("experiment: {methods: [ra, cbda, mine], custom_methods: {mine: {explore: 0.2}}}", 1),
    ],
)
def test_addition_makes_only_the_new_jobs(finished: Path, change: str, num_runs: int) -> None:
    per_round = dict.fromkeys(("score", "acquire", "finetune"), 2 * num_runs)
    expected = Counter({**per_round, "evaluate": num_runs, "tabulate": 1})
    assert planned_jobs(finished, change) == expected


def test_new_seed_shares_nothing_but_the_data(finished: Path) -> None:
    jobs = planned_jobs(finished, "experiment: {seeds: [0, 1]}")
    assert jobs["pretrain"] == jobs["full"] == 1
    assert jobs["data_make"] == jobs["data_check"] == 0


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_changed_comment_makes_nothing_stale(editable: Path) -> None:
    append(editable / "cbda/results/metrics.py", "\n# A remark.\n")
    assert "Nothing to be done" in snakemake(editable)


@pytest.mark.parametrize(
    ("module", "stale"),
    [
        ("results/tabulate.py", {"tabulate"}),
        ("results/metrics.py", {"evaluate", "tabulate"}),
        ("selection/balance.py", {"score", "acquire", "finetune", "evaluate", "tabulate"}),
    ],
)
def test_changed_code_makes_its_phase_and_what_follows_stale(
    editable: Path, module: str, stale: set[str]
) -> None:
    append(editable / "cbda" / module, "\nADDED = 1\n")
    assert set(planned_jobs(editable)) == stale


def test_reordered_configuration_makes_nothing_stale(editable: Path) -> None:
    path = editable / "config.yaml"
    text = path.read_text()
    moved = text.replace("    momentum: 0.9\n", "").replace(
        "    poly_power: 0.9\n", "    poly_power: 0.9\n    momentum: 0.9\n"
    )
    assert moved != text
    path.write_text(moved)
    assert "Nothing to be done" in snakemake(editable)


def test_what_teaches_nothing_makes_no_training_stale(finished: Path) -> None:
    assert not planned_jobs(finished, "training: {num_workers: 1}")
    assert not planned_jobs(finished, "datasets: {source: {root: ./data/tiny/source/}}")


def test_images_to_skip_make_everything_stale_that_reads_them(editable: Path) -> None:
    (editable / "data/tiny/target_val/cbda_skip.txt").write_text("00000\n")
    assert set(planned_jobs(editable)) == {"data_check", "evaluate", "tabulate"}
    (editable / "data/tiny/target_train/cbda_skip.txt").write_text("00000\n")
    assert planned_jobs(editable)["pretrain"] == 1


def test_change_of_a_dataset_of_the_users_makes_what_reads_it_stale(editable: Path) -> None:
    change = "datasets: {val: {root: own}}"
    shutil.copytree(editable / "data/tiny/target_val", editable / "own")
    snakemake(editable, change=change)
    assert not planned_jobs(editable, change)
    for folder in ("images", "labels"):
        path = editable / "own" / folder / "00000.png"
        shutil.copy(path, path.with_name("extra.png"))
    assert set(planned_jobs(editable, change)) == {"data_check", "evaluate", "tabulate"}


def test_other_pixels_make_stale_what_reads_them_whoever_checks_them_first(editable: Path) -> None:
    change = "datasets: {val: {root: own}}"
    shutil.copytree(editable / "data/tiny/target_val", editable / "own")
    snakemake(editable, change=change)
    path = editable / "own/images/00000.png"
    with Image.open(path) as image:
        ImageOps.invert(image).save(path, compress_level=0)
    snakemake(editable, change=change, target="results/tiny/data/val.json")
    assert set(planned_jobs(editable, change)) == {"evaluate", "tabulate"}


def test_weights_to_start_from_count_by_their_content(editable: Path, tmp_path: Path) -> None:
    weights = make_weights(tmp_path / "weights.safetensors", "resnet18")
    network = f"{{architecture: unet, encoder: resnet18, encoder_weights: {weights}}}"
    change = f"{{model: {network}, training: {{image_size: [32, 64]}}}}"
    snakemake(editable, change=change, target="results/tiny/seed0/pretrain/model.pt")
    shutil.copyfile(weights, tmp_path / "weights again")
    (tmp_path / "weights again").replace(weights)
    assert planned_jobs(editable, change)["pretrain"] == 0
    with weights.open("ab") as file:
        file.write(b" ")
    assert planned_jobs(editable, change)["pretrain"] == 1


def test_mistake_in_the_configuration_stops_before_any_job(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    output = snakemake(project, change="experiment: {methods: [ra, cbdaa]}", check=False)
    assert "unknown 'cbdaa' (did you mean 'cbda'?)" in output
    assert "allowed: ra, cb, da, cbda" in output
    assert not (project / "data").exists()


def test_full_disk_fails_one_branch_and_the_others_go_on(editable: Path) -> None:
    """The folder of one method lies on a disk with no room for its scores."""
    results = editable / "results/tiny"
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
    table = pd.read_csv(results / "table_mIoU.partial.csv").set_index("method")
    assert table["num_seeds"].to_dict() == {"source_only": 1, "full": 1, "ra": 1, "cbda": 0}


def test_failed_run_leaves_a_table_that_names_it(editable: Path) -> None:
    results = editable / "results/tiny"
    (results / "table_mIoU.csv").unlink()
    (results / "seed0/ra/budget0.05/evaluation.json").unlink()
    (results / "seed0/ra/budget0.05/round2/model.pt").write_text("broken")
    output = snakemake(editable, "--keep-going", "--rerun-triggers", "input", check=False)
    assert "not a readable checkpoint" in output
    table = pd.read_csv(results / "table_mIoU.partial.csv").set_index("method")
    assert table.loc["ra", "num_seeds"] == 0
    assert str(table.loc["ra", "missing_seeds"]) in ("0", "0.0")
    assert table.loc["cbda", "num_seeds"] == 1
    comparisons = pd.read_csv(results / "comparisons.partial.csv")
    assert comparisons.groupby("compared_with")["num_seeds"].sum()["ra"] == 0


def test_results_of_another_configuration_are_none(editable: Path) -> None:
    """All runs are there, but of another learning rate; none can be made again."""
    (editable / "cbda/commands/pretrain.py").write_text("raise SystemExit(1)")
    output = snakemake(editable, change="training: {optimizer: {lr: 0.1}}", check=False)
    assert "Error in rule" in output
    assert not list((editable / "results/tiny").glob("*.partial.csv"))


def test_report_in_another_working_directory(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished / "data", tmp_path / "data", copy_function=shutil.copy2)
    shutil.copytree(finished / "results", tmp_path / "results", copy_function=shutil.copy2)
    config = [str(finished / name) for name in ("config.yaml", "tests/config.yaml")]
    command = [sys.executable, "-m", "snakemake", "-n", "--directory", str(tmp_path)]
    words = [*command, "--snakefile", str(finished / "Snakefile"), "--configfile", *config]
    done = subprocess.run(
        [*words, "--", "results/tiny/report.html"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(finished), **PRETENDED},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


GUIDE = (ROOT / "docs/adding-a-method.md").read_text()
EXAMPLES = {
    "By composition": "mine",
    "By a function": "least_confident",
    "By a rule": "eager",
}


def write_example(title: str, project: Path) -> str:
    """Write the files that a section of the guide prints; the command that it prints."""
    section = GUIDE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for language, text in blocks:
        if language != "sh":
            path = project / text.splitlines()[0].removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (command,) = [str(text).strip() for language, text in blocks if language == "sh"]
    return command


def run_command(project: Path, command: str) -> str:
    """Run a command as it is printed; everything it printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=project,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def count_jobs(output: str) -> Counter[str]:
    """Jobs by rule of the plan that a run prints first, `all` and the total left out."""
    plan = output.partition("Job stats:")[2].partition("\n\n")[0]
    rows = re.findall(r"^(\w+) +(\d+)$", plan, re.MULTILINE)
    return Counter({rule: int(n) for rule, n in rows if rule not in ("all", "total")})


@pytest.mark.parametrize("title", EXAMPLES)
def test_example_of_the_guide_adds_its_own_jobs_and_a_row(editable: Path, title: str) -> None:
    name = EXAMPLES[title]
    command = write_example(title, editable)
    acquire = "acquire_eager" if title == "By a rule" else "acquire"
    output = run_command(editable, command)
    assert count_jobs(output) == Counter(
        {"score": 2, acquire: 2, "finetune": 2, "evaluate": 1, "tabulate": 1}
    )
    table = pd.read_csv(editable / TARGET).set_index("method")
    assert table.index.tolist() == ["source_only", "full", "ra", "cbda", name]
    assert table.loc[name, "num_seeds"] == 1
    if title == "By a function":
        append(editable / "least_confident.py", "\n# A remark.\n")
        assert "Nothing to be done" in run_command(editable, command)
        append(editable / "least_confident.py", "\nADDED = 1\n")
        assert (
            count_jobs(run_command(editable, command.replace(" --", " --dry-run --", 1)))["score"]
            == 2
        )


def test_report_of_the_workflow_holds_everything(editable: Path) -> None:
    page = "results/tiny/report.html"
    run_command(editable, f"snakemake --cores 2 --configfile tests/config.yaml -- {page}")
    text = (editable / page).read_text()
    assert text.count("data:image/svg+xml;base64,") == 6  # one budget
    assert text.count("data:image/jpeg;base64,") == 3
    assert "One seed: no claim is made" in text
    assert "Nothing to be done" in snakemake(editable)


def test_diagnosis_has_a_row_per_round_and_class(editable: Path) -> None:
    path = "results/tiny/diagnosis.csv"
    snakemake(editable, change="experiment: {methods: [ra]}", target=path)
    table = pd.read_csv(editable / path)
    rows = table.value_counts(["method", "budget", "seed", "round"])
    assert rows.to_dict() == {("ra", 0.05, 0, 1): 11, ("ra", 0.05, 0, 2): 11}
    run = editable / "results/tiny/seed0/ra/budget0.05"
    counts = read_label_summary(run / "round2/labels.h5").class_counts
    assert table["acquired_px"].tolist() == counts.ravel().tolist()
    assert not list(run.rglob("scores.h5"))


def test_plan_counts_the_jobs_of_the_workflow(editable: Path) -> None:
    experiment = "{seeds: [0, 1, 2], methods: [ra, cbda], budgets: [0.05, 0.1], rounds: 2}"
    change = f"{{experiment: {experiment}, training: {{source_sampling: class_balanced}}}}"
    path = "results/tiny/plan.json"
    assert count_jobs(snakemake(editable, change=change, target=path)) == {"plan": 1}
    rules = json.loads((editable / path).read_text())["rules"]
    jobs = count_jobs(snakemake(editable, "--dry-run", "--forceall", change=change))
    del jobs["data_make"]
    assert {name: rule["jobs"] for name, rule in rules.items()} == jobs
