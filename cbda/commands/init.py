"""Lay out a folder for experiments: a Snakefile, the configuration, examples of it, profiles.

The Snakefile includes the workflow of this installation. Files that are there stay as they are.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

SNAKEFILE = """\
# The workflow of the installed package; rules of your own may follow.
from cbda.workflow.place import SNAKEFILE


include: SNAKEFILE
"""
COPIED = ("config.yaml", "envs", "profiles", "workflow/configs", "workflow/profiles",
          "workflow/schemas")  # fmt: skip
LEFT_OUT = "constraints.txt"
FIRST = "results/tiny/table_mIoU.csv --cores 2 --configfile workflow/configs/toy.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, help="new, or one whose files stay as they are")


def run(args: argparse.Namespace) -> None:
    """Write what is missing, and say what to type next."""
    from cbda.files.atomic import explained_write

    folder: Path = args.folder
    for name, content in _files():
        path = folder / name
        if os.path.lexists(path):
            print(f"{path}: is there already, and stays")
            continue
        with explained_write(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    print(f"{folder}: ready; a first table, in half a minute:")
    print(f"cd {folder} && snakemake {FIRST}")


def _files() -> Iterator[tuple[str, bytes]]:
    """Name and content of all files of a project."""
    from cbda.workflow.place import FOLDER

    yield "Snakefile", SNAKEFILE.encode()
    for place in COPIED:
        found = [FOLDER / place] if (FOLDER / place).is_file() else (FOLDER / place).rglob("*")
        for path in sorted(found):
            if path.is_file() and path.name != LEFT_OUT:
                yield path.relative_to(FOLDER).as_posix(), path.read_bytes()
