"""What the jobs are given, for the toy experiment and changes of it."""

from pathlib import Path

import numpy as np
import pytest

from cbda.errors import UserError
from cbda.results.sheet import evaluated, read_rows
from cbda.workflow.jobs import previous_checkpoint, previous_labels
from tests.pools import make_pool
from tests.projects import RESULTS, TABLES, create_jobs

RUN = f"{RESULTS}/seed0/cbda/budget0.05"
OWN = {
    "score": "margin",
    "allocation": "dynamic",
    "balance": "ratio",
    "random_fraction": 0.2,
    "radius": 3,
    "max_weight": 4.0,
}
ARMS = {"experiment": {"methods": ["random_pixel", "ra", "mine"], "custom_methods": {"mine": OWN}}}


@pytest.fixture
def jobs():
    return create_jobs()


@pytest.fixture
def arms():
    return create_jobs(ARMS)


def test_rows_hold_every_round_in_the_order_of_the_tables():
    experiment = {"seeds": [0, 7], "methods": ["ra", "cb"], "budgets": [0.05, 0.1], "rounds": 2}
    rows = create_jobs({"experiment": {**experiment, "references": ["full"]}}).rows
    of_a_seed = [("full", "-", "-")] + [
        (method, budget, number)
        for budget in ("0.05", "0.1")
        for method in ("ra", "cb")
        for number in ("1", "2")
    ]
    assert [(row.method, row.budget, row.round) for row in rows] == 2 * of_a_seed
    assert [row.seed for row in rows] == 9 * ["0"] + 9 * ["7"]


def test_last_round_of_a_run_is_evaluated(jobs):
    first, last = (row for row in jobs.rows if row.method == "cbda")
    assert first.evaluation == "-"
    assert last.evaluation == f"{RUN}/evaluation.json"
    assert last.labels == f"{RUN}/round2/labels.h5"
    assert jobs.result_files() == [
        f"{RESULTS}/seed0/source_only/evaluation.json",
        f"{RESULTS}/seed0/full/evaluation.json",
        f"{RESULTS}/seed0/ra/budget0.05/evaluation.json",
        f"{RESULTS}/seed0/ra/budget0.05/round2/labels.h5",
        f"{RUN}/evaluation.json",
        f"{RUN}/round2/labels.h5",
    ]
    assert [path for path in jobs.diagnoses() if path.startswith(RUN)] == [
        f"{RUN}/round1/diagnosis.json",
        f"{RUN}/round2/diagnosis.json",
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("full", "run/model.pt"), ("ra/budget0.05", "run/round2/model.pt")]
)
def test_last_checkpoint_is_evaluated(jobs, name, expected):
    assert jobs.evaluated_checkpoint("run", name) == expected


def test_round_starts_from_the_one_before():
    assert previous_checkpoint("run", "pretrain", 1) == "pretrain/model.pt"
    assert previous_labels("run", 1) == []
    assert previous_checkpoint("run", "pretrain", 3) == "run/round2/model.pt"
    assert previous_labels("run", 3) == ["run/round2/labels.h5"]


@pytest.mark.parametrize(
    ("name", "parts", "expected"),
    [
        ("ra", ("score", "unit"), "--method-score ripu --method-unit region"),
        ("random_pixel", ("score", "unit"), "--method-score random --method-unit pixel"),
        ("ra", ("balance", "random_fraction"), "--method-balance none"),
        (
            "mine",
            ("balance", "random_fraction"),
            "--method-balance ratio --method-random-fraction 0.2",
        ),
    ],
)
def test_command_is_given_the_parts_of_its_method(arms, name, parts, expected):
    assert " ".join(arms.method_arguments(name, *parts)) == expected


@pytest.mark.parametrize(("name", "radius"), [("ra", "1"), ("mine", "3"), ("random_pixel", "0")])
def test_radius_of_a_method_comes_before_that_of_the_experiment(arms, name, radius):
    assert arms.radius_arguments(name) == ["--radius", radius]


@pytest.mark.parametrize(("name", "weight"), [("ra", "10.0"), ("mine", "4.0")])
def test_weight_of_a_method_comes_before_that_of_the_experiment(arms, name, weight):
    words = ["--max-weight", weight, "--target-distribution"]
    assert arms.balance_arguments(name) == words


