"""A start of Snakemake."""

import os
import signal
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from snakemake.exceptions import WorkflowError, print_exception

from cbda.errors import UserError
from cbda.workflow.session import explained, require_data, start_jobs_at_once, stop_when_asked
from tests.datasets.layouts import make_folder
from tests.projects import create_jobs


@pytest.mark.parametrize(("is_local", "expected"), [(True, None), (False, "limit")])
def test_only_jobs_of_this_machine_start_without_a_limit(is_local, expected):
    scheduler = SimpleNamespace(job_rate_limiter="limit")
    start_jobs_at_once(SimpleNamespace(local_exec=is_local, scheduler=scheduler))
    assert scheduler.job_rate_limiter == expected


def test_signal_stops_a_run_whatever_it_interrupts():
    """Snakemake's handler takes a lock, which the code that it interrupts may hold."""
    lock, done, got = threading.Lock(), threading.Event(), []

    def exit_gracefully():
        got.append(lock.acquire(timeout=1))
        done.set()

    before = signal.getsignal(signal.SIGTERM)
    try:
        stop_when_asked(SimpleNamespace(scheduler=SimpleNamespace(exit_gracefully=exit_gracefully)))
        with lock:
            os.kill(os.getpid(), signal.SIGTERM)
        assert done.wait(1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert got == [True]


def test_mistake_is_the_last_line_that_snakemake_shows(caplog):
    try:
        with explained("configuration: "):
            raise UserError("seedz: unknown")
    except Exception as error:
        print_exception(error, {__file__: {}})
    assert caplog.messages == ["WorkflowError:\nconfiguration: seedz: unknown"]


def test_mistake_is_shown_without_a_traceback_wherever_it_passes(caplog):
    """At the start of jobs it passes a context manager of Snakemake's, which keeps one."""

    @contextmanager
    def passing():
        yield

    try:
        with passing(), explained():
            raise UserError("no GPU")
    except Exception as error:
        print_exception(error, {__file__: {}})
    assert caplog.messages == ["WorkflowError:\nno GPU"]


def checking(*names, is_local=True):
    """A run in which data sets are to be checked."""
    checks = [
        SimpleNamespace(
            rule=SimpleNamespace(name="data_check"), wildcards=SimpleNamespace(dataset=name)
        )
        for name in names
    ]
    dag = SimpleNamespace(needrun_jobs=lambda: checks)
    return SimpleNamespace(local_exec=is_local, dag=dag)


@pytest.fixture
def jobs_with_a_missing_pool(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return create_jobs({"datasets": {"target": {"root": "street/train"}}})


def test_data_that_is_not_there_stops_a_run_before_its_first_job(jobs_with_a_missing_pool):
    with pytest.raises(WorkflowError, match=r"datasets\.target: street/train: no such folder"):
        require_data(checking("source", "target"), jobs_with_a_missing_pool)


def test_image_without_a_label_stops_a_run_before_its_first_job(jobs_with_a_missing_pool, tmp_path):
    pool = tmp_path / "street/train"
    make_folder(pool, 3, 6, 10, 3, np.random.default_rng(0))
    require_data(checking("target"), jobs_with_a_missing_pool)
    (pool / "labels/001.png").unlink()
    with pytest.raises(WorkflowError, match=r"1 file of dataset .*001\.png: no label 001\.png in"):
        require_data(checking("target"), jobs_with_a_missing_pool)


def test_data_is_looked_for_if_it_is_needed_here_and_nobody_makes_it(jobs_with_a_missing_pool):
    require_data(checking("source", "val"), jobs_with_a_missing_pool)
    require_data(checking("target", is_local=False), jobs_with_a_missing_pool)
