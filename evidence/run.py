"""Runs the tables of a name, one after another, with Snakemake in this folder, and keeps them.

python -m evidence.run parts_generated --cores 2
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

from evidence.costs import benchmarks, summarise

FOLDER = Path(__file__).parent
CAMVID = ("generated", "camvid")
DRIVE = (*CAMVID, "drive")
PARTS = ("even", "even_start", "odd", "odd_start")
FILES = ("table_mIoU.csv", "class_iou.csv", "acquisition.csv", "comparisons.csv", "diagnosis.csv")
ON_BOTH = ("budgets", "arms", "images", "candidates", "ranking", "queries")
DECIDED = ("confirm.yaml", "python -m evidence.decision")
BEFORE = {  # by table: what has to be in this folder before it is made, and how it gets there
    "confirm_drive": DECIDED,
    "confirm_aerial": DECIDED,
    "ranking_retrain": ("tables/ranking_generated", "python -m evidence.run ranking_generated"),
    "ranking_redundant": ("tables/confirm_drive", "python -m evidence.run confirm_drive"),
}


class Table(NamedTuple):
    """What makes a table."""

    files: tuple[str, ...]  # configurations, in the order in which they are given
    targets: tuple[str, ...] = ("table_mIoU.csv",)


class Places(NamedTuple):
    """The folders of a table."""

    results: Path
    tables: Path
    sets: Path  # that are generated


def _tables() -> dict[str, Table]:
    """By name."""
    base = {"generated": ("generated",), "camvid": CAMVID}
    found: dict[str, Table] = {}
    for data, files in base.items():
        found |= {f"parts_{data}_{part}": Table((*files, f"parts_{data}_{part}")) for part in PARTS}
        found |= {f"{name}_{data}": Table((*files, name)) for name in ON_BOTH}
        found[f"labels_{data}"] = Table((*files, "labels"), ("diagnosis.csv",))
    found["confirm_drive"] = Table((*DRIVE, "confirm"))
    found["confirm_aerial"] = Table(("generated", "aerial", "confirm"))
    found["large"] = Table(("generated", "large"), ("table_mIoU.csv", "diagnosis.csv"))
    for variant in ("rounds", "retrain", "small", "encoder"):
        found[f"ranking_{variant}"] = Table(("generated", "ranking", f"ranking_{variant}"))
    found["ranking_redundant"] = Table((*DRIVE, "ranking", "ranking_redundant"))
    return found


TABLES = _tables()


def places_of(files: tuple[str, ...]) -> Places:
    """Where the last of some configurations has its results, tables and generated sets."""
    paths, root = {"tables": "<results>"}, ""
    for name in files:
        content = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
        paths |= content.get("pathvars", {})
        root = content.get("data_make", {}).get("root", root)
    tables = paths["tables"].replace("<results>", paths["results"])
    return Places(Path(paths["results"]), Path(tables), Path(root))


def make(name: str, options: list[str]) -> None:
    """One table."""
    require_what_comes_before(name)
    files, targets = TABLES[name]
    places = places_of(files)
    configurations = [str(FOLDER / f"{file}.yaml") for file in files]
    made = [str(places.tables / target) for target in targets]
    command = ["snakemake", *made, *options, "--configfile", *configurations]
    subprocess.run(command, check=True)
    kept = FOLDER / "tables" / name
    keep(places.tables, kept)
    costs = summarise(own_benchmarks(name))
    costs.to_csv(kept / "costs.csv", index=False, float_format="%.2f", lineterminator="\n")


def require_what_comes_before(name: str) -> None:
    """Stop before a table whose data are not to be looked at yet, or whose labels are missing."""
    needed, command = BEFORE.get(name, ("", ""))
    if not (FOLDER / needed).exists():
        raise SystemExit(f"{name} needs evidence/{needed}, which `{command}` makes")


def keep(tables: Path, kept: Path) -> None:
    """Copy the files of a table."""
    kept.mkdir(parents=True, exist_ok=True)
    for path in (tables / file for file in FILES):
        if path.exists():
            shutil.copyfile(path, kept / path.name)


def own_benchmarks(name: str) -> set[Path]:
    """Of the jobs of a table that are none of one before it, as far as that was made."""
    paths: set[Path] = set()
    for each in TABLES:
        places = places_of(TABLES[each].files) if is_made(each) else None
        found = benchmarks(places.tables, places.results, places.sets) if places else set()
        if each == name:
            return found - paths
        paths |= found
    raise KeyError(name)


def is_made(name: str) -> bool:
    """Whether a table's sheet of runs is there."""
    files = TABLES[name].files
    is_configured = all((FOLDER / f"{file}.yaml").exists() for file in files)
    return is_configured and (places_of(files).tables / "runs.csv").exists()


def main(name: str, options: list[str]) -> None:
    """All tables whose names begin so."""
    chosen = [each for each in TABLES if each.startswith(name)]
    if not chosen:
        raise SystemExit(f"no table is called {name}; allowed: {', '.join(TABLES)}")
    for each in chosen:
        make(each, options)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
