"""The configuration: its checks, and the three places that must agree about it."""

import copy
import dataclasses
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cbda.acquisition.catalogue import SECTIONS
from cbda.acquisition.methods import Method
from cbda.cli import COMMANDS
from cbda.datasets import cityscapes
from cbda.datasets.catalogue import KINDS
from cbda.datasets.synthia import CLASSES as SYNTHIA_CLASSES
from cbda.errors import UserError
from cbda.scenes.aerial.looks import DOMAINS as AERIAL_DOMAINS
from cbda.scenes.domains import DOMAINS
from cbda.scenes.kinds import CLASSES as CLASSES_OF_SCENES
from cbda.selection.units import queries_per_image
from cbda.settings.classes import NO_NAMES
from cbda.settings.datasets import KIND_NAMES
from cbda.settings.generation import DOMAINS as DOMAIN_NAMES
from cbda.settings.generation import SCENES
from cbda.settings.section import Section, is_section
from cbda.training.augmentation import REDUCTIONS
from cbda.workflow.config import Config, load_config, resolve_experiment
from cbda.workflow.experiment import CustomMethod

FROZEN = {"architecture": "light_fpn", "encoder": "resnet18", "freeze_encoder": True}

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
ENVIRONMENT = {
    f"{name}_ROOT": f"/data/{name}" for name in ("CAMVID", "GTAV", "SYNTHIA", "CITYSCAPES")
}
EXPERIMENTS = sorted((ROOT / "workflow/configs").glob("*.yaml"))
DEFAULTS_OF_PUBLISHED = {
    *("decoder_channels", "crop_size", "color_jitter", "precision", "momentum"),
    *("weight_decay", "poly_power", "negative_threshold"),
}
GIVEN_AFTER = {
    "ripu_region": ["gtav_cityscapes"],
    "ripu_pixel": ["gtav_cityscapes"],
    "all_labels": ["gtav_cityscapes"],
}


@pytest.fixture
def config() -> dict[str, Any]:
    return copy.deepcopy(CONFIG)


