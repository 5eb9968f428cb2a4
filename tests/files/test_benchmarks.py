"""Snakemake's benchmarks."""

import os

import pytest

from cbda.files.benchmarks import covered_s, duration, read_benchmark


def write(path, seconds, ended, memory="100.5"):
    path.write_text(f"s\tmax_rss\n{seconds}\t{memory}\n")
    os.utime(path, (ended, ended))
    return read_benchmark(path)


def test_time_is_counted_once_where_jobs_overlap(tmp_path):
    jobs = [write(tmp_path / f"{n}.tsv", 10, ended) for n, ended in enumerate((110, 115, 900))]
    assert covered_s(jobs) == pytest.approx(25)


def test_benchmark_is_that_of_the_phase_that_its_file_names(tmp_path):
    job = write(tmp_path / "score.tsv", 2.5, ended=50, memory="NA")
    assert (job.phase, job.seconds, job.peak_mib, job.stop_s) == ("score", 2.5, 0.0, 50.0)


@pytest.mark.parametrize("content", ["", "s\tmax_rss\n", "s\tmax_rss\nsoon\t1\n", "x\n1\n"])
def test_benchmark_that_is_not_written_to_its_end_is_none(tmp_path, content):
    path = tmp_path / "score.tsv"
    assert read_benchmark(path) is None
    path.write_text(content)
    assert read_benchmark(path) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.21, "3.2 s"), (75, "1 min 15 s"), (3720, "1 h 02 min")]
)
def test_duration_is_given_in_two_units(seconds, text):
    assert duration(seconds) == text
