"""What tells two jobs apart."""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.datasets.digest import content_digest
from cbda.settings.user_code import own_code_digest, without_folder
from cbda.workflow.fingerprint import fingerprint

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset

# Options that change where, how fast or how safely a job trains, but not what it learns.
NEUTRAL = (
    *("out", "metrics", "history", "tensorboard", "run", "command"),
    *("state_interval_s", "training_num_workers"),
)
PLACES = ("_root", "_report", "_features")  # ends of others


def identify_job(
    args: argparse.Namespace, inputs: Sequence[Path | None], datasets: Sequence["Dataset | None"]
) -> str:
    """A digest of all that decides what a job learns: options, files, code.

    Inputs count by their content and not by their place, and so do datasets: by the reports of
    their checks or, without one, by name, size and time of change of their files.
    """
    places = {Path(path) for path in inputs if path is not None}
    options = {
        name: without_folder(str(value))
        for name, value in vars(args).items()
        if name not in NEUTRAL and not name.endswith(PLACES) and Path(str(value)) not in places
    }
    digest = hashlib.sha256(f"{fingerprint(args.command)} {sorted(options.items())}".encode())
    for path in filter(None, inputs):
        digest.update(content_digest(path).encode())
    for name, dataset in zip(("source", "target"), datasets, strict=True):
        report = getattr(args, f"{name}_report", None)
        if dataset is not None:
            digest.update(_describe(dataset, report).encode())
    return digest.hexdigest()


def _describe(dataset: "Dataset", report: Path | None) -> str:
    if report is not None:
        return content_digest(report)
    lines = [own_code_digest(dataset.kind)]
    for record in dataset.records:
        for path in (record.image_path, record.label_path):
            status, name = path.stat(), path.relative_to(dataset.root)
            lines.append(f"{name} {status.st_size} {status.st_mtime_ns}\n")
    return "".join(lines)
