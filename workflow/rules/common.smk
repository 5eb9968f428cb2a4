# Validation, wildcards and input functions. No rules.

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from cbda.acquisition.catalogue import REFERENCES, balance_settings, compose, require_new_name
from cbda.workflow.config import final_iteration, load_config, resolve_experiment
from cbda.datasets.catalogue import dataset_digest
from cbda.datasets.listing import SKIP_FILE
from cbda.errors import UserError
from cbda.datasets.digest import content_digest
from cbda.workflow.fingerprint import file_fingerprint, fingerprint
from cbda.compute.gpus import visible_gpus
from cbda.workflow.locks import hold_lock
from cbda.acquisition.methods import is_external
from cbda.acquisition.external import source_path
from cbda.settings.model import has_weights_file
from cbda.settings.options import to_options

try:
    CONFIG = load_config(config, os.environ)
    config.update(CONFIG.model_dump(mode="json", include={"datasets", "data_make"}))
    METHODS = resolve_experiment(CONFIG)
except UserError as error:
    raise WorkflowError(f"configuration: {error}") from None

GPUS = visible_gpus(os.environ) if config["compute"]["device"] != "cpu" else []

if workflow.is_main_process:
    LOCK = hold_lock(Path(".snakemake"))  # held until the process ends

SEEDS = config["experiment"]["seeds"]
BUDGETS = [str(budget) for budget in config["experiment"]["budgets"]]
ROUNDS = config["experiment"]["rounds"]


wildcard_constraints:
    seed=r"\d+",
    budget=r"[0-9.e-]+",
    round=r"[1-9]\d*",
    dataset="source|target|val",
    set="|".join(config["data_make"]["sets"]),
    run_name=r"source_only|full|\w+/budget[0-9.e-]+",


def num_gpus():
    """GPUs of a computing job: the resource that --resources gpu=N counts."""
    device = config["compute"]["device"]
    return int(device == "cuda" or (device == "auto" and bool(GPUS)))


def require_gpu():
    """Stop a run that would compute on a GPU of this machine if it has none."""
    if config["compute"]["device"] == "cuda" and workflow.local_exec and not GPUS:
        raise WorkflowError(
            "compute.device is cuda, but no GPU can be seen on this machine;"
            " allowed here: auto, cpu"
        )


def compute_options():
    """Where to compute; the number of threads is the rule's."""
    device, deterministic = config["compute"]["device"], config["compute"]["deterministic"]
    return ["--device", device, *to_options("deterministic", deterministic)]


def dataset_options(option, dataset):
    """Command line words for a dataset of the configuration; only the check counts images."""
    described = config["datasets"][dataset]
    return to_options(option, {key: described[key] for key in ("kind", "root", "split")})


def class_options():
    return ["--classes", *config["classes"]]


def training_options(*datasets):
    """Command line words for a training on some datasets."""
    return [
        *(word for dataset in datasets for word in dataset_options(dataset, dataset)),
        *to_options("training", learning_settings()),
        *compute_options(),
    ]


def learning_settings():
    """The section `training`, without what changes nothing that is learned and is a resource."""
    return {key: value for key, value in config["training"].items() if key != "num_workers"}


def encoder_weights():
    """A file of weights to start from, if there is one; a copy of the same makes nothing stale."""
    weights = config["model"]["encoder_weights"]
    return ancient(weights) if has_weights_file(weights) else []


@cache
def digest_of_weights(weights):
    """Read once, however many jobs start from them."""
    return content_digest(Path(weights)) if has_weights_file(weights) else []


def weights_digest(wildcards):
    """What tells of a change of the weights to start from."""
    return digest_of_weights(config["model"]["encoder_weights"])


def source_statistics(wildcards):
    """What class balanced sampling needs to know of the source."""
    balanced = config["training"]["source_sampling"] == "class_balanced"
    return "<results>/data/source_statistics.json" if balanced else []


def statistics_options(wildcards, input):
    return to_options("source-statistics", input.statistics) if input.statistics else []


def method_options(*parts):
    """Command line words for the parts of the method of a job that a command asks for.

    An `explore` of 0 is left out, so that only methods that explore have jobs of other words.
    """
    return lambda wildcards: [
        word
        for part in parts
        for word in to_options(f"method-{part}", getattr(METHODS[wildcards.method], part) or "")
    ]


def balance_options(wildcards):
    """Command line words for what the balance of a job's method aims at."""
    return to_options("", balance_settings(METHODS[wildcards.method], config["acquire"]))


def radius_options(wildcards):
    """The radius of a job's method."""
    radius = METHODS[wildcards.method].radius
    return to_options("radius", config["experiment"]["radius"] if radius is None else radius)


def own_code(wildcards):
    """Fingerprint of the user's code that scores, so that an edit makes its rows stale."""
    score = METHODS[wildcards.method].score
    return file_fingerprint(source_path(score)) if is_external(score) else ""


