"""The configurations of the notebook are valid in the order in which they are given."""

import copy
from pathlib import Path

import pytest
import yaml

from cbda.results.sheet import format_rows, list_rows
from cbda.workflow.config import load_config
from evidence import run
from evidence.decision import PARENTS, Decision, text_of
from evidence.design import main as write_design
from evidence.run import FILES, FOLDER, TABLES, make, own_benchmarks, places_of
from tests.workflow.test_config import CONFIG, ENVIRONMENT, merge

FIRST = {
    "evidence": ["scratch"],
    "evidence_balance": ["scratch", "evidence"],
    "evidence_label_balance": ["scratch"],
    "evidence_label_balance_camvid": [],
    "evidence_camvid": ["camvid_unet"],
    "evidence_camvid_diagnosis": ["camvid_unet", "evidence_camvid"],
    "evidence_camvid_exact": ["camvid_unet", "evidence_camvid"],
    "evidence_camvid_exact_diagnosis": ["camvid_unet", "evidence_camvid", "evidence_camvid_exact"],
    "evidence_camvid_outer": ["camvid_unet", "evidence_camvid"],
    "evidence_camvid_small_budgets": [
        *("camvid_unet", "evidence_camvid", "evidence_camvid_diagnosis"),
    ],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The configurations in a folder of their own, as if it was decided what to confirm."""
    found = tmp_path / "evidence"
    found.mkdir()
    for path in FOLDER.glob("*.yaml"):
        (found / path.name).write_text(path.read_text())
    balanced, parent = next(iter(PARENTS.items()))
    (found / "confirm.yaml").write_text(text_of(Decision(balanced, balanced, parent)))
    monkeypatch.setattr(run, "FOLDER", found)
    monkeypatch.chdir(tmp_path)
    return found


def load(paths):
    """The configuration of some files, given one after another."""
    config = copy.deepcopy(CONFIG)
    for path in paths:
        merge(config, yaml.safe_load(path.read_text()))
    if config["model"]["encoder_weights"].startswith("data/"):
        config["model"]["encoder_weights"] = "none"  # the file is another script's
    return load_config(config, ENVIRONMENT)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_valid_experiment(name, folder):
    Path("results/study/generated").mkdir(parents=True)  # whose labels are replayed
    config = load([folder / f"{file}.yaml" for file in TABLES[name].files])
    assert set(config.experiment.seeds) & set(range(4)) == set()


DESIGN = ("data/study/target_train", "data/camvid_drives/0006R0")


@pytest.mark.parametrize("name", ["confirm_drive", "confirm_aerial"])
def test_confirmation_is_on_data_that_nothing_was_designed_on(name, folder):
    config = load([folder / f"{file}.yaml" for file in TABLES[name].files])
    assert config.datasets.target.root not in DESIGN
    assert config.datasets.val.root not in DESIGN
    assert list(config.experiment.seeds) == list(range(100, 116))


def test_tables_have_folders_of_their_own(folder):
    places = [places_of(table.files).tables for table in TABLES.values()]
    assert len(set(places)) == len(places)
    assert places_of(TABLES["budgets_camvid"].files).tables == Path("results/study/camvid/budgets")


def test_configurations_of_the_factorial_are_those_of_the_script(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.design.FOLDER", tmp_path)
    write_design()
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in FOLDER.glob("parts_*.yaml")}


def write_results(name):
    """Files of a table of one run, which others have too, and its benchmark."""
    places = places_of(TABLES[name].files)
    places.tables.mkdir(parents=True, exist_ok=True)
    for file in TABLES[name].targets:
        (places.tables / file).write_text(name)
    up = "." if places.tables == places.results else ".."
    rows = list_rows(seeds=[10], methods=["random"], budgets=[0.002], references=[], rounds=1,
                     results=up)  # fmt: skip
    (places.tables / "runs.csv").write_text(format_rows(rows))
    for path in (
        places.tables / "tabulate.tsv",
        places.results / "seed10/random/budget0.002/e.tsv",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\tmax_rss\n2.0\t300\n")


def test_jobs_of_several_tables_count_once(folder):
    for name in ("budgets_generated", "arms_generated", "large"):
        write_results(name)
    names = ("budgets_generated", "arms_generated", "large")
    found = [sorted(path.name for path in own_benchmarks(name)) for name in names]
    assert found == [["e.tsv", "tabulate.tsv"], ["tabulate.tsv"], ["e.tsv", "tabulate.tsv"]]


def test_tables_are_made_and_kept_with_what_they_cost(folder, monkeypatch):
    commands = []

    def snakemake(command, check):
        commands.append(command)
        write_results("large")

    monkeypatch.setattr("subprocess.run", snakemake)
    make("large", ["--cores", "2"])
    kept = folder / "tables/large"
    assert (kept / FILES[0]).read_text() == (kept / "diagnosis.csv").read_text() == "large"
    assert (kept / "costs.csv").read_text() == (
        "rule,jobs,total_s,median_s,longest_s,peak_mib\n"
        "e,1,2.00,2.00,2.00,300.00\ntabulate,1,2.00,2.00,2.00,300.00\n"
    )
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    make("large", [])
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before
    targets = [f"results/study/large/{name}" for name in ("table_mIoU.csv", "diagnosis.csv")]
    files = [str(folder / f"{name}.yaml") for name in ("generated", "large")]
    assert commands[0] == ["snakemake", *targets, "--cores", "2", "--configfile", *files]


@pytest.mark.parametrize("name", ["confirm_aerial", "ranking_retrain", "ranking_redundant"])
def test_nothing_is_looked_at_before_its_time(name, folder, monkeypatch):
    (folder / "confirm.yaml").unlink()
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("was run"))
    with pytest.raises(SystemExit, match=f"{name} needs evidence/.* which `python -m evidence"):
        make(name, [])


def test_unknown_table_is_refused():
    with pytest.raises(SystemExit, match="no table is called parts_mars; allowed: parts_generated"):
        run.main("parts_mars", [])


@pytest.mark.parametrize("name", FIRST)
def test_experiments_of_the_first_edition_are_valid(name):
    names = [*FIRST[name], name]
    folders = [FOLDER / "first_edition", FOLDER.parent / "workflow/configs"]
    load([next(p for f in folders if (p := f / f"{each}.yaml").exists()) for each in names])
