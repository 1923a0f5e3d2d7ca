"""Find the files that a table means: tables come from other machines, whose names differ in small ways."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from common.preparing.sources.files import Files, first_of, pictures_among


def find_files(asked: Iterable[str], files: Files, *, folder: str = "") -> tuple[list[str], tuple[str, ...]]:
    """Return the file that each name in a table means, and say how many were found by something else than the name.

    Names are relative to `folder`, which ends with `/` if it is not blank. The file of a name that means none, or may
    mean several, is blank.
    """
    names, _ = pictures_among(files.names())
    there = {name: name for name in names}
    found: list[str] = []
    open_names: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(asked):
        found.append("")
        if not name:
            # It would find the folder itself.
            continue
        slashed = _slashed(name)
        tries = (folder + name, folder + slashed, folder + str(PurePosixPath(slashed)), slashed)
        found[-1] = next((there[one] for one in tries if one in there), "") or next(filter(files.has, tries), "")
        if not found[-1]:
            open_names[name].append(place)
    remarks = []
    taken = set(found) if open_names else set()
    for what, find in _ways(names, folder) if open_names else ():
        guesses = {name: file for name in open_names if (file := find(_slashed(name)))}
        claims = Counter(guesses.values())
        # Two names that would be one file are two pictures, of which one or both are not here.
        new = {name: file for name, file in guesses.items() if claims[file] == 1 and file not in taken}
        if new:
            remarks.append(f"{len(new)} pictures were found by {what}: {first_of(new.values())}")
        for name, file in new.items():
            taken.add(file)
            for place in open_names.pop(name):
                found[place] = file
    return found, tuple(remarks)


def _ways(names: Sequence[str], folder: str) -> Iterable[tuple[str, Callable[[str], str | None]]]:
    """Yield ways to find a file, the strictest first, each with its words for the summary."""
    for what, key in (
        ("another form of their Unicode letters", _composed),
        ("their names without regard to case", _folded),
        ("their names as web addresses write them", _decoded),
        ("their names without an ending", _stem),
    ):
        yield what, _Unique(names, key, folder).find
    yield "the end of their paths", _Ends(names, _folded).find
    yield "the end of their paths, without an ending", _Ends(names, _stem).find


class _Unique:
    """Files by a key that stands for one of them alone."""

    def __init__(self, names: Iterable[str], key: Callable[[str], str], folder: str) -> None:
        self._key, self._folder = key, folder
        self._files: dict[str, str | None] = {}
        for name in names:
            self._files[key(name)] = None if key(name) in self._files else name

    def find(self, asked: str) -> str | None:
        """Return the one file with the key of a name."""
        return self._files.get(self._key(self._folder + asked))


class _Ends:
    """Files by the ends of their paths."""

    def __init__(self, names: Iterable[str], key: Callable[[str], str]) -> None:
        self._key = key
        self._files: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        self._names = {}
        for name in names:
            parts = _parts(key(name))
            self._files[parts[-1]].append(parts)
            self._names[parts] = name

    def find(self, asked: str) -> str | None:
        """Return the one file whose path ends most like this one.

        One path must end with the other, unless a whole path of another machine is asked for.
        """
        parts = _parts(self._key(asked))
        common = {path: _common_end(path, parts) for path in self._files.get(parts[-1], ())}
        best = [path for path, length in common.items() if length == max(common.values())]
        if len(best) != 1 or len(self._files[parts[-1]]) != len(set(self._files[parts[-1]])):
            return None
        is_whole = asked.startswith("/") or asked[1:2] == ":"
        ends = common[best[0]] == min(len(parts), len(best[0]))
        return self._names[best[0]] if ends or (is_whole and len(common) == 1) else None


def _slashed(name: str) -> str:
    """Return a name with plain slashes; of a web address the path."""
    return unquote(urlsplit(name).path) if re.match(r"https?://", name) else name.replace("\\", "/")


def _parts(name: str) -> tuple[str, ...]:
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    return parts or ("",)


def _common_end(one: Sequence[str], other: Sequence[str]) -> int:
    length = 0
    while length < min(len(one), len(other)) and one[-1 - length] == other[-1 - length]:
        length += 1
    return length


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", str(PurePosixPath(name)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(PurePosixPath(name))).casefold()).strip()


def _decoded(name: str) -> str:
    return _folded(unquote(name))


def _stem(name: str) -> str:
    """Return the name without the ending of a picture: other dots are part of a name."""
    folded = _folded(name)
    stem, dot, ending = folded.rpartition(".")
    return stem if dot and ending.isalnum() and len(ending) <= 4 and not ending.isdigit() else folded
