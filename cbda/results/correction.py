"""p values of many tests that are read together."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SIGNIFICANT = 0.05


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p values (n,) by Holm's step-down method, valid under any dependence.

    NaN, of a test that could not be made, stays, and is none of the family.
    """
    corrected = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1)
    return corrected


def correct(p_values: "pd.Series[float]", families: list[object]) -> "pd.Series[float]":
    """Correct p values by Holm within each family, a name per row."""
    groups = p_values.groupby(pd.Series(families, p_values.index, dtype=object), sort=False)
    return groups.transform(lambda family: holm(family.to_numpy(dtype=np.float64)))
