"""What is recorded of a job, and which inputs it refuses."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cbda.cli import parse_command
from cbda.errors import UserError
from cbda.files.json_files import write_text
from cbda.files.records import read_record, record_path, recording
from cbda.workflow.circumstances import describe_circumstances
from cbda.workflow.origin import describe_job
from tests.experiments import job, make_run, record_of, write_model

ROOTS = "--source-root s --target-root t"


def describe(command):
    return describe_job(parse_command(command.split()))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two runs of two rounds from one pretraining, in the working directory."""
    monkeypatch.chdir(tmp_path)
    pretrained = tmp_path / "pretrain/model.pt"
    write_model(pretrained, "pretrain", {}, seed=3)
    for method in ("ra", "cbda"):
        make_run(tmp_path / method, pretrained, method, 2, {"seed": 3})
    return tmp_path


def finetune(model, labels, seed=3):
    words = f"finetune --checkpoint {model} --labels {labels} --until 9 --seed {seed} --out o.pt"
    return describe(f"{words} {ROOTS}")


def test_inputs_count_by_content_and_with_their_own(folder):
    inputs = finetune("ra/round1/model.pt", "ra/round2/labels.h5").inputs
    labels = record_of(folder / "ra/round2/labels.h5")
    assert inputs["labels"] == labels.sha256
    assert inputs["labels.scores"] == labels.inputs["scores"]
    assert inputs["checkpoint.labels"] == record_of(folder / "ra/round1/labels.h5").sha256


def test_configuration_has_no_path_and_nothing_that_changes_no_result(folder):
    origin = describe(
        "score --checkpoint pretrain/model.pt --target-root /data/pool --method-score ripu"
        " --method-unit region --radius 1 --round 1 --seed 3 --threads 4 --device cpu --out s.h5"
    )
    assert origin.facts["configuration"] == {
        "target_kind": "folder",
        "target_split": "",
        "target_label_ids": [],
        "target_void_ids": [],
        "target_every": 1,
        "method_score": "ripu",
        "method_unit": "region",
        "keep_features": False,
        "num_views": 8,
        "radius": 1,
        "round": 1,
        "seed": 3,
        "deterministic": True,
    }
    assert set(origin.facts["code"]) == {"command", "method_score"}


def test_score_of_the_users_own_counts_by_its_code(folder):
    (folder / "mine.py").write_text("def f(logits, radius):\n    return logits[0]\n")
    words = "score --checkpoint pretrain/model.pt --target-root p --method-score {}:f"
    words += " --method-unit region --radius 1 --round 1 --seed 3 --out s.h5"
    first = describe(words.format("mine.py")).facts
    assert first == describe(words.format(folder / "mine.py")).facts
    (folder / "mine.py").write_text("def f(logits, radius):\n    return logits[1]\n")
    assert first["code"] != describe(words.format("mine.py")).facts["code"]


def test_damaged_input_is_refused(folder):
    path = folder / "ra/round2/labels.h5"
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(UserError, match=r"round2/labels\.h5: not as `cbda acquire` made it"):
        finetune("ra/round1/model.pt", "ra/round2/labels.h5")


def test_input_whose_record_is_damaged_is_refused(folder):
    record_path(folder / "ra/round2/labels.h5").write_text("{}")
    with pytest.raises(UserError, match="this record is damaged"):
        finetune("ra/round1/model.pt", "ra/round2/labels.h5")


def test_input_without_a_record_is_accepted(folder):
    write_text(folder / "own.h5", "labels by hand")
    assert set(finetune("ra/round1/model.pt", "own.h5").inputs) >= {"checkpoint", "labels"}


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        ("pretrain/model.pt", "ra/round2/labels.h5"),
        ("cbda/round1/model.pt", "ra/round2/labels.h5"),
        ("ra/round2/model.pt", "ra/round2/labels.h5"),
    ],
)
def test_labels_of_another_model_are_refused(folder, model, labels):
    with pytest.raises(
        UserError, match=r"was made with another checkpoint than .*: they are of two"
    ):
        finetune(model, labels)


def test_inputs_of_another_seed_are_refused(folder):
    with pytest.raises(UserError, match=r"pretrain/model\.pt: is of a run with seed 3, not 4"):
        finetune("pretrain/model.pt", "ra/round1/labels.h5", seed=4)


