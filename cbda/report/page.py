"""The page: tables and figures as one HTML file that asks for nothing from elsewhere."""

import base64
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbda.datasets.digest import require_regular
from cbda.files.benchmarks import duration
from cbda.results.pairs import PairedTest
from cbda.results.runs import PERCENT


@dataclass(frozen=True)
class Picture:
    """A figure of the page, with the media type of its file's content."""

    name: str  # of its files, and of its place on the page
    caption: str
    seen: str  # what it shows, which is read aloud in its place
    content: bytes
    kind: str = "image/svg+xml"
    share: float = 1.0  # of the width of the page

    @property
    def source(self) -> str:
        """The file as an address that holds all of it."""
        return f"data:{self.kind};base64,{base64.b64encode(self.content).decode('ascii')}"


@dataclass(frozen=True)
class Section:
    """A chapter of figures."""

    anchor: str
    title: str
    pictures: list[Picture]


def render_page(template_path: Path, **content: Any) -> str:
    """Fill the template; text is escaped, and a name that is missing is an error."""
    import jinja2

    require_regular(template_path)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"spread": with_spread, "interval": interval}
    environment.filters |= {"percent_interval": percent_interval}
    environment.filters |= {"p_value": p_value, "number": number, "duration": duration}
    return environment.from_string(template_path.read_text(encoding="utf-8")).render(content)


def with_spread(mean: float, spread: float, sign: str = "", decimals: int = 1) -> str:
    """Mean and spread, with one decimal unless others are given; empty if there is no mean."""
    known = "" if math.isnan(spread) else f" ± {spread:.{decimals}f}"
    return "" if math.isnan(mean) else f"{mean:{sign}.{decimals}f}{known}"


def interval(test: PairedTest) -> str:
    """The interval of a mean difference; empty if there is none."""
    return "" if math.isnan(test.ci_low) else f"{test.ci_low:+.1f} to {test.ci_high:+.1f}"


def percent_interval(row: dict[str, float]) -> str:
    """The interval of a mean share, in percent."""
    low, high = PERCENT * row["ci_low"], PERCENT * row["ci_high"]
    return interval(PairedTest(ci_low=low, ci_high=high))


def p_value(p: float) -> str:
    """Three decimals; empty if there is none."""
    return "< 0.001" if p < 0.001 else number(p, 3)


def number(value: float, decimals: int = 1, sign: str = "") -> str:
    """A number as text; empty if there is none."""
    return "" if math.isnan(value) else f"{value:{sign}.{decimals}f}"
