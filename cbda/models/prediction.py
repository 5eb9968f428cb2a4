"""Logits of the images of a data set, by whatever its network takes."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from cbda.compute.parallel import ordered_map
from cbda.datasets.dataset import Dataset
from cbda.files.features import FeatureFile, Features
from cbda.models.images import Size
from cbda.models.inference import predict_from_features, predict_logits


def predict_images(
    model: nn.Module,
    dataset: Dataset,
    features: FeatureFile | None,
    indices: Sequence[int],
    image_size: Size,
    device: torch.device,
    *,
    num_threads: int = 1,
    flip: bool = False,
) -> Iterator[Tensor]:
    """Logits (C,H,W) float32 of some images, each at its own size, read ahead of the network.

    They come from the features, if there are any, else from the images at `image_size`.
    """
    if features is None:
        images = ordered_map(dataset.read_image, indices, num_threads)
        return predict_logits(model, images, image_size, device, flip)

    def read(index: int) -> tuple[Size, list[Features]]:
        views = [False, True] if flip else [False]
        return dataset.image_size(index), [features.read(index, mirror) for mirror in views]

    return predict_from_features(model, ordered_map(read, indices, num_threads), device)
