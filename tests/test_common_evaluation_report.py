"""What a comparison marks, and the paintings that a sheet shows beside a picture."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from test_stage2_sharing_model_card import MEASURED

from common.data.dataset import PaintingDataset
from common.evaluation.features import FeatureNetwork
from common.evaluation.figures import Figure
from common.evaluation.report import SHOWN, nearest_sheet, write_comparison
from common.images import as_pictures


def test_a_comparison_marks_what_no_interval_of_the_others_reaches(tmp_path: Path) -> None:
    def subject(name: str, fid: float, density: float) -> object:
        values = {"fid": fid, "density": density}
        figures = {key: Figure(value=x, low=x - 1, high=x + 1, samples=50) for key, x in values.items()}
        return dataclasses.replace(MEASURED, name=name, figures=figures)

    # Two of them have the same name.
    all_measured = [subject("one", 20.0, 9.0), subject("two", 25.0, 3.0), subject("two", 25.5, 3.0)]
    lines = {line.split(",")[0].strip(): line for line in write_comparison(all_measured, tmp_path)}
    assert lines["FID"].count("*") == 1
    assert lines["FID"].endswith("* 20.0 (19.0 to 21.0)  25.0 (24.0 to 26.0)  25.5 (24.5 to 26.5)")
    # Of density neither more nor less is better.
    assert not any("*" in line for key, line in lines.items() if key != "FID")
    assert (tmp_path / "comparison.html").read_text(encoding="utf-8").count('class="number best"') == 1


class _Pixels(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(images.float(), 8).flatten(1)


def test_a_training_painting_mirrored_or_not_is_its_own_nearest(procedural_dataset: Path) -> None:
    dataset = PaintingDataset(procedural_dataset)
    network = FeatureNetwork("pixels", _Pixels(), num_features=192, description="averages of 8x8 fields")
    train = dataset.split("train", 64)
    painting, other = as_pictures(train.pictures(np.array([4, 9])).numpy())
    mirrored = Image.fromarray(np.asarray(other)[:, ::-1].copy())
    sheet = nearest_sheet(dataset, 64, network, [painting, mirrored], ["one", "two"])
    assert sheet.width == (1 + SHOWN) * 68
    step = sheet.height // 2
    for row, pair in enumerate(((painting, painting), (mirrored, other))):
        for column, picture in enumerate(pair):
            x, y = column * 68 + 2, row * step + 2
            assert np.array_equal(np.asarray(sheet.crop((x, y, x + 64, y + 64))), np.asarray(picture))
