"""Numbers of RIPU's published training, computed by its own code: see tests/data/ripu_training."""

import math
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cbda.models.build import create_model
from cbda.settings.model import ModelSettings

GOLDEN = np.load(Path(__file__).parent / "data/ripu_training/golden.npz", allow_pickle=False)
STRIDE = 11  # at which large arrays are kept
VOID = 255
ARCHITECTURES = {"v2": "deeplabv2", "v3plus": "deeplabv3plus_ripu"}
NUM_CLASSES = 19


def stream(name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def normal(name: str, shape: tuple[int, ...], std: float = 1.0, mean: float = 0.0) -> Tensor:
    """Numbers drawn by a name, float64."""
    return torch.from_numpy(mean + std * stream(name).standard_normal(tuple(map(int, shape))))


def sums(values: Tensor) -> list[float]:
    """The sum, that of absolute values, and one that changes with the order."""
    x = values.detach().reshape(-1).numpy()
    return [x.sum(), np.abs(x).sum(), (x * np.cos(np.arange(x.size))).sum()]


def four(values: Tensor) -> list[float]:
    """The first element, the last, and two between."""
    x = values.detach().reshape(-1)
    return [x[place].item() for place in (0, len(x) // 3, 2 * len(x) // 3, len(x) - 1)]


def assert_golden(name: str, found: Any, tolerance: float = 1e-11) -> None:
    """Differences relative to the largest number of an array; 0 asks for equality."""
    expected = GOLDEN[name]
    found = np.asarray(found.detach() if isinstance(found, Tensor) else found)
    if found.shape != expected.shape and found.size > STRIDE * (expected.size - 1):
        found = found.reshape(-1)[::STRIDE]
    assert found.shape == expected.shape, name
    if tolerance == 0:
        np.testing.assert_array_equal(found, expected, name)
    else:
        scale = np.abs(expected).max(initial=0) or 1.0
        difference = np.abs(found - expected).max(initial=0) / scale
        assert difference <= tolerance, f"{name}: off by {difference:.1e}"


def head_shapes(architecture: str) -> dict[str, tuple[int, ...]]:
    """Of the published head, by the names of the golden numbers."""
    names, shapes = (GOLDEN[f"{architecture}.parameter.{key}"] for key in ("name", "shape"))
    return {
        str(name): tuple(int(n) for n in shape if n)
        for name, shape in zip(names, shapes, strict=True)
    }


def head_weight(architecture: str, name: str, shape: tuple[int, ...], std_v2: float) -> Tensor:
    """A weight of a head; std_v2 is that of the convolutions of v2."""
    if architecture == "v2":
        return normal(f"v2/{name}", shape, std_v2 if len(shape) > 1 else 0.005)
    return normal(f"v3plus/{name}", shape, he(shape) if len(shape) > 1 else 0.02)


def he(shape: tuple[int, ...], gain: float = 2.0) -> float:
    return math.sqrt(gain / math.prod(shape[1:]))


@cache
def encoder_weight(name: str, shape: tuple[int, ...]) -> Tensor:
    """A weight of the ResNet-50, by torchvision's name; not to be changed."""
    if len(shape) > 1:
        return normal(name, shape, he(shape, 1.0 if "downsample" in name else 2.0))
    if name.endswith("running_var"):
        return normal(name, shape, 0.3).exp()
    if name.endswith("running_mean"):
        return normal(name, shape, 0.1)
    if name.endswith("bias"):
        return normal(name, shape, 0.05)
    mean = 1.0
    if name.endswith("bn3.weight"):
        mean = 0.03 if name.startswith("layer4") else 0.2
    if name == "layer4.0.downsample.1.weight":
        mean = 0.1
    return normal(name, shape, 0.05 * mean, mean)


HEAD_PLACES = {
    "head.6": "classifiers.0",
    "head.12": "classifiers.1",
    "head.18": "classifiers.2",
    "head.24": "classifiers.3",
    "aspp.1": "pyramid.pixel.0",
    **{f"aspp.{6 * i}.depthwise": f"pyramid.dilated.{i - 1}.0" for i in (1, 2, 3)},
    **{f"aspp.{6 * i}.pointwise": f"pyramid.dilated.{i - 1}.2" for i in (1, 2, 3)},
    "aspp.pool": "pyramid.whole.0",
    "bottleneck": "pyramid.bottleneck.0",
    "low": "low.0",
    **{f"decoder.{i}.depthwise": f"decoder.{i - 1}.0" for i in (1, 2)},
    **{f"decoder.{i}.pointwise": f"decoder.{i - 1}.2" for i in (1, 2)},
    "classifier": "classifier",
}


def place(name: str) -> str:
    """The name in our networks of a golden weight, whether of the head or of the encoder."""
    part, _, kind = name.rpartition(".")
    return f"{HEAD_PLACES[part]}.{kind}" if part in HEAD_PLACES else f"encoder.{name}"


def create_network(
    architecture: str, std_v2: float = 0.01, has_golden_encoder: bool = True
) -> nn.Module:
    """A network of the golden weights, those of its encoder too, in torch's default precision."""
    settings = ModelSettings(
        architecture=ARCHITECTURES[architecture],
        encoder="resnet50",
        output_stride=8,
        freeze_batch_norm=True,
        batch_norm_epsilon=False,
    )
    model = create_model(settings, NUM_CLASSES)
    weights = {
        place(name): head_weight(architecture, name, shape, std_v2)
        for name, shape in head_shapes(architecture).items()
    }
    for name, value in model.get_submodule("encoder").state_dict().items():
        if value.ndim and has_golden_encoder:
            weights[f"encoder.{name}"] = encoder_weight(name, tuple(value.shape))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected
    if has_golden_encoder:
        assert all(name.endswith("num_batches_tracked") for name in missing)
    return model
