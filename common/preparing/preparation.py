"""Turn a source of pictures into a dataset folder, which `common.data.dataset` reads.

Worker processes decode the pictures, and the main process writes them to temporary raw files. Then the pictures that
are kept, without near-duplicates, are copied to the final files. The folder gets its name when it is complete.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import os
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image
from tqdm import tqdm

from common import config
from common.data.dataset import HELD_OUT, SPLITS, VERSION, DatasetDescription, SplitName
from common.errors import UserError
from common.files import sha256, whole_folder
from common.preparing.duplicates import duplicate_groups, perceptual_hashes
from common.preparing.labelling import LabelMapping, Namer, map_labels, style_namer
from common.preparing.pictures import RESIZE_FILTER, Rejected, make_square, resize, trim
from common.preparing.sources.listing import Entry, Listing, Record, Source
from common.preparing.taxonomy import Taxonomy
from common.vocabulary import Vocabulary

CHUNK = 64
HELD_OUT_ONE_IN = 20
"""One in this many paintings of each genre goes to validation, and as many to test."""
LEAST_TO_HOLD_OUT = 11
"""Fewest pictures of a genre of which one goes to validation and one to test."""
_IMAGES = re.compile(r"images-\d+\.npy$")


@dataclass(frozen=True, kw_only=True)
class PreparationSettings:
    """The user's choices for a dataset."""

    sizes: tuple[int, ...]
    fit: str
    enlarge: bool
    """True to enlarge pictures smaller than the largest size, false to refuse them."""
    trim: bool
    """True to cut off uniform borders first."""
    max_aspect: float
    """Refuse pictures whose longer side is more than this many times the shorter."""
    min_count: int
    """Labels with fewer pictures join their family or become unlabelled."""
    merge_families: bool
    """True to replace each style by its family."""
    keep_unknown: bool = False
    """True to keep labels that the taxonomy does not know, false to make them unlabelled."""
    keep_duplicates: bool
    """True to keep all near-duplicates of a picture, in the same split; false to keep one."""
    workers: int


@dataclass(frozen=True)
class PreparationReport:
    """The result of a preparation, for printing."""

    description: DatasetDescription
    genres: LabelMapping
    styles: LabelMapping
    rejected: tuple[tuple[str, str], ...]
    """Name and reason of each refused picture, without near-duplicates."""
    duplicates: int
    """Number of near-duplicates: in each group, all pictures but the best."""
    remarks: tuple[str, ...]
    """Notes on the labels and splits."""

    def common_reasons(self) -> list[str]:
        """Return the three most common reasons for refusal, with an example. Reasons that differ in numbers are one."""
        kinds = Counter(re.sub(r"\d+", "0", reason) for _, reason in self.rejected)
        examples = {re.sub(r"\d+", "0", reason): reason for _, reason in reversed(self.rejected)}
        return [f"{count} refused, for example: {examples[kind]}" for kind, count in kinds.most_common(3)]


def prepare(
    source: Source, out: Path, settings: PreparationSettings, taxonomy: Taxonomy, *, overwrite: bool
) -> PreparationReport:
    """Make the dataset folder `out`. Raises UserError, and changes nothing, if that fails."""
    if settings.workers < 1:
        raise UserError(f"--workers {settings.workers}: at least 1 process must decode pictures; give 1 or more")
    if not settings.max_aspect >= 1:
        raise UserError(
            f"--max-aspect {settings.max_aspect:g}: a picture's longer side is at least its shorter; give 1 or more"
        )
    if settings.min_count < 1:
        raise UserError(f"--min-count {settings.min_count}: each label has at least 1 picture; give 1 or more")
    if os.path.lexists(out):
        if not overwrite:
            raise UserError(f"{out} already exists; give another folder with --out, or replace it with --overwrite")
        if (foreign := _foreign(out)) is not None:
            raise UserError(f"{foreign} is not part of a dataset; move it or give another folder with --out")
    listing = source.listing()
    try:
        with whole_folder(out, replace=overwrite) as building:
            report = _build(source.name, listing, building, settings, taxonomy)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}; nothing was changed") from None
    except BrokenProcessPool:
        raise UserError("a decoding process was killed, perhaps for lack of memory; try fewer --workers") from None
    return report