@pytest.mark.parametrize("options", ["--anew", ""])
def test_inputs_of_other_classes_are_refused(folder, options):
    """Such as labels of a finished experiment that is replayed under reordered classes."""
    write_model(folder / "model.pt", "pretrain", {}, seed=3, classes=["road", "pole"])
    with job("acquire", seed=3, classes=["road", "sky"]):
        write_text(folder / "labels.h5", "labels")
    words = (
        f"finetune --checkpoint model.pt --labels labels.h5 --until 9 --seed 3 --out o.pt {ROOTS}"
    )
    with pytest.raises(
        UserError,
        match=r"^labels\.h5: was made with other classes: 'sky' is class 1, which is 'pole'",
    ):
        describe(f"{words} {options}")


def acquire(labels):
    words = "acquire --scores scores.h5 --oracle-root p --method-unit region --radius 1 --round 2"
    words += " --method-allocation dynamic --method-balance none --budget 0.1 --rounds 2 --seed 3"
    return describe(f"{words} --num-classes 2 --out o.h5 {labels}")


def test_scores_by_a_model_of_other_labels_are_refused(folder):
    with job("score", inputs={"checkpoint": folder / "ra/round1/model.pt"}, seed=3):
        write_text(folder / "scores.h5", "scores")
    acquire("--labels ra/round1/labels.h5")
    with pytest.raises(UserError, match=r"with other labels than cbda/round1/labels\.h5"):
        acquire("--labels cbda/round1/labels.h5")
    with pytest.raises(UserError, match="with other labels than none, which is given"):
        acquire("")


def test_diagnosis_wants_the_scores_of_its_labels(folder):
    write_text(folder / "scores.h5", "other scores")
    words = "diagnose --scores scores.h5 --labels ra/round1/labels.h5 --oracle-root p"
    with pytest.raises(UserError, match=r"with another scores than scores\.h5"):
        describe(f"{words} --classes a b --out d.json")


def test_machine_names_the_instruction_sets_in_use():
    code = "import torch; from cbda.workflow.circumstances import describe_circumstances as d;"
    code += "print(d('cpu')['machine']['torch instructions'])"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "ATEN_CPU_CAPABILITY": "default"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    import_module("torch")  # of what is not imported nothing is told
    here = describe_circumstances("cpu")["machine"]["torch instructions"]
    assert found == "DEFAULT" != here


def test_circumstances_name_what_was_imported():
    found = describe_circumstances(None)
    assert {"cbda", "Python", "numpy"} <= set(found["versions"])
    assert "device" not in found["machine"]


def test_commit_is_that_of_the_package_alone(tmp_path):
    """A repository around an installed package says nothing of its code."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "cbda").mkdir()
    code = f"c.PACKAGE = {str(tmp_path / 'cbda')!r}; print(repr(c.source_commit()))"
    script = f"import cbda.compute.commit as c; {code}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "''"


def test_files_of_people_are_inputs_without_a_record(folder):
    words = "ask --scores s.h5 --oracle-root p --method-unit region --radius 1 --round 1"
    words += " --method-allocation dynamic --method-balance none --budget 0.1 --rounds 2 --seed 3"
    words += " --classes road pole --queries answers/q.h5 --answers answers/a.jsonl --out l.h5"
    with recording(describe(words)):
        write_text(folder / "l.h5", "labels")
        write_text(Path("answers/q.h5"), "queries")
    assert read_record(Path("answers/q.h5")) is None
    assert record_of(folder / "l.h5").command == "ask"
    write_text(Path("answers/q.h5"), "other queries")
    assert "queries" in describe(words).inputs


def test_folder_of_the_users_gets_no_records(folder):
    words = "queries export --queries q.h5 --answers a.jsonl --target-root pool --out export"
    with recording(describe(words)):
        write_text(Path("export/crops/a.png"), "crop")
    assert not list(Path("export").rglob(".cbda"))


def test_masks_have_records(folder):
    words = "predict --checkpoint pretrain/model.pt --images pictures --out predictions"
    with recording(describe(words)):
        write_text(Path("predictions/masks/a.png"), "mask")
    record = record_of(Path("predictions/masks/a.png"))
    assert "pretrain" not in str(record.configuration)
    assert "images" not in record.configuration
