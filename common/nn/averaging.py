"""The moving average of a network's weights, which exports hold."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def update_average(average: nn.Module, live: nn.Module, halflife: float, updates: int) -> None:
    """Move `average` towards `live` after step number `updates` of it, counted from 1.

    The half-life grows with the run up to its setting, so that a short run's average forgets its random start
    (Karras et al. 2020 ramp theirs likewise). Running statistics are averaged along with the weights that made them.
    """
    halflife = min(halflife, 0.05 * updates)
    decay = 0.5 ** (1 / halflife) if halflife > 0 else 0.0
    for target, source in zip(average.state_dict().values(), live.state_dict().values(), strict=True):
        if target.is_floating_point():
            target.lerp_(source, 1 - decay)
        else:
            target.copy_(source)
