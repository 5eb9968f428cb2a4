"""What one round asked for, seen with the whole ground truth: for research, read by no method.

With the published epsilon a pure window, whose pixels have one predicted class, scores slightly
below 0, and lower the more uncertain it is. How many queries go to such windows, of which
classes and how uncertain, and which classes the model misses: that is counted here.
"""

from dataclasses import dataclass, fields, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import EPSILON, PURE_IMPURITY
from cbda.acquisition.windows import sum_over_classes
from cbda.compute.parallel import ordered_map
from cbda.datasets.agreement import require_label_size, require_same_pool
from cbda.datasets.dataset import Dataset
from cbda.datasets.ids import VOID
from cbda.errors import UserError
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile

CountArray = NDArray[np.int64]
# of each score of RIPU: what is added within the logarithm, and to the impurity
ADDENDS = {"ripu": (EPSILON, 0.0), "ripu_exact": (0.0, PURE_IMPURITY)}


@dataclass(frozen=True)
class Diagnosis:
    """Counts by class, (C,) each; classes are predicted ones unless it says otherwise.

    Attributes:
        pool_px: pixels of the pool whose true class it is.
        predicted_px: pixels of the pool that are predicted as it.
        hit_px: pixels of the pool of which both hold.
        acquired_px: pixels acquired in this round whose true class it is.
        queries: queries of this round, by the class at their centre.
        pure_queries: those of them whose window has one predicted class.
        uncertainty: sum over `predicted_px` of the window's mean uncertainty, within [0, 1];
            NaN if the score doesn't tell it.
        query_uncertainty: the same over `queries`.
        pure_uncertainty: the same over `pure_queries`.
    """

    pool_px: CountArray
    predicted_px: CountArray
    hit_px: CountArray
    acquired_px: CountArray
    queries: CountArray
    pure_queries: CountArray
    uncertainty: NDArray[np.float64]
    query_uncertainty: NDArray[np.float64]
    pure_uncertainty: NDArray[np.float64]

    def __add__(self, other: "Diagnosis") -> "Diagnosis":
        """Counts of both."""
        names = [item.name for item in fields(self)]
        return Diagnosis(*(getattr(self, name) + getattr(other, name) for name in names))

    def columns(self, classes: tuple[str, ...]) -> dict[str, list[Any]]:
        """A table of one row per class, the sums of uncertainty made means."""
        counts = {item.name: getattr(self, item.name).tolist() for item in fields(self)}
        means = {
            "uncertainty": _means(self.uncertainty, self.predicted_px),
            "query_uncertainty": _means(self.query_uncertainty, self.queries),
            "pure_uncertainty": _means(self.pure_uncertainty, self.pure_queries),
        }
        return {"class": list(classes), **counts, **means}


def diagnose_round(
    scores: ScoreFile, labels: LabelFile, oracle: Dataset, num_threads: int = 1
) -> Diagnosis:
    """Count what the last round of a label file asked for.

    Args:
        scores: the score file that the round chose from.
        labels: the label file of the round.
        oracle: the pool's ground truth.
        num_threads: images that are worked on at a time.

    Raises:
        UserError: files that don't belong together, or are damaged.
    """
    _require_matching(scores, labels, oracle)
    centres = _last_centres(labels)

    def diagnose(index: int) -> Diagnosis:
        truth = oracle.read_label(index)
        require_label_size(oracle, index, truth.shape, scores.shape[1:])
        return _diagnose_image(scores, labels.summary.unit, index, truth, centres[index])

    total = reduce(add, ordered_map(diagnose, range(scores.num_images), num_threads))
    return replace(total, acquired_px=labels.summary.class_counts[-1].astype(np.int64))


