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
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

VISIBLE = "CUDA_VISIBLE_DEVICES"
PRETENDED = "CBDA_PRETEND_GPUS"  # names of GPUs that a test pretends, with commas
SLICE = "MIG-"
LOCK_FOLDER = "CBDA_GPU_LOCKS"
WAIT_S = 0.2

_held: list[IO[str]] = []  # locks last as long as their files are open


@dataclass(frozen=True)
class Gpu:
    """A GPU of this machine.

    Attributes:
        token: its name in CUDA_VISIBLE_DEVICES.
        uuid: what tells it apart; jobs of a cluster may all call theirs 0.
    """

    token: str
    uuid: str


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
        if gpus and name.startswith(SLICE):
            visible.append(Gpu(name, name))
            continue
        found = [gpu for gpu in gpus if _is_called(gpu, name)]
        if len(found) != 1:
            break
        visible.append(Gpu(name, found[0].uuid))
    return visible


def _is_called(gpu: Gpu, token: str) -> bool:
    """CUDA takes an index, or any beginning of a UUID that no other GPU shares."""
    return bool(token) and (token == gpu.token or gpu.uuid.startswith(token))


def list_gpus(environment: Mapping[str, str]) -> list[Gpu]:
    """All GPUs that the driver shows, or those that a test pretends."""
    if PRETENDED in environment:
        names = [name for name in environment[PRETENDED].split(",") if name]
        return [Gpu(str(index), name) for index, name in enumerate(names)]
    if shutil.which("nvidia-smi") is None:
        return []
    query = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    listed = subprocess.run(query, capture_output=True, text=True, check=False)
    rows = (
        [line.split(", ") for line in listed.stdout.splitlines()] if not listed.returncode else []
    )
    return [Gpu(row[0].strip(), row[1].strip()) for row in rows if len(row) == 2]


def claim_gpu(environment: MutableMapping[str, str]) -> Gpu | None:
    """Wait for a free GPU, lock it for the rest of this process, and hide the others.

    Args:
        environment: of the process; CUDA_VISIBLE_DEVICES is set in it.

    Returns:
        The GPU; None if there are none.
    """
    gpus = visible_gpus(environment)
    if not gpus:
        return None
    gpu = _wait_for_one(gpus, lock_folder(environment))
    environment[VISIBLE] = gpu.token
    return gpu


def lock_folder(environment: Mapping[str, str]) -> Path:
    """Where locks lie: a folder of the machine, one per user."""
    default = Path(tempfile.gettempdir(), f"cbda-gpu-locks-{os.getuid()}")
    return Path(environment.get(LOCK_FOLDER, default))


def _wait_for_one(gpus: Sequence[Gpu], folder: Path) -> Gpu:
    folder.mkdir(parents=True, exist_ok=True)
    told = False
    while True:
        for gpu in gpus:
            if _lock(folder / f"{gpu.uuid}.lock"):
                return gpu
        if not told:
            print(f"waiting for one of {len(gpus)} GPUs, all in use", file=sys.stderr, flush=True)
            told = True
        time.sleep(WAIT_S)


def _lock(path: Path) -> bool:
    """Lock a file until this process ends; False if another process holds it."""
    file = path.open("a")
    try:
        # Not flock, whose lock a worker process would inherit and keep after a crash.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    return True
