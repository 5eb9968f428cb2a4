"""The commands, as a user gives them."""

import json
import shlex
import subprocess
import sys
from importlib import import_module

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

import cbda
from cbda.cli import COMMANDS, main, one_line
from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.json_files import save_statistics
from cbda.models.small import SmallNet
from tests.datasets.layouts import make_folder
from tests.pools import make_pool, summarise, write_labels, write_scores

CLASSES = ("road", "car", "tree")
# Runs a command line in a process of its own, then fails if a module has been imported.
GUARD = """
import sys
from cbda.cli import main
forbidden, words = sys.argv[1].split(","), sys.argv[2:]
try:
    code = main(words)
except SystemExit as stop:
    code = stop.code
found = sorted(set(forbidden) & set(sys.modules))
sys.exit(f"imported {found}" if found else code)
"""


def run_guarded(words, forbidden, folder):
    """Output of a command that must not import some modules."""
    command = [sys.executable, "-c", GUARD, ",".join(forbidden), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_is_light(tmp_path):
    heavy = ("torch", "torchvision", "numpy", "pandas", "h5py", "PIL", "numba", "scipy")
    output = run_guarded(["--help"], heavy, tmp_path)
    assert all(COMMANDS[name] in output for name in COMMANDS if " " not in name)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--help"])
    assert stop.value.code == 0
    output = capsys.readouterr().out
    assert output.startswith(f"usage: cbda {command} ")
    assert any(word in output for word in ("--out", "--answers", "folder"))


def test_version_is_printed(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"cbda {cbda.__version__}\n"


@pytest.mark.parametrize("words", [[], ["acquier"], ["data"], ["acquire", "--nothing"]])
def test_unknown_words_give_the_usage(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "usage: cbda" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("data check --num-workers 0", "argument --num-workers: '0': allowed are whole numbers fr"),
        ("data make --seed 18446744073709551616", "argument --seed: '18446744073709551616': allo"),
        (
            "pretrain --seed 18446744073709551616",
            "argument --seed: '18446744073709551616': allowed",
        ),
        ("acquire --radius 99999", "argument --radius: '99999': allowed are numbers up to 10000"),
        ("data make --seed -1", "argument --seed: '-1': allowed are whole numbers from 0 on"),
        ("data make --num-images -1", "argument --num-images: '-1': allowed are whole numbers fro"),
        ("score --radius -1", "argument --radius: '-1': allowed are whole numbers from 0 on"),
        ("acquire --threads 0", "argument --threads: '0': allowed are whole numbers from 1 on"),
        ("pretrain --iterations -3", "argument --iterations: '-3': allowed are whole numbers fr"),
        ("score --threads 1.5", "argument --threads: '1.5': allowed are whole numbers from 1 on"),
        ("finetune --training-batch-size 0", "--training-batch-size: '0': allowed are whole num"),
        ("plan --budgets x", "argument --budgets: invalid float value: 'x'"),
    ],
)
def test_number_that_is_not_allowed_is_named(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words.split())
    assert message in capsys.readouterr().err


ACQUIRE = """
    cbda acquire --scores scores.h5 [--labels previous/labels.h5] --oracle-kind folder --oracle-root DIR \\
        --method-unit region --method-allocation dynamic --method-balance consumed \\
        --radius 1 --budget 0.05 --rounds 5 --round 1 --num-classes 19 --seed 0 --out labels.h5
"""  # noqa: E501


def acquire_words(*changes):
    """The documented command line, after replacements of text in it."""
    text = ACQUIRE.replace("\\\n", " ")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return shlex.split(text)[1:]


FIRST = ("[--labels previous/labels.h5]", "")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a pool of 3 images of 20x30 px in DIR, and its scores."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    labels = make_folder(tmp_path / "DIR", 3, 20, 30, 19, rng)
    score = rng.random((3, 20, 30))
    prediction = rng.integers(0, 19, (3, 20, 30))
    write_scores(tmp_path / "scores.h5", labels, score, prediction, 19, 1)
    return tmp_path


def test_acquire_as_documented_imports_no_torch(folder):
    """ceil(600 * 0.01 / 9) = 1 region an image and round."""
    heavy = ("torch", "torchvision", "pandas", "scipy.stats")  # numba loads scipy.linalg by itself
    output = run_guarded(acquire_words(FIRST), heavy, folder)
    assert output.startswith("round 1: 3 queries in 3 images: 27 px, 1.50% of the pool, 1.50% so")
    (folder / "previous").mkdir()
    (folder / "labels.h5").rename(folder / "previous/labels.h5")
    second = acquire_words(("[", ""), ("]", ""), ("--round 1", "--round 2"))
    assert main(second) == 0
    with h5py.File(folder / "labels.h5") as file:
        assert file["query"][:, 0].tolist() == [1, 1, 1, 2, 2, 2]
        assert (file["label"][:] != 255).sum() == file.attrs["class_counts"].sum()
        assert file.attrs["class_weights"].min() < 1


def test_budget_that_whole_queries_exceed_is_said(folder, capsys):
    """One region of 9 px in an image of 600, in each of 5 rounds, is 7.5 %."""
    assert main(acquire_words(FIRST, ("--budget 0.05", "--budget 0.001"))) == 0
    assert "budget 0.001: whole queries, one per image and round at least, acquire up to 0.075" in (
        capsys.readouterr().out
    )


def test_budget_that_no_last_round_can_meet_is_refused_in_the_first(folder, capsys):
    """7 rounds of ceil(600 / 7) = 86 pixels are 602 of 600."""
    changes = ("--budget 0.05", "--budget 1"), ("--rounds 5", "--rounds 7"), ("region", "pixel")
    assert main(acquire_words(FIRST, *changes)) == 2
    assert "7 rounds of whole queries are 602 in an image of 600 px; lower the budget" in (
        capsys.readouterr().err
    )


def test_rounds_that_explore_go_by_the_seed(folder):
    """Half of the three queries of a round, two of them, are chosen at random."""

    def query(*more):
        assert main([*acquire_words(FIRST), *more]) == 0
        with h5py.File("labels.h5") as file:
            return file.attrs["method"], file["query"][:].tolist()

    method, best = query()
    assert (method, query("--method-explore", "0")) == (
        "ripu/region/dynamic/consumed",
        (method, best),
    )
    method, explored = query("--method-explore", "0.5")
    assert method == "ripu/region/dynamic/consumed/explore0.5"
    assert explored[0] == best[0]
    _, others = query("--method-explore", "0.5", "--seed", "1")
    assert explored[0] == others[0]
    assert explored[1:] != others[1:]
    assert query("--method-explore", "0.5") == (method, explored)


def error_line(words, capsys):
    """The line on stderr of a command that fails, which must be the only one."""
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("--scores scores.h5", "--scores no.h5", "no.h5: no such file"),
        ("--scores scores.h5", "--scores DIR/labels/000.png", "000.png: not a readable HDF5"),
        (
            "folder",
            "foldr",
            "kind 'foldr' (did you mean 'folder'?) is unknown; allowed: camvid",
        ),
        ("DIR", "nowhere", "no such folder"),
        ("region", "patch", "unit 'patch' is unknown; allowed: region, pixel"),
        ("dynamic", "fixed", "allocation 'fixed' is unknown; allowed: per_image, dynamic"),
        ("consumed", "fair", "balance 'fair' is unknown; allowed: none, consumed"),
        ("consumed", "none --method-explore 1", "random_fraction 1.0: allowed are numbers from 0"),
        ("consumed", "none --method-explore nan", "random_fraction nan: allowed are numbers from"),
        ("--radius 1", "--radius 2", "scores.h5: radius is 1, this round asks for 2"),
        ("--budget 0.05", "--budget 5", "budget 5.0: allowed are fractions above 0 and up to 1"),
        ("--round 1", "--round 6", "round 6: allowed are 1 to 5, the rounds"),
        ("--round 1", "--round 2", "of the round before it: give them by --labels"),
        ("--num-classes 19", "--num-classes 20", "scores.h5: num_classes is 19, this round as"),
        ("--num-classes 19", "--num-classes 0", "0 classes given; allowed: 1 and more"),
    ],
)
def test_mistake_is_one_line(folder, capsys, old, new, message):
    before = sorted(folder.iterdir())
    line = error_line(acquire_words(FIRST, (old, new)), capsys)
    assert line.startswith("cbda acquire: error: ")
    assert message in line
    assert sorted(folder.iterdir()) == before


