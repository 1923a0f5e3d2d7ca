"""How far a run is, how long it will take, and who asks it to stop."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import current_thread, main_thread

from tqdm import tqdm

LINE_SECONDS = 30.0
"""Minimum time between two lines in a log file."""
TIMED_STEPS = 3
TIMED_SECONDS = 10.0
"""A run says how long it will take after at least this many steps and seconds."""
ABSURD_SECONDS = 7 * 24 * 3600.0
"""Warn if a run without a time limit takes longer."""
BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}, {rate_fmt}{postfix}]"
"""tqdm's bar without its own guess of the time left, which knows neither pre-training nor the time limit."""


class Progress:
    """The number of steps done, the latest figures, and the time left: a bar on a terminal, lines in a log file."""

    def __init__(
        self, start: int, total: int, pretraining_steps: int = 0, *, deadline: float = math.inf, shown: bool
    ) -> None:
        """Print nothing unless `shown`. The first `pretraining_steps` steps take less time than the others.

        `deadline` is when the run's time limit is over, by `time.monotonic`.
        """
        on_terminal = sys.stderr.isatty()
        hidden = not (shown and on_terminal)
        self._bar = tqdm(initial=start, total=total, unit="step", disable=hidden, dynamic_ncols=True, bar_format=BAR)
        self._shown, self._in_lines = shown, shown and not on_terminal
        self._step, self._total, self._pretraining_steps = start, total, pretraining_steps
        self._warns, self._deadline = deadline == math.inf, deadline
        self._next_line = time.monotonic()
        self._timed_from = start, self._next_line
        """Steps are timed from the end of this step, which was at this time."""
        self._first_of_their_kind = {start + 1, pretraining_steps + 1}
        """Steps that warm up and are not timed."""
        self._forecast_due = shown

    def advance(self) -> None:
        """Count one more step. Say how long the run will take as soon as that is known, once for each kind of step."""
        self._step += 1
        self._bar.update()
        step, since = self._step - self._timed_from[0], time.monotonic() - self._timed_from[1]
        if self._step in self._first_of_their_kind:
            self._timed_from, self._forecast_due = (self._step, time.monotonic()), self._shown
        elif self._forecast_due and step >= TIMED_STEPS and since >= TIMED_SECONDS and self._step < self._total:
            self._forecast_due = False
            self._forecast(since / step)

    def show(self, figures: Mapping[str, float]) -> None:
        """Show figures and the time left beside the progress."""
        now = time.monotonic()
        step_seconds = (now - self._timed_from[1]) / max(self._step - self._timed_from[0], 1)
        left, at_least = self._left(step_seconds)
        words = [f"{name} {value:.2f}" for name, value in figures.items()]
        words.append(f"{'at least ' if at_least else ''}{tqdm.format_interval(left)} left")
        self._bar.set_postfix_str(", ".join(words))
        if self._in_lines and (now >= self._next_line or self._step == self._total):
            self._next_line = now + LINE_SECONDS
            print(", ".join([f"step {self._step}/{self._total}", *words]), file=sys.stderr)

    def close(self) -> None:
        """Stop updating the bar; it stays on the terminal."""
        self._bar.close()

    def _left(self, step_seconds: float) -> tuple[float, bool]:
        """Return the seconds to the last step or the time limit, and True if pre-training makes them too few."""
        left, limit = (self._total - self._step) * step_seconds, max(self._deadline - time.monotonic(), 0)
        return min(left, limit), left < limit and self._step <= self._pretraining_steps < self._total

    def _forecast(self, step_seconds: float) -> None:
        """Say how long the run will take; warn if that is absurd and there is no time limit."""
        (left, at_least), speed = self._left(step_seconds), f"{step_seconds:.3g} s a step"
        if at_least:
            line = f"at least {_in_words(left)} to go ({speed}, and more after pre-training)"
        else:
            until = "to --max-minutes" if left < (self._total - self._step) * step_seconds else "to go at this speed"
            line = f"about {_in_words(left)} {until} ({speed})"
        tqdm.write(line, file=sys.stderr)
        # A step of pre-training can cost a quarter of a later one.
        if self._warns and left > (ABSURD_SECONDS / 4 if at_least else ABSURD_SECONDS):
            self._warns = False
            tqdm.write(
                "warning: this run takes days or weeks on this machine; use a smaller --preset (small, for stage "
                "II small-128), fewer steps (--set training.steps=) or a time limit (--max-minutes)",
                file=sys.stderr,
            )


def _in_words(seconds: float) -> str:
    for unit, length in (("days", 24 * 3600), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"


@contextmanager
def stop_requests(deadline: float) -> Iterator[Callable[[], bool]]:
    """Give a function that returns True once this process must stop: after the deadline, SIGINT or SIGTERM.

    A second signal ends the process at once.
    """
    signals: list[int] = []

    def note(number: int, _: object) -> None:
        signals.append(number)
        signal.signal(number, signal.SIG_DFL)

    # Python handles signals in the main thread only.
    heard = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield lambda: bool(signals) or time.monotonic() > deadline
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
