"""Every number that makes the two domains what they are, and different from each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from cbda.scenes.aerial.places import SOURCE_PLACES, TARGET_PLACES, Place
from cbda.scenes.sampling import Palette, Range


@dataclass(frozen=True)
class Land:
    """The ground and what grows there."""

    places: tuple[tuple[float, Place], ...]  # with weights
    parcel_m: tuple[Range, Range]  # width and length
    row_m: Range  # distance of rows in fields
    row_strength: Range
    hedge_p: float
    lone_trees: float  # mean number
    crown_m: Range  # radius
    crown_gap_m: float
    conifer_p: float
    bales: float  # mean number in a field
    field: Palette
    meadow: Palette
    soil: Palette
    water: Palette
    crowns: Palette


@dataclass(frozen=True)
class Built:
    """What people put there."""

    road_m: Range
    track_p: float  # that a road is unpaved
    marked_p: float
    traffic_gap_m: float
    plot_m: Range
    house_m: tuple[Range, Range]  # width and length
    flat_p: float
    solar_p: float  # that a roof bears panels
    pool_p: float  # that a garden has one
    driveway_p: float
    boats: float  # places that are tried for one, mean number
    truck_p: float
    asphalt: Palette
    roofs: Palette
    paint: Palette
    hulls: Palette
    pools: Palette
    panels: Palette


@dataclass(frozen=True)
class Sensor:
    """From light to bytes."""

    view_m: Range  # height of the view
    sun_rad: Range  # to where shadows fall, clockwise from the right
    shadow_length: Range  # in heights of the thing that casts it
    shadow_strength: Range
    grain: Range
    patchiness: Range  # of wet and dry ground
    blur_heights: Range
    saturation: Range
    cast: tuple[Range, Range, Range]
    contrast: Range
    gamma: Range
    level: Range  # mean brightness
    haze: Range
    noise: Range
    jpeg_p: float
    cloud_p: float
    edge_p: float  # that a corner lies outside of the flight strip


@dataclass(frozen=True)
class Look:
    """One domain; `number` keeps its random streams apart from all others."""

    number: int
    land: Land
    built: Built
    sensor: Sensor


SOURCE = Look(
    number=11,
    land=Land(
        places=SOURCE_PLACES,
        parcel_m=((35, 60), (60, 110)),
        row_m=(1.4, 3.0),
        row_strength=(0.08, 0.18),
        hedge_p=0.35,
        lone_trees=6,
        crown_m=(2.2, 4.2),
        crown_gap_m=6.5,
        conifer_p=0.15,
        bales=1.0,
        field=(
            ((0.20, 0.30), (0.40, 0.60), (0.42, 0.60)),
            ((0.12, 0.16), (0.40, 0.60), (0.60, 0.78)),
        ),
        meadow=(((0.23, 0.30), (0.35, 0.55), (0.36, 0.52)),),
        soil=(((0.05, 0.08), (0.30, 0.50), (0.34, 0.52)),),
        water=(((0.52, 0.60), (0.40, 0.65), (0.20, 0.38)),),
        crowns=(((0.26, 0.36), (0.40, 0.65), (0.22, 0.38)),),
    ),
    built=Built(
        road_m=(6.0, 9.0),
        track_p=0.15,
        marked_p=0.7,
        traffic_gap_m=20,
        plot_m=(17, 26),
        house_m=((8, 11), (10, 16)),
        flat_p=0.15,
        solar_p=0.35,
        pool_p=0.45,
        driveway_p=0.6,
        boats=35,
        truck_p=0.12,
        asphalt=(((0.58, 0.68), (0.02, 0.08), (0.28, 0.42)),),
        roofs=(
            ((0.00, 0.05), (0.45, 0.70), (0.45, 0.68)),
            ((0.03, 0.07), (0.25, 0.45), (0.32, 0.48)),
            ((0.55, 0.65), (0.03, 0.12), (0.38, 0.58)),
        ),
        paint=(
            ((0.0, 1.0), (0.00, 0.05), (0.80, 0.95)),
            ((0.0, 1.0), (0.00, 0.10), (0.15, 0.40)),
            ((0.97, 1.03), (0.60, 0.85), (0.50, 0.80)),
            ((0.55, 0.65), (0.50, 0.80), (0.40, 0.70)),
        ),
        hulls=(
            ((0.0, 1.0), (0.00, 0.05), (0.85, 0.98)),
            ((0.55, 0.62), (0.50, 0.80), (0.50, 0.80)),
        ),
        pools=(((0.48, 0.54), (0.40, 0.65), (0.72, 0.92)),),
        panels=(((0.60, 0.66), (0.50, 0.75), (0.18, 0.34)),),
    ),
    sensor=Sensor(
        view_m=(58, 84),
        sun_rad=(-2.4, -1.8),
        shadow_length=(0.4, 0.8),
        shadow_strength=(0.45, 0.62),
        grain=(0.04, 0.10),
        patchiness=(0.03, 0.08),
        blur_heights=(0.0008, 0.0018),
        saturation=(0.95, 1.2),
        cast=((0.96, 1.02), (0.98, 1.03), (0.96, 1.04)),
        contrast=(1.0, 1.2),
        gamma=(0.9, 1.1),
        level=(0.36, 0.46),
        haze=(0.0, 0.06),
        noise=(0.004, 0.012),
        jpeg_p=0.0,
        cloud_p=0.1,
        edge_p=0.1,
    ),
)

TARGET = Look(
    number=12,
    land=Land(
        places=TARGET_PLACES,
        parcel_m=((22, 45), (40, 80)),
        row_m=(1.8, 4.5),
        row_strength=(0.10, 0.24),
        hedge_p=0.15,
        lone_trees=9,
        crown_m=(1.6, 3.0),
        crown_gap_m=6.5,
        conifer_p=0.5,
        bales=2.5,
        field=(
            ((0.10, 0.14), (0.25, 0.45), (0.55, 0.76)),
            ((0.16, 0.23), (0.25, 0.42), (0.36, 0.52)),
        ),
        meadow=(((0.13, 0.22), (0.20, 0.40), (0.40, 0.60)),),
        soil=(
            ((0.06, 0.11), (0.18, 0.38), (0.52, 0.74)),
            ((0.03, 0.07), (0.30, 0.45), (0.36, 0.50)),
        ),
        water=(
            ((0.28, 0.48), (0.15, 0.38), (0.20, 0.38)),
            ((0.14, 0.22), (0.22, 0.40), (0.20, 0.32)),
        ),
        crowns=(
            ((0.18, 0.28), (0.25, 0.50), (0.18, 0.36)),
            ((0.06, 0.12), (0.35, 0.60), (0.34, 0.52)),
        ),
    ),
    built=Built(
        road_m=(4.5, 7.5),
        track_p=0.4,
        marked_p=0.3,
        traffic_gap_m=18,
        plot_m=(14, 22),
        house_m=((7, 10), (8, 15)),
        flat_p=0.45,
        solar_p=0.3,
        pool_p=0.45,
        driveway_p=0.6,
        boats=35,
        truck_p=0.25,
        asphalt=(
            ((0.08, 0.13), (0.03, 0.12), (0.50, 0.68)),
            ((0.58, 0.68), (0.02, 0.08), (0.30, 0.46)),
        ),
        roofs=(
            ((0.55, 0.68), (0.05, 0.20), (0.22, 0.40)),
            ((0.08, 0.12), (0.03, 0.12), (0.66, 0.86)),
            ((0.02, 0.06), (0.35, 0.55), (0.40, 0.58)),
        ),
        paint=(
            ((0.0, 1.0), (0.00, 0.05), (0.75, 0.95)),
            ((0.0, 1.0), (0.00, 0.10), (0.12, 0.35)),
            ((0.08, 0.13), (0.30, 0.70), (0.50, 0.80)),
            ((0.30, 0.40), (0.30, 0.60), (0.30, 0.50)),
        ),
        hulls=(
            ((0.0, 1.0), (0.00, 0.06), (0.70, 0.95)),
            ((0.06, 0.10), (0.40, 0.60), (0.35, 0.55)),
        ),
        pools=(((0.46, 0.56), (0.25, 0.55), (0.55, 0.85)),),
        panels=(
            ((0.58, 0.68), (0.25, 0.60), (0.14, 0.30)),
            ((0.70, 0.80), (0.10, 0.30), (0.16, 0.28)),
        ),
    ),
    sensor=Sensor(
        view_m=(64, 94),
        sun_rad=(-1.2, -0.5),
        shadow_length=(0.8, 1.7),
        shadow_strength=(0.35, 0.60),
        grain=(0.03, 0.13),
        patchiness=(0.06, 0.16),
        blur_heights=(0.0015, 0.0030),
        saturation=(0.6, 0.95),
        cast=((1.0, 1.10), (0.96, 1.02), (0.86, 0.98)),
        contrast=(0.85, 1.1),
        gamma=(0.85, 1.2),
        level=(0.38, 0.52),
        haze=(0.03, 0.18),
        noise=(0.008, 0.022),
        jpeg_p=0.7,
        cloud_p=0.25,
        edge_p=0.15,
    ),
)  # fmt: skip
DOMAINS: Mapping[str, Look] = {"source": SOURCE, "target": TARGET}
