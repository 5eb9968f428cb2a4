"""What a checkpoint holds beside the training state, so that its model can be built again."""

from pathlib import Path
from typing import Any

from torch import nn

from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint
from cbda.models.build import create_model
from cbda.settings.model import ModelSettings
from cbda.settings.training import TrainingSettings


def pack_checkpoint(
    state: dict[str, Any], classes: list[str], model: ModelSettings, training: TrainingSettings
) -> dict[str, Any]:
    """A training state with all that is needed to build its model again."""
    return {
        **state,
        "classes": list(classes),
        "model_settings": model.model_dump(),
        "image_size": list(training.image_size),
    }


PARTS: dict[str, type] = {
    "model": dict,
    "optimizer": dict,
    "iteration": int,
    "classes": list,
    "model_settings": dict,
    "image_size": list,
}


def load_model(path: Path) -> tuple[dict[str, Any], nn.Module]:
    """A checkpoint and its model, or a `UserError` if it lacks what they need."""
    checkpoint = load_checkpoint(path)
    wrong = [name for name, kind in PARTS.items() if not isinstance(checkpoint.get(name), kind)]
    if wrong:
        raise UserError(f"{path}: lacks {', '.join(wrong)}, or has them of another type")
    try:
        return checkpoint, build_model(checkpoint)
    except (ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: its weights do not fit its model_settings ({reason})") from error


def build_model(checkpoint: dict[str, Any]) -> nn.Module:
    """The model of a checkpoint, with its weights."""
    settings = ModelSettings(**checkpoint["model_settings"])
    model = create_model(settings, len(checkpoint["classes"]), load_weights=False)
    model.load_state_dict(checkpoint["model"])
    return model
