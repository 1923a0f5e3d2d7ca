"""A request looked up in what certain weights know: the points of the simplex, and everything else that painting needs.

`stage2.painter.painter` resolves every request at its border; everything inside works on resolved ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from common.aspects import require_aspect
from common.errors import UserError
from common.vocabulary import Vocabulary, format_number, is_any
from stage1.sampling import SIZE
from stage2.painter.requests import Request
from stage2.sampling import TRAIN_COMMAND

STRONGEST = 3
"""Highest style strength; well before it, pictures lose detail."""


@dataclass(frozen=True)
class Resolved:
    """A request that certain weights can paint, with everything that painting needs."""

    request: Request
    """With its resolution, and with the vocabulary's spelling of the labels."""
    resolution: int
    genres: tuple[float, ...]
    """The genre as a point of the simplex; all zeros for any."""
    styles: tuple[float, ...]

    def with_seeds(self, seeds: Iterable[int]) -> Iterator[Resolved]:
        """Yield the same request with each of the seeds."""
        for seed in seeds:
            yield replace(self, request=replace(self.request, seed=seed))


def resolve(
    request: Request, vocabulary: Vocabulary, shapes: Mapping[str, Sequence[float]], resolutions: Sequence[int]
) -> Resolved:
    """Look up what a request asks for among what the weights know. Raises UserError if they cannot paint it."""
    genres, styles = vocabulary.genre_weights(request.genre), vocabulary.style_weights(request.style)
    if min(request.seed, request.towards or 0) < 0:
        raise UserError(f"seed {min(request.seed, request.towards or 0)} is negative; choose 0 or above")
    if not 0 < request.truncation <= 1:
        raise UserError(f"truncation {request.truncation:g} is out of range; choose a number above 0, at most 1")
    if not 0 <= request.style_strength <= STRONGEST:
        strength = f"style strength {format_number(float(request.style_strength))}"
        raise UserError(f"{strength} is out of range; choose a number from 0 to {STRONGEST}, such as 1")
    if not 0 <= request.nearby <= 1:
        raise UserError(f"nearby {request.nearby:g} is out of range; choose a number from 0 to 1")
    resolution = int(resolutions[-1] if request.resolution is None else request.resolution)
    if resolution not in resolutions:
        known = ", ".join(map(str, resolutions))
        raise UserError(f"these weights cannot paint resolution {resolution}; choose one of {known}")
    if resolution == SIZE and not is_any(request.style):
        other = "choose another resolution" if resolutions[-1] > SIZE else f"train stage II: {TRAIN_COMMAND}"
        raise UserError(
            f"style {request.style!r} needs stage II, and stage I paints {SIZE} pixels; leave it out, or {other}"
        )
    spelled = replace(
        request,
        genre=vocabulary.spelling("genre", request.genre),
        style=vocabulary.spelling("style", request.style),
        # Convert NumPy numbers to plain ones: they are written to the metadata and read again.
        seed=int(request.seed),
        truncation=float(request.truncation),
        style_strength=float(request.style_strength) + 0.0,  # Not -0.0, which has another name.
        nearby=float(request.nearby),
        resolution=resolution,
        aspect=require_aspect(request.aspect, shapes),
    )
    return Resolved(spelled, resolution, genres, styles)


def points(requests: Sequence[Resolved]) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b s"]]:
    """Return the points of the genre and style simplex."""
    return torch.tensor([one.genres for one in requests]), torch.tensor([one.styles for one in requests])
