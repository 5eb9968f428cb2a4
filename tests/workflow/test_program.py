"""How jobs call the package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cbda
from cbda.errors import UserError
from cbda.workflow.program import find_program, require_one_package

PACKAGE = Path(cbda.__file__).parent


def imported_file(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Where the package comes from that a job in a folder would run."""
    code = "import cbda, os, random; print(os.path.realpath(cbda.__file__), random.random() < 1)"
    command = [*words[: words.index("-m")], "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_job_runs_the_python_and_the_package_of_snakemake(tmp_path: Path) -> None:
    """Whatever is on PATH, and whatever the working folder holds."""
    shutil.copytree(PACKAGE, tmp_path / "cbda", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "random.py").write_text("raise SystemExit(3)")
    environment = {"PATH": "/usr/bin:/bin"}
    words = find_program(environment, False, tmp_path)
    assert words[words.index("-m") - 1] == sys.executable
    assert imported_file(words, tmp_path, environment) == f"{PACKAGE / '__init__.py'} True\n"


def test_job_prefers_the_package_of_snakemake_to_another_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "cbda").mkdir()
    (tmp_path / "cbda/__init__.py").touch()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = imported_file(find_program(environment, False, tmp_path), tmp_path, environment)
    assert found == f"{PACKAGE / '__init__.py'} True\n"


def test_deployed_python_is_the_one_of_its_environment(tmp_path: Path) -> None:
    words = find_program({"PYTHONPATH": "other"}, True, tmp_path)
    assert words[-3:] == ["python", "-m", "cbda"]
    (path,) = [word for word in words if word.startswith("PYTHONPATH=")]
    folder, other = path.removeprefix("PYTHONPATH=").split(":")
    assert other == "other"
    assert [entry.resolve() for entry in Path(folder).iterdir()] == [PACKAGE]


def test_names_are_printed_whatever_the_locale(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "", "PYTHONCOERCECLOCALE": "0"}
    words = find_program(environment, False, tmp_path)
    command = [*words[: words.index("-m")], "-c", "print('\u9053\u8def')"]
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 0


def test_second_working_copy_has_its_own_package(tmp_path: Path) -> None:
    require_one_package(PACKAGE.parent)
    require_one_package(tmp_path)
    (tmp_path / "cbda").mkdir()
    with pytest.raises(UserError, match=r"has a package of its own, but Python imports that of"):
        require_one_package(tmp_path)
