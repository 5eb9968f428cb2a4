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
