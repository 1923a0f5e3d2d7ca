"""How far a run is: one bar on a terminal, and a line now and then in a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from tqdm import tqdm

LINE_SECONDS = 30.0
"""Least time between two lines in a log file."""


class Progress:
    """Steps done of all, and the figures that were shown last. Says nothing where it is not `shown`."""

    def __init__(self, start: int, total: int, *, shown: bool) -> None:
        on_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            initial=start, total=total, unit="step", disable=not (shown and on_terminal), dynamic_ncols=True,
            mininterval=1.0,
        )  # fmt: skip
        self._in_lines = shown and not on_terminal
        self._start, self._step, self._total = start, start, total
        self._started = time.monotonic()
        self._next_line = self._started

    def advance(self) -> None:
        """One step is done."""
        self._step += 1
        self._bar.update()

    def show(self, figures: Mapping[str, float]) -> None:
        """Show figures beside the progress."""
        texts = {name: f"{value:.2f}" for name, value in figures.items()}
        self._bar.set_postfix(texts)
        now = time.monotonic()
        if self._in_lines and (now >= self._next_line or self._step == self._total):
            self._next_line = now + LINE_SECONDS
            left = (self._total - self._step) * (now - self._started) / max(self._step - self._start, 1)
            words = [f"{name} {text}" for name, text in texts.items()]
            time_left = tqdm.format_interval(left)
            print(", ".join([f"step {self._step}/{self._total}", *words, f"{time_left} left"]), file=sys.stderr)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()