def _require_matching(scores: ScoreFile, labels: LabelFile, oracle: Dataset) -> None:
    """Both files must be of one run on this pool."""
    for path, image_ids in ((scores.path, scores.image_ids), (labels.path, labels.image_ids)):
        require_same_pool(str(path), image_ids, oracle.root, oracle.image_ids)
    pairs = {
        "radius": (scores.radius, labels.summary.radius),
        "number of classes": (scores.num_classes, labels.num_classes),
        "size (images, height, width)": (scores.shape, labels.shape),
    }
    for name, (of_scores, of_labels) in pairs.items():
        if of_scores != of_labels:
            raise UserError(
                f"{labels.path}: {name} is {of_labels}, that of {scores.path} {of_scores}"
            )
    if scores.num_classes != len(oracle.classes):
        raise UserError(
            f"{scores.path}: has {scores.num_classes} classes, {oracle.root} {len(oracle.classes)}"
        )


def _diagnose_image(
    scores: ScoreFile, unit: str, index: int, truth: NDArray[np.uint8], centres: NDArray[np.int32]
) -> Diagnosis:
    score, prediction = scores.read(index)
    uncertainty = _uncertainty(scores, unit, score, prediction)
    row, column = centres.T
    queried, query_uncertainty = prediction[row, column], uncertainty[row, column]
    num_present = _sum_over_classes(scores, prediction, _shares(scores.radius) > 0)
    is_pure = num_present[row, column] == 1

    def count(ids: NDArray[np.uint8]) -> CountArray:
        return np.bincount(ids.ravel(), minlength=scores.num_classes)

    def total(ids: NDArray[np.uint8], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(ids.ravel(), values.ravel(), scores.num_classes).astype(np.float64)

    return Diagnosis(
        pool_px=count(truth[truth != VOID]),
        predicted_px=count(prediction),
        hit_px=count(truth[truth == prediction]),
        acquired_px=np.zeros(scores.num_classes, np.int64),
        queries=count(queried),
        pure_queries=count(queried[is_pure]),
        uncertainty=total(prediction, uncertainty),
        query_uncertainty=total(queried, query_uncertainty),
        pure_uncertainty=total(queried[is_pure], query_uncertainty[is_pure]),
    )


def _uncertainty(
    scores: ScoreFile, unit: str, score: NDArray[np.float32], prediction: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """What a score of RIPU multiplies the impurity with, over log C; (H,W), else NaN."""
    if scores.score not in ADDENDS:
        return np.full(score.shape, np.nan)
    epsilon, addend = ADDENDS[scores.score]
    share, scale = _shares(scores.radius), np.log(scores.num_classes)
    terms = -share * np.log(np.where(share > 0, share, 1) + epsilon)
    impurity = _sum_over_classes(scores, prediction, terms).astype(np.float64)
    if unit == "region":
        return np.asarray(score / (impurity / scale + addend))
    return np.asarray(score / (impurity + addend) / scale)


def _sum_over_classes(
    scores: ScoreFile, prediction: NDArray[np.uint8], terms: NDArray[np.generic]
) -> NDArray[np.float32]:
    """Sum over the classes of a term, see `_shares`, of their share of the window, (H,W)."""
    table = terms.astype(np.float32)
    return np.asarray(sum_over_classes(prediction, scores.num_classes, scores.radius, table))


def _last_centres(labels: LabelFile) -> list[NDArray[np.int32]]:
    """Of every image, the (M,2) centres of the last round."""
    blocks = [rows[rows[:, 0] == labels.rounds_done] for rows in labels.queries()]
    last = np.concatenate([np.empty((0, 4), np.int32), *blocks])
    by_image = last[np.argsort(last[:, 1], kind="stable")]
    starts = np.searchsorted(by_image[:, 1], np.arange(1, labels.shape[0]))
    return np.split(by_image[:, 2:], starts)


def _shares(radius: int) -> NDArray[np.float64]:
    """Row n, column m: the share of m pixels in a window of n."""
    size = np.arange((2 * radius + 1) ** 2 + 1, dtype=np.float64)
    return size[None, :] / np.maximum(size, 1)[:, None]


def _means(sums: NDArray[np.float64], numbers: CountArray) -> list[float | None]:
    """Sums over numbers; None where there is nothing to be averaged or known."""
    pairs = zip(sums.tolist(), numbers.tolist(), strict=True)
    return [total / number if number and np.isfinite(total) else None for total, number in pairs]
