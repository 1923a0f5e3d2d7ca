"""Stage I's settings, as its presets spell them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pydantic

from common.config import settings
from common.runs.config import LoggingSettings, OptimizerSettings, RealnessSettings, Schedule, Width
from stage1.gangogh import Conditioning

PRESETS = Path(__file__).with_name("presets")


@settings
class ResidualNetworks:
    """Our residual generator, and the parent's critic."""

    architecture: Literal["residual"]
    latent_dim: Width
    """Length of z."""
    generator_channels: Annotated[tuple[Width, ...], pydantic.Field(min_length=2, max_length=5)]
    """Widths at 4, 8, 16, … pixels; with fewer than five, up to 64, the last features are enlarged."""
    critic_width: Width
    """Channels of the critic's first layer, at 32 pixels; they double with every halving."""
    patterns: Annotated[int, pydantic.Field(ge=0)] = 0
    """Rank of the bias by pixel that the generator's gates hear; with 0 it is one value a channel."""


@settings
class GangoghNetworks:
    """The parent's generator and critic."""

    architecture: Literal["gangogh"]
    latent_dim: Width
    """Length of z; 128 in the parent."""
    width: Width
    """Channels of the critic's first layer; 64 in the parent."""
    conditioning: Conditioning = "gate"
    """Where activations hear the genre."""


Networks = Annotated[ResidualNetworks | GangoghNetworks, pydantic.Field(discriminator="architecture")]


@settings
class LossSettings(RealnessSettings):
    """Weights of the objective's terms."""

    critic_genre: Annotated[float, pydantic.Field(ge=0)]
    """alpha_D."""
    generator_genre: Annotated[float, pydantic.Field(ge=0)]
    """alpha_G."""
    critic_doubt: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """delta, of generated pictures being of no genre to the critic."""


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
