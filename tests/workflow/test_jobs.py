"""What the jobs are given, for the toy experiment and changes of it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from cbda.errors import UserError
from cbda.results.sheet import evaluated, read_rows
from cbda.workflow.drawing import (
    figures,
    gallery,
    gallery_files,
    history_files,
    place_arguments,
    report_arguments,
    settings,
)
from cbda.workflow.fingerprint import part_fingerprint
from cbda.workflow.layout import run_arguments
from cbda.workflow.partial import remove_partial_tables, tabulate_finished
from cbda.workflow.planning import plan_arguments
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


@pytest.fixture
def replay(tmp_path):
    (tmp_path / "finished").mkdir()
    return create_jobs({"experiment": {"replay": str(tmp_path / "finished")}})


def test_replay_draws_its_own_trainings_and_no_gallery(replay):
    assert gallery(replay) == []
    assert f"{RUN}/retrained/history.csv" in history_files(replay)
    names = figures(replay)
    assert not [name for name in names if name.startswith(("gallery", "learning"))]


def test_first_round_has_an_argument_of_its_own_only_if_asked_for(jobs):
    assert jobs.starting_arguments() == []
    change = {"experiment": {"starting_share": 0.25}}
    assert create_jobs(change).starting_arguments() == ["--starting-share", "0.25"]


def test_whole_pool_is_taken_without_an_argument(jobs):
    assert "--target-every" not in jobs.dataset_arguments("target", "target")
    every = create_jobs({"datasets": {"target": {"every": 2}}})
    assert " ".join(every.dataset_arguments("target", "target")).startswith("--target-every 2 ")
    assert "--every" in every.check_arguments("target")
    assert figures(every)[-1] == "gallery_2"  # of 4 images


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


def test_features_are_kept_for_methods_that_choose_by_them_alone():
    jobs = create_jobs({"experiment": {"methods": ["ra", "coreset", "typical_image"]}})
    kept = {name: jobs.kept_arguments(name) for name in jobs.methods}
    assert kept == {"ra": [], "coreset": ["--keep-features"], "typical_image": ["--keep-features"]}
    code = {name: jobs.choice_code(name) for name in ("ra", "coreset")}
    assert part_fingerprint("diversity", "coreset") in code["coreset"]
    assert len(code["ra"].split()) == 2


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
    assert jobs.generated_manifest("val") == []
    for folder in ("images", "labels"):
        (own / folder / "b.png").write_bytes((own / folder / "a.png").read_bytes())
    assert jobs.dataset_state("val") not in (state, "")
    (own / "cbda_skip.txt").write_text("b\n")
    assert jobs.dataset_state("val") == state


def test_dataset_is_known_by_its_files_wherever_it_is(tmp_path):
    """Names and content of all."""
    states = {}
    for name, value in (("one", 0), ("copy", 0), ("other", 1)):
        make_pool(tmp_path / name, {f"{n}": np.full((4, 4), value, np.uint8) for n in range(9)}, 3)
        jobs = create_jobs({"datasets": {"val": {"root": str(tmp_path / name)}}})
        states[name] = jobs.dataset_state("val")
        assert str(tmp_path) not in " ".join(jobs.dataset_arguments("val", "val"))
        assert str(tmp_path) not in " ".join(jobs.check_arguments("val"))
    assert states["one"] == states["copy"] != states["other"]


def test_images_left_out_of_a_generated_dataset_are_a_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    jobs = create_jobs()
    (tmp_path / "data/tiny/target_val").mkdir(parents=True)
    (tmp_path / "data/tiny/target_val/cbda_skip.txt").write_text("00000\n")
    assert jobs.dataset_state("val") != jobs.dataset_state("source") == ""


def test_only_the_check_counts_images(jobs):
    assert jobs.dataset_arguments("oracle", "target") == [*("--oracle-kind", "folder")]
    assert jobs.place_arguments("oracle", "target", "target.json") == [
        *("--oracle-report", "target.json", "--oracle-root", "data/tiny/target_train")
    ]
    words = jobs.check_arguments("target")
    assert words[:2] == ["--kind", "folder"]
    assert {"--num-images", "--uniform-size"} <= set(words)
    assert "--uniform-size" not in jobs.check_arguments("val")


def test_label_ids_of_a_dataset_reach_the_jobs_that_read_it():
    target = {"label_ids": list(range(20, 31)), "void_ids": [3]}
    words = create_jobs({"datasets": {"target": target}}).dataset_arguments("target", "target")
    assert words[-2:] == ["--target-void-ids", "3"]
    assert words[words.index("--target-label-ids") + 1] == "20"


def test_weights_count_by_their_content(jobs, tmp_path):
    assert jobs.weights_state == "none"
    states: list[str] = []
    for content in (b"a", b"b", b"a"):
        path = tmp_path / f"{len(states)}.safetensors"
        path.write_bytes(content)
        model = {"architecture": "unet", "encoder": "resnet18", "encoder_weights": str(path)}
        unet = create_jobs({"model": model, "training": {"image_size": [32, 64]}})
        assert str(path) not in unet.model_arguments()
        states.append(unet.weights_state)
    assert states[0] == states[2] != states[1]


def test_no_place_is_among_what_decides_the_report(tmp_path):
    change = {
        "pathvars": {"results": str(tmp_path / "results")},
        "datasets": {"val": {"root": str(tmp_path)}},
        "data_make": {"root": str(tmp_path / "data")},
    }
    jobs = create_jobs(change)
    decisive = [*report_arguments(jobs), *run_arguments(jobs), settings(jobs)]
    assert str(tmp_path) not in " ".join(decisive)
    assert str(tmp_path) in " ".join(place_arguments(jobs))


def test_statistics_are_made_for_balanced_sampling_alone(jobs):
    assert jobs.source_statistics() == []
    balanced = create_jobs({"training": {"source_sampling": "class_balanced"}})
    assert balanced.source_statistics() == ["<results>/data/source_statistics.json"]


def test_gallery_shows_the_largest_budget_of_the_first_seed():
    change = {"experiment": {"seeds": [3, 4], "budgets": [0.05, 0.1], "methods": ["ra"]}}
    jobs = create_jobs(change)
    (arm,) = gallery(jobs)
    run = f"{RESULTS}/seed3/ra/budget0.1"
    assert arm == ["ra", f"{run}/round1/model.pt", f"{run}/round2/model.pt",
                   f"{run}/round2/labels.h5"]  # fmt: skip
    assert gallery_files(jobs) == arm[1:]
    words = " ".join([*place_arguments(jobs), *report_arguments(jobs)])
    assert f"--gallery {' '.join(arm)}" in words
    assert "--gallery-budget 0.1" in words


def test_figures_follow_from_the_configuration(tmp_path):
    fixed = ["mIoU", "worst_class_IoU", "entropy", "class_shares_budget0.05", "learning_curve"]
    gains = ["ranks", "differences", "class_differences"]
    assert figures(create_jobs()) == [
        *fixed,
        *gains,
        "training",
        "gallery_1",
        "gallery_2",
        "gallery_3",
    ]
    tested = create_jobs({"experiment": {"seeds": [0, 1]}})
    assert set(figures(tested)) - set(figures(create_jobs())) == {"penalties"}
    alone = create_jobs({"experiment": {"methods": ["ra"]}, "report": {"gallery_images": 1}})
    assert figures(alone) == [*fixed, "training", "gallery_1"]
    make_pool(tmp_path, {"a": np.zeros((4, 4), np.uint8)}, 3)
    own = create_jobs({"datasets": {"target": {"root": str(tmp_path)}}})
    assert figures(own) == [*fixed, *gains, "training", "gallery_1"]


def test_first_round_is_scored_by_the_pretrained_model():
    (arm,) = gallery(create_jobs({"experiment": {"methods": ["ra"], "rounds": 1}}))
    assert arm[1] == f"{RESULTS}/seed0/pretrain/model.pt"


def test_report_without_a_gallery_reads_no_checkpoint():
    jobs = create_jobs({"report": {"gallery_images": 0}})
    assert gallery_files(jobs) == []
    assert "--gallery-budget" not in report_arguments(jobs)


def test_report_is_told_what_a_balance_aims_at():
    shares = [0.0] * 10 + [1.0]
    mine = {"balance": "ratio", "target_distribution": shares}
    methods = ["ra", "bvsb_exp", "cbda", "mine"]
    change = {"experiment": {"methods": methods, "custom_methods": {"mine": mine}}}
    words = " ".join(report_arguments(create_jobs(change)))
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

    def run(words, **_):
        commands.append(words)
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr("subprocess.run", run)
    return jobs, commands


def test_failed_run_leaves_tables_of_what_is_there(finished_runs):
    jobs, commands = finished_runs
    due = {*evaluations(jobs)[2:], "elsewhere.json"}
    said = tabulate_finished(jobs, due, ["cbda"])
    (words,) = commands
    assert said == f"a table of those runs that are done, 2 of 4: {RESULTS}/table_mIoU.partial.csv"
    assert words[1:4] == ["tabulate", "--baseline", "ra"]
    files = dict(zip(words[-10::2], words[-9::2], strict=True))
    sheet = files.pop("--runs")
    assert set(files.values()) == {
        f"{RESULTS}/{name.replace('.csv', '.partial.csv')}" for name in TABLES
    }
    found = [row.evaluation for row in read_rows(Path(sheet)) if row.evaluation != "-"]
    assert found == [*evaluations(jobs)[:2], "missing", "missing"]


def test_methods_are_named_for_people():
    custom = {"mine": {"shown_as": "Mine, bold"}, "plain": {}}
    methods = ["ra", "mine", "plain"]
    jobs = create_jobs({"experiment": {"methods": methods, "custom_methods": custom}})
    words = jobs.name_arguments()
    named = dict(zip(words[1::3], words[2::3], strict=True))
    assert named["ra"] == "RA"
    assert named["mine"] == "Mine, bold"
    assert named["full"] == "Full supervision"
    assert "plain" not in named
    assert jobs.methods["mine"] == jobs.methods["plain"]  # so that a name makes no result stale
    assert set(words) <= set(report_arguments(jobs))


def test_results_that_are_to_be_made_again_are_none(finished_runs):
    jobs, commands = finished_runs
    assert tabulate_finished(jobs, set(evaluations(jobs)), ["cbda"]) == ""
    assert not commands
    assert not list(Path().rglob("*.partial.csv"))


def test_success_removes_what_a_failure_has_left(finished_runs):
    jobs, _ = finished_runs
    tabulate_finished(jobs, set(), ["cbda"])
    Path(RESULTS, "comparisons.partial.csv").touch()
    remove_partial_tables(jobs)
    assert not list(Path().rglob("*.partial.csv"))


def test_a_line_of_a_network_of_ones_own_makes_its_pretraining_stale(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes = []
    for text in ("return 1", "return 1  # the same", "return 2"):
        (tmp_path / "net.py").write_text(f"def build(num_classes):\n    {text}\n")
        codes.append(create_jobs({"model": {"architecture": "net.py:build"}}).network_state())
    assert codes[0] == codes[1] != codes[2]
    assert create_jobs().network_state() == ""


def test_code_of_ones_own_counts_wherever_it_is_and_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind = "A = Kind(('images', 'labels'), split='none')"
    layout = f"from cbda.datasets.listing import Kind\n\n{kind}\nB = A\n"
    found = {}
    for folder, name in (("here", "a"), ("there", "a"), ("here", "b")):
        (tmp_path / folder).mkdir(exist_ok=True)
        net = f"{folder}/net.py:{name}"
        Path(folder, "net.py").write_text("def a(num): pass\n\ndef b(num): pass\n")
        kind = f"{folder}/layout_somewhere.py:{name.upper()}"
        Path(folder, "layout_somewhere.py").write_text(layout)
        target = {"kind": kind, "root": "nowhere"}
        jobs = create_jobs({"model": {"architecture": net}, "datasets": {"target": target}})
        words = [*jobs.model_arguments(), *jobs.dataset_arguments("target", "target")]
        words += [*jobs.check_arguments("target"), *plan_arguments(jobs)]
        assert folder not in " ".join(words)
        assert jobs.own_network == net
        assert jobs.place_arguments("", "target", "")[:2] == ["--kind", kind]
        found[folder, name] = (jobs.network_state(), jobs.dataset_state("target"))
    assert found["here", "a"] == found["there", "a"]
    assert not set(found["here", "a"]) & set(found["here", "b"])


def test_function_of_a_score_file_counts(arms, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def one(logits, radius): ...\n\ndef two(logits, radius): ...\n")
    for name in ("one", "two"):
        arms.add_method(name, {"score": f"mine.py:{name}"})
    assert arms.score_code("one") != arms.score_code("two")


def test_a_line_of_a_layout_of_ones_own_changes_the_state_of_its_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    states = []
    for suffix in (".png", ".png", ".jpg"):
        kind = f'Kind(("images", "labels"), split="none", image_suffixes=("{suffix}",))'
        text = f"from cbda.datasets.listing import Kind\n\nKIND = {kind}\n"
        (tmp_path / "layout_of_jobs.py").write_text(text)
        target = {"kind": "layout_of_jobs.py:KIND", "root": "nowhere"}
        states.append(create_jobs({"datasets": {"target": target}}).dataset_state("target"))
    assert states[0] == states[1] != states[2]


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
    assert "--image-size 64 96 --interpolation bilinear --mirrored" in words["source"]
    assert "--image-size 48 64 --interpolation bilinear --mirrored" in words["target"]
    assert "--no-mirrored" in words["val"]
    flipped = create_jobs({**change, "evaluate": {"flip": True}})
    assert "--mirrored" in flipped.encode_arguments("val")
