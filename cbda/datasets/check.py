"""Reads every file of a dataset and reports all that is wrong."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cbda.datasets.dataset import Dataset
from cbda.datasets.digest import content_digest
from cbda.datasets.listing import Fault
from cbda.datasets.pictures import Size, describe_size
from cbda.datasets.statistics import label_counts
from cbda.datasets.workers import map_pairs
from cbda.errors import UserError


@dataclass
class Findings:
    """What a check found.

    Attributes:
        sizes: image path to (height, width).
        contents: path to a digest of what a file holds, of those that were read.
        counts: (C + 1,) int64 pixels by class, void last.
        faults: message to the file at fault.
    """

    counts: NDArray[np.int64]
    sizes: dict[Path, Size] = field(default_factory=dict)
    contents: dict[Path, str] = field(default_factory=dict)
    faults: dict[str, Path] = field(default_factory=dict)

    def report(self, path: Path, message: str) -> None:
        """Take down a fault, once."""
        self.faults.setdefault(message, path)

    def add(self, other: "Findings") -> None:
        """Take over what was found elsewhere."""
        self.counts += other.counts
        self.sizes.update(other.sizes)
        self.contents.update(other.contents)
        for message, path in other.faults.items():
            self.report(path, message)

    @contextmanager
    def reporting(self, path: Path) -> Iterator[None]:
        """Report a `UserError` of the block as a fault of the file."""
        try:
            yield
        except UserError as error:
            self.report(path, str(error))

    def count_sizes(self) -> list[tuple[Size, int]]:
        """Sizes with their number of images, the most frequent first."""
        return sorted(Counter(self.sizes.values()).items(), key=lambda item: (-item[1], item[0]))


def _start(dataset: Dataset) -> Findings:
    return Findings(np.zeros(len(dataset.classes) + 1, dtype=np.int64))


def check_headers(dataset: Dataset, index: int) -> Findings:
    """Read the headers of one pair."""
    record, findings = dataset.records[index], _start(dataset)
    with findings.reporting(record.image_path):
        findings.sizes[record.image_path] = dataset.image_size(index)
    with findings.reporting(record.label_path):
        dataset.pair_size(index)
    return findings


def check_pixels(dataset: Dataset, index: int) -> Findings:
    """Read all of one pair."""
    record, findings = dataset.records[index], check_headers(dataset, index)
    with findings.reporting(record.image_path):
        dataset.read_image(index)
    with findings.reporting(record.label_path):
        findings.counts += label_counts(dataset.read_label(index), len(dataset.classes))
    for path in (record.image_path, record.label_path):
        with suppress(OSError):  # reported above
            findings.contents[path] = content_digest(path)
    return findings


def check_dataset(
    dataset: Dataset, faults: list[Fault], headers_only: bool = False, num_workers: int = 1
) -> Findings:
    """Read every pair of a dataset.

    Args:
        dataset: what to read.
        faults: those that the listing found already.
        headers_only: leave the pixels unread.
        num_workers: processes that read.

    Returns:
        Sizes, class counts (0 if the pixels are left unread) and every fault.
    """
    findings = _start(dataset)
    for fault in faults:
        findings.report(fault.path, fault.message)
    check = check_headers if headers_only else check_pixels
    found = map_pairs(check, dataset, num_workers)
    for one in tqdm(found, total=len(dataset), mininterval=5, delay=5, desc="check"):
        findings.add(one)
    return findings


def require_labelled(dataset: Dataset, findings: Findings) -> None:
    """Report it if no pixel belongs to a class."""
    if not findings.counts[:-1].any():
        findings.report(dataset.root, f"{dataset.root}: no pixel belongs to any of the classes")


def require_count(dataset: Dataset, num_skipped: int, num_images: int, findings: Findings) -> None:
    """Report it if there are more or fewer pairs, with the skipped ones, than expected."""
    if len(dataset) + num_skipped != num_images:
        skipped = f" and {num_skipped} skipped" if num_skipped else ""
        message = f"{dataset.root}: {len(dataset)} pairs found{skipped}, {num_images} expected"
        findings.report(dataset.root, message)


def require_uniform_size(findings: Findings) -> None:
    """Report every image whose size is not the most frequent one."""
    counted = findings.count_sizes()
    for path, size in findings.sizes.items():
        if size != counted[0][0]:
            usual = describe_size(counted[0][0])
            findings.report(path, f"{path}: is {describe_size(size)}, most images are {usual}")
