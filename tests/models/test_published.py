"""Networks and inference give the numbers of RIPU's published code, in float64."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cbda.errors import UserError
from cbda.models.build import create_model
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.deeplabv3plus import DeepLabV3Plus
from cbda.models.encoders import create_dilated_encoder
from cbda.models.images import Resizing
from cbda.models.inference import mean_of_views, seen_images
from cbda.models.logits import most_probable, resize_logits
from cbda.results.metrics import class_iou, confusion_matrix
from cbda.settings.model import ModelSettings
from tests.golden import (
    ARCHITECTURES,
    GOLDEN,
    NUM_CLASSES,
    assert_golden,
    create_network,
    four,
    head_shapes,
    normal,
    place,
    stream,
    sums,
)

CPU = torch.device("cpu")
FEATURES = {
    "v2": {"out": (2, 2048, 8, 26)},
    "v3plus": {"out": (2, 2048, 8, 20), "low": (2, 256, 15, 39)},
}


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def decode(model: nn.Module, features: list[Tensor]) -> Tensor:
    """Logits of the head alone."""
    if isinstance(model, DeepLabV3Plus):
        return model.decode(*features)
    assert isinstance(model, DeepLabV2)
    return model.classify(*features)


def head_and_features(architecture: str) -> tuple[nn.Module, list[nn.Parameter], list[Tensor]]:
    """A network, the parameters of its head in the golden order, and leaves for its features."""
    model = create_network(architecture, has_golden_encoder=False)
    parameters = [model.get_parameter(place(name)) for name in head_shapes(architecture)]
    features = [
        normal(f"{architecture}/features/{key}", shape).relu().requires_grad_()
        for key, shape in FEATURES[architecture].items()
    ]
    return model, parameters, features


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_head_is_the_published_one(architecture: str) -> None:
    model, parameters, features = head_and_features(architecture)
    golden = f"{architecture}."
    head = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    assert_golden(golden + "parameter.count", sum(p.numel() for p in head), 0)
    assert_golden(golden + "parameter.sums", [sums(p) for p in parameters])
    assert_golden(golden + "parameter.values", [four(p) for p in parameters])
    if architecture == "v3plus":
        keep = torch.from_numpy(stream("v3plus/dropout").random((2, 512, 1, 1)) >= 0.1)
        assert_golden("v3plus.dropout.p", model.get_submodule("dropout").p, 0)
        hook = model.get_submodule("dropout").register_forward_hook(
            lambda layer, args, output: args[0] * keep / (1 - 0.1)
        )
        dropped = decode(model, features)[:, :, ::3, ::5]
        assert_golden("v3plus.dropout.logits_every", dropped)
        hook.remove()
    logits = decode(model.eval(), features)
    assert_golden(golden + "logits", logits)
    small, large = GOLDEN[golden + "size"].tolist()
    once = resize_logits(logits, small, align_corners=True)
    twice = resize_logits(once, large, align_corners=True)
    for name, enlarged in (("enlarged_once", once), ("enlarged_twice", twice)):
        assert_golden(f"{golden}{name}.sums", sums(enlarged))
        assert_golden(f"{golden}{name}.every", enlarged[:, :, ::13, ::17])
    assert_golden(golden + "train.sums", sums(once))
    objective = (once * normal(f"{architecture}/objective", once.shape)).sum() / 1000
    assert_golden(golden + "train.objective", objective)
    gradients = torch.autograd.grad(objective, [*parameters, *features])
    of_head, of_features = gradients[: len(parameters)], gradients[len(parameters) :]
    assert_golden(golden + "train.gradient_norm", [g.norm().item() for g in of_head])
    assert_golden(golden + "train.gradient_values", [four(g) for g in of_head])
    assert_golden(golden + "train.gradient_norm_features", [g.norm().item() for g in of_features])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_head_starts_as_the_published_one(architecture: str) -> None:
    """Each weight has the spread meant, within chance, and its bias PyTorch's limits."""
    torch.manual_seed(0)
    settings = ModelSettings(architecture=ARCHITECTURES[architecture], encoder="resnet50")
    model = create_model(settings, NUM_CLASSES)
    drawn = GOLDEN[f"{architecture}.initial.std_of_one_draw"]
    largest = float(GOLDEN[f"{architecture}.initial.bias_largest"].max())
    for (name, shape), std in zip(head_shapes(architecture).items(), drawn, strict=True):
        parameter = model.get_parameter(place(name))
        if parameter.ndim > 1:
            error = 5 / math.sqrt(math.prod(shape))
            assert parameter.std().item() == pytest.approx(std, rel=error), name
        else:
            assert 0.5 * largest < parameter.abs().max() <= 1.6 * largest


