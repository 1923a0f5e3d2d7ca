"""Build stage II's networks from its settings. Only this module knows all architectures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from common.backbones import open_eyes
from common.images import squares_of
from common.nn.features import MapReader
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
        mapping=networks.mapping,
        encoder_channels=networks.encoder_channels,
        body_blocks=networks.body_blocks,
        decoder_channels=networks.decoder_channels,
        output_enlargement=networks.output_enlargement,
        pixel_grain=networks.pixel_grain,
    )


def build_critic(networks: Networks, num_genres: int, num_styles: int) -> Critic:
    """Build a critic with random weights: `(views, genres, styles) -> (scores, genre and style logits, features)`."""
    return Critic(
        num_genres=num_genres,
        num_styles=num_styles,
        channels=networks.critic_channels,
        conditioning=networks.critic_conditioning,
        feature_side=networks.feature_side if networks.features != "none" else 0,
        head_channels=networks.head_channels,
    )


def eyes_of(networks: Networks) -> MapReader | None:
    """Load the frozen network that the critic reads, as `common.backbones.open_eyes` does."""
    return open_eyes(networks.features, networks.feature_side, networks.feature_blur)


def look(
    eyes: MapReader | None, images: Float[Tensor, "b 3 h w"], draws: Float[Tensor, "b 2"]
) -> tuple[Float[Tensor, "b 3 _h _w"], list[Tensor]]:
    """Return the pixels and the maps that the critic takes its views from.

    With eyes, the pixels are a square of each picture, at the place that `draws` choose from [0, 1); the maps are those
    of the whole pictures brought down, then those of the squares.
    """
    if eyes is None:
        return images, []
    corners = (draws * (images.shape[-1] - eyes.side + 1)).long()
    squares = squares_of(images, corners, eyes.side)
    small = F.interpolate(images, size=(eyes.side, eyes.side), mode="bilinear", antialias=True)
    wholes, parts = zip(*(maps.chunk(2) for maps in eyes(torch.cat([small, squares]))), strict=True)
    return squares, [*wholes, *parts]
