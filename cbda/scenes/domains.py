"""Every number that makes the two domains what they are, and different from each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from cbda.scenes.sampling import Palette, Range

Weights = Mapping[str, float]


@dataclass(frozen=True)
class CameraKnobs:
    """How the camera is mounted."""

    height_m: Range
    focal_heights: Range  # focal length, in image heights
    horizon: Range  # from the top, in image heights
    vanishing: Range  # from the left, in image widths
    roll: Range  # rise per run
    bend_per_m: Range  # sideways offset of the street is bend * z²
    bonnet_p: float


@dataclass(frozen=True)
class StreetKnobs:
    """The ground plan."""

    lane_m: Range
    oncoming_lanes: Weights
    pavement_m: Range
    drives_on_left_p: float
    junction_p: float
    junction_z_m: Range
    junction_width_m: Range
    zebra_p: float
    markings: Weights
    paving: Weights
    crack_p: float
    setback_p: float
    setback_m: Range
    gap_p: float
    gap_m: Range


@dataclass(frozen=True)
class TrafficKnobs:
    """How many things stand about; counts are means per scene."""

    parked_p: float
    parked_gap_m: float
    moving_gap_m: float
    crossing_cars: float
    pedestrians: float
    crossing_pedestrians: float
    cyclists: float
    crossing_cyclists: float
    lamp_gap_m: float
    farthest_lamp_m: float
    traffic_lights_p: float
    signs: float
    wall_signs: float
    lamp_row_p: float
    tree_row_p: float
    tree_gap_m: float
    garden_trees: float
    garden_fence_p: float
    kerb_fence_p: float
    clutter: float
    busyness: Range  # factor on the counts of small things, drawn per scene
    nearest_person_m: float
    farthest_person_m: float


@dataclass(frozen=True)
class StyleKnobs:
    """Which variants of each thing occur, by weight."""

    floors: Range
    upper: Weights
    ground: Weights
    roof: Weights
    decorations: Range  # posters, pipes and the like, per facade
    trees: Weights
    cars: Weights
    signs: Weights
    sign_size_m: Range
    fences: Weights
    lamps: Weights
    people: Weights
    clutter: Weights
    walls: Palette
    roofs: Palette
    bodies: Palette
    clothes: Palette
    leaves: Palette
    sign_faces: Palette
    fence_paint: Palette
    asphalt: Palette
    slabs: Palette


@dataclass(frozen=True)
class Weather:
    """Light and air."""

    zenith: Palette
    horizon: Palette
    cloud_cover: Range
    sun_strength: Range  # contrast of cast shadows, and of lit against unlit walls
    shadow_length: Range  # in heights of the thing that casts it
    sunlight: tuple[Range, Range, Range]  # gains of red, green, blue
    exposure: Range
    visibility_m: Range
    wetness: Range
    lit_windows_p: float


@dataclass(frozen=True)
class SensorKnobs:
    """From light to bytes."""

    mean_level: Range  # brightness that the automatic exposure aims at
    noise: Range  # standard deviation, of a full scale of 1
    blur_heights: Range  # Gaussian radius, in image heights
    gamma: Range
    contrast: Range
    saturation: Range
    cast: Range  # gain of each colour channel
    vignette: Range  # loss in the corners
    bloom: Range
    jpeg_quality: Range
    jpeg_p: float


@dataclass(frozen=True)
class Domain:
    """One domain: its number seeds the scenes, its density scales each kind of object."""

    number: int
    camera: CameraKnobs
    street: StreetKnobs
    traffic: TrafficKnobs
    style: StyleKnobs
    weather: tuple[tuple[float, Weather], ...]
    sensor: SensorKnobs
    textures: Weights
    texture_strength: Range
    density: Weights


GREY: Palette = (((0.0, 1.0), (0.0, 0.1), (0.25, 0.85)),)
WARM: Palette = (((0.02, 0.13), (0.2, 0.55), (0.45, 0.9)),)
BRICK: Palette = (((0.0, 0.06), (0.35, 0.65), (0.3, 0.6)),)
PASTEL: Palette = (((0.0, 1.0), (0.1, 0.35), (0.6, 0.92)),)
STRONG: Palette = (((0.0, 1.0), (0.55, 0.95), (0.4, 0.9)),)
DARK_WALL: Palette = (((0.0, 1.0), (0.0, 0.4), (0.16, 0.35)),)
DARK: Palette = (((0.0, 1.0), (0.0, 0.4), (0.06, 0.3)),)
PALE: Palette = (((0.0, 1.0), (0.0, 0.12), (0.75, 0.97)),)
GREEN: Palette = (((0.22, 0.38), (0.35, 0.75), (0.25, 0.6)),)
OLIVE: Palette = (((0.12, 0.3), (0.2, 0.55), (0.2, 0.5)),)
AUTUMN: Palette = (((0.02, 0.14), (0.5, 0.85), (0.35, 0.7)),)
BLUE_SKY: Palette = (((0.55, 0.6), (0.45, 0.65), (0.75, 0.95)),)
PALE_SKY: Palette = (((0.53, 0.6), (0.1, 0.25), (0.9, 1.0)),)
CLOUDED: Palette = (((0.5, 0.7), (0.0, 0.12), (0.6, 0.85)),)
WHITE_SKY: Palette = (((0.0, 1.0), (0.0, 0.06), (0.8, 0.98)),)
DUSK_HIGH: Palette = (((0.6, 0.75), (0.3, 0.55), (0.3, 0.55)),)
DUSK_LOW: Palette = (((0.95, 1.1), (0.25, 0.6), (0.65, 0.95)),)
SIGN_PAINT: Palette = (
    ((0.98, 1.01), (0.8, 0.95), (0.7, 0.9)),
    ((0.58, 0.63), (0.7, 0.9), (0.5, 0.8)),
    ((0.0, 1.0), (0.0, 0.05), (0.85, 0.95)),
)

NOON = Weather(
    zenith=BLUE_SKY,
    horizon=PALE_SKY,
    cloud_cover=(0.0, 0.45),
    sun_strength=(0.3, 0.5),
    shadow_length=(0.3, 0.6),
    sunlight=((1.0, 1.06), (0.98, 1.02), (0.92, 0.98)),
    exposure=(0.98, 1.1),
    visibility_m=(600.0, 2000.0),
    wetness=(0.0, 0.0),
    lit_windows_p=0.0,
)
OVERCAST = Weather(
    zenith=CLOUDED,
    horizon=WHITE_SKY,
    cloud_cover=(0.5, 1.0),
    sun_strength=(0.0, 0.1),
    shadow_length=(0.3, 0.6),
    sunlight=((0.9, 1.0), (0.95, 1.0), (0.98, 1.08)),
    exposure=(0.7, 0.95),
    visibility_m=(150.0, 700.0),
    wetness=(0.0, 0.35),
    lit_windows_p=0.05,
)
LOW_SUN = Weather(
    zenith=BLUE_SKY + PALE_SKY,
    horizon=DUSK_LOW + PALE_SKY,
    cloud_cover=(0.0, 0.6),
    sun_strength=(0.35, 0.65),
    shadow_length=(0.8, 2.0),
    sunlight=((1.05, 1.3), (0.9, 1.0), (0.6, 0.85)),
    exposure=(0.8, 1.15),
    visibility_m=(120.0, 600.0),
    wetness=(0.0, 0.1),
    lit_windows_p=0.05,
)
DUSK = Weather(
    zenith=DUSK_HIGH,
    horizon=DUSK_LOW + DUSK_HIGH,
    cloud_cover=(0.2, 0.9),
    sun_strength=(0.0, 0.1),
    shadow_length=(0.8, 2.0),
    sunlight=((0.75, 1.0), (0.7, 0.9), (0.95, 1.25)),
    exposure=(0.42, 0.65),
    visibility_m=(200.0, 900.0),
    wetness=(0.0, 0.4),
    lit_windows_p=0.4,
)
RAIN = Weather(
    zenith=CLOUDED,
    horizon=CLOUDED + WHITE_SKY,
    cloud_cover=(0.8, 1.0),
    sun_strength=(0.0, 0.05),
    shadow_length=(0.3, 0.6),
    sunlight=((0.85, 0.98), (0.9, 1.0), (0.95, 1.1)),
    exposure=(0.55, 0.8),
    visibility_m=(90.0, 300.0),
    wetness=(0.5, 0.9),
    lit_windows_p=0.2,
)
FOG = Weather(
    zenith=WHITE_SKY + CLOUDED,
    horizon=WHITE_SKY,
    cloud_cover=(0.0, 0.2),
    sun_strength=(0.0, 0.0),
    shadow_length=(0.3, 0.6),
    sunlight=((0.9, 1.05), (0.95, 1.0), (0.9, 1.05)),
    exposure=(0.75, 1.0),
    visibility_m=(45.0, 110.0),
    wetness=(0.0, 0.5),
    lit_windows_p=0.1,
)

SOURCE = Domain(
    number=0,
    camera=CameraKnobs(
        height_m=(1.35, 1.6),
        focal_heights=(0.95, 1.1),
        horizon=(0.46, 0.52),
        vanishing=(0.44, 0.56),
        roll=(0.0, 0.0),
        bend_per_m=(0.0, 0.0),
        bonnet_p=0.2,
    ),
    street=StreetKnobs(
        lane_m=(3.1, 3.5),
        oncoming_lanes={"1": 2, "2": 1},
        pavement_m=(2.6, 4.4),
        drives_on_left_p=0.0,
        junction_p=0.3,
        junction_z_m=(18.0, 45.0),
        junction_width_m=(8.0, 12.0),
        zebra_p=0.3,
        markings={"dashed": 3, "solid": 1},
        paving={"plain": 1, "slabs": 2},
        crack_p=0.0,
        setback_p=0.25,
        setback_m=(3.0, 7.0),
        gap_p=0.25,
        gap_m=(5.0, 14.0),
    ),
    traffic=TrafficKnobs(
        parked_p=0.4,
        parked_gap_m=3.0,
        moving_gap_m=22.0,
        crossing_cars=0.8,
        pedestrians=3.0,
        crossing_pedestrians=0.3,
        cyclists=0.9,
        crossing_cyclists=0.25,
        lamp_gap_m=30.0,
        farthest_lamp_m=22.0,
        traffic_lights_p=0.35,
        signs=1.3,
        wall_signs=0.3,
        lamp_row_p=0.7,
        tree_row_p=0.55,
        tree_gap_m=10.0,
        garden_trees=2.0,
        garden_fence_p=0.42,
        kerb_fence_p=0.1,
        clutter=1.6,
        busyness=(0.35, 2.0),
        nearest_person_m=4.0,
        farthest_person_m=22.0,
    ),
    style=StyleKnobs(
        floors=(0.8, 4.2),
        upper={"grid": 4, "wide": 2, "bands": 1},
        ground={"door": 2, "shop": 2, "windows": 1},
        roof={"flat": 2, "pitched": 1},
        decorations=(0.0, 1.5),
        trees={"round": 3, "cone": 1},
        cars={"sedan": 3, "hatch": 2, "suv": 1},
        signs={"circle": 2, "triangle": 2, "square": 1},
        sign_size_m=(1.0, 1.3),
        fences={"picket": 2, "rail": 1},
        lamps={"arm": 2, "ball": 1},
        people={"plain": 5, "coat": 1, "bag": 1},
        clutter={"bin": 2, "bollard": 1, "cabinet": 1},
        walls=WARM + GREY + PASTEL,
        roofs=BRICK + DARK,
        bodies=STRONG + STRONG + GREY + PALE,
        clothes=STRONG + DARK + PASTEL,
        leaves=GREEN,
        sign_faces=SIGN_PAINT,
        fence_paint=PALE + WARM,
        asphalt=(((0.55, 0.7), (0.0, 0.06), (0.36, 0.44)),),
        slabs=(((0.05, 0.12), (0.05, 0.2), (0.62, 0.76)),),
    ),
    weather=((1.0, NOON),),
    sensor=SensorKnobs(
        mean_level=(0.43, 0.49),
        noise=(0.0, 0.006),
        blur_heights=(0.0, 0.001),
        gamma=(0.96, 1.06),
        contrast=(0.96, 1.04),
        saturation=(1.0, 1.3),
        cast=(0.99, 1.01),
        vignette=(0.0, 0.0),
        bloom=(0.0, 0.0),
        jpeg_quality=(90.0, 95.0),
        jpeg_p=0.0,
    ),
    textures={"fine": 1, "blotch": 1},
    texture_strength=(0.01, 0.05),
    density={
        "car": 1.0,
        "pedestrian": 1.0,
        "bicyclist": 1.0,
        "pole": 1.0,
        "sign": 1.0,
        "fence": 1.0,
        "tree": 1.0,
        "clutter": 1.0,
    },
)

TARGET = Domain(
    number=1,
    camera=CameraKnobs(
        height_m=(1.2, 2.3),
        focal_heights=(0.8, 1.3),
        horizon=(0.4, 0.56),
        vanishing=(0.3, 0.7),
        roll=(-0.03, 0.03),
        bend_per_m=(-0.0035, 0.0035),
        bonnet_p=0.3,
    ),
    street=StreetKnobs(
        lane_m=(2.8, 3.7),
        oncoming_lanes={"0": 1, "1": 3, "2": 1},
        pavement_m=(1.6, 4.5),
        drives_on_left_p=0.5,
        junction_p=0.45,
        junction_z_m=(10.0, 50.0),
        junction_width_m=(6.0, 14.0),
        zebra_p=0.4,
        markings={"dashed": 2, "solid": 1, "yellow": 1, "worn": 2, "none": 1},
        paving={"plain": 1, "slabs": 1, "bricks": 1, "cobbles": 1},
        crack_p=0.6,
        setback_p=0.35,
        setback_m=(2.0, 8.0),
        gap_p=0.3,
        gap_m=(4.0, 18.0),
    ),
    traffic=TrafficKnobs(
        parked_p=0.55,
        parked_gap_m=4.0,
        moving_gap_m=26.0,
        crossing_cars=0.8,
        pedestrians=3.0,
        crossing_pedestrians=0.6,
        cyclists=0.9,
        crossing_cyclists=0.25,
        lamp_gap_m=30.0,
        farthest_lamp_m=22.0,
        traffic_lights_p=0.3,
        signs=1.2,
        wall_signs=0.5,
        lamp_row_p=0.7,
        tree_row_p=0.5,
        tree_gap_m=9.0,
        garden_trees=2.6,
        garden_fence_p=0.28,
        kerb_fence_p=0.1,
        clutter=2.4,
        busyness=(0.35, 2.0),
        nearest_person_m=4.0,
        farthest_person_m=22.0,
    ),
    style=StyleKnobs(
        floors=(0.3, 5.5),
        upper={
            "grid": 2,
            "wide": 1,
            "bands": 1,
            "curtain": 1,
            "arched": 2,
            "shutters": 2,
            "balconies": 2,
            "blank": 1,
        },
        ground={"door": 2, "shop": 3, "windows": 1, "garage": 1, "awning": 2, "blank": 1},
        roof={"flat": 2, "pitched": 2, "cornice": 2, "mansard": 1},
        decorations=(1.0, 5.0),
        trees={"round": 2, "cone": 1, "poplar": 1, "spread": 2, "bare": 2, "palm": 1},
        cars={"sedan": 1, "hatch": 2, "suv": 2, "van": 2, "pickup": 1, "truck": 1, "estate": 2},
        signs={
            "circle": 2,
            "triangle": 1,
            "yield": 1,
            "square": 1,
            "diamond": 2,
            "octagon": 1,
            "tall": 1,
            "arrow": 1,
            "wide": 1,
        },
        sign_size_m=(0.85, 1.5),
        fences={"picket": 1, "rail": 2, "mesh": 2, "bars": 2, "boards": 1},
        lamps={"arm": 1, "ball": 1, "lantern": 1, "double": 1, "wood": 1},
        people={"plain": 3, "coat": 2, "bag": 2, "skirt": 1, "umbrella": 1, "backpack": 2},
        clutter={
            "bin": 2,
            "bollard": 2,
            "bench": 1,
            "cabinet": 1,
            "scooter": 1,
            "statue": 1,
            "cone": 1,
            "parked_bike": 1,
        },
        walls=WARM + GREY + GREY + PASTEL + BRICK + BRICK + DARK_WALL + STRONG,
        roofs=BRICK + DARK + GREY,
        bodies=GREY + GREY + DARK + PALE + STRONG,
        clothes=DARK + DARK + GREY + PASTEL + STRONG,
        leaves=GREEN + OLIVE + OLIVE + AUTUMN,
        sign_faces=SIGN_PAINT + SIGN_PAINT + STRONG + GREY,
        fence_paint=GREY + DARK + OLIVE + PALE,
        asphalt=(*GREY, ((0.05, 0.65), (0.0, 0.15), (0.2, 0.5))),
        slabs=GREY + BRICK + (((0.05, 0.12), (0.05, 0.25), (0.4, 0.8)),),
    ),
    weather=(
        (1.0, OVERCAST),
        (1.0, LOW_SUN),
        (1.0, DUSK),
        (0.8, RAIN),
        (0.7, FOG),
    ),
    sensor=SensorKnobs(
        mean_level=(0.34, 0.52),
        noise=(0.0, 0.014),
        blur_heights=(0.0, 0.003),
        gamma=(0.8, 1.25),
        contrast=(0.85, 1.2),
        saturation=(0.4, 1.1),
        cast=(0.88, 1.12),
        vignette=(0.0, 0.4),
        bloom=(0.0, 0.4),
        jpeg_quality=(45.0, 90.0),
        jpeg_p=0.6,
    ),
    textures={"fine": 1, "blotch": 2, "streak": 2, "weave": 1},
    texture_strength=(0.02, 0.08),
    density={
        "car": 1.0,
        "pedestrian": 1.0,
        "bicyclist": 1.0,
        "pole": 1.0,
        "sign": 1.0,
        "fence": 1.0,
        "tree": 1.0,
        "clutter": 1.0,
    },
)

DOMAINS: Mapping[str, Domain] = {"source": SOURCE, "target": TARGET}
