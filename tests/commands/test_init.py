"""A project of one's own, laid out by one command."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cbda.cli import main
from tests.projects import ROOT, TABLE, count_jobs, run

TOY = ["--configfile", "workflow/configs/toy.yaml"]
USING_A_MODULE = f"""
configfile: "mine.yaml"


module labels:
    snakefile:
        "{ROOT}/Snakefile"
    config:
        config


use rule * from labels
"""


def plan(folder: Path, *words: str) -> int:
    """Jobs that a run of the toy experiment would make."""
    command = [sys.executable, "-m", "snakemake", TABLE, "--cores", "2", "--dry-run", *words]
    environment = ["env", f"PYTHONPATH={ROOT}"]
    return sum(count_jobs(run(folder, [*environment, *command])).values())


def test_project_has_what_the_commands_of_the_guides_name(tmp_path, capsys):
    assert main(["init", str(tmp_path / "demo")]) == 0
    said = capsys.readouterr().out
    assert f"cd {tmp_path / 'demo'} && snakemake {TABLE} --cores 2" in said
    made = {str(path.relative_to(tmp_path / "demo")) for path in (tmp_path / "demo").rglob("*")}
    assert {"Snakefile", "config.yaml", "envs/cbda.yaml", "profiles/default/profile.yaml"} <= made
    assert {"workflow/configs/people.yaml", "workflow/profiles/slurm/profile.yaml"} <= made
    assert not [name for name in made if "evidence" in name or "rules" in name]


def test_files_that_are_there_stay(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("mine")
    (tmp_path / "Snakefile").symlink_to("nowhere")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "config.yaml").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert capsys.readouterr().out.count("is there already, and stays") == 2


def test_folder_that_is_a_file_is_one_line(tmp_path, capsys):
    (tmp_path / "demo").touch()
    assert main(["init", str(tmp_path / "demo")]) == 2
    assert "cannot be written: File exists" in capsys.readouterr().err


@pytest.mark.workflow
def test_workflow_runs_as_a_project_a_module_and_from_elsewhere(tmp_path):
    main(["init", str(tmp_path / "demo")])
    (tmp_path / "module").mkdir()
    (tmp_path / "module/Snakefile").write_text(USING_A_MODULE)
    toy = ROOT / "workflow/configs/toy.yaml"
    (tmp_path / "module/mine.yaml").write_text(toy.read_text())
    (tmp_path / "empty").mkdir()
    numbers = {
        plan(tmp_path / "demo", *TOY),
        plan(tmp_path / "module"),
        plan(tmp_path / "empty", "-s", f"{ROOT}/Snakefile", "--configfile", str(toy)),
        plan(tmp_path, "-s", f"{ROOT}/Snakefile", "-d", "empty", "--configfile", str(toy)),
    }
    assert numbers == {27}


def test_wheel_holds_the_workflow_where_the_package_looks_for_it(tmp_path):
    pytest.importorskip("hatchling", reason="a package of dev that is not installed: hatchling")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = set(zipfile.ZipFile(tmp_path / done.stdout.split()[-1]).namelist())
    shipped = {name.partition("/shipped/")[2] for name in names if "/workflow/shipped/" in name}
    tracked = subprocess.run(
        ["git", "ls-files", "Snakefile", "config.yaml", "envs", "profiles", "workflow"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shipped >= set(tracked.stdout.split())
    assert "cbda/py.typed" in names
    assert "cbda/annotation/page/page.html" in names
