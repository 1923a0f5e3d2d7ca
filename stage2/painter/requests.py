"""A request for a picture, and the finished painting with its metadata. `stage2.sampling` turns one into the other."""

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
"""Bytes. Two labels, seeds and numbers must fit into the 255 bytes of a file name."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One picture to paint: labels, seed and settings. `Painter` checks the values."""

    genre: str = ANY
    """A name, a blend such as `portrait:0.7,landscape:0.3`, or `any`."""
    style: str = ANY
    """A name, a family, a blend, or `any`."""
    seed: int = 0
    truncation: float = 1.0
    """Factor on the noise, above 0 to 1. Lower values give more typical and less varied pictures."""
    towards: int | None = None
    """Another seed: the noise is moved towards that seed's noise."""
    nearby: float = 0.0
    """How far it is moved, from 0 (not at all) to 1 (all the way)."""
    resolution: int | None = None
    """Side in pixels; None means the largest that the weights can paint."""

    @property
    def stem(self) -> str:
        """The file name without its suffix: labels, seed, and each setting that is not the default."""
        return _stem(self, str(self.seed))


@dataclass(frozen=True)
class Series:
    """The same request with the seeds `first.seed`, `first.seed + 1`, …; takes no memory for any count."""

    first: Request
    count: int = 1
    place: str = field(default="", compare=False)
    """File and line of the request, for error messages."""

    def __iter__(self) -> Iterator[Request]:
        for number in range(self.count):
            yield replace(self.first, seed=self.first.seed + number)

    @property
    def stem(self) -> str:
        """The name, without suffix, of one file for all of them."""
        last = "" if self.count == 1 else f"-{self.first.seed + self.count - 1}"
        return _stem(self.first, f"{self.first.seed}{last}")


@dataclass(frozen=True)
class Painting:
    """A finished picture, and all that is needed to paint it again."""

    image: Image.Image
    request: Request
    """The request, with its resolution and with the vocabulary's spelling of the labels."""
    weights: str
    """Hashes of the weights that painted it."""
    row: int = 0
    batch: int = 1
    """Size of the batch that it was painted in, and `row` its place there: another size changes the rounding."""
    judgement: Mapping[str, str] = field(default_factory=dict)
    """The critic's opinion, if it was asked for one."""

    @property
    def genre(self) -> str:
        """The requested genre, in the vocabulary's spelling."""
        return self.request.genre

    @property
    def style(self) -> str:
        """The requested style, in the vocabulary's spelling."""
        return self.request.style

    @property
    def seed(self) -> int:
        """The seed of its noise."""
        return self.request.seed

    def metadata(self) -> dict[str, str]:
        """Return the metadata of its file; `Painter.again` can repaint the picture from it."""
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
        """Return the bytes of a `png`, `webp` or `jpeg` file with the metadata."""
        return encode(self.image, format, self.metadata())

    def save(self, path: Path | str) -> None:
        """Write a PNG, WebP or JPEG, chosen by the suffix, with the metadata; it appears complete or not at all."""
        write_whole(Path(path), self.encoded(format_of(Path(path))))


@dataclass(frozen=True)
class Origin:
    """How a picture was painted, read from its metadata."""

    request: Request
    weights: str
    row: int
    batch: int

    @classmethod
    def of(cls, metadata: Mapping[str, str], place: str) -> Origin:
        """Read what `Painting.metadata` wrote. Raise UserError, naming `place`, if it is not complete."""
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
                f"{place} holds no metadata of this program, so it cannot be painted again; choose an unedited picture "
                "of generate.py"
            ) from None


def captions(paintings: Sequence[Painting]) -> list[str]:
    """Return a caption for each painting of a sheet: seed, labels if they differ, and the critic's opinion."""
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
    """Return a label as a safe part of a file or folder name: not hidden, not `..`, not too long."""
    name = re.sub(r"[^\w.-]+", "-", label).lstrip(".") or "-"
    # Without a letter or digit, as for an emoji, different labels would get the same name.
    if len(name.encode()) <= LONGEST_SLUG and re.search(r"\w", name):
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
