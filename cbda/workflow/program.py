"""How jobs call this package: the one that Snakemake has imported, and no other that lies about."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cbda.errors import UserError
from cbda.workflow.fingerprint import PACKAGE

# What the user's environment must not decide: files of the working folder that have the names of
# modules, and the coding of names that are printed.
FIXED = {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"}


def find_program(environment: Mapping[str, str], is_deployed: bool, folder: Path) -> list[str]:
    """The first words of all commands of jobs; phase and options follow.

    Jobs have the Python of Snakemake, or one that it deploys, whose environment holds no package
    of ours. Where Python would find none or another one, a link to ours is put into a folder.
    """
    fixed, python = dict(FIXED), "python" if is_deployed else sys.executable
    if is_deployed or _imported_by(python, {**environment, **fixed}) != PACKAGE.resolve():
        others = environment.get("PYTHONPATH", "").split(os.pathsep)
        fixed["PYTHONPATH"] = os.pathsep.join(filter(None, (_link_package(folder), *others)))
    return ["env", *(f"{name}={value}" for name, value in fixed.items()), python, "-m", "cbda"]


def _link_package(folder: Path) -> str:
    """A folder of nothing but a link, as files beside the package may be named as Python's own."""
    name = hashlib.sha256(bytes(PACKAGE)).hexdigest()[:16]
    place = folder.absolute() / "packages" / name
    place.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (place / PACKAGE.name).symlink_to(PACKAGE, target_is_directory=True)
    return str(place)


def require_one_package(project: Path) -> None:
    """Raise a `UserError` if the package of a working copy is not the one that was imported."""
    own = project / PACKAGE.name
    if own.is_dir() and not own.samefile(PACKAGE):
        raise UserError(
            f"the workflow of {project} has a package of its own, but Python imports that of"
            f" {PACKAGE.parent}: unset PYTHONPATH, or run `pip install -e {project}`"
        )


def _imported_by(python: str, environment: Mapping[str, str]) -> Path | None:
    command = [python, "-c", "import cbda; print(cbda.__path__[0])"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Path(done.stdout.rstrip("\n")).resolve() if done.returncode == 0 else None
