"""Stage I's settings: the sections and keys of its presets."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from common.backbones import Eyes
from common.config import settings
from common.runs.config import LoggingSettings, OptimizerSettings, RealnessSettings, Schedule, Width
from stage1.gangogh import Conditioning

PRESETS = Path(__file__).with_name("presets")


@settings
class ResidualNetworks:
    """The gated residual generator, and GANGogh's critic."""

    architecture: Literal["residual"]
    latent_dim: Width
    """Length of the latent vector z."""
    generator_channels: Annotated[tuple[Width, ...], pydantic.Field(min_length=2, max_length=5)]
    """Channels at 4, 8, 16, … pixels. With fewer than five, the last features are enlarged to 64 pixels."""
    critic_width: Width
    """Channels of the critic's first layer, at 32 pixels; they double each time the size halves."""
    patterns: Annotated[int, pydantic.Field(ge=0)] = 0
    """Rank of the per-pixel bias in the generator's gates; with 0 the bias is one value per channel."""
    mapping: Annotated[int, pydantic.Field(ge=0, le=65_536)] = 0
    """Width of two gated layers that mix latent and genre for the generator's gates; 0 for none."""
    modulated: bool = False
    """Latent and genre also scale the channels before each gate of the generator."""
    features: Eyes = "none"
    """The frozen network whose maps the critic judges beside the pixels."""
    feature_side: Literal[64, 96, 128] = 96
    """Side, in pixels, to which pictures are enlarged for that network."""
    feature_blur: Annotated[float, pydantic.Field(ge=0, le=8)] = 0.0
    """Standard deviation, in pixels, of a Gaussian blur of what that network sees; the pixels stay sharp."""
    head_channels: Width = 64
    """Channels of the critic's head for each map."""


@settings
class GangoghNetworks:
    """GANGogh's generator and critic."""

    architecture: Literal["gangogh"]
    latent_dim: Width
    """Length of the latent vector z; 128 in GANGogh."""
    width: Width
    """Channels of the critic's first layer; 64 in GANGogh."""
    conditioning: Conditioning = "gate"
    """Where the genre enters the generator's activations."""


Networks = Annotated[ResidualNetworks | GangoghNetworks, pydantic.Field(discriminator="architecture")]


@settings
class LossSettings(RealnessSettings):
    """Weights of the terms of the loss."""

    critic_genre: Annotated[float, pydantic.Field(ge=0)]
    """alpha_D: the critic classifies the genre of real paintings."""
    generator_genre: Annotated[float, pydantic.Field(ge=0)]
    """alpha_G: the critic recognises the requested genre in generated pictures."""


@settings
class TrainingSettings(Schedule):
    """The schedule, and how training paintings are sampled."""

    genre_balance: Annotated[float, pydantic.Field(ge=0, le=1)]
    """0 samples genres as often as they occur, 1 samples all genres equally often."""
    genre_shares: dict[str, Annotated[float, pydantic.Field(gt=0, lt=1)]] = dataclasses.field(default_factory=dict)
    """Share of the labelled paintings of a batch for some genres, such as {portrait: 0.5}; the others keep their
    proportions."""
    zoom: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.0
    """The critic's eyes see a random square of each picture, whose side is 1 - zoom to 1 of the picture's."""


@settings
class Stage1Config:
    """All settings of stage I's training."""

    networks: Networks
    loss: LossSettings
    training: TrainingSettings
    generator_optimizer: OptimizerSettings
    critic_optimizer: OptimizerSettings
    logging: LoggingSettings

    def __post_init__(self) -> None:
        if sum(self.training.genre_shares.values()) >= 1:
            raise ValueError(
                "training.genre_shares must leave something for the other genres: make their sum less than 1"
            )
        if self.training.accumulation > 1 and isinstance(self.networks, GangoghNetworks):
            raise ValueError(
                "training.accumulation must be 1 with gangogh, whose batch norm depends on the size of each part"
            )
