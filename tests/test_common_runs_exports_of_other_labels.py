"""Starting from other weights: a label keeps its weights by its name, in both stages' networks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_runs import stage1_config, stage2_config
from torch import Tensor, nn

import stage1.networks
import stage2.networks
from common.config import find_preset
from common.config import load as load_config
from common.errors import UserError
from common.runs.exports import Build, adopt_weights
from common.vocabulary import Vocabulary
from stage1.config import PRESETS, Stage1Config
from stage2.config import PRESETS as STAGE2_PRESETS
from stage2.config import Networks, StackganNetworks, Stage2Config


def vocabulary(genres: str, styles: str = "") -> Vocabulary:
    return Vocabulary(genres=dict.fromkeys(genres, 1), styles=dict.fromkeys(styles, 1), families={})


THEIRS = vocabulary("abc", "xy")
OURS = vocabulary("cda", "zyxw")
"""Two genres and two styles are known, at other places; d, z and w are new."""


def stage1_generator(num_genres: int, num_styles: int) -> nn.Module:
    return stage1.networks.build_generator(stage1_config().networks, num_genres)


def stage1_critic(num_genres: int, num_styles: int) -> nn.Module:
    return stage1.networks.build_critic(stage1_config().networks, num_genres)


def adopted(build: Build, folder: Path, own: Vocabulary = OURS, theirs: Vocabulary = THEIRS) -> tuple[nn.Module, ...]:
    """A network, and another that adopted its weights."""
    torch.manual_seed(0)
    old = build(len(theirs.genres), len(theirs.styles)).eval()
    new = build(len(own.genres), len(own.styles)).eval()
    save_file(old.state_dict(), folder / "weights.safetensors")
    adopt_weights(new, folder / "weights.safetensors", build, own, theirs)
    return old, new


def point(names: dict[str, int], weights: dict[str, float]) -> Tensor:
    return torch.tensor([[weights.get(name, 0.0) for name in names]])


@pytest.mark.parametrize("genre", [{"a": 1.0}, {"c": 1.0}, {"a": 0.5, "c": 0.5}, {}])
def test_a_generator_paints_a_known_genre_as_before(genre: dict[str, float], tmp_path: Path) -> None:
    old, new = adopted(stage1_generator, tmp_path)
    latents = torch.randn(1, 8)
    before, after = (network(latents, point(v.genres, genre)) for network, v in ((old, THEIRS), (new, OURS)))
    torch.testing.assert_close(after, before)


def test_the_parents_gates_keep_their_genres_too(tmp_path: Path) -> None:
    settings = load_config(Stage1Config, find_preset("gangogh", PRESETS), ["networks.width=2"])
    old, new = adopted(lambda genres, _: stage1.networks.build_generator(settings.networks, genres), tmp_path)
    latents = torch.randn(1, 128)
    torch.testing.assert_close(
        new(latents, point(OURS.genres, {"c": 1.0})), old(latents, point(THEIRS.genres, {"c": 1.0}))
    )


def test_a_new_genre_starts_as_the_mean_of_those_that_were_known(tmp_path: Path) -> None:
    old, new = adopted(stage1_generator, tmp_path)
    latents = torch.randn(1, 8)
    of_all = point(THEIRS.genres, dict.fromkeys("abc", 1 / 3))
    torch.testing.assert_close(new(latents, point(OURS.genres, {"d": 1.0})), old(latents, of_all))


def test_a_wider_generator_paints_as_the_one_whose_weights_it_takes_over(tmp_path: Path) -> None:
    narrow, wide, other = (
        replace(stage1_config().networks, generator_channels=widths)
        for widths in ((8, 4, 2, 2, 2), (8, 8, 6, 2, 2), (8, 8, 3, 2, 2))
    )
    old, new, never = (stage1.networks.build_generator(networks, 3) for networks in (narrow, wide, other))
    save_file(old.state_dict(), tmp_path / "weights.safetensors")
    adopt_weights(
        new,
        tmp_path / "weights.safetensors",
        lambda genres, _: stage1.networks.build_generator(wide, genres),
        THEIRS,
        THEIRS,
    )
    latents, genres = torch.randn(3, narrow.latent_dim), torch.eye(3)
    after = new(latents, genres)
    torch.testing.assert_close(after, old(latents, genres), atol=1e-5, rtol=1e-4)
    # Two copies of one channel learn different things.
    after.square().mean().backward()
    copies = new.get_parameter("blocks.0.first.convolution.weight")
    assert copies.grad is not None
    assert torch.equal(copies[0], copies[1])
    assert not torch.allclose(copies.grad[0], copies.grad[1])
    with pytest.raises(UserError, match="another network"):
        adopt_weights(
            never,
            tmp_path / "weights.safetensors",
            lambda genres, _: stage1.networks.build_generator(other, genres),
            THEIRS,
            THEIRS,
        )


def test_a_critic_knows_the_genres_at_their_new_places(tmp_path: Path) -> None:
    old, new = adopted(stage1_critic, tmp_path)
    images = torch.rand(2, 3, 64, 64)
    (old_scores, old_logits), (new_scores, new_logits) = old([images], torch.eye(2, 3)), new([images], torch.eye(2, 3))
    torch.testing.assert_close(new_scores, old_scores)
    torch.testing.assert_close(new_logits[:, :, [2, 0]], old_logits[:, :, [0, 2]])


STACKGAN = load_config(Stage2Config, find_preset("stackgan", STAGE2_PRESETS), ["networks.width=4"])


@pytest.mark.parametrize("networks", [stage2_config().networks, STACKGAN.networks])
def test_stage_twos_generators_keep_genres_styles_and_noise_apart(
    networks: Networks | StackganNetworks, tmp_path: Path
) -> None:
    old, new = adopted(partial(stage2.networks.build_generator, networks), tmp_path)
    small, noise = torch.rand(1, 3, 64, 64), torch.randn(1, networks.noise_dim)
    before, after = (
        network(small, point(v.genres, {"c": 1.0}), point(v.styles, {"y": 1.0}), noise)
        for network, v in ((old, THEIRS), (new, OURS))
    )
    torch.testing.assert_close(after, before)


@pytest.mark.parametrize("half", [False, True], ids=["as large", "half as large"])
def test_a_repainter_with_grain_starts_from_one_without(half: bool, tmp_path: Path) -> None:
    large = replace(
        load_config(Stage2Config, find_preset("small-256", STAGE2_PRESETS), []).networks,
        encoder_channels=(2, 2, 4),
        decoder_channels=(4, 4, 2),
    )
    start = replace(large, resolution=128, decoder_channels=(4, 4)) if half else large
    old = stage2.networks.build_generator(replace(start, pixel_grain=half), 3, 2)
    new = stage2.networks.build_generator(large, 3, 2)
    save_file(old.state_dict(), tmp_path / "weights.safetensors")
    build = partial(stage2.networks.build_generator, large)
    adopt_weights(new, tmp_path / "weights.safetensors", build, THEIRS, THEIRS)
    assert new.state_dict()["pixel_grain.directions"].shape == (4, 256, 256)
    for name, value in old.state_dict().items():
        if not name.startswith(("pixel_grain.", "out.") if half else "pixel_grain."):
            assert torch.equal(new.state_dict()[name], value)


def test_stage_twos_critic_keeps_genres_and_styles_apart(tmp_path: Path) -> None:
    networks = stage2_config().networks
    old, new = adopted(partial(stage2.networks.build_critic, networks), tmp_path)
    images = torch.rand(1, 3, networks.resolution, networks.resolution)
    before, after = (
        network([images], point(v.genres, {"a": 1.0}), point(v.styles, {"x": 1.0}))
        for network, v in ((old, THEIRS), (new, OURS))
    )
    torch.testing.assert_close(after[0], before[0])
    torch.testing.assert_close(after[2][:, :, [2, 1]], before[2])


def test_a_genre_and_a_style_of_one_name_are_two_labels(tmp_path: Path) -> None:
    both = vocabulary("ab", "bc")
    networks = stage2_config().networks
    old, new = adopted(partial(stage2.networks.build_generator, networks), tmp_path, own=both, theirs=both)
    small, noise = torch.rand(1, 3, 64, 64), torch.randn(1, networks.noise_dim)
    asked = small, point(both.genres, {"a": 1.0}), point(both.styles, {"b": 1.0}), noise
    torch.testing.assert_close(new(*asked), old(*asked))


def test_weights_that_knew_no_genre_leave_those_of_genres_as_they_were_drawn(tmp_path: Path) -> None:
    old, new = adopted(stage1_generator, tmp_path, theirs=vocabulary(""))
    latents = torch.randn(1, 8)
    nothing = torch.zeros(1, 0), torch.zeros(1, 3)
    torch.testing.assert_close(new(latents, nothing[1]), old(latents, nothing[0]))
    assert not torch.equal(new(latents, torch.eye(3)[:1]), new(latents, torch.eye(3)[1:2]))


def test_other_networks_and_broken_files_are_refused_in_one_line(tmp_path: Path) -> None:
    adopted(stage1_generator, tmp_path)
    critic = stage1_critic(3, 0)
    with pytest.raises(UserError, match=r"holds another network than these settings describe .*Missing key"):
        adopt_weights(critic, tmp_path / "weights.safetensors", stage1_critic, THEIRS, THEIRS)
    shorter = stage1_config("networks.generator_channels=[16, 8]").networks

    def fewer(num_genres: int, num_styles: int) -> nn.Module:
        return stage1.networks.build_generator(shorter, num_genres)

    with pytest.raises(UserError, match=r"holds another network than these settings describe .*Unexpected key"):
        adopt_weights(fewer(3, 0), tmp_path / "weights.safetensors", fewer, THEIRS, THEIRS)
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"weights.safetensors cannot be read .*; export the run again"):
        adopt_weights(critic, tmp_path / "weights.safetensors", stage1_critic, THEIRS, THEIRS)
