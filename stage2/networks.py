"""From stage II's settings to its networks."""

from __future__ import annotations

from stage2.config import Networks
from stage2.critic import Critic
from stage2.generator import Generator


def build_generator(networks: Networks, num_genres: int, num_styles: int) -> Generator:
    """Generator with random weights: `(small, genres, styles, noise) -> images [b 3 R R]`."""
    return Generator(
        num_genres=num_genres,
        num_styles=num_styles,
        noise_dim=networks.noise_dim,
        encoder_channels=networks.encoder_channels,
        body_blocks=networks.body_blocks,
        decoder_channels=networks.decoder_channels,
        output_enlargement=networks.output_enlargement,
        underpainting=networks.underpainting,
    )


def build_critic(networks: Networks, num_genres: int, num_styles: int) -> Critic:
    """Critic with random weights: `(images, genres, styles) -> (scores, logits, logits, features)`."""
    return Critic(
        num_genres=num_genres,
        num_styles=num_styles,
        channels=networks.critic_channels,
    )
