"""DeepLab-v3+ (Chen et al., 2018, arXiv 1802.02611) with the head of RIPU's published training.

Its head has no batch norm, so that a batch of one image trains, and domains that pass through it
one after the other are not normalised apart.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cbda.models.encoders import create_dilated_encoder

RATES = (6, 12, 18)  # dilations of the separable branches of the pyramid
WIDTH = 512  # channels of every branch and of the decoder
NUM_LOW = 48  # channels of the finer features in the decoder
DROPOUT = 0.1  # of whole channels before the classifier


class DeepLabV3Plus(nn.Module):
    """A dilated encoder, a pyramid of dilations over its last features, and a decoder at stride 4.

    Weights are `imagenet`, or None for random ones.
    """

    def __init__(
        self, encoder: str, num_classes: int, weights: str | None = None, output_stride: int = 8
    ) -> None:
        super().__init__()
        self.encoder = create_dilated_encoder(encoder, weights, output_stride)
        channels = self.encoder.out_channels
        self.pyramid = _Pyramid(channels[-1])
        self.low = _convolution(channels[2], NUM_LOW, 1)
        self.decoder = nn.Sequential(_separable(WIDTH + NUM_LOW, 1), _separable(WIDTH, 1))
        self.dropout = nn.Dropout2d(DROPOUT)
        self.classifier = nn.Conv2d(WIDTH, num_classes, 1)
        for part in (self.pyramid, self.low, self.decoder, self.classifier):
            part.apply(_initialise)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B,C,H/4,W/4) of images (B,3,H,W)."""
        features = self.encoder(image)
        return self.decode(features[-1], features[2])

    def decode(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Logits of the encoder's last features and of those at stride 4, at the size of these."""
        context = functional.interpolate(
            self.pyramid(coarse), fine.shape[2:], mode="bilinear", align_corners=True
        )
        joined = self.decoder(torch.cat([context, self.low(fine)], dim=1))
        logits: Tensor = self.classifier(self.dropout(joined))
        return logits


class _Pyramid(nn.Module):
    """Atrous spatial pyramid pooling: each pixel, three dilations, the whole map."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.pixel = _convolution(num_features, WIDTH, 1)
        self.dilated = nn.ModuleList(_separable(num_features, rate) for rate in RATES)
        self.whole = _convolution(num_features, WIDTH, 1)
        self.bottleneck = _convolution((2 + len(RATES)) * WIDTH, WIDTH, 3)

    def forward(self, features: Tensor) -> Tensor:
        whole = self.whole(features.mean(dim=(2, 3), keepdim=True))
        branches = [self.pixel(features), *(branch(features) for branch in self.dilated)]
        joined = torch.cat([*branches, whole.expand_as(branches[0])], dim=1)
        reduced: Tensor = self.bottleneck(joined)
        return reduced


def _convolution(num_in: int, num_out: int, size: int) -> nn.Sequential:
    layer = nn.Conv2d(num_in, num_out, size, padding=size // 2, bias=False)
    return nn.Sequential(layer, nn.ReLU())


def _separable(num_in: int, rate: int) -> nn.Sequential:
    """A convolution of each channel, and one that joins them, each with its ReLU."""
    depthwise = nn.Conv2d(num_in, num_in, 3, padding=rate, dilation=rate, groups=num_in, bias=False)
    return nn.Sequential(depthwise, nn.ReLU(), *_convolution(num_in, WIDTH, 1))


def _initialise(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight)
