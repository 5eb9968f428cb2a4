"""How large the files of a network are, from networks without weights."""

from collections.abc import Mapping
from functools import cached_property

import torch
from torch import nn

from cbda.files.features import Shape, feature_bytes
from cbda.models.build import create_decoder, create_model
from cbda.models.encoders import freeze_batch_norm
from cbda.models.encoding import ImageEncoder
from cbda.models.images import Resizing
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings, without_weights
from cbda.settings.training import TrainingSettings


class NetworkSize:
    """Bytes of checkpoints and of features."""

    def __init__(
        self, model: ModelSettings, encode: EncodeSettings, training: TrainingSettings
    ) -> None:
        self._model = without_weights(model)
        self._encode, self._training = encode, training

    def checkpoint_bytes(self, num_classes: int) -> int:
        """Weights, and what the optimizer keeps for each: sgd its momentum, adamw two moments."""
        model = self._create(num_classes)
        if self._model.freeze_batch_norm and not self._model.freeze_encoder:
            freeze_batch_norm(model)
        num_kept = sum(tensor.numel() for tensor in model.state_dict().values())
        num_trained = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
        num_moments = 1 if self._training.optimizer.name == "sgd" else 2
        return int(4 * (num_kept + num_moments * num_trained))

    def feature_bytes(self, num_images: Mapping[str, int], flip: bool) -> tuple[int, ...]:
        """Of each set, mirrored where it is trained or evaluated so; none if nothing is frozen."""
        if not self._model.freeze_encoder:
            return ()
        size, source_size = self._training.image_size, self._training.source_size
        height, width = source_size or size
        shapes = {"source": self._shapes((height, width))}
        mirrored = {"val": flip}
        return tuple(
            feature_bytes(
                number,
                shapes.get(name, self._target_shapes),
                self._encode.dtype,
                mirrored.get(name, self._training.horizontal_flip),
            )
            for name, number in num_images.items()
        )

    def _create(self, num_classes: int) -> nn.Module:
        if not self._model.freeze_encoder:
            return create_model(self._model, num_classes)
        scales = {stride: shape[0] for stride, shape in self._target_shapes.items()}
        return create_decoder(self._model, num_classes, scales)

    @cached_property
    def _target_shapes(self) -> dict[int, Shape]:
        return self._shapes(self._training.image_size)

    def _shapes(self, size: tuple[int, int]) -> dict[int, Shape]:
        cpu = torch.device("cpu")
        return ImageEncoder(self._model, self._encode, Resizing(size), cpu).shapes
