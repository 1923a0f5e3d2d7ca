"""Settings of runs that last seconds, for the tests of both stages."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file, save_file

from common import config
from stage1.config import PRESETS as STAGE1_PRESETS
from stage1.config import Stage1Config
from stage2.config import PRESETS as STAGE2_PRESETS
from stage2.config import Stage2Config

SHORT = (
    "training.steps=6",
    # Runs of fewer steps stand for killed ones: their rates must not fall earlier.
    "training.falling_share=0.0",
    "training.pretraining_steps=1",
    "training.label_steps=1",
    "training.batch_size=8",
    "training.precision=float32",
    "logging.log_every=2",
    "logging.sample_every=100",
    "logging.checkpoint_every=2",
    "logging.fid_every=0",
)
STAGE1_NETWORKS = (
    "networks.latent_dim=8",
    "networks.generator_channels=[16, 8, 4]",
    "networks.critic_width=2",
    "networks.features=none",
    "loss.penalty_every=2",
    "loss.pixel_slope=1.0",
    "loss.drift=0.25",
    "loss.critic_genre=2.0",
    "loss.generator_genre=1.0",
    "training.critic_steps=4",
    "training.augmentation=0.3",
    "training.zoom=0.0",
    "generator_optimizer={learning_rate: 0.0002, betas: [0.0, 0.9]}",
    "critic_optimizer={learning_rate: 0.0003, betas: [0.0, 0.9]}",
)
"""A critic of pixels alone, with every term of the loss."""
EYES = (
    "networks.features=efficientnet-lite0",
    "networks.feature_side=64",
    "networks.feature_blur=1.0",
    "networks.head_channels=4",
    "training.zoom=0.25",
)
"""Give stage I's critic the maps of a frozen network."""
STAGE2_EYES = EYES[:-1]
"""The same for stage II's critic."""
STAGE2_NETWORKS = (
    "networks.noise_dim=6",
    "networks.mapping=6",
    "networks.encoder_channels=[4, 6, 8]",
    "networks.decoder_channels=[8, 4]",
    "networks.critic_channels=[4, 8, 8, 8]",
    # So few steps must change more than grey.
    "generator_optimizer={learning_rate: 0.01, betas: [0.0, 0.9]}",
)


def stage1_config(*overrides: str) -> Stage1Config:
    """Our own preset with the least of everything."""
    return config.load(Stage1Config, STAGE1_PRESETS / "default.yaml", [*STAGE1_NETWORKS, *SHORT, *overrides])


def stage2_config(*overrides: str) -> Stage2Config:
    """The tiny preset with the least of everything."""
    return config.load(Stage2Config, STAGE2_PRESETS / "tiny.yaml", [*STAGE2_NETWORKS, *SHORT, *overrides])


def seeing_stage2_config(*overrides: str) -> Stage2Config:
    """The same, whose critic has eyes."""
    return stage2_config(*STAGE2_EYES, *overrides)


def change_weights(export: Path) -> None:
    """Give the generator of an export other weights."""
    path = export / "generator.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(path).items()}, path)
