"""Writes docs/configuration.md from the schema of the configuration.

python docs/configuration.py
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
SCHEMA_PATH = ROOT / "workflow/schemas/config.schema.yaml"
PAGE_PATH = ROOT / "docs/configuration.md"
INTRODUCTION = """\
# Configuration

`config.yaml` holds every key at its default. An experiment of your own is a file of what differs,
given with `--configfile`: sections are merged, lists replaced. A misspelt key, a wrong type or an
unknown name stops the run before its first job; the name of an encoder alone is looked up by the
first training.

Written by `python docs/configuration.py` from `workflow/schemas/config.schema.yaml`.
"""


def page(schema: dict[str, Any]) -> str:
    """The whole page, in Markdown."""
    sections = (_section(schema, name, part) for name, part in schema["properties"].items())
    return "\n".join([INTRODUCTION, *sections])


def _section(schema: dict[str, Any], name: str, part: dict[str, Any]) -> str:
    rows = [
        f"| `{key}` | {_allowed(leaf)} | {_default(leaf)} | {leaf.get('description', '')} |"
        for key, leaf in _leaves(schema, part, name)
    ]
    head = ["| key | allowed | default | meaning |", "|---|---|---|---|"]
    description = part.get("description", "")
    return "\n".join([f"## {name}", "", description, "", *head, *rows, ""])


def _leaves(
    schema: dict[str, Any], part: dict[str, Any], path: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key below a part that is not a section."""
    resolved = _resolve(schema, part)
    if "properties" not in resolved:
        yield path, resolved
        return
    for name, child in resolved["properties"].items():
        yield from _leaves(schema, child, f"{path}.{name}")


def _resolve(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref", "").rpartition("/")[2]
    return {**schema["$defs"].get(reference, {}), **part}


def _allowed(leaf: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "enum" in leaf:
        return ", ".join(f"`{value}`" for value in leaf["enum"])
    kinds = leaf["type"] if isinstance(leaf["type"], list) else [leaf["type"]]
    text = " or ".join(_kind(leaf, kind) for kind in kinds)
    return text + _limits(leaf)


def _kind(leaf: dict[str, Any], kind: str) -> str:
    if kind == "array":
        items = leaf.get("items", {})
        listed = _allowed(items) if "enum" in items else f"{items.get('type', 'value')}s"
        return f"list of {listed}"
    return {"object": "mapping", "boolean": "true or false"}.get(kind, kind)


def _limits(leaf: dict[str, Any]) -> str:
    words = {
        "minimum": "{} or more",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
    }
    found = [text.format(leaf[name]) for name, text in words.items() if name in leaf]
    return f", {', '.join(found)}" if found else ""


def _default(leaf: dict[str, Any]) -> str:
    return f"`{json.dumps(leaf['default'])}`" if "default" in leaf else "see `config.yaml`"


if __name__ == "__main__":
    PAGE_PATH.write_text(page(yaml.safe_load(SCHEMA_PATH.read_text())))
