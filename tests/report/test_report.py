"""The report of a made-up experiment: two methods, two budgets, three seeds, two images."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from cbda.cli import main
from cbda.datasets.colours import CLASS_COLOURS, class_palette
from cbda.files.json_files import write_evaluation
from cbda.report.chapters import draw_figures
from cbda.report.classes import (
    class_differences,
    colour_limit,
    heat_map_figure,
    shares_by_round,
    spread_by_round,
)
from cbda.report.contents import Comparison, compare, page_content, verdict
from cbda.report.curves import entropy_figure, result_figure
from cbda.report.experiment import Experiment
from cbda.report.gallery import choose_images
from cbda.report.page import p_value, render_page, with_spread
from cbda.report.provenance import phase_times, wall_time_s
from cbda.report.style import (
    MAX_PX,
    MAX_SIDE_PX,
    Names,
    as_jpeg,
    drawing,
    method_line_styles,
    save,
    write,
)
from cbda.results.pairs import paired_test, seed_differences
from cbda.results.runs import Run
from cbda.results.tabulate import class_table
from cbda.workflow.drawing import NARROW
from tests.pools import make_pool, summarise, write_labels

TEMPLATE = Path(__file__).parents[2] / "workflow/report/page.html"
CLASSES = ["road", "pole", "<sign>"]
BUDGETS, SEEDS = ("0.05", "0.1"), (0, 1, 2)
# IoU of the classes by seed; those of cbda are +0.02, +0.01, +0.03 on average.
IOU = {
    "ra": [(0.80, 0.40, 0.30), (0.90, 0.30, 0.30), (0.70, 0.20, 0.60)],
    "cbda": [(0.80, 0.46, 0.30), (0.90, 0.30, 0.33), (0.70, 0.29, 0.60)],
}
COUNTS = [[60, 30, 10], [40, 40, 20]]  # pixels by round and class


def evaluation(iou):
    worst = int(np.argmin(iou))
    return {
        "classes": CLASSES,
        "class_iou": list(iou),
        "mIoU": float(np.mean(iou)),
        "worst_class": CLASSES[worst],
        "worst_class_iou": iou[worst],
    }


def summary(budget, seed):
    return summarise(COUNTS, score="ripu", budget=float(budget), seed=seed, num_pool_px=2000)


def make_run(method, budget, seed):
    return Run(method, budget, seed, evaluation(IOU[method][seed]), summary(budget, seed))


def make_experiment(seeds=SEEDS, **options):
    runs = [make_run(m, b, s) for s in seeds for b in BUDGETS for m in IOU]
    for seed in seeds:
        runs.append(Run("full", "-", seed, evaluation((0.9, 0.8, 0.7))))
    return Experiment(runs, "ra", CLASSES, pool_counts=[700, 200, 100], **options)


@pytest.fixture(scope="module")
def experiment():
    return make_experiment(balance_targets={"cbda": ["uniform"]})


def test_differences_are_paired_by_seed(experiment):
    table = seed_differences(experiment.runs, "ra")
    assert set(table["method"]) == {"cbda"}
    chosen = table[table["budget"] == "0.1"].sort_values("seed")
    np.testing.assert_allclose(chosen["mIoU"], [2, 1, 3])
    np.testing.assert_allclose(chosen["worst_class_IoU"], [0, 0, 9])


def test_comparison_holds_spread_number_and_published_difference(experiment):
    ours = {item.budget: item for item in compare(experiment.differences, "ra")}["0.1"]
    assert (ours.num_seeds, ours.num_higher) == (3, {"mIoU": 3, "worst_class_IoU": 1})
    assert ours.tests["mIoU"][:2] == pytest.approx((2, 1))
    assert ours.published == {"mIoU": 1.7, "worst_class_IoU": 2.9}
    assert not ours.is_clear("mIoU")  # 2 +- 1, from -0.5 to 4.5


def test_published_differences_stand_beside_cbda_minus_ra_alone():
    runs = make_experiment().runs
    (item, _) = compare(seed_differences(runs, "cbda"), "cbda")
    assert item.method == "ra"
    assert np.isnan(list(item.published.values())).all()


@pytest.mark.parametrize(
    ("num_seeds", "words"),
    [(1, "no claim is made"), (2, "no claim is made"), (3, "3 seeds, each a pair")],
)
def test_claim_needs_three_seeds(num_seeds, words):
    assert words in verdict(num_seeds)


@pytest.mark.parametrize(
    ("values", "expected"), [((2, 2.1, 1.9), True), ((-2, -2.1, -1.9), True), ((1, 2, 3), False)]
)
def test_difference_is_clear_if_its_corrected_p_is_small(values, expected):
    test = paired_test(values)
    item = Comparison(
        "cbda", "0.1", len(values), {"mIoU": test}, {"mIoU": 0}, {}, {"mIoU": test.p_t}
    )
    assert item.is_clear("mIoU") == expected


def test_difference_of_one_seed_is_never_clear():
    (item, _) = compare(make_experiment(seeds=(0,)).differences, "ra")
    assert not item.is_clear("mIoU")


def test_shares_by_round_are_over_all_seeds(experiment):
    shares = shares_by_round(experiment.acquisition, "cbda", "0.1")
    assert shares.index.tolist() == [1, 2]
    assert shares.columns.tolist() == CLASSES
    np.testing.assert_allclose(shares, COUNTS)


def test_class_differences_leave_the_baseline_out(experiment):
    means, spreads = class_differences(class_table(experiment.runs), "ra")
    assert means.index.tolist() == [("0.05", "cbda"), ("0.1", "cbda")]
    np.testing.assert_allclose(means.loc[("0.1", "cbda"), CLASSES], [0, 5, 1])
    np.testing.assert_allclose(spreads.loc[("0.1", "cbda"), CLASSES], [0, 21**0.5, 3**0.5])


def test_colours_of_the_heat_map_are_not_bleached_by_one_cell():
    differences = pd.DataFrame([[1.0, -2.0, np.nan] * 20 + [40.0]])
    assert colour_limit(differences) == pytest.approx(2)
    assert colour_limit(differences * 0.01) == 1  # noise has pale colours


def test_heat_map_says_mean_and_spread_in_every_cell(experiment):
    differences = class_differences(class_table(experiment.runs), "ra")
    axes = heat_map_figure(differences, "ra").axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts[:6] == ["+0.0", "±0.0", "+5.0", "±4.6", "+1.0", "±1.7"]


def test_shares_spread_from_the_lowest_to_the_highest_seed():
    rows = [("ra", "0.1", seed, 1, name, count) for seed, counts in ((0, (3, 1)), (1, (1, 1)))
            for name, count in zip(CLASSES, counts, strict=False)]  # fmt: skip
    columns = ["method", "budget", "seed", "round", "class", "num_px"]
    low, high = spread_by_round(pd.DataFrame(rows, columns=columns), "ra", "0.1")
    assert low.to_numpy().tolist() == [[50, 25]]
    assert high.to_numpy().tolist() == [[75, 50]]


def test_target_shares_are_those_known_beforehand():
    targets = {"cb": ["uniform"], "cbda": ["1", "1", "2"], "mine": ["sqrt_predicted"]}
    shares = make_experiment(balance_targets=targets).target_shares()
    assert set(shares) == {"cb", "cbda"}  # the other one is known in a round only
    np.testing.assert_allclose(shares["cbda"], [25, 25, 50])


@pytest.fixture(scope="module")
def drawn(experiment, tmp_path_factory, drawn_once):
    """The sections of the page, and the folder of their figures."""
    folder = tmp_path_factory.mktemp("figures")
    with drawn_once():
        return draw_figures(experiment, folder), folder


def test_every_figure_is_written_in_every_format(drawn):
    names = sorted(path.name for path in drawn[1].iterdir())
    figures = ["class_differences", "class_shares_budget0.05", "class_shares_budget0.1",
               "differences", "entropy", "mIoU", "penalties", "ranks",
               "worst_class_IoU"]  # fmt: skip
    expected = [f"{name}.{kind}" for name in figures for kind in ("svg", "png", "pdf")]
    assert names == sorted([*expected, *(f"{name}_column.pdf" for name in NARROW)])


SETTINGS_OF_THE_USER: dict[Any, Any] = {
    "text.usetex": True,
    "font.size": 30,
    "savefig.format": "pdf",
}


@pytest.mark.no_cover  # as all of it is drawn before
@pytest.mark.usefixtures("one_format")
def test_figures_are_equal_bytes_each_time_whatever_the_settings_of_the_user(
    experiment, drawn, tmp_path
):
    with matplotlib.rc_context(SETTINGS_OF_THE_USER):
        draw_figures(experiment, tmp_path)
    drawn_again = sorted(tmp_path.glob("*.svg"))
    assert len(drawn_again) == 9
    for path in drawn_again:
        assert (drawn[1] / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_every_format_has_equal_bytes_each_time(experiment, tmp_path, monkeypatch, kind):
    contents = []
    for second, settings in enumerate(({}, SETTINGS_OF_THE_USER)):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(second))
        with matplotlib.rc_context(settings), drawing():
            figure = entropy_figure(experiment.entropies, 0.5, experiment.line_styles)
            write(figure, tmp_path / f"entropy.{kind}")
        contents.append((tmp_path / f"entropy.{kind}").read_bytes())
    assert contents[0] == contents[1] != b""


def test_text_of_a_pdf_is_text(experiment, tmp_path):
    with drawing():
        figure = entropy_figure(experiment.entropies, 0.5, experiment.line_styles)
        write(figure, tmp_path / "entropy.pdf")
    content = (tmp_path / "entropy.pdf").read_bytes()
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content


def test_entropy_has_its_spread_over_seeds():
    runs = make_experiment().runs
    uneven = [
        replace(run, labels=replace(run.labels, class_counts=np.array([[90, 5, 5]])))
        if run.seed == 0 and run.labels
        else run
        for run in runs
    ]
    table = Experiment(uneven, "ra", CLASSES).entropies.set_index("method")
    assert (table.loc[["ra", "cbda"], "acquired_entropy_std"] > 0.1).all()
    assert table.loc[["full"], "acquired_entropy_std"].isna().all()


def test_figures_and_page_have_names_for_people(tmp_path):
    names = Names({"cbda": "CBDA", "ra": "R & A", "full": "Full supervision"})
    experiment = make_experiment(names=names)
    shown = experiment.table, "mIoU", "mIoU (%)", experiment.line_styles
    labels = [text.get_text() for text in result_figure(*shown, names=names).legends[0].get_texts()]
    assert labels == ["Full supervision", "R & A", "CBDA"]
    page = render_page(TEMPLATE, **page_content(experiment, []))
    assert '<th scope="col">difference to R &amp; A</th>' in page
    assert "CBDA is <code>cbda</code>" in page


def entropies(budgets, means):
    columns = {"acquired_entropy": means, "acquired_entropy_std": np.nan}
    return pd.DataFrame({"method": "ra", "budget": budgets, **columns})


def test_lines_go_from_small_budgets_to_large():
    table = entropies(["0.2", "0.05"], [0.5, 1])
    axes = entropy_figure(table, None, method_line_styles(["ra"])).axes[0]
    assert axes.lines[0].get_xydata() == pytest.approx(np.array([[5, 1], [20, 0.5]]))


@pytest.mark.parametrize(
    ("budgets", "scale"),
    [
        (["0.05", "0.1", "0.2"], "linear"),
        (["0.002", "0.05", "0.2"], "linear"),
        (["0.002", "0.005", "0.2"], "log"),
        (["0.05"], "linear"),
    ],
)
def test_budgets_that_lie_close_are_drawn_apart(budgets, scale):
    table = entropies(budgets, 0.5)
    axes = entropy_figure(table, None, method_line_styles(["ra"])).axes[0]
    assert axes.get_xscale() == scale
    assert list(axes.get_xticks()) == pytest.approx([100 * float(name) for name in budgets])
    ends = axes.transData.transform([(tick, 0.5) for tick in axes.get_xticks()])
    places = axes.transAxes.inverted().transform(ends)[:, 0]
    assert 0 < places.min() <= places.max() < 1
    assert (np.diff(places) > 0.03).all()


def references(page):
    """Everything that a browser would follow or load."""
    found = re.findall(r"""(?:src|href|srcset|action|data|poster)\s*=\s*["']?([^"'\s>]+)""", page)
    return found + re.findall(r"url\(([^)]*)\)|@import\s+(\S+)", page)


@pytest.fixture(scope="module")
def page(experiment, drawn):
    return render_page(TEMPLATE, **page_content(experiment, drawn[0]))


def test_page_asks_for_nothing_from_elsewhere(page):
    found = references(page)
    assert sum(name.startswith("data:image/svg+xml;base64,") for name in found) == 9
    assert all(name.startswith(("data:", "#")) for name in found)
    assert "<script" not in page
    assert "<link" not in page.replace('<link rel="icon" href="data:,">', "")


def test_links_of_the_page_have_their_targets(page):
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    figures = {anchor for anchor in anchors if anchor.startswith("figure-")}
    assert (len(anchors - figures), len(figures)) == (7, 9)
    assert all(f'<h2 id="{anchor}"' in page for anchor in anchors - figures)
    assert all(f'<figure id="{anchor}"' in page for anchor in figures)


def test_headers_of_the_tables_say_what_they_head(page):
    headers = re.findall(r"<th\b[^>]*>", page)
    assert headers
    assert all('scope="' in header for header in headers)
    assert page.count("<table>") == page.count("<caption>") == page.count("<thead>")


def test_figures_are_told_in_numbers(page):
    """cbda: 52, 51, 53; full: 80."""
    seen = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(seen) == 9
    assert seen[0].startswith("Line chart of mIoU (%): at a budget of 5 %: cbda 52.0, ra 50.0;")
    assert seen[0].endswith("references: full 80.0.")
    assert all(re.search(r"\d", text) for text in seen)


def test_names_are_escaped(page):
    assert "&lt;sign&gt;" in page
    assert "<sign>" not in page


def test_page_of_runs_that_are_missing_names_them():
    runs = [*make_experiment(seeds=(0,)).runs, Run("da", "0.05", 0)]
    content = page_content(Experiment(runs, "ra", CLASSES), [])
    page = render_page(TEMPLATE, **content)
    assert "Runs without a result: da 0.05 seed 0." in page
    assert "no claim is made" in page
    assert "nan" not in re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL).lower()


