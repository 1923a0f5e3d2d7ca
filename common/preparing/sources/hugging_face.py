"""A Hugging Face dataset, given by its name on the hub or its local path.

Columns: image, and at least one of genre, style and label; artist, title and year are optional. Rows are streamed: the
dataset is neither loaded into memory nor saved to disk. Class names come from the dataset's features.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from common.errors import UserError, missing_package
from common.preparing.pictures import MAX_BYTES, Rejected, reason_of
from common.preparing.sources.files import Entry, Files, Listing, Record, first_of, writable
from common.preparing.sources.layouts import split_of
from common.preparing.sources.tables import COLUMNS, class_names, columns_of, text_of
from common.vocabulary import SEVERAL, Kind


def hugging_face_dataset(place: str, label: Kind = "genre", names: Path | None = None) -> Listing:
    """List a dataset that the `datasets` library opens, with its splits.

    `label` says what a column `label` is, `names` is a file with the names of classes that are mere numbers.
    """
    try:
        import datasets as library
    except ImportError:
        raise missing_package("--hugging-face", "datasets", extra="hugging-face") from None
    path = Path(place)
    try:
        if (path / "dataset_info.json").is_file() or (path / "dataset_dict.json").is_file():
            dataset: Any = library.load_from_disk(place)
        elif path.is_file():
            dataset = library.load_dataset("parquet", data_files=place, streaming=True)
        else:
            dataset = library.load_dataset(place, streaming=True)
    except Exception as error:
        # The library and its dependencies raise exceptions of many types; the text says what was not found.
        raise UserError(f"dataset {place!r} cannot be opened: {reason_of(error)}") from None
    called = [*class_names(Files(names.parent).read_text(names.name))] if names else None
    given = dataset if isinstance(dataset, dict) else {"train": dataset}
    splits = {name: split for name in given if (split := split_of(name))}
    if not splits:
        raise UserError(f"{place} has no split train; its splits are {', '.join(given)}")
    parts = [
        _entries(*_columns(given[name], place, label, called), place, split if len(splits) > 1 else "")
        for name, split in splits.items()
    ]
    sizes = [_size(given[name], name) for name in splits]
    left = [name for name in given if name not in splits]
    remarks = [f"the splits {', '.join(splits)} of the dataset are kept as such"] if len(splits) > 1 else []
    remarks += [f"{len(left)} other splits left out: {first_of(left)}"] if left else []
    numbered = (replace(entry, record=replace(entry.record, name=str(number))) for number, entry in _numbered(parts))
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    return Listing(writable(place), numbered, total, tuple(remarks))


def _columns(
    dataset: Any, place: str, label: Kind, called: list[str] | None
) -> tuple[Any, str, dict[str, tuple[str, list[str] | None]]]:
    """Return the rows, the column of pictures, and for each label its column and the names of its classes."""
    import datasets as library

    features = dataset.features or {}
    columns = columns_of(features)
    columns[label] = columns.get(label) or columns.get("label", "")
    labels = {
        kind: (columns[kind], getattr(features[columns[kind]], "names", called if kind == label else None))
        for kind in COLUMNS[1:]
        if columns.get(kind)
    }
    picture = next((name for name in ("image", columns.get("file", "")) if name in features), None)
    if picture is None or not _holds_pictures(features[picture], library) or not {"genre", "style"} & labels.keys():
        raise UserError(
            f"{place}: the dataset needs a column image with pictures and a column genre, style or label; "
            f"its columns are {', '.join(features) or 'none'}"
        )
    rows = dataset.select_columns(list(dict.fromkeys([picture, *(column for column, _ in labels.values())])))
    return rows.cast_column(picture, library.Image(decode=False)), picture, labels


def _holds_pictures(feature: Any, library: Any) -> bool:
    """Return True for pictures, and for files as other programs write them: bytes, a path, or a struct of both."""
    if isinstance(feature, dict):
        return feature.keys() <= {"bytes", "path"}
    return isinstance(feature, library.Image) or getattr(feature, "dtype", "") in (
        "binary",
        "large_binary",
        "string",
        "large_string",
    )


def _size(dataset: Any, split: str) -> int | None:
    known = dataset.info.splits and dataset.info.splits.get(split)
    return len(dataset) if hasattr(dataset, "__len__") else known.num_examples if known else None


def _numbered(parts: Iterable[Iterator[Entry]]) -> Iterator[tuple[int, Entry]]:
    return enumerate(itertools.chain.from_iterable(parts))


def _entries(
    rows: Any, column: str, labels: Mapping[str, tuple[str, list[str] | None]], place: str, split: str
) -> Iterator[Entry]:
    number = 0
    try:
        for number, row in enumerate(rows):
            texts = {kind: _label(row[name], classes) for kind, (name, classes) in labels.items()}
            picture = row[column] or {}
            read = partial(_read, picture.get("bytes"), picture.get("path"), place)
            yield Entry(Record(str(number), **texts, split=split), read)
    except Exception as error:
        # Again many types: a lost connection, files whose columns differ, a class without a name.
        failed = f"{place}: reading failed after {number} pictures"
        raise UserError(f"{failed} ({reason_of(error)}); run the command again") from None


def _label(value: Any, classes: list[str] | None) -> str:
    """Return the label's name, blank if it has none; the library writes a missing class as -1."""
    if isinstance(value, list | tuple):
        return SEVERAL.join(filter(None, (_label(one, classes) for one in value)))
    if classes is None or not isinstance(value, int):
        return text_of(value)
    return classes[value] if value >= 0 else ""


def _read(data: bytes | None, path: str | None, place: str) -> bytes:
    if data is None:
        if path is None:
            raise Rejected("the row has no picture")
        # A dependency of `datasets`. Pictures that are not stored in the rows are files, local or on the hub.
        import fsspec

        innermost, folder = path.rpartition("::")[2], Path(place).resolve()
        if fsspec.utils.get_protocol(innermost) in {"file", "local"}:
            folder = folder.parent if folder.is_file() else folder
            # Other programs than the library write names relative to the table.
            path = str(folder / path) if (folder / path).is_file() else path
            innermost = path.rpartition("::")[2]
            if not Path(innermost.removeprefix("file://")).resolve().is_relative_to(folder):
                raise Rejected("is a file outside the dataset's folder")
        try:
            with fsspec.open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise Rejected(f"cannot be read: {reason_of(error)}") from None
    if len(data) > MAX_BYTES:
        raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
    return data
