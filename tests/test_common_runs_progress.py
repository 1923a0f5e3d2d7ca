"""Progress in a log file and on a terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from common.runs import progress
from common.runs.progress import Progress


def test_a_log_file_gets_lines_now_and_then_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(2, 5, shown=True)
    for figure in (1.0, 2.0, 3.0):
        progress.advance()
        progress.show({"critic_gap": figure})
    progress.close()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("step 3/5, critic_gap 1.00, 00:0")
    assert first.endswith(" left")
    assert last == "step 5/5, critic_gap 3.00, 00:00 left"


def test_a_terminal_gets_one_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(0, 2, shown=True)
    for _ in range(2):
        progress.advance()
    progress.show({"critic_gap": 3.0})
    progress.close()
    shown = capsys.readouterr().err
    assert "\r" in shown
    assert "2/2" in shown
    assert "critic_gap 3.00, 00:00 left" in shown


def test_the_other_processes_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(0, 1, shown=False)
    progress.advance()
    progress.show({"critic_gap": 3.0})
    progress.close()
    assert capsys.readouterr().err == ""


@pytest.fixture
def forecasts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[int, list[str]]]:
    """Return what is said after which steps of a run of 10 000, of which 100 are pre-training."""

    def of(seconds: float, pretraining_seconds: float, start: int = 0, **more: float) -> dict[int, list[str]]:
        clock, said = 0.0, {}
        monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock))
        shown = Progress(start, 10_000, 100, shown=True, **more)
        for step in range(start + 1, start + 200):
            clock += pretraining_seconds if step <= 100 else seconds
            shown.advance()
            if lines := capsys.readouterr().err.splitlines():
                said[step] = lines
        return said

    return of


def test_the_length_of_a_run_is_at_least_that_of_pre_training_steps_and_then_that_of_later_ones(
    forecasts: Callable[..., dict[int, list[str]]],
) -> None:
    assert forecasts(seconds=0.9, pretraining_seconds=0.25) == {
        41: ["at least 41.5 minutes to go (0.25 s a step, and more after pre-training)"],
        113: ["about 2.47 hours to go at this speed (0.9 s a step)"],
    }


@pytest.mark.parametrize(
    ("limit", "left"), [(math.inf, "6.92 hours to go at this speed"), (3700.0, "60 minutes to --max-minutes")]
)
def test_a_resumed_run_says_once_how_long_the_rest_is_up_to_its_time_limit(
    forecasts: Callable[..., dict[int, list[str]]], limit: float, left: str
) -> None:
    said = forecasts(seconds=25.0, pretraining_seconds=0.0, start=9_000, deadline=limit)
    assert said == {9_004: [f"about {left} (25 s a step)"]}


def test_a_run_of_more_than_a_week_is_warned_of_once_with_what_helps(
    forecasts: Callable[..., dict[int, list[str]]],
) -> None:
    said = forecasts(seconds=140.0, pretraining_seconds=120.0)
    assert [lines[0] for lines in said.values()] == [
        "at least 13.9 days to go (120 s a step, and more after pre-training)",
        "about 16 days to go at this speed (140 s a step)",
    ]
    (warning,) = (line for lines in said.values() for line in lines[1:])
    assert warning.startswith("warning: this run takes days or weeks")
    assert all(remedy in warning for remedy in ("--preset (small", "--set training.steps=", "--max-minutes"))
    early = forecasts(seconds=140.0, pretraining_seconds=20.0)
    assert [len(lines) for lines in early.values()] == [2, 1]
    limited = forecasts(seconds=140.0, pretraining_seconds=120.0, deadline=1e9)
    assert [len(lines) for lines in limited.values()] == [1, 1]
