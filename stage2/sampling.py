"""The painter: a trained pair of stages, from a request in words to finished pictures. No part of training.

A painting is a function of weights, labels and its own seed; stage II's export carries stage I's inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn

from common.config import settings
from common.curation import Opinions
from common.errors import UserError
from common.images import labelled_grid, save_png, to_pictures, to_signed
from common.randomness import Purpose, generator_for
from common.runs.exports import (
    find_export,
    load_weights,
    read_export_config,
    read_export_values,
    weights_hash,
    write_export,
)
from common.vocabulary import ANY, Vocabulary
from stage1.sampling import SIZE, Stage1Painter, draw_latents
from stage2.config import Networks
from stage2.generator import Generator
from stage2.networks import build_critic, build_generator

TRAIN_COMMAND = "accelerate launch scripts/train_stage2.py"
STAGE1_FOLDER = "stage1"
BATCH = 16


@settings
class Stage2Export:
    """What config.json of an exported stage II holds."""

    stage: int
    networks: Networks
    vocabulary: Vocabulary


@dataclass(frozen=True)
class Painting:
    """A finished picture and where it comes from."""

    image: Image.Image
    genre: str
    style: str
    seed: int
    resolution: int
    weights: str
    """Hashes of the weights that painted it."""

    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return {
            "Software": "Atelier",
            "genre": self.genre,
            "style": self.style,
            "seed": str(self.seed),
            "resolution": str(self.resolution),
            "weights": self.weights,
        }

    def save(self, path: Path) -> None:
        """Write a PNG that carries genre, style, seed and weights as text."""
        save_png(self.image, path, self.metadata())


class Painter:
    """Paints by genre and style. Load one with `Painter.load`."""

    def __init__(self, stage1: Stage1Painter, stage2: _Stage2 | None) -> None:
        self._stage1 = stage1
        self._stage2 = stage2
        self.vocabulary: Vocabulary = stage1.vocabulary

    @classmethod
    def load(cls, path: Path | str, device: torch.device | str = "cpu") -> Painter:
        """From a run or an export of either stage; stage I alone paints 64 pixels and knows no style.

        Raises UserError that names what is missing or broken.
        """
        folder = find_export(Path(path), TRAIN_COMMAND)
        if read_export_values(folder).get("stage") == 1:
            return cls(Stage1Painter.load(folder, device), None)
        stage1 = Stage1Painter.load(folder / STAGE1_FOLDER, device)
        export = read_export_config(folder, Stage2Export)
        generator = build_generator(export.networks, len(export.vocabulary.genres), len(export.vocabulary.styles))
        weights = folder / "generator.safetensors"
        load_weights(generator, weights, device)
        generator.eval().requires_grad_(False)
        return cls(stage1, _Stage2(export, generator, weights_hash(weights), folder / "critic.safetensors"))

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Sides, in pixels, of the pictures that these weights can paint."""
        return (SIZE,) if self._stage2 is None else (SIZE, self._stage2.export.networks.resolution)

    @property
    def weights(self) -> str:
        """Hashes of the weights, stage I's first."""
        return self._stage1.weights if self._stage2 is None else f"{self._stage1.weights}+{self._stage2.weights}"

    def paint(
        self,
        genre: str = ANY,
        style: str = ANY,
        count: int = 1,
        seed: int = 0,
        resolution: int | None = None,
    ) -> list[Painting]:
        """Paint `count` pictures with the seeds `seed`, `seed + 1`, …, at the largest resolution unless said.

        Genre and style are names, blends (`portrait:0.7,landscape:0.3`) or `any`. Raises UserError for a name
        that the weights do not know, with the nearest one, and for a resolution that they cannot paint.
        """
        resolution = self.check(genre, style, count, seed, resolution)
        paintings: list[Painting] = []
        genres = torch.tensor([self.vocabulary.genre_weights(genre)])
        styles = torch.tensor([self.vocabulary.style_weights(style)])
        for batch in _batches(range(seed, seed + count), BATCH):
            images = self.images(batch, genres.expand(len(batch), -1), styles.expand(len(batch), -1), resolution)
            paintings += [
                Painting(picture, genre, style, number, resolution, self.weights)
                for number, picture in zip(batch, to_pictures(images), strict=True)
            ]
        return paintings

    def sheet(self, seed: int = 0) -> Image.Image:
        """Every genre in every style, one row a genre, all from one seed. Raises UserError without stage II."""
        if self._stage2 is None:
            raise UserError("a sheet of genres and styles needs stage II; give --weights of a stage II run")
        genres, styles = list(self.vocabulary.genres), list(self.vocabulary.styles)
        rows = [[self.paint(genre, style, seed=seed)[0].image for style in styles] for genre in genres]
        return labelled_grid(rows, genres, styles)

    def check(self, genre: str, style: str, count: int, seed: int, resolution: int | None) -> int:
        """Raise UserError where `paint` could not fulfil the request; returns the resolution to paint at."""
        self.vocabulary.genre_weights(genre)
        self.vocabulary.style_weights(style)
        if count < 1:
            raise UserError(f"count {count} paints nothing; ask for at least 1")
        if seed < 0:
            raise UserError(f"seed {seed} is negative; seeds are 0 and above")
        resolution = self.resolutions[-1] if resolution is None else resolution
        if resolution not in self.resolutions:
            known = " and ".join(str(side) for side in self.resolutions)
            raise UserError(f"resolution {resolution} is not what these weights paint; they paint {known}")
        if resolution == SIZE and style != ANY:
            remedy = "leave --style out" if self._stage2 is None else "leave --style or --resolution out"
            raise UserError(f"style {style!r} needs stage II, and {SIZE} pixels are painted by stage I alone; {remedy}")
        return resolution

    @torch.no_grad()
    def images(
        self,
        seeds: Sequence[int],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        resolution: int,
    ) -> Float[Tensor, "b 3 size size"]:
        """One batch as tensors, by points of the genre and style simplex; all zeros mean any."""
        small = self._stage1.paint(draw_latents(seeds, self._stage1.latent_dim), genres)
        if resolution == SIZE or self._stage2 is None:
            return small
        noise = draw_noise(seeds, self._stage2.export.networks.noise_dim)
        images: Tensor = self._stage2.generator(
            small, genres.to(small.device), styles.to(small.device), noise.to(small.device)
        )
        return images

    def knows_styles(self, resolution: int) -> bool:
        """Whether pictures of that size answer to a style."""
        return self._stage2 is not None and resolution != SIZE

    @torch.no_grad()
    def opinions(
        self, images: UInt8[Tensor, "b 3 size size"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Opinions | None:
        """What the critic of that size says of pictures as paintings of those labels.

        None where the export holds no critic.
        """
        if images.shape[-1] == SIZE or self._stage2 is None:
            return self._stage1.opinions(images)
        critic, device = self._stage2.critic, self._stage1.device
        if critic is None:
            return None
        scores, genre_logits, style_logits, _ = critic(
            to_signed(images.to(device)), genres.to(device), styles.to(device)
        )
        return Opinions(scores.cpu().numpy(), genre_logits.cpu().numpy(), style_logits.cpu().numpy())


@dataclass
class _Stage2:
    """Stage II's networks; the critic is loaded when it is first asked for: painting needs none."""

    export: Stage2Export
    generator: Generator
    weights: str
    critic_weights: Path

    @cached_property
    def critic(self) -> nn.Module | None:
        if not self.critic_weights.is_file():
            return None
        vocabulary = self.export.vocabulary
        critic = build_critic(self.export.networks, len(vocabulary.genres), len(vocabulary.styles))
        load_weights(critic, self.critic_weights, next(self.generator.parameters()).device)
        return critic.eval().requires_grad_(False)


def draw_noise(seeds: Iterable[int], noise_dim: int) -> Float[Tensor, "b n"]:
    """Stage II's noise, one row a seed, whatever the others are."""
    rows = [generator_for(seed, Purpose.STAGE2_NOISE).standard_normal(noise_dim, dtype=np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(rows))


def save_export(
    folder: Path,
    networks: Networks,
    vocabulary: Vocabulary,
    stage1: Stage1Painter,
    modules: Mapping[str, nn.Module],
) -> None:
    """Write a run's export: stage II's networks, and within it the stage I that they were trained on."""
    stage1.save(folder / STAGE1_FOLDER)
    write_export(folder, Stage2Export(stage=2, networks=networks, vocabulary=vocabulary), modules)


def _batches(seeds: range, size: int) -> Iterator[range]:
    for start in range(0, len(seeds), size):
        yield seeds[start : start + size]
