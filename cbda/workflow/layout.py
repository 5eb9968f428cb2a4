"""Where the results of an experiment lie: its folders, and files by what they are."""

import os

from cbda.acquisition.catalogue import REFERENCES
from cbda.results.sheet import NONE, evaluated, result_paths
from cbda.settings.options import to_options
from cbda.workflow import people
from cbda.workflow.jobs import Jobs


def results_from_tables(jobs: Jobs) -> str:
    """The way from the tables to the results, which both may have moved together."""
    return _from_tables(jobs, jobs.folders["results"])


def replay_from_tables(jobs: Jobs) -> str:
    """The way to the results that are replayed; empty if there are none."""
    replay = jobs.config.experiment.replay
    return _from_tables(jobs, replay) if replay else ""


def _from_tables(jobs: Jobs, folder: str) -> str:
    return os.path.relpath(*map(os.path.realpath, (folder, jobs.folders["tables"])))


def run_arguments(jobs: Jobs) -> list[str]:
    """What the sample sheet follows from."""
    places = {"results": results_from_tables(jobs), "replay": replay_from_tables(jobs)}
    unmeasured = [] if people.is_evaluated(jobs) else ["--unmeasured"]
    return [*to_options("", {**jobs.experiment(), **places}), *unmeasured]


def generated_sets(jobs: Jobs) -> list[str]:
    """Roots of the data sets that the workflow generates."""
    names = ("source", "target", "val")
    found = (path for name in names for path in jobs.generated_manifest(name))
    return sorted({os.path.dirname(path) for path in found})


def verified_folders(jobs: Jobs) -> list[str]:
    """Results, tables, generated sets, and the results that are replayed if any are."""
    replay = jobs.config.experiment.replay
    folders = [jobs.folders["results"], jobs.folders["tables"], *generated_sets(jobs)]
    return [*folders, *([replay] if replay else [])]


def result_folders(jobs: Jobs) -> list[str]:
    """Every folder in which results or generated sets of the experiment lie."""
    results, tables, *sets = verified_folders(jobs)
    files = [file for row in jobs.rows for file in row[4:] if file != NONE]
    folders = [results, f"{results}/data", tables, f"{tables}/figures", *sets]
    folders += [f"{results}/seed{seed}/pretrain" for seed in jobs.config.experiment.seeds]
    folders += map(os.path.dirname, _features(jobs))
    return sorted({*folders, *map(os.path.dirname, files)})


def _features(jobs: Jobs) -> list[str]:
    """Where features of any data set are."""
    names = ("source", "target", "val")
    files = (file for name in names for file in jobs.feature_files(name))
    return [file.replace("<results>", jobs.folders["results"]) for file in files]


def result_files(jobs: Jobs) -> list[str]:
    """What the tables are made of: evaluations and last labels of every run."""
    return [str(path) for row in evaluated(jobs.rows) for path in result_paths(row)]


def round_evaluations(jobs: Jobs) -> list[str]:
    """Evaluations of rounds before the last."""
    return [row.round_evaluation for row in jobs.rows if row.round_evaluation != NONE]


def diagnoses(jobs: Jobs) -> list[str]:
    """What was counted in every round of every run."""
    return [row.diagnosis for row in jobs.rows if row.diagnosis != NONE]


def evaluated_checkpoint(jobs: Jobs, folder: str, run_name: str) -> str:
    """The model of a run that is evaluated: that of its last round, never one picked.

    A reference, a round and a model trained anew have one in their own folder.
    """
    own = run_name in REFERENCES or run_name.count("/") > 1
    experiment = jobs.config.experiment
    last = "retrained" if experiment.replay else f"round{experiment.rounds}"
    return f"{folder}/model.pt" if own else f"{folder}/{last}/model.pt"


def last_labels(jobs: Jobs, run: str) -> str:
    """The labels that a model is trained on anew: of the run, or of the one that is replayed.

    The run is its place below a folder of results, such as seed0/ra/budget0.05.
    """
    experiment = jobs.config.experiment
    folder = experiment.replay or jobs.folders["results"]
    return f"{folder}/{run}/round{experiment.rounds}/labels.h5"


def previous_folder(run: str, number: int) -> str | None:
    """Folder of the round before one; None if it is the first."""
    return f"{run}/round{number - 1}" if number > 1 else None


def previous_checkpoint(run: str, pretrain: str, number: int) -> str:
    """The model that scores a round, and that its training starts from."""
    return f"{previous_folder(run, number) or pretrain}/model.pt"


def previous_labels(run: str, number: int) -> list[str]:
    """The labels that a round adds to; none in the first."""
    folder = previous_folder(run, number)
    return [f"{folder}/labels.h5"] if folder else []
