"""Shared by all tests: shape checking, tiny datasets, and one short run of each stage. Tests must not change them."""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from jaxtyping import install_import_hook
from PIL import Image

# Before the first import of the project: tests check the shapes in signatures, which costs real runs nothing.
install_import_hook(("common", "stage1", "stage2"), "shape_checking.check")

from commands import Command  # noqa: E402
from hub_server import Hub, running_hub  # noqa: E402
from tiny_runs import stage1_config, stage2_config  # noqa: E402

import stage1.training  # noqa: E402
import stage2.training  # noqa: E402
from common.data.dataset import PaintingDataset, Residence, Split, SplitName  # noqa: E402
from common.data.preparation import PreparationSettings, prepare  # noqa: E402
from common.data.sources.files import FolderFiles  # noqa: E402
from common.data.sources.labels_table import COLUMNS, LabelsTable  # noqa: E402
from common.data.sources.painted import PaintedPictures  # noqa: E402
from common.data.taxonomy import Taxonomy  # noqa: E402

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


def tiny_preparation(**changes: object) -> PreparationSettings:
    """Return quick settings: one worker, 64 pixels, every label kept however rare."""
    usual = {
        "sizes": (64,), "fit": "crop", "trim": False, "max_aspect": 4.0, "enlarge": False, "min_count": 1,
        "merge_families": True, "keep_duplicates": False, "workers": 1,
    }  # fmt: skip
    return PreparationSettings(**(usual | changes))  # type: ignore[arg-type]


def prepare_painted(count: int, *, seed: int, out: Path) -> None:
    """Prepare procedural paintings at 64 and 128 pixels, drawn no larger than that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("common.data.sources.painted.SIZE", 128)
        source = PaintedPictures(count, seed)
        prepare(source, out, tiny_preparation(sizes=(64, 128)), Taxonomy.load(), overwrite=False)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that all test processes read; the first one that needs it makes it."""
    base = factory.getbasetemp()
    # pytest-xdist gives each process its own folder inside a shared one.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, finished = shared / "shared" / name, shared / f"{name} is finished"
    with FileLock(shared / f"{name}.lock"):
        if not finished.exists():
            make(folder)
            finished.touch()
    return folder


class WithoutTest(PaintingDataset):
    """A dataset that fails the test if its test split is read."""

    def split(
        self, name: SplitName, size: int, *, residence: Residence = "disk", device: torch.device | str = "cpu"
    ) -> Split:
        assert name != "test", "the test split was read"
        return super().split(name, size, residence=residence, device=device)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Use one thread: tiny networks are faster, and several test processes run at a time."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _one_precision() -> Iterator[None]:
    """Make `auto` mean float32, so that no result depends on the processor. A test may override this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("common.runs.accelerator.gains_from_bfloat16", lambda device: False)
        yield


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Seed torch, so that no test depends on the tests before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """69 pictures of 160x128 pixels: 7 of each genre and style, 3 without a style, 3 without either."""
    cells = [(genre, style) for genre in GENRES for style in STYLES for _ in range(7)]
    cells += [(genre, "") for genre in GENRES] + [("", "")] * 3
    pictures = {f"{number:02}.png": random_picture(number) for number in range(len(cells))}
    return write_collection(
        tmp_path_factory.mktemp("source") / "collection", pictures, dict(zip(pictures, cells, strict=True))
    )


@pytest.fixture(scope="session")
def dataset_folder(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection prepared at 64 and 128 pixels; tests must not change it."""
    out = tmp_path_factory.mktemp("prepared") / "data"
    prepare(
        LabelsTable(FolderFiles(collection)), out, tiny_preparation(sizes=(64, 128)), Taxonomy.load(), overwrite=False
    )
    return out


@pytest.fixture(scope="session")
def dataset(dataset_folder: Path) -> PaintingDataset:
    """The prepared collection, opened."""
    return PaintingDataset(dataset_folder)


@pytest.fixture(scope="session")
def procedural_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """72 procedural paintings at 64 and 128 pixels: two of each genre and style."""
    return made_once(tmp_path_factory, "procedural", lambda out: prepare_painted(72, seed=0, out=out))


@pytest.fixture(scope="session")
def measurable_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """288 procedural paintings at 64 and 128 pixels, so that the held-out splits are large enough to measure FID."""
    return made_once(tmp_path_factory, "measurable", lambda out: prepare_painted(288, seed=1, out=out))


@pytest.fixture(scope="session")
def stage1_run(procedural_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of stage I, six steps long."""

    def train(out: Path) -> None:
        stage1.training.train(stage1_config(), PaintingDataset(procedural_dataset), out, resume=False)

    return made_once(tmp_path_factory, "stage1", train)


@pytest.fixture(scope="session")
def stage2_run(procedural_dataset: Path, stage1_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of stage II, trained on the pictures of `stage1_run`."""

    def train(out: Path) -> None:
        stage2.training.train(stage2_config(), PaintingDataset(procedural_dataset), stage1_run, out, resume=False)

    return made_once(tmp_path_factory, "stage2", train)


@pytest.fixture
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip drawing the curves, which takes longer than all the rest of a tiny run."""
    monkeypatch.setattr("common.runs.folder.save_curves", lambda metrics, path: None)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    return Command(monkeypatch, capsys, tmp_path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A local hub server, with a token set."""
    monkeypatch.setenv("HF_TOKEN", "not a token")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with running_hub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.address)
        yield hub
