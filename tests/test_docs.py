"""The documentation: what is generated is up to date, and links lead somewhere."""

import re
import runpy
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from snakemake.cli import parse_args

import cbda
from cbda.acquisition.catalogue import METHODS
from cbda.acquisition.choice import SAMPLINGS
from cbda.acquisition.methods import BALANCES, SCORE_NAMES, TARGETS
from cbda.cli import parse_command
from cbda.workflow.config import load_config

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md",
         ROOT / "workflow/README.md", *sorted((ROOT / "evidence").rglob("*.md"))]  # fmt: skip


def test_files_of_the_configuration_come_from_its_model() -> None:
    script = runpy.run_path(str(ROOT / "docs/configuration.py"))
    assert script["stale_files"]() == [], "run `python docs/configuration.py --fix`"


@cache
def schema() -> Any:
    """What checks a configuration, itself checked."""
    content = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    validator = jsonschema.validators.validator_for(content)
    validator.check_schema(content)
    return validator(content)


def test_schema_accepts_the_files_of_experiments() -> None:
    """Files of what differs too, as editors check them."""
    for path in (ROOT / "config.yaml", *(ROOT / "workflow/configs").glob("*.yaml")):
        schema().validate(yaml.safe_load(path.read_text()))
    with pytest.raises(jsonschema.ValidationError, match="bach_size"):
        schema().validate({"training": {"bach_size": 4}})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_method_and_part_has_its_place_in_the_page_of_methods() -> None:
    text = (ROOT / "docs/method.md").read_text()
    for name in (*METHODS, *SCORE_NAMES, *BALANCES, *TARGETS, *SAMPLINGS):
        assert f"`{name}`" in text, name


def commands(pattern: str) -> list[Any]:
    """Command lines of all pages, continued lines joined."""
    found = [
        (path, "".join(match))
        for path in PAGES
        for match in re.findall(pattern, path.read_text().replace("\\\n", " "), re.MULTILINE)
    ]
    return [pytest.param(line, id=f"{path.name} {line[:60]}") for path, line in found]


SNAKEMAKE = r"^ *(?:\w+=\S+ )?(snakemake .+)$|`(snakemake [^`…]+)`"


@pytest.mark.parametrize("command", commands(SNAKEMAKE))
def test_command_is_understood_by_snakemake(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Targets come first: `--resources` and `--configfile` would take those after them."""
    monkeypatch.chdir(ROOT)
    words = shlex.split(re.sub(r"…|--workflow-profile [^ ]+| \|.*", "", command), comments=True)[1:]
    _, args = parse_args(words)
    assert all(Path(path).suffix == ".yaml" for path in args.configfile)
    assert "--" not in words
    assert words[0].startswith("-") == (not args.targets)


@pytest.mark.parametrize("command", commands("^ +(cbda .+)$"))
def test_command_is_understood_by_cbda(command: str) -> None:
    """Options and their values; the files need not be there."""
    parse_command(shlex.split(re.sub(r" \|.*", "", command), comments=True)[1:])


def blocks(language: str) -> list[Any]:
    """Blocks of all pages in a language."""
    return [
        pytest.param(path, text, id=f"{path.name} {text.partition(chr(10))[0]}")
        for path in PAGES
        for text in re.findall(rf"^```{language}\n(.+?)^```", path.read_text(), re.M | re.S)
    ]


@pytest.mark.parametrize(("path", "text"), blocks("yaml"))
def test_configuration_of_a_page_is_valid(path: Path, text: str) -> None:
    """As it stands, with the defaults for what it leaves out; files may not be there."""
    raw = yaml.safe_load(text)
    schema().validate(raw)
    if not NEEDS_FILES.search(text):
        load_config(raw, {})


NEEDS_FILES = re.compile(r"\.py:")  # code of the reader's own
# Pages whose Python runs as it stands; tests/workflow/test_guide.py runs that of
# adding-a-method.md, and those of adding-a-network.md and paper-scale.md are parts of a layout and
# a network, which run within a training.
RUNNING = (ROOT / "README.md", ROOT / "docs/python.md")
WITHIN_A_TRAINING = tuple(
    ROOT / "docs" / name for name in ("adding-a-method.md", "adding-a-network.md", "paper-scale.md")
)


def test_python_of_every_page_has_a_test() -> None:
    pages = {parameters.values[0] for parameters in blocks("python")}
    assert pages == {*RUNNING, *WITHIN_A_TRAINING}


@pytest.mark.parametrize("path", RUNNING, ids=lambda path: path.name)
def test_python_of_a_page_runs_as_printed(path: Path) -> None:
    """All blocks one after another, as a reader types them."""
    names: dict[str, Any] = {}
    for text in runpy.run_path(str(ROOT / "docs/examples.py"))["examples"](path):
        exec(compile(text, str(path), "exec"), names)
    assert names["run"].class_counts.sum() > 0


def test_search_of_the_site_loads_nothing_from_elsewhere() -> None:
    """The plugin `offline` asks unpkg.com for this script unless the site has it."""
    settings = (ROOT / "mkdocs.yml").read_text()
    (script,) = re.findall(r"^  polyfills: \[(.*iframe-worker.*)\]", settings, re.MULTILINE)
    assert "parent.postMessage" in (ROOT / "docs" / script).read_text()


def test_version_is_that_of_the_citation() -> None:
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == cbda.__version__
