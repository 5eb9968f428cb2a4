"""Costs are those of the jobs that made a table."""

from pathlib import Path

import pytest

from cbda.results.sheet import format_rows, list_rows
from evidence.costs import benchmarks, rule_of, summarise


def write_benchmark(path, seconds, mib):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{mib}\n")


@pytest.fixture
def results(tmp_path, monkeypatch):
    """One run of two rounds, a reference, and a run of another table."""
    monkeypatch.chdir(tmp_path)
    names = [
        *("data/source.tsv", "data/source/encode.tsv", "seed1/pretrain/pretrain.tsv"),
        *("seed1/full/finetune.tsv", "seed1/ra/budget0.1/round1/finetune.tsv"),
        *("seed1/ra/budget0.1/round2/finetune.tsv", "seed1/ra/budget0.1/evaluate.tsv"),
        *("seed1/ra/budget0.1/retrained/finetune.tsv", "tables/tabulate.tsv"),
        *("seed1/other/budget0.1/round1/finetune.tsv", "other/tabulate.tsv"),
    ]
    for place, name in enumerate(names):
        write_benchmark(Path("made") / name, place, 100 + place)
    write_benchmark(Path("sets/source/data_make.tsv"), 50, 1)
    rows = list_rows(seeds=[1], methods=["ra"], budgets=[0.1], references=["full"], rounds=2,
                     results="..")  # fmt: skip
    Path("made/tables/runs.csv").write_text(format_rows(rows))
    return Path("made")


def test_jobs_of_other_tables_are_left_out(results):
    found = benchmarks(results / "tables", results, Path("sets"))
    names = {str(path.relative_to(results.resolve().parent)) for path in found}
    assert len(names) == 10
    assert not any("other" in name for name in names)


def test_jobs_are_summed_by_rule(results):
    table = summarise(benchmarks(results / "tables", results, Path("sets"))).set_index("rule")
    assert list(table.loc["finetune"]) == [2, 9.0, 4.5, 5.0, 105.0]
    assert table["jobs"].to_dict() == {
        **dict.fromkeys(("data_check", "data_make", "encode", "evaluate", "full"), 1),
        **{"finetune": 2, "pretrain": 1, "retrain": 1, "tabulate": 1},
    }


def test_rules_that_share_a_command_are_told_apart():
    assert rule_of(Path("seed1/source_only/pretrain.tsv")) == "source_only"
    assert rule_of(Path("seed1/full/evaluate.tsv")) == "evaluate"
    assert rule_of(Path("data/val.tsv")) == "data_check"


def test_benchmark_that_was_not_written_to_its_end_is_none(tmp_path):
    (tmp_path / "score.tsv").write_text("s\th:m:s\n")
    assert summarise([tmp_path / "score.tsv"]).empty
