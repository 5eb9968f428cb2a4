"""The toy workflow with people in it, who type the truth."""

from pathlib import Path

import numpy as np
from PIL import Image

from cbda.files.answer_lines import ANSWERED, OPEN, Answer
from cbda.files.answers import AnswerFile
from cbda.files.labels import LabelFile
from cbda.files.queries import QuerySet, load_queries

POOL = "data/tiny/target_train"
CHANGE = """
experiment: {oracle: people, methods: [da], references: []}
datasets:
  target: {kind: images, root: data/tiny/target_train/images}
  val: {root: ""}
tabulate: {baseline: da}
predict: {images: data/tiny/source/images}
"""


def truth_of(project: Path, image_id: str) -> np.ndarray:
    """The label (H,W) of an image of the pool, which no command is given."""
    return np.asarray(Image.open(project / POOL / f"labels/{image_id}.png"))


def typed_answer(project: Path, queries: QuerySet, index: int) -> Answer:
    """What someone who knows the truth says to a query."""
    image_id, row, column, _ = queries.place(index)
    window = truth_of(project, image_id)[queries.window(index).area]
    return Answer(image_id, row, column, ANSWERED, tuple(window.ravel().tolist()), seconds=3.0)


def answer_round(project: Path, number: int) -> int:
    """Answer all that is open of a round; how many queries that were."""
    queries = load_queries(project / f"answers/round{number}.h5")
    answers = AnswerFile(project / "answers/answers.jsonl")
    still = [n for n in range(len(queries)) if answers.state(queries.place(n)) == OPEN]
    answers.append(queries, [typed_answer(project, queries, index) for index in still])
    return len(still)


def require_truth(project: Path, labels_path: Path, number: int) -> None:
    """Fail unless the labels of a round are what was typed, pixel for pixel, and nothing else."""
    queries = [load_queries(project / f"answers/round{n + 1}.h5") for n in range(number)]
    with LabelFile.open(labels_path) as labels:
        expected = np.zeros(labels.shape, np.uint8)
        for asked in queries:
            for index, image in enumerate(asked.queries[:, 0].tolist()):
                expected[image][asked.window(index).area] = asked.round
        for image, image_id in enumerate(labels.image_ids):
            label, rounds = labels.read(image)
            np.testing.assert_array_equal(rounds, expected[image])
            is_known = expected[image] > 0
            np.testing.assert_array_equal(label[is_known], truth_of(project, image_id)[is_known])
        assert labels.num_queries == sum(map(len, queries))