def _foreign(out: Path) -> Path | None:
    """Return the first path in `out` that this program did not write, so that no other file is overwritten."""
    if not out.is_dir():
        return out
    inside = sorted(out.iterdir())
    ours = {"dataset.json", "labels.csv", "rejected.csv", "features"} if out / "dataset.json" in inside else set()
    return next((path for path in inside if path.name not in ours and not (ours and _IMAGES.match(path.name))), None)


def _build(
    source: str, listing: Listing, folder: Path, settings: PreparationSettings, taxonomy: Taxonomy
) -> PreparationReport:
    read = _read_all(listing, folder, settings)
    if not read.records:
        reason = f"; the first: {read.rejected[0][1]}" if read.rejected else ""
        raise UserError(f"{source}: none of its {len(read.rejected)} pictures can be used{reason}")
    groups = duplicate_groups(np.stack(read.perceptual))
    genre_name, style_name = taxonomy.genre, style_namer(taxonomy, settings.merge_families)
    own_name = taxonomy.own_name if settings.keep_unknown else None
    best = _best_of_groups(groups, read, genre_name, style_name, own_name)
    copies = [place for place in range(len(groups)) if best[groups[place]] != place]
    left_out = [] if settings.keep_duplicates else copies
    rejected = read.rejected + [
        (read.records[place].name, f"near-duplicate of {read.records[best[groups[place]]].name}") for place in left_out
    ]
    kept = np.setdiff1d(np.arange(len(groups)), left_out)
    chosen = [read.records[place] for place in kept]
    digests = [read.digests[place] for place in kept]
    genre_spellings, style_spellings = taxonomy.spellings()
    mapped = partial(map_labels, says_nothing=taxonomy.says_nothing, min_count=settings.min_count, own_name=own_name)
    genres = mapped("genre", [record.genre for record in chosen], genre_name, spellings=genre_spellings)
    styles = mapped(
        "style",
        [record.style for record in chosen],
        style_name,
        family=taxonomy.family,
        spellings=style_spellings,
    )
    splits = _split(
        [genres.label(record.genre) for record in chosen],
        [styles.label(record.style) for record in chosen],
        digests,
        groups[kept],
    )

    for size in settings.sizes:
        _keep_rows(folder / f"images-{size}.raw", folder / f"images-{size}.npy", kept, size)
    _write_labels(folder / "labels.csv", chosen, digests, splits, genres, styles, source)
    _write_table(folder / "rejected.csv", ("file", "reason"), rejected)
    stored = ["labels.csv", *(f"images-{size}.npy" for size in settings.sizes)]
    description = DatasetDescription(
        version=VERSION,
        source=source,
        fit=settings.fit,
        trimmed=settings.trim,
        resize_filter=RESIZE_FILTER,
        sizes=settings.sizes,
        enlarged=settings.enlarge,
        paintings={name: splits.count(name) for name in SPLITS},
        vocabulary=_vocabulary(chosen, splits, genres, styles, taxonomy),
        checksums={name: sha256(folder / name) for name in stored},
    )
    text = json.dumps(config.as_values(description), indent=2, ensure_ascii=False)
    (folder / "dataset.json").write_text(text, encoding="utf-8")
    remarks = (*_lost_labels(chosen, genres, styles, settings), *_empty_splits(splits), *listing.remarks)
    return PreparationReport(description, genres, styles, tuple(read.rejected), len(copies), remarks)


def _lost_labels(
    records: Sequence[Record], genres: LabelMapping, styles: LabelMapping, settings: PreparationSettings
) -> list[str]:
    num_lost = sum(record.genre in genres.unknown or record.style in styles.unknown for record in records)
    if not num_lost:
        return []
    lost = f"{num_lost} pictures lost their genre or style, "
    if settings.keep_unknown:
        return [lost + "which cannot be requested by name; add it as an alias in your own --taxonomy"]
    return [
        lost + "which the taxonomy does not know; add it to your own --taxonomy, "
        "or keep such labels with --keep-unknown"
    ]


