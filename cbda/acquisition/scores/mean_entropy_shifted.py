"""Mean entropy of several predictions, over mirrored and shifted views."""

from cbda.acquisition.disagreement import mean_entropy
from cbda.acquisition.maps import region_mean

VIEWS = "shifted"

pixel = mean_entropy
region = region_mean(pixel)
