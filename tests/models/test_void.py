import numpy as np
import pytest
import torch

from cbda.models.build import create_decoder, create_model
from cbda.models.images import Resizing
from cbda.models.void import void_class_of
from cbda.settings.model import ModelSettings

CLASSES, SIZE = 3, (16, 24)
FROZEN = ModelSettings(
    architecture="light_fpn", encoder="resnet18", freeze_encoder=True, void_class=True
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return create_model(ModelSettings(void_class=True), CLASSES)


def test_void_is_learned_and_never_predicted(model):
    image = torch.randn(1, 3, *SIZE)
    assert model.train()(image).shape[1] == CLASSES + 1
    assert model.eval()(image).shape[1] == CLASSES


def test_void_is_where_its_logit_is_the_highest_at_the_size_of_the_image(model):
    with torch.no_grad():
        model.classify.bias[CLASSES] += 0.3
    model.eval()(torch.randn(1, 3, *SIZE))
    void = void_class_of(model)
    assert void is not None
    assert void._seen is not None
    found, logits = void.read(Resizing(SIZE), (32, 48)), void._seen
    enlarged = torch.nn.functional.interpolate(logits, (32, 48), mode="bilinear")[0]
    np.testing.assert_array_equal(found, (enlarged.argmax(dim=0) == CLASSES).numpy())
    assert 0 < found.mean() < 1


def test_decoder_of_features_may_have_a_void_class():
    features = [torch.randn(2, 4, 8, 8), torch.randn(2, 6, 4, 4)]
    decoder = create_decoder(FROZEN, CLASSES, {4: 4, 8: 6})
    assert decoder.train()(features).shape[1] == CLASSES + 1
    assert decoder.eval()(features).shape[1] == CLASSES


def test_network_has_no_void_class_unless_asked_for():
    assert void_class_of(create_model(ModelSettings(), CLASSES)) is None
