"""Write and read exports: weights as safetensors, and a config.json with the vocabulary. They contain no code.

Training can start from an export with other labels: a label name in both vocabularies keeps its weights, whatever its
position in either; a new label starts as the mean of the old ones. Weights that do not depend on labels are copied.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from common import config
from common.errors import UserError
from common.files import sha256, whole_file, write_atomically
from common.vocabulary import Vocabulary, fold

T = TypeVar("T")
M = TypeVar("M", bound=nn.Module)

Build = Callable[[int, int], nn.Module]
"""Builds a network for a number of genres and a number of styles."""
CONFIG = "config.json"
VERSION = 2
"""Of config.json. The first version had no `version`."""
NEW_PARTS = ("projections.", "map_heads.")
"""Parts of a critic with eyes. One that the file has not, or for maps of another size, starts at random."""


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

    Raises UserError if a weight is too large for half precision.
    """
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / CONFIG, target / CONFIG)
    for path in filter(Path.is_file, (source / "generator.safetensors", source / "critic.safetensors")):
        if not half:
            shutil.copyfile(path, target / path.name)
            continue
        weights = {
            key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in load_file(path).items()
        }
        too_large = [key for key, tensor in weights.items() if not tensor.isfinite().all()]
        if too_large:
            raise UserError(f"{path}: {too_large[0]} is too large for half precision; leave out --half")
        (target / path.name).write_bytes(save(weights))


def find_export(path: Path, command: str, stage: int | None = None) -> Path:
    """Return the export folder of a run, or `path` itself if it is an export. `command` would train a missing run.

    Raises UserError if there is none, or if it is of another stage than `stage`.
    """
    folder = next((folder for folder in (path / "export", path) if (folder / CONFIG).is_file()), None)
    if folder is None and (path / "config.yaml").is_file():
        raise UserError(f"the run at {path} has no export yet; resume it with the command that started it and --resume")
    if folder is None:
        raise UserError(f"no run and no export at {path}; train one with: {command}")
    if stage is not None and (found := read_export_values(folder).get("stage", stage)) != stage:
        raise UserError(f"{folder} belongs to stage {found}; give a run or export of stage {stage}")
    return folder


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


def read_export_config(folder: Path, cls: type[T]) -> T:
    """Return an export's config.json as a checked `cls`."""
    return config.parse(cls, read_export_values(folder), place=str(folder / CONFIG))


def load_network(build: Callable[[], M], path: Path, device: torch.device | str) -> M:
    """Return the network that `build` makes, with the weights of a safetensors file, ready to be used.

    A config.json from a stranger may describe networks of any size, so names and shapes are compared while the network
    has no memory: only what the file contains is allocated. Raises UserError for sizes that no tensor can have, for
    other weights than `build` needs, and for values that are not finite.
    """
    try:
        with torch.device("meta"), _NothingDrawn():
            network = build()
    except (RuntimeError, TypeError, OverflowError) as error:
        reason, place = textwrap.shorten(str(error), 200, placeholder=" …"), path.with_name(CONFIG)
        raise UserError(f"{place} describes networks that cannot be built ({reason}); export the run again") from None
    types = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    try:
        tensors = {name: tensor.to(types.get(name, tensor.dtype)) for name, tensor in load_file(path).items()}
        network.load_state_dict(tensors, assign=True)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise UserError(
            f"{path} does not hold the weights that its config.json describes ({reason}); export the run again"
        ) from None
    broken = next((name for name, tensor in tensors.items() if not tensor.isfinite().all()), None)
    if broken is not None:
        raise UserError(f"{path}: {broken} has values that are not finite; use other weights")
    return network.to(device).eval().requires_grad_(False)


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


