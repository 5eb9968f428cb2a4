"""Differences that the CBDA paper reports, to stand beside those measured here.

Abstract and project page of arXiv 2311.14146: GTAV to Cityscapes, CBDA minus region acquisition,
in percentage points by budget. Absolute values are not known.
"""

import math

SETTING = "GTAV to Cityscapes, arXiv 2311.14146"
METHOD, BASELINE = "cbda", "ra"
DIFFERENCES = {
    "mIoU": {0.05: 0.6, 0.1: 1.7, 0.2: 2.4},
    "worst_class_IoU": {0.05: 0.5, 0.1: 2.9, 0.2: 4.6},
}


def differences(method: str, budget: str, baseline: str) -> dict[str, float]:
    """By measure; NaN where the paper reports nothing."""
    known = (method, baseline) == (METHOD, BASELINE)
    fraction = float(budget) if known else math.nan
    return {name: points.get(fraction, math.nan) for name, points in DIFFERENCES.items()}
