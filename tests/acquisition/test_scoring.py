"""One entry for every score: what it returns, and whom it refuses."""

import pytest
import torch

from cbda.acquisition.choice import SAMPLINGS_FOLDER
from cbda.acquisition.methods import ALLOCATIONS_FOLDER, SCORE_NAMES, SCORES_FOLDER, UNITS
from cbda.acquisition.scores import margin
from cbda.acquisition.scoring import compute_score, find_score
from cbda.cli import COMMANDS
from cbda.errors import UserError
from cbda.workflow.fingerprint import PACKAGE, _reachable


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_random_depends_on_the_generator_alone():
    one, other = torch.zeros(3, 8, 9), torch.randn(3, 8, 9, generator=generator(5))
    score, _ = compute_score("random", "region", one, 1, generator(1))
    again, prediction = compute_score("random", "pixel", other, 4, generator(1))
    different, _ = compute_score("random", "region", one, 1, generator(2))
    assert torch.equal(score, again)
    assert not torch.equal(score, different)
    assert torch.equal(prediction.long(), other.argmax(dim=0))


def test_no_phase_is_fingerprinted_with_what_single_methods_use():
    """So that a new one, or a changed one, leaves the rows of the others as they are."""
    phases = (command.replace(" ", "_") for command in COMMANDS)
    reached = {path for phase in phases for path in _reachable(PACKAGE / f"commands/{phase}.py")}
    assert PACKAGE / "acquisition/scoring.py" in reached
    assert PACKAGE / "selection/sampling.py" in reached
    folders = SCORES_FOLDER, SAMPLINGS_FOLDER, ALLOCATIONS_FOLDER
    assert not reached & {path for folder in folders for path in folder.glob("[!_]*.py")}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", SCORE_NAMES)
def test_built_in_score_offers_both_units(name, unit):
    assert callable(find_score(name, unit))


def test_score_refuses_a_unit_that_it_does_not_offer(monkeypatch):
    monkeypatch.delattr(margin, "pixel")
    message = "unit of score 'margin' 'pixel' is unknown; allowed: region"
    with pytest.raises(UserError, match=message):
        compute_score("margin", "pixel", torch.zeros(3, 4, 4), 1, generator())


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", SCORE_NAMES)
def test_maps_have_the_size_and_type_of_the_file(name, unit):
    logits = torch.randn(3, 7, 11, generator=generator())
    score, prediction = compute_score(name, unit, logits, 2, generator())
    assert score.shape == prediction.shape == (7, 11)
    assert (score.dtype, prediction.dtype) == (torch.float32, torch.uint8)
    assert torch.isfinite(score).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", SCORE_NAMES)
def test_diverged_model_is_an_error(name, bad):
    logits = torch.zeros(3, 4, 4)
    logits[1, 2, 3] = bad
    with pytest.raises(UserError, match="NaN or infinite"):
        compute_score(name, "region", logits, 1, generator())


@pytest.mark.parametrize(
    ("name", "unit", "message"),
    [
        (
            "ripuu",
            "region",
            r"score 'ripuu' \(did you mean 'ripu'\?\) is unknown; allowed: bald_dropout, bald",
        ),
        ("ripu", "patch", "unit 'patch' is unknown; allowed: region, pixel"),
    ],
)
def test_unknown_name_lists_the_allowed_ones(name, unit, message):
    with pytest.raises(UserError, match=message):
        compute_score(name, unit, torch.zeros(3, 4, 4), 1, generator())
