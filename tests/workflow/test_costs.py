"""Estimates, for an experiment small enough to count by hand."""

import json
from dataclasses import replace

import pytest
import torch

from cbda.cli import main
from cbda.files.checkpoints import save_checkpoint
from cbda.models.build import create_model
from cbda.settings.model import ModelSettings
from cbda.settings.training import OptimizerSettings
from cbda.training.trainer import create_optimizer
from cbda.workflow.costs import (
    Experiment,
    Phase,
    compute_seconds,
    count_phases,
    kept_bytes,
    peak_bytes,
    score_bytes,
)

# 2 seeds x 3 methods x 2 budgets = 12 chains of 5 rounds.
SMALL = Experiment(
    num_seeds=2,
    num_methods=3,
    budgets=(0.1, 0.2),
    rounds=5,
    references=("source_only", "full"),
    pretrain_iterations=10,
    total_iterations=40,
    num_pool=7,
    height=100,
    width=200,
    num_val=4,
    checkpoint_bytes=1000,
    num_concurrent=2,
)


def test_plan_counts_jobs_iterations_and_images():
    assert count_phases(SMALL) == {
        "data_check": Phase(3),
        "pretrain": Phase(2, 20),
        "source_only": Phase(2, 80),
        "full": Phase(2, 60),
        "score": Phase(60, 0, 60 * 7),
        "acquire": Phase(60),
        "finetune": Phase(60, 12 * 30),
        "evaluate": Phase(16, 0, 16 * 4),
        "runs": Phase(1),
        "tabulate": Phase(1),
        "analyse": Phase(1),
    }


@pytest.mark.parametrize(
    ("change", "num_evaluations"),
    [
        ({"evaluated_rounds": "largest_budget"}, 16 + 6 * 4),  # 4 earlier rounds of 6 chains
        ({"evaluated_rounds": "all"}, 16 + 12 * 4),
        ({"retrain": True}, 16 + 12),
    ],
)
def test_evaluations_are_counted_that_are_asked_for(change, num_evaluations):
    assert count_phases(replace(SMALL, **change))["evaluate"].jobs == num_evaluations


def test_replay_trains_each_run_once_and_acquires_nothing():
    phases = count_phases(replace(SMALL, replay=True, evaluated_rounds="all"))
    assert phases["retrain"] == Phase(12, 12 * 30)
    assert phases["evaluate"].jobs == 16
    assert not {"score", "acquire", "finetune"} & phases.keys()


def test_models_trained_anew_are_counted_with_their_checkpoints():
    changed = replace(SMALL, retrain=True)
    assert count_phases(changed)["retrain"] == Phase(12, 12 * 30)
    assert kept_bytes(changed) - kept_bytes(SMALL) == 12 * 1000


def test_what_is_not_asked_for_costs_nothing():
    phases = count_phases(replace(SMALL, references=("full",), balanced=True))
    assert "source_only" not in phases
    assert phases["data_count"] == Phase(1)
    assert phases["evaluate"] == Phase(14, 0, 14 * 4)


def test_mirrored_views_are_seen_too():
    assert count_phases(replace(SMALL, num_views=2))["evaluate"] == Phase(16, 0, 16 * 4 * 2)


def test_plan_counts_the_mirrored_views_if_they_are_asked_for(words, tmp_path):
    images = []
    for flip in ("--no-flip", "--flip"):
        assert main([*words, flip]) == 0
        rules = json.loads((tmp_path / "plan.json").read_text())["rules"]
        images.append(rules["evaluate"]["images"])
    assert images[1] == 2 * images[0] > 0


def test_queries_are_counted_and_nothing_is_evaluated_without_labels(words, tmp_path, capsys):
    first = words.index("--val")
    more = ["--query", "da", "region", "1", "dynamic", "--query", "pa", "pixel", "0", "per_image"]
    assert main([*words[:first], *words[first + 2 :], *more]) == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert not {"evaluate", "tabulate"} & set(plan["rules"])
    # 100 x 200 px x 0.1 / 5 rounds = 400 px, or 45 windows of 9 px, in each of 7 images.
    counts = {"in_first": 315, "in_round": 315, "in_all": 1575}
    assert plan["queries"][0] == {"method": "da", "budget": 0.1, **counts}
    assert "\npa at 0.2: 28,000 queries, 5,600 a round\n" in capsys.readouterr().out


def test_budgets_may_be_queries(words, tmp_path):
    at = words.index("--budgets")
    given = [*words[: at + 1], "20", *words[at + 3 :], "--budget-unit", "queries"]
    assert main([*given, "--query", "da", "region", "1", "dynamic"]) == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    counts = {"in_first": 4, "in_round": 4, "in_all": 20}
    assert plan["queries"] == [{"method": "da", "budget": 20.0, **counts}]


def test_first_round_of_its_own_size_is_told(words, tmp_path, capsys):
    more = ["--query", "da", "pixel", "0", "dynamic", "--starting-share", "0.5"]
    assert main([*words, *more]) == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    # 100 x 200 px x 0.1 x 7 images, half of them in the first of 5 rounds
    counts = {"in_first": 7000, "in_round": 1750, "in_all": 14000}
    assert plan["queries"][0] == {"method": "da", "budget": 0.1, **counts}
    assert (
        "\nda at 0.1: 14,000 queries, 1,750 a round, 7,000 in the first\n"
        in capsys.readouterr().out
    )


def test_first_round_that_leaves_nothing_is_refused(words, capsys):
    assert main([*words, "--starting-share", "1"]) == 2
    assert "error: starting share 1.0: allowed are 0, and shares below 1" in capsys.readouterr().err


