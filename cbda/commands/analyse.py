"""Learning curves, areas below them, ranks, and tables for a paper, of all runs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbda.commands.options import add_output_option, output_files
from cbda.errors import UserError
from cbda.settings.options import add_options, from_options, whole_number
from cbda.settings.tables import AnalyseSettings, TabulateSettings

if TYPE_CHECKING:
    from cbda.results.runs import Run
    from cbda.results.sheet import Row
    from cbda.results.windows import WindowCounts

FORMAT: dict[str, Any] = {"index": False, "float_format": "%.6f", "lineterminator": "\n"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--runs", type=Path, required=True, help="runs.csv")
    add_options(parser, "", TabulateSettings, required=("baseline",))
    add_options(parser, "analyse", AnalyseSettings)
    add("--threads", type=whole_number(1), help="images read at a time (default: all cores)")
    add("--out-areas", type=Path, required=True, help="areas.csv: curves compared")
    add("--out-penalties", type=Path, required=True, help="penalties.csv: who beats whom")
    add("--out-ranks", type=Path, required=True, help="ranks.csv: ranks and their stability")
    add("--out-markdown", type=Path, required=True, help="main_results.md")
    add("--out-latex", type=Path, required=True, help="main_results.tex")
    add_output_option(parser, "learning_curve.csv")


def run(args: argparse.Namespace) -> None:
    """Load every run that is there, compare, save."""
    from cbda.files.json_files import write_text
    from cbda.results.agreement import require_agreement
    from cbda.results.areas import area_table
    from cbda.results.curves import find_curves, learning_curve
    from cbda.results.main_results import as_latex, as_markdown, main_results
    from cbda.results.pairs import with_p_values_as_text
    from cbda.results.ranks import acquired_results, penalty_matrix, rank_table
    from cbda.results.runs import load_run
    from cbda.results.saturation import saturated_budgets
    from cbda.results.sheet import evaluated, read_rows

    settings = from_options(args, "analyse", AnalyseSettings)
    sheet = read_rows(args.runs)
    require_agreement(args.runs, sheet, "curves")
    runs = [load_run(row) for row in evaluated(sheet)]
    found = [run for run in runs if run.evaluation is not None]
    if not found:
        raise UserError(f"{args.runs}: no run of it has a result")
    curve = learning_curve(_measured(found, sheet, args.threads), settings.clicks)
    curves = find_curves(curve, settings.axis)
    others = list(dict.fromkeys([args.baseline, *args.comparators]))
    areas = area_table(curves, runs, settings.axis, settings.axis_scale, others)
    saturated = saturated_budgets(runs, args.saturation)
    values = acquired_results(runs, saturated)
    main = main_results(runs, curve, args.baseline, saturated)
    write_text(args.out_areas, with_p_values_as_text(areas).to_csv(**FORMAT))
    write_text(args.out_ranks, rank_table(values, settings.resamples).to_csv(**FORMAT))
    penalties = penalty_matrix(values).rename_axis("method").reset_index()
    write_text(args.out_penalties, penalties.to_csv(**FORMAT))
    write_text(args.out_markdown, as_markdown(main))
    write_text(args.out_latex, as_latex(main))
    write_text(args.out, curve.to_csv(**FORMAT))
    print(as_markdown(main))
    others = [path for path in output_files(args) if path != args.out]
    print(f"{args.out}: curves of {len(found)} runs; with {', '.join(map(str, others))}")


def _measured(
    runs: "list[Run]", sheet: "list[Row]", num_threads: int | None
) -> "list[tuple[Run, WindowCounts, dict[int, dict[str, Any]]]]":
    """Runs that acquired, each with its windows and with those evaluations that are there."""
    from cbda.compute.parallel import available_threads
    from cbda.files.json_files import read_evaluation
    from cbda.files.labels import LabelFile
    from cbda.results.sheet import NONE
    from cbda.results.windows import count_windows

    threads, measured = num_threads or available_threads(), []
    for run in (run for run in runs if run.labels is not None):
        key = (run.method, run.budget, str(run.seed))
        rows = [row for row in sheet if row[:3] == key]
        files = {int(row.round): Path(row.round_evaluation) for row in rows}
        there = {number: read_evaluation(p) for number, p in files.items() if p.is_file()}
        (last,) = (row for row in rows if row.evaluation != NONE)
        with LabelFile.open(Path(last.labels)) as labels:
            counts = count_windows(labels, threads)
        measured.append((run, counts, {**there, int(last.round): run.evaluation or {}}))
    return measured
