"""Network and training of the default experiment.

A command by itself takes the small network from scratch unless it is told another, and so does a
checkpoint that says nothing of one: these are the defaults of the sections.
"""

from collections.abc import Mapping
from typing import Any

from cbda.settings.generation import DataMakeSettings
from cbda.settings.model import PACKAGED, ModelSettings
from cbda.settings.training import LossSettings, OptimizerSettings, TrainingSettings

MODEL = ModelSettings(
    architecture="light_fpn", encoder=PACKAGED, encoder_weights="packaged", freeze_encoder=True
)
TRAINING = TrainingSettings(
    total_iterations=275,
    batch_size=1,
    image_size=(240, 320),
    optimizer=OptimizerSettings(lr=0.01),
    loss=LossSettings(consistency=0.0, negative=0.0),
)


def fill(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with what its sections of network, training and generated sets leave out."""
    sections = {"model": MODEL.model_dump(), "training": TRAINING.model_dump()}
    sections["data_make"] = {"sets": DataMakeSettings().model_dump()["sets"]}
    return {**raw, **{name: _over(raw[name], sections[name]) for name in sections.keys() & raw}}


def _over(change: Any, base: Any) -> Any:
    """What is given, key by key, over what is there."""
    if not (isinstance(change, Mapping) and isinstance(base, Mapping)):
        return change
    return {**base, **{name: _over(value, base.get(name)) for name, value in change.items()}}
