"""The configuration: its checks, and the three places that must agree about it."""

import copy
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cbda.acquisition.methods import FIELD_CHOICES, SCORE_NAMES, TARGETS, Method
from cbda.cli import COMMANDS
from cbda.datasets import cityscapes
from cbda.datasets.synthia import CLASSES as SYNTHIA_CLASSES
from cbda.errors import UserError
from cbda.selection.units import queries_per_image
from cbda.settings.model import ARCHITECTURES, ModelSettings
from cbda.settings.training import LABEL_REDUCTIONS, PRECISIONS, SAMPLINGS, TrainingSettings
from cbda.workflow.config import expand_roots, final_iteration, resolve_experiment, validate_config

ROOT = Path(__file__).parents[2]
SCHEMA_PATH = ROOT / "workflow/schemas/config.schema.yaml"
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA = yaml.safe_load(SCHEMA_PATH.read_text())
EXPERIMENTS = [*sorted((ROOT / "workflow/configs").glob("*.yaml")), ROOT / "tests/config.yaml"]
GIVEN_AFTER = {
    "ripu_region": ["gtav_cityscapes"],
    "ripu_pixel": ["gtav_cityscapes"],
    "evidence_balance": ["evidence"],
    "evidence_camvid": ["camvid"],
    "evidence_camvid_diagnosis": ["camvid", "evidence_camvid"],
    "evidence_camvid_exact": ["camvid", "evidence_camvid"],
    "evidence_camvid_exact_diagnosis": ["camvid", "evidence_camvid", "evidence_camvid_exact"],
    "evidence_camvid_outer": ["camvid", "evidence_camvid"],
    "evidence_camvid_small_budgets": ["camvid", "evidence_camvid", "evidence_camvid_diagnosis"],
}


@pytest.fixture
def config() -> dict[str, Any]:
    return copy.deepcopy(CONFIG)


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """As Snakemake's --configfile does: dictionaries are merged, everything else replaced."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return {**SCHEMA["$defs"].get(name, {}), **schema}


def leaves(schema: dict[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every key of the schema that is not a section."""
    schema = resolve(schema)
    if "properties" not in schema:
        return {path: schema}
    return {
        name: leaf
        for key, value in schema["properties"].items()
        for name, leaf in leaves(value, (*path, key)).items()
    }


LEAVES = leaves(SCHEMA)


def test_default_is_valid(config: dict[str, Any]) -> None:
    validate_config(config, SCHEMA_PATH)


@pytest.mark.parametrize("path", sorted(LEAVES), ids=".".join)
def test_every_key_is_described_and_defaults_to_config_yaml(path: tuple[str, ...]) -> None:
    leaf = LEAVES[path]
    assert leaf.get("description")
    value = CONFIG
    for key in path:
        value = value[key]
    if path[0] == "datasets" and path[-1] == "root":
        assert "default" not in leaf
    else:
        assert leaf["default"] == value


@pytest.mark.parametrize(
    ("section", "settings"), [("training", TrainingSettings()), ("model", ModelSettings())]
)
def test_defaults_of_the_command_line_are_those_of_config_yaml(section: str, settings: Any) -> None:
    values = dataclasses.asdict(settings)
    lists = {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}
    assert lists == CONFIG[section]


def test_schema_names_the_parts_of_a_method() -> None:
    custom = SCHEMA["properties"]["experiment"]["properties"]["custom_methods"]
    parts = custom["additionalProperties"]["properties"]
    listed = {name: tuple(part["enum"]) for name, part in parts.items() if "enum" in part}
    assert {"score": SCORE_NAMES, **listed} == FIELD_CHOICES  # a score may be the user's own
    assert set(parts) == {item.name for item in dataclasses.fields(Method)}


def test_schema_names_the_choices_of_a_training() -> None:
    listed = {
        (section, key): tuple(part["enum"])
        for section in ("model", "training")
        for key, part in SCHEMA["properties"][section]["properties"].items()
        if "enum" in part and part["type"] == "string"
    }
    assert listed == {
        ("model", "architecture"): tuple(ARCHITECTURES),
        ("training", "label_reduction"): LABEL_REDUCTIONS,
        ("training", "source_sampling"): SAMPLINGS,
        ("training", "precision"): PRECISIONS,
    }


