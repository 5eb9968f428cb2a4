"""Kill the toy workflow 200 times, and compare what comes out with an undisturbed run on one core.

Its network is that of a frozen encoder, so that there are all rules.

python -m tests.soak [NUM_KILLS] [SEED]
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from tests.kills import CURVE, FROZEN, RULES, Kill, Project, run_with_kills
from tests.projects import TABLE

KILLS_PER_RUN = 2 * len(RULES)
TARGETS = (TABLE, CURVE)


def describe(kill: Kill) -> str:
    """A kill in words."""
    state = ", a training state on disk" if kill.had_state else ""
    return f"{kill.rule}, {kill.after_s:.2f} s after its start{state}"


def main() -> int:
    """Print every kill, the comparison after each finished run, and the count."""
    words = [int(word) for word in sys.argv[1:]]
    num_kills, seed = (words + [200, 0][len(words) :])[:2]
    rng = random.Random(seed)
    num_done = num_runs = num_equal = 0
    with tempfile.TemporaryDirectory() as name:
        undisturbed = Project.create(Path(name, "undisturbed"), FROZEN, 1, TARGETS)
        undisturbed.finish()
        expected, durations_s = undisturbed.products(), undisturbed.durations_s()
        while num_done < num_kills:
            num_runs += 1
            project = Project.create(Path(name, f"run {num_runs}"), FROZEN, targets=TARGETS)
            num_left = min(num_kills - num_done, KILLS_PER_RUN)
            for kill in run_with_kills(project, num_left, rng, durations_s):
                num_done += 1
                print(f"{time.strftime('%H:%M:%S')} kill {num_done}: {describe(kill)}", flush=True)
            is_equal = project.products() == expected and not project.leftovers()
            num_equal += is_equal
            print(f"run {num_runs}: {'the same bytes' if is_equal else 'DIFFERENT'}", flush=True)
    print(
        f"{num_done} kills in {num_runs} runs, of {len(RULES)} rules;"
        f" {num_equal} of {num_runs} runs gave {len(expected)} files of the same bytes"
    )
    return int(num_equal != num_runs)


if __name__ == "__main__":
    sys.exit(main())
