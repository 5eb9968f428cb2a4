"""Queries that people answer: choose them around what is answered already, and write the labels.

An answer counts as labelled at its place, whatever queries it was given to. So nothing that was
answered is lost, or asked twice, when scores, model, seed or code change later.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.methods import Method
from cbda.datasets.ids import VOID
from cbda.datasets.pictures import describe_size
from cbda.errors import UserError
from cbda.files.answer_lines import ANSWERED, VOID_WINDOW, Given
from cbda.files.answers import AnswerFile
from cbda.files.labels import METHOD_PARTS, LabelFile, Map, method_words
from cbda.files.labels import Queries as Asked
from cbda.files.queries import Place, QuerySet, Window, clip_window
from cbda.files.scores import ScoreFile
from cbda.selection.balance import class_weights
from cbda.selection.labelling import write_round
from cbda.selection.querying import choose, class_statistics
from cbda.selection.round import Round
from cbda.selection.units import Queries, centres_by_image, label_radius

LABELLED = (ANSWERED, VOID_WINDOW)


@dataclass(frozen=True)
class Choice:
    """What a round is to ask for, and how many answers from before keep their place in it."""

    queries: QuerySet
    num_kept: int


def choose_queries(
    round_: Round,
    scores: ScoreFile,
    labels: LabelFile,
    answers: AnswerFile,
    classes: Sequence[str],
    num_threads: int,
) -> Choice:
    """Choose what to ask people for in a round, around all that they were asked before.

    `labels` are of the round before. Answers to this round take the place of as many queries, and
    so do labels of an earlier round that those lack; what was skipped then was that round's.
    """
    taken = _in_pool(answers, scores.image_ids, scores.shape[1:])
    kept = [
        item
        for item in _left_for(round_, labels, taken)
        if item.asked.round == round_.number or item.answer.state in LABELLED
    ]
    statistics = class_statistics(round_, scores, labels)
    view = _Taken(labels, taken)
    picks = choose(round_, scores, view, statistics, num_threads)
    num_kept = np.zeros(len(scores.image_ids), np.int64)
    for given in kept:
        num_kept[scores.image_ids.index(given.answer.image)] += 1
    queries = _leave_out(picks, round_, num_kept)
    radius = label_radius(round_.method.radius, round_.method.unit)
    chosen = QuerySet(
        round=round_.number,
        radius=radius,
        classes=tuple(classes),
        image_ids=scores.image_ids,
        height=scores.shape[1],
        width=scores.shape[2],
        queries=queries,
        proposals=_read_proposals(scores, queries, radius),
        class_weights=class_weights(round_.method.balance, statistics),
        method=_in_words(round_.method),
    )
    return Choice(chosen, len(kept))


def _in_pool(answers: AnswerFile, image_ids: Sequence[str], size: tuple[int, int]) -> list[Given]:
    """The last answer at every place of a pool's images, the one given last at the end."""
    pool = frozenset(image_ids)
    given = [item for item in answers.latest.values() if item.answer.image in pool]
    for item in given:
        if (item.asked.height, item.asked.width) != size:
            found = describe_size((item.asked.height, item.asked.width))
            wanted = f"the pool's are {describe_size(size)}"
            raise UserError(f"{answers.path}: answers are to images {found}, {wanted}")
    return given


def labelled_digest(answers: AnswerFile, number: int) -> str:
    """What tells the answers that are labels in a round from others."""
    digest = hashlib.sha256()
    for given in answers.latest.values():
        if given.asked.round <= number and given.answer.state in LABELLED:
            digest.update(f"{given.place} {given.answer.state} {given.answer.pixels}".encode())
    return digest.hexdigest()


def require_asked(path: Path, queries: QuerySet, round_: Round, classes: Sequence[str]) -> None:
    """Raise a `UserError` unless queries that were chosen earlier are of this round."""
    radius = label_radius(round_.method.radius, round_.method.unit)
    found = queries.round, queries.radius, list(queries.classes)
    wanted = round_.number, radius, list(classes)
    for name, is_found, is_wanted in zip(
        ("round", "radius", "classes"), found, wanted, strict=True
    ):
        if is_found != is_wanted:
            raise UserError(
                f"{path}: {name} of the queries is {is_found}, this run has {is_wanted}; go back,"
                " or remove the file to have others chosen: answers keep their place"
            )
    require_method(path, queries, round_.method)


def require_method(path: Path, queries: QuerySet, method: Method) -> None:
    """Raise a `UserError` if another method is known to have chosen some queries.

    Its model would learn from what the other asked for, and so be no model of its own.
    """
    wanted = _in_words(method)
    if queries.method not in ("", wanted):
        raise UserError(
            f"{path}: method of the queries is {queries.method}, this run has {wanted}; go back,"
            " or give this method queries and answers of its own, in another folder"
            " (pathvars.answers)"
        )


def _in_words(method: Method) -> str:
    parts = [getattr(method, name) for name in METHOD_PARTS]
    return method_words(parts, method.random_fraction, method.choice.words)


