"""Draw all runs: figures as SVG and PNG, and one HTML page that holds everything."""

import argparse
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.acquisition.methods import BUDGET_UNITS
from cbda.commands.common import (
    add_dataset_options,
    add_feature_option,
    open_dataset,
    open_features,
    read_report,
)
from cbda.commands.options import add_class_option, add_network_option
from cbda.commands.tabulate import add_run_options, given_rows, load_runs, read_sheet
from cbda.errors import UserError
from cbda.settings.compute import ComputeSettings
from cbda.settings.options import add_options, from_options
from cbda.settings.tables import AnalyseSettings, ReportSettings

if TYPE_CHECKING:
    from cbda.report.page import Section
    from cbda.report.style import Names

GALLERY_FIELDS = ("METHOD", "SCORER", "MODEL", "LABELS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add_run_options(parser)
    add("--baseline", required=True, help="method that differences are taken to")
    add_class_option(parser)
    add_dataset_options(parser, "target")
    add_feature_option(parser, "target")
    many: dict[str, Any] = {"action": "append", "default": []}
    shown = "name of a method or reference on figures and page"
    add("--shown-as", nargs=2, metavar=("METHOD", "NAME"), help=shown, **many)
    target = "a balanced method and the class shares it aims at, or `uniform`"
    add("--balance-target", nargs="+", metavar="WORD", help=target, **many)
    arm = "a method to show: checkpoint that scored its last round, final one, labels"
    add("--gallery", nargs=len(GALLERY_FIELDS), metavar=GALLERY_FIELDS, help=arm, **many)
    add_network_option(parser)
    add("--gallery-budget", default="", help="budget of the gallery's methods")
    units = f"what budgets count: {', '.join(BUDGET_UNITS)} (default: fraction, of all pixels)"
    add("--budget-unit", default="fraction", help=units)
    add_options(parser, "", ReportSettings)
    add("--curve", type=Path, help="learning_curve.csv, without which no curve is drawn")
    add_options(parser, "analyse", AnalyseSettings)
    add("--saturation", type=float, default=math.inf, help="as of `cbda tabulate` (default: inf)")
    add("--config", default="{}", help="the configuration, as JSON")
    add("--benchmarks", type=Path, help="folder with the .tsv files of the jobs")
    add("--template", type=Path, required=True, help="HTML to fill")
    add_options(parser, "", ComputeSettings)
    add("--out", type=Path, required=True, help="report.html")
    add("--out-figures", type=Path, required=True, help="folder of the figures")


def run(args: argparse.Namespace) -> None:
    """Load, draw, save."""
    _import_matplotlib()
    from cbda.files.json_files import write_text
    from cbda.report.budgets import BudgetUnit
    from cbda.report.chapters import draw_figures
    from cbda.report.contents import page_content
    from cbda.report.experiment import Experiment
    from cbda.report.page import render_page
    from cbda.results.curves import read_curve
    from cbda.results.environments import describe_making

    sheet, ledger = read_sheet(args)
    experiment = Experiment(
        runs=load_runs(args, sheet),
        rows=given_rows(args, sheet),
        baseline=args.baseline,
        classes=args.classes,
        pool_counts=read_report(args, "target").get("class_counts"),
        balance_targets={words[0]: words[1:] for words in args.balance_target},
        config=_parse_config(args.config),
        benchmarks=args.benchmarks,
        made_with=describe_making(sheet, ledger),
        curve=None if args.curve is None else read_curve(args.curve),
        analyse=from_options(args, "analyse", AnalyseSettings),
        names=_distinct_names(args.shown_as),
        budget_unit=BudgetUnit(args.budget_unit),
        saturation=args.saturation,
    )
    sections = draw_figures(experiment, args.out_figures)
    if args.gallery and args.gallery_images:
        sections.append(_draw_gallery(args, experiment.names))
    write_text(args.out, render_page(args.template, **page_content(experiment, sections)))
    num_figures = sum(len(section.pictures) for section in sections)
    size = f"{args.out.stat().st_size / 1e6:.1f} MB"
    print(f"{args.out}: {size}; {num_figures} figures in {args.out_figures}, as SVG, PNG and PDF")


def _import_matplotlib() -> None:
    """Have matplotlib read the user's settings, of which the figures follow none."""
    os.environ.pop("MPLBACKEND", None)  # an unknown one would stop the import
    try:
        import matplotlib  # noqa: F401
    except UnicodeDecodeError as error:
        raise UserError(f"a matplotlibrc of yours is not UTF-8 text: {error.reason}") from error


def _distinct_names(pairs: list[list[str]]) -> "Names":
    """Names to show; a `UserError` if two methods have the same."""
    from cbda.report.style import Names

    shown: dict[str, str] = {}
    for method, name in pairs:
        if shown.setdefault(name, method) != method:
            raise UserError(f"--shown-as: {shown[name]} and {method} are both shown as {name!r}")
    return Names(pairs)


def _parse_config(text: str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise UserError(f"--config: not JSON ({error})") from error
    if not isinstance(config, dict):
        raise UserError("--config: not a JSON object")
    return config


def _draw_gallery(args: argparse.Namespace, names: "Names") -> "Section":
    from cbda.compute.devices import prepare_device
    from cbda.report.budgets import BudgetUnit
    from cbda.report.gallery import Arm, draw_gallery
    from cbda.report.page import Section

    device = prepare_device(args.device, args.threads, args.deterministic)
    arms = [Arm(words[0], *map(Path, words[1:])) for words in args.gallery]
    pool = open_dataset(args, "target", args.classes)
    features = open_features(args, "target", pool)
    chosen = (args.gallery_images, device, args.out_figures, args.network, names)
    pictures = draw_gallery(arms, pool, features, *chosen)
    budget = args.gallery_budget
    title = "Gallery"
    if budget:
        title += f" at a budget of {BudgetUnit(args.budget_unit).phrase(budget)}"
    return Section("gallery", title, pictures)
