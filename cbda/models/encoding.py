"""Features of images, as files hold them."""

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from cbda.errors import UserError
from cbda.files.features import Encoding, Features, Shape
from cbda.models.encoders import FINEST, Encoder
from cbda.models.images import Pixels, Size, resize_image
from cbda.settings.encoding import EncodeSettings


class ImageEncoder:
    """A frozen encoder that sees one image after another at one size (height, width) in px."""

    def __init__(
        self, encoder: Encoder, settings: EncodeSettings, size: Size, device: torch.device
    ) -> None:
        self._settings, self._size, self._device = settings, size, device
        self._weights_sha256 = encoder.weights_sha256()
        self._encoder = encoder.to(device, memory_format=torch.channels_last)  # type: ignore

    @cached_property
    def shapes(self) -> dict[int, Shape]:
        """Channels, height and width of the features of an image, by stride.

        Raises:
            UserError: the encoder has no map of a stride that is asked for, or refuses the size.
        """
        maps = self._forward(np.zeros((*self._size, 3), np.uint8))
        strides = choose_strides(list(maps), self._settings.strides)
        found = {stride: tuple(maps[stride].shape[1:]) for stride in strides}
        self._require_covered(found)
        return {stride: (shape[0], shape[1], shape[2]) for stride, shape in found.items()}

    def _require_covered(self, shapes: dict[int, tuple[int, ...]]) -> None:
        """Raise a `UserError` if maps leave out a part of the image, as those of patches do."""
        for stride, (_, *sides) in shapes.items():
            if any(side * stride < whole for side, whole in zip(sides, self._size, strict=True)):
                size = f"{list(self._size)} leaves out a part"
                raise UserError(f"training.image_size: {size}; allowed: multiples of {stride}")

    def describe(self, name: str) -> Encoding:
        """What makes these features."""
        channels = tuple(shape[0] for shape in self.shapes.values())
        facts = (self._weights_sha256, self._settings.precision)
        return Encoding(name, *facts, tuple(self.shapes), channels)

    def encode(self, image: Pixels, mirrored: bool) -> Features:
        """Features of an image (H,W,3) uint8, then those of its mirror image if wanted."""
        resized = resize_image(image, self._size)
        views = [resized, resized[:, ::-1]] if mirrored else [resized]
        maps = [self._forward(view) for view in views]
        return [of_view[s][0].float().cpu().numpy() for of_view in maps for s in self.shapes]

    def _forward(self, image: Pixels) -> dict[int, Tensor]:
        pixels = torch.from_numpy(np.array(image)).to(self._device)
        enabled = self._settings.precision == "bfloat16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=enabled):
            try:
                maps: dict[int, Tensor] = self._encoder(pixels.permute(2, 0, 1)[None])
            except (AssertionError, RuntimeError) as error:
                reason = " ".join(str(error).split())[:200]
                raise UserError(
                    f"the encoder refuses images of {self._size} px: {reason}"
                ) from error
        return maps


def choose_strides(found: list[int], wanted: tuple[int, ...]) -> list[int]:
    """Strides of the maps to keep, rising; a `UserError` if there is none of a stride."""
    lacking = [stride for stride in wanted if stride not in found]
    if lacking:
        allowed = ", ".join(map(str, found))
        raise UserError(f"encode.strides: the encoder has no {lacking[0]}; allowed: {allowed}")
    return sorted(wanted) or [stride for stride in found if stride >= FINEST] or found
