"""The figures of the report, in sections."""

from pathlib import Path

from matplotlib.figure import Figure

from cbda.report.classes import (
    STRONG,
    class_differences,
    colour_limit,
    heat_map_figure,
    shares_figure,
)
from cbda.report.courses import course_figure, read_courses
from cbda.report.curves import difference_figure, entropy_figure, result_figure
from cbda.report.experiment import Experiment
from cbda.report.learning import learning_figure, penalty_figure, rank_figure
from cbda.report.page import Picture, Section
from cbda.report.style import ONE_COLUMN, TWO_COLUMNS, drawing, save, write
from cbda.report.words import (
    at_budgets,
    extremes,
    from_to,
    last_losses,
    most_and_least,
    ranking,
)
from cbda.results.curves import find_curves
from cbda.results.ranks import penalty_matrix, rank_table
from cbda.results.runs import NO_BUDGET
from cbda.results.tabulate import class_table

WORST_CLASS = "the worst class, which may be another one in every run (see the table),"


def draw_figures(experiment: Experiment, folder: Path) -> list[Section]:
    """Draw what can be drawn, write it to a folder, and sort it into sections."""
    with drawing():
        chapters = [chapter(experiment, folder) for chapter in CHAPTERS]
    return [chapter for chapter in chapters if chapter.pictures]


def _picture(figure: Figure, folder: Path, name: str, caption: str, seen: str) -> Picture:
    """Write a figure to a folder; a page is as wide as two columns."""
    share = figure.get_figwidth() / TWO_COLUMNS
    return Picture(name, caption, seen, save(figure, folder, name), share=share)


def _results(experiment: Experiment, folder: Path) -> Section:
    table, names, unit = experiment.table, experiment.names, experiment.budget_unit
    num_seeds, pictures = len(experiment.seeds), []
    spread = f"Bars and bands: standard deviation over {num_seeds} seeds."
    if num_seeds == 1:
        spread = "One seed, so there is no spread to show."
    for name, axis, words in (
        ("mIoU", "mIoU (%)", "mIoU on the validation set"),
        ("worst_class_IoU", "IoU of the worst class (%)", f"IoU of {WORST_CLASS}"),
    ):
        caption = f"{words} against the budget; lines across: the references. {spread}"
        shown = table, name, axis, experiment.line_styles, unit, names
        write(result_figure(*shown, ONE_COLUMN), folder / f"{name}_column.pdf")
        means = at_budgets(table, f"{name}_mean", names, unit=unit)
        seen = f"Line chart of {axis}: {means}."
        pictures.append(_picture(result_figure(*shown), folder, name, caption, seen))
    if len(experiment.differences):
        pictures.append(_differences(experiment, folder, spread))
    return Section("results", "Results against the budget", pictures)


def _differences(experiment: Experiment, folder: Path, spread: str) -> Picture:
    table, names, unit = experiment.differences, experiment.names, experiment.budget_unit
    shown = experiment.baseline, experiment.line_styles, unit, names
    caption = (
        f"Differences to {names[experiment.baseline]}, paired by seed: a small mark per seed, a"
        f" large one for the mean. {spread}"
    )
    titles = {"mIoU": "mIoU", "worst_class_IoU": "IoU of the worst class"}
    parts = (f"{w}: {at_budgets(table, m, names, '{:+.1f}', unit)}" for m, w in titles.items())
    seen = f"Two line charts, in points. {'. '.join(parts)}."
    figure = difference_figure(table, *shown)
    return _picture(figure, folder, "differences", caption, seen)


def _curves(experiment: Experiment, folder: Path) -> Section:
    pictures, settings = [], experiment.analyse
    table = experiment.table[experiment.table["budget"] == NO_BUDGET]
    columns = (table[name] for name in ("method", "mIoU_mean", "mIoU_std"))
    known = {name: (mean, spread) for name, mean, spread in zip(*columns, strict=True)}
    curve, names, unit = experiment.curve, experiment.names, experiment.budget_unit
    shown = (settings.axis, settings.axis_scale, experiment.line_styles, unit, names)
    figure = None if curve is None else learning_figure(curve, known, *shown)
    if curve is not None and figure is not None:
        caption = (
            f"mIoU against labels counted in {settings.axis}: from round to round of one run, whose"
            " models are in the middle of their training, and from budget to budget, where each is"
            " at its end. Bands: standard deviation over seeds; lines across: the references."
        )
        seen = (
            f"Line charts of mIoU (%). {from_to(find_curves(curve, settings.axis), names, unit)}."
        )
        pictures.append(_picture(figure, folder, "learning_curve", caption, seen))
    return Section("curves", "Learning curves", pictures)


