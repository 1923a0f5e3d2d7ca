"""Write and read exports: weights as safetensors, and a config.json with the vocabulary. They contain no code."""

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
from common.files import sha256, whole_file, write_atomically

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)

CONFIG = "config.json"
VERSION = 2
"""Of config.json. The first version had no `version`; keys that were renamed since are in `common.config.RENAMED`."""


def write_export(folder: Path, settings: Any, modules: Mapping[str, nn.Module]) -> None:
    """Write `config.json` and a `NAME.safetensors` for each module. A reader never sees half a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in modules.items():
        state = {key: tensor.detach().cpu().contiguous() for key, tensor in module.state_dict().items()}
        with whole_file(folder / f"{name}.safetensors") as partial:
            save_file(state, partial)
    values = {"version": VERSION, **config.as_values(settings)}
    write_atomically(folder / CONFIG, json.dumps(values, indent=2, ensure_ascii=False))


def copy_export(source: Path, target: Path, *, half: bool = False) -> None:
    """Copy the files of one stage's export that painting needs. `half` stores floating-point weights in half precision.

    Raises UserError if a weight is too large for half precision, or if a file cannot be read.
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
            raise UserError(f"{path}: {too_large[0]} is too large for half precision; leave out --half")
        (target / path.name).write_bytes(save(weights))


def find_export(path: Path, command: str) -> Path:
    """Return the export folder of a run, or `path` itself if it is an export. `command` would train a missing run."""
    for folder in (path / "export", path):
        if (folder / CONFIG).is_file():
            return folder
    if (path / "config.yaml").is_file():
        raise UserError(f"the run at {path} has no export yet; resume it with the command that started it and --resume")
    raise UserError(f"no run and no export at {path}; train one with: {command}")


def read_export_values(folder: Path) -> dict[str, Any]:
    """Return the unchecked values of an export's config.json, without its version.

    Raises UserError if it is not readable, or from a newer program.
    """
    path = folder / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not readable JSON ({error}); export the run again") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no settings; export the run again")
    version = values.pop("version", 1)
    if not isinstance(version, int) or version > VERSION:
        raise UserError(f"{path} is of version {version}, but this program reads up to {VERSION}; update the program")
    return values


def require_stage(folder: Path, stage: int) -> None:
    """Raise UserError if an export belongs to the other stage."""
    found = read_export_values(folder).get("stage", stage)
    if found != stage:
        raise UserError(f"{folder} belongs to stage {found}; give a run or export of stage {stage}")


def read_export_config(folder: Path, cls: type[T]) -> T:
    """Return an export's config.json as a checked `cls`."""
    return config.parse(cls, read_export_values(folder), place=str(folder / CONFIG))


def build_without_weights(build: Callable[[], M], place: Path) -> M:
    """Return the module that `build` makes. Its tensors take no memory until `load_weights` reads them from a file.

    A config.json from a stranger may describe networks of any size, so allocate only what the weights file contains.
    Raises UserError, naming `place`, for sizes that no tensor can have.
    """
    try:
        with torch.device("meta"), _NothingDrawn():
            return build()
    except (RuntimeError, TypeError, OverflowError) as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise UserError(f"{place} describes networks that cannot be built ({reason}); export the run again") from None


def load_network(build: Callable[[], M], path: Path, device: torch.device | str) -> M:
    """Return the network that `build` makes, with the weights of a safetensors file, ready to be used.

    Raises UserError as `build_without_weights` and `load_weights` do.
    """
    network = build_without_weights(build, path.with_name(CONFIG))
    load_weights(network, path, device)
    return network.eval().requires_grad_(False)


def load_weights(module: nn.Module, path: Path, device: torch.device | str) -> None:
    """Load a safetensors file into a module, and move the module to the device.

    Names and shapes are compared first, so a module without memory allocates no more than the file holds. Raises
    UserError if they differ, or if a value is not finite.
    """
    try:
        types = {name: tensor.dtype for name, tensor in module.state_dict().items()}
        tensors = {name: tensor.to(types.get(name, tensor.dtype)) for name, tensor in _read(path).items()}
        broken = next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)
        if broken is not None:
            raise UserError(f"{path}: {broken} has values that are not finite; use other weights")
        module.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise _unfit(path, error) from None
    module.to(device)


def weights_hash(path: Path) -> str:
    """Return the first 12 hexadecimal digits of a weights file's sha256: they tell which weights painted a picture."""
    return sha256(path)[:12]


class _NothingDrawn(TorchFunctionMode):
    """Skips random initialisation. It has no effect on tensors without memory, and torch would import much for it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        # torch passes these functions here as a whole, with keyword arguments, but not the calls inside them.
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
