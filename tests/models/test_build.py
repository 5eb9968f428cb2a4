from itertools import count
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cbda.errors import UserError
from cbda.models.build import create_model, require_fit
from cbda.models.deeplabv2 import DeepLabV2
from cbda.models.encoders import encoder_batch_norms
from cbda.models.small import SmallNet
from cbda.settings.model import ModelSettings, has_batch_of_one, without_weights
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
        (
            ModelSettings(encoder_weights="imagenet"),
            "none that can be chosen; write encoder_weights",
        ),
        (ModelSettings(decoder_channels=(8,)), "decoder_channels: those of small are fixed"),
        (ModelSettings(output_stride=8), "output_stride: only for deeplabv2, deeplabv3plus_ripu, "),
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
    model = create_model(without_weights(with_weights("nowhere.safetensors")), 3)
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


@pytest.mark.parametrize(
    ("architecture", "encoder", "message"),
    [
        ("dpt", "resnet18", "'resnet18': Only Timm encoders are supported for DPT"),
        (
            "unet",
            "tu-vit_tiny_patch16_224",
            r"224': Unsupported .* pattern. \(model.architecture unet\)",
        ),
    ],
)
def test_encoder_that_does_not_go_with_a_decoder_is_named(architecture, encoder, message):
    settings = ModelSettings(architecture=architecture, encoder=encoder)
    with pytest.raises(UserError, match=rf"model.encoder .*{message}"):
        create_model(settings, 3)


def test_encoder_of_one_size_is_named():
    model = nn.Conv2d(4, 3, 1)
    settings = ModelSettings(architecture="upernet", encoder="tu-swin_tiny_patch4_window7_224")
    with pytest.raises(UserError, match=r"swin.*: takes no images of 32 x 64 px: .* channels"):
        require_fit(model, settings, (32, 64))
    require_fit(model, UNET, (32, 64))  # of the library's own, which take any size


NUMBERS = count()  # of files, as a module is known by its name
OWN = "from torch import nn\n\n\ndef build(num_classes):\n    {}\n"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a network of one's own, whose function has a body."""
    monkeypatch.chdir(tmp_path)

    def write(body):
        name = f"net{next(NUMBERS)}.py"
        (tmp_path / name).write_text(OWN.format(body))
        return ModelSettings(architecture=f"{name}:build")

    return write


def test_network_of_ones_own_is_built_for_the_classes(own):
    body = "m = nn.Conv2d(3, num_classes, 1); m.encoder = nn.Identity(); return m"
    model = create_model(own(body), 7)
    assert model(torch.zeros(1, 3, 4, 5)).shape == (1, 7, 4, 5)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 3", r"net\d+\.py: returns int, must be an nn\.Module with a part `encoder`"),
        ("return nn.Identity()", r"net\d+\.py: returns Identity, must be an nn\.Module"),
        ("return nothing", r"net\d+\.py:5: NameError: name 'nothing' is not defined"),
    ],
)
def test_function_that_builds_no_network_is_named(own, body, message):
    with pytest.raises(UserError, match=message):
        create_model(own(body), 3)


def test_network_of_ones_own_that_is_not_there_is_named(own):
    with pytest.raises(UserError, match=r"model.architecture: there is no file none\.py"):
        create_model(ModelSettings(architecture="none.py:build"), 3)
    settings = own("return 3")
    with pytest.raises(UserError, match="there is no function 'make'; it defines: build"):
        create_model(
            replace(settings, architecture=settings.architecture.replace("build", "make")), 3
        )
    with pytest.raises(UserError, match="a network of your own builds its encoder itself"):
        create_model(replace(settings, encoder="resnet18"), 3)


def test_wrong_number_of_widths_is_an_error():
    with pytest.raises(UserError, match="model"):
        create_model(replace(UNET, decoder_channels=(16, 8)), 3)


@pytest.mark.parametrize(("stride", "expected"), [(0, (8, 12)), (8, (8, 12)), (16, (4, 6))])
def test_deeplabv2_has_logits_at_the_stride_of_its_encoder(stride, expected):
    model = create_model(
        ModelSettings(architecture="deeplabv2", encoder="resnet18", output_stride=stride), 5
    )
    assert model.eval()(torch.zeros(1, 3, 64, 96)).shape == (1, 5, *expected)


