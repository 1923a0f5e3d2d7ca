"""What is read of a run's log, whatever has happened to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.runs.metrics import append_metrics, read_metrics, rewrite_metrics

LINES = [{"step": 1, "images": 8, "fid": 0.1 + 0.2}, {"step": 2, "images": 16, "fid": float("inf")}]


def test_what_is_logged_is_read_again(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []
    for line in LINES:
        append_metrics(tmp_path / "metrics.jsonl", line)
    assert read_metrics(tmp_path / "metrics.jsonl") == LINES
    rewrite_metrics(tmp_path / "metrics.jsonl", LINES[:1])
    assert read_metrics(tmp_path / "metrics.jsonl") == LINES[:1]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


@pytest.mark.parametrize(
    "damaged", [b"{\n", b"[1]\n", b"\xff\n", b'{"step": "2", "images": 8}\n', b'{"step": 2}\n', b"\0\0\n", b"\n"]
)
def test_a_damaged_line_is_warned_of_and_costs_no_other(
    damaged: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, LINES[0])
    with path.open("ab") as file:
        file.write(damaged)
    append_metrics(path, LINES[1])
    assert read_metrics(path) == LINES
    assert capsys.readouterr().err == f"warning: {path} line 2 is damaged and was skipped\n"


def test_the_rest_of_a_line_that_a_killed_run_left_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, LINES[0])
    with path.open("ab") as file:
        file.write(b'{"step": 2, "im')
    assert read_metrics(path) == LINES[:1]
    assert not capsys.readouterr().err
