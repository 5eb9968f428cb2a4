from pathlib import Path

import numpy as np
import pytest

from cbda.datasets import cityscapes, synthia
from cbda.datasets.catalogue import KINDS
from cbda.datasets.ids import VOID
from cbda.datasets.vocabulary import (
    ALIASES,
    describe_ids,
    listed_table,
    named_table,
    require_classes,
    to_train_ids,
    train_id,
)
from cbda.errors import UserError

PATH = Path("labels/a.png")


def test_own_name_goes_before_alias():
    assert train_id("rider", ("bicyclist", "rider")) == 1
    assert train_id("rider", ("car", "bicyclist")) == 1
    assert train_id("rider", ("car", "bicycle")) == VOID


def test_bicyclist_is_bicycle_before_rider():
    assert train_id("bicyclist", ("rider", "bicycle")) == 1


def test_aliases_name_what_some_kind_has():
    known = {name for kind in KINDS.values() if kind.names for name in kind.names.values()}
    assert known >= {name for pair in ALIASES.items() for name in (pair[0], *pair[1])}


def test_named_table_maps_by_name():
    table = named_table({0: "void", 3: "road", 7: "tree"}, ("vegetation", "road"))
    assert table[[0, 3, 7]].tolist() == [VOID, 1, 0]
    with pytest.raises(UserError, match="unknown label id 1-2, 255 in 4 pixels; allowed: 0, 3, 7"):
        to_train_ids(np.array([[1, 2, 255], [3, 2, 7]], np.uint8), table, PATH)


def test_class_without_label_is_refused():
    with pytest.raises(UserError, match="named 'raod', 'x'; allowed: void, road"):
        named_table({0: "void", 3: "road"}, ("raod", "road", "x"))


def test_table_without_ids_keeps_train_ids():
    ids = np.array([[0, 2, 255]], np.uint8)
    train_ids = to_train_ids(ids, listed_table((), (), 3), PATH)
    assert train_ids.dtype == np.uint8
    assert (train_ids == ids).all()
    with pytest.raises(UserError, match=r"labels/a\.png: unknown label id 3 in 1 pixels; allowed"):
        to_train_ids(np.array([[3]], np.uint8), listed_table((), (), 3), PATH)


def test_id_beyond_8_bits_is_not_cut_off():
    with pytest.raises(UserError, match="unknown label id 259 "):
        to_train_ids(np.array([[259]], np.uint16), named_table(synthia.NAMES, ("road",)), PATH)


def test_255_classes_leave_room_for_void():
    require_classes([str(i) for i in range(255)])
    assert listed_table((), (), 255)[[254, 255]].tolist() == [254, 255]
    with pytest.raises(UserError, match="256 classes given; allowed: 1 to 255"):
        require_classes([str(i) for i in range(256)])
    with pytest.raises(UserError, match="0 classes"):
        require_classes([])
    with pytest.raises(UserError, match="more than once: car"):
        require_classes(["car", "road", "car"])


def test_ids_are_described_in_runs():
    assert describe_ids([5, 0, 1, 2, 255]) == "0-2, 5, 255"


def test_cityscapes_train_ids_are_the_usual_ones():
    table = named_table(cityscapes.NAMES, cityscapes.CLASSES)
    usual = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    assert table[usual].tolist() == list(range(19))
    assert all(table[i] == VOID for i in range(34) if i not in usual)
    assert (table[34:] == -1).all()


def test_synthia_ids_map_to_cityscapes_order():
    usual = [3, 4, 2, 21, 5, 7, 15, 9, 6, 1, 10, 17, 8, 19, 12, 11]
    assert named_table(synthia.NAMES, synthia.CLASSES)[usual].tolist() == list(range(16))
    usual = [3, 4, 2, 21, 5, 7, 15, 9, 6, 16, 1, 10, 17, 8, 18, 19, 20, 12, 11]
    assert named_table(synthia.NAMES, cityscapes.CLASSES)[usual].tolist() == list(range(19))
