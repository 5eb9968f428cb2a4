"""Small random draws, each from the generator that is passed in."""

import colorsys
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Range = tuple[float, float]
Rgb = tuple[int, int, int]
HsvRange = tuple[Range, Range, Range]
Palette = tuple[HsvRange, ...]
Item = TypeVar("Item")


def uniform(rng: np.random.Generator, bounds: Range) -> float:
    """Draw uniformly between two bounds."""
    return bounds[0] + (bounds[1] - bounds[0]) * float(rng.random())


def log_uniform(rng: np.random.Generator, bounds: Range) -> float:
    """Draw so that each doubling of the value is equally likely."""
    low, high = np.log(bounds[0]), np.log(bounds[1])
    return float(np.exp(low + (high - low) * rng.random()))


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Return True with the given probability."""
    return bool(rng.random() < probability)


def pick(rng: np.random.Generator, items: Sequence[Item]) -> Item:
    """Draw one item, all equally likely."""
    return items[int(rng.random() * len(items))]


def choose(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """Draw a key in proportion to its weight."""
    threshold = float(rng.random()) * sum(weights.values())
    for name, weight in weights.items():
        threshold -= weight
        if threshold < 0:
            return name
    return name


def poisson(rng: np.random.Generator, mean: float) -> int:
    """Draw a count with the given mean."""
    return int(rng.poisson(mean))


def colour(rng: np.random.Generator, palette: Palette) -> Rgb:
    """Draw a colour from one of the HSV boxes of a palette."""
    hue, saturation, value = (uniform(rng, bounds) for bounds in pick(rng, palette))
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def shade(base: Rgb, factor: float) -> Rgb:
    """Brighten (factor > 1) or darken a colour."""
    red, green, blue = (min(255, round(channel * factor)) for channel in base)
    return red, green, blue


def mix(first: Rgb, second: Rgb, weight: float) -> Rgb:
    """Blend two colours; weight is the share of the second."""
    red, green, blue = (round(a + (b - a) * weight) for a, b in zip(first, second, strict=True))
    return red, green, blue
