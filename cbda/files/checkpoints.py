"""Checkpoints: tensors and plain values, read without running any code from them."""

import zipfile
from pathlib import Path
from typing import Any

from cbda.datasets.digest import require_regular
from cbda.files.atomic import DamagedFileError, complete_file, unreadable

MODEL_FORMAT = "cbda.model"


def save_checkpoint(path: Path, content: dict[str, Any], kind: str = MODEL_FORMAT) -> None:
    """Write a checkpoint of tensors and plain values."""
    import torch

    with complete_file(path, _num_bytes(content)) as temporary, temporary.open("wb") as stream:
        try:
            torch.save({"format": kind, "version": 1, **content}, stream)
        except RuntimeError as error:  # torch has its own words for a stream that fails
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


def _num_bytes(content: Any) -> int:
    """Bytes of all tensors of nested dictionaries and lists."""
    if isinstance(content, dict | list | tuple):
        return sum(map(_num_bytes, content.values() if isinstance(content, dict) else content))
    return int(getattr(content, "nbytes", 0))


def load_checkpoint(path: Path, kind: str = MODEL_FORMAT) -> dict[str, Any]:
    """Read a checkpoint onto the CPU, its checksums first, without running any code from it."""
    import torch

    require_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # every record against its CRC-32, which torch does not
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} does not match its checksum")
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise unreadable(path, "checkpoint", error) from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise DamagedFileError(f"{path}: not a checkpoint of cbda")
    if content.get("version") != 1:
        found = content.get("version")
        raise DamagedFileError(f"{path}: checkpoint version {found}, this cbda reads 1")
    return content
