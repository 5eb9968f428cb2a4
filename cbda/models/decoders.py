"""Decoders: logits from the features of a frozen encoder.

Features are maps (B,C,h,w) from the finest scale to the coarsest; channels are given by stride.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cbda.errors import UserError

Scales = Mapping[int, int]  # channels by stride, rising
LOGITS_STRIDE = 4  # px; of finer maps the mean is taken


class LinearHead(nn.Module):
    """A linear classifier of all scales, at the finest one from stride 4 on."""

    def __init__(self, scales: Scales, num_classes: int) -> None:
        super().__init__()
        self.encoder = nn.Identity()
        self.strides = tuple(scales)
        self.normalise = nn.ModuleList(nn.BatchNorm2d(c) for c in scales.values())
        self.classify = nn.ModuleList(nn.Conv2d(c, num_classes, 1) for c in scales.values())

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Logits (B,C,h,w)."""
        maps = self._normalised(features)
        return _sum_at_finest([layer(x) for layer, x in zip(self.classify, maps, strict=True)])

    def _normalised(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Features of comparable size, none of which is finer than stride 4."""
        layers = zip(self.strides, self.normalise, features, strict=True)
        return [layer(_coarsened(maps, stride)) for stride, layer, maps in layers]


class LightFPN(LinearHead):
    """A feature pyramid of few channels, beside the linear classifier of every scale."""

    def __init__(
        self, scales: Scales, num_classes: int, width: int = 48, num_hidden: int = 32
    ) -> None:
        super().__init__(scales, num_classes)
        self.laterals = nn.ModuleList(nn.Conv2d(c, width, 1) for c in scales.values())
        self.head = nn.Sequential(
            *_convolution(width, num_hidden),
            *_convolution(num_hidden, num_hidden),
            nn.Conv2d(num_hidden, num_classes, 1),
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Logits (B,C,h,w)."""
        maps = self._normalised(features)
        shortcuts = [layer(x) for layer, x in zip(self.classify, maps, strict=True)]
        laterals = [layer(x) for layer, x in zip(self.laterals, maps, strict=True)]
        logits: Tensor = self.head(functional.relu(_sum_at_finest(laterals)))
        return logits + _sum_at_finest(shortcuts)


class SmpDecoder(nn.Module):
    """Decoder and head of a network of segmentation_models_pytorch, which looks at some levels.

    Raises:
        UserError: there is no map of a level.
    """

    def __init__(self, network: nn.Module, levels: Sequence[int], scales: Scales) -> None:
        super().__init__()
        self.encoder = nn.Identity()
        self.decoder = network.get_submodule("decoder")
        self.head = network.get_submodule("segmentation_head")
        self.strides = tuple(scales)
        encoder: Any = network.get_submodule("encoder")
        self.num_levels = len(encoder.out_channels)
        channels = {level: encoder.out_channels[level] for level in levels}
        last = encoder.output_stride
        self.level_strides = {n: min(2**n, last) for n, count in channels.items() if count}
        needed = [(stride, channels[level]) for level, stride in self.level_strides.items()]
        if lacking := [stride for stride, count in needed if scales.get(stride) != count]:
            wanted = ", ".join(str(stride) for stride, _ in needed)
            raise UserError(f"encode.strides: lacks {lacking[0]}; this decoder needs {wanted}")

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Logits (B,C,h,w)."""
        by_stride = dict(zip(self.strides, features, strict=True))
        height, width = (side * self.strides[0] for side in features[0].shape[-2:])
        batch = len(features[0])
        levels = [features[0].new_empty(batch, 0, height >> level, width >> level)
                  for level in range(self.num_levels)]  # fmt: skip
        for level, stride in self.level_strides.items():
            levels[level] = by_stride[stride]
        logits: Tensor = self.head(self.decoder(levels))
        return logits


DECODERS = {"light_fpn": LightFPN, "linear": LinearHead}


def _convolution(num_in: int, num_out: int) -> list[nn.Module]:
    convolution = nn.Conv2d(num_in, num_out, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(num_out), nn.ReLU()]


def _coarsened(maps: Tensor, stride: int) -> Tensor:
    factor = LOGITS_STRIDE // stride
    return functional.avg_pool2d(maps, factor, ceil_mode=True) if factor > 1 else maps


def _sum_at_finest(maps: Sequence[Tensor]) -> Tensor:
    """The sum of all scales, at the size of the finest."""
    return reduce(_add_enlarged, reversed(maps))


def _add_enlarged(coarse: Tensor, fine: Tensor) -> Tensor:
    enlarged = functional.interpolate(coarse, fine.shape[-2:], mode="bilinear")
    return torch.add(enlarged, fine)
