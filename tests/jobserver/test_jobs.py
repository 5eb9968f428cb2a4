"""Jobs that a server forks do what they would do by themselves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from cbda.jobserver.surroundings import VARIABLE
from cbda.workflow.program import FIXED
from cbda.workflow.service import start_servers
from tests.pools import make_pool, write_scores

WORDS = [sys.executable, "-m", "cbda"]
LIMIT_S = 60
SPY = """
import json, os, signal, time
from pathlib import Path

umask = os.umask(0)
os.umask(umask)
numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
facts = {
    "pid": os.getpid(),
    "parent": os.getppid(),
    "folder": os.getcwd(),
    "umask": umask,
    "files": [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)],
    "num_files": len(os.listdir("/proc/self/fd")),
    "num_threads": len(os.listdir("/proc/self/task")),
    "handlers": [str(signal.getsignal(number)) for number in numbers],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "variable": os.environ.get("WORD"),
}
Path("facts.json").write_text(json.dumps(facts))
if Path("wait").exists():
    heard = []

    def hear(number, frame):
        heard.append(number)
        Path("heard").write_text(str(len(heard)))

    signal.signal(signal.SIGUSR2, hear)
    Path("ready").touch()
    while True:
        time.sleep(0.01)
"""


class Runs:
    """A folder with what a job needs, and the environment of a run that has servers."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, **FIXED, "WORD": "given"}
        self.environment.pop(VARIABLE, None)
        run = start_servers(WORDS, self.environment)
        assert run is not None
        self.run = run
        self.folder, labels = folder, np.zeros((8, 8), np.uint8)
        make_pool(folder / "pool", {"0": labels}, 2)
        scores = np.random.default_rng(0).random((1, 8, 8), np.float32)
        write_scores(folder / "scores.h5", ["0"], scores, labels[None], 2, 1)
        (folder / "spy.py").write_text(SPY)

    def start(self, out: str = "labels.h5", served: bool = True, kind: str = "folder", **options):
        """A job that acquires."""
        words = "acquire --scores scores.h5 --oracle-root pool --num-classes 2 --method-unit region"
        words += " --method-allocation dynamic --method-balance quota --radius 1 --budget 0.3"
        words += f" --rounds 1 --round 1 --seed 0 --threads 1 --oracle-kind {kind} --out {out}"
        environment = {**self.environment, **options.pop("environment", {})}
        if not served:
            environment[VARIABLE] = "off"
        return subprocess.Popen(
            [*WORDS, *words.split()],
            cwd=self.folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def spy(self, **options):
        """What a job sees of its process, and whether a server forked it."""
        job = self.start(kind="spy.py:KIND", **options)
        job.communicate(timeout=LIMIT_S)
        facts = json.loads((self.folder / "facts.json").read_text())
        return facts, facts.pop("pid") != job.pid

    def wait_inside(self, **options):
        """A job in the middle of its work, and the process that does it."""
        (self.folder / "ready").unlink(missing_ok=True)
        (self.folder / "heard").unlink(missing_ok=True)
        (self.folder / "wait").touch()
        job, deadline = self.start(kind="spy.py:KIND", **options), time.monotonic() + LIMIT_S
        while not (self.folder / "ready").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        (self.folder / "wait").unlink()
        return job, psutil.Process(json.loads((self.folder / "facts.json").read_text())["pid"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return Runs(tmp_path_factory.mktemp("runs"))


def is_gone(process: psutil.Process) -> bool:
    _, alive = psutil.wait_procs([process], timeout=10)
    return not alive


def test_job_is_forked_from_the_server(runs):
    facts, is_forked = runs.spy()
    assert is_forked
    assert psutil.Process(facts["parent"]).ppid() == os.getpid()


@pytest.mark.parametrize(
    "options", [{}, {"umask": 0o27}, {"stdout": subprocess.DEVNULL}, {"stdin": subprocess.PIPE}]
)
def test_forked_job_sees_what_it_would_see_alone(runs, options):
    forked, is_forked = runs.spy(**options)
    alone, is_other = runs.spy(served=False, **options)
    assert (is_forked, is_other) == (True, False)
    for facts in (forked, alone):
        facts.pop("parent")
        facts["files"] = [name.partition(":")[0] for name in facts["files"]]  # of pipes
    assert forked == alone


def test_forked_job_ignores_what_its_command_was_told_to_ignore(runs):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        facts, is_forked = runs.spy()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert is_forked
    assert facts["handlers"][2] == str(signal.SIG_IGN)


def test_results_and_records_are_the_same_bytes(runs):
    for name, served in (("forked", True), ("alone", False)):
        job = runs.start(f"{name}/labels.h5", served)
        assert job.wait(LIMIT_S) == 0, job.stderr.read()
    for name in ("labels.h5", ".cbda/labels.h5.json"):
        contents = [(runs.folder / made / name).read_bytes() for made in ("forked", "alone")]
        assert contents[0] == contents[1]


def test_mistake_has_the_same_line_and_code(runs):
    ends = []
    for served in (True, False):
        job = runs.start(kind="flder", served=served)
        ends.append((job.communicate(timeout=LIMIT_S)[1], job.returncode))
    assert ends[0] == ends[1]
    assert ends[0][1] == 2


def test_signal_reaches_the_job_once(runs):
    job, _ = runs.wait_inside()
    os.kill(job.pid, signal.SIGUSR2)
    deadline = time.monotonic() + LIMIT_S
    while not (runs.folder / "heard").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)  # for a second one
    assert (runs.folder / "heard").read_text() == "1"
    job.kill()
    job.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_command_ends_by_the_signal_that_ended_the_job(runs, number):
    job, process = runs.wait_inside()
    os.kill(job.pid, number)
    assert job.wait(LIMIT_S) == -number
    assert is_gone(process)


def test_killed_job_has_its_command_end_alike(runs):
    job, process = runs.wait_inside()
    process.kill()
    assert job.wait(LIMIT_S) == -signal.SIGKILL


def test_killed_command_leaves_no_job(runs):
    job, process = runs.wait_inside()
    job.kill()
    assert is_gone(process)
    job.wait()


@pytest.mark.parametrize(
    "options",
    [
        {"environment": {"OMP_NUM_THREADS": "2"}},
        {"environment": {"CUDA_VISIBLE_DEVICES": ""}},
        {"preexec_fn": lambda: os.nice(1)},
    ],
)
def test_job_of_other_surroundings_is_not_forked(runs, options):
    _, is_forked = runs.spy(**options)
    assert not is_forked
    assert runs.spy()[1]


def test_job_works_by_itself_once_the_server_is_gone(tmp_path):
    runs = Runs(tmp_path)
    job, process = runs.wait_inside()
    process.parent().kill()
    assert is_gone(process)
    assert job.wait(LIMIT_S) == 2  # of the spy, which is no kind
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["pid"] == job.pid
    assert runs.start().wait(LIMIT_S) == 0


def test_server_ends_after_the_last_job_of_its_run(tmp_path):
    runs = Runs(tmp_path)
    job, process = runs.wait_inside()
    server = process.parent()
    runs.run.close()
    time.sleep(0.1)
    assert process.is_running()
    os.kill(job.pid, signal.SIGTERM)
    assert job.wait(LIMIT_S) == -signal.SIGTERM
    assert is_gone(server)
