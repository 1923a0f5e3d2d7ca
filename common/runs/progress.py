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
    """The number of steps done, and the latest figures. Prints nothing unless `shown`."""

    def __init__(
        self, start: int, total: int, *, shown: bool, pretraining_steps: int = 0, has_time_limit: bool = False
    ) -> None:
        """The first `pretraining_steps` steps take less time than the others."""
        on_terminal = sys.stderr.isatty()
        self._bar = tqdm(
            initial=start, total=total, unit="step", disable=not (shown and on_terminal), dynamic_ncols=True,
            mininterval=1.0,
        )  # fmt: skip
        self._shown = shown
        self._in_lines = shown and not on_terminal
        self._start, self._step, self._total = start, start, total
        self._started = time.monotonic()
        self._next_line = self._started
        self._pretraining_steps = pretraining_steps
        self._forecast = Forecast(total, pretraining_steps, warns=not has_time_limit)

    def advance(self) -> None:
        """Count one more step."""
        self._step += 1
        self._bar.update()
        if self._shown:
            for line in self._forecast.after(self._step):
                tqdm.write(line, file=sys.stderr)

    def show(self, figures: Mapping[str, float]) -> None:
        """Show figures beside the progress."""
        texts = {name: f"{value:.2f}" for name, value in figures.items()}
        self._bar.set_postfix(texts)
        now = time.monotonic()
        if self._in_lines and (now >= self._next_line or self._step == self._total):
            self._next_line = now + LINE_SECONDS
            left = (self._total - self._step) * (now - self._started) / max(self._step - self._start, 1)
            words = [f"{name} {text}" for name, text in texts.items()]
            at_least = "at least " if self._step <= self._pretraining_steps < self._total else ""
            time_left = at_least + tqdm.format_interval(left)
            print(", ".join([f"step {self._step}/{self._total}", *words, f"{time_left} left"]), file=sys.stderr)

    def close(self) -> None:
        """Stop updating the bar; it stays on the terminal."""
        self._bar.close()


class Forecast:
    """Says how long a run will take, as soon as its speed is known.

    Pre-training steps take less time than later ones, so during pre-training it gives only a lower bound.
    """

    def __init__(self, total: int, pretraining_steps: int, *, warns: bool) -> None:
        self._total, self._pretraining_steps, self._warns = total, pretraining_steps, warns
        self._pretraining: bool | None = None
        """True if the last step was one of pre-training; None before the first."""
        self._timed_from = (0, 0.0)
        """Steps are timed from the end of this step, which was at this time."""
        self._said = False

    def after(self, step: int) -> list[str]:
        """Return the lines to show after `step` steps of the run: mostly none."""
        now = time.monotonic()
        pretraining = step <= self._pretraining_steps
        if pretraining != self._pretraining:
            # The first step of each kind warms up and is not timed.
            self._pretraining, self._timed_from, self._said = pretraining, (step, now), False
            return []
        steps, seconds = step - self._timed_from[0], now - self._timed_from[1]
        if self._said or steps < TIMED_STEPS or seconds < TIMED_SECONDS or step >= self._total:
            return []
        self._said = True
        step_seconds = seconds / steps
        left = (self._total - step) * step_seconds
        speed = f"{_short(step_seconds)} s a step"
        if pretraining:
            lines = [f"at least {_in_words(left)} to go ({speed}, and more after pre-training)"]
        else:
            lines = [f"about {_in_words(left)} to go at this speed ({speed})"]
        # A step of pre-training can cost a quarter of a later one.
        if self._warns and left > (ABSURD_SECONDS / 4 if pretraining else ABSURD_SECONDS):
            self._warns = False
            lines.append(
                "warning: this run takes days or weeks on this machine; use a smaller --preset (small, for stage "
                "II small-128), fewer steps (--set training.steps=) or a time limit (--max-minutes)"
            )
        return lines


def _in_words(seconds: float) -> str:
    for unit, length in (("days", 24 * 3600), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{_short(seconds / length)} {unit}"
    return f"{_short(seconds)} seconds"


def _short(value: float) -> str:
    """Round to two digits: 0.053, 2.4, 140."""
    return f"{float(f'{value:.2g}'):g}"
