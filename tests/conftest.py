"""Shared by all tests: shape checking, tiny datasets, and one short run of each stage. Tests must not change them.

Fixtures import what they need themselves: the process that hands the tests out to others needs none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from jaxtyping import install_import_hook

# Before the first import of the project: tests check the shapes in signatures, which costs real runs nothing.
install_import_hook(("common", "stage1", "stage2"), "shape_checking.check")

from commands import Command  # noqa: E402
from hub_server import Hub, running_hub  # noqa: E402

if TYPE_CHECKING:
    from common.data.dataset import PaintingDataset


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow whatever looks at a trained run: the run has to be trained first."""
    for item in items:
        if {"stage1_run", "stage2_run"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


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


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Use one thread, whatever is launched: tiny networks are faster, and several test processes run at a time."""
    import torch

    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("common.machine.available_cores", lambda: 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_precision() -> Iterator[None]:
    """Make `auto` mean float32, so that no result depends on the processor. A test may override this."""
    with pytest.MonkeyPatch.context() as patch:
        for user in ("common.runs.accelerator", "common.evaluation.classifier"):
            patch.setattr(f"{user}.gains_from_bfloat16", lambda device: False)
        yield


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    """Seed torch, so that no test depends on the tests before it."""
    import torch

    torch.manual_seed(0)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """69 pictures of 160x128 pixels: 7 of each genre and style, 3 without a style, 3 without either."""
    from tiny_data import GENRES, STYLES, random_picture, write_collection

    cells = [(genre, style) for genre in GENRES for style in STYLES for _ in range(7)]
    cells += [(genre, "") for genre in GENRES] + [("", "")] * 3
    pictures = {f"{number:02}.png": random_picture(number) for number in range(len(cells))}
    return write_collection(
        tmp_path_factory.mktemp("source") / "collection", pictures, dict(zip(pictures, cells, strict=True))
    )


@pytest.fixture(scope="session")
def dataset_folder(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection prepared at 64 and 128 pixels; tests must not change it."""
    from tiny_data import prepared

    out = tmp_path_factory.mktemp("prepared") / "data"
    prepared(collection, out, sizes=(64, 128))
    return out


@pytest.fixture(scope="session")
def dataset(dataset_folder: Path) -> PaintingDataset:
    """The prepared collection, opened."""
    from common.data.dataset import PaintingDataset

    return PaintingDataset(dataset_folder)


@pytest.fixture(scope="session")
def procedural_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """72 procedural paintings at 64 and 128 pixels: two of each genre and style."""
    from tiny_data import prepare_painted

    return made_once(tmp_path_factory, "procedural", lambda out: prepare_painted(72, seed=0, out=out))


@pytest.fixture(scope="session")
def measurable_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """288 procedural paintings at 64 and 128 pixels, so that the held-out splits are large enough to measure FID."""
    from tiny_data import prepare_painted

    return made_once(tmp_path_factory, "measurable", lambda out: prepare_painted(288, seed=1, out=out))


@pytest.fixture(scope="session")
def stage1_run(procedural_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of stage I, six steps long."""
    from tiny_runs import stage1_config

    from common.data.dataset import PaintingDataset
    from stage1.training import train

    def make(out: Path) -> None:
        train(stage1_config(), PaintingDataset(procedural_dataset), out, resume=False)

    return made_once(tmp_path_factory, "stage1", make)


@pytest.fixture(scope="session")
def stage2_run(procedural_dataset: Path, stage1_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of stage II, trained on the pictures of `stage1_run`."""
    from tiny_runs import stage2_config

    from common.data.dataset import PaintingDataset
    from stage2.training import train

    def make(out: Path) -> None:
        train(stage2_config(), PaintingDataset(procedural_dataset), stage1_run, out, resume=False)

    return made_once(tmp_path_factory, "stage2", make)


@pytest.fixture
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip drawing the curves, which takes longer than all the rest of a tiny run."""
    monkeypatch.setattr("common.runs.trainer.save_curves", lambda metrics, path: None)


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
