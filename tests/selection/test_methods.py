"""Methods that logits alone allow, and what is said of others, before any network has run."""

import re
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

import cbda
from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.methods import SCORE_NAMES
from cbda.acquisition.scoring import kind_of_views
from cbda.selection import methods
from cbda.selection.methods import needs_views, why_not

PYTHON_PAGE = Path(__file__).parents[2] / "docs/python.md"


def start(method):
    return cbda.Acquisition(["a", "b"], 3, budget=0.1, rounds=1, method=method)


def mistake(method):
    with pytest.raises(cbda.UserError) as found:
        start(method)
    assert "\n" not in str(found.value)
    return str(found.value)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("bald_dropout", "method 'bald_dropout': score 'bald_dropout' needs several predictions"),
        ("coreset", "method 'coreset': allocation 'coreset' needs features of the network"),
        ("margin_superpixel", "method 'margin_superpixel': unit 'superpixel' needs the pictures"),
        ("random_image", "unit 'image' needs the pictures, .*; allowed: region, pixel"),
        ("cdba", "method 'cdba' .did you mean .*'cbda'.* is unknown; .*docs/method.md"),
        (cbda.Method(score="mean_entropy_shifted"), "score 'mean_entropy_shifted' needs several"),
        (cbda.Method(allocation="typical"), "allocation 'typical' needs features"),
        (cbda.Method(score="margn"), "score 'margn' .did you mean 'margin'.. is unknown; allowed"),
        (cbda.Method(score="mine"), "unknown; allowed: .*; score maps of your own go with any"),
        (cbda.Method(score="nofile.py:x"), "score 'nofile.py:x': there is no file nofile.py"),
        (cbda.Method(score="x" * 300 + ".py:f"), "File name too long"),
        (cbda.Method(score="entry_point:nowhere"), "entry point 'nowhere' .* is unknown"),
    ],
)
def test_what_logits_do_not_allow_is_refused_at_the_start(method, message):
    assert re.search(message, mistake(method))


def test_unknown_name_lists_no_more_than_a_few():
    assert len(mistake("cdba")) < 200


def test_function_that_a_file_lacks_is_named_without_running_it(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def score(logits, radius): ...\nraise SystemExit\n")
    assert "there is no function 'scores'" in mistake(cbda.Method(score=f"{path}:scores"))
    start(cbda.Method(score=f"{path}:score"))


def test_function_of_tensors_without_torch_is_refused_at_the_start(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text("def score(logits, radius): ...\n")
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    assert "needs torch, which is not installed" in mistake(cbda.Method(score=f"{path}:score"))


def test_no_network_runs_before_the_method_is_looked_at():
    images = iter(np.zeros((1, 3, 12, 16)))
    with pytest.raises(cbda.UserError, match="margn"):
        cbda.choose_queries(["a"], images, 1, method=cbda.Method(score="margn"))
    assert len(list(images)) == 1


@pytest.mark.parametrize("score", SCORE_NAMES)
def test_scores_of_several_views_are_known_by_their_files(score):
    assert needs_views(score) == bool(kind_of_views(score))


def test_page_names_the_methods_that_need_more_and_no_others():
    sentence = re.findall(r"but none of (.+?)\. ", PYTHON_PAGE.read_text(), re.S)[0]
    patterns = [name.replace("…", "*") for name in re.findall("`(.+?)`", sentence)]
    for name, method in METHODS.items():
        assert any(fnmatch(name, pattern) for pattern in patterns) == bool(why_not(method)), name


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not why_not(method)])
def test_every_other_method_chooses_from_arrays(name):
    rng = np.random.default_rng(0)
    logits = [rng.normal(size=(3, 12, 16)) for _ in range(2)]
    assert start(name).next(logits)
