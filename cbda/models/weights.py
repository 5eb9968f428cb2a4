"""Weights of an encoder, and what keeps a library from making one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from cbda.datasets.digest import require_regular
from cbda.errors import UserError
from cbda.files.atomic import unreadable
from cbda.models.packaged import read_packaged_weights
from cbda.settings.model import ModelSettings


@contextmanager
def named_encoder_errors(settings: ModelSettings) -> Iterator[None]:
    """Name the encoder whose library refuses it, or whose weights can't be downloaded."""
    try:
        yield
    except UserError:
        raise
    except (KeyError, ValueError, RuntimeError, TypeError, AssertionError) as error:
        reason = f"{' '.join(str(error).split())} (model.architecture {settings.architecture})"
        raise UserError(f"model.encoder {settings.encoder!r}: {reason}") from error
    except Exception as error:  # downloads fail in a type of their own for every library
        if settings.encoder_weights != "imagenet":
            raise
        raise UserError(
            f"model.encoder_weights: those of {settings.encoder!r} can't be downloaded"
            f" ({type(error).__name__}); fetch them where there is a connection, or give a file"
        ) from error


def load_encoder(encoder: nn.Module, source: str) -> None:
    """Load packaged weights or a file; the classifier that an encoder lacks is left out."""
    body = getattr(encoder, "model", None)  # what wraps an encoder of timm adds a prefix
    if not isinstance(body, nn.Module):
        body = encoder
    expected = body.state_dict()
    packaged = source == "packaged"
    weights = read_packaged_weights(expected) if packaged else _read_file(Path(source))
    missing = [name for name in expected if name not in weights and "num_batches" not in name]
    wrong = [n for n in expected if n in weights and weights[n].shape != expected[n].shape]
    if missing or wrong:
        misfit = f"first misfit {(missing + wrong)[0]}"
        raise UserError(f"{source}: does not fit the encoder; {misfit}")
    body.load_state_dict({n: w for n, w in weights.items() if n in expected}, strict=False)


def _read_file(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    require_regular(path)
    try:
        return dict(load_file(path))
    except Exception as error:  # safetensors raises a type of its own per fault
        raise unreadable(path, "safetensors file", error) from error
