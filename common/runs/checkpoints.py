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
from typing import Any

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
    states: dict[str, Mapping[str, Tensor]] = {name: module.state_dict() for name, module in modules.items()}
    for name, optimizer in optimizers.items():
        moments = optimizer.state_dict()["state"]
        states[name] = {f"{index}.{key}": value for index, entry in moments.items() for key, value in entry.items()}
    tensors = {f"{name}/{key}": tensor for name, state in states.items() for key, tensor in state.items()}
    target = folder / f"step-{step:08d}"
    with whole_folder(target) as building:
        save_file({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}, building / STATE)
        description = {"step": step, "sha256": sha256(building / STATE), BEST: asdict(best) if best else None}
        (building / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
        for path in (*building.iterdir(), building):
            _flush(path)
    _flush(folder)
    for number, old in list(_checkpoints(folder).items())[:-keep]:
        if best is None or number != best.step:
            shutil.rmtree(old)
    return target


def load_newest_checkpoint(
    folder: Path, modules: Mapping[str, nn.Module], optimizers: Mapping[str, Optimizer]
) -> tuple[int, Best | None]:
    """Load the newest complete checkpoint into modules and optimizers.

    Returns its step (0 if there is no checkpoint) and the best weights so far (None if none were measured). Skips
    damaged checkpoints with a warning. Raises UserError if all are damaged, or if one holds other networks.
    """
    damaged: list[str] = []
    for checkpoint in reversed(_checkpoints(folder).values()):
        try:
            description = json.loads((checkpoint / DESCRIPTION).read_text(encoding="utf-8"))
            if sha256(checkpoint / STATE) != description["sha256"]:
                raise ValueError("wrong checksum")
            step, best = int(description["step"]), description.get(BEST)
            found = Best(**best) if best else None
            states: dict[str, dict[str, Tensor]] = {name: {} for name in (*modules, *optimizers)}
            for path, tensor in load_file(checkpoint / STATE).items():
                name, _, key = path.partition("/")
                states.setdefault(name, {})[key] = tensor
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            damaged.append(f"{checkpoint} is damaged ({' '.join(str(error).split())})")
            continue
        try:
            for name, module in modules.items():
                module.load_state_dict(states[name])
        except RuntimeError:
            raise UserError(
                f"{checkpoint} holds other networks than {folder.parent / 'config.yaml'} describes, or another version "
                f"of the program saved it; restore the settings that the run was started with, or start a new run from "
                f"its weights with --start-from {folder.parent} and another --out"
            ) from None
        for name, optimizer in optimizers.items():
            # The moments only: the learning rate and the like come from the run's settings.
            moments: dict[int, dict[str, Any]] = {}
            for path, tensor in states[name].items():
                index, _, key = path.partition(".")
                moments.setdefault(int(index), {})[key] = tensor
            optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        for line in damaged:
            print(f"warning: {line}; resuming from {checkpoint.name}", file=sys.stderr)
        return step, found
    if damaged:
        raise UserError(f"{damaged[0]}, and there is no older complete one; start a new run with another --out")
    return 0, None


def set_aside_after(folder: Path, step: int) -> None:
    """Rename the checkpoints of later steps, which a resumed run skipped as damaged. Main process only."""
    for number, checkpoint in _checkpoints(folder).items():
        if number > step:
            aside = checkpoint.with_name(f"damaged-{checkpoint.name}")
            shutil.rmtree(aside, ignore_errors=True)
            checkpoint.rename(aside)


def _checkpoints(folder: Path) -> dict[int, Path]:
    """Return the complete checkpoints by their steps, the newest last."""
    numbers = {path.name.removeprefix("step-"): path for path in folder.glob("step-*")}
    return {int(number): path for number, path in sorted(numbers.items()) if number.isdecimal()}


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
