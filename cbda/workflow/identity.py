"""What tells two jobs apart."""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.datasets.digest import content_digest
from cbda.settings.user_code import is_place, source_file
from cbda.workflow.fingerprint import fingerprint

if TYPE_CHECKING:
    from cbda.datasets.dataset import Dataset

# Options that change where, how fast or how safely a job trains, but not what it learns.
NEUTRAL = (
    *("out", "metrics", "history", "tensorboard", "run", "command"),
    *("state_interval_s", "training_num_workers"),
)


def identify_job(
    args: argparse.Namespace, inputs: Sequence[Path | None], datasets: Sequence["Dataset | None"]
) -> str:
    """A digest of all that decides what a job learns: options, files, code.

    Inputs count by their content, files of datasets by name, size and time of change.
    """
    options = {name: str(value) for name, value in vars(args).items() if name not in NEUTRAL}
    digest = hashlib.sha256(f"{fingerprint(args.command)} {sorted(options.items())}".encode())
    for path in filter(None, inputs):
        digest.update(content_digest(path).encode())
    for dataset in filter(None, datasets):
        if is_place(dataset.kind):
            digest.update(content_digest(source_file(dataset.kind)).encode())
        for record in dataset.records:
            for path in (record.image_path, record.label_path):
                status = path.stat()
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
