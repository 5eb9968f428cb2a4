"""Settings of a phase: dataclasses that become command line options.

Field names equal the keys of config.yaml, and defaults equal its values; a test holds both in
step. ``training.optimizer.lr`` in the configuration is ``--training-optimizer-lr`` here.
"""

import argparse
import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cbda.errors import UserError, require_choice

Settings = TypeVar("Settings")

LABEL_REDUCTIONS = ("none", "labelled", "nearest")
SAMPLINGS = ("uniform", "class_balanced")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class DatasetSettings:
    """Where a dataset lies.

    Attributes:
        kind: layout on disk, one of `cbda.datasets.catalogue.KINDS`.
        root: folder of the dataset.
        split: part of the dataset; empty where the kind has no parts.
    """

    kind: str = "folder"
    root: str = ""
    split: str = ""


@dataclass(frozen=True)
class Architecture:
    """What goes with a network, and what it can be told.

    Attributes:
        size_multiple: what the sides of images must be multiples of, at its own output stride.
        has_stride: whether it takes an output stride.
        decoder_option: what segmentation_models_pytorch calls the widths of the decoder; empty
            where they are fixed.
    """

    size_multiple: int = 1
    has_stride: bool = False
    decoder_option: str = ""


ARCHITECTURES = {
    "small": Architecture(),
    "deeplabv2": Architecture(has_stride=True),
    "deeplabv3plus": Architecture(16, has_stride=True, decoder_option="decoder_channels"),
    "unet": Architecture(32, decoder_option="decoder_channels"),
    "segformer": Architecture(32, decoder_option="decoder_segmentation_channels"),
}


@dataclass(frozen=True)
class ModelSettings:
    """The network.

    Attributes:
        architecture: a key of `ARCHITECTURES`.
        encoder: an encoder of segmentation_models_pytorch; not used by `small`.
        encoder_weights: `none`, `imagenet`, or a .safetensors file.
        decoder_channels: widths of the decoder; empty for the library's own.
        output_stride: px of the image per px of the encoder's output, of the DeepLab family
            alone; 0 for the architecture's own.
        freeze_batch_norm: keep the batch norm statistics and scales of the encoder as loaded.
    """

    architecture: str = "small"
    encoder: str = "none"
    encoder_weights: str = "none"
    decoder_channels: tuple[int, ...] = ()
    output_stride: int = 0
    freeze_batch_norm: bool = False


def require_sound_model(settings: ModelSettings) -> None:
    """Raise a `UserError` unless the parts of a network go together, and its weights are there."""
    architecture, weights = settings.architecture, settings.encoder_weights
    require_choice("model.architecture", architecture, tuple(ARCHITECTURES))
    traits = ARCHITECTURES[architecture]
    if settings.output_stride and not traits.has_stride:
        strided = ", ".join(name for name, item in ARCHITECTURES.items() if item.has_stride)
        raise UserError(f"model.output_stride: only for {strided}; allowed: 0")
    if settings.decoder_channels and not traits.decoder_option:
        raise UserError(f"model.decoder_channels: those of {architecture} are fixed; allowed: none")
    if architecture != "small":
        _require_encoder(settings)
    elif settings.encoder != "none":
        raise UserError(
            f"model.encoder {settings.encoder!r}: the small network has none; allowed: none, or"
            " another architecture"
        )
    elif weights != "none":
        raise UserError("model.encoder_weights: the small network has none; allowed: none")
    elif settings.freeze_batch_norm:
        raise UserError("model.freeze_batch_norm: the small network starts untrained; allowed: no")


def _require_encoder(settings: ModelSettings) -> None:
    weights = settings.encoder_weights
    if settings.encoder == "none":
        raise UserError(f"model.encoder 'none': {settings.architecture} needs one, as resnet101")
    if has_weights_file(weights) and not Path(weights).is_file():
        raise UserError(
            f"model.encoder_weights: no file {weights}; allowed: none, imagenet, a file"
        )


def has_weights_file(encoder_weights: str) -> bool:
    """Whether weights come from a file of the user's."""
    return encoder_weights not in ("none", "imagenet")


@dataclass(frozen=True)
class OptimizerSettings:
    """The optimizer and its schedule.

    Attributes:
        name: `sgd` or `adamw`.
        lr: learning rate of the encoder.
        head_lr_factor: factor of the learning rate of all other parameters.
        momentum: of `sgd`; the first beta of `adamw`.
        weight_decay: as the optimizer defines it.
        poly_power: lr * (1 - iteration / total)^power.
        poly_iterations: the total of the schedule; 0 for that of the run.
    """

    name: str = "adamw"
    lr: float = 0.003
    head_lr_factor: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 0.0005
    poly_power: float = 0.9
    poly_iterations: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.lr < math.inf:
            raise UserError(f"training.optimizer.lr {self.lr}: allowed are numbers above 0")


