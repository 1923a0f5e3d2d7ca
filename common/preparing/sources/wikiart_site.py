"""Download paintings from wikiart.org: first its lists by genre and by style, then the pictures in them.

What is fetched stays in a downloads folder, so that a restart continues: `pages/` holds the lists as the site sent
them, `pictures/` the pictures.
"""

from __future__ import annotations

import itertools
import json
import time
import urllib.robotparser
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tqdm import tqdm

from common.errors import UserError, missing_package
from common.picture_files import write_picture
from common.preparing.pictures import MAX_BYTES, Rejected
from common.preparing.sources.files import Entry, Files, Listing, Record

SITE = "https://www.wikiart.org"
GENRES = (
    "abstract", "animal-painting", "cityscape", "figurative", "flower-painting", "genre-painting", "illustration",
    "landscape", "marina", "mythological-painting", "nude-painting-nu", "portrait", "religious-painting",
    "sketch-and-study", "still-life", "symbolic-painting",
)  # fmt: skip
STYLES = (
    "abstract-expressionism", "action-painting", "analytical-cubism", "art-nouveau-modern", "baroque",
    "color-field-painting", "contemporary-realism", "cubism", "early-renaissance", "expressionism", "fauvism",
    "high-renaissance", "impressionism", "mannerism-late-renaissance", "minimalism", "naive-art-primitivism",
    "new-realism", "northern-renaissance", "pointillism", "pop-art", "post-impressionism", "proto-renaissance",
    "realism", "rococo", "romanticism", "symbolism", "synthetic-cubism", "ukiyo-e",
)  # fmt: skip
GIVE_UP_AFTER = 5
"""Stop after this many pictures in a row that could not be fetched."""
AGENT = "Atelier/0.1 (prepares a dataset of paintings)"
ATTEMPTS = 6


def wikiart_site(downloads: Path, per_genre: int, client: PoliteClient) -> Listing:
    """List at most `per_genre` paintings of each genre, in the site's order, each with its style from the style lists.

    The pictures are fetched one by one as the entries are read.
    """
    wanted: dict[str, tuple[str, dict[str, Any]]] = {}
    for genre in tqdm(GENRES, desc="lists by genre", unit="genre"):
        listed = _listed(client, downloads / "pages", "genre", genre)
        new = (painting for painting in listed if painting["id"] not in wanted)
        wanted |= {painting["id"]: (genre, painting) for painting in itertools.islice(new, per_genre)}
    style_of: dict[str, str] = {}
    for style in tqdm(STYLES, desc="lists by style", unit="style"):
        for painting in _listed(client, downloads / "pages", "style", style):
            style_of.setdefault(painting["id"], style)
    records = []
    for key, (genre, painting) in wanted.items():
        extension = Path(painting["image"].partition("!")[0]).suffix.lower() or ".jpg"
        texts = (str(painting.get(field) or "").strip() for field in ("artistName", "title", "year"))
        # The id becomes a file name, so keep only its letters and digits.
        file = "".join(letter for letter in str(key) if letter.isalnum()) + extension
        records.append((Record(file, genre, style_of.get(key, ""), *texts), painting["image"]))
    return Listing(SITE.partition("//")[2], _fetched(client, downloads / "pictures", records), len(records))


def _listed(client: PoliteClient, folder: Path, kind: str, label: str) -> Iterator[dict[str, Any]]:
    """Yield the paintings that the site lists under one label; stop at a page with nothing new."""
    seen: set[str] = set()
    for page in itertools.count(1):
        url = f"{SITE}/en/paintings-by-{kind}/{label}?json=2&page={page}"
        path = folder / f"{kind}-{label}-{page}.json"
        try:
            _fetch(client, url, path, lambda response: _paintings(response.content))
            fresh = [one for one in _paintings(path.read_bytes()) if one["id"] not in seen]
        except (Refused, Unreachable) as error:
            raise UserError(f"{url}: {error}; run the command again later, it continues from here") from None
        if not fresh:
            return
        seen.update(one["id"] for one in fresh)
        yield from fresh


