"""Export a run: weights for `Painter.load`, a model card, ONNX graphs; and upload it to the Hugging Face hub.

In: a run or an export of either stage; one of stage II contains its stage I. Out: one folder, whole or not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from common.errors import UserError, missing_package
from common.files import whole_folder
from common.runs.exports import CONFIG, copy_export, find_export, read_export_values
from stage2.painter.painter import Painter
from stage2.sampling import STAGE1_FOLDER, TRAIN_COMMAND, stage1_of
from stage2.sharing.model_card import CARD, SAMPLES, read_report, write_card
from stage2.sharing.onnx_graphs import export_graph, load_networks, require_onnx_packages
from stage2.sharing.space import PAINTER, is_of_space, require_project, write_around

GRAPH = "painter-{}.onnx"
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
    space: bool = False,
    overwrite: bool = False,
) -> dict[Path, float]:
    """Write the export of a run to the folder `out`. If that fails, raise UserError and change nothing.

    `best` takes the run's best weights instead of its newest, `half` stores them in half precision, `onnx` adds a graph
    for each resolution, `card` a model card and samples, with the hub's identifier of a licence and a report.json of
    `scripts/evaluate.py`, `space` puts the export into a folder that runs as a Space. Returns each graph with its
    largest difference from PyTorch's pixels, which lie in [-1, 1].
    """
    source = find_export(run, TRAIN_COMMAND) if not best else run / "best"
    if not (source / CONFIG).is_file():
        raise UserError(f"{run} has no best weights; leave --best out, or train with --set logging.fid_every=STEPS")
    _require_free(out, source, overwrite=overwrite)
    if onnx:
        require_onnx_packages()
    if space:
        require_project()
    painter = Painter.load(source)
    for stage in (painter.stage1, painter.stage2):
        # Critics are loaded at first use: find a broken one now.
        getattr(stage, "critic", None)
    measured = None if report is None else read_report(report, painter)
    try:
        with whole_folder(out) as whole:
            building = whole / PAINTER if space else whole
            building.mkdir(exist_ok=True)
            copy_export(source, building, half=half)
            if stage1_of(source).is_dir():
                copy_export(stage1_of(source), building / STAGE1_FOLDER, half=half)
            networks = {GRAPH.format(one.resolution): one for one in load_networks(building)} if onnx else {}
            place = out / PAINTER if space else out
            graphs = {place / name: export_graph(network, building / name) for name, network in networks.items()}
            if card:
                painter = Painter.load(building)
                write_card(building, painter, run, best=best, half=half, license=license, report=measured)
            if space:
                write_around(whole, "Atelier", license=license)
    except OSError as error:
        # The system names a file of ours, or none.
        reason = error.strerror or error
        raise UserError(f"cannot write {out}: {reason}; choose another folder with --out") from None
    return graphs


def _require_free(out: Path, source: Path, *, overwrite: bool) -> None:
    """Raise UserError if writing the folder would lose something else than an export that may be replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if out.is_file():
        raise UserError(f"{out} is a file; choose a folder with --out")
    place, origin = out.resolve(), source.resolve()
    if place in (origin, *origin.parents) or origin in place.parents or (out.parent / "config.yaml").is_file():
        raise UserError(f"{out} holds the weights to be exported or belongs to a run; choose another folder with --out")
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    export = out / PAINTER if f"{PAINTER}/{CONFIG}" in files else out
    strange = {name for name in files if name.removeprefix(f"{PAINTER}/") not in PARTS}
    if export != out:
        strange = {name for name in strange if not is_of_space(name)}
    if strange or not (export / CONFIG).is_file() or "stage" not in read_export_values(export):
        found = min(strange, default="something")
        raise UserError(f"{out} holds {found}, which is not part of an export; choose another folder with --out")
    if not overwrite:
        raise UserError(f"{out} already holds an export; replace it with --overwrite, or choose another --out")


def require_hub(name: str) -> None:
    """Raise UserError if the package or a login is missing, or the name is not valid. Call this before the work."""
    try:
        import huggingface_hub
        import huggingface_hub.utils
    except ImportError:
        raise missing_package("the hub", "huggingface_hub", extra="hugging-face") from None
    try:
        cast("Any", huggingface_hub.utils).validate_repo_id(name)
    except ValueError as error:
        raise UserError(f"{name!r} is not a valid name on the hub ({error}); write OWNER/NAME") from None
    if huggingface_hub.get_token() is None:
        raise UserError("you are not logged in to the Hugging Face hub; log in with: hf auth login")


def push(folder: Path, name: str, *, space: bool = False) -> str:
    """Upload a folder as the model `name`, or the Space, and return its address. A new repository is private.

    Raises UserError if the hub cannot be reached or refuses.
    """
    import huggingface_hub
    import huggingface_hub.errors

    api, errors = huggingface_hub.HfApi(), cast("Any", huggingface_hub.errors)
    try:
        kind, sdk = ("space", "gradio") if space else (None, None)
        address = api.create_repo(name, exist_ok=True, private=True, repo_type=kind, space_sdk=sdk)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Export of a run", repo_type=kind)
    # The hub's refusals and connection failures are HTTPErrors, whichever client the package uses. For large files the
    # package wraps them in a RuntimeError that names only the file.
    except (OSError, ValueError, RuntimeError, errors.HTTPError) as error:
        cause = (isinstance(error, RuntimeError) and error.__cause__) or error
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise UserError(f"{folder} was written, but could not be uploaded to {name}: {reason}") from None
    return str(address)
