"""Scores that are drawn from, in place of taking the highest: see `cbda.acquisition.sampling`."""

from functools import reduce

import numpy as np

from cbda.acquisition.noise import Gumbel
from cbda.acquisition.ranks import Counts, Ranks, count, no_counts
from cbda.acquisition.sampling import compete, find_utility, goes_by_rank
from cbda.compute.parallel import ordered_map
from cbda.selection.allocation import Read
from cbda.selection.round import Round
from cbda.selection.units import FloatArray, Mask

COUNTED_PX = 1 << 27  # whose scores stand for those of the pool, of 64 images at least
MIN_COUNTED = 64


def sampled(read: Read, round_: Round, shape: tuple[int, int, int], num_threads: int) -> Read:
    """What reads the numbers by which pixels compete in a round, of what reads their scores.

    Ranks are within an image if every image has as many queries, else within the pool (N,H,W), of
    which up to 134 million pixels are read once more for them, of images at even distances.
    """
    choice = round_.method.choice
    utility = find_utility(choice)
    if utility is None:
        return read
    by_rank, per_image = goes_by_rank(utility), round_.method.allocation == "per_image"
    of_pool = _pool_ranks(read, shape, num_threads) if by_rank and not per_image else None

    def read_drawn(image: int) -> tuple[FloatArray, Mask]:
        score, excluded = read(image)
        of_image = Ranks(count(score, ~excluded)) if by_rank and per_image else of_pool
        noise = Gumbel(round_.seed, round_.number, image)
        return compete(utility, choice, score, of_image, noise), excluded

    return read_drawn


def _pool_ranks(read: Read, shape: tuple[int, int, int], num_threads: int) -> Ranks:
    """Ranks within the pool, or within images of it at even distances if it is large."""

    def count_image(image: int) -> Counts:
        score, excluded = read(image)
        return count(score, ~excluded)

    num_images, height, width = shape
    num_counted = min(num_images, max(COUNTED_PX // (height * width), MIN_COUNTED))
    images = np.linspace(0, num_images, num_counted, endpoint=False).astype(int).tolist()
    counts = ordered_map(count_image, images, num_threads)
    return Ranks(reduce(np.add, counts, no_counts()), num_counted / num_images)
