"""Turn a source of pictures into a dataset folder, which `common.data.dataset` reads.

`reading` decodes the pictures to raw files, `duplicates` finds copies, `labelling` names the labels, `splits` divides
the pictures, and this module writes what is kept. The folder gets its name when it is complete.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from common import config
from common.data.dataset import SPLITS, VERSION, DatasetDescription
from common.errors import UserError
from common.files import sha256, whole_folder
from common.preparing.duplicates import copies_of_better, duplicate_groups
from common.preparing.labelling import build_vocabulary, genre_and_style_naming, map_labels, named_labels
from common.preparing.pictures import RESIZE_FILTER
from common.preparing.reading import Refusal, read_pictures
from common.preparing.report import PreparationReport, empty_splits, lost_labels
from common.preparing.settings import PreparationSettings
from common.preparing.sources.listing import Listing, Source
from common.preparing.splits import choose_splits
from common.preparing.taxonomy import Taxonomy
from common.vocabulary import Vocabulary

_OURS = re.compile(r"dataset\.json|labels\.csv|rejected\.csv|features|images-\d+\.npy")


def prepare(
    source: Source, out: Path, settings: PreparationSettings, taxonomy: Taxonomy, *, overwrite: bool
) -> PreparationReport:
    """Make the dataset folder `out`. Raises UserError, and changes nothing, if that fails."""
    if os.path.lexists(out):
        if not overwrite:
            raise UserError(f"{out} already exists; give another folder with --out, or replace it with --overwrite")
        if (foreign := _foreign(out)) is not None:
            raise UserError(f"{foreign} is not part of a dataset; move it or give another folder with --out")
    listing = source()
    try:
        with whole_folder(out, replace=overwrite) as building:
            return _build(listing, building, settings, taxonomy)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}; nothing was changed") from None
    except BrokenProcessPool:
        raise UserError("a decoding process was killed, perhaps for lack of memory; try fewer --workers") from None


def _foreign(out: Path) -> Path | None:
    """Return the first path in `out` that this program did not write, so that no other file is overwritten."""
    if not out.is_dir():
        return out
    is_dataset = (out / "dataset.json").exists()
    return next((path for path in sorted(out.iterdir()) if not (is_dataset and _OURS.fullmatch(path.name))), None)


def _build(listing: Listing, folder: Path, settings: PreparationSettings, taxonomy: Taxonomy) -> PreparationReport:
    pictures, refused = read_pictures(listing, folder, settings)
    if not pictures:
        reason = f"; the first: {refused[0].reason}" if refused else ""
        raise UserError(f"{listing.name}: none of its {len(refused)} pictures can be used{reason}")

    naming = genre_and_style_naming(taxonomy, settings)
    groups = duplicate_groups(np.stack([picture.perceptual for picture in pictures]))
    # Of near-duplicates the one with the most labels is kept, then the largest. The order of the files does not matter.
    worth = [(named_labels(picture.record, naming), picture.num_pixels, picture.digest) for picture in pictures]
    copies = copies_of_better(groups, worth)
    left_out = {} if settings.keep_duplicates else copies
    near = [
        Refusal(pictures[copy].record.name, f"near-duplicate of {pictures[best].record.name}")
        for copy, best in left_out.items()
    ]
    kept = np.setdiff1d(np.arange(len(pictures)), list(left_out))

    records = [pictures[place].record for place in kept]
    digests = [pictures[place].digest for place in kept]
    raw_genres, raw_styles = [record.genre for record in records], [record.style for record in records]
    genre_mapping = map_labels(raw_genres, naming[0], settings.min_count)
    style_mapping = map_labels(raw_styles, naming[1], settings.min_count)
    genres, styles = genre_mapping.labels(raw_genres), style_mapping.labels(raw_styles)
    splits = choose_splits(genres, styles, digests, groups[kept])

    for size in settings.sizes:
        _keep_rows(folder / f"images-{size}.raw", folder / f"images-{size}.npy", kept, size)
    columns = zip(splits, genres, styles, records, digests, strict=True)
    rows = (
        (index, split, genre, style, record.artist, record.title, record.year, f"{listing.name}/{record.name}", digest)
        for index, (split, genre, style, record, digest) in enumerate(columns)
    )
    header = ("index", "split", "genre", "style", "artist", "title", "year", "source", "sha256")
    _write_table(folder / "labels.csv", header, rows)
    _write_table(folder / "rejected.csv", Refusal._fields, refused + near)
    train = [place for place, split in enumerate(splits) if split == "train"]
    vocabulary = build_vocabulary([genres[place] for place in train], [styles[place] for place in train], taxonomy)
    description = _describe(folder, listing.name, settings, splits, vocabulary)
    num_lost = sum(record.genre in genre_mapping.lost or record.style in style_mapping.lost for record in records)
    remarks = (
        *lost_labels(num_lost, keep_unknown=settings.keep_unknown),
        *empty_splits(description.paintings),
        *listing.remarks,
    )
    return PreparationReport(description, genre_mapping, style_mapping, refused, len(copies), remarks)


def _describe(
    folder: Path, source: str, settings: PreparationSettings, splits: Sequence[str], vocabulary: Vocabulary
) -> DatasetDescription:
    """Write dataset.json, when all other files are written."""
    stored = ("labels.csv", *(f"images-{size}.npy" for size in settings.sizes))
    description = DatasetDescription(
        version=VERSION,
        source=source,
        fit=settings.fit,
        trimmed=settings.trim,
        resize_filter=RESIZE_FILTER,
        sizes=settings.sizes,
        enlarged=settings.enlarge,
        paintings={name: splits.count(name) for name in SPLITS},
        vocabulary=vocabulary,
        checksums={name: sha256(folder / name) for name in stored},
    )
    text = json.dumps(config.as_values(description), indent=2, ensure_ascii=False)
    (folder / "dataset.json").write_text(text, encoding="utf-8")
    return description


def _keep_rows(raw: Path, target: Path, rows: np.ndarray, size: int) -> None:
    """Copy the kept rows to an .npy file. Not with a memory map, whose pages would count as our memory."""
    picture = size * size * 3
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(rows), size, size, 3)}
    with raw.open("rb") as read, target.open("wb") as kept:
        np.lib.format.write_array_header_1_0(kept, header)
        for row in rows.tolist():
            read.seek(row * picture)
            kept.write(read.read(picture))
    raw.unlink()


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