def test_schema_names_the_targets() -> None:
    pattern = SCHEMA["$defs"]["target_distribution"]["pattern"]
    assert pattern == f"^({'|'.join(TARGETS)})$"


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.name)
def test_experiments_are_valid_and_hold_only_differences(
    path: Path, config: dict[str, Any]
) -> None:
    change = yaml.safe_load(path.read_text())
    for earlier in GIVEN_AFTER.get(path.stem, ()):
        merge(config, experiment(earlier))
    validate_config(merge(copy.deepcopy(config), change), SCHEMA_PATH)
    assert_differs(change, config, path.name)


def experiment(name: str) -> dict[str, Any]:
    change: dict[str, Any] = yaml.safe_load((ROOT / f"workflow/configs/{name}.yaml").read_text())
    return change


def test_paper_scale_is_that_of_the_papers(config: dict[str, Any]) -> None:
    merge(config, experiment("gtav_cityscapes"))
    assert tuple(config["classes"]) == cityscapes.CLASSES
    stops = [final_iteration(config, number) for number in range(1, 6)]
    assert stops == [12_000, 14_000, 16_000, 18_000, 40_000]
    optimizer, training = config["training"]["optimizer"], config["training"]
    assert (optimizer["name"], optimizer["lr"], optimizer["head_lr_factor"]) == ("sgd", 2.5e-4, 10)
    assert (optimizer["momentum"], optimizer["weight_decay"]) == (0.9, 5e-4)
    assert training["loss"] == {"consistency": 0.1, "negative": 1.0, "negative_threshold": 0.05}
    assert (training["source_size"], training["image_size"]) == ([720, 1280], [640, 1280])
    sizes = [config["datasets"][name]["num_images"] for name in ("source", "target", "val")]
    assert sizes == [24_966, 2_975, 500]


def test_synthia_is_gtav_but_for_source_classes_and_a_second_mean(config: dict[str, Any]) -> None:
    gtav, synthia = experiment("gtav_cityscapes"), experiment("synthia_cityscapes")
    assert tuple(synthia.pop("classes")) == SYNTHIA_CLASSES
    without = {"wall", "fence", "pole"}
    assert synthia.pop("evaluate")["subset"] == [c for c in SYNTHIA_CLASSES if c not in without]
    assert synthia["datasets"].pop("source")["num_images"] == 9_400
    del gtav["classes"], gtav["datasets"]["source"], gtav["pathvars"], synthia["pathvars"]
    assert synthia == gtav


def test_ripu_asks_for_8_pixels_a_round_or_for_regions(config: dict[str, Any]) -> None:
    merge(config, experiment("gtav_cityscapes"))
    pixel, region = experiment("ripu_pixel")["experiment"], experiment("ripu_region")["experiment"]
    rounds = config["experiment"]["rounds"]
    assert queries_per_image(1024, 2048, pixel["budgets"][0], rounds, 32, "pixel") == 8
    assert queries_per_image(1024, 2048, region["budgets"][0], rounds, 1, "region") == 1026


