from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cbda.errors import UserError
from cbda.models.build import create_model
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.small import SmallNet
from cbda.settings.model import ModelSettings
from tests.sections import replace

UNET = ModelSettings(architecture="unet", encoder="resnet18", decoder_channels=(16, 8, 8, 8, 8))


@pytest.mark.parametrize(("height", "width"), [(32, 48), (45, 61)])
def test_small_network_gives_logits_at_half_the_size(height, width):
    model = create_model(ModelSettings(), 5)
    logits = model(torch.zeros(2, 3, height, width))
    assert logits.shape == (2, 5, (height + 1) // 2, (width + 1) // 2)


def test_small_network_is_small():
    num_parameters = sum(p.numel() for p in SmallNet(11).parameters())
    assert 150_000 < num_parameters < 250_000


def test_weights_depend_on_the_seed_alone():
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        weights.append(create_model(ModelSettings(), 3).state_dict()["classify.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ModelSettings(encoder_weights="imagenet"), "small network has none; allowed: none"),
        (ModelSettings(decoder_channels=(8,)), "decoder_channels: those of small are fixed"),
        (ModelSettings(output_stride=8), "output_stride: only for deeplabv2, deeplabv3plus"),
        (
            ModelSettings(architecture="deeplabv2", encoder="resnet18", decoder_channels=(8,)),
            "decoder_channels: those of deeplabv2 are fixed",
        ),
        (ModelSettings(freeze_batch_norm=True), "freeze_batch_norm: the small network starts unt"),
    ],
)
def test_what_does_not_go_together_is_an_error(settings, message):
    with pytest.raises(UserError, match=message):
        create_model(settings, 3)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A file of weights for the encoder of `UNET`, as classifiers are published: with a head."""
    model = create_model(UNET, 3)
    weights = model.get_submodule("encoder").state_dict()
    weights["fc.weight"] = torch.zeros(1000, 512)
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(weights, path)
    return SimpleNamespace(path=path, weights=weights)


def with_weights(path):
    return replace(UNET, encoder_weights=str(path))


def test_encoder_weights_are_loaded(pretrained):
    encoder = create_model(with_weights(pretrained.path), 3).get_submodule("encoder")
    found = encoder.state_dict()
    assert set(pretrained.weights) - set(found) == {"fc.weight"}
    assert all(torch.equal(value, pretrained.weights[name]) for name, value in found.items())


def test_encoder_weights_are_left_out_for_a_checkpoint(pretrained):
    model = create_model(with_weights("nowhere.safetensors"), 3, load_weights=False)
    weight = model.get_submodule("encoder").state_dict()["conv1.weight"]
    assert not torch.equal(weight, pretrained.weights["conv1.weight"])


def test_encoder_of_timm_takes_its_published_names(tmp_path):
    settings = ModelSettings(
        architecture="deeplabv3plus", encoder="tu-resnet18", decoder_channels=(16,)
    )
    body = create_model(settings, 3).get_submodule("encoder.model")
    path = tmp_path / "weights.safetensors"
    save_file(body.state_dict(), path)
    model = create_model(replace(settings, encoder_weights=str(path)), 3)
    loaded = model.get_submodule("encoder.model").state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in body.state_dict().items())
    assert model.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 3, 64, 64)


def test_width_of_the_decoder_is_set(pretrained):
    wide, narrow = create_model(replace(UNET, decoder_channels=()), 3), create_model(UNET, 3)
    sizes = [
        sum(p.numel() for p in m.get_submodule("decoder").parameters()) for m in (wide, narrow)
    ]
    assert sizes[0] > 4 * sizes[1]


@pytest.mark.parametrize(
    ("change", "misfit"),
    [
        ({"conv1.weight": torch.zeros(64, 1, 7, 7)}, "conv1.weight"),
        ({"bn1.bias": None}, "bn1.bias"),
    ],
)
def test_misfit_is_named(pretrained, tmp_path, change, misfit):
    path = tmp_path / "other.safetensors"
    weights = {**pretrained.weights, **change}
    save_file({name: value for name, value in weights.items() if value is not None}, path)
    message = f"{path}: does not fit the encoder; first misfit {misfit}"
    with pytest.raises(UserError, match=message):
        create_model(with_weights(path), 3)


def test_broken_or_missing_file_is_named(pretrained, tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(
        UserError, match=f"no file {path}; allowed: none, imagenet, packaged, a file"
    ):
        create_model(with_weights(path), 3)
    path.write_bytes(pretrained.path.read_bytes()[:1000])
    with pytest.raises(UserError, match=f"{path}: not a readable safetensors file"):
        create_model(with_weights(path), 3)


def test_weights_that_cannot_be_downloaded_are_an_error(monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        raise ConnectionError("no route\nto the host")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between its attempts
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match="those of 'resnet18' can't be downloaded"):
        create_model(replace(UNET, encoder_weights="imagenet"), 3)


@pytest.mark.parametrize("encoder", ["resnet17", "none", "tu-nothing"])
def test_unknown_encoder_is_named(encoder):
    with pytest.raises(UserError, match=f"model.encoder '{encoder}': "):
        create_model(replace(UNET, encoder=encoder), 3)


def test_wrong_number_of_widths_is_an_error():
    with pytest.raises(UserError, match="model"):
        create_model(replace(UNET, decoder_channels=(16, 8)), 3)


@pytest.mark.parametrize(("stride", "expected"), [(0, (8, 12)), (8, (8, 12)), (16, (4, 6))])
def test_deeplabv2_has_logits_at_the_stride_of_its_encoder(stride, expected):
    model = create_model(
        ModelSettings(architecture="deeplabv2", encoder="resnet18", output_stride=stride), 5
    )
    assert model.eval()(torch.zeros(1, 3, 64, 96)).shape == (1, 5, *expected)


def test_deeplabv2_sums_four_classifiers():
    """Features of 1 in the middle of a map: each classifier sees its centre weight alone."""
    model = DeepLabV2("resnet18", 2)
    features = torch.zeros(1, 512, 49, 49)
    features[0, 3, 24, 24] = 1
    model.encoder = nn.Module()
    model.encoder.forward = lambda image: [features]
    logits = model(torch.zeros(1))[0, :, 24, 24]
    layers = [layer for layer in model.classifiers if isinstance(layer, nn.Conv2d)]
    expected = sum(layer.weight[:, 3, 1, 1] + layer.get_parameter("bias") for layer in layers)
    torch.testing.assert_close(logits, expected)
    assert [layer.dilation[0] for layer in layers] == [6, 12, 18, 24]


def test_output_stride_of_deeplabv3plus_is_set(pretrained):
    settings = ModelSettings(
        architecture="deeplabv3plus", encoder="resnet18", decoder_channels=(16,)
    )
    image = torch.zeros(1, 3, 64, 64)
    sizes = [
        create_model(replace(settings, output_stride=stride), 2)
        .eval()
        .get_submodule("encoder")(image)[-1]
        .shape[-1]
        for stride in (0, 8, 16)
    ]
    assert sizes == [4, 8, 4]
