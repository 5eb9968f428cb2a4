"""A model in training, as a file holds it."""

import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from torch import nn

import cbda
from cbda.datasets.ids import MAX_CLASSES
from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.build import create_model
from cbda.settings.mistakes import require_valid
from cbda.settings.model import ModelSettings
from cbda.settings.sizes import Size

PARTS = {"model": dict, "optimizer": dict, "iteration": int, "classes": list,
         "model_settings": dict, "image_size": list}  # fmt: skip
_SIZE = TypeAdapter(Size)
_CLASSES = TypeAdapter(Annotated[list[str], Field(min_length=1, max_length=MAX_CLASSES)])


def current_versions() -> dict[str, str]:
    """Versions of what decides the numbers of a training on a CPU."""
    packages = {name: version(name) for name in ("torch", "numpy")}
    return {"cbda": cbda.__version__, **packages, "Python": platform.python_version()}


@dataclass(frozen=True)
class Checkpoint:
    """A model in training, what it can be built from, and what it was trained by.

    Attributes:
        state: weights, optimizer and iteration, of `cbda.training.trainer.Trainer.state`.
        configuration: all settings of its training, plain values by the keys of config.yaml.
            Neither this nor the versions are in files of cbda 0.1.0.
    """

    state: dict[str, Any]
    classes: list[str]
    model_settings: ModelSettings
    image_size: tuple[int, int]  # height and width in px at which the network sees images
    configuration: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=current_versions)

    def save(self, path: Path) -> None:
        """Write a checkpoint: equal ones give equal bytes."""
        content = {
            **self.state,
            "classes": list(self.classes),
            "model_settings": self.model_settings.model_dump(),
            "image_size": list(self.image_size),
            "configuration": self.configuration,
            "versions": self.versions,
        }
        save_checkpoint(path, content)


def load_model(path: Path) -> tuple[Checkpoint, nn.Module]:
    """A checkpoint and its model, or a `UserError` if it lacks what they need."""
    content = load_checkpoint(path)
    wrong = [name for name, kind in PARTS.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise UserError(f"{path}: lacks {', '.join(wrong)}, or has them of another type")
    try:
        state = {name: content[name] for name in ("model", "optimizer", "iteration")}
        settings = require_valid(ModelSettings, content["model_settings"], "model")
        height, width = _SIZE.validate_python(content["image_size"])
        classes = _CLASSES.validate_python(content["classes"])
        made_by = content.get("configuration", {}), content.get("versions", {})
        model = create_model(settings, len(classes), load_weights=False)
        model.load_state_dict(state["model"])
        return Checkpoint(state, classes, settings, (height, width), *made_by), model
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: its parts do not fit together ({reason})") from error
