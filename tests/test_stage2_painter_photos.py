"""Pictures of the user's own, painted over by stage II."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import Command
from PIL import Image
from tiny_data import random_picture

from common.errors import UserError
from stage2 import Painter, Request
from stage2.painter.photos import Photo, open_photo
from stage2.painter.requests import Origin


@pytest.fixture(scope="module")
def painter(stage2_run: Path) -> Painter:
    return Painter.load(stage2_run)


@pytest.fixture
def photo() -> Image.Image:
    return random_picture(7, 400, 300)


def test_a_photo_is_squashed_to_64_pixels_and_remembers_its_shape(photo: Image.Image) -> None:
    brought_down = Photo.of(photo)
    pixels = np.asarray(photo.resize((64, 64), Image.Resampling.LANCZOS), dtype=np.float32)
    assert np.allclose(brought_down.small[0].permute(1, 2, 0).numpy(), pixels / 127.5 - 1)
    assert brought_down.aspect == "4:3"
    assert Photo.of(photo.rotate(180)).digest != brought_down.digest == Photo.of(photo.copy()).digest


def test_what_is_transparent_is_white_and_a_strip_is_refused() -> None:
    assert Photo.of(Image.new("RGBA", (10, 10))).small.min() == 1
    assert Photo.of(Image.new("L", (10, 100), 255)).small.min() == 1
    with pytest.raises(UserError, match="of 10x101 pixels is too long; crop it, at most 10:1"):
        Photo.of(Image.new("RGB", (10, 101)))


def test_files_that_are_too_large_or_no_pictures_are_refused_by_name(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.png")
    assert open_photo(tmp_path / "a.png").image.tobytes() == photo.tobytes()
    with pytest.raises(UserError, match=r"^a\.png is too large \(0 MiB, over 0\); reduce it"):
        open_photo(tmp_path / "a.png", most_bytes=1000)
    (tmp_path / "b.png").write_text("<svg/>")
    with pytest.raises(UserError, match=r"b\.png cannot be used \(is not a picture .*\); choose another picture"):
        open_photo(tmp_path / "b.png")


def test_a_restyled_photo_has_its_shape_and_follows_picture_style_genre_and_seed(
    painter: Painter, photo: Image.Image
) -> None:
    first, second = painter.restyle(photo, "cubism", count=2)
    assert (first.image.size, first.request.aspect, second.request.seed) == ((171, 128), "4:3", 1)
    (same,) = painter.restyle(photo, "cubism")
    assert np.abs(np.subtract(same.image, first.image, dtype=np.int16)).max() <= 1
    others = [painter.restyle(photo, "ukiyo-e"), painter.restyle(photo, "cubism", "portrait")]
    others += [painter.restyle(photo.rotate(180), "cubism")]
    for (other,) in others:
        assert other.image.tobytes() != first.image.tobytes()
    assert second.image.tobytes() != first.image.tobytes()


def test_stage2_paints_the_photo_itself(painter: Painter) -> None:
    # Stage I's own picture, given as a photo, becomes the painting that both stages paint.
    (small,) = painter.paint("portrait", resolution=64, seed=5)
    (whole,), (over,) = painter.paint("portrait", seed=5), painter.restyle(small.image, genre="portrait", seed=5)
    assert np.abs(np.subtract(whole.image, over.image, dtype=np.int16)).mean() < 2


def test_a_restyled_photo_says_that_its_recipe_alone_does_not_paint_it_again(
    painter: Painter, photo: Image.Image, tmp_path: Path
) -> None:
    (painting,) = painter.restyle(photo, "cubism", seed=3)
    painting.save(tmp_path / "a.png")
    assert painting.metadata()["photo"] == Photo.of(photo).digest
    origin = Origin.read(tmp_path / "a.png")
    assert (origin.request.seed, origin.request.style) == (3, "cubism")
    with pytest.raises(UserError, match="restyled photo, which cannot be painted again from its recipe alone"):
        painter.again(origin)


def test_only_stage2_can_restyle(painter: Painter, stage1_run: Path, photo: Image.Image) -> None:
    with pytest.raises(UserError, match=r"only stage II can paint over a picture; train it: accelerate"):
        Painter.load(stage1_run).restyle(photo)
    with pytest.raises(UserError, match=r"choose another resolution than 64"):
        painter.restyled(Photo.of(photo), [Request(resolution=64)])
    with pytest.raises(UserError, match="did you mean 'cubism'"):
        painter.restyle(photo, "cubsim")


def test_the_command_paints_a_photo_in_one_style_or_in_all(
    command: Command, stage2_run: Path, photo: Image.Image
) -> None:
    photo.save("my photo.png")
    restyle = ("explore.py", "restyle", "my photo.png", "--weights", stage2_run)
    assert command(*restyle, "--style", "Ukiyo-E")[1] == "paintings/my-photo_any_ukiyo-e_0.png\n"
    with Image.open("paintings/my-photo_any_ukiyo-e_0.png") as picture:
        assert (picture.size, picture.info["style"]) == ((171, 128), "ukiyo-e")
    assert command(*restyle, "--genre", "portrait")[1] == "paintings/my-photo_portrait_any_0_styles_grid.png\n"
    assert "choose another picture" in command.refused("explore.py", "restyle", stage2_run / "config.yaml")
    assert "nothing.jpg" in command.refused("explore.py", "restyle", "nothing.jpg")


def test_a_photo_that_lacks_its_end_is_painted_with_a_warning(
    command: Command, stage2_run: Path, photo: Image.Image
) -> None:
    photo.save("a.jpg")
    whole = Path("a.jpg").read_bytes()
    Path("a.jpg").write_bytes(whole[:-200])
    code, _, warned = command("explore.py", "restyle", "a.jpg", "--style", "any", "--weights", stage2_run)
    assert code == 0
    assert warned.startswith("warning: a.jpg is among the pictures that lack their end")