def test_exhausted_pool_is_one_line(folder, capsys):
    words = acquire_words(FIRST, ("--budget 0.05", "--budget 1"), ("--rounds 5", "--rounds 1"))
    line = error_line(words, capsys)
    assert "scores.h5: round 1: the pool is exhausted: " in line
    assert not (folder / "labels.h5").exists()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a.png: broken", "a.png: broken"),
        ("a.png:\nbroken", "a.png: broken"),
        ("Caught UserError\nTraceback\ncbda.errors.UserError: a.png: broken\n", "a.png: broken"),
    ],
)
def test_message_is_one_line(message, expected):
    assert one_line(UserError(message)) == expected


def pretrain_words(folder, *more):
    return [
        "pretrain",
        *("--source-root", str(folder / "source"), "--classes", *CLASSES),
        *("--training-image-size", "16", "24", "--training-batch-size", "2"),
        *("--training-total-iterations", "6", "--iterations", "2"),
        *("--device", "cpu", "--out", str(folder / "model.pt"), *more),
    ]


@pytest.mark.parametrize("num_workers", [0, 1])
def test_broken_image_is_one_line_whoever_reads_it(tmp_path, capfd, num_workers):
    make_folder(tmp_path / "source", 1, 16, 24, 3, np.random.default_rng(0))
    path = tmp_path / "source/images/000.png"
    path.write_bytes(path.read_bytes()[:-40])
    words = pretrain_words(tmp_path, "--training-num-workers", str(num_workers))
    assert main(words) == 2
    errors = capfd.readouterr().err
    line = errors.splitlines()[-1]  # the lines before it are the progress bar's
    assert line.startswith(f"cbda pretrain: error: {path}: cannot be read")
    assert errors.count("error") == 1
    assert "Traceback" not in errors
    assert not (tmp_path / "model.pt").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--model-architecture", "fcn"), "model.architecture: 'fcn'; allowed: small"),
        (("--model-freeze-batch-norm",), "model.freeze_batch_norm: the small network starts un"),
        (
            ("--training-optimizer-name", "adam"),
            "'adam' (did you mean 'adamw'?); allowed: sgd, adamw",
        ),
        (("--training-crop-size", "8"), "training.crop_size: [8]; allowed: a height and a width"),
        (
            ("--device", "tpu"),
            "device 'tpu' (did you mean 'cpu'?) is unknown; allowed: auto, cpu, cuda",
        ),
    ],
)
def test_mistake_of_training_is_one_line(tmp_path, capsys, more, message):
    make_folder(tmp_path / "source", 1, 16, 24, 3, np.random.default_rng(0))
    assert message in error_line(pretrain_words(tmp_path, *more), capsys)


