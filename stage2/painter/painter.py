"""The painter: loads both trained stages, and paints pictures by genre, style and seed. Training does not use it.

A request is resolved once, at the border; everything inside works on resolved ones. A painting depends only on the
weights, the labels and its own seed. Stage II's export contains stage I's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from common.aspects import SQUARE, aspect_of, reshaped
from common.curation import Opinions, choose, judgement, likeness, rank, thumbnails, thumbnails_of
from common.errors import UserError
from common.images import labelled_grid, resized, to_pictures, to_signed, to_uint8
from common.machine import give_freed_memory_back, keep_freed_memory
from common.runs.exports import find_export, read_export_values
from common.vocabulary import ANY, require_same
from stage1.sampling import RUN as STAGE1_RUN
from stage1.sampling import SIZE, Stage1Painter, draw_latents
from stage2.painter.photos import Photo
from stage2.painter.requests import LARGEST_BATCH, STYLE_STRENGTH, Origin, Painting, Request
from stage2.painter.resolving import Resolved, points, resolve
from stage2.painter.variations import Walk, in_styles, noise_of, walk, walk_between, with_nearby_noise
from stage2.sampling import RUN, SHIPPED, TRAIN_COMMAND, Stage2Networks, draw_noise, stage1_of

CPU_BATCH = 4
"""Pictures per batch on a CPU; more are not faster, and 16 take 250 MB more than 8."""


class Painter:
    """Paints by genre and style. Load one with `Painter.load`."""

    def __init__(self, stage1: Stage1Painter, stage2: Stage2Networks | None) -> None:
        self.stage1, self.stage2 = stage1, stage2
        self.vocabulary, self.device = stage1.vocabulary, stage1.device
        self.shapes = (stage2.export.vocabulary.shapes if stage2 else {}) or stage1.vocabulary.shapes
        """Of each genre's paintings, if the weights know them (`common.vocabulary.Vocabulary`)."""
        self.weights = stage1.weights if stage2 is None else f"{stage1.weights}+{stage2.weights}"
        """Hashes of the weights, stage I's first."""
        self.folder = (stage2 or stage1).critic_weights.parent
        """The export that holds the weights."""
        largest = SIZE if stage2 is None else stage2.export.networks.resolution
        self.resolutions = tuple(side for side in (SIZE, 128, 256) if side <= largest)
        """Sides, in pixels, of the pictures that these weights can paint; those between both stages' are reduced."""
        self.batch_size = CPU_BATCH if self.device.type == "cpu" else LARGEST_BATCH
        """Most pictures per batch. A GPU tries the largest first; halved when the device runs out of memory."""

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

    def paint(
        self,
        genre: str = ANY,
        style: str = ANY,
        count: int = 1,
        seed: int = 0,
        resolution: int | None = None,
        truncation: float = 1.0,
        aspect: str = SQUARE,
        style_strength: float = STYLE_STRENGTH,
    ) -> list[Painting]:
        """Paint `count` pictures with the seeds `seed`, `seed + 1`, …, by default at the largest resolution.

        Genre and style are names, blends (`portrait:0.7,landscape:0.3`) or `any`; `Request` explains the rest. Raises
        UserError for an unknown name, with a suggestion, and for a resolution that the weights cannot paint.
        """
        one = Request(
            genre=genre,
            style=style,
            seed=seed,
            resolution=resolution,
            truncation=truncation,
            aspect=aspect,
            style_strength=style_strength,
        )
        return list(self.paint_resolved(self.resolve(one).with_seeds(range(seed, seed + count))))

    def stream(self, requests: Iterable[Request]) -> Iterator[Painting]:
        """Paint requests one batch at a time, in constant memory. Raises UserError when it reaches a faulty request."""
        return self.paint_resolved(map(self.resolve, requests))

    def curate(
        self,
        request: Request,
        keep: int,
        candidates: int,
        *,
        variety: bool = False,
        liked: Sequence[Image.Image] = (),
        disliked: Sequence[Image.Image] = (),
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[Painting]:
        """Paint `candidates` pictures with consecutive seeds, and return the `keep` best of them, best first.

        The surer the critic is of the requested labels, the better; likeness to a picture that is `liked` adds to that,
        and likeness to one that is `disliked` takes from it. `variety` skips pictures that look like a kept one.
        Each painting's `judgement` holds its realness, the probability of its labels, and its rank. `stopped` is asked
        after each batch; where it says so, nothing is returned. Raises UserError if the export has no critic.
        """
        if not 1 <= keep <= candidates:
            raise UserError(f"{keep} of {candidates} pictures cannot be kept; keep at least 1 and at most all")
        first = self.resolve(request)
        seeds = range(first.request.seed, first.request.seed + candidates)
        parts: list[Opinions] = []
        small: list[np.ndarray] = []
        for batch, images in self._batches(first.with_seeds(seeds)):
            pictures = to_uint8(images)
            if (opinion := self.opinions(pictures, *points(batch))) is None:
                raise UserError("the export has no critic, which curating needs; export the run again")
            parts.append(opinion)
            small.append(thumbnails(pictures.cpu()))
            if stopped():
                return []
        opinions, (genres, styles) = Opinions.joined(parts), (rows.numpy() for rows in points([first]))
        seen = np.concatenate(small)
        shift = likeness(seen, thumbnails_of(liked)) - likeness(seen, thumbnails_of(disliked))
        order = rank(opinions, genres.repeat(candidates, axis=0), styles.repeat(candidates, axis=0), shift)
        kept = choose(order, seen if variety else None, keep).tolist()
        # Paint them again: the pictures of all candidates would not fit into memory.
        chosen = self.paint_resolved(first.with_seeds(seeds[index] for index in kept))
        return [
            replace(painting, judgement=judgement(opinions, genres, styles, order, index))
            for index, painting in zip(kept, chosen, strict=True)
        ]

    def restyle(
        self,
        image: Image.Image,
        style: str = ANY,
        genre: str = ANY,
        count: int = 1,
        seed: int = 0,
        resolution: int | None = None,
        truncation: float = 1.0,
        style_strength: float = STYLE_STRENGTH,
    ) -> list[Painting]:
        """Paint a picture of your own in a style, in its shape, with stage II's noise of `count` consecutive seeds.

        Stage II sees 64 pixels of it. Raises UserError as `paint` does, and if the weights hold no stage II.
        """
        one = Request(
            genre=genre, style=style, resolution=resolution, truncation=truncation, style_strength=style_strength
        )
        return list(self.restyled(Photo.of(image), [replace(one, seed=seed + number) for number in range(count)]))

    def restyled(self, photo: Photo, requests: Iterable[Request]) -> Iterator[Painting]:
        """Paint a picture of your own as each of the requests asks, in its own shape. Raises UserError as `restyle`."""
        for one in requests:
            if not self.knows_styles(one.resolution or self.resolutions[-1]):
                have = f"choose another resolution than {SIZE}" if self.stage2 else f"train it: {TRAIN_COMMAND}"
                raise UserError(f"only stage II can paint over a picture; {have} (weights: {self.folder})")
        return self.paint_resolved([self.resolve(replace(one, aspect=photo.aspect)) for one in requests], photo)

    def vary_styles(self, request: Request, styles: Sequence[str] = ()) -> list[Painting]:
        """Paint the same composition in each of `styles`, or in every style. Raises UserError as `paint` does."""
        return list(self.stream(in_styles(request, self.styles_at(request.resolution), styles)))

    def vary_noise(self, request: Request, count: int, nearby: float = 0.3) -> list[Painting]:
        """Paint the request, and `count - 1` variants whose noise is moved by `nearby` (0 to 1) towards other seeds."""
        return list(self.stream(with_nearby_noise(request, count, nearby)))

    def walk(
        self, kind: Walk, request: Request, *, frames: int = 48, stops: int = 4, among: Sequence[str] = ()
    ) -> Iterator[Painting]:
        """Paint the frames of a looping walk through seeds, genres or styles (`stage2.painter.variations.walk`).

        Raises UserError before the first is painted.
        """
        known = list(self.vocabulary.genres) if kind == "genres" else self.styles_at(request.resolution)
        requests = walk(kind, request, known, frames=frames, stops=stops, among=among)
        return self.paint_resolved([self.resolve(one) for one in requests])

    def walk_between(self, requests: Sequence[Request], frames: int = 48) -> Iterator[Painting]:
        """Paint the frames of a looping walk from picture to picture. Raises UserError before the first is painted."""
        return self.paint_resolved(walk_between([self.resolve(one) for one in requests], frames))

    def again(self, origin: Origin) -> Painting:
        """Repaint the picture with this origin; on the same machine every pixel is the same.

        It takes its old row in a batch of the old size, because these affect rounding. Raises UserError if other
        weights painted it, or if it is a restyled photo, whose recipe does not hold the photo.
        """
        if origin.photo:
            raise UserError(
                "this is a restyled photo, which cannot be painted again from its recipe alone; restyle the photo again"
            )
        if origin.weights != self.weights:
            raise UserError(
                f"weights {origin.weights} painted the picture, but {self.folder} holds {self.weights}; choose the run "
                "or export that painted it with --weights"
            )
        resolved = self.resolve(origin.request)
        images = self.images_of([resolved] * origin.batch)
        [picture] = to_pictures(images[origin.row : origin.row + 1])
        shaped = self._shaped(picture, resolved)
        return Painting(resolved.request, self.weights, origin.row, origin.batch, image=shaped)

    def sheet(self, request: Request) -> Image.Image:
        """Paint the request in every genre and style, one row per genre. Pictures of 64 pixels have no style."""
        genres, styles = list(self.vocabulary.genres) or [ANY], self.styles_at(request.resolution) or [ANY]
        requests = (replace(request, genre=genre, style=style) for genre in genres for style in styles)
        pictures = [painting.image for painting in self.stream(requests)]
        rows = [pictures[start : start + len(styles)] for start in range(0, len(pictures), len(styles))]
        return labelled_grid(rows, genres, styles)

    def resolve(self, request: Request) -> Resolved:
        """Look up what a request asks for. Raises UserError, naming the weights, if these cannot paint it."""
        try:
            return resolve(request, self.vocabulary, self.shapes, self.resolutions)
        except UserError as error:
            raise UserError(f"{error} (weights: {self.folder})") from None

    def paint_resolved(self, requests: Iterable[Resolved], photo: Photo | None = None) -> Iterator[Painting]:
        """Paint resolved requests one batch at a time, in constant memory for any number of them.

        A photo takes the place of stage I's paintings.
        """
        digest = photo.digest if photo else ""
        for batch, images in self._batches(requests, photo):
            for row, (one, picture) in enumerate(zip(batch, to_pictures(images), strict=True)):
                yield Painting(one.request, self.weights, row, len(batch), digest, image=self._shaped(picture, one))

    def _shaped(self, picture: Image.Image, one: Resolved) -> Image.Image:
        asked = one.request
        return reshaped(
            picture, aspect_of(asked.aspect, self.shapes, [*self.vocabulary.genres], one.genres, asked.seed)
        )

    @torch.no_grad()
    def images_of(self, requests: Sequence[Resolved], photo: Photo | None = None) -> Float[Tensor, "b 3 size size"]:
        """Paint a batch of requests of one resolution; return tensors. A photo takes the place of stage I's."""
        asked, resolution = [one.request for one in requests], requests[0].resolution
        genres, styles = (rows.to(self.device) for rows in points(requests))
        if photo is None:
            small = self.stage1.paint(noise_of(asked, draw_latents, self.stage1.latent_dim), genres)
        else:
            small = photo.small.to(self.device).expand(len(requests), -1, -1, -1)
        if self.stage2 is None or resolution == SIZE:
            return small
        noise = noise_of(asked, draw_noise, self.stage2.export.networks.noise_dim)
        styles = styles * torch.tensor([[one.style_strength] for one in asked], device=self.device)
        large: Tensor = self.stage2.generator(small, genres, styles, noise.to(self.device))
        return resized(large, resolution)

    def images(
        self,
        seeds: Sequence[int],
        genres: Tensor,
        styles: Tensor,
        resolution: int,
        truncation: float = 1.0,
        style_strength: float = STYLE_STRENGTH,
    ) -> Float[Tensor, "b 3 size size"]:
        """Paint a batch by points of the genre and style simplex, all zeros for any; return tensors."""
        asked = [Request(seed=seed, truncation=truncation, style_strength=style_strength) for seed in seeds]
        rows = zip(asked, genres.tolist(), styles.tolist(), strict=True)
        return self.images_of([Resolved(one, resolution, tuple(genre), tuple(style)) for one, genre, style in rows])

    def knows_styles(self, resolution: int) -> bool:
        """Return True if pictures of that size are painted in a style."""
        return self.stage2 is not None and resolution != SIZE

    @property
    def eyes(self) -> list[str]:
        """The names of the frozen networks that the critics of these weights read."""
        read = {self.stage1.eyes} | ({self.stage2.export.networks.features} if self.stage2 else set())
        return sorted(read - {"none"})

    def styles_at(self, resolution: int | None) -> list[str]:
        """Return the names of the styles of pictures of that size, by default the largest."""
        return list(self.vocabulary.styles) if self.knows_styles(resolution or self.resolutions[-1]) else []

    @torch.no_grad()
    def opinions(
        self, images: UInt8[Tensor, "b 3 size size"], genres: Float[Tensor, "b k"], styles: Float[Tensor, "b s"]
    ) -> Opinions | None:
        """Return the critic's opinions on pictures with these labels; None if the export has no critic.

        Pictures of 64 pixels go to stage I's critic. All others are enlarged to the size of stage II's critic.
        """
        if images.shape[-1] == SIZE or self.stage2 is None:
            return self.stage1.opinions(images, genres)
        large = resized(to_signed(images.to(self.device)), self.resolutions[-1])
        return self.stage2.opinions(large, genres, styles)

    def _batches(
        self, requests: Iterable[Resolved], photo: Photo | None = None
    ) -> Iterator[tuple[list[Resolved], Float[Tensor, "b 3 size size"]]]:
        """Yield batches of requests of one resolution, in their order, with their pictures."""
        # Otherwise half of a CPU's time goes into pages that are given back and taken again with every batch.
        keep_freed_memory()
        try:
            for _, alike in groupby(requests, key=lambda one: one.resolution):
                waiting: list[Resolved] = []
                while waiting := waiting or list(islice(alike, self.batch_size)):
                    batch = waiting[: self.batch_size]
                    try:
                        images = self.images_of(batch, photo)
                    except torch.OutOfMemoryError:
                        if len(batch) == 1:
                            raise UserError("the device has no memory for one picture; use --device cpu") from None
                        self.batch_size = len(batch) // 2
                        continue
                    yield batch, images
                    waiting = waiting[len(batch) :]
        finally:
            give_freed_memory_back()
