"""What a checkpoint holds beside the training state, so that its model can be built again."""

from dataclasses import asdict
from typing import Any

from torch import nn

from cbda.models import create_model
from cbda.settings import ModelSettings, TrainingSettings


def pack_checkpoint(
    state: dict[str, Any], classes: list[str], model: ModelSettings, training: TrainingSettings
) -> dict[str, Any]:
    """A training state with all that is needed to build its model again."""
    return {
        **state,
        "classes": list(classes),
        "model_settings": asdict(model),
        "image_size": list(training.image_size),
    }


def build_model(checkpoint: dict[str, Any]) -> nn.Module:
    """The model of a checkpoint, with its weights."""
    settings = ModelSettings(**checkpoint["model_settings"])
    model = create_model(settings, len(checkpoint["classes"]), load_weights=False)
    model.load_state_dict(checkpoint["model"])
    return model
