"""Scores that are drawn from, in place of taking the highest: see `cbda.acquisition.sampling`."""

from functools import reduce

import numpy as np

from cbda.acquisition.choice import Choice
from cbda.acquisition.noise import Gumbel
from cbda.acquisition.ranks import Counts, Ranks, count, no_counts
from cbda.acquisition.sampling import NEGLIGIBLE, compete, find_utility, goes_by_rank
from cbda.compute.parallel import ordered_map
from cbda.selection.allocation import Read
from cbda.selection.quota import Groups, ReadClasses
from cbda.selection.round import Round
from cbda.selection.units import FloatArray, Mask

COUNTED_PX = 1 << 27  # whose scores stand for those of the pool, of 64 images at least
MIN_COUNTED = 64


def is_sampled(choice: Choice) -> bool:
    """Whether queries are drawn, in place of taking the highest scores."""
    return find_utility(choice) is not None


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


def drawn_by_class(read: ReadClasses, round_: Round) -> ReadClasses:
    """What `choose_quota` reads of drawn queries, of what reads their scores and classes.

    No weight holds back what scores 0 or less, nor anything where scores don't matter.
    """
    choice, num_classes = round_.method.choice, round_.num_classes
    utility = find_utility(choice)
    assert utility is not None

    def read_drawn(image: int) -> tuple[FloatArray, Groups, Mask]:
        score, prediction, excluded = read(image)
        is_free = (score <= 0) | (choice.beta < NEGLIGIBLE)
        noise = Gumbel(round_.seed, round_.number, image)
        group = prediction + np.uint16(num_classes) * is_free
        return compete(utility, choice, score, None, noise), group, excluded

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
