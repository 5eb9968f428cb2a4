"""Which landscapes there are in each domain, and what each holds."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """One kind of landscape: its parcels by weight, and how likely or how many the rest is."""

    parcels: Mapping[str, float]
    roads: tuple[float, float]  # number, rounded
    houses_p: float  # that a plot along a road is built on
    halls: float  # large buildings with a yard, mean number
    river_p: float
    lakes: float  # mean number
    railway_p: float


SOURCE_PLACES = (
    (3, Place({"field": 6, "meadow": 3, "wood": 1, "soil": 1, "panels": 0.25},
              (1, 2), houses_p=0.15, halls=0.4, river_p=0.15, lakes=0.3, railway_p=0.1)),
    (3, Place({"field": 1.5, "meadow": 5, "wood": 1, "soil": 0.5},
              (2, 3), houses_p=0.75, halls=0.4, river_p=0.1, lakes=0.3, railway_p=0.1)),
    (2, Place({"field": 2, "meadow": 3, "wood": 2, "soil": 1},
              (1, 1), houses_p=0.4, halls=0.2, river_p=0.7, lakes=0.9, railway_p=0.1)),
    (1, Place({"field": 1, "meadow": 2, "wood": 6},
              (1, 1), houses_p=0.1, halls=0.0, river_p=0.25, lakes=0.4, railway_p=0.15)),
)  # fmt: skip
TARGET_PLACES = (
    (3, Place({"field": 5, "meadow": 2, "wood": 0.7, "soil": 2.5, "panels": 0.3},
              (1, 2), houses_p=0.12, halls=0.5, river_p=0.12, lakes=0.3, railway_p=0.15)),
    (2.5, Place({"field": 1.5, "meadow": 4, "wood": 0.7, "soil": 1.5},
                (2, 3), houses_p=0.8, halls=0.7, river_p=0.1, lakes=0.2, railway_p=0.15)),
    (2, Place({"field": 2, "meadow": 2.5, "wood": 1.5, "soil": 2},
              (1, 2), houses_p=0.4, halls=0.3, river_p=0.7, lakes=0.9, railway_p=0.1)),
    (1, Place({"field": 1, "meadow": 3, "soil": 3},
              (1, 2), houses_p=0.2, halls=3.0, river_p=0.1, lakes=0.1, railway_p=0.7)),
)  # fmt: skip
