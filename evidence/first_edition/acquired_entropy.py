"""Entropy of the acquired classes over log C, void left out: mean over the seeds of each budget.

python -m evidence.first_edition.acquired_entropy results/balance/diagnosis.csv
"""

import sys

import pandas as pd

from cbda.results.metrics import normalised_entropy


def entropies(diagnosis: pd.DataFrame) -> pd.DataFrame:
    """By method and budget, of all that the rounds of a run have acquired."""
    counted = diagnosis[diagnosis["class"] != "void"]
    runs = counted.groupby(["method", "budget", "seed", "class"])["acquired_px"].sum().unstack()
    of_runs = runs.apply(lambda counts: normalised_entropy(counts.to_numpy()), axis=1)
    return of_runs.groupby(["method", "budget"]).mean().unstack()


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(entropies(pd.read_csv(path)).round(3).to_string())