def test_frozen_batch_norm_has_no_moments(words, tmp_path):
    model = ["--model-architecture", "deeplabv2", "--model-encoder", "resnet18"]
    sizes = []
    for frozen in ("--no-model-freeze-batch-norm", "--model-freeze-batch-norm"):
        main([*words, *model, frozen])
        disk = json.loads((tmp_path / "plan.json").read_text())["disk"]
        sizes.append(disk["checkpoint_bytes"])
    assert sizes[0] - sizes[1] == 2 * 4 * 9600  # two moments of adamw, in float32


def test_disk_is_counted_from_above():
    """Of 140,000 px, rounds 1 to 5 hold 2, 4, 6, 8, 10 % and twice as much: 0.9 in all."""
    assert score_bytes(SMALL) == 5 * 140_000
    assert score_bytes(replace(SMALL, keeps_features=True)) == (5 + 128 / 4) * 140_000
    labels = 2 * 3 * 140_000 * (2 * 5 / 80 + 2 * 0.9)
    assert kept_bytes(SMALL) == pytest.approx((60 + 6) * 1000 + labels, abs=10)
    assert peak_bytes(SMALL) == kept_bytes(SMALL) + 2 * 5 * 140_000


def test_time_follows_from_iterations():
    """Two source and two target images an iteration of 0.6 s; a third of it is the forward pass."""
    assert compute_seconds(Phase(1, 10, 8), 0.6, 2) == pytest.approx(10 * 0.6 + 8 * 0.05)


@pytest.fixture
def words(tmp_path):
    for name, num_images in (("pool", 7), ("val", 4)):
        sizes = [{"height": 100, "width": 200, "num_images": num_images}]
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"sizes": sizes, "num_images": num_images})
        )
    return [
        *("plan", "--pool", str(tmp_path / "pool.json"), "--val", str(tmp_path / "val.json")),
        *("--seeds", "0", "1", "--methods", "ra", "cb", "da", "--budgets", "0.1", "0.2"),
        *("--references", "source_only", "full", "--rounds", "5", "--iterations", "10"),
        *("--training-total-iterations", "40", "--classes", "a", "b", "c"),
        *("--out", str(tmp_path / "plan.json")),
    ]


def test_command_writes_its_output(words, tmp_path, capsys):
    measured = tmp_path / "metrics.json"
    measured.write_text('{"seconds_per_iteration": 3600}')
    assert main([*words, "--measured", str(measured)]) == 0
    output = capsys.readouterr()
    assert "finetune          60          360                   360.0" in output.out
    assert not output.err
    report = json.loads((tmp_path / "plan.json").read_text())
    assert report["rules"]["pretrain"]["gpu_hours"] == 20
    assert report["disk"]["score_file_bytes"] == 700_000


def test_checkpoint_is_about_as_large_as_estimated(words, tmp_path):
    main(words)
    estimated = json.loads((tmp_path / "plan.json").read_text())["disk"]["checkpoint_bytes"]
    model = create_model(ModelSettings(), 3)
    optimizer = create_optimizer(model, OptimizerSettings())
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    save_checkpoint(tmp_path / "model.pt", state)
    assert (tmp_path / "model.pt").stat().st_size == pytest.approx(estimated, rel=0.1)


def test_network_may_be_any_that_can_be_trained(words):
    """Some compute with numbers while they are built, which takes more than shapes."""
    model = ["--model-architecture", "segformer", "--model-encoder", "mit_b0"]
    assert main([*words, *model]) == 0


def test_too_small_a_disk_is_a_warning(words, tmp_path, capsys):
    size = {"height": 10**6, "width": 10**6, "num_images": 10**6}
    (tmp_path / "pool.json").write_text(json.dumps({"sizes": [size], "num_images": 10**6}))
    assert main(words) == 0
    assert "GB too little free disk" in capsys.readouterr().err


def test_a_file_of_another_kind_is_an_error(words, tmp_path, capsys):
    path = tmp_path / "pool.json"
    assert main([*words, "--measured", str(path)]) == 2
    assert f"{path}: has no seconds_per_iteration" in capsys.readouterr().err


def test_pool_that_was_not_checked_is_an_error(words, tmp_path, capsys):
    (tmp_path / "pool.json").write_text("{}")
    assert main(words) == 2
    assert "pool.json: not a report of `cbda data check`" in capsys.readouterr().err


def test_features_are_planned_for(tmp_path, capsys):
    """Strides 4 to 32 of a ResNet-18, which sees images at 64x96 px."""
    report = {"num_images": 5, "sizes": [{"height": 100, "width": 200, "num_images": 5}]}
    for name in ("source", "target", "val"):
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    sets = [f"--pool {tmp_path}/target.json --val {tmp_path}/val.json --classes a b c"]
    sets += ["--seeds 0 --methods ra --budgets 0.1 --references full --rounds 1 --iterations 1"]
    sets += ["--model-architecture light_fpn --model-encoder resnet18 --model-freeze-encoder"]
    words = ["plan", *" ".join(sets).split(), "--training-image-size", "64", "96"]
    words += ["--out", str(tmp_path / "plan.json")]
    assert main(words) == 2
    assert "--source: the report of its check is needed" in capsys.readouterr().err
    assert main([*words, "--source", f"{tmp_path}/source.json"]) == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    values = 64 * 16 * 24 + 128 * 8 * 12 + 256 * 4 * 6 + 512 * 2 * 3
    assert plan["disk"]["feature_bytes"] == 5 * values * 2 * (2 + 2 + 1)  # val without a mirror
    assert plan["disk"]["kept_bytes"] > plan["disk"]["feature_bytes"]
    assert plan["disk"]["checkpoint_bytes"] < 2e6
    assert (plan["rules"]["encode"]["jobs"], plan["rules"]["encode"]["images"]) == (3, 15)
