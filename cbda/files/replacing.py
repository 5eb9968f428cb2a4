"""Files that may be replaced: what the project made, and as it made it."""

from pathlib import Path

from cbda.datasets.generated import is_manifest
from cbda.errors import UserError
from cbda.files.records import find_problem, is_result, read_record


def require_replaceable(path: Path) -> None:
    """Raise a `UserError` if a file is there that the project did not make, or that has changed.

    One that is empty, as `mktemp` makes them, is nobody's work. Of generated sets, `cbda data make`
    looks after all files itself.
    """
    if not is_result(path) or not path.is_file() or not path.stat().st_size:
        return
    record = read_record(path)
    if record is None and is_manifest(path):
        return
    if record is None:
        advice = "move it away, or give another place"
        raise UserError(f"{path}: is there already, and cbda did not make it: {advice}")
    problem = find_problem(path, record, trust_times=True)
    if problem:
        what = f"is not as `cbda {record.command}` made it ({problem}), and would be overwritten"
        raise UserError(f"{path}: {what}: move it away, or restore it")
