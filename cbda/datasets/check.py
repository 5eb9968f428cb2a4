"""Reads every file of a dataset and reports all that is wrong."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cbda.datasets.dataset import Dataset, label_counts
from cbda.datasets.digest import content_digest
from cbda.datasets.generated import MANIFEST, class_names, find_changes
from cbda.datasets.ids import VOID
from cbda.datasets.listing import SKIP_FILE, Listing, name_some
from cbda.datasets.palettes import name_colours
from cbda.datasets.pictures import SCALE_IT, Size, describe_size, read_depth
from cbda.datasets.workers import map_pairs
from cbda.errors import UserError, counted

TOP_BIT = 128  # of the upper 8 of 16 bits
NUM_FAULTS_APART = 5  # of a kind; more of them share a line
NUM_FILES_NAMED = 20  # in such a line
NUMBERS = r"\S*\d\S*( \S*\d\S*)*"  # one, or a list of them


@dataclass
class Findings:
    """What a check found."""

    counts: NDArray[np.int64]  # (C + 1,) pixels by class, void last
    sizes: dict[Path, Size] = field(default_factory=dict)  # of images
    contents: dict[Path, str] = field(default_factory=dict)  # digests of files that were read
    faults: dict[str, Path] = field(default_factory=dict)  # message to the file at fault
    warnings: list[str] = field(default_factory=list)  # what is odd, but may be meant
    num_counted: int = 0  # labels whose pixels are among the counts
    num_deep: int = 0  # images of 16 bits a channel
    brightest: int = 0  # of the upper 8 bits of their values
    palettes: set[bytes] = field(default_factory=set)  # 3 bytes a colour; none for greyscale
    # Whether a label holds but greys, and an id, to the colour that it has, and where.
    colours: dict[tuple[bool, int], tuple[bytes, Path]] = field(default_factory=dict)

    def report(self, path: Path, problem: str) -> None:
        """Take down a fault of a file, once."""
        self.faults.setdefault(f"{path}: {problem}", path)

    def add(self, other: "Findings") -> None:
        """Take over what was found in a later pair."""
        self.counts += other.counts
        self.sizes |= other.sizes
        self.contents |= other.contents
        self.faults |= other.faults
        self.num_counted += other.num_counted
        self.num_deep += other.num_deep
        self.brightest = max(self.brightest, other.brightest)
        self.palettes |= other.palettes
        self._compare_colours(other)

    def _compare_colours(self, other: "Findings") -> None:
        """Report it if a label draws an id in another colour than an earlier one."""
        for (is_grey, index), (colour, path) in other.colours.items():
            known, first = self.colours.setdefault((is_grey, index), (colour, path))
            if known != colour:
                self.report(
                    path,
                    f"its palette shows id {index} as #{colour.hex()}, that of {first.name} as"
                    f" #{known.hex()}: which ids are right? Programs that make files smaller"
                    " permute them",
                )
                return

    @contextmanager
    def reporting(self, path: Path) -> Iterator[None]:
        """Report a `UserError` of the block as a fault of the file."""
        try:
            yield
        except UserError as error:
            self.faults.setdefault(str(error), path)

    def count_sizes(self) -> list[tuple[Size, int]]:
        """Sizes with their number of images, the most frequent first."""
        return sorted(Counter(self.sizes.values()).items(), key=lambda item: (-item[1], item[0]))

    def describe_faults(self) -> list[str]:
        """A line for every fault, or for many that differ in names and numbers alone."""
        kinds: dict[str, list[str]] = {}
        for message, path in self.faults.items():
            reason = message.removeprefix(f"{path}: ")
            nameless = re.sub(rf"(?<!\w){re.escape(path.stem)}(?!\w)", "#", reason)
            kinds.setdefault(re.sub(NUMBERS, "#", nameless), []).append(message)
        lines = []
        for first, *others in kinds.values():
            if len(others) < NUM_FAULTS_APART:
                lines += [first, *others]
            else:
                named = name_some([self.faults[other].name for other in others], NUM_FILES_NAMED)
                lines.append(f"{first} (and {len(others):,} more of this kind: {named})")
        return lines


def check_headers(dataset: Dataset, index: int) -> Findings:
    """Read the headers of one pair."""
    record = dataset.records[index]
    findings = Findings(np.zeros(len(dataset.classes) + 1, np.int64))
    with findings.reporting(record.image_path):
        findings.sizes[record.image_path] = dataset.image_size(index)
        findings.num_deep = int(read_depth(record.image_path))
    if dataset.has_labels:
        with findings.reporting(record.label_path):
            findings.palettes.add(dataset.label_palette(index))
    return findings


def check_pixels(dataset: Dataset, index: int) -> Findings:
    """Read all of one pair."""
    record, findings = dataset.records[index], check_headers(dataset, index)
    with findings.reporting(record.image_path):
        image = dataset.read_image(index)
        findings.brightest = int(image.max()) if findings.num_deep else 0
    if dataset.has_labels:
        _check_label(dataset, index, findings)
    for path in (record.image_path, record.label_path):
        with suppress(OSError, UserError):  # a fault, reported above
            findings.contents[path] = content_digest(path)
    return findings


def _check_label(dataset: Dataset, index: int, findings: Findings) -> None:
    path = dataset.records[index].label_path
    with findings.reporting(path):
        ids = dataset.read_ids(index)
        label = dataset.to_train_ids(index, ids)
        findings.counts += label_counts(label, len(dataset.classes))
        findings.num_counted = 1
        for palette in findings.palettes:
            for key, colour in name_colours(palette, ids):
                findings.colours[key] = (colour, path)


def check_dataset(dataset: Dataset, listing: Listing, fast: bool, num_workers: int) -> Findings:
    """Read every pair of a dataset, or its headers; faults of the listing are among the findings.

    Returns:
        Sizes, class counts (0 if fast), every fault, and what is odd.
    """
    findings = Findings(np.zeros(len(dataset.classes) + 1, np.int64), faults={**listing.faults})
    check = check_headers if fast else check_pixels
    found = map_pairs(check, dataset, num_workers)
    for one in tqdm(found, total=len(dataset), mininterval=5, delay=5, desc="check"):
        findings.add(one)
    for path, problem in find_changes(dataset.root, listing.paths, findings.contents):
        findings.report(path, problem)
    findings.warnings += listing.describe_passed_over()
    if listing.unmatched:
        named = name_some([repr(image_id) for image_id in sorted(listing.unmatched)])
        findings.warnings.append(
            f"{SKIP_FILE}: {len(listing.unmatched):,} of its image ids, which are file names"
            f" without their end, match no file here: {named}"
        )
    if fast:
        _judge_headers(findings)
    else:
        _judge_pixels(dataset, findings)
    return findings


def _judge_headers(findings: Findings) -> None:
    """Tell what headers leave open."""
    if findings.num_deep:
        findings.warnings.append(
            f"{counted(findings.num_deep, 'images')} of 16 bits, of which the upper 8 are read;"
            " whether these hold the picture shows without --fast"
        )
    if len(findings.palettes) > 1:
        findings.warnings.append(
            f"labels have {len(findings.palettes):,} palettes; whether one of them permutes the"
            " ids shows without --fast"
        )


def _judge_pixels(dataset: Dataset, findings: Findings) -> None:
    """Report upper bits that 16-bit images leave unused, and labels that tell nothing apart."""
    if 0 < findings.brightest < TOP_BIT:
        left = findings.brightest.bit_length()
        findings.report(
            dataset.root,
            f"{findings.num_deep:,} images of 16 bits hold {8 + left} bits at"
            f" most, of which {left} are left when the upper 8 are read: {SCALE_IT}",
        )
    counts, num_void = findings.counts[:-1], findings.counts[-1]
    missing = [name for name, count in zip(dataset.classes, counts, strict=True) if not count]
    if not findings.num_counted:
        return  # every label is a fault
    if not counts.any():
        num_left = len(dataset) - findings.num_counted
        problem = (
            f"no pixel of {findings.num_counted:,} labels belongs to any of the classes;"
            f" {num_left:,} labels with faults are not counted"
        )
        empty = "no pixel belongs to any of the classes"
        findings.report(dataset.root, problem if num_left else empty)
    elif num_void and len(missing) == len(counts) - 1 > 0 and dataset.layout.names is None:
        index = int(counts.argmax())
        findings.report(
            dataset.root,
            f"labels hold only {index} ({dataset.classes[index]!r}) and {VOID}, which is void, not"
            " a class: nothing is left to tell apart; ids of classes are 0 to"
            f" {len(counts) - 1}, also where masks have {VOID} for the object",
        )
    elif missing:
        findings.warnings.append(f"no pixel belongs to {', '.join(map(repr, missing))}")


def require_count(dataset: Dataset, num_skipped: int, num_images: int, findings: Findings) -> None:
    """Report it if there are more or fewer pairs, with the skipped ones, than expected."""
    if len(dataset) + num_skipped != num_images:
        skipped = f" and {num_skipped} skipped" if num_skipped else ""
        problem = f"{len(dataset)} pairs found{skipped}, {num_images} expected"
        findings.report(dataset.root, problem)


def require_same_names(dataset: Dataset, findings: Findings) -> None:
    """Report it if a generated set was made with other classes than ids are taken for."""
    folder = dataset.root / dataset.split
    names = class_names(folder) if dataset.has_labels and dataset.layout.names is None else ()
    if names and names != dataset.classes:
        pairs = enumerate(zip_longest(names, dataset.classes))
        index, found = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
        made, taken = ("no class" if name is None else repr(name) for name in found)
        findings.report(
            folder / MANIFEST,
            f"id {index} is {made} in this generated set, and {taken} in classes; give a set"
            f" with your classes, or label_ids of each of them; made were {', '.join(names)}",
        )


def require_uniform_size(findings: Findings) -> None:
    """Report every image whose size is not the most frequent one."""
    counted = findings.count_sizes()
    for path, size in findings.sizes.items():
        if size != counted[0][0]:
            usual = describe_size(counted[0][0])
            findings.report(path, f"is {describe_size(size)}, most images are {usual}")
