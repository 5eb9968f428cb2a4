"""`cbda analyse` over an experiment whose rounds were evaluated."""

import re
import shutil
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest

from cbda.cli import main
from tests.experiments import analyse_words, make_experiment, record_of, tabulate_words

OUTPUTS = ("learning_curve.csv", "areas.csv", "ranks.csv", "penalties.csv", "main_results.md",
           "main_results.tex")  # fmt: skip
ROUND = "results/seed0/ra/budget0.05/round1/evaluation.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an experiment and all its tables."""
    folder = tmp_path_factory.mktemp("made")
    with chdir(folder):
        extras = {"evaluated_rounds": "largest_budget", "retrain": True}
        sheet = make_experiment(Path("results"), extras=extras)
        assert main(tabulate_words(sheet, "results")) == 0
        assert main(analyse_words(sheet, "results")) == 0
    return folder


def test_curve_has_every_round_that_was_evaluated(results):
    table = pd.read_csv(results / "learning_curve.csv", dtype={"budget": str})
    means = (
        table[table["class"] == "mIoU"].set_index(["method", "seed", "round"])["IoU"].sort_index()
    )
    assert means["ra", 1].to_dict() == pytest.approx({1: 41, 2: 50})
    assert set(table["class"]) == {"mIoU", "road", "pole"}
    assert set(table["budget"]) == {"0.05"}


def test_every_output_has_a_record_and_verifies(results, capsys):
    for name in OUTPUTS:
        assert record_of(results / name).command == "analyse"
    assert main(["verify", "results"]) == 0


def test_areas_and_ranks_are_written(results):
    areas = pd.read_csv(results / "areas.csv")
    assert set(areas["metric"]) == {"aubc", "labels_saved"}  # gain needs source_only
    assert pd.read_csv(results / "ranks.csv")["rank"].tolist() == [1.5, 1.5]
    assert pd.read_csv(results / "penalties.csv")["method"].tolist() == ["ra", "cbda", "penalty"]


def test_baseline_among_the_comparators_is_compared_with_once(results):
    words = [*analyse_words(results / "runs.csv", "tables"), "--comparators", "ra"]
    assert main(words) == 0
    areas = pd.read_csv("tables/areas.csv")
    assert not areas.duplicated(["metric", "method", "compared_with"]).any()


def test_table_has_the_results_of_models_trained_anew(results):
    table = pd.read_csv(results / "out.csv").set_index("method")
    assert table.loc["cbda", "mIoU_retrained_mean"] == 55
    metrics = pd.read_csv(results / "out-comparisons.csv")["metric"]
    assert "mIoU_retrained" in set(metrics)


def test_round_that_was_not_evaluated_is_left_out(results):
    Path(ROUND).unlink()
    assert main(analyse_words(results / "runs.csv", "tables")) == 0
    table = pd.read_csv("tables/learning_curve.csv")
    found = table[(table["method"] == "ra") & (table["seed"] == 0)]
    assert set(found["round"]) == {2}


def harm_by_damage(path):
    path.write_text(path.read_text() + "\n")


def harm_by_swap(path):
    """The evaluation of another seed, with its record."""
    other = Path(str(path).replace("seed0", "seed1"))
    for one in (path, path.parent / ".cbda/evaluation.json.json"):
        shutil.copy2(other.parent / one.relative_to(path.parent), one)


def harm_by_losing_its_record(path):
    (path.parent / ".cbda/evaluation.json.json").unlink()


@pytest.mark.parametrize("place", [ROUND, "results/seed0/ra/budget0.05/retrained/evaluation.json"])
@pytest.mark.parametrize(
    ("harm", "state"),
    [
        (harm_by_damage, "damaged"),
        (harm_by_swap, "foreign: measured"),
        (harm_by_losing_its_record, "unrecorded"),
    ],
)
def test_evaluation_that_is_not_of_the_model_beside_it_is_named(
    results, capsys, place, harm, state
):
    harm(Path(place))
    capsys.readouterr()
    assert main(["verify", "results"]) == 2
    assert re.search(rf"{re.escape(place)} +(evaluate)? +{state}", capsys.readouterr().out)
    assert main(analyse_words(results / "runs.csv", "tables")) == 2
    assert not Path("tables").exists()


def test_other_evaluations_of_rounds_make_the_curve_outdated(results, capsys):
    for path in (Path(ROUND), Path(ROUND).parent / ".cbda/evaluation.json.json"):
        path.unlink()
    capsys.readouterr()
    assert main(["verify", "results"]) == 2
    out = capsys.readouterr().out
    assert re.search("learning_curve.csv +analyse +foreign: was made from other results", out)


def test_experiment_without_a_result_is_an_error(results, capsys):
    for path in results.rglob("evaluation.json"):
        path.unlink()
    assert main(analyse_words(results / "runs.csv", "tables")) == 2
    assert "runs.csv: no run of it has a result" in capsys.readouterr().err


def test_repetition_gives_equal_bytes(results):
    assert main(analyse_words(results / "runs.csv", "tables")) == 0
    for name in OUTPUTS:
        assert (results / name).read_bytes() == Path("tables", name).read_bytes()


def test_last_line_names_what_was_made(results, capsys):
    assert main(analyse_words(results / "runs.csv", "tables")) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("tables/learning_curve.csv: curves of 6 runs; with tables/areas.csv, ")
    assert all(f"tables/{name}" in last for name in OUTPUTS)
