"""Tiny collections and datasets, for many tests."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from common.data.dataset import PaintingDataset, Residence, Split, SplitName
from common.preparing.preparation import PreparationReport, prepare
from common.preparing.reading import PreparationSettings
from common.preparing.sources.files import Source
from common.preparing.sources.opening import open_source
from common.preparing.sources.tables import COLUMNS

GENRES = ("portrait", "landscape", "still-life")
STYLES = ("cubism", "impressionism", "renaissance")


def random_picture(seed: int, width: int = 160, height: int = 128) -> Image.Image:
    """Return a picture of coloured blotches, different for every seed."""
    colours = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC)


def write_collection(folder: Path, pictures: dict[str, Image.Image], labels: dict[str, tuple[str, str]]) -> Path:
    """Write pictures and their labels.csv into a folder; pictures without labels get empty columns."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for name, picture in pictures.items():
            picture.save(folder / name)
            writer.writerow([name, *labels.get(name, ("", "")), "A. Painter", f"Title of {name}", "1901"])
    return folder


def zipped(folder: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    """Zip a folder's contents into a file next to it."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def tiny_settings(**changes: object) -> PreparationSettings:
    """Return quick settings: one worker, 64 pixels, every label kept however rare."""
    usual = {
        "sizes": (64,), "fit": "crop", "trim": False, "max_aspect": 4.0, "enlarge": False, "min_count": 1, "workers": 1
    }  # fmt: skip
    return PreparationSettings(**(usual | changes))  # type: ignore[arg-type]


def prepared(source: Path | Source, out: Path, *, overwrite: bool = False, **changes: object) -> PreparationReport:
    """Prepare a source, or a folder or zip with a labels.csv, with `tiny_settings`."""
    source = open_source(str(source)) if isinstance(source, Path) else source
    return prepare(source, out, tiny_settings(**changes), overwrite=overwrite)


def prepare_painted(count: int, *, seed: int, out: Path) -> None:
    """Prepare procedural paintings at 64 and 128 pixels, drawn no larger than that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("common.preparing.sources.opening.PAINTED_SIZE", 128)
        prepared(open_source("procedural", count=count, seed=seed), out, sizes=(64, 128))


class WithoutTest(PaintingDataset):
    """A dataset that fails the test if its test split is read."""

    def split(
        self, name: SplitName, size: int, *, residence: Residence = "disk", device: torch.device | str = "cpu"
    ) -> Split:
        assert name != "test", "the test split was read"
        return super().split(name, size, residence=residence, device=device)