def test_job_of_a_pretraining_knows_every_file_that_it_reads(tmp_path, monkeypatch):
    """A state that was saved before one of them changed is that of another job."""
    make_folder(tmp_path / "source", 1, 16, 24, 3, np.random.default_rng(0))
    statistics, weights = tmp_path / "statistics.json", tmp_path / "encoder.safetensors"
    save_statistics(statistics, ["000"], list(CLASSES), [[1] * len(CLASSES)])
    weights.touch()
    seen = []
    import_module("cbda.models.checkpoints")  # so that it keeps the function that is replaced here
    monkeypatch.setattr("cbda.models.build.create_model", lambda settings, number: SmallNet(number))

    def identify(args, inputs, datasets):
        seen.extend(inputs)
        return "a job"

    monkeypatch.setattr("cbda.workflow.identity.identify_job", identify)
    model = ["--model-architecture", "unet", "--model-encoder", "resnet18"]
    model += ["--model-encoder-weights", str(weights)]
    sampling = ["--training-source-sampling", "class_balanced"]
    sampling += ["--source-statistics", str(statistics)]
    assert main(pretrain_words(tmp_path, *model, *sampling)) == 0
    assert set(seen) - {None} == {statistics, weights}


def test_unknown_domain_is_one_line(tmp_path, capsys):
    size = ("--num-images", "1", "--height", "8", "--width", "8")
    words = ["data", "make", "--domain", "moon", *size, "--out", str(tmp_path / "manifest.json")]
    assert error_line(words, capsys).startswith("cbda data make: error: --domain 'moon': allowed")


