"""A model in training, as a file holds it."""

import platform
from collections.abc import Collection
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
from cbda.files.features import Encoding, FeatureFile
from cbda.models.build import create_decoder, create_model
from cbda.models.images import Resizing
from cbda.settings.mistakes import require_valid
from cbda.settings.model import ModelSettings, without_weights
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
    encoding: Encoding | None = None  # what made the features that it takes in place of images

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
        if self.encoding is not None:
            content["encoding"] = asdict(self.encoding)
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
        encoding = Encoding(**content["encoding"]) if "encoding" in content else None
        model = _build(_located(settings, network), len(classes), encoding)
        model.load_state_dict(state["model"])
        return Checkpoint(state, classes, settings, resizing, *made_by, encoding), model
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: its parts do not fit together ({reason})") from error


def _build(settings: ModelSettings, num_classes: int, encoding: Encoding | None) -> nn.Module:
    settings = without_weights(settings)  # those of a file are known by their digest alone
    if encoding is None:
        return create_model(settings, num_classes)
    return create_decoder(settings, num_classes, encoding.scales)


def require_input(
    checkpoint: Checkpoint, path: Path, features: FeatureFile | None, option: str
) -> None:
    """Raise a `UserError` unless a model is given what it takes: images, or features of its own."""
    wanted = checkpoint.encoding
    if wanted is None and features is not None:
        raise UserError(f"--{option} {features.path}: {path} takes images")
    if wanted is not None and features is None:
        raise UserError(f"{path} takes features: give those of the data set by --{option}")
    if features is not None and features.encoding != wanted:
        raise UserError(f"{features.path}: is of another encoding than that of {path}")


def require_features(settings: ModelSettings, features: Collection[FeatureFile]) -> None:
    """Raise a `UserError` unless a new network has the features that it takes, and no others."""
    if settings.freeze_encoder and not features:
        raise UserError("--model-freeze-encoder: needs --source-features, made by `cbda encode`")
    for file in features:
        if not settings.freeze_encoder:
            raise UserError(f"{file.path}: features are for --model-freeze-encoder")
        if file.encoding.encoder != settings.encoder:
            encoders = f"{file.encoding.encoder}, model.encoder is {settings.encoder}"
            raise UserError(f"{file.path}: features of {encoders}")


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
