"""The greedy choice executed word by word, and small pools to try it on."""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SETTINGS = settings(max_examples=200, deadline=None, derandomize=True, database=None)
FEW_VALUES = st.sampled_from([-1.0, -0.0, 0.0, 0.25, 1.0])  # many ties
ANY_VALUE = st.floats(-2, 2, width=32)
EXTREME_VALUE = st.floats(allow_nan=False, allow_infinity=False, width=32)
units = st.sampled_from(["region", "pixel"])


def literal_greedy(score, blocked, num_queries, radius, unit):
    """The definition, over a stack (N,H,W): the highest free score, ties by image, column, row."""
    reach = {"region": 2 * radius, "pixel": radius}[unit]
    taken = blocked.copy()
    num_images, height, width = score.shape
    picks: list[list[int]] = []
    while len(picks) < num_queries:
        best = None
        for image in range(num_images):
            for column in range(width):
                for row in range(height):
                    value = score[image, row, column]
                    if not taken[image, row, column] and (best is None or value > best[0]):
                        best = value, image, row, column
        if best is None:
            break
        _, image, row, column = best
        picks.append([image, row, column])
        rows = slice(max(row - reach, 0), row + reach + 1)
        taken[image, rows, max(column - reach, 0) : column + reach + 1] = True
    return picks


def literal_round(score, blocked, num_per_image, options):
    """Queries of a round, (image, row, column) in pick order: the best, then those at random."""
    noise = np.stack(
        [
            np.random.default_rng([options.seed, 7, options.round, image]).random(score.shape[1:])
            for image in range(len(score))
        ]
    )
    taken = blocked.copy()
    is_dynamic = options.allocation == "dynamic"
    num = num_per_image * (len(score) if is_dynamic else 1)
    num_exploring = math.floor(options.explore * num + 0.5)
    picks: list[list[int]] = []
    for values, num_wanted in ((score, num - num_exploring), (noise, num_exploring)):
        found = []
        for images in [range(len(score))] if is_dynamic else [[i] for i in range(len(score))]:
            part = slice(images[0], images[-1] + 1)
            rows = literal_greedy(
                values[part], taken[part], num_wanted, options.radius, options.unit
            )
            found += [[images[0] + image, *centre] for image, *centre in rows]
        block(taken, found, options.radius, options.unit)
        picks += found
    return picks


def block(taken, picks, radius, unit):
    """Block what picks block, in place."""
    reach = {"region": 2 * radius, "pixel": radius}[unit]
    for image, row, column in picks:
        rows = slice(max(row - reach, 0), row + reach + 1)
        taken[image, rows, max(column - reach, 0) : column + reach + 1] = True


@st.composite
def pools(draw, max_images):
    """Scores (N,H,W) float32 or float64, and blocked (N,H,W)."""
    side = st.integers(1, 7)
    shape = (draw(st.integers(1, max_images)), draw(side), draw(side))
    values = draw(st.sampled_from([FEW_VALUES, ANY_VALUE, EXTREME_VALUE]))
    score = draw(arrays(draw(st.sampled_from([np.float32, np.float64])), shape, elements=values))
    blocked = draw(arrays(np.bool_, shape, elements=st.sampled_from([False, False, True])))
    return score, blocked
