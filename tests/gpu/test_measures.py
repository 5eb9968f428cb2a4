"""What `make gpu` measures by is run on the CPU, at a size that any machine takes."""

import torch

from benchmarks.gpu import random_batch, scoring_costs, training_cost
from cbda.models.images import Resizing
from cbda.models.inputs import input_size
from cbda.models.small import SmallNet
from cbda.settings.training import TrainingSettings
from cbda.training.trainer import Trainer
from tests.gpu.test_gpu import NETWORKS, assert_equal, create_trainer, paper, train

CPU = torch.device("cpu")


def test_cost_of_training_is_that_of_an_iteration():
    settings = TrainingSettings(image_size=(16, 24), source_size=(24, 24), batch_size=2)
    trainer = Trainer(SmallNet(3, width=4), settings, CPU, 0)
    batch = random_batch(settings, 3)
    assert input_size(batch.source_image) == (24, 24)
    cost = training_cost(trainer, batch, num_iterations=2)
    assert cost.seconds > 0
    assert (cost.peak_mib, trainer.iteration) == (0, 5)


def test_costs_of_scoring_are_those_of_its_parts(tmp_path):
    resizing = Resizing((16, 24), align_corners=True)
    costs = scoring_costs(SmallNet(3, width=4), resizing, CPU, (32, 48), 2, tmp_path)
    assert len(costs) == 4
    assert min(costs.values()) > 0
    assert not list(tmp_path.iterdir())


def test_trainings_that_are_compared_are_equal_on_a_cpu():
    trainers = [create_trainer("deeplabv3plus_ripu", CPU) for _ in range(2)]
    for trainer in trainers:
        train(trainer, 0, 1)
    assert_equal(*trainers)


def test_networks_of_the_papers_are_measured():
    assert set(NETWORKS) > {paper(name).model.architecture for name in ("deeplabv2", "other")}
    assert paper("deeplabv2").training.image_size == (640, 1280)
