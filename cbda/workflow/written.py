"""What is written in a configuration, before a loader has settled what it means.

YAML 1.1 takes the last of two equal keys, `no` for false, `010` for 8, `1:30` for 90, and says
nothing of it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from cbda.errors import UserError

MAX_VALUES = 100_000  # of a file, with what its aliases repeat
MAX_NAMED = 5  # of its mistakes
READ_AS = {
    **{"bool": "true or false", "int": "a whole number, of another base or with signs in it"},
    **{"float": "a number with other signs in it", "timestamp": "a date", "null": "nothing"},
}
PLAIN = {  # how a value is written that every reader takes for the same
    "bool": r"[Tt]rue|TRUE|[Ff]alse|FALSE",
    "int": r"[-+]?(0|[1-9]\d*)",
    "float": r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "null": r"|~|null|Null|NULL",
}
TAG = "tag:yaml.org,2002:"


def require_plain(path: Path) -> None:
    """Raise a `UserError` of one line that names what a file does not say plainly.

    That is a key twice, a value that YAML takes for another one than it seems, a merge of keys, a
    type by a tag, or aliases that repeat too much. What no loader reads is left to Snakemake.
    """
    with suppress(OSError, UnicodeDecodeError):
        _require_plain(path.read_text(encoding="utf-8-sig"), str(path))


def parse_entries(entries: Iterable[str]) -> dict[str, Any]:
    """Sections that `--config NAME=VALUE` gives as YAML or JSON, of which Snakemake makes texts."""
    pairs = (entry.partition("=")[::2] for entry in entries)
    parsed = ((name, _parse(name, value.strip("'\""))) for name, value in pairs)
    return {name: value for name, value in parsed if isinstance(value, dict | list)}


def _parse(name: str, text: str) -> Any:
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    _require_plain(text, f"--config {name}")
    with suppress(yaml.YAMLError, RecursionError):
        return yaml.safe_load(text)
    return None


def _require_plain(text: str, place: str) -> None:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return
    if root is None:
        return
    if _count(root, {}) > MAX_VALUES:
        raise UserError(f"{place}: its aliases repeat more than {MAX_VALUES:,} values")
    mistakes = [f"line {line}: {problem}" for line, problem in _problems(root, set())]
    if mistakes:
        more = f"; and {len(mistakes) - MAX_NAMED} more" if len(mistakes) > MAX_NAMED else ""
        raise UserError(f"{place}: {'; '.join(mistakes[:MAX_NAMED])}{more}")


def _count(node: Node, known: dict[int, int]) -> int:
    """Values below a node; those of an alias as often as it stands there."""
    if id(node) not in known:
        known[id(node)] = 1 + sum(_count(child, known) for child in _children(node))
    return known[id(node)]


def _children(node: Node) -> Iterator[Node]:
    for child in () if isinstance(node, ScalarNode) else node.value:
        yield from child if isinstance(child, tuple) else (child,)


def _problems(node: Node, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Lines, and what is not plain in them; of aliases, once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        yield from _unclear_keys(node)
    if problem := _tag_problem(node) or _value_problem(node):
        yield node.start_mark.line + 1, problem
    for child in _children(node):
        yield from _problems(child, seen)


def _unclear_keys(node: MappingNode) -> Iterator[tuple[int, str]]:
    lines: dict[str, int] = {}
    for key in (key for key, _ in node.value if isinstance(key, ScalarNode)):
        line = key.start_mark.line + 1
        if key.tag == f"{TAG}merge":
            yield line, "`<<` is not read; write out the keys that it merges"
        elif key.value in lines:
            first = f"first in line {lines[key.value]}"
            yield line, f"the key {key.value!r} is given twice, {first}; write it once"
        lines.setdefault(key.value, line)


def _tag_problem(node: Node) -> str:
    """Whether a tag says what a value is, and not the value."""
    kind = node.tag.removeprefix(TAG)
    is_quoted = isinstance(node, ScalarNode) and node.style is not None
    if kind in ("str", "map", "seq", "merge") or (kind in READ_AS and not is_quoted):
        return ""
    return f"the tag or sign of {node.tag.replace(TAG, '!!')} is not read; leave it out"


def _value_problem(node: Node) -> str:
    """Why a value without quotes may be another one than it seems."""
    kind = node.tag.removeprefix(TAG)
    if kind not in READ_AS or re.fullmatch(PLAIN.get(kind, "(?!)"), node.value):
        return ""
    example = READ_AS[kind]
    return f"YAML takes {node.value!r} for {example}; put it in quotes, or write what is meant"
