"""Reports of data checks that a failed or killed run has lost come back as they were."""

from pathlib import Path

import pytest

from cbda.files.json_files import write_json
from cbda.workflow.kept import describe_kept, keep_reports, put_back_reports
from cbda.workflow.locks import hold_lock
from cbda.workflow.start import Notes
from tests.experiments import job

TEXT, NOTE = '{\n  "digest": "ab"\n}\n', '{"params": ["right"]}'


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """One that a run keeps, with Snakemake's note of it."""
    path = tmp_path / "results/data/target.json"
    path.parent.mkdir(parents=True)
    with job("data check"):
        write_json(path, {"digest": "ab"})
    for kind in ("metadata", "incomplete"):
        (tmp_path / kind).mkdir()
    Notes(tmp_path).replace(str(path), NOTE)
    keep_reports(tmp_path, [str(path), str(path.with_name("val.json"))])
    return path


def lose(folder: Path, path: Path) -> int:
    """What Snakemake does before a job, and once it has failed; the time that the file had."""
    modified_ns = path.stat().st_mtime_ns
    path.unlink()
    Notes(folder).replace(str(path), '{"params": ["wrong"]}')
    Notes(folder)._place("incomplete", str(path)).touch()
    return modified_ns


def test_lost_report_comes_back_with_its_time_and_note(tmp_path: Path, report: Path) -> None:
    modified_ns = lose(tmp_path, report)
    assert put_back_reports(tmp_path) == [str(report)]
    assert (report.read_text(), report.stat().st_mtime_ns) == (TEXT, modified_ns)
    notes = Notes(tmp_path)
    assert notes.read(str(report)) == NOTE
    assert not notes.is_under_way(str(report))
    report.unlink()  # by the user, later
    assert put_back_reports(tmp_path) == []


def test_next_run_puts_back_what_a_killed_one_lost(tmp_path: Path, report: Path) -> None:
    (kept,) = tmp_path.glob("cbda.reports.*")
    kept.rename(tmp_path / "cbda.reports.0.json")
    lose(tmp_path, report)
    hold_lock(tmp_path).close()
    assert report.read_text() == TEXT
    assert not [*tmp_path.glob("cbda.reports.*")]


def test_report_that_was_made_stays(tmp_path: Path, report: Path) -> None:
    with job("data check"):
        write_json(report, {"digest": "cd"})
    assert put_back_reports(tmp_path) == []
    assert "cd" in report.read_text()


def test_report_of_another_record_stays_away(tmp_path: Path, report: Path) -> None:
    with job("data check"):
        write_json(report, {"digest": "cd"})
    report.unlink()
    assert put_back_reports(tmp_path) == []
    assert not report.exists()


def test_kept_reports_that_cannot_be_read_go(tmp_path: Path) -> None:
    (tmp_path / "cbda.reports.1.json").write_text("[[1]]")
    assert put_back_reports(tmp_path, "*") == []
    assert not [*tmp_path.glob("cbda.reports.*")]


def test_words_name_what_came_back() -> None:
    assert describe_kept([]) == ""
    assert describe_kept(["a.json", "b.json"]).endswith(": a.json, b.json")