def test_model_that_has_diverged_is_one_line(tmp_path, capsys):
    """Its last step may do it, after the loss was still finite."""
    make_folder(tmp_path / "source", 2, 16, 24, 3, np.random.default_rng(0))
    assert main(pretrain_words(tmp_path)) == 0
    path = tmp_path / "model.pt"
    content = load_checkpoint(path)
    content["model"]["classify.bias"][:] = float("nan")
    save_checkpoint(path, content)
    words = ["evaluate", "--checkpoint", str(path), "--val-root", str(tmp_path / "source")]
    assert main([*words, "--device", "cpu", "--out", str(tmp_path / "out.json")]) == 2
    line = capsys.readouterr().err.splitlines()[-1]  # the lines before it are the progress bars'
    assert line.endswith("logits hold NaN or infinite values: the model has diverged")


def test_manifest_tells_of_the_pixels(tmp_path):
    manifests = []
    for seed in (1, 1, 2):
        path = tmp_path / "set/manifest.json"
        size = "--num-images 1 --height 16 --width 24"
        run(f"data make --domain source {size} --seed {seed} --out {path}")
        manifests.append(json.loads(path.read_text()))
    assert manifests[0] == manifests[1]
    assert manifests[0]["digest"] != manifests[2]["digest"]


def test_validation_set_of_nothing_but_void_is_an_error(tmp_path, capsys):
    make_folder(tmp_path / "source", 2, 16, 24, 3, np.random.default_rng(0))
    assert main(pretrain_words(tmp_path)) == 0
    make_pool(tmp_path / "val", {"a": np.full((16, 24), 255, np.uint8)}, 3)
    out = tmp_path / "evaluation.json"
    words = ["--checkpoint", str(tmp_path / "model.pt"), "--val-root", str(tmp_path / "val")]
    assert main(["evaluate", *words, "--device", "cpu", "--out", str(out)]) == 2
    message = f"{tmp_path / 'val'}: no pixel belongs to any of the classes"
    assert capsys.readouterr().err.splitlines()[-1] == f"cbda evaluate: error: {message}"
    assert not out.exists()


def run(words, *more):
    assert main([*words.split(), *more]) == 0


@pytest.fixture
def generated(tmp_path, monkeypatch):
    """The working directory, with rendered and checked sets of 3 images; their class names."""
    monkeypatch.chdir(tmp_path)
    for name, domain, seed in [
        ("source", "source", 1),
        ("pool", "target", 2),
        ("val", "target", 3),
    ]:
        size = "--num-images 3 --height 48 --width 64"
        run(f"data make --domain {domain} {size} --seed {seed} --out {name}/manifest.json")
    classes = json.loads((tmp_path / "pool/manifest.json").read_text())["classes"]
    for name in ("source", "pool", "val"):
        run(f"data check --kind folder --root {name} --out {name}.json --classes", *classes)
    return classes


SHARED = "--device cpu --seed 5"
TRAINING = """
    --source-root source --target-root pool --training-total-iterations 4
    --training-image-size 48 64 --training-batch-size 2
"""


@pytest.fixture
def finished(generated, tmp_path):
    """The working directory after one round, every command given what the one before made."""
    run(
        f"pretrain {TRAINING} --iterations 2 {SHARED} --out pretrained.pt --classes",
        *generated,
    )
    run(
        f"""score --checkpoint pretrained.pt --target-root pool --method-score ripu
        --method-unit region --radius 1 --round 1 {SHARED} --out scores.h5"""
    )
    run(
        f"""acquire --scores scores.h5 --oracle-root pool --method-unit region --radius 1
        --method-allocation dynamic --method-balance consumed --budget 0.1 --rounds 1 --round 1
        --num-classes {len(generated)} --seed 5 --out labels.h5"""
    )
    run(
        f"""finetune --checkpoint pretrained.pt --labels labels.h5 {TRAINING} --until 4 {SHARED}
        --out model.pt"""
    )
    run("evaluate --checkpoint model.pt --val-root val --flip --device cpu --out evaluation.json")
    run(
        """tabulate --run cbda 0.1 5 evaluation.json labels.h5 --baseline cbda --out table.csv
        --out-classes classes.csv --out-acquisition acquisition.csv
        --out-comparisons comparisons.csv"""
    )
    return tmp_path