def write_times(path, seconds, ended):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tmax_rss\n{seconds}\t100.5\n")
    os.utime(path, (ended, ended))


def test_wall_time_counts_overlap_once_and_pauses_not_at_all(tmp_path):
    write_times(tmp_path / "seed0/score.tsv", 10, ended=110)
    write_times(tmp_path / "seed1/ra/score.tsv", 10, ended=115)
    write_times(tmp_path / "seed1/evaluate.tsv", 2, ended=900)
    write_times(tmp_path / "another/seed0/score.tsv", 10, ended=2000)
    assert wall_time_s(tmp_path) == pytest.approx(17)
    times = phase_times(tmp_path).set_index("phase")
    assert times.T["score"].tolist() == [2, 20.0, 10.0, 100.5]


def test_memory_of_a_short_job_is_not_known(tmp_path):
    (tmp_path / "evaluate.tsv").write_text("s\tmax_rss\n0.1\tNA\n")
    assert phase_times(tmp_path)["peak_mib"].tolist() == [0]


def test_spread_is_left_out_where_there_is_none():
    assert with_spread(1.25, float("nan"), sign="+") == "+1.2"
    assert with_spread(float("nan"), float("nan")) == ""


def test_line_styles_stay_apart_for_many_methods():
    assert len(set(method_line_styles([str(n) for n in range(28)]).values())) == 28


