"""Networks: two of our own, all others from segmentation_models_pytorch."""

from pathlib import Path
from typing import Any

from torch import nn

from cbda.datasets.digest import require_regular
from cbda.errors import UserError
from cbda.files.atomic import unreadable
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.small import SmallNet
from cbda.settings.model import ARCHITECTURES, ModelSettings, has_weights_file, require_sound_model


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


def _create_smp(settings: ModelSettings, num_classes: int) -> nn.Module:
    import segmentation_models_pytorch as smp

    source = settings.encoder_weights
    weights = "imagenet" if source == "imagenet" else None
    model: nn.Module
    try:
        if settings.architecture == "deeplabv2":
            stride = settings.output_stride or 8
            model = DeepLabV2(settings.encoder, num_classes, weights, stride)
        else:
            options = {"classes": num_classes, **_decoder_options(settings)}
            model = smp.create_model(settings.architecture, settings.encoder, weights, **options)
    except (KeyError, ValueError, RuntimeError) as error:
        raise UserError(f"model.encoder {settings.encoder!r}: {error}") from error
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