def test_chain_of_commands_runs(finished, capsys):
    """ceil(48 * 64 * 0.1 / 9) = 35 regions an image."""
    evaluation = json.loads((finished / "evaluation.json").read_text())
    assert evaluation["num_images"] == 3
    assert 0 < np.sum(evaluation["confusion"]) <= 3 * 48 * 64
    with h5py.File(finished / "labels.h5") as file:
        assert len(file["query"]) == 3 * 35
        acquired = (file["round"][:] == 1).sum() / file["round"].size
    (row,) = pd.read_csv(finished / "table.csv").to_dict("records")
    assert (row["method"], row["num_seeds"], row["mIoU_diff_mean"]) == ("cbda", 1, 0)
    assert row["acquired_fraction"] == pytest.approx(acquired, abs=1e-4)
    assert row["mIoU_mean"] == pytest.approx(100 * evaluation["mIoU"], abs=1e-4)

    words = f"""finetune --checkpoint model.pt --all-labels {TRAINING} --until 4 --seed 5
        --out again.pt"""
    capsys.readouterr()
    line = error_line(words.split(), capsys)
    assert line == "cbda finetune: error: --until 4: model.pt is at iteration 4 already"


def write_empty_labels(path, num_classes):
    """The labels of a round in which nothing was acquired."""
    nothing = np.zeros((3, 48, 64), np.uint8)
    summary = summarise(np.zeros((1, num_classes)), seed=5, num_pool_px=nothing.size)
    write_labels(path, ["00000", "00001", "00002"], nothing + 255, nothing, summary)


def test_training_in_jobs_equals_one_job(generated, tmp_path):
    """Pretraining in one job, and cut by rounds in which nothing was acquired, bit for bit."""
    write_empty_labels(tmp_path / "labels.h5", len(generated))
    training = f"{TRAINING} --training-color-jitter 0.3 --training-num-workers 1 {SHARED}"
    classes = ["--classes", *generated]
    run(f"pretrain {training} --iterations 4 --metrics cost.json --out whole.pt", *classes)
    run(f"pretrain {training} --iterations 1 --out part1.pt", *classes)
    finetune = f"finetune {training} --labels labels.h5"
    run(f"{finetune} --checkpoint part1.pt --until 2 --metrics cost2.json --out part2.pt")
    run(f"{finetune} --checkpoint part2.pt --until 4 --out parts.pt")
    whole, parts = (load_checkpoint(tmp_path / name) for name in ("whole.pt", "parts.pt"))
    assert whole["iteration"] == parts["iteration"] == 4
    assert whole["model"].keys() == parts["model"].keys()
    for name, tensor in whole["model"].items():
        assert torch.equal(tensor, parts["model"][name]), name
    for index, state in whole["optimizer"]["state"].items():
        for key, tensor in state.items():
            assert torch.equal(tensor, parts["optimizer"]["state"][index][key]), (index, key)
    costs = [json.loads((tmp_path / name).read_text()) for name in ("cost.json", "cost2.json")]
    assert [cost["num_iterations"] for cost in costs] == [4, 1]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("evalute", "'evalute' (did you mean 'evaluate'?); allowed: init, data, encode"),
        ("data chekc", "'chekc' (did you mean 'check'?); allowed: make, check, count"),
        (
            "runs --seeds 0 --methods ra --budgets 1 --rounds 1 --results r --uot x --out x",
            "cbda runs: error: unrecognized arguments: --uot (did you mean '--out'?) x",
        ),
        (
            "acquire --method-random-fraction 0.2 --method-explore 0.1",
            "argument --method-explore: not allowed with argument --method-random-fraction",
        ),
    ],
)
def test_misspelt_or_doubled_word_is_named(words, reason, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words.split())
    assert reason in capsys.readouterr().err.splitlines()[-1]


def test_one_fault_is_counted_as_one(tmp_path, capsys):
    make_folder(tmp_path / "source", 2, 16, 24, 3, np.random.default_rng(0))
    (tmp_path / "source/labels/000.png").unlink()
    words = ["data", "check", "--kind", "folder", "--root", str(tmp_path / "source")]
    words += ["--classes", "a", "b", "c", "--out", str(tmp_path / "report.json")]
    assert main(words) == 2
    assert ": 1 fault: " in capsys.readouterr().err