def _empty_splits(splits: Sequence[SplitName]) -> list[str]:
    empty = [name for name in HELD_OUT if name not in splits]
    if not empty:
        return []
    names = " and ".join(empty)
    return [
        f"no pictures were held out for {names}: that takes {LEAST_TO_HOLD_OUT} or more of one genre; "
        f"you can train on this dataset, but not measure on {names}"
    ]


@dataclass(frozen=True)
class _Read:
    """The usable pictures, in the source's order; row i of the raw files belongs to records[i]."""

    records: list[Record]
    digests: list[str]
    num_pixels: list[int]
    perceptual: list[UInt8[np.ndarray, "2 32"]]
    rejected: list[tuple[str, str]]


@dataclass(frozen=True)
class _Painting:
    pixels: dict[int, UInt8[np.ndarray, "size size 3"]]
    digest: str
    num_pixels: int
    """Before the picture is resized."""
    perceptual: UInt8[np.ndarray, "2 32"]


def _read_all(listing: Listing, folder: Path, settings: PreparationSettings) -> _Read:
    read = _Read([], [], [], [], [])
    with ExitStack() as stack:
        raw = {size: stack.enter_context((folder / f"images-{size}.raw").open("wb")) for size in settings.sizes}
        progress = stack.enter_context(tqdm(total=listing.total, unit="picture", dynamic_ncols=True, mininterval=1.0))
        for record, result in _results(listing.entries, settings):
            progress.update()
            if isinstance(result, str):
                read.rejected.append((record.name, result))
                continue
            for size, pixels in result.pixels.items():
                raw[size].write(pixels.tobytes())
            read.records.append(record)
            read.digests.append(result.digest)
            read.num_pixels.append(result.num_pixels)
            read.perceptual.append(result.perceptual)
    return read


