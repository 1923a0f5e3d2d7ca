"""Export a run: weights for `Painter.load`, a model card, ONNX graphs. The folder appears complete or not at all.

In: a run or an export of either stage; one of stage II contains its stage I. Out: one folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.errors import UserError
from common.files import whole_folder
from common.runs.exports import CONFIG, copy_export, find_export, read_export_values
from stage2.painter.painter import Painter
from stage2.sampling import STAGE1_FOLDER, TRAIN_COMMAND, stage1_of
from stage2.sharing.model_card import CARD, SAMPLES, read_report, write_card
from stage2.sharing.onnx_graphs import export_graph, load_networks, require_onnx_packages

GRAPH = "painter-{}.onnx"
HALF_SAMPLES = 8
WEIGHTS = (CONFIG, "generator.safetensors", "critic.safetensors")
PARTS = {
    *WEIGHTS, *(f"{STAGE1_FOLDER}/{name}" for name in WEIGHTS), CARD, SAMPLES,
    *(GRAPH.format(resolution) for resolution in (64, 128, 256)),
}  # fmt: skip
"""The files that an export may consist of."""


def export_run(
    run: Path,
    out: Path,
    *,
    best: bool = False,
    half: bool = False,
    onnx: bool = False,
    card: bool = False,
    license: str | None = None,
    report: Path | None = None,
    overwrite: bool = False,
) -> tuple[dict[Path, float], float | None]:
    """Write the export of a run to the folder `out`. If that fails, raise UserError and change nothing.

    `best` takes the run's best weights instead of its newest, `half` stores them in half precision, `onnx` adds a graph
    for each resolution, `card` a model card and samples, with the hub's identifier of a licence and a report.json of
    `scripts/evaluate.py`. Returns each graph with the largest difference of its pixels from PyTorch's, which lie in
    [-1, 1]; and with half precision the largest change of a colour value, of 255, at the largest resolution.
    """
    source = find_export(run, TRAIN_COMMAND) if not best else run / "best"
    if not (source / CONFIG).is_file():
        raise UserError(
            f"{run} has no best weights; leave --best out, or train with --set logging.fid_every=STEPS, "
            "which keeps them"
        )
    _require_free(out, source, overwrite=overwrite)
    if onnx:
        require_onnx_packages()
    painter = Painter.load(source)
    for stage in (painter.stage1, painter.stage2):
        # Critics are loaded at first use: find a broken one now.
        getattr(stage, "critic", None)
    measured = None if report is None else read_report(report, painter)
    with explain_unwritable(out), whole_folder(out) as building:
        copy_export(source, building, half=half)
        if stage1_of(source).is_dir():
            copy_export(stage1_of(source), building / STAGE1_FOLDER, half=half)
        networks = load_networks(building)
        moved = None
        if half:
            before, after = load_networks(source)[-1], networks[-1]
            inputs = before.example(HALF_SAMPLES)
            moved = float((before.module(*inputs) - after.module(*inputs)).abs().max()) * 127.5
        names = {GRAPH.format(network.resolution): network for network in networks} if onnx else {}
        graphs = {out / name: export_graph(network, building / name) for name, network in names.items()}
        if card:
            painter = Painter.load(building)
            write_card(building, painter, run, best=best, half=half, license=license, report=measured)
    return graphs, moved


@contextmanager
def explain_unwritable(out: Path) -> Iterator[None]:
    """Raise UserError that names `out` if its disk is full or read-only; the system names a file of ours, or none."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write {out}: {reason}; choose another folder with --out") from None


def _require_free(out: Path, source: Path, *, overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if out.resolve() in (source.resolve(), *source.resolve().parents) or source.resolve() in out.resolve().parents:
        raise UserError(f"{out} holds the weights to be exported; choose another folder with --out")
    if (out.parent / "config.yaml").is_file():
        raise UserError(f"{out} is part of a run, which resumes from it; choose another folder with --out")
    if not (out / CONFIG).is_file() or "stage" not in read_export_values(out):
        raise UserError(f"{out} is not empty and not an export; choose another folder with --out")
    foreign = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()} - PARTS
    if foreign:
        raise UserError(
            f"{out} holds {min(foreign)}, which is not part of an export; move it, or choose another folder with --out"
        )
    if not overwrite:
        raise UserError(
            f"{out} already holds an export; choose another folder with --out, or replace it with --overwrite"
        )
