"""Animations that repeat, in three formats."""

from __future__ import annotations

import io
import json
import sys

import pytest
from PIL import Image

from common.errors import UserError
from stage2.painter.animations import animation

FRAMES = [Image.new("RGB", (64, 64), (20 * number, 60, 200 - 20 * number)) for number in range(8)]
ABOUT = {"genre": "große", "walk": "seeds"}


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_frames_keep_their_order_and_repeat_for_ever(format: str) -> None:
    with Image.open(io.BytesIO(animation(iter(FRAMES), format, 20, ABOUT))) as read:
        assert (read.n_frames, read.info["loop"]) == (8, 0)
        for number, frame in enumerate(FRAMES):
            read.seek(number)
            found, wanted = read.convert("RGB").getpixel((32, 32)), frame.getpixel((32, 32))
            assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 8
        assert read.info.get("duration", 50) == 50
        about = read.info["comment"] if format == "gif" else read.getexif()[0x010E]
    assert json.loads(about) == ABOUT


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_a_rate_that_the_format_cannot_count_in_is_kept_on_average(format: str) -> None:
    with Image.open(io.BytesIO(animation(iter(FRAMES), format, 40, ABOUT))) as read:
        lengths = []
        for number in range(read.n_frames):
            read.seek(number)
            read.load()
            lengths.append(read.info["duration"])
    assert sum(lengths) == 200
    assert len(lengths) == 8


def test_an_mp4_plays_at_its_rate() -> None:
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(animation(iter(FRAMES), "mp4", 20, ABOUT))) as read:
        (stream,) = read.streams.video
        assert (stream.codec.name, stream.average_rate, stream.width) == ("h264", 20, 64)
        assert json.loads(read.metadata["comment"]) == ABOUT
        shown = [frame.to_image().getpixel((32, 32)) for frame in read.decode(stream)]
    wanted = [frame.getpixel((32, 32)) for frame in FRAMES]
    assert all(abs(a[0] - b[0]) < 10 for a, b in zip(shown, wanted, strict=True))


def test_what_cannot_be_made_is_refused_before_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = iter(FRAMES)
    for fps in (0, -1, 51):
        with pytest.raises(UserError, match=rf"^{fps} frames per second is out of range; choose 1 to 50$"):
            animation(frames, "gif", fps, ABOUT)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(
        UserError, match=r'MP4 needs av; .*pip install -e "\.\[video\]" \(or choose --format gif or webp\)$'
    ):
        animation(frames, "mp4", 20, ABOUT)
    assert len(list(frames)) == len(FRAMES)