def assert_differs(change: dict[str, Any], base: dict[str, Any], where: str) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            assert_differs(value, base[key], f"{where}: {key}")
        elif key not in ("radius", "image_size"):
            assert value != base.get(key), f"{where}: {key} is the default"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trainig": {}}, r"unknown key 'trainig' \(did you mean 'training'\?\); allowed: acquire"),
        ({"training": {"lr": 1}}, r"training: unknown key 'lr'; allowed: batch_size"),
        (
            {"training": {"batch_size": "4"}},
            r"training.batch_size: '4' is text: write 4 in a file, without quotes",
        ),
        ({"training": {"optimizer": {"lr": "1e-8"}}}, r"lr: '1e-8' is text: write 1.0e-08 in a f"),
        ({"training": {"batch_size": "four"}}, r"batch_size: 'four' is not of type 'integer'"),
        (
            {"model": {"architecture": "unett"}},
            r"'unett' \(did you mean 'unet'\?\); allowed: small",
        ),
        ({"experiment": {"methods": ["ra", "cbad"]}}, r"unknown 'cbad'.*allowed: ra, cb, da, cbda"),
        ({"experiment": {"budgets": [0]}}, r"experiment.budgets.0: 0 is less than"),
        ({"experiment": {"budgets": [5]}}, r"experiment.budgets.0: 5 is greater than the maximum"),
        ({"experiment": {"references": ["half"]}}, r"allowed: source_only, full"),
        ({"tabulate": {"baseline": "da_exact"}}, r"not in experiment.methods; allowed: random, ra"),
        ({"training": {"total_iterations": 700}}, r"total_iterations: 700 .*allowed: 901 or more"),
        ({"experiment": {"custom_methods": {"ra": {}}}}, r"'ra' is taken"),
        ({"experiment": {"custom_methods": {"a": {"unit": "x"}}}}, r"'x'; allowed: region, pixel"),
        (
            {"experiment": {"custom_methods": {"a": {"score": "x"}}}},
            r"'x' is unknown; allowed: rip",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"score": "no.py:f"}}}},
            r"there is no file no.py",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"target_distribution": [1, 2]}}}},
            r"experiment.custom_methods.a: target distribution \[1, 2\]: allowed are 11 numbers",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"explore": 1}}}},
            r"custom_methods.a: explore 1: allowed are numbers from 0 up to, but not including, 1$",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"explore": "0.2"}}}},
            r"custom_methods.a.explore: '0.2' is text: write 0.2 in a file, without quotes",
        ),
        ({"acquire": {"target_distribution": [1]}}, r"acquire.target_distribution: .* 11 numbers"),
        (
            {"acquire": {"target_distribution": "pool"}},
            r"'pool' is not allowed: a number per class, or one of uniform, predicted, sqrt_predic",
        ),
        ({"experiment": {"methods": ["cdba"]}}, r"'cdba' \(did you mean 'cbpa' or 'cbda'\?\)"),
        (
            {"experiment": {"custom_methods": {"Mine": {}}}},
            r"'Mine' is not allowed: names of small",
        ),
        ({"classes": ["road", "-n"]}, r"classes.1: '-n' is not allowed: a name on one line that"),
        ({"classes": ["road", "void"]}, r"classes: 'void' is what belongs to no class: leave it o"),
        (
            {"datasets": {"val": {"kind": "camvid"}}},
            r"datasets.val: dataset kind camvid needs a sp",
        ),
        (
            {
                "datasets": {"val": {"kind": "cityscapes", "split": "val"}},
                "classes": ["road", "tram"],
            },
            r"datasets.val: dataset kind cityscapes: no label of the dataset is named 'tram'; all",
        ),
        (
            {"model": {"encoder": "resnet18"}},
            r"model.encoder 'resnet18': the small network has non",
        ),
        ({"datasets": {"source": {"kind": "coco"}}}, r"allowed: folder, gtav"),
        ({"training": {"source_size": [64]}}, r"source_size: allowed are a height and a width"),
        (
            {"model": {"architecture": "unet"}, "training": {"crop_size": [64, 100]}},
            r"training.crop_size: \[64, 100\] is not allowed for unet: multiples of 32",
        ),
        (
            {
                "model": {"architecture": "deeplabv3plus", "output_stride": 8},
                "training": {"image_size": [45, 80]},
            },
            r"training.image_size: \[45, 80\] .*: multiples of 8",
        ),
        ({"evaluate": {"subset": ["sky", "lake"]}}, r"evaluate.subset: 'lake' .*; allowed: sky"),
        ({"experiment": []}, r"experiment: \[\] is not of type 'object'"),
        (
            {"training": {"total_iterations": 4.0e4}},
            r"total_iterations: 40000.0 is not of type 'in",
        ),
        ({"training": {"optimizer": {"lr": float("nan")}}}, r"lr: nan is not of type 'number'"),
        ({"experiment": {"budgets": [float("nan")]}}, r"budgets.0: nan is not of type 'number'"),
        ({"experiment": {"rounds": 300}}, r"rounds: 300 is greater than the maximum of 255"),
        (
            {"training": {"crop_size": [80, 160]}},
            r"crop_size: \[80, 160\] is larger than .*image_s",
        ),
        ({"model": {"freeze_batch_norm": True}}, r"model.freeze_batch_norm: the small network"),
        ({"model": {"output_stride": 8}}, r"model.output_stride: only for deeplabv2"),
        ({"model": {"architecture": "deeplabv2"}}, r"model.encoder 'none': deeplabv2 needs one"),
        (
            {"model": {"architecture": "deeplabv2", "encoder": "x", "encoder_weights": "no.st"}},
            r"model.encoder_weights: no file no.st; allowed: none, imagenet, a file",
        ),
        ({"pathvars": {"results": "out/"}}, r"pathvars.results: 'out/' is not allowed: Folder"),
        ({"pathvars": {"results": "./out"}}, r"pathvars.results: './out' is not allowed: Fold"),
    ],
)
def test_mistake_says_where_and_what_is_allowed(
    config: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        validate_config(merge(config, change), SCHEMA_PATH)
    assert re.search(message, str(caught.value))
    assert "\n" not in str(caught.value)


def test_roots_are_brought_to_their_shortest_form(config: dict[str, Any]) -> None:
    merge(config, {"datasets": {"val": {"root": "./${DATA}/val/"}}, "data_make": {"root": "./a/"}})
    expand_roots(config, {"DATA": "here"})
    assert (config["datasets"]["val"]["root"], config["data_make"]["root"]) == ("here/val", "a")


def test_missing_key_is_a_mistake(config: dict[str, Any]) -> None:
    del config["experiment"]["rounds"]
    with pytest.raises(UserError, match=r"experiment: 'rounds' is a required property"):
        validate_config(config, SCHEMA_PATH)


def test_all_mistakes_are_reported_at_once(config: dict[str, Any]) -> None:
    merge(config, {"training": {"batch_size": 0}, "compute": {"threads": 0}})
    with pytest.raises(UserError, match=r"compute.threads.*training.batch_size"):
        validate_config(config, SCHEMA_PATH)


def test_custom_methods_join_the_built_in_ones(config: dict[str, Any]) -> None:
    merge(
        config,
        {"experiment": {"methods": ["mine"], "custom_methods": {"mine": {"score": "margin"}}}},
    )
    assert resolve_experiment(config) == {"mine": Method(score="margin")}


def test_last_round_uses_up_the_iterations(config: dict[str, Any]) -> None:
    merge(
        config,
        {
            "experiment": {"rounds": 5},
            "pretrain": {"iterations": 10_000},
            "finetune": {"iterations_per_round": 2_000},
            "training": {"total_iterations": 40_000},
        },
    )
    stops = [final_iteration(config, number) for number in range(1, 6)]
    assert stops == [12_000, 14_000, 16_000, 18_000, 40_000]


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("${PLACE}/camvid", "/data/camvid"),
        ("~/camvid", "/home/me/camvid"),
        ("~", "/home/me"),
        ("camvid~/a", "camvid~/a"),
    ],
)
def test_roots_take_environment_variables(config: dict[str, Any], root: str, expected: str) -> None:
    config["datasets"]["target"]["root"] = root
    expand_roots(config, {"PLACE": "/data", "HOME": "/home/me"})
    assert config["datasets"]["target"]["root"] == expected


def test_unset_environment_variable_is_named(config: dict[str, Any]) -> None:
    config["datasets"]["target"]["root"] = "${PLACE}/camvid"
    with pytest.raises(UserError, match=r"datasets.target.root.*PLACE is not set"):
        expand_roots(config, {})


def test_one_verb_per_phase() -> None:
    verbs = {command.replace(" ", "_") for command in COMMANDS}
    rules = {path.stem for path in (ROOT / "workflow/rules").glob("*.smk")} - {"common"}
    modules = {path.stem for path in (ROOT / "cbda/commands").glob("*.py")}
    assert verbs == rules == modules - {"__init__", "common", "options"}
    assert verbs - set(CONFIG) == {
        "score",
        "diagnose",
        "runs",
        "collect",
    }  # which have no settings of their own
