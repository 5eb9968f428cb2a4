"""The effects of made-up runs are those that they were made with."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from evidence.design import BLOCKED_BY, FACTORS, SEEDS, block, fraction, level, name
from evidence.effects import design, effects_of, estimate, fit, main, parts_of

EFFECTS = {"unit": 1.5, "noise": 0.8, "start": 0.0, "allocation": -2.5, "balance": 0.3}
SCORES = {"ripu_exact": -1.0, "entropy": -3.0, "margin": 1.0}


def made_up(noise, effects=EFFECTS, scores=SCORES, seed=3, **shared):
    """All runs of the factorial: the sum of their parts, twice `unit_noise` for both, and noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for score, parity in product(BLOCKED_BY, SEEDS):
        for cell, seed in product(block(score, parity), SEEDS[parity]):
            value = 50 + scores[score] + 0.3 * seed
            value += sum(effects[part] * cell[part] / 2 for part in FACTORS)
            value += shared.get("unit_noise", 0.0) * cell["unit"] * cell["noise"] / 2
            row = {part: level(part, cell[part]) for part in FACTORS}
            rows.append({"score": score, "seed": seed, **row, "mIoU": value + noise * rng.normal()})
    for seed in [*SEEDS["even"], *SEEDS["odd"]]:
        plain = dict.fromkeys(FACTORS, "none") | {"score": "random", "seed": seed}
        rows.append({**plain, "mIoU": 49 + 0.3 * seed + noise * rng.normal()})
    return pd.DataFrame(rows)


def found(runs, *, over_seeds=False):
    """Estimates by effect."""
    table = effects_of(runs, "mIoU")
    return table[(table["family"] == "over_seeds") == over_seeds].set_index("effect")


def test_effects_without_noise_are_those_of_the_parts():
    table = found(made_up(1e-9, unit_noise=0.7))["estimate"]
    assert table[list(FACTORS)].to_dict() == pytest.approx(EFFECTS, abs=1e-6)
    assert table["unit x noise"] == pytest.approx(0.7)
    assert table["margin - entropy"] == pytest.approx(4)
    assert table["margin - ripu_exact"] == pytest.approx(2)
    assert table["ripu_exact - entropy"] == pytest.approx(2)
    assert table["noise, entropy"] == pytest.approx(0.8)
    assert table["margin - entropy without noise"] == pytest.approx(4)
    assert table["margin - random"] == pytest.approx(2)


def test_intervals_are_as_narrow_as_the_protocol_says():
    table = found(made_up(2.0))
    assert len(made_up(2.0)) == 150
    assert table.loc["unit", "half_width"] == pytest.approx(0.66, rel=0.2)
    assert table.loc["margin - entropy", "half_width"] == pytest.approx(0.81, rel=0.2)
    assert table.loc["unit", "detectable"] > table.loc["unit", "half_width"]
    assert abs(table["estimate"] - found(made_up(0.0001))["estimate"]).max() < 3


def test_p_is_holms_in_a_family():
    table = effects_of(made_up(2.0), "mIoU")
    main = table[table["family"] == "main"]
    assert len(main) == 8
    assert main["p_holm"].min() == pytest.approx(8 * main["p"].min())


def test_scores_differ_by_noise_as_they_were_made_to():
    runs, is_noisy_entropy = (
        made_up(1e-9),
        lambda runs: runs[["score", "noise"]].eq(["entropy", "power"]),
    )
    runs.loc[is_noisy_entropy(runs).all(axis=1), "mIoU"] += 3
    table = found(runs)["estimate"]
    assert table["margin - entropy with noise"] == pytest.approx(1)
    assert table["margin - entropy without noise"] == pytest.approx(4)
    assert table["margin - ripu_exact with noise"] == pytest.approx(2)


def test_error_over_groups_of_one_run_each_is_whites():
    x = np.column_stack([np.ones(6), [0, 1, 2, 3, 4, 9.0]])
    model = fit(x, np.array([1, 0, 2, 5, 3, 9.0]))
    middle = x.T @ np.diag(model.residuals**2) @ x
    expected = 6 / 4 * (model.inverse @ middle @ model.inverse)
    assert model.covariance_over(np.arange(6)) == pytest.approx(expected)


def test_effect_that_varies_by_seed_is_as_uncertain_as_few_seeds_make_it():
    runs = made_up(0.5)
    by_seed = runs["seed"].map(dict(zip(range(10, 16), (-2, 2, -1, 1, 2, -2), strict=True)))
    runs["mIoU"] += by_seed * (runs["unit"].eq("pixel") - 0.5)
    widths = [found(runs, over_seeds=each)["half_width"] for each in (False, True)]
    assert widths[1]["unit"] > 1.5 > 3 * widths[0]["unit"]
    assert widths[1]["noise"] < 0.5


def test_design_tells_all_effects_apart():
    x = design(made_up(0.0)[lambda runs: runs["score"] != "random"])
    assert x.shape == (144, 33)
    assert np.linalg.matrix_rank(x) == 33


def test_blocks_are_halves_of_the_fraction():
    assert len(fraction()) == 16
    for score in BLOCKED_BY:
        both = [*block(score, "even"), *block(score, "odd")]
        assert sorted(map(str, both)) == sorted(map(str, fraction()))


def test_names_are_read_back():
    cell = dict(zip(FACTORS, (1, -1, 1, 1, -1), strict=True))
    parts = parts_of(name("ripu_exact", cell))
    levels = {part: level(part, cell[part]) for part in FACTORS if part != "start"}
    assert parts == {"score": "ripu_exact", **levels}


def test_interval_is_students():
    row = estimate(1.0, 0.5, 10)
    assert row["half_width"] == pytest.approx(1.114, abs=1e-3)
    assert row["p"] == pytest.approx(0.0734, abs=1e-4)


def test_nothing_is_found_where_nothing_is():
    """In at most 5 % of studies is any of the primary effects, by Holm: 2 of 40, and some more."""
    found = 0
    for seed in range(40):
        runs = made_up(2.0, dict.fromkeys(EFFECTS, 0.0), dict.fromkeys(SCORES, 0.0), seed)
        table = effects_of(runs, "mIoU")
        found += int((table[table["family"] == "main"]["p_holm"] < 0.05).any())
    assert found <= 5


def test_effect_as_large_as_is_said_is_found_in_four_of_five():
    num_seen = 0
    for seed in range(40):
        runs = made_up(2.0, {**dict.fromkeys(EFFECTS, 0.0), "unit": 0.95}, SCORES, seed)
        row = found(runs)[["detectable", "p"]].loc["unit"]
        detectable, p = map(float, row)
        assert detectable == pytest.approx(0.95, rel=0.25)
        num_seen += p < 0.05
    assert 26 <= num_seen <= 38


def test_rows_say_what_they_are_of():
    table = found(made_up(2.0))
    assert table.loc["unit", "n"] == 144
    assert table.loc["margin - random", "n"] == 6
    assert found(made_up(2.0), over_seeds=True).loc["unit", "n"] == 6


def test_effects_of_no_run_are_refused(tables):
    with pytest.raises(SystemExit, match=r"evidence\.run parts_camvid"):
        main("camvid")
