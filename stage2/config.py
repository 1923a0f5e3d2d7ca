"""Stage II's settings, as its presets spell them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from common.config import settings
from common.runs.config import LoggingSettings, OptimizerSettings, RealnessSettings, Schedule, Width
from stage2.critic import CriticConditioning

PRESETS = Path(__file__).with_name("presets")


Channels = Annotated[tuple[Width, ...], pydantic.Field(min_length=2)]


@settings
class ResidualNetworks:
    """Our gated residual generator, and its critic."""

    architecture: Literal["residual"]
    resolution: Literal[128, 256]
    """Side of the paintings, in pixels."""
    noise_dim: Width
    """Length of the fresh noise n."""
    encoder_channels: tuple[int, int, int]
    """Widths at 64, 32 and 16 pixels."""
    body_blocks: Annotated[int, pydantic.Field(ge=0, le=100)]
    """Residual blocks at 16 pixels."""
    decoder_channels: tuple[int, ...]
    """Widths from 32 pixels up, doubling, to resolution / output_enlargement."""
    output_enlargement: Literal[1, 2]
    """By how much the last decoder block's features are enlarged before the last convolution."""
    underpainting: Literal[16, 32, 64]
    """Side, in pixels, that the small picture is brought down to, to be enlarged and painted on."""
    grain: Annotated[int, pydantic.Field(ge=0, le=16)] = 0
    """Channels of noise beside the small picture that differ from pixel to pixel."""
    decoder_grain: Annotated[int, pydantic.Field(ge=0, le=16)] = 0
    """The same for every block of the decoder."""
    stroke_strength: Annotated[float, pydantic.Field(ge=0, le=1)] = 1.0
    """How strongly what is finer than 64 pixels is laid on when pictures are painted; training sees all of it."""
    critic_channels: Channels
    """Widths of the critic's convolutions, each of which halves the size."""
    critic_conditioning: CriticConditioning
    """How the critic hears the labels that it judges by."""
    label_channels: tuple[Width, ...] = ()
    """Widths of convolutions that read genre and style from the painting brought down to 64 pixels; where there are
    none, they are read from what the score is read from."""

    def __post_init__(self) -> None:
        given, needed = len(self.decoder_channels), int(math.log2(self.resolution // self.output_enlargement // 16))
        if given != needed:
            raise ValueError(f"decoder_channels has {given} widths; resolution {self.resolution} needs {needed} here")
        if min(*self.encoder_channels, *self.decoder_channels) < 1:
            raise ValueError("channels must be at least 1")


@settings
class StackganNetworks:
    """A generator after the parent's, and our critic."""

    architecture: Literal["stackgan"]
    resolution: Literal[128, 256]
    """Side of the paintings, in pixels."""
    noise_dim: Width
    """Length of the fresh noise n."""
    width: Width
    """Channels of the generator at 64 pixels; 128 in the parent."""
    body_blocks: Annotated[int, pydantic.Field(ge=0, le=100)]
    """Residual blocks at 16 pixels; 4 in the parent."""
    critic_channels: Channels
    """Widths of the critic's convolutions, each of which halves the size."""
    critic_conditioning: CriticConditioning
    """How the critic hears the labels that it judges by."""


Networks = Annotated[ResidualNetworks | StackganNetworks, pydantic.Field(discriminator="architecture")]


@settings
class LossSettings(RealnessSettings):
    """Weights of the objective's terms."""

    wrong_style: Annotated[float, pydantic.Field(ge=0)]
    """omega, of real paintings shown with another style."""
    critic_labels: Annotated[float, pydantic.Field(ge=0)]
    """alpha_D, of genre and style on real paintings."""
    generator_labels: Annotated[float, pydantic.Field(ge=0)]
    """alpha_G, of the asked genre and style."""
    critic_doubt: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """delta, of painted pictures being of no genre and no style to the critic."""
    composition: Annotated[float, pydantic.Field(ge=0)]
    """Of the distance to the small picture at 16 pixels."""
    reconstruction: Annotated[float, pydantic.Field(ge=0)]
    """Of the distance to the real painting, where the small picture was made from one. As a mean over n values its
    gradient has a norm of 1 / sqrt(n) a unit of weight, beside the score's of about 1."""


@settings
class TrainingSettings(Schedule):
    """The schedule, and how paintings are drawn."""

    label_balance: Annotated[float, pydantic.Field(ge=0, le=1)]
    """0 draws pairs of genre and style as they occur, 1 draws all that occur equally often."""
    real_pair_share: Annotated[float, pydantic.Field(ge=0, le=1)]
    """Share of small pictures that are real paintings brought down to 64 pixels instead of stage I's."""
    crop: Annotated[int, pydantic.Field(ge=1)]
    """Side, in pixels, of the squares of a painting that both networks see in training; at most the resolution."""


@settings
class Stage2Config:
    """All that stage II's training is told."""

    networks: Networks
    loss: LossSettings
    training: TrainingSettings
    generator_optimizer: OptimizerSettings
    critic_optimizer: OptimizerSettings
    logging: LoggingSettings

    def __post_init__(self) -> None:
        crop, resolution = self.training.crop, self.networks.resolution
        # A square of the small picture is a whole number of 16ths, and the critic halves the large one to its end.
        step = max(resolution // 16, 2 ** len(self.networks.critic_channels))
        if crop > resolution or crop % step:
            raise ValueError(f"training.crop {crop} is not a multiple of {step} up to the resolution, {resolution}")
        if self.training.accumulation > 1 and isinstance(self.networks, StackganNetworks):
            raise ValueError(
                "training.accumulation would change stackgan's networks, which normalise over a batch; leave it at 1"
            )
