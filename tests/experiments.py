"""Experiments that were never run: files by hand, with the records that a workflow would leave."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cbda.files.json_files import write_evaluation, write_text
from cbda.files.records import Origin, Record, read_record, recording
from cbda.results.sheet import format_rows, list_rows
from tests.pools import summarise, write_labels

CLASSES = ["road", "pole"]
BALANCES = {"ra": "none", "cbda": "quota"}
ALLOCATIONS = {"ra": "per_image", "cbda": "dynamic"}


def record_of(path) -> Record:
    """The record of a result that has one."""
    record = read_record(path)
    assert record is not None
    return record


@contextmanager
def job(command, outputs=(), inputs=None, machine=None, **configuration):
    """Have what the block writes recorded as the result of a command."""
    digests = {}
    for name, path in (inputs or {}).items():
        record = record_of(path)
        digests[name] = record.sha256
        digests |= {f"{name}.{key}": v for key, v in record.inputs.items() if "." not in key}
    facts = {"command": command, "configuration": configuration, "code": {"command": "0"}}
    where = {"versions": {"numpy": "2"}, "machine": machine or {"processor": "P"}, "commit": ""}
    with recording(Origin(facts, tuple(outputs), lambda: where, digests)):
        yield


def make_experiment(results, seeds=(0, 1), methods=("ra", "cbda"), rounds=2, **of_seed):
    """All results of some runs at a budget of 0.05, and `full`; the path of the sample sheet."""
    results.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        folder = results / f"seed{seed}"
        facts = {"seed": seed, **of_seed.get(f"seed{seed}", {})}
        pretrained = folder / "pretrain/model.pt"
        write_model(pretrained, "pretrain", {}, iterations=2, **facts)
        full = folder / "full/model.pt"
        write_model(full, "finetune", {"checkpoint": pretrained}, until=6, all_labels=True, **facts)
        measure(folder / "full/evaluation.json", full, 0.6)
        for method in methods:
            make_run(folder / method / "budget0.05", pretrained, method, rounds, facts)
    rows = list_rows(
        seeds=seeds,
        methods=methods,
        budgets=["0.05"],
        references=["full"],
        rounds=rounds,
        results=".",
    )
    with job("runs"):
        write_text(results / "runs.csv", format_rows(rows))
    return results / "runs.csv"


def make_run(run, model, method, rounds, facts):
    """Scores, labels and a model for each round, and an evaluation."""
    labels = None
    for number in range(1, rounds + 1):
        place = run / f"round{number}"
        scores = place / "scores.h5"
        with job("score", inputs={"checkpoint": model}, method_score="ripu", **facts):
            write_text(scores, f"scores {place}")
        inputs = {"scores": scores} | ({} if labels is None else {"labels": labels})
        labels = place / "labels.h5"
        acquire(labels, method, rounds, number, inputs, facts)
        scores.unlink()
        inputs, model = {"checkpoint": model, "labels": labels}, place / "model.pt"
        write_model(model, "finetune", inputs, until=2 + 2 * number, **facts)
    measure(run / "evaluation.json", model, 0.5)


def acquire(path, method, rounds, number, inputs, facts):
    """Labels of one image."""
    parts = {"unit": "region", "allocation": ALLOCATIONS[method], "balance": BALANCES[method]}
    options: dict[str, Any] = {f"method_{name}": value for name, value in parts.items()}
    options |= {"budget": 0.05, "rounds": rounds, "round": number, **facts}
    counts = np.full((number, len(CLASSES)), 3)
    nothing = np.zeros((1, 4, 4), np.uint8)
    summary = summarise(counts, budget=0.05, rounds=rounds, seed=facts["seed"], **parts)
    with job("acquire", inputs=inputs, **options):
        write_labels(path, ["a"], nothing, nothing, summary)


def write_model(path, command, inputs, **facts):
    """A file in the place of a checkpoint, and its metrics."""
    metrics = path.with_name("metrics.json")
    with job(command, [path, metrics], inputs, **facts):
        write_text(path, f"model {path}")
        write_text(metrics, "{}\n")


def measure(path, model, miou, **options):
    """An evaluation of a model."""
    worst = {"worst_class": CLASSES[1], "worst_class_iou": miou - 0.1}
    iou = {"classes": CLASSES, "class_iou": [miou + 0.1, miou - 0.1], "mIoU": miou}
    machine = options.pop("machine", None)
    with job("evaluate", inputs={"checkpoint": model}, machine=machine, **options):
        write_evaluation(path, {**iou, **worst})


def tabulate_words(sheet, folder):
    """Words of a command that makes the tables of a sheet in a folder."""
    names = ("out", "out-classes", "out-acquisition", "out-comparisons")
    files = [word for name in names for word in (f"--{name}", str(Path(folder, f"{name}.csv")))]
    return ["tabulate", "--runs", str(sheet), "--baseline", "ra", *files]


def results_of(results):
    """All files of an experiment that have records, sorted; without those that were used up."""
    places = sorted(Path(results).rglob(".cbda/*.json"))
    paths = [place.parent.parent / place.stem for place in places]
    return [path for path in paths if path.exists()]
