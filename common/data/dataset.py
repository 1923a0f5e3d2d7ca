"""Read a dataset folder: pictures and their labels, split into training, validation and test.

`common.preparing.preparation` writes the folder; the stages' training modules and evaluation read it here.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from common import config
from common.config import settings
from common.data.arrays import Parts, files_of, open_arrays
from common.errors import UserError
from common.files import sha256
from common.machine import local_processes
from common.vocabulary import SEVERAL, Kind, Vocabulary

UNLABELLED = -1
VERSION = 2
"""Version of the dataset folder. Version 1 had no validation split."""
SIZES = (64, 128, 256)
"""Picture sizes (sides in pixels) that a dataset can have."""

SplitName = Literal["train", "validation", "test"]
HeldOut = Literal["validation", "test"]
"""Splits that training does not see: `validation` to choose weights and settings, `test` for published results."""
HELD_OUT: tuple[HeldOut, ...] = ("validation", "test")
SPLITS: tuple[SplitName, ...] = ("train", *HELD_OUT)

Residence = Literal["auto", "disk", "memory", "device"]
"""Where the pictures are kept: memory-mapped on disk, in this process's memory, or on the training device.

`auto` takes the device if they need at most a quarter of its free memory, else the memory likewise, else the disk.
On a CPU, pictures of more than `MAPPED_ON_CPU` stay on disk then, too. Do not change a mapped file while it is in use.
"""
MAPPED_ON_CPU = 2**30
"""In bytes. Steps of a CPU are slow beside a disk, and the system keeps in free memory what it has read."""


@settings
class DatasetDescription:
    """The contents of dataset.json."""

    version: int
    source: str
    fit: str
    """How pictures were made square: `crop`, `squash` or `pad`."""
    trimmed: bool = False
    """True if uniform borders were cut off first."""
    resize_filter: str
    sizes: tuple[int, ...]
    """Stored picture sizes (sides in pixels)."""
    enlarged: bool
    """True if pictures smaller than the largest size were enlarged, not refused."""
    paintings: dict[str, int]
    """Number of paintings in each split: `train`, `validation` and `test`."""
    vocabulary: Vocabulary
    checksums: dict[str, str]
    """SHA-256 of labels.csv and the image files."""

    def files_of(self, size: int) -> list[str]:
        """Return the names of the files that hold the pictures of one size, in order: one, or its parts."""
        return files_of(size, self.checksums)

    def identity_of(self, size: int) -> str:
        """Return a text that tells these labels and pictures of one size from others."""
        return "\n".join(self.checksums[name] for name in ("labels.csv", *self.files_of(size)))


@dataclass(frozen=True)
class Split:
    """The paintings of one split at one size. Labels are indices into the vocabulary, -1 for unlabelled.

    A painting with several genres (or styles) is an equal part of each in training. Where a single label is needed, as
    in evaluation, it counts as unlabelled.
    """

    images: UInt8[Tensor, "n_all size size 3"] | Parts
    """The pictures of all splits; `rows` selects those of this split."""
    rows: Int[Tensor, "n"]
    """Indices into `images`, on the same device."""
    genres: Int[np.ndarray, "n"]
    styles: Int[np.ndarray, "n"]
    all_genres: Int[np.ndarray, "n m"] | None = None
    """All genres of each painting, filled up with -1; None if no painting has several."""
    all_styles: Int[np.ndarray, "n m"] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, positions: Int[np.ndarray, "b"]) -> Split:
        """Return a new split with the paintings at some positions of this one."""
        rows = self.rows[torch.from_numpy(positions).to(self.rows.device)]
        more = (None if some is None else some[positions] for some in (self.all_genres, self.all_styles))
        return Split(self.images, rows, self.genres[positions], self.styles[positions], *more)

    def labels(self, kind: Kind) -> Int[np.ndarray, "n m"]:
        """Return all labels of each painting, filled up with UNLABELLED."""
        one, several = (self.genres, self.all_genres) if kind == "genre" else (self.styles, self.all_styles)
        return one[:, None] if several is None else several

    def points(self, kind: Kind, positions: Int[np.ndarray, "b"], num_classes: int) -> Float[np.ndarray, "b k"]:
        """Return points of the simplex: equal shares of a painting's labels, all zeros if it is unlabelled."""
        labels = self.labels(kind)[positions]
        has = (labels[:, :, None] == np.arange(num_classes)).any(axis=1).astype(np.float32)
        points: Float[np.ndarray, "b k"] = has / np.maximum(has.sum(axis=1, keepdims=True), 1)
        return points

    def pairs(self) -> Int[np.ndarray, "n p"]:
        """Return a number for each pair of a genre and a style of a painting, filled up with UNLABELLED."""
        genres, styles = self.labels("genre"), self.labels("style")
        span = int(styles.max(initial=UNLABELLED)) + 2
        pairs = ((genres[:, :, None] + 1) * span + styles[:, None, :] + 1).reshape(len(genres), -1)
        counts = (_counted(genres)[:, :, None] & _counted(styles)[:, None, :]).reshape(pairs.shape)
        return np.where((pairs == 0) | ~counts, UNLABELLED, pairs)

    def pictures(self, positions: Int[np.ndarray, "b"]) -> UInt8[Tensor, "b size size 3"]:
        """Return copies of the pictures at some positions (0 to n - 1) of the split, on their device."""
        return self.images[self.at(positions).rows]

    def sample(self, most: int) -> UInt8[Tensor, "_ size size 3"]:
        """Return at most so many pictures, evenly spread over the split."""
        return self.pictures(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64))