def _paintings(page: bytes) -> list[dict[str, Any]]:
    """Return the paintings of a page that have an id and a picture. Raises Refused if it is not such a page."""
    try:
        return [painting for painting in json.loads(page)["Paintings"] or [] if painting["id"] and painting["image"]]
    except (ValueError, KeyError, TypeError):
        raise Refused("is not a list of paintings") from None


def _fetched(client: PoliteClient, folder: Path, records: list[tuple[Record, str]]) -> Iterator[Entry]:
    """Yield the entries as their pictures are fetched. A picture that cannot be had is rejected with the reason."""
    failures = 0
    for record, url in records:
        read = partial(Files(folder).read_picture, record.name)
        try:
            _fetch(client, url, folder / record.name, _require_picture)
            failures = 0
        except (Refused, Unreachable) as error:
            read = partial(_reject, f"could not be fetched: {error}")
            failures = failures + 1 if isinstance(error, Unreachable) else 0
            if failures == GIVE_UP_AFTER:
                raise UserError(
                    f"{failures} pictures in a row could not be fetched; the last one: {error}; "
                    "run the command again later, it continues from here"
                ) from None
        yield Entry(record, read)


def _require_picture(response: Any) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if not kind.startswith("image/") or len(response.content) > MAX_BYTES:
        raise Refused(f"{kind or 'unknown type'}, not a picture of at most {MAX_BYTES // 2**20} MiB")


def _reject(reason: str) -> bytes:
    raise Rejected(reason)


def _fetch(client: PoliteClient, url: str, path: Path, check: Callable[[Any], object]) -> None:
    """Fetch what is not stored yet, and store it if `check` does not raise Refused."""
    if not path.is_file():
        response = client.get(url)
        check(response)
        write_picture(path, response.content)


class Refused(Exception):
    """The server refuses the request; retrying would not help."""


class Unreachable(Exception):
    """Every attempt failed; trying again later may help."""


class PoliteClient:
    """Fetches one URL at a time, as robots.txt allows, with a pause between requests; retries slowly."""

    def __init__(self, pause: float, *, backoff: float = 1.0, timeout: float = 30.0) -> None:
        """Times are in seconds. `backoff` is the wait before the first retry; it doubles with each retry."""
        try:
            import httpx
        except ImportError:
            raise missing_package("fetching from the site", "httpx", extra="site") from None
        self._httpx = httpx
        self._client = httpx.Client(headers={"User-Agent": AGENT}, timeout=timeout, follow_redirects=True)
        self._pause, self._backoff = pause, backoff
        self._earliest = 0.0
        self._robots: dict[str, urllib.robotparser.RobotFileParser] = {}

    def get(self, url: str) -> Any:
        """Return the complete, successful httpx response. Raises Refused or Unreachable with the reason."""
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._robots:
            self._robots[host] = rules = urllib.robotparser.RobotFileParser()
            try:
                rules.parse(self._patiently(f"{host}/robots.txt").text.splitlines())
            except Refused:
                rules.parse([])  # No robots.txt: everything is allowed.
            self._pause = max(self._pause, float(rules.crawl_delay(AGENT) or 0))
        if not self._robots[host].can_fetch(AGENT, url):
            raise Refused("robots.txt forbids it")
        return self._patiently(url)

    def _patiently(self, url: str) -> Any:
        """Retry what may pass: a lost connection, a busy or broken server."""
        for attempt in range(ATTEMPTS):
            time.sleep(max(0.0, self._earliest - time.monotonic()))
            asked = ""
            try:
                response = self._client.get(url)
            except (self._httpx.TooManyRedirects, self._httpx.InvalidURL) as error:
                raise Refused(str(error)) from None
            except self._httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
            else:
                if response.status_code < 400:
                    return response
                reason = f"the server answers {response.status_code}"
                if response.status_code != 429 and response.status_code < 500:
                    raise Refused(reason)
                asked = response.headers.get("Retry-After", "")
            finally:
                self._earliest = time.monotonic() + self._pause
            # Ten minutes at most, whatever the server asks for.
            wait = max(self._backoff * 2**attempt, min(float(asked), 600.0) if asked.isdecimal() else 0.0)
            self._earliest = time.monotonic() + max(self._pause, wait)
        raise Unreachable(reason)
