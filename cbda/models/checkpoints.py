"""A model in training, as a file holds it."""

import platform
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from torch import nn

import cbda
from cbda.compute.commit import source_commit
from cbda.datasets.ids import MAX_CLASSES
from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.build import create_model
from cbda.models.images import Resizing
from cbda.settings.mistakes import require_valid
from cbda.settings.model import ModelSettings
from cbda.settings.user_code import is_place, source_file, without_folder

PARTS = {"model": dict, "optimizer": dict, "iteration": int, "classes": list,
         "model_settings": dict, "image_size": list}  # fmt: skip
_RESIZING = TypeAdapter(Resizing)
_CLASSES = TypeAdapter(Annotated[list[str], Field(min_length=1, max_length=MAX_CLASSES)])


def current_versions() -> dict[str, str]:
    """Versions of what decides the numbers of a training on a CPU, and the commit of the code."""
    packages = {name: version(name) for name in ("torch", "numpy")}
    own = {"cbda": cbda.__version__, "commit": source_commit()}
    return {**own, **packages, "Python": platform.python_version()}


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
    resizing: Resizing  # how the network sees images
    configuration: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=current_versions)

    def save(self, path: Path) -> None:
        """Write a checkpoint: equal ones give equal bytes."""
        content = {
            **self.state,
            "classes": list(self.classes),
            "model_settings": self.model_settings.model_dump(),
            **asdict(self.resizing),
            "image_size": list(self.resizing.image_size),
            "configuration": self.configuration,
            "versions": self.versions,
        }
        save_checkpoint(path, content)


def load_model(path: Path, network: str = "") -> tuple[Checkpoint, nn.Module]:
    """A checkpoint and its model, or a `UserError` if it lacks what they need.

    A checkpoint names no folder, so that of a network of the user's own, FILE.py:NAME, is given.
    """
    content = load_checkpoint(path)
    wrong = [name for name, kind in PARTS.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise UserError(f"{path}: lacks {', '.join(wrong)}, or has them of another type")
    try:
        state = {name: content[name] for name in ("model", "optimizer", "iteration")}
        settings = require_valid(ModelSettings, content["model_settings"], "model")
        resizing = _resizing(content)
        classes = _CLASSES.validate_python(content["classes"])
        made_by = content.get("configuration", {}), content.get("versions", {})
        model = create_model(_located(settings, network), len(classes), load_weights=False)
        model.load_state_dict(state["model"])
        return Checkpoint(state, classes, settings, resizing, *made_by), model
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: its parts do not fit together ({reason})") from error


def _located(settings: ModelSettings, network: str) -> ModelSettings:
    """The settings with the place of a network of the user's own, in the working folder if none."""
    name, path = settings.architecture, source_file(network or settings.architecture)
    if network and without_folder(network) != name:
        raise UserError(f"--network: {network!r} is another than it was trained as, {name}")
    if is_place(name) and not path.is_file():
        raise UserError(f"its network: there is no file {path}; give --network FOLDER/{name}")
    return settings.model_copy(update={"architecture": network}) if network else settings


def _resizing(content: dict[str, Any]) -> Resizing:
    """Files of cbda 0.1.0 hold the size alone, as all else was fixed."""
    names = [item.name for item in fields(Resizing)]
    return _RESIZING.validate_python({name: content[name] for name in names if name in content})
