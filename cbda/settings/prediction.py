"""Masks of images."""

from typing import Annotated

from cbda.settings.paths import Expanded
from cbda.settings.section import Section
from cbda.settings.sizes import OptionalSize

SUFFIXES = {"masks": ".png", "overlays": ".jpg", "uncertainty": ".png", "probabilities": ".npy"}


def predicted_file(what: str, image_id: str) -> str:
    """Where in a folder of predictions something of an image is; what is a key of `SUFFIXES`."""
    return f"{what}/{image_id}{SUFFIXES[what]}"


class PredictSettings(Section):
    """Masks of images that no label is known of."""

    images: Annotated[str, Expanded] = ""
    """Folder of PNG or JPEG files, of any sizes, of which every run predicts masks when it is done;
    empty for none."""
    tile: OptionalSize = ()
    """Height and width in px of an image that are seen at a time; empty for all of it."""
    uncertainty: bool = False
    """Also PNGs of the entropy: 0 sure, 255 none more likely."""
    probabilities: bool = False
    """Also the probabilities, float16 (C,H,W) as .npy."""

    def predicted(self) -> list[str]:
        """What is written of every image: keys of `SUFFIXES`."""
        asked = {"uncertainty": self.uncertainty, "probabilities": self.probabilities}
        return [what for what in SUFFIXES if asked.get(what, True)]
