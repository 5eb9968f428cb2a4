"""Frozen encoders: what they give, and with which weights."""

import numpy as np
import pytest
import torch

from cbda.errors import UserError
from cbda.models import packaged
from cbda.models.encoding import ImageEncoder, choose_strides
from cbda.models.frozen import create_encoder
from cbda.models.images import Resizing
from cbda.settings.encoding import EncodeSettings
from cbda.settings.model import ModelSettings
from tests.sections import replace

LITE = ModelSettings(
    architecture="light_fpn",
    encoder="tu-tf_efficientnet_lite0",
    encoder_weights="packaged",
    freeze_encoder=True,
)
RESNET = replace(LITE, encoder="resnet18", encoder_weights="none")
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
CPU = torch.device("cpu")


def image_encoder(settings, size=(64, 96), **options):
    return ImageEncoder(settings, EncodeSettings(**options), Resizing(size), CPU)


@pytest.mark.parametrize(
    ("settings", "shapes"),
    [
        (LITE, {4: (24, 16, 24), 8: (40, 8, 12), 16: (112, 4, 6), 32: (320, 2, 3)}),
        (RESNET, {4: (64, 16, 24), 8: (128, 8, 12), 16: (256, 4, 6), 32: (512, 2, 3)}),
        (replace(RESNET, output_stride=16), {4: (64, 16, 24), 8: (128, 8, 12), 16: (512, 4, 6)}),
        (replace(RESNET, encoder="tu-vit_tiny_patch16_224"), {16: (192, 4, 6)}),
        (replace(RESNET, encoder="tu-swin_tiny_patch4_window7_224"),
         {4: (96, 16, 24), 8: (192, 8, 12), 16: (384, 4, 6), 32: (768, 2, 3)}),
        (replace(RESNET, encoder="mit_b0"),
         {4: (32, 16, 24), 8: (64, 8, 12), 16: (160, 4, 6), 32: (256, 2, 3)}),
    ],
)  # fmt: skip
def test_scales_are_those_of_the_encoder(settings, shapes):
    encoder = image_encoder(settings)
    assert encoder.shapes == shapes
    assert [maps.shape for maps in encoder.encode(IMAGE, mirrored=False)] == [*shapes.values()]


def test_packaged_weights_have_the_names_of_timm():
    """The digest is that of timm's own file of tf_efficientnet_lite0, loaded by name."""
    assert create_encoder(LITE, (64, 96)).weights_sha256()[:16] == "09eec56410fc30d3"


def test_another_file_of_weights_is_refused(monkeypatch):
    monkeypatch.setattr(packaged, "SHA256", "0" * 64)
    with pytest.raises(UserError, match=r"lite0-57934424.pth: is not the file of weights that"):
        create_encoder(LITE, (64, 96))


@pytest.mark.parametrize(("settings", "mean"), [(LITE, 0.5), (RESNET, 0.485)])
def test_image_is_normalised_as_the_weights_want_it(settings, mean):
    encoder = create_encoder(settings, (64, 96))
    seen = []
    encoder.body.register_forward_pre_hook(lambda body, args: seen.append(args[0]))
    encoder(torch.full((1, 3, 64, 96), 255, dtype=torch.uint8))
    expected = (1 - mean) / encoder.deviation[0, 0, 0]
    torch.testing.assert_close(seen[0][:, 0], expected.expand(1, 64, 96))


def test_mirrored_features_are_those_of_the_mirrored_image():
    encoder = image_encoder(RESNET)
    both = encoder.encode(IMAGE, mirrored=True)
    alone = encoder.encode(IMAGE[:, ::-1], mirrored=False)
    for found, expected in zip(both[4:], alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_encoding_tells_weights_apart():
    torch.manual_seed(0)
    encoders = [image_encoder(RESNET, strides=(8, 4)) for _ in range(2)]
    first, second = (encoder.encoding for encoder in encoders)
    assert (first.strides, first.channels) == ((4, 8), (64, 128))
    assert first == encoders[0].encoding
    assert first != second


def test_bfloat16_is_near():
    exact, near = (
        image_encoder(LITE, precision=name).encode(IMAGE, mirrored=False)[2]
        for name in ("float32", "bfloat16")
    )
    assert 0 < np.abs(exact - near).max() < 0.1 * exact.std() + 0.1 * np.abs(exact).max()


def test_nothing_is_learned():
    encoder = create_encoder(RESNET, (64, 96))
    assert not any(p.requires_grad for p in encoder.parameters())
    before = encoder.weights_sha256()
    encoder(torch.zeros(1, 3, 64, 96, dtype=torch.uint8))
    assert encoder.weights_sha256() == before


def test_stride_that_the_encoder_lacks_is_named():
    with pytest.raises(UserError, match=r"the encoder has no 64; allowed: 4, 8"):
        choose_strides([4, 8], (8, 64))


@pytest.mark.parametrize("encoder", ["resnet17", "tu-nothing"])
def test_unknown_encoder_is_named(encoder):
    with pytest.raises(UserError, match=f"model.encoder '{encoder}': "):
        create_encoder(replace(RESNET, encoder=encoder), (64, 96))


def test_size_that_an_encoder_refuses_is_named():
    with pytest.raises(UserError, match=r"\[60, 90\] leaves out a part; allowed: multiples of 16"):
        _ = image_encoder(replace(RESNET, encoder="tu-vit_tiny_patch16_224"), (60, 90)).shapes


@pytest.mark.parametrize(("dtype", "value"), [("float16", 1e4), ("float32", np.inf)])
def test_feature_that_the_dtype_does_not_hold_is_named(dtype, value):
    encoder = image_encoder(RESNET, dtype=dtype)
    encoder._encoder.mean -= value
    with pytest.raises(UserError, match=f"too large for {dtype}; allowed: encode.dtype float32"):
        encoder.encode(IMAGE)


def test_images_are_resized_as_told():
    found = [
        ImageEncoder(RESNET, EncodeSettings(), Resizing((64, 96), name), CPU)
        for name in ("bilinear", "bicubic")
    ]
    assert [encoder.encoding.interpolation for encoder in found] == ["bilinear", "bicubic"]
    found[1]._encoder = found[0]._encoder
    one, other = (encoder.encode(IMAGE)[0] for encoder in found)
    assert np.abs(one - other).max() > 0
