"""The configurations of the notebook are valid in the order in which they are given."""

import copy
from pathlib import Path

import pytest
import yaml

from cbda.workflow.config import load_config
from evidence.design import main as write_design
from evidence.run import FILES, FOLDER, TABLES, folder_of, keep
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


def load(paths):
    """The configuration of some files, given one after another."""
    config = copy.deepcopy(CONFIG)
    for path in paths:
        merge(config, yaml.safe_load(path.read_text()))
    if config["model"]["encoder_weights"].startswith("data/"):
        config["model"]["encoder_weights"] = "none"  # the file is another script's
    return load_config(config, ENVIRONMENT)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_valid_experiment(name):
    files, _ = TABLES[name]
    config = load([FOLDER / f"{file}.yaml" for file in files])
    assert set(config.experiment.seeds) & set(range(4)) == set()


@pytest.mark.parametrize("files", [("generated", "aerial"), ("generated", "camvid", "drive")])
def test_data_of_the_confirmation_are_valid(files):
    config = load([FOLDER / f"{file}.yaml" for file in files])
    assert config.datasets.target.root not in (
        "data/study/target_train",
        "data/camvid_drives/0006R0",
    )


def test_tables_have_folders_of_their_own():
    places = [(folder_of(files), target) for files, target in TABLES.values()]
    assert len(set(places)) == len(places)
    assert folder_of(TABLES["budgets_camvid"][0]) == Path("results/study/camvid/budgets")


def test_configurations_of_the_factorial_are_those_of_the_script(tmp_path, monkeypatch):
    monkeypatch.setattr("evidence.design.FOLDER", tmp_path)
    write_design()
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in FOLDER.glob("parts_*.yaml")}


def test_tables_that_are_there_are_kept(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / FILES[0]).write_text("a")
    keep(tmp_path / "made", tmp_path / "kept/name")
    assert [path.name for path in (tmp_path / "kept/name").iterdir()] == [FILES[0]]


@pytest.mark.parametrize("name", FIRST)
def test_experiments_of_the_first_edition_are_valid(name):
    names = [*FIRST[name], name]
    folders = [FOLDER / "first_edition", FOLDER.parent / "workflow/configs"]
    load([next(p for f in folders if (p := f / f"{each}.yaml").exists()) for each in names])
