"""Independent random streams of the one seed of a run."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What the numbers of a stream are for."""

    SOURCE_ORDER = 1
    TARGET_ORDER = 2
    AUGMENTATION = 3
    WEIGHTS = 4
    DROPOUT = 5
    RANDOM_SCORE = 6
    RANDOM_QUERY = 7
    SAMPLING = 8
    VIEWS = 9
    DIVERSITY = 10


def derive_seed(seed: int, stream: Stream, *path: int) -> int:
    """A 63-bit seed of an independent stream, for torch generators."""
    state = np.random.SeedSequence([seed, stream, *path]).generate_state(1, np.uint64)
    return int(state[0] >> 1)
