"""One request to many: the same composition in other styles, nearby noise, and walks that end where they began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from common.errors import UserError
from common.vocabulary import Vocabulary, is_any
from stage2.painting import Request

Walk = Literal["seeds", "genres", "styles"]
MOST = 2_000
"""Variants, or frames of a walk, all of which are held in memory at once."""


def in_styles(request: Request, vocabulary: Vocabulary, styles: Sequence[str] = ()) -> list[Request]:
    """The request in each of the styles, in all where none is named: stage I, which knows no style, paints the same."""
    if not is_any(request.style):
        raise UserError(f"style {request.style!r} is not varied and asked for at once; name styles to vary by --among")
    return [replace(request, style=style) for style in styles or vocabulary.styles]


def with_nearby_noise(request: Request, count: int, nearby: float) -> list[Request]:
    """The request, and `count - 1` with the noise of both stages a share of the way towards the next seeds'."""
    if not 0 < nearby <= 1:
        raise UserError(f"nearby {nearby:g} is no share of the way to another picture; give one above 0, at most 1")
    _require_some(count, "variants")
    others = range(request.seed + 1, request.seed + count)
    return [request, *(replace(request, towards=other, nearby=nearby) for other in others)]


def walk(
    kind: Walk, request: Request, vocabulary: Vocabulary, *, frames: int, stops: int = 4, among: Sequence[str] = ()
) -> list[Request]:
    """Frames from stop to stop and back to the first: spherical in the noise, straight in the labels.

    Stops are the next `stops` seeds, or genres or styles of one noise, all where none is named. Raises UserError
    where there are fewer than two stops, or fewer frames than stops.
    """
    places: Sequence[int | str]
    if kind == "seeds":
        places = range(request.seed, request.seed + max(stops, 0))
    else:
        places = _names(kind, request, vocabulary, among)
    _require_some(len(places), "stops of a walk")
    _require_some(frames, "frames")
    if frames < len(places):
        raise UserError(f"{frames} frames are too few for a walk of {len(places)} stops; give at least one a stop")
    found = []
    for frame in range(frames):
        stop, rest = divmod(frame * len(places), frames)
        found.append(_step(kind, request, places[stop], places[(stop + 1) % len(places)], rest / frames))
    return found


def _names(kind: Walk, request: Request, vocabulary: Vocabulary, among: Sequence[str]) -> list[str]:
    label = request.genre if kind == "genres" else request.style
    if not is_any(label):
        raise UserError(f"a walk through {kind} begins at its first stop; name the stops by --among, not {label!r}")
    blends = [name for name in among if ":" in name or "," in name or is_any(name)]
    if blends:
        raise UserError(f"a walk stops at names, not at {blends[0]!r}; name {kind} one by one")
    return list(among) or list(vocabulary.genres if kind == "genres" else vocabulary.styles)


def _step(kind: Walk, request: Request, here: int | str, there: int | str, share: float) -> Request:
    if isinstance(here, int) and isinstance(there, int):
        return replace(request, seed=here, towards=there if share else None, nearby=share)
    blend = f"{here}:{1 - share:.6f},{there}:{share:.6f}" if share else str(here)
    return replace(request, genre=blend) if kind == "genres" else replace(request, style=blend)


def _require_some(count: int, what: str) -> None:
    if not 2 <= count <= MOST:
        raise UserError(f"{count} {what}: ask for 2 to {MOST}")