def variant_files():
    """Methods as rules: every file in variants/ is part of the experiment."""
    return sorted(Path(workflow.basedir, "workflow/rules/variants").glob("*.smk"))


def add_method(name, **parts):
    """Name the method of a file in variants/, so that the table has a row for it."""
    try:
        require_new_name(name, METHODS)
        METHODS[name] = compose(parts)
    except UserError as error:
        raise WorkflowError(f"workflow/rules/variants: method {name}: {error}") from None


def checked(*datasets):
    """Reports of the checks that must have passed before a dataset is used."""
    return [f"<results>/data/{dataset}.json" for dataset in datasets]


def generated_manifest(wildcards):
    """The file that tells of a change of a dataset if it is generated."""
    root = config["datasets"][wildcards.dataset]["root"]
    made = [f"{config['data_make']['root']}/{name}" for name in config["data_make"]["sets"]]
    return [f"{root}/manifest.json"] if root in made else []


def dataset_files(wildcards):
    """Files that tell of a change of a dataset: its manifest, and its list to skip."""
    root = config["datasets"][wildcards.dataset]["root"]
    skipped = filter(os.path.exists, [f"{root}/{SKIP_FILE}"])
    return [*generated_manifest(wildcards), *skipped]


def dataset_state(wildcards):
    """What tells of a change of a dataset of the user's: names and sizes of its files."""
    if generated_manifest(wildcards):
        return ""
    described = config["datasets"][wildcards.dataset]
    return dataset_digest(described["kind"], described["root"], described["split"])


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
    return final_iteration(CONFIG, int(wildcards.round))


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


def run_options(runs):
    return [str(word) for run in runs for word in ("--run", *run)]


def all_diagnoses():
    """(method, budget, seed, round, diagnosis) of every round of every run."""
    for method, budget, seed, evaluation, _ in all_runs():
        if method in REFERENCES:
            continue
        for number in range(1, ROUNDS + 1):
            path = Path(evaluation).parent / f"round{number}/diagnosis.json"
            yield method, budget, str(seed), str(number), str(path)


def gallery_files():
    """(method, checkpoint that scored the last round, last checkpoint, labels) of the gallery."""
    if not config["report"]["gallery_images"]:
        return
    seed_folder = f"{config['pathvars']['results']}/seed{SEEDS[0]}"
    for method in METHODS:
        folder = f"{seed_folder}/{method}/budget{max(BUDGETS, key=float)}"
        scorer = f"{folder}/round{ROUNDS - 1}" if ROUNDS > 1 else f"{seed_folder}/pretrain"
        last = f"{folder}/round{ROUNDS}"
        yield method, f"{scorer}/model.pt", f"{last}/model.pt", f"{last}/labels.h5"


def gallery_inputs(wildcards):
    return [path for _, *paths in gallery_files() for path in paths]


def gallery_options():
    words = [word for files in gallery_files() for word in ("--gallery", *files)]
    return [*words, "--gallery-budget", max(BUDGETS, key=float)] if words else []


def balance_target_options():
    """Methods that are balanced, and the class shares that each aims at."""
    words = []
    for name, method in METHODS.items():
        if method.balance in ("consumed", "ratio", "quota"):
            wanted = balance_settings(method, config["acquire"])["target_distribution"]
            shares = [wanted] if isinstance(wanted, str) else list(map(str, wanted))
            words += ["--balance-target", name, *(shares or ["uniform"])]
    return words


def partial_tables():
    """Option of the command to the table that a failed run leaves."""
    names = {
        "out": "table_mIoU",
        "out-classes": "class_iou",
        "out-acquisition": "acquisition",
        "out-comparisons": "comparisons",
    }
    folder = Path(config["pathvars"]["tables"].replace("<results>", config["pathvars"]["results"]))
    return {option: folder / f"{name}.partial.csv" for option, name in names.items()}


def tabulate_finished_runs(dag):
    """After a failure, leave a table of the runs that are there and name those that are not.

    A result that was due to be made again is none, though a file of an earlier run may be there.
    """
    due = {str(path) for job in dag.needrun_jobs() if not dag.finished(job) for path in job.output}
    runs = [
        (*run[:3], "-" if run[3] in due else run[3], run[4])  # no file has the name -
        for run in all_runs()
    ]
    if not any(Path(run[3]).is_file() for run in runs):
        return
    outputs = [word for name, path in partial_tables().items() for word in to_options(name, path)]
    baseline = to_options("baseline", config["tabulate"]["baseline"])
    command = [sys.executable, "-m", "cbda", "tabulate", *run_options(runs), *baseline, *outputs]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def remove_partial_tables():
    for path in partial_tables().values():
        path.unlink(missing_ok=True)
