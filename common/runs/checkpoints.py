"""Checkpoints: all that an exact resume needs, in safetensors and JSON, renamed into place when whole.

Random draws are functions of the step (`common.randomness`), so the step number is the only position to save.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from common.errors import UserError


def save_checkpoint(
    folder: Path,
    step: int,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    keep: int,
) -> Path:
    """Write `folder/step-XXXXXXXX/` and remove all but the newest `keep` checkpoints. Main process only."""
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"{name}/{key}": tensor for key, tensor in module.state_dict().items()}
    for name, optimizer in optimizers.items():
        tensors |= {f"{name}/{key}": tensor for key, tensor in _optimizer_tensors(optimizer).items()}
    target = folder / f"step-{step:08d}"
    partial = folder / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(
        {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()},
        partial / "state.safetensors",
    )
    (partial / "state.json").write_text(json.dumps({"step": step}), encoding="utf-8")
    for path in (*partial.iterdir(), partial):
        _flush(path)
    if target.exists():
        shutil.rmtree(target)
    partial.replace(target)
    _flush(folder)
    for old in _checkpoints(folder)[:-keep]:
        shutil.rmtree(old)
    return target


def load_newest_checkpoint(
    folder: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
) -> int:
    """Load the newest checkpoint into modules and optimizers; returns its step, 0 where there is none.

    Raises UserError where its files are damaged.
    """
    checkpoints = _checkpoints(folder)
    if not checkpoints:
        return 0
    newest = checkpoints[-1]
    try:
        tensors = load_file(newest / "state.safetensors")
        step: int = json.loads((newest / "state.json").read_text(encoding="utf-8"))["step"]
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{newest} is damaged ({error}); remove it to go on from the one before") from None
    for name, module in modules.items():
        module.load_state_dict(_part(tensors, name))
    for name, optimizer in optimizers.items():
        _load_optimizer(optimizer, _part(tensors, name))
    return step


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    prefix = f"{name}/"
    return {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{index}.{key}": value for index, entry in state.items() for key, value in entry.items()}


def _load_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Settings such as the learning rate come from the run's settings, so only the moments are loaded."""
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
