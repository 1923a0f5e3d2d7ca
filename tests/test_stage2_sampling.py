"""The painter: pictures as a function of weights, labels and seed, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import UserError
from stage2 import Painter


@pytest.fixture(scope="module")
def painter(stage2_run: Path) -> Painter:
    return Painter.load(stage2_run)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.int16)


def test_a_seed_paints_the_same_picture_alone_and_among_others(painter: Painter) -> None:
    many = painter.paint("portrait", "renaissance", count=20, seed=3)
    alone = painter.paint("portrait", "renaissance", count=1, seed=20)
    assert [painting.seed for painting in many] == list(range(3, 23))
    assert np.abs(pixels(many[17].image) - pixels(alone[0].image)).max() <= 1


def test_genre_style_and_seed_change_the_picture(painter: Painter) -> None:
    (first,) = painter.paint("portrait", "renaissance", seed=1)
    for other in (("landscape", "renaissance", 1), ("portrait", "ukiyo-e", 1), ("portrait", "renaissance", 2)):
        (painting,) = painter.paint(*other[:2], seed=other[2])
        assert np.abs(pixels(painting.image) - pixels(first.image)).max() > 1


def test_blends_families_aliases_and_any_are_understood(painter: Painter) -> None:
    for genre, style in (("portrait:0.7,landscape:0.3", "any"), ("Seascape", "high renaissance"), ("any", "any")):
        assert painter.paint(genre, style)[0].image.size == (128, 128)


def test_64_pixels_are_painted_by_stage1_alone(painter: Painter, stage1_run: Path) -> None:
    (small,) = painter.paint("portrait", resolution=64, seed=5)
    (same,) = Painter.load(stage1_run).paint("portrait", seed=5)
    assert small.image.size == (64, 64)
    assert np.array_equal(pixels(small.image), pixels(same.image))


def test_a_file_says_where_it_comes_from(painter: Painter, tmp_path: Path) -> None:
    (painting,) = painter.paint("portrait", "renaissance", seed=7)
    painting.save(tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as read:
        text = read.info
    assert (text["genre"], text["style"], text["seed"]) == ("portrait", "renaissance", "7")
    assert text["weights"] == painter.weights
    assert list(tmp_path.iterdir()) == [tmp_path / "picture.png"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"genre": "portrat"}, "did you mean 'portrait'"),
        ({"style": "renaisance"}, "did you mean 'renaissance'"),
        ({"count": 0}, "count 0 paints nothing"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"resolution": 256}, "they paint 64 and 128"),
        ({"resolution": 64, "style": "cubism"}, "needs stage II"),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(
    painter: Painter, request_: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        painter.paint(**request_)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_stage1_alone_knows_no_style(stage1_run: Path) -> None:
    with pytest.raises(UserError, match="needs stage II"):
        Painter.load(stage1_run).paint("portrait", "renaissance")


def test_an_export_travels_without_its_run_and_broken_weights_are_named(stage2_run: Path, tmp_path: Path) -> None:
    export = tmp_path / "taken along"
    shutil.copytree(stage2_run / "export", export)
    (painting,) = Painter.load(export).paint("portrait", "cubism", seed=1)
    (same,) = Painter.load(stage2_run).paint("portrait", "cubism", seed=1)
    assert np.array_equal(pixels(painting.image), pixels(same.image))
    (export / "generator.safetensors").write_bytes(b"not weights")
    with pytest.raises(UserError, match=r"generator\.safetensors"):
        Painter.load(export)


def test_missing_weights_are_answered_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"accelerate launch scripts/train_stage2\.py"):
        Painter.load(tmp_path / "nowhere")
