"""Differences that the CBDA paper reports, to stand beside those measured here.

Abstract and project page of arXiv 2311.14146: GTAV to Cityscapes, CBDA minus region acquisition,
in percentage points. Absolute values are not known.
"""

SETTING = "GTAV to Cityscapes, arXiv 2311.14146"
METHOD, BASELINE = "cbda", "ra"
MIOU = {0.05: 0.6, 0.1: 1.7, 0.2: 2.4}
WORST_CLASS_IOU = {0.05: 0.5, 0.1: 2.9, 0.2: 4.6}
