"""Exports: weights as safetensors and one config.json with the vocabulary inside. Nothing in them is executed."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from common import config
from common.errors import UserError
from common.files import sha256

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)

CONFIG = "config.json"


def write_export(folder: Path, settings: Any, modules: Mapping[str, nn.Module]) -> None:
    """Write `config.json` and one `NAME.safetensors` a module; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in modules.items():
        partial = folder / f".{name}.partial"
        state = {key: tensor.detach().cpu().contiguous() for key, tensor in module.state_dict().items()}
        save_file(state, partial)
        partial.replace(folder / f"{name}.safetensors")
    partial = folder / f".{CONFIG}.partial"
    partial.write_text(json.dumps(config.as_values(settings), indent=2, ensure_ascii=False), encoding="utf-8")
    partial.replace(folder / CONFIG)


def copy_export(source: Path, target: Path, *, half: bool = False) -> None:
    """Copy what painting reads of one stage's export; with `half`, floating point weights in half precision.

    Raises UserError where a weight is too large for half precision, or a file does not read.
    """
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / CONFIG, target / CONFIG)
    for path in (source / "generator.safetensors", source / "critic.safetensors"):
        if not path.is_file():
            continue
        if not half:
            shutil.copyfile(path, target / path.name)
            continue
        weights = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in _read(path).items()}
        too_large = [key for key, tensor in weights.items() if not tensor.isfinite().all()]
        if too_large:
            raise UserError(f"{path}: {too_large[0]} is too large for half precision; leave --half out")
        (target / path.name).write_bytes(save(weights))


def find_export(path: Path, command: str) -> Path:
    """The export folder of a run, or `path` itself where it is one. `command` makes what is missing."""
    for folder in (path / "export", path):
        if (folder / CONFIG).is_file():
            return folder
    if (path / "config.yaml").is_file():
        raise UserError(
            f"the run at {path} has no export yet; train it on, by the command that started it and --resume"
        )
    raise UserError(f"no run and no export at {path}; train one with: {command}")


def read_export_values(folder: Path) -> dict[str, Any]:
    """The plain values of an export's config.json."""
    path = folder / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not readable JSON ({error}); export the run again") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no settings; export the run again")
    return values


def require_stage(folder: Path, stage: int) -> None:
    """Raise UserError where an export is of the other stage."""
    found = read_export_values(folder).get("stage", stage)
    if found != stage:
        raise UserError(f"{folder} is of stage {found}, and stage {stage} is asked for; give a run or export of that")


def read_export_config(folder: Path, cls: type[T]) -> T:
    """An export's config.json, checked into `cls`."""
    return config.parse(cls, read_export_values(folder), place=str(folder / CONFIG))


def build_without_weights(build: Callable[[], M], place: Path) -> M:
    """The module that `build` makes, its tensors without memory until `load_weights` gives it a file's.

    A config.json from a stranger may promise any size, which costs nothing before a file keeps the promise. Raises
    UserError, naming `place`, for sizes that no tensor can have.
    """
    try:
        with torch.device("meta"), _NothingDrawn():
            return build()
    except (RuntimeError, TypeError, OverflowError) as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise UserError(f"{place} describes networks that cannot be ({reason}); export the run again") from None


def load_weights(module: nn.Module, path: Path, device: torch.device | str) -> None:
    """Give a module the tensors of a safetensors file of the same layout, and move it to the device.

    Names and shapes are compared first, so that a module without memory takes no more than the file holds. Raises
    UserError where they differ.
    """
    try:
        types = {name: tensor.dtype for name, tensor in module.state_dict().items()}
        tensors = {name: tensor.to(types.get(name, tensor.dtype)) for name, tensor in _read(path).items()}
        broken = next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)
        if broken is not None:
            raise UserError(f"{path}: {broken} holds what is no number; take other weights")
        module.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise _unfit(path, error) from None
    module.to(device)


def weights_hash(path: Path) -> str:
    """First 12 hexadecimal digits of a weights file's sha256: enough to tell which weights painted a picture."""
    return sha256(path)[:12]


class _NothingDrawn(TorchFunctionMode):
    """Leaves out drawing first weights: of tensors without memory it is for nothing, and torch loads much for it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        # These hand themselves over whole, by keywords, and what they call inside never comes by.
        if func in (nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_):
            return kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _unfit(path, error) from None


def _unfit(path: Path, error: Exception) -> UserError:
    reason = textwrap.shorten(str(error), 200, placeholder=" …")
    return UserError(
        f"{path} does not hold the weights that its config.json describes ({reason}); export the run again"
    )
