"""Losses, images, schedule and five steps of training give the numbers of RIPU's published code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor

from cbda.acquisition import ripu_region
from cbda.models.images import Resizing, resize_image, to_tensor
from cbda.models.inference import predict_logits
from cbda.models.small import SmallNet
from cbda.selection import select
from cbda.selection.units import paint, queries_per_image
from cbda.settings.training import TrainingSettings
from cbda.training.augmentation import resize_label
from cbda.training.loader import create_loader
from cbda.training.losses import (
    cross_entropy,
    distance_to_mean,
    laplacian_boundary,
    local_consistency,
    negative_learning,
)
from cbda.training.trainer import Trainer, create_optimizer, set_learning_rate
from cbda.workflow.config import Config, load_config
from tests.golden import (
    GOLDEN,
    VOID,
    assert_golden,
    create_network,
    four,
    normal,
    place,
)
from tests.pictures import Pictures
from tests.sections import replace

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
HALF_WIDTH = 1  # k, of regions of 3x3 px


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def published() -> Config:
    return load_config(yaml.safe_load((ROOT / "workflow/configs/published.yaml").read_text()), {})


def size_of(values: NDArray[Any]) -> tuple[int, int]:
    height, width = map(int, values)
    return height, width


def labels(name: str) -> Tensor:
    return torch.from_numpy(GOLDEN[name]).long()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("num_classes", [19, 16])
def test_losses_and_their_gradients_are_the_published_ones(num_classes: int) -> None:
    golden = f"losses.{num_classes}."
    logits = normal(f"losses/{num_classes}/logits", (2, num_classes, 16, 32), 2.0).requires_grad_()
    full, few = labels(golden + "label"), labels(golden + "label_few")
    consistency = local_consistency(logits, full, "laplacian")
    for name, loss in (
        ("cross_entropy_few", cross_entropy(logits, few)),
        ("negative_learning", negative_learning(logits, 0.05)),
        ("local_consistency", consistency),
    ):
        assert_golden(golden + name, loss)
        (gradient,) = torch.autograd.grad(loss, logits, retain_graph=True)
        assert_golden(f"{golden}{name}.grad", gradient)
    assert_golden(golden + "cross_entropy_full", cross_entropy(logits, full))
    assert_golden(golden + "weighted_total", cross_entropy(logits, full) + 0.1 * consistency)
    assert_golden(golden + "local_consistency.pixels", distance_to_mean(logits))
    mask = laplacian_boundary(full) & (full != VOID)
    assert_golden(golden + "local_consistency.mask", mask, 0)


@pytest.mark.usefixtures("double")
def test_boundaries_of_the_laplacian_are_the_published_ones() -> None:
    """No pixel of the first map is boundary: the published loss is the mean of nothing there."""
    label = labels("boundary.label")
    assert_golden("boundary.mask_with_void", laplacian_boundary(label), 0)
    assert_golden("boundary.mask", laplacian_boundary(label) & (label != VOID), 0)
    logits = normal("boundary/logits", (5, 19, 7, 9), 2.0)
    found = [
        local_consistency(logits[[index]], label[[index]], "laplacian").item() for index in range(5)
    ]
    expected = GOLDEN["boundary.local_consistency"]
    assert np.isnan(expected[0])
    assert found[0] == 0
    np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-11)


def test_no_label_teaches_nothing_as_in_the_published_loop() -> None:
    """Where the published loss is NaN, its loop leaves it out."""
    logits = normal("boundary/logits", (5, 19, 7, 9), 2.0)
    assert np.isnan(GOLDEN["losses.no_label"])
    assert cross_entropy(logits, torch.full((5, 7, 9), VOID)) == 0


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("key", "size"), [("source", (72, 128)), ("target", (64, 128))])
def test_images_and_labels_are_shrunk_as_published(key: str, size: tuple[int, int]) -> None:
    golden = f"image.{key}."
    interpolation = published().training.interpolation
    image = resize_image(GOLDEN[golden + "image"], size, interpolation)
    assert_golden(golden + "resized_8bit", image, 0)
    assert_golden(golden + "normalised", to_tensor(image))
    assert_golden(golden + "label_resized", resize_label(GOLDEN[golden + "label"], size), 0)


def test_acquired_labels_are_shrunk_as_published() -> None:
    mask = GOLDEN["image.target.mask"]
    shrunk = resize_label(mask, (64, 128))
    assert_golden("image.target.mask_resized", shrunk, 0)
    assert [int((label != VOID).sum()) for label in (mask, shrunk)] == [268, 109]


@pytest.mark.parametrize(
    ("key", "size", "smaller"),
    [
        ("source", (105, 191), (72, 128)),
        ("target", (102, 204), (64, 128)),
        ("gtav", (1052, 1914), (720, 1280)),
        ("synthia", (760, 1280), (720, 1280)),
        ("cityscapes", (1024, 2048), (640, 1280)),
    ],
)
def test_a_label_takes_the_published_rows_and_columns(
    key: str, size: tuple[int, int], smaller: tuple[int, int]
) -> None:
    """Read off labels that number them, a byte at a time."""
    for axis, name in enumerate(("rows", "columns")):
        number = np.broadcast_to(
            np.arange(size[axis]).reshape((-1, 1) if axis == 0 else (1, -1)), size
        )
        high, low = (
            resize_label(part.astype(np.uint8), smaller) for part in (number // 256, number % 256)
        )
        found = high.astype(int) * 256 + low
        assert_golden(f"image.nearest.{key}.{name}", found[:, 0] if axis == 0 else found[0], 0)


@pytest.mark.usefixtures("double")
def test_schedule_is_the_published_one() -> None:
    config = published()
    settings = config.training
    optimizer = create_optimizer(SmallNet(2), settings.optimizer)
    rates = []
    for iteration in range(settings.total_iterations):
        set_learning_rate(optimizer, settings, iteration)
        rates.append([group["lr"] for group in optimizer.param_groups])
    backbone, head = np.array(rates).T
    at = GOLDEN["schedule.iteration"]
    assert_golden("schedule.backbone_rate", backbone[at])
    assert_golden("schedule.head_rate", head[at])
    assert_golden("schedule.sum_of_backbone_rates", [backbone.sum()])
    span = [settings.optimizer.poly_iterations, settings.total_iterations]
    assert_golden("schedule.decay_iterations_stop", span, 0)
    rounds = [
        config.pretrain.iterations + number * config.finetune.iterations_per_round
        for number in range(5)
    ]
    assert_golden("schedule.active_after", rounds, 0)
    options = [settings.optimizer.momentum, settings.optimizer.weight_decay]
    assert_golden("schedule.momentum_weight_decay", options, 0)


def test_queries_of_a_round_are_as_many_as_published() -> None:
    for height, width, budget, expected in GOLDEN["schedule.regions.height_width_budget_queries"]:
        found = queries_per_image(int(height), int(width), budget, 5, HALF_WIDTH, "region")
        assert found == expected
    pixels = yaml.safe_load((ROOT / "workflow/configs/ripu_pixel.yaml").read_text())["experiment"]
    (budget,), radius = pixels["budgets"], pixels["radius"]
    found = queries_per_image(1024, 2048, budget, 5, radius, "pixel")
    assert [40, radius, found] == GOLDEN["schedule.pixels.asked_radius_queries"].tolist()


def settings_of_the_run() -> TrainingSettings:
    sizes = (size_of(GOLDEN[f"run.{key}_size"]) for key in ("target", "source"))
    image_size, source_size = sizes
    return replace(
        published().training,
        image_size=image_size,
        source_size=source_size,
        source_sampling="uniform",
        num_workers=0,
    )


class Run:
    """The published run of two active rounds, through the loader, the trainer and the scores."""

    def __init__(self, architecture: str) -> None:
        self.golden = f"run_{architecture}."
        settings = settings_of_the_run()
        model = create_network(architecture, std_v2=0.03)
        for layer in model.modules():
            if isinstance(layer, torch.nn.Dropout2d):
                layer.p = 0.0
        self.trainer = Trainer(model, settings, CPU, 0, freeze_batch_norm=True)
        trained = {name for name, p in model.named_parameters() if p.requires_grad}
        assert_golden("frozen.trained", [sum("bn" in name for name in trained)], 0)
        self.names = [str(name) for name in GOLDEN[self.golden + "weight.name"]]
        assert trained == set(map(place, self.names))
        self.start = [weight.detach().clone() for weight in self.weights()]
        self.truth = GOLDEN["run.target_labels"]
        self.source = Pictures(list(GOLDEN["run.source_images"]), list(GOLDEN["run.source_labels"]))
        unlabelled = list(np.full_like(self.truth, VOID))
        self.target = Pictures(list(GOLDEN["run.target_images"]), unlabelled)
        self.selected, self.blocked = (np.zeros(self.truth.shape, bool) for _ in range(2))

    def weights(self) -> list[Tensor]:
        return [self.trainer.model.get_parameter(place(name)) for name in self.names]

    def train(self, step: int) -> list[float]:
        """The terms of the loss of one step, in the golden order."""
        settings = self.trainer.settings
        loader = create_loader(self.source, self.target, settings, 0, step, step + 1)
        self.trainer.run(loader, 1)
        names = ("source", "target", "consistency", "negative")
        return [self.trainer.terms[name] for name in names]

    def acquire(self) -> Any:
        """Score, choose and label every image; the score map of the first one."""
        settings, (_, height, width) = self.trainer.settings, self.truth.shape
        budget = float(GOLDEN["run.budget"][0])
        num = queries_per_image(height, width, budget, 2, HALF_WIDTH, "region")
        resizing = Resizing(settings.image_size, settings.interpolation, settings.align_corners)
        maps = predict_logits(self.trainer.model, iter(self.target.images), resizing, CPU, True)
        scores = [ripu_region(logits, HALF_WIDTH)[0].numpy() for logits in maps]
        for index, score in enumerate(scores):
            centres = select(score, self.blocked[index], num, HALF_WIDTH, "region")
            paint(self.selected[index], centres, HALF_WIDTH)
            paint(self.blocked[index], centres, 2 * HALF_WIDTH)
            chosen = self.selected[index]
            self.target.labels[index][chosen] = self.truth[index][chosen]
        return scores[0]


@pytest.fixture
def golden_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures come in the order of the golden run."""
    from cbda.compute.seeds import Stream

    orders = {
        Stream.SOURCE_ORDER: GOLDEN["run.source_order"].reshape(-1),
        Stream.TARGET_ORDER: GOLDEN["run.target_order"].reshape(-1),
    }
    monkeypatch.setattr(
        "cbda.training.loader.shuffled_index",
        lambda seed, stream, num_items, position: int(orders[stream][position]),
    )


