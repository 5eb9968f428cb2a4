# Validation, wildcards and input functions. No rules. Whatever is computed for jobs is in
# cbda/workflow/jobs.py.

import os
from pathlib import Path

from snakemake.exceptions import WorkflowError

from cbda.errors import UserError
from cbda.settings.options import to_options
from cbda.workflow.config import final_iteration
from cbda.workflow.fingerprint import fingerprint
from cbda.workflow.jobs import Jobs, previous_checkpoint, previous_labels
from cbda.workflow.locks import hold_lock

try:
    jobs = Jobs.create(config, os.environ)
except UserError as error:
    raise WorkflowError(f"configuration: {error}") from None

if workflow.is_main_process:
    LOCK = hold_lock(Path(".snakemake"))  # held until the process ends


wildcard_constraints:
    seed=r"\d+",
    budget=r"[0-9.e-]+",
    round=r"[1-9]\d*",
    dataset="source|target|val",
    set="|".join(jobs.config.data_make.sets),
    run_name=r"source_only|full|\w+/budget[0-9.e-]+",


def variant_files():
    """Methods as rules: every file in variants/ is part of the experiment."""
    return sorted(Path(workflow.basedir, "workflow/rules/variants").glob("*.smk"))


def add_method(name, **parts):
    """Name the method of a file in variants/, so that the tables have a row for it."""
    try:
        jobs.add_method(name, parts)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def require_gpu():
    """Stop a run that would compute on a GPU of this machine if it has none."""
    try:
        if workflow.local_exec:
            jobs.require_gpu()
    except UserError as error:
        raise WorkflowError(str(error)) from None


def checked(*datasets):
    """Reports of the checks that must have passed before a dataset is used."""
    return [f"<results>/data/{dataset}.json" for dataset in datasets]


def checkpoint_before(wildcards):
    """The model that a round starts from."""
    return previous_checkpoint("<run>", "<pretrain>", int(wildcards.round))


def labels_before(wildcards):
    """The labels that a round adds to; none in the first."""
    return previous_labels("<run>", int(wildcards.round))


def last_checkpoint(wildcards):
    """The model of a run that is evaluated."""
    run = f"<results>/seed{wildcards.seed}/{wildcards.run_name}"
    return jobs.evaluated_checkpoint(run, wildcards.run_name)


def weights_file(paths):
    """The user's weights to start from, which count by their content and not by their time."""
    return [ancient(path) for path in paths]


def feature_arguments(wildcards, input):
    """The features of the datasets, in place of their images."""
    names = [name for name in ("source", "target", "val") if input.get(f"{name}_features")]
    return [
        word for name in names for word in to_options(f"{name}-features", input[f"{name}_features"])
    ]


def statistics_arguments(wildcards, input):
    """What class balanced sampling needs to know."""
    return to_options("source-statistics", input.statistics) if input.statistics else []


def due_files():
    """What the jobs of this run that are not finished were to make."""
    due = filter(lambda job: not workflow.dag.finished(job), workflow.dag.needrun_jobs())
    return {str(path) for job in due for path in job.output}
