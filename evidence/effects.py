"""The effects of question 1's factorial, from the tables of its runs.

python -m evidence.effects generated    # prints the table, and writes it beside the tables
"""

import sys
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from cbda.results.correction import holm
from cbda.results.runs import NO_BUDGET
from evidence.design import BLOCKED_BY, FACTORS, LEVELS
from evidence.values import read_measures, table_path

SCORES = tuple(BLOCKED_BY)
MEASURES = ("mIoU", "rare", "worst")
COLUMNS = [
    *("measure", "family", "effect", "n"),
    *("estimate", "half_width", "p", "p_holm", "detectable"),
]
OVER_SEEDS = "over_seeds"  # the main effects once more, their errors over seeds in place of runs
Array = NDArray[np.float64]


def read_runs(folders: list[Path]) -> pd.DataFrame:
    """A row per run of the factorial: score, levels, seed, and its measures in points."""
    frames = []
    for folder in folders:
        start = "random" if folder.name.endswith("_start") else "model"
        frames.append(read_measures(folder).assign(start=start))
    runs = pd.concat(frames, ignore_index=True)
    runs = runs[runs["budget"] != NO_BUDGET].reset_index(drop=True)
    return runs.join(pd.DataFrame([parts_of(name) for name in runs["method"]]))


def parts_of(method: str) -> dict[str, str]:
    """Score and levels of a method, from its name."""
    rest, parts = method, {}
    for factor in reversed([name for name in FACTORS if name != "start"]):
        parts[factor] = next(level for level in LEVELS[factor] if rest.endswith(f"_{level}"))
        rest = rest.removesuffix(f"_{parts[factor]}")
    return {"score": rest, **parts}


def signs(runs: pd.DataFrame) -> pd.DataFrame:
    """The levels of the factors as -1/2 and +1/2."""
    return pd.DataFrame({name: (runs[name] == LEVELS[name][1]) - 0.5 for name in FACTORS})


def design(runs: pd.DataFrame) -> pd.DataFrame:
    """The columns of the linear model: seeds, scores, factors, and what two of these share."""
    x = signs(runs)
    columns = {
        f"seed{seed}": (runs["seed"] == seed) * 1.0 for seed in sorted(runs["seed"].unique())
    }
    # Deviations of scores from their mean, so that all else is an average over scores.
    scores = {
        name: (runs["score"] == name) - (runs["score"] == SCORES[-1]) * 1.0 for name in SCORES[:-1]
    }
    columns |= scores | {name: x[name] for name in FACTORS}
    columns |= {f"{a} x {b}": 2 * x[a] * x[b] for a, b in combinations(FACTORS, 2)}
    columns |= {
        f"{name}: {factor}": scores[name] * x[factor] for factor in FACTORS for name in scores
    }
    return pd.DataFrame(columns)


def contrasts() -> dict[str, dict[str, dict[str, float]]]:
    """By family and effect, the combination of coefficients that it is."""
    first, second, last = SCORES
    differences = {
        f"{last} - {first}": {first: -2.0, second: -1.0},
        f"{last} - {second}": {first: -1.0, second: -2.0},
        f"{first} - {second}": {first: 1.0, second: -1.0},
    }
    by_score: dict[str, dict[str, float]] = {}
    for factor in FACTORS:
        one, two = f"{first}: {factor}", f"{second}: {factor}"
        by_score |= {
            f"{factor}, {first}": {factor: 1.0, one: 1.0},
            f"{factor}, {second}": {factor: 1.0, two: 1.0},
            f"{factor}, {last}": {factor: 1.0, one: -1.0, two: -1.0},
        }
    pairs = {f"{a} x {b}": {f"{a} x {b}": 1.0} for a, b in combinations(FACTORS, 2)}
    main = {name: {name: 1.0} for name in FACTORS} | differences
    by_noise = {
        f"{name} {shown}": weights | {f"{score}: noise": x * w for score, w in weights.items()}
        for shown, x in (("without noise", -0.5), ("with noise", 0.5))
        for name, weights in differences.items()
    }
    planned = {"main": main, "interaction": pairs, "by score": by_score}
    return {**planned, "by_noise": by_noise, OVER_SEEDS: main}


