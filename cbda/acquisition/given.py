"""Logits as somebody gives them: tensors or arrays, images or batches; what is none is refused."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from cbda.acquisition import arguments
from cbda.acquisition.arrays import SCORES
from cbda.acquisition.methods import SCORE_NAMES, WINDOWS, is_external
from cbda.compute.seeds import Stream, derive_seed
from cbda.datasets.ids import MAX_CLASSES
from cbda.errors import UserError, require_choice
from cbda.settings.extras import describe_missing
from cbda.settings.section import MAX_RADIUS_PX, MAX_SEED

if TYPE_CHECKING:
    from torch import Tensor

Logits: TypeAlias = "NDArray[np.floating[Any]] | Tensor"
Item: TypeAlias = "NDArray[np.floating[Any]] | Tensor | ScoreMap"  # of a pool
DENSE = "torch.strided"  # the layout of tensors that hold a number for every place
NEAR, NEAR_16_BIT = 1e-3, 1e-2  # how far sums of rounded probabilities are from another, as shares
SURE = 0.99  # a probability that some class has somewhere in any image
VARIED = 0.1  # of their sum, by which probabilities of a network differ somewhere in any image
MAX_LOGIT = float(np.finfo(np.float32).max)


class _Maps(NamedTuple):
    score: NDArray[np.float32]  # higher = acquire first
    prediction: NDArray[np.uint8]  # most probable class


class ScoreMap(_Maps):
    """What an image, or a batch of them, is chosen from: (H,W) or (B,H,W) each.

    A `UserError` unless score and prediction are of one shape.
    """

    __slots__ = ()

    def __new__(cls, score: NDArray[np.float32], prediction: NDArray[np.uint8]) -> Self:
        """Refuse maps of two shapes; their values are checked once something is chosen."""
        shapes = [tuple(m.shape) for m in (score, prediction) if hasattr(m, "shape")]
        if len(set(shapes)) > 1:
            found = f"{shapes[0]} and prediction {shapes[1]}"
            raise UserError(f"score map: score {found}; allowed are two (H,W)")
        return super().__new__(cls, score, prediction)


def score_map(
    logits: Logits, score: str = "ripu", unit: str = "region", radius: int = 1, *, seed: int = 0
) -> ScoreMap:
    """Score every pixel of an image, or of a batch.

    Args:
        logits: (C,H,W) or (B,C,H,W) float, a NumPy array or a tensor on any device.
        score: a built-in score of docs/method.md, or `FILE.py:NAME` of a function of tensors.
        unit: `region`, the window around a pixel, or `pixel`.
        radius: k of a window of (2k+1) x (2k+1) px.
        seed: of scores that draw random numbers.

    Raises:
        UserError: an unknown score or unit; probabilities, (H,W,C), NaN or a single class.
    """
    arguments.choice("unit", unit, WINDOWS)
    if not isinstance(score, str) or not is_external(score):
        arguments.choice("score", score, SCORE_NAMES)
    radius = arguments.whole("radius", radius, 0, MAX_RADIUS_PX)
    seed = arguments.whole("seed", seed, 0, MAX_SEED)
    if getattr(logits, "ndim", 0) == 4:
        maps = [
            score_given(score, unit, radius, (seed, 1, index), item)
            for index, item in enumerate(_images(logits))
        ]
        if not maps:
            raise UserError("logits: a batch of no images; allowed are one or more")
        return ScoreMap(np.stack([m.score for m in maps]), np.stack([m.prediction for m in maps]))
    require_logits(logits, "logits")
    return score_given(score, unit, radius, (seed, 1, 0), logits)


def score_given(
    score: str, unit: str, radius: int, draw: tuple[int, int, int], logits: Logits
) -> ScoreMap:
    """The score of one image (C,H,W); `draw` is seed, round and place in the pool."""
    require_choice("unit", unit, WINDOWS)
    if not is_external(score):
        require_choice("score", score, SCORE_NAMES)
    if isinstance(logits, np.ndarray) and score in SCORES:
        stream = np.random.default_rng(derive_seed(draw[0], Stream.RANDOM_SCORE, *draw[1:]))
        return ScoreMap(*SCORES[score][unit](logits, radius, stream))
    try:
        import torch

        from cbda.acquisition.scoring import kind_of_views, score_image
    except ModuleNotFoundError as error:
        raise UserError(f"score {score}: {describe_missing(error.name)}") from error
    if views := kind_of_views(score):
        raise UserError(f"score {score}: goes by {views} views, and logits are of one alone")
    is_array = isinstance(logits, np.ndarray)
    tensor = torch.from_numpy(_native(logits)) if is_array else cast("Tensor", logits).detach()
    return ScoreMap(*score_image(score, unit, radius, *draw, tensor))


def _native(values: Any) -> NDArray[Any]:
    """An array that torch takes: a copy, in this machine's order of bytes."""
    return np.array(values, values.dtype.newbyteorder("="), order="C")


def unbatched(pool: Iterable[Item], num_classes: int | None = None) -> Iterator[Item]:
    """Images of a pool that is given by image or by batch; each is checked."""
    if not arguments.is_iterable(pool) or isinstance(pool, ScoreMap):
        given = f"{type(pool).__name__}; allowed is a list or a generator, an item for every image"
        raise UserError(f"logits: {given}")
    index = 0
    for item in pool:
        images: Iterator[Item] = (
            _score_maps(item, index, num_classes)
            if isinstance(item, ScoreMap)
            else _images(item, index, num_classes)
        )
        for image in images:
            yield image
            index += 1


