"""Generated street scenes."""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from cbda.settings.section import Name, Section, Seed, like, one_of

DOMAINS = ("source", "target")
FOLDER = like(
    r"^[^-{}<>\x00-\x1f][^{}<>\x00-\x1f]*$",
    'a folder without {, }, < or > that does not start with "-"',
)
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
    """Generated street scenes; rendered only if a dataset's root is one of the sets."""

    root: Annotated[str, FOLDER, AfterValidator(os.path.normpath)] = "data/generated"
    """Folder of the sets; each is root/<name of the set>."""
    height: Side = 64
    """Height of the images in px."""
    width: Side = 112
    """Width of the images in px."""
    sets: Mapping[Name, GeneratedSet] = {
        "source": GeneratedSet(domain="source", num_images=160, seed=1),
        "target_train": GeneratedSet(domain="target", num_images=200, seed=2),
        "target_val": GeneratedSet(domain="target", num_images=100, seed=4),
    }
    """Sets by name."""
