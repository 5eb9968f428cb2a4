"""Mean entropy of several predictions, over draws of the network's dropout."""

from cbda.acquisition.disagreement import mean_entropy
from cbda.acquisition.maps import region_mean

VIEWS = "dropout"

pixel = mean_entropy
region = region_mean(pixel)
