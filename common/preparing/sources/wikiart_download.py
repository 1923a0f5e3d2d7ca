"""The public WikiArt download: pictures named `Style/artist_title.jpg`, and separate lists of their genres and styles.

`genre_class.txt` holds the name of each class index; `genre_train.csv` and `genre_val.csv` hold rows `path,index`;
styles have the same three files. The names in the lists and the file names suffer from different encoding errors, so
`repair` mends both, and `_key` reduces them to letters and digits for the match. The lists' own train/val split is
ignored: preparation makes its own.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from common.errors import UserError
from common.preparing.sources.files import Files, Listing, Record

_YEAR = re.compile(r"-(1[2-9]\d\d|20[0-2]\d)(-\d{1,2})?(\(\d+\))?$")
_PARTICLES = {"de", "del", "della", "der", "di", "da", "du", "le", "la", "of", "the", "van", "von", "el", "ter", "ten"}


def wikiart_download(files: Files, lists: Files) -> Listing:
    """List pictures labelled by the lists, which may lie in another folder; without a style there, by their folder."""
    names = [name for name in files.names() if PurePosixPath(name).suffix.lower() in {".jpg", ".jpeg"}]
    if not names:
        raise UserError(f"{files.name} has no .jpg files; give the folder that holds Style/artist_title.jpg")
    genres, styles = _labels(lists, "genre"), _labels(lists, "style")
    # An archive of one style leaves that folder out of its names.
    paths = {name: name if "/" in name or not files.top else f"{files.top}/{name}" for name in names}
    keys = {name: _key(path) for name, path in paths.items()}
    listed, found = genres.keys() | styles.keys(), set(keys.values())
    if not listed & found:
        raise UserError(
            f"none of the {len(names)} pictures in {files.name} is in the label lists in {lists.name}; "
            "check that --wikiart-lists names the lists of this download"
        )
    remarks = {
        f"of {len(listed)} paintings in the lists have no picture": listed - found,
        "pictures are in no style list and get their folder's name": found - styles.keys(),
        "pictures are in no genre list": found - genres.keys(),
    }
    records = []
    for name, key in keys.items():
        artist, title, year = read_name(PurePosixPath(name).name)
        style = styles.get(key, PurePosixPath(paths[name]).parent.name)
        records.append((name, Record(name, genres.get(key, ""), style, artist, title, year)))
    return files.listing(records, tuple(f"{len(them)} {what}" for what, them in remarks.items() if them))


def _labels(lists: Files, kind: str) -> dict[str, str]:
    """Map the key of each listed painting to its label; `kind` is genre or style."""
    classes = dict(_pairs(lists, f"{kind}_class.txt", r"(\S+) (.+)"))
    labels: dict[str, str] = {}
    for table in (f"{kind}_train.csv", f"{kind}_val.csv"):
        for path, index in _pairs(lists, table, r"(.+),(.*)"):
            if index not in classes:
                raise UserError(f"{lists.path}/{table}: index {index!r} is not in {kind}_class.txt")
            labels.setdefault(_key(path), classes[index])
    return labels


def _pairs(lists: Files, table: str, form: str) -> Iterator[tuple[str, str]]:
    """Yield the two groups of the pattern `form` from each line of a list."""
    place = f"{lists.path}/{table}"
    if not lists.has(table):
        raise UserError(f"{place} does not exist; --wikiart-lists names the folder that holds the label lists")
    for number, line in enumerate(lists.read_text(table).splitlines(), start=1):
        if pair := re.fullmatch(form, line.strip()):
            yield pair[1], pair[2]
        elif line.strip():
            raise UserError(f"{place}, line {number}: {line[:60]!r} is not a pair; download the list again")


def read_name(file: str) -> tuple[str, str, str]:
    """Return artist, title and year of a name such as `vincent-van-gogh_ears-of-wheat-1890(1).jpg`; blank if absent."""
    stem = repair(file).rpartition(".")[0].rstrip(".")
    artist, _, work = stem.partition("_")
    year = _YEAR.search(work)
    title = "" if work.startswith("not_detected") else (work[: year.start()] if year else work)
    names = [word for word in artist.split("-") if word]
    person = " ".join(name if name in _PARTICLES and place else name.capitalize() for place, name in enumerate(names))
    sentence = " ".join(re.sub(r"\((\d+)\)$", r" \1", title).replace("-", " ").replace("_", " ").split())
    return person, sentence[:1].upper() + sentence[1:], year.group(1) if year else ""


def repair(name: str) -> str:
    """Undo encoding errors: `#U00e9` escapes, UTF-8 read as cp437, UTF-8 read as Latin-1 and then lower-cased."""
    name = re.sub(r"#U([0-9a-fA-F]{4})", lambda escaped: chr(int(escaped.group(1), 16)), name)
    with contextlib.suppress(UnicodeError):
        name = name.encode("cp437").decode("utf-8")
    # UTF-8 read as Latin-1: the first of two bytes became an upper-case letter, which was then lower-cased.
    lead = {"â": 0xC2, "ã": 0xC3, "ä": 0xC4, "å": 0xC5}
    return re.sub(
        r"([âãäå])([\u0080-\u00bf])", lambda pair: bytes([lead[pair.group(1)], ord(pair.group(2))]).decode(), name
    ).replace("\u00a0", "")


def _key(path: str) -> str:
    """Return folder and name in plain letters and digits, equal for all spellings of one painting's path."""
    plain = unicodedata.normalize("NFKD", repair("/".join(PurePosixPath(path).parts[-2:])).lower())
    return re.sub(r"[^a-z0-9/()]", "", plain.rpartition(".")[0])
