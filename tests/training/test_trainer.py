import numpy as np
import pytest
import torch
from torch import nn

from cbda.errors import UserError
from cbda.files.checkpoints import load_checkpoint, save_checkpoint
from cbda.models.build import create_model
from cbda.models.encoders import encoder_batch_norms
from cbda.models.small import SmallNet
from cbda.models.void import add_void_class
from cbda.settings.model import ModelSettings
from cbda.settings.training import LossSettings, OptimizerSettings, TrainingSettings
from cbda.training.loader import Batch, create_loader
from cbda.training.losses import cross_entropy, local_consistency, negative_learning
from cbda.training.trainer import (
    Trainer,
    create_optimizer,
    loss_terms,
    measure_cost,
    set_learning_rate,
    source_terms,
    target_terms,
)
from tests.datasets.layouts import picture_of, random_ids
from tests.pictures import Pictures, random_pictures
from tests.sections import replace

NUM_CLASSES = 3
SETTINGS = TrainingSettings(
    total_iterations=6,
    batch_size=2,
    image_size=(16, 16),
    color_jitter=0.2,
    optimizer=OptimizerSettings(lr=0.01, head_lr_factor=10.0),
)
SOURCE = random_pictures(4, 20, 24, NUM_CLASSES, seed=1)
TARGET = random_pictures(5, 18, 22, NUM_CLASSES, seed=2)
CPU = torch.device("cpu")


class DropoutNet(SmallNet):
    """Something random inside the network."""

    def forward(self, image):
        return nn.functional.dropout(super().forward(image), 0.3, self.training)


def create_trainer(settings=SETTINGS, frozen=False):
    torch.manual_seed(0)
    return Trainer(DropoutNet(NUM_CLASSES, width=4), settings, CPU, 7, frozen)


def train(trainer, start, stop, target=TARGET):
    loader = create_loader(SOURCE, target, trainer.settings, 7, start, stop)
    return trainer.run(loader, stop - start)


