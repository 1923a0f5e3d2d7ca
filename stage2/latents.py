"""From requests to noise: a draw a seed, moved towards another seed's and truncated. `stage2.sampling` reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from stage2.painting import Request

Draw = Callable[[Sequence[int]], Float[Tensor, "b z"]]
"""Normal noise, one row a seed, whatever the others are."""


def noise_of(requests: Sequence[Request], draw: Draw) -> Float[Tensor, "b z"]:
    """The noise of each request, by its own seeds alone.

    Truncation multiplies it. The networks take noise through linear layers only, in the stem and in every gate, so
    that what each layer hears is drawn towards its mean, as in Karras et al. 2019, appendix B.
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
    """From `first` at share 0 to `second` at 1: directions on their arc (Shoemake 1985, section 3.3), lengths straight.

    On a straight line the middle would be shorter than any noise that the networks know.
    """
    a, b, t = first.double(), second.double(), shares.double()[:, None]
    lengths = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    angle = torch.arccos((a * b).sum(dim=1, keepdim=True).div(lengths[0] * lengths[1]).clamp(-1, 1))
    # Equal directions have no arc between them.
    sine = angle.sin().clamp(min=1e-9)
    arc = ((1 - t) * angle).sin() / sine * (a / lengths[0]) + (t * angle).sin() / sine * (b / lengths[1])
    direction = torch.where(angle < 1e-6, a / lengths[0], arc)
    return (direction * torch.lerp(lengths[0], lengths[1], t)).to(first.dtype)
