"""Writes what comes from the model of the configuration: its schema, its defaults, its page.

python docs/configuration.py --fix

Without --fix it names what is out of step with the model.
"""

import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from cbda.settings.section import Allowed, Section, is_section, limits
from cbda.workflow.config import Config

ROOT = Path(__file__).parents[1]
COMMAND = "python docs/configuration.py --fix"
WIDTH = 98

PAGE_HEAD = f"""\
# Configuration

`config.yaml` holds every key at its default. An experiment of your own is a file of what differs,
given with `--configfile`: sections are merged, lists replaced. A misspelt key, a wrong type or an
unknown name stops the run before its first job; the name of an encoder alone is looked up by the
first training. Editors that know JSON schemas check the files by
`workflow/schemas/config.schema.yaml`.

Written by `{COMMAND}` from `Config` in `cbda/workflow/config.py` and from
its sections in `cbda/settings/`.
"""
DEFAULTS_HEAD = f"""\
# yaml-language-server: $schema=workflow/schemas/config.schema.yaml
#
# The default experiment: generated street scenes, a light decoder on the features of a frozen
# encoder, twelve minutes at most on two CPU cores. Every key once, at its default;
# docs/configuration.md says what is allowed. Other experiments hold only what differs, and are
# given by --configfile: see docs/compare.md.
# Written by `{COMMAND}`.
"""
KINDS = {
    str(kind): words
    for kind, words in (
        (bool, "true or false"),
        (float, "number"),
        (int, "whole number"),
        (str, "text"),
    )
}


class Schema(GenerateJsonSchema):
    """Schemas in which the name of a key isn't repeated as its title."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False


def generated_files() -> dict[Path, str]:
    """What is written, by its place."""
    schema = Config.model_json_schema(schema_generator=Schema)
    _set_defaults(schema, Config.model_fields["model"].default)
    _set_defaults(schema, Config.model_fields["training"].default)
    schema = _tidy(schema)
    schema = {"$schema": Schema.schema_dialect, **schema}
    text = yaml.safe_dump(schema, sort_keys=False, width=WIDTH)
    return {
        ROOT / "config.yaml": DEFAULTS_HEAD + defaults(),
        ROOT / "docs/configuration.md": page(),
        ROOT / "workflow/schemas/config.schema.yaml": f"# Written by `{COMMAND}`.\n{text}",
    }


def _set_defaults(schema: dict[str, Any], section: Section) -> None:
    """Have a section of the schema the defaults of the experiment, not those of a command."""
    keys = schema["$defs"][type(section).__name__]["properties"]
    for name, value in section:
        if isinstance(value, Section):
            _set_defaults(schema, value)
        else:
            keys[name]["default"] = list(value) if isinstance(value, tuple) else value


def _tidy(part: Any) -> Any:
    """A schema that a file of differences meets, without what its parts say already."""
    if isinstance(part, list):
        return [_tidy(item) for item in part]
    if not isinstance(part, dict):
        return " ".join(part.split()) if isinstance(part, str) else part
    left_out = {"required", "default"} if "$ref" in part else {"required"}
    return {name: _tidy(item) for name, item in part.items() if name not in left_out}


def stale_files() -> list[Path]:
    """Places of the files that are out of step with the model."""
    files = generated_files().items()
    return [path for path, text in files if not path.is_file() or path.read_text() != text]


def defaults() -> str:
    """Every key at its default below its description, in YAML."""
    told: set[str] = set()
    plain = Config().model_dump(mode="json")
    parts = (_default(name, key, plain[name], told) for name, key in Config.model_fields.items())
    return "".join(f"\n{part}" for part in parts)


def _default(name: str, key: FieldInfo, value: Any, told: set[str]) -> str:
    """A key or a section; what was told of an earlier one of the kind isn't told again."""
    text = _description(key)
    lines = [] if text in told else textwrap.wrap(text, WIDTH - 4)
    told.add(text)
    if is_section(key.annotation):
        fields = key.annotation.model_fields.items()
        parts = "".join(_default(part, field, value[part], told) for part, field in fields)
        body = f"{name}:\n{textwrap.indent(parts, '  ')}"
    else:
        body = f"{name}: {_on_one_line(value)}\n"
        if get_origin(key.annotation) is Mapping and value:
            items = (f"  {item}: {_on_one_line(part)}\n" for item, part in value.items())
            body = "".join([f"{name}:\n", *items])
    return "".join(f"# {line}\n" for line in lines) + body


def _on_one_line(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


def _description(key: FieldInfo) -> str:
    kind = key.annotation
    return " ".join(str(kind.__doc__ if is_section(kind) else key.description).split())


def page() -> str:
    """The page of keys, in Markdown."""
    plain = Config().model_dump(mode="json")
    parts = (_chapter(name, key, plain[name]) for name, key in Config.model_fields.items())
    return "\n".join([PAGE_HEAD, *parts])


def _chapter(name: str, key: FieldInfo, value: Any) -> str:
    head = ["| key | allowed | default | meaning |", "|---|---|---|---|"]
    rows = [
        f"| `{place}` | {_plain(_allowed(leaf))} | {default} | {_plain(_description(leaf))} |"
        for place, leaf, default in _leaves(name, key, value)
    ]
    return "\n".join([f"## {name}", "", _description(key), "", *head, *rows, ""])


def _plain(text: str) -> str:
    """A text in which Markdown sees no tags."""
    return text.replace("<", "&lt;")


def _leaves(place: str, key: FieldInfo, value: Any) -> Iterator[tuple[str, FieldInfo, str]]:
    """Every key that is no section, with its default; those of a mapping's items come after it."""
    kind = key.annotation
    if is_section(kind):
        for name, part in kind.model_fields.items():
            yield from _leaves(f"{place}.{name}", part, value[name])
        return
    yield place, key, "" if value is None else f"`{_on_one_line(value)}`"
    if get_origin(kind) is Mapping:
        for name, part in get_args(kind)[1].model_fields.items():
            default = None if part.is_required() else part.default
            yield from _leaves(f"{place}.<name>.{name}", part, default)


def _allowed(key: FieldInfo) -> str:
    """What a value may be, in words."""
    marks = [mark.schema for mark in key.metadata if isinstance(mark, Allowed)]
    if marks and "enum" in marks[0]:
        *names, last = (f"`{value}`" for value in marks[0]["enum"])
        return f"{', '.join(names)} or {last}"
    words = limits(key.metadata)
    kind, items = get_origin(key.annotation), get_args(key.annotation)
    if not items:
        return ", ".join(words if marks else [KINDS[str(key.annotation)], *words])
    first = _allowed(FieldInfo.from_annotation(items[0]))
    if kind is tuple:
        number = "" if Ellipsis in items else f" of {len(items)}"
        return "; ".join([f"list{number}, each {first}", *words])
    return f"mapping; keys are {first}" if kind is Mapping else first


def main() -> int:
    """Write the files, or name those that are out of step."""
    stale = stale_files()
    if "--fix" in sys.argv[1:]:
        for path, text in generated_files().items():
            path.write_text(text)
    elif stale:
        print(f"out of step: {', '.join(map(str, stale))}; run `{COMMAND}`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
