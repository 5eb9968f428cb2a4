"""What a stranger does: install the wheel without this repository, and use it.

python -m tests.package [FOLDER]

Needs a package index. The folder, a temporary one unless given, may be kept and used again.
"""

import os
import re
import runpy
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.projects import ROOT

CONSTRAINTS = ROOT / "envs/constraints.txt"
MAX_LIGHT_MB = 300
SMALLER = "numba<0.62"  # whose LLVM is
BUILD = "from hatchling.build import build_wheel; import sys; build_wheel(sys.argv[1])"
TOY = "results/tiny/table_mIoU.csv --cores 2 --configfile workflow/configs/toy.yaml"


def main(folder: Path) -> None:
    """Build, install lightly and in full, run the examples; anything that fails ends it."""
    call(sys.executable, "-c", BUILD, str(folder), cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    measure_light(wheel, folder)
    full = install(folder / "full", f"{wheel}[all]")
    call(str(full / "cbda"), "init", "demo", cwd=folder)
    call(str(full / "snakemake"), *TOY.split(), cwd=folder / "demo")
    print((folder / "demo/results/tiny/table_mIoU.csv").read_text())


def measure_light(wheel: Path, folder: Path) -> None:
    """Run the examples without torch; as wheels unpack, and all that pip leaves of smaller ones."""
    script = folder / "example.py"
    script.write_text("\n".join(examples()))
    for name, packages, compiled in (("light", [], False), ("smaller", [SMALLER], True)):
        programs = install(folder / name, str(wheel), *packages)
        call(str(programs / "python"), str(script), cwd=folder)
        size_mb = used_mb(programs.parent, compiled)
        print(f"{name}: {size_mb} MB, the examples of docs/python.md run without torch")
        if size_mb >= MAX_LIGHT_MB:
            sys.exit(f"a {name} installation takes {size_mb} MB, allowed are {MAX_LIGHT_MB}")


def install(folder: Path, what: str, *pins: str) -> Path:
    """The programs of a new environment with the wheel in it."""
    venv.create(folder, with_pip=True, clear=not folder.exists())
    programs = folder / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet"]
    constraint = [] if pins else ["--constraint", str(CONSTRAINTS)]
    call(*pip, *constraint, what, *pins)
    call(*pip, "--force-reinstall", "--no-deps", what)
    return programs


def examples() -> list[str]:
    """The Python of the page, but for what asks for torch."""
    blocks = runpy.run_path(str(ROOT / "docs/examples.py"))["examples"](ROOT / "docs/python.md")
    return [block for block in blocks if "import torch" not in block]


def used_mb(folder: Path, compiled: bool) -> int:
    """What the packages of an environment take, but for its pip, with compiled sources or not."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    passed = r"/(pip|setuptools|pkg_resources)" + ("" if compiled else "|pyc$")
    own = (path for path in files if not re.search(passed, str(path)))
    return sum(path.stat().st_size for path in own) // 10**6


def call(*words: str, cwd: Path | None = None) -> None:
    """Run a program outside of the repository, with nothing of it in view."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PYTHON")}
    programs = str(Path(words[0]).parent)
    environment["PATH"] = os.pathsep.join([programs, environment["PATH"]])
    subprocess.run(words, cwd=cwd, env=environment, check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as place:
            main(Path(place))
