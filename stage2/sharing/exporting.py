"""Export a run: weights for `Painter.load`, a model card, ONNX graphs. The folder appears complete or not at all.

In: a run or an export of either stage; one of stage II contains its stage I. Out: one folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from common.errors import UserError
from common.files import whole_folder
from common.images import to_uint8
from common.runs.exports import CONFIG, copy_export, find_export, read_export_values
from stage2.painter.painter import Painter
from stage2.sampling import STAGE1_FOLDER, TRAIN_COMMAND, stage1_of
from stage2.sharing.model_card import CARD, SAMPLES, read_history, write_card
from stage2.sharing.onnx_graphs import Graph, PaintingNetwork, export_graph, load_networks, require_onnx_packages

GRAPH = "painter-{}.onnx"
HALF_SAMPLES = 8
WEIGHTS = {CONFIG, "generator.safetensors", "critic.safetensors"}
OURS = WEIGHTS | {STAGE1_FOLDER, CARD, SAMPLES}


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """The user's choices for an export."""

    best: bool = False
    """Export the run's best weights instead of its newest."""
    half: bool = False
    """Store the weights in half precision."""
    onnx: bool = False
    """Also write an ONNX graph for each resolution."""
    card: bool = False
    """Also write a model card and samples."""
    license: str | None = None
    """For the card: the hub's identifier of a licence."""
    report: Path | None = None
    """For the card: a report.json of `scripts/evaluate.py`."""
    overwrite: bool = False


@dataclass(frozen=True)
class Exported:
    """What was written."""

    graphs: tuple[Graph, ...]
    moved: float | None
    """With half precision: the largest change of a colour value, of 255, in pictures of the largest resolution."""


def export_run(run: Path, out: Path, options: ExportOptions) -> Exported:
    """Write the export of `run` to the folder `out`. If that fails, raise UserError and change nothing."""
    source = _source(run, best=options.best)
    _require_free(out, source, overwrite=options.overwrite)
    if options.onnx:
        require_onnx_packages()
    painter = _load_whole(source)
    history = (
        read_history(run, painter, options.report, options.license, best=options.best, half=options.half)
        if options.card
        else None
    )
    try:
        with whole_folder(out) as building:
            copy_export(source, building, half=options.half)
            if stage1_of(source).is_dir():
                copy_export(stage1_of(source), building / STAGE1_FOLDER, half=options.half)
            networks = load_networks(building)
            moved = _moved(load_networks(source)[-1], networks[-1]) if options.half else None
            graphs: list[Graph] = []
            if options.onnx:
                graphs = [export_graph(network, building / GRAPH.format(network.resolution)) for network in networks]
            if history is not None:
                write_card(building, Painter.load(building), history)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}; choose another folder with --out") from None
    placed = tuple(Graph(out / graph.path.name, graph.num_bytes, graph.difference) for graph in graphs)
    return Exported(placed, moved)


def _source(run: Path, *, best: bool) -> Path:
    if not best:
        return find_export(run, TRAIN_COMMAND)
    if not (run / "best" / CONFIG).is_file():
        raise UserError(
            f"{run} has no best weights; leave --best out, or train with --set logging.fid_every=STEPS, "
            "which keeps them"
        )
    return run / "best"


def _require_free(out: Path, source: Path, *, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if out.resolve() in (source.resolve(), *source.resolve().parents) or source.resolve() in out.resolve().parents:
        raise UserError(f"{out} holds the weights to be exported; choose another folder with --out")
    if not (out / CONFIG).is_file() or "stage" not in read_export_values(out):
        raise UserError(f"{out} is not empty and not an export; choose another folder with --out")
    ours = OURS | {GRAPH.format(resolution) for resolution in (64, 128, 256)}
    foreign = [path.name for path in out.iterdir() if path.name not in ours]
    foreign += [f"{STAGE1_FOLDER}/{path.name}" for path in (out / STAGE1_FOLDER).glob("*") if path.name not in WEIGHTS]
    if foreign:
        raise UserError(
            f"{out} holds {min(foreign)}, which is not part of an export; move it, or choose another folder with --out"
        )
    if not overwrite:
        raise UserError(
            f"{out} already holds an export; choose another folder with --out, or replace it with --overwrite"
        )


@torch.no_grad()
def _load_whole(source: Path) -> Painter:
    """Load the painter and its critics. Critics load at first use, so use each once to find a broken one now."""
    painter = Painter.load(source)
    genres = torch.zeros(1, len(painter.vocabulary.genres))
    styles = torch.zeros(1, len(painter.vocabulary.styles))
    for resolution in painter.resolutions:
        painter.opinions(to_uint8(painter.images([0], genres, styles, resolution)), genres, styles)
    return painter


@torch.no_grad()
def _moved(before: PaintingNetwork, after: PaintingNetwork) -> float:
    inputs: Sequence[torch.Tensor] = before.example(HALF_SAMPLES)
    difference: torch.Tensor = (before.module(*inputs) - after.module(*inputs)).abs().max()
    return float(difference) * 127.5
