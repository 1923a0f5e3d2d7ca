"""What one visitor of the page sees and keeps. Nobody else's page shows it, and it goes when the visitor goes.

Pictures lie as PNG files, each with its recipe, in a folder whose name cannot be guessed; memory holds their recipes.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from PIL import Image

from common.errors import UserError
from common.vocabulary import ANY
from stage2.painter.photos import Photo
from stage2.painter.requests import MOVING, Origin, Painting, Request

LONGEST_NOTE = 1000
"""Characters."""
MOST_KEPT = 200
"""Pictures that one visitor can keep."""
ABOUT_ZIP = """What you kept: pictures with their recipes inside, and your notes in notes.csv.

python scripts/generate.py --again PICTURE           paints one again, to the pixel on the same machine
python scripts/generate.py --requests requests.jsonl paints all again but pictures of your own; in other batches, which
                                                     round otherwise, so pixels may differ by 1 of 255
"""
"""Of the zip of what is kept."""
SMALL = 32
"""Side, in pixels, of the copies that steer what is painted next."""


class NotYet(UserError):
    """Nothing is wrong: something else comes first, as the text says."""


@dataclass
class Hung:
    """A finished picture: how it was painted, and its file."""

    origin: Origin
    path: Path
    note: str = ""
    kept: bool = False
    disliked: bool = False

    @property
    def caption(self) -> str:
        """Labels and seed in words."""
        return describe(self.origin)

    @property
    def marks(self) -> str:
        """What the visitor said of it, as the end of a caption."""
        return " · kept" * self.kept + " · not this" * self.disliked


def describe(origin: Origin) -> str:
    """Return labels and seed in words."""
    asked = origin.request
    own = ["your picture"] if origin.photo else []
    labels = {"genre": asked.genre, "style": asked.style}
    words = own + [in_words(label) if label != ANY else f"any {kind}" for kind, label in labels.items()]
    words += [f"seed {asked.seed}", *([f"towards {asked.towards}"] if asked.towards is not None else [])]
    return " · ".join(words)


def in_words(label: str) -> str:
    """Return a label or a blend as people write it: `portrait 70%, landscape 30%`."""
    parts = [part.partition(":") for part in label.split(",")]
    shares = [float(share or 1) for _, _, share in parts]
    if len(parts) == 1:
        return label
    return ", ".join(f"{name} {share / sum(shares):.0%}" for (name, _, _), share in zip(parts, shares, strict=True))


def short_captions(hung: Sequence[Hung]) -> list[str]:
    """Return what tells pictures of one wall apart: labels that differ, or seeds."""
    asked = [one.origin.request for one in hung]
    kinds = [kind for kind in ("genre", "style", "seed") if len({getattr(one, kind) for one in asked}) > 1]
    moved = len({one.towards for one in asked}) > 1
    words = [
        [f"seed {one.seed}" if kind == "seed" else in_words(getattr(one, kind)) for kind in kinds] for one in asked
    ]
    return [
        " · ".join([*some, *(["near it" if one.towards is not None else "the picture"] if moved else [])])
        or f"seed {one.seed}"
        for some, one in zip(words, asked, strict=True)
    ]


@dataclass
class Session:
    """Everything that one visitor's page remembers."""

    folder: Path | None = None
    """Its own folder below the studio's; made with the first picture."""
    walls: dict[str, list[Hung]] = field(default_factory=dict)
    """The pictures of each gallery."""
    chosen: dict[str, int] = field(default_factory=dict)
    kept: list[Hung] = field(default_factory=list)
    discarded: list[Image.Image] = field(default_factory=list)
    """Small copies of the pictures that the visitor does not want more of."""
    photo: Photo | None = None
    """The visitor's own picture."""
    drawn: bool = False
    """True if it comes from the drawing pad."""
    recipe: Hung | None = None
    """The painting whose recipe was read."""
    sheet: Request = field(default_factory=Request)
    """What the cells of the sheet have in common."""
    stopped: bool = False
    """True if nothing more is to be painted of what was asked for."""

    def go_on(self) -> None:
        """Let what is asked for next be painted."""
        self.stopped = False

    def stop(self) -> None:
        """End what is being painted, and what waits for its turn."""
        self.stopped = True

    def hang(self, wall: str, paintings: Iterable[Painting], studio: Path) -> Iterator[list[Hung]]:
        """Take down what hangs on a wall, and hang paintings on it one by one; yield all of them after each."""
        before, hung = self.walls.get(wall, []), list[Hung]()
        self.walls[wall] = hung
        self.chosen.pop(wall, None)
        for painting in paintings:
            path = self.new_folder(studio) / f"{painting.request.stem}.png"
            painting.save(path)
            origin = Origin(painting.request, painting.weights, painting.row, painting.batch, painting.photo)
            hung.append(Hung(origin, path))
            self._remove(before)
            before = []
            yield hung

    def new_folder(self, studio: Path) -> Path:
        """Make an empty folder for a file of this visitor."""
        # Whoever knows the address of a picture can look at it, so nobody must be able to guess one.
        self.folder = self.folder or studio / secrets.token_hex(16)
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir(parents=True)
        return folder

    def chosen_on(self, wall: str) -> Hung:
        """Return the picture that is chosen on a wall. Raises UserError if there is none."""
        hung, place = self.walls.get(wall, []), self.chosen.get(wall)
        if place is None or place >= len(hung):
            raise UserError("click on a picture first")
        return hung[place]

    def keep(self, one: Hung) -> None:
        """Keep a picture. Raises UserError if too many are kept."""
        if len(self.kept) >= MOST_KEPT:
            raise UserError(f"{MOST_KEPT} pictures are kept, which is the most; remove some first")
        self.kept.append(one)
        one.kept = True

    def discard(self, one: Hung) -> None:
        """Remember once what a picture looks like, as one that is not wanted; of many the last ones."""
        if one.disliked:
            return
        self.discarded = [*self.discarded, _small(one)][-MOST_KEPT:]
        one.disliked = True

    def annotate(self, one: Hung, note: str) -> None:
        """Write a note on a picture; halves of characters, which no file can hold, become question marks."""
        one.note = note[:LONGEST_NOTE].encode(errors="replace").decode()

    def liked(self) -> list[Image.Image]:
        """Return small copies of what is kept."""
        return [_small(one) for one in self.kept]

    def remove(self, one: Hung) -> None:
        """Stop keeping a picture."""
        self.kept.remove(one)
        one.kept = False
        self._remove([one])

    def zipped(self, studio: Path) -> Path:
        """Write what is kept to a zip: pictures, their requests for `generate.py --requests`, and the notes.

        Restyled photos are not among the requests, which would paint something else. Raises NotYet for nothing.
        """
        if not self.kept:
            raise NotYet("nothing is kept yet; keep a picture first")
        names = [f"{number:03}_{one.path.name}" for number, one in enumerate(self.kept, start=1)]
        notes = io.StringIO()
        csv.writer(notes).writerows(
            [("file", "note"), *((name, one.note) for name, one in zip(names, self.kept, strict=True))]
        )
        path = self.new_folder(studio) / "kept.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, one in zip(names, self.kept, strict=True):
                archive.write(one.path, name)
            requests = [_as_row(one.origin.request) for one in self.kept if not one.origin.photo]
            archive.writestr("requests.jsonl", "".join(f"{json.dumps(row)}\n" for row in requests))
            archive.writestr("notes.csv", notes.getvalue())
            archive.writestr("README.txt", ABOUT_ZIP)
        return path

    def leave(self) -> None:
        """Delete every file of the session."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _remove(self, some: list[Hung]) -> None:
        """Delete the files of pictures that hang nowhere and are not kept."""
        seen = {one.path for wall in [self.kept, *self.walls.values()] for one in wall}
        for one in some:
            if one.path not in seen:
                shutil.rmtree(one.path.parent, ignore_errors=True)


def _small(one: Hung) -> Image.Image:
    with Image.open(one.path) as picture:
        return picture.resize((SMALL, SMALL))


def _as_row(request: Request) -> dict[str, object]:
    unmoved = MOVING if request.towards is None else ()
    return {name: value for name, value in asdict(request).items() if name not in unmoved}