def test_classes_have_colours_of_their_own_and_void_is_black():
    palette = class_palette(19)
    assert len({tuple(colour) for colour in palette[:19]}) == 19
    assert palette[255].tolist() == [0, 0, 0]
    assert len(set(CLASS_COLOURS)) == len(CLASS_COLOURS)


@pytest.mark.parametrize(("num_images", "expected"), [(1, [0]), (2, [0, 1]), (90, [15, 45, 75])])
def test_gallery_shows_images_spread_over_the_pool(num_images, expected):
    assert choose_images(num_images, 3) == expected


@pytest.fixture
def one_run(tmp_path):
    """Words of a command line that name one run, with labels of two images of a pool."""
    write_evaluation(tmp_path / "evaluation.json", evaluation((0.5, 0.4, 0.3)))
    rounds = np.zeros((2, 16, 24), np.uint8)
    rounds[0, 2:5, 2:5] = 2
    path = tmp_path / "labels.h5"
    write_labels(path, ["a", "b"], np.zeros_like(rounds), rounds, summary("0.05", 0))
    run = ["ra", "0.05", "0", str(tmp_path / "evaluation.json"), str(path)]
    return ["--run", *run, "--target-root", str(tmp_path / "pool")]


@pytest.fixture
def gallery(one_run, tmp_path):
    """The same with a gallery, which shows that pool and an untrained network."""
    import torch

    from cbda.models.build import create_model
    from cbda.models.checkpoints import Checkpoint
    from cbda.models.images import Resizing
    from cbda.settings.model import ModelSettings
    from cbda.settings.training import TrainingSettings
    from cbda.training.trainer import Trainer

    label = np.zeros((16, 24), np.uint8)
    make_pool(tmp_path / "pool", {"a": label, "b": label + 1}, len(CLASSES))
    torch.manual_seed(0)
    training = TrainingSettings(image_size=(16, 24))
    state = Trainer(create_model(ModelSettings(), 3), training, torch.device("cpu"), 0).state()
    Checkpoint(state, CLASSES, ModelSettings(), Resizing((16, 24))).save(tmp_path / "m.pt")
    files = [str(tmp_path / name) for name in ("m.pt", "m.pt", "labels.h5")]
    return [*one_run, "--gallery", "ra", *files]