def _ranks(experiment: Experiment, folder: Path) -> Section:
    values, pictures, note = experiment.ranked, [], _what_is_not_ranked(experiment)
    names = experiment.names
    if len(experiment.methods) > 1 and len(experiment.seeds) > 1:
        caption = (
            "Share of the budgets at which the method of a row beats that of a column: a higher"
            " mIoU with p < 0.05 in the paired t-test, corrected by Holm's method for all pairs at"
            f" all budgets. The last row has the means: the lower, the less is beaten.{note}"
        )
        matrix = penalty_matrix(values, experiment.methods)
        beaten = ranking(matrix.loc["penalty"].to_dict(), names, "{:.2f}")
        seen = f"Heat map. How often each is beaten: {beaten or 'not tested'}."
        figure = penalty_figure(matrix, names)
        pictures.append(_picture(figure, folder, "penalties", caption, seen))
    if len(experiment.methods) > 1:
        caption = (
            "Rank by mean mIoU over seeds, 1 the best; bars: from the 2.5 to the 97.5 percentile of"
            f" the ranks when seeds are drawn with replacement.{note}"
        )
        ranks = rank_table(values, experiment.analyse.resamples)
        last = ranks[ranks["budget"] == ranks["budget"].iloc[-1]] if len(ranks) else ranks
        worst_first = ranking(dict(zip(last["method"], last["rank"], strict=True)), names, "{:g}")
        seen = f"A mark and a bar per method. Ranks in the last panel: {worst_first or 'none'}."
        figure = rank_figure(ranks, experiment.line_styles, experiment.budget_unit, names)
        pictures.append(_picture(figure, folder, "ranks", caption, seen))
    return Section("ranks", "Who beats whom", pictures)


def _what_is_not_ranked(experiment: Experiment) -> str:
    left_out = ", ".join(map(experiment.budget_unit.phrase, experiment.saturated))
    note = f" Saturated budgets are left out: {left_out}." if left_out else ""
    return note + (" One seed: nothing is tested." if len(experiment.seeds) == 1 else "")


def _acquired(experiment: Experiment, folder: Path) -> Section:
    table, budgets = experiment.entropies, set(experiment.acquisition["budget"])
    if not budgets:
        return Section("acquired", "What was acquired", [])
    names, unit = experiment.names, experiment.budget_unit
    shown = table, experiment.pool_entropy(), experiment.line_styles, unit, names
    write(entropy_figure(*shown, ONE_COLUMN), folder / "entropy_column.pdf")
    known = at_budgets(table, "acquired_entropy", names, "{:.3f}", unit)
    caption = (
        "Entropy of the classes of all labels that a run acquired, over log C. The diagnosis of the"
        " CBDA paper: region acquisition gets less balanced as the budget grows, that is, its line"
        " falls. Bars: standard deviation over seeds."
    )
    drawn = [budget for budget in reversed(experiment.budgets) if budget in budgets]
    seen = f"Line chart: {known}."
    pictures = [_picture(entropy_figure(*shown), folder, "entropy", caption, seen)]
    pictures += [_shares(experiment, budget, folder) for budget in drawn]
    return Section("acquired", "What was acquired", pictures)


def _shares(experiment: Experiment, budget: str, folder: Path) -> Picture:
    pool, targets = experiment.pool_shares(), experiment.target_shares()
    figure = shares_figure(experiment.acquisition, budget, pool, targets, experiment.names)
    name = f"class_shares_budget{budget}"
    seen = most_and_least(experiment.acquisition, budget, experiment.names)
    caption = (
        "Classes of the labels acquired in each round at a budget of"
        f" {experiment.budget_unit.phrase(budget)}, rare classes at the bottom: a dot for all seeds"
        " together, a line from the lowest to the highest of them. Grey: the pool's own labels,"
        " which no method sees. Crosses: what a balanced method aims at. The axis is a square root."
    )
    return _picture(figure, folder, name, caption, f"Dots by class. Last round: {seen}.")


def _gains(experiment: Experiment, folder: Path) -> Section:
    baseline, names, pictures = experiment.baseline, experiment.names, []
    differences = class_differences(class_table(experiment.runs), baseline)
    if len(differences.means):
        limit = colour_limit(differences.means)
        caption = (
            f"IoU of every class minus that of {names[baseline]} at the same budget, paired by"
            " seed: mean over seeds, and standard deviation below it. Colours grow no stronger"
            f" from {limit:.1f} points on, which {STRONG} % of the cells don't reach."
        )
        seen = f"Heat map. {extremes(differences.means, names, experiment.budget_unit)}."
        figure = heat_map_figure(differences, baseline, experiment.budget_unit, names)
        pictures.append(_picture(figure, folder, "class_differences", caption, seen))
    return Section("classes", "Which classes gain", pictures)


def _trainings(experiment: Experiment, folder: Path) -> Section:
    budget = experiment.budgets[-1] if experiment.budgets else ""
    courses, pictures = read_courses(experiment.rows, budget), []
    if courses:
        share = f" at a budget of {experiment.budget_unit.phrase(budget)}" if budget else ""
        caption = (
            f"Losses and learning rate of every training{share}, a line a seed, means over"
            " stretches of iterations; dotted: where a round begins."
        )
        figure = course_figure(courses, experiment.line_styles, experiment.names)
        seen = f"Four line charts. Loss at the end: {last_losses(courses, experiment.names)}."
        pictures.append(_picture(figure, folder, "training", caption, seen))
    return Section("training", "How it was trained", pictures)


CHAPTERS = (_results, _curves, _ranks, _acquired, _gains, _trainings)
