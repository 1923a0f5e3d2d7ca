"""Requests for pictures, typed or read from a file, and the finished painting with its metadata."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pydantic.dataclasses
from PIL import Image

from common import config
from common.aspects import SQUARE
from common.errors import UserError, suggest
from common.images import CAPTION_JOIN
from common.picture_files import encode, format_of, read_metadata, write_picture
from common.vocabulary import ANY, format_number, is_any

STYLE_STRENGTH = 1.5
"""The usual one: stage II shows a style more clearly than in training, where it is 1."""
LARGEST_BATCH = 256
"""Most pictures that are painted at once."""
LONGEST_SLUG = 80
"""Bytes. Two labels, seeds and numbers must fit into the 255 bytes of a file name."""
FIELDS: Mapping[str, Callable[[str], Any]] = {
    "genre": str, "style": str, "seed": int, "truncation": float, "towards": int, "nearby": float, "resolution": int,
    "aspect": str, "style_strength": float,
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
    style_strength: float = STYLE_STRENGTH
    """Factor on the style, 0 to 3: 0 as without a style, 1 as in training, above that more than in training."""
    towards: int | None = None
    """Another seed: the noise is moved towards that seed's noise."""
    nearby: float = 0.0
    """How far it is moved, from 0 (not at all) to 1 (all the way)."""
    resolution: int | None = None
    """Side in pixels, the shorter one; None means the largest that the weights can paint."""
    aspect: str = SQUARE
    """The picture's shape: width and height such as `3:4`, or `as-trained`, the shape of a painting of its genre."""

    @property
    def stem(self) -> str:
        """The file name without its suffix: labels, seed, and each setting that is not the default."""
        return self._stem(str(self.seed))

    @property
    def settings(self) -> str:
        """What the settings that are not the default add to the name of a file."""
        moved = f"_to{self.towards}-{format_number(self.nearby)}" if self.towards is not None else ""
        truncated = f"_t{format_number(self.truncation)}" if self.truncation != 1 else ""
        strength = f"_s{format_number(self.style_strength)}" if self.style_strength != STYLE_STRENGTH else ""
        shape = f"_{self.aspect.replace(':', 'x')}" if self.aspect != SQUARE else ""
        return f"{moved}{truncated}{strength}{shape}"

    def _stem(self, seeds: str) -> str:
        return f"{slug(self.genre)}_{slug(self.style)}_{seeds}{self.settings}"


@dataclass(frozen=True)
class Series:
    """One request with many seeds, its own first; takes no memory for any number of them."""

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
        ranges = [(seeds.start, seeds.stop - 1) for seeds in self.seeds]
        written = "_".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
        return self.request._stem(slug(written))


def parse_seeds(text: str) -> tuple[range, ...]:
    """Read seeds as the field writes them: `0,3,7-12` means 0, 3 and 7 to 12. Raises UserError."""
    found: list[range] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,40})(?:-(\d{1,40}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise UserError(f"seeds {text!r} cannot be read; write numbers and ranges, such as 0,3,7-12")
        for one in found:
            if first < one.stop and one.start <= last:
                raise UserError(f"seeds {text!r} name {max(first, one.start)} twice; write each once")
        found.append(range(first, last + 1))
    return tuple(found)


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config={"extra": "forbid", "defer_build": True})
class Row(Request):
    """A row of a file of requests."""

    count: Annotated[int, pydantic.Field(ge=1)] = 1
    """Number of pictures, each with the next seed."""


def read_requests(path: Path, usual: Request) -> Iterator[Series]:
    """Yield a series for each row of a `.csv` with a header, or for each object of a `.jsonl` with one per line.

    `usual` gives what a row leaves out or blank. Raises UserError that names file and line.
    """
    is_csv = path.suffix.lower() == ".csv"
    if not is_csv and path.suffix.lower() != ".jsonl":
        raise UserError(f"{path}: requests must be in a .csv or .jsonl file")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="", skipinitialspace=True)
            for number, row in ((reader.line_num, row) for row in reader) if is_csv else enumerate(file, start=1):
                line = f"{path} line {number}"
                try:
                    given = _given(row)
                except (ValueError, RecursionError) as error:
                    raise UserError(f"{line}: {error}") from None
                if given:
                    values = config.as_values(config.parse(Row, asdict(usual) | given, place=line))
                    count = values.pop("count")
                    yield Series.of(Request(**values), count, line)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is not a readable file of requests ({error})") from None


