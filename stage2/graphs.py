"""A trained painter as plain networks, tensors in and tensors out, and these networks as ONNX.

Enters: an export of either stage. Leaves: one network, or one checked .onnx file, for each resolution; a program
without Python paints from the file and the label names in its metadata. `stage2.exporting` calls this.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from common.errors import UserError
from common.runs.exports import find_export, read_export_values
from common.vocabulary import Vocabulary
from stage1.sampling import SIZE, Stage1Painter, draw_latents
from stage2.sampling import STAGE1_FOLDER, TRAIN_COMMAND, Stage2Networks, draw_noise

TOLERANCE = 1e-3
"""The most that a graph's pictures may differ from PyTorch's, where black and white are 2 apart."""
CHECKED_BATCHES = (1, 3)
PACKAGES = ("onnx", "onnxscript", "onnxruntime")


class Pair(nn.Module):
    """Both generators as one network."""

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
        images: Tensor = self.stage2(self.stage1(latents, genres), genres, styles, noise)
        return images


@dataclass(frozen=True, kw_only=True)
class PaintingNetwork:
    """What paints at one resolution."""

    module: nn.Module
    """Takes latents and genres, the pair then styles and noise; gives images in [-1, 1]."""
    inputs: dict[str, int]
    """Length of a row of each input, in their order."""
    resolution: int
    vocabulary: Vocabulary
    weights: str
    """Hashes of the weights, stage I's first."""

    def example(self, count: int) -> tuple[Tensor, ...]:
        """Inputs of the seeds 0 to `count` - 1, under each label in turn and none."""
        genres, styles = (
            torch.eye(size + 1)[torch.arange(count) % (size + 1), :size]
            for size in (self.inputs["genres"], self.inputs.get("styles", 0))
        )
        latents = draw_latents(range(count), self.inputs["latents"])
        if "noise" not in self.inputs:
            return latents, genres
        return latents, genres, styles, draw_noise(range(count), self.inputs["noise"])


@dataclass(frozen=True)
class Graph:
    """A written and checked .onnx file."""

    path: Path
    num_bytes: int
    difference: float
    """The largest from PyTorch's pictures, where black and white are 2 apart."""


def load_networks(path: Path, device: torch.device | str = "cpu") -> list[PaintingNetwork]:
    """The network of each resolution that a run or export paints, 64 pixels first.

    Raises UserError that names what is missing or broken.
    """
    folder = find_export(path, TRAIN_COMMAND)
    paired = read_export_values(folder).get("stage") != 1
    stage1 = Stage1Painter.load(folder / STAGE1_FOLDER if paired else folder, device)
    small = PaintingNetwork(
        module=stage1.generator,
        inputs={"latents": stage1.latent_dim, "genres": len(stage1.vocabulary.genres)},
        resolution=SIZE,
        vocabulary=stage1.vocabulary,
        weights=stage1.weights,
    )
    if not paired:
        return [small]
    stage2 = Stage2Networks.load(folder, device)
    networks, vocabulary = stage2.export.networks, stage2.export.vocabulary
    large = PaintingNetwork(
        module=Pair(stage1.generator, stage2.generator).eval().requires_grad_(False),
        inputs={**small.inputs, "styles": len(vocabulary.styles), "noise": networks.noise_dim},
        resolution=networks.resolution,
        vocabulary=vocabulary,
        weights=f"{stage1.weights}+{stage2.weights}",
    )
    return [small, large]


def require_onnx_packages() -> None:
    """Raise UserError where what ONNX needs is not installed: before the work, not after it."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f'ONNX needs {", ".join(missing)}: pip install "atelier[onnx]"')


def export_graph(network: PaintingNetwork, path: Path) -> Graph:
    """Write `network` as ONNX with a batch of any size; the file appears checked or not at all.

    Raises UserError where onnxruntime's pictures differ from PyTorch's by more than `TOLERANCE`.
    """
    require_onnx_packages()
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write(network, partial)
        difference = _difference(network, partial)
        # Not `>`, which a picture that is not a number would pass.
        if not difference <= TOLERANCE:
            raise UserError(
                f"{path.name} paints other pictures than PyTorch, by up to {difference:.2g} where {TOLERANCE:g} is "
                "allowed, and was not kept; try another version of onnxruntime, or leave --onnx out"
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return Graph(path, path.stat().st_size, difference)


def open_graph(path: Path) -> Any:
    """An onnxruntime session on the CPU, with as many threads as torch takes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _write(network: PaintingNetwork, path: Path) -> None:
    batch = torch.export.Dim("batch")
    with _quiet_exporter():
        program = torch.onnx.export(
            network.module,
            network.example(2),
            dynamo=True,
            input_names=list(network.inputs),
            output_names=["images"],
            dynamic_shapes=tuple({0: batch} for _ in network.inputs),
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props.update(
        {
            "genres": _names(network.vocabulary.genres),
            "styles": _names(network.vocabulary.styles if "styles" in network.inputs else ()),
            **{f"length of {name}": str(length) for name, length in network.inputs.items()},
            "resolution": str(network.resolution),
            "images": "RGB, -1 to 1, batch x 3 x height x width",
            "weights": network.weights,
        }
    )
    program.save(path, external_data=False)


def _names(labels: Iterable[str]) -> str:
    return json.dumps(list(labels), ensure_ascii=False)


@torch.no_grad()
def _difference(network: PaintingNetwork, path: Path) -> float:
    session = open_graph(path)
    differences = []
    for count in CHECKED_BATCHES:
        inputs = network.example(count)
        named = {name: tensor.numpy() for name, tensor in zip(network.inputs, inputs, strict=True)}
        painted = torch.from_numpy(session.run(["images"], named)[0])
        differences.append((painted - network.module(*inputs)).abs().max())
    return float(torch.stack(differences).max())


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """torch's exporter warns of its own inside, of axes that share a name and of networks that nobody uses here."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
