"""Kill it anywhere: the same command goes on, to the same bytes."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.kills import RULES, Project, run_with_kills

pytestmark = pytest.mark.workflow


def test_20_kills_leave_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    undisturbed = Project.create(tmp_path / "undisturbed")
    undisturbed.finish()
    killed = Project.create(tmp_path / "killed; again")
    kills = list(run_with_kills(killed, 2, random.Random(5), undisturbed.durations_s()))
    assert Counter(kill.rule for kill in kills) == dict.fromkeys(RULES, 2)
    assert killed.products() == undisturbed.products()
    assert undisturbed.leftovers() == killed.leftovers() == []
    with capsys.disabled():
        num_states = sum(kill.had_state for kill in kills)
        print(f"\n{len(kills)} kills, {num_states} with a training state on disk: same bytes")
