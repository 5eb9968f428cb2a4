"""What one round asked for, seen with the whole ground truth: for research, read by no method.

With the published epsilon a pure window, whose pixels have one predicted class, scores slightly
below 0, and lower the more uncertain it is. How many queries go to such windows, of which
classes and how uncertain, and which classes the model misses: that is counted here.
"""

import math
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import parts
from cbda.acquisition.methods import EPSILON, PURE_IMPURITY
from cbda.acquisition.parts import PartMap, open_parts
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
    """Counts of one round by class, (C,) each, and sums of uncertainties.

    An uncertainty is the mean of a window, within [0, 1], or NaN if the score doesn't tell it.
    """

    pool_px: CountArray  # by true class
    predicted_px: CountArray  # of the pool, by predicted class
    hit_px: CountArray  # of the pool, where both are the same
    acquired_px: CountArray  # by true class
    queries: CountArray  # by the class predicted at their centre, or mostly in a part
    pure_queries: CountArray  # those whose window or part has one predicted class
    uncertainty: NDArray[np.float64]  # over `predicted_px`
    query_uncertainty: NDArray[np.float64]  # over `queries`
    pure_uncertainty: NDArray[np.float64]  # over `pure_queries`

    def __add__(self, other: "Diagnosis") -> "Diagnosis":
        """Counts of both."""
        return Diagnosis(*map(add, vars(self).values(), vars(other).values()))

    def columns(self, classes: tuple[str, ...]) -> dict[str, list[Any]]:
        """A table of one row per class, the sums of uncertainty made means."""
        counts = {name: values.tolist() for name, values in vars(self).items()}
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

    The scores are those that the round chose from, the oracle is the pool's ground truth. A
    `UserError` tells of files that don't belong together, or are damaged.
    """
    _require_matching(scores, labels, oracle)
    centres, unit = _last_centres(labels), labels.summary.unit

    def diagnose(index: int) -> Diagnosis:
        truth = oracle.read_label(index)
        require_label_size(oracle, index, truth.shape, scores.shape[1:])
        divided = read_parts(index) if read_parts else None
        return _diagnose_image(scores, unit, index, truth, centres[index], divided)

    with open_parts(unit, scores.radius, oracle) as read_parts:
        total = reduce(add, ordered_map(diagnose, range(scores.shape[0]), num_threads))
    return replace(total, acquired_px=labels.summary.class_counts[-1].astype(np.int64))


def _require_matching(scores: ScoreFile, labels: LabelFile, oracle: Dataset) -> None:
    """Both files must be of one run on this pool."""
    for path, image_ids in ((scores.path, scores.image_ids), (labels.path, labels.image_ids)):
        require_same_pool(str(path), image_ids, oracle.root, oracle.image_ids)
    for name, ours, other in (
        ("radius", labels.summary.radius, scores.radius),
        ("number of classes", labels.num_classes, scores.num_classes),
        ("size (images, height, width)", labels.shape, scores.shape),
    ):
        if ours != other:
            raise UserError(f"{labels.path}: {name} is {ours}, that of {scores.path} {other}")
    if scores.num_classes != len(oracle.classes):
        raise UserError(
            f"{scores.path}: has {scores.num_classes} classes, {oracle.root} {len(oracle.classes)}"
        )


def _diagnose_image(
    scores: ScoreFile,
    unit: str,
    index: int,
    truth: NDArray[np.uint8],
    centres: NDArray[np.int32],
    divided: PartMap | None,
) -> Diagnosis:
    num_classes, (score, prediction) = scores.num_classes, scores.read(index)
    uncertainty = _uncertainty(scores, unit, score, prediction)
    row, column = centres.T
    if divided is None:
        queried, query_uncertainty = prediction[row, column], uncertainty[row, column]
        num_present = _sum_over_classes(scores, prediction, _shares(scores) > 0)[row, column]
    else:
        asked, by_class = divided[row, column], parts.histograms(divided, prediction)
        queried = by_class.argmax(axis=1).astype(np.uint8)[asked]
        query_uncertainty = parts.mean_of_parts(divided, uncertainty)[asked]
        num_present = (by_class > 0).sum(axis=1)[asked]
    is_pure = num_present == 1

    def count(ids: NDArray[np.uint8], weights: NDArray[np.float64] | None = None) -> Any:
        return np.bincount(ids.ravel(), None if weights is None else weights.ravel(), num_classes)

    return Diagnosis(
        pool_px=count(truth[truth != VOID]),
        predicted_px=count(prediction),
        hit_px=count(truth[truth == prediction]),
        acquired_px=np.zeros(num_classes, np.int64),
        queries=count(queried),
        pure_queries=count(queried[is_pure]),
        uncertainty=count(prediction, uncertainty),
        query_uncertainty=count(queried, query_uncertainty),
        pure_uncertainty=count(queried[is_pure], query_uncertainty[is_pure]),
    )


def _uncertainty(
    scores: ScoreFile, unit: str, score: NDArray[np.float32], prediction: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """What a score of RIPU multiplies the impurity with, over log C; (H,W), else NaN."""
    if scores.score not in ADDENDS:
        return np.full(score.shape, np.nan)
    epsilon, addend = ADDENDS[scores.score]
    share, scale = _shares(scores), np.log(scores.num_classes)
    terms = -share * np.log(np.where(share > 0, share, 1) + epsilon)
    impurity = _sum_over_classes(scores, prediction, terms).astype(np.float64)
    if unit == "region":
        return np.asarray(score / (impurity / scale + addend))
    return np.asarray(score / (impurity + addend) / scale)


def _sum_over_classes(
    scores: ScoreFile, prediction: NDArray[np.uint8], terms: NDArray[np.generic]
) -> NDArray[np.float32]:
    """Sum over the classes of a term, see `_shares`, of their share of the window, (H,W)."""
    table, radius = terms.astype(np.float32), min(scores.radius, max(prediction.shape) - 1)
    return np.asarray(sum_over_classes(prediction, scores.num_classes, radius, table))


def _last_centres(labels: LabelFile) -> list[NDArray[np.int32]]:
    """Of every image, the (M,2) centres of the last round."""
    blocks = [rows[rows[:, 0] == labels.rounds_done] for rows in labels.queries()]
    last = np.concatenate([np.empty((0, 4), np.int32), *blocks])
    by_image = last[np.argsort(last[:, 1], kind="stable")]
    starts = np.searchsorted(by_image[:, 1], np.arange(1, labels.shape[0]))
    return np.split(by_image[:, 2:], starts)


def _shares(scores: ScoreFile) -> NDArray[np.float64]:
    """Row n, column m: the share of m pixels in a window of n."""
    max_size = math.prod(min(2 * scores.radius + 1, side) for side in scores.shape[1:])
    size = np.arange(max_size + 1, dtype=np.float64)
    return size[None, :] / np.maximum(size, 1)[:, None]


def _means(sums: NDArray[np.float64], numbers: CountArray) -> list[float | None]:
    """Sums over numbers; None where there is nothing to be averaged or known."""
    pairs = zip(sums.tolist(), numbers.tolist(), strict=True)
    return [total / number if number and np.isfinite(total) else None for total, number in pairs]
