"""Several predictions of one image: with dropout at work, or of mirrored and shifted views."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd

from cbda.compute.seeds import Stream, derive_seed
from cbda.errors import UserError
from cbda.models.images import Resizing
from cbda.models.inference import Images, batches, forward
from cbda.models.logits import resize_logits

FRAME_PX = 32  # around a shifted view; a multiple of what every network halves
Views = Iterator[Tensor]  # logits (C,H,W) of one image, one view at a time


def predict_views(
    model: nn.Module,
    images: Images,
    resizing: Resizing,
    device: torch.device,
    kind: str,
    num_views: int,
    seed: int,
    round_number: int,
) -> Iterator[Views]:
    """Views of one image (H,W,3) uint8 after another, each to be used up before the next.

    Of kind `dropout`, or `shifted`; float32 at the image's own size. They are drawn by seed, round
    and image. A `UserError` if there is no dropout.
    """
    dropouts = find_dropouts(model) if kind == "dropout" else []
    if kind == "dropout" and not dropouts:
        raise UserError("the network has no dropout; allowed: scores of shifted views")
    for index, (batch, size) in enumerate(batches(model, images, resizing, device)):
        for layer in dropouts:
            layer.train()
        drawn = derive_seed(seed, Stream.VIEWS, round_number, index)
        yield _look(model, batch, size, resizing, kind, num_views, drawn)


def find_dropouts(model: nn.Module) -> list[nn.Module]:
    """Layers that drop something in training."""
    return [m for m in model.modules() if isinstance(m, _DropoutNd) and m.p > 0]


def _look(
    model: nn.Module,
    batch: Tensor,
    size: tuple[int, int],
    resizing: Resizing,
    kind: str,
    num_views: int,
    seed: int,
) -> Views:
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # of what dropout draws
    for number in range(num_views):
        if kind == "dropout":
            logits = forward(model, batch)
        else:
            logits = _shifted(model, batch, number, generator, resizing.align_corners)
        yield resize_logits(logits, size, resizing.align_corners)[0]


def _shifted(
    model: nn.Module, batch: Tensor, number: int, generator: torch.Generator, aligned: bool
) -> Tensor:
    """Logits of the image at a drawn place in a frame, every second time mirrored.

    The frame repeats the pixels of the border, and is cut off again.
    """
    height, width = batch.shape[2:]
    top, left = torch.randint(FRAME_PX + 1, (2,), generator=generator).tolist()
    is_mirrored = number % 2 == 1
    seen = batch.flip(-1) if is_mirrored else batch
    frame = (left, FRAME_PX - left, top, FRAME_PX - top)
    logits = forward(model, functional.pad(seen, frame, mode="replicate"))
    logits = resize_logits(logits, (height + FRAME_PX, width + FRAME_PX), aligned)
    logits = logits[..., top : top + height, left : left + width]
    return logits.flip(-1) if is_mirrored else logits
