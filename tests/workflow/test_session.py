"""A start of Snakemake."""

from types import SimpleNamespace

import pytest

from cbda.workflow.session import start_jobs_at_once


@pytest.mark.parametrize(("is_local", "expected"), [(True, None), (False, "limit")])
def test_only_jobs_of_this_machine_start_without_a_limit(is_local, expected):
    scheduler = SimpleNamespace(job_rate_limiter="limit")
    start_jobs_at_once(SimpleNamespace(local_exec=is_local, scheduler=scheduler))
    assert scheduler.job_rate_limiter == expected
