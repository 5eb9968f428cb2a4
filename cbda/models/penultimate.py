"""What a network's classifier sees of an image: the features by which some methods choose."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from cbda.errors import UserError

MAX_CELLS = 1 << 15  # of an image
MAX_CHANNELS = 64


class Penultimate:
    """The input of the last convolution to the classes, of the image that a network saw last.

    A `UserError` if a network has no such convolution.
    """

    def __init__(self, model: nn.Module, num_classes: int) -> None:
        layers = [
            layer
            for layer in model.modules()
            if isinstance(layer, nn.Conv2d) and layer.out_channels == num_classes
        ]
        if not layers:
            reason = f"the network has no convolution to its {num_classes} classes, whose inputs"
            raise UserError(f"{reason} are features; allowed: methods that go by scores alone")
        self._seen: Tensor | None = None
        for layer in layers:
            layer.register_forward_pre_hook(self._keep)

    def _keep(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._seen = inputs[0]

    def read(self) -> NDArray[np.float16]:
        """Features (D,h,w), of at most 64 channels and 32,768 cells.

        Cells are means of an even grid; channels, if there are more, a fixed projection by random
        numbers, which keeps distances nearly. A `UserError` for what is not finite as float16.
        """
        assert self._seen is not None
        pooled = _pool(self._seen[0].float().cpu())
        with np.errstate(over="ignore"):
            features: NDArray[np.float16] = _project(pooled).numpy().astype(np.float16)
        if not np.isfinite(features).all():
            raise UserError("features are NaN, infinite or too large: the model has diverged")
        return features


def _pool(features: Tensor) -> Tensor:
    height, width = features.shape[1:]
    while height * width > MAX_CELLS:
        height, width = math.ceil(height / 2), math.ceil(width / 2)
    return functional.adaptive_avg_pool2d(features, (height, width))


def _project(features: Tensor) -> Tensor:
    if len(features) <= MAX_CHANNELS:
        return features
    draws = np.random.default_rng(0).standard_normal((MAX_CHANNELS, len(features)))
    matrix = torch.from_numpy(draws / math.sqrt(MAX_CHANNELS)).float()
    return torch.einsum("kc,chw->khw", matrix, features)
