"""A start of Snakemake."""

import os
import signal
import threading
from types import SimpleNamespace

import pytest
from snakemake.exceptions import print_exception

from cbda.errors import UserError
from cbda.workflow.session import explained, start_jobs_at_once, stop_when_asked


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