class Fit(NamedTuple):
    """A linear model of k coefficients, fitted to n runs by least squares."""

    x: Array  # (n,k), the columns
    inverse: Array  # (k,k), of their products
    coefficients: Array  # (k,)
    residuals: Array  # (n,)

    @property
    def rest(self) -> int:
        """Degrees of freedom of the residuals."""
        return len(self.residuals) - len(self.coefficients)

    def covariance(self) -> Array:
        """Of the coefficients (k,k), if runs vary independently of each other."""
        return np.asarray(self.inverse * np.sum(self.residuals**2) / self.rest, np.float64)

    def covariance_over(self, groups: NDArray[Any]) -> Array:
        """The same, if only groups of runs (n,) are independent (Liang and Zeger 1986).

        Multiplied by m / (m - 1) * (n - 1) / (n - k) of m groups, as is usual where these are few.
        """
        members = [groups == name for name in np.unique(groups)]
        shares = [self.x[each].T @ self.residuals[each] for each in members]
        few = len(members) / (len(members) - 1) * (len(self.x) - 1) / self.rest
        middle = few * sum(np.outer(share, share) for share in shares)
        return np.asarray(self.inverse @ middle @ self.inverse, np.float64)


def fit(x: Array, y: Array) -> Fit:
    """Fit the columns of a design (n,k) to values (n,)."""
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise SystemExit("runs are missing: not every effect can be told from the others")
    inverse = np.linalg.inv(x.T @ x)
    coefficients = np.asarray(inverse @ x.T @ y, np.float64)
    return Fit(x, np.asarray(inverse, np.float64), coefficients, y - x @ coefficients)


def estimate(value: float, error: float, rest: int) -> dict[str, float]:
    """Interval, p, and the smallest effect seen with a power of 80 %."""
    quantile = student.ppf(0.975, rest)
    detectable = (quantile + student.ppf(0.8, rest)) * error
    p = 2 * student.sf(abs(value) / error, rest)
    return {"estimate": value, "half_width": quantile * error, "p": p, "detectable": detectable}


def effects_of(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Every effect on one measure."""
    informed = runs[runs["score"] != "random"].reset_index(drop=True)
    x = design(informed)
    model, seeds = fit(x.to_numpy(), informed[name].to_numpy()), informed["seed"].to_numpy()
    num_seeds = len(np.unique(seeds))
    over_runs = (model.covariance(), model.rest, len(informed))
    over_seeds = (model.covariance_over(seeds), num_seeds - 1, num_seeds)
    rows = []
    for family, effects in contrasts().items():
        covariance, rest, n = over_seeds if family == OVER_SEEDS else over_runs
        for effect, weights in effects.items():
            combination = np.array([weights.get(column, 0.0) for column in x.columns])
            error = float(np.sqrt(combination @ covariance @ combination))
            found = estimate(float(combination @ model.coefficients), error, rest)
            rows.append({**named(name, family, effect, n), **found})
    return corrected(pd.DataFrame([*rows, *against_random(runs, name)]))


def against_random(runs: pd.DataFrame, name: str) -> list[dict[str, object]]:
    """Every score minus random: means over a seed's cells, and a t interval over seeds."""
    means = runs.pivot_table(index="seed", columns="score", values=name)
    rows = []
    for score in SCORES:
        differences = means[score] - means["random"]
        error = float(differences.std(ddof=1) / np.sqrt(len(differences)))
        found = estimate(float(differences.mean()), error, len(differences) - 1)
        effect = f"{score} - random"
        rows.append({**named(name, "random", effect, len(differences)), **found})
    return rows


def named(name: str, family: str, effect: str, n: int) -> dict[str, object]:
    """What an effect is of: a measure, and n runs or seeds."""
    return {"measure": name, "family": family, "effect": effect, "n": n}


def corrected(table: pd.DataFrame) -> pd.DataFrame:
    """With Holm's p in each family."""
    families = table.groupby("family", sort=False)["p"]
    return table.assign(p_holm=families.transform(lambda p: holm(p.to_numpy())))[COLUMNS]


def main(data: str) -> None:
    """Of all measures, as a CSV file."""
    folders = sorted(path for path in table_path().glob(f"parts_{data}_*") if path.is_dir())
    if not folders:
        raise SystemExit(f"no table of these runs is kept: python -m evidence.run parts_{data}")
    runs = read_runs(folders)
    table = pd.concat([effects_of(runs, name) for name in MEASURES])
    table.to_csv(table_path(f"effects_{data}.csv"), index=False, float_format="%.4g")
    print(f"{len(runs)} runs, seeds {sorted(map(int, runs['seed'].unique()))}")
    print(table.to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    main(sys.argv[1])
