"""Build stage I's networks from its settings. Only this module knows all architectures."""

from __future__ import annotations

from torch import nn

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
    )


def build_critic(networks: Networks, num_genres: int) -> nn.Module:
    """Return a critic with random weights: `images [b 3 64 64] -> (scores [b], genre logits [b k])`."""
    width = networks.width if isinstance(networks, GangoghNetworks) else networks.critic_width
    return Critic(num_genres=num_genres, width=width)
