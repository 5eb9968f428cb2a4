"""Keys of the configuration as options: training.optimizer.lr is `--training-optimizer-lr`."""

import argparse
from collections.abc import Callable
from typing import Any, TypeVar

from cbda.settings.mistakes import require_valid
from cbda.settings.schema import allowed, item_of, keys
from cbda.settings.section import Section

S = TypeVar("S", bound=Section)


def whole_number(minimum: int) -> Callable[[str], int]:
    """The type of an option that is a whole number from a minimum on."""

    def parse(word: str) -> int:
        if not word.isdecimal() or int(word) < minimum:
            raise argparse.ArgumentTypeError(
                f"{word!r}: allowed are whole numbers from {minimum} on"
            )
        return int(word)

    return parse


def add_options(
    parser: argparse.ArgumentParser,
    prefix: str,
    section: type[Section],
    required: tuple[str, ...] = (),
) -> None:
    """Add one option per key of a section, of the section's own sections too.

    Args:
        parser: what they are added to.
        prefix: first part of their names; empty for none.
        section: what they set.
        required: keys that must be given.
    """
    for place, key in keys(section).items():
        name = "-".join(filter(None, (prefix, *place))).replace("_", "-")
        is_required = place[-1] in required
        settings = {"required": True} if is_required else {"default": key.get("default")}
        parser.add_argument(f"--{name}", help=_help(key, is_required), **settings, **_reader(key))


def _help(key: dict[str, Any], is_required: bool) -> str:
    """Description, what is allowed, default."""
    facts = [] if key["type"] == "boolean" else [f"allowed: {', '.join(allowed(key))}"]
    if not is_required and key.get("default") not in (None, "", []):
        facts.append("default: %(default)s")
    text = " ".join(key["description"].replace("%", "%%").split())
    return f"{text} ({'; '.join(facts)})" if facts else text


def _reader(key: dict[str, Any]) -> dict[str, Any]:
    """How argparse reads the words of an option; limits other than of counts are checked later."""
    if key["type"] == "boolean":
        return {"action": argparse.BooleanOptionalAction}
    if key["type"] == "array":
        return {**_reader(item_of(key)), "nargs": "*"}
    if key["type"] == "integer" and "enum" not in key:
        return {"type": whole_number(key["minimum"])}
    return {"type": {"integer": int, "number": float, "string": str}[key["type"]]}


def from_options(args: argparse.Namespace, prefix: str, section: type[S]) -> S:
    """The section that parsed options describe, which `add_options` declared.

    Raises:
        UserError: one line with all values that are not allowed.
    """
    return require_valid(section, _collect(args, prefix, section), prefix)


def _collect(args: argparse.Namespace, prefix: str, section: type[Section]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, field in section.model_fields.items():
        option, kind = f"{prefix}_{name}" if prefix else name, field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            values[name] = _collect(args, option, kind)
        else:
            values[name] = getattr(args, option)
    return values


def to_options(prefix: str, value: Any) -> list[str]:
    """Arguments of the command line for a section or a plain value: the inverse of `from_options`.

    Mappings are walked in the order of their keys' names, so that a reordered configuration gives
    the same arguments. An empty text is left out: it is the default wherever it is allowed.
    """
    if isinstance(value, Section):
        return to_options(prefix, dict(value))
    if isinstance(value, dict):
        names = {key: f"{prefix}-{key}" if prefix else key for key in sorted(value)}
        return [word for key, name in names.items() for word in to_options(name, value[key])]
    name = prefix.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}", str(value)] if value != "" else []
