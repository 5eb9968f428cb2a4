"""Reference implementation: the definitions executed word by word, and small pools to try on."""

import math

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

SETTINGS = settings(max_examples=100, deadline=None, derandomize=True, database=None)
FEW_VALUES = st.sampled_from([-1.0, -0.0, 0.0, 0.25, 1.0])  # many ties
ANY_VALUE = st.floats(-2, 2, width=32)
EXTREME_VALUE = st.floats(allow_nan=False, allow_infinity=False, width=32)
units = st.sampled_from(["region", "pixel"])


def reference_weigh(score, prediction, weights):
    """Scores (N,H,W) that a weight never raises; a class of weight 0 is last by its own scores."""
    weight = np.where((score > 0) & (weights[prediction] > 0), weights[prediction], 1)
    keys = list(zip((weights[prediction] > 0).flat, (score * weight).flat, strict=True))
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], np.float64).reshape(score.shape)


def reference_greedy(score, blocked, num_queries, radius, unit):
    """The definition, over a stack (N,H,W): the highest free score, ties by image, column, row."""
    taken = blocked.copy()
    picks: list[list[int]] = []
    places = zip(np.ndindex(score.shape), score.ravel().tolist(), strict=True)
    for _, image, column, row in sorted((-value, i, x, y) for (i, y, x), value in places):
        if len(picks) < num_queries and not taken[image, row, column]:
            picks.append([image, row, column])
            block(taken, picks[-1:], radius, unit)
    return picks


def reference_round(score, blocked, round_):
    """Queries of a round, (image, row, column) in pick order: the best, then those at random."""
    noise = np.stack(
        [
            np.random.default_rng([round_.seed, 7, round_.number, image]).random(score.shape[1:])
            for image in range(len(score))
        ]
    )
    taken, method = blocked.copy(), round_.method
    is_dynamic = method.allocation == "dynamic"
    num = round_.num_queries(score.shape)
    num_random = math.floor(method.random_fraction * num + 0.5)
    picks: list[list[int]] = []
    for values, num_wanted in ((score, num - num_random), (noise, num_random)):
        found = []
        for images in [range(len(score))] if is_dynamic else [[i] for i in range(len(score))]:
            part = slice(images[0], images[-1] + 1)
            rows = reference_greedy(
                values[part], taken[part], num_wanted, method.radius, method.unit
            )
            found += [[images[0] + image, *centre] for image, *centre in rows]
        block(taken, found, method.radius, method.unit)
        picks += found
    return picks


def block(taken, picks, radius, unit):
    """Block what picks block, in place."""
    reach = {"region": 2 * radius, "pixel": radius}[unit]
    for image, row, column in picks:
        rows = slice(max(row - reach, 0), row + reach + 1)
        taken[image, rows, max(column - reach, 0) : column + reach + 1] = True


def reference_quota(score, prediction, blocked, num_queries, radius, unit, share_px, used_px):
    """The choice by quota, step by step over a stack (N,H,W)."""
    cost = {"region": (2 * radius + 1) ** 2, "pixel": 1}[unit]
    taken, used, share = blocked.copy(), used_px.tolist(), share_px.tolist()
    values, labels = score.astype(np.float64).tolist(), prediction.tolist()
    picks: list[list[int]] = []
    while len(picks) < num_queries and not taken.all():
        ranked = []
        for image, row, column in np.argwhere(~taken).tolist():
            label, weighted_score = labels[image][row][column], values[image][row][column]
            is_open = used[label] < share[label]
            if is_open and weighted_score > 0:
                weighted_score *= 1 - used[label] / share[label]
            ranked.append((not is_open, -weighted_score, image, column, row))
        _, _, image, column, row = min(ranked)
        picks.append([image, row, column])
        used[labels[image][row][column]] += cost
        block(taken, picks[-1:], radius, unit)
    return picks


@st.composite
def pools(draw, max_images):
    """Scores (N,H,W) float32 or float64, and blocked (N,H,W)."""
    side = st.integers(1, 7)
    shape = (draw(st.integers(1, max_images)), draw(side), draw(side))
    values = draw(st.sampled_from([FEW_VALUES, ANY_VALUE, EXTREME_VALUE]))
    score = draw(arrays(draw(st.sampled_from([np.float32, np.float64])), shape, elements=values))
    blocked = draw(arrays(np.bool_, shape, elements=st.sampled_from([False, False, True])))
    return score, blocked
