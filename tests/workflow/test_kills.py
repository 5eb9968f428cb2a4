"""Kill it: the same command goes on, to the same bytes."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.kills import Project, run_with_kills
from tests.projects import snakemake

pytestmark = pytest.mark.workflow

ONE_METHOD = {
    "experiment": {"methods": ["cbda"], "references": []},
    "tabulate": {"baseline": "cbda"},
}
# What must not change a byte either: cores, processes that load images, a state saved at each step.
CHANGE = {"compute": {"state_interval_s": 0}, "training": {"num_workers": 1}, **ONE_METHOD}


KILLED = ("acquire", "finetune")  # `make soak` kills all rules, and more often


def test_kills_leave_no_trace(
    editable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snakemake(editable, change=json.dumps(ONE_METHOD))  # its tables
    undisturbed = Project(editable)
    killed = Project.create(tmp_path / "killed; again", CHANGE, cores=1)
    durations_s = {rule: undisturbed.durations_s()[rule] for rule in KILLED}
    kills = list(run_with_kills(killed, len(KILLED), random.Random(5), durations_s))
    assert Counter(kill.rule for kill in kills) == dict.fromkeys(KILLED, 1)
    made, expected = killed.products(), undisturbed.products()
    assert made == {name: expected[name] for name in made}
    assert {"table_mIoU.csv", "comparisons.csv"} < set(made)
    assert killed.leftovers() == []
    with capsys.disabled():
        num_states = sum(kill.had_state for kill in kills)
        print(f"\n{len(kills)} kills, {num_states} with a training state on disk: same bytes")
