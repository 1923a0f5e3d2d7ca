"""Stage I's settings, as its presets spell them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pydantic

from common.config import settings
from common.runs.config import LoggingSettings, OptimizerSettings, Schedule

PRESETS = Path(__file__).with_name("presets")


@settings
class ResidualNetworks:
    """Our residual generator and critic."""

    architecture: Literal["residual"]
    latent_dim: int
    """Length of z."""
    generator_channels: tuple[int, int, int, int, int]
    """Widths at 4, 8, 16, 32 and 64 pixels."""
    critic_channels: tuple[int, ...]
    """Widths from 64 / critic_patch pixels, halving, down to 4."""
    critic_patch: Literal[1, 2, 4]
    """Side, in pixels, of the squares that the critic folds into channels first; 2 quarters its cost."""

    def __post_init__(self) -> None:
        scales = {1: 5, 2: 4, 4: 3}[self.critic_patch]
        if len(self.critic_channels) != scales:
            raise ValueError(
                f"critic_channels has {len(self.critic_channels)} widths; "
                f"critic_patch {self.critic_patch} needs {scales}"
            )
        if min(self.latent_dim, *self.generator_channels, *self.critic_channels) < 1:
            raise ValueError("latent_dim and channels must be at least 1")


@settings
class GangoghNetworks:
    """The parent's generator and critic."""

    architecture: Literal["gangogh"]
    latent_dim: int
    """Length of z; 128 in the parent."""
    width: int
    """Channels of the critic's first layer; 64 in the parent."""


Networks = Annotated[ResidualNetworks | GangoghNetworks, pydantic.Field(discriminator="architecture")]


@settings
class LossSettings:
    """Weights of the objective's terms; the realness term weighs 1."""

    gradient_penalty: Annotated[float, pydantic.Field(ge=0)]
    """lambda."""
    critic_genre: Annotated[float, pydantic.Field(ge=0)]
    """alpha_D."""
    generator_genre: Annotated[float, pydantic.Field(ge=0)]
    """alpha_G."""


@settings
class TrainingSettings(Schedule):
    """The schedule, and how paintings are drawn."""

    genre_balance: Annotated[float, pydantic.Field(ge=0, le=1)]
    """0 draws genres as they occur, 1 draws all equally often."""


@settings
class Stage1Config:
    """All that stage I's training is told."""

    networks: Networks
    loss: LossSettings
    training: TrainingSettings
    generator_optimizer: OptimizerSettings
    critic_optimizer: OptimizerSettings
    logging: LoggingSettings

    def __post_init__(self) -> None:
        if self.training.accumulation > 1 and isinstance(self.networks, GangoghNetworks):
            raise ValueError(
                "training.accumulation would change gangogh's networks, which normalise over a batch; leave it at 1"
            )
