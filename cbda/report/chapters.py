"""The figures of the report, in sections."""

from pathlib import Path

from cbda.report.curves import difference_figure, entropy_figure, result_figure
from cbda.report.experiment import Experiment
from cbda.report.heatmap import class_differences, heat_map_figure
from cbda.report.page import Picture, Section, percent_of
from cbda.report.shares import shares_figure
from cbda.report.style import drawing, save


def draw_figures(experiment: Experiment, folder: Path) -> list[Section]:
    """Draw what can be drawn, write it to a folder, and sort it into sections."""
    with drawing():
        chapters = [chapter(experiment, folder) for chapter in (_results, _acquired, _gains)]
    return [chapter for chapter in chapters if chapter.pictures]


def _results(experiment: Experiment, folder: Path) -> Section:
    table, line_styles = experiment.table, experiment.line_styles
    quantities = {
        "mIoU": ("mIoU (%)", "mIoU on the validation set"),
        "worst_class_IoU": (
            "IoU of the worst class (%)",
            "IoU of the worst class, which may be another one in every run (see the table),",
        ),
    }
    pictures = [
        Picture(
            f"{words} against the budget; lines across: the references. {_spread(experiment)}",
            save(result_figure(table, name, axis, line_styles), folder, name),
        )
        for name, (axis, words) in quantities.items()
    ]
    if len(experiment.differences):
        figure = difference_figure(experiment.differences, experiment.baseline, line_styles)
        caption = (
            f"Differences to {experiment.baseline}, paired by seed: a small mark per seed, a large"
            f" one for the mean. {_spread(experiment)}"
        )
        pictures.append(Picture(caption, save(figure, folder, "differences")))
    return Section("results", "Results against the budget", pictures)


def _spread(experiment: Experiment) -> str:
    if experiment.num_seeds == 1:
        return "One seed, so there is no spread to show."
    return f"Bars and bands: standard deviation over {experiment.num_seeds} seeds."


def _acquired(experiment: Experiment, folder: Path) -> Section:
    if experiment.acquisition.empty:
        return Section("acquired", "What was acquired", [])
    entropy = entropy_figure(experiment.table, experiment.pool_entropy(), experiment.line_styles)
    caption = (
        "Entropy of the classes of all labels that a run acquired, over log C. The diagnosis of the"
        " CBDA paper: region acquisition gets less balanced as the budget grows, that is, its line"
        " falls."
    )
    pictures = [Picture(caption, save(entropy, folder, "entropy"))]
    pictures += [
        _shares(experiment, budget, folder)
        for budget in reversed(experiment.budgets)
        if (experiment.acquisition["budget"] == budget).any()
    ]
    return Section("acquired", "What was acquired", pictures)


def _shares(experiment: Experiment, budget: str, folder: Path) -> Picture:
    figure = shares_figure(
        experiment.acquisition, budget, experiment.pool_shares(), experiment.target_shares()
    )
    caption = (
        f"Classes of the labels acquired in each round at a budget of {percent_of(budget)} %, rare"
        " classes at the bottom; all seeds together. Grey: the pool's own labels, which no method"
        " sees. Crosses: what a balanced method aims at. The axis is a square root."
    )
    return Picture(caption, save(figure, folder, f"class_shares_budget{budget}"))


def _gains(experiment: Experiment, folder: Path) -> Section:
    differences = class_differences(experiment.class_iou, experiment.baseline)
    pictures = []
    if len(differences):
        caption = (
            f"IoU of every class minus that of {experiment.baseline} at the same budget, mean over"
            " seeds."
        )
        figure = heat_map_figure(differences, experiment.baseline)
        pictures.append(Picture(caption, save(figure, folder, "class_differences")))
    return Section("classes", "Which classes gain", pictures)
