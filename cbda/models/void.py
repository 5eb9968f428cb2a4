"""A class of its own for what belongs to none, learned where the source has no label."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from cbda.models.images import Resizing
from cbda.models.logits import most_probable, resize_logits


class VoidClass:
    """The last of a network's logits: learned like others, and cut off in evaluation.

    So predictions, probabilities and scores are of the classes alone, whoever asks for them.
    """

    def __init__(self, model: nn.Module, num_classes: int) -> None:
        self.id = num_classes  # in the labels that a network is trained on
        self._seen: Tensor | None = None
        model.register_forward_hook(self._cut)

    def _cut(self, model: nn.Module, inputs: object, logits: Tensor) -> Tensor:
        if model.training:
            return logits
        self._seen = logits
        return logits[:, : self.id]

    def read(self, resizing: Resizing, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Where void is most probable, (H,W), in the image that the network saw last."""
        assert self._seen is not None
        logits = resize_logits(self._seen.float(), size, resizing.align_corners)[0]
        return np.asarray((most_probable(logits) == self.id).cpu().numpy(), np.bool_)


def add_void_class(model: nn.Module, num_classes: int) -> nn.Module:
    """Take the last logits of a network, one more than classes, for those of void."""
    model.void_class = VoidClass(model, num_classes)  # type: ignore[assignment]
    return model


def void_class_of(model: nn.Module) -> VoidClass | None:
    """The void class of a network, if it has one."""
    found = getattr(model, "void_class", None)
    return found if isinstance(found, VoidClass) else None
