"""One GPU per job: Snakemake counts GPUs, but does not say which one a job gets.

A job takes the first GPU whose lock file it can lock, and sees no other one. The lock goes when
the process ends, however it ends. Imports no torch, which reads CUDA_VISIBLE_DEVICES only once.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cbda.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"
PRETENDED = "CBDA_PRETEND_GPUS"  # names of GPUs that a test pretends, with commas
SLICE = "MIG-"
LOCK_FOLDER = "CBDA_GPU_LOCKS"
WAIT_S = 0.2
ANSWER_S = 60

_held: list[IO[str]] = []  # locks last as long as their files are open


@dataclass(frozen=True)
class Gpu:
    """A GPU of this machine."""

    token: str  # its name in CUDA_VISIBLE_DEVICES
    uuid: str  # what tells it apart; jobs of a cluster may all call theirs 0


def visible_gpus(environment: Mapping[str, str]) -> list[Gpu]:
    """GPUs that this process may use: those of CUDA_VISIBLE_DEVICES, or all.

    A name that the driver does not know, and whatever follows it, is left out, as CUDA does. A
    slice of a GPU (MIG) has a name of its own, which the list of GPUs does not show.
    """
    gpus = list_gpus(environment)
    if VISIBLE not in environment:
        return gpus
    visible = []
    for token in environment[VISIBLE].split(","):
        name = token.strip()
        # CUDA takes an index, or any beginning of a UUID that no other GPU shares.
        uuids = (g.uuid for g in gpus if name and (name == g.token or g.uuid.startswith(name)))
        found = [name] if gpus and name.startswith(SLICE) else list(uuids)
        if len(found) != 1:
            break
        visible.append(Gpu(name, found[0]))
    return visible


def list_gpus(environment: Mapping[str, str]) -> list[Gpu]:
    """All GPUs that the driver shows, or those that a test pretends."""
    if PRETENDED in environment:
        names = [name for name in environment[PRETENDED].split(",") if name]
        return [Gpu(str(index), name) for index, name in enumerate(names)]
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(
            query, capture_output=True, text=True, check=False, timeout=ANSWER_S
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"nvidia-smi gives no answer within {ANSWER_S} s: the driver is stuck;"
            " device cpu needs none"
        ) from error
    lines = [] if listed.returncode else listed.stdout.splitlines()
    rows = (line.split(", ") for line in lines)
    return [Gpu(row[0].strip(), row[1].strip()) for row in rows if len(row) == 2]


def claim_gpu(environment: MutableMapping[str, str]) -> Gpu | None:
    """Wait for a free GPU, if there are any, lock it for the rest of this process, hide the others.

    Sets CUDA_VISIBLE_DEVICES in the environment. Locks are in a folder of this machine and user.
    """
    gpus, told = visible_gpus(environment), False
    default = Path(tempfile.gettempdir(), f"cbda-gpu-locks-{os.getuid()}")
    folder = Path(environment.get(LOCK_FOLDER, default))
    while gpus:
        for gpu in gpus:
            if _lock(folder / f"{gpu.uuid}.lock"):
                environment[VISIBLE] = gpu.token
                return gpu
        if not told:
            print(f"waiting for one of {len(gpus)} GPUs, all in use", file=sys.stderr, flush=True)
            told = True
        time.sleep(WAIT_S)
    return None


def _lock(path: Path) -> bool:
    """Lock a file until this process ends; False if another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        # Not flock, whose lock a worker process would inherit and keep after a crash.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # systems differ
        file.close()
        return False
    except OSError as error:
        file.close()
        place = f"{LOCK_FOLDER} names a folder where locks work, such as one in /dev/shm"
        raise UserError(f"{path}: cannot be locked: {error.strerror}; {place}") from error
    _held.append(file)
    return True
