"""Files of requests: what their rows mean, and what is refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import UserError
from stage2.painter.request_files import read_requests
from stage2.painter.requests import Request, Series

USUAL = Request(seed=4, truncation=0.9)


def read(path: Path, content: str) -> list[Series]:
    path.write_text(content, encoding="utf-8")
    return list(read_requests(path, USUAL))


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
    assert read(tmp_path / "a.csv", table) == wanted
    assert read(tmp_path / "a.csv", f"\n,,\n{table}\n,,,\n".replace("genre,", " genre ,", 1)) == wanted
    assert read(tmp_path / "a.jsonl", lines) == wanted


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "genre,stile\nportrait,\n", "unknown column 'stile'; did you mean 'style'"),
        ("a.csv", "genre,seed\nportrait,1\nportrait,x\n", r"a\.csv line 3: seed: .* valid integer, not 'x'"),
        ("a.csv", "genre,truncation\nportrait,nan\n", r"a\.csv line 2: truncation: "),
        ("a.csv", "genre,seed,genre\nportrait,1,any\n", "the header has the column 'genre' twice"),
        ("a.csv", "genre,seed\n,1\n", r"a\.csv line 2: genre is missing"),
        ("a.csv", "genre,style\nportrait:1,marina:1,cubism\n", "put a blend of several names in quotes"),
        ("a.jsonl", '{"genre": "portrait"}\n{"genre": 3}\n', r"a\.jsonl line 2: genre"),
        ("a.jsonl", '{"genre": "portrait", "cuont": 3}\n', "cuont is not a known key"),
        ("a.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("a.jsonl", "{\n", "line 1 is not a JSON object"),
        ("a.txt", "portrait\n", r"must be in a \.csv or \.jsonl file"),
    ],
)
def test_a_row_that_does_not_read_is_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path / name, content)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.csv is not a readable file"):
        list(read_requests(tmp_path / "no.csv", USUAL))
