"""The state of an unfinished training, from which the same command goes on bit for bit.

It lies beside the output, as `model.pt.resume`, from the first save until the output is there.
It is written every so many seconds, and when a signal asks the job to stop: SIGTERM and SIGUSR1
are what Slurm and machines that may be taken away send before they kill, SIGINT is ctrl-c.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from cbda.errors import InterruptedRunError, UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.lock import exclusive

STATE_FORMAT = "cbda.resume"
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class _Resumable(Protocol):
    @property
    def iteration(self) -> int: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


class ResumableState:
    """Keeps the state of one job, by whose identity it is known, every `interval_s` seconds.

    After the iteration `until` the output is saved, which is no slower than a state.
    """

    def __init__(self, output: Path, job: str, interval_s: float, until: int) -> None:
        self.path = output.with_name(f"{output.name}.resume")
        self.job, self.interval_s, self.until = job, interval_s, until
        self._saved_s = time.monotonic()
        self._signal: signal.Signals | None = None

    @contextmanager
    def resumable(self, trainer: _Resumable) -> Iterator[None]:
        """Go on from the state of an earlier run, and drop it once the block makes the output.

        A signal stops the job after the iteration under way, unless that is the last, a second
        one at once. Of two processes that make the same output, the later one waits for the other
        to end.
        """
        with exclusive(self.path.with_suffix(".lock"), f"trains in {self.path.parent}"):
            self._restore(trainer)
            before = {number: signal.signal(number, self._handle_signal) for number in SIGNALS}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
            self.path.unlink(missing_ok=True)

    def _restore(self, trainer: _Resumable) -> None:
        if not self.path.exists():
            return
        try:
            state = load_checkpoint(self.path, STATE_FORMAT)
            if state.get("job") != self.job:
                raise UserError(f"{self.path} is of another job")
            trainer.restore(state)
            print(f"goes on after iteration {trainer.iteration}, from {self.path}")
        except UserError as error:
            print(f"starts from the beginning: {error}")

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        self._signal = signal.Signals(number)
        for other in (signal.SIGTERM, signal.SIGINT):
            signal.signal(other, signal.SIG_DFL)

    def after_iteration(self, trainer: _Resumable) -> None:
        """Save if it is time to; if a signal asked for it, stop by an `InterruptedRunError`.

        Neither happens after the last iteration.
        """
        is_due = self._signal is not None or time.monotonic() - self._saved_s >= self.interval_s
        if trainer.iteration == self.until or not is_due:
            return
        save_checkpoint(self.path, {**trainer.state(), "job": self.job}, STATE_FORMAT)
        self._saved_s = time.monotonic()
        if self._signal is not None:
            stopped = f"stopped by {self._signal.name} after iteration {trainer.iteration}"
            advice = f"the same command goes on from there ({self.path})"
            raise InterruptedRunError(f"{stopped}; {advice}")


def ignore_termination(worker: int = 0) -> None:
    """Have a process that loads images leave it to the training process to stop.

    Slurm signals every process of a job; a worker that died of it would take the training down
    in the middle of an iteration.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
