"""pyproject.toml, the constraints and the conda environment must agree."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "envs/constraints.txt").read_text(), re.MULTILINE
    )
}
CONDA = yaml.safe_load((ROOT / "envs/cbda.yaml").read_text())
REQUIREMENTS = [Requirement(text) for text in PROJECT["dependencies"]]
OPTIONAL = [
    Requirement(text) for group in PROJECT["optional-dependencies"].values() for text in group
]


def test_constraints_pin_every_dependency_within_its_range() -> None:
    for requirement in REQUIREMENTS + OPTIONAL:
        version = PINS[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement.name


def test_conda_environment_holds_the_dependencies_at_the_same_versions() -> None:
    pip = next(item["pip"] for item in CONDA["dependencies"] if isinstance(item, dict))
    expected = {f"{r.name}=={PINS[canonicalize_name(r.name)]}" for r in REQUIREMENTS}
    assert set(pip) == expected


def test_conda_environment_has_a_python_that_the_project_allows() -> None:
    python = next(i for i in CONDA["dependencies"] if isinstance(i, str) and i.startswith("python"))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(
        python.split("=")[1]
    )


def test_every_rule_names_the_environment() -> None:
    for path in (ROOT / "workflow/rules").rglob("*.smk"):
        text = path.read_text()
        num_rules = len(re.findall(r"^rule ", text, re.MULTILINE))
        assert text.count('"../../envs/cbda.yaml"') == num_rules, path.name
