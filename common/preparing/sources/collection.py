"""Turn the files of a collection into records. Their raw labels stand in a table, beside each picture or nowhere.

`tables` reads a table's text, `matching` finds the pictures that it names, `layouts` reads labels from folders.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from common.errors import UserError
from common.preparing.packed import Packed
from common.preparing.sources import tables
from common.preparing.sources.files import Files, Listing, Record, first_of, pictures_among, require_pictures
from common.preparing.sources.layouts import folder_of, folders_of, split_folders, split_of
from common.preparing.sources.matching import find_files
from common.preparing.sources.tables import COLUMNS, Row, Rows, Table, class_names, columns_of, read_table, text_of
from common.vocabulary import SEVERAL, Kind

KNOWN_TABLES = ("labels", "metadata", "dataset", "annotations")
"""Names of tables, without their endings, that are taken before others."""
NAMES_OF_CLASSES = (
    "classes.txt",
    "class_names.txt",
    "label_names.txt",
    "names.txt",
    "categories.txt",
    "labels.txt",
    "classes.json",
    "class_names.json",
)
"""Files that may name the classes 0, 1, … of a table."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""Of the files that are taken for pictures where no table names them."""
MORE_SUFFIXES = frozenset({".avif", ".gif", ".heic", ".heif", ".jp2", ".jxl"})
"""Of other files that are surely pictures."""


@dataclass(frozen=True)
class Found:
    """A table, and where it stands in a collection."""

    table: Table
    place: str
    """For messages."""
    folder: str = ""
    """The folder to which its names are relative, with a `/` at its end unless it is blank."""
    split: str = ""
    """The split of all its rows, if its name or its folder tells it."""


def labels_table(
    files: Files,
    table: Path | None = None,
    *,
    label: Kind = "genre",
    names: Path | None = None,
    every_row: bool = False,
) -> Listing:
    """List the pictures that `table` names, or else the tables of the collection, or the files beside each picture.

    `label` says what a column `label` is; `names` is a file with the names of numbered classes. Raises UserError if
    there is no table, or if most rows name no picture, or with `every_row` a single one.
    """
    if table is not None:
        elsewhere = read_table(Files(table.parent).read_text(table.name), f"{table.parent}/{table.name}")
        found = [Found(elsewhere, f"{table.parent}/{table.name}")]
    else:
        found = _tables(files) or _beside_pictures(files)
    if not found:
        raise UserError(_no_table(files))
    records = _Records()
    splits_told: Counter[tuple[str, str]] = Counter()
    remarks, missing, asked = [], [], 0
    for one in found:
        where, how = find_files((row.file for row in one.table.rows), files, folder=one.folder)
        named, said = _named(one, files, label, names)
        for name, row in zip(where, named, strict=True):
            split = split_of(row.split) or one.split
            if name:
                record = Record(name, row.genre, row.style, row.artist, row.title, row.year, split)
                records.add(name, record)
                splits_told[row.split, split] += 1
            else:
                missing.append(row.file)
        asked += len(where)
        remarks += [*one.table.remarks, *how, *said]
    if missing and (every_row or 2 * len(missing) > asked):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UserError(f"{found[0].place} names {missing[0]!r}{more}, not found; add the files or remove the rows")
    if missing:
        remarks.append(f"{len(missing)} rows name pictures that are not there, or not only one: {first_of(missing)}")
    twice = [*records.remarks(), *_on_splits(splits_told, PurePosixPath(found[0].place).name)]
    splits, _, divided = split_folders(folders_of(name for name, _ in records))
    listed = (
        (name, record if record.split else replace(record, split=splits.get(folder_of(name), "")))
        for name, record in records
    )
    pictures = [name for name in files.names() if PurePosixPath(name).suffix.lower() in SUFFIXES | MORE_SUFFIXES]
    if idle := [name for name in pictures if name not in records]:
        remarks.append(f"{len(idle)} pictures are in no row of {found[0].place} and were left out: {first_of(idle)}")
    return files.listing(listed, (*remarks, *twice, *divided))


