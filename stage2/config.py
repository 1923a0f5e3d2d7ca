"""Stage II's settings: the sections and keys of its presets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from common.backbones import Eyes
from common.config import settings
from common.runs.config import LoggingSettings, OptimizerSettings, RealnessSettings, Schedule, Width
from stage2.critic import CriticConditioning

PRESETS = Path(__file__).with_name("presets")


@settings
class _Networks:
    """What all networks of stage II have."""

    resolution: Literal[128, 256]
    """Side of the paintings, in pixels."""
    noise_dim: Width
    """Length of stage II's noise vector."""
    body_blocks: Annotated[int, pydantic.Field(ge=0, le=100)]
    """Residual blocks at 16 pixels; 4 in StackGAN."""
    critic_channels: Annotated[tuple[Width, ...], pydantic.Field(min_length=2)]
    """Channels of the critic's convolutions; each halves the size."""
    critic_conditioning: CriticConditioning
    """How the score depends on the labels: by projection, or with the labels beside the features of every place."""
    features: Eyes = "none"
    """The frozen network whose maps the critic judges beside the pixels."""
    feature_side: Literal[64, 96, 128] = 96
    """Side, in pixels, of what that network sees: the whole picture brought down, and a square of it at full size."""
    feature_blur: Annotated[float, pydantic.Field(ge=0, le=8)] = 0.0
    """Standard deviation, in pixels, of a Gaussian blur of what that network sees; the pixels stay sharp."""
    head_channels: Width = 64
    """Channels of the critic's head for each map."""


@settings
class RepaintingNetworks(_Networks):
    """The generator that paints anew from features at 16 pixels (`stage2.generator`), and its critic."""

    architecture: Literal["repainting"]
    mapping: Annotated[int, pydantic.Field(ge=1, le=65_536)]
    """Width of two gated layers that mix noise and labels."""
    encoder_channels: tuple[Width, Width, Width]
    """Channels at 64, 32 and 16 pixels."""
    decoder_channels: tuple[Width, ...]
    """Channels at 32 pixels, 64 pixels and so on, up to resolution / output_enlargement."""
    output_enlargement: Literal[1, 2, 4]
    """Factor by which the last decoder block's features are enlarged before the last convolution."""
    pixel_grain: bool = False
    """Add noise to the brightness of each pixel, as strong as the last features say."""

    def __post_init__(self) -> None:
        given, needed = len(self.decoder_channels), int(math.log2(self.resolution // self.output_enlargement // 16))
        if given != needed:
            raise ValueError(f"decoder_channels has {given} widths; resolution {self.resolution} needs {needed} here")


@settings
class StackganNetworks(_Networks):
    """The generator of StackGAN's stage II, and this project's critic."""

    architecture: Literal["stackgan"]
    width: Width
    """Channels of the generator at 64 pixels; 128 in StackGAN."""


Networks = Annotated[RepaintingNetworks | StackganNetworks, pydantic.Field(discriminator="architecture")]


@settings
class LossSettings(RealnessSettings):
    """Weights of the terms of the loss."""

    wrong_style: Annotated[float, pydantic.Field(ge=0)]
    """omega: the critic scores real paintings with a wrong style below the same ones with their own."""
    critic_labels: Annotated[float, pydantic.Field(ge=0)]
    """alpha_D: the critic classifies genre and style of real paintings."""
    generator_labels: Annotated[float, pydantic.Field(ge=0)]
    """alpha_G: the critic recognises the requested genre and style in generated pictures."""
    layout: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """Output and small picture have light and shade in the same places; their colours may differ."""
    content: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """The eyes see the same things in the same places of output and small picture, whatever the means of their maps."""
    reconstruction: Annotated[float, pydantic.Field(ge=0)]
    """Distance between small picture and output brought down, where the small picture is a real painting so labelled.
    It is a mean over n = 12,288 values, so its gradient has a norm of weight / sqrt(n); the score's has about 1."""
    lattice: Annotated[float, pydantic.Field(ge=0)] = 0.0
    """Mean square of what repeats every 4 and every 8 pixels of a picture; 0.00005 in a painting of 256 pixels."""


@settings
class TrainingSettings(Schedule):
    """The schedule, and how training paintings are sampled."""

    label_balance: Annotated[float, pydantic.Field(ge=0, le=1)]
    """0 samples pairs of genre and style as often as they occur, 1 samples all existing pairs equally often."""
    real_pair_share: Annotated[float, pydantic.Field(ge=0, le=1)]
    """Share of small pictures that are real paintings reduced to 64 pixels, instead of stage I's pictures."""
    restyled_share: Annotated[float, pydantic.Field(ge=0, le=1)] = 0.0
    """Share of these real paintings that come from another painting of the genre, to be painted in the asked style."""


@settings
class Stage2Config:
    """All settings of stage II's training."""

    networks: Networks
    loss: LossSettings
    training: TrainingSettings
    generator_optimizer: OptimizerSettings
    critic_optimizer: OptimizerSettings
    logging: LoggingSettings

    def __post_init__(self) -> None:
        if self.loss.content and self.networks.features == "none":
            raise ValueError("loss.content needs networks.features")
        if self.training.accumulation > 1 and isinstance(self.networks, StackganNetworks):
            raise ValueError(
                "training.accumulation must be 1 with stackgan, whose batch norm depends on the size of each part"
            )