class PaintingDataset:
    """An opened dataset folder."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError if the folder is no complete dataset of this version; the message names the remedy."""
        if not (folder / "dataset.json").is_file():
            raise UserError(
                f"no dataset at {folder}; choose one with --data, or make it with: "
                f"python scripts/prepare_data.py SOURCE --out {folder}"
            )
        self.folder = folder
        try:
            values = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
            self.description = config.parse(DatasetDescription, values, place=str(folder / "dataset.json"))
            if self.description.version != VERSION:
                raise UserError(
                    f"{folder} was made by another version of this program; prepare it again, from "
                    f"{self.description.source}: python scripts/prepare_data.py SOURCE --out {folder} --overwrite"
                )
            self.vocabulary = self.description.vocabulary
            self._require_unchanged("labels.csv")
            columns: dict[str, list[str]] = {"split": [], "genre": [], "style": []}
            for row in self._rows():
                for name, column in columns.items():
                    # Millions of rows have few labels.
                    column.append(sys.intern(row[name]))
            self._splits = np.array([SPLITS.index(name) for name in columns["split"]], dtype=np.uint8)
            self._labels = {
                "genre": _places(columns["genre"], self.vocabulary.genres),
                "style": _places(columns["style"], self.vocabulary.styles),
            }
        except (OSError, ValueError, KeyError, csv.Error) as error:
            fault = f"dataset.json and labels.csv in {folder} are broken or do not match"
            raise UserError(f"{fault} ({error}); prepare the data again") from None

    def split(
        self, name: SplitName, size: int, *, residence: Residence = "disk", device: torch.device | str = "cpu"
    ) -> Split:
        """Return the paintings of one split at `size` pixels. Raises UserError if that size was not prepared.

        Each call that reads the pictures into memory makes its own copy and verifies the checksum.
        """
        if size not in (stored := self.description.sizes):
            raise UserError(
                f"{self.folder} has sizes {', '.join(map(str, stored))}, not {size}; "
                f"prepare it again with: --sizes {' '.join(map(str, sorted({*stored, size})))}"
            )
        images = self._images(size, residence, torch.device(device))
        chosen = self._splits == SPLITS.index(name)
        rows = torch.from_numpy(np.flatnonzero(chosen)).to(images.device)
        labels = [some[chosen] for some in self._labels.values()]
        single = (np.where((some != UNLABELLED).sum(axis=1) == 1, some[:, 0], UNLABELLED) for some in labels)
        return Split(images, rows, *single, *(some if some.shape[1] > 1 else None for some in labels))

    def pictures(self, size: int, rows: Sequence[int]) -> UInt8[np.ndarray, "b size size 3"]:
        """Return the pictures of some rows of labels.csv, counted from 0."""
        return self._images(size, "disk", torch.device("cpu"))[list(rows)].numpy()

    def captions(self, rows: Sequence[int]) -> list[str]:
        """Return artist, title and year of some rows of labels.csv, counted from 0."""
        wanted = set(rows)
        found = {
            number: ", ".join(filter(None, (row["artist"], row["title"], row["year"]))) or row["source"]
            for number, row in enumerate(self._rows())
            if number in wanted
        }
        return [found[row] for row in rows]

    def _rows(self) -> Iterator[dict[str, str]]:
        with (self.folder / "labels.csv").open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)

    def _images(
        self, size: int, residence: Residence, device: torch.device
    ) -> UInt8[Tensor, "n_all size size 3"] | Parts:
        names = self.description.files_of(size)
        what = f"{self.folder / names[0]}{' or another part' if len(names) > 1 else ''}"
        try:
            paths = [self.folder / name for name in names]
            num_bytes, chosen_here = sum(path.stat().st_size for path in paths), residence == "auto"
            if chosen_here:
                residence = _best_residence(num_bytes, device)
            if device.type == "cpu" and residence == "device":
                residence = "memory"
            # Not where the disk was asked for or memory is short: to read all for the checksum would take long there.
            for name in names if residence != "disk" else ():
                self._require_unchanged(name)
            if chosen_here and device.type == "cpu" and num_bytes > MAPPED_ON_CPU:
                residence = "disk"
            images = open_arrays(paths, len(self._splits), size, mapped=residence != "memory")
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{what} is missing or broken ({error}); prepare the data again") from None
        if residence == "device":
            return (images.in_memory() if isinstance(images, Parts) else images).to(device)
        return images

    def _require_unchanged(self, file: str) -> None:
        """Raise ValueError if a file does not have the checksum in dataset.json."""
        if sha256(self.folder / file) != self.description.checksums.get(file):
            raise ValueError("its checksum differs")