@pytest.fixture
def scratch(config: dict[str, Any]) -> dict[str, Any]:
    """The small network from scratch, which has no other parts."""
    return merge(config, experiment("scratch"))


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """As Snakemake's --configfile does: dictionaries are merged, everything else replaced."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
    return base


def keys(section: type[Section], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str | None]:
    """Every key that is no section, and what describes it."""
    found: dict[tuple[str, ...], str | None] = {}
    for name, field in section.model_fields.items():
        kind = field.annotation
        here = {(*path, name): field.description}
        found |= keys(kind, (*path, name)) if is_section(kind) else here
    return found


LEAVES = keys(Config)


def load(*changes: dict[str, Any]) -> Config:
    config = copy.deepcopy(CONFIG)
    for change in changes:
        merge(config, change)
    return load_config(config, ENVIRONMENT)


def test_config_yaml_holds_every_default() -> None:
    assert load() == Config()
    assert load_config({}, {}) == Config()
    assert Config().model_dump(mode="json") == CONFIG


@pytest.mark.parametrize("path", sorted(LEAVES), ids=".".join)
def test_every_key_is_described(path: tuple[str, ...]) -> None:
    assert LEAVES[path]


def test_custom_method_has_the_parts_and_defaults_of_a_method() -> None:
    assert CustomMethod().resolve() == Method()
    plain = {item.name for item in dataclasses.fields(Method)} - SECTIONS.keys()
    keys = {key for section in SECTIONS.values() for key in section.model_fields}
    assert CustomMethod.model_fields.keys() == plain | keys | {"shown_as"}


@pytest.mark.parametrize("name", ["random_fraction", "explore"])
def test_custom_method_takes_its_random_fraction_by_either_name(name: str) -> None:
    config = load({"experiment": {"methods": ["ra", "a"], "custom_methods": {"a": {name: 0.25}}}})
    assert resolve_experiment(config)["a"] == CustomMethod(random_fraction=0.25).resolve()
    assert resolve_experiment(config)["a"].random_fraction == 0.25


def test_names_of_settings_are_those_of_what_they_choose() -> None:
    """Settings import nothing above them, so that the names stand in two places."""
    assert set(KIND_NAMES) == set(KINDS)
    assert set(DOMAIN_NAMES) == set(DOMAINS) == set(AERIAL_DOMAINS)
    assert set(SCENES) == set(CLASSES_OF_SCENES)
    assert {"none", *REDUCTIONS} == set(allowed(Config, "training", "label_reduction"))


def allowed(section: type[Section], *path: str) -> list[str]:
    for name in path[:-1]:
        section = section.model_fields[name].annotation  # type: ignore[assignment]
    (mark,) = section.model_fields[path[-1]].metadata
    return list(mark.schema["enum"])


def test_names_of_classes_are_of_any_script() -> None:
    names = ["道路", "a, b; c", r"$\frac{$", "{seed}", "'\"`", "🙂", "x" * 60, "нет", "_a", "é"]
    sets = {name: {"root": f"/data/{name}"} for name in ("source", "target", "val")}
    assert load({"classes": names, "datasets": sets}).classes == tuple(names)


def test_names_that_stand_for_no_value_are_those_of_pandas() -> None:
    from pandas._libs.parsers import STR_NA_VALUES  # type: ignore[import-not-found]

    assert STR_NA_VALUES - {""} <= set(NO_NAMES)


def test_budget_keeps_the_text_that_names_its_folder() -> None:
    assert list(map(str, load({"experiment": {"budgets": [1, 0.5]}}).experiment.budgets)) == [
        "1",
        "0.5",
    ]


def test_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().training.batch_size = 3


def test_comparators_that_the_experiment_lacks_are_allowed() -> None:
    config = load({"tabulate": {"comparators": ["random", "entropy"]}})
    assert config.tabulate.comparators == ("random", "entropy")


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.name)
def test_experiments_are_valid_and_hold_only_differences(
    path: Path, config: dict[str, Any]
) -> None:
    change = yaml.safe_load(path.read_text())
    for earlier in GIVEN_AFTER.get(path.stem, ()):
        merge(config, experiment(earlier))
    load_config(merge(copy.deepcopy(config), change), ENVIRONMENT)
    if path.stem == "published":
        change = without(change, DEFAULTS_OF_PUBLISHED)
    assert_differs(change, config, path.name)


def without(change: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """All but some keys, wherever they are."""
    return {
        key: without(value, names) if isinstance(value, dict) else value
        for key, value in change.items()
        if key not in names
    }


def test_published_training_marks_what_is_the_default() -> None:
    """It is set all the same, for experiments that change it."""
    text = (ROOT / "workflow/configs/published.yaml").read_text()
    assert set(re.findall(r"(\w+): .*# default", text)) == DEFAULTS_OF_PUBLISHED
    change = experiment("published")
    differing = without(change, DEFAULTS_OF_PUBLISHED)
    assert merge(copy.deepcopy(CONFIG), change) == merge(copy.deepcopy(CONFIG), differing)


def experiment(name: str) -> dict[str, Any]:
    change: dict[str, Any] = yaml.safe_load((ROOT / f"workflow/configs/{name}.yaml").read_text())
    return change


@pytest.mark.parametrize("name", ["gtav_cityscapes", "synthia_cityscapes"])
def test_experiments_of_the_papers_train_and_evaluate_as_published(
    name: str, config: dict[str, Any]
) -> None:
    """All of published.yaml, and of the sections that it sets nothing else that decides numbers."""
    merge(config, experiment(name))
    assert merge(copy.deepcopy(config), experiment("published")) == config
    alone = load(experiment("published"))
    for section in ("model", "training", "pretrain", "finetune"):
        expected = getattr(alone, section).model_dump(exclude={"num_workers"})
        assert getattr(load(config), section).model_dump(exclude={"num_workers"}) == expected


def test_paper_scale_is_that_of_the_papers(config: dict[str, Any]) -> None:
    merge(config, experiment("gtav_cityscapes"))
    assert tuple(config["classes"]) == cityscapes.CLASSES
    stops = [load(config).final_iteration(number) for number in range(1, 6)]
    assert stops == [12_000, 14_000, 16_000, 18_000, 40_000]
    optimizer, training = config["training"]["optimizer"], config["training"]
    assert (optimizer["name"], optimizer["lr"], optimizer["head_lr_factor"]) == ("sgd", 2.5e-4, 10)
    assert (optimizer["momentum"], optimizer["weight_decay"]) == (0.9, 5e-4)
    assert training["loss"] == {
        **{"consistency": 0.1, "boundary": "laplacian"},
        **{"importance": 0.0, "negative": 1.0, "negative_threshold": 0.05},
    }
    assert (training["source_size"], training["image_size"]) == ([720, 1280], [640, 1280])
    sizes = [config["datasets"][name]["num_images"] for name in ("source", "target", "val")]
    assert sizes == [24_966, 2_975, 500]


def test_synthia_is_gtav_but_for_source_classes_and_a_second_mean(config: dict[str, Any]) -> None:
    gtav, synthia = experiment("gtav_cityscapes"), experiment("synthia_cityscapes")
    assert tuple(synthia.pop("classes")) == SYNTHIA_CLASSES
    missing = {"wall", "fence", "pole"}
    subset = synthia["evaluate"].pop("subset")
    assert subset == [c for c in SYNTHIA_CLASSES if c not in missing]
    assert synthia["datasets"].pop("source")["num_images"] == 9_400
    del gtav["classes"], gtav["datasets"]["source"], gtav["pathvars"], synthia["pathvars"]
    assert synthia == gtav


def test_ripu_asks_for_21_pixels_a_round_or_for_regions(config: dict[str, Any]) -> None:
    merge(config, experiment("gtav_cityscapes"))
    pixel, region = experiment("ripu_pixel")["experiment"], experiment("ripu_region")["experiment"]
    rounds = config["experiment"]["rounds"]
    assert queries_per_image(1024, 2048, pixel["budgets"][0], rounds, 32, "pixel") == 21
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
        ({"training": {"lr": 1}}, r"training: unknown key 'lr'; allowed: align_corners, batch"),
        (
            {"training": {"batch_size": "4"}},
            r"training.batch_size: '4' is text: write 4 in a file, without quotes",
        ),
        ({"training": {"optimizer": {"lr": "1e-8"}}}, r"lr: '1e-8' is text: write 1.0e-08 in a f"),
        ({"training": {"batch_size": "four"}}, r"batch_size: 'four'; allowed: a valid integer"),
        (
            {"model": {"architecture": "unett"}},
            r"'unett' \(did you mean 'unet'\?\); allowed: small",
        ),
        (
            {"experiment": {"methods": ["ra", "cbad"]}},
            r"methods: 'cbad' .*is not a method; allowed: ra, cb, da, cbda",
        ),
        ({"experiment": {"budgets": [0]}}, r"experiment.budgets.0: 0; allowed: above 0$"),
        (
            {"experiment": {"budgets": [0.1, 5]}},
            r"experiment.budgets.1: 5; allowed: fractions of the pool, at most 1; 0.05 is 5 %$",
        ),
        ({"experiment": {"budgets": [2500]}}, r"budgets.0: 2500; .*, at most 1; 0.2 is 20 %$"),
        (
            {"datasets": {"source": {"root": "s", "label_ids": [[id] for id in range(11)]}}},
            r"label_ids.0: \[0\]; allowed: a number up to .* \(and so 10 more items\)$",
        ),
        (
            {"experiment": {"budgets": [0, 0.1, -3]}},
            r"^experiment.budgets.0: 0; allowed: above 0; experiment.budgets.2: -3; allowed: above",
        ),
        ({"experiment": {"replay": "nowhere"}}, r"experiment.replay: no folder nowhere; give the"),
        (
            {"experiment": {"replay": "."}, "pathvars": {"results": "./"}},
            r"experiment.replay: \. is the folder of the results themselves; give the replay a",
        ),
        (
            {"experiment": {"starting_share": 0.5, "rounds": 1}},
            r"experiment.starting_share: all is spent in one round; allowed: 0, or two rounds or",
        ),
        ({"experiment": {"evaluated_rounds": "none"}}, r"allowed: last, largest_budget, all"),
        ({"analyse": {"axis": "pixel"}}, r"'pixel' .*allowed: pixels, queries, clicks"),
        ({"experiment": {"references": ["half"]}}, r"allowed: source_only, full"),
        ({"tabulate": {"baseline": "da_exact"}}, r"not in experiment.methods; allowed: random, ra"),
        ({"training": {"total_iterations": 700}}, r"total_iterations: 700 .*allowed: 901 or more"),
        ({"experiment": {"custom_methods": {"ra": {}}}}, r"'ra' is taken"),
        ({"experiment": {"custom_methods": {"a": {"unit": "x"}}}}, r"'x'; allowed: region, pixel"),
        (
            {"experiment": {"custom_methods": {"a": {"score": "x"}}}},
            r"'x' is unknown; allowed: bald",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"score": "no.py:f"}}}},
            r"there is no file no.py",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"target_distribution": [1, 2]}}}},
            r"custom_methods.a: target distribution \[1.0, 2.0\]: allowed are 11 numbers",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"explore": 1}}}},
            r"custom_methods.a.explore: 1; allowed: below 1$",
        ),
        (
            {"experiment": {"custom_methods": {"a": {"explore": "0.2"}}}},
            r"custom_methods.a.explore: '0.2' is text: write 0.2 in a file, without quotes",
        ),
        ({"acquire": {"target_distribution": [1]}}, r"acquire.target_distribution: .* 11 numbers"),
        (
            {"experiment": {"custom_methods": {"a": {"score": "margn"}}}},
            r"custom_methods.a: method score 'margn' \(did you mean 'margin'\?\) is unknown",
        ),
        (
            {"acquire": {"target_distribution": "unifrom"}},
            r"'unifrom' \(did you mean 'uniform'\?\); allowed: a number per class, or one of",
        ),
        (
            {"acquire": {"target_distribution": "pool"}},
            r"'pool'; allowed: a number per class, or one of uniform, predicted, sqrt_predic",
        ),
        ({"experiment": {"methods": ["cdba"]}}, r"'cdba' \(did you mean 'cbpa' or 'cbda'\?\)"),
        (
            {"experiment": {"custom_methods": {"Mine": {}}}},
            r"custom_methods.Mine: 'Mine'; allowed: names of small",
        ),
        ({"classes": ["road", "-n"]}, r"classes.1: '-n'; allowed: a name of at most 60 signs"),
        (
            {"classes": ["road", "a\u2028b"]},
            r"classes.1: .*; allowed: a name of at most 60 signs on",
        ),
        (
            {"classes": ["road", "a\nb"]},
            r"classes.1: .*; allowed: a name of at most 60 signs on one",
        ),
        ({"classes": ["road", "\ud800"]}, r"classes.1: .*; allowed: a name of at most 60 signs"),
        ({"classes": ["road", "x" * 61]}, r"classes.1: .*; allowed: a name of at most 60 signs"),
        ({"classes": ["road", ""]}, r"classes.1: ''; allowed: a name of at most 60 signs"),
        ({"classes": ["road", " a"]}, r"classes.1: ' a'; allowed: .* without blanks around"),
        ({"classes": ["road", "road"]}, r"classes: \['road', 'road'\]; allowed: none twice"),
        (
            {"classes": ["None", "NA"]},
            r"classes: 'None', 'NA' stands for no value where tables",
        ),
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
            r"^model.encoder: the small network has none that can be chosen; write encoder: none$",
        ),
        (
            {"model": {"encoder_weights": "imagenet", "freeze_encoder": True}},
            r"^model.encoder_weights, model.freeze_encoder: .*; write encoder_weights: none, freeze"
            r"_encoder: false$",
        ),
        ({"datasets": {"source": {"kind": "coco"}}}, r"allowed: folder, gtav"),
        (
            {"datasets": {"val": {"kind": "images"}}},
            r"allowed: folder, gtav, .*, camvid, FILE.py:NAME$",
        ),
        (
            {"training": {"source_size": [64]}},
            r"source_size: \[64\]; allowed: a height and a width, \[height, width\], or none$",
        ),
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
        (
            {"training": {"batch_size": 1, "image_size": [8, 8]}},
            r"batch_size: 1 image of the source, on which source_only trains, of 8 x 8 px leaves a",
        ),
        (
            {
                "model": {"architecture": "deeplabv3plus", "encoder": "resnet18"},
                "experiment": {"references": []},
                "training": {"batch_size": 1, "source_size": [64, 64]},
            },
            r"batch_size: 1 image of 64 x 112 px leaves a batch norm of deeplabv3plus one value",
        ),
        ({"experiment": {"seeds": [2**64]}}, r"seeds.*: 18446744073709551616; allowed: at most 1e"),
        ({"experiment": {"radius": 10**6}}, r"experiment.radius: 1000000; allowed: at most 10000"),
        ({"evaluate": {"subset": ["sky", "lake"]}}, r"evaluate.subset: 'lake' .*; allowed: sky"),
        ({"training": None}, r"^training: nothing is given; leave the key out for its default"),
        ({"classes": ["a", None]}, r"^classes.1: nothing is given; leave the key out"),
        (
            {"experiment": "x" * 9000},
            r"^experiment: 'x{20,60}.{0,5}x+'; allowed: a valid dictionary$",
        ),
        ({"experiment": []}, r"experiment: \[\]; allowed: a valid dictionary$"),
        (
            {"training": {"total_iterations": 4.0e4}},
            r"total_iterations: 40000.0; allowed: a valid integer",
        ),
        ({"training": {"optimizer": {"lr": float("nan")}}}, r"lr: nan; allowed: a finite number"),
        ({"experiment": {"budgets": [float("nan")]}}, r"budgets.0: nan; allowed: a finite number"),
        (
            {"training": {"image_size": [64]}},
            r"image_size: \[64\]; allowed: a height and a width, \[height, width\]$",
        ),
        ({"training": {"image_size": "64x96"}}, r"image_size: '64x96'; .*, \[height, width\]$"),
        ({"predict": {"tile": 64}}, r"^predict.tile: 64; .*, \[height, width\], or none$"),
        (
            {"training": {"optimizer": {"name": "adam"}}},
            r"\(did you mean 'adamw'\?\); allowed: sgd,",
        ),
        ({"training": {"horizontal_flip": 1}}, r"horizontal_flip: 1; allowed: a valid boolean"),
        ({"training": {"batch_size": True}}, r"batch_size: True; allowed: a valid integer"),
        ({"model": {"output_stride": 4}}, r"output_stride: 4; allowed: 0, 8, 16$"),
        ({"model": {"output_stride": 8.0}}, r"output_stride: 8.0; allowed: a valid integer"),
        ({"experiment": {"seeds": [0, 0]}}, r"experiment.seeds: \[0, 0\]; allowed: none twice"),
        ({"experiment": {"seeds": []}}, r"experiment.seeds: \[\]; allowed: 1 of them or more"),
        ({"experiment": {"seeds": 0}}, r"experiment.seeds: 0; allowed: a list, such as \[0\]$"),
        (
            {"experiment": {"custom_methods": {"a": {"colour": 1}}}},
            r"custom_methods.a: unknown key 'colour'; allowed: allocation, balance",
        ),
        (
            {"tabulate": {"comparators": ["randm"]}},
            r"'randm' \(did you mean 'random'\?\) is not a m",
        ),
        ({1: 2}, r"top level: unknown key '1'; allowed: acquire"),
        ({"experiment": {"rounds": 300}}, r"rounds: 300; allowed: at most 255"),
        (
            {"training": {"crop_size": [80, 160]}},
            r"crop_size: \[80, 160\] is larger than .*image_s",
        ),
        ({"model": {"freeze_batch_norm": True}}, r"model.freeze_batch_norm: the small network"),
        ({"model": {"output_stride": 8}}, r"model.output_stride: only for deeplabv2"),
        ({"model": {"architecture": "deeplabv2"}}, r"model.encoder 'none': deeplabv2 needs one"),
        (
            {"model": {"architecture": "linear"}},
            r"model.freeze_encoder: linear takes features; all",
        ),
        (
            {"model": {"architecture": "dpt", "encoder": "tu-x", "freeze_encoder": True}},
            r"model.freeze_encoder: only for deeplabv3plus, une",
        ),
        (
            {"model": FROZEN, "training": {"crop_size": [32, 32]}},
            r"training.crop_size: features are of whole images; allowed: none",
        ),
        (
            {"model": FROZEN, "training": {"color_jitter": 0.1}},
            r"training.color_jitter: features are of whole images; allowed: none",
        ),
        (
            {"model": {"architecture": "deeplabv2", "encoder": "x", "encoder_weights": "no.st"}},
            r"model.encoder_weights: no file no.st; allowed: none, imagenet, packaged, a file",
        ),
        ({"pathvars": {"results": "out/{seed}"}}, r"results: 'out/{seed}'; allowed: a folder with"),
        ({"pathvars": {"results": ""}}, r"pathvars.results: ''; allowed: a folder without {"),
        ({"pathvars": {"tables": "<tables>"}}, r"tables: '<tables>'; .*<results> may begin it"),
        ({"data_make": {"root": "a}b"}}, r"data_make.root: 'a}b'; allowed: a folder without {"),
        (
            {"data_make": {"scenes": "aerial"}},
            r"^classes: those of other scenes than data_make.scenes, aerial; allowed: field",
        ),
        ({"plan": {"measured": "no.json"}}, r"plan.measured: no file no.json; give a metrics.json"),
    ],
)
def test_mistake_says_where_and_what_is_allowed(
    scratch: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        load_config(merge(scratch, change), {})
    assert re.search(message, str(caught.value))
    assert "\n" not in str(caught.value)


def test_images_to_predict_hold_no_labels(config: dict[str, Any], tmp_path: Path) -> None:
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    merge(config, {"predict": {"images": str(tmp_path)}})
    with pytest.raises(UserError, match=rf"^predict.images: {tmp_path}: .*give {tmp_path}/images$"):
        load_config(config, {})


def test_roots_are_brought_to_their_shortest_form(config: dict[str, Any]) -> None:
    merge(config, {"datasets": {"val": {"root": "./${DATA}/val/"}}, "data_make": {"root": "./a/"}})
    loaded = load_config(config, {"DATA": "here"})
    assert (loaded.datasets.val.root, loaded.data_make.root) == ("here/val", "a")


def test_missing_key_has_its_default(config: dict[str, Any]) -> None:
    del config["experiment"]["rounds"]
    assert load_config(config, {}).experiment.rounds == 3


def test_missing_key_without_a_default_is_a_mistake(config: dict[str, Any]) -> None:
    merge(config, {"data_make": {"sets": {"more": {"num_images": 1}}}})
    with pytest.raises(
        UserError, match=r"^data_make.sets.more: missing key 'domain'; allowed: dom"
    ):
        load_config(config, {})


def test_all_mistakes_are_reported_at_once(config: dict[str, Any]) -> None:
    merge(config, {"training": {"batch_size": 0}, "compute": {"threads": 0}})
    with pytest.raises(UserError, match=r"compute.threads.*training.batch_size"):
        load_config(config, {})


def test_custom_methods_join_the_built_in_ones(config: dict[str, Any]) -> None:
    merge(
        config,
        {"experiment": {"methods": ["mine"], "custom_methods": {"mine": {"score": "margin"}}}},
    )
    merge(config, {"tabulate": {"baseline": "mine"}})
    assert resolve_experiment(load_config(config, {})) == {"mine": Method(score="margin")}


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
    stops = [load_config(config, {}).final_iteration(number) for number in range(1, 6)]
    assert stops == [12_000, 14_000, 16_000, 18_000, 40_000]


PLACES = {
    "datasets.source.root": "source",
    "pathvars.results": "results",
    "pathvars.tables": "tables",
    "data_make.root": "made",
    "plan.measured": "metrics.json",
    "model.encoder_weights": "encoder.safetensors",
    "experiment.custom_methods.mine.score": "mine.py:score",
}


def place(path: str, key: str) -> dict[str, Any]:
    """A change of the configuration that names a path."""
    first, _, rest = key.partition(".")
    return {first: place(path, rest) if rest else path}


@pytest.fixture
def home(tmp_path: Path, config: dict[str, Any]) -> Path:
    """A folder that holds what a configuration may name; the network can take its weights."""
    (tmp_path / "mine.py").write_text("def score(logits, radius):\n    return logits[0]\n")
    for name in ("encoder.safetensors", "metrics.json"):
        (tmp_path / name).touch()
    model = {"architecture": "deeplabv2", "encoder": "resnet18", "encoder_weights": "none"}
    merge(config, {"model": {**model, "freeze_encoder": False}})
    return tmp_path


@pytest.mark.parametrize("key", PLACES)
@pytest.mark.parametrize("form", ["~/{}", "$HOME/{}", "${{HOME}}/./{}", "$A$B/{}"])
def test_every_path_takes_home_and_variables(
    config: dict[str, Any], home: Path, key: str, form: str
) -> None:
    merge(config, place(form.format(PLACES[key]), key))
    environment = {"HOME": str(home), "A": str(home)[:3], "B": str(home)[3:]}
    found: Any = load_config(config, environment)
    for name in key.split("."):
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    assert found == f"{home}/{PLACES[key]}"


@pytest.mark.parametrize("key", PLACES)
@pytest.mark.parametrize("name", ["$PLACE", "${PLACE}"])
def test_unset_environment_variable_is_named(
    config: dict[str, Any], home: Path, key: str, name: str
) -> None:
    merge(config, place(f"{name}/{PLACES[key]}", key))
    with pytest.raises(UserError, match=rf"{key}: .*PLACE, which is not set; set it, or give"):
        load_config(config, {})


@pytest.mark.parametrize("root", ["camvid~/a", "a/~", "costs 5$", "{seed}/{dataset}"])
def test_other_signs_of_a_root_stay(config: dict[str, Any], root: str) -> None:
    config["datasets"]["source"]["root"] = root
    assert load_config(config, {"HOME": "/home/me"}).datasets.source.root == root


@pytest.mark.parametrize(
    ("tables", "expected"),
    [("<results>", "out"), ("<results>/a/", "out/a"), ("<results>/../a", "a"), ("./a", "a")],
)
def test_tables_may_lie_below_the_results(
    config: dict[str, Any], tables: str, expected: str
) -> None:
    merge(config, {"pathvars": {"results": "./out/", "tables": tables}})
    folders = load_config(config, {}).pathvars.resolve()
    assert folders == {"results": "out", "tables": expected}


# Commands of people, which no rule calls.
BY_HAND = {"annotate", "init", "queries_export", "queries_import", "status"}


def test_phase_has_one_verb_everywhere() -> None:
    verbs = {command.replace(" ", "_") for command in COMMANDS}
    rules = {path.stem for path in (ROOT / "workflow/rules").glob("*.smk")} - {"common"}
    modules = (ROOT / "cbda/commands").glob("*.py")
    assert verbs == {path.stem for path in modules if "\ndef run(" in path.read_text()}
    verbs -= BY_HAND
    assert verbs == rules
    without_settings = {"ask", "queries_count", "score", "diagnose", "collect", "runs", "verify"}
    assert verbs - set(CONFIG) == verbs & without_settings


def test_two_names_of_one_part_are_a_mistake() -> None:
    parts = {"explore": 0.2, "random_fraction": 0.1}
    with pytest.raises(UserError, match=r"custom_methods\.a: 'explore' is another name of"):
        load({"experiment": {"custom_methods": {"a": parts}}})


def test_schema_knows_the_other_name_of_a_part() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    custom = {"experiment": {"custom_methods": {"a": {"explore": 0.2}}}}
    jsonschema.validate(custom, schema)
    custom["experiment"]["custom_methods"]["a"]["explor"] = 0.2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(custom, schema)


@pytest.mark.parametrize(
    ("methods", "shown", "message"),
    [
        (["a", "b"], {"a": "Mine", "b": "Mine "}, r"b\.shown_as: b and a are both shown as 'Mine'"),
        (["ra", "a"], {"a": "RA"}, r"a\.shown_as: a and ra are both shown as 'RA'"),
        (["a", "ra"], {"a": "RA"}, r"a\.shown_as: ra and a are both shown as 'RA'"),
        (["a", "b"], {"a": "b", "b": ""}, r"b\.shown_as: b and a are both shown as 'b'"),
        (["a"], {"a": "Full supervision"}, r"a\.shown_as: a and full are both shown as"),
    ],
)
def test_rows_that_would_be_called_the_same_are_a_mistake(
    methods: list[str], shown: dict[str, str], message: str
) -> None:
    custom = {name: {"score": "margin", "shown_as": text} for name, text in shown.items()}
    change = {"experiment": {"methods": methods, "custom_methods": custom}}
    change |= {"tabulate": {"baseline": methods[0]}}
    with pytest.raises(UserError, match=message):
        load(change)


def test_method_that_is_not_compared_may_be_called_as_another() -> None:
    load({"experiment": {"custom_methods": {"a": {"shown_as": "RA"}}}})


@pytest.mark.parametrize("images", [".", "results"])
def test_masks_among_the_images_are_a_mistake(images: str) -> None:
    with pytest.raises(UserError, match=r"predict\.images: .* holds results, where masks are"):
        load({"predict": {"images": images}})
