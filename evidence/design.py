"""Writes the configurations of the factorial of question 1, `parts_*.yaml` beside it.

python -m evidence.design

Half of all choices of five parts of two levels, for each of three scores, cut into two blocks: one
is run with the even seeds, one with the odd ones. See protocol.md for what is confounded.
"""

from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
DATA = ("generated", "camvid")
LEVELS = {
    "unit": ("region", "pixel"),
    "noise": ("best", "power"),
    "start": ("model", "random"),  # who chooses the first round
    "allocation": ("per_image", "dynamic"),
    "balance": ("none", "consumed"),
}
FACTORS = tuple(LEVELS)
# Score to the interaction that tells its blocks apart, of those that are asked for least.
BLOCKED_BY = {
    "ripu_exact": ("start", "unit"),
    "entropy": ("start", "allocation"),
    "margin": ("start", "balance"),
}
SEEDS = {"even": (10, 12, 14), "odd": (11, 13, 15)}
ROUNDS = 3
Signs = dict[str, int]


def fraction() -> list[Signs]:
    """The 16 choices of five signs whose product is +1, by factor."""
    signs = (dict(zip(FACTORS, values, strict=True)) for values in product((-1, 1), repeat=5))
    return [cell for cell in signs if prod(cell.values()) == 1]


def block(score: str, parity: str) -> list[Signs]:
    """The eight of them that are run with seeds of one parity."""
    wanted = 1 if parity == "even" else -1
    return [cell for cell in fraction() if prod(cell[name] for name in BLOCKED_BY[score]) == wanted]


def level(factor: str, sign: int) -> str:
    """The name of a factor's level."""
    return LEVELS[factor][sign > 0]


def name(score: str, cell: Signs) -> str:
    """The method of a cell, which the first round is no part of."""
    return "_".join([score, *(level(part, cell[part]) for part in FACTORS if part != "start")])


def method(score: str, cell: Signs) -> dict[str, str]:
    """Its parts."""
    sampling = level("noise", cell["noise"])
    parts = {part: level(part, cell[part]) for part in ("unit", "allocation", "balance")}
    return {"score": score, **parts, **({"sampling": sampling} if sampling != "best" else {})}


def cells(start: int, parity: str) -> dict[str, dict[str, str]]:
    """The methods of a configuration: the chosen ones and, without a first round, random ones."""
    chosen = [
        (score, cell)
        for score in BLOCKED_BY
        for cell in block(score, parity)
        if cell["start"] == start
    ]
    plain = {"noise": -1, "start": -1, "allocation": -1}
    if start < 0:
        pairs = product((-1, 1), repeat=2)
        chosen += [("random", {**plain, "unit": unit, "balance": way}) for unit, way in pairs]
    return {name(score, cell): method(score, cell) for score, cell in chosen}


def configuration(data: str, start: int, parity: str) -> dict[str, Any]:
    """What is given after `generated.yaml` or `camvid.yaml`."""
    methods = cells(start, parity)
    results = f"results/study/{data}" + ("_start" if start > 0 else "")
    experiment = {
        "seeds": list(SEEDS[parity]),
        "methods": list(methods),
        "references": ["source_only", "full"] if start < 0 else [],
        "starting_share": round(1 / ROUNDS, 6) if start > 0 else 0.0,
        "custom_methods": methods,
    }
    baseline = next(iter(methods))
    pathvars = {"results": results, "tables": f"<results>/parts_{parity}"}
    return {"pathvars": pathvars, "experiment": experiment, "tabulate": {"baseline": baseline}}


def main() -> None:
    """Write the eight files."""
    for data, parity, start in product(DATA, SEEDS, (-1, 1)):
        ending = "_start" if start > 0 else ""
        path = FOLDER / f"parts_{data}_{parity}{ending}.yaml"
        text = yaml.safe_dump(configuration(data, start, parity), sort_keys=False, width=100)
        path.write_text("# Written by design.py.\n" + text)


if __name__ == "__main__":
    main()
