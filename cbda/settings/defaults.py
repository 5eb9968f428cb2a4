"""Network and training of the default experiment.

A command by itself takes the small network from scratch unless it is told another, and so does a
checkpoint that says nothing of one: these are the defaults of the sections.
"""

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
