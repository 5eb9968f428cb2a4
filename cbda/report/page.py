"""The page: tables and figures as one HTML file that asks for nothing from elsewhere."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cbda.report.differences import Comparison, is_clear
from cbda.report.provenance import PhaseTime
from cbda.results.pairs import PairedTest
from cbda.results.runs import PERCENT


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        caption: what it shows; also what is read aloud instead.
        content: of its file.
        kind: media type of the content.
    """

    caption: str
    content: bytes
    kind: str = "image/svg+xml"

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

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template_path.read_text(encoding="utf-8")).render(content)


def table_rows(table: pd.DataFrame, baseline: str) -> list[dict[str, Any]]:
    """The main table as texts; the baseline has no difference to itself.

    `subset` and `subset_diff`, of the mIoU over some classes, are there if the table has it.
    """
    metrics = {"miou": "mIoU", "subset": "mIoU_subset", "worst_iou": "worst_class_IoU"}
    rows = []
    previous = None
    for row in table.to_dict("records"):
        texts = {
            "method": row["method"],
            "budget": percent_of(str(row["budget"])),
            "num_seeds": row["num_seeds"],
            "worst": row["worst_class"],
            "acquired": number(PERCENT * row["acquired_fraction"]),
            "void": number(PERCENT * row["void_fraction"]),
            "entropy": number(row["acquired_entropy"], 3),
            "starts_group": row["budget"] != previous,
        }
        for short, name in metrics.items():
            if f"{name}_mean" not in row:
                continue
            texts[short] = with_spread(row[f"{name}_mean"], row[f"{name}_std"])
            difference = with_spread(row[f"{name}_diff_mean"], row[f"{name}_diff_std"], sign="+")
            texts[f"{short}_diff"] = "" if row["method"] == baseline else difference
        rows.append(texts)
        previous = row["budget"]
    return rows


def comparison_rows(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Differences to the baseline as texts, sorted by budget."""
    rows: list[dict[str, Any]] = []
    for item in sorted(comparisons, key=lambda item: float(item.budget)):
        budget = percent_of(item.budget)
        published = item.published or {}
        row: dict[str, Any] = {
            "method": item.method,
            "budget": budget,
            "num_seeds": item.num_seeds,
            "published_miou": number(published.get("mIoU", math.nan), sign="+"),
            "published_worst": number(published.get("worst_class_IoU", math.nan), sign="+"),
            "starts_group": not rows or rows[-1]["budget"] != budget,
        }
        for short, measure in (("miou", "mIoU"), ("worst", "worst_class_IoU")):
            test = item.tests[measure]
            row[short] = with_spread(test.diff_mean, test.diff_std, sign="+")
            row[f"{short}_interval"] = interval(test)
            row[f"{short}_p"] = p_value(test.p_t)
            row[f"{short}_higher"] = f"{item.num_higher[measure]} of {item.num_seeds}"
            row[f"{short}_clear"] = is_clear(item, measure)
        rows.append(row)
    return rows


def time_rows(times: Sequence[PhaseTime]) -> list[dict[str, Any]]:
    """Times by phase as texts, the costliest first."""
    return [
        {
            "phase": item.phase,
            "num_jobs": item.num_jobs,
            "total": duration(item.total_s),
            "longest": duration(item.longest_s),
            "peak": f"{item.peak_mib:,.0f}",
        }
        for item in sorted(times, key=lambda item: -item.total_s)
    ]


def percent_of(budget: str) -> str:
    """A budget in percent; a reference has none."""
    return "-" if budget == "-" else f"{PERCENT * float(budget):g}"


def with_spread(mean: float, spread: float, sign: str = "") -> str:
    """Mean and spread with one decimal; empty if there is no mean."""
    if math.isnan(mean):
        return ""
    return number(mean, sign=sign) + ("" if math.isnan(spread) else f" ± {spread:.1f}")


def interval(test: PairedTest) -> str:
    """The interval of a mean difference; empty if there is none."""
    if math.isnan(test.ci_low):
        return ""
    return f"{number(test.ci_low, sign='+')} to {number(test.ci_high, sign='+')}"


def p_value(p: float) -> str:
    """Three decimals; empty if there is none."""
    return "< 0.001" if p < 0.001 else number(p, 3)


def number(value: float, decimals: int = 1, sign: str = "") -> str:
    """A number as text; empty if there is none."""
    return "" if math.isnan(value) else f"{value:{sign}.{decimals}f}"


def duration(seconds: float) -> str:
    """A duration in the two units that say most."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"
