import pytest
import torch

from cbda.acquisition.catalogue import compose
from cbda.acquisition.external import require_defined, source_path
from cbda.acquisition.scoring import compute_score
from cbda.errors import UserError
from cbda.workflow.fingerprint import file_fingerprint

LOGITS = torch.zeros(3, 4, 5)
SCORE = """
def my_score(logits, radius):
    return logits.softmax(dim=0).max(dim=0).values + radius
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes `NAME.py` of the working directory; the score `NAME.py:my_score`.

    A name is used once: what a job has imported stays as it was.
    """
    monkeypatch.chdir(tmp_path)

    def write(name, text=SCORE):
        (tmp_path / f"{name}.py").write_text(text)
        return f"{name}.py:my_score"

    return write


def score(name):
    return compute_score(name, "region", LOGITS, 2, torch.Generator())


def test_function_in_a_file_scores(write):
    values, prediction = score(write("plain"))
    torch.testing.assert_close(values, torch.full((4, 5), 2 + 1 / 3))
    assert prediction.dtype == torch.uint8


def test_function_may_overwrite_its_logits(write):
    name = write("negates", SCORE.replace("logits.softmax", "logits.neg_().softmax"))
    logits = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    expected = logits.argmax(dim=0)
    assert (compute_score(name, "region", logits, 2, torch.Generator())[1] == expected).all()
    assert not (logits.argmax(dim=0) == expected).all()


def test_file_may_define_dataclasses(write):
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        f"@dataclass\nclass A:\n    x: int = 0\n{SCORE}"
    )
    assert score(write("classes", text))[0].shape == (4, 5)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("raises", "def my_score(logits, radius):\n    return 1 / 0\n", r"^raises\.py:2: ZeroDiv"),
        (
            "imports",
            "import torhc\n\ndef my_score(logits, radius):\n    pass\n",
            r"^imports\.py:1: ",
        ),
        ("broken", "def my_score(:\n", r"^broken\.py:1: invalid syntax"),
        ("other", "def another():\n    pass\n", r"no function 'my_score'; it defines: another"),
        ("nothing", "def my_score(logits, radius):\n    pass\n", r"^nothing\.py: returns NoneType"),
        (
            "shape",
            "def my_score(z, k):\n    return z\n",
            r"returns \(3, 4, 5\), must be .* \(4, 5\)",
        ),
        (
            "nan",
            "def my_score(z, k):\n    return z[0] / z[0]\n",
            r"^nan\.py: returns NaN or infinite",
        ),
        (
            "large",
            "def my_score(z, k):\n    return z[0].double() * 0 + 1e39\n",
            r"^large\.py: returns NaN or infinite scores, as float32",
        ),
        (
            "words",
            "def my_score(z):\n    return z[0]\n",
            r"^words\.py: TypeError: my_score\(\) takes",
        ),
    ],
)
def test_error_is_one_line_that_names_the_file(write, name, text, message):
    with pytest.raises(UserError, match=message) as caught:
        score(write(name, text))
    assert "\n" not in str(caught.value)


def test_method_of_a_missing_file_is_an_error(write):
    with pytest.raises(UserError, match=r"score 'no\.py:my_score': there is no file no\.py"):
        compose({"score": "no.py:my_score"})


def test_method_is_checked_without_running_the_file(write):
    name = write("costly", f"raise SystemExit\n{SCORE}")
    assert compose({"score": name}).score == name


def test_fingerprint_sees_code_but_no_comments(write, tmp_path):
    before = file_fingerprint(source_path(write("marked")))
    assert file_fingerprint(source_path(write("marked", f"# A remark.\n{SCORE}"))) == before
    assert file_fingerprint(source_path(write("marked", f"{SCORE}\nA = 1\n"))) != before


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that declares the entry point `theirs`."""
    (tmp_path / "their_scores.py").write_text(SCORE)
    info = tmp_path / "their_scores-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-scores\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cbda.scores]\ntheirs = their_scores:my_score\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_entry_point_scores(package):
    assert score("entry_point:theirs")[0].shape == (4, 5)
    require_defined("entry_point:theirs")
    assert source_path("entry_point:theirs") == package / "their_scores.py"


def test_unknown_entry_point_lists_those_installed(package):
    with pytest.raises(UserError, match=r"'ours' of the group cbda\.scores .* installed: theirs"):
        require_defined("entry_point:ours")
