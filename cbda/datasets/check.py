"""Looks at every file of a dataset and notes all that is wrong."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.dataset import Dataset
from cbda.datasets.listing import Fault
from cbda.datasets.pictures import Size, describe_size
from cbda.datasets.statistics import label_counts
from cbda.errors import UserError


@dataclass
class Findings:
    """What a check found.

    Attributes:
        sizes: image path to (height, width).
        counts: (C + 1,) int64 pixels by class, void last.
        faults: message to the file at fault.
    """

    counts: NDArray[np.int64]
    sizes: dict[Path, Size] = field(default_factory=dict)
    faults: dict[str, Path] = field(default_factory=dict)

    def blame(self, path: Path, message: str) -> None:
        """Note a fault, once."""
        self.faults.setdefault(message, path)

    @contextmanager
    def blaming(self, path: Path) -> Iterator[None]:
        """Note a `UserError` of the block as a fault of the file."""
        try:
            yield
        except UserError as error:
            self.blame(path, str(error))

    def count_sizes(self) -> list[tuple[Size, int]]:
        """Sizes with their number of images, the most frequent first."""
        return sorted(Counter(self.sizes.values()).items(), key=lambda item: (-item[1], item[0]))


def _look_at_headers(dataset: Dataset, index: int, findings: Findings) -> None:
    record = dataset.records[index]
    with findings.blaming(record.image_path):
        findings.sizes[record.image_path] = dataset.image_size(index)
    with findings.blaming(record.label_path):
        dataset.pair_size(index)


def _look_at_pixels(dataset: Dataset, index: int, findings: Findings) -> None:
    record = dataset.records[index]
    with findings.blaming(record.image_path):
        dataset.read_image(index)
    with findings.blaming(record.label_path):
        findings.counts += label_counts(dataset.read_label(index), len(dataset.classes))


def check_dataset(dataset: Dataset, faults: list[Fault], headers_only: bool = False) -> Findings:
    """Read every pair of a dataset.

    Args:
        dataset: what to read.
        faults: those that the listing found already.
        headers_only: leave the pixels unread.

    Returns:
        Sizes, class counts (0 if the pixels are left unread) and every fault.
    """
    findings = Findings(np.zeros(len(dataset.classes) + 1, dtype=np.int64))
    for fault in faults:
        findings.blame(fault.path, fault.message)
    for index in range(len(dataset)):
        _look_at_headers(dataset, index, findings)
        if not headers_only:
            _look_at_pixels(dataset, index, findings)
    return findings


def require_labelled(dataset: Dataset, findings: Findings) -> None:
    """Note it as a fault if no pixel belongs to a class."""
    if not findings.counts[:-1].any():
        findings.blame(dataset.root, f"{dataset.root}: no pixel belongs to any of the classes")


def require_count(dataset: Dataset, num_images: int, findings: Findings) -> None:
    """Note it as a fault if there are more or fewer pairs than expected."""
    if len(dataset) != num_images:
        message = f"{dataset.root}: {len(dataset)} pairs found, {num_images} expected"
        findings.blame(dataset.root, message)


def require_uniform_size(findings: Findings) -> None:
    """Note every image whose size is not the most frequent one as a fault."""
    counted = findings.count_sizes()
    for path, size in findings.sizes.items():
        if size != counted[0][0]:
            usual = describe_size(counted[0][0])
            findings.blame(path, f"{path}: is {describe_size(size)}, most images are {usual}")