def flatten(value, path=()):
    """Leaves of nested dictionaries and lists by their path."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, item in items for k, v in flatten(item, (*path, key)).items()}
    return {path: value}


def assert_same_state(one, other):
    one, other = flatten(one), flatten(other)
    assert one.keys() == other.keys()
    for path, value in one.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, other[path]), path
        else:
            assert value == other[path], path


def with_optimizer(name):
    return replace(SETTINGS, optimizer=replace(SETTINGS.optimizer, name=name))


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_options_of_the_optimizer_are_those_of_the_job_not_of_its_checkpoint(name):
    state = create_trainer(with_optimizer(name)).state()
    own = replace(SETTINGS.optimizer, name=name, momentum=0.5, weight_decay=0.1, head_lr_factor=3.0)
    fresh, restored = (create_trainer(replace(SETTINGS, optimizer=own)) for _ in range(2))
    restored.restore(state)
    for group, expected in zip(
        restored.optimizer.param_groups, fresh.optimizer.param_groups, strict=True
    ):
        assert {**group, "params": []} == {**expected, "params": []}


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_chain_of_jobs_equals_one_uninterrupted_run(tmp_path, name):
    """Pretraining and two rounds, each from the checkpoint of the job before."""
    settings = with_optimizer(name)
    whole = create_trainer(settings)
    train(whole, 0, 6)

    path = tmp_path / "model.pt"
    trainer = create_trainer(settings)
    for start in (0, 2, 4):
        if start:
            torch.manual_seed(1000 + start)  # a job begins with randomness of its own
            trainer = Trainer(DropoutNet(NUM_CLASSES, width=4), settings, CPU, 7)
            trainer.restore(load_checkpoint(path))
        assert trainer.iteration == start
        train(trainer, start, start + 2)
        save_checkpoint(path, trainer.state())
    assert_same_state(trainer.state(), whole.state())


def test_training_learns():
    """Labels that can be told from the colour, in blocks of 8x8 px."""
    rng = np.random.default_rng(0)
    labels = [random_ids(2, 2, NUM_CLASSES, rng).repeat(8, axis=0).repeat(8, axis=1)] * 4
    pictures = Pictures([picture_of(label, rng) for label in labels], labels)
    settings = replace(SETTINGS, total_iterations=20, color_jitter=0.0)
    trainer = create_trainer(settings)
    losses = [
        trainer.run(create_loader(pictures, pictures, settings, 7, *span), span[1] - span[0])[
            "loss"
        ]
        for span in ((0, 1), (1, 20))
    ]
    assert losses[1] < 0.7 * losses[0]


def first_loss(seed, iteration):
    """Loss of one batch before anything is learned, which only dropout can change."""
    trainer = create_trainer()
    trainer.seed, trainer.iteration = seed, iteration
    return trainer.run(create_loader(SOURCE, TARGET, SETTINGS, 7, 0, 1), 1)["loss"]


def test_dropout_depends_on_the_seed_and_the_iteration():
    assert first_loss(7, 0) == first_loss(7, 0)
    assert len({first_loss(7, 0), first_loss(8, 0), first_loss(7, 1)}) == 3


@pytest.mark.parametrize(
    ("iteration", "expected"),
    [(0, 0.1), (5, 0.1 * 0.5358867), (9, 0.1 * 0.1258925), (10, 0.0), (12, 0.0)],
)
def test_learning_rate_follows_the_poly_schedule(iteration, expected):
    """0.5^0.9 = 0.5358867 and 0.1^0.9 = 0.1258925; the rest at ten times the encoder's rate."""
    optimizer_settings = OptimizerSettings(lr=0.1, head_lr_factor=10.0, poly_power=0.9)
    settings = replace(SETTINGS, total_iterations=10, optimizer=optimizer_settings)
    optimizer = create_optimizer(SmallNet(NUM_CLASSES, width=4), optimizer_settings)
    set_learning_rate(optimizer, settings, iteration)
    encoder, head = optimizer.param_groups
    assert encoder["lr"] == pytest.approx(expected, rel=1e-6)
    assert head["lr"] == pytest.approx(10 * expected, rel=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_optimizer_has_every_parameter_once(name):
    model = SmallNet(NUM_CLASSES, width=4)
    settings = OptimizerSettings(name=name, momentum=0.8, weight_decay=0.01)
    optimizer = create_optimizer(model, settings)
    encoder, head = optimizer.param_groups
    assert [id(p) for p in encoder["params"]] == [id(p) for p in model.encoder.parameters()]
    everything = [id(p) for group in (encoder, head) for p in group["params"]]
    assert sorted(everything) == sorted(id(p) for p in model.parameters())
    assert encoder["weight_decay"] == head["weight_decay"] == 0.01
    assert (head["momentum"] if name == "sgd" else head["betas"][0]) == 0.8


@pytest.mark.parametrize(("name", "other"), [("sgd", "adamw"), ("adamw", "sgd")])
def test_state_of_another_optimizer_is_an_error(name, other):
    state = create_trainer(with_optimizer(other)).state()
    with pytest.raises(UserError, match=f"training.optimizer.name '{name}': the checkpoint was"):
        create_trainer(with_optimizer(name)).restore(state)


def norms(trainer):
    return {
        name: [layer.state_dict()[key].clone() for key in ("weight", "bias", "running_mean")]
        for name, layer in trainer.model.named_modules()
        if isinstance(layer, nn.BatchNorm2d)
    }


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_batch_norm_of_the_encoder_stays_as_loaded(frozen):
    trainer = create_trainer(frozen=frozen)
    before = norms(trainer)
    train(trainer, 0, 2)
    after = norms(trainer)
    assert len(before) == 14
    for name, tensors in before.items():
        stays = [torch.equal(*pair) for pair in zip(tensors, after[name], strict=True)]
        assert stays == [frozen and name.startswith("encoder.")] * 3, name


def test_frozen_batch_norm_is_in_evaluation_mode_and_the_rest_trains():
    trainer = create_trainer(frozen=True)
    train(trainer, 0, 1)
    frozen = {id(layer) for layer in encoder_batch_norms(trainer.model)}
    assert len(frozen) == 10
    for module in trainer.model.modules():
        assert module.training == (id(module) not in frozen)


def test_frozen_batch_norm_continues_from_a_checkpoint(tmp_path):
    whole = create_trainer(frozen=True)
    train(whole, 0, 4)
    trainer = create_trainer(frozen=True)
    train(trainer, 0, 2)
    save_checkpoint(tmp_path / "model.pt", trainer.state())
    trainer = create_trainer(frozen=True)
    trainer.restore(load_checkpoint(tmp_path / "model.pt"))
    train(trainer, 2, 4)
    assert_same_state(trainer.state(), whole.state())


def test_loss_that_is_not_finite_stops_the_run():
    trainer = create_trainer()
    with torch.no_grad():
        trainer.model.get_parameter("classify.bias")[0] = float("nan")
    before = {k: v.clone() for k, v in trainer.model.state_dict().items() if "weight" in k}
    with pytest.raises(UserError, match="loss is nan at iteration 0; lower the lr"):
        train(trainer, 0, 1)
    assert trainer.iteration == 0
    after = trainer.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_source_alone_can_be_trained_on():
    trainer = create_trainer()
    result = train(trainer, 0, 2, target=None)
    assert trainer.iteration == 2
    assert result["loss"] > 0
    assert result["seconds_per_iteration"] > 0


class Constant(nn.Module):
    """Gives the images as logits."""

    def forward(self, image):
        return image


def total_loss(model, batch, weights):
    parts = loss_terms(model, batch, replace(SETTINGS, loss=weights), CPU)
    return torch.stack([term for terms in parts for term in terms.values()]).sum()


def test_total_loss_is_the_weighted_sum():
    generator = torch.Generator().manual_seed(0)
    source, target = 3 * torch.randn(2, 2, 3, 6, 6, generator=generator)
    labels = torch.randint(0, 3, (2, 2, 6, 6), generator=generator)
    weights = LossSettings(consistency=0.5, negative=2.0, negative_threshold=0.1)
    batch = Batch(source, labels[0], target, labels[1])
    expected = (
        cross_entropy(source, labels[0])
        + cross_entropy(target, labels[1])
        + 0.5 * local_consistency(source, labels[0])
        + 2.0 * negative_learning(target, 0.1)
    )
    torch.testing.assert_close(total_loss(Constant(), batch, weights), expected)

    alone = cross_entropy(source, labels[0]) + 0.5 * local_consistency(source, labels[0])
    torch.testing.assert_close(total_loss(Constant(), Batch(*batch[:2]), weights), alone)


def test_void_class_learns_the_pixels_of_the_source_without_a_label():
    generator = torch.Generator().manual_seed(0)
    source, target = 3 * torch.randn(2, 2, 3, 6, 6, generator=generator)
    labels = torch.randint(0, 2, (2, 2, 6, 6), generator=generator)
    labels[:, :, :3] = 255
    model = add_void_class(Constant(), 2)
    losses = LossSettings(consistency=0, negative=0)
    found = total_loss(model, Batch(source, labels[0], target, labels[1]), losses)
    learned = torch.where(labels[0] == 255, 2, labels[0])
    expected = cross_entropy(source, learned) + cross_entropy(target, labels[1])
    torch.testing.assert_close(found, expected)


def test_weights_of_classes_leave_the_void_class_out():
    model = create_model(ModelSettings(void_class=True), NUM_CLASSES)
    trainer = Trainer(model, SETTINGS, CPU, 7, class_weights=torch.tensor([1.0, 2.0, 0.5]))
    train(trainer, 0, 1)
    assert trainer.class_weights is not None
    assert trainer.class_weights.tolist() == [1, 2, 0.5, 0]


def test_logits_are_compared_at_the_size_of_the_labels():
    """Every pixel of a label counts: a network of 4x4 px and a label of 8x8 px."""
    source = torch.zeros(1, 3, 4, 4)
    label = torch.full((1, 8, 8), 255)
    label[0, 0, 0] = 1
    loss = total_loss(Constant(), Batch(source, label), LossSettings(consistency=0))
    assert loss.item() == pytest.approx(1.0986123)  # log 3


def test_domains_of_different_sizes_have_the_same_losses_one_by_one():
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.randn(2, 3, size, 6, generator=generator) for size in (6, 8))
    labels = [torch.randint(0, 3, (2, size, 6), generator=generator) for size in (6, 8)]
    batch = Batch(source, labels[0], target, labels[1])
    settings = replace(SETTINGS, loss=LossSettings(consistency=0.5))
    parts = list(loss_terms(Constant(), batch, settings, CPU))
    terms = (source_terms, source, labels[0]), (target_terms, target, labels[1])
    expected = [measure(logits, label, settings) for measure, logits, label in terms]
    torch.testing.assert_close(parts, expected)