def _score_maps(maps: ScoreMap, first: int, num_classes: int | None) -> Iterator[ScoreMap]:
    """The images of a batch of score maps, or the one that is given; each is checked."""
    if num_classes is None:
        raise UserError("score maps don't tell how many classes there are: give num_classes")
    score, prediction = (as_array(f"{name} {first}", v) for name, v in maps._asdict().items())
    if score.ndim not in (2, 3) or score.shape != prediction.shape:
        found = f"{score.shape} and prediction {prediction.shape}"
        raise UserError(f"score {first}: {found}; allowed are two (H,W)")
    if score.dtype.kind not in "fiu" or prediction.dtype.kind not in "iu":
        found = f"{score.dtype} and prediction {prediction.dtype}"
        raise UserError(f"score {first}: {found}; allowed are numbers, and whole numbers")
    if prediction.size and not 0 <= prediction.min() <= prediction.max() < num_classes:
        found = f"{prediction.min()} to {prediction.max()}"
        raise UserError(f"prediction {first}: {found}; allowed are 0 to {num_classes - 1}")
    with np.errstate(over="ignore"):
        score = score.astype(np.float32)
    if not np.isfinite(score).all():
        raise UserError(f"score {first}: holds NaN or infinite values, as float32")
    for part in zip(*(m.reshape(-1, *m.shape[-2:]) for m in (score, prediction)), strict=True):
        yield ScoreMap(part[0], part[1].astype(np.uint8))


def as_array(what: str, values: Any) -> NDArray[Any]:
    """An array, or what makes one: a list, a number, or a tensor on any device.

    A `UserError` if it is none, or if some of it is masked.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise UserError(f"{what}: a masked array, whose mask would be lost; give filled(...) of it")
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            values = values.float() if values.is_floating_point() else values
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError):
        array = np.array(None)
    if array.dtype == object:
        raise UserError(f"{what}: {arguments.describe(values)}; allowed is an array or a tensor")
    return array


def _images(logits: Logits, first: int = 0, num_classes: int | None = None) -> Iterator[Logits]:
    """The images of a batch, or the one that is given; each is checked."""
    batch: Any = logits if getattr(logits, "ndim", 0) == 4 else (logits,)
    for index, image in enumerate(batch):
        require_logits(image, f"logits {first + index}", num_classes)
        yield image


def require_logits(values: Any, what: str, num_classes: int | None = None) -> None:
    """Raise a `UserError` unless values are logits (C,H,W): finite, of two classes or more."""
    shape = tuple(getattr(values, "shape", ()))
    if isinstance(values, np.ma.MaskedArray):
        raise UserError(f"{what}: a masked array, whose mask would be lost; give filled(...) of it")
    if len(shape) != 3:
        found = shape or type(values).__name__
        raise UserError(f"{what}: {found}; allowed is (C,H,W) for every image")
    channels, height, width = shape
    is_odd = channels > MAX_CLASSES or width < min(channels, height)
    if is_odd if num_classes is None else channels != num_classes == width:
        raise UserError(
            f"{what}: {shape}; allowed is (C,H,W) of up to {MAX_CLASSES} classes; if this is"
            " (H,W,C), give transpose(2, 0, 1) of an array, permute(2, 0, 1) of a tensor"
        )
    if getattr(getattr(values, "device", None), "type", "") == "meta":
        raise UserError(f"{what}: hold no values, as tensors of the device meta")
    if "float8" in str(values.dtype) or str(getattr(values, "layout", DENSE)) != DENSE:
        raise UserError(f"{what}: sparse, or of 8 bits; give to_dense() or float() of them")
    if not height * width:
        raise UserError(f"{what}: {shape}; allowed are images of one pixel and more")
    if channels < 2:
        raise UserError(f"{what}: of one class: nothing is uncertain; allowed are two or more")
    if "float" not in getattr(values.dtype, "name", str(values.dtype)):
        raise UserError(f"{what}: {values.dtype}; allowed are floating point numbers")
    least, most = float(values.min().item()), float(values.max().item())
    if not (least >= -MAX_LOGIT and most <= MAX_LOGIT):
        found = "hold NaN or infinite values, as float32"
        raise UserError(f"{what}: {found}: the model has diverged")
    if least >= 0:
        _require_no_probabilities(values, what, least, most)


def _require_no_probabilities(values: Any, what: str, least: float, most: float) -> None:
    """Raise a `UserError` for what a softmax or a sigmoid makes, in any unit; none is negative."""
    advice = "give logits, before the softmax, or the logarithm of these"
    if _sum_to_one_number(values):
        found = "are probabilities, which sum to one number over the classes"
        raise UserError(f"{what}: {found}; {advice}")
    if least <= 1 - SURE and SURE <= most <= 1:
        found = "are all within 0 and 1, and come near both, as a sigmoid makes them"
        raise UserError(f"{what}: {found}; give logits, before the sigmoid")


def _sum_to_one_number(values: Any) -> bool:
    """Whether the sum over classes is 1, or another number, at all pixels but those of zeros.

    Maps that hardly vary, such as those of a network before its training, may have any sum but 1.
    """
    single = values.astype(np.float32) if isinstance(values, np.ndarray) else values.float()
    sums = single.sum(0)
    near = NEAR if values.dtype.itemsize > 2 else NEAR_16_BIT
    total = float(sums.max().item())
    if total == 0 or not bool(((abs(sums - total) <= 2 * near * total) | (sums == 0)).all()):
        return False
    varied = float(abs(single - single[:, :1, :1]).max().item())
    return abs(total - 1) <= near or varied > VARIED * total