def pictures_of(files: Files, table: Path | None = None) -> Listing:
    """List the pictures in `table` or in the collection's labels.csv or metadata; without these, all pictures."""
    if table is not None or _known_tables(files.names()):
        return labels_table(files, table, every_row=True)
    names = [name for name in files.names() if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not names:
        raise UserError(f"{files.name} has no pictures ({', '.join(sorted(SUFFIXES))})")
    return files.listing((name, Record(name)) for name in names)


def _tables(files: Files) -> list[Found]:
    """Return the tables of a collection: one at its top level, one for each split, or one in each folder."""
    likely = [name for name in files.names() if name.count("/") < 2 and name.lower().endswith(tables.SUFFIXES)]
    top = [name for name in likely if "/" not in name]
    inner = [name for name in likely if "/" in name]
    # COCO keeps its tables in a folder beside the pictures, those of categories as `instances_train2017.json`.
    top = top or [name for name in inner if name.lower().startswith(("annotations/", "labels/"))]
    top = [name for name in top if "instances" in name.lower()] or top
    if known := _known_tables(top):
        return [_open(files, known[0])]
    divided = [(name, split) for name in top if (split := _split_in(PurePosixPath(name).stem))]
    if divided:
        return [_open(files, name, split=split) for name, split in divided]
    # JSON has many uses: only what reads as a table is one.
    if readable := [name for name in top if not name.lower().endswith(".json") or _reads(files, name)]:
        if len(readable) > 1:
            several = f"{files.name} has several tables ({first_of(readable)})"
            raise UserError(f"{several}; name the one with the labels labels{PurePosixPath(readable[0]).suffix}")
        return [_open(files, readable[0])]
    found = []
    for folder in dict.fromkeys(name.partition("/")[0] for name in inner):
        for name in _known_tables([name for name in inner if name.startswith(f"{folder}/")])[:1]:
            found.append(replace(_open(files, name, split=split_of(folder) or ""), folder=f"{folder}/"))
    return found


def _known_tables(names: Sequence[str]) -> list[str]:
    """Return the tables at the top level of some names' folder that are called as tables usually are, best first."""
    stems = {name: PurePosixPath(name).stem.lower() for name in names if name.lower().endswith(tables.SUFFIXES)}
    known = [name for name, stem in stems.items() if stem in KNOWN_TABLES and name.count("/") == names[0].count("/")]
    suffix = {name: tables.SUFFIXES.index(PurePosixPath(name).suffix.lower()) for name in known}
    return sorted(known, key=lambda name: (KNOWN_TABLES.index(stems[name]), suffix[name]))


def _open(files: Files, name: str, *, split: str = "") -> Found:
    place = f"{files.path}/{name}"
    return Found(read_table(files.read_text(name), place), place, split=split)


def _reads(files: Files, name: str) -> bool:
    try:
        _open(files, name)
    except UserError:
        return False
    return True


def _split_in(stem: str) -> str:
    """Return the split that a part of a table's name tells, as in `train_labels`."""
    return next((split for part in re.split(r"[\W_]+", stem) if (split := split_of(part))), "")


def _beside_pictures(files: Files) -> list[Found]:
    """Return a table made of the `.json` or `.cls` file beside each picture (webdataset), if most pictures have one."""
    pictures, _ = pictures_among(files.names())
    rows = Rows(_rows_beside(pictures, files))
    place = f"the files beside the pictures of {files.name}"
    return [Found(Table(rows), place)] if 2 * len(rows) > len(pictures) else []


def _rows_beside(pictures: Sequence[str], files: Files) -> Iterator[Row]:
    names = set(files.names())
    for picture in pictures:
        folder, slash, last = picture.rpartition("/")
        key = f"{folder}{slash}{last.partition('.')[0]}"
        row: dict[str, str] = {}
        if f"{key}.json" in names:
            try:
                values = json.loads(files.read_text(f"{key}.json"))
            except ValueError as error:
                raise UserError(f"{files.path}/{key}.json: {error}; repair or remove the file") from None
            columns = columns_of(values) if isinstance(values, dict) else {}
            row = {column: text_of(values[name]) for column, name in columns.items()}
        if f"{key}.cls" in names:
            row["label"] = files.read_text(f"{key}.cls").strip()
        if row.keys() - {"file"}:
            yield Row(**{**row, "file": picture})


def _named(found: Found, files: Files, label: Kind, names: Path | None) -> tuple[Iterable[Row], list[str]]:
    """Return the rows of a table with `label` as a genre or style, numbered classes with their names; and remarks."""
    rows, place = found.table.rows, PurePosixPath(found.place).name
    has_other = any(row.label for row in rows) and not any(getattr(row, label) for row in rows)
    if not has_other and names is None:
        return rows, []
    column = "label" if has_other else label
    remarks = [f"the classes of {place} are read as {label}s (see --label)"] if has_other else []
    numbers = {number for row in rows for number in getattr(row, column).split(SEVERAL) if number}
    called = found.table.class_names
    if names is not None or all(number.isdecimal() for number in numbers):
        beside = next((name for name in files.names() if name.lower() in NAMES_OF_CLASSES), None)
        if names is not None:
            called = tuple(class_names(Files(names.parent).read_text(names.name)))
        elif beside is not None and not called:
            called = tuple(class_names(files.read_text(beside)))
        if called and (over := sorted(one for one in numbers if not (one.isdecimal() and int(one) < len(called)))):
            source = names or beside or place
            raise UserError(f"{found.place} has a class {over[0]}, and {source} names {len(called)}: 0, 1, …; add it")
        if not called:
            remarks.append(f"the classes of {place} are numbers; name them with --class-names FILE, a line each")
    name_of = {str(number): name for number, name in enumerate(called)}

    def read(row: Row) -> Row:
        parts = getattr(row, column).split(SEVERAL)
        return row._replace(**{label: SEVERAL.join(name_of.get(part, part) for part in parts)})

    return map(read, rows), remarks


class _Records:
    """One record for each picture, by its file's name, with the labels of all its rows. On disk but for the names."""

    def __init__(self) -> None:
        self._packed = Packed()
        self._places: dict[str, int] = {}
        self._joined: dict[int, Record] = {}
        self._same: list[str] = []
        self._different: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        for place, (name, *texts) in enumerate(self._packed):
            yield name, self._joined.get(place) or Record(*texts)

    def add(self, name: str, record: Record) -> None:
        """Add a row's record."""
        place = self._places.setdefault(name, len(self._packed))
        if place == len(self._packed):
            self._packed.append((name, *record.texts()))
            return
        before = self._joined.get(place) or Record(*self._packed[place][1:])
        joined = {kind: _union(getattr(before, kind), getattr(record, kind)) for kind in ("genre", "style")}
        self._joined[place] = replace(before, **joined)
        is_same = (before.genre, before.style) == (record.genre, record.style)
        (self._same if is_same else self._different).append(name)

    def remarks(self) -> list[str]:
        """Say which pictures have several rows."""
        said = {
            f"{len(self._different)} rows give a picture other labels than its first row, and it has them all": (
                self._different
            ),
            f"{len(self._same)} rows stand twice": self._same,
        }
        return [f"{remark}: {first_of(names)}" for remark, names in said.items() if names]


def _on_splits(told: Counter[tuple[str, str]], place: str) -> list[str]:
    """Say which splits the rows tell, and which of these are not known; `told` counts names and what they are."""
    kept = sorted({split for _, split in told if split})
    other = {name: count for (name, split), count in told.items() if name and not split}
    said = {
        f"the splits {', '.join(kept)} come from {place} and are kept as such": kept,
        f"{sum(other.values())} rows name a split that is not known, and are divided anew: {first_of(other)}": other,
    }
    return [remark for remark, names in said.items() if names]


def _union(one: str, other: str) -> str:
    return SEVERAL.join(dict.fromkeys(filter(None, (*one.split(SEVERAL), *other.split(SEVERAL)))))


def _no_table(files: Files) -> str:
    """Say what is missing, and which option reads what is there."""
    pictures, _ = pictures_among(files.names())
    require_pictures(pictures, files)
    _, paths, _ = split_folders(folders_of(pictures))
    folders = sorted({path[0] for path in paths.values() if path})
    fault = f"{files.name} has no labels.csv at its top level; "
    if any(name.lower().endswith(".parquet") for name in files.names()):
        return f"{fault}read its parquet files with --hugging-face"
    if sheets := [name for name in files.names() if name.lower().endswith((".xlsx", ".xls", ".ods", ".numbers"))]:
        return f"{fault}open {sheets[0]} in its program and save it as labels.csv"
    if folders:
        return f"{fault}if its folders ({first_of(folders)}) are classes, give --folders genre or --folders style"
    add = f"add one with the columns {','.join(COLUMNS)} (only file is required)"
    return f"{fault}{add}, or sort the pictures into one folder for each class (--folders genre, --folders style)"
