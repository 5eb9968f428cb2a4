"""Brush masks of Label Studio: run lengths in its JSON, or a PNG per label beside it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from cbda.datasets.pictures import describe_size, read_rgb, read_size
from cbda.errors import UserError
from cbda.files.json_files import read_json

UPLOAD = re.compile(r"^[0-9a-f]{8}-")  # what Label Studio puts before the name of an upload
PNG_NAME = re.compile(r"task-(?P<task>\d{1,18})-annotation-\d+-by-(?P<by>.+)-\d+")
PICTURE = re.compile(r"\.(bmp|gif|jpe?g|png|tiff?|webp)$")
SURE = 128  # of an opacity up to 255
CHANNELS, VALUE_BITS = 4, 8


@dataclass
class Brushes:
    """What was painted in one image: label and where, (H,W) bool."""

    where: str  # for messages
    masks: list[tuple[str, NDArray[np.bool_]]] = field(default_factory=list)


def read_brushes(
    path: Path, image_ids: Sequence[str], labels: Sequence[str], size: tuple[int, int]
) -> Iterator[tuple[str, Brushes]]:
    """Image id and brushes of every task of an export, a JSON file or a folder that holds one.

    `labels` are those that a PNG may be of, whose name ends in one; `size` is that of all images.

    A `UserError` names a task of no image or of two, or a file that is none of Label Studio's.
    """
    tasks = _tasks(path)
    ids = frozenset(image_ids)
    if path.is_dir():
        _require_pictures_of(path, {task.get("id") for task in tasks})
    elif tasks and not any(task.get("annotations") for task in tasks):
        _require_nothing_else(path, tasks)
    for place, task in enumerate(tasks, 1):
        where = f"{path}: task {task.get('id', place)}"
        image_id, brushes = _image_id(task, ids, where), Brushes(where)
        for result in _results(task, where):
            _require_on(image_id, ids, task, result, where)
            brushes.masks += _decode_result(result, where, size)
        if path.is_dir():
            brushes.masks += _pictures(path, task.get("id"), labels, size)
        yield image_id, brushes


def _tasks(path: Path) -> list[dict[str, Any]]:
    if path.is_dir():
        found = sorted(path.glob("*.json"))
        if len(found) != 1:
            raise UserError(f"{path}: has {len(found)} JSON files; allowed is the one of the tasks")
        path = found[0]
    tasks = read_json(path)
    is_list = isinstance(tasks, list) and all(isinstance(task, dict) for task in tasks)
    if not is_list or not all(isinstance(task.get("data"), dict) for task in tasks):
        raise UserError(f"{path}: not an export of Label Studio: must be a list of tasks with data")
    if any(type(task.get("id", 0)) is not int for task in tasks):
        raise UserError(f"{path}: not an export of Label Studio: ids of tasks must be numbers")
    return list(tasks)


def _require_pictures_of(folder: Path, ids: set[Any]) -> None:
    """Raise a `UserError` if a picture is of no task."""
    for path in sorted(folder.glob("*.png")):
        name = PNG_NAME.fullmatch(path.stem)
        if not name or int(name["task"]) not in ids:
            raise UserError(f"{path}: is of no task of the JSON file beside it")


def _require_nothing_else(path: Path, tasks: list[dict[str, Any]]) -> None:
    """Raise a `UserError` if tasks without annotations hold what was not submitted as such."""
    held = [what for what in ("drafts", "predictions") if any(task.get(what) for task in tasks)]
    if held:
        what = f"holds {' and '.join(held)}, but no annotations"
        raise UserError(f"{path}: {what}; submit them in Label Studio, and export again")


def _results(task: dict[str, Any], where: str) -> Iterator[dict[str, Any]]:
    for annotation in _dicts(task.get("annotations"), f"{where}: annotations"):
        if not annotation.get("was_cancelled"):
            for result in _dicts(annotation.get("result"), f"{where}: result"):
                if str(result.get("type")).lower() == "brushlabels":
                    yield result
                else:
                    raise UserError(f"{where}: has {result.get('type')!r}; allowed: brushlabels")


def _dicts(found: Any, what: str) -> list[dict[str, Any]]:
    """A list of JSON objects, or none; a `UserError` if it is something else."""
    items = [] if found is None else found
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UserError(f"{what} is no list of objects")
    return items


def _decode_result(
    result: dict[str, Any], where: str, size: tuple[int, int]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    value = result.get("value")
    height, width = (result.get(f"original_{side}") for side in ("height", "width"))
    if not isinstance(value, dict) or type(height) is not int or type(width) is not int:
        raise UserError(f"{where}: a brush has no value, original_height or original_width")
    labels, rle = value.get("brushlabels"), value.get("rle")
    if not (isinstance(labels, list) and len(labels) == 1 and isinstance(rle, list)):
        raise UserError(f"{where}: a brush has no run lengths, or not one label")
    if result.get("image_rotation"):
        turned = f"a brush is on an image turned by {result['image_rotation']} degrees"
        raise UserError(f"{where}: {turned}; allowed is 0: turn it back in Label Studio")
    require_size(where, (height, width), size)  # before run lengths are trusted with memory
    try:
        values = decode_rle(bytes(rle), where, height * width * CHANNELS)
        opacity = values.reshape(height, width, CHANNELS)[:, :, -1]
    except (TypeError, ValueError) as error:
        wanted = f"{height} x {width} px"
        raise UserError(
            f"{where}: run lengths of {labels[0]!r} are no brush of {wanted}"
        ) from error
    yield str(labels[0]), opacity >= SURE


def require_size(where: str, found: tuple[int, int], wanted: tuple[int, int]) -> None:
    """Raise a `UserError` unless a mask has the size of its image."""
    if found != wanted:
        sizes = f"mask is {describe_size(found)}, its image {describe_size(wanted)}"
        raise UserError(f"{where}: {sizes}")


def decode_rle(content: bytes, where: str, num_wanted: int) -> NDArray[np.uint8]:
    """Values of Label Studio's run lengths: 32 bits of how many, their width, four run widths.

    A `ValueError` unless they are as many as wanted, of 8 bits.
    """
    bits = f"{int.from_bytes(content, 'big'):0{8 * len(content)}b}"
    at = 0

    def take(num_bits: int) -> int:
        nonlocal at
        at += num_bits
        if at > len(bits):  # also in the header
            raise UserError(f"{where}: run lengths end too early")
        return int(bits[at - num_bits : at], 2)

    num_values, num_bits = take(32), take(5) + 1
    widths = [take(4) + 1 for _ in range(4)]
    if num_values != num_wanted or num_bits > VALUE_BITS:
        raise ValueError
    parts, num_done = [], 0
    while num_done < num_values:
        is_run, length = take(1), 0
        length = take(widths[take(2)]) + 1
        run = [take(num_bits)] * length if is_run else [take(num_bits) for _ in range(length)]
        parts.append(np.array(run, np.uint8))
        num_done += length
    return np.concatenate([*parts, np.zeros(0, np.uint8)])[:num_values]


def _pictures(
    folder: Path, task_id: Any, labels: Sequence[str], size: tuple[int, int]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Label and mask of the PNGs of a task; slashes in a label are hyphens in a file name."""
    for path in sorted(folder.glob(f"task-{task_id}-annotation-*.png")):
        name = PNG_NAME.fullmatch(path.stem)
        ends = [label for label in labels if name and _ends_with(name["by"], label)]
        if not ends:
            raise UserError(f"{path}: its name ends in no class; allowed: {', '.join(labels)}")
        require_size(str(path), read_size(path), size)  # before its pixels need any memory
        yield max(ends, key=len), read_rgb(path)[:, :, 0] >= SURE


