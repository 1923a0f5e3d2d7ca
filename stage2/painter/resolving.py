"""From a request to what the networks take: points of the label simplexes, and noise. `stage2.painter.painter` paints.

A request is resolved once, at the border: its labels are looked up and its numbers checked. A series of any length
needs that once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from common.errors import UserError
from common.vocabulary import Vocabulary, is_any
from stage1.sampling import SIZE
from stage2.painter.requests import Request
from stage2.sampling import TRAIN_COMMAND

Draw = Callable[[Sequence[int], int], Float[Tensor, "b z"]]
"""Takes seeds and a length; returns a row of normal noise for each seed, independent of the other seeds."""


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


def resolve(request: Request, vocabulary: Vocabulary, resolutions: Sequence[int]) -> Resolved:
    """Raise UserError if weights of these labels and resolutions cannot paint the request."""
    genres, styles = vocabulary.genre_weights(request.genre), vocabulary.style_weights(request.style)
    if min(request.seed, request.towards or 0) < 0:
        raise UserError(f"seed {min(request.seed, request.towards or 0)} is negative; choose 0 or above")
    if not 0 < request.truncation <= 1:
        raise UserError(f"truncation {request.truncation:g} is out of range; choose a number above 0, at most 1")
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
        nearby=float(request.nearby),
        resolution=resolution,
    )
    return Resolved(spelled, resolution, genres, styles)


def points(requests: Sequence[Resolved]) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b s"]]:
    """Return the points of the genre and style simplex."""
    return torch.tensor([one.genres for one in requests]), torch.tensor([one.styles for one in requests])


def noise_of(requests: Sequence[Request], draw: Draw, length: int) -> Float[Tensor, "b z"]:
    """Return the noise of each request: drawn from its seed, moved towards another seed's noise, truncated.

    Truncation multiplies it. The networks pass noise through linear layers only (the stem and the gates), so this moves
    each layer's input towards its mean, as in Karras et al. 2019, appendix B.
    """
    noise = draw([request.seed for request in requests], length)
    moved = [row for row, request in enumerate(requests) if request.towards is not None]
    if moved:
        others = draw([requests[row].towards or 0 for row in moved], length)
        noise[moved] = between(noise[moved], others, torch.tensor([requests[row].nearby for row in moved]))
    return noise * torch.tensor([[request.truncation] for request in requests])


def between(
    first: Float[Tensor, "b z"], second: Float[Tensor, "b z"], shares: Float[Tensor, "b"]
) -> Float[Tensor, "b z"]:
    """Interpolate from `first` (share 0) to `second` (share 1).

    The direction follows the arc (Shoemake 1985, section 3.3), the length is linear. On a straight line the middle
    would be shorter than any noise that the networks were trained on.
    """
    a, b, share = first.double(), second.double(), shares.double()[:, None]
    lengths = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    angle = torch.arccos((a * b).sum(dim=1, keepdim=True).div(lengths[0] * lengths[1]).clamp(-1, 1))
    # Equal directions have no arc between them: avoid 0 / 0.
    sine = angle.sin().clamp(min=1e-9)
    arc = ((1 - share) * angle).sin() / sine * (a / lengths[0]) + (share * angle).sin() / sine * (b / lengths[1])
    direction = torch.where(angle < 1e-6, a / lengths[0], arc)
    return (direction * torch.lerp(lengths[0], lengths[1], share)).to(first.dtype)
