"""What a method may be told beside its score, unit, allocation and balance; each key once."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from cbda.settings.options import to_options
from cbda.settings.section import Section, one_of

SAMPLINGS_FOLDER = Path(__file__).with_name("samplings")  # a file in it is a sampling
BEST = "best"
SAMPLINGS = (BEST, *sorted(path.stem for path in SAMPLINGS_FOLDER.glob("[!_]*.py")))


class Choice(Section):
    """How the queries of a round are drawn; what is left out is plain."""

    sampling: Annotated[str, one_of(*SAMPLINGS)] = BEST
    """best takes the highest scores. power, softmax and softrank draw pixels with probabilities by
    score, its exponential, and its rank; top draws evenly among the highest scores."""
    beta: Annotated[float, Field(ge=0, allow_inf_nan=True)] = 1.0
    """Coldness of power, softmax and softrank: 0 draws at random, and the larger it is, the nearer
    they come to best."""
    top_fraction: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Of the free pixels, among which top draws."""
    free_share: Annotated[float, Field(ge=0, le=1)] = 0.34
    """Of the queries, which stratified gives to no class."""

    @property
    def words(self) -> str:
        """All that is not plain, as options; empty if nothing is."""
        return " ".join(to_options("", self.model_dump(exclude_defaults=True)))


class Views(Section):
    """The views of an image that some scores go by."""

    num_views: Annotated[int, Field(ge=2)] = 8
    """Of an image, for scores of dropout or of shifted views."""


PLAIN = Choice()
USUAL = Views()
