"""Show how far a run is and how long it will take: a bar on a terminal, lines in a log file."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from tqdm import tqdm

LINE_SECONDS = 30.0
"""Minimum time between two lines in a log file."""
TIMED_STEPS = 3
TIMED_SECONDS = 10.0
"""A run says how long it will take after at least this many steps and seconds."""
ABSURD_SECONDS = 7 * 24 * 3600.0
"""Warn if a run takes longer."""


class Progress:
    """The number of steps done, the latest figures, and the time left. Prints nothing unless `shown`."""

    def __init__(
        self, start: int, total: int, *, shown: bool, pretraining_steps: int = 0, has_time_limit: bool = False
    ) -> None:
        """The first `pretraining_steps` steps take less time than the others."""
        on_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            initial=start, total=total, unit="step", disable=not (shown and on_terminal), dynamic_ncols=True,
            mininterval=1.0,
        )  # fmt: skip
        self._shown, self._in_lines = shown, shown and not on_terminal
        self._step, self._total = start, total
        self._pretraining_steps = pretraining_steps
        self._warns = not has_time_limit
        self._next_line = time.monotonic()
        self._timed_from = start, self._next_line
        """Steps are timed from the end of this step, which was at this time."""
        self._first_of_their_kind = {start + 1, pretraining_steps + 1}
        """Steps that warm up and are not timed."""
        self._forecast_due = True

    def advance(self) -> None:
        """Count one more step."""
        self._step += 1
        self._bar.update()
        step, since = self._step - self._timed_from[0], time.monotonic() - self._timed_from[1]
        if self._step in self._first_of_their_kind:
            self._timed_from, self._forecast_due = (self._step, time.monotonic()), True
        elif self._shown and self._forecast_due and step >= TIMED_STEPS and since >= TIMED_SECONDS:
            self._forecast_due = False
            self._forecast(since / step)

    def show(self, figures: Mapping[str, float]) -> None:
        """Show figures beside the progress."""
        texts = {name: f"{value:.2f}" for name, value in figures.items()}
        self._bar.set_postfix(texts)
        now = time.monotonic()
        if self._in_lines and (now >= self._next_line or self._step == self._total):
            self._next_line = now + LINE_SECONDS
            step_seconds = (now - self._timed_from[1]) / max(self._step - self._timed_from[0], 1)
            left = tqdm.format_interval((self._total - self._step) * step_seconds)
            words = [f"{name} {text}" for name, text in texts.items()]
            at_least = "at least " if self._pretraining else ""
            print(", ".join([f"step {self._step}/{self._total}", *words, f"{at_least}{left} left"]), file=sys.stderr)

    def close(self) -> None:
        """Stop updating the bar; it stays on the terminal."""
        self._bar.close()

    @property
    def _pretraining(self) -> bool:
        return self._step <= self._pretraining_steps < self._total

    def _forecast(self, step_seconds: float) -> None:
        """Say how long the run will take; warn if that is absurd and there is no time limit."""
        left, speed = (self._total - self._step) * step_seconds, f"{_short(step_seconds)} s a step"
        if self._step == self._total:
            return
        if self._pretraining:
            line = f"at least {_in_words(left)} to go ({speed}, and more after pre-training)"
        else:
            line = f"about {_in_words(left)} to go at this speed ({speed})"
        tqdm.write(line, file=sys.stderr)
        # A step of pre-training can cost a quarter of a later one.
        if self._warns and left > (ABSURD_SECONDS / 4 if self._pretraining else ABSURD_SECONDS):
            self._warns = False
            tqdm.write(
                "warning: this run takes days or weeks on this machine; use a smaller --preset (small, for stage "
                "II small-128), fewer steps (--set training.steps=) or a time limit (--max-minutes)",
                file=sys.stderr,
            )


def _in_words(seconds: float) -> str:
    for unit, length in (("days", 24 * 3600), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{_short(seconds / length)} {unit}"
    return f"{_short(seconds)} seconds"


def _short(value: float) -> str:
    """Round to two digits: 0.053, 2.4, 140."""
    return f"{float(f'{value:.2g}'):g}"