@dataclass(frozen=True)
class LossSettings:
    """Weights of the losses beside the two cross entropies.

    Attributes:
        consistency: local consistency on class boundaries of the source.
        negative: negative learning on improbable classes of the target.
        negative_threshold: probability below which a class counts as improbable.
    """

    consistency: float = 0.1
    negative: float = 1.0
    negative_threshold: float = 0.05


@dataclass(frozen=True)
class TrainingSettings:
    """What pretraining and finetuning share.

    Attributes:
        total_iterations: length of the whole run, which the schedule of the learning rate spans.
        batch_size: images of each domain per iteration.
        image_size: height and width in px at which the network sees images.
        source_size: the same for the source; empty for `image_size`.
        crop_size: height and width in px of a random crop of what the network would see in
            training; empty trains on whole images.
        label_reduction: how labels of the pool are brought to the size of their image, one of
            `LABEL_REDUCTIONS`.
        source_sampling: how source images are drawn, one of `SAMPLINGS`.
        horizontal_flip: mirror half of the images.
        color_jitter: largest relative change of brightness, contrast and saturation.
        precision: of the network in training, `float32` or `bfloat16`; losses are
            always float32.
        num_workers: processes that load images; 0 loads in the main process.
        optimizer: optimizer and schedule.
        loss: weights of the losses.
    """

    total_iterations: int = 1150
    batch_size: int = 4
    image_size: tuple[int, int] = (64, 112)
    source_size: tuple[int, ...] = ()
    crop_size: tuple[int, ...] = ()
    label_reduction: str = "none"
    source_sampling: str = "uniform"
    horizontal_flip: bool = True
    color_jitter: float = 0.0
    precision: str = "float32"
    num_workers: int = 0
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    loss: LossSettings = field(default_factory=LossSettings)

    def __post_init__(self) -> None:
        minima = {"total_iterations": 1, "batch_size": 1, "num_workers": 0}
        for name, minimum in minima.items():
            if getattr(self, name) < minimum:
                raise UserError(
                    f"training.{name} {getattr(self, name)}: allowed: {minimum} or more"
                )
        for name in ("image_size", "source_size", "crop_size"):
            size = getattr(self, name)
            if (name == "image_size" or size) and (len(size) != 2 or min(size) < 1):
                raise UserError(f"training.{name} {list(size)}: allowed are a height and a width")


def add_options(
    parser: argparse.ArgumentParser,
    prefix: str,
    settings: type[Any],
    required: tuple[str, ...] = (),
) -> None:
    """Add one option per field of a dataclass, nested ones with a longer prefix."""
    types = get_type_hints(settings)
    for item in dataclasses.fields(settings):
        name = f"{prefix}-{item.name.replace('_', '-')}"
        kind = types[item.name]
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            add_options(parser, name, kind)
        else:
            _add_option(parser, name, kind, item, item.name in required)


def _add_option(
    parser: argparse.ArgumentParser,
    name: str,
    kind: Any,
    item: "dataclasses.Field[Any]",
    required: bool,
) -> None:
    options: dict[str, Any] = {"required": True} if required else {"default": item.default}
    if kind is bool:
        options["action"] = argparse.BooleanOptionalAction
    elif get_origin(kind) is tuple:
        item_type, *others = get_args(kind)
        nargs = "*" if others == [Ellipsis] else 1 + len(others)
        options |= {"type": item_type, "nargs": nargs}
    else:
        options["type"] = kind
    parser.add_argument(f"--{name}", help="(default: %(default)s)", **options)


def from_options(args: argparse.Namespace, prefix: str, settings: type[Settings]) -> Settings:
    """Build a settings object from parsed options that `add_options` declared."""
    types = get_type_hints(settings)
    values: dict[str, Any] = {}
    for item in dataclasses.fields(settings):  # type: ignore[arg-type]
        name, kind = f"{prefix}_{item.name}", types[item.name]
        if dataclasses.is_dataclass(kind):
            values[item.name] = from_options(args, name, kind)  # type: ignore[arg-type]
        else:
            value = getattr(args, name)
            values[item.name] = tuple(value) if get_origin(kind) is tuple else value
    return settings(**values)


def to_options(prefix: str, value: Any) -> list[str]:
    """Command line words for a configuration value: the inverse of `from_options`.

    Dictionaries are walked in the order of their keys' names, so that a reordered
    configuration gives the same words. An empty text is left out: it is the default wherever
    it is allowed.
    """
    if isinstance(value, dict):
        names = {key: f"{prefix}-{key}" if prefix else key for key in sorted(value)}
        return [word for key, name in names.items() for word in to_options(name, value[key])]
    name = prefix.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}", str(value)] if value != "" else []