def _ends_with(name: str, label: str) -> bool:
    return f"-{name}".endswith("-" + label.replace("/", "-").replace("\\", "-"))


def _require_on(
    image_id: str, ids: frozenset[str], task: dict[str, Any], brush: dict[str, Any], where: str
) -> None:
    """Raise a `UserError` if a brush is on another picture of a task than the image of the pool."""
    on, texts = brush.get("to_name"), {k: v for k, v in task["data"].items() if isinstance(v, str)}
    others = [name for name, text in texts.items() if _find_ids(text, ids) != {image_id}]
    if on in others:
        raise UserError(f"{where}: a brush is on {texts[on][:200]!r}, no image of the pool")
    pictures = [name for name in others if PICTURE.search(unquote(texts[name]).lower())]
    if on is not None and on not in texts and pictures:
        allowed = f"call its object like the data of the image, unlike {', '.join(pictures)}"
        raise UserError(f"{where}: a brush is on {on!r}, which may be any picture: {allowed}")


def _image_id(task: dict[str, Any], image_ids: frozenset[str], where: str) -> str:
    values = (value for value in task["data"].values() if isinstance(value, str))
    known = {name for value in values for name in _find_ids(value, image_ids)}
    if len(known) == 1:
        return known.pop()
    which = f"{', '.join(sorted(known))}, must be one image" if known else "no image"
    raise UserError(f"{where}: {json.dumps(task['data'])[:200]} names {which} of the pool")


def _find_ids(value: str, image_ids: frozenset[str]) -> set[str]:
    """The image of the pool that a path or an address names, or none."""
    name = unquote(value).rpartition("/")[2].rpartition("=")[2]
    stem = name.rpartition(".")[0]
    return {stem if stem in image_ids else UPLOAD.sub("", stem)} & image_ids
