"""Build stage I's networks from its settings. Only this module knows all architectures."""

from __future__ import annotations

from torch import nn

from common.backbones import load_efficientnet_lite, stages_of
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
    """Return a critic with random weights: `(views, genres [b k]) -> (scores [b], genre logits [b k])`."""
    if isinstance(networks, GangoghNetworks):
        return Critic(num_genres=num_genres, width=networks.width)
    return Critic(
        num_genres=num_genres,
        width=networks.critic_width,
        feature_side=networks.feature_side if networks.features != "none" else 0,
        head_channels=networks.head_channels,
    )


def open_eyes(networks: Networks) -> MapReader | None:
    """Load the frozen network that the critic reads; None for a critic of pixels alone.

    Raises UserError if its packages are not installed.
    """
    if isinstance(networks, GangoghNetworks) or networks.features == "none":
        return None
    instead = "do without it: --set networks.features=none in training, no --curate in painting"
    network, weights = load_efficientnet_lite(networks.features, instead=instead)
    return MapReader(stages_of(networks.features, network), networks.feature_side, weights)
