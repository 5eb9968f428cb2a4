"""The figures of the report, in sections."""

from pathlib import Path

from cbda.report.classes import class_differences, heat_map_figure, shares_figure
from cbda.report.courses import course_figure, read_courses
from cbda.report.curves import difference_figure, entropy_figure, result_figure
from cbda.report.experiment import Experiment
from cbda.report.learning import learning_figure, penalty_figure, rank_figure
from cbda.report.page import Picture, Section
from cbda.report.style import drawing, save
from cbda.results.ranks import penalty_matrix, rank_table
from cbda.results.runs import NO_BUDGET
from cbda.results.tabulate import class_table

WORST_CLASS = "the worst class, which may be another one in every run (see the table),"


def draw_figures(experiment: Experiment, folder: Path) -> list[Section]:
    """Draw what can be drawn, write it to a folder, and sort it into sections."""
    with drawing():
        chapters = [chapter(experiment, folder) for chapter in CHAPTERS]
    return [chapter for chapter in chapters if chapter.pictures]


def _results(experiment: Experiment, folder: Path) -> Section:
    table, line_styles, unit = experiment.table, experiment.line_styles, experiment.budget_unit
    num_seeds, pictures = len(experiment.seeds), []
    spread = f"Bars and bands: standard deviation over {num_seeds} seeds."
    if num_seeds == 1:
        spread = "One seed, so there is no spread to show."
    for name, axis, words in (
        ("mIoU", "mIoU (%)", "mIoU on the validation set"),
        ("worst_class_IoU", "IoU of the worst class (%)", f"IoU of {WORST_CLASS}"),
    ):
        caption = f"{words} against the budget; lines across: the references. {spread}"
        figure = result_figure(table, name, axis, line_styles, unit)
        pictures.append(Picture(caption, save(figure, folder, name)))
    if len(experiment.differences):
        drawn = experiment.differences, experiment.baseline, line_styles, unit
        figure = difference_figure(*drawn)
        caption = (
            f"Differences to {experiment.baseline}, paired by seed: a small mark per seed, a large"
            f" one for the mean. {spread}"
        )
        pictures.append(Picture(caption, save(figure, folder, "differences")))
    return Section("results", "Results against the budget", pictures)


def _curves(experiment: Experiment, folder: Path) -> Section:
    pictures, settings = [], experiment.analyse
    table = experiment.table[experiment.table["budget"] == NO_BUDGET]
    known = dict(zip(table["method"], table["mIoU_mean"], strict=True))
    styles, curve = experiment.line_styles, experiment.curve
    shown = (settings.axis, settings.axis_scale, styles, experiment.budget_unit)
    figure = None if curve is None else learning_figure(curve, known, *shown)
    if figure is not None:
        caption = (
            f"mIoU against labels counted in {settings.axis}: from round to round of one run, whose"
            " models are in the middle of their training, and from budget to budget, where each is"
            " at its end. Bands: standard deviation over seeds; lines across: the references."
        )
        pictures.append(Picture(caption, save(figure, folder, "learning_curve")))
    return Section("curves", "Learning curves", pictures)


def _ranks(experiment: Experiment, folder: Path) -> Section:
    values, pictures, note = experiment.ranked, [], _what_is_not_ranked(experiment)
    if len(experiment.methods) > 1:
        caption = (
            "Share of the budgets at which the method of a row beats that of a column: a higher"
            " mIoU with p < 0.05 in the paired t-test, corrected by Holm's method for all pairs at"
            f" all budgets. The last row has the means: the lower, the less is beaten.{note}"
        )
        figure = penalty_figure(penalty_matrix(values, experiment.methods))
        pictures.append(Picture(caption, save(figure, folder, "penalties")))
        caption = (
            "Rank by mean mIoU over seeds, 1 the best; bars: from the 2.5 to the 97.5 percentile of"
            f" the ranks when seeds are drawn with replacement.{note}"
        )
        ranks = rank_table(values, experiment.analyse.resamples)
        figure = rank_figure(ranks, experiment.line_styles, experiment.budget_unit)
        pictures.append(Picture(caption, save(figure, folder, "ranks")))
    return Section("ranks", "Who beats whom", pictures)


def _what_is_not_ranked(experiment: Experiment) -> str:
    left_out = ", ".join(map(experiment.budget_unit.phrase, experiment.saturated))
    note = f" Saturated budgets are left out: {left_out}." if left_out else ""
    return note + (" One seed: nothing is tested." if len(experiment.seeds) == 1 else "")


def _acquired(experiment: Experiment, folder: Path) -> Section:
    table, budgets = experiment.table, set(experiment.acquisition["budget"])
    if not budgets:
        return Section("acquired", "What was acquired", [])
    drawn = table, experiment.pool_entropy(), experiment.line_styles, experiment.budget_unit
    entropy = entropy_figure(*drawn)
    caption = (
        "Entropy of the classes of all labels that a run acquired, over log C. The diagnosis of the"
        " CBDA paper: region acquisition gets less balanced as the budget grows, that is, its line"
        " falls."
    )
    shown = [budget for budget in reversed(experiment.budgets) if budget in budgets]
    pictures = [Picture(caption, save(entropy, folder, "entropy"))]
    pictures += [_shares(experiment, budget, folder) for budget in shown]
    return Section("acquired", "What was acquired", pictures)


def _shares(experiment: Experiment, budget: str, folder: Path) -> Picture:
    pool, targets = experiment.pool_shares(), experiment.target_shares()
    figure = shares_figure(experiment.acquisition, budget, pool, targets)
    caption = (
        "Classes of the labels acquired in each round at a budget of"
        f" {experiment.budget_unit.phrase(budget)}, rare classes at the bottom; all seeds together."
        " Grey: the pool's own labels, which no method sees. Crosses: what a balanced method aims"
        " at. The axis is a square root."
    )
    return Picture(caption, save(figure, folder, f"class_shares_budget{budget}"))


def _gains(experiment: Experiment, folder: Path) -> Section:
    baseline, pictures = experiment.baseline, []
    differences = class_differences(class_table(experiment.runs), baseline)
    if len(differences):
        caption = (
            f"IoU of every class minus that of {baseline} at the same budget, mean over seeds."
        )
        figure = heat_map_figure(differences, baseline, experiment.budget_unit)
        pictures.append(Picture(caption, save(figure, folder, "class_differences")))
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
        figure = course_figure(courses, experiment.line_styles)
        pictures.append(Picture(caption, save(figure, folder, "training")))
    return Section("training", "How it was trained", pictures)


CHAPTERS = (_results, _curves, _ranks, _acquired, _gains, _trainings)
