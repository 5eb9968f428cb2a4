"""Compare all files of an experiment with their records, and runs with their sample sheet.

Every file is read. The table goes to standard output; if anything is wrong, a line on standard
error says how much, and the exit code is 2. Files that were not made yet are counted below it.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cbda.errors import UserError

if TYPE_CHECKING:
    from cbda.results.verification import Finding

FIELDS = ("file", "state", "made by")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = "of results, tables or generated sets (default: results)"
    parser.add_argument("folders", nargs="*", type=Path, default=[Path("results")], help=what)
    parser.add_argument("--out", type=Path, help="verify.csv: the table, optional")


def run(args: argparse.Namespace) -> None:
    """Compare, print, save."""
    from cbda.files.json_files import write_text
    from cbda.results.verification import verify

    for folder in args.folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder")
    found = verify(args.folders)
    findings = [finding for finding in found if not finding.is_unmade]
    print("\n".join(_lines(findings, len(found) - len(findings))))
    if args.out is not None:
        write_text(args.out, _as_csv(findings))
    wrong = [finding for finding in findings if finding.is_wrong]
    if wrong:
        first = f"{wrong[0].path}: {wrong[0].state}"
        more = f", and {len(wrong) - 1} more, see the table" if len(wrong) > 1 else ""
        raise UserError(f"{len(wrong)} of {len(findings)} files are not as made: {first}{more}")


def _lines(findings: "list[Finding]", num_unmade: int) -> Iterator[str]:
    """The table for people, what is wrong last."""
    width = max((len(str(finding.path)) for finding in findings), default=0)
    for finding in sorted(findings, key=lambda finding: finding.is_wrong):
        yield f"{finding.path!s:{width}}  {finding.made_by:10}  {finding.state}"
    unmade = f"; not made yet: {num_unmade} more" if num_unmade else ""
    yield f"{len(findings)} files, {sum(f.is_wrong for f in findings)} of them not as made{unmade}"


def _as_csv(findings: "list[Finding]") -> str:
    import csv
    from io import StringIO

    stream = StringIO()
    rows = [(finding.path, finding.state, finding.made_by) for finding in findings]
    csv.writer(stream, lineterminator="\n").writerows([FIELDS, *rows])
    return stream.getvalue()
