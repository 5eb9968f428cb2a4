"""Logits of the images of a data set, by whatever its network takes."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from cbda.compute.parallel import ordered_map
from cbda.datasets.dataset import Dataset
from cbda.files.features import FeatureFile
from cbda.models.images import Resizing
from cbda.models.inference import Views, logits_of_views, mean_of_views, seen_images
from cbda.models.views import Look, Predictions, predict_looks


def predict_images(
    model: nn.Module,
    dataset: Dataset,
    features: FeatureFile | None,
    indices: Sequence[int],
    resizing: Resizing,
    device: torch.device,
    *,
    num_threads: int = 1,
    through_input: bool = False,
) -> Iterator[Tensor]:
    """Logits (C,H,W) of some images, each at its own size, read ahead of the network.

    They come from the features, if there are any, else from the images; see `predict_logits`.
    """
    views = _read_views(dataset, features, indices, resizing, num_threads)
    return logits_of_views(model, views, resizing, device, through_input)


def predict_views(
    model: nn.Module,
    dataset: Dataset,
    features: FeatureFile | None,
    indices: Sequence[int],
    resizing: Resizing,
    device: torch.device,
    look: Look,
    *,
    num_threads: int = 1,
) -> Iterator[Predictions]:
    """Logits (C,H,W) of several views of images, one view after another; see `predict_looks`."""
    views = _read_views(dataset, features, indices, resizing, num_threads)
    return predict_looks(model, views, resizing, device, look)


def predict_both_views(
    model: nn.Module,
    dataset: Dataset,
    features: FeatureFile | None,
    indices: Sequence[int],
    resizing: Resizing,
    device: torch.device,
    *,
    num_threads: int = 1,
) -> Iterator[Tensor]:
    """Mean (C,H,W) of the probabilities of images and of their mirrored views, as above."""
    views = _read_views(dataset, features, indices, resizing, num_threads, mirrored=True)
    return mean_of_views(model, views, resizing, device)


def _read_views(
    dataset: Dataset,
    features: FeatureFile | None,
    indices: Sequence[int],
    resizing: Resizing,
    num_threads: int,
    mirrored: bool = False,
) -> Iterator[Views]:
    """What the network takes of some images: their features, if there are any, or themselves."""
    if features is None:
        images = ordered_map(dataset.read_image, indices, num_threads)
        return seen_images(images, resizing, mirrored)

    def read(index: int) -> Views:
        views = [features.read(index, side) for side in ([False, True] if mirrored else [False])]
        maps = [[torch.from_numpy(values)[None] for values in view] for view in views]
        return maps, dataset.image_size(index)

    return ordered_map(read, indices, num_threads)
