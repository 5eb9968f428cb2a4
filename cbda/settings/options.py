"""Keys of the configuration as options: training.optimizer.lr is `--training-optimizer-lr`."""

import argparse
from collections.abc import Callable
from typing import Any, get_args

from pydantic.fields import FieldInfo

from cbda.settings.mistakes import S, require_valid
from cbda.settings.section import Section, is_section, limits

Names = tuple[str, ...]


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """The type of an option that is a whole number from a minimum on, up to a maximum if any."""

    def parse(word: str) -> int:
        if not word.isdecimal() or int(word) < minimum:
            reason = f"{word!r}: allowed are whole numbers from {minimum} on"
            raise argparse.ArgumentTypeError(reason)
        if maximum is not None and int(word) > maximum:
            raise argparse.ArgumentTypeError(f"{word!r}: allowed are numbers up to {maximum}")
        return int(word)

    return parse


def add_options(
    parser: argparse.ArgumentParser, prefix: str, section: type[Section], required: Names = ()
) -> None:
    """Add one option per key of a section, those of its own sections with a longer prefix."""
    for name, key in section.model_fields.items():
        option = _destination(prefix, name)
        if is_section(key.annotation):
            add_options(parser, option, key.annotation)
        else:
            facts = _reader(key.annotation, key.metadata) | {"required": name in required}
            facts["default"] = None if key.is_required() else key.default
            words = _help(key, has_default=not facts["required"])
            parser.add_argument(f"--{option.replace('_', '-')}", help=words, **facts)


def _help(key: FieldInfo, has_default: bool) -> str:
    """Description, what is allowed, and the default of an option that may be left out."""
    facts = [f"allowed: {', '.join(limits(key.metadata))}"] if limits(key.metadata) else []
    if has_default and not key.is_required() and key.default not in ("", ()):
        facts.append(f"default: {key.default}")
    text = f"{key.description} ({'; '.join(facts)})" if facts else str(key.description)
    return text.replace("%", "%%")


def _reader(kind: Any, marks: list[Any]) -> dict[str, Any]:
    """How argparse reads the arguments of an option; other limits are checked by the section."""
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if item := get_args(kind):
        return {"type": FieldInfo.from_annotation(item[0]).annotation, "nargs": "*"}
    minima = [mark.ge for mark in marks if kind is int and hasattr(mark, "ge")]
    maxima = [mark.le for mark in marks if minima and hasattr(mark, "le")]
    return {"type": whole_number(*minima, *maxima) if minima else kind}


def from_options(args: argparse.Namespace, prefix: str, section: type[S]) -> S:
    """The section of options that `add_options` declared, or a `UserError` of one line."""
    return require_valid(section, _collect(args, prefix, section), prefix)


def _collect(args: argparse.Namespace, prefix: str, section: type[Section]) -> dict[str, Any]:
    values = {}
    for name, key in section.model_fields.items():
        option, kind = _destination(prefix, name), key.annotation
        values[name] = _collect(args, option, kind) if is_section(kind) else getattr(args, option)
    return values


def _destination(prefix: str, name: str) -> str:
    return f"{prefix}_{name}" if prefix else name


def to_options(prefix: str, value: Any) -> list[str]:
    """Arguments for a section or a plain value: the inverse of `from_options`.

    Mappings are walked in the order of their keys' names, so that a reordered configuration gives
    the same arguments. An empty text is left out: it is the default wherever it is allowed.
    """
    if isinstance(value, Section):
        value = dict(value)
    if isinstance(value, dict):
        names = {key: f"{prefix}-{key}" if prefix else key for key in sorted(value)}
        return [word for key, name in names.items() for word in to_options(name, value[key])]
    name = prefix.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}", str(value)] if value != "" else []