def report_words(folder, words):
    outs = ["--out", str(folder / "report.html"), "--out-figures", str(folder / "figures")]
    fixed = ["--baseline", "ra", "--template", str(TEMPLATE), "--device", "cpu"]
    return ["report", *words, *fixed, "--classes", *CLASSES, *outs]


def report(folder, words):
    return main(report_words(folder, words))


@pytest.mark.usefixtures("one_format")
def test_gallery_has_a_figure_per_image(gallery, tmp_path):
    assert report(tmp_path, gallery) == 0
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "were acquired" in page
    names = sorted(path.name for path in (tmp_path / "figures").glob("gallery*"))
    assert names == [f"gallery_{n}.{kind}" for n in (1, 2) for kind in ("pdf", "png", "svg")]


def test_configuration_that_is_not_json_is_one_line(one_run, tmp_path, capsys):
    assert report(tmp_path, [*one_run, "--config", "{"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cbda report: error: --config: not JSON")
    assert not (tmp_path / "report.html").exists()


def test_two_rows_of_one_name_are_one_line(gallery, tmp_path, capsys):
    names = ["--shown-as", "ra", "Mine", "--shown-as", "full", "Mine"]
    assert report(tmp_path, [*gallery, *names]) == 2
    assert "--shown-as: ra and full are both shown as 'Mine'" in capsys.readouterr().err


def test_figure_of_the_users_is_not_drawn_over(gallery, tmp_path, capsys):
    mine = tmp_path / "figures/mIoU.pdf"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert report(tmp_path, gallery) == 2
    assert f"{mine}: is there already, and cbda did not make it" in capsys.readouterr().err
    assert mine.read_text() == "mine"


def test_table_of_the_page_is_that_of_the_experiment(page):
    text = re.sub(r"<[^>]+>", " ", page)
    assert "52.0 ± 1.0" in text  # cbda: 52, 51, 53


def test_page_shows_the_mean_over_a_subset_where_there_is_one(page):
    assert "subset" not in page
    runs = [
        replace(run, evaluation={**run.evaluation, "mIoU_subset": 0.25 + 0.01 * run.seed})
        for run in make_experiment().runs
    ]
    experiment = Experiment(runs, "ra", CLASSES, config={"evaluate": {"subset": ["road", "pole"]}})
    text = re.sub(r"<[^>]+>", " ", render_page(TEMPLATE, **page_content(experiment, [])))
    assert "26.0 ± 1.0" in text
    assert "The subset: road, pole." in text


def test_page_shows_the_interval_and_p_beside_the_spread(page):
    """Differences 2, 1, 3: 2 +- 4.303 / sqrt 3."""
    text = re.sub(r"\s*<[^>]+>\s*", " ", page)
    assert re.search(r"\+2\.0 ± 1\.0 +-0\.5 to \+4\.5 +0\.074 +0\.148 +3 of 3", text)


def test_page_of_one_seed_shows_no_interval():
    page = render_page(TEMPLATE, **page_content(make_experiment(seeds=(0,)), []))
    text = re.sub(r"\s*<[^>]+>", "|", page)
    assert re.search(r"\|cbda\|+5\|+1\|+\+2\.0\|+1 of 1\|+\+0\.0\|+0 of 1\|", text)


@pytest.mark.parametrize(("p", "text"), [(0.0742, "0.074"), (1e-5, "< 0.001"), (float("nan"), "")])
def test_p_value_is_text_of_three_decimals(p, text):
    assert p_value(p) == text


def test_backend_of_the_user_is_not_asked_for(one_run, tmp_path):
    """A new process, as matplotlib reads it when it is imported."""
    environment = {**os.environ, "MPLBACKEND": "nonsense"}
    words = report_words(tmp_path, [*one_run, "--config", "no JSON"])
    done = subprocess.run(
        [sys.executable, "-m", "cbda", *words], env=environment, capture_output=True, text=True
    )
    assert done.stderr.startswith("cbda report: error: --config: not JSON"), done.stderr


@pytest.mark.no_cover  # as all of it is drawn before
def test_names_of_any_script_are_drawn_as_written(tmp_path, capsys, drawn_once):
    names = [r"$\frac{$", "_hidden", "道路", "a, b; c"]
    runs = [
        Run(
            method, "0.05", 0,
            {"classes": names, "class_iou": [0.1, 0.2, 0.3, None], "mIoU": 0.2,
             "worst_class": names[0], "worst_class_iou": 0.1},
            summarise([[5, 5, 5, 5]], score="ripu", budget=0.05, seed=0, num_pool_px=2000),
        )
        for method in ("ra", "cbda")
    ]  # fmt: skip
    experiment = Experiment(runs, "ra", names)
    with drawn_once():
        draw_figures(experiment, tmp_path)
    with drawing():
        save(heat_map_figure(class_differences(class_table(runs), "ra"), "ra"), tmp_path, "all")
    lines = [line for line in capsys.readouterr().out.splitlines() if "lacks" in line]
    assert lines
    assert all(line.endswith("shows as boxes: 路 道") for line in lines)


@pytest.mark.parametrize("size", [(3, 3000), (3000, 3), (400, 400)])
def test_bitmap_of_a_large_figure_has_fewer_pixels(size):
    with Image.open(BytesIO(as_jpeg(Figure(figsize=size)))) as image:
        assert max(image.size) <= MAX_SIDE_PX
        assert image.width * image.height <= MAX_PX * 1.01
