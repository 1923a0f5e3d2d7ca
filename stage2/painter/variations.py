"""Turn one request into many: the same composition in other styles, nearby noise, and walks that loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from common.errors import UserError
from common.vocabulary import Vocabulary, is_any
from stage2.painter.requests import Request

Walk = Literal["seeds", "genres", "styles"]
MOST = 2_000
"""Most variants, or frames of a walk: all are held in memory at once."""


def in_styles(request: Request, vocabulary: Vocabulary, styles: Sequence[str] = ()) -> list[Request]:
    """Return the request in each of `styles`, or in every style. Stage I has no style: it paints the same for all."""
    if not is_any(request.style):
        raise UserError(
            f"style {request.style!r} cannot be fixed and varied; leave it out, or list styles with --among"
        )
    if not vocabulary.styles:
        raise UserError("these weights know no styles; vary the noise with explore.py vary noise")
    return [replace(request, style=style) for style in styles or vocabulary.styles]


def with_nearby_noise(request: Request, count: int = 8, nearby: float = 0.3) -> list[Request]:
    """Return the request, and `count - 1` whose noise (of both stages) is moved towards that of the next seeds."""
    if not 0 < nearby <= 1:
        raise UserError(f"nearby {nearby:g} is out of range; choose a number above 0, at most 1")
    _require_some(count, "variants")
    others = range(request.seed + 1, request.seed + count)
    return [request, *(replace(request, towards=other, nearby=nearby) for other in others)]


def walk(
    kind: Walk, request: Request, vocabulary: Vocabulary, *, frames: int = 48, stops: int = 4, among: Sequence[str] = ()
) -> list[Request]:
    """Return the frames of a walk from stop to stop and back to the first.

    Stops are `stops` consecutive seeds, or the genres or styles `among` (default: all) with one noise. Noise is
    interpolated on the sphere, labels linearly. Raises UserError for fewer than two stops, or fewer frames than stops.
    """
    names: list[str] = []
    if kind != "seeds":
        label, known = (request.genre, vocabulary.genres) if kind == "genres" else (request.style, vocabulary.styles)
        if len(known) < 2:
            raise UserError(
                f"a walk through {kind} needs at least two, and these weights know {', '.join(known) or 'none'}; walk "
                "through the noise with explore.py walk seeds"
            )
        if not is_any(label):
            raise UserError(
                f"{label!r} cannot be fixed in a walk through {kind}; leave it out, or list stops with --among"
            )
        names = list(among or known)
        for name in names:
            if ":" in name or "," in name or is_any(name):
                raise UserError(f"a walk cannot stop at {name!r}; list single {kind}")
    count = stops if kind == "seeds" else len(names)
    _require_some(count, "stops of a walk")
    _require_some(frames, "frames")
    if frames < count:
        raise UserError(f"{frames} frames are too few for a walk of {count} stops; give at least one per stop")
    found = []
    for frame in range(frames):
        here, rest = divmod(frame * count, frames)
        there, share = (here + 1) % count, rest / frames
        if kind == "seeds":
            seed, towards = request.seed + here, request.seed + there if share else None
            found.append(replace(request, seed=seed, towards=towards, nearby=share))
            continue
        blend = f"{names[here]}:{1 - share:.6f},{names[there]}:{share:.6f}" if share else names[here]
        found.append(replace(request, genre=blend) if kind == "genres" else replace(request, style=blend))
    return found


def _require_some(count: int, what: str) -> None:
    if not 2 <= count <= MOST:
        raise UserError(f"{count} {what}: choose 2 to {MOST}")
