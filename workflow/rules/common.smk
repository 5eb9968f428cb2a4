# Validation and wildcards. No rules. What is computed for jobs is in cbda/workflow/jobs.py, their
# inputs in inputs.py, what makes nothing stale in arguments.py, and what a start does in session.py.

import os
import sys
from pathlib import Path

from cbda.cli import parse_command
from cbda.settings.options import to_options
from cbda.workflow import drawing, layout, people, planning
from cbda.workflow.arguments import Arguments
from cbda.workflow.fingerprint import fingerprint
from cbda.workflow.inputs import Inputs
from cbda.workflow.kept import describe_kept, keep_reports, put_back_reports
from cbda.workflow.locks import hold_lock
from cbda.workflow.outcome import describe_stop, name_results, note_stops
from cbda.workflow.partial import remove_partial_tables, tabulate_finished
from cbda.workflow.place import FOLDER
from cbda.workflow.request import note_request
from cbda.workflow.session import (
    NOTES,
    create_jobs,
    due_files,
    explained,
    made_files,
    present_files,
    program_words,
    reports_at_stake,
    require_data,
    require_sound_results,
    serve_jobs,
    start_jobs_at_once,
    stop_when_asked,
    tell,
)
from cbda.workflow.shown import show_plainly
from cbda.workflow.waiting import show_waiting

# Snakemake searches the project first: a random.py there must not be taken for Python's.
project = Path(workflow.basedir)
sys.path.sort(key=lambda path: Path(path) in (project, project / "workflow/rules"))

jobs = create_jobs(workflow, config, project)
arguments = Arguments(jobs, program_words(workflow))
inputs = Inputs(workflow, jobs)

if workflow.is_main_process:
    with explained():
        people.require_ready(jobs, sys.argv)
    STOPS = note_stops()
    show_waiting()
    show_plainly(lambda: name_results(jobs, present_files(workflow)))
    LOCK = hold_lock(NOTES)  # held until the process ends


wildcard_constraints:
    seed=r"\d+",
    budget=r"[0-9.e-]+",
    round=r"[1-9]\d*",
    dataset="source|target|val",
    set="|".join(jobs.config.data_make.sets),
    run_name=r"source_only|full|\w+/budget[0-9.e-]+(/round[1-9]\d*|/retrained)?",


def variant_files():
    """Methods as rules: every file in variants/ is part of the experiment."""
    return sorted((project / "workflow/rules/variants").glob("*.smk"))


def add_method(name, **parts):
    """Name the method of a file in variants/, so that the tables have a row for it."""
    with explained():
        jobs.add_method(name, parts)


def require_gpu():
    """Stop a run that would compute on a GPU of this machine if it has none."""
    with explained():
        if workflow.local_exec:
            jobs.require_gpu()


def start_serving():
    """Have jobs forked from one process that has imported what they need."""
    global SERVING  # for as long as the run lasts
    SERVING = serve_jobs(workflow, arguments.words, jobs.config.model)
