"""One request to many: styles, nearby noise, and walks."""

from __future__ import annotations

import pytest

from common.errors import UserError
from common.vocabulary import Vocabulary
from stage2.painter.requests import Request
from stage2.painter.variations import in_styles, walk, with_nearby_noise

VOCABULARY = Vocabulary(
    genres={"portrait": 3, "marina": 2}, styles={"cubism": 1, "rococo": 1, "ukiyo-e": 1}, families={}
)
ASKED = Request(genre="portrait", seed=5, truncation=0.8)


def test_styles_change_and_all_else_stays() -> None:
    assert [request.style for request in in_styles(ASKED, VOCABULARY)] == ["cubism", "rococo", "ukiyo-e"]
    (only,) = in_styles(ASKED, VOCABULARY, ["rococo"])
    assert only == Request(genre="portrait", style="rococo", seed=5, truncation=0.8)
    with pytest.raises(UserError, match="--among"):
        in_styles(Request(style="cubism"), VOCABULARY)


def test_nearby_noise_goes_towards_the_next_seeds() -> None:
    first, *others = with_nearby_noise(ASKED, 3, 0.25)
    assert first == ASKED
    assert [(other.seed, other.towards, other.nearby) for other in others] == [(5, 6, 0.25), (5, 7, 0.25)]


def test_a_walk_through_seeds_stops_at_each_and_turns_back_to_the_first() -> None:
    frames = walk("seeds", ASKED, VOCABULARY, frames=6, stops=3)
    assert [(frame.seed, frame.towards, frame.nearby) for frame in frames] == [
        (5, None, 0), (5, 6, 0.5), (6, None, 0), (6, 7, 0.5), (7, None, 0), (7, 5, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "names"), [("genres", ("portrait", "marina")), ("styles", ("cubism", "rococo"))])
def test_a_walk_through_labels_is_straight_and_even(kind: str, names: tuple[str, str]) -> None:
    frames = walk(kind, Request(), VOCABULARY, frames=8, among=names)  # type: ignore[arg-type]
    point = VOCABULARY.genre_weights if kind == "genres" else VOCABULARY.style_weights
    shares = [point(frame.genre if kind == "genres" else frame.style)[0] for frame in frames]
    assert shares == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75])
    assert {frame.seed for frame in frames} == {0}


def test_a_walk_without_names_goes_through_all() -> None:
    stops = walk("styles", Request(), VOCABULARY, frames=3)
    assert [frame.style for frame in stops] == ["cubism", "rococo", "ukiyo-e"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stops": 1}, "1 stops of a walk: choose 2"),
        ({"stops": -3}, "-3 stops of a walk"),
        ({"frames": 3}, "3 frames are too few for a walk of 4 stops"),
        ({"frames": 10**9}, "1000000000 frames: choose 2 to 2000"),
        ({"kind": "genres", "among": ("portrait", "any")}, "cannot stop at 'any'"),
        ({"kind": "genres", "among": ("portrait:1,marina:1", "marina")}, "cannot stop at 'portrait:1,marina:1'"),
        ({"kind": "styles", "request": Request(style="cubism")}, "list stops with --among"),
    ],
)
def test_a_walk_that_goes_nowhere_is_refused(changes: dict[str, object], message: str) -> None:
    usual = {"kind": "seeds", "request": Request(), "vocabulary": VOCABULARY, "frames": 12}
    with pytest.raises(UserError, match=message):
        walk(**(usual | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("nearby", [0.0, -1.0, 1.5])
def test_nearby_is_a_share(nearby: float) -> None:
    with pytest.raises(UserError, match="is out of range"):
        with_nearby_noise(ASKED, 3, nearby)
    with pytest.raises(UserError, match="1 variants"):
        with_nearby_noise(ASKED, 1, 0.5)
