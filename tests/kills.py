"""Runs the toy workflow while killing it again and again, at random moments of chosen rules."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.projects import RESULTS, TABLE, copy_project

RULES = (
    "data_make",
    "data_check",
    "encode",
    "pretrain",
    "source_only",
    "full",
    "score",
    "acquire",
    "finetune",
    "retrain",
    "evaluate",
    "runs",
    "tabulate",
    "analyse",
)
CURVE = f"{RESULTS}/learning_curve.csv"
# Enough iterations to be killed between two of them, and a state after each.
CHANGE = {
    "experiment": {"methods": ["cbda"]},
    "training": {"total_iterations": 32},
    "pretrain": {"iterations": 8},
    "finetune": {"iterations_per_round": 8},
    "tabulate": {"baseline": "cbda"},
    "compute": {"state_interval_s": 0},
}
FROZEN = {  # all rules
    **CHANGE,
    "experiment": {"methods": ["cbda"], "retrain": True},
    "model": {
        "architecture": "light_fpn",
        "encoder": "tu-tf_efficientnet_lite0",
        "encoder_weights": "packaged",
        "freeze_encoder": True,
    },
}
PRODUCTS = {  # of each rule, in the order of RULES; scores are gone once they were used
    "data_make": "data/*/*/manifest.json",
    "data_check": f"{RESULTS}/data/*.json",
    "encode": f"{RESULTS}/data/*/features.h5",
    "pretrain": f"{RESULTS}/*/pretrain/model.pt",
    "source_only": f"{RESULTS}/*/source_only/model.pt",
    "full": f"{RESULTS}/*/full/model.pt",
    "score": f"{RESULTS}/**/labels.h5",
    "acquire": f"{RESULTS}/**/labels.h5",
    "finetune": f"{RESULTS}/**/round*/model.pt",
    "retrain": f"{RESULTS}/**/retrained/model.pt",
    "evaluate": f"{RESULTS}/**/evaluation.json",
    "runs": f"{RESULTS}/runs.csv",
    "tabulate": f"{RESULTS}/*.csv",
    "analyse": CURVE,
}
FOLDERS = {"source_only": "source_only", "full": "full", "retrained": "retrain"}  # of trainings
COMMAND = [sys.executable, "-m", "snakemake"]
CONFIG = ["--configfile", "workflow/configs/toy.yaml", "change.yaml", "--"]
POLL_S = 0.05
LIMIT_S = 900  # of one run of Snakemake, which takes a minute on an idle machine


def _content(path: Path) -> bytes:
    """What must not depend on kills: all of a file but the speed, the last column of a history."""
    content = path.read_bytes()
    if path.name != "history.csv":
        return content
    return b"\n".join(line.rpartition(b",")[0] for line in content.splitlines())


@dataclass(frozen=True)
class Kill:
    """What was killed, how long after its start, and whether a training state lay on disk."""

    rule: str
    after_s: float
    had_state: bool


@dataclass
class Project:
    """A working copy of the project in which the toy workflow runs on some cores."""

    folder: Path
    cores: int = 2
    targets: Sequence[str] = (TABLE,)

    @classmethod
    def create(
        cls,
        folder: Path,
        change: Mapping[str, Any] = CHANGE,
        cores: int = 2,
        targets: Sequence[str] = (TABLE,),
    ) -> "Project":
        """Copy the project, with a change of the toy experiment."""
        copy_project(folder)
        (folder / "change.yaml").write_text(yaml.safe_dump(dict(change)))
        return cls(folder, cores, targets)

    def start(self, options: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """The command, in a session of its own, so that it and its jobs can be killed at once."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(self.folder)}
        with (self.folder / "snakemake.out").open("ab") as output:
            return subprocess.Popen(
                [*COMMAND, "--cores", str(self.cores), *options, *CONFIG, *self.targets],
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def finish(self) -> None:
        """Run the command to its end, which must be a good one."""
        code = self.start().wait(LIMIT_S)
        if code:
            raise RuntimeError(f"{self.folder}: exit code {code}\n{self.output()[-5000:]}")

    def output(self) -> str:
        """All that Snakemake said."""
        return (self.folder / "snakemake.out").read_text(errors="replace")

    def products(self) -> dict[str, bytes]:
        """Content of every table, history, evaluation, checkpoint and HDF5 file by its name."""
        folder = self.folder / RESULTS
        names = ("*.csv", "evaluation.json", "model.pt", "labels.h5", "features.h5")
        paths = sorted(path for name in names for path in folder.rglob(name))
        return {str(path.relative_to(folder)): _content(path) for path in paths}

    def durations_s(self) -> dict[str, float]:
        """How long the jobs of each rule took, the shortest of them."""
        found: dict[str, float] = {}
        for path in self.folder.rglob("*.tsv"):
            rule = "data_check" if path.parent.name == "data" else path.stem
            if rule in ("pretrain", "finetune"):
                rule = FOLDERS.get(path.parent.name, rule)
            seconds = float(path.read_text().splitlines()[1].split("\t")[0])
            found[rule] = min(seconds, found.get(rule, seconds))
        return found

    def leftovers(self) -> list[str]:
        """Files that only an unfinished job has a use for."""
        names = ("*.tmp", "*.resume", "scores.h5")
        return [str(path) for name in names for path in self.folder.rglob(name)]

    def undo_from(self, rule: str) -> None:
        """Have a rule run again, and what follows: Snakemake does not miss a file between."""
        first = RULES.index(rule)
        for pattern in {PRODUCTS[name] for name in RULES[first:]}:
            for path in list(self.folder.glob(pattern)):
                path.unlink()


def run_with_kills(
    project: Project, num_kills: int, rng: random.Random, durations_s: dict[str, float]
) -> Iterator[Kill]:
    """Run to the end, but kill everything so often on the way, in all rules of the run alike.

    Each time, the same command goes on. How long the jobs of a rule take bounds the moments.
    """
    rules = [rule for rule in RULES if rule in durations_s]
    due = Counter(islice(cycle(rules), num_kills))
    while due.total():
        kill = _run_until_kill(project, due, rng, durations_s)
        if kill is None:
            project.undo_from(next(rule for rule in rules if due[rule]))
        else:
            due[kill.rule] -= 1
            yield kill
    project.finish()


def _run_until_kill(
    project: Project, due: Counter[str], rng: random.Random, durations_s: dict[str, float]
) -> Kill | None:
    """Kill the run in a job of a rule that is due; None if none came before its end."""
    process, deadline = project.start(), time.monotonic() + LIMIT_S
    while process.poll() is None:
        if time.monotonic() > deadline:
            _kill(process)
            raise RuntimeError(f"{project.folder}: a run takes longer than {LIMIT_S} s")
        for job, rule in _jobs(process.pid):
            if due[rule] > 0:
                moment_s = rng.uniform(0, durations_s[rule])
                kill = _kill_in_job(project, process, job, rule, moment_s)
                if kill is not None:
                    return kill
        time.sleep(POLL_S)
    if process.returncode:
        project.finish()  # to be told why
    return None


def _jobs(pid: int) -> list[tuple[psutil.Process, str]]:
    """Processes of ours that run now, and their rules."""
    found = []
    with suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                words = process.cmdline()
                if words[1:3] == ["-m", "cbda"]:
                    found.append((process, _rule(words[3:])))
    return found


def _rule(words: list[str]) -> str:
    text = " ".join(words)
    for name, rule in FOLDERS.items():
        if f"/{name}/model.pt" in text.partition("--out")[2]:
            return rule
    return "_".join(words[:2]) if words[0] == "data" else words[0]


def _kill_in_job(
    project: Project,
    process: "subprocess.Popen[bytes]",
    job: psutil.Process,
    rule: str,
    moment_s: float,
) -> Kill | None:
    """Kill at a moment of a job; None if it was done before."""
    time.sleep(max(moment_s - (time.time() - job.create_time()), 0))
    if not job.is_running() or job.status() == psutil.STATUS_ZOMBIE:
        return None
    had_state = any(project.folder.rglob("*.resume"))
    after_s = time.time() - job.create_time()
    _kill(process)
    return Kill(rule, after_s, had_state)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to Snakemake and all its jobs."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    if alive:
        raise RuntimeError(f"still alive after SIGKILL: {alive}")