def test_domains_of_different_sizes_are_trained_on():
    settings = replace(SETTINGS, source_size=(24, 16))
    trainer = create_trainer(settings)
    trainer.run(create_loader(SOURCE, TARGET, settings, 7, 0, 2), 2)
    assert trainer.iteration == 2


class Lower(nn.Module):
    """Gives the images as logits, in what a network under autocast computes in."""

    def forward(self, image):
        return image.bfloat16()


def test_losses_are_computed_in_float32():
    image, label = torch.ones(1, 3, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64)
    weights = LossSettings()
    loss = total_loss(Lower(), Batch(image, label, image, label), weights)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(
        loss, total_loss(Constant(), Batch(image, label, image, label), weights)
    )


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_trains_in_the_precision_asked_for(precision):
    """With a target and without."""
    trainer = create_trainer(replace(SETTINGS, precision=precision))
    found = set()
    convolution = trainer.model.get_submodule("classify")
    convolution.register_forward_hook(lambda module, args, logits: found.add(logits.dtype))
    train(trainer, 0, 1)
    train(trainer, 1, 2, target=None)
    assert found == {getattr(torch, precision)}


OWN_NETWORK = """
from torch import nn


def build(num_classes):
    model = nn.Sequential()
    model.encoder = nn.Conv2d(3, 4, 3, stride=2, padding=1)
    model.head = nn.Conv2d(4, num_classes, 1)
    return model
"""