def test_every_score_has_code_of_its_own(arms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def score(logits, radius):\n    return logits[0]\n")
    arms.add_method("external", {"score": "mine.py:score"})
    codes = {name: arms.score_code(name) for name in arms.methods}
    assert len(set(codes.values())) == len(codes) == 4
    Path("mine.py").write_text("def score(logits, radius):\n    return logits[1]\n")
    changed = {name for name in arms.methods if arms.score_code(name) != codes[name]}
    assert changed == {"external"}


def test_method_that_is_a_rule_has_its_runs(jobs):
    jobs.add_method("eager", {"balance": "ratio"})
    assert f"{RESULTS}/seed0/eager/budget0.05/evaluation.json" in jobs.result_files()
    assert "--methods ra cbda eager --" in " ".join(jobs.run_arguments())


@pytest.mark.parametrize(
    ("name", "parts", "message"),
    [
        ("cbda", {}, r"variants: method cbda: 'cbda' is taken by a method of that name"),
        ("new", {"unt": "pixel"}, r"variants: method new: unknown part 'unt'; allowed: score, "),
    ],
)
def test_mistake_in_a_method_that_is_a_rule_is_named(jobs, name, parts, message):
    with pytest.raises(UserError, match=message):
        jobs.add_method(name, parts)


@pytest.mark.parametrize(
    ("device", "gpus", "number"),
    [("cpu", "a,b", 0), ("auto", "a,b", 1), ("auto", "", 0), ("cuda", "", 1)],
)
def test_job_asks_for_a_gpu_where_there_may_be_one(device, gpus, number):
    environment = {"CBDA_PRETEND_GPUS": gpus}
    assert create_jobs({"compute": {"device": device}}, environment).num_gpus() == number


def test_cuda_needs_a_gpu_on_this_machine():
    change = {"compute": {"device": "cuda"}}
    create_jobs(change, {"CBDA_PRETEND_GPUS": "a"}).require_gpu()
    with pytest.raises(UserError, match="no GPU can be seen on this machine"):
        create_jobs(change, {"CBDA_PRETEND_GPUS": ""}).require_gpu()


def test_reordered_configuration_gives_the_same_arguments(jobs):
    other = create_jobs()
    optimizer = dict(reversed(list(other.config.training.optimizer.model_dump().items())))
    assert create_jobs({"training": {"optimizer": optimizer}}).training_arguments(
        "source"
    ) == jobs.training_arguments("source")


def test_num_workers_does_not_invalidate_training(jobs):
    other = create_jobs({"training": {"num_workers": 1}, "compute": {"state_interval_s": 1}})
    assert other.training_arguments("source") == jobs.training_arguments("source")
    assert "--training-num-workers" not in other.training_arguments("source")


def test_spelling_of_a_root_does_not_matter(jobs):
    other = create_jobs({"datasets": {"source": {"root": "./data/tiny/source/"}}})
    assert other.training_arguments("source") == jobs.training_arguments("source")
    assert other.generated_manifest("source") == ["data/tiny/source/manifest.json"]


def test_generated_dataset_is_known_by_its_manifest(jobs):
    assert jobs.generated_manifest("val") == ["data/tiny/target_val/manifest.json"]
    assert jobs.dataset_state("val") == ""


def test_dataset_of_the_users_is_known_by_its_files(tmp_path):
    own = tmp_path / "own"
    make_pool(own, {"a": np.zeros((4, 4), np.uint8)}, 3)
    jobs = create_jobs({"datasets": {"val": {"root": str(own)}}})
    state = jobs.dataset_state("val")
    assert jobs.dataset_files("val") == []
    for folder in ("images", "labels"):
        (own / folder / "b.png").write_bytes((own / folder / "a.png").read_bytes())
    assert jobs.dataset_state("val") not in (state, "")
    (own / "cbda_skip.txt").write_text("b\n")
    assert jobs.dataset_state("val") == state
    assert jobs.dataset_files("val") == [str(own / "cbda_skip.txt")]


def test_only_the_check_counts_images(jobs):
    assert jobs.dataset_arguments("oracle", "target") == [
        *("--oracle-kind", "folder", "--oracle-root", "data/tiny/target_train")
    ]
    words = jobs.check_arguments("target")
    assert words[:2] == ["--kind", "folder"]
    assert {"--num-images", "--uniform-size"} <= set(words)
    assert "--uniform-size" not in jobs.check_arguments("val")


def test_weights_count_by_their_content(jobs, tmp_path, monkeypatch):
    assert (jobs.weights_files(), jobs.weights_digest) == ([], "")
    digests: list[str] = []
    for content in (b"a", b"b", b"a"):
        path = tmp_path / f"{len(digests)}.safetensors"
        path.write_bytes(content)
        model = {"architecture": "unet", "encoder": "resnet18", "encoder_weights": str(path)}
        unet = create_jobs({"model": model, "training": {"image_size": [32, 64]}})
        assert unet.weights_files() == [str(path)]
        digests.append(unet.weights_digest)
    assert digests[0] == digests[2] != digests[1]


def test_statistics_are_made_for_balanced_sampling_alone(jobs):
    assert jobs.source_statistics() == []
    balanced = create_jobs({"training": {"source_sampling": "class_balanced"}})
    assert balanced.source_statistics() == ["<results>/data/source_statistics.json"]


def test_gallery_shows_the_largest_budget_of_the_first_seed():
    change = {"experiment": {"seeds": [3, 4], "budgets": [0.05, 0.1], "methods": ["ra"]}}
    jobs = create_jobs(change)
    (arm,) = jobs.gallery()
    run = f"{RESULTS}/seed3/ra/budget0.1"
    assert arm == ["ra", f"{run}/round1/model.pt", f"{run}/round2/model.pt",
                   f"{run}/round2/labels.h5"]  # fmt: skip
    assert jobs.gallery_files() == arm[1:]
    words = " ".join(jobs.report_arguments())
    assert f"--gallery {' '.join(arm)} --gallery-budget 0.1" in words


def test_first_round_is_scored_by_the_pretrained_model():
    (arm,) = create_jobs({"experiment": {"methods": ["ra"], "rounds": 1}}).gallery()
    assert arm[1] == f"{RESULTS}/seed0/pretrain/model.pt"


def test_report_without_a_gallery_reads_no_checkpoint():
    jobs = create_jobs({"report": {"gallery_images": 0}})
    assert jobs.gallery_files() == []
    assert "--gallery-budget" not in jobs.report_arguments()


def test_report_is_told_what_a_balance_aims_at():
    shares = [0.0] * 10 + [1.0]
    mine = {"balance": "ratio", "target_distribution": shares}
    methods = ["ra", "bvsb_exp", "cbda", "mine"]
    change = {"experiment": {"methods": methods, "custom_methods": {"mine": mine}}}
    words = " ".join(create_jobs(change).report_arguments())
    assert words.count("--balance-target") == 2
    assert "--balance-target cbda uniform " in words
    assert f"--balance-target mine {' '.join(map(str, shares))} " in words


def evaluations(jobs):
    return [row.evaluation for row in evaluated(jobs.rows)]


@pytest.fixture
def finished_runs(tmp_path, monkeypatch):
    """Three of four runs have a result; what `cbda tabulate` would be given."""
    monkeypatch.chdir(tmp_path)
    jobs, commands = create_jobs(), []
    for path in evaluations(jobs)[:3]:
        Path(path).parent.mkdir(parents=True)
        Path(path).touch()
    monkeypatch.setattr("subprocess.run", lambda words, **_: commands.append(words))
    return jobs, commands


def test_failed_run_leaves_tables_of_what_is_there(finished_runs):
    jobs, commands = finished_runs
    due = {*evaluations(jobs)[2:], "elsewhere.json"}
    jobs.tabulate_finished(due)
    (words,) = commands
    assert words[3:6] == ["tabulate", "--baseline", "ra"]
    files = dict(zip(words[-10::2], words[-9::2], strict=True))
    sheet = files.pop("--runs")
    assert set(files.values()) == {
        f"{RESULTS}/{name.replace('.csv', '.partial.csv')}" for name in TABLES
    }
    found = [row.evaluation for row in read_rows(Path(sheet)) if row.evaluation != "-"]
    assert found == [*evaluations(jobs)[:2], "missing", "missing"]


def test_results_that_are_to_be_made_again_are_none(finished_runs):
    jobs, commands = finished_runs
    jobs.tabulate_finished(set(evaluations(jobs)))
    assert not commands
    assert not list(Path().rglob("*.partial.csv"))


def test_success_removes_what_a_failure_has_left(finished_runs):
    jobs, _ = finished_runs
    jobs.tabulate_finished(set())
    Path(RESULTS, "comparisons.partial.csv").touch()
    jobs.remove_partial_tables()
    assert not list(Path().rglob("*.partial.csv"))


FROZEN = {
    "architecture": "light_fpn",
    "encoder": "tu-tf_efficientnet_lite0",
    "encoder_weights": "packaged",
    "freeze_encoder": True,
}


def test_features_are_made_for_a_frozen_encoder_alone(jobs):
    assert jobs.feature_files("val") == []
    frozen = create_jobs({"model": FROZEN})
    assert frozen.feature_files("val") == ["<results>/data/val/features.h5"]


def test_features_follow_from_the_encoder_and_not_from_what_decodes_them():
    training = {"source_size": [64, 96]}
    change = {"model": FROZEN, "training": training, "evaluate": {"flip": False}}
    light = create_jobs(change)
    linear = create_jobs({**change, "model": {**FROZEN, "architecture": "linear"}})
    sets = ("source", "target", "val")
    words = {name: " ".join(light.encode_arguments(name)) for name in sets}
    assert words == {name: " ".join(linear.encode_arguments(name)) for name in sets}
    assert "--image-size 64 96 --mirrored" in words["source"]
    assert "--image-size 48 64 --mirrored" in words["target"]
    assert "--mirrored" not in words["val"]
    flipped = create_jobs({**change, "evaluate": {"flip": True}})
    assert "--mirrored" in flipped.encode_arguments("val")


def test_frozen_encoder_has_no_weights_of_a_training(tmp_path):
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(b"weights")
    jobs = create_jobs({"model": {**FROZEN, "encoder_weights": str(path)}})
    assert (jobs.weights_files(), jobs.training_weights()) == ([str(path)], [])
