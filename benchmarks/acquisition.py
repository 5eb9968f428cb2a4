"""Scoring, selection and global rounds, ours against the definitions executed step by step."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks import reference
from benchmarks.images import NUM_DIFFERENT, make_logits, make_maps, write_pool
from benchmarks.sizes import HEIGHT, RADIUS, WIDTH
from benchmarks.tables import Table
from cbda.acquisition import ripu_region
from cbda.acquisition.choice import BEST, SAMPLINGS
from cbda.selection.greedy import select
from cbda.selection.units import queries_per_image

BUDGETS = (0.05, 0.1, 0.2)
ROUNDS = 5
NUM_REPEATS = 5


def best_of(function: Callable[[], Any], num_repeats: int = NUM_REPEATS) -> tuple[float, Any]:
    """The shortest time in seconds, and the result."""
    times_s = []
    for _ in range(num_repeats):
        started_s = time.perf_counter()
        result = function()
        times_s.append(time.perf_counter() - started_s)
    return min(times_s), result


def scoring() -> Table:
    """The region score of one image on one thread."""
    torch.set_num_threads(1)
    logits = make_logits(0)
    with torch.inference_mode():
        reference_s, (expected, _) = best_of(lambda: reference.ripu_region(logits, RADIUS), 2)
        ours_s, (score, _) = best_of(lambda: ripu_region(logits, RADIUS))
    worst = float((score - expected).abs().max())
    table = Table(
        "Scoring, one thread", ("reference s", "ours s", "times as fast", "worst difference")
    )
    table.add(f"{reference_s:.2f}", f"{ours_s:.3f}", f"{reference_s / ours_s:.1f}", f"{worst:.0e}")
    return table


def selection() -> Table:
    """The queries of one round in one image, on one core."""
    maps = make_maps(1)[0]
    table = Table(
        "Selection in one image, one core",
        ("budget", "queries", "reference s", "ours ms", "times as fast", "same picks"),
    )
    blocked = np.zeros((HEIGHT, WIDTH), np.bool_)
    for budget in BUDGETS:
        num_queries = queries_per_image(HEIGHT, WIDTH, budget, ROUNDS, RADIUS, "region")
        ours_s, picks = best_of(partial(select, maps[0], blocked, num_queries, RADIUS, "region"))
        score = torch.from_numpy(maps[0])
        reference_s, expected = best_of(partial(reference.select, score, num_queries, RADIUS), 1)
        same = "yes" if np.array_equal(picks, expected.numpy()) else "NO"
        table.add(
            f"{budget:.0%}",
            f"{num_queries:,}",
            f"{reference_s:.1f}",
            f"{1000 * ours_s:.1f}",
            f"{reference_s / ours_s:,.0f}",
            same,
        )
    return table


def global_rounds(pool_sizes: Iterable[int]) -> Table:
    """A whole round over pools of several sizes, everything included, on all cores."""
    different = make_maps(NUM_DIFFERENT)
    table = Table(
        "Global round, all cores: read, select, ask, write",
        (
            "images",
            "budget",
            "s",
            "ms an image",
            "of selection alone, one core",
            "reading alone",
            "peak MiB",
        ),
    )
    for num_images in pool_sizes:
        with TemporaryDirectory() as folder:
            scores = write_pool(Path(folder), num_images, different)
            for budget in (BUDGETS[0], BUDGETS[-1]):
                measured = _measure_round(scores, budget)
                table.add(
                    str(num_images),
                    f"{budget:.0%}",
                    f"{measured['round_s']:.2f}",
                    f"{1000 * measured['round_s'] / num_images:.1f}",
                    f"{measured['round_s'] / measured['selection_s']:.1f} x",
                    f"{measured['reading_s'] / measured['round_s']:.0%}",
                    f"{measured['peak_mib']:.0f}",
                )
    return table


def drawn_rounds(pool_sizes: Iterable[int]) -> Table:
    """Whole rounds whose queries are drawn, each against the plain one of the same pool."""
    different = make_maps(NUM_DIFFERENT)
    table = Table(
        "Global round of drawn queries, 5 %, against the plain one",
        ("images", "sampling", "s", "processor s", "times the plain one", "peak MiB"),
    )
    for num_images in pool_sizes:
        with TemporaryDirectory() as folder:
            scores = write_pool(Path(folder), num_images, different)
            plain_s = 0.0
            for sampling in SAMPLINGS:
                measured = _measure_round(scores, BUDGETS[0], sampling)
                plain_s = plain_s or measured["processor_s"]
                table.add(
                    str(num_images),
                    sampling,
                    f"{measured['round_s']:.2f}",
                    f"{measured['processor_s']:.2f}",
                    f"{measured['processor_s'] / plain_s:.2f}",
                    f"{measured['peak_mib']:.0f}",
                )
    return table


def _measure_round(scores: Path, budget: float, sampling: str = BEST) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.global_round", "--scores", str(scores)]
    done = subprocess.run(
        [*command, "--budget", str(budget), "--sampling", sampling],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured
