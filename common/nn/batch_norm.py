"""Batch normalisation over all processes; the only layer here that mixes the pictures of a batch."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm2d):
    """Normalise by mean and variance over all processes (Ioffe and Szegedy 2015), so that n processes equal one.

    torch's own `SyncBatchNorm` needs a GPU. In evaluation mode the layer uses the running mean and variance, so a
    picture's features depend on that picture alone.
    """

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        if not (self.training and torch.distributed.is_initialized() and torch.distributed.get_world_size() > 1):
            return super().forward(features)
        values = rearrange(features.float(), "b c h w -> c (b h w)")
        count = values.shape[1] * torch.distributed.get_world_size()
        sums: Tensor = _SumOverProcesses.apply(  # type: ignore[no-untyped-call]
            torch.stack([values.sum(dim=1), values.square().sum(dim=1)])
        )
        mean, squares = sums / count
        # Rounding errors can make it negative.
        variance = (squares - mean.square()).clamp(min=0)
        # The constructor sets these; torch types them as optional.
        assert self.momentum is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            self.num_batches_tracked.add_(1)
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return torch.addcmul(shift[:, None, None], features, scale[:, None, None]).to(features.dtype)


class _SumOverProcesses(torch.autograd.Function):
    """Sum over processes. The backward pass sums too, because every process's result depends on every picture."""

    @staticmethod
    def forward(context: Any, own: Tensor) -> Tensor:
        return _summed(own)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(own: Tensor) -> Tensor:
    total = own.clone()
    torch.distributed.all_reduce(total)
    return total
