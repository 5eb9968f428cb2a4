"""One acquisition round over files: weigh the scores, choose queries, ask the oracle.

Everything passes through memory one image at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cbda.balance import class_weights
from cbda.datasets import Dataset
from cbda.errors import UserError
from cbda.files import (
    VOID,
    LabelSummary,
    create_labels,
    open_labels,
    read_image_ids,
    read_label_summary,
)
from cbda.methods import ALLOCATIONS, BALANCES, require_choice
from cbda.pool import require_same_pool
from cbda.selection import (
    FloatArray,
    IntArray,
    Mask,
    block_radius,
    choose_queries,
    label_radius,
    paint,
    queries_per_image,
)

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True)
class RoundSettings:
    """What one acquisition round is asked for.

    Attributes:
        unit: `region` or `pixel`.
        allocation: `per_image` or `dynamic`.
        balance: rule of the class weights.
        max_weight: cap of the rule `ratio`.
        radius: k, in px.
        budget: fraction of the pool's pixels that the whole run may acquire.
        rounds: R.
        round: 1..R.
        seed: of the run, kept for the record.
        num_classes: C.
        target_distribution: wanted share of every class, of any sum; uniform if empty.
    """

    unit: str
    allocation: str
    balance: str
    max_weight: float
    radius: int
    budget: float
    rounds: int
    round: int
    seed: int
    num_classes: int
    target_distribution: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        block_radius(self.radius, self.unit)  # refuses an unknown unit
        require_choice("allocation", self.allocation, ALLOCATIONS)
        require_choice("balance", self.balance, BALANCES)
        if not 0 < self.budget <= 1:
            raise UserError(f"budget {self.budget}: allowed are fractions above 0 and up to 1")
        if not 1 <= self.round <= self.rounds:
            raise UserError(f"round {self.round}: allowed are 1 to {self.rounds}, the rounds")
        if self.radius < 0:
            raise UserError(f"radius {self.radius}: allowed are 0 and above")
        wanted = self.target_distribution
        if wanted and (len(wanted) != self.num_classes or min(wanted) < 0 or not sum(wanted) > 0):
            raise UserError(
                f"target distribution {list(wanted)}: allowed are {self.num_classes} numbers, none"
                " negative and not all 0, or none at all"
            )


@dataclass(frozen=True)
class Previous:
    """The labels acquired in earlier rounds.

    Attributes:
        path: label file; None before the first round.
        summary: its attributes.
        image_ids: its pool.
        queries: (M,4) int32: round, image, row, column, in the order picked.
    """

    path: Path | None
    summary: LabelSummary | None
    image_ids: list[str]
    queries: NDArray[np.int32]

    def centres(self, image: int) -> IntArray:
        """Queries of one image, (M,2) row and column."""
        return self.queries[self.queries[:, 1] == image, 2:].astype(np.int64)

    def class_counts(self, num_classes: int) -> NDArray[np.int64]:
        """Acquired pixels by round and class, (r,C) int64."""
        if self.summary is None:
            return np.zeros((0, num_classes), np.int64)
        return self.summary.class_counts

    def void_counts(self) -> NDArray[np.int64]:
        """Acquired void pixels by round, (r,) int64."""
        return np.zeros(0, np.int64) if self.summary is None else self.summary.void_counts


@dataclass(frozen=True)
class Acquired:
    """The outcome of a round.

    Attributes:
        chosen: (M,3) int64: image, row, column, in pick order.
        summary: attributes of the label file, as yet without this round's counts.
        settings: of the round.
        shape: N, H, W of the pool.
    """

    chosen: IntArray
    summary: LabelSummary
    settings: RoundSettings
    shape: tuple[int, int, int]


def read_previous(path: Path | None, settings: RoundSettings) -> Previous:
    """Read the labels of the round before; `path` is None in round 1 and only there."""
    if path is not None and settings.round == 1:
        raise UserError(f"{path}: round 1 starts without labels of an earlier round")
    if path is None:
        if settings.round > 1:
            raise UserError(f"round {settings.round} continues from labels of the round before it")
        return Previous(None, None, [], np.zeros((0, 4), np.int32))
    with open_labels(path) as file:
        image_ids, queries = read_image_ids(file), file["query"][:]
    return Previous(path, read_label_summary(path), image_ids, queries)


def acquire_round(
    scores: "h5py.File", oracle: Dataset, previous: Previous, settings: RoundSettings
) -> Acquired:
    """Choose the queries of one round.

    Args:
        scores: an open score file.
        oracle: the pool's ground truth, of the same images.
        previous: labels of the rounds before.
        settings: of the round.

    Raises:
        UserError: files that don't belong together, bad numbers, or an exhausted pool.
    """
    _require_matching(scores, oracle, settings)
    shape = scores["score"].shape
    summary = _summarise(scores, previous, settings)
    _require_continued(previous, oracle, summary, settings)
    num_per_image = queries_per_image(
        shape[1], shape[2], settings.budget, settings.rounds, settings.radius, settings.unit
    )
    pool = _weighted_pool(scores, previous, summary.class_weights, settings)
    try:
        chosen = choose_queries(
            pool, shape[0], num_per_image, settings.allocation, settings.radius, settings.unit
        )
    except UserError as error:
        raise UserError(f"{scores.filename}: round {settings.round}: {error}") from error
    return Acquired(chosen, summary, settings, shape)


def write_round(path: Path, oracle: Dataset, previous: Previous, acquired: Acquired) -> None:
    """Ask the oracle for every chosen window, and write the label file of the round."""
    num_images, height, width = acquired.shape
    settings = acquired.settings
    counts = np.zeros(settings.num_classes + 1, np.int64)  # the last one is void
    with create_labels(path, list(oracle.image_ids), height, width) as file:
        for index in range(num_images):
            centres = acquired.chosen[acquired.chosen[:, 0] == index, 1:]
            label, rounds = _read_maps(previous, index, height, width)
            asked = np.zeros((height, width), np.bool_)
            paint(asked, centres, label_radius(settings.radius, settings.unit))
            answer = _ask(oracle, index, (height, width))[asked]
            label[asked], rounds[asked] = answer, settings.round
            counts += _count(answer, settings.num_classes)
            file["label"][index], file["round"][index] = label, rounds
        file["query"] = _append_queries(previous, acquired)
        file.attrs.update(_with_counts(acquired.summary, counts).attributes())


def _require_matching(scores: "h5py.File", oracle: Dataset, settings: RoundSettings) -> None:
    """The score file must be of this pool, these classes and this radius."""
    require_same_pool(scores.filename, read_image_ids(scores), oracle.root, oracle.image_ids)
    for name in ("num_classes", "radius"):
        found, wanted = scores.attrs[name], getattr(settings, name)
        if found != wanted:
            raise UserError(f"{scores.filename}: {name} is {found}, this round asks for {wanted}")


def _summarise(scores: "h5py.File", previous: Previous, settings: RoundSettings) -> LabelSummary:
    """Attributes of the file to write, with the class weights of this round."""
    num_pool_px = int(scores["score"].size)
    counts = previous.class_counts(settings.num_classes)
    weights = class_weights(
        settings.balance,
        counts.sum(axis=0),
        settings.budget * num_pool_px,
        target=_target(settings),
        max_weight=settings.max_weight,
    )
    parts = (scores.attrs["score"], settings.unit, settings.allocation, settings.balance)
    return LabelSummary(
        method="/".join(map(str, parts)),
        budget=settings.budget,
        rounds=settings.rounds,
        radius=settings.radius,
        seed=settings.seed,
        class_counts=counts,
        void_counts=previous.void_counts(),
        class_weights=weights,
        num_pool_px=num_pool_px,
    )


def _target(settings: RoundSettings) -> NDArray[np.float64] | None:
    """The wanted class distribution, (C,) of sum 1; None if uniform."""
    wanted = np.array(settings.target_distribution, np.float64)
    return wanted / wanted.sum() if len(wanted) else None


def _require_continued(
    previous: Previous, oracle: Dataset, summary: LabelSummary, settings: RoundSettings
) -> None:
    """The previous label file must be of the same run and pool, one round earlier."""
    if previous.summary is None or previous.path is None:
        return
    num_done, num_classes = previous.summary.class_counts.shape
    if num_done != settings.round - 1:
        raise UserError(f"{previous.path}: holds {num_done} rounds, this is round {settings.round}")
    if num_classes != settings.num_classes:
        raise UserError(
            f"{previous.path}: has {num_classes} classes, this run has {settings.num_classes}"
        )
    for name in ("method", "budget", "rounds", "radius", "seed"):
        found, wanted = getattr(previous.summary, name), getattr(summary, name)
        if found != wanted:
            raise UserError(f"{previous.path}: {name} is {found}, this run has {wanted}")
    require_same_pool(previous.path, previous.image_ids, oracle.root, oracle.image_ids)


def _weighted_pool(
    scores: "h5py.File",
    previous: Previous,
    weights: NDArray[np.float64],
    settings: RoundSettings,
) -> Iterator[tuple[FloatArray, Mask]]:
    """Score map times class weight, and blocked map, of one image after another."""
    reach = block_radius(settings.radius, settings.unit)
    balanced = settings.balance != "none"
    for index, image_id in enumerate(read_image_ids(scores)):
        score, prediction = scores["score"][index], scores["prediction"][index]
        _require_sound(f"image {image_id!r}", score, prediction, len(weights))
        blocked = np.zeros(score.shape, np.bool_)
        paint(blocked, previous.centres(index), reach)
        yield (score * weights[prediction] if balanced else score), blocked


def _require_sound(
    where: str, score: FloatArray, prediction: NDArray[np.uint8], num_classes: int
) -> None:
    num_bad = score.size - int(np.count_nonzero(np.isfinite(score)))
    if num_bad:
        raise UserError(f"{where}: {num_bad} scores are NaN or infinite")
    if prediction.max() >= num_classes:
        raise UserError(f"{where}: predicts class {prediction.max()}, there are {num_classes}")


def _read_maps(
    previous: Previous, index: int, height: int, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Labels and rounds of one image before this round, (H,W) uint8 each."""
    if previous.path is None:
        return np.full((height, width), VOID, np.uint8), np.zeros((height, width), np.uint8)
    with open_labels(previous.path) as file:
        return file["label"][index], file["round"][index]


def _ask(oracle: Dataset, index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    answer = oracle.read_label(index)
    if answer.shape != size:
        raise UserError(
            f"{oracle.root}: label of {oracle.image_ids[index]!r} is {answer.shape} px, the scores"
            f" are {size}"
        )
    return answer


def _count(answer: NDArray[np.uint8], num_classes: int) -> NDArray[np.int64]:
    """Pixels by class, (C+1,) int64, void last."""
    known = np.minimum(answer, num_classes)
    return np.bincount(known, minlength=num_classes + 1).astype(np.int64)


def _append_queries(previous: Previous, acquired: Acquired) -> NDArray[np.int32]:
    rounds = np.full((len(acquired.chosen), 1), acquired.settings.round)
    return np.vstack([previous.queries, np.hstack([rounds, acquired.chosen])]).astype(np.int32)


def _with_counts(summary: LabelSummary, counts: NDArray[np.int64]) -> LabelSummary:
    return replace(
        summary,
        class_counts=np.vstack([summary.class_counts, counts[:-1]]),
        void_counts=np.append(summary.void_counts, counts[-1]),
    )
