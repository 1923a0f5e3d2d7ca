"""Optimizers from their settings."""

from __future__ import annotations

from torch import nn
from torch.optim import Adam

from common.runs.config import OptimizerSettings


def build_optimizer(network: nn.Module, settings: OptimizerSettings) -> Adam:
    """Fused Adam over all weights of the network."""
    return Adam(network.parameters(), lr=settings.learning_rate, betas=settings.betas, fused=True)
