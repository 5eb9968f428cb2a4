"""Runs every phase where something is missing: it ends in its result or in one line, in a minute.

usage: python -m tests.environments [ENVIRONMENT ...]
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.datasets.layouts import make_folder
from tests.disks import IS_ROOT
from tests.pools import write_scores

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 60
CODES = (2, 75)  # of one line
NOBODY = "12345"
MOUNT = ("unshare", "--mount", "sh", "-c")
TRAINING = (
    "--training-image-size 48 64 --training-batch-size 2 --training-total-iterations 4"
    " --training-num-workers 2 --device cpu"
)
DATA = "--source-root DATA/source --target-root DATA/target"
PHASES = {
    "data check": "--kind folder --root DATA/target --classes a b c --num-workers 2"
    " --out NEW/c.json",
    "pretrain": f"{DATA} --classes a b c {TRAINING} --iterations 2 --out NEW/1.pt",
    "score": "--checkpoint OUT/1.pt --target-root DATA/target --method-score ripu"
    " --method-unit region --radius 1 --round 1 --device cpu --out NEW/scored.h5",
    "acquire": "--scores OUT/scores.h5 --oracle-root DATA/target --method-unit region"
    " --method-allocation dynamic --method-balance none --radius 1 --budget 0.1 --rounds 1"
    " --round 1 --num-classes 3 --out NEW/labels.h5",
    "finetune": f"--checkpoint OUT/1.pt --labels OUT/labels.h5 {DATA} {TRAINING} --until 4"
    " --out NEW/2.pt",
    "evaluate": "--checkpoint OUT/2.pt --val-root DATA/target --device cpu --out NEW/e.json",
}


@dataclass(frozen=True)
class Environment:
    """What surrounds a process.

    Attributes:
        prefix: words before its command, in which NEW stands for the folder of its outputs.
        variables: of the environment; None takes one away.
        name: of the folder in which everything lies.
        needs_root: whether only root can make it.
        succeeds: whether it must end in its result.
        new: name of the folder of its outputs, if they can't stay where inputs come from.
    """

    prefix: Sequence[str] = ()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    name: str = "folder"
    needs_root: bool = False
    succeeds: bool = True
    new: str = "out"


def _after(command: str) -> tuple[str, ...]:
    """A prefix that does something in a shell first."""
    return ("sh", "-c", f'{command} && exec "$@"', "sh")


def _mounted(command: str) -> tuple[str, ...]:
    """The same, with mounts that are seen by the command alone."""
    return (*MOUNT, f'{command} && exec "$@"', "sh")


PLAIN = Environment()
READ_ONLY = f"mount --bind {shlex.quote(str(ROOT))} {shlex.quote(str(ROOT))}"
READ_ONLY += f" && mount -o remount,ro,bind {shlex.quote(str(ROOT))}"
NO_HOME = {"HOME": "/nonexistent", "XDG_CACHE_HOME": None, "NUMBA_CACHE_DIR": None}
ENVIRONMENTS = {
    "small shm": Environment(
        _mounted("mount -t tmpfs -o size=64k tmpfs /dev/shm"), needs_root=True
    ),
    "long TMPDIR": Environment(variables={"TMPDIR": "FOLDER/" + "x" * 150}),
    "no HOME": Environment(variables={**NO_HOME, "HOME": None}),
    "read-only package": Environment(_mounted(READ_ONLY), NO_HOME, needs_root=True),
    "full disk": Environment(
        _mounted("mount -t tmpfs -o size=8k tmpfs NEW"),
        needs_root=True,
        succeeds=False,
        new="full",
    ),
    "few files": Environment(_after("ulimit -n 48"), succeeds=False),
    "C locale": Environment(variables={"LC_ALL": "C", "LANG": "C"}, name="données"),
    "another user": Environment(
        ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        NO_HOME,
        needs_root=True,
    ),
    "other folder": Environment(_after("cd /")),
    "unicode path": Environment(name="数据 d'été {seed} $HOME %s"),
}


def prepare(place: Path, environment: Environment) -> Path:
    """The folder of an environment, with its data."""
    folder = place / environment.name
    for name in ("source", "target"):
        make_folder(folder / "data" / name, 4, 48, 64, 3, np.random.default_rng(0))
    for name in {"out", environment.new}:
        (folder / name).mkdir()
    scores = np.random.default_rng(0).random((4, 48, 64), np.float32)
    ids = [f"{index:03d}" for index in range(4)]
    write_scores(folder / "out/scores.h5", ids, scores, (3 * scores).astype("u1"), 3, 1)
    for word in environment.variables.values():
        if word and word.startswith("FOLDER/"):
            Path(word.replace("FOLDER", str(folder))).mkdir()
    if environment.needs_root:
        place.chmod(0o755)
        for path in (folder, folder / "out", folder / "out/scores.h5"):
            path.chmod(0o777)
    return folder


def run_phase(folder: Path, environment: Environment, phase: str) -> str:
    """What is wrong with how a phase ends; empty if it is right."""
    places = {"DATA": folder / "data", "OUT": folder / "out", "NEW": folder / environment.new}
    places["FOLDER"] = folder

    def fill(word: str) -> str:
        for name, path in places.items():
            word = word.replace(name, str(path))
        return word

    command = [sys.executable, "-m", "cbda", *phase.split(), *map(fill, PHASES[phase].split())]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment.variables}
    new = shlex.quote(str(places["NEW"]))
    prefix = [word.replace("NEW", new) for word in environment.prefix]
    try:
        done = subprocess.run(
            [*prefix, *command],
            cwd=ROOT,
            env={name: fill(word) for name, word in variables.items() if word is not None},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"has not ended after {TIMEOUT_S} s"
    if done.returncode == 0:
        return ""
    told = f"cbda {phase}: error:"
    lines = [line for line in done.stderr.splitlines() if line.startswith(told)]
    is_told = done.returncode in CODES and len(lines) == 1 and "Traceback" not in done.stderr
    is_right = is_told and not environment.succeeds
    return "" if is_right else f"{done.returncode}: {done.stderr[-800:]}"


def main(names: Sequence[str]) -> Iterator[str]:
    """Lines of what happened."""
    for name in names or ENVIRONMENTS:
        environment = ENVIRONMENTS[name]
        if environment.needs_root and not IS_ROOT:
            yield f"{name}: only root can make it"
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = prepare(Path(place), environment)
            for phase in PHASES:
                if environment.new != PLAIN.new:
                    run_phase(folder, PLAIN, phase)  # which makes what the next one reads
                started_s = time.monotonic()
                problem = run_phase(folder, environment, phase)
                yield f"{name}, {phase}: {problem or 'ok'} ({time.monotonic() - started_s:.1f} s)"


if __name__ == "__main__":
    failed = False
    for told in main(sys.argv[1:]):
        print(told, flush=True)
        failed |= ": ok" not in told and "only root" not in told
    sys.exit(failed)
