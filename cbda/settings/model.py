"""The network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cbda.errors import UserError
from cbda.settings.paths import Expanded
from cbda.settings.section import Count, Items, Section, like, one_of, one_of_or_like
from cbda.settings.user_code import PATTERN, WORDS, is_place, require_function, source_file


@dataclass(frozen=True)
class Architecture:
    """What goes with a network, and what it can be told."""

    size_multiple: int = 1  # of the sides of images, at its own output stride
    has_stride: bool = False  # whether it takes an output stride
    decoder_option: str = ""  # segmentation_models_pytorch's word for the decoder's widths, if any
    coarsest: int = 32  # image px per px of the encoder's last layer, at its own output stride
    pools: bool = False  # whether a batch norm of the decoder follows a mean over the whole image
    norms_coarsest: bool = False  # whether one of the decoder sees maps as coarse as these
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)  # of the encoder, that its decoder looks at
    takes_features: bool = True  # of a frozen encoder
    takes_images: bool = True


ARCHITECTURES = {
    "small": Architecture(coarsest=8, takes_features=False),
    "deeplabv2": Architecture(has_stride=True, coarsest=8, takes_features=False),
    "deeplabv3plus_ripu": Architecture(has_stride=True, coarsest=8, takes_features=False),
    "deeplabv3plus": Architecture(
        16, True, "decoder_channels", coarsest=16, pools=True, levels=(2, 5)
    ),
    "unet": Architecture(32, decoder_option="decoder_channels"),
    "upernet": Architecture(32, decoder_option="decoder_channels", pools=True),
    "dpt": Architecture(
        32, decoder_option="decoder_fusion_channels", norms_coarsest=True, takes_features=False
    ),
    "segformer": Architecture(32, decoder_option="decoder_segmentation_channels"),
    "light_fpn": Architecture(takes_images=False),
    "linear": Architecture(takes_images=False),
}
PACKAGED = "tu-tf_efficientnet_lite0"
NO_ENCODER = {"encoder": "none", "encoder_weights": "none", "freeze_encoder": False}


def traits_of(architecture: str) -> Architecture:
    """What is known of an architecture; nothing of one of the user's own."""
    return ARCHITECTURES.get(architecture, Architecture())


class ModelSettings(Section):
    """The network."""

    architecture: Annotated[str, Expanded, one_of_or_like(ARCHITECTURES, PATTERN, WORDS)] = "small"
    """The small network, the DeepLab-v2 or the DeepLab-v3+ of RIPU, deeplabv3plus_ripu, of this
    package, or one of segmentation_models_pytorch; light_fpn and linear, of this package, take the
    features of a frozen encoder; or FILE.py:NAME, a function of your own that is given the number
    of classes and returns the network."""
    encoder: Annotated[str, like(r"^[\w.-]+$", "a name of letters, digits, _, - and .")] = "none"
    """Encoder of segmentation_models_pytorch, such as resnet101, mit_b3 for segformer, or of timm,
    such as tu-vit_base_patch14_dinov2 for dpt; none for small and for a network of your own."""
    encoder_weights: Annotated[str, Expanded] = "none"
    """none, imagenet (downloaded by the library), packaged (of tu-tf_efficientnet_lite0, which
    come with the installation), or a .safetensors file."""
    freeze_encoder: bool = False
    """Compute the features of all images once, and train the rest on them."""
    decoder_channels: Items[Count] = ()
    """Widths of the decoder, one number or one per stage as the library has it; empty for the
    library's own."""
    output_stride: Annotated[int, one_of(0, 8, 16)] = 0
    """Image px per px of the encoder's output, of DeepLabs alone; 0 for the architecture's own."""
    freeze_batch_norm: bool = False
    """Keep the batch norm of the encoder as it was loaded."""
    batch_norm_epsilon: bool = True
    """Add the customary small number to the variances of the encoder's batch norm; false for none,
    as RIPU, of frozen batch norm alone."""
    void_class: bool = False
    """Learn one more class, of the source's pixels without a label, and ask for no pixel that is
    predicted as it."""


