"""From one request to many: in other styles, with nearby noise, and as a walk, which can become an animation.

`noise_of` draws the noise of such requests for `stage2.painter.painter`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from common.aspects import SQUARE
from common.errors import UserError, missing_package
from common.picture_files import described
from common.vocabulary import is_any
from stage2.painter.requests import Request
from stage2.painter.resolving import Resolved

Walk = Literal["seeds", "genres", "styles"]
WALK_SUFFIXES = {"gif": ".gif", "webp": ".webp", "mp4": ".mp4"}


def in_styles(request: Request, known: Sequence[str], styles: Sequence[str] = ()) -> list[Request]:
    """Return the request in each of `styles`, or in every known one. Raises UserError if none is known."""
    if not known:
        raise UserError("these weights know no styles at this resolution; vary the noise with explore.py vary noise")
    return [replace(request, style=style) for style in styles or known]


def with_nearby_noise(request: Request, count: int = 8, nearby: float = 0.3) -> list[Request]:
    """Return the request, and `count - 1` whose noise (of both stages) is moved towards that of the next seeds."""
    others = range(request.seed + 1, request.seed + count)
    return [request, *(replace(request, towards=other, nearby=nearby) for other in others)]


def walk(
    kind: Walk, request: Request, known: Sequence[str], *, frames: int = 48, stops: int = 4, among: Sequence[str] = ()
) -> list[Request]:
    """Return the frames of a walk from stop to stop and back to the first.

    Stops are `stops` consecutive seeds, or the genres or styles `among` (default: all known) with one noise. Noise is
    interpolated on the sphere, labels linearly. Raises UserError for fewer than two stops, or fewer frames than stops.
    """
    names = [] if kind == "seeds" else list(among or known)
    count = stops if kind == "seeds" else len(names)
    if count < 2:
        raise UserError(f"a walk needs two {kind} or more, not {count}; explore.py walk seeds walks through the noise")
    if fault := [name for name in names if is_any(name) or {",", ":"} & set(name)]:
        raise UserError(f"a walk cannot stop at {fault[0]!r}; list single {kind}")
    if frames < count:
        raise UserError(f"{frames} frames are too few for a walk of {count} stops; give at least one per stop")
    found = []
    for here, there, share in _steps(count, frames):
        if kind == "seeds":
            moved: dict[str, Any] = {"towards": request.seed + there, "nearby": share} if share else {}
            found.append(replace(request, seed=request.seed + here, **moved))
        else:
            blend = f"{names[here]}:{1 - share:.6f},{names[there]}:{share:.6f}" if share else names[here]
            found.append(replace(request, genre=blend) if kind == "genres" else replace(request, style=blend))
    return found


def walk_between(stops: Sequence[Resolved], frames: int) -> list[Resolved]:
    """Return the frames of a walk from picture to picture and back to the first.

    Labels, noise, truncation and style strength move. All frames are square and of the first stop's size. Raises
    UserError for fewer than two stops, fewer frames than stops, and a stop whose noise is moved already.
    """
    if len(stops) < 2:
        raise UserError(f"a walk needs two pictures or more, not {len(stops)}")
    if frames < len(stops):
        raise UserError(f"{frames} frames are too few for a walk of {len(stops)} stops; give at least one per stop")
    if any(one.request.towards is not None for one in stops):
        raise UserError("a picture near another has no noise of its own to walk from; choose others")
    found = []
    for here, there, share in _steps(len(stops), frames):
        first, second = stops[here], stops[there]
        asked = replace(
            first.request,
            towards=second.request.seed,
            nearby=share,
            truncation=(1 - share) * first.request.truncation + share * second.request.truncation,
            style_strength=1.0,
            resolution=stops[0].resolution,
            aspect=SQUARE,
        )
        scaled = [[one.request.style_strength * part for part in one.styles] for one in (first, second)]
        genres, styles = (
            tuple((1 - share) * a + share * b for a, b in zip(*pair, strict=True))
            for pair in ((first.genres, second.genres), scaled)
        )
        found.append(Resolved(asked, stops[0].resolution, genres, styles))
    return found


def _steps(stops: int, frames: int) -> Iterator[tuple[int, int, float]]:
    """Yield, for each frame of a loop, the stop before it, the stop after it, and its share of the way between them."""
    for frame in range(frames):
        here, rest = divmod(frame * stops, frames)
        yield here, (here + 1) % stops, rest / frames


def noise_of(
    requests: Sequence[Request], draw: Callable[[Sequence[int], int], Tensor], length: int
) -> Float[Tensor, "b z"]:
    """Return the noise of each request: drawn from its seed, moved towards another seed's noise, truncated.

    `draw` takes seeds and a length. Truncation multiplies the noise. The networks pass it through linear layers only
    (the stem and the gates), so this moves each layer's input towards its mean, as in Karras et al. 2019, appendix B.
    """
    noise = draw([request.seed for request in requests], length)
    moved = [row for row, request in enumerate(requests) if request.towards is not None]
    if moved:
        others = draw([requests[row].towards or 0 for row in moved], length)
        noise[moved] = between(noise[moved], others, torch.tensor([requests[row].nearby for row in moved]))
    return noise * torch.tensor([[request.truncation] for request in requests])


def between(
    first: Float[Tensor, "b z"], second: Float[Tensor, "b z"], shares: Float[Tensor, "b"]
) -> Float[Tensor, "b z"]:
    """Interpolate from `first` (share 0) to `second` (share 1).

    The direction follows the arc (Shoemake 1985, section 3.3), the length is linear. On a straight line the middle
    would be shorter than any noise that the networks were trained on.
    """
    a, b, share = first.double(), second.double(), shares.double()[:, None]
    lengths = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    angle = torch.arccos((a * b).sum(dim=1, keepdim=True).div(lengths[0] * lengths[1]).clamp(-1, 1))
    # Equal directions have no arc between them: avoid 0 / 0.
    sine = angle.sin().clamp(min=1e-9)
    arc = ((1 - share) * angle).sin() / sine * (a / lengths[0]) + (share * angle).sin() / sine * (b / lengths[1])
    direction = torch.where(angle < 1e-6, a / lengths[0], arc)
    return (direction * torch.lerp(lengths[0], lengths[1], share)).to(first.dtype)


def animation(frames: Iterable[Image.Image], format: str, fps: int, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a looping `gif` or `webp`, or of an `mp4`.

    The metadata is JSON in the file's comment, or in a WebP's EXIF description. Raises UserError, before the first
    frame is taken, if the package that writes MP4 is missing.
    """
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
        first, *others = frames
        stream.width, stream.height = first.size
        for picture in (first, *others):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        container.mux(stream.encode())