def _best_residence(num_bytes: int, device: torch.device) -> Residence:
    import psutil  # Imported late, because painting imports this module without needing psutil.

    if device.type == "cuda" and num_bytes <= 0.25 * torch.cuda.mem_get_info(device)[0]:
        return "device"
    # Each process has a GPU of its own, but its copy in the machine's memory lies beside those of the others.
    return "memory" if num_bytes <= 0.25 / local_processes() * psutil.virtual_memory().available else "disk"


def one_hot(labels: Int[np.ndarray, "b"], num_classes: int) -> Float[np.ndarray, "b k"]:
    """Return one-hot vectors; all zeros for an unlabelled painting."""
    return (labels[:, None] == np.arange(num_classes)).astype(np.float32)


def _places(names: Sequence[str], labels: Iterable[str]) -> Int[np.ndarray, "n m"]:
    """Return the indices of each painting's names among the labels, filled up with UNLABELLED."""
    places = {name: place for place, name in enumerate(labels)} | {"": UNLABELLED}
    found = {name: [places[part] for part in name.split(SEVERAL)] for name in dict.fromkeys(names)}
    longest = max(map(len, found.values()), default=1)
    filled = {name: some + [UNLABELLED] * (longest - len(some)) for name, some in found.items()}
    return np.array([filled[name] for name in names], dtype=np.int64).reshape(len(names), longest)


def _counted(labels: Int[np.ndarray, "n m"]) -> Bool[np.ndarray, "n m"]:
    """Return True for labels, and for the first place of an unlabelled painting."""
    counted: Bool[np.ndarray, "n m"] = labels != UNLABELLED
    counted[:, 0] = True
    return counted
