"""The published scores of tensors, as somebody calls them: what is given is looked at first."""

from typing import Any

from torch import Tensor

from cbda.acquisition import arguments
from cbda.acquisition.given import require_logits
from cbda.acquisition.maps import Scored
from cbda.acquisition.scores import ripu
from cbda.errors import UserError
from cbda.models.logits import require_finite
from cbda.settings.section import MAX_RADIUS_PX


def ripu_region(logits: Tensor, radius: int) -> Scored:
    """Region score (H,W) and prediction of logits (C,H,W), see `cbda.acquisition.scores.ripu`."""
    return ripu.region(*_sound(logits, radius))


def ripu_pixel(logits: Tensor, radius: int) -> Scored:
    """Pixel score (H,W) and prediction of logits (C,H,W), see `cbda.acquisition.scores.ripu`."""
    return ripu.pixel(*_sound(logits, radius))


def _sound(logits: Any, radius: Any) -> tuple[Tensor, int]:
    if not isinstance(logits, Tensor):
        raise UserError(f"logits: {type(logits).__name__}; allowed is a tensor (C,H,W)")
    require_logits(logits, "logits", len(logits) if logits.ndim else None)
    require_finite(logits)
    return logits.detach(), arguments.whole("radius", radius, 0, MAX_RADIUS_PX)
