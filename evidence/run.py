"""Runs the tables of a name, one after another, with Snakemake in this folder, and keeps them.

python -m evidence.run parts_generated --cores 2
"""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
CAMVID = ("generated", "camvid")
PARTS = ("even", "even_start", "odd", "odd_start")
FILES = ("table_mIoU.csv", "class_iou.csv", "acquisition.csv", "comparisons.csv", "diagnosis.csv")
Table = tuple[tuple[str, ...], str]  # the configurations that make it, and what is made
ON_BOTH = ("budgets", "arms", "images", "candidates", "ranking")


def _tables() -> dict[str, Table]:
    """By name."""
    base = {"generated": ("generated",), "camvid": CAMVID}
    found: dict[str, Table] = {}
    for data, files in base.items():
        found |= {
            f"parts_{data}_{part}": ((*files, f"parts_{data}_{part}"), "table_mIoU.csv")
            for part in PARTS
        }
        found |= {f"{name}_{data}": ((*files, name), "table_mIoU.csv") for name in ON_BOTH}
        found[f"labels_{data}"] = ((*files, "labels"), "diagnosis.csv")
    for variant in ("rounds", "retrain", "small", "encoder"):
        names = ("generated", "ranking", f"ranking_{variant}")
        found[f"ranking_{variant}"] = (names, "table_mIoU.csv")
    found["large"] = (("generated", "large"), "table_mIoU.csv")
    found["large_labels"] = (("generated", "large"), "diagnosis.csv")
    return found


TABLES = _tables()


def folder_of(files: tuple[str, ...]) -> Path:
    """Where the last of some configurations puts its tables."""
    places: dict[str, str] = {"tables": "<results>"}
    for name in files:
        places |= yaml.safe_load((FOLDER / f"{name}.yaml").read_text()).get("pathvars", {})
    return Path(places["tables"].replace("<results>", places["results"]))


def make(name: str, options: list[str]) -> None:
    """One table."""
    files, target = TABLES[name]
    tables = folder_of(files)
    configurations = [str(FOLDER / f"{file}.yaml") for file in files]
    command = ["snakemake", str(tables / target), *options, "--configfile", *configurations]
    subprocess.run(command, check=True)
    keep(tables, FOLDER / "tables" / name)


def keep(tables: Path, kept: Path) -> None:
    """Copy the files of a table."""
    kept.mkdir(parents=True, exist_ok=True)
    for path in (tables / file for file in FILES):
        if path.exists():
            shutil.copyfile(path, kept / path.name)


if __name__ == "__main__":
    for each in [name for name in TABLES if name.startswith(sys.argv[1])]:
        make(each, sys.argv[2:])
