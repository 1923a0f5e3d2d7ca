"""Requests, typed and read from files, and what a picture's file says of how it was painted."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from common.errors import UserError
from common.picture_files import encode, read_metadata
from stage2.painter.requests import (
    STYLE_STRENGTH,
    Origin,
    Painting,
    Request,
    Series,
    captions,
    parse_seeds,
    read_requests,
    slug,
)

ASKED = Request(
    genre="portrait:0.7,landscape:0.3", style="ukiyo-e", seed=10**20, truncation=0.7, towards=4, nearby=1 / 3,
    resolution=64, style_strength=2.5,
)  # fmt: skip


def painting(request: Request, **judgement: str) -> Painting:
    image = Image.new("RGB", (64, 64), (9, 80, 200))
    return Painting(request, "abc+def", 2, 5, image=image, judgement=judgement)


@pytest.mark.parametrize("suffix", ["png", "webp", "jpg", "JPEG"])
def test_every_format_says_how_it_was_painted(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{suffix}"
    painting(ASKED, rank="3 of 400").save(path)
    assert Origin.read(path) == Origin(ASKED, "abc+def", 2, 5)
    assert read_metadata(path)["rank"] == "3 of 400"


def test_a_file_that_says_nothing_of_the_styles_strength_was_painted_as_in_training(tmp_path: Path) -> None:
    for strength in (1.0, STYLE_STRENGTH):
        one = painting(Request(style="cubism", style_strength=strength, resolution=64))
        assert ("style_strength" in one.metadata()) == (strength != 1)
        one.save(tmp_path / "a.png")
        assert Origin.read(tmp_path / "a.png").request == one.request
    plain = painting(Request(resolution=64))
    assert "style_strength" not in plain.metadata()
    plain.save(tmp_path / "a.png")
    assert Origin.read(tmp_path / "a.png").request == plain.request


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'\.gif'.*known: \.jpeg"):
        painting(ASKED).save(tmp_path / "picture.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("batch", text) for text in ("6 of 5", "0 of 5", "1 of 1000", "all")),
        ("seed", "x"),
        ("truncation", ""),
        ("weights", None),
    ],
)
def test_metadata_that_are_not_complete_are_refused(key: str, value: str | None, tmp_path: Path) -> None:
    one = painting(ASKED)
    changed = {name: text for name, text in (one.metadata() | {key: value}).items() if text is not None}
    (tmp_path / "a.png").write_bytes(encode(one.image, "png", changed))
    with pytest.raises(UserError, match=r"a\.png holds no recipe"):
        Origin.read(tmp_path / "a.png")


def test_a_series_has_the_next_seeds_and_takes_no_memory() -> None:
    assert Series.of(Request(seed=7), 3).seeds == (range(7, 10),)
    assert Series.of(Request(), 10**30).count == 10**30
    assert Series.of(Request(genre="portrait", seed=7, truncation=0.5), 3).stem == "portrait_any_7-9_t0.5"


def test_seeds_are_written_as_the_field_writes_them() -> None:
    seeds = parse_seeds("0, 3,7-12")
    assert [list(some) for some in seeds] == [[0], [3], [7, 8, 9, 10, 11, 12]]
    assert (Series(Request(), seeds).count, Series(Request(), seeds).stem) == (8, "any_any_0_3_7-12")
    assert len(Series(Request(), parse_seeds(",".join(map(str, range(900))))).stem) < 100
    for text in ("", "3-", "5-3", "-1", "a", "1;2"):
        with pytest.raises(UserError, match=r"^seeds .* cannot be read; write numbers and ranges, such as 0,3,7-12$"):
            parse_seeds(text)
    for text in ("5,5", "3-7,5", "5,3-7"):
        with pytest.raises(UserError, match=r"name 5 twice; write each once$"):
            parse_seeds(text)


def test_names_of_files_differ_where_requests_do() -> None:
    requests = [Request(), Request(genre="a"), Request(style="a"), Request(seed=1), Request(truncation=0.5)]
    requests += [Request(style="a", style_strength=strength) for strength in (0, 1, 2)]
    requests += [Request(towards=1, nearby=0.2), Request(towards=1, nearby=0.3), Request(towards=2, nearby=0.2)]
    requests += [Request(truncation=0.5 + 1e-9), Request(towards=1, nearby=0.2 + 1e-9)]
    requests += [Request(genre="a" * 200 + end) for end in ("", "b")]
    assert len({request.stem for request in requests}) == len(requests)
    long = Request(genre="都" * 300, style="a" * 300, seed=2**64, towards=2**64, nearby=1 / 3, truncation=1 / 3)
    assert len(f"{long.stem}.png".encode()) < 256
    assert "/" not in Request(genre="../../etc").stem


def test_captions_say_what_differs_and_what_the_critic_said() -> None:
    alike = [painting(Request(genre="marina", seed=seed), realness="1.25", genre_probability="0.9") for seed in (1, 2)]
    assert captions(alike) == ["seed 1\nreal 1.25\ngenre 90%", "seed 2\nreal 1.25\ngenre 90%"]
    assert captions([painting(Request(style=style)) for style in "ab"]) == ["a · seed 0", "b · seed 0"]
    strengths = [painting(Request(style_strength=strength)) for strength in (0, 1.5)]
    assert captions(strengths) == ["seed 0 · strength 0", "seed 0 · strength 1.5"]


def test_a_label_is_a_name_of_a_file_wherever_it_came_from() -> None:
    plain = {"../up": "-up", ".hidden": "hidden", "still life": "still-life", "都市": "都市"}
    assert {label: slug(label) for label in plain} == plain
    assert len({slug(label) for label in ("कि", "की", "के", "क")}) == 4
    names = {slug(label) for label in ("🎨", "🎭", "*", "..", ".")}
    assert len(names) == 5
    assert not any(name.startswith(".") for name in names)


def rows(path: Path, content: str) -> list[Series]:
    path.write_text(content, encoding="utf-8")
    return list(read_requests(path, Request(seed=4, truncation=0.9)))


def test_a_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    table = 'genre,style,seed,count,resolution,truncation\nportrait,cubism,7,3,64,0.5\n"marina:1,portrait:2",,,,,\n'
    lines = (
        '{"genre": "portrait", "style": "cubism", "seed": 7, "count": 3, "resolution": 64, "truncation": 0.5}\n\n'
        '{"genre": "marina:1,portrait:2", "style": "", "seed": null}\n'
    )
    wanted = [
        Series.of(Request(genre="portrait", style="cubism", seed=7, truncation=0.5, resolution=64), 3),
        Series.of(Request(genre="marina:1,portrait:2", seed=4, truncation=0.9)),
    ]
    assert rows(tmp_path / "a.csv", table) == wanted
    assert rows(tmp_path / "a.csv", f"\ufeff{table}\n,,,\n".replace("style,", " style,", 1)) == wanted
    assert rows(tmp_path / "a.jsonl", lines) == wanted


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            "genre,stile\nportrait,cubism\n",
            r"a\.csv line 2: unknown field 'stile'; .*'style'\? known: aspect, count",
        ),
        ("a.csv", "genre,\nportrait,\n", r"a\.csv line 2: unknown field ''; known: aspect, count, genre, "),
        ("a.csv", "genre,seed\nportrait,1\nportrait,x\n", r"a\.csv line 3: seed: .*valid integer, .* not 'x'"),
        ("a.csv", "genre,truncation\nportrait,half\n", r"a\.csv line 2: truncation: .*valid number, .* not 'half'"),
        ("a.csv", "genre,count\nportrait,0\n", r"a\.csv line 2: count: .*greater than or equal to 1, not '0'"),
        ("a.csv", "genre,style\nportrait:1,marina:1,cubism\n", "put a blend of several names in quotes"),
        ("a.jsonl", '{"genre": "portrait"}\n{"genre": 3}\n', r"a\.jsonl line 2: genre"),
        ("a.jsonl", '{"genre": "portrait", "cuont": 3}\n', "unknown field 'cuont'; did you mean 'count'"),
        ("a.jsonl", '{"seed": true}\n', "line 1: seed must be text or a number"),
        ("a.jsonl", "[" * 10**5, "line 1: .*recursion"),
        ("a.jsonl", '{"genre": ' + "[" * 500 + "]" * 500 + "}", "line 1: genre must be text or a number"),
        ("a.jsonl", "[1]\n", "line 1: this is not a JSON object"),
        ("a.jsonl", "{\n", "line 1: Expecting property name"),
        ("a.txt", "portrait\n", r"must be in a \.csv or \.jsonl file"),
    ],
)
def test_a_row_that_does_not_read_is_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message) as caught:
        rows(tmp_path / name, content)
    assert "\n" not in str(caught.value)
