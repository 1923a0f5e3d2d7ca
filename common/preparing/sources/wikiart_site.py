"""Download paintings from wikiart.org: first its lists by genre and by style, then the pictures in them.

All responses are saved in a downloads folder, so a restart never fetches anything twice. `pages/` holds the lists
as the site sent them; `pictures/` holds the pictures, or the reason why a picture is missing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from common.errors import UserError
from common.files import write_atomically
from common.preparing.pictures import MAX_BYTES, Rejected
from common.preparing.sources.files import FolderFiles
from common.preparing.sources.listing import Entry, Listing, Record
from common.preparing.sources.polite_http import PoliteClient, Refused, Unreachable

SITE = "https://www.wikiart.org"
# fmt: off
GENRES = (
    "abstract", "animal-painting", "cityscape", "figurative", "flower-painting", "genre-painting", "illustration",
    "landscape", "marina", "mythological-painting", "nude-painting-nu", "portrait", "religious-painting",
    "sketch-and-study", "still-life", "symbolic-painting",
)
STYLES = (
    "abstract-expressionism", "action-painting", "analytical-cubism", "art-nouveau-modern", "baroque",
    "color-field-painting", "contemporary-realism", "cubism", "early-renaissance", "expressionism", "fauvism",
    "high-renaissance", "impressionism", "mannerism-late-renaissance", "minimalism", "naive-art-primitivism",
    "new-realism", "northern-renaissance", "pointillism", "pop-art", "post-impressionism", "proto-renaissance",
    "realism", "rococo", "romanticism", "symbolism", "synthetic-cubism", "ukiyo-e",
)
# fmt: on
GIVE_UP_AFTER = 5
"""Stop after this many pictures in a row that could not be fetched."""


class WikiArtSite:
    """Paintings that the site lists by genre, each with its style from the lists by style."""

    def __init__(
        self,
        downloads: Path,
        per_genre: int,
        client: PoliteClient,
        *,
        site: str = SITE,
        genres: Sequence[str] = GENRES,
        styles: Sequence[str] = STYLES,
    ) -> None:
        """Take at most `per_genre` paintings of each genre, in the site's order."""
        if per_genre < 1:
            raise UserError(f"--per-genre {per_genre} fetches nothing; ask for at least 1")
        self.name = site.partition("//")[2]
        self._downloads = downloads
        self._per_genre = per_genre
        self._client = client
        self._site = site
        self._genres, self._styles = genres, styles

    def listing(self) -> Listing:
        wanted: dict[str, tuple[str, dict[str, Any]]] = {}
        for genre in tqdm(self._genres, desc="lists by genre", unit="genre"):
            new = (painting for painting in self._paintings("genre", genre) if painting["id"] not in wanted)
            wanted |= {painting["id"]: (genre, painting) for painting in itertools.islice(new, self._per_genre)}
        styles: dict[str, str] = {}
        for style in tqdm(self._styles, desc="lists by style", unit="style"):
            for painting in self._paintings("style", style):
                if painting["id"] in wanted:
                    styles.setdefault(painting["id"], style)
        if not wanted:
            raise UserError(f"{self.name} lists no paintings of {', '.join(self._genres)}; the site may have changed")
        records = [
            (_record(genre, styles.get(key, ""), painting), painting) for key, (genre, painting) in wanted.items()
        ]
        return Listing(self._fetched(records), len(records))

    def _paintings(self, kind: str, label: str) -> Iterator[dict[str, Any]]:
        """Yield the paintings that the site lists under one label; stop at a page with nothing new."""
        seen: set[str] = set()
        for page in itertools.count(1):
            fresh = [one for one in self._page(kind, label, page) if one["id"] not in seen]
            if not fresh:
                return
            seen.update(one["id"] for one in fresh)
            yield from fresh

    def _page(self, kind: str, label: str, page: int) -> list[dict[str, Any]]:
        stored = self._downloads / "pages" / f"{kind}-{label}-{page}.json"
        if not stored.is_file():
            url = f"{self._site}/en/paintings-by-{kind}/{label}?json=2&page={page}"
            try:
                text = self._client.get(url).text
                _check_page(text)
            except (Refused, Unreachable, ValueError) as error:
                raise UserError(f"{url}: {error}; run the command again later, it continues from here") from None
            _write(stored, text.encode())
        try:
            return _check_page(stored.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{stored}: {error}; delete it and run the command again to fetch it") from None

    def _fetched(self, records: list[tuple[Record, dict[str, Any]]]) -> Iterator[Entry]:
        pictures = FolderFiles(self._downloads / "pictures")
        failures = 0
        for record, painting in records:
            reason = self._fetch(record.name, painting["image"])
            failures = failures + 1 if isinstance(reason, _Later) else 0
            if failures == GIVE_UP_AFTER:
                raise UserError(
                    f"{self.name}: {failures} pictures in a row failed; the last one {reason}; "
                    "run the command again later, it continues from here"
                )
            yield Entry(record, partial(_refuse, reason) if reason else partial(pictures.read_picture, record.name))

    def _fetch(self, name: str, url: str) -> str:
        """Fetch the picture unless it is stored; return blank, or the reason why it is missing."""
        stored = self._downloads / "pictures" / name
        refused = stored.with_name(f"{name}.refused")
        if stored.is_file():
            return ""
        if refused.is_file():
            return refused.read_text(encoding="utf-8")
        try:
            response = self._client.get(url)
        except Unreachable as error:
            return _Later(f"could not be fetched: {error}")
        except Refused as error:
            reason = f"could not be fetched: {error}"
        else:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
            if kind.startswith("image/") and len(response.content) <= MAX_BYTES:
                _write(stored, response.content)
                return ""
            reason = f"is {kind or 'of unknown type'}, not a picture of at most {MAX_BYTES // 2**20} MiB"
        _write(refused, reason.encode())
        return reason


class _Later(str):
    """A temporary reason, which is not stored: the next run tries again."""


def _check_page(text: str) -> list[dict[str, Any]]:
    """Return the paintings of a page that have an id and a picture. Raises ValueError if it is not such a page."""
    try:
        paintings = json.loads(text)["Paintings"] or []
        return [painting for painting in paintings if painting["id"] and painting["image"]]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise ValueError("is not a list of paintings") from None


def _record(genre: str, style: str, painting: dict[str, Any]) -> Record:
    extension = Path(painting["image"].partition("!")[0]).suffix.lower() or ".jpg"
    texts = {field: str(painting.get(field) or "").strip() for field in ("artistName", "title", "year")}
    # The id becomes a file name, so keep only its letters and digits.
    name = "".join(letter for letter in str(painting["id"]) if letter.isalnum()) + extension
    return Record(name, genre, style, texts["artistName"], texts["title"], texts["year"])


def _refuse(reason: str) -> Image.Image:
    raise Rejected(reason)


def _write(path: Path, content: bytes) -> None:
    """Write the file atomically: if the process is killed, no partial file stays under this name."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}; free some space or give another folder with --downloads"
        ) from None
