"""Stage I's networks: shapes, gradients, and what a picture may depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from common import config
from common.nn.features import MAP_CHANNELS, MapReader, maps_in_parts
from stage1.config import PRESETS, GangoghNetworks, Networks, ResidualNetworks, Stage1Config
from stage1.networks import build_critic, build_generator

TINY = ResidualNetworks(
    architecture="residual",
    latent_dim=8,
    generator_channels=(8, 8, 4, 4),
    critic_width=2,
)
TINY_PATTERNED = ResidualNetworks(
    architecture="residual", latent_dim=8, generator_channels=(8, 8, 4, 4, 4), critic_width=2, patterns=2
)
TINY_MODULATED = replace(TINY_PATTERNED, mapping=6, modulated=True)
TINY_SEEING = ResidualNetworks(
    architecture="residual",
    latent_dim=8,
    generator_channels=(8, 8),
    critic_width=2,
    features="efficientnet-lite0",
    feature_side=64,
    head_channels=4,
)
TINY_PARENT = GangoghNetworks(architecture="gangogh", latent_dim=8, width=4)
TINY_NORMALISED = GangoghNetworks(architecture="gangogh", latent_dim=8, width=4, conditioning="normalisation")
TINY_CONCATENATED = GangoghNetworks(architecture="gangogh", latent_dim=8, width=4, conditioning="concatenation")
EVERY_KIND = pytest.mark.parametrize(
    "networks",
    [TINY, TINY_PATTERNED, TINY_MODULATED, TINY_SEEING, TINY_PARENT, TINY_NORMALISED, TINY_CONCATENATED],
    ids=["residual", "patterns", "modulated", "eyes", "gangogh", "normalisation", "concatenation"],
)


def maps_of(images: torch.Tensor, side: int = 64) -> list[torch.Tensor]:
    """Maps of the shapes of EfficientNet-Lite0's at some side, that depend on the picture."""
    return [
        F.adaptive_avg_pool2d(images.repeat(1, channels // 3 + 1, 1, 1)[:, :channels], side // 2**place)
        for place, channels in enumerate(MAP_CHANNELS, start=2)
    ]


def weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_preset_paints_64_pixels_and_judges_them(preset: object) -> None:
    networks = config.load(Stage1Config, preset).networks  # type: ignore[arg-type]
    generator, critic = build_generator(networks, 3).eval(), build_critic(networks, 3)
    with torch.no_grad():
        images = generator(torch.randn(2, networks.latent_dim), torch.eye(3)[:2])
        maps = maps_of(images, networks.feature_side) if critic.map_heads else ()  # type: ignore[union-attr]
        scores, logits = critic(critic.views(images, maps), torch.eye(3)[:2])
    assert images.shape == (2, 3, 64, 64)
    assert images.abs().max() <= 1
    assert scores.shape == (2,)
    assert logits.shape == (2, 1 + len(critic.map_heads), 3)


def test_the_border_of_a_picture_is_painted_like_its_middle() -> None:
    generator = build_generator(TINY, 3)
    with torch.no_grad():
        # Features that are alike at all places: any frame would be the convolutions'.
        each = generator.stem.weight.unflatten(0, (-1, 16)).mean(dim=1, keepdim=True)
        generator.stem.weight.copy_(each.expand(-1, 16, -1).flatten(0, 1))
        generator.stem.bias.zero_()
        pictures = generator(torch.randn(2, 8), torch.eye(3)[:2])
    assert pictures[0].std(dim=(1, 2)).max() < 1e-6
    assert (pictures[0] - pictures[1]).abs().min() > 1e-6


def test_the_parent_has_the_parents_weights() -> None:
    networks = GangoghNetworks(architecture="gangogh", latent_dim=128, width=64)
    generator, critic = build_generator(networks, 14), build_critic(networks, 14)
    gates = sum(weights(module) for name, module in generator.named_modules() if name.endswith("gate"))
    assert (round(gates / 1e6, 1), round(weights(generator) / 1e6, 1)) == (3.7, 14.6)
    assert weights(critic.features) == 5 * 5 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + (
        64 + 128 + 256 + 512
    ) + 2 * (128 * 256 + 256 * 64 + 512 * 16)


@EVERY_KIND
def test_every_weight_of_generator_and_critic_gets_a_gradient(networks: Networks) -> None:
    torch.manual_seed(0)
    generator, critic = build_generator(networks, 3), build_critic(networks, 3)
    genres = torch.eye(3).repeat(2, 1)
    images = generator(torch.randn(6, 8), genres)
    scores, logits = critic(critic.views(images, maps_of(images) if critic.map_heads else ()), genres)
    (scores.square().sum() + logits.square().sum()).backward()
    for name, parameter in [*generator.named_parameters(), *critic.named_parameters()]:
        assert parameter.grad is not None, name
        # A bias before a normalisation over the batch moves nothing.
        if not (name.endswith("bias") and isinstance(networks, GangoghNetworks)):
            assert parameter.grad.abs().sum() > 0, name


@EVERY_KIND
def test_the_genre_and_the_latent_change_the_picture(networks: Networks) -> None:
    generator = build_generator(networks, 3).eval()
    latents = torch.randn(2, 8)
    with torch.no_grad():
        first, other_genre = generator(latents, torch.eye(3)[[0, 0]]), generator(latents, torch.eye(3)[[1, 1]])
    # Where no activation hears the genre, an untrained generator hardly shows it.
    hears = not isinstance(networks, GangoghNetworks) or networks.conditioning != "concatenation"
    assert (first - other_genre).abs().mean() > (1e-3 if hears else 1e-5)
    assert (first[0] - first[1]).abs().mean() > 1e-5


@EVERY_KIND
def test_a_picture_does_not_depend_on_its_neighbours(networks: Networks) -> None:
    generator = build_generator(networks, 3).eval()
    latents, genres = torch.randn(5, 8), torch.eye(3)[[0, 1, 2, 0, 1]]
    with torch.no_grad():
        together, alone = generator(latents, genres), generator(latents[3:4], genres[3:4])
    torch.testing.assert_close(together[3:4], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("networks", [TINY, TINY_SEEING])
def test_the_critic_scores_each_painting_by_itself(networks: Networks) -> None:
    critic, genres = build_critic(networks, 3), torch.eye(3)[[0, 1, 2, 0]]
    images = torch.randn(4, 3, 64, 64)
    views = critic.views(images, maps_of(images) if critic.map_heads else ())
    with torch.no_grad():
        together, alone = critic(views, genres), critic([view[2:3] for view in views], genres[2:3])
    for all_of, one in zip(together, alone, strict=True):
        torch.testing.assert_close(all_of[2:3], one, atol=1e-5, rtol=1e-4)


def test_a_critic_with_eyes_hears_the_genre_and_sees_the_maps() -> None:
    critic, images = build_critic(TINY_SEEING, 3), torch.randn(1, 3, 64, 64)
    maps = maps_of(images)
    score = critic(critic.views(images, maps), torch.eye(3)[:1])[0]
    assert critic(critic.views(images, maps), torch.eye(3)[1:2])[0] != score
    assert critic(critic.views(images, [1 + part for part in maps]), torch.eye(3)[:1])[0] != score


def test_views_are_standardised_by_the_maps_that_they_were_fitted_to() -> None:
    torch.manual_seed(0)
    critic, images = build_critic(TINY_SEEING, 3), torch.randn(4, 3, 64, 64)
    maps = [3 * part + 5 for part in maps_of(images)]
    critic.fit(maps)
    for projection, part in zip(critic.projections, maps, strict=True):
        view = projection(part)
        torch.testing.assert_close(view.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
        standardised = (part - projection.mean[:, None, None]) / projection.std[:, None, None]
        torch.testing.assert_close(standardised.std(dim=(0, 2, 3)), torch.ones(part.shape[1]), atol=1e-3, rtol=0)


def test_eyes_see_pictures_blurred_and_no_rim_darkens() -> None:
    eyes = MapReader([nn.Identity()], 64, "no weights", blur=1.0)
    point = torch.zeros(1, 3, 64, 64)
    point[:, :, 32, 20] = 1
    seen = eyes(point)[0][0, 0] - eyes(torch.zeros(1, 3, 64, 64))[0][0, 0]
    weights, places = seen.sum(dim=1) / seen.sum(), torch.arange(64)
    mean = (weights * places).sum()
    torch.testing.assert_close(mean, torch.tensor(32.0), atol=1e-3, rtol=0)
    torch.testing.assert_close((weights * (places - mean) ** 2).sum(), torch.tensor(1.0), atol=1e-3, rtol=0)
    assert eyes(torch.ones(1, 3, 64, 64))[0].std() < 1e-5


def test_eyes_see_squares_of_pictures_and_without_zoom_the_whole() -> None:
    eyes = MapReader([nn.Identity()], 64, "no weights")
    images, draws = torch.rand(3, 3, 64, 64), torch.rand(3, 3)
    torch.testing.assert_close(eyes(images, draws, 0.0)[0], eyes(images)[0], atol=1e-4, rtol=0)
    columns = torch.linspace(-1, 1, 64).expand(3, 3, 64, 64)
    seen = 2 * eyes(columns, draws, 0.5)[0][:, 0, 0] * 128 / 255  # The network's input is (value - 127) / 128.
    width = (seen[:, -1] - seen[:, 0]) / 2
    torch.testing.assert_close(width, 1 - 0.5 * draws[:, 0], atol=0.02, rtol=0)
    assert seen.min() >= -1.01
    assert seen.max() <= 1.01


def test_maps_read_in_parts_are_those_of_all_pictures_at_once() -> None:
    pictures, asked = torch.rand(40, 3, 8, 8), list[int]()

    def read(part: torch.Tensor) -> list[torch.Tensor]:
        asked.append(len(part))
        return [part.mean(dim=1), part[:, :1]]

    parts = maps_in_parts(read, pictures)
    assert all(torch.equal(part, whole) for part, whole in zip(parts, read(pictures), strict=True))
    assert max(asked[:-1]) <= 16
