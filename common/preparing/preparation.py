"""Turn a source of pictures into a dataset folder, which `common.data.dataset` reads.

`reading` decodes the pictures to raw files and finds copies, `labelling` names the labels, `splits` divides the
pictures. This module writes what is kept. The folder gets its name when it is complete.
"""

from __future__ import annotations

import csv
import json
import os
import re
from array import array
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt8

from common import config
from common.aspects import shapes_by_genre
from common.data.dataset import HELD_OUT, SPLITS, VERSION, DatasetDescription, SplitName
from common.errors import UserError
from common.files import sha256, whole_folder
from common.preparing.duplicates import copies_of, duplicate_groups
from common.preparing.labelling import (
    Naming,
    build_vocabulary,
    choose_labels,
    load_naming,
    usual_min_count,
)
from common.preparing.reading import Pictures, PreparationSettings, read_pictures
from common.preparing.sources.files import Listing, Source, first_of
from common.preparing.splits import by_content, choose_splits, only_learnt
from common.preparing.squares import RESIZE_FILTER
from common.preparing.summary import labels_left_out, lost_and_refused, mended, none_left, shortened
from common.vocabulary import SEVERAL

_OURS = re.compile(r"dataset\.json|labels\.csv|rejected\.csv|features|images-\d+(-\d+)?\.npy")


class PreparationReport(NamedTuple):
    """The dataset, and lines to print: what each raw label became, what was lost or left out, and the counts."""

    description: DatasetDescription
    lines: list[str]


def prepare(source: Source, out: Path, settings: PreparationSettings, *, overwrite: bool) -> PreparationReport:
    """Make the dataset folder `out`. Raises UserError, and changes nothing, if that fails."""
    naming = load_naming(settings.taxonomy, fine_styles=settings.fine_styles, taxonomy_only=settings.taxonomy_only)
    if os.path.lexists(out):
        if not overwrite:
            raise UserError(f"{out} already exists; give another folder with --out, or replace it with --overwrite")
        is_dataset = (out / "dataset.json").exists()
        for path in sorted(out.iterdir()) if out.is_dir() else [out]:
            if not (is_dataset and _OURS.fullmatch(path.name)):
                raise UserError(f"{path} is not part of a dataset; move it or give another folder with --out")
    listing = source()
    try:
        with whole_folder(out, replace=overwrite) as building:
            return _build(listing, building, settings, *naming)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}; nothing was changed") from None
    except BrokenProcessPool:
        raise UserError("a decoding process was killed, perhaps for lack of memory; try fewer --workers") from None


