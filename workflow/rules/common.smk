# Validation, wildcards and input functions. No rules.

import os
import shutil
import subprocess
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from cbda.catalogue import REFERENCES
from cbda.config import expand_roots, final_iteration, resolve_experiment, validate_config
from cbda.errors import UserError
from cbda.fingerprint import fingerprint
from cbda.locks import hold_lock
from cbda.settings import to_options

try:
    validate_config(config, Path(workflow.basedir, "workflow/schemas/config.schema.yaml"))
    expand_roots(config, os.environ)
    METHODS = resolve_experiment(config)
except UserError as error:
    raise WorkflowError(f"configuration: {error}") from None

if workflow.is_main_process:
    LOCK = hold_lock(Path(".snakemake"))  # held until the process ends

SEEDS = config["experiment"]["seeds"]
BUDGETS = [str(budget) for budget in config["experiment"]["budgets"]]
ROUNDS = config["experiment"]["rounds"]


wildcard_constraints:
    seed=r"\d+",
    method="|".join(METHODS),
    budget=r"[0-9.e-]+",
    round=r"[1-9]\d*",
    dataset="source|target|val",
    set="|".join(config["data_make"]["sets"]),
    run_name=r"source_only|full|\w+/budget[0-9.e-]+",


def num_gpus():
    """GPUs of a computing job: the resource that --resources gpu=N counts."""
    device = config["compute"]["device"]
    return int(device == "cuda" or (device == "auto" and shutil.which("nvidia-smi") is not None))


def compute_options():
    """Where to compute; the number of threads is the rule's."""
    return ["--device", config["compute"]["device"]]


def dataset_options(option, dataset):
    """Command line words for a dataset of the configuration."""
    return to_options(option, config["datasets"][dataset])


def class_options():
    return ["--classes", *config["classes"]]


def method_options(*parts):
    """Command line words for the parts of the method of a job that a command asks for."""
    return lambda wildcards: [
        word
        for part in parts
        for word in to_options(f"method-{part}", getattr(METHODS[wildcards.method], part))
    ]


def checked(*datasets):
    """Reports of the checks that must have passed before a dataset is used."""
    return [f"<results>/data/{dataset}.json" for dataset in datasets]


def dataset_manifest(wildcards):
    """What a dataset is made from: the manifest if it is generated, nothing if it is given."""
    root = config["datasets"][wildcards.dataset]["root"]
    made = {
        str(Path(config["data_make"]["root"], name)): name for name in config["data_make"]["sets"]
    }
    return f"{root}/manifest.json" if str(Path(root)) in made else []


def previous_round(wildcards):
    """Name of the folder of the round before, and whether there is one."""
    number = int(wildcards.round) - 1
    return f"<run>/round{number}" if number else None


def previous_checkpoint(wildcards):
    folder = previous_round(wildcards)
    return f"{folder}/model.pt" if folder else "<pretrain>/model.pt"


def previous_labels(wildcards):
    folder = previous_round(wildcards)
    return f"{folder}/labels.h5" if folder else []


def until_iteration(wildcards):
    return final_iteration(config, int(wildcards.round))


def last_checkpoint(wildcards):
    """The model of a run that is evaluated: that of its last round, never one picked."""
    folder = f"<results>/seed{wildcards.seed}/{wildcards.run_name}"
    if wildcards.run_name in REFERENCES:
        return f"{folder}/model.pt"
    return f"{folder}/round{ROUNDS}/model.pt"


def all_runs():
    """(method, budget, seed, evaluation, labels) of every run that the table expects."""
    folder = f"{config['pathvars']['results']}/seed{{seed}}"
    for seed in SEEDS:
        for reference in config["experiment"]["references"]:
            path = f"{folder.format(seed=seed)}/{reference}/evaluation.json"
            yield reference, "-", seed, path, "-"
        for budget in BUDGETS:
            for method in METHODS:
                path = f"{folder.format(seed=seed)}/{method}/budget{budget}"
                labels = f"{path}/round{ROUNDS}/labels.h5"
                yield method, budget, seed, f"{path}/evaluation.json", labels


def run_options():
    return [str(word) for run in all_runs() for word in ("--run", *run)]


def partial_tables():
    """Option of the command to the table that a failed run leaves."""
    names = {"out": "table_mIoU", "out-classes": "class_iou", "out-acquisition": "acquisition"}
    folder = Path(config["pathvars"]["results"])
    return {option: folder / f"{name}.partial.csv" for option, name in names.items()}


def tabulate_finished_runs():
    """After a failure, leave a table of the runs that are there and name those that are not."""
    if not any(Path(run[3]).is_file() for run in all_runs()):
        return
    outputs = [word for name, path in partial_tables().items() for word in to_options(name, path)]
    baseline = to_options("baseline", config["tabulate"]["baseline"])
    command = [sys.executable, "-m", "cbda", "tabulate", *run_options(), *baseline, *outputs]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def remove_partial_tables():
    for path in partial_tables().values():
        path.unlink(missing_ok=True)
