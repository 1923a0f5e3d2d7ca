"""Noise for requests: drawn from the seed, moved towards another seed's noise, truncated. Used by `stage2.sampling`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from stage2.painter.requests import Request

Draw = Callable[[Sequence[int]], Float[Tensor, "b z"]]
"""Takes seeds; returns normal noise, one row per seed, independent of the other seeds."""


def noise_of(requests: Sequence[Request], draw: Draw) -> Float[Tensor, "b z"]:
    """Return the noise of each request; it depends only on that request's seeds.

    Truncation multiplies it. The networks pass noise through linear layers only (the stem and the gates), so this moves
    each layer's input towards its mean, as in Karras et al. 2019, appendix B.
    """
    noise = draw([request.seed for request in requests])
    moved = [row for row, request in enumerate(requests) if request.towards is not None]
    if moved:
        others = draw([requests[row].towards or 0 for row in moved])
        shares = torch.tensor([requests[row].nearby for row in moved])
        noise[moved] = between(noise[moved], others, shares)
    return noise * torch.tensor([[request.truncation] for request in requests])


def between(
    first: Float[Tensor, "b z"], second: Float[Tensor, "b z"], shares: Float[Tensor, "b"]
) -> Float[Tensor, "b z"]:
    """Interpolate from `first` (share 0) to `second` (share 1).

    The direction follows the arc (Shoemake 1985, section 3.3), the length is linear. On a straight line the middle
    would be shorter than any noise that the networks were trained on.
    """
    a, b, t = first.double(), second.double(), shares.double()[:, None]
    lengths = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    angle = torch.arccos((a * b).sum(dim=1, keepdim=True).div(lengths[0] * lengths[1]).clamp(-1, 1))
    # Equal directions have no arc between them: avoid 0 / 0.
    sine = angle.sin().clamp(min=1e-9)
    arc = ((1 - t) * angle).sin() / sine * (a / lengths[0]) + (t * angle).sin() / sine * (b / lengths[1])
    direction = torch.where(angle < 1e-6, a / lengths[0], arc)
    return (direction * torch.lerp(lengths[0], lengths[1], t)).to(first.dtype)