@pytest.mark.parametrize(
    "options",
    [
        {"architecture": "upernet", "encoder": "resnet18", "decoder_channels": (8,)},
        {"architecture": "segformer", "encoder": "mit_b0", "decoder_channels": (8,)},
        {"architecture": "dpt", "encoder": "tu-vit_small_patch14_dinov2", "decoder_channels": (8,)},
        {"architecture": "deeplabv3plus_ripu", "encoder": "resnet18"},
        {"architecture": "my_net.py:build"},
    ],
    ids=lambda options: options["architecture"],
)
def test_network_trains_two_steps(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_net.py").write_text(OWN_NETWORK)
    torch.manual_seed(0)
    model = create_model(ModelSettings(**options), NUM_CLASSES)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    trainer = Trainer(model, replace(SETTINGS, image_size=(32, 64)), CPU, 7)
    train(trainer, 0, 2)
    after = dict(trainer.model.named_parameters())
    for part in ("encoder.", ""):
        names = [name for name in before if name.startswith("encoder.") == bool(part)]
        assert not all(torch.equal(before[name], after[name]) for name in names)


def test_schedule_may_be_longer_than_the_run():
    optimizer_settings = OptimizerSettings(lr=0.1, poly_iterations=20)
    settings = replace(SETTINGS, total_iterations=10, optimizer=optimizer_settings)
    optimizer = create_optimizer(SmallNet(NUM_CLASSES, width=4), optimizer_settings)
    set_learning_rate(optimizer, settings, 10)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5358867)  # 0.5^0.9


def test_cost_holds_time_throughput_and_memory():
    cost = measure_cost(0.5, replace(SETTINGS, batch_size=3), 2, CPU)
    assert cost["images_per_second"] == 12.0
    assert cost["peak_host_mib"] > 50
    assert (cost["device"], cost["peak_device_mib"]) == ("cpu", 0.0)
