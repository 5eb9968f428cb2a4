"""Features of images, as files hold them."""

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cbda.errors import UserError
from cbda.files.features import Encoding, Features, Shape
from cbda.models.frozen import FINEST, create_encoder
from cbda.models.images import Pixels, Resizing, resize_image
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings


class ImageEncoder:
    """A frozen encoder that sees one image after another at one size (height, width) in px.

    Its features are the same whether they go through a file or not: they are of the dtype that
    files hold, and each image is encoded alone.
    """

    def __init__(
        self,
        model: ModelSettings,
        settings: EncodeSettings,
        resizing: Resizing,
        device: torch.device,
    ) -> None:
        encoder = create_encoder(model, resizing.image_size)
        self._name, self._weights_sha256 = model.encoder, encoder.weights_sha256()
        self._settings, self._resizing, self._device = settings, resizing, device
        self._encoder = encoder.to(device, memory_format=torch.channels_last)  # type: ignore

    @cached_property
    def shapes(self) -> dict[int, Shape]:
        """Channels, height and width of the features of an image, by stride.

        Raises:
            UserError: the encoder has no map of a stride that is asked for, or refuses the size.
        """
        maps = self._forward(np.zeros((*self._resizing.image_size, 3), np.uint8))
        strides = choose_strides(list(maps), self._settings.strides)
        found = {stride: tuple(maps[stride].shape[1:]) for stride in strides}
        self._require_covered(found)
        return {stride: (shape[0], shape[1], shape[2]) for stride, shape in found.items()}

    def _require_covered(self, shapes: dict[int, tuple[int, ...]]) -> None:
        """Raise a `UserError` if maps leave out a part of the image, as those of patches do."""
        size = self._resizing.image_size
        for stride, (_, *sides) in shapes.items():
            if any(side * stride < whole for side, whole in zip(sides, size, strict=True)):
                left_out = f"{list(size)} leaves out a part"
                raise UserError(f"training.image_size: {left_out}; allowed: multiples of {stride}")

    @property
    def encoding(self) -> Encoding:
        """What makes these features."""
        channels = tuple(shape[0] for shape in self.shapes.values())
        return Encoding(
            encoder=self._name,
            weights_sha256=self._weights_sha256,
            precision=self._settings.precision,
            dtype=self._settings.dtype,
            interpolation=self._resizing.interpolation,
            strides=tuple(self.shapes),
            channels=channels,
        )

    def encode(self, image: Pixels, mirrored: bool = False) -> Features:
        """Features of an image (H,W,3) uint8, then those of its mirror image if wanted.

        Raises:
            UserError: a feature is not finite.
        """
        size, interpolation = self._resizing.image_size, self._resizing.interpolation
        resized = resize_image(image, size, interpolation)
        views = [resized, resized[:, ::-1]] if mirrored else [resized]
        maps = [self._forward(view) for view in views]
        found = (
            of_view[stride][0].float().cpu().numpy() for of_view in maps for stride in self.shapes
        )
        return [_stored(values, self._settings.dtype) for values in found]

    def _forward(self, image: Pixels) -> dict[int, Tensor]:
        pixels = torch.from_numpy(np.array(image)).to(self._device)
        enabled = self._settings.precision == "bfloat16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=enabled):
            try:
                maps: dict[int, Tensor] = self._encoder(pixels.permute(2, 0, 1)[None])
            except (AssertionError, RuntimeError) as error:
                reason = " ".join(str(error).split())[:200]
                size = self._resizing.image_size
                raise UserError(f"the encoder refuses images of {size} px: {reason}") from error
        return maps


def choose_strides(found: list[int], wanted: tuple[int, ...]) -> list[int]:
    """Strides of the maps to keep, rising; a `UserError` if there is none of a stride."""
    lacking = [stride for stride in wanted if stride not in found]
    if lacking:
        allowed = ", ".join(map(str, found))
        raise UserError(f"encode.strides: the encoder has no {lacking[0]}; allowed: {allowed}")
    return sorted(wanted) or [stride for stride in found if stride >= FINEST] or found


def _stored(values: NDArray[np.float32], dtype: str) -> NDArray[np.floating]:
    """A map in the dtype of files; a `UserError` unless all of it is finite there."""
    with np.errstate(over="ignore"):
        stored = values.astype(dtype)
    if not np.isfinite(stored).all():
        reason = f"a feature is NaN, infinite or too large for {dtype}"
        raise UserError(f"{reason}; allowed: encode.dtype float32, weights that are finite")
    return stored
