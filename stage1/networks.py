"""Build stage I's networks from its settings. Only this module knows all architectures."""

from __future__ import annotations

from torch import nn

from common.backbones import open_eyes
from common.nn.features import MapReader
from stage1.config import GangoghNetworks, Networks
from stage1.critic import Critic
from stage1.gangogh import GangoghGenerator
from stage1.generator import Generator


def build_generator(networks: Networks, num_genres: int) -> nn.Module:
    """Return a generator with random weights: `(latents [b z], genres [b k]) -> images [b 3 64 64]`."""
    if isinstance(networks, GangoghNetworks):
        return GangoghGenerator(
            latent_dim=networks.latent_dim,
            num_genres=num_genres,
            width=networks.width,
            conditioning=networks.conditioning,
        )
    return Generator(
        latent_dim=networks.latent_dim,
        num_genres=num_genres,
        channels=networks.generator_channels,
        patterns=networks.patterns,
        mapping=networks.mapping,
        modulated=networks.modulated,
    )


def build_critic(networks: Networks, num_genres: int) -> Critic:
    """Return a critic with random weights: `(views, genres [b k]) -> (scores [b], genre logits [b h k])`."""
    if isinstance(networks, GangoghNetworks):
        return Critic(num_genres=num_genres, width=networks.width)
    return Critic(
        num_genres=num_genres,
        width=networks.critic_width,
        feature_side=networks.feature_side if networks.features != "none" else 0,
        head_channels=networks.head_channels,
    )


def eyes_of(networks: Networks) -> MapReader | None:
    """Load the frozen network that the critic reads, as `common.backbones.open_eyes` does."""
    if isinstance(networks, GangoghNetworks):
        return None
    return open_eyes(networks.features, networks.feature_side, networks.feature_blur)