def test_deeplabv3plus_of_ripu_trains_on_a_batch_of_one_image():
    model = create_model(ModelSettings(architecture="deeplabv3plus_ripu", encoder="resnet18"), 5)
    for layer in encoder_batch_norms(model):
        layer.eval()
    logits = model(torch.zeros(1, 3, 64, 96))
    assert logits.shape == (1, 5, 16, 24)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert norms == encoder_batch_norms(model)


def rates(encoder, *names):
    layers = [encoder.get_submodule(name) for name in names]
    found = [layer.dilation[0] for layer in layers if isinstance(layer, nn.Conv2d)]
    assert found == [layer.padding[0] for layer in layers if isinstance(layer, nn.Conv2d)]
    return found


STAGES = [
    f"layer{stage}.{block}" for stage in (3, 4) for block in ("0.conv1", "0.conv2", "1.conv1")
]


@pytest.mark.parametrize("architecture", ["deeplabv2", "deeplabv3plus_ripu", "deeplabv3plus"])
@pytest.mark.parametrize(
    ("stride", "expected"), [(8, [1, 2, 2, 2, 4, 4]), (16, [1, 1, 1, 1, 2, 2])]
)
def test_strided_convolution_keeps_the_dilation_before_it(architecture, stride, expected):
    """Those of layer3 and layer4 of a ResNet-18 are the first of the first block."""
    settings = ModelSettings(architecture=architecture, encoder="resnet18", output_stride=stride)
    assert rates(create_model(settings, 2).get_submodule("encoder"), *STAGES) == expected


def test_encoder_of_timm_is_dilated_by_timm():
    settings = ModelSettings(architecture="deeplabv2", encoder="tu-resnet18", output_stride=8)
    encoder = create_model(settings, 2).get_submodule("encoder.model")
    assert rates(encoder, *STAGES) == [1, 2, 2, 2, 4, 4]


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


def in_training(settings):
    """The network as a training sets it up."""
    model = create_model(settings, 3).train()
    for layer in encoder_batch_norms(model) if settings.freeze_batch_norm else ():
        layer.eval()
    return model


def normalises(model, num_images, size):
    """Whether the network can be trained by a batch."""
    try:
        model(torch.zeros(num_images, 3, *size))
    except ValueError as error:
        assert "more than 1 value per channel" in str(error)  # noqa: PT017
        return False
    return True


SIZES = {
    "small": [(8, 8), (8, 9)],
    "deeplabv2": [(8, 8), (8, 16)],
    "deeplabv3plus": [(16, 16), (32, 48)],
    "deeplabv3plus_ripu": [(8, 8), (8, 16)],
    "unet": [(32, 32), (32, 64)],
    "upernet": [(32, 32), (64, 64)],
    "dpt": [(32, 32), (32, 64)],
    "segformer": [(32, 32), (32, 64)],
}


@pytest.mark.parametrize("change", [{}, {"freeze_batch_norm": True}, {"encoder": "mit_b0"}])
@pytest.mark.parametrize("architecture", SIZES)
def test_batch_of_one_is_known_for_every_architecture(architecture, change):
    if architecture == "small":
        settings = ModelSettings()
    elif "encoder" in change and architecture != "segformer":
        pytest.skip("one encoder does for the others")
    else:
        encoder = "tu-vit_tiny_patch16_224" if architecture == "dpt" else "resnet18"
        settings = ModelSettings(architecture=architecture, **{"encoder": encoder, **change})
    model = in_training(settings)
    for size in SIZES[architecture]:
        assert normalises(model, 2, size)
        assert normalises(model, 1, size) == (not has_batch_of_one(settings, 1, size))
        assert not has_batch_of_one(settings, 2, size)


def test_output_stride_counts_for_batches_of_one():
    settings = ModelSettings(architecture="deeplabv2", encoder="resnet18", output_stride=16)
    model = in_training(settings)
    for size in ((16, 16), (16, 32)):
        assert normalises(model, 1, size) == (not has_batch_of_one(settings, 1, size))
