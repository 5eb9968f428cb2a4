"""The state of an unfinished training, from which the same command goes on bit for bit.

It lies beside the output, as `model.pt.resume`, from the first save until the output is there.
It is written every so many seconds, and when a signal asks the job to stop: SIGTERM, SIGUSR1,
SIGUSR2 and SIGXCPU are what queues and machines that may be taken away send before they kill,
SIGHUP comes from a terminal that is closed, SIGINT is ctrl-c.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, TypeVar

from cbda.errors import InterruptedRunError
from cbda.files.atomic import DamagedFileError, set_aside
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.lock import exclusive

Item = TypeVar("Item", covariant=True)
STATE_FORMAT = "cbda.resume"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU,
           signal.SIGHUP)  # fmt: skip
AT_ONCE = (signal.SIGTERM, signal.SIGINT)  # the second time


class _Resumable(Protocol):
    @property
    def iteration(self) -> int: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


class Batches(Protocol[Item]):
    """What is trained on, one after the other."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Item]: ...


class _WaitEndedError(Exception):
    """A signal came while nothing was computed."""


class ResumableState:
    """Keeps the state of one job, by whose identity it is known, every `interval_s` seconds.

    After the iteration `until` the output is saved, which is no slower than a state.
    """

    def __init__(self, output: Path, job: str, interval_s: float, until: int) -> None:
        self.output, self.path = output, output.with_name(f"{output.name}.resume")
        self.job, self.interval_s, self.until = job, interval_s, until
        self._saved_s = time.monotonic()
        self._signal: signal.Signals | None = None
        self._waits = False  # for a batch, between two iterations

    @contextmanager
    def resumable(self, trainer: _Resumable) -> Iterator[None]:
        """Go on from the state of an earlier run, and drop it once the block makes the output.

        A signal stops the job after the iteration under way, unless that is the last, or while it
        waits for `interruptible` batches; a second one at once. A SIGHUP that was to be ignored,
        as by nohup, stays so. Of two processes that make the same output, the later one waits for
        the other to end.

        Raises:
            UserError: there is a state that can't be read, though it may be a good one.
        """
        lock, output = self.path.with_suffix(".lock"), self.output
        with exclusive(lock, output, f"trains in {output.parent}"):
            self._restore(trainer)
            numbers = [number for number in SIGNALS if not _is_ignored(number)]
            before = {number: signal.signal(number, self._handle_signal) for number in numbers}
            try:
                yield
            except _WaitEndedError:
                self._stop(trainer)
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
            self.path.unlink(missing_ok=True)

    def _restore(self, trainer: _Resumable) -> None:
        if not self.path.exists():
            return
        try:
            state = load_checkpoint(self.path, STATE_FORMAT)
        except DamagedFileError as error:
            self._pass_over("damaged", str(error))
            return
        if state.get("job") != self.job:
            self._pass_over("foreign", f"{self.path} is of another job")
            return
        try:
            trainer.restore(state)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._pass_over("foreign", f"{self.path} does not fit this job ({error})")
            return
        print(f"goes on after iteration {trainer.iteration}, from {self.path}")

    def _pass_over(self, why: str, reason: str) -> None:
        kept = set_aside(self.path, why)
        print(f"starts from the beginning: {reason}; it is kept as {kept.name}")

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        self._signal = signal.Signals(number)
        for other in AT_ONCE:
            signal.signal(other, signal.SIG_DFL)
        if self._waits:
            raise _WaitEndedError

    def interruptible(self, batches: Batches[Item]) -> Iterator[Item]:
        """The same batches, but a signal that comes while one is waited for stops the job."""
        remaining = iter(batches)
        for _ in range(len(batches)):
            self._waits = True
            if self._signal is not None:
                raise _WaitEndedError
            batch = next(remaining)
            self._waits = False
            yield batch
        yield from remaining  # nothing, but workers are told that it is the end

    def after_iteration(self, trainer: _Resumable) -> None:
        """Save if it is time to; if a signal asked for it, stop by an `InterruptedRunError`.

        Neither happens after the last iteration.
        """
        is_due = self._signal is not None or time.monotonic() - self._saved_s >= self.interval_s
        if trainer.iteration == self.until or not is_due:
            return
        if self._signal is not None:
            self._stop(trainer)
        self._save(trainer)

    def _save(self, trainer: _Resumable) -> None:
        save_checkpoint(self.path, {**trainer.state(), "job": self.job}, STATE_FORMAT)
        self._saved_s = time.monotonic()

    def _stop(self, trainer: _Resumable) -> None:
        self._save(trainer)
        name = signal.Signals(self._signal or 0).name
        stopped = f"stopped by {name} after iteration {trainer.iteration}"
        raise InterruptedRunError(f"{stopped}; the same command goes on from there ({self.path})")


def _is_ignored(number: signal.Signals) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


def ignore_termination() -> None:
    """Have a process that loads images leave it to the training process to stop.

    Slurm signals every process of a job; a worker that died of it would take the training down
    in the middle of an iteration.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