def write_answered(
    path: Path,
    round_: Round,
    labels: LabelFile,
    queries: QuerySet,
    answers: AnswerFile,
    num_threads: int = 1,
) -> None:
    """Write the label file of a round from what people answered; `labels` are of the one before.

    Where windows overlap, the answer given last holds, and what earlier rounds acquired stays.
    Skipped, unsure and open queries leave no trace: their pixels are not acquired, whereas void
    ones are.
    """
    given = _left_for(round_, labels, _in_pool(answers, labels.image_ids, labels.shape[1:]))
    kept = [item for item in given if item.answer.state in LABELLED]
    windows = _by_image(kept, labels.image_ids, queries.classes)

    def ask(image: int) -> tuple[Map, Map, NDArray[np.int64]]:
        label, rounds = labels.read(image)
        for window, pixels in windows[image]:
            is_new = (rounds[window.area] == 0) | (rounds[window.area] == round_.number)
            label[window.area][is_new] = pixels[is_new]
            rounds[window.area][is_new] = round_.number
        acquired = label[rounds == round_.number]
        return label, rounds, np.bincount(acquired, minlength=VOID + 1).astype(np.int64)

    rows = _in_order(kept, queries, labels.image_ids)
    write_round(path, round_, labels, rows, queries.class_weights, ask, num_threads)


class _Taken(LabelFile):
    """Labels of the round before, in which all that people were asked counts as acquired."""

    def __init__(self, labels: LabelFile, taken: Sequence[Given]) -> None:
        self._labels = labels
        self.image_ids, self.shape = labels.image_ids, labels.shape
        self._describe(labels.path, labels.summary, labels.num_queries)
        self._windows: dict[str, list[Window]] = {}
        for given in taken:
            self._windows.setdefault(given.answer.image, []).append(_window(given))

    def queries(self) -> Iterator[Asked]:
        yield from self._labels.queries()

    def read_label(self, index: int) -> Map:
        return self._labels.read_label(index)

    def read_round(self, index: int) -> Map:
        rounds = self._labels.read_round(index)
        for window in self._windows.get(self.image_ids[index], ()):
            rounds[window.area] = VOID
        return rounds


def _window(given: Given) -> Window:
    answer, asked = given.answer, given.asked
    return clip_window(answer.row, answer.column, asked.radius, (asked.height, asked.width))


def _left_for(round_: Round, labels: LabelFile, given: Sequence[Given]) -> list[Given]:
    """Answers up to a round that the labels of the round before lack."""
    earlier = _earlier_places(labels)
    up_to = [item for item in given if item.asked.round <= round_.number]
    return [item for item in up_to if item.place[:3] not in earlier]


def _earlier_places(labels: LabelFile) -> set[tuple[str, int, int]]:
    rows = (row for block in labels.queries() for row in block[:, 1:].tolist())
    return {(labels.image_ids[image], row, column) for image, row, column in rows}


def _leave_out(picks: Queries, round_: Round, num_kept: NDArray[np.int64]) -> Queries:
    """The picks but the last ones, for which answers from before, (N,) by image, stand."""
    if round_.method.allocation != "per_image":
        return picks[: max(len(picks) - int(num_kept.sum()), 0)]
    centres = centres_by_image(np.insert(picks, 3, np.arange(len(picks)), axis=1), len(num_kept))
    left = [
        of_image[: max(len(of_image) - n, 0), 2]
        for of_image, n in zip(centres, num_kept, strict=True)
    ]
    return picks[np.sort(np.concatenate(left))]


def _read_proposals(scores: ScoreFile, queries: Queries, radius: int) -> NDArray[np.uint8]:
    """(M,P) uint8 what the model predicts in every window, row by row, then 255."""
    proposals = np.full((len(queries), (2 * radius + 1) ** 2), VOID, np.uint8)
    for image in np.unique(queries[:, 0]):
        prediction = scores.read_prediction(int(image))
        for index in np.flatnonzero(queries[:, 0] == image):
            row, column = map(int, queries[index, 1:])
            window = clip_window(row, column, radius, scores.shape[1:])
            proposals[index, : window.num_px] = prediction[window.area].ravel()
    return proposals


def _by_image(
    given: Sequence[Given], image_ids: Sequence[str], classes: Sequence[str]
) -> list[list[tuple[Window, Map]]]:
    """Windows of every image and their train ids, in the order in which they were answered."""
    places = {image_id: index for index, image_id in enumerate(image_ids)}
    windows: list[list[tuple[Window, Map]]] = [[] for _ in image_ids]
    for item in given:
        window = _window(item)
        pixels = np.full((window.height, window.width), VOID, np.uint8)
        if item.answer.state == ANSWERED:
            ids = _train_ids(item.asked.classes, classes)[list(item.answer.pixels)]
            pixels[:] = ids.reshape(pixels.shape)
        windows[places[item.answer.image]].append((window, pixels))
    return windows


def _train_ids(answered: Sequence[str], classes: Sequence[str]) -> NDArray[np.uint8]:
    """(256,) class of an answer to train id, by name."""
    missing = [name for name in answered if name not in classes]
    if missing:
        raise UserError(f"answers name class {missing[0]!r}; this run has {', '.join(classes)}")
    table = np.full(VOID + 1, VOID, np.uint8)
    table[: len(answered)] = [classes.index(name) for name in answered]
    return table


def _in_order(given: Sequence[Given], queries: QuerySet, image_ids: Sequence[str]) -> Queries:
    """Rows of answered queries in the order picked, those of other query files after them."""
    order: dict[Place, int] = {queries.place(index): index for index in range(len(queries))}
    ranked = sorted(given, key=lambda item: order.get(item.place, len(order)))
    places = {image_id: index for index, image_id in enumerate(image_ids)}
    rows = [(places[g.answer.image], g.answer.row, g.answer.column) for g in ranked]
    return np.array(rows, np.int32).reshape(-1, 3)
