"""One request to many: styles, noise by seeds alone, nearby and truncated, walks, and animations that repeat."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence

import pytest
import torch
from PIL import Image

from common.errors import UserError
from common.vocabulary import Vocabulary
from stage1.sampling import draw_latents
from stage2.painter.requests import Request
from stage2.painter.variations import animation, between, in_styles, noise_of, walk, with_nearby_noise

VOCABULARY = Vocabulary(
    genres={"portrait": 3, "marina": 2}, styles={"cubism": 1, "rococo": 1, "ukiyo-e": 1}, families={}
)
STYLES = list(VOCABULARY.styles)
ASKED = Request(genre="portrait", seed=5, truncation=0.8)
FRAMES = [Image.new("RGB", (64, 64), (20 * number, 60, 200 - 20 * number)) for number in range(8)]
ABOUT = {"genre": "große", "walk": "seeds"}


def test_styles_change_and_all_else_stays() -> None:
    assert [request.style for request in in_styles(ASKED, STYLES)] == ["cubism", "rococo", "ukiyo-e"]
    (only,) = in_styles(ASKED, STYLES, ["rococo"])
    assert only == Request(genre="portrait", style="rococo", seed=5, truncation=0.8)
    with pytest.raises(UserError, match="know no styles at this resolution; vary the noise"):
        in_styles(ASKED, [], ["rococo"])


def test_nearby_noise_goes_towards_the_next_seeds() -> None:
    first, *others = with_nearby_noise(ASKED, 3, 0.25)
    assert first == ASKED
    assert [(other.seed, other.towards, other.nearby) for other in others] == [(5, 6, 0.25), (5, 7, 0.25)]


def test_a_walk_through_seeds_stops_at_each_and_turns_back_to_the_first() -> None:
    frames = walk("seeds", ASKED, [], frames=6, stops=3)
    assert [(frame.seed, frame.towards, frame.nearby) for frame in frames] == [
        (5, None, 0), (5, 6, 0.5), (6, None, 0), (6, 7, 0.5), (7, None, 0), (7, 5, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "names"), [("genres", ("portrait", "marina")), ("styles", ("cubism", "rococo"))])
def test_a_walk_through_labels_is_straight_and_even(kind: str, names: tuple[str, str]) -> None:
    frames = walk(kind, Request(), [], frames=8, among=names)  # type: ignore[arg-type]
    point = VOCABULARY.genre_weights if kind == "genres" else VOCABULARY.style_weights
    shares = [point(frame.genre if kind == "genres" else frame.style)[0] for frame in frames]
    assert shares == pytest.approx([1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.75])
    assert {frame.seed for frame in frames} == {0}


def test_a_walk_without_names_goes_through_all() -> None:
    stops = walk("styles", Request(), STYLES, frames=3)
    assert [frame.style for frame in stops] == ["cubism", "rococo", "ukiyo-e"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stops": 1}, "a walk needs two seeds or more, not 1"),
        ({"kind": "styles"}, "a walk needs two styles or more, not 0; explore.py walk seeds"),
        ({"kind": "styles", "among": ["cubism", "ANY"]}, "a walk cannot stop at 'ANY'; list single styles"),
        ({"kind": "genres", "among": ["marina:0.5", "portrait"]}, "a walk cannot stop at 'marina:0.5'"),
        ({"kind": "genres", "among": ["portrait", "a,b"]}, "a walk cannot stop at 'a,b'"),
        ({"frames": 3}, "3 frames are too few for a walk of 4 stops"),
    ],
)
def test_a_walk_that_goes_nowhere_is_refused(changes: dict[str, object], message: str) -> None:
    usual = {"kind": "seeds", "request": Request(), "known": [], "frames": 12}
    with pytest.raises(UserError, match=message):
        walk(**(usual | changes))  # type: ignore[arg-type]


def draw(seeds: Sequence[int]) -> torch.Tensor:
    return draw_latents(seeds, 128)


def test_without_more_the_noise_is_the_seeds_bit_for_bit() -> None:
    assert torch.equal(noise_of([Request(seed=3), Request(seed=9)], draw_latents, 128), draw([3, 9]))


def test_the_way_between_two_has_their_length_and_ends_at_them() -> None:
    first, second = draw(range(50)), draw(range(50, 100))
    ends = between(first, second, torch.zeros(50)), between(first, second, torch.ones(50))
    torch.testing.assert_close(ends[0], first)
    torch.testing.assert_close(ends[1], second)
    middle = between(first, second, torch.full((50,), 0.5)).norm(dim=1)
    torch.testing.assert_close(middle, (first.norm(dim=1) + second.norm(dim=1)) / 2, rtol=0.03, atol=0)
    assert (((first + second) / 2).norm(dim=1) < 0.85 * middle).all()


def test_equal_noise_stays_where_it_is() -> None:
    noise = draw([1])
    torch.testing.assert_close(between(noise, noise, torch.tensor([0.4])), noise)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_request_lies_its_share_of_the_angle_away(share: float) -> None:
    (noise,) = noise_of([Request(seed=1, towards=2, nearby=share)], draw_latents, 128).double()
    first, second = draw([1, 2]).double()
    angles = [torch.arccos(torch.cosine_similarity(first, other, dim=0)) for other in (noise, second)]
    assert float(angles[0] / angles[1]) == pytest.approx(share, abs=1e-3)


def test_truncation_shortens_the_noise_of_its_own_request_only() -> None:
    noise = noise_of([Request(seed=1, truncation=0.5), Request(seed=2)], draw_latents, 128)
    assert torch.equal(noise, draw([1, 2]) * torch.tensor([[0.5], [1.0]]))


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


def test_a_missing_package_is_named_before_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = iter(FRAMES)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(
        UserError, match=r'MP4 needs av; .*pip install -e "\.\[video\]" \(or choose --format gif or webp\)$'
    ):
        animation(frames, "mp4", 20, ABOUT)
    assert len(list(frames)) == len(FRAMES)
