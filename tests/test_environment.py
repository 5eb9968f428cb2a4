"""pyproject.toml, the constraints and the conda environment must agree."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cbda.settings.extras import EXTRAS as MISSING
from cbda.settings.extras import describe_missing

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)$", (ROOT / "envs/constraints.txt").read_text(), re.MULTILINE
    )
}
CONDA = yaml.safe_load((ROOT / "envs/cbda.yaml").read_text())
EXTRAS = PROJECT["optional-dependencies"]


def requirements(*lists: list[str]) -> list[Requirement]:
    """Those of other packages than this one."""
    found = map(Requirement, chain.from_iterable(lists))
    return [requirement for requirement in found if requirement.name != "cbda"]


ALL = ("networks", "report", "workflow")
REQUIREMENTS = list(
    dict.fromkeys(requirements(PROJECT["dependencies"], *(EXTRAS[name] for name in ALL)))
)
OPTIONAL = requirements(*EXTRAS.values())


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


def test_everything_is_what_all_the_extras_are() -> None:
    assert EXTRAS["all"] == [f"cbda[{','.join(ALL)}]"]
    assert "cbda[all,docs]" in EXTRAS["dev"]


def test_what_is_missing_is_named_by_the_extra_that_has_it() -> None:
    modules = {
        "yaml": "pyyaml",
        "PIL": "pillow",
        "skimage": "scikit-image",
        "timm": "segmentation-models-pytorch",
    }
    for module, extra in MISSING.items():
        name = canonicalize_name(modules.get(module, module))
        assert name in [canonicalize_name(r.name) for r in requirements(EXTRAS[extra])], module
    line = "needs torch, which is not installed: pip install 'cbda[networks]'"
    assert describe_missing("torch.nn") == line
    assert not describe_missing("numpyy")


def test_every_rule_names_the_environment() -> None:
    for path in (ROOT / "workflow/rules").rglob("*.smk"):
        text = path.read_text()
        num_rules = len(re.findall(r"^rule ", text, re.MULTILINE))
        assert text.count('"../../envs/cbda.yaml"') == num_rules, path.name
