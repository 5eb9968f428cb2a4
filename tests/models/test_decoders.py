"""Decoders: the sizes of their logits, and that those of smp are those of its networks."""

import pytest
import torch

from cbda.errors import UserError
from cbda.models.build import create_decoder, create_model
from cbda.models.frozen import create_encoder
from cbda.settings.model import ModelSettings
from tests.sections import replace

LIGHT = ModelSettings(architecture="light_fpn", encoder="resnet18", freeze_encoder=True)
LINEAR = replace(LIGHT, architecture="linear")
SCALES = {4: 3, 8: 5, 16: 7}


def features_of(scales, height, width, batch=1):
    rng = torch.Generator().manual_seed(0)
    return [
        torch.randn(batch, count, -(-height // stride), -(-width // stride), generator=rng)
        for stride, count in scales.items()
    ]


@pytest.mark.parametrize("settings", [LIGHT, LINEAR])
@pytest.mark.parametrize(
    ("scales", "size"),
    [(SCALES, (10, 13)), ({2: 4, **SCALES}, (10, 13)), ({16: 7}, (3, 4)), ({14: 6}, (3, 4))],
)
def test_logits_are_at_stride_4_or_the_finest(settings, scales, size):
    model = create_decoder(settings, 6, scales)
    assert model(features_of(scales, 40, 52, batch=2)).shape == (2, 6, *size)


@pytest.mark.parametrize("settings", [LIGHT, LINEAR])
def test_decoder_trains_on_a_batch_of_one_image(settings):
    model = create_decoder(settings, 6, {4: 3, 32: 7}).train()
    model(features_of({4: 3, 32: 7}, 64, 64)).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_linear_head_is_a_sum_of_classifiers():
    """Each has its own weights, and a class is what they say together."""
    model = create_decoder(LINEAR, 2, {4: 1, 8: 1}).eval()
    for layer in model.get_submodule("classify").children():
        torch.nn.init.constant_(layer.get_parameter("weight"), 2.0)
        torch.nn.init.constant_(layer.get_parameter("bias"), 0.5)
    logits = model([torch.full((1, 1, 4, 4), 3.0), torch.full((1, 1, 2, 2), 5.0)])
    expected = torch.full((1, 2, 4, 4), 2 * 3 + 2 * 5 + 1.0)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "strides"),
    [("deeplabv3plus", (4, 16)), ("unet", (2, 4, 8, 16, 32)), ("segformer", (2, 4, 8, 16, 32))],
)
def test_decoder_of_smp_gives_the_logits_of_its_network(architecture, strides):
    settings = replace(LIGHT, architecture=architecture)
    network = create_model(replace(settings, freeze_encoder=False), 3).eval()
    encoder = create_encoder(settings, (64, 96))
    encoder.body.load_state_dict(network.get_submodule("encoder").state_dict())
    image = torch.randint(0, 256, (1, 3, 64, 96), dtype=torch.uint8)
    maps = encoder(image)
    model = create_decoder(settings, 3, {s: maps[s].shape[1] for s in strides}).eval()
    model.get_submodule("decoder").load_state_dict(network.get_submodule("decoder").state_dict())
    model.get_submodule("head").load_state_dict(
        network.get_submodule("segmentation_head").state_dict()
    )
    with torch.inference_mode():
        expected = network((image / 255 - encoder.mean) / encoder.deviation)
        assert torch.equal(model([maps[s] for s in strides]), expected)


def test_scale_that_a_decoder_lacks_is_named():
    settings = replace(LIGHT, architecture="deeplabv3plus")
    with pytest.raises(UserError, match=r"encode.strides: lacks 4; this decoder needs 4, 16"):
        create_decoder(settings, 3, {8: 128, 16: 512})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ModelSettings(freeze_encoder=True), "none that can be chosen; write freeze_encoder: fal"),
        (replace(LIGHT, architecture="dpt"), "freeze_encoder: only for deeplabv3plus, unet, uper"),
        (replace(LIGHT, freeze_encoder=False), "freeze_encoder: light_fpn takes features; allowed"),
        (replace(LIGHT, encoder_weights="packaged"), "'packaged': of tu-tf_efficientnet_lite0 alo"),
        (replace(LIGHT, encoder="none"), "encoder 'none': light_fpn needs one"),
    ],
)
def test_what_does_not_go_together_is_an_error(settings, message):
    with pytest.raises(UserError, match=message):
        create_decoder(settings, 3, SCALES)