@pytest.mark.usefixtures("golden_order")
@pytest.mark.parametrize("architecture", ["v2", "v3plus"])
def test_float32_has_the_published_losses_and_labels(architecture: str) -> None:
    """For three steps, as later a near tie of two regions in DeepLab-v3+ falls the other way."""
    run = Run(architecture)
    for step, expected in enumerate(GOLDEN[run.golden + "losses"][:3]):
        np.testing.assert_allclose(run.train(step), expected, rtol=0, atol=3e-6)
        if step + 1 == GOLDEN["run.rounds_after_step"][0]:
            run.acquire()
            acquired = GOLDEN[run.golden + "acquired"][0]
            np.testing.assert_array_equal(run.target.labels, acquired)


@pytest.mark.usefixtures("double", "golden_order")
@pytest.mark.parametrize("architecture", ["v2", "v3plus"])
def test_five_steps_with_two_rounds_are_the_published_ones(architecture: str) -> None:
    run = Run(architecture)
    found: dict[str, list[Any]] = {
        key.removeprefix(run.golden): []
        for key in GOLDEN.files
        if key.startswith(run.golden) and not key.endswith("weight.name")
    }
    for step in range(5):
        found["losses"].append(run.train(step))
        found["total"].append(sum(found["losses"][-1]))
        pairs = list(zip(run.weights(), run.start, strict=True))
        found["weight.norm"].append([weight.norm().item() for weight, _ in pairs])
        found["weight.movement"].append([(w - start).norm().item() for w, start in pairs])
        found["weight.values"].append([four(weight) for weight, _ in pairs])
        if step + 1 in GOLDEN["run.rounds_after_step"]:
            found["score_of_image_0"].append(run.acquire())
            for key, maps in (
                ("acquired", run.target.labels),
                ("selected", run.selected),
                ("blocked", run.blocked),
            ):
                found[key].append(np.array(maps))
    for key, values in found.items():
        exact = key in ("acquired", "selected", "blocked")
        assert_golden(run.golden + key, np.array(values), 0 if exact else 1e-9)
