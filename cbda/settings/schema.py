"""What the JSON schema of a section says of its keys, for people."""

from collections.abc import Iterator
from typing import Any

from cbda.settings.section import Section

LIMITS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
KINDS = {"boolean": "true or false", "object": "mapping", "string": "text"}
Path = tuple[str, ...]


def keys(section: type[Section]) -> dict[Path, dict[str, Any]]:
    """The JSON schema of every key of a section that is not a section itself, by its place.

    Keys of what a mapping holds follow it, at the place `<name>`, and have no default of the
    mapping.
    """
    schema = section.model_json_schema()
    return dict(_keys(schema.get("$defs", {}), schema, (), {}))


def _keys(
    parts: dict[str, Any], part: dict[str, Any], place: Path, given: dict[str, Any]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    resolved = {**parts.get(part.get("$ref", "").rpartition("/")[2], {}), **part, **given}
    if place and "properties" not in resolved:
        yield place, resolved
    for name, child in resolved.get("properties", {}).items():
        defaults = resolved.get("default", {})
        default = {"default": defaults[name]} if name in defaults else {}
        yield from _keys(parts, child, (*place, name), default)
    for item in resolved.get("patternProperties", {}).values():
        yield from _keys(parts, item, (*place, "<name>"), {})


def allowed(key: dict[str, Any]) -> list[str]:
    """What a value may be: names, or a kind and its limits."""
    if "enum" in key:
        return list(map(str, key["enum"]))
    kinds = [kind for kind in key.get("anyOf", key.get("oneOf", [key])) if kind["type"] != "null"]
    limits = [text.format(kinds[0][name]) for name, text in LIMITS.items() if name in kinds[0]]
    return [" or ".join(map(_kind, kinds)), *limits]


def _kind(key: dict[str, Any]) -> str:
    if key["type"] == "array":
        items = item_of(key)
        names = allowed(items)
        return f"list of {', '.join(names) if 'enum' in items else names[0] + 's'}"
    return KINDS.get(key["type"], str(key["type"]))


def item_of(key: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of the items of a list, which are all of a kind."""
    item: dict[str, Any] = key["items"] if "items" in key else key["prefixItems"][0]
    return item
