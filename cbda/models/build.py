"""Networks: four of our own, all others from segmentation_models_pytorch."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from cbda.models.decoders import DECODERS, SmpDecoder
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.small import SmallNet
from cbda.models.weights import load_encoder, named_encoder_errors
from cbda.settings.model import ARCHITECTURES, ModelSettings, has_local_weights, require_sound_model


def create_model(settings: ModelSettings, num_classes: int, load_weights: bool = True) -> nn.Module:
    """Build a network that maps images (B,3,H,W) to logits (B,C,h,w), which may be smaller.

    It has an attribute `encoder`, whose weights are those of the settings unless `load_weights`
    is False, for a checkpoint that is loaded afterwards.

    Raises:
        UserError: an unknown name, parts that don't go together, or weights that don't fit.
    """
    if not load_weights:
        settings = settings.model_copy(update={"encoder_weights": "none"})
    require_sound_model(settings)
    if settings.architecture == "small":
        return SmallNet(num_classes)
    return _create_smp(settings, num_classes)


def create_decoder(
    settings: ModelSettings, num_classes: int, scales: Mapping[int, int]
) -> nn.Module:
    """Build what maps features, (B,C,h,w) each by rising stride, to logits (B,C,h,w).

    Scales are channels by stride. Its attribute `encoder` has no weights.

    Raises:
        UserError: an unknown name, parts that don't go together, or scales that don't fit.
    """
    require_sound_model(settings)
    if settings.architecture in DECODERS:
        return DECODERS[settings.architecture](scales, num_classes)
    network = _create_smp(settings.model_copy(update={"encoder_weights": "none"}), num_classes)
    return SmpDecoder(network, ARCHITECTURES[settings.architecture].levels, scales)


def _create_smp(settings: ModelSettings, num_classes: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    source = settings.encoder_weights
    weights = "imagenet" if source == "imagenet" else None
    model: nn.Module
    with named_encoder_errors(settings):
        if settings.architecture == "deeplabv2":
            stride = settings.output_stride or 8
            model = DeepLabV2(settings.encoder, num_classes, weights, stride)
        else:
            options = {"classes": num_classes, **_decoder_options(settings)}
            model = smp.create_model(settings.architecture, settings.encoder, weights, **options)
    if has_local_weights(source):
        load_encoder(model.get_submodule("encoder"), source)
    return model


def _decoder_options(settings: ModelSettings) -> dict[str, Any]:
    """Widths of the decoder: one number, or one per stage from the coarsest to the finest."""
    options: dict[str, Any] = {}
    widths = settings.decoder_channels
    if widths:
        value = widths[0] if len(widths) == 1 else tuple(widths)
        options[ARCHITECTURES[settings.architecture].decoder_option] = value
    if settings.output_stride:
        options["encoder_output_stride"] = settings.output_stride
    return options
