"""Queries that are chosen among candidates by what the network makes of them.

The feature of a query is the mean, over the pixels that it labels, of the features in the score
file. Candidates are the best queries by score, of which none suppresses another: 8192, or four for
each query if that is more; of a small pool that is all that fit into it.
"""

from dataclasses import dataclass
from importlib import import_module
from inspect import signature

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition.parts import PartMap, ReadParts
from cbda.compiled import compiled
from cbda.compute.parallel import ordered_map
from cbda.compute.seeds import Stream
from cbda.errors import UserError
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.selection.allocation import Read, choose_dynamic
from cbda.selection.distances import Features
from cbda.selection.round import Round
from cbda.selection.units import (
    Queries,
    centres_by_image,
    clipped,
    label_radius,
    suppression_radius,
)

MIN_CANDIDATES = 1 << 13
CANDIDATES_PER_QUERY = 4

Centres = NDArray[np.int32]  # (m,2) row and column


@dataclass(frozen=True)
class Diverse:
    """What is chosen by features in a round, of its scores and the labels of the round before."""

    round: Round
    scores: ScoreFile
    labels: LabelFile
    parts: ReadParts | None
    num_threads: int

    def choose(self, read: Read, num_queries: int) -> Queries:
        """Choose queries among the best by what `read` gives, in pick order."""
        method = self.round.method
        if not self.scores.num_features:
            reason = f"has no features, by which {method.allocation!r} goes"
            raise UserError(f"{self.scores.path}: {reason}; score with --keep-features")
        number = max(CANDIDATES_PER_QUERY * num_queries, MIN_CANDIDATES)
        radius = suppression_radius(method.radius, method.unit)
        candidates = choose_dynamic(read, self.scores.shape, number, radius, self.num_threads)
        if not len(candidates):
            return candidates
        pick = import_module(f"cbda.selection.diversities.{method.allocation}").pick
        known = {
            "features": self.features_of(candidates),
            "labelled": self.features_of(self._labelled()),
            "num_queries": num_queries,
            "num_threads": self.num_threads,
            "generator": np.random.default_rng(
                [self.round.seed, Stream.DIVERSITY, self.round.number]
            ),
        }
        picked = pick(**{name: known[name] for name in signature(pick).parameters})
        return np.asarray(candidates[picked], np.int32)

    def _labelled(self) -> Queries:
        """Queries of earlier rounds."""
        blocks = (block[:, 1:] for block in self.labels.queries())
        return np.concatenate([np.empty((0, 3), np.int32), *blocks])

    def features_of(self, queries: Queries) -> Features:
        """Features of queries (M,3), (M,D)."""
        order = np.argsort(queries[:, 0], kind="stable")
        centres = enumerate(centres_by_image(queries, self.scores.shape[0]))
        asked = [item for item in centres if len(item[1])]
        found = list(ordered_map(self._of_image, asked, self.num_threads))
        features = np.empty((len(queries), self.scores.num_features), np.float32)
        features[order] = np.concatenate([features[:0], *found])
        return features

    def _of_image(self, item: tuple[int, Centres]) -> Features:
        image, centres = item
        # A cell after another, so that what is added up lies together.
        cells = self.scores.read_features(image).transpose(1, 2, 0).astype(np.float32)
        if self.parts is not None:
            return means_of_parts(cells, centres, self.parts(image))
        method, size = self.round.method, self.scores.shape[1:]
        return means_of_windows(cells, centres, label_radius(method.radius, method.unit), size)


@compiled
def means_of_windows(
    cells: Features, centres: Centres, radius: int, size: tuple[int, int]
) -> Features:
    """Means of the features (h,w,D) of the pixels in clipped windows of an image (H,W), (m,D).

    A pixel (i,j) has those of the cell (i h // H, j w // W).
    """
    means = np.empty((len(centres), cells.shape[2]), np.float32)
    for index in range(len(centres)):
        total, num_px = np.zeros(cells.shape[2], np.float64), 0
        for i in clipped(centres[index, 0], radius, size[0]):
            for j in clipped(centres[index, 1], radius, size[1]):
                total += cells[i * cells.shape[0] // size[0], j * cells.shape[1] // size[1]]
                num_px += 1
        means[index] = total / num_px
    return means


@compiled
def means_of_parts(cells: Features, centres: Centres, parts: PartMap) -> Features:
    """The same of the parts of an image (H,W) in which the centres lie."""
    height, width = parts.shape
    place = np.full(parts.max() + 1, -1, np.int64)
    for index in range(len(centres)):
        place[parts[centres[index, 0], centres[index, 1]]] = index
    total, num_px = np.zeros((len(centres), cells.shape[2])), np.zeros(len(centres))
    for i in range(height):
        for j in range(width):
            index = place[parts[i, j]]
            if index >= 0:
                total[index] += cells[i * cells.shape[0] // height, j * cells.shape[1] // width]
                num_px[index] += 1
    return (total / num_px.reshape(-1, 1)).astype(np.float32)
