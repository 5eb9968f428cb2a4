"""The text of the rules: what holds for all of them."""

import re
from itertools import chain
from pathlib import Path

import pytest

from cbda.results.verification import is_made
from cbda.settings.prediction import SUFFIXES, predicted_file
from cbda.workflow.drawing import prints
from tests.projects import ROOT, create_jobs

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


def test_every_output_has_a_name_that_verify_knows() -> None:
    """What is called otherwise, beside results, is the user's."""
    blocks = [re.findall(r"output:\n((?: {8}.*\n)+)", path.read_text()) for path in RULES]
    outputs = re.findall(r'"(<[^"]+\.\w+)"', "".join(chain(*blocks)))
    jobs = create_jobs({"report": {"gallery_images": 2}})
    names = [f"<tables>/figures/{name}.svg" for name in prints(jobs)]
    names += [name.format(dataset="val", seed=0, run_name="full", name="mIoU") for name in outputs]
    names += [f"predictions/{predicted_file(what, 'a/b')}" for what in SUFFIXES]
    made = [name for name in names if not name.endswith("/labelmap.txt")]
    assert len(made) > 30
    assert [name for name in made if not is_made(Path(name))] == []
