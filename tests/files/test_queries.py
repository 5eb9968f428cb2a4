from typing import Any

import h5py
import numpy as np
import pytest

from cbda.errors import UserError
from cbda.files.queries import (
    clip_window,
    load_queries,
    require_asked_images,
    save_queries,
    with_images,
)
from tests.queries import make_queries

CENTRES = [(0, 2, 3), (1, 0, 0)]


def test_queries_are_read_as_they_were_written(tmp_path):
    path, queries = tmp_path / "queries.h5", make_queries(CENTRES)
    save_queries(path, queries)
    loaded = load_queries(path)
    assert loaded.digest == queries.digest
    assert (loaded.round, loaded.radius, loaded.classes) == (1, 1, ("road", "car", "tree"))
    assert loaded.place(1) == ("b", 0, 0, 1)
    np.testing.assert_array_equal(loaded.proposals, queries.proposals)


@pytest.mark.parametrize("method", ["ripu/region/dynamic/quota", ""])
def test_queries_know_the_method_that_chose_them(tmp_path, method):
    path = tmp_path / "queries.h5"
    save_queries(path, make_queries(CENTRES, method=method))
    assert load_queries(path).method == method
    assert load_queries(path).digest == make_queries(CENTRES).digest
    with h5py.File(path) as file:
        assert ("method" in file.attrs) == bool(method)


def test_round_may_ask_for_nothing(tmp_path):
    """All of it was answered before, and then the file was lost."""
    path = tmp_path / "queries.h5"
    save_queries(path, make_queries([]))
    assert len(load_queries(path)) == 0
    assert load_queries(path).by_image() == {}


def test_queries_are_never_written_again(tmp_path):
    path = tmp_path / "queries.h5"
    save_queries(path, make_queries(CENTRES))
    before = path.read_bytes()
    with pytest.raises(UserError, match="were chosen already"):
        save_queries(path, make_queries(CENTRES[:1]))
    assert path.read_bytes() == before


def test_digest_is_of_what_is_asked_alone():
    queries = make_queries(CENTRES)
    assert queries.digest == make_queries(CENTRES, class_weights=np.zeros(3)).digest
    others: list[dict[str, Any]] = [
        {"radius": 2},
        {"round": 2},
        {"classes": ("road", "car")},
        {"image_ids": ("a", "c")},
    ]
    digests = {make_queries(CENTRES, **change).digest for change in others}
    assert len(digests | {queries.digest, make_queries(CENTRES[::-1]).digest}) == 6


def test_window_is_clipped_at_the_border():
    assert clip_window(0, 11, 1, (6, 12)).area == (slice(0, 2), slice(10, 12))
    assert make_queries(CENTRES).proposal(1) == [1, 1, 1, 1]


def test_query_outside_of_its_image_is_refused(tmp_path):
    path = tmp_path / "queries.h5"
    save_queries(path, make_queries([(0, 6, 0)]))
    with pytest.raises(UserError, match="outside of its image"):
        load_queries(path)


def test_changed_queries_are_damage(tmp_path):
    path = tmp_path / "queries.h5"
    save_queries(path, make_queries(CENTRES))
    with h5py.File(path, "a") as file:
        file["query"][0, 1] += 1
    with pytest.raises(UserError, match="do not match their digest"):
        load_queries(path)


def test_queries_know_the_images_that_they_ask_about(tmp_path):
    paths = {name: tmp_path / f"{name}.png" for name in ("a", "b")}
    for path in paths.values():
        path.write_bytes(b"pixels")
    queries, place = make_queries([(1, 2, 3)]), tmp_path / "round1.h5"
    save_queries(place, with_images(queries, paths))
    loaded = load_queries(place)
    assert loaded.digest == queries.digest
    paths["a"].write_bytes(b"others")  # of which nothing is asked
    require_asked_images(place, loaded, paths)
    paths["b"].write_bytes(b"others")
    with pytest.raises(UserError, match=r"round1\.h5: asks about another image than .+b\.png"):
        require_asked_images(place, loaded, paths)
    require_asked_images(place, queries, paths)  # as in files of before
