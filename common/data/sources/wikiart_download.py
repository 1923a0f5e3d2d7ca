"""The public WikiArt download: pictures as `Style/artist_title.jpg`, and lists of their genre and style beside it.

The lists (`genre_class.txt`, `genre_train.csv`, …) hold `path,index` rows and the names of the indices. They and the
pictures were packed apart, so that the same name is spelled in several broken ways; pictures and rows are joined by
what remains when the spelling is repaired. The lists' own split is not used: a dataset makes its own.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from common.data.sources.files import Files
from common.data.sources.listing import Entry, Listing, Record
from common.errors import UserError

LISTS = ("train", "val")
_YEAR = re.compile(r"-(1[2-9]\d\d|20[0-2]\d)(-\d{1,2})?(\(\d+\))?$")
_PARTICLES = {"de", "del", "della", "der", "di", "da", "du", "le", "la", "of", "the", "van", "von", "el", "ter", "ten"}


class WikiArtDownload:
    """Pictures of the download that are there, labelled by the lists; what no list names keeps its folder's style."""

    def __init__(self, files: Files, lists: Files) -> None:
        """`lists` holds the label lists, which may lie apart from the pictures."""
        self.name = files.name
        self._files = files
        self._lists = lists

    def listing(self) -> Listing:
        genres, styles = self._labels("genre"), self._labels("style")
        names = [name for name in self._files.names() if PurePosixPath(name).suffix.lower() in {".jpg", ".jpeg"}]
        if not names:
            raise UserError(
                f"{self.name} holds no .jpg; give the folder of the download that holds Style/artist_title.jpg"
            )
        records = [(name, self._record(name, genres, styles)) for name in names]
        keys = {_key(name) for name in names}
        listed = genres.keys() | styles.keys()
        if not listed & keys:
            raise UserError(f"none of the {len(names)} pictures of {self.name} is in the lists of {self._lists.name}")
        remarks = {
            f"of {len(listed)} paintings in the lists are not there": listed - keys,
            "pictures are in no style list and keep their folder's name": keys - styles.keys(),
            "pictures are in no genre list": keys - genres.keys(),
        }
        entries = (Entry(record, partial(self._files.read_picture, name)) for name, record in records)
        return Listing(entries, len(records), tuple(f"{len(them)} {what}" for what, them in remarks.items() if them))

    def _labels(self, kind: str) -> dict[str, str]:
        """Label of each painting that the lists of one kind name."""
        classes = dict(self._pairs(f"{kind}_class.txt", r"(\S+) (.+)"))
        labels: dict[str, str] = {}
        for part in LISTS:
            table = f"{kind}_{part}.csv"
            for path, index in self._pairs(table, r"(.+),(.*)"):
                if index not in classes:
                    raise UserError(f"{self._lists.place(table)}: index {index!r} is not in {kind}_class.txt")
                labels.setdefault(_key(path), classes[index])
        return labels

    def _pairs(self, table: str, form: str) -> Iterator[tuple[str, str]]:
        """The two groups of `form` in each line of a list."""
        place = self._lists.place(table)
        if not self._lists.has(table):
            raise UserError(f"{place} does not exist; --wikiart-lists names the folder that holds the label lists")
        try:
            lines = self._lists.read_table(table).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise UserError(f"{place} is not UTF-8; fetch it anew") from None
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            pair = re.fullmatch(form, line.strip())
            if pair is None:
                raise UserError(f"{place}, line {number}: {line[:60]!r} is no pair; fetch the list anew")
            yield pair.group(1), pair.group(2)

    def _record(self, name: str, genres: dict[str, str], styles: dict[str, str]) -> Record:
        key = _key(name)
        artist, title, year = read_name(PurePosixPath(name).name)
        folder = PurePosixPath(name).parent.name
        return Record(name, genres.get(key, ""), styles.get(key, folder), artist, title, year)


def read_name(file: str) -> tuple[str, str, str]:
    """Artist, title and year of `vincent-van-gogh_ears-of-wheat-1890(1).jpg`; blank where the name is silent."""
    stem = repair(file).rpartition(".")[0].rstrip(".")
    artist, _, work = stem.partition("_")
    year = _YEAR.search(work)
    title = "" if work.startswith("not_detected") else (work[: year.start()] if year else work)
    return _as_person(artist), _as_sentence(title), year.group(1) if year else ""


def repair(name: str) -> str:
    """The name as it was before it was unpacked by the wrong code page, or lower-cased while it was misread."""
    name = re.sub(r"#U([0-9a-fA-F]{4})", lambda escaped: chr(int(escaped.group(1), 16)), name)
    with contextlib.suppress(UnicodeError):
        name = name.encode("cp437").decode("utf-8")
    # UTF-8 read as Latin-1: the first of two bytes became a letter, which the lists then lower-cased.
    lead = {"â": 0xC2, "ã": 0xC3, "ä": 0xC4, "å": 0xC5}
    return re.sub(
        r"([âãäå])([\u0080-\u00bf])", lambda pair: bytes([lead[pair.group(1)], ord(pair.group(2))]).decode(), name
    ).replace("\u00a0", "")


def _key(path: str) -> str:
    """What all spellings of one painting's path share: folder and name in plain letters and digits."""
    plain = unicodedata.normalize("NFKD", repair("/".join(PurePosixPath(path).parts[-2:])).lower())
    return re.sub(r"[^a-z0-9/()]", "", plain.rpartition(".")[0])


def _as_person(words: str) -> str:
    names = [word for word in words.split("-") if word]
    return " ".join(name if name in _PARTICLES and place else name.capitalize() for place, name in enumerate(names))


def _as_sentence(words: str) -> str:
    sentence = re.sub(r"\((\d+)\)$", r" \1", words).replace("-", " ").replace("_", " ")
    sentence = " ".join(sentence.split())
    return sentence[:1].upper() + sentence[1:]