def test_encoder_is_dilated_as_the_published_one() -> None:
    with torch.device("meta"):
        encoder = create_dilated_encoder("resnet101", None, 8)
    names = [str(name) for name in GOLDEN["backbone.conv.name"]]
    layers = {name: m for name, m in encoder.named_modules() if isinstance(m, nn.Conv2d)}
    assert set(layers) == set(names)
    parts = ("kernel_size", "stride", "dilation", "padding")
    found = np.array([[getattr(layers[name], part)[0] for part in parts] for name in names])
    found[found[:, 0] == 1, 2] = 1  # what a convolution of one pixel is dilated by is no matter
    assert_golden("backbone.conv.kernel_stride_dilation_padding", found, 0)
    trained = sum(layer.weight.numel() for layer in layers.values())
    assert_golden("backbone.trained", [trained], 0)


def test_encoder_gives_the_published_features_and_gradients() -> None:
    encoder = create_network("v2").get_submodule("encoder").eval()
    state = encoder.state_dict()
    names = [str(name) for name in GOLDEN["backbone.state.name"]]
    assert_golden("backbone.state.sums", [sums(state[name]) for name in names])
    assert_golden("backbone.state.values", [four(state[name]) for name in names])
    features = encoder(normal("backbone/image", (1, 3, 72, 128)))
    objective = torch.zeros(())
    for key, values in (("low", features[2]), ("out", features[-1])):
        golden = f"backbone.{key}."
        assert_golden(golden + "shape", values.shape, 0)
        assert_golden(golden + "sums", sums(values))
        assert_golden(golden + "every", values[:, ::64, ::2, ::3])
        assert_golden(golden + "rms", [values.square().mean().sqrt().item()])
        objective = objective + (values * normal(f"backbone/objective/{key}", values.shape)).sum()
    objective = objective / 1000
    assert_golden("backbone.objective", objective)
    names = [str(name) for name in GOLDEN["backbone.gradient.name"]]
    convolutions = [encoder.get_parameter(name) for name in names]
    assert_golden("backbone.resnet50.trained", [sum(w.numel() for w in convolutions)], 0)
    gradients = torch.autograd.grad(objective, convolutions)
    assert_golden("backbone.gradient.norm", [g.norm().item() for g in gradients])
    assert_golden("backbone.gradient.values", [four(g) for g in gradients])


def test_frozen_batch_norm_has_no_epsilon() -> None:
    layer = create_network("v2", has_golden_encoder=False).get_submodule("encoder.bn1")
    assert isinstance(layer, nn.BatchNorm2d)
    values = ([1.0, 2, -1, 0.5], [0.0, 1, 2, 3], [0.0, 1, -1, 0.5], [1e-6, 1e-4, 1.0, 4.0])
    weight, bias, mean, variance = map(torch.tensor, values)
    image = normal("frozen/input", (1, 4, 2, 3))
    found = functional.batch_norm(image, mean, variance, weight, bias, eps=layer.eps)
    assert_golden("frozen.output", found)


def test_batch_norm_without_epsilon_must_be_frozen() -> None:
    settings = ModelSettings(architecture="deeplabv2", encoder="resnet18", batch_norm_epsilon=False)
    with pytest.raises(UserError, match="batch_norm_epsilon: only frozen batch norm goes without"):
        create_model(settings, 3)


class Views(nn.Module):
    """The golden logits of one image, and of its mirrored view when it is asked for again."""

    def __init__(self, index: int) -> None:
        super().__init__()
        shape = (1, NUM_CLASSES, 8, 16)
        image, other = (
            normal(f"evaluation/{index}/{key}", shape, 2.0) for key in ("image", "mirrored")
        )
        self.views = iter([image, 0.6 * image.flip(3) + 0.8 * other])

    def forward(self, image: Tensor) -> Tensor:
        return next(self.views)


def test_evaluation_of_both_views_is_the_published_one() -> None:
    confusion = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    predictions, resizing = [], Resizing((8, 16), align_corners=True)
    image = np.zeros((40, 80, 3), np.uint8)
    for index, label in enumerate(GOLDEN["evaluation.label"]):
        seen = seen_images(iter([image]), resizing, mirrored=True)
        (mean,) = mean_of_views(Views(index), seen, resizing, CPU)
        if index == 0:
            assert_golden("evaluation.probability_of_image_0.every", mean[:, ::7, ::9])
        predictions.append(most_probable(mean).numpy())
        confusion += confusion_matrix(label, predictions[-1], NUM_CLASSES)
    assert_golden("evaluation.prediction", predictions, 0)
    hits, true = np.diag(confusion), confusion.sum(axis=1)
    assert_golden("evaluation.intersection", hits, 0)
    assert_golden("evaluation.target", true, 0)
    assert_golden("evaluation.union", true + confusion.sum(axis=0) - hits, 0)
    iou = np.nan_to_num(class_iou(confusion))  # a class that is never true counts as 0 there
    assert_golden("evaluation.iou", iou)
    assert_golden("evaluation.mean_iou", [iou.mean()])
