"""Train stage I from a dataset into a run folder; `stage1.sampling` reads its export.

`Stage1Trainer` holds one training step (Gulrajani et al. 2017, algorithm 1, with class losses as in Odena et al.
2017). `train` adds data, checkpoints and logs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from common.config import as_values, flatten
from common.data.augmentation import NUM_DRAWS, augment
from common.data.batches import BatchStream
from common.data.dataset import PaintingDataset, Split, one_hot
from common.data.sampling import BalancedSampler
from common.images import labelled_grid, to_pictures
from common.nn.losses import class_loss, correct
from common.randomness import Purpose
from common.runs.accelerator import apart_from_other_runs, make_accelerator, precision_of
from common.runs.exports import find_export, read_export_config, require_stage, weights_hash
from common.runs.folder import RunFolder
from common.runs.loop import Stage, explain_out_of_memory, rows_of_process, run_loop
from common.runs.pair import AdversarialPair, Loss
from common.runs.penalty import require_penalty_in_every_part, sparse_penalty
from common.runs.scoring import ValidationFid
from common.shares import Share
from common.vocabulary import ANY, Vocabulary, counted
from stage1.config import Stage1Config
from stage1.losses import critic_loss, generator_loss
from stage1.networks import build_critic, build_generator
from stage1.sampling import TRAIN_COMMAND, Stage1Export, draw_latents, save_export
from stage1.variety import spread, spread_of_paintings

SIZE = 64
SAMPLE_COLUMNS = 10


@apart_from_other_runs()
def train(
    config: Stage1Config,
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
    config = run.check_settings(config, resume=resume)
    run.check_data(dataset)
    accelerator = make_accelerator(
        config.training.precision, config.logging.trackers, out / "trackers", so_far=run.precision
    )
    split = dataset.split("train", SIZE, residence=config.training.pictures_in, device=accelerator.device)
    rows = rows_of_process(config.training, accelerator.process_index, accelerator.num_processes)
    with explain_out_of_memory():
        trainer = Stage1Trainer(config, split, dataset.vocabulary, accelerator, rows)
    started_from = trainer.start_from(start_from) if start_from is not None else None
    run.check_start(started_from)
    share = Share(accelerator.process_index, accelerator.num_processes)
    score = None
    if config.logging.fid_every:
        score = ValidationFid(
            config.logging, dataset, SIZE, trainer.paint, share, accelerator.device, knows_styles=False
        )
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        run.open(config, precision_of(accelerator), started_from)
        run.record_data(dataset)
    accelerator.wait_for_everyone()

    def export(folder: Path) -> None:
        save_export(folder, config.networks, dataset.vocabulary, trainer.pair.average, trainer.pair.average_critic)

    stage = Stage(
        about=f"stage I: {len(split)} paintings of {counted(dataset.vocabulary)}",
        step=trainer.step,
        paint_samples=trainer.paint_samples,
        measure_variety=trainer.measure_variety if trainer.paintings_differ else None,
        export=export,
        measure_fid=score.measure if score else None,
        modules=trainer.pair.modules,
        optimizers=trainer.pair.optimizers,
        pretraining_steps=config.training.pretraining_steps,
        images_per_step=config.training.batch_size * config.training.critic_steps,
        shown_in_progress=("critic_gap", "penalty", "accuracy_real", "accuracy_fake", "images_per_second"),
    )
    tracked = flatten(as_values(config))
    run_loop(stage, run, accelerator, config.logging, config.training.steps, max_minutes, tracked)


class Stage1Trainer:
    """One training step of stage I's networks, and sample pictures."""

    def __init__(
        self, config: Stage1Config, split: Split, vocabulary: Vocabulary, accelerator: Accelerator, rows: slice
    ) -> None:
        self.config = config
        self.vocabulary = vocabulary
        self.genres = genres = list(vocabulary.genres)
        self.accelerator = accelerator
        self._split = split
        schedule = config.training
        stream = BatchStream(schedule.seed, schedule.batch_size, rows, accelerator.device)
        self.parts = stream.parts(schedule.accumulation)
        """The parts of this process's share of a batch; it computes one part at a time."""
        self._painted: dict[int, tuple[int, Tensor]] = {}
        """The latest pictures of each part, keyed by its first row: (critic update, pictures)."""
        require_penalty_in_every_part(config.loss.penalty_every, (rows.stop - rows.start) // schedule.accumulation)
        self._sampler = BalancedSampler(split.genres, schedule.genre_balance)
        torch.manual_seed(schedule.seed)
        self.pair = AdversarialPair(
            build_generator(config.networks, len(genres)),
            build_critic(config.networks, len(genres)),
            accelerator,
            schedule,
            config.generator_optimizer,
            config.critic_optimizer,
        )

    def start_from(self, path: Path) -> str:
        """Load the weights of a run or export of stage I; its labels may differ. Return the generator's hash."""
        folder = find_export(path, TRAIN_COMMAND)
        require_stage(folder, 1)
        theirs = read_export_config(folder, Stage1Export).vocabulary
        networks = self.config.networks
        self.pair.start_from(
            folder,
            lambda num_genres, _: build_generator(networks, num_genres),
            lambda num_genres, _: build_critic(networks, num_genres),
            self.vocabulary,
            theirs,
        )
        return weights_hash(folder / "generator.safetensors")

    def step(self, step: int) -> Mapping[str, Tensor]:
        """Run training step number `step`; return what is logged."""
        return self.pair.step(step, self.update_critic, self.update_generator)

    def update_critic(self, update: int) -> dict[str, Tensor]:
        """Descend the critic's loss on batch number `update` of real and generated pictures."""
        return self.pair.descend_critic([partial(self.critic_loss_of, part, update) for part in self.parts])

    def update_generator(self, update: int) -> dict[str, Tensor]:
        """Descend the generator's loss on batch number `update`. The critic stays unchanged."""
        return self.pair.descend_generator([partial(self.generator_loss_of, part, update) for part in self.parts])

    def critic_loss_of(self, stream: BatchStream, update: int) -> Loss:
        """Return the critic's loss on a part of its batch."""
        loss = self.config.loss
        schedule = self.config.training
        paintings, genres = self.real_batch(stream, update)
        draws = stream.uniform(Purpose.AUGMENTATION_OF_REAL, update, NUM_DRAWS)
        real = augment(paintings, draws, schedule.augmentation)
        if schedule.learns_labels_alone(update):
            scores, logits = self.pair.critic(real)
            # Processes exchange the gradients of all weights, so the scores must take part, with weight 0.
            losses = class_loss(logits, genres) + 0 * scores
            return losses.mean(), {"accuracy_real": correct(logits, genres)}
        draws = stream.uniform(Purpose.AUGMENTATION_OF_FAKE, update, NUM_DRAWS)
        fake = augment(self._fake_batch(stream, update), draws, schedule.augmentation)
        real_scores, fake_scores, real_logits, fake_logits = self.judge(real, fake)
        penalty = self.penalty(stream, update, real, fake)
        losses = critic_loss(
            real_scores,
            fake_scores,
            penalty,
            real_logits,
            genres,
            fake_logits,
            penalty_weight=loss.gradient_penalty,
            drift_weight=loss.drift,
            genre_weight=loss.critic_genre,
            doubt_weight=loss.critic_doubt,
        )
        return losses.mean(), {
            "critic_gap": (real_scores - fake_scores).mean(),
            "penalty": penalty.mean(),
            "accuracy_real": correct(real_logits, genres),
        }

    def generator_loss_of(self, stream: BatchStream, update: int) -> Loss:
        """Return the generator's loss on a part of its batch. Keep the pictures for the next critic updates."""
        latents, genres = self._requests(stream, update)
        fake = self.pair.generator(latents, genres)
        self._painted[stream.rows.start] = update, fake.detach().float()
        draws = stream.uniform(Purpose.AUGMENTATION_FOR_GENERATOR, update, NUM_DRAWS)
        with self.pair.critic_frozen() as critic, self.accelerator.autocast():
            scores, logits = critic(augment(fake, draws, self.config.training.augmentation))
        losses = generator_loss(scores.float(), logits, genres, genre_weight=self.config.loss.generator_genre)
        return losses.mean(), {"accuracy_fake": correct(logits, genres)}

    def judge(
        self, real: Float[Tensor, "b 3 64 64"], fake: Float[Tensor, "b 3 64 64"]
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b"], Float[Tensor, "b k"], Float[Tensor, "b k"]]:
        """Return scores of real and fake, then their genre logits. One pass for both is faster than two."""
        scores, logits = self.pair.critic(torch.cat([real, fake]))
        return *scores.chunk(2), *logits.chunk(2)

    def penalty(
        self, stream: BatchStream, update: int, real: Float[Tensor, "b 3 64 64"], fake: Float[Tensor, "b 3 64 64"]
    ) -> Float[Tensor, "b"]:
        """Return the gradient penalty, computed for one in `penalty_every` pictures."""

        def scores_of(between: Tensor, _: Tensor) -> Tensor:
            scores: Tensor = self.pair.critic(between)[0]
            return scores

        loss = self.config.loss
        return sparse_penalty(
            scores_of, stream, update, loss.penalty_every, real, fake, one_sided=loss.one_sided_penalty
        )

    def real_batch(self, stream: BatchStream, update: int) -> tuple[Float[Tensor, "b 3 64 64"], Float[Tensor, "b k"]]:
        """Draw the paintings and genres of critic update number `update`, for the stream's rows."""
        random = stream.random(Purpose.REAL_BATCH, update)
        positions = self._sampler.draw(random, stream.batch_size)
        mirrored = stream.uniform(Purpose.FLIP, update) < (0.5 if self.config.training.flip else 0.0)
        genres = one_hot(self._split.genres[positions], len(self.genres))
        return stream.pictures(self._split, positions, mirrored), stream.take(genres)

    @torch.no_grad()
    def paint(
        self, seeds: Sequence[int], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b 3 64 64"]:
        """Paint pictures with the averaged weights. Stage I ignores the styles."""
        latents, device = draw_latents(seeds, self.config.networks.latent_dim), self.accelerator.device
        images: Tensor = self.pair.average(latents.to(device), genres.to(device))
        return images

    def paint_samples(self) -> Image.Image:
        """Paint a sheet: one row for each genre, with the same ten latents in every row and at every step."""
        return labelled_grid([to_pictures(row) for row in self._sample_rows()], self.genres or [ANY])

    def measure_variety(self) -> float:
        """Return spread of samples / spread of paintings, averaged over genres; 0 if the samples do not differ."""
        painted = torch.stack([spread(row) for row in self._sample_rows()])
        return float((painted / self._spread_of_paintings.to(painted.device)).mean())

    @property
    def paintings_differ(self) -> bool:
        """True if the paintings differ, so that variety can be measured."""
        return bool((self._spread_of_paintings > 0).all())

    @cached_property
    def _spread_of_paintings(self) -> Float[Tensor, "k"]:
        # Without genres there is one row, for all paintings.
        return spread_of_paintings(self._split, max(len(self.genres), 1))

    def _sample_rows(self) -> Iterator[Float[Tensor, "ten 3 64 64"]]:
        for label in torch.eye(len(self.genres)) if self.genres else torch.zeros(1, 0):
            yield self.paint(range(SAMPLE_COLUMNS), label.expand(SAMPLE_COLUMNS, -1), torch.zeros(SAMPLE_COLUMNS, 0))

    def _fake_batch(self, stream: BatchStream, update: int) -> Float[Tensor, "b 3 64 64"]:
        """Return the generated pictures for critic update number `update`; paint new ones only if they are due."""
        due = self.config.training.painted_for(update)
        painted_for, fake = self._painted.get(stream.rows.start, (None, None))
        if fake is None or painted_for != due:
            with torch.no_grad(), self.accelerator.autocast():
                fake = self.pair.plain_generator(*self._requests(stream, due)).float()
            self._painted[stream.rows.start] = due, fake
        return fake

    def _requests(self, stream: BatchStream, update: int) -> tuple[Float[Tensor, "b z"], Float[Tensor, "b k"]]:
        """Draw latents and genres to paint: genres as often as in real batches, some replaced by `any`."""
        random = stream.random(Purpose.TRAINING_REQUEST, update)
        size = stream.batch_size
        genres = one_hot(self._split.genres[self._sampler.draw(random, size)], len(self.genres))
        genres[random.random(size) < self.config.training.unlabelled_share] = 0
        latents = random.standard_normal((size, self.config.networks.latent_dim), dtype=np.float32)
        return stream.take(latents), stream.take(genres)
