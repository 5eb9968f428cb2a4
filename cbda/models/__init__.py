"""Networks: two of our own, all others from segmentation_models_pytorch."""

from pathlib import Path
from typing import Any

from torch import nn

from cbda.errors import UserError
from cbda.methods import require_choice
from cbda.models.small import SmallNet
from cbda.settings import ModelSettings

# Name of the option of segmentation_models_pytorch that sets the widths of a decoder.
DECODER_OPTIONS = {
    "deeplabv3plus": "decoder_channels",
    "unet": "decoder_channels",
    "segformer": "decoder_segmentation_channels",
}
ARCHITECTURES = ("small", "deeplabv2", *DECODER_OPTIONS)
STRIDED = ("deeplabv2", "deeplabv3plus")


def create_model(settings: ModelSettings, num_classes: int, load_weights: bool = True) -> nn.Module:
    """Build a network that maps images (B,3,H,W) to logits (B,C,h,w).

    Args:
        settings: architecture and encoder.
        num_classes: C.
        load_weights: initialise the encoder from `settings.encoder_weights`; leave it out when
            a checkpoint is loaded afterwards.

    Returns:
        A module with an attribute `encoder`; logits may be smaller than the image.

    Raises:
        UserError: an unknown name, or weights that don't fit the encoder.
    """
    require_choice("model.architecture", settings.architecture, ARCHITECTURES)
    if settings.output_stride and settings.architecture not in STRIDED:
        raise UserError(f"model.output_stride: only for {', '.join(STRIDED)}; allowed: 0")
    if settings.architecture == "small":
        return _create_small(settings, num_classes)
    return _create_smp(settings, num_classes, load_weights)


def _create_small(settings: ModelSettings, num_classes: int) -> nn.Module:
    if settings.encoder_weights != "none":
        raise UserError("model.encoder_weights: the small network has none; allowed: none")
    if settings.decoder_channels:
        raise UserError("model.decoder_channels: the small network's are fixed; allowed: none")
    if settings.freeze_batch_norm:
        raise UserError("model.freeze_batch_norm: the small network starts untrained; allowed: no")
    return SmallNet(num_classes)


def _create_smp(settings: ModelSettings, num_classes: int, load_weights: bool) -> nn.Module:
    source = settings.encoder_weights if load_weights else "none"
    weights = "imagenet" if source == "imagenet" else None
    try:
        if settings.architecture == "deeplabv2":
            model = _build_deeplabv2(settings, num_classes, weights)
        else:
            model = _build_smp(settings, num_classes, weights)
    except (KeyError, ValueError, RuntimeError) as error:
        raise UserError(f"model.encoder {settings.encoder!r}: {error}") from error
    if source not in ("none", "imagenet"):
        _load_encoder(model.get_submodule("encoder"), Path(source))
    return model


def _build_smp(settings: ModelSettings, num_classes: int, weights: str | None) -> nn.Module:
    import segmentation_models_pytorch as smp

    model: nn.Module = smp.create_model(
        settings.architecture,
        encoder_name=settings.encoder,
        encoder_weights=weights,
        classes=num_classes,
        **_decoder_options(settings),
    )
    return model


def _build_deeplabv2(settings: ModelSettings, num_classes: int, weights: str | None) -> nn.Module:
    from cbda.models.deeplabv2 import DeepLabV2

    if settings.decoder_channels:
        raise UserError("model.decoder_channels: deeplabv2 has none; allowed: none")
    return DeepLabV2(settings.encoder, num_classes, weights, settings.output_stride or 8)


def _decoder_options(settings: ModelSettings) -> dict[str, Any]:
    """Widths of the decoder: one number, or one per stage from the coarsest to the finest."""
    options: dict[str, Any] = {}
    widths = settings.decoder_channels
    if widths:
        value = widths[0] if len(widths) == 1 else tuple(widths)
        options[DECODER_OPTIONS[settings.architecture]] = value
    if settings.output_stride:
        options["encoder_output_stride"] = settings.output_stride
    return options


def _load_encoder(encoder: nn.Module, path: Path) -> None:
    """Load a file of weights; the classifier that a segmentation encoder lacks is left out."""
    from safetensors.torch import load_file

    if not path.is_file():
        raise UserError(f"model.encoder_weights: no file {path}; allowed: none, imagenet, a file")
    try:
        weights: dict[str, Any] = load_file(path)
    except Exception as error:  # safetensors raises a type of its own per fault
        raise UserError(f"{path}: not a readable safetensors file ({error})") from error
    body = getattr(encoder, "model", None)  # what wraps an encoder of timm adds a prefix
    if not isinstance(body, nn.Module):
        body = encoder
    expected = body.state_dict()
    missing = [name for name in expected if name not in weights and "num_batches" not in name]
    wrong = [n for n in expected if n in weights and weights[n].shape != expected[n].shape]
    if missing or wrong:
        raise UserError(f"{path}: does not fit the encoder; first misfit {(missing + wrong)[0]}")
    body.load_state_dict({n: w for n, w in weights.items() if n in expected}, strict=False)
