"""How batches come from the processes that load them.

They are put into shared memory, whose names are all that is sent. Where there is none to be had, as
in a container with a small /dev/shm, or with few open files allowed, pixels are sent instead, which
is slower. Whatever fails does so where it can be said: what torch hands over in a thread of its own
is lost if that fails, and waited for in vain.
"""

import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cbda.errors import UserError
from cbda.models.inputs import Inputs

MAX_FOLDER_CHARS = 60  # of temporary files: the path of a socket in it has to fit in 107
SHORT_FOLDER = "/tmp"
OF_A_WORKER = "DataLoader worker"  # torch's words for one that ended, at any moment
FEWER = "of which fewer processes (training.num_workers) need less"
SPARE_PIPES = 4  # two open files each, of which a thread that hands over needs some

_refused: set[str] = set()  # why this process shares no memory, once it was refused any


def worker_ended(reason: str) -> UserError:
    """The error of a process that loads images and is no more."""
    ended = "a process that loads images was ended, by hand or for want of memory"
    return UserError(f"{ended} ({' '.join(reason.split())}), {FEWER}")


class Batch(NamedTuple):
    """One iteration: images (B,3,h,w) float32, labels (B,H,W) uint8; target may be absent.

    In place of images there may be features (B,C,h,w) of several scales.
    """

    source_image: Inputs
    source_label: Tensor
    target_image: Inputs | None = None
    target_label: Tensor | None = None


def _each(change: Callable[[Any], Any], part: Any) -> Any:
    """A part of a batch, or every scale of it, changed."""
    return [change(scale) for scale in part] if isinstance(part, list) else change(part)


@dataclass(frozen=True)
class Packed:
    """A batch on its way from one process to another."""

    content: bytes

    def unpack(self) -> Batch:
        """The batch, once only; a `UserError` if the process that loaded it is gone."""
        try:
            parts = pickle.loads(self.content)
        except (ConnectionError, FileNotFoundError, EOFError) as error:
            raise worker_ended(str(error)) from error
        except (OSError, RuntimeError) as error:  # the latter is a file that finds no room
            if str(error).startswith(OF_A_WORKER):
                raise
            raise UserError(f"no more open files are allowed (ulimit -n), {FEWER}") from error
        return Batch(*(_each(torch.as_tensor, part) for part in parts))

    def pin_memory(self) -> Batch:
        """The batch in memory that a CUDA device reads fastest; torch calls it in a thread."""
        parts = [part for part in self.unpack() if part is not None]
        return Batch(*(_each(Tensor.pin_memory, part) for part in parts))


def pack(batch: Batch) -> Packed:
    """Hand over a batch, in shared memory unless that has been refused."""
    parts = [part for part in batch if part is not None]
    if not _refused:
        try:
            _require_spare_files()
            for part in parts:
                _each(Tensor.share_memory_, part)
            return Packed(bytes(ForkingPickler.dumps(parts)))
        except (OSError, RuntimeError) as error:
            _refused.add(reason := " ".join(str(error).split())[:200])
            advice = "give the container more of it (--shm-size), or set training.num_workers to 0"
            line = f"no shared memory for images, whose loading gets slower: {reason}; {advice}"
            print(line, file=sys.stderr, flush=True)
    arrays = [_each(Tensor.numpy, part) for part in parts]
    return Packed(pickle.dumps(arrays, protocol=pickle.HIGHEST_PROTOCOL))


def _require_spare_files() -> None:
    """Raise an `OSError` if a process is about to have too many open files."""
    opened: list[int] = []
    try:
        for _ in range(SPARE_PIPES):
            opened += os.pipe()
    finally:
        for descriptor in opened:
            os.close(descriptor)


def shorten_temporary_folder() -> None:
    """Have this process put its sockets where their paths are short enough."""
    folder = tempfile.gettempdir()
    if len(os.fsencode(folder)) > MAX_FOLDER_CHARS and os.access(SHORT_FOLDER, os.W_OK | os.X_OK):
        tempfile.tempdir = SHORT_FOLDER
