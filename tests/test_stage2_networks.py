"""Stage II's networks: shapes, gradients, and what a picture may depend on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from common import config
from common.errors import UserError
from common.nn.features import MAP_CHANNELS, MapReader
from common.runs.exports import adopt_weights
from common.vocabulary import Vocabulary
from stage2.config import PRESETS, Networks, RepaintingNetworks, StackganNetworks, Stage2Config
from stage2.critic import Critic
from stage2.generator import Generator
from stage2.networks import build_critic, build_generator, look

TINY = RepaintingNetworks(
    architecture="repainting",
    resolution=128,
    noise_dim=6,
    mapping=6,
    encoder_channels=(4, 6, 8),
    body_blocks=1,
    decoder_channels=(8, 4),
    output_enlargement=2,
    critic_channels=(4, 8, 8, 8),
    critic_conditioning="projection",
)
SEEING = replace(TINY, features="efficientnet-lite0", feature_side=64, head_channels=4)
PARENTS = StackganNetworks(
    architecture="stackgan",
    resolution=128,
    noise_dim=6,
    width=4,
    body_blocks=1,
    critic_channels=(4, 8, 8, 8),
    critic_conditioning="tiled",
)


EVERY_GENERATOR = pytest.mark.parametrize("networks", [TINY, PARENTS], ids=["ours", "stackgan"])


def views_of(critic: Critic, images: torch.Tensor) -> list[torch.Tensor]:
    """Views whose maps have the shapes of EfficientNet-Lite0's, and depend on the picture."""
    if not critic.map_heads:
        return critic.views(images)
    maps = [
        F.adaptive_avg_pool2d(images.repeat(1, channels // 3 + 1, 1, 1)[:, :channels], side)
        for channels, side in zip(MAP_CHANNELS, (critic.feature_side // 2**place for place in range(2, 6)), strict=True)
    ]
    return critic.views(
        images[..., : critic.feature_side, : critic.feature_side], maps + [part.flip(3) for part in maps]
    )


def request(count: int) -> tuple[torch.Tensor, ...]:
    small, noise = torch.rand(count, 3, 64, 64) * 2 - 1, torch.randn(count, 6)
    return small, torch.eye(3)[torch.arange(count) % 3], torch.eye(5)[torch.arange(count) % 5], noise


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_preset_paints_its_resolution_and_judges_it(preset: object) -> None:
    networks = config.load(Stage2Config, preset).networks  # type: ignore[arg-type]
    generator, critic = build_generator(networks, 3, 5), build_critic(networks, 3, 5)
    labels = torch.eye(3)[:1], torch.eye(5)[:1]
    with torch.no_grad():
        images = generator(torch.zeros(1, 3, 64, 64), *labels, torch.randn(1, networks.noise_dim))
        scores, genres, styles, _ = critic(views_of(critic, images), *labels)
    assert images.shape == (1, 3, networks.resolution, networks.resolution)
    heads = max(len(critic.map_heads), 1)
    assert (scores.shape, genres.shape, styles.shape) == ((1,), (1, heads, 3), (1, heads, 5))


@pytest.mark.parametrize("networks", [TINY, SEEING, PARENTS], ids=["ours", "eyes", "stackgan"])
def test_every_weight_of_generator_and_critic_gets_a_gradient(networks: Networks) -> None:
    torch.manual_seed(0)
    generator, critic = build_generator(networks, 3, 5), build_critic(networks, 3, 5)
    small, genres, styles, noise = request(15)
    scores, genre_logits, style_logits, _ = critic(
        views_of(critic, generator(small, genres, styles, noise)), genres, styles
    )
    (scores.square().sum() + genre_logits.square().sum() + style_logits.square().sum()).backward()
    for name, parameter in [*generator.named_parameters(), *critic.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_grain_gives_each_pixel_noise_of_its_own_by_the_noise_vector_alone() -> None:
    torch.manual_seed(1)
    generators = [build_generator(replace(TINY, noise_dim=64), *labels) for labels in ((3, 5), (7, 2))]
    # The first values of the condition are the mapping's.
    condition = F.pad(torch.randn(200, 64, generator=torch.Generator().manual_seed(0)), (6, 8))
    grain = generators[0].decoder[-1].first.patterns
    grain.strengths.data.fill_(1.0)
    features = torch.zeros(200, len(grain.strengths), 64, 64)
    weights = torch.ones(1, len(grain.strengths), 1, 1)
    noise = grain(features.clone(), condition, weights)[:, 0]
    assert noise.shape == (200, 64, 64)
    torch.testing.assert_close(noise.std(), torch.tensor(1.0), atol=0.05, rtol=0)
    beside = torch.corrcoef(torch.stack([noise[..., :-1].flatten(), noise[..., 1:].flatten()]))[0, 1]
    assert abs(beside) < 0.05
    torch.testing.assert_close(grain(features[:1] + 2, condition[3:4], weights / 2)[:, 0], 2 + noise[3:4] / 2)
    # The same in every network.
    assert torch.equal(generators[1].decoder[-1].first.patterns.directions, grain.directions)


def test_grain_of_pixels_is_as_strong_as_the_features_say() -> None:
    torch.manual_seed(1)
    with_grain = build_generator(replace(TINY, noise_dim=64, pixel_grain=True), 3, 5).eval()
    torch.manual_seed(1)
    without = build_generator(replace(TINY, noise_dim=64), 3, 5).eval()
    small, genres, styles, _ = request(1)
    noise = torch.randn(1, 64)
    with torch.no_grad():
        before = without(small, genres, styles, noise)
        torch.testing.assert_close(with_grain(small, genres, styles, noise), before)
        with_grain.pixel_grain.strengths.bias.fill_(0.5)
        added = with_grain(small, genres, styles, noise).atanh() - before.atanh()
    torch.testing.assert_close(added, added[:, :1].expand_as(added), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(added.std(), noise[:, :4].norm() / 4, atol=0.02, rtol=0.05)


def test_a_critic_keeps_the_means_of_sixteen_places() -> None:
    critic = build_critic(TINY, 3, 5)
    labels = torch.eye(3)[:1], torch.eye(5)[:1]
    images = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        means = F.avg_pool2d(critic.convolutions(images), 2)
        torch.testing.assert_close(critic([images], *labels)[3][0], means.flatten(1))


@EVERY_GENERATOR
@pytest.mark.parametrize("place", [0, 1, 2, 3], ids=["small picture", "genre", "style", "noise"])
def test_each_input_changes_the_picture(networks: Networks, place: int) -> None:
    torch.manual_seed(0)
    generator = build_generator(networks, 3, 5).eval()
    inputs = list(request(1))
    with torch.no_grad():
        before = generator(*inputs)
        inputs[place] = inputs[place].flip(1)
        after = generator(*inputs)
    assert (before - after).abs().max() > 1e-5


@EVERY_GENERATOR
def test_a_picture_does_not_depend_on_its_neighbours(networks: Networks) -> None:
    generator = build_generator(networks, 3, 5).eval()
    inputs = request(5)
    with torch.no_grad():
        together, alone = generator(*inputs), generator(*(part[3:4] for part in inputs))
    torch.testing.assert_close(together[3:4], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("conditioning", ["projection", "tiled"])
def test_a_critic_scores_a_painting_by_the_labels_it_is_shown_with(conditioning: str) -> None:
    torch.manual_seed(0)
    critic = build_critic(replace(TINY, critic_conditioning=conditioning), 3, 5)
    images = torch.randn(1, 3, 128, 128)
    with torch.no_grad():
        scores, genres, styles, features = critic([images], torch.eye(3)[:1], torch.eye(5)[:1])
        others = critic([images], torch.eye(3)[1:2], torch.eye(5)[:1])
        assert torch.equal(critic.score(features, torch.eye(3)[:1], torch.eye(5)[:1]), scores)
        assert not torch.equal(critic.score(features, torch.eye(3)[:1], torch.eye(5)[1:2]), scores)
    assert not torch.equal(others[0], scores)
    assert torch.equal(others[1], genres)
    assert torch.equal(others[2], styles)


def test_a_projection_adds_the_labels_rows_to_the_weights_of_realness() -> None:
    critic = build_critic(TINY, 3, 5)
    features = torch.randn(1, 8 * 4 * 4)
    rows = critic.scores.projection.weight.T
    expected = features @ (critic.scores.realness.weight[0] + rows[2] + rows[3 + 4]) + critic.scores.realness.bias
    torch.testing.assert_close(critic.scores(features, torch.eye(3)[2:], torch.eye(5)[4:]), expected)


def test_a_critic_with_eyes_hears_both_labels_and_sees_the_whole_and_the_square() -> None:
    torch.manual_seed(0)
    critic = build_critic(SEEING, 3, 5)
    views = views_of(critic, torch.randn(2, 3, 128, 128))
    labels = torch.eye(3)[:2], torch.eye(5)[:2]
    with torch.no_grad():
        scores, genre_logits, style_logits, features = critic(views, *labels)
        assert torch.equal(critic.score(features, *labels), scores)
        assert (genre_logits.shape, style_logits.shape) == ((2, 8, 3), (2, 8, 5))
        for other in ((labels[0].flip(0), labels[1]), (labels[0], labels[1].flip(0))):
            assert not torch.equal(critic.score(features, *other), scores)
        for place in range(len(views)):
            changed = [view + 1 if number == place else view for number, view in enumerate(views)]
            assert not torch.equal(critic(changed, *labels)[0], scores), place
            # The labels are read from the maps alone.
            assert torch.equal(critic(changed, *labels)[2], style_logits) == (place == 0)
        alone = critic([view[1:] for view in views], labels[0][1:], labels[1][1:])
        torch.testing.assert_close(alone[0], scores[1:], atol=1e-5, rtol=1e-4)


def test_eyes_see_the_whole_brought_down_and_a_square_at_full_size() -> None:
    eyes = MapReader([torch.nn.Identity()], 64, "no weights")
    images = torch.rand(3, 3, 128, 128) * 2 - 1
    squares, (wholes, parts) = look(eyes, images, torch.tensor([[0.0, 0.0], [0.999, 0.999], [0.5, 0.0]]))
    torch.testing.assert_close(squares[0], images[0, :, :64, :64])
    torch.testing.assert_close(squares[1], images[1, :, 64:, 64:])
    torch.testing.assert_close(squares[2], images[2, :, 32:96, :64])
    for maps, seen in (
        (wholes, F.interpolate(images, size=(64, 64), mode="bilinear", antialias=True)),
        (parts, squares),
    ):
        torch.testing.assert_close(maps, (seen * 127.5 + 0.5) / 128, atol=1e-5, rtol=0)
    assert torch.equal(look(None, images, torch.zeros(3, 2))[0], images)


def test_a_generator_paints_even_features_without_a_grid_or_a_frame() -> None:
    generator = build_generator(TINY, 3, 5)
    assert isinstance(generator, Generator)
    torch.nn.init.normal_(generator.out.weight)
    for sketch in generator.sketches:
        torch.nn.init.zeros_(sketch.weight)
    generator.decoder[-1].register_forward_hook(lambda *_: torch.rand(2, 4, 1, 1).expand(2, 4, 64, 64))
    with torch.no_grad():
        painted = generator(*request(2))
    torch.testing.assert_close(painted, painted[:, :, :1, :1].expand_as(painted), atol=1e-5, rtol=0)
    assert painted[:, :, 0, 0].std() > 1e-2


def test_content_is_refused_where_no_eyes_see_it() -> None:
    config.load(
        Stage2Config,
        PRESETS / "tiny.yaml",
        ["loss.content=1", "networks.features=efficientnet-lite0"],
    )
    with pytest.raises(UserError, match=r"loss\.content needs networks\.features"):
        config.load(Stage2Config, PRESETS / "tiny.yaml", ["loss.content=1"])


@pytest.mark.parametrize("preset", ["default-128", "default-256", "small-128", "small-256"])
def test_a_picture_costs_less_than_ten_billion_operations(preset: str) -> None:
    networks = config.load(Stage2Config, PRESETS / f"{preset}.yaml").networks
    with torch.device("meta"), FlopCounterMode(display=False) as counted:
        labels = torch.zeros(1, 9), torch.zeros(1, 15)
        build_generator(networks, 9, 15)(torch.zeros(1, 3, 64, 64), *labels, torch.zeros(1, networks.noise_dim))
    assert 0 < counted.get_total_flops() < 10e9


def test_heads_for_maps_of_another_size_start_anew(tmp_path: Path) -> None:
    torch.manual_seed(0)
    near, far = (build_critic(replace(SEEING, feature_side=side), 3, 5) for side in (64, 128))
    save_file(near.state_dict(), tmp_path / "weights.safetensors")
    before = {name: value.clone() for name, value in far.state_dict().items()}
    labels = Vocabulary(genres=dict.fromkeys("abc", 1), styles=dict.fromkeys("vwxyz", 1), families={})
    build = partial(build_critic, replace(SEEING, feature_side=128))
    adopt_weights(far, tmp_path / "weights.safetensors", build, labels, labels)
    for name, value in far.state_dict().items():
        source = before if name.startswith("map_heads.") else near.state_dict()
        assert torch.equal(value, source[name]), name


def test_a_generator_takes_over_one_of_half_the_size_and_paints_alike(tmp_path: Path) -> None:
    torch.manual_seed(0)
    small, large = (
        replace(TINY, resolution=side, decoder_channels=widths) for side, widths in ((128, (8, 6)), (256, (8, 6, 4)))
    )
    half = build_generator(small, 3, 5)
    for name, weight in half.named_parameters():
        # As after training, when pictures are not grey.
        if name.startswith(("out.weight", "sketches")):
            nn.init.normal_(weight, std=0.3)
    save_file(half.state_dict(), tmp_path / "weights.safetensors")
    whole = build_generator(large, 3, 5)
    labels = Vocabulary(genres=dict.fromkeys("abc", 1), styles=dict.fromkeys("vwxyz", 1), families={})
    adopt_weights(whole, tmp_path / "weights.safetensors", partial(build_generator, large), labels, labels)
    asked = request(4)
    with torch.no_grad():
        before, after = half(*asked), F.avg_pool2d(whole(*asked), 2)
    assert after.shape == before.shape
    assert torch.corrcoef(torch.stack([before.ravel(), after.ravel()]))[0, 1] > 0.9
    other = build_generator(replace(large, decoder_channels=(8, 5, 4)), 3, 5)
    with pytest.raises(UserError, match="another network"):
        adopt_weights(other, tmp_path / "weights.safetensors", partial(build_generator, large), labels, labels)
