"""What is made of finished runs, and the estimate of their costs."""

from typing import Annotated

from pydantic import Field

from cbda.settings.paths import Expanded
from cbda.settings.section import Count, Distinct, Section


class PlanSettings(Section):
    """Estimate of what the experiment costs."""

    measured: Annotated[str, Expanded] = ""
    """metrics.json of a training with these settings on the machine that will compute, which gives
    the seconds per iteration; empty leaves times out."""
    num_concurrent: Count = 1
    """Jobs that will run at a time, such as GPUs; each may hold a score file."""


class TabulateSettings(Section):
    """The tables."""

    baseline: str = "ra"
    """Method to which differences are taken, paired by seed; one of experiment.methods."""
    comparators: Distinct[str] = ("random", "random_class", "random_pixel")
    """Methods that every method is compared with beside the baseline; those that are not in
    experiment.methods are left out."""


class ReportSettings(Section):
    """The page of figures."""

    gallery_images: Annotated[int, Field(ge=0, le=20)] = 3
    """Images of the pool that are shown under every method, at the largest budget and the first
    seed."""
