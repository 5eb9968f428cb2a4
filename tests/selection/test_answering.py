"""Rounds that people answer, of a pool of two images of 6x12 px and three classes, radius 1."""

import numpy as np
import pytest

from cbda.acquisition.methods import ResolvedMethod
from cbda.errors import UserError
from cbda.files.answer_lines import SKIPPED, UNDONE, UNSURE, VOID_WINDOW
from cbda.files.answers import AnswerFile
from cbda.files.labels import LabelFile
from cbda.files.scores import ScoreFile
from cbda.selection.answering import choose_queries, write_answered
from cbda.selection.round import Round
from tests.pools import write_scores
from tests.queries import CLASSES, answer_to, make_queries
from tests.selection.rounds import changed, read, summary_of

SHAPE = (2, 6, 12)
FIRST = Round(ResolvedMethod(allocation="dynamic"), 0.5, 2, 1, seed=0, num_classes=3)
SECOND = changed(FIRST, number=2)
NONE = np.full(SHAPE, 255, np.uint8)


@pytest.fixture
def answers(tmp_path):
    return AnswerFile(tmp_path / "answers.jsonl")


@pytest.fixture
def scores(tmp_path):
    """Scores that differ from those of any other seed."""

    def write(seed=0):
        score = np.random.default_rng(seed).random(SHAPE, np.float32)
        prediction = np.random.default_rng(seed).integers(0, 3, SHAPE, np.uint8)
        return write_scores(tmp_path / f"scores{seed}.h5", ["a", "b"], score, prediction, 3, 1)

    return write


def choose(round_, scores_path, labels_path, answers):
    with (
        ScoreFile.open(scores_path) as scores,
        LabelFile.open_previous(labels_path, scores) as labels,
    ):
        round_ = changed(round_, score=scores.score)
        return choose_queries(round_, scores, labels, answers, CLASSES, 1)


def label(round_, scores_path, labels_path, queries, answers, out):
    with (
        ScoreFile.open(scores_path) as scores,
        LabelFile.open_previous(labels_path, scores) as labels,
    ):
        write_answered(out, changed(round_, score=scores.score), labels, queries, answers)
    return out


def test_labels_are_what_was_answered(tmp_path, scores, answers):
    queries = make_queries([(1, 2, 3), (0, 0, 0), (0, 4, 8)])
    given = [answer_to(queries, 0, *range(3), *range(3), 255, 0, 1), answer_to(queries, 1, 2)]
    given.append(answer_to(queries, 2, state=VOID_WINDOW, pixels=()))
    answers.append(queries, given)
    path = label(FIRST, scores(), None, queries, answers, tmp_path / "labels.h5")

    expected, rounds = NONE.copy(), np.zeros(SHAPE, np.uint8)
    expected[1, 1:4, 2:5] = [[0, 1, 2], [0, 1, 2], [255, 0, 1]]
    expected[0, :2, :2] = 2
    rounds[1, 1:4, 2:5] = rounds[0, :2, :2] = rounds[0, 3:6, 7:10] = 1
    np.testing.assert_array_equal(read(path, "label"), expected)
    np.testing.assert_array_equal(read(path, "round"), rounds)
    np.testing.assert_array_equal(read(path, "query"), [[1, 1, 2, 3], [1, 0, 0, 0], [1, 0, 4, 8]])
    summary = summary_of(path)
    np.testing.assert_array_equal(summary.class_counts, [[3, 3, 6]])
    np.testing.assert_array_equal(summary.void_counts, [10])


@pytest.mark.parametrize("state", [SKIPPED, UNSURE, UNDONE])
def test_what_has_no_answer_is_not_void(tmp_path, scores, answers, state):
    queries = make_queries([(1, 2, 3), (0, 0, 0)])
    answers.append(queries, [answer_to(queries, 0, state=state, pixels=())])
    path = label(FIRST, scores(), None, queries, answers, tmp_path / "labels.h5")
    assert not read(path, "round").any()
    assert not summary_of(path).void_counts.any()


def test_of_overlapping_windows_the_last_answer_holds(tmp_path, scores, answers):
    queries = make_queries([(0, 2, 3), (0, 2, 4)])
    for index, value in ((1, 2), (0, 0), (1, 1)):
        answers.append(queries, [answer_to(queries, index, value)])
    path = label(FIRST, scores(), None, queries, answers, tmp_path / "labels.h5")
    assert read(path, "label")[0, 2, 2:6].tolist() == [0, 1, 1, 1]
    np.testing.assert_array_equal(summary_of(path).class_counts, [[3, 9, 0]])


