"""Networks: three of our own, all others from segmentation_models_pytorch."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from cbda.datasets.digest import require_regular
from cbda.errors import UserError
from cbda.files.atomic import unreadable
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.deeplabv3plus import DeepLabV3Plus
from cbda.models.encoders import encoder_batch_norms, keep_first_dilations
from cbda.models.own import create_own_network
from cbda.models.small import SmallNet
from cbda.settings.model import ARCHITECTURES, ModelSettings, has_weights_file, require_sound_model
from cbda.settings.user_code import is_place

DEEPLABS = {"deeplabv2": DeepLabV2, "deeplabv3plus_ripu": DeepLabV3Plus}
# Of timm: images of any size, and patches of 16 px, which the decoder takes for granted.
VIT_OPTIONS = {"dynamic_img_size": True, "patch_size": 16}


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
    if is_place(settings.architecture):
        model = create_own_network(settings.architecture, num_classes)
    else:
        model = _create_smp(settings, num_classes)
    if not settings.batch_norm_epsilon:
        for layer in encoder_batch_norms(model):
            layer.eps = 0.0
    return model


def _create_smp(settings: ModelSettings, num_classes: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    source = settings.encoder_weights
    weights = "imagenet" if source == "imagenet" else None
    model: nn.Module
    try:
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
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        reason = f"{' '.join(str(error).split())} (model.architecture {settings.architecture})"
        raise UserError(f"model.encoder {settings.encoder!r}: {reason}") from error
    except Exception as error:  # downloads fail in a type of their own for every library
        if weights is None:
            raise
        raise UserError(
            f"model.encoder_weights: those of {settings.encoder!r} can't be downloaded"
            f" ({type(error).__name__}); fetch them where there is a connection, or give a file"
        ) from error
    if has_weights_file(source):
        _load_encoder(model.get_submodule("encoder"), Path(source))
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


def _load_encoder(encoder: nn.Module, path: Path) -> None:
    """Load a file of weights; the classifier that a segmentation encoder lacks is left out."""
    from safetensors.torch import load_file

    require_regular(path)
    try:
        weights: dict[str, Any] = load_file(path)
    except Exception as error:  # safetensors raises a type of its own per fault
        raise unreadable(path, "safetensors file", error) from error
    body = getattr(encoder, "model", None)  # what wraps an encoder of timm adds a prefix
    if not isinstance(body, nn.Module):
        body = encoder
    expected = body.state_dict()
    missing = [name for name in expected if name not in weights and "num_batches" not in name]
    wrong = [n for n in expected if n in weights and weights[n].shape != expected[n].shape]
    if missing or wrong:
        raise UserError(f"{path}: does not fit the encoder; first misfit {(missing + wrong)[0]}")
    body.load_state_dict({n: w for n, w in weights.items() if n in expected}, strict=False)


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
