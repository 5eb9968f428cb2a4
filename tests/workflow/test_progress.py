"""How far an experiment is, of files made by hand."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cbda.results.sheet import list_rows
from cbda.workflow.costs import count_phases
from cbda.workflow.progress import PHASES, Job, concurrency, list_jobs, progress
from tests.workflow.test_costs import SMALL

SHEET: dict[str, Any] = {
    "seeds": (0, 1),
    "methods": ("ra", "cb", "da"),
    "budgets": (0.1, 0.2),
    "references": ("source_only", "full"),
    "rounds": 5,
    "results": "results",
}


@pytest.mark.parametrize(
    "change",
    [{}, {"evaluated_rounds": "all"}, {"evaluated_rounds": "largest_budget", "retrain": True}],
)
def test_jobs_are_those_that_the_plan_counts(change):
    jobs = Counter(job.phase for job in list_jobs(list_rows(**SHEET, **change)))
    planned = count_phases(replace(SMALL, **change))
    assert jobs == {name: planned[name].jobs for name in PHASES if name in planned}


def test_jobs_of_a_replay_are_those_that_the_plan_counts():
    jobs = Counter(job.phase for job in list_jobs(list_rows(**SHEET, replay="others")))
    planned = count_phases(replace(SMALL, replay=True))
    assert jobs == {name: planned[name].jobs for name in PHASES if name in planned}
    assert jobs["retrain"] == 12


def make(path, seconds=None, ended=0):
    """A result, and its benchmark."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    if seconds is not None:
        write_time(path, seconds, ended)


def write_time(path, seconds, ended):
    benchmark = Path(Job("score", str(path)).benchmarks[0])
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text(f"s\tmax_rss\n{seconds}\t1\n")
    os.utime(benchmark, (ended, ended))


def jobs_of(folder, phase, number):
    return [Job(phase, str(folder / f"{n}/scores.h5")) for n in range(number)]


def test_scores_that_were_used_up_are_done(tmp_path):
    write_time(tmp_path / "0/scores.h5", 4, 10)
    (phase,) = progress(jobs_of(tmp_path, "score", 2), lambda path: False, is_alive=True)
    assert (len(phase.done), phase.num_under_way, phase.num_left) == (1, 0, 1)
    assert (phase.mean_s, phase.left_s) == (4, 4)


def test_job_that_was_begun_is_under_way_as_long_as_its_run_is_alive(tmp_path):
    write_time(tmp_path / "0/scores.h5", 4, 10)
    begun = str(tmp_path / "1/scores.h5")
    jobs = jobs_of(tmp_path, "score", 3)
    (alive,) = progress(jobs, begun.__eq__, is_alive=True)
    assert (alive.num_under_way, alive.num_left, alive.left_s) == (1, 1, 6)
    (dead,) = progress(jobs, begun.__eq__, is_alive=False)
    assert (dead.num_under_way, dead.num_left, dead.left_s) == (0, 2, 8)


def test_result_of_which_snakemake_has_begun_another_is_not_done(tmp_path):
    model = tmp_path / "model.pt"
    make(model)
    (phase,) = progress([Job("finetune", str(model))], str(model).__eq__, is_alive=False)
    assert not phase.done


def test_time_of_a_phase_that_was_not_measured_is_not_known(tmp_path):
    jobs = [Job("finetune", str(tmp_path / name / "model.pt")) for name in ("a", "b")]
    make(tmp_path / "a/model.pt")
    (phase,) = progress(jobs, lambda path: False, is_alive=True)
    assert (len(phase.done), phase.mean_s, phase.left_s) == (1, None, None)


def test_concurrency_is_that_of_the_last_run(tmp_path):
    for number, ended in enumerate((10, 110, 110, 111)):
        write_time(tmp_path / f"{number}/scores.h5", 10, ended)
    (phase,) = progress(jobs_of(tmp_path, "score", 4), lambda path: False, is_alive=True)
    assert concurrency([phase], since_s=50) == pytest.approx(30 / 11)
    assert concurrency([phase], since_s=500) == 1
