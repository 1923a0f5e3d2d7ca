"""Turn a source of pictures into a dataset folder, which `common.data.dataset` reads.

`reading` decodes the pictures to raw files and finds copies, `labelling` names the labels, `splits` divides the
pictures. This module writes what is kept. The folder gets its name when it is complete.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from common import config
from common.aspects import shapes_by_genre
from common.data.dataset import HELD_OUT, SPLITS, VERSION, DatasetDescription, SplitName
from common.errors import UserError
from common.files import sha256, whole_folder
from common.preparing.duplicates import copies_of, duplicate_groups
from common.preparing.labelling import (
    Labels,
    Naming,
    build_vocabulary,
    choose_labels,
    load_naming,
    usual_min_count,
)
from common.preparing.reading import Picture, PreparationSettings, Refusal, read_pictures
from common.preparing.sources.files import Listing, Record, Source, first_of
from common.preparing.splits import choose_splits, only_learnt
from common.preparing.squares import RESIZE_FILTER
from common.vocabulary import SEVERAL

MOST_ROWS = 60
"""Of a table of labels; a collection of many labels of its own would fill screens."""
_OURS = re.compile(r"dataset\.json|labels\.csv|rejected\.csv|features|images-\d+\.npy")


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
    pictures, refused = read_pictures(listing, folder, settings)
    if not pictures:
        reason = f"; the first: {refused[0][1]}" if refused else ""
        raise UserError(f"{listing.name}: none of its {len(refused)} pictures can be used{reason}")

    everything, several = _with_labels_of_copies(pictures)

    def worth(place: int) -> tuple[bool, int, int, str]:
        record, picture = everything[place], pictures[place]
        labels = genre_naming.is_labelled(record.genre), style_naming.is_labelled(record.style)
        return record.split in HELD_OUT, sum(labels), math.prod(picture.size), picture.digest

    groups = duplicate_groups(np.stack([picture.perceptual for picture in pictures]))
    # Of near-duplicates one that came in a held-out split is kept, then the one with the most labels, then the largest,
    # and of equals the first. The order of the files does not matter.
    best_first = sorted(range(len(pictures)), key=worth, reverse=True)
    copies = copies_of(groups, np.stack([picture.colours for picture in pictures]), best_first)
    left_out = {} if settings.keep_duplicates else copies
    names = [picture.record.name for picture in pictures]
    near = [(names[copy], f"near-duplicate of {names[better]}") for copy, better in left_out.items()]
    kept = np.setdiff1d(np.arange(len(pictures)), list(left_out))

    records = [everything[place] for place in kept]
    digests = [pictures[place].digest for place in kept]
    chosen = _choose(listing.name, records, digests, groups[kept], settings, genre_naming, style_naming)

    images = {size: f"images-{size}.npy" for size in settings.sizes}
    for size, name in images.items():
        _keep_rows(folder / f"images-{size}.raw", folder / name, kept, size)
    aspects = [round(width / height, 4) for width, height in (pictures[place].size for place in kept)]
    columns = zip(chosen.splits, chosen.genres, chosen.styles, records, digests, aspects, strict=True)
    rows = (
        (
            index,
            split,
            genre,
            style,
            record.artist,
            record.title,
            record.year,
            f"{listing.name}/{record.name}",
            digest,
            aspect,
        )
        for index, (split, genre, style, record, digest, aspect) in enumerate(columns)
    )
    header = ("index", "split", "genre", "style", "artist", "title", "year", "source", "sha256", "aspect")
    _write_table(folder / "labels.csv", header, rows)
    _write_table(folder / "rejected.csv", ("file", "reason"), refused + near)
    train = [place for place, split in enumerate(chosen.splits) if split == "train"]
    learnt_genres, learnt_styles = ([some[place] for place in train] for some in (chosen.genres, chosen.styles))
    vocabulary = build_vocabulary(learnt_genres, learnt_styles, genre_naming, style_naming)
    if settings.fit == "squash":
        shapes = [(name, aspects[place]) for place in train for name in chosen.genres[place].split(SEVERAL)]
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
        checksums={name: sha256(folder / name) for name in ("labels.csv", *images.values())},
    )
    text = json.dumps(config.as_values(description), indent=2, ensure_ascii=False)
    (folder / "dataset.json").write_text(text, encoding="utf-8")

    counts = ", ".join(f"{number} {split}" for split, number in description.paintings.items())
    kept_or_not = "kept in the same split" if settings.keep_duplicates else "left out"
    alike = len(pictures) - len(np.unique(groups)) - len(copies)
    recoloured = [f"{alike} pictures differ from another in colour alone: kept, in its split"] if alike else []
    remarks = _remarks(chosen.lost, settings.taxonomy_only, description.paintings, refused)
    said = *listing.remarks, *_mended(pictures), *several, *recoloured, *chosen.remarks, *remarks
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
    records: Sequence[Record],
    digests: Sequence[str],
    groups: Int[np.ndarray, "n"],
    settings: PreparationSettings,
    genre_naming: Naming,
    style_naming: Naming,
) -> _Chosen:
    """Raise UserError if no label is left of those that the source gives, or if no picture may be trained on."""
    min_count = settings.min_count or usual_min_count(len(records))
    genres = choose_labels([record.genre for record in records], genre_naming, min_count)
    styles = choose_labels([record.style for record in records], style_naming, min_count)
    none_left = _none_left({"genre": genres, "style": styles}, min_count)
    if none_left and not any(genres.labels) and not any(styles.labels):
        raise UserError(f"{source}: {none_left[0]}")
    splits = choose_splits(genres.labels, styles.labels, digests, groups, [record.split for record in records])
    if "train" not in splits:
        came = "all pictures are in the splits test and validation that came with them"
        raise UserError(f"{source}: {came}; give the folder of one split itself to train on it")
    learnt_genres, learnt_styles = (only_learnt(some.labels, splits) for some in (genres, styles))
    taken_off = [*genres.labels, *styles.labels] != [*learnt_genres, *learnt_styles]
    foreign = "labels that the training split does not have were taken off the pictures held out"
    remarks = [*genres.remarks, *styles.remarks, *([foreign] if taken_off else [])]
    tables = [*_shortened(genres.table), "", *_shortened(styles.table), ""]
    lost = sum(record.genre in genres.lost or record.style in styles.lost for record in records)
    return _Chosen(learnt_genres, learnt_styles, splits, tables, remarks, none_left, lost)


def _with_labels_of_copies(pictures: Sequence[Picture]) -> tuple[list[Record], list[str]]:
    """Return the records; pictures that are equal in each pixel, in several class folders say, get all their labels."""
    same: dict[str, list[Record]] = {}
    for picture in pictures:
        same.setdefault(picture.digest, []).append(picture.record)
    labels = {
        digest: [
            SEVERAL.join(dict.fromkeys(filter(None, some)))
            for some in zip(*((r.genre, r.style) for r in records), strict=True)
        ]
        for digest, records in same.items()
    }
    differ = [records[0].name for records in same.values() if len({(one.genre, one.style) for one in records}) > 1]
    remark = (
        f"{len(differ)} pictures stand there several times with different labels, and have them all: {first_of(differ)}"
    )
    records = [replace(one.record, genre=labels[one.digest][0], style=labels[one.digest][1]) for one in pictures]
    return records, [remark] if differ else []


def _shortened(table: list[str]) -> list[str]:
    """Return a table of labels, the commonest first, without most of its rows if it is long."""
    more = len(table) - 1 - MOST_ROWS
    return [*table[: 1 + MOST_ROWS], f"… and {more} rarer ones"] if more > 0 else table


def _none_left(kinds: dict[str, Labels], min_count: int) -> list[str]:
    """Say for which kind of label none of those that the source gives is left, and what would keep them."""
    lines = []
    for kind, labels in kinds.items():
        if any(labels.labels):
            continue
        if labels.largest:
            name, number = labels.largest
            few = f"the commonest, {name!r}, has {number} pictures, and --min-count asks for {min_count}"
            lines.append(f"no {kind} is left: {few}; lower --min-count")
        elif labels.lost:
            lines.append(
                f"no {kind} is left: the first, {min(labels.lost)!r}, and all others are unknown; see --taxonomy-only"
            )
    return lines


def _remarks(lost: int, taxonomy_only: bool, paintings: dict[str, int], refused: Sequence[Refusal]) -> Iterable[str]:
    """Say how many pictures lost a label, which held-out splits are empty, and why most pictures were refused."""
    why = "which is no name; add it as an alias in your own --taxonomy"
    if taxonomy_only:
        why = "which the taxonomy does not know; add it to your own --taxonomy, or leave out --taxonomy-only"
    if lost:
        yield f"{lost} pictures lost their genre or style, {why}"
    if names := " and ".join(name for name in HELD_OUT if not paintings[name]):
        held_out = f"no pictures were held out for {names}: that takes 11 or more of one genre"
        yield f"{held_out}; you can train on this dataset, but not measure on {names}"
    # Reasons that differ in numbers are one.
    kinds = Counter(re.sub(r"\d+", "0", reason) for _, reason in refused)
    examples = {re.sub(r"\d+", "0", reason): reason for _, reason in reversed(refused)}
    yield from (f"{count} refused, for example: {examples[kind]}" for kind, count in kinds.most_common(3))


def _mended(pictures: Sequence[Picture]) -> Iterable[str]:
    """Say of how many pictures, and which, something was wrong that did not cost them."""
    for remark in dict.fromkeys(remark for picture in pictures for remark in picture.remarks):
        names = [" ".join(picture.record.name.split()) for picture in pictures if remark in picture.remarks]
        yield f"{len(names)} pictures {remark} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"


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
