"""A dataset folder as training and evaluation read it: memory-mapped pictures and their labels.

`common.data.preparation` writes the folder; the stages' training modules and evaluation read it here.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from common import config
from common.config import settings
from common.errors import UserError
from common.files import sha256
from common.vocabulary import Vocabulary

UNLABELLED = -1
VERSION = 2
"""Of a dataset folder. Those of version 1 have no validation split."""
SIZES = (64, 128, 256)
"""Sides, in pixels, that a dataset can have its pictures in."""
FREE_SHARE = 0.25
"""Of a memory's free bytes, what `auto` takes for pictures."""

SplitName = Literal["train", "validation", "test"]
HeldOut = Literal["validation", "test"]
"""Training reads neither: weights and settings are chosen by `validation`, and published figures are on `test`."""
HELD_OUT: tuple[HeldOut, ...] = ("validation", "test")
SPLITS: tuple[SplitName, ...] = ("train", *HELD_OUT)

Residence = Literal["auto", "disk", "memory", "device"]
"""Where pictures are read from: mapped from the disk, from this process's memory, or from the training device.

`auto` is the last of these in which they take no more than a quarter of what is free.
"""


@settings
class DatasetDescription:
    """What dataset.json holds."""

    version: int
    source: str
    fit: str
    """How a picture of another shape became square: `crop`, `squash` or `pad`."""
    trimmed: bool = False
    """Whether even borders were cut off before."""
    resize_filter: str
    sizes: tuple[int, ...]
    """Sides, in pixels, of the stored copies."""
    enlarged: bool
    """Whether pictures smaller than a size were enlarged to it."""
    paintings: dict[str, int]
    """Number of paintings in each split: `train`, `validation` and `test`."""
    vocabulary: Vocabulary
    checksums: dict[str, str]
    """sha256 of every other file of the folder that training reads."""


@dataclass(frozen=True)
class Split:
    """The paintings of one split at one size. Labels are places in the vocabulary, -1 for unlabelled."""

    images: UInt8[Tensor, "n_all size size 3"]
    """All stored pictures, where they reside; `rows` says which of them belong to the split."""
    rows: Int[Tensor, "n"]
    """On the same device as the pictures."""
    genres: Int[np.ndarray, "n"]
    styles: Int[np.ndarray, "n"]

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, positions: Int[np.ndarray, "b"]) -> Split:
        """The paintings at some positions of the split, as a split of their own."""
        rows = self.rows[torch.from_numpy(positions).to(self.rows.device)]
        return Split(images=self.images, rows=rows, genres=self.genres[positions], styles=self.styles[positions])

    def pairs(self) -> Int[np.ndarray, "n"]:
        """One number for each pair of genre and style, unlabelled where both are missing."""
        span = int(self.styles.max(initial=UNLABELLED)) + 2
        pairs = (self.genres + 1) * span + self.styles + 1
        return np.where(pairs == 0, UNLABELLED, pairs)

    def pictures(self, positions: Int[np.ndarray, "b"]) -> UInt8[Tensor, "b size size 3"]:
        """Copies of the pictures at positions 0 to n - 1 of the split, on the device where they reside."""
        return self.images[self.rows[torch.from_numpy(positions).to(self.rows.device)]]


class PaintingDataset:
    """An opened dataset folder."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError where there is no whole dataset of this version, naming the command that makes one."""
        if not (folder / "dataset.json").is_file():
            raise UserError(
                f"no dataset at {folder}; make one with: python scripts/prepare_data.py SOURCE --out {folder}"
            )
        try:
            values = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(
                f"{folder / 'dataset.json'} is not readable JSON ({error}); prepare the data anew"
            ) from None
        self.folder = folder
        self.description = config.parse(DatasetDescription, values, place=str(folder / "dataset.json"))
        if self.description.version != VERSION:
            raise UserError(_of_another_version(folder, self.description))
        self.vocabulary = self.description.vocabulary
        try:
            self._require_unchanged("labels.csv")
            self._labels = _read_labels(folder / "labels.csv", self.vocabulary)
        except (OSError, ValueError, KeyError, csv.Error) as error:
            raise UserError(
                f"{folder / 'labels.csv'} does not fit the dataset.json beside it ({error}); prepare the data anew"
            ) from None

    def split(
        self, name: SplitName, size: int, *, residence: Residence = "disk", device: torch.device | str = "cpu"
    ) -> Split:
        """The paintings of one split at `size` pixels. Raises UserError for a size that was not prepared.

        Every split of one size that resides in memory holds its own copy, so that training asks for one. What is
        read into memory is held against its checksum.
        """
        if size not in self.description.sizes:
            sizes = ", ".join(str(stored) for stored in self.description.sizes)
            raise UserError(
                f"{self.folder} holds sizes {sizes}, not {size}; "
                f"prepare it anew with: --sizes {' '.join(str(s) for s in sorted({*self.description.sizes, size}))}"
            )
        images = self._images(size, residence, torch.device(device))
        chosen = self._labels.splits == name
        return Split(
            images=images,
            rows=torch.from_numpy(np.flatnonzero(chosen)).to(images.device),
            genres=self._labels.genres[chosen],
            styles=self._labels.styles[chosen],
        )

    def pictures(self, size: int, rows: Sequence[int]) -> UInt8[np.ndarray, "b size size 3"]:
        """The pictures in some rows of labels.csv, counted from 0."""
        return self._images(size, "disk", torch.device("cpu"))[list(rows)].numpy()

    def captions(self, rows: Sequence[int]) -> list[str]:
        """Artist, title and year of the paintings in some rows of labels.csv."""
        return [self._labels.captions[row] for row in rows]

    def _images(self, size: int, residence: Residence, device: torch.device) -> UInt8[Tensor, "n_all size size 3"]:
        path = self.folder / f"images-{size}.npy"
        try:
            if residence == "auto":
                residence = _best_residence(path.stat().st_size, device)
            if device.type == "cpu" and residence == "device":
                residence = "memory"
            if residence != "disk":
                # All of it is read anyway; a mapped file is trusted, as reading it whole would take the time saved.
                self._require_unchanged(path.name)
            # Mapped for copy on write: a tensor over a read-only array warns, and nobody writes.
            images: np.ndarray = np.load(path, mmap_mode=None if residence == "memory" else "c")
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{path} is missing or broken ({error}); prepare the data anew") from None
        if images.dtype != np.uint8 or images.shape != (len(self._labels.splits), size, size, 3):
            raise UserError(f"{path} does not hold the pictures of the labels.csv beside it; prepare the data anew")
        stored = torch.from_numpy(images)
        return stored.to(device) if residence == "device" else stored

    def _require_unchanged(self, file: str) -> None:
        """Raise ValueError where a file is not the one that dataset.json was written for."""
        if sha256(self.folder / file) != self.description.checksums.get(file):
            raise ValueError("its checksum is another")


