"""Scripts as users type them, run in the process of a test."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


class Command:
    """Runs a script in this process; gives its exit code and what it printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        monkeypatch.chdir(folder)
        # As `python scripts/….py` finds the modules beside it.
        monkeypatch.syspath_prepend(ROOT / "scripts")
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, script: str, *arguments: str | Path) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        code = 0
        try:
            runpy.run_path(str(ROOT / "scripts" / script), run_name="__main__")
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        printed = self._capsys.readouterr()
        return code, printed.out, printed.err

    def refused(self, script: str, *arguments: str | Path) -> str:
        """The one line that a refused command prints."""
        code, _, errors = self(script, *arguments)
        assert code == 2
        lines = errors.strip().splitlines()
        assert len(lines) == 1, errors
        assert lines[0].startswith("error: ")
        return lines[0]


def helps(command: Command, script: str, *names: str) -> list[str]:
    """What `--help` prints: of a script, and of each of its commands."""
    code, shown, _ = command(script, *names, "--help")
    assert code == 0
    found = re.search(r"^usage: [\w. ]+ \[-h\] \{([\w,]+)\}", shown)
    return [
        shown,
        *(text for name in (found[1].split(",") if found else ()) for text in helps(command, script, *names, name)),
    ]
