"""The course of a training, one row an iteration, which outlasts a kill."""

import atexit
import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import torch

from cbda.errors import UserError
from cbda.training.trainer import Trainer

COLUMNS = (
    *("iteration", "loss", "source", "consistency", "target", "negative"),
    *("lr", "gradient_norm", "images_per_second"),
)
TERMS = COLUMNS[2:6]  # of the loss, weighted
Row = dict[str, float]  # by column; a term that the loss lacks is absent


@dataclass
class RecordedTraining:
    """A trainer with what was measured in every iteration of its job.

    Whoever is told of a row gets it as soon as it is there.
    """

    trainer: Trainer
    tell: Callable[[Row], None] = lambda row: None
    rows: list[Row] = field(default_factory=list)
    _last_s: float = field(default_factory=time.perf_counter)

    @property
    def iteration(self) -> int:
        """The next iteration."""
        return self.trainer.iteration

    def state(self) -> dict[str, Any]:
        """That of the trainer, and the rows so far, (iterations, columns) float64."""
        values = [[row.get(name, torch.nan) for name in COLUMNS] for row in self.rows]
        return {**self.trainer.state(), "history": torch.tensor(values, dtype=torch.float64)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state; one of an earlier version has no rows."""
        self.trainer.restore(state)
        rows = state.get("history", torch.zeros(0, len(COLUMNS))).tolist()
        self.rows = [
            {name: value for name, value in zip(COLUMNS, row, strict=True) if value == value}
            for row in rows
        ]

    def record(self) -> None:
        """Add what the trainer has just done."""
        trainer, now_s = self.trainer, time.perf_counter()
        num_images = trainer.settings.batch_size * (2 if "target" in trainer.terms else 1)
        row = {
            "iteration": trainer.iteration - 1,
            "loss": sum(trainer.terms.values()),
            **trainer.terms,
            "lr": trainer.optimizer.param_groups[0]["lr"],
            "gradient_norm": trainer.gradient_norm(),
            "images_per_second": num_images / (now_s - self._last_s),
        }
        self.rows.append(row)
        self._last_s = now_s
        self.tell(row)


def format_history(rows: list[Row]) -> str:
    """The content of `history.csv`; a term that a loss lacks is empty."""
    stream = StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        words = {name: f"{value:.6g}" for name, value in row.items()}
        writer.writerow({**words, "iteration": int(row["iteration"])})
    return stream.getvalue()


def tensorboard_writer(folder: Path, iteration: int) -> Callable[[Row], None]:
    """Write rows as TensorBoard reads them; what a killed job wrote from an iteration on is hidden.

    Raises:
        UserError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UserError(
            "compute.tensorboard: TensorBoard is not installed; allowed: false, or"
            ' pip install -c envs/constraints.txt -e ".[tensorboard]"'
        ) from error
    writer = SummaryWriter(str(folder), purge_step=iteration)
    atexit.register(writer.close)  # else what it holds back is lost

    def write(row: Row) -> None:
        for name in sorted(row.keys() - {"iteration"}):
            writer.add_scalar(f"train/{name}", row[name], int(row["iteration"]))

    return write
