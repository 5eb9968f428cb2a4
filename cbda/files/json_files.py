"""JSON and text files: written complete, with a digest of what they say where a format has one."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.digest import require_regular
from cbda.errors import UserError
from cbda.files.atomic import complete_file, unreadable

STATISTICS_FORMAT = "cbda.statistics"
DIAGNOSIS_FORMAT = "cbda.diagnosis"
DIGEST = "sha256"


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal content gives equal bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, complete or not at all."""
    with complete_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file; `UserError` names the file if it is missing or broken."""
    require_regular(Path(path))
    try:
        return parse_json(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, "JSON file", error) from error


def parse_json(text: bytes) -> Any:
    """What JSON in UTF-8 says; a `ValueError` if it is none, or says a key of an object twice."""
    return json.loads(text.decode("utf-8-sig"), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise ValueError(f"key {twice!r} is there twice")
    return found


def save_statistics(
    path: Path, image_ids: list[str], classes: list[str], class_counts: list[list[int]]
) -> None:
    """Write the pixels of every class (columns) in every image (rows)."""
    content = {"format": STATISTICS_FORMAT, "version": 1, "image_ids": image_ids}
    content |= {"classes": classes, "class_counts": class_counts}
    write_text(path, json.dumps({**content, DIGEST: _digest(content)}) + "\n")


def load_statistics(path: Path) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """Read image ids (N), classes (C), and (N,C) int64 pixels."""
    content = _read_json_of(path, STATISTICS_FORMAT, ("image_ids", "classes", "class_counts"))
    return content["image_ids"], content["classes"], np.array(content["class_counts"], np.int64)


def write_evaluation(path: Path, evaluation: dict[str, Any]) -> None:
    """Write evaluation.json with a digest of what it says."""
    write_json(path, {**evaluation, DIGEST: _digest(evaluation)})


def read_evaluation(path: Path) -> dict[str, Any]:
    """Read evaluation.json; `UserError` if it is not one, or says what its digest does not."""
    evaluation = read_json(path)
    keys = ("classes", "class_iou", "mIoU", "worst_class", "worst_class_iou", DIGEST)
    missing = [key for key in keys if not isinstance(evaluation, dict) or key not in evaluation]
    if missing:
        raise UserError(f"{path}: not an evaluation of cbda: lacks {', '.join(missing)}")
    return _without_digest(path, evaluation)


def write_diagnosis(path: Path, columns: dict[str, list[Any]]) -> None:
    """Write diagnosis.json: the columns of a table of one row per class."""
    content = {"format": DIAGNOSIS_FORMAT, "version": 1, "names": list(columns)}
    content["columns"] = list(columns.values())
    write_json(path, {**content, DIGEST: _digest(content)})


def read_diagnosis(path: Path) -> dict[str, list[Any]]:
    """Read the columns of diagnosis.json."""
    content = _read_json_of(path, DIAGNOSIS_FORMAT, ("names", "columns"))
    return dict(zip(content["names"], content["columns"], strict=True))


def _read_json_of(path: Path, kind: str, keys: Sequence[str]) -> dict[str, Any]:
    """A JSON file of a format of ours, which has all keys and agrees with its digest."""
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != kind:
        raise UserError(f"{path}: expected {kind!r}")
    missing = [key for key in (*keys, DIGEST) if key not in content]
    if missing:
        raise UserError(f"{path}: damaged: lacks {', '.join(missing)}")
    return _without_digest(path, content)


def _without_digest(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """The content without its digest, which must agree."""
    kept = {key: value for key, value in content.items() if key != DIGEST}
    if content[DIGEST] != _digest(kept):
        raise UserError(f"{path}: damaged: its content does not match its {DIGEST}")
    return kept


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