def _of_another_version(folder: Path, description: DatasetDescription) -> str:
    older = description.version < VERSION
    made = "an older version of this program, without a validation split" if older else "a newer version"
    return (
        f"{folder} was made by {made}; make it anew, with what else was given then (--folders, --min-count, …): "
        f"{_command_anew(folder, description)}"
    )


def _command_anew(folder: Path, description: DatasetDescription) -> str:
    """The command that makes a dataset again, as far as its description tells; the source is known by its name."""
    source = [description.source]
    if painted := re.fullmatch(r"procedural \(seed (\d+)\)", description.source):
        source = ["procedural", "--count", str(_num_offered(folder, description)), "--seed", painted[1]]
    elif description.source == "www.wikiart.org":
        source = ["wikiart.org"]
    elif "/" in description.source:
        source.append("--hugging-face")
    flags = ["--out", str(folder), "--sizes", *map(str, description.sizes), "--fit", description.fit]
    flags += ["--trim"] * description.trimmed + ["--enlarge"] * description.enlarged
    flags += ["--fine-styles"] * bool(description.vocabulary.families)
    return shlex.join(["python", "scripts/prepare_data.py", *source, *flags, "--overwrite"])


def _num_offered(folder: Path, description: DatasetDescription) -> int:
    """The pictures that the source had: those taken, and those that rejected.csv lists."""
    taken = sum(description.paintings.values())
    try:
        with (folder / "rejected.csv").open(newline="", encoding="utf-8") as file:
            return taken + sum(1 for _ in csv.DictReader(file))
    except (OSError, ValueError, csv.Error):
        return taken


def _best_residence(num_bytes: int, device: torch.device) -> Residence:
    import psutil  # Painting, which reads the vocabulary here, needs none of it.

    if device.type == "cuda" and num_bytes <= FREE_SHARE * torch.cuda.mem_get_info(device)[0]:
        return "device"
    return "memory" if num_bytes <= FREE_SHARE * psutil.virtual_memory().available else "disk"


def one_hot(labels: Int[np.ndarray, "b"], num_classes: int) -> Float[np.ndarray, "b k"]:
    """Points of the simplex; an unlabelled painting is all zeros."""
    points = np.zeros((len(labels), num_classes), dtype=np.float32)
    labelled = np.flatnonzero(labels != UNLABELLED)
    points[labelled, labels[labelled]] = 1.0
    return points


@dataclass(frozen=True)
class _Labels:
    splits: np.ndarray
    genres: Int[np.ndarray, "n"]
    styles: Int[np.ndarray, "n"]
    captions: list[str]


def _read_labels(path: Path, vocabulary: Vocabulary) -> _Labels:
    genre_places = {name: place for place, name in enumerate(vocabulary.genres)} | {"": UNLABELLED}
    style_places = {name: place for place, name in enumerate(vocabulary.styles)} | {"": UNLABELLED}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return _Labels(
        splits=np.array([row["split"] for row in rows]),
        genres=np.array([genre_places[row["genre"]] for row in rows], dtype=np.int64),
        styles=np.array([style_places[row["style"]] for row in rows], dtype=np.int64),
        captions=[", ".join(filter(None, (row["artist"], row["title"], row["year"]))) or row["source"] for row in rows],
    )
