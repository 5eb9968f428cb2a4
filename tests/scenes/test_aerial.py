"""The views from above: what occurs in them, what is void, and their geometry."""

import math

import numpy as np
import pytest

from cbda.scenes.aerial.classes import BOAT, CLASSES, FIELD, MEADOW, POOL, RAILWAY, SOLAR, WATER
from cbda.scenes.aerial.looks import DOMAINS
from cbda.scenes.aerial.rendering import render_view
from cbda.scenes.aerial.sheet import Frame, Sheet, Surface
from cbda.scenes.classes import VOID

NUM_VIEWS = 40


@pytest.fixture(scope="module", params=DOMAINS)
def labels(request):
    """Labels of many views of a domain, (N, H, W)."""
    return np.stack([render_view(request.param, 3, i, 96, 160)[1] for i in range(NUM_VIEWS)])


def test_every_class_occurs_and_several_are_rare(labels):
    counts = np.bincount(labels.ravel(), minlength=256)
    shares = counts[: len(CLASSES)] / counts.sum()
    assert (shares > 0).all()
    assert (shares[[POOL, SOLAR, BOAT]] < 0.01).all()
    assert shares[[FIELD, MEADOW]].min() > 0.1
    assert counts[len(CLASSES) : VOID].sum() == 0


def test_some_pixels_of_few_views_are_void(labels):
    has_void = (labels == VOID).any(axis=(1, 2))
    assert 0 < has_void.mean() < 0.6
    assert 0 < (labels == VOID).mean() < 0.15


def test_boats_float(labels):
    """What surrounds most pixels of boats is water, or a boat."""
    near = np.isin(np.roll(labels, 6, axis=2), (WATER, BOAT, VOID))
    assert near[labels == BOAT].mean() > 0.7


def test_domains_share_no_view_but_the_classes():
    source, target = (render_view(domain, 1, 0, 96, 160)[0] for domain in DOMAINS)
    greens = [image[..., 1].mean() - image[..., 0].mean() for image in (source, target)]
    assert greens[0] > greens[1]  # a dry season


def test_railways_are_in_a_part_of_the_views(labels):
    assert 0 < (labels == RAILWAY).any(axis=(1, 2)).mean() < 0.5


def test_places_of_a_turned_frame():
    frame = Frame(10.0, 20.0, math.pi / 2)
    assert frame.at(3, 1) == pytest.approx((9.0, 23.0))
    assert frame.moved(3, 1, 1.0) == Frame(*frame.at(3, 1), math.pi / 2 + 1)
    assert {*frame.box((0, 6), (0, 1))} <= {*frame.grid((0, 6), (0, 1))}


def test_sheet_tells_what_was_painted_last():
    sheet = Sheet(48, 64, 24.0)
    sheet.add(Surface(FIELD, 0.1))
    square = [(2.0, 2.0), (8.0, 2.0), (8.0, 8.0), (2.0, 8.0)]
    sheet.polygon(square, (255, 0, 0), sheet.add(Surface(WATER, 0.1)))
    sheet.shade(square)
    assert [sheet.label_at(p) for p in ((5, 5), (20, 20), (-1, 5), (5, 30))] == [
        WATER,
        FIELD,
        None,
        None,
    ]
    assert sheet.width_m == 32
    assert (sheet.surface_map() == 1).mean() == pytest.approx(36 / (24 * 32), rel=0.2)
    assert sheet.pixels()[10, 10].tolist() == [1, 0, 0]
    assert sheet.shadows()[10, 10] == 1
