# Validation, wildcards and input functions. No rules. Whatever is computed for jobs is in
# cbda/workflow/jobs.py.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.pathvars import Pathvars
from snakemake.settings.types import DeploymentMethod
from snakemake.utils import update_config

from cbda.cli import parse_command
from cbda.errors import UserError
from cbda.settings.options import to_options
from cbda.workflow import drawing
from cbda.workflow.config import final_iteration
from cbda.workflow.fingerprint import fingerprint
from cbda.workflow.jobs import Jobs, previous_checkpoint, previous_labels
from cbda.workflow.locks import hold_lock
from cbda.workflow.outcome import describe_stop, name_results, note_stops
from cbda.workflow.partial import remove_partial_tables, tabulate_finished
from cbda.workflow.program import find_program, require_one_package
from cbda.workflow.start import Results, is_about_something_else
from cbda.workflow.written import parse_entries, require_plain

# Snakemake searches the project first: a random.py there must not be taken for Python's.
project = Path(workflow.basedir)
sys.path.sort(key=lambda path: Path(path) in (project, project / "workflow/rules"))

try:
    require_one_package(project)
    for path in workflow.configfiles:
        require_plain(Path(path))
    update_config(config, parse_entries(workflow.config_settings.config_args))
    jobs = Jobs.create(config, os.environ)
except UserError as error:
    raise WorkflowError(f"configuration: {error}") from None

deployed = workflow.deployment_settings.deployment_method
PROGRAM = find_program(os.environ, DeploymentMethod.CONDA in deployed, Path(".snakemake"))
workflow.pathvars.update(Pathvars.from_config({"pathvars": jobs.folders}))  # ~ replaced

if workflow.is_main_process:
    STOPS = note_stops()
    LOCK = hold_lock(Path(".snakemake"))  # held until the process ends


wildcard_constraints:
    seed=r"\d+",
    budget=r"[0-9.e-]+",
    round=r"[1-9]\d*",
    dataset="source|target|val",
    set="|".join(jobs.config.data_make.sets),
    run_name=r"source_only|full|\w+/budget[0-9.e-]+",


def program(wildcards, input):
    """The words that call the package, which make nothing stale."""
    return PROGRAM


def variant_files():
    """Methods as rules: every file in variants/ is part of the experiment."""
    return sorted((project / "workflow/rules/variants").glob("*.smk"))


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


def require_sound_results():
    """Stop if results are not as they were made, which Snakemake would not notice."""
    if not workflow.is_main_process or is_about_something_else(sys.argv):
        return
    results = Results(jobs, Path(".snakemake"), workflow.rules, parse_command)
    try:
        for warning in results.examine():
            logger.warning(warning)
    except (UserError, OSError) as error:
        raise WorkflowError(str(error)) from None


def made_again(wildcards):
    """No file, but a set that lost some is made anew: Snakemake sees its manifest alone."""
    if workflow.is_main_process and workflow.dag is not None:
        workflow.dag.forcefiles.update(jobs.changed_manifest(wildcards.set))
    return []


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


def places(**datasets):
    """Params that say where datasets are, and what is in them, by the options' prefix.

    Where they are is no reason to make anything again: Snakemake compares no params that follow
    from `input`.
    """
    return lambda wildcards, input: [
        word
        for option, name in datasets.items()
        for word in jobs.place_arguments(option, name, input[name])
    ]


def encoder_arguments(wildcards, input):
    """The weights to start from, which count by their content and not by their place."""
    return to_options("model-encoder-weights", jobs.config.model.encoder_weights)


def tensorboard_arguments(wildcards, input):
    """Whether trainings write for TensorBoard too, which makes nothing stale."""
    return to_options("tensorboard", jobs.config.compute.tensorboard)


def architecture_arguments(wildcards, input):
    """A network of the user's own to be made, which counts likewise."""
    return to_options("model-architecture", jobs.own_network)


def network_arguments(wildcards, input):
    """The same for a checkpoint, which does not know where its network is."""
    return to_options("network", jobs.own_network)


def statistics_arguments(wildcards, input):
    """What class balanced sampling needs to know."""
    return to_options("source-statistics", input.statistics) if input.statistics else []


def due_files():
    """What the jobs of this run that are not finished were to make."""
    due = filter(lambda job: not workflow.dag.finished(job), workflow.dag.needrun_jobs())
    return {str(path) for job in due for path in job.output}


def made_files():
    """What the jobs of this run make or have made before."""
    return {str(path) for job in workflow.dag.jobs for path in job.output}


def tell(text):
    """Say something at the end of a run, if there is something to say."""
    if text:
        print(text, file=sys.stderr)
