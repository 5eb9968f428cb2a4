"""Damage results of the toy workflow 200 times, one at a time: is each noticed everywhere?

python -m tests.damage [NUM_DAMAGES] [SEED] [FINISHED_PROJECT]
"""

import contextlib
import io
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from cbda.cli import main as cbda
from cbda.cli import parse_command
from cbda.errors import UserError
from cbda.files.records import record_path
from cbda.workflow.start import Results
from tests.damages import DAMAGES, Damage, harm
from tests.experiments import results_of, tabulate_words
from tests.projects import RESULTS, create_jobs, finish_once

# What the table is made from. It names runs that are lost, and needs no model once it is measured.
SOURCES = ("labels.h5", "evaluation.json", "model.pt", "runs.csv")


def quietly(words: list[str]) -> tuple[int, str]:
    """Exit code of a command, and all that it printed."""
    with io.StringIO() as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        return cbda(words), said.getvalue()


def has_stopped() -> tuple[bool, str]:
    """Whether a run of Snakemake would stop at what it finds, and what it says."""
    try:
        warnings = Results(create_jobs(), Path(".snakemake"), [], parse_command).examine()
    except UserError as error:
        return True, str(error)
    return False, "\n".join(warnings)


def misses(path: Path, damage: Damage) -> list[str]:
    """Where the damage of a file is not noticed."""
    code, said = quietly(["verify", RESULTS, "data"])
    is_elsewhere = damage.__name__ in ("swap", "lose_record")  # said where it does not fit
    missed = [] if code == 2 and (str(path) in said or is_elsewhere) else ["verify"]
    has_record = damage.__name__ not in ("lose_record", "swap")
    stopped, said = has_stopped()
    is_said = str(path) in said and (stopped or damage.__name__ == "lose")
    missed += ["Snakemake"] if has_record and not is_said else []
    is_said_in_table = damage.__name__ == "lose" and path.name != "labels.h5"
    if path.name in SOURCES and not is_said_in_table and not _is_own_sheet(path, damage):
        code, _ = quietly(tabulate_words(f"{RESULTS}/runs.csv", "tables"))
        missed += ["tabulate"] if code == 0 or Path("tables").exists() else []
    return missed


def _is_own_sheet(path: Path, damage: Damage) -> bool:
    """Whether it is a sample sheet that nothing tells from one by hand."""
    return path.name == "runs.csv" and damage.__name__ == "lose_record"


def restore(path: Path, original: Path) -> None:
    """Have a file and its record as they were."""
    for name in (path, record_path(path).relative_to(Path.cwd())):
        shutil.copy2(original / name, name)


def main() -> int:
    """Print every damage that is not noticed, and the count."""
    words = sys.argv[1:]
    num_damages, seed = ([int(word) for word in words[:2]] + [200, 0][len(words[:2]) :])[:2]
    rng = random.Random(seed)
    done: Counter[str] = Counter()
    num_missed = 0
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "made").mkdir()
        finished = Path(words[2]) if words[2:] else finish_once(Path(name) / "made")
        project = Path(shutil.copytree(finished, f"{name}/copy", copy_function=shutil.copy2))
        os.chdir(project)
        files = [path.relative_to(project) for path in results_of(project)]
        while done.total() < num_damages:
            path, damage = rng.choice(files), rng.choice(DAMAGES)
            if harm(damage, path, files, rng):
                done[damage.__name__] += 1
                missed = misses(path, damage)
                num_missed += bool(missed)
                if missed:
                    print(f"{damage.__name__} {path}: missed by {', '.join(missed)}", flush=True)
            restore(path, finished)
    print(f"{done.total()} damages to {len(files)} files, {num_missed} missed: {dict(done)}")
    return int(num_missed > 0)


if __name__ == "__main__":
    sys.exit(main())
