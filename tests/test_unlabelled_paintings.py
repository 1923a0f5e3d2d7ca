"""A collection without any label trains both stages and is painted from: it has pictures, if no words."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import tiny_preparation
from tiny_runs import stage1_config, stage2_config

import stage1.training
import stage2.training
from common.data.dataset import PaintingDataset
from common.data.preparation import prepare
from common.data.sources.files import FolderFiles
from common.data.sources.labels_table import LabelsTable
from common.data.taxonomy import Taxonomy
from stage2 import Painter
from stage2.exporting import ExportOptions, export_run


@pytest.mark.slow
def test_paintings_without_labels_train_both_stages_and_are_painted_as_any(collection: Path, tmp_path: Path) -> None:
    settings = tiny_preparation(sizes=(64, 128), min_count=1000)
    prepare(LabelsTable(FolderFiles(collection)), tmp_path / "data", settings, Taxonomy.load(), overwrite=False)
    dataset = PaintingDataset(tmp_path / "data")
    assert not dataset.vocabulary.genres
    assert not dataset.vocabulary.styles
    small, large = tmp_path / "small", tmp_path / "large"
    stage1.training.train(stage1_config("training.steps=2"), dataset, small, resume=False)
    stage2.training.train(stage2_config("training.steps=2"), dataset, small, large, resume=False)
    painter = Painter.load(large)
    (painting,) = painter.paint()
    assert painter.sheet().width > 128
    export_run(large, tmp_path / "card", ExportOptions(card=True))
    assert (tmp_path / "card" / "samples.webp").is_file()
    assert painting.image.size == (128, 128)
    assert len(list((large / "samples").iterdir())) == 2
