"""What a run says at its end."""

import os
import signal
from pathlib import Path

import pytest

from cbda.cli import main
from cbda.files.json_files import write_json
from cbda.workflow.outcome import describe_stop, name_results, note_stops
from tests.projects import RESULTS, create_jobs

MAKE = "data make --domain source --num-images 2 --height 48 --width 64 --out data/tiny/source/"


def test_success_names_what_was_asked_for() -> None:
    made = {f"{RESULTS}/table_mIoU.csv", f"{RESULTS}/runs.csv"}
    jobs = create_jobs()
    assert name_results(jobs, made) == f"the table: {RESULTS}/table_mIoU.csv"
    assert name_results(jobs, {f"{RESULTS}/data/val.json"}) == ""
    page = f"the page: {RESULTS}/report.html"
    assert name_results(jobs, {*made, f"{RESULTS}/report.html"}).endswith(f"; {page}")


def test_plan_says_how_many_queries_there_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs, path = create_jobs(), Path(RESULTS, "plan.json")
    counts = {"budget": 60.0, "in_first": 30, "in_round": 30, "in_all": 60}
    planned = [{"method": name, **counts} for name in ("ra", "cbda", "da", "cb", "random")]
    told = [f"{item['method']} at 60: 60 queries, 30 a round" for item in planned]
    for number, words in (
        (0, ""),
        (1, f" ({told[0]})"),
        (3, f" ({'; '.join(told[:3])})"),
        (5, f" ({'; '.join(told[:3])}; 2 more)"),
    ):
        write_json(path, {"queries": planned[:number]})
        assert name_results(jobs, {str(path)}) == f"the plan: {RESULTS}/plan.log{words}"
    path.write_text("{")
    assert name_results(jobs, {str(path)}) == f"the plan: {RESULTS}/plan.log"
    assert name_results(jobs, set()) == ""


def test_stop_by_the_keyboard_is_told_from_a_failure() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        stops = note_stops()
        assert describe_stop(stops) == ""
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert describe_stop(stops).startswith("stopped by ctrl-c, which is no error")
    finally:
        signal.signal(signal.SIGINT, before)


def test_generated_set_that_lost_or_changed_a_file_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = create_jobs()
    assert main(f"{MAKE}manifest.json".split()) == 0
    assert jobs.changed_manifest("source") == []
    picture = tmp_path / "data/tiny/source/images/00000.png"
    content = picture.read_bytes()
    for change in (picture.unlink, lambda: picture.write_bytes(content + b"more")):
        change()
        assert jobs.changed_manifest("source") == ["data/tiny/source/manifest.json"]
    picture.write_bytes(content)
    assert jobs.changed_manifest("source") == []
