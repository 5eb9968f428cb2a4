"""The encoder of a checkpoint that takes features, for images that have none yet."""

from pathlib import Path

import torch

from cbda.errors import UserError
from cbda.models.checkpoints import Checkpoint
from cbda.models.encoding import ImageEncoder
from cbda.models.images import Resizing
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import encoder_alone, has_weights_file


def open_encoder(
    checkpoint: Checkpoint, path: Path, weights: str, device: torch.device
) -> ImageEncoder | None:
    """The frozen encoder whose features a checkpoint takes; None if it takes images.

    Raises:
        UserError: the weights, by default those that the checkpoint names, are of another encoder,
            or of a file, which it does not name.
    """
    wanted = checkpoint.encoding
    if wanted is None:
        return None
    advice = "give those of its training by --model-encoder-weights"
    named = weights or checkpoint.model_settings.encoder_weights
    if not weights and has_weights_file(named):
        what = "takes features of an encoder whose weights came from a file"
        raise UserError(f"{path}: {what}; {advice}")
    model = checkpoint.model_settings.model_copy(update={"encoder_weights": named})
    settings = EncodeSettings(
        strides=wanted.strides, dtype=wanted.dtype, precision=wanted.precision
    )
    resizing = Resizing(checkpoint.resizing.image_size, wanted.interpolation)
    encoder = ImageEncoder(encoder_alone(model), settings, resizing, device)
    if encoder.encoding != wanted:
        raise UserError(f"{path}: takes features of other weights than {named!r}; {advice}")
    return encoder
