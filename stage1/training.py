"""Train stage I from a dataset into a run folder; `stage1.sampling` reads its export.

`Stage1Trainer` holds the losses of one training step (Gulrajani et al. 2017, algorithm 1, with class losses as in Odena
et al. 2017); `common.runs.pair` descends them, and `common.runs.trainer` does everything around a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from common.data.augmentation import NUM_DRAWS, augment
from common.data.batches import BalancedSampler, BatchStream
from common.data.dataset import PaintingDataset, Split
from common.errors import UserError
from common.images import labelled_grid, to_float, to_pictures
from common.nn.features import FITTED, MapReader, maps_in_parts
from common.nn.losses import class_loss, correct
from common.randomness import Purpose
from common.runs import trainer
from common.runs.accelerator import apart_from_other_runs, make_accelerator
from common.runs.folder import RunFolder
from common.runs.pair import AdversarialPair, Loss
from common.vocabulary import ANY, Vocabulary, counted
from stage1.config import Stage1Config
from stage1.critic import Critic
from stage1.losses import critic_loss, generator_loss
from stage1.networks import build_critic, build_generator, eyes_of
from stage1.sampling import SIZE, draw_latents, save_export
from stage1.variety import spread, spread_of_paintings

SAMPLE_COLUMNS = 10


@apart_from_other_runs()
def train(
    settings: Stage1Config,
    dataset: PaintingDataset,
    out: Path,
    *,
    resume: bool,
    start_from: Path | None = None,
    max_minutes: float | None = None,
) -> None:
    """Train stage I into the run folder `out`, from random weights or from the run or export `start_from`.

    Raises UserError if `out` holds another run, or if `start_from` has other networks.
    """
    run = RunFolder(out)
    run.check(settings, dataset, resume=resume)
    accelerator = make_accelerator(settings.training.precision, settings.logging.trackers, run)
    residence = settings.training.pictures_in
    split = dataset.split("train", SIZE, residence=residence, device=accelerator.device)
    stage = Stage1Trainer(settings, split, dataset.vocabulary, accelerator)
    trainer.train(stage, run, dataset, start_from=start_from, max_minutes=max_minutes)


class Stage1Trainer:
    """The losses, batches and sample pictures of stage I (`common.runs.trainer.Trainer`)."""

    stage = 1
    resolution = SIZE

    def __init__(self, settings: Stage1Config, split: Split, vocabulary: Vocabulary, accelerator: Accelerator) -> None:
        """Raise UserError if the batch cannot be divided over processes and parts, or a setting names no genre."""
        self.settings = settings
        self.vocabulary = vocabulary
        self.genres = list(vocabulary.genres)
        self.accelerator = accelerator
        self.origin: Mapping[str, Any] = {}
        self.about = f"stage I: {len(split)} paintings of {counted(vocabulary)}"
        self._split = split
        self._painted: dict[int, tuple[list[Tensor], Tensor]] = {}
        """Of each part, keyed by its first row: views of the generator's latest pictures, and their genres."""
        labels = split.labels("genre")
        self._sampler = BalancedSampler(labels, settings.training.genre_balance, self._fixed_shares())
        torch.manual_seed(settings.training.seed)
        generator, self._critic = self.build(len(vocabulary.genres), len(vocabulary.styles))
        self._eyes = self._open_eyes()
        self.eyes = "" if self._eyes is None else self._eyes.weights
        self.pair = AdversarialPair(
            generator,
            self._critic,
            accelerator,
            settings,
            critic_loss=self.critic_loss,
            generator_loss=self.generator_loss,
        )

    def _open_eyes(self) -> MapReader | None:
        """Load the frozen network that the critic reads, if it has one, and fit the critic to its maps of paintings."""
        eyes = eyes_of(self.settings.networks)
        if eyes is not None:
            device = self.accelerator.device
            eyes.to(device)

            def read(paintings: Tensor) -> list[Tensor]:
                return eyes(to_float(paintings).to(device))

            with torch.no_grad():
                self._critic.fit(maps_in_parts(read, self._split.sample(FITTED)))
        return eyes

    def views(
        self, images: Float[Tensor, "b 3 64 64"], stream: BatchStream, purpose: Purpose, update: int
    ) -> list[Tensor]:
        """Return what the critic judges of a part's pictures, augmented, with gradients to them.

        `purpose` is that of the random draws.
        """
        schedule = self.settings.training
        draws = stream.uniform(purpose, update, 3 + NUM_DRAWS)
        images = augment(images, draws[:, 3:], schedule.augmentation)
        if self._eyes is None:
            return self._critic.views(images)
        with self.pair.in_precision():
            maps = self._eyes(images, draws[:, :3] if schedule.zoom else None, schedule.zoom)
            return [part.float() for part in self._critic.views(images, maps)]

    def _fixed_shares(self) -> dict[int, float]:
        shares = {}
        for name, share in self.settings.training.genre_shares.items():
            spelled = self.vocabulary.spelling("genre", name)
            if spelled not in self.genres:
                raise UserError(f"training.genre_shares: {name!r} is no genre; choose of {', '.join(self.genres)}")
            shares[self.genres.index(spelled)] = share
        return shares

    def build(self, num_genres: int, num_styles: int) -> tuple[nn.Module, Critic]:
        """Return a generator and a critic with random weights; neither has a style."""
        networks = self.settings.networks
        return build_generator(networks, num_genres), build_critic(networks, num_genres)

    def critic_loss(self, stream: BatchStream, update: int) -> Loss:
        """Return the critic's loss on a part of its batch of real and generated pictures."""
        loss = self.settings.loss
        real, genres = self.real_batch(stream, update)
        with torch.no_grad():
            real_views = self.views(real, stream, Purpose.VIEW_OF_REAL, update)
        if self.settings.training.learns_labels_alone(update):
            _, logits = self.pair.judge(real_views, genres)
            return class_loss(logits, genres).mean(), {"accuracy_real": correct(logits, genres)}
        with torch.no_grad():
            fake_views, asked = self._fake_batch(stream, update)
        # One pass for both is faster than two.
        both = [torch.cat(views) for views in zip(real_views, fake_views, strict=True)]
        scores, logits = self.pair.judge(both, torch.cat([genres, asked]))
        (real_scores, fake_scores), real_logits = scores.chunk(2), logits[: len(genres)]

        def scores_of(between: list[Tensor], places: Tensor, mix: Tensor) -> Tensor:
            labels = torch.lerp(genres[places], asked[places], mix[:, None])
            between_scores: Tensor = self.pair.judge(between, labels)[0]
            return between_scores

        penalty = self.pair.penalty(scores_of, stream, update, real_views, fake_views)
        losses = critic_loss(
            real_scores,
            fake_scores,
            penalty,
            real_logits,
            genres,
            penalty_weight=loss.gradient_penalty,
            drift_weight=loss.drift,
            genre_weight=loss.critic_genre,
        )
        return losses.mean(), {
            "critic_gap": (real_scores - fake_scores).mean(),
            "penalty": penalty.mean(),
            "accuracy_real": correct(real_logits, genres),
        }

    def generator_loss(self, stream: BatchStream, update: int) -> Loss:
        """Return the generator's loss on a part of its batch. Keep its views for the next critic update."""
        latents, genres = self._requests(stream, update)
        views = self.views(self.pair.paint(latents, genres), stream, Purpose.VIEW_FOR_GENERATOR, update)
        self._painted[stream.rows.start] = [view.detach() for view in views], genres
        scores, logits = self.pair.judge(views, genres)
        losses = generator_loss(scores, logits, genres, genre_weight=self.settings.loss.generator_genre)
        return losses.mean(), {"accuracy_fake": correct(logits, genres)}

    def real_batch(self, stream: BatchStream, update: int) -> tuple[Float[Tensor, "b 3 64 64"], Float[Tensor, "b k"]]:
        """Draw the paintings and genres of critic update number `update`, for the stream's rows."""
        random = stream.random(Purpose.REAL_BATCH, update)
        positions = self._sampler.draw(random, stream.batch_size)
        mirrored = stream.uniform(Purpose.FLIP, update) < (0.5 if self.settings.training.flip else 0.0)
        genres = self._split.points("genre", positions, len(self.genres))
        return stream.pictures(self._split, positions, mirrored), stream.take(genres)

    @torch.no_grad()
    def paint(
        self, seeds: Sequence[int], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b 3 64 64"]:
        """Paint pictures with the averaged weights. Stage I ignores the styles."""
        latents, device = draw_latents(seeds, self.settings.networks.latent_dim), self.accelerator.device
        images: Tensor = self.pair.average(latents.to(device), genres.to(device))
        return images

    def sheet(self) -> Image.Image:
        """Paint a sheet: one row for each genre, with the same ten latents in every row and at every step."""
        return labelled_grid([to_pictures(row) for row in self._sample_rows()], self.genres or [ANY])

    def variety(self) -> float | None:
        """Return spread of samples / spread of paintings, averaged over genres; 0 if the samples do not differ.

        None if the paintings do not differ.
        """
        if not (self._spread_of_paintings > 0).all():
            return None
        painted = torch.stack([spread(row) for row in self._sample_rows()])
        return float((painted / self._spread_of_paintings.to(painted.device)).mean())

    def export(self, folder: Path) -> None:
        """Write an export of the averaged weights."""
        networks = self.settings.networks
        save_export(folder, networks, self.vocabulary, self.pair.average, self.pair.average_critic, eyes=self.eyes)

    def keep_inputs(self, export: Path) -> None:
        """Keep nothing: stage I starts from the dataset alone."""

    @cached_property
    def _spread_of_paintings(self) -> Float[Tensor, "k"]:
        # Without genres there is one row, for all paintings.
        return spread_of_paintings(self._split, max(len(self.genres), 1))

    def _sample_rows(self) -> Iterator[Float[Tensor, "ten 3 64 64"]]:
        for label in torch.eye(len(self.genres)) if self.genres else torch.zeros(1, 0):
            yield self.paint(range(SAMPLE_COLUMNS), label.expand(SAMPLE_COLUMNS, -1), torch.zeros(SAMPLE_COLUMNS, 0))

    def _fake_batch(self, stream: BatchStream, update: int) -> tuple[list[Tensor], Float[Tensor, "b k"]]:
        """Return what critic update number `update` judges of generated pictures, and the genres asked of them.

        The first critic update of a step judges those of the generator's update; the others paint anew.
        """
        painted = self._painted.pop(stream.rows.start, None)
        if painted is not None:
            return painted
        latents, genres = self._requests(stream, update)
        return self.views(self.pair.paint(latents, genres), stream, Purpose.VIEW_OF_FAKE, update), genres

    def _requests(self, stream: BatchStream, update: int) -> tuple[Float[Tensor, "b z"], Float[Tensor, "b k"]]:
        """Draw latents and genres to paint: genres as often as in real batches, some replaced by `any`."""
        random = stream.random(Purpose.TRAINING_REQUEST, update)
        size = stream.batch_size
        genres = self._split.points("genre", self._sampler.draw(random, size), len(self.genres))
        genres[random.random(size) < self.settings.training.unlabelled_share] = 0
        latents = random.standard_normal((size, self.settings.networks.latent_dim), dtype=np.float32)
        return stream.take(latents), stream.take(genres)
