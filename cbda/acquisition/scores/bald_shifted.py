"""Disagreement of several predictions, over mirrored and shifted views."""

from cbda.acquisition.disagreement import bald
from cbda.acquisition.maps import region_mean

VIEWS = "shifted"

pixel = bald
region = region_mean(pixel)