@runtime_checkable
class Growing(Protocol):
    """A network that can take over the weights of a smaller one."""

    def grown(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return, by name, what replaces or joins the weights of the smaller network; nothing for other weights."""


def start_from_weights(
    modules: Mapping[str, nn.Module],
    path: Path,
    stage: int,
    build: Callable[[int, int], Sequence[nn.Module]],
    vocabulary: Vocabulary,
) -> tuple[str, list[str]]:
    """Load the weights of a run or export of the same stage into the networks of a pair.

    Return the generator's hash, and the labels that it does not know; stage I hears no styles. `build` makes generator
    and critic. Raises UserError as `adopt_weights` does.
    """
    folder = find_export(path, f"accelerate launch scripts/train_stage{stage}.py", stage)
    theirs = config.parse(Vocabulary, read_export_values(folder).get("vocabulary"), place=f"{folder}: vocabulary")
    for place, (name, average) in enumerate((("generator", "average"), ("critic", "average_critic"))):
        weights = folder / f"{name}.safetensors"
        adopt_weights(modules[name], weights, lambda *labels, place=place: build(*labels)[place], vocabulary, theirs)
        modules[average].load_state_dict(modules[name].state_dict())
    kinds = ((vocabulary.genres, theirs.genres), (vocabulary.styles, theirs.styles))[:stage]
    unknown = [name for ours, known in kinds for name in ours if fold(name) not in set(map(fold, known))]
    return weights_hash(folder / "generator.safetensors"), unknown


def adopt_weights(network: nn.Module, path: Path, build: Build, own: Vocabulary, theirs: Vocabulary) -> None:
    """Load the weights of a network that was trained with the vocabulary `theirs`, from a safetensors file.

    `build` makes the same network for any number of labels. If an axis of a weight grows with the labels, they must be
    its last entries, genres before styles. A `Growing` network says what becomes of a smaller one's weights; a critic's
    head that does not fit starts anew. Raises UserError if the file holds another network, or weights that this one
    has no place for.
    """
    label_axes = _label_axes(build, len(own.genres), len(own.styles))
    adopted = {}
    try:
        weights, state = load_file(path), network.state_dict()
        anew = {
            _part_of(name)
            for name, value in state.items()
            if name not in weights or (name not in label_axes and weights[name].shape != value.shape)
        }
        for name, value in state.items():
            if name.startswith(NEW_PARTS) and _part_of(name) in anew:
                adopted[name] = value
            elif name in weights and name in label_axes:
                axis, has_genres, has_styles = label_axes[name]
                known = [theirs.genres] * has_genres + [theirs.styles] * has_styles
                wanted = [own.genres] * has_genres + [own.styles] * has_styles
                adopted[name] = _relabelled(weights[name], axis, known, wanted, like=value)
            elif name in weights:
                adopted[name] = weights[name]
        # What has no place is refused with the rest.
        adopted |= {name: weights[name] for name in weights.keys() - state.keys() if _part_of(name) not in anew}
        network.load_state_dict(adopted | (network.grown(adopted) if isinstance(network, Growing) else {}))
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read ({error}); export the run again, or start from other weights") from None
    except RuntimeError as error:
        reason = textwrap.shorten(str(error), 200, placeholder=" …")
        raise UserError(
            f"{path} holds another network than these settings describe ({reason}); use the preset, or the networks.* "
            "settings, that it was trained with"
        ) from None


def _part_of(name: str) -> str:
    """Return the first two parts of a weight's name, such as a head with its number."""
    return ".".join(name.split(".")[:2])


def _label_axes(build: Build, num_genres: int, num_styles: int) -> dict[str, tuple[int, bool, bool]]:
    """Return, for each weight that grows with labels: the axis, and whether it grows with genres and with styles."""

    def shapes(genres: int, styles: int) -> dict[str, torch.Size]:
        with torch.device("meta"):
            return {name: value.shape for name, value in build(genres, styles).state_dict().items()}

    plain = shapes(num_genres, num_styles)
    more_genres, more_styles = shapes(num_genres + 1, num_styles), shapes(num_genres, num_styles + 1)
    axes = {}
    for name, shape in plain.items():
        for axis in range(len(shape)):
            grows = more_genres[name][axis] != shape[axis], more_styles[name][axis] != shape[axis]
            if any(grows):
                axes[name] = (axis, *grows)
    return axes


def _relabelled(
    weights: Tensor, axis: int, known: Sequence[Collection[str]], wanted: Sequence[Collection[str]], like: Tensor
) -> Tensor:
    """Return the weights rearranged from the labels `known` to the labels `wanted`.

    Both list the labels by kind, because a genre and a style may have the same name. Weights of another network are
    returned as they are; they do not fit when loaded.
    """
    unlabelled = weights.shape[axis] - sum(map(len, known)) if weights.ndim == like.ndim else -1
    if unlabelled < 0:
        return weights
    rest, *labelled = torch.split(weights, [unlabelled, *map(len, known)], dim=axis)
    fresh = torch.split(like, [like.shape[axis] - sum(map(len, wanted)), *map(len, wanted)], dim=axis)[1:]
    parts = [rest]
    for theirs, of_theirs, ours, drawn in zip(known, labelled, wanted, fresh, strict=True):
        if not theirs:
            # The old network had no labels of this kind.
            parts.append(drawn)
            continue
        places = {fold(name): place for place, name in enumerate(theirs)}
        mean = of_theirs.mean(dim=axis, keepdim=True)
        found = [places.get(fold(name)) for name in ours]
        parts += [mean if place is None else of_theirs.narrow(axis, place, 1) for place in found]
    return torch.cat(parts, dim=axis)
