"""What YAML settles silently is named, with its file and line."""

from pathlib import Path

import pytest

from cbda.errors import UserError
from cbda.workflow.written import parse_entries, require_plain


def refuse(tmp_path: Path, text: str) -> str:
    """Why a file is not read; empty if it is."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        require_plain(path)
    except UserError as error:
        return str(error).removeprefix(f"{path}: ")
    return ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is given twice, first in line 1; write it once"),
        ("a:\n  b: {c: 1, c: 2}", "line 2: the key 'c' is given twice, first in line 2"),
        ('{"a": 1,\n"a": 2}', "line 2: the key 'a' is given twice"),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2}", "line 2: `<<` is not read; write out the keys"),
        ("a: no", "line 1: YAML takes 'no' for true or false; put it in quotes"),
        ("a: [sky, Off]", "YAML takes 'Off' for true or false"),
        ("\non: 1", "line 2: YAML takes 'on' for true or false"),
        ("a: 010", "YAML takes '010' for a whole number, of another base or with signs in it"),
        ("a: 0x1F", "YAML takes '0x1F' for a whole number"),
        ("a: 1_000", "YAML takes '1_000' for a whole number"),
        ("a: 1:30", "YAML takes '1:30' for a whole number"),
        ("a: 1_0.5", "YAML takes '1_0.5' for a number with other signs in it"),
        ("a: 1:30.5", "YAML takes '1:30.5' for a number"),
        ("a: 2026-11-28", "YAML takes '2026-11-28' for a date"),
        ("a: !!int '3'", "the tag or sign of !!int is not read; leave it out"),
        ("a: !!binary aGk=", "the tag or sign of !!binary is not read"),
        ("a: !!python/tuple [1]", "the tag or sign of !!python/tuple is not read"),
        ("a: !mine {b: 1}", "the tag or sign of !mine is not read"),
        ("a: =", "the tag or sign of !!value is not read"),
    ],
)
def test_value_that_is_not_what_it_seems_is_named(tmp_path: Path, text: str, reason: str) -> None:
    refusal = refuse(tmp_path, text)
    assert reason in refusal
    assert "\n" not in refusal


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 1}\nc: {b: 2}",
        "a: 'no'\n'on': \"010\"\nb: |\n  1:30\n",
        "[1, -2, +3, 0, 1.5, .5, 2., 1.0e-3, .inf, true, False, null, ~, 1e-3]",
        "\ufeffa: straße",
        "a: &x [1, 2]\nb: *x",
        "",
        "a: [",
        "a: 1\n---\na: 2",
    ],
)
def test_what_is_plain_or_broken_is_left_to_snakemake(tmp_path: Path, text: str) -> None:
    assert refuse(tmp_path, text) == ""


def test_many_mistakes_are_counted(tmp_path: Path) -> None:
    assert refuse(tmp_path, "\n".join(9 * ["a: no"])).endswith("; and 12 more")


def test_aliases_that_repeat_without_end_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [" + ",".join(9 * ["x"]) + "]"]
    lines += [f"a{n}: &a{n} [" + ",".join(9 * [f"*a{n - 1}"]) + "]" for n in range(1, 30)]
    assert refuse(tmp_path, "\n".join(lines)) == "its aliases repeat more than 100,000 values"


@pytest.mark.parametrize(
    ("entry", "parsed"),
    [
        ("experiment={seeds: [0,1]}", {"experiment": {"seeds": [0, 1]}}),
        ('training={"optimizer": {"lr": 1e-3}}', {"training": {"optimizer": {"lr": 0.001}}}),
        ("classes=[a, b]", {"classes": ["a", "b"]}),
        ("rounds=3", {}),
        ("a={b: [", {}),
        ("a=" + 1_100 * "[", {}),
    ],
)
def test_sections_of_the_command_line_have_their_types(entry: str, parsed: object) -> None:
    assert parse_entries([entry]) == parsed


def test_mistake_of_the_command_line_is_named() -> None:
    with pytest.raises(UserError, match=r"^--config classes: line 1: YAML takes 'no' for true or"):
        parse_entries(["classes=[yard, no]"])
