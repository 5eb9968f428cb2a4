"""A project of one's own, laid out by one command."""

import shlex
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
    said = capsys.readouterr().out
    assert f"{tmp_path}/config.yaml: is there already, and stays\n" in said
    assert f"{tmp_path}/Snakefile: is a link to nothing, and stays; " in said


def test_folder_that_is_a_file_is_one_line(tmp_path, capsys):
    (tmp_path / "demo").touch()
    assert main(["init", str(tmp_path / "demo")]) == 2
    assert f"cannot be written: {tmp_path}/demo is no folder" in capsys.readouterr().err


def test_layout_is_laid_out_as_a_whole_or_not_at_all(tmp_path, capsys):
    (tmp_path / "workflow").touch()
    assert main(["init", str(tmp_path)]) == 2
    assert f"{tmp_path}/workflow is no folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["workflow"]


def test_half_a_layout_is_completed(tmp_path, capsys):
    assert main(["init", str(tmp_path)]) == 0
    (tmp_path / "config.yaml").unlink()
    capsys.readouterr()
    assert main(["init", str(tmp_path)]) == 0
    assert "stays" not in capsys.readouterr().out
    assert (tmp_path / "config.yaml").read_text() == (ROOT / "config.yaml").read_text()


IMPORT, INCLUDE = "from cbda.workflow.place import SNAKEFILE\n", "include: SNAKEFILE\n"


@pytest.mark.parametrize(
    "text",
    [
        "rule mine:\n    output: 'x'\n",
        f"{IMPORT}# {INCLUDE}",
        INCLUDE,
        f'{IMPORT}include: SNAKEFILE if 0 else "x"\n',
        f'{IMPORT}"""\n{INCLUDE}"""\n',
    ],
)
def test_snakefile_of_ones_own_is_told_what_it_lacks(tmp_path, capsys, text):
    (tmp_path / "Snakefile").write_text(text)
    assert main(["init", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    wanted = "`from cbda.workflow.place import SNAKEFILE` and `include: SNAKEFILE`"
    assert said == f"{tmp_path}/Snakefile: lacks the workflow; have it say {wanted}, a line each"


@pytest.mark.parametrize(
    "text",
    [
        f'"""Mine."""\n{IMPORT}\n{INCLUDE}',
        f"{IMPORT}include:\n    SNAKEFILE  # ours\n",
        f"{IMPORT}{INCLUDE}".replace("\n", "\r\n"),
        f"from cbda.workflow.place import FOLDER, SNAKEFILE\n{INCLUDE}",
    ],
)
def test_snakefile_of_ones_own_is_enough_if_it_includes_the_workflow(tmp_path, capsys, text):
    (tmp_path / "Snakefile").write_bytes(text.encode())
    assert main(["init", str(tmp_path)]) == 0
    assert f"{tmp_path}: ready" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["my data", "it's"])
def test_last_line_can_be_typed(tmp_path, name, capsys):
    assert main(["init", str(tmp_path / name)]) == 0
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert words[:3] == ["cd", str(tmp_path / name), "&&"]


def test_tilde_is_ones_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert main(["init", "~/demo"]) == 0
    assert (tmp_path / "home/demo/Snakefile").is_file()
    assert not (tmp_path / "~").exists()


def test_folder_without_a_name_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["init", ""])
    assert "is empty; give a name, or . for this folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


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
