"""Pictures as files: whole or not at all, with their metadata, in whatever format."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from common.errors import UserError
from common.picture_files import (
    encode,
    format_of,
    read_metadata,
    write_overlapped,
    write_picture,
)

METADATA = {"genre": "portrait:0.7,landscape:0.3", "title": "Die große Welle 神奈川", "seed": "7"}


@pytest.mark.parametrize(("format", "kind"), [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG")])
def test_a_file_holds_its_picture_and_its_metadata(format: str, kind: str, tmp_path: Path) -> None:
    picture = Image.new("RGB", (16, 16), (10, 90, 200))
    write_picture(tmp_path / "a", encode(picture, format, METADATA))
    with Image.open(tmp_path / "a") as read:
        assert read.format == kind
        assert np.abs(np.asarray(read, dtype=int) - np.asarray(picture, dtype=int)).max() <= (0 if kind == "PNG" else 3)
    assert read_metadata(tmp_path / "a") == METADATA


def test_a_picture_from_elsewhere_says_nothing_and_what_is_none_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg")
    assert read_metadata(tmp_path / "a.jpg") == {}
    exif = Image.Exif()
    exif[0x010E] = "a holiday"
    Image.new("RGB", (4, 4)).save(tmp_path / "b.webp", exif=exif)
    assert read_metadata(tmp_path / "b.webp") == {}
    (tmp_path / "c.png").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"c\.png is none of the files that hold a recipe"):
        read_metadata(tmp_path / "c.png")


def test_a_picture_too_large_for_its_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="too large for webp; choose --format png"):
        encode(Image.new("RGB", (20_000, 1)), "webp", {})
    monkeypatch.setitem(Image.SAVE, "PNG", Mock(side_effect=ValueError))
    with pytest.raises(UserError, match="4x4 pixels is too large for png; choose fewer pictures"):
        encode(Image.new("RGB", (4, 4)), "png", {})


def test_formats_are_known_by_suffix() -> None:
    assert [format_of(Path(name)) for name in ("a.png", "a.JPG", "a.jpeg", "a.webp")] == [
        "png", "jpeg", "jpeg", "webp",
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"'\.tiff'"):
        format_of(Path("a.tiff"))


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "a.png"
    kept.write_bytes(b"old")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="No space left on device"):
        write_picture(kept, b"new content")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert kept.read_bytes() == b"old"


def test_overlapped_writing_keeps_the_order_and_passes_errors_on(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:03}" for number in range(200)]
    pictures = ((path, partial(write_picture, path, path.name.encode())) for path in paths)
    assert list(write_overlapped(pictures)) == paths
    assert all(path.read_bytes() == path.name.encode() for path in paths)
    with pytest.raises(UserError, match="Is a directory"):
        list(write_overlapped([(tmp_path, partial(write_picture, tmp_path, b""))]))


def test_pictures_that_are_painted_faster_than_written_wait_for_their_turn(tmp_path: Path) -> None:
    painted = 0

    def endless():  # type: ignore[no-untyped-def]
        nonlocal painted
        while True:
            painted += 1
            yield tmp_path / "same", partial(write_picture, tmp_path / "same", b"")

    written = write_overlapped(endless())
    for _ in range(50):
        next(written)
    assert painted <= 50 + 65
    written.close()
