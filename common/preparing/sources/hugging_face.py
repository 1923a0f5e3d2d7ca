"""A Hugging Face dataset, given by its name on the hub or its local path.

Columns: image, and at least one of genre and style; artist, title and year are optional. Rows are streamed: the
dataset is neither loaded into memory nor saved to disk. Class names come from the dataset's features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from common.errors import UserError, missing_package
from common.preparing.pictures import MAX_BYTES, Rejected, decode, reason_of
from common.preparing.sources.collection import COLUMNS
from common.preparing.sources.files import Entry, Listing, Record, writable


def hugging_face_dataset(place: str) -> Listing:
    """List the train split of a dataset that the `datasets` library opens; preparation makes its own splits of it."""
    try:
        import datasets as library
    except ImportError:
        raise missing_package("--hugging-face", "datasets", extra="hugging-face") from None
    path = Path(place)
    try:
        if (path / "dataset_info.json").is_file() or (path / "dataset_dict.json").is_file():
            dataset: Any = library.load_from_disk(place)
            dataset = dataset["train"] if isinstance(dataset, library.DatasetDict) else dataset
        elif path.is_file():
            dataset = library.load_dataset("parquet", data_files=place, split="train", streaming=True)
        else:
            dataset = library.load_dataset(place, split="train", streaming=True)
    except Exception as error:
        # The library and its dependencies raise exceptions of many types; the text says what was not found.
        raise UserError(f"dataset {place!r} cannot be opened: {reason_of(error)}") from None
    features = dataset.features or {}
    if not isinstance(features.get("image"), library.Image) or not {"genre", "style"} & features.keys():
        raise UserError(
            f"{place}: the dataset needs a column image with pictures and a column genre or style; "
            f"its columns are {', '.join(features) or 'none'}"
        )
    names = {label: getattr(features[label], "names", None) for label in COLUMNS[1:] if label in features}
    dataset = dataset.select_columns(["image", *names]).cast_column("image", library.Image(decode=False))
    known = dataset.info.splits and dataset.info.splits.get("train")
    total = len(dataset) if isinstance(dataset, library.Dataset) else known.num_examples if known else None
    return Listing(writable(place), _entries(dataset, names, place), total)


def _entries(rows: Any, names: Mapping[str, list[str] | None], place: str) -> Iterator[Entry]:
    number = 0
    try:
        for number, row in enumerate(rows):
            labels = {label: _label(row[label], classes) for label, classes in names.items()}
            picture = row["image"] or {}
            read = partial(_read, picture.get("bytes"), picture.get("path"), place)
            yield Entry(Record(str(number), **labels), read)
    except Exception as error:
        # Again many types: a lost connection, files whose columns differ, a class without a name.
        failed = f"{place}: reading failed after {number} pictures"
        raise UserError(f"{failed} ({reason_of(error)}); run the command again") from None


def _label(value: Any, classes: list[str] | None) -> str:
    """Return the label's name, blank if it has none; the library writes a missing class as -1."""
    if classes is None or value is None:
        return "" if value is None else str(value).strip()
    return classes[value] if value >= 0 else ""


def _read(data: bytes | None, path: str | None, place: str) -> Image.Image:
    if data is None:
        if path is None:
            raise Rejected("the row has no picture")
        # A dependency of `datasets`. Pictures that are not stored in the rows are files, local or on the hub.
        import fsspec

        innermost, folder = path.rpartition("::")[2], Path(place).resolve()
        if fsspec.utils.get_protocol(innermost) in {"file", "local"}:
            folder = folder.parent if folder.is_file() else folder
            if not Path(innermost.removeprefix("file://")).resolve().is_relative_to(folder):
                raise Rejected("is a file outside the dataset's folder")
        try:
            with fsspec.open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise Rejected(f"cannot be read: {reason_of(error)}") from None
    if len(data) > MAX_BYTES:
        raise Rejected(f"larger than {MAX_BYTES // 2**20} MiB")
    return decode(data)
