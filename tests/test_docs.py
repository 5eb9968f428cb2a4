"""The documentation: what is generated is up to date, and links lead somewhere."""

import re
import runpy
import shlex
from pathlib import Path

import jsonschema
import pytest
import yaml
from snakemake.cli import parse_args

from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.choice import SAMPLINGS
from cbda.acquisition.methods import BALANCES, SCORE_NAMES, TARGETS

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md",
         ROOT / "workflow/README.md"]  # fmt: skip


def test_files_of_the_configuration_come_from_its_model() -> None:
    script = runpy.run_path(str(ROOT / "docs/configuration.py"))
    assert script["stale_files"]() == [], "run `python docs/configuration.py --fix`"


def test_schema_accepts_the_files_of_experiments() -> None:
    """Files of what differs too, as editors check them."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    for path in (ROOT / "config.yaml", *(ROOT / "workflow/configs").glob("*.yaml")):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError, match="bach_size"):
        jsonschema.validate({"training": {"bach_size": 4}}, schema)


def test_tables_of_the_evidence_are_those_of_the_files_beside_it() -> None:
    text = (ROOT / "docs/evidence.md").read_text()
    script = runpy.run_path(str(ROOT / "docs/evidence.py"))
    assert "<!-- table " in text
    assert script["page"](text) == text, "run `python docs/evidence.py`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_method_and_part_has_its_place_in_the_page_of_methods() -> None:
    text = (ROOT / "docs/method.md").read_text()
    for name in (*METHODS, *SCORE_NAMES, *BALANCES, *TARGETS, *SAMPLINGS):
        assert f"`{name}`" in text, name


def commands(path: Path) -> list[str]:
    """Snakemake's command lines of a page, continued lines joined."""
    text = path.read_text().replace("\\\n", " ")
    lines = r"^ *(?:\w+=\S+ )?(snakemake .+)$|`(snakemake [^`…]+)`"
    return [line or words for line, words in re.findall(lines, text, re.MULTILINE)]


COMMANDS = [
    pytest.param(command, id=f"{path.name} {command[10:60]}")
    for path in PAGES
    for command in commands(path)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_understood_by_snakemake(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets come first: `--resources` and `--configfile` would take those after them."""
    monkeypatch.chdir(ROOT)
    words = shlex.split(re.sub(r"…|--workflow-profile [^ ]+| \|.*", "", command), comments=True)[1:]
    _, args = parse_args(words)
    assert all(Path(path).suffix == ".yaml" for path in args.configfile)
    assert "--" not in words
    assert words[0].startswith("-") == (not args.targets)
