"""The network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cbda.errors import UserError
from cbda.settings.section import Count, Items, Section, one_of


@dataclass(frozen=True)
class Architecture:
    """What goes with a network, and what it can be told."""

    size_multiple: int = 1  # of the sides of images, at its own output stride
    has_stride: bool = False  # whether it takes an output stride
    decoder_option: str = ""  # segmentation_models_pytorch's word for the decoder's widths, if any
    output_stride: int = 32  # of its encoder, unless told
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)  # of the encoder, that its decoder looks at
    takes_features: bool = True  # of a frozen encoder
    takes_images: bool = True


ARCHITECTURES = {
    "small": Architecture(takes_features=False),
    "deeplabv2": Architecture(has_stride=True, takes_features=False),
    "deeplabv3plus": Architecture(
        16, has_stride=True, decoder_option="decoder_channels", output_stride=16, levels=(2, 5)
    ),
    "unet": Architecture(32, decoder_option="decoder_channels"),
    "segformer": Architecture(32, decoder_option="decoder_segmentation_channels"),
    "light_fpn": Architecture(takes_images=False),
    "linear": Architecture(takes_images=False),
}
PACKAGED = "tu-tf_efficientnet_lite0"


class ModelSettings(Section):
    """The network."""

    architecture: Annotated[str, one_of(*ARCHITECTURES)] = "small"
    """The small network or the DeepLab-v2 of this package, or one of
    segmentation_models_pytorch; light_fpn and linear, of this package, take the features of a
    frozen encoder."""
    encoder: str = "none"
    """Encoder of segmentation_models_pytorch, such as resnet101, or tu- and a name of timm's;
    none for small."""
    encoder_weights: str = "none"
    """none, imagenet (downloaded by the library), packaged (of tu-tf_efficientnet_lite0, which
    come with the installation), or a .safetensors file."""
    freeze_encoder: bool = False
    """Compute the features of all images once, and train the rest on them."""
    decoder_channels: Items[Count] = ()
    """Widths of the decoder, one number or one per stage as the library has it; empty for the
    library's own."""
    output_stride: Annotated[int, one_of(0, 8, 16)] = 0
    """Image px per px of the encoder's output, of deeplabv2 and deeplabv3plus alone; 0 for the
    architecture's own."""
    freeze_batch_norm: bool = False
    """Keep the batch norm of the encoder as it was loaded."""


def require_sound_model(settings: ModelSettings) -> None:
    """Raise a `UserError` unless the parts of a network go together, and its weights are there."""
    architecture, weights = settings.architecture, settings.encoder_weights
    traits = ARCHITECTURES[architecture]
    if settings.output_stride and not traits.has_stride:
        strided = ", ".join(name for name, item in ARCHITECTURES.items() if item.has_stride)
        raise UserError(f"model.output_stride: only for {strided}; allowed: 0")
    if settings.decoder_channels and not traits.decoder_option:
        raise UserError(f"model.decoder_channels: those of {architecture} are fixed; allowed: none")
    _require_input(settings)
    if weights == "packaged" and settings.encoder != PACKAGED:
        raise UserError(f"model.encoder_weights 'packaged': they are those of {PACKAGED} alone")
    if architecture == "small":
        _require_small(settings)
    elif settings.encoder == "none":
        raise UserError(f"model.encoder 'none': {architecture} needs one, as resnet101")
    elif has_weights_file(weights) and not Path(weights).is_file():
        allowed = "none, imagenet, packaged, a file"
        raise UserError(f"model.encoder_weights: no file {weights}; allowed: {allowed}")


def _require_input(settings: ModelSettings) -> None:
    """A network takes images, or features if its encoder is frozen."""
    architecture, frozen = settings.architecture, settings.freeze_encoder
    allowed = [n for n, item in ARCHITECTURES.items() if item.takes_features]
    if frozen and architecture not in allowed:
        raise UserError(f"model.freeze_encoder: only for {', '.join(allowed)}; allowed: false")
    if not frozen and not ARCHITECTURES[architecture].takes_images:
        raise UserError(f"model.freeze_encoder: {architecture} takes features; allowed: true")


def _require_small(settings: ModelSettings) -> None:
    has_none = "the small network has none; allowed: none"
    if settings.encoder != "none":
        raise UserError(f"model.encoder {settings.encoder!r}: {has_none}, or another architecture")
    if settings.encoder_weights != "none":
        raise UserError(f"model.encoder_weights: {has_none}")
    if settings.freeze_batch_norm:
        raise UserError("model.freeze_batch_norm: the small network starts untrained; allowed: no")


def has_weights_file(encoder_weights: str) -> bool:
    """Whether weights come from a file of the user's."""
    return encoder_weights not in ("none", "imagenet", "packaged")


def has_local_weights(encoder_weights: str) -> bool:
    """Whether weights are on this machine already."""
    return encoder_weights not in ("none", "imagenet")


def encoder_alone(settings: ModelSettings) -> ModelSettings:
    """The same encoder, whatever decodes its features, so that networks can share them."""
    stride = settings.output_stride or ARCHITECTURES[settings.architecture].output_stride
    options = settings.model_dump(include={"encoder", "encoder_weights"})
    options["output_stride"] = stride if stride < 32 else 0
    return ModelSettings(architecture="light_fpn", freeze_encoder=True, **options)
