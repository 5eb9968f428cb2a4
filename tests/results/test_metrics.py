import numpy as np
import pytest

from cbda.results.metrics import class_iou, confusion_matrix, mean_iou, summarise

LABEL = np.array([[0, 0, 1], [1, 1, 255]], np.uint8)
PREDICTION = np.array([[0, 1, 1], [1, 3, 2]], np.uint8)
# Rows are true, columns predicted; nothing is truly 2 or 3, and one pixel is void.
CONFUSION = np.array([[1, 1, 0, 0], [0, 2, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_confusion_matrix_counts_true_by_predicted_without_void():
    counts = confusion_matrix(LABEL, PREDICTION, 4)
    assert counts.tolist() == CONFUSION.tolist()
    assert counts.dtype == np.int64


def test_void_may_be_predicted_as_anything():
    void = np.full((2, 2), 255, np.uint8)
    assert confusion_matrix(void, np.full((2, 2), 200, np.uint8), 3).sum() == 0


@pytest.mark.parametrize(
    ("label", "prediction", "message"),
    [
        (np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), "differ in shape"),
        (np.full(2, 4, np.uint8), np.zeros(2, np.uint8), "class 4 is not one of the 4 classes"),
        (np.zeros(2, np.uint8), np.full(2, 4, np.uint8), "class 4 is not one of the 4 classes"),
    ],
)
def test_what_cannot_be_counted_raises(label, prediction, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(label, prediction, 4)


def test_class_iou_is_hits_over_union():
    """Class 0: 1 hit of 2; class 1: 2 hits of 4; 2 and 3 have no true pixel."""
    iou = class_iou(CONFUSION)
    np.testing.assert_array_equal(iou, [0.5, 0.5, np.nan, np.nan])


def test_false_alarms_count_against_a_class():
    """Class 0: 6 / (6 + 2 missed + 4 false); class 1: 8 / (8 + 4 + 2)."""
    np.testing.assert_allclose(class_iou(np.array([[6, 2], [4, 8]])), [0.5, 8 / 14])


def test_class_that_is_present_and_never_found_has_iou_0():
    np.testing.assert_array_equal(class_iou(np.array([[5, 0], [3, 0]])), [5 / 8, 0])


def test_mean_is_over_the_classes_present():
    assert mean_iou(np.array([0.5, np.nan, 0.25])) == 0.375
    assert np.isnan(mean_iou(np.array([np.nan, np.nan])))


def test_summary_names_the_worst_class_which_is_present_and_the_first_on_a_tie():
    assert summarise(CONFUSION, ["sky", "road", "car", "tree"]) == {
        "classes": ["sky", "road", "car", "tree"],
        "confusion": CONFUSION.tolist(),
        "class_iou": [0.5, 0.5, None, None],
        "mIoU": 0.5,
        "worst_class": "sky",
        "worst_class_iou": 0.5,
    }


def test_mean_over_a_subset_counts_its_classes_alone():
    """IoU 1/2, 1/3 and none: the mean over b and c is that of b; over c alone there is none."""
    confusion = np.array([[1, 0, 0], [1, 1, 1], [0, 0, 0]])
    summary = summarise(confusion, ["a", "b", "c"], ["b", "c"])
    assert summary["class_iou"] == [0.5, pytest.approx(1 / 3), None]
    assert summary["mIoU_subset"] == pytest.approx(1 / 3)
    assert summarise(confusion, ["a", "b", "c"], ["c"])["mIoU_subset"] is None
    assert "mIoU_subset" not in summarise(confusion, ["a", "b", "c"])
