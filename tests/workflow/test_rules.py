"""The text of the rules: what holds for all of them."""

import re
from pathlib import Path

import pytest

from tests.projects import ROOT

RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_output_is_a_folder(path: Path) -> None:
    """Snakemake empties a folder that a job makes, whoever put files there."""
    assert not re.search(r"\bdirectory\(", path.read_text())


def test_sheet_is_made_before_all_else() -> None:
    """So that `cbda status` may be asked from the start."""
    first = {path.stem: re.findall(r"priority: (\d+)", path.read_text()) for path in RULES}
    (of_runs,) = first.pop("runs")
    assert int(of_runs) > max(int(number) for found in first.values() for number in found)
