"""Disagreement of several predictions, over draws of the network's dropout."""

from cbda.acquisition.disagreement import bald
from cbda.acquisition.maps import region_mean

VIEWS = "dropout"

pixel = bald
region = region_mean(pixel)
