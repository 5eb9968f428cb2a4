"""Frozen encoders: images to maps of several scales, by any encoder of smp or timm."""

import hashlib
from typing import Any

import torch
from torch import Tensor, nn

from cbda.models.encoders import keep_first_dilations
from cbda.models.images import DEVIATION, MEAN
from cbda.models.weights import load_encoder, named_encoder_errors
from cbda.settings.model import ModelSettings, encoder_alone, has_local_weights
from cbda.settings.sizes import Size

FINEST = 4  # px; finer maps are large and say little more than the image
UNDILATED = 32  # image px per px of the last map, what encoders are made for
DEPTH = 5  # scales of an encoder of smp beside the image


class Encoder(nn.Module):
    """An encoder that doesn't learn, with the normalisation that its weights were trained with."""

    mean: Tensor  # of RGB values from 0 to 1
    deviation: Tensor

    def __init__(
        self, body: nn.Module, strides: list[int], mean: list[float], deviation: list[float]
    ) -> None:
        super().__init__()
        self.body = body.eval().requires_grad_(False)
        self.strides = strides  # of the maps that the body gives
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None])
        self.has_channels_last = getattr(body, "output_fmt", None) == "NHWC"

    @torch.inference_mode()
    def forward(self, image: Tensor) -> dict[int, Tensor]:
        """Maps (B,C,h,w) by stride of images (B,3,H,W) uint8; of several of a stride the last."""
        maps = self.body((image / 255 - self.mean) / self.deviation)
        if self.has_channels_last:
            maps = [values.permute(0, 3, 1, 2) for values in maps]
        found = dict(zip(self.strides, maps, strict=True))
        return {stride: found[stride] for stride in sorted(found) if found[stride].shape[1]}

    def weights_sha256(self) -> str:
        """Digest of all weights and statistics, and of their names."""
        digest = hashlib.sha256()
        for name, values in self.state_dict().items():
            digest.update(name.encode() + values.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def create_encoder(settings: ModelSettings, image_size: Size) -> Encoder:
    """The frozen encoder of a network.

    Raises:
        UserError: an unknown name, a size that doesn't fit, or weights that don't.
    """
    with named_encoder_errors(settings):
        if settings.encoder.startswith("tu-"):
            encoder = _create_timm(settings, image_size)
        else:
            encoder = _create_smp(settings)
    if has_local_weights(settings.encoder_weights):
        load_encoder(encoder.body, settings.encoder_weights)
    return encoder


def _output_stride(settings: ModelSettings) -> int:
    """Image px per px of the last map."""
    return encoder_alone(settings).output_stride or UNDILATED


def _create_timm(settings: ModelSettings, image_size: Size) -> Encoder:
    import timm

    name, stride = settings.encoder.removeprefix("tu-"), _output_stride(settings)
    about = timm.get_pretrained_cfg(name)
    options: dict[str, Any] = {} if stride == UNDILATED else {"output_stride": stride}
    if about is not None and about.fixed_input_size:
        options["img_size"] = tuple(image_size)
    pretrained = settings.encoder_weights == "imagenet"
    body: Any = timm.create_model(name, features_only=True, pretrained=pretrained, **options)
    statistics = (MEAN, DEVIATION) if about is None else (about.mean, about.std)
    return Encoder(body, body.feature_info.reduction(), *map(list, statistics))


def _create_smp(settings: ModelSettings) -> Encoder:
    from segmentation_models_pytorch.encoders import encoders, get_encoder

    name, stride = settings.encoder, _output_stride(settings)
    weights = "imagenet" if settings.encoder_weights == "imagenet" else None
    body = get_encoder(name, depth=DEPTH, weights=weights, output_stride=stride)
    if stride < UNDILATED:
        keep_first_dilations(body, name)
    about = encoders[name]["pretrained_settings"].get("imagenet", {})
    statistics = about.get("mean", MEAN), about.get("std", DEVIATION)
    strides = [min(2**level, stride) for level in range(DEPTH + 1)]
    return Encoder(body, strides, *map(list, statistics))
