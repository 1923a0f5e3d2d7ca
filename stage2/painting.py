"""One picture: what is asked of the painter, and what it hands over. `stage2.sampling` paints the one as the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from common.errors import UserError
from common.images import CAPTION_JOIN
from common.picture_files import encode, format_of, write_whole
from common.vocabulary import ANY, plain_number

LONGEST_SLUG = 80
"""Bytes: two labels, seeds and numbers are to stay within the 255 of a file's name."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One picture to paint: its labels in words, and what its noise is drawn from. `Painter` checks the values."""

    genre: str = ANY
    """A name, a blend such as `portrait:0.7,landscape:0.3`, or `any`."""
    style: str = ANY
    """A name, a family, a blend, or `any`."""
    seed: int = 0
    truncation: float = 1.0
    """Above 0, to 1: the noise is multiplied by it. Less is more usual: pictures come nearer to their labels' mean."""
    towards: int | None = None
    """Another seed, in the direction of whose noise this picture's lies."""
    nearby: float = 0.0
    """How far towards it, from 0 to 1."""
    resolution: int | None = None
    """Side in pixels; None is the largest that the weights paint."""

    @property
    def stem(self) -> str:
        """The name of its file, short of the format: labels, seed, and what else is out of the ordinary."""
        return _stem(self, str(self.seed))


@dataclass(frozen=True)
class Series:
    """Like requests with the seeds `first.seed`, `first.seed + 1`, …: however many, they take no memory."""

    first: Request
    count: int = 1
    place: str = field(default="", compare=False)
    """Where they were asked for, as file and line."""

    def __iter__(self) -> Iterator[Request]:
        for number in range(self.count):
            yield replace(self.first, seed=self.first.seed + number)

    @property
    def stem(self) -> str:
        """The name of a file of all of them, short of the format."""
        last = "" if self.count == 1 else f"-{self.first.seed + self.count - 1}"
        return _stem(self.first, f"{self.first.seed}{last}")


@dataclass(frozen=True)
class Painting:
    """A finished picture and where it comes from."""

    image: Image.Image
    request: Request
    """What was asked, with its resolution, and labels as the vocabulary spells them."""
    weights: str
    """Hashes of the weights that painted it."""
    row: int = 0
    batch: int = 1
    """It was painted in this row of a batch of this size: another size rounds otherwise in the seventh digit."""
    judgement: Mapping[str, str] = field(default_factory=dict)
    """What the critic said of it, where that was asked."""

    @property
    def genre(self) -> str:
        """What was asked, as the vocabulary spells it."""
        return self.request.genre

    @property
    def style(self) -> str:
        """What was asked, as the vocabulary spells it."""
        return self.request.style

    @property
    def seed(self) -> int:
        """Of its noise."""
        return self.request.seed

    def metadata(self) -> dict[str, str]:
        """What the file says of itself: all that `Painter.again` needs."""
        request = self.request
        moved = {} if request.towards is None else {"towards": str(request.towards), "nearby": repr(request.nearby)}
        return {
            "Software": "Atelier",
            "genre": request.genre,
            "style": request.style,
            "seed": str(request.seed),
            "truncation": repr(request.truncation),
            **moved,
            "resolution": str(request.resolution),
            "weights": self.weights,
            "batch": f"{self.row + 1} of {self.batch}",
            **self.judgement,
        }

    def encoded(self, format: str) -> bytes:
        """The content of a file in `png`, `webp` or `jpeg` that carries the metadata."""
        return encode(self.image, format, self.metadata())

    def save(self, path: Path | str) -> None:
        """Write a PNG, WebP or JPEG, by the suffix, that carries the metadata; whole or not at all."""
        write_whole(Path(path), self.encoded(format_of(Path(path))))


@dataclass(frozen=True)
class Origin:
    """What a picture's metadata say of how it was painted."""

    request: Request
    weights: str
    row: int
    batch: int

    @classmethod
    def of(cls, metadata: Mapping[str, str], place: str) -> Origin:
        """Read what `Painting.metadata` wrote. Raises UserError, naming `place`, where it is not all there."""
        try:
            row, batch = re.fullmatch(r"(\d{1,6}) of (\d{1,6})", metadata["batch"]).groups()  # type: ignore[union-attr]
            towards = metadata.get("towards")
            request = Request(
                genre=metadata["genre"],
                style=metadata["style"],
                seed=int(metadata["seed"]),
                truncation=float(metadata["truncation"]),
                towards=None if towards is None else int(towards),
                nearby=float(metadata.get("nearby", 0)),
                resolution=int(metadata["resolution"]),
            )
            if not 1 <= int(row) <= int(batch):
                raise ValueError("its place in the batch")
            return cls(request, metadata["weights"], int(row) - 1, int(batch))
        except (KeyError, ValueError, AttributeError):
            raise UserError(
                f"{place} does not say how it was painted; it is no picture of this program, or lost its metadata"
            ) from None


def captions(paintings: Sequence[Painting]) -> list[str]:
    """What tells paintings on one sheet apart: seeds, labels where they differ, and what the critic said."""
    requests = [painting.request for painting in paintings]
    genres, styles = ({getattr(request, kind) for request in requests} for kind in ("genre", "style"))
    found = []
    for painting in paintings:
        request, said = painting.request, painting.judgement
        parts = [request.genre] if len(genres) > 1 else []
        parts += [request.style] if len(styles) > 1 else []
        parts.append(f"seed {request.seed}")
        if request.towards is not None:
            parts.append(f"to {request.towards}, {request.nearby:g}")
        lines = [CAPTION_JOIN.join(parts)]
        if said:
            lines.append(f"real {float(said['realness']):.2f}")
            kinds = [kind for kind in ("genre", "style") if f"{kind}_probability" in said]
            lines += [f"{kind} {float(said[f'{kind}_probability']):.0%}" for kind in kinds]
        found.append("\n".join(lines))
    return found


def slug(label: str) -> str:
    """A label as a part of a file's name, or a folder's: never hidden, never the folder above, never too long."""
    name = re.sub(r"[^\w.-]+", "-", label).lstrip(".") or "-"
    if len(name.encode()) <= LONGEST_SLUG:
        return name
    digest = hashlib.sha256(label.encode()).hexdigest()[:12]
    return f"{name.encode()[: LONGEST_SLUG - 13].decode(errors='ignore')}-{digest}"


def _stem(request: Request, seeds: str) -> str:
    parts = [slug(request.genre), slug(request.style), seeds]
    if request.towards is not None:
        parts.append(f"to{request.towards}-{plain_number(request.nearby)}")
    if request.truncation != 1:
        parts.append(f"t{plain_number(request.truncation)}")
    return "_".join(parts)