def _build(
    listing: Listing, folder: Path, settings: PreparationSettings, genre_naming: Naming, style_naming: Naming
) -> PreparationReport:
    pictures, refused, pixels = read_pictures(listing, folder, settings)
    if not pictures:
        reason = f"; the first: {refused[0][1]}" if refused else ""
        raise UserError(f"{listing.name}: none of its {len(refused)} pictures can be used{reason}")

    genres, styles, given = _labels_of(pictures)
    several = _share_labels_of_copies(pictures, genres, styles)
    groups = duplicate_groups(pictures.column("perceptual"))
    in_company = np.flatnonzero(np.bincount(groups)[groups] > 1)
    best_first = _best_first(in_company, pictures, genres, styles, given, genre_naming, style_naming)
    copies = copies_of(groups, pictures.column("colours"), best_first)
    pictures.forget_looks()
    left_out = {} if settings.keep_duplicates else copies
    near = [
        (pictures.record(copy).name, f"near-duplicate of {pictures.record(better).name}")
        for copy, better in left_out.items()
    ]
    kept = np.setdiff1d(np.arange(len(pictures)), list(left_out))
    several += labels_left_out(pictures, left_out, genres, styles)

    genres, styles, given = ([some[place] for place in kept] for some in (genres, styles, given))
    digests = pictures.column("digest")[kept]
    chosen = _choose(listing.name, genres, styles, given, digests, groups[kept], settings, genre_naming, style_naming)

    images = [name for raw in pixels for name in raw.keep(kept)]
    widths, heights = (map(int, side) for side in pictures.column("size")[kept].T)
    aspects = array("d", (round(width / height, 4) for width, height in zip(widths, heights, strict=True)))
    rows = (
        (
            index,
            chosen.splits[index],
            chosen.genres[index],
            chosen.styles[index],
            record.artist,
            record.title,
            record.year,
            f"{listing.name}/{record.name}",
            pictures.digest(place),
            aspects[index],
        )
        for index, (place, record) in enumerate((place, pictures.record(place)) for place in map(int, kept))
    )
    header = ("index", "split", "genre", "style", "artist", "title", "year", "source", "sha256", "aspect")
    _write_table(folder / "labels.csv", header, rows)
    _write_table(folder / "rejected.csv", ("file", "reason"), refused + near)
    is_learnt = [split == "train" for split in chosen.splits]
    learnt_genres, learnt_styles = ([*compress(some, is_learnt)] for some in (chosen.genres, chosen.styles))
    vocabulary = build_vocabulary(learnt_genres, learnt_styles, genre_naming, style_naming)
    if settings.fit == "squash":
        learnt = zip(learnt_genres, compress(aspects, is_learnt), strict=True)
        shapes = [(name, aspect) for genres_of_one, aspect in learnt for name in genres_of_one.split(SEVERAL)]
        vocabulary = replace(vocabulary, shapes=shapes_by_genre(*zip(*shapes, strict=True)))
    description = DatasetDescription(
        version=VERSION,
        source=listing.name,
        fit=settings.fit,
        trimmed=settings.trim,
        resize_filter=RESIZE_FILTER,
        sizes=settings.sizes,
        enlarged=settings.enlarge,
        paintings={name: chosen.splits.count(name) for name in SPLITS},
        vocabulary=vocabulary,
        checksums={name: sha256(folder / name) for name in ("labels.csv", *images)},
    )
    text = json.dumps(config.as_values(description), indent=2, ensure_ascii=False)
    (folder / "dataset.json").write_text(text, encoding="utf-8")

    counts = ", ".join(f"{number} {split}" for split, number in description.paintings.items())
    kept_or_not = "kept in the same split" if settings.keep_duplicates else "left out"
    alike = len(pictures) - len(np.unique(groups)) - len(copies)
    recoloured = [f"{alike} pictures differ from another in colour alone: kept, in its split"] if alike else []
    remarks = lost_and_refused(chosen.lost, settings.taxonomy_only, description.paintings, refused)
    said = *listing.remarks, *mended(pictures), *several, *recoloured, *chosen.remarks, *remarks
    lines = [*chosen.tables, *said, *chosen.none_left]
    summary = f"{counts}; {len(refused)} refused, near-duplicates {kept_or_not}: {len(copies)}"
    remedy = " (--keep-duplicates keeps them)" if left_out else ""
    return PreparationReport(description, [*lines, summary + remedy])


class _Chosen(NamedTuple):
    """The labels and splits of the pictures that are kept, and what to say of them."""

    genres: list[str]
    styles: list[str]
    splits: list[SplitName]
    tables: list[str]
    remarks: list[str]
    none_left: list[str]
    """A line for each kind of which no label is left."""
    lost: int
    """Pictures of which a label became unlabelled."""


