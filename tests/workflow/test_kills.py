"""Kill it: the same command goes on, to the same bytes."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.kills import Project, run_with_kills
from tests.projects import RESULTS, TABLES, copy_finished

pytestmark = pytest.mark.workflow

# What must not change a byte either: cores, processes that load images, a state saved at each step.
CHANGE = {"compute": {"state_interval_s": 0}, "training": {"num_workers": 1}}
RUN = "seed0/cbda/budget0.05"
KILLED = ("acquire", "finetune")  # `make soak` kills all rules, and more often


def lose_a_method(project: Path) -> None:
    """Leave a project as it is before the rounds of one method, and the tables."""
    shutil.rmtree(project / RESULTS / "seed0/cbda")
    for name in TABLES:
        (project / RESULTS / name).unlink()


def test_kills_leave_no_trace(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_finished(finished, tmp_path / "killed; again")
    (folder / "change.yaml").write_text(yaml.safe_dump(CHANGE))
    lose_a_method(folder)
    undisturbed, killed = Project(finished), Project(folder, cores=1)
    durations_s = {rule: undisturbed.durations_s()[rule] for rule in KILLED}
    kills = list(run_with_kills(killed, len(KILLED), random.Random(5), durations_s))
    assert Counter(kill.rule for kill in kills) == dict.fromkeys(KILLED, 1)
    made, expected = killed.products(), undisturbed.products()
    assert made == {name: expected[name] for name in made}
    assert set(expected) - set(made) == {f"{RUN}/round1/evaluation.json"}  # of the learning curve
    assert {*TABLES, f"{RUN}/round2/labels.h5"} < set(made)
    assert killed.leftovers() == []
    with capsys.disabled():
        num_states = sum(kill.had_state for kill in kills)
        print(f"\n{len(kills)} kills, {num_states} with a training state on disk: same bytes")
