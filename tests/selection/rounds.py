"""Rounds over files, as the command `acquire` runs them."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import h5py

from cbda.acquisition.methods import ResolvedMethod
from cbda.acquisition.parts import open_parts
from cbda.datasets.dataset import Dataset
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.selection.balance import class_weights
from cbda.selection.labelling import write_labels
from cbda.selection.querying import choose, class_statistics
from cbda.selection.round import Round, require_one_run

PARTS = {item.name for item in fields(ResolvedMethod)}


def changed(round_: Round, **changes: Any) -> Round:
    """The round with other parts, of its method or of its own."""
    parts = {name: value for name, value in changes.items() if name in PARTS}
    own = {name: value for name, value in changes.items() if name not in PARTS}
    return replace(round_, method=replace(round_.method, **parts), **own)


def acquire(
    oracle: Dataset,
    scores_path: Path,
    round_: Round,
    labels_path: Path | None,
    out: Path,
    num_threads: int = 1,
) -> Path:
    """Run a round; its label file."""
    with (
        ScoreFile.open(scores_path) as scores,
        LabelFile.open_previous(labels_path, scores) as labels,
        open_parts(round_.method.unit, round_.method.radius, oracle) as parts,
    ):
        round_ = changed(round_, score=scores.score)
        require_one_run(round_, scores, labels, oracle)
        statistics = class_statistics(round_, scores, labels)
        queries = choose(round_, scores, labels, statistics, num_threads, parts)
        weights = class_weights(round_.method.balance, statistics)
        write_labels(out, round_, labels, queries, weights, oracle, num_threads, parts)
    return out


def read(path, name):
    """A dataset of a label file."""
    with h5py.File(path) as file:
        return file[name][:]


def summary_of(path):
    """The attributes of a label file."""
    with LabelFile.open(path) as labels:
        return labels.summary
