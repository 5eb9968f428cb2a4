"""The label space: class names and their ids; the void id is that of all scenes."""

CLASSES = (
    "field",
    "meadow",
    "tree",
    "soil",
    "water",
    "road",
    "railway",
    "building",
    "vehicle",
    "pool",
    "solar",
    "boat",
)
FIELD, MEADOW, TREE, SOIL, WATER, ROAD, RAILWAY, BUILDING, VEHICLE, POOL, SOLAR, BOAT = range(12)
