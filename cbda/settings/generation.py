"""Generated scenes."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from cbda.settings.paths import Folder
from cbda.settings.section import Name, Section, Seed, one_of

AERIAL = "aerial"
SCENES = ("streets", AERIAL)
DOMAINS = ("source", "target")
Side = Annotated[int, Field(ge=48)]


class GeneratedSet(Section):
    """A set of scenes."""

    domain: Annotated[str, one_of(*DOMAINS)]
    """How the scenes look."""
    num_images: Annotated[int, Field(ge=1, le=99_999)]
    """Scenes to render."""
    seed: Seed
    """What the scenes are drawn from."""


class DataMakeSettings(Section):
    """Generated scenes; rendered only if a dataset's root is one of the sets."""

    root: Folder = "data/generated"
    """Folder of the sets; each is root/<name of the set>."""
    scenes: Annotated[str, one_of(*SCENES)] = "streets"
    """What they show: streets, from a car, or a landscape, from above; each has classes of its
    own, those of aerial in workflow/configs/aerial.yaml."""
    height: Side = 240
    """Height of the images in px."""
    width: Side = 320
    """Width of the images in px."""
    sets: Mapping[Name, GeneratedSet] = {
        "source": GeneratedSet(domain="source", num_images=60, seed=1),
        "target_train": GeneratedSet(domain="target", num_images=80, seed=2),
        "target_val": GeneratedSet(domain="target", num_images=50, seed=4),
    }
    """Sets by name."""