def _results(entries: Iterable[Entry], settings: PreparationSettings) -> Iterator[tuple[Record, _Painting | str]]:
    """Yield each record with its painting or the reason for refusal, in order; holds only a few chunks in memory."""
    entries = iter(entries)
    chunks = iter(lambda: tuple(itertools.islice(entries, CHUNK)), ())
    pool = ProcessPoolExecutor(settings.workers)
    try:
        waiting: deque[tuple[Sequence[Entry], Future[list[_Painting | str]]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, pool.submit(_read_chunk, chunk, settings)))
            if len(waiting) > 2 * settings.workers:
                yield from _finished(*waiting.popleft())
        while waiting:
            yield from _finished(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(
    chunk: Sequence[Entry], future: Future[list[_Painting | str]]
) -> Iterator[tuple[Record, _Painting | str]]:
    return zip((entry.record for entry in chunk), future.result(), strict=True)


def _read_chunk(chunk: Sequence[Entry], settings: PreparationSettings) -> list[_Painting | str]:
    return [_read(entry, settings) for entry in chunk]


def _read(entry: Entry, settings: PreparationSettings) -> _Painting | str:
    """Return the painting at all sizes, or the reason why it is refused."""
    try:
        return _painting(entry.read(), settings)
    except Rejected as rejection:
        return str(rejection)
    except MemoryError:
        return "needs more memory than is free; try fewer --workers"


def _painting(picture: Image.Image, settings: PreparationSettings) -> _Painting:
    """Return the painting at all sizes. Raises Rejected with the reason."""
    if settings.trim:
        picture = trim(picture)
    if max(picture.size) > settings.max_aspect * min(picture.size):
        raise Rejected(
            f"{picture.width}x{picture.height} pixels, longer than {settings.max_aspect:g} to 1 (see --max-aspect)"
        )
    if min(picture.size) < max(settings.sizes) and not settings.enlarge:
        wanted = max(settings.sizes)
        raise Rejected(f"{picture.width}x{picture.height} pixels, smaller than {wanted} (see --enlarge)")
    square = make_square(picture, settings.fit)
    pixels = {size: np.asarray(resize(square, size)) for size in settings.sizes}
    digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
    return _Painting(pixels, digest, picture.width * picture.height, perceptual_hashes(resize(square, 64)))


def _best_of_groups(
    groups: Int[np.ndarray, "n"], read: _Read, genre_name: Namer, style_name: Namer, own_name: Namer | None
) -> dict[int, int]:
    """Return the picture to keep of each group: the one with the most known labels, then the largest.

    The order of the files does not matter.
    """
    best: dict[int, int] = {}

    def is_named(raw: str, name: Namer) -> bool:
        return name(raw) is not None or (own_name is not None and own_name(raw) is not None)

    def worth(place: int) -> tuple[int, int, str]:
        record = read.records[place]
        num_labels = is_named(record.genre, genre_name) + is_named(record.style, style_name)
        return num_labels, read.num_pixels[place], read.digests[place]

    for place, group in enumerate(groups.tolist()):
        best[group] = max(best.get(group, place), place, key=worth)
    return best


def _split(
    genres: Sequence[str], styles: Sequence[str], digests: Sequence[str], groups: Int[np.ndarray, "n"]
) -> list[SplitName]:
    """Return the split of each painting: of each genre, 1 in 20 is test, 1 in 20 validation, the rest training.

    Paintings are ordered by content hash, first test, then validation, so the order and names of files do not matter.
    A group of near-duplicates goes where its first member goes. If a rare label would not occur in training, its
    paintings go to training.
    """
    first: dict[int, int] = {}
    for place in sorted(range(len(genres)), key=lambda p: digests[p]):
        first.setdefault(groups[place], place)
    chosen: dict[SplitName, set[int]] = {"test": set(), "validation": set()}
    for genre in set(genres):
        members = [group for group, place in first.items() if genres[place] == genre]
        count = round(len(members) / HELD_OUT_ONE_IN)
        chosen["test"].update(members[:count])
        chosen["validation"].update(members[count : 2 * count])
    held_out: dict[int, SplitName] = {}
    # Test first, so that it does not depend on validation.
    for name, some in chosen.items():
        for labels in (genres, styles):
            pairs = list(zip(labels, groups.tolist(), strict=True))
            learnt = {label for label, group in pairs if group not in held_out and group not in some}
            some -= {group for label, group in pairs if label not in learnt}
        held_out |= dict.fromkeys(some, name)
    return [held_out.get(group, "train") for group in groups.tolist()]


def _vocabulary(
    records: Sequence[Record],
    splits: Sequence[str],
    genres: LabelMapping,
    styles: LabelMapping,
    taxonomy: Taxonomy,
) -> Vocabulary:
    """Return the labels of the training split in alphabetical order, with their counts, families and aliases."""
    train = [record for record, split in zip(records, splits, strict=True) if split == "train"]
    genre_labels = [genres.label(record.genre) for record in train]
    style_labels = [styles.label(record.style) for record in train]
    style_counts = {name: style_labels.count(name) for name in sorted(set(style_labels) - {""})}
    families: dict[str, tuple[str, ...]] = {}
    for style in style_counts:
        family = taxonomy.family(style)
        families[family] = (*families.get(family, ()), style)
    families = {family: members for family, members in families.items() if members != (family,)}
    genre_counts = {name: genre_labels.count(name) for name in sorted(set(genre_labels) - {""})}
    genre_spellings, style_spellings = taxonomy.spellings()
    return Vocabulary(
        genres=genre_counts,
        styles=style_counts,
        families=families,
        genre_aliases={spelling: name for spelling, name in genre_spellings.items() if name in genre_counts},
        style_aliases={
            spelling: known
            for spelling, name in style_spellings.items()
            for known in (name if name in style_counts else taxonomy.family(name),)
            if known in style_counts or known in families
        },
    )


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


def _write_labels(
    path: Path,
    records: Sequence[Record],
    digests: Sequence[str],
    splits: Sequence[str],
    genres: LabelMapping,
    styles: LabelMapping,
    source: str,
) -> None:
    columns = ("index", "split", "genre", "style", "artist", "title", "year", "source", "sha256")
    rows = [
        (index, split, genres.label(record.genre), styles.label(record.style), record.artist, record.title)
        + (record.year, f"{source}/{record.name}", digest)
        for index, (record, split, digest) in enumerate(zip(records, splits, digests, strict=True))
    ]
    _write_table(path, columns, rows)


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
