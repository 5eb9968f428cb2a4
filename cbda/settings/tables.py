"""What is made of finished runs, and the estimate of their costs."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat

from cbda.settings.paths import Expanded
from cbda.settings.section import Count, Distinct, Section, one_of


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
    """Method to which differences are taken, paired by seed; one of experiment.methods, unless
    nothing is measured as datasets.val.root is empty."""
    comparators: Distinct[str] = ("random", "random_class", "random_pixel")
    """Methods that every method is compared with beside the baseline; those that are not in
    experiment.methods are left out."""
    saturation: PositiveFloat = 0.99
    """Share of the mIoU of full supervision from which on random labels leave nothing to tell
    methods apart by: the table marks such budgets, and means over budgets leave them out."""


class ClickSettings(Section):
    """What an annotator's work costs, in clicks: a sum over all queries."""

    per_query: NonNegativeFloat = 0.0
    """For every query, whatever is in its window."""
    per_class: NonNegativeFloat = 1.0
    """For every class in a window, void included."""
    per_mixed_px: NonNegativeFloat = 0.0
    """For every pixel of a window that holds several classes."""


class AnalyseSettings(Section):
    """Learning curves, areas below them, ranks, and the tables of a paper."""

    axis: Annotated[str, one_of("pixels", "queries", "clicks")] = "pixels"
    """What labels are counted in, where curves are drawn and compared."""
    axis_scale: Annotated[str, one_of("linear", "log")] = "linear"
    """Scale of that axis, by which the area below a curve is weighed."""
    resamples: Count = 10_000
    """Draws of the seeds with replacement, by which the stability of ranks is told."""
    clicks: ClickSettings = ClickSettings()


class ReportSettings(Section):
    """The page of figures."""

    gallery_images: Annotated[int, Field(ge=0, le=20)] = 3
    """Images of the pool that are shown under every method, at the largest budget and the first
    seed."""
