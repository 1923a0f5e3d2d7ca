"""Build stage II's networks from its settings. Only this module knows all architectures."""

from __future__ import annotations

from torch import nn

from stage2.config import Networks, StackganNetworks
from stage2.critic import Critic
from stage2.generator import Generator
from stage2.stackgan import StackganGenerator


def build_generator(networks: Networks, num_genres: int, num_styles: int) -> nn.Module:
    """Build a generator with random weights: `(small, genres, styles, noise) -> images [b 3 R R]`."""
    if isinstance(networks, StackganNetworks):
        return StackganGenerator(
            num_genres=num_genres,
            num_styles=num_styles,
            noise_dim=networks.noise_dim,
            width=networks.width,
            body_blocks=networks.body_blocks,
            resolution=networks.resolution,
        )
    return Generator(
        num_genres=num_genres,
        num_styles=num_styles,
        noise_dim=networks.noise_dim,
        encoder_channels=networks.encoder_channels,
        body_blocks=networks.body_blocks,
        decoder_channels=networks.decoder_channels,
        output_enlargement=networks.output_enlargement,
        underpainting=networks.underpainting,
        grain=networks.grain,
        decoder_grain=networks.decoder_grain,
        detail_strength=networks.detail_strength,
    )


def build_critic(networks: Networks, num_genres: int, num_styles: int) -> Critic:
    """Build a critic with random weights: `(images, genres, styles) -> (scores, genre and style logits, features)`."""
    return Critic(
        num_genres=num_genres,
        num_styles=num_styles,
        channels=networks.critic_channels,
        conditioning=networks.critic_conditioning,
        label_channels=() if isinstance(networks, StackganNetworks) else networks.label_channels,
        label_reduction=networks.resolution // 64,
    )
