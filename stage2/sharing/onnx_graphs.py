"""A trained painter as plain networks from tensors to tensors, and as ONNX graphs.

In: an export of either stage. Out: one network, or one checked .onnx file, for each resolution. A program without
Python can paint with the file; its metadata holds the label names. Called by `stage2.sharing.exporting`.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from common.errors import UserError, missing_package
from common.files import whole_file
from stage1.sampling import SIZE, draw_latents
from stage2.painter.painter import Painter
from stage2.painter.requests import STYLE_STRENGTH
from stage2.sampling import draw_noise

TOLERANCE = 1e-3
"""Largest allowed difference between a graph's and PyTorch's pixels, which lie in [-1, 1]."""
CHECKED_BATCHES = (1, 3)
PACKAGES = ("onnx", "onnxscript", "onnxruntime")


class Pair(nn.Module):
    """Both stages' generators as one network; it shows styles in the usual strength."""

    def __init__(self, stage1: nn.Module, stage2: nn.Module) -> None:
        super().__init__()
        self.stage1 = stage1
        self.stage2 = stage2

    def forward(
        self,
        latents: Float[Tensor, "b z"],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        noise: Float[Tensor, "b n"],
    ) -> Float[Tensor, "b 3 size size"]:
        images: Tensor = self.stage2(self.stage1(latents, genres), genres, STYLE_STRENGTH * styles, noise)
        return images


@dataclass(frozen=True)
class PaintingNetwork:
    """The network of one resolution."""

    resolution: int
    module: nn.Module
    """Takes latents and genres, and with stage II also styles and noise; returns images in [-1, 1]."""
    inputs: dict[str, int]
    """Names of the inputs, in order, each with the length of its rows."""
    labels: dict[str, list[str]]
    """Names of the genres and styles, in the order of the inputs' columns."""
    weights: str
    """Hashes of the weights, stage I's first."""

    def example(self, count: int) -> tuple[Tensor, ...]:
        """Return the inputs of seeds 0 to `count` - 1, cycling through every label and no label."""
        draws = {"latents": draw_latents, "noise": draw_noise}
        return tuple(draws.get(name, _one_hot)(range(count), length) for name, length in self.inputs.items())


def load_networks(path: Path, device: torch.device | str = "cpu") -> list[PaintingNetwork]:
    """Load the network of each stage's resolution from a run or export, 64 pixels first.

    Raises UserError if something is missing or broken.
    """
    painter = Painter.load(path, device)
    stage1, stage2 = painter.stage1, painter.stage2
    genres, styles = list(painter.vocabulary.genres), list(painter.vocabulary.styles)
    inputs = {"latents": stage1.latent_dim, "genres": len(genres)}
    small = PaintingNetwork(SIZE, stage1.generator, inputs, {"genres": genres, "styles": []}, stage1.weights)
    if stage2 is None:
        return [small]
    settings, labels = stage2.export.networks, {"genres": genres, "styles": styles}
    inputs = {**inputs, "styles": len(styles), "noise": settings.noise_dim}
    pair = Pair(stage1.generator, stage2.generator).eval().requires_grad_(False)
    return [small, PaintingNetwork(settings.resolution, pair, inputs, labels, painter.weights)]


def require_onnx_packages() -> None:
    """Raise UserError if a package for ONNX is not installed. Call this before the work."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise missing_package("ONNX", ", ".join(missing), extra="onnx")


@torch.no_grad()
def export_graph(network: PaintingNetwork, path: Path) -> float:
    """Write `network` as ONNX, for batches of any size. The file appears only after it was checked.

    Returns the largest difference of onnxruntime's pixels from PyTorch's, which lie in [-1, 1]. Raises UserError if it
    is more than `TOLERANCE`.
    """
    with whole_file(path) as partial:
        _write(network, partial)
        session = open_graph(partial)
        differences = []
        for inputs in map(network.example, CHECKED_BATCHES):
            named = {name: rows.numpy() for name, rows in zip(network.inputs, inputs, strict=True)}
            painted = torch.from_numpy(session.run(["images"], named)[0])
            differences.append((painted - network.module(*inputs)).abs().max())
        difference = float(torch.stack(differences).max())
        # Not `difference > TOLERANCE`: NaN would pass.
        if not difference <= TOLERANCE:
            raise UserError(
                f"{path.name} was not kept: its pixels differ from PyTorch's by up to {difference:.2g}, more than "
                f"{TOLERANCE:g}; try another version of onnxruntime, or leave --onnx out"
            )
    return difference


def open_graph(path: Path) -> Any:
    """Open an onnxruntime session on the CPU, with as many threads as torch uses."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _write(network: PaintingNetwork, path: Path) -> None:
    batch = torch.export.Dim("batch")
    # The exporter's warnings concern its own code, and layers that these networks do not have.
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            program = torch.onnx.export(
                network.module,
                network.example(2),
                dynamo=True,
                input_names=list(network.inputs),
                output_names=["images"],
                dynamic_shapes=tuple({0: batch} for _ in network.inputs),
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    assert program is not None
    program.model.metadata_props.update(
        {
            **{kind: json.dumps(names, ensure_ascii=False) for kind, names in network.labels.items()},
            **{f"length of {name}": str(length) for name, length in network.inputs.items()},
            "resolution": str(network.resolution),
            "images": "RGB, -1 to 1, batch x 3 x height x width",
            "weights": network.weights,
        }
    )
    program.save(path, external_data=False)


def _one_hot(labels: Iterable[int], size: int) -> Float[Tensor, "b k"]:
    """Return each label's point of the simplex, counting in a circle; all zeros follow the last label."""
    return torch.eye(size + 1)[torch.tensor(list(labels)) % (size + 1), :size]
