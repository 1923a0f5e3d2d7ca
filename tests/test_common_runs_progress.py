"""Progress in a log file and on a terminal."""

from __future__ import annotations

import sys

import pytest

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
    assert "critic_gap=3.00" in shown


def test_the_other_processes_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(0, 1, shown=False)
    progress.advance()
    progress.show({"critic_gap": 3.0})
    progress.close()
    assert capsys.readouterr().err == ""
