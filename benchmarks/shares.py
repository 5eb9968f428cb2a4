"""Where the core-seconds of an experiment went, by the benchmark files of its jobs.

python -m benchmarks.shares results data/generated
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from benchmarks.tables import Table

COMPUTING = ("encode", "pretrain", "finetune", "score")
CHECKS = "data_check"  # whose files are named by their data sets


def core_seconds(folders: Iterable[Path]) -> dict[str, list[float]]:
    """Core-seconds of every job, starts included, by rule; references train by the rules' names."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for path in (path for folder in folders for path in sorted(folder.rglob("*.tsv"))):
        rule = CHECKS if path.stem in ("source", "target", "val") else path.stem
        with path.open(newline="") as file:
            seconds[rule] += [
                float(row["cpu_time"]) for row in csv.DictReader(file, delimiter="\t")
            ]
    return dict(seconds)


def shares(seconds: dict[str, list[float]]) -> Table:
    """A row per rule, most first, and how much of it all is training, scoring or encoding."""
    total = sum(map(sum, seconds.values()))
    table = Table("Core-seconds by rule", ("rule", "jobs", "core-seconds", "share"))
    for rule, found in sorted(seconds.items(), key=lambda item: -sum(item[1])):
        table.add(rule, str(len(found)), f"{sum(found):.0f}", f"{sum(found) / total:.1%}")
    computing = sum(sum(seconds.get(rule, ())) for rule in COMPUTING)
    table.add(
        "of these " + ", ".join(COMPUTING), "", f"{computing:.0f}", f"{computing / total:.1%}"
    )
    table.add("all", str(sum(map(len, seconds.values()))), f"{total:.0f}", "100.0%")
    return table


if __name__ == "__main__":
    print(shares(core_seconds(map(Path, sys.argv[1:]))))