def _choose(
    source: str,
    raw_genres: Sequence[str],
    raw_styles: Sequence[str],
    given: Sequence[str],
    digests: UInt8[np.ndarray, "n 32"],
    groups: Int[np.ndarray, "n"],
    settings: PreparationSettings,
    genre_naming: Naming,
    style_naming: Naming,
) -> _Chosen:
    """Raise UserError if no label is left of those that the source gives, or if no picture may be trained on."""
    min_count = settings.min_count or usual_min_count(len(raw_genres))
    genres = choose_labels(raw_genres, genre_naming, min_count)
    styles = choose_labels(raw_styles, style_naming, min_count)
    no_label = none_left({"genre": genres, "style": styles}, min_count)
    if no_label and not any(genres.labels) and not any(styles.labels):
        raise UserError(f"{source}: {no_label[0]}")
    if not any(genres.labels) and not any(styles.labels):
        no_label = ["no picture has a label: give a table with the columns genre and style, or --folders genre"]
    splits = choose_splits(genres.labels, styles.labels, digests, groups, given)
    if "train" not in splits:
        came = "all pictures are in the splits test and validation that came with them"
        raise UserError(f"{source}: {came}; give the folder of one split itself to train on it")
    learnt_genres, learnt_styles = (only_learnt(some.labels, splits) for some in (genres, styles))
    pairs = zip([*genres.labels, *styles.labels], [*learnt_genres, *learnt_styles], strict=True)
    taken_off = sum(whole != learnt for whole, learnt in pairs)
    foreign = f"{taken_off} labels of held-out pictures were taken off: no picture of the training split has them"
    remarks = [*genres.remarks, *styles.remarks, *([foreign] if taken_off else [])]
    tables = [*shortened(genres, "genre"), "", *shortened(styles, "style"), ""]
    lost = sum(one in genres.lost or other in styles.lost for one, other in zip(raw_genres, raw_styles, strict=True))
    return _Chosen(learnt_genres, learnt_styles, splits, tables, remarks, no_label, lost)


def _labels_of(pictures: Pictures) -> tuple[list[str], list[str], list[str]]:
    """Return the raw genre and style of each picture, and the split that it came with."""
    genres, styles, given = [], [], []
    for place in range(len(pictures)):
        record = pictures.record(place)
        genres.append(record.genre)
        styles.append(record.style)
        given.append(record.split)
    return genres, styles, given


def _share_labels_of_copies(pictures: Pictures, genres: list[str], styles: list[str]) -> list[str]:
    """Give pictures that are equal in each pixel, in several class folders say, all their labels; return remarks."""
    digests = pictures.column("digest")
    order = by_content(digests)
    equal: list[list[int]] = []
    for before in np.flatnonzero((digests[order[1:]] == digests[order[:-1]]).all(axis=1)):
        if not equal or equal[-1][-1] != order[before]:
            equal.append([int(order[before])])
        equal[-1].append(int(order[before + 1]))
    differ = []
    for places in equal:
        if len({(genres[place], styles[place]) for place in places}) > 1:
            differ.append(places[0])
            for labels in (genres, styles):
                joined = SEVERAL.join(dict.fromkeys(filter(None, (labels[place] for place in places))))
                for place in places:
                    labels[place] = joined
    names = (pictures.record(place).name for place in sorted(differ))
    remark = f"{len(differ)} pictures stand there several times with different labels, and have them all: "
    return [remark + first_of(names)] if differ else []


def _best_first(
    places: Int[np.ndarray, "n"],
    pictures: Pictures,
    genres: Sequence[str],
    styles: Sequence[str],
    given: Sequence[str],
    genre_naming: Naming,
    style_naming: Naming,
) -> list[int]:
    """Return the places of some pictures, of near-duplicates the one to keep first.

    It is one that came in a held-out split, then the one with the most labels, then the largest, and of equals the
    first. The order of the files does not matter.
    """
    has_genre, has_style = (
        {raw: naming.is_labelled(raw) for raw in {some[place] for place in places}}
        for some, naming in ((genres, genre_naming), (styles, style_naming))
    )
    labels = np.array([has_genre[genres[place]] + has_style[styles[place]] for place in places])
    held_out = np.array([given[place] in HELD_OUT for place in places], dtype=bool)
    area = pictures.column("size")[places].prod(axis=1, dtype=np.int64)
    digests = ~pictures.column("digest")[places].view(">u8").T[::-1]
    best: list[int] = places[np.lexsort((*digests, -area, -labels, ~held_out))].tolist()
    return best


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
