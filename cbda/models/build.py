"""Networks: five of our own, all others from segmentation_models_pytorch."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from cbda.errors import UserError
from cbda.models.decoders import DECODERS, SmpDecoder
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.deeplabv3plus import DeepLabV3Plus
from cbda.models.encoders import encoder_batch_norms, keep_first_dilations
from cbda.models.own import create_own_network
from cbda.models.small import SmallNet
from cbda.models.void import add_void_class
from cbda.models.weights import load_encoder, named_encoder_errors
from cbda.settings.model import (
    ARCHITECTURES,
    ModelSettings,
    has_local_weights,
    require_sound_model,
    without_weights,
)
from cbda.settings.user_code import is_place

DEEPLABS = {"deeplabv2": DeepLabV2, "deeplabv3plus_ripu": DeepLabV3Plus}
# Of timm: images of any size, and patches of 16 px, which the decoder takes for granted.
VIT_OPTIONS = {"dynamic_img_size": True, "patch_size": 16}


def create_model(settings: ModelSettings, num_classes: int) -> nn.Module:
    """Build a network that maps images (B,3,H,W) to logits (B,C,h,w), which may be smaller.

    It has an attribute `encoder`, whose weights are those of the settings.

    Raises:
        UserError: an unknown name, parts that don't go together, or weights that don't fit.
    """
    require_sound_model(settings)
    num_outputs = num_classes + settings.void_class
    if settings.architecture == "small":
        return _finished(SmallNet(num_outputs), settings, num_classes)
    if is_place(settings.architecture):
        model = create_own_network(settings.architecture, num_outputs)
    else:
        model = _create_smp(settings, num_outputs)
    if not settings.batch_norm_epsilon:
        for layer in encoder_batch_norms(model):
            layer.eps = 0.0
    return _finished(model, settings, num_classes)


def create_decoder(
    settings: ModelSettings, num_classes: int, scales: Mapping[int, int]
) -> nn.Module:
    """Build what maps features, (B,C,h,w) each by rising stride, to logits (B,C,h,w).

    Scales are channels by stride. Its attribute `encoder` has no weights.

    Raises:
        UserError: an unknown name, parts that don't go together, or scales that don't fit.
    """
    require_sound_model(settings)
    num_outputs = num_classes + settings.void_class
    if settings.architecture in DECODERS:
        own = DECODERS[settings.architecture](scales, num_outputs)
        return _finished(own, settings, num_classes)
    network = _create_smp(without_weights(settings), num_outputs)
    decoder = SmpDecoder(network, ARCHITECTURES[settings.architecture].levels, scales)
    return _finished(decoder, settings, num_classes)


def _finished(model: nn.Module, settings: ModelSettings, num_classes: int) -> nn.Module:
    """A network whose last logits are those of void, if it has such a class."""
    return add_void_class(model, num_classes) if settings.void_class else model


def _create_smp(settings: ModelSettings, num_classes: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    source = settings.encoder_weights
    weights = "imagenet" if source == "imagenet" else None
    model: nn.Module
    with named_encoder_errors(settings):
        if settings.architecture in DEEPLABS:
            create, stride = DEEPLABS[settings.architecture], settings.output_stride or 8
            model = create(settings.encoder, num_classes, weights, stride)
        else:
            options = {"classes": num_classes, **_decoder_options(settings)}
            if settings.architecture == "dpt":
                options |= VIT_OPTIONS
            model = smp.create_model(settings.architecture, settings.encoder, weights, **options)
            if ARCHITECTURES[settings.architecture].has_stride:
                keep_first_dilations(model.get_submodule("encoder"), settings.encoder)
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


def require_fit(model: nn.Module, settings: ModelSettings, size: tuple[int, int]) -> None:
    """Raise a `UserError` if an encoder of timm, some of which take one size, refuses images."""
    if not settings.encoder.startswith("tu-"):
        return
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, 3, *size))
    except (AssertionError, RuntimeError, ValueError) as error:
        reason = f"takes no images of {size[0]} x {size[1]} px: {' '.join(str(error).split())}"
        raise UserError(f"model.encoder {settings.encoder!r}: {reason}") from error
