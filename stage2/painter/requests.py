"""A request for a picture, and the finished painting with its metadata.

`stage2.painter.resolving` resolves a request, `stage2.painter.painter` paints it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from common.errors import UserError
from common.images import CAPTION_JOIN
from common.picture_files import encode, format_of, read_metadata, write_picture
from common.vocabulary import ANY, format_number

LONGEST_SLUG = 80
"""Bytes. Two labels, seeds and numbers must fit into the 255 bytes of a file name."""
FIELDS: Mapping[str, Callable[[str], Any]] = {
    "genre": str, "style": str, "seed": int, "truncation": float, "towards": int, "nearby": float, "resolution": int,
}  # fmt: skip
"""The fields of a request, as the metadata of its picture hold them."""
MOVING = ("towards", "nearby")
"""Those that only the metadata of moved noise hold."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One picture to paint, as a user asks for it: labels, seed and settings. `resolve` checks the values."""

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
        return self._stem(str(self.seed))

    def _stem(self, seeds: str) -> str:
        parts = [slug(self.genre), slug(self.style), seeds]
        if self.towards is not None:
            parts.append(f"to{self.towards}-{format_number(self.nearby)}")
        if self.truncation != 1:
            parts.append(f"t{format_number(self.truncation)}")
        return "_".join(parts)


@dataclass(frozen=True)
class Series:
    """One request with many seeds in place of its own; takes no memory for any number of them."""

    request: Request
    seeds: tuple[range, ...]
    line: str = field(default="", compare=False)
    """File and line that the request comes from, for error messages."""

    @classmethod
    def of(cls, request: Request, count: int = 1, line: str = "") -> Series:
        """Return the series of `count` consecutive seeds that begins with the request's own."""
        return cls(request, (range(request.seed, request.seed + count),), line)

    @property
    def count(self) -> int:
        """Number of pictures."""
        return sum(seeds.stop - seeds.start for seeds in self.seeds)

    @property
    def stem(self) -> str:
        """The name, without suffix, of one file for all of them."""
        return self.request._stem(slug("_".join(_written(seeds) for seeds in self.seeds)))


def parse_seeds(text: str) -> tuple[range, ...]:
    """Read seeds as the field writes them: `0,3,7-12` means 0, 3 and 7 to 12. Raises UserError."""
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,40})(?:-(\d{1,40}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise UserError(f"seeds {text!r} cannot be read; write numbers and ranges, such as 0,3,7-12")
        found.append(range(first, last + 1))
    return tuple(found)


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
    """Size of the batch that it was painted in, `row` the picture's row there: another size changes the rounding."""
    judgement: Mapping[str, str] = field(default_factory=dict)
    """The critic's opinion, if it was asked for one."""

    @property
    def seed(self) -> int:
        """The seed of its noise."""
        return self.request.seed

    def metadata(self) -> dict[str, str]:
        """Return the metadata of its file; `Painter.again` can repaint the picture from it."""
        left_out = MOVING if self.request.towards is None else ()
        return {
            "Software": "Atelier",
            **{name: str(getattr(self.request, name)) for name in FIELDS if name not in left_out},
            "weights": self.weights,
            "batch": f"{self.row + 1} of {self.batch}",
            **self.judgement,
        }

    def encoded(self, format: str) -> bytes:
        """Return the bytes of a `png`, `webp` or `jpeg` file with the metadata."""
        return encode(self.image, format, self.metadata())

    def save(self, path: Path | str) -> None:
        """Write a PNG, WebP or JPEG, chosen by the suffix, with the metadata; it appears complete or not at all."""
        write_picture(Path(path), self.encoded(format_of(Path(path))))


@dataclass(frozen=True)
class Origin:
    """How a picture was painted, read from its metadata."""

    request: Request
    weights: str
    row: int
    batch: int

    @classmethod
    def read(cls, path: Path) -> Origin:
        """Read what `Painting.metadata` wrote into a file. Raise UserError if it is not complete."""
        metadata = read_metadata(path)
        try:
            row, batch = re.fullmatch(r"(\d{1,6}) of (\d{1,6})", metadata["batch"]).groups()  # type: ignore[union-attr]
            if not 1 <= int(row) <= int(batch):
                raise ValueError("its place in the batch")
            names = [name for name in FIELDS if name in metadata or name not in MOVING]
            request = Request(**{name: FIELDS[name](metadata[name]) for name in names})
            return cls(request, metadata["weights"], int(row) - 1, int(batch))
        except (KeyError, ValueError, AttributeError):
            raise UserError(
                f"{path} holds no metadata of this program, so it cannot be painted again; choose an unedited picture "
                "of generate.py"
            ) from None


def captions(paintings: Sequence[Painting]) -> list[str]:
    """Return a caption for each painting of a sheet: seed, labels if they differ, and the critic's opinion."""
    differing = [
        kind for kind in ("genre", "style") if len({getattr(painting.request, kind) for painting in paintings}) > 1
    ]
    found = []
    for painting in paintings:
        request, judgement = painting.request, painting.judgement
        parts = [*(getattr(request, kind) for kind in differing), f"seed {request.seed}"]
        if request.towards is not None:
            parts.append(f"to {request.towards}, {request.nearby:g}")
        lines = [CAPTION_JOIN.join(parts)]
        if judgement:
            lines.append(f"real {float(judgement['realness']):.2f}")
            kinds = [kind for kind in ("genre", "style") if f"{kind}_probability" in judgement]
            lines += [f"{kind} {float(judgement[f'{kind}_probability']):.0%}" for kind in kinds]
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


def _written(seeds: range) -> str:
    return str(seeds.start) if seeds.stop - seeds.start == 1 else f"{seeds.start}-{seeds.stop - 1}"
