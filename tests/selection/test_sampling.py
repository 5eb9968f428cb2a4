"""Rounds over files whose queries are drawn, by the allocations and whatever the threads."""

import numpy as np
import pytest

from cbda.acquisition.choice import SAMPLINGS, Choice
from cbda.acquisition.methods import ResolvedMethod
from cbda.errors import UserError
from cbda.selection import sampling
from cbda.selection.round import Round
from tests.pools import make_pool, write_scores
from tests.selection.rounds import acquire, changed, read, summary_of

SHAPE = (6, 24, 30)
ROUND = Round(
    ResolvedMethod(allocation="dynamic", radius=1),
    budget=0.2,
    rounds=2,
    number=1,
    seed=5,
    num_classes=2,
)
DRAWN = [name for name in SAMPLINGS if name != "best"]
IDS = [f"image{index}" for index in range(SHAPE[0])]


@pytest.fixture
def queries(tmp_path):
    """What a round asks for, as rows of image, row and column."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, SHAPE).astype(np.uint8)
    oracle = make_pool(tmp_path / "pool", dict(zip(IDS, labels, strict=True)), 2)
    score = rng.normal(size=SHAPE).astype(np.float32)
    prediction = rng.integers(0, 2, SHAPE).astype(np.uint8)
    path = write_scores(tmp_path / "scores.h5", IDS, score, prediction, 2, 1)

    def run(round_, labels=None, num_threads=1):
        out = tmp_path / f"labels{len(list(tmp_path.iterdir()))}.h5"
        acquire(oracle, path, round_, labels, out, num_threads)
        return out, read(out, "query")[:, 1:].tolist()

    return run


def with_choice(**keys):
    return changed(ROUND, choice=Choice(**keys))


@pytest.mark.parametrize("balance", ["none", "consumed"])
@pytest.mark.parametrize("allocation", ["per_image", "dynamic", "stratified"])
@pytest.mark.parametrize("sampling", ["power", "softmax", "softrank"])
def test_beta_without_end_is_the_plain_choice_pick_for_pick(queries, sampling, allocation, balance):
    plain = queries(changed(ROUND, allocation=allocation, balance=balance))[1]
    for beta in (1e25, float("inf")):
        choice = Choice(sampling=sampling, beta=beta)
        drawn = changed(ROUND, allocation=allocation, balance=balance, choice=choice)
        assert queries(drawn)[1] == plain


@pytest.mark.parametrize("allocation", ["per_image", "dynamic", "stratified"])
@pytest.mark.parametrize("sampling", DRAWN)
def test_queries_go_by_the_seed_and_not_by_the_threads(queries, sampling, allocation):
    round_ = changed(with_choice(sampling=sampling), allocation=allocation)
    found = [queries(round_, num_threads=number)[1] for number in (1, 2, 5)]
    assert found[0] == found[1] == found[2]
    other = queries(changed(round_, seed=6))[1]
    assert other != found[0]
    assert len(other) == len(found[0])


def test_ranks_of_a_pool_are_not_those_of_its_images(queries):
    """Half of all queries at the top of the pool are not half of every image."""
    choice = {"sampling": "top", "top_fraction": 0.3}
    assert (
        queries(with_choice(**choice))[1]
        != queries(changed(with_choice(**choice), allocation="per_image"))[1]
    )


def test_label_file_knows_how_its_queries_were_drawn(queries):
    path, _ = queries(with_choice(sampling="power", beta=2.0))
    assert summary_of(path).choice == "--beta 2.0 --sampling power"
    with pytest.raises(UserError, match=r"method is .*--sampling power, this run has"):
        queries(changed(ROUND, number=2), labels=path)


def test_quota_has_no_sampling_whose_numbers_are_no_logarithms():
    with pytest.raises(UserError, match="'quota' has no sampling 'top'; allowed: best, power"):
        changed(ROUND, balance="quota", choice=Choice(sampling="top"))


def test_drawn_queries_need_a_seed():
    with pytest.raises(UserError, match="seed -1: allowed are 0 and above for drawn queries"):
        changed(ROUND, seed=-1, choice=Choice(sampling="power"))


def test_a_large_pool_is_ranked_by_some_of_its_images(monkeypatch):
    monkeypatch.setattr(sampling, "COUNTED_PX", 3 * 4 * 5)
    monkeypatch.setattr(sampling, "MIN_COUNTED", 2)
    seen = []

    def read(image):
        seen.append(image)
        return np.full((4, 5), image, np.float32), np.zeros((4, 5), np.bool_)

    ranks = sampling._pool_ranks(read, (9, 4, 5), 1)
    assert seen == [0, 3, 6]
    assert ranks.num_ranked == 9 * 20
