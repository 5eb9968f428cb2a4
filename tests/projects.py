"""Working copies of the project, in which tests run the toy workflow as a user does."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

from cbda.workflow.jobs import Jobs

ROOT = Path(__file__).parents[1]
COPIED = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "cbda")
RESULTS = "results/tiny"
TABLES = ("table_mIoU.csv", "class_iou.csv", "acquisition.csv", "comparisons.csv")
TABLE = f"{RESULTS}/table_mIoU.csv"
EVERYTHING = (TABLE, f"{RESULTS}/diagnosis.csv", f"{RESULTS}/report.html")
HALF_WRITTEN = shutil.ignore_patterns("*.tmp.*", "*.pyc.*")  # by another process
PRETENDED = {"CBDA_PRETEND_GPUS": "GPU-1,GPU-2"}  # jobs take turns, and compute on the CPU


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


def run(project: Path, command: list[str], check: bool = True) -> str:
    """Run a command in a project with its own copy of the package; everything it printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(project), **PRETENDED},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout


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
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores)]
    command += ["--configfile", "workflow/configs/toy.yaml", name, *options, "--", *targets]
    return run(project, command, check)


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
