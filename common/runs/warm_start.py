"""Start from trained weights, with the same labels or others.

Weights that do not depend on labels are copied. A label name in both vocabularies keeps its weights, whatever its
position in either; a new label starts as the mean of the old ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from common import config
from common.errors import UserError
from common.runs.exports import find_export, read_export_values, require_stage, weights_hash
from common.runs.pair import AdversarialPair
from common.vocabulary import Vocabulary

NEW_PARTS = ("projections.", "map_heads.")
"""Parts of a critic with eyes: without them in the file, they start at random."""
Build = Callable[[int, int], nn.Module]
"""Builds a network for a number of genres and a number of styles."""


def start_from_weights(
    pair: AdversarialPair,
    path: Path,
    stage: int,
    build: Callable[[int, int], tuple[nn.Module, nn.Module]],
    vocabulary: Vocabulary,
) -> str:
    """Load the weights of a run or export of the same stage into both networks. Return the generator's hash.

    `build` makes generator and critic for numbers of genres and styles. Raises UserError as `adopt_weights` does.
    """
    folder = find_export(path, f"accelerate launch scripts/train_stage{stage}.py")
    require_stage(folder, stage)
    values = read_export_values(folder)
    theirs = config.parse(Vocabulary, values.get("vocabulary"), place=f"{folder}: vocabulary")
    generator, critic = folder / "generator.safetensors", folder / "critic.safetensors"
    adopt_weights(pair.generator, generator, lambda *labels: build(*labels)[0], vocabulary, theirs)
    adopt_weights(pair.critic, critic, lambda *labels: build(*labels)[1], vocabulary, theirs)
    pair.average.load_state_dict(pair.generator.state_dict())
    pair.average_critic.load_state_dict(pair.critic.state_dict())
    return weights_hash(generator)


def adopt_weights(network: nn.Module, path: Path, build: Build, own: Vocabulary, theirs: Vocabulary) -> None:
    """Load the weights of a network that was trained with the vocabulary `theirs`, from a safetensors file.

    `build` makes the same network for any number of labels. If an axis of a weight grows with the labels, they must be
    its last entries, genres before styles. Raises UserError if the file holds another network.
    """
    try:
        weights = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read ({error}); give another run with --start-from") from None
    label_axes = _label_axes(build, len(own.genres), len(own.styles))
    adopted = {}
    for name, value in network.state_dict().items():
        if name in weights and name in label_axes:
            axis, has_genres, has_styles = label_axes[name]
            known = [theirs.genres] * has_genres + [theirs.styles] * has_styles
            wanted = [own.genres] * has_genres + [own.styles] * has_styles
            adopted[name] = _relabelled(weights[name], axis, known, wanted, like=value)
        elif name in weights:
            adopted[name] = weights[name]
        elif name.startswith(NEW_PARTS):
            adopted[name] = value
    try:
        network.load_state_dict(adopted)
    except RuntimeError:
        raise UserError(
            f"{path} holds another network than these settings describe; use the preset, or the networks.* settings, "
            "that it was trained with"
        ) from None


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
        places = {name: place for place, name in enumerate(theirs)}
        mean = of_theirs.mean(dim=axis, keepdim=True)
        parts += [of_theirs.narrow(axis, places[name], 1) if name in places else mean for name in ours]
    return torch.cat(parts, dim=axis)
