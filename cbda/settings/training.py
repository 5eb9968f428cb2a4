"""Training, in pretraining and finetuning, which are one run cut into jobs."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat

from cbda.errors import UserError
from cbda.settings.section import Count, Section, one_of
from cbda.settings.sizes import OptionalSize, Size


class OptimizerSettings(Section):
    """Optimizer and its schedule."""

    name: Annotated[str, one_of("sgd", "adamw")] = "adamw"
    """Which one."""
    lr: PositiveFloat = 0.003
    """Learning rate of the encoder at iteration 0."""
    head_lr_factor: PositiveFloat = 1.0
    """Factor of the learning rate of all that is not encoder."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Momentum of sgd, first beta of adamw."""
    weight_decay: NonNegativeFloat = 0.0005
    """Weight decay, as the optimizer defines it."""
    poly_power: NonNegativeFloat = 0.9
    """Learning rate = lr * (1 - iteration / total_iterations) ^ power."""
    poly_iterations: NonNegativeInt = 0
    """Takes the place of total_iterations in the schedule, for one that is cut short; 0 for
    total_iterations."""


class LossSettings(Section):
    """Weights of the losses beside the two cross entropies."""

    consistency: NonNegativeFloat = 0.1
    """Local consistency on class boundaries of the source."""
    boundary: Annotated[str, one_of("neighbourhood", "laplacian")] = "neighbourhood"
    """Pixels that count as class boundary. Those of a 3x3 neighbourhood of more than one label; or
    those that a Laplacian of the class numbers with zeros around the image finds, as RIPU's, which
    takes the image's border for one."""
    importance: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Power of the classes' importance weights in the cross entropy of acquired pixels, which undo
    what acquisition does to the classes' shares: 0 for none, 1 for all of it."""
    negative: NonNegativeFloat = 1.0
    """Negative learning on improbable classes of the target."""
    negative_threshold: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Probability below which a class counts as improbable."""


class TrainingSettings(Section):
    """Shared by pretraining and finetuning, which are one run cut into jobs."""

    total_iterations: Count = 1150
    """Iterations of the whole run, over which the learning rate falls to 0."""
    batch_size: Count = 4
    """Images of each domain per iteration."""
    image_size: Size = (64, 112)
    """Height and width in px at which the network sees images; multiples of model.output_stride if
    it is set, else of 32 for unet and segformer and of 16 for deeplabv3plus."""
    source_size: OptionalSize = ()
    """The same for source images; empty for image_size."""
    interpolation: Annotated[str, one_of("bilinear", "bicubic")] = "bilinear"
    """How images are brought to these sizes, in training and after it."""
    align_corners: bool = False
    """Enlarge logits so that the corner pixels keep their places, and those that are scored to the
    size of the image before that of the label, as RIPU does. False keeps the sides of the image in
    their places, and takes one step."""
    crop_size: OptionalSize = ()
    """Height and width in px of a random crop of what the network would see in training; empty
    trains on whole images."""
    label_reduction: Annotated[str, one_of("none", "labelled", "nearest")] = "none"
    """How acquired labels are brought to the size of the image. none keeps their resolution and
    enlarges the logits; labelled shrinks them so that a labelled pixel wins over unlabelled ones;
    nearest shrinks them as RIPU does and loses most of them."""
    source_sampling: Annotated[str, one_of("uniform", "class_balanced")] = "uniform"
    """How source images are drawn; class_balanced favours those of rare classes."""
    horizontal_flip: bool = True
    """Mirror half of the training images."""
    color_jitter: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Largest relative change of brightness, contrast and saturation."""
    precision: Annotated[str, one_of("float32", "bfloat16")] = "float32"
    """Of the network in training; losses, scores and weights are float32."""
    num_workers: NonNegativeInt = 0
    """Processes that load images; 0 loads in the training process."""
    optimizer: OptimizerSettings = OptimizerSettings()
    loss: LossSettings = LossSettings()


class PretrainSettings(Section):
    """Training before the first round."""

    iterations: Count = 140
    """Iterations before the first round."""


class FinetuneSettings(Section):
    """Training after each round."""

    iterations_per_round: Count = 45
    """Iterations between two rounds; after the last one the run goes on to its end."""


def require_no_change(settings: TrainingSettings) -> None:
    """Raise a `UserError` if training would change images that it never sees."""
    for key, value in (("crop_size", settings.crop_size), ("color_jitter", settings.color_jitter)):
        if value:
            raise UserError(f"training.{key}: features are of whole images; allowed: none")
