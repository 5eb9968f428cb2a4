"""What a network is given of an image: the image, or its features, encoded afresh."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import torch

from cbda.errors import UserError
from cbda.files.features import Encoding
from cbda.models.checkpoints import Checkpoint
from cbda.models.encoding import ImageEncoder
from cbda.models.images import Pixels, Resizing, resize_image, to_tensor
from cbda.models.inputs import Inputs
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings, encoder_alone, has_weights_file

Sight: TypeAlias = Callable[[Pixels], Inputs]  # of an image (H,W,3), a batch of one


def create_sight(checkpoint: Checkpoint, weights: str, device: torch.device) -> Sight:
    """How the network of a checkpoint sees images.

    A frozen encoder whose weights came from a file needs them again: a checkpoint has those of the
    decoder alone. They are empty otherwise.

    Raises:
        UserError: they are missing, or are others than those that it was trained with.
    """
    if checkpoint.encoding is None:
        return as_image(checkpoint.resizing)
    settings = encoder_alone(_with_weights(checkpoint.model_settings, weights))
    encoder = _create_encoder(settings, checkpoint.encoding, checkpoint.resizing, device)
    if encoder.encoding != checkpoint.encoding:
        other = "are not those of the encoder that the network was trained with"
        raise UserError(f"--encoder-weights: {settings.encoder_weights} {other}")
    return lambda image: [torch.from_numpy(maps)[None] for maps in encoder.encode(image)]


def as_image(resizing: Resizing) -> Sight:
    """Images, resized and normalised."""

    def see(image: Pixels) -> Inputs:
        resized = resize_image(image, resizing.image_size, resizing.interpolation)
        return to_tensor(resized)[None]

    return see


def _with_weights(settings: ModelSettings, weights: str) -> ModelSettings:
    if not weights and has_weights_file(settings.encoder_weights):
        file = "the file that its encoder was frozen with (model.encoder_weights)"
        raise UserError(f"--encoder-weights: the network needs {file}")
    if weights and not Path(weights).is_file():
        raise UserError(f"--encoder-weights: no file {weights}")
    return settings.model_copy(update={"encoder_weights": weights or settings.encoder_weights})


def _create_encoder(
    settings: ModelSettings, encoding: Encoding, resizing: Resizing, device: torch.device
) -> ImageEncoder:
    options = EncodeSettings(
        strides=encoding.strides, dtype=encoding.dtype, precision=encoding.precision
    )
    return ImageEncoder(settings, options, resizing, device)
