"""The exponential moving average of a network's weights, which exports contain."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def update_average(average: nn.Module, live: nn.Module, halflife: float, updates: int, rampup: float = 0.05) -> None:
    """Move `average` towards `live`; call it after each training step, with `updates` counted from 1.

    The half-life, in steps, is at most the share `rampup` of `updates`, so that the average of a short run forgets its
    random start (as in Karras et al. 2020). Running statistics are averaged like the weights.
    """
    halflife = min(halflife, rampup * updates)
    decay = 0.5 ** (1 / halflife) if halflife > 0 else 0.0
    for target, source in zip(average.state_dict().values(), live.state_dict().values(), strict=True):
        if target.is_floating_point():
            target.lerp_(source, 1 - decay)
        else:
            target.copy_(source)
