"""The painter: pictures as a function of weights, labels and seed, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_runs import change_weights

from common import config
from common.errors import UserError
from common.images import to_pictures
from common.runs.exports import read_export_config
from stage1.sampling import SHIPPED as STAGE1_SHIPPED
from stage1.sampling import Stage1Painter
from stage2 import Painter, Request
from stage2.config import PRESETS, Stage2Config
from stage2.painter.requests import STYLE_STRENGTH, Origin
from stage2.painter.resolving import Resolved, points
from stage2.sampling import SHIPPED, Stage2Export


@pytest.fixture(scope="module")
def painter(stage2_run: Path) -> Painter:
    return Painter.load(stage2_run)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.int16)


def test_a_resolved_request_has_the_vocabularys_spelling_plain_numbers_and_points(painter: Painter) -> None:
    typed = Request(genre="Portraits:1, marina:3", style="UKIYO-E", truncation=np.float64(0.5), seed=3)
    resolved = painter.resolve(typed)
    spelled = Request(genre="portrait,marina:3", style="ukiyo-e", truncation=0.5, seed=3, resolution=128)
    assert (resolved.request, resolved.resolution) == (spelled, 128)
    assert resolved.genres == painter.vocabulary.genre_weights("portrait:1,marina:3")
    assert type(resolved.request.truncation) is float
    assert [one.request.seed for one in resolved.with_seeds([5, 9])] == [5, 9]
    genres, styles = points([resolved, painter.resolve(Request(genre=" ANY "))])
    assert (genres.sum(dim=1).tolist(), styles.sum(dim=1).tolist()) == ([1, 0], [1, 0])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"genre": "portrat"}, "did you mean 'portrait'"),
        ({"style": "cubsim"}, "did you mean 'cubism'"),
        ({"seed": -1}, "seed -1 is negative"),
        ({"truncation": 1.5}, "truncation 1.5 is out of range"),
        ({"truncation": float("nan")}, "truncation nan is out of range"),
        ({"style": "cubism", "style_strength": 3.5}, "style strength 3.5 is out of range; choose a number from 0 to 3"),
        ({"style": "cubism", "style_strength": float("nan")}, "style strength nan is out of range"),
        ({"towards": 3, "nearby": 1.5}, "nearby 1.5 is out of range"),
        ({"towards": -3, "nearby": 0.5}, "seed -3 is negative"),
        ({"resolution": 256}, "choose one of 64, 128"),
        ({"resolution": 64, "style": "cubism"}, "needs stage II, .*; leave it out, or choose another resolution"),
    ],
)
def test_an_impossible_request_is_refused_in_one_line(asked: dict[str, object], message: str, painter: Painter) -> None:
    with pytest.raises(UserError, match=message) as caught:
        painter.resolve(Request(**asked))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_painting_has_the_shape_asked_for_and_is_repainted_in_it(painter: Painter, tmp_path: Path) -> None:
    (square,), (tall,) = painter.paint("portrait", seed=3), painter.paint("portrait", seed=3, aspect="3:4")
    assert (square.image.size, tall.image.size) == ((128, 128), (128, 171))
    assert tall.image.tobytes() == square.image.resize((128, 171), Image.Resampling.LANCZOS).tobytes()
    tall.save(tmp_path / "tall.png")
    assert tall.request.stem == "portrait_any_3_3x4"
    assert painter.again(Origin.read(tmp_path / "tall.png")).image.tobytes() == tall.image.tobytes()
    assert "aspect" not in square.metadata()
    with pytest.raises(UserError, match=r"do not know the shapes of their paintings; .* \(weights: "):
        painter.paint("portrait", aspect="as-trained")


def test_weights_that_know_shapes_paint_each_genre_in_its_own(stage2_run: Path, tmp_path: Path) -> None:
    export = Path(shutil.copytree(stage2_run / "export", tmp_path / "export"))
    values = json.loads((export / "config.json").read_text())
    values["vocabulary"]["shapes"] = {"any": [1.0], "portrait": [0.5], "landscape": [2.0]}
    (export / "config.json").write_text(json.dumps(values))
    knowing = Painter.load(export)
    sizes = {
        genre: knowing.paint(genre, aspect="as-trained")[0].image.size for genre in ("portrait", "landscape", "any")
    }
    assert sizes == {"portrait": (128, 256), "landscape": (256, 128), "any": (128, 128)}
    values["vocabulary"]["shapes"]["portrait"] = [-1]
    (export / "config.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match="shapes of paintings are not numbers above 0: portrait"):
        Painter.load(export)


def test_stage1_alone_knows_no_style(stage1_run: Path) -> None:
    alone = Painter.load(stage1_run)
    with pytest.raises(UserError, match=r"train stage II: accelerate launch scripts/train_stage2\.py"):
        alone.resolve(Request(style="cubism"))
    with pytest.raises(UserError, match=r"^these weights know no styles at this resolution"):
        alone.vary_styles(Request())


@pytest.mark.parametrize("resolution", [64, 128])
def test_a_request_is_the_same_picture_alone_and_among_63_others(painter: Painter, resolution: int) -> None:
    style = "renaissance:2,cubism" if resolution == 128 else "any"
    some = [
        Request(genre="portrait", seed=5),
        Request(genre="portrait:0.7,landscape:0.3", style=style, seed=5, truncation=0.6),
        Request(seed=6, towards=9, nearby=0.3, style=style),
    ]
    others = [Request(genre="marina", seed=number, truncation=0.9) for number in range(61)]
    asked = [painter.resolve(replace(one, resolution=resolution)) for one in [*others[:40], *some, *others[40:]]]
    together = painter.images_of(asked)
    for place in range(40, 43):
        alone = painter.images_of([asked[place]])
        torch.testing.assert_close(together[place : place + 1], alone, rtol=0, atol=1e-5)


def test_a_truncation_of_1_changes_nothing_and_less_makes_pictures_alike(painter: Painter) -> None:
    def images(truncation: float) -> torch.Tensor:
        asked = Request(genre="portrait", truncation=truncation)
        return painter.images_of(list(painter.resolve(asked).with_seeds(range(12))))

    vocabulary = painter.vocabulary
    genres = torch.tensor([vocabulary.genre_weights("portrait")]).expand(12, -1)
    styles = torch.zeros(12, len(vocabulary.styles))
    assert torch.equal(images(1.0), painter.images(range(12), genres, styles, 128))
    spreads = [float(images(truncation).std(dim=0).mean()) for truncation in (1.0, 0.6, 0.2)]
    assert spreads[0] > 1.2 * spreads[1] > 1.2 * 1.2 * spreads[2]


def test_a_style_of_no_strength_is_none_and_more_strength_leads_farther_from_none(painter: Painter) -> None:
    def images(style: str, strength: float = 1.0) -> torch.Tensor:
        asked = painter.resolve(Request(genre="portrait", style=style, style_strength=strength))
        return painter.images_of(list(asked.with_seeds(range(4))))

    plain = images("any")
    assert torch.equal(images("any", strength=3), plain)
    assert torch.equal(images("cubism", strength=0), plain)
    distances = [float((images("cubism", strength) - plain).abs().mean()) for strength in (0.5, 1, 1.5, 2)]
    assert distances == sorted(distances)
    assert distances[0] > 0
    asked = painter.resolve(Request(genre="portrait", style_strength=2)).request
    for [painting], strength in (
        (painter.vary_styles(asked, ["cubism"]), 2),
        (painter.paint("portrait", "cubism"), STYLE_STRENGTH),
    ):
        [expected] = to_pictures(images("cubism", strength)[:1])
        assert np.abs(pixels(painting.image) - pixels(expected)).max() <= 1


def test_a_stream_paints_as_it_is_asked_and_reads_no_further(painter: Painter) -> None:
    asked = 0

    def endless() -> Iterator[Request]:
        nonlocal asked
        while True:
            yield Request(seed=asked, resolution=64 if asked < 3 else 128)
            asked += 1

    paintings = painter.stream(endless())
    found = [next(paintings) for _ in range(5)]
    assert [painting.image.width for painting in found] == [64, 64, 64, 128, 128]
    assert asked < 40


def test_painting_keeps_freed_memory_and_gives_it_back(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("keep_freed_memory", "give_freed_memory_back"):
        monkeypatch.setattr(f"stage2.painter.painter.{name}", partial(calls.append, name))
    painter.paint(resolution=64)
    assert calls == ["keep_freed_memory", "give_freed_memory_back"]


def test_a_batch_is_halved_until_it_fits_the_devices_memory(stage1_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter.load(stage1_run)
    paint, sizes, fits = painter.images_of, [], 3

    def images_of(requests: Sequence[Resolved], photo: None) -> torch.Tensor:
        if len(requests) > fits:
            raise torch.OutOfMemoryError("out of memory")
        sizes.append(len(requests))
        return paint(requests, photo)

    monkeypatch.setattr(painter, "images_of", images_of)
    assert [painting.request.seed for painting in painter.paint(count=20)] == list(range(20))
    assert sizes == [2] * 10
    fits = 0
    with pytest.raises(UserError, match="--device cpu"):
        painter.paint()


def test_an_unknown_label_is_refused_with_the_place_of_the_weights(painter: Painter) -> None:
    with pytest.raises(UserError, match=r"^unknown genre 'portrat'; did you mean .* \(weights: .*export\)$"):
        painter.paint("portrat")


@pytest.mark.parametrize("format", ["png", "webp", "jpg"])
def test_a_picture_is_painted_again_to_the_pixel(painter: Painter, format: str, tmp_path: Path) -> None:
    painting = painter.paint("portrait:2,marina", "cubism", count=19, seed=3, truncation=0.8)[7]
    painting.save(tmp_path / f"a.{format}")
    again = painter.again(Origin.read(tmp_path / f"a.{format}"))
    assert np.array_equal(pixels(again.image), pixels(painting.image))
    assert again.metadata() == painting.metadata()


def test_other_weights_do_not_paint_a_picture_again(painter: Painter, stage2_run: Path, tmp_path: Path) -> None:
    shutil.copytree(stage2_run / "export", tmp_path / "export")
    change_weights(tmp_path / "export")
    (picture,) = painter.paint("portrait")
    with pytest.raises(UserError, match=r"^weights \w+\+\w+ painted the picture, but .*export holds .*--weights"):
        Painter.load(tmp_path / "export").again(picture)


def test_curated_pictures_are_the_best_of_all_candidates(painter: Painter) -> None:
    asked = Request(genre="portrait", style="cubism", seed=10)
    everyone = painter.curate(asked, 24, 24)
    kept = painter.curate(asked, 3, 24)
    assert [painting.request.seed for painting in kept] == [painting.request.seed for painting in everyone][:3]
    assert sorted(painting.request.seed for painting in everyone) == list(range(10, 34))
    assert [painting.judgement["rank"] for painting in kept] == ["1 of 24", "2 of 24", "3 of 24"]
    for key in ("genre_probability", "style_probability"):
        assert 0 < float(kept[0].metadata()[key]) < 1
    (same,) = painter.paint("portrait", "cubism", seed=kept[0].request.seed)
    assert np.abs(pixels(same.image) - pixels(kept[0].image)).max() <= 1


def test_curating_stops_after_the_batch_in_which_it_is_told(painter: Painter) -> None:
    asked: list[int] = []
    assert painter.curate(Request(), 2, 24, stopped=lambda: not asked.append(1)) == []
    assert len(asked) == 1


def test_curating_needs_enough_candidates_and_a_critic(painter: Painter, stage2_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="16 of 4 pictures cannot be kept"):
        painter.curate(Request(), 16, 4)
    shutil.copytree(stage2_run / "export", tmp_path / "export")
    (tmp_path / "export" / "critic.safetensors").unlink()
    with pytest.raises(UserError, match="has no critic"):
        Painter.load(tmp_path / "export").curate(Request(), 1, 4)


def test_varied_styles_are_one_picture_asked_for_in_each(painter: Painter) -> None:
    varied = painter.vary_styles(Request(genre="marina", seed=2))
    assert [painting.request.style for painting in varied] == list(painter.vocabulary.styles)
    assert len({painting.image.tobytes() for painting in varied}) == len(varied)
    (cubist,) = painter.paint("marina", "cubism", seed=2)
    cubism = next(painting for painting in varied if painting.request.style == "cubism")
    assert np.abs(pixels(cubism.image) - pixels(cubist.image)).max() <= 1


def test_nearby_noise_makes_a_nearby_picture_and_a_walk_has_its_frames(painter: Painter) -> None:
    assert len(list(painter.walk("genres", Request(resolution=64), frames=12))) == 12
    (own, near), (_, far) = (painter.vary_noise(Request(seed=2), 2, nearby) for nearby in (0.1, 1.0))
    (other,) = painter.paint(seed=3)
    assert np.abs(pixels(far.image) - pixels(other.image)).max() <= 1
    assert np.abs(pixels(near.image) - pixels(own.image)).mean() < np.abs(pixels(far.image) - pixels(own.image)).mean()


def test_a_walk_between_pictures_visits_each_of_them_and_moves_labels_with_the_noise(painter: Painter) -> None:
    stops = [Request(genre="portrait", seed=5), Request(style="cubism", seed=9, truncation=0.5, aspect="3:4")]
    frames = list(painter.walk_between(stops, 8))
    for place, stop in ((0, stops[0]), (4, replace(stops[1], aspect="1:1"))):
        (alone,) = painter.stream([stop])
        assert np.abs(pixels(frames[place].image) - pixels(alone.image)).max() <= 1
    # With two stops it goes back the way it came.
    for place in (1, 2, 3):
        assert np.abs(pixels(frames[place].image) - pixels(frames[-place].image)).max() <= 1
    assert len({frame.image.tobytes() for frame in frames[:5]}) == 5
    for wrong, message in (
        (stops[:1], "needs two pictures or more, not 1"),
        ([stops[0], Request(towards=3, nearby=0.5)], "no noise of its own"),
        (stops * 5, "8 frames are too few for a walk of 10 stops"),
    ):
        with pytest.raises(UserError, match=message):
            painter.walk_between(wrong, 8)


def test_genre_style_and_seed_change_the_picture(painter: Painter) -> None:
    (first,) = painter.paint("Portraits", "renaissance", seed=1)
    for other in (("landscape", "high renaissance", 1), ("portrait", "ukiyo-e", 1), ("portrait", "any", 2)):
        (painting,) = painter.paint(*other[:2], seed=other[2])
        assert np.abs(pixels(painting.image) - pixels(first.image)).max() > 1


def test_64_pixels_are_painted_by_stage1_alone(painter: Painter, stage1_run: Path) -> None:
    (small,) = painter.paint("portrait", resolution=64, seed=5)
    (same,) = Painter.load(stage1_run).paint("portrait", seed=5)
    assert small.image.size == (64, 64)
    assert np.array_equal(pixels(small.image), pixels(same.image))


@pytest.mark.slow
def test_a_size_between_is_the_large_picture_brought_down(tmp_path: Path) -> None:
    pair = Painter.load(SHIPPED)
    asked = Request(genre="portrait", style="baroque", seed=3)
    (large,), (half,) = (list(pair.stream([replace(asked, resolution=side)])) for side in (256, 128))
    assert half.image.size == (128, 128)
    by_pillow = large.image.resize((128, 128), Image.Resampling.BICUBIC)
    assert np.abs(pixels(half.image) - pixels(by_pillow)).mean() < 1
    half.save(tmp_path / "half.png")
    again = pair.again(Origin.read(tmp_path / "half.png"))
    assert np.array_equal(pixels(again.image), pixels(half.image))
    kept = pair.curate(replace(asked, resolution=128), keep=2, candidates=6)
    assert all(one.image.size == (128, 128) and 3 <= one.request.seed < 9 for one in kept)
    assert all(0 < float(one.judgement["genre_probability"]) < 1 for one in kept)


def test_an_export_travels_without_its_run_and_broken_weights_are_named(stage2_run: Path, tmp_path: Path) -> None:
    export = tmp_path / "taken along"
    shutil.copytree(stage2_run / "export", export)
    (painting,) = Painter.load(export).paint("portrait", "cubism", seed=1)
    (same,) = Painter.load(stage2_run).paint("portrait", "cubism", seed=1)
    assert np.array_equal(pixels(painting.image), pixels(same.image))
    (export / "generator.safetensors").write_bytes(b"not weights")
    with pytest.raises(UserError, match=r"generator\.safetensors"):
        Painter.load(export)


def test_stages_that_do_not_know_the_same_labels_are_refused(stage2_run: Path, tmp_path: Path) -> None:
    shutil.copytree(stage2_run / "export", tmp_path / "export")
    path = tmp_path / "export" / "stage1" / "config.json"
    values = json.loads(path.read_text())
    values["vocabulary"]["styles"] = dict(reversed(values["vocabulary"]["styles"].items()))
    path.write_text(json.dumps(values))
    with pytest.raises(UserError, match=r"styles of .*export and .*stage1 differ"):
        Painter.load(tmp_path / "export")


def test_a_run_in_the_usual_place_goes_before_the_pair_of_the_project(
    stage1_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Painter.load().resolutions == (64, 128, 256)
    shutil.copytree(stage1_run, tmp_path / "runs" / "stage1")
    assert Painter.load().weights == Painter.load(stage1_run).weights


def test_a_start_from_the_pair_of_the_project_fits_the_preset_that_it_was_trained_with() -> None:
    export = read_export_config(SHIPPED, Stage2Export)
    networks = config.load(Stage2Config, PRESETS / "small-256.yaml").networks
    # The grain of pixels is younger than these weights; it starts at nothing.
    assert export.networks == replace(networks, pixel_grain=False)
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*")) < 30e6
    assert Painter.load(SHIPPED).weights.split("+")[0] == Stage1Painter.load(STAGE1_SHIPPED).weights
