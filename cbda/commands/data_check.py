"""Pair, read and count a data set, and list everything that is wrong with it.

Image ids in `cbda_skip.txt` in the root, one a line, are left out.
"""

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.commands.options import add_output_option
from cbda.errors import UserError, counted
from cbda.settings.datasets import CheckedDatasetSettings, DataCheckSettings
from cbda.settings.options import add_options
from cbda.settings.user_code import own_code_digest, without_folder

if TYPE_CHECKING:
    from cbda.datasets.check import Findings
    from cbda.datasets.dataset import Dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_options(parser, "", CheckedDatasetSettings, required=("kind", "root"))
    add_options(parser, "", DataCheckSettings)
    parser.add_argument("--classes", nargs="+", metavar="NAME", help="(default: the kind's own)")
    parser.add_argument("--uniform-size", action="store_true", help="images must be of one size")
    add_output_option(parser, "report.json, written if there are no faults")


def run(args: argparse.Namespace) -> None:
    """List, look, print, save."""
    from cbda.datasets import check
    from cbda.datasets.catalogue import scan_dataset
    from cbda.datasets.digest import content_digest, files_digest
    from cbda.files.json_files import write_json

    found, listing = scan_dataset(
        args.kind, args.root, args.split, args.classes, (args.label_ids, args.void_ids)
    )
    dataset = found.thinned(args.every)
    findings = check.check_dataset(dataset, listing, args.fast, args.num_workers)
    if not args.label_ids:
        check.require_same_names(dataset, findings)
    if args.num_images:
        check.require_count(found, listing.num_skipped, args.num_images, findings)
    if args.uniform_size:
        check.require_uniform_size(findings)
    with_classes = dataset.has_labels and not args.fast
    report = {**describe(dataset, findings, with_classes), "num_skipped": listing.num_skipped}
    print("\n".join(_table({**report, "root": str(dataset.root)}, findings)))
    if findings.faults:
        raise UserError(f"{dataset.root}: {_summary(list(findings.faults))}")
    # What differs if the data set does, so that jobs which read it are stale.
    contents = findings.contents or {path: content_digest(path) for path in dataset.paths}
    digest = files_digest(dataset.root, dataset.paths, contents)
    write_json(args.out, {**report, "digest": digest + own_code_digest(dataset.kind)})


def _summary(faults: list[str]) -> str:
    """How many faults there are, the first, and which file lists all."""
    if len(faults) == 1:
        return f"1 fault: {faults[0]}"
    return f"{len(faults)} faults, the first: {faults[0]}{_where_listed()}"


def _where_listed() -> str:
    """The file that standard output goes to, as the log of a job; empty if it goes to none."""
    with suppress(OSError):
        path = Path("/proc/self/fd/1").readlink()
        if path.is_file():
            name = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            return f"; all in {name}"
    return ""


def describe(dataset: "Dataset", findings: "Findings", with_classes: bool) -> dict[str, Any]:
    """The report; lists by class are in the order of `classes`."""
    report: dict[str, Any] = {
        "kind": without_folder(dataset.kind),
        "split": dataset.split,
        "num_images": len(dataset),
        "sizes": [
            {"height": height, "width": width, "num_images": num_images}
            for (height, width), num_images in findings.count_sizes()
        ],
    }
    if not with_classes:
        return report
    *counts, void_count = findings.counts.tolist()
    num_labelled = max(sum(counts), 1)  # 0 is a fault, noted elsewhere
    counted = zip(dataset.classes, counts, strict=True)
    return report | {
        "classes": list(dataset.classes),
        "class_counts": counts,
        "class_frequency": [count / num_labelled for count in counts],
        "classes_without_pixels": [name for name, count in counted if not count],
        "void_count": void_count,
    }


def _align(rows: list[tuple[str, ...]], marks: str) -> list[str]:
    """Rows as lines, each column as wide as its longest cell; marks are < or >."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line = "  ".join(f"{{:{mark}{width}}}" for mark, width in zip(marks, widths, strict=True))
    return [line.format(*row).rstrip() for row in rows]


def _table(report: dict[str, Any], findings: "Findings") -> list[str]:
    names = ("kind", "root", "split", "num_images", "num_skipped")
    facts = [(name, str(report[name])) for name in names]
    facts += [
        (
            "size",
            f"{size['height']} high {size['width']} wide: {counted(size['num_images'], 'images')}",
        )
        for size in report["sizes"]
    ]
    lines = _align([*facts, ("faults", str(len(findings.faults)))], "<<")
    if "classes" in report:
        columns = (report["classes"], report["class_counts"], report["class_frequency"])
        rows = [
            (str(index), name, f"{count:,}", f"{frequency:.3%}")
            for index, (name, count, frequency) in enumerate(zip(*columns, strict=True))
        ]
        void = ("255", "void", f"{report['void_count']:,}", "")
        lines += ["", *_align([("id", "class", "pixels", "of labelled"), *rows, void], "><>>")]
    lines += [f"warning: {warning}" for warning in findings.warnings]
    return lines + [f"fault: {message}" for message in findings.describe_faults()]
