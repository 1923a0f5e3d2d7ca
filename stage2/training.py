"""Train stage II from a dataset and stage I's export into a run folder; `stage2.sampling` reads its export.

`Stage2Trainer` holds the losses of one step of a conditional WGAN-GP with matching-aware pairs; `common.runs.pair`
descends them, and `common.runs.trainer` does everything around a step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor, nn

from common.data.augmentation import NUM_DRAWS, augment
from common.data.batches import BalancedSampler, BatchStream
from common.data.dataset import UNLABELLED, PaintingDataset, one_hot
from common.errors import UserError
from common.images import labelled_grid, to_float, to_pictures
from common.nn.features import FITTED, MapReader, maps_in_parts
from common.nn.losses import correct
from common.randomness import Purpose
from common.runs import trainer
from common.runs.accelerator import apart_from_other_runs, make_accelerator
from common.runs.exports import CONFIG
from common.runs.folder import RunFolder, runs_of
from common.runs.pair import AdversarialPair, Loss
from common.vocabulary import ANY, Vocabulary, counted, require_same
from stage1.sampling import SIZE, Stage1Painter, draw_latents, usual_weights
from stage2.config import Stage2Config
from stage2.critic import Critic
from stage2.losses import (
    correlation,
    critic_loss,
    label_loss,
    lattice,
    layout_correlation,
    layout_distance,
    reduced_distance,
    wrong_styles,
)
from stage2.networks import build_critic, build_generator, eyes_of, look
from stage2.sampling import STAGE1_FOLDER, draw_noise, save_export

SAMPLE_COLUMNS = 5
CONTENT_MAPS = (1, 2)
"""Those of strides 8 and 16, among the maps of the whole picture."""
VIEW_DRAWS = 2 + NUM_DRAWS
"""Random numbers for each picture that the critic looks at: the place of a square, and the augmentation."""


@apart_from_other_runs()
def train(
    settings: Stage2Config,
    dataset: PaintingDataset,
    stage1: Path | None,
    out: Path,
    *,
    resume: bool,
    start_from: Path | None = None,
    max_minutes: float | None = None,
) -> None:
    """Train stage II on the pictures of the run or export `stage1`, into the run folder `out`.

    Without `stage1`, a resumed run keeps its own stage I, and a new run takes `runs/stage1` or the weights that come
    with the project. Stage II starts from random weights, or from the run or export `start_from`. Raises UserError if
    these, the dataset and the run in `out` do not fit together.
    """
    run = RunFolder(out)
    run.check(settings, dataset, resume=resume)
    kept = run.export / STAGE1_FOLDER
    is_new = not (kept / CONFIG).is_file()
    if is_new and any(run.checkpoints.glob("step-*")):
        raise UserError(f"{kept} is missing, the stage I that {out} was trained on; put a copy of it there")
    if stage1 is None:
        stage1 = usual_weights() if is_new else kept
    painter = Stage1Painter.load(stage1)
    if not is_new:
        # Compare weights, not files: a run stores single precision, an export may be half.
        ours, theirs = (one.generator.state_dict() for one in (painter, Stage1Painter.load(kept)))
        if ours.keys() != theirs.keys() or not all(map(torch.equal, ours.values(), theirs.values())):
            raise UserError(
                f"{out} was started on another stage I than {stage1}; leave --stage1 out, or give another --out"
            )
    require_same(painter.vocabulary, dataset.vocabulary, str(stage1), str(dataset.folder))
    elsewhere = is_new and any(made.started_on_other(dataset) for made in runs_of(stage1))
    accelerator = make_accelerator(settings.training.precision, settings.logging.trackers, run)
    if elsewhere and accelerator.is_main_process:
        print(
            f"warning: {stage1} was trained on another dataset than {dataset.folder}; it may have seen paintings that "
            "are held out here, so figures of this run may be too good",
            file=sys.stderr,
        )
    painter.generator.to(accelerator.device)
    stage = Stage2Trainer(settings, dataset, painter, accelerator)
    stage.about += f", on stage I of {stage1}"
    stage.origin = {"stage1_trained_elsewhere": elsewhere}
    trainer.train(stage, run, dataset, start_from=start_from, max_minutes=max_minutes)


@dataclass(frozen=True)
class _Batch:
    """Rows of one batch: real paintings, and the requests for generated ones. The label `any` is all zeros."""

    large: Float[Tensor, "b 3 size size"]
    reduced: Float[Tensor, "b 3 64 64"]
    """The same paintings at 64 pixels, or others of their genres."""
    from_real: Bool[Tensor, "b"]
    """True if the small picture is `reduced`, False if stage I paints it."""
    restyled: Bool[Tensor, "b"]
    """True if `reduced` is of another painting."""
    genres: Float[Tensor, "b k"]
    styles: Float[Tensor, "b s"]
    asked_genres: Float[Tensor, "b k"]
    asked_styles: Float[Tensor, "b s"]
    wrong_styles: Float[Tensor, "b s"]
    latents: Float[Tensor, "b z"]
    noise: Float[Tensor, "b n"]


class Stage2Trainer:
    """The losses, batches and sample pictures of stage II (`common.runs.trainer.Trainer`)."""

    stage = 2

    def __init__(
        self, settings: Stage2Config, dataset: PaintingDataset, painter: Stage1Painter, accelerator: Accelerator
    ) -> None:
        """Raise UserError if the batch cannot be divided over processes and parts."""
        self.settings = settings
        self.vocabulary: Vocabulary = dataset.vocabulary
        self.resolution: int = settings.networks.resolution
        self.accelerator = accelerator
        self.origin: Mapping[str, Any] = {}
        self._painter = painter
        schedule = settings.training
        self._large, self._small = (
            dataset.split("train", size, residence=schedule.pictures_in, device=accelerator.device)
            for size in (self.resolution, SIZE)
        )
        self.about = f"stage II, {self.resolution} pixels: {len(self._large)} paintings of {counted(self.vocabulary)}"
        self._sampler = BalancedSampler(self._large.pairs(), schedule.label_balance)
        self._peers = _peers(np.unique(self._large.labels("genre"), axis=0, return_inverse=True)[1].reshape(-1))
        self._painted: dict[int, tuple[_Batch, list[Tensor]]] = {}
        """Of each part, keyed by its first row: the batch of the generator's latest update, and views of its pictures.

        The first critic update of a step judges these; the others paint anew.
        """
        torch.manual_seed(schedule.seed)
        generator, self._critic = self.build(len(self.vocabulary.genres), len(self.vocabulary.styles))
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
                middle = torch.full((len(paintings), 2), 0.5, device=device)
                return look(eyes, to_float(paintings).to(device), middle)[1]

            with torch.no_grad():
                self._critic.fit(maps_in_parts(read, self._large.sample(FITTED)))
        return eyes

    def views(
        self, images: Float[Tensor, "b 3 size size"], stream: BatchStream, purpose: Purpose, update: int
    ) -> list[Tensor]:
        """Return the critic's views of a part's pictures, augmented, with gradients to them.

        `purpose` is that of the random draws.
        """
        draws = stream.uniform(purpose, update, VIEW_DRAWS)
        augmented = augment(images, draws[:, 2:], self.settings.training.augmentation)
        with self.pair.in_precision():
            pixels, maps = look(self._eyes, augmented, draws[:, :2])
            return [part.float() for part in self._critic.views(pixels, maps)]

    def build(self, num_genres: int, num_styles: int) -> tuple[nn.Module, Critic]:
        """Return a generator and a critic with random weights."""
        networks = self.settings.networks
        return build_generator(networks, num_genres, num_styles), build_critic(networks, num_genres, num_styles)

    def critic_loss(self, stream: BatchStream, update: int) -> Loss:
        """Return the critic's loss on a part of its batch."""
        loss = self.settings.loss
        painted = self._painted.pop(stream.rows.start, None)
        batch = self._batch(stream, update) if painted is None else painted[0]
        with torch.no_grad():
            real_views = self.views(batch.large, stream, Purpose.VIEW_OF_REAL, update)
        if self.settings.training.learns_labels_alone(update):
            _, genre_logits, style_logits, _ = self.pair.judge(real_views, batch.asked_genres, batch.asked_styles)
            return label_loss(genre_logits, batch.genres, style_logits, batch.styles).mean(), {
                "genre_real": correct(genre_logits, batch.genres),
                "style_real": correct(style_logits, batch.styles),
            }
        if painted is None:
            with torch.no_grad():
                fake = self._paint(self._small_pictures(batch), batch)
                fake_views = self.views(fake, stream, Purpose.VIEW_OF_FAKE, update)
        else:
            fake_views = painted[1]
        scores, genre_logits, style_logits, features = self.pair.judge(
            [torch.cat(views) for views in zip(real_views, fake_views, strict=True)],
            torch.cat([batch.asked_genres] * 2),
            torch.cat([batch.asked_styles] * 2),
        )
        real_scores, fake_scores = scores.chunk(2)
        size = len(batch.large)
        with self.pair.in_precision():
            of_real = [part[:size] for part in features]
            wrong_scores = self._critic.score(of_real, batch.asked_genres, batch.wrong_styles)

        def scores_of(between: list[Tensor], places: Tensor, _: Tensor) -> Tensor:
            scores: Tensor = self.pair.judge(between, batch.asked_genres[places], batch.asked_styles[places])[0]
            return scores

        penalty = self.pair.penalty(scores_of, stream, update, real_views, fake_views)
        wrong = batch.wrong_styles.sum(dim=1) * batch.asked_styles.sum(dim=1)
        realness = critic_loss(
            real_scores,
            fake_scores,
            wrong_scores.float(),
            wrong,
            penalty,
            wrong_weight=loss.wrong_style,
            penalty_weight=loss.gradient_penalty,
            drift_weight=loss.drift,
        )
        labels = label_loss(genre_logits[:size], batch.genres, style_logits[:size], batch.styles)
        return (realness + loss.critic_labels * labels).mean(), {
            "critic_gap": (real_scores - fake_scores).mean(),
            "wrong_gap": torch.stack([(wrong * (real_scores - wrong_scores)).sum(), wrong.sum()]),
            "penalty": penalty.mean(),
            "genre_real": correct(genre_logits[:size], batch.genres),
            "style_real": correct(style_logits[:size], batch.styles),
        }

    def generator_loss(self, stream: BatchStream, update: int) -> Loss:
        """Return the generator's loss on a part of its batch. Keep its views for the next critic update."""
        loss = self.settings.loss
        batch = self._batch(stream, update)
        small = self._small_pictures(batch)
        fake = self._paint(small, batch)
        views = self.views(fake, stream, Purpose.VIEW_FOR_GENERATOR, update)
        self._painted[stream.rows.start] = batch, [view.detach() for view in views]
        scores, genre_logits, style_logits, _ = self.pair.judge(views, batch.asked_genres, batch.asked_styles)
        labels = label_loss(genre_logits, batch.asked_genres, style_logits, batch.asked_styles)
        rebuilt = (batch.from_real & ~batch.restyled).float()
        reconstruction = rebuilt * reduced_distance(small, fake)
        losses = -scores + loss.generator_labels * labels + loss.layout * layout_distance(small, fake)
        repeated = lattice(fake)
        losses = losses + loss.reconstruction * reconstruction + loss.lattice * repeated
        figures = {}
        if loss.content:
            # Augmented as the generator's pictures are.
            draws = stream.uniform(Purpose.VIEW_FOR_GENERATOR, update, VIEW_DRAWS)[:, 2:]
            content = self._content_kept(augment(small, draws, self.settings.training.augmentation), views)
            losses = losses + loss.content * (1 - content)
            figures["content"] = content.mean()
        return losses.mean(), figures | {
            "layout": layout_correlation(small, fake).mean(),
            "lattice": repeated.mean(),
            "reconstruction": torch.stack([reconstruction.sum(), rebuilt.sum()]),
            "genre_fake": correct(genre_logits, batch.asked_genres),
            "style_fake": correct(style_logits, batch.asked_styles),
        }

    def _content_kept(self, small: Float[Tensor, "b 3 h w"], views: Sequence[Tensor]) -> Float[Tensor, "b"]:
        """Correlate what the eyes see in the whole pictures with what they see in the small ones."""
        assert self._eyes is not None
        with torch.no_grad(), self.pair.in_precision():
            maps = self._eyes(small)
            seen = [self._critic.projections[place](maps[place]).float() for place in CONTENT_MAPS]
        kept = [correlation(views[1 + place], one) for place, one in zip(CONTENT_MAPS, seen, strict=True)]
        return torch.stack(kept).mean(dim=0)

    @torch.no_grad()
    def paint(
        self, seeds: Sequence[int], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Float[Tensor, "b 3 size size"]:
        """Paint pictures with the averaged weights, from stage I's pictures of the same seeds."""
        device = self.accelerator.device
        small = self._painter.paint(draw_latents(seeds, self._painter.latent_dim), genres)
        noise = draw_noise(seeds, self.settings.networks.noise_dim).to(device)
        images: Tensor = self.pair.average(small, genres.to(device), styles.to(device), noise)
        return images

    @torch.no_grad()
    def sheet(self) -> Image.Image:
        """Paint a sheet: stage I's pictures of a few genres in the first row, below them the same in every style."""
        genre_names, style_names = list(self.vocabulary.genres), list(self.vocabulary.styles)
        columns = [number % max(len(genre_names), 1) for number in range(SAMPLE_COLUMNS)]
        genres = torch.eye(len(genre_names))[columns] if genre_names else torch.zeros(SAMPLE_COLUMNS, 0)
        styles = torch.eye(len(style_names)) if style_names else torch.zeros(1, 0)
        seeds = range(SAMPLE_COLUMNS)
        small = self._painter.paint(draw_latents(seeds, self._painter.latent_dim), genres)
        rows = [[picture.resize((self.resolution,) * 2) for picture in to_pictures(small)]]
        rows += [to_pictures(self.paint(seeds, genres, style.expand(SAMPLE_COLUMNS, -1))) for style in styles]
        above = [genre_names[column] if genre_names else ANY for column in columns]
        return labelled_grid(rows, ["stage I", *(style_names or [ANY])], above)

    def variety(self) -> None:
        """Return None: stage II paints what stage I composed."""

    def export(self, folder: Path) -> None:
        """Write an export of the averaged weights, with stage I's inside."""
        networks = self.settings.networks
        modules = {"generator": self.pair.average, "critic": self.pair.average_critic}
        save_export(folder, networks, self.vocabulary, self._painter, modules, eyes=self.eyes)

    def keep_inputs(self, export: Path) -> None:
        """Keep a copy of stage I: the run must be able to resume even if stage I's run is changed or deleted."""
        if not (export / STAGE1_FOLDER / CONFIG).is_file():
            self._painter.save(export / STAGE1_FOLDER)

    def _small_pictures(self, batch: _Batch) -> Float[Tensor, "b 3 64 64"]:
        """Return the small pictures of a batch, of which some are real."""
        painted = self._painter.paint(batch.latents, batch.asked_genres)
        return torch.where(batch.from_real[:, None, None, None], batch.reduced, painted)

    def _paint(self, small: Float[Tensor, "b 3 64 64"], batch: _Batch) -> Float[Tensor, "b 3 size size"]:
        """Return what the generator makes of a batch's small pictures."""
        images: Tensor = self.pair.paint(small, batch.asked_genres, batch.asked_styles, batch.noise)
        return images

    def _batch(self, stream: BatchStream, update: int) -> _Batch:
        """Draw real paintings, and request generated ones with the same labels.

        So each pair (genre, style) is equally frequent in real and generated pictures, and none gives a fake away.
        """
        schedule = self.settings.training
        random = stream.random(Purpose.REAL_BATCH, update)
        size = stream.batch_size
        positions = self._sampler.draw(random, size)
        genres = self._large.points("genre", positions, len(self.vocabulary.genres))
        styles = self._large.points("style", positions, len(self.vocabulary.styles))
        open_genre = random.random(size) < schedule.unlabelled_share
        open_style = random.random(size) < schedule.unlabelled_share
        wrong = wrong_styles(np.where(open_style, UNLABELLED, self._large.styles[positions]), UNLABELLED)
        latents = random.standard_normal((size, self._painter.latent_dim), dtype=np.float32)
        noise = random.standard_normal((size, self.settings.networks.noise_dim), dtype=np.float32)
        from_real = random.random(size) < schedule.real_pair_share
        mirrored = stream.take(random.random(size) < (0.5 if schedule.flip else 0.0))
        # Another painting with the same genre: so pairs of genre and style stay as frequent as in real paintings.
        restyled = random.random(size) < schedule.restyled_share if schedule.restyled_share else np.zeros(size, bool)
        others = np.where(restyled, self._peers(positions, random), positions)
        return _Batch(
            large=stream.pictures(self._large, positions, mirrored),
            reduced=stream.pictures(self._small, others, mirrored),
            from_real=stream.take(from_real),
            restyled=stream.take(restyled),
            genres=stream.take(genres),
            styles=stream.take(styles),
            asked_genres=stream.take(genres * ~open_genre[:, None]),
            asked_styles=stream.take(styles * ~open_style[:, None]),
            wrong_styles=stream.take(one_hot(wrong, len(self.vocabulary.styles))),
            latents=stream.take(latents),
            noise=stream.take(noise),
        )


def _peers(
    labels: Int[np.ndarray, "n"],
) -> Callable[[Int[np.ndarray, "b"], np.random.Generator], Int[np.ndarray, "b"]]:
    """Return a function that draws, for each of some places, a place with the same label."""
    order = np.argsort(labels, kind="stable")
    first, past = (np.searchsorted(labels[order], labels, side=side) for side in ("left", "right"))

    def draw(places: Int[np.ndarray, "b"], random: np.random.Generator) -> Int[np.ndarray, "b"]:
        chosen: Int[np.ndarray, "b"] = order[random.integers(first[places], past[places])]
        return chosen

    return draw