def _given(row: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, except for blank ones, of a line of JSON or a row of CSV."""
    values = json.loads(row.strip() or "{}") if isinstance(row, str) else row
    if not isinstance(values, Mapping):
        raise ValueError("this is not a JSON object")
    if isinstance(values.get(""), list):
        raise ValueError("more values than the header; put a blend of several names in quotes")
    known = (*FIELDS, "count")
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"unknown field {name!r}{suggest(name, known)}")
        if isinstance(value, bool | list | dict):
            raise ValueError(f"{name} must be text or a number")
    return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True)
class Origin:
    """How a picture was painted: all that is needed to paint it again."""

    request: Request
    """With its resolution, and with the vocabulary's spelling of the labels."""
    weights: str
    """Hashes of the weights that painted it."""
    row: int = 0
    batch: int = 1
    """Size of the batch that it was painted in, `row` the picture's row there: another size changes the rounding."""
    photo: str = ""
    """Digest of the user's own picture that it was painted over (`stage2.painter.photos`)."""

    @classmethod
    def read(cls, path: Path) -> Origin:
        """Read what `Painting.metadata` wrote into a file. Raise UserError if it is not complete."""
        metadata = read_metadata(path)
        try:
            needed = [name for name in FIELDS if name in metadata or name not in (*MOVING, "aspect", "style_strength")]
            # Pictures in a style were painted in the strength of training before there was a choice.
            strength = STYLE_STRENGTH if is_any(metadata["style"]) else 1.0
            request = Request(**{"style_strength": strength} | {name: FIELDS[name](metadata[name]) for name in needed})
            row, batch = map(int, metadata["batch"].split(" of "))
            if not 1 <= row <= batch <= LARGEST_BATCH:
                raise ValueError("its place in the batch")
            return Origin(request, metadata["weights"], row - 1, batch, metadata.get("photo", ""))
        except (KeyError, ValueError):
            raise UserError(
                f"{path} holds no recipe, so it cannot be painted again; choose a single picture of generate.py, "
                "unedited: sheets and animations have none"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Painting(Origin):
    """A finished picture, and how it was painted."""

    image: Image.Image
    judgement: Mapping[str, str] = field(default_factory=dict)
    """The critic's opinion, if it was asked for one."""

    def metadata(self) -> dict[str, str]:
        """Return the metadata of its file; `Painter.again` can repaint the picture from it."""
        usual = {"aspect"} if self.request.aspect == SQUARE else set()
        usual |= {"style_strength"} if self.request.style_strength == 1 or is_any(self.request.style) else set()
        usual |= set(MOVING) if self.request.towards is None else set()
        names = [name for name in FIELDS if name not in usual]
        return {
            "Software": "Atelier",
            **{name: str(getattr(self.request, name)) for name in names},
            "weights": self.weights,
            "batch": f"{self.row + 1} of {self.batch}",
            **({"photo": self.photo} if self.photo else {}),
            **self.judgement,
        }

    def encoded(self, format: str) -> bytes:
        """Return the bytes of a `png`, `webp` or `jpeg` file with the metadata."""
        return encode(self.image, format, self.metadata())

    def save(self, path: Path | str) -> None:
        """Write a PNG, WebP or JPEG, chosen by the suffix, with the metadata; it appears complete or not at all."""
        write_picture(Path(path), self.encoded(format_of(Path(path))))


def captions(paintings: Sequence[Painting]) -> list[str]:
    """Return a caption for each painting of a sheet: seed, labels and strength if they differ, the critic's opinion."""
    kinds = ("genre", "style")
    strengths = {painting.request.style_strength for painting in paintings}
    differing = [kind for kind in kinds if len({getattr(painting.request, kind) for painting in paintings}) > 1]
    found = []
    for painting in paintings:
        request, judgement = painting.request, painting.judgement
        parts = [*(getattr(request, kind) for kind in differing), f"seed {request.seed}"]
        parts += [f"to {request.towards}, {request.nearby:g}"] if request.towards is not None else []
        parts += [f"strength {request.style_strength:g}"] if len(strengths) > 1 else []
        lines = [CAPTION_JOIN.join(parts)]
        if judgement:
            lines.append(f"real {float(judgement['realness']):.2f}")
            probabilities = {kind: judgement.get(f"{kind}_probability") for kind in kinds}
            lines += [f"{kind} {float(value):.0%}" for kind, value in probabilities.items() if value is not None]
        found.append("\n".join(lines))
    return found


def slug(label: str) -> str:
    """Return a label as a safe part of a file or folder name: not hidden, not `..`, not too long."""
    # Marks are letters of many scripts: कि and की differ by them alone.
    kept = (one if unicodedata.category(one).startswith("M") else re.sub(r"[^\w.-]", "\n", one) for one in label)
    name = re.sub(r"\n+", "-", "".join(kept)).lstrip(".") or "-"
    # Without a letter or digit, as for an emoji, different labels would get the same name.
    if len(name.encode()) <= LONGEST_SLUG and re.search(r"\w", name):
        return name
    digest = hashlib.sha256(label.encode()).hexdigest()[:12]
    return f"{name.encode()[: LONGEST_SLUG - 13].decode(errors='ignore')}-{digest}"
