"""Write and read checkpoints: everything that an exact resume needs, as safetensors and JSON.

A checkpoint gets its final name only when it is complete. Random numbers depend only on the seed and the step
(`common.randomness`), so the step is the only position to save.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from common.errors import UserError
from common.files import sha256, whole_folder

STATE, DESCRIPTION = "state.safetensors", "state.json"
BEST = "best_by_validation"
"""Key of the best weights in the description. Older runs chose theirs by the test split and stored them under `best`;
that key is ignored, because the two FIDs do not compare."""


@dataclass(frozen=True)
class Best:
    """The best weights of a run so far, by their FID on the validation split."""

    step: int
    fid: float
    samples: int
    """Number of generated pictures in that FID."""


def save_checkpoint(
    folder: Path,
    step: int,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    keep: int,
    best: Best | None = None,
) -> Path:
    """Write `folder/step-XXXXXXXX/`; delete all but the newest `keep` checkpoints and the best. Main process only.

    Raises OSError or SafetensorError if writing fails, as on a full disk; earlier checkpoints stay as they are.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"{name}/{key}": tensor for key, tensor in module.state_dict().items()}
    for name, optimizer in optimizers.items():
        tensors |= {f"{name}/{key}": tensor for key, tensor in _optimizer_tensors(optimizer).items()}
    target = folder / _name(step)
    with whole_folder(target) as building:
        save_file({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}, building / STATE)
        description = {"step": step, "sha256": sha256(building / STATE), BEST: asdict(best) if best else None}
        (building / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
        for path in (*building.iterdir(), building):
            _flush(path)
    _flush(folder)
    for old in _checkpoints(folder)[:-keep]:
        if best is None or old.name != _name(best.step):
            shutil.rmtree(old)
    return target


def load_newest_checkpoint(
    folder: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
) -> tuple[int, Best | None]:
    """Load the newest complete checkpoint into modules and optimizers.

    Returns its step (0 if there is no checkpoint) and the best weights so far (None if none were measured).

    Skips damaged checkpoints with a warning. Raises UserError if all are damaged, or if one lacks a module.
    """
    damaged: list[str] = []
    for checkpoint in reversed(_checkpoints(folder)):
        try:
            step, best, tensors = _read(checkpoint)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            damaged.append(f"{checkpoint} is damaged ({_reason(error)})")
            continue
        missing = [name for name in modules if not _part(tensors, name)]
        if missing:
            raise UserError(
                f"{checkpoint} has no {missing[0]}: another version of the program saved it; start a new run from its "
                f"weights with --start-from {folder.parent} and another --out"
            )
        try:
            for name, module in modules.items():
                module.load_state_dict(_part(tensors, name))
        except RuntimeError:
            raise UserError(
                f"{checkpoint} holds other networks than {folder.parent / 'config.yaml'} describes; restore the "
                "settings that the run was started with, or start a new run with another --out"
            ) from None
        for name, optimizer in optimizers.items():
            _load_optimizer(optimizer, _part(tensors, name))
        for line in damaged:
            print(f"warning: {line}; resuming from {checkpoint.name}", file=sys.stderr)
        return step, best
    if damaged:
        raise UserError(f"{damaged[0]}, and there is no older complete one; start a new run with another --out")
    return 0, None


def set_aside_after(folder: Path, step: int) -> None:
    """Rename the checkpoints of later steps, which a resumed run skipped as damaged. Main process only."""
    for checkpoint in _checkpoints(folder):
        if int(checkpoint.name.removeprefix("step-")) > step:
            aside = checkpoint.with_name(f"damaged-{checkpoint.name}")
            shutil.rmtree(aside, ignore_errors=True)
            checkpoint.rename(aside)


def _name(step: int) -> str:
    return f"step-{step:08d}"


def _read(checkpoint: Path) -> tuple[int, Best | None, dict[str, Tensor]]:
    description = json.loads((checkpoint / DESCRIPTION).read_text(encoding="utf-8"))
    if sha256(checkpoint / STATE) != description["sha256"]:
        raise ValueError("wrong checksum")
    best = description.get(BEST)
    return int(description["step"]), Best(**best) if best else None, load_file(checkpoint / STATE)


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return strerror or " ".join(str(error).split()) or type(error).__name__


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdecimal())


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{index}.{key}": value for index, entry in state.items() for key, value in entry.items()}


def _load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Load the moments only; the learning rate and the like come from the run's settings."""
    entries: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        entries.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
