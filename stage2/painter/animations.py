"""Encode frames as a looping animation: GIF and WebP with Pillow, MP4 with PyAV."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from itertools import chain, pairwise

import numpy as np
from PIL import Image

from common.errors import UserError, missing_package
from common.picture_files import described

SUFFIXES = {"gif": ".gif", "webp": ".webp", "mp4": ".mp4"}
FASTEST = 50
"""Frames per second. Viewers slow down GIFs that are faster."""


def animation(frames: Iterable[Image.Image], format: str, fps: int, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a `gif`, `webp` or `mp4`.

    The metadata is JSON in the file's comment, or in a WebP's EXIF description. Raises UserError, before the first
    frame is taken, if `fps` is out of range or the package that writes MP4 is missing.
    """
    if not 1 <= fps <= FASTEST:
        raise UserError(f"{fps} frames per second is out of range; choose 1 to {FASTEST}")
    file, about = io.BytesIO(), json.dumps(dict(metadata))
    if format == "mp4":
        _write_mp4(file, frames, fps, about)
        return file.getvalue()
    first, *others = frames
    own = {"comment": about.encode()} if format == "gif" else {"exif": described(metadata), "quality": 90}
    # A GIF counts in hundredths of a second: frames of different lengths keep the average speed right.
    unit = 10 if format == "gif" else 1
    ends = [round(1000 / unit * number / fps) for number in range(len(others) + 2)]
    durations = [unit * (end - start) for start, end in pairwise(ends)]
    first.save(file, format, save_all=True, append_images=others, duration=durations, loop=0, **own)
    return file.getvalue()


def _write_mp4(file: io.BytesIO, frames: Iterable[Image.Image], fps: int, about: str) -> None:
    try:
        import av
    except ImportError:
        raise missing_package("an MP4", "av", extra="video", instead="choose --format gif or webp") from None
    with av.open(file, "w", format="mp4") as container:
        container.metadata["comment"] = about
        stream = container.add_stream("libx264", rate=fps, options={"crf": "16"})
        stream.pix_fmt = "yuv420p"
        pictures = iter(frames)
        first = next(pictures)
        stream.width, stream.height = first.size
        for picture in chain([first], pictures):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        container.mux(stream.encode())
