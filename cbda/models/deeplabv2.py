"""DeepLab-v2 (Chen et al., 2017, arXiv 1606.00915) on an encoder of segmentation_models_pytorch."""

from torch import Tensor, nn

from cbda.models.encoders import create_dilated_encoder

RATES = (6, 12, 18, 24)  # dilations of the large field of view, "ASPP-L"


class DeepLabV2(nn.Module):
    """A dilated encoder, such as `resnet101`, and one classifier per dilation; logits are summed.

    Weights are `imagenet`, or None for random ones.
    """

    def __init__(
        self, encoder: str, num_classes: int, weights: str | None = None, output_stride: int = 8
    ) -> None:
        super().__init__()
        self.encoder = create_dilated_encoder(encoder, weights, output_stride)
        num_features = self.encoder.out_channels[-1]
        self.classifiers = nn.ModuleList(
            nn.Conv2d(num_features, num_classes, 3, padding=rate, dilation=rate) for rate in RATES
        )
        for layer in self.classifiers.children():
            nn.init.normal_(layer.get_parameter("weight"), std=0.01)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (B,C,H/8,W/8) of images (B,3,H,W)."""
        return self.classify(self.encoder(image)[-1])

    def classify(self, features: Tensor) -> Tensor:
        """Logits of the encoder's last features, at their size."""
        logits: Tensor = sum(layer(features) for layer in self.classifiers)
        return logits
