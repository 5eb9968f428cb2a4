"""A model in training, as a file holds it."""

import platform
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import nn

import cbda
from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.files.features import Encoding, FeatureFile
from cbda.models.build import create_decoder, create_model
from cbda.settings.model import ModelSettings

PARTS = {"model": dict, "optimizer": dict, "iteration": int, "classes": list,
         "model_settings": dict, "image_size": list}  # fmt: skip


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
    encoding: Encoding | None = None  # what made the features that it takes in place of images

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
        if self.encoding is not None:
            content["encoding"] = asdict(self.encoding)
        save_checkpoint(path, content)


def load_model(path: Path) -> tuple[Checkpoint, nn.Module]:
    """A checkpoint and its model, or a `UserError` if it lacks what they need."""
    content = load_checkpoint(path)
    wrong = [name for name, kind in PARTS.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise UserError(f"{path}: lacks {', '.join(wrong)}, or has them of another type")
    try:
        state = {name: content[name] for name in ("model", "optimizer", "iteration")}
        settings = ModelSettings(**content["model_settings"])
        height, width = content["image_size"]
        made_by = content.get("configuration", {}), content.get("versions", {})
        encoding = Encoding(**content["encoding"]) if "encoding" in content else None
        model = _build(settings, len(content["classes"]), encoding)
        model.load_state_dict(state["model"])
        facts = (content["classes"], settings, (height, width), *made_by, encoding)
        return Checkpoint(state, *facts), model
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: its weights do not fit its model_settings ({reason})") from error


def _build(settings: ModelSettings, num_classes: int, encoding: Encoding | None) -> nn.Module:
    if encoding is None:
        return create_model(settings, num_classes, load_weights=False)
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
