"""Made-up tables of the shape that the study's have: what words of methods add, and noise."""

import copy
import zlib
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from evidence import effects
from evidence.decision import configuration, decide, mean_differences
from evidence.run import FOLDER, TABLES
from evidence.values import DATA, table_path
from tests.workflow.test_config import CONFIG, merge

KNOWN = {"margin": 2.0, "entropy": -3.0, "pixel": 1.5, "dynamic": -2.0, "da": -2.0, "cbda": -2.0}
SPREAD = 1.0  # of a run
RUN = ["method", "budget", "seed"]


def write_tables(gains):
    """Of all tables, to where they are kept, and the effects of the factorial."""
    for name in TABLES:
        write_table(name, gains)
    for data in DATA:
        effects.main(data)


def write_table(name, gains):
    """The files of one, in the order in which they are made."""
    files, targets = TABLES[name]
    config = copy.deepcopy(CONFIG)
    for file in files:
        merge(config, contents(file))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    folder = table_path(name)
    folder.mkdir(parents=True)
    if "table_mIoU.csv" in targets:
        write_classes(folder, config, gains, rng)
    if "diagnosis.csv" in targets:
        write_diagnosis(folder, config, rng)
    rules = pd.DataFrame({"rule": ["finetune", "score"], "jobs": [30, 30]})
    rules.assign(total_s=100, median_s=3, longest_s=9, peak_mib=500).to_csv(
        folder / "costs.csv", index=False
    )


def contents(file):
    """A configuration; that of the confirmation is the one that would be written now."""
    if file == "confirm":
        return configuration(decide(mean_differences()["both"]))
    return yaml.safe_load((FOLDER / f"{file}.yaml").read_text())


def runs_of(config):
    """Method, budget and seed of all runs that acquire."""
    experiment = config["experiment"]
    budgets = map(str, experiment["budgets"])
    return list(product(experiment["methods"], budgets, experiment["seeds"]))


def write_classes(folder: Path, config, gains, rng) -> None:
    """IoU by class of every run, of which those of a seed share a part."""
    experiment = config["experiment"]
    references = list(product(experiment["references"], ["-"], experiment["seeds"]))
    shared = {seed: np.random.default_rng(seed).normal() for seed in experiment["seeds"]}
    offsets = np.linspace(-20, 20, len(config["classes"]))
    rows = []
    for method, budget, seed in [*references, *runs_of(config)]:
        gain = sum(gains.get(word, 0.0) for word in method.split("_"))
        value = 50 + gain + shared[seed] + SPREAD * rng.normal()
        named = zip(config["classes"], value + offsets, strict=True)
        rows += [(method, budget, seed, name, iou) for name, iou in named]
    frame = pd.DataFrame(rows, columns=[*RUN, "class", "IoU"])
    frame.to_csv(folder / "class_iou.csv", index=False, float_format="%.4f")


def write_diagnosis(folder: Path, config, rng) -> None:
    """What every round asked for, by class."""
    rounds = range(1, config["experiment"]["rounds"] + 1)
    rows = [
        (*run, number, name, rng.integers(1, 1000), 100, rng.integers(1, 100))
        for run in runs_of(config)
        for number in rounds
        for name in config["classes"]
    ]
    columns = [*RUN, "round", "class", "acquired_px", "queries", "pure_queries"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "diagnosis.csv", index=False)
