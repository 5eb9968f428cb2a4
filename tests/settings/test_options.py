"""Keys of sections as options of the command line, and back."""

import argparse
from typing import Annotated

import pytest
from pydantic import Field

from cbda.errors import UserError
from cbda.settings.compute import ResumableComputeSettings
from cbda.settings.datasets import DatasetSettings
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options, to_options
from cbda.settings.section import Items, Section
from cbda.settings.training import OptimizerSettings, TrainingSettings

OTHER = TrainingSettings(
    total_iterations=7,
    batch_size=2,
    image_size=(8, 16),
    horizontal_flip=False,
    color_jitter=0.3,
    optimizer=OptimizerSettings(name="sgd", lr=2.5e-4),
)


class Inner(Section):
    rate: Annotated[float, Field(gt=0)] = 0.5
    """How much of it, in % of all."""


class Outer(Section):
    num_items: Annotated[int, Field(ge=1)] = 3
    """Number of items."""
    widths: Items[int] = ()
    """Widths."""
    active: bool = False
    """Whether it is."""
    name: str = ""
    """Its name."""
    inner: Inner = Inner()


def parse(words, settings=Outer, prefix="outer", required=()):
    parser = argparse.ArgumentParser()
    add_options(parser, prefix, settings, required)
    return from_options(parser.parse_args(words), prefix, settings)


@pytest.mark.parametrize(
    "settings",
    [ModelSettings, OptimizerSettings, TrainingSettings, ResumableComputeSettings, Outer],
)
def test_no_option_gives_the_defaults(settings):
    assert parse([], settings) == settings()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--outer-num-items", "4"], Outer(num_items=4)),
        (["--outer-widths", "5", "6", "7"], Outer(widths=(5, 6, 7))),
        (["--outer-widths"], Outer(widths=())),
        (["--outer-active"], Outer(active=True)),
        (["--outer-no-active"], None),
        (["--no-outer-active"], Outer(active=False)),
        (["--outer-name", "a b"], Outer(name="a b")),
        (["--outer-inner-rate", "1e-3"], Outer(inner=Inner(rate=0.001))),
        (["--outer-num-items", "0"], None),
        (["--outer-num-items", "many"], None),
        (["--outer-num_items", "4"], None),
    ],
)
def test_settings_become_options(words, expected, capsys):
    if expected is None:
        with pytest.raises(SystemExit, match="2"):
            parse(words)
    else:
        assert parse(words) == expected


def test_required_option_is_asked_for(capsys):
    with pytest.raises(SystemExit, match="2"):
        parse([], DatasetSettings, "source", required=("root",))
    assert "--source-root" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "prefix"),
    [
        (TrainingSettings(), "training"),
        (OTHER, "training"),
        (ModelSettings(decoder_channels=(8, 4), freeze_batch_norm=True), "model"),
        (DatasetSettings(kind="cityscapes", root="my data", split="val"), "target"),
        (Outer(widths=(3,), active=True, name="x", inner=Inner(rate=0.25)), "outer"),
    ],
)
def test_to_options_is_the_inverse(settings, prefix):
    words = to_options(prefix, settings)
    assert words == to_options(prefix, settings.model_dump())
    assert parse(words, type(settings), prefix) == settings


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--training-crop-size", "8"], "training.crop_size: [8]; allowed: a height and a width"),
        (["--training-image-size", "8"], "training.image_size: [8]; allowed: a height and a width"),
        (["--training-optimizer-lr", "0"], "training.optimizer.lr: 0.0; allowed: above 0"),
        (
            ["--training-optimizer-lr", "nan"],
            "training.optimizer.lr: nan; allowed: a finite number",
        ),
        (["--training-optimizer-name", "adam"], "'adam' (did you mean 'adamw'?); allowed: sgd, a"),
        (["--training-source-sampling", "rare"], "'rare'; allowed: uniform, class_balanced"),
        (["--training-label-reduction", "max"], "'max'; allowed: none, labelled, nearest"),
        (["--training-precision", "half"], "'half'; allowed: float32, bfloat16"),
    ],
)
def test_value_that_is_not_allowed_is_an_error_of_one_line(words, message):
    with pytest.raises(UserError) as caught:
        parse(words, TrainingSettings, "training")
    assert message in str(caught.value)


def test_help_tells_description_limits_and_default(capsys):
    with pytest.raises(SystemExit, match="0"):
        parse(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "How much of it, in % of all. (allowed: above 0; default: 0.5)" in text
    assert "Number of items. (allowed: 1 or more; default: 3)" in text
    assert "--outer-name OUTER_NAME Its name. --outer-inner-rate" in text


def test_help_of_an_option_that_must_be_given_tells_no_default(capsys):
    with pytest.raises(SystemExit, match="0"):
        parse(["--help"], required=("num_items",))
    assert "Number of items. (allowed: 1 or more)" in " ".join(capsys.readouterr().out.split())


def test_values_become_options():
    config = {"sizes": [5, 6], "active": False, "name": "", "inner": {"rate": 0.1}, "num_items": 4}
    assert to_options("outer", config) == [
        "--no-outer-active",
        *("--outer-inner-rate", "0.1"),
        *("--outer-num-items", "4"),
        *("--outer-sizes", "5", "6"),
    ]


def test_order_of_keys_does_not_matter():
    assert to_options("a", {"x": 1, "b": {"z": 2, "y": 3}}) == to_options(
        "a", {"b": {"y": 3, "z": 2}, "x": 1}
    )
