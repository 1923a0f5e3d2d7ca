"""The painter: loads both trained stages, and paints pictures by genre, style and seed. Training does not use it.

A painting depends only on the weights, the labels and its own seed. Stage II's export contains stage I's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from common.curation import Judgements, Opinions, choose, thumbnails
from common.errors import UserError
from common.images import labelled_grid, resized, to_pictures, to_signed, to_uint8
from common.runs.exports import find_export, read_export_values
from common.vocabulary import ANY, Vocabulary, is_any, require_same
from stage1.sampling import RUN as STAGE1_RUN
from stage1.sampling import SIZE, Stage1Painter, draw_latents
from stage2.painter.batches import DEVICE_BATCH, Batches
from stage2.painter.noise import noise_of
from stage2.painter.requests import Origin, Painting, Request, Series
from stage2.painter.variations import Walk, in_styles, walk, with_nearby_noise
from stage2.sampling import RUN, SHIPPED, TRAIN_COMMAND, Stage2Networks, draw_noise, stage1_of


class Painter:
    """Paints by genre and style. Load one with `Painter.load`."""

    def __init__(self, stage1: Stage1Painter, stage2: Stage2Networks | None) -> None:
        self._stage1 = stage1
        self._stage2 = stage2
        self.vocabulary: Vocabulary = stage1.vocabulary
        self._genre_point = lru_cache(1024)(self.vocabulary.genre_weights)
        self._style_point = lru_cache(1024)(self.vocabulary.style_weights)
        self._genre_spelling = lru_cache(1024)(self.vocabulary.genre_spelling)
        self._style_spelling = lru_cache(1024)(self.vocabulary.style_spelling)
        self._batches = Batches(self.images_of, stage1.device)

    @classmethod
    def load(cls, path: Path | str | None = None, device: torch.device | str = "cpu") -> Painter:
        """Load a run or an export of either stage. Stage I alone paints 64 pixels and has no style.

        Without a path, load `runs/stage2`, else `runs/stage1`, else the weights that come with the project.
        Raises UserError if something is missing or broken.
        """
        if path is None:
            path = next((run for run in (RUN, STAGE1_RUN) if run.exists()), SHIPPED)
        folder = find_export(Path(path), TRAIN_COMMAND)
        if read_export_values(folder).get("stage") == 1:
            return cls(Stage1Painter.load(folder, device), None)
        stage1 = Stage1Painter.load(stage1_of(folder), device)
        stage2 = Stage2Networks.load(folder, device)
        require_same(stage2.export.vocabulary, stage1.vocabulary, str(folder), str(stage1_of(folder)))
        return cls(stage1, stage2)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Sides, in pixels, of the pictures that these weights can paint.

        Sizes between stage I's and stage II's are pictures of stage II, reduced.
        """
        largest = SIZE if self._stage2 is None else self._stage2.export.networks.resolution
        return tuple(SIZE * 2**doubled for doubled in range((largest // SIZE).bit_length()))

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self._stage1.device

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
        truncation: float = 1.0,
    ) -> list[Painting]:
        """Paint `count` pictures with the seeds `seed`, `seed + 1`, …, by default at the largest resolution.

        Genre and style are names, blends (`portrait:0.7,landscape:0.3`) or `any`; `truncation` is explained in
        `Request`. Raises UserError for an unknown name, with a suggestion, and for a resolution that the weights cannot
        paint.
        """
        self.check(genre, style, count, seed, resolution, truncation)
        first = Request(genre=genre, style=style, seed=seed, resolution=resolution, truncation=truncation)
        return list(self.stream(Series(first, count)))

    def stream(self, requests: Iterable[Request]) -> Iterator[Painting]:
        """Paint requests one batch at a time, in constant memory for any number of them.

        Raises UserError as `paint` does, when it reaches the faulty request.
        """
        for batch, images in self._batches.of(map(self.resolve, requests)):
            for row, (request, picture) in enumerate(zip(batch, to_pictures(images), strict=True)):
                yield Painting(picture, request, self.weights, row, len(batch))

    def curate(self, request: Request, keep: int, candidates: int, *, variety: bool = False) -> list[Painting]:
        """Paint `candidates` pictures with consecutive seeds, and return the `keep` best of them, best first.

        The surer the critic is of the requested labels, the better. `variety` skips pictures that look like a kept one.
        Each painting's `judgement` holds its realness, the probability of its labels, and its rank. Raises UserError if
        the export has no critic.
        """
        if not 1 <= keep <= candidates:
            raise UserError(f"{keep} of {candidates} pictures cannot be kept; keep at least 1 and at most all")
        series = Series(self.resolve(request), candidates)
        if not self.has_critic(series.first.resolution):
            raise UserError("the export has no critic, which curating needs; export the run again")
        opinions: list[Opinions] = []
        small: list[np.ndarray] = []
        for batch, images in self._batches.of(series):
            pictures = to_uint8(images)
            said = self.opinions(pictures, *self._points(batch))
            assert said is not None, "has_critic was checked above"
            opinions.append(said)
            if variety:
                small.append(thumbnails(pictures.cpu()))
        genres, styles = (points[0].numpy() for points in self._points([series.first]))
        judgements = Judgements(Opinions.joined(opinions), genres, styles)
        kept = choose(judgements.order, np.concatenate(small) if variety else None, keep)
        # Paint them again: the pictures of all candidates would not fit into memory.
        chosen = self.stream(replace(series.first, seed=series.first.seed + int(place)) for place in kept)
        return [
            replace(painting, judgement=judgements.of(int(place))) for place, painting in zip(kept, chosen, strict=True)
        ]

    def vary_styles(self, request: Request, styles: Sequence[str] = ()) -> list[Painting]:
        """Paint the same composition in each of `styles`, or in every style. Raises UserError as `paint` does."""
        return list(self.stream(in_styles(request, self.vocabulary, styles)))

    def vary_noise(self, request: Request, count: int, nearby: float = 0.3) -> list[Painting]:
        """Paint the request, and `count - 1` variants whose noise is moved by `nearby` (0 to 1) towards other seeds."""
        return list(self.stream(with_nearby_noise(request, count, nearby)))

    def walk(
        self, kind: Walk, request: Request, *, frames: int = 48, stops: int = 4, among: Sequence[str] = ()
    ) -> Iterator[Painting]:
        """Paint the frames of a looping walk through seeds, genres or styles (`stage2.painter.variations.walk`)."""
        return self.stream(walk(kind, request, self.vocabulary, frames=frames, stops=stops, among=among))

    def again(self, origin: Origin) -> Painting:
        """Repaint the picture with this metadata; on the same machine every pixel is the same.

        It takes its old row in a batch of the old size, because these affect rounding. Raises UserError if other
        weights painted it.
        """
        self.require_same_weights(origin)
        request = self.resolve(origin.request)
        if origin.batch > DEVICE_BATCH:
            raise UserError(
                f"the picture's metadata names a batch of {origin.batch}, but {DEVICE_BATCH} is the maximum; choose an "
                "unedited picture"
            )
        image = to_pictures(self.images_of([request] * origin.batch)[origin.row : origin.row + 1])[0]
        return Painting(image, request, self.weights, origin.row, origin.batch)

    def require_same_weights(self, origin: Origin) -> None:
        """Raise UserError if other weights painted the picture."""
        if origin.weights != self.weights:
            raise UserError(
                f"weights {origin.weights} painted the picture, but these are {self.weights}; choose the run or export "
                "that painted it with --weights"
            )

    def sheet(self, seed: int = 0, truncation: float = 1.0, resolution: int | None = None) -> Image.Image:
        """Paint every genre in every style, one row per genre, all from one seed.

        Raises UserError without stage II, and for a resolution that the weights cannot paint.
        """
        if self._stage2 is None:
            raise UserError("a sheet of genres and styles needs stage II; choose a stage II run with --weights")
        genres, styles = list(self.vocabulary.genres) or [ANY], list(self.vocabulary.styles) or [ANY]
        asked = (
            Request(genre=genre, style=style, seed=seed, truncation=truncation, resolution=resolution)
            for genre in genres
            for style in styles
        )
        pictures = [painting.image for painting in self.stream(asked)]
        rows = [pictures[start : start + len(styles)] for start in range(0, len(pictures), len(styles))]
        return labelled_grid(rows, genres, styles)

    def check(
        self, genre: str, style: str, count: int, seed: int, resolution: int | None, truncation: float = 1.0
    ) -> int:
        """Raise UserError if `paint` cannot fulfil the request; return the resolution to paint at."""
        self._genre_point(genre)
        self._style_point(style)
        if count < 1:
            raise UserError(f"count {count} paints nothing; choose at least 1")
        if seed < 0:
            raise UserError(f"seed {seed} is negative; choose 0 or above")
        if not 0 < truncation <= 1:
            raise UserError(f"truncation {truncation:g} is out of range; choose a number above 0, at most 1")
        resolution = self.resolutions[-1] if resolution is None else resolution
        if resolution not in self.resolutions:
            known = ", ".join(str(side) for side in self.resolutions)
            raise UserError(f"these weights cannot paint resolution {resolution}; choose one of {known}")
        if resolution == SIZE and not is_any(style):
            remedy = (
                f"ask for no style, or train stage II: {TRAIN_COMMAND}"
                if self._stage2 is None
                else "ask for no style, or for another resolution"
            )
            raise UserError(f"style {style!r} needs stage II, and {SIZE} pixels are painted by stage I alone; {remedy}")
        return resolution

    def check_series(self, series: Series) -> int:
        """Do the same as `check`; for a request from a file, the message begins with file and line."""
        first = series.first
        try:
            return self.check(first.genre, first.style, series.count, first.seed, first.resolution, first.truncation)
        except UserError as error:
            raise UserError(f"{series.place}: {error}" if series.place else str(error)) from None

    def resolve(self, request: Request) -> Request:
        """Return the request with its resolution, and with the vocabulary's spelling of the labels.

        Raises UserError if it cannot be fulfilled.
        """
        size = self.check(request.genre, request.style, 1, request.seed, request.resolution, request.truncation)
        if (request.towards or 0) < 0 or not 0 <= request.nearby <= 1:
            raise UserError(
                f"nearby {request.nearby:g} towards seed {request.towards} is out of range; choose nearby from 0 to 1 "
                "and a seed of 0 or above"
            )
        # Convert NumPy numbers to plain ones: they are written to the metadata and read again.
        return replace(
            request,
            genre=self._genre_spelling(request.genre),
            style=self._style_spelling(request.style),
            seed=int(request.seed),
            truncation=float(request.truncation),
            nearby=float(request.nearby),
            resolution=int(size),
        )

    @torch.no_grad()
    def images_of(self, requests: Sequence[Request]) -> Float[Tensor, "b 3 size size"]:
        """Paint a batch of requests of one resolution; return tensors."""
        resolution = self.resolve(requests[0]).resolution
        latents = noise_of(requests, lambda seeds: draw_latents(seeds, self._stage1.latent_dim))
        small = self._stage1.paint(latents, self._points(requests)[0])
        if resolution == SIZE or self._stage2 is None:
            return small
        noise_dim = self._stage2.export.networks.noise_dim
        noise = noise_of(requests, lambda seeds: draw_noise(seeds, noise_dim))
        return self._enlarged(small, *self._points(requests), noise, resolution)

    @torch.no_grad()
    def images(
        self,
        seeds: Sequence[int],
        genres: Float[Tensor, "b k"],
        styles: Float[Tensor, "b s"],
        resolution: int,
        truncation: float = 1.0,
    ) -> Float[Tensor, "b 3 size size"]:
        """Paint a batch by points of the genre and style simplex, all zeros for any; return tensors."""
        small = self._stage1.paint(truncation * draw_latents(seeds, self._stage1.latent_dim), genres)
        if resolution == SIZE or self._stage2 is None:
            return small
        noise = truncation * draw_noise(seeds, self._stage2.export.networks.noise_dim)
        return self._enlarged(small, genres, styles, noise, resolution)

    def knows_styles(self, resolution: int) -> bool:
        """Return True if pictures of that size are painted in a style."""
        return self._stage2 is not None and resolution != SIZE

    def has_critic(self, resolution: int | None) -> bool:
        """Return True if the export has a critic for pictures of that size."""
        if resolution == SIZE or self._stage2 is None:
            return self._stage1.critic is not None
        return self._stage2.critic is not None

    @torch.no_grad()
    def opinions(
        self, images: UInt8[Tensor, "b 3 size size"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Opinions | None:
        """Return the critic's opinions on pictures with these labels; None if the export has no critic.

        Pictures of 64 pixels go to stage I's critic. All others are enlarged to the size of stage II's critic.
        """
        if images.shape[-1] == SIZE or self._stage2 is None:
            return self._stage1.opinions(images)
        critic, device = self._stage2.critic, self._stage1.device
        if critic is None:
            return None
        large = resized(to_signed(images.to(device)), self.resolutions[-1])
        scores, genre_logits, style_logits, _ = critic(large, genres.to(device), styles.to(device))
        return Opinions(scores.cpu().numpy(), genre_logits.cpu().numpy(), style_logits.cpu().numpy())

    def _points(self, requests: Sequence[Request]) -> tuple[Float[Tensor, "b k"], Float[Tensor, "b s"]]:
        return (
            torch.tensor([self._genre_point(request.genre) for request in requests]),
            torch.tensor([self._style_point(request.style) for request in requests]),
        )

    def _enlarged(
        self, small: Tensor, genres: Tensor, styles: Tensor, noise: Tensor, resolution: int | None
    ) -> Float[Tensor, "b 3 size size"]:
        assert self._stage2 is not None
        device = small.device
        images: Tensor = self._stage2.generator(small, genres.to(device), styles.to(device), noise.to(device))
        return resized(images, resolution or self.resolutions[-1])
