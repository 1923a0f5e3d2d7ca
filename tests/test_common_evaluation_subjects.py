"""Pictures as a subject: a folder's labels, sizes and what cannot be used; a painter's under truncation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from tiny_data import prepared, random_picture, write_collection

from common.data.dataset import PaintingDataset
from common.errors import UserError
from common.evaluation.subjects import (
    EnlargedPainter,
    Subject,
    evaluation_labels,
    folder_subject,
    painted_subject,
    simplexes,
)
from common.images import to_pictures
from stage2 import Painter


def subject_of(folder: Path, dataset: PaintingDataset) -> Subject:
    return folder_subject(folder, dataset, 64, seed=0, split="test")


def test_labels_are_known_by_any_spelling_and_unknown_ones_are_open(dataset: PaintingDataset, tmp_path: Path) -> None:
    pictures = {f"{number}.png": random_picture(number) for number in range(4)}
    labels = {"0.png": ("portrait", "High_Renaissance"), "1.png": ("Still life", ""), "2.png": ("spaceship", "cubism")}
    subject = subject_of(write_collection(tmp_path / "pictures", pictures, labels), dataset)
    genres, styles = list(dataset.vocabulary.genres), list(dataset.vocabulary.styles)
    assert subject.genres.tolist() == [genres.index("portrait"), genres.index("still-life"), -1, -1]
    assert subject.styles.tolist() == [styles.index("renaissance"), -1, styles.index("cubism"), -1]
    assert "2 with a known genre, 2 with a known style" in subject.origin


def test_paintings_of_several_genres_are_asked_for_as_blends_and_need_no_single_one(tmp_path: Path) -> None:
    pictures = {f"{number}.png": random_picture(number, 64, 64) for number in range(40)}
    labels = dict.fromkeys(pictures, ("portrait|nude", "cubism"))
    prepared(write_collection(tmp_path / "pictures", pictures, labels), tmp_path / "data")
    dataset = PaintingDataset(tmp_path / "data")
    asked = evaluation_labels(dataset, "test", 64, 3, seed=0, styles_asked=False)
    genres, styles = simplexes(dataset.vocabulary, asked, range(3))
    assert genres.tolist() == [[0.5, 0.5]] * 3
    assert styles.tolist() == [[0.0]] * 3
    assert asked.genres.tolist() == [-1] * 3


def test_a_request_is_a_pair_of_genre_and_style(dataset: PaintingDataset, tmp_path: Path) -> None:
    pictures = {f"{number}.png": random_picture(number) for number in range(4)}
    asked = [("portrait", "cubism"), ("portrait", "renaissance"), ("portrait", "cubism"), ("still life", "cubism")]
    labels = {f"{number}.png": pair for number, pair in enumerate(asked)}
    requests = subject_of(write_collection(tmp_path / "pictures", pictures, labels), dataset).requests
    assert requests[0] == requests[2]
    assert len(set(requests.tolist())) == 3


def test_pictures_are_brought_to_the_resolution_and_those_that_fit_are_left_alone(
    dataset: PaintingDataset, tmp_path: Path
) -> None:
    pictures = {"a.png": random_picture(0, 64, 64), "b.png": random_picture(1, 200, 100)}
    subject = subject_of(write_collection(tmp_path / "pictures", pictures, {}), dataset)
    images = subject.read([0, 1])
    assert images.shape == (2, 3, 64, 64)
    assert np.array_equal(images[0].permute(1, 2, 0).numpy(), np.asarray(pictures["a.png"]))


def test_borders_are_cut_off_where_they_were_cut_off_the_datasets_pictures(
    dataset: PaintingDataset, collection: Path, tmp_path: Path
) -> None:
    prepared(collection, tmp_path / "data", trim=True)
    inner = random_picture(0, 100, 80)
    framed = {"a.png": ImageOps.expand(inner, 30, "white")}
    folder = write_collection(tmp_path / "pictures", framed, {})
    expected = {
        "uniform borders cut off": inner.crop((10, 0, 90, 80)),
        "Pictures from a folder or zip, 0 with": framed["a.png"].crop((10, 0, 150, 140)),
    }
    for data, (said, square) in zip((PaintingDataset(tmp_path / "data"), dataset), expected.items(), strict=True):
        subject = subject_of(folder, data)
        shown = square.resize((64, 64), Image.Resampling.LANCZOS)
        assert np.array_equal(subject.read([0])[0].permute(1, 2, 0).numpy(), np.asarray(shown))
        assert said in subject.origin


def test_a_picture_that_cannot_be_used_is_named(dataset: PaintingDataset, tmp_path: Path) -> None:
    pictures = {"a.png": random_picture(0), "b.png": random_picture(1, 63, 80)}
    folder = write_collection(tmp_path / "pictures", pictures, {})
    (folder / "a.png").write_bytes(b"no picture")
    with pytest.raises(
        UserError, match=r"a\.png: is not a picture in a supported format; repair the file or remove its row"
    ):
        subject_of(folder, dataset).read([0])
    # Preparation would have refused it.
    with pytest.raises(UserError, match=r"b\.png: 63x80 pixels would be enlarged to 64"):
        subject_of(folder, dataset).read([1])


def test_some_of_many_pictures_are_drawn_alike_each_time(dataset: PaintingDataset, tmp_path: Path) -> None:
    pictures = {f"{number}.png": random_picture(number, 64, 64) for number in range(9)}
    folder = write_collection(tmp_path / "pictures", pictures, {})
    first, again = (folder_subject(folder, dataset, seed=3, split="test", limit=4) for _ in range(2))
    assert len(first) == 4
    assert np.array_equal(first.read(range(4)), again.read(range(4)))


def test_a_subject_shows_what_the_painter_paints_with_that_truncation_and_strength(
    procedural_dataset: Path, stage2_run: Path
) -> None:
    painter, dataset = Painter.load(stage2_run), PaintingDataset(procedural_dataset)
    how = {"truncation": 0.5, "style_strength": 2.0}
    subject = painted_subject(painter, "run", dataset, 128, samples=3, seed=5, split="test", **how)
    genres, styles = list(dataset.vocabulary.genres), list(dataset.vocabulary.styles)
    shown = subject.read([2])[0].permute(1, 2, 0).numpy()
    asked = (genres[subject.genres[2]], styles[subject.styles[2]])
    assert np.array_equal(shown, painter.paint(*asked, seed=7, **how)[0].image)
    for other in ({"truncation": 0.5}, {"style_strength": 2.0}):
        assert not np.array_equal(shown, painter.paint(*asked, seed=7, **other)[0].image)
    assert "truncation 0.5" in subject.origin
    assert "style strength 2" in subject.origin


def test_enlarged_pictures_are_stage_ones_by_the_filter_of_the_dataset(stage2_run: Path) -> None:
    painter = Painter.load(stage2_run)
    enlarged = EnlargedPainter(painter)
    labels = torch.eye(len(painter.vocabulary.genres))[:2], torch.eye(len(painter.vocabulary.styles))[:2]
    large = to_pictures(enlarged.images([5, 6], *labels, 128))
    small = [painting.image for painting in painter.paint(list(painter.vocabulary.genres)[1], seed=6, resolution=64)]
    expected = small[0].resize((128, 128), Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(large[1], dtype=int) - np.asarray(expected, dtype=int)).max() <= 1
    assert not enlarged.knows_styles(128)
