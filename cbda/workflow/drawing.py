"""What the job of the report is given, and the files that it makes."""

import json
from typing import Any

from cbda.acquisition.catalogue import balance_settings
from cbda.datasets.catalogue import UNLABELLED, count_images
from cbda.selection.balance import aims_at_shares
from cbda.settings.datasets import DatasetsSettings
from cbda.settings.options import to_options
from cbda.workflow.jobs import Jobs
from cbda.workflow.layout import previous_checkpoint, round_evaluations

NARROW = ("mIoU", "worst_class_IoU", "entropy")
PLACES: Any = {  # of the configuration: paths that decide nothing
    "pathvars": True,
    "datasets": {name: {"root", "never_ask"} for name in DatasetsSettings.model_fields},
    "data_make": {"root"},
    "plan": True,
    "predict": {"images"},
    "model": {"encoder_weights"},
}


def report_arguments(jobs: Jobs) -> list[str]:
    """What is drawn, and what the page tells of the experiment."""
    budget = max(jobs.config.experiment.budgets)
    return [
        *jobs.class_arguments(),
        *jobs.dataset_arguments("target", "target"),
        *jobs.name_arguments(),
        *_balance_target_arguments(jobs),
        *to_options("baseline", jobs.config.tabulate.baseline),
        *jobs.unit_arguments(),
        *to_options("saturation", jobs.config.tabulate.saturation),
        *to_options("analyse", jobs.config.analyse),
        *(to_options("gallery-budget", budget) if gallery(jobs) else []),
        *to_options("", jobs.config.report),
    ]


def settings(jobs: Jobs, places: bool = False) -> str:
    """The configuration as JSON, with its paths or, as they decide nothing, without."""
    left_out = None if places else PLACES
    config = jobs.config.model_dump(mode="json", exclude=left_out)
    return json.dumps(config, sort_keys=True)


def figures(jobs: Jobs) -> list[str]:
    """Names of the report's figures: files of ours, beside which the user may have others."""
    budgets = (f"class_shares_budget{budget}" for budget in jobs.config.experiment.budgets)
    gains = ["differences", "class_differences"]
    names = ["mIoU", "worst_class_IoU", "entropy", *budgets]
    names += ["learning_curve"] if has_curves(jobs) else []
    is_tested = len(jobs.methods) > 1 and len(jobs.config.experiment.seeds) > 1
    names += ["penalties"] if is_tested else []
    names += ["ranks"] if len(jobs.methods) > 1 else []
    names += gains if set(jobs.methods) - {jobs.config.tabulate.baseline} else []
    names += ["training"]
    return names + [f"gallery_{number + 1}" for number in range(_num_shown(jobs))]


def prints(jobs: Jobs) -> list[str]:
    """Names of the figures as PDF; some are there for one column of a paper, too."""
    return [*figures(jobs), *(f"{name}_column" for name in NARROW)]


def has_curves(jobs: Jobs) -> bool:
    """Whether there are two points of labels or more: of rounds that are evaluated, or budgets."""
    return len(jobs.config.experiment.budgets) > 1 or bool(round_evaluations(jobs))


def _num_shown(jobs: Jobs) -> int:
    """Images of the gallery, no more than the pool has with the labels that it shows."""
    if jobs.config.experiment.replay:  # which has no model that scored
        return 0
    pool, made = jobs.config.datasets.target, jobs.config.data_make
    if pool.kind == UNLABELLED:
        return 0
    sets = {f"{made.root}/{name}": content.num_images for name, content in made.sets.items()}
    num_images = count_images(pool.kind, pool.root, pool.split) or sets.get(pool.root, 0)
    return min(jobs.config.report.gallery_images, -(-num_images // pool.every))


def gallery(jobs: Jobs) -> list[list[str]]:
    """The methods at the largest budget, of the first seed: name, scorer, model, labels."""
    experiment, results = jobs.config.experiment, jobs.folders["results"]
    rounds, seed = experiment.rounds, f"{results}/seed{experiment.seeds[0]}"
    runs = {name: f"{seed}/{name}/budget{max(experiment.budgets)}" for name in jobs.methods}
    arms = [
        [name, previous_checkpoint(run, f"{seed}/pretrain", rounds)]
        + [f"{run}/round{rounds}/{file}" for file in ("model.pt", "labels.h5")]
        for name, run in runs.items()
    ]
    has_truth = jobs.config.datasets.target.kind != UNLABELLED
    is_drawn = jobs.config.report.gallery_images and has_truth and not experiment.replay
    return arms if is_drawn else []


def gallery_files(jobs: Jobs) -> list[str]:
    """The files among these."""
    return [path for _, *files in gallery(jobs) for path in files]


def history_files(jobs: Jobs) -> list[str]:
    """The courses of the trainings that are drawn: those of references and the largest budget."""
    experiment, results = jobs.config.experiment, jobs.folders["results"]
    runs = [f"{name}/budget{max(experiment.budgets)}" for name in jobs.methods]
    names = [f"round{number + 1}" for number in range(experiment.rounds)]
    names = ["retrained"] if experiment.replay else names
    trained = [f"{run}/{name}" for run in runs for name in names]
    folders = ["pretrain", *experiment.references, *trained]
    return [
        f"{results}/seed{seed}/{folder}/history.csv"
        for seed in experiment.seeds
        for folder in folders
    ]


def place_arguments(jobs: Jobs) -> list[str]:
    """Where things are that are drawn or told; what is in them, the inputs tell."""
    return [
        *(word for arm in gallery(jobs) for word in ("--gallery", *arm)),
        *to_options("network", jobs.own_network),
        *to_options("benchmarks", jobs.folders["results"]),
        *to_options("config", settings(jobs, places=True)),
    ]


def _balance_target_arguments(jobs: Jobs) -> list[str]:
    """Methods that aim at shares of the classes, and the shares."""
    words, acquire = [], jobs.config.acquire.model_dump()
    for name, method in jobs.methods.items():
        if aims_at_shares(method.balance):
            wanted = balance_settings(method, acquire)["target_distribution"] or "uniform"
            shares = [wanted] if isinstance(wanted, str) else list(map(str, wanted))
            words += ["--balance-target", name, *shares]
    return words
