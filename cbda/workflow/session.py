"""A start of Snakemake: what it is told before any rule, and what it is asked at its end."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from cbda.datasets.catalogue import require_there
from cbda.errors import UserError
from cbda.settings.model import ModelSettings
from cbda.settings.user_code import is_place
from cbda.workflow.earlier import require_continued
from cbda.workflow.given import Parse
from cbda.workflow.jobs import Jobs
from cbda.workflow.program import find_program, require_one_package
from cbda.workflow.service import measure_forked_jobs, start_servers
from cbda.workflow.start import Results, is_about_something_else, is_overwriting
from cbda.workflow.written import parse_entries, require_plain

NOTES = Path(".snakemake")


@contextmanager
def explained(what: str = "") -> Iterator[None]:
    """Have Snakemake show a user's mistake in the block as one line."""
    from snakemake import exceptions

    class WorkflowError(exceptions.WorkflowError):  # type: ignore[misc]
        # Snakemake would show it, below what the user is to read; context managers try to set it.
        __traceback__ = property(lambda self: None, lambda self, value: None)

    try:
        yield
    except (UserError, OSError) as error:
        raise WorkflowError(f"{what}{error}") from None


def create_jobs(workflow: Any, config: dict[str, Any], project: Path) -> Jobs:
    """The jobs of a configuration; what its files and `--config` say is checked first."""
    from snakemake.pathvars import Pathvars
    from snakemake.utils import update_config

    with explained("configuration: "):
        require_one_package(project)
        for path in workflow.configfiles:
            require_plain(Path(path))
        update_config(config, parse_entries(workflow.config_settings.config_args))
        jobs = Jobs.create(config, os.environ)
    workflow.pathvars.update(Pathvars.from_config({"pathvars": jobs.folders}))  # ~ replaced
    return jobs


def program_words(workflow: Any) -> list[str]:
    """The words by which jobs call this package."""
    from snakemake.settings.types import DeploymentMethod

    is_deployed = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
    return find_program(os.environ, is_deployed, NOTES)


def serve_jobs(workflow: Any, words: list[str], model: ModelSettings) -> Any:
    """Have the jobs that run here start fast; keep what it returns for as long as the run lasts."""
    is_deployed = bool(workflow.deployment_settings.deployment_method)
    if is_deployed or not (workflow.local_exec and workflow.is_main_process):
        return None
    run = start_servers(words, os.environ, _takes_encoders(model))
    if run is not None:
        measure_forked_jobs(run)
    return run


def _takes_encoders(model: ModelSettings) -> bool:
    """Whether whatever builds the network takes its encoder from segmentation_models_pytorch."""
    own = model.architecture == "small" or is_place(model.architecture)
    return not (own or model.freeze_encoder)


def start_jobs_at_once(workflow: Any) -> None:
    """Have Snakemake start a job of this machine as soon as there is room for it.

    Its limit of jobs a second has it look at all ready jobs once a second, and with every job that
    ends one time more: half a core after 300 jobs.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def stop_when_asked(workflow: Any) -> None:
    """Have SIGTERM stop a run when the jobs under way are done, as Snakemake means it to.

    Its own handler waits for a lock that the code which it interrupts may hold: then for ever.
    """
    stop = workflow.scheduler.exit_gracefully

    def handle(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=stop).start()  # which may wait for what goes on here

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handle)


def require_sound_results(workflow: Any, jobs: Jobs, parse: Parse) -> None:
    """Stop if results are not as they were made, which Snakemake would not notice.

    Or if a run goes on from what is not there, or of another pool.
    """
    from snakemake.logging import logger

    if not workflow.is_main_process:
        return
    results = Results(jobs, NOTES, workflow.rules, parse, sys.argv)
    with explained():
        if is_overwriting(sys.argv):
            results.require_none_foreign()
        if not is_about_something_else(sys.argv):
            for warning in results.examine():
                logger.warning(warning)
            require_continued(jobs)


def _data_checks(workflow: Any) -> list[Any]:
    """The checks of data sets among the jobs of this run."""
    return [job for job in workflow.dag.needrun_jobs() if job.rule.name == "data_check"]


def require_data(workflow: Any, jobs: Jobs) -> None:
    """Stop before the first job on this machine if data that no job makes is not there."""
    names = [job.wildcards.dataset for job in _data_checks(workflow) if workflow.local_exec]
    for name in names:
        dataset = getattr(jobs.config.datasets, name)
        if not jobs.generated_manifest(name):
            with explained(f"datasets.{name}: "):
                require_there(dataset.kind, dataset.root, dataset.split)


def reports_at_stake(workflow: Any) -> list[str]:
    """The reports of data checks that this run makes again."""
    return [str(path) for job in _data_checks(workflow) for path in job.output]


def due_files(workflow: Any) -> set[str]:
    """What the jobs of this run that are not finished were to make."""
    due = filter(lambda job: not workflow.dag.finished(job), workflow.dag.needrun_jobs())
    return {str(path) for job in due for path in job.output}


def made_files(workflow: Any) -> set[str]:
    """What the jobs of this run make or have made before."""
    return {str(path) for job in workflow.dag.jobs for path in job.output}


def present_files(workflow: Any) -> set[str]:
    """Those of them that are there: what nobody needs any more may not be."""
    return set(filter(os.path.exists, made_files(workflow)))


def tell(text: str) -> None:
    """Say something at the end of a run, if there is something to say."""
    if text:
        print(text, file=sys.stderr)
