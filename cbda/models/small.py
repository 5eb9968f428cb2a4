"""The small default network: trains from scratch in seconds per round on one CPU core."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class SmallNet(nn.Module):
    """Encoder of four scales and a light decoder, about 0.2 M parameters.

    The width is the number of channels at half resolution; others are multiples of it.
    """

    def __init__(self, num_classes: int, width: int = 16) -> None:
        super().__init__()
        scales: dict[str, list[nn.Module]] = {
            "scale2": [_convolution(3, width, stride=2), _convolution(width, width)],
            "scale4": [_convolution(width, 2 * width, stride=2), _Residual(2 * width)],
            "scale8": [
                _convolution(2 * width, 4 * width, stride=2),
                _Residual(4 * width),
                _Residual(4 * width, dilation=2),
            ],
        }
        self.encoder = nn.ModuleDict({name: nn.Sequential(*scales[name]) for name in scales})
        self.context = _GlobalContext(4 * width)
        self.to_quarter = _convolution(4 * width, 2 * width, size=1)
        self.at_quarter = _convolution(4 * width, 2 * width)
        self.to_half = _convolution(2 * width, width, size=1)
        self.at_half = _convolution(2 * width, width)
        self.classify = nn.Conv2d(width, num_classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B,C,H/2,W/2) of images (B,3,H,W)."""
        half = self.encoder["scale2"](image)
        quarter = self.encoder["scale4"](half)
        features = self.to_quarter(self.context(self.encoder["scale8"](quarter)))
        features = self.at_quarter(_join(features, quarter))
        features = self.at_half(_join(self.to_half(features), half))
        logits: Tensor = self.classify(features)
        return logits


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(channels, channels, dilation=dilation),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(features + self.body(features))


class _GlobalContext(nn.Module):
    """Adds what the whole image says about every channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Linear(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        context = functional.relu(self.project(features.mean(dim=(2, 3))))
        return features + context[:, :, None, None]


def _convolution(
    num_in: int, num_out: int, size: int = 3, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    padding = dilation * (size // 2)
    return nn.Sequential(
        nn.Conv2d(num_in, num_out, size, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(num_out),
        nn.ReLU(),
    )


def _join(coarse: Tensor, fine: Tensor) -> Tensor:
    enlarged = functional.interpolate(coarse, fine.shape[2:], mode="bilinear")
    return torch.cat([enlarged, fine], dim=1)
