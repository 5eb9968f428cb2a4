"""Kill it anywhere: the same command goes on, to the same bytes."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.kills import RULES, Project, run_with_kills
from tests.projects import snakemake

pytestmark = pytest.mark.workflow

ONE_METHOD = {"experiment": {"methods": ["cbda"]}, "tabulate": {"baseline": "cbda"}}
# What must not change a byte either: cores, processes that load images, a state saved at each step.
CHANGE = {"compute": {"state_interval_s": 0}, "training": {"num_workers": 1}, **ONE_METHOD}


def test_kill_in_every_rule_leaves_no_trace(
    editable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snakemake(editable, change=json.dumps(ONE_METHOD))  # its tables
    undisturbed = Project(editable)
    killed = Project.create(tmp_path / "killed; again", CHANGE, cores=1)
    kills = list(run_with_kills(killed, 1, random.Random(5), undisturbed.durations_s()))
    assert Counter(kill.rule for kill in kills) == dict.fromkeys({*RULES} - {"encode"}, 1)
    made, expected = killed.products(), undisturbed.products()
    assert made == {name: expected[name] for name in made}
    assert {"table_mIoU.csv", "comparisons.csv"} < set(made)
    assert killed.leftovers() == []
    with capsys.disabled():
        num_states = sum(kill.had_state for kill in kills)
        print(f"\n{len(kills)} kills, {num_states} with a training state on disk: same bytes")
