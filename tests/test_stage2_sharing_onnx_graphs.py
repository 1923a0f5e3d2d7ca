"""A painter as networks and as ONNX: the same pictures as the painter's, at any batch, in an onnxruntime."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import stage2.sharing.onnx_graphs
from common import config
from common.errors import UserError
from common.vocabulary import Vocabulary
from stage1.config import PRESETS, Stage1Config
from stage1.networks import build_critic, build_generator
from stage1.sampling import save_export
from stage2 import Painter
from stage2.sharing.onnx_graphs import PaintingNetwork, export_graph, load_networks, open_graph, require_onnx_packages


@pytest.fixture(scope="module")
def gangogh_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parent's networks at the least width, with running moments that are not those of the start."""
    folder = tmp_path_factory.mktemp("gangogh")
    networks = config.load(Stage1Config, PRESETS / "gangogh.yaml", ["networks.width=2"]).networks
    vocabulary = Vocabulary(genres={"portrait": 1, "nature morte 静物": 2}, styles={"cubism": 3}, families={})
    torch.manual_seed(0)
    generator = build_generator(networks, 2)
    for name, moments in generator.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            moments.uniform_(0.5, 2)
    save_export(folder, networks, vocabulary, generator, build_critic(networks, 2))
    return folder


def paint(network: PaintingNetwork, count: int) -> np.ndarray:
    with torch.no_grad():
        painted: np.ndarray = network.module(*network.example(count)).numpy()
    return painted


def test_the_networks_paint_as_the_painter_does(stage2_run: Path) -> None:
    painter = Painter.load(stage2_run)
    small, large = load_networks(stage2_run)
    assert (small.resolution, large.resolution) == painter.resolutions
    assert large.weights == painter.weights
    for network in (small, large):
        _, genres, *rest = network.example(5)
        styles = rest[0] if rest else torch.zeros(5, len(painter.vocabulary.styles))
        images = painter.images(range(5), genres, styles, network.resolution)
        assert np.array_equal(paint(network, 5), images.numpy())


def test_an_example_has_every_label_and_none(stage2_run: Path) -> None:
    network = load_networks(stage2_run)[-1]
    num_genres = network.inputs["genres"]
    _, genres, styles, _ = network.example(num_genres + 1)
    assert genres.sum(dim=0).tolist() == [1] * num_genres
    assert genres[-1].sum() == 0
    assert styles.sum(dim=1).max() == 1


@pytest.mark.slow
@pytest.mark.parametrize("which", ["gangogh", "pair"])
def test_a_graph_paints_as_pytorch_does_at_any_batch(
    which: str, gangogh_export: Path, stage2_run: Path, tmp_path: Path
) -> None:
    run = {"gangogh": gangogh_export, "pair": stage2_run}[which]
    network = load_networks(run)[-1]
    path = tmp_path / "painter.onnx"
    assert 0 <= export_graph(network, path) < 1e-3
    assert list(tmp_path.iterdir()) == [path]
    assert logging.getLogger("torch.onnx").level != logging.ERROR
    session = open_graph(path)
    for count in (1, 2, 7):
        named = {name: rows.numpy() for name, rows in zip(network.inputs, network.example(count), strict=True)}
        (painted,) = session.run(["images"], named)
        assert painted.shape == (count, 3, network.resolution, network.resolution)
        assert np.abs(painted - paint(network, count)).max() < 1e-3
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert {kind: json.loads(metadata[kind]) for kind in ("genres", "styles")} == network.labels
    assert bool(network.labels["styles"]) == (which == "pair")
    assert metadata["length of latents"] == str(network.inputs["latents"])
    assert metadata["resolution"] == str(network.resolution)
    assert metadata["weights"] == network.weights


def test_a_graph_that_paints_other_pictures_is_not_kept(
    gangogh_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (network,) = load_networks(gangogh_export)

    class Broken:
        def run(self, names: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            return [np.full((len(inputs["genres"]), 3, 64, 64), np.nan, dtype=np.float32)]

    monkeypatch.setattr(stage2.sharing.onnx_graphs, "_write", lambda _, path: path.touch())
    monkeypatch.setattr(stage2.sharing.onnx_graphs, "open_graph", lambda path: Broken())
    with pytest.raises(UserError, match="its pixels differ from PyTorch's"):
        export_graph(network, tmp_path / "painter.onnx")
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named_with_the_extra_that_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage2.sharing.onnx_graphs, "PACKAGES", ("onnx", "onnx_of_nobody"))
    with pytest.raises(UserError, match=r'ONNX needs onnx_of_nobody; .*pip install -e "\.\[onnx\]"'):
        require_onnx_packages()