@pytest.mark.parametrize("allocation", ["dynamic", "per_image"])
def test_queries_chosen_again_lie_around_what_was_answered(scores, answers, allocation):
    round_ = changed(FIRST, allocation=allocation)
    before = choose(round_, scores(), None, answers).queries
    given = [answer_to(before, 0, 1), answer_to(before, 1, state=SKIPPED, pixels=())]
    answers.append(before, given)
    choice = choose(round_, scores(1), None, answers)
    assert choice.num_kept == 2
    assert len(choice.queries) == len(before) - 2
    num_of_both = [np.bincount(q.queries[:, 0], minlength=2) for q in (before, choice.queries)]
    if allocation == "per_image":
        np.testing.assert_array_equal(
            num_of_both[0] - np.bincount(before.queries[:2, 0], minlength=2), num_of_both[1]
        )
    for image, row, column in before.queries[:2]:
        _, rows, columns = choice.queries.queries[choice.queries.queries[:, 0] == image].T
        assert (np.maximum(abs(rows - row), abs(columns - column)) > 2).all()


def test_answers_to_other_queries_keep_their_place(tmp_path, scores, answers):
    before = choose(FIRST, scores(), None, answers).queries
    answers.append(before, [answer_to(before, index, 1) for index in range(3)])
    again = choose(FIRST, scores(1), None, answers).queries
    answers.append(again, [answer_to(again, 0, 2)])
    path = label(FIRST, scores(1), None, again, answers, tmp_path / "labels.h5")
    rows = [
        queries.queries[i].tolist() for queries, i in ((again, 0), *((before, i) for i in range(3)))
    ]
    assert read(path, "query")[:, 1:].tolist() == rows
    for index in range(3):
        area = before.window(index).area
        assert (read(path, "label")[before.queries[index, 0]][area] == 1).all()


def test_next_round_asks_nothing_again(tmp_path, scores, answers):
    first = choose(FIRST, scores(), None, answers).queries
    states = [{"state": SKIPPED, "pixels": ()}, {"state": UNSURE, "pixels": ()}]
    answers.append(first, [answer_to(first, index, **given) for index, given in enumerate(states)])
    answers.append(first, [answer_to(first, 2, 1)])
    labels = label(FIRST, scores(), None, first, answers, tmp_path / "labels.h5")
    second = choose(SECOND, scores(), labels, answers)
    assert second.num_kept == 0  # what was skipped is charged to the first round
    taken = {first.place(index) for index in range(3)}
    assert not taken & {second.queries.place(i) for i in range(len(second.queries))}


def test_answers_of_an_earlier_round_stay(tmp_path, scores, answers):
    first = choose(FIRST, scores(), None, answers).queries
    answers.append(first, [answer_to(first, index, 1) for index in range(len(first))])
    labels = label(FIRST, scores(), None, first, answers, tmp_path / "1.h5")
    second = choose(SECOND, scores(), labels, answers).queries
    answers.append(second, [answer_to(second, index, 2) for index in range(len(second))])
    last = label(SECOND, scores(), labels, second, answers, tmp_path / "2.h5")
    for queries, value in ((first, 1), (second, 2)):
        for index in range(len(queries)):
            area = queries.window(index).area
            image = queries.queries[index, 0]
            assert (read(last, "label")[image][area] == value).all()
            assert (read(last, "round")[image][area] == value).all()
    assert len(read(last, "query")) == len(first) + len(second)


def test_classes_of_answers_are_mapped_by_name(tmp_path, scores, answers):
    queries = make_queries([(0, 2, 3)])
    answers.append(queries, [answer_to(queries, 0, 1)])
    other = make_queries([(0, 2, 3)], classes=("car", "tree", "road"))
    path = label(FIRST, scores(), None, other, answers, tmp_path / "labels.h5")
    assert read(path, "label")[0, 2, 3] == 0
    unknown = make_queries([(0, 2, 3)], classes=("road", "tree", "sky"))
    with pytest.raises(UserError, match="answers name class 'car'; this run has road, tree, sky"):
        label(FIRST, scores(), None, unknown, answers, tmp_path / "labels.h5")


def test_answers_to_images_of_another_size_are_refused(tmp_path, scores, answers):
    queries = make_queries([(0, 2, 3)], size=(7, 12))
    answers.append(queries, [answer_to(queries, 0, 1)])
    with pytest.raises(
        UserError, match=r"answers.jsonl: answers are to images 7 high 12 wide, the pool's are 6"
    ):
        label(FIRST, scores(), None, queries, answers, tmp_path / "labels.h5")


def test_proposals_are_what_the_model_predicts(scores, answers):
    path = scores()
    queries = choose(FIRST, path, None, answers).queries
    with ScoreFile.open(path) as file:
        for index in range(len(queries)):
            image = int(queries.queries[index, 0])
            expected = file.read_prediction(image)[queries.window(index).area]
            assert queries.proposal(index) == expected.ravel().tolist()
