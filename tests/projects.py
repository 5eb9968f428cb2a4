"""Working copies of the project, in which tests run the toy workflow as a user does."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import yaml
from snakemake.cli import main as snakemake_main
from snakemake.utils import update_config

from cbda.workflow.jobs import Jobs

ROOT = Path(__file__).parents[1]
COPIED = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "cbda")
RESULTS = "results/tiny"
TABLES = ("table_mIoU.csv", "class_iou.csv", "acquisition.csv", "comparisons.csv")
TABLE = f"{RESULTS}/table_mIoU.csv"
EVERYTHING = (TABLE, f"{RESULTS}/diagnosis.csv", f"{RESULTS}/report.html")
HALF_WRITTEN = shutil.ignore_patterns("*.tmp.*", "*.pyc.*")  # by another process
IMPORTED_LATE = (
    "snakemake.report.html_reporter",
    "snakemake.profiles",
    "smart_open",
    "yte",
    "dpath",
)
PRETENDED = {"CBDA_PRETEND_GPUS": "GPU-1,GPU-2"}  # jobs take turns, and compute on the CPU

for late in IMPORTED_LATE:  # by Snakemake, in every fork, unless it is here already
    import_module(late)


def copy_project(folder: Path) -> Path:
    """A working copy, package included, that a test may edit.

    Its code is compiled as far as that here is: files keep their times, which Python looks at.
    """
    for name in COPIED:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=HALF_WRITTEN)
        else:
            shutil.copy2(source, copy)
    return folder


def create_jobs(
    change: dict[str, Any] | None = None, environment: dict[str, str] | None = None
) -> Jobs:
    """The jobs of the toy experiment, whose configuration a test may change."""
    config: dict[str, Any] = {}
    for name in ("config.yaml", "workflow/configs/toy.yaml"):
        update_config(config, yaml.safe_load((ROOT / name).read_text()))
    update_config(config, change or {})
    return Jobs.create(config, environment or {})


def finish_once(folder: Path) -> Path:
    """A working copy with everything made, by the first of several processes that ask for it."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "finished").exists():
            snakemake(copy_project(folder), targets=EVERYTHING)
            (folder / "finished").touch()
    return folder


def copy_finished(finished: Path, folder: Path) -> Path:
    """A copy of a project for a test to change; files keep their times, which Snakemake knows."""
    return Path(shutil.copytree(finished, folder, copy_function=shutil.copy2))


def environment(project: Path) -> dict[str, str]:
    """That of a command which uses a project's own copy of the package."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(project), **PRETENDED}


def run(project: Path, command: list[str], check: bool = True) -> str:
    """Run a command in a project with its own copy of the package; everything it printed."""
    done = subprocess.run(
        command,
        cwd=project,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout


def run_snakemake(project: Path, words: list[str], check: bool = True) -> str:
    """The same of Snakemake in a fork of this process, which has imported it: a second less."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if not child:
            _become_snakemake(project, words, output.fileno())
        _, status = os.waitpid(child, 0)
        output.seek(0)
        text = output.read()
    assert status == 0 or not check, text
    return text


def _become_snakemake(project: Path, words: list[str], output: int) -> NoReturn:
    """Leave the test behind, and be what `snakemake` would be in a project."""
    code: Any = 1
    try:
        sys.settrace(None)
        for number in (1, 2):
            os.dup2(output, number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        os.environ.update(environment(project))
        os.chdir(project)
        sys.path[:] = [str(project), *(path for path in sys.path if Path(path) != ROOT)]
        for name in [name for name in sys.modules if name.partition(".")[0] == "cbda"]:
            del sys.modules[name]
        sys.argv = ["snakemake", *words]
        snakemake_main(words)
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def snakemake(
    project: Path,
    *options: str,
    change: str = "{}",
    cores: int = 2,
    check: bool = True,
    targets: tuple[str, ...] = (TABLE,),
) -> str:
    """Make the table, or other targets; everything that Snakemake printed.

    `change` is YAML that is merged into the configuration.
    """
    name = f"change.{os.getpid()}.yaml"  # tests of other processes may share the project
    (project / name).write_text(change)
    words = ["--cores", str(cores), "--configfile", "workflow/configs/toy.yaml", name]
    words += [*options, "--", *targets]
    return run_snakemake(project, words, check)


def count_jobs(output: str) -> Counter[str]:
    """Jobs by rule of the plan that a run prints first, `all` and the total left out."""
    plan = output.partition("Job stats:")[2].partition("\n\n")[0]
    rows = re.findall(r"^(\w+) +(\d+)$", plan, re.MULTILINE)
    return Counter({rule: int(n) for rule, n in rows if rule not in ("all", "total")})


def planned_jobs(
    project: Path, change: str = "{}", targets: tuple[str, ...] = (TABLE,)
) -> Counter[str]:
    """Jobs by rule that a run would make."""
    return count_jobs(snakemake(project, "--dry-run", change=change, targets=targets))


def append(path: Path, text: str) -> None:
    """Write at the end of a file."""
    path.write_text(path.read_text() + text)
