"""Lay out a folder for experiments: a Snakefile, the configuration, examples of it, profiles.

The Snakefile includes the workflow of this installation. Files that are there stay as they are.
"""

import argparse
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

SNAKEFILE = """\
# The workflow of the installed package; rules of your own may follow.
from cbda.workflow.place import SNAKEFILE


include: SNAKEFILE
"""
COPIED = ("config.yaml", "envs", "profiles", "workflow/configs", "workflow/profiles",
          "workflow/schemas")  # fmt: skip
QUOTED = re.compile(r"(\"{3}|'{3}).*?\1", re.DOTALL)
LINES = [  # of the Snakefile, as statements
    re.compile(rf"^[ \t]*{line}[ \t\r]*(#.*)?$", re.MULTILINE)
    for line in (r"from cbda\.workflow\.place import .*\bSNAKEFILE\b", r"include:\s*SNAKEFILE")
]
LEFT_OUT = "constraints.txt"
FIRST = "results/tiny/table_mIoU.csv --cores 2 --configfile workflow/configs/toy.yaml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=_folder, help="new, or one whose files stay as they are")


def _folder(text: str) -> Path:
    """A folder by its name, where ~ is one's home as in the configuration."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; give a name, or . for this folder")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: nobody's home is known by it") from error


def run(args: argparse.Namespace) -> None:
    """Write what is missing, and say what to type next."""
    from cbda.files.atomic import complete_file, require_output

    folder: Path = args.folder
    files = {folder / name: content for name, content in _files()}
    for path in files:  # all of them, or none
        require_output(path)
    for path, content in files.items():
        if not os.path.lexists(path):
            with complete_file(path) as temporary:
                temporary.write_bytes(content)
        elif not path.exists():
            print(
                f"{path}: is a link to nothing, and stays; put the file there, or remove the link"
            )
        elif not path.is_file() or path.read_bytes() != content:
            print(f"{path}: is there already, and stays")
    snakefile = folder / "Snakefile"
    if not (snakefile.is_file() and _includes_workflow(snakefile)):
        lines = " and ".join(f"`{line}`" for line in SNAKEFILE.splitlines() if line[:1].isalpha())
        print(f"{snakefile}: lacks the workflow; have it say {lines}, a line each")
        return
    print(f"{folder}: ready; a first table, in a minute or two:")
    print(f"cd {shlex.quote(str(folder))} && snakemake {FIRST}")


def _includes_workflow(snakefile: Path) -> bool:
    """Whether a Snakefile has both lines by which it gets the workflow, outside of long texts."""
    text = QUOTED.sub("", snakefile.read_bytes().decode(errors="replace"))
    return all(line.search(text) for line in LINES)


def _files() -> Iterator[tuple[str, bytes]]:
    """Name and content of all files of a project."""
    from cbda.workflow.place import FOLDER

    yield "Snakefile", SNAKEFILE.encode()
    for place in COPIED:
        found = [FOLDER / place] if (FOLDER / place).is_file() else (FOLDER / place).rglob("*")
        for path in sorted(found):
            if path.is_file() and path.name != LEFT_OUT:
                yield path.relative_to(FOLDER).as_posix(), path.read_bytes()