def require_sound_model(settings: ModelSettings) -> None:
    """Raise a `UserError` unless the parts of a network go together, and its weights are there."""
    architecture, weights = settings.architecture, settings.encoder_weights
    traits = traits_of(architecture)
    if settings.output_stride and not traits.has_stride:
        strided = ", ".join(name for name, item in ARCHITECTURES.items() if item.has_stride)
        raise UserError(f"model.output_stride: only for {strided}; allowed: 0")
    if settings.decoder_channels and not traits.decoder_option:
        raise UserError(f"model.decoder_channels: those of {architecture} are fixed; allowed: none")
    if not (settings.batch_norm_epsilon or settings.freeze_batch_norm):
        raise UserError(
            "model.batch_norm_epsilon: only frozen batch norm goes without; allowed: true,"
            " or model.freeze_batch_norm: true"
        )
    if architecture == "small":
        return _require_small(settings)
    if is_place(architecture):
        return _require_own(settings)
    _require_input(settings)
    if weights == "packaged" and settings.encoder != PACKAGED:
        others = "allowed: imagenet, none, a file"
        raise UserError(f"model.encoder_weights 'packaged': of {PACKAGED} alone; {others}")
    if settings.encoder == "none":
        raise UserError(f"model.encoder 'none': {architecture} needs one, as resnet101")
    if has_weights_file(weights) and not Path(weights).is_file():
        allowed = "none, imagenet, packaged, a file"
        raise UserError(f"model.encoder_weights: no file {weights}; allowed: {allowed}")


def _require_input(settings: ModelSettings) -> None:
    """A network takes images, or features if its encoder is frozen."""
    architecture, frozen = settings.architecture, settings.freeze_encoder
    allowed = [n for n, item in ARCHITECTURES.items() if item.takes_features]
    if frozen and architecture not in allowed:
        raise UserError(f"model.freeze_encoder: only for {', '.join(allowed)}; allowed: false")
    if not frozen and not traits_of(architecture).takes_images:
        raise UserError(f"model.freeze_encoder: {architecture} takes features; allowed: true")
    if frozen and settings.freeze_batch_norm:
        raise UserError("model.freeze_batch_norm: a frozen encoder's is anyway; allowed: false")


def has_batch_of_one(settings: ModelSettings, num_images: int, size: Sequence[int]) -> bool:
    """Whether a batch norm in training sees one value per channel, of which there is no deviation.

    The size is (height, width) in px. Encoders are taken for convolutional ones; those of segformer
    named mit_... have no batch norm. Of networks of the user's own nothing is known beforehand.
    """
    if is_place(settings.architecture):
        return False
    traits = traits_of(settings.architecture)
    coarsest = settings.output_stride or traits.coarsest
    is_plain = not (settings.freeze_batch_norm or settings.encoder.startswith("mit_"))
    has_norm = is_plain or traits.norms_coarsest
    is_point = all(side <= coarsest for side in size)
    return num_images == 1 and (traits.pools or (has_norm and is_point))


def _require_small(settings: ModelSettings) -> None:
    _require_no_encoder(settings, "the small network has none that can be chosen")
    if settings.freeze_batch_norm:
        raise UserError("model.freeze_batch_norm: the small network starts untrained; allowed: no")


def _require_own(settings: ModelSettings) -> None:
    path, name = source_file(settings.architecture), settings.architecture.rpartition(":")[2]
    if not path.is_file():
        raise UserError(f"model.architecture: there is no file {path}")
    require_function(path, name)
    _require_no_encoder(settings, "a network of your own builds its encoder itself")


def _require_no_encoder(settings: ModelSettings, reason: str) -> None:
    """Raise a `UserError` of all that is said of an encoder to a network that takes none."""
    plain = {name: value for name, value in NO_ENCODER.items() if getattr(settings, name) != value}
    if plain:
        names = ", ".join(f"model.{name}" for name in plain)
        allowed = ", ".join(f"{name}: {str(value).lower()}" for name, value in plain.items())
        raise UserError(f"{names}: {reason}; write {allowed}")


def has_weights_file(encoder_weights: str) -> bool:
    """Whether weights come from a file of the user's."""
    return encoder_weights not in ("none", "imagenet", "packaged")


def has_local_weights(encoder_weights: str) -> bool:
    """Whether weights are on this machine already."""
    return encoder_weights not in ("none", "imagenet")


def without_weights(settings: ModelSettings) -> ModelSettings:
    """The same network for weights that are loaded afterwards, or for none."""
    return settings.model_copy(update={"encoder_weights": "none"})


def encoder_alone(settings: ModelSettings) -> ModelSettings:
    """The same encoder, whatever decodes its features, so that networks can share them."""
    stride = settings.output_stride or ARCHITECTURES[settings.architecture].coarsest
    options = settings.model_dump(include={"encoder", "encoder_weights"})
    options["output_stride"] = stride if stride < 32 else 0
    return ModelSettings(architecture="light_fpn", freeze_encoder=True, **options)
