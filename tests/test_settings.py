import argparse
from dataclasses import asdict, dataclass, field

import pytest

from cbda.settings.datasets import DatasetSettings
from cbda.settings.model import ModelSettings
from cbda.settings.options import add_options, from_options, to_options
from cbda.settings.training import OptimizerSettings, TrainingSettings

OTHER = TrainingSettings(
    total_iterations=7,
    batch_size=2,
    image_size=(8, 16),
    horizontal_flip=False,
    color_jitter=0.3,
    optimizer=OptimizerSettings(name="sgd", lr=2.5e-4),
)


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5


@dataclass(frozen=True)
class Outer:
    num_items: int = 3
    sizes: tuple[int, int] = (1, 2)
    widths: tuple[int, ...] = ()
    active: bool = False
    name: str = ""
    inner: Inner = field(default_factory=Inner)


def parse(words, settings=Outer, prefix="outer", required=()):
    parser = argparse.ArgumentParser()
    add_options(parser, prefix, settings, required)
    return from_options(parser.parse_args(words), prefix, settings)


@pytest.mark.parametrize(
    "settings", [DatasetSettings, ModelSettings, OptimizerSettings, TrainingSettings, Outer]
)
def test_no_option_gives_the_defaults(settings):
    assert parse([], settings) == settings()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--outer-num-items", "4"], Outer(num_items=4)),
        (["--outer-sizes", "5", "6"], Outer(sizes=(5, 6))),
        (["--outer-widths", "5", "6", "7"], Outer(widths=(5, 6, 7))),
        (["--outer-widths"], Outer(widths=())),
        (["--outer-active"], Outer(active=True)),
        (["--outer-no-active"], None),
        (["--no-outer-active"], Outer(active=False)),
        (["--outer-name", "a b"], Outer(name="a b")),
        (["--outer-inner-rate", "1e-3"], Outer(inner=Inner(0.001))),
        (["--outer-sizes", "5"], None),
        (["--outer-num-items", "many"], None),
        (["--outer-num_items", "4"], None),
    ],
)
def test_options(words, expected, capsys):
    if expected is None:
        with pytest.raises(SystemExit, match="2"):
            parse(words)
    else:
        assert parse(words) == expected


def test_required_option(capsys):
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
        (Outer(widths=(3,), active=True, name="x", inner=Inner(0.25)), "outer"),
    ],
)
def test_to_options_is_the_inverse(settings, prefix):
    words = to_options(prefix, asdict(settings))
    assert parse(words, type(settings), prefix) == settings


def test_to_options_by_hand():
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
