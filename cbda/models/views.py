"""Several predictions of one image: with dropout at work, or of mirrored and shifted views."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from cbda.compute.seeds import Stream, derive_seed
from cbda.errors import UserError
from cbda.models.images import Resizing
from cbda.models.inference import Views, forward, prepare
from cbda.models.inputs import Inputs
from cbda.models.logits import resize_logits

FRAME_PX = 32  # around a shifted view; a multiple of what every network halves
Predictions = Iterator[Tensor]  # logits (C,H,W) of one image, one view at a time


@dataclass(frozen=True)
class Look:
    """What the views of an image are; they are drawn by seed, round and image."""

    kind: str  # `dropout` or `shifted`
    num_views: int
    seed: int
    round: int

    def seed_of(self, image: int) -> int:
        """The seed of the views of one image of the pool."""
        return derive_seed(self.seed, Stream.VIEWS, self.round, image)


def predict_looks(
    model: nn.Module, images: Iterator[Views], resizing: Resizing, device: torch.device, look: Look
) -> Iterator[Predictions]:
    """Views of one image after another, each to be used up before the next, at its own size.

    A `UserError` if dropout is asked of a network without any, or shifts of features.
    """
    dropouts = find_dropouts(model) if look.kind == "dropout" else []
    if look.kind == "dropout" and not dropouts:
        raise UserError("the network has no dropout; allowed: scores of shifted views")
    prepare(model, device)
    for layer in dropouts:
        layer.train()
    for index, (inputs, size) in enumerate(images):
        generator = torch.Generator().manual_seed(look.seed_of(index))
        torch.manual_seed(look.seed_of(index))  # of what dropout draws
        predict = _dropped if look.kind == "dropout" else _shifted
        views = (
            predict(model, inputs[0], resizing, device, number, generator)
            for number in range(look.num_views)
        )
        yield (resize_logits(view, size, resizing.align_corners)[0] for view in views)


def find_dropouts(model: nn.Module) -> list[nn.Module]:
    """Layers that drop something in training."""
    return [layer for layer in model.modules() if isinstance(layer, _DropoutNd) and layer.p > 0]


def _dropped(
    model: nn.Module, inputs: Inputs, resizing: Resizing, device: torch.device, *_: object
) -> Tensor:
    return forward(model, inputs, device)


def _shifted(
    model: nn.Module,
    inputs: Inputs,
    resizing: Resizing,
    device: torch.device,
    number: int,
    generator: torch.Generator,
) -> Tensor:
    """Logits of the image at a drawn place in a frame, every second time mirrored.

    The frame repeats the pixels of the border, and is cut off again.
    """
    if not isinstance(inputs, Tensor):
        raise UserError("features of a frozen encoder can't be shifted; allowed: scores of dropout")
    height, width = inputs.shape[2:]
    top, left = torch.randint(FRAME_PX + 1, (2,), generator=generator).tolist()
    is_mirrored = number % 2 == 1
    seen = inputs.flip(-1) if is_mirrored else inputs
    frame = (left, FRAME_PX - left, top, FRAME_PX - top)
    logits = forward(model, functional.pad(seen, frame, mode="replicate"), device)
    framed = (height + FRAME_PX, width + FRAME_PX)
    logits = resize_logits(logits, framed, resizing.align_corners)
    logits = logits[..., top : top + height, left : left + width]
    return logits.flip(-1) if is_mirrored else logits
