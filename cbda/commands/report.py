"""Draw all runs: figures as SVG and PNG, and one HTML page that holds everything."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.commands.common import (
    add_dataset_options,
    add_feature_option,
    open_dataset,
    open_features,
)
from cbda.commands.options import add_class_option
from cbda.commands.tabulate import add_run_options, load_runs
from cbda.errors import UserError
from cbda.settings.compute import ComputeSettings
from cbda.settings.options import add_options
from cbda.settings.tables import ReportSettings

if TYPE_CHECKING:
    from cbda.report.page import Section

GALLERY_FIELDS = ("METHOD", "SCORER", "MODEL", "LABELS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add_run_options(parser)
    add("--baseline", required=True, help="method that differences are taken to")
    add_class_option(parser)
    add_dataset_options(parser, "target")
    add_feature_option(parser, "target")
    add("--target-report", type=Path, help="report of `cbda data check` on the pool")
    many: dict[str, Any] = {"action": "append", "default": []}
    target = "a balanced method and the class shares it aims at, or `uniform`"
    add("--balance-target", nargs="+", metavar="WORD", help=target, **many)
    arm = "a method to show: checkpoint that scored its last round, final one, labels"
    add("--gallery", nargs=len(GALLERY_FIELDS), metavar=GALLERY_FIELDS, help=arm, **many)
    add("--gallery-budget", default="", help="budget of the gallery's methods")
    add_options(parser, "", ReportSettings)
    add("--config", default="{}", help="the configuration, as JSON")
    add("--benchmarks", type=Path, help="folder with the .tsv files of the jobs")
    add("--template", type=Path, required=True, help="HTML to fill")
    add_options(parser, "", ComputeSettings)
    add("--out", type=Path, required=True, help="report.html")
    add("--out-figures", type=Path, required=True, help="folder of the figures")


def run(args: argparse.Namespace) -> None:
    """Load, draw, save."""
    from cbda.files.json_files import read_json, write_text
    from cbda.report.chapters import draw_figures
    from cbda.report.contents import page_content
    from cbda.report.experiment import Experiment
    from cbda.report.page import render_page

    pool_report = {} if args.target_report is None else read_json(args.target_report)
    experiment = Experiment(
        runs=load_runs(args),
        baseline=args.baseline,
        classes=args.classes,
        pool_counts=pool_report.get("class_counts"),
        balance_targets={words[0]: words[1:] for words in args.balance_target},
        config=_parse_config(args.config),
        benchmarks=args.benchmarks,
    )
    sections = draw_figures(experiment, args.out_figures)
    if args.gallery and args.gallery_images:
        sections.append(_draw_gallery(args))
    write_text(args.out, render_page(args.template, **page_content(experiment, sections)))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


def _parse_config(text: str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise UserError(f"--config: not JSON ({error})") from error
    if not isinstance(config, dict):
        raise UserError("--config: not a JSON object")
    return config


def _draw_gallery(args: argparse.Namespace) -> "Section":
    from cbda.compute.devices import prepare_device
    from cbda.report.gallery import Arm, draw_gallery
    from cbda.report.page import Section, percent_of

    device = prepare_device(args.device, args.threads, args.deterministic)
    arms = [Arm(words[0], *map(Path, words[1:])) for words in args.gallery]
    pool = open_dataset(args, "target", args.classes)
    features = open_features(args, "target", pool)
    pictures = draw_gallery(arms, pool, features, args.gallery_images, device, args.out_figures)
    budget = args.gallery_budget
    title = f"Gallery at a budget of {percent_of(budget)} %" if budget else "Gallery"
    return Section("gallery", title, pictures)
