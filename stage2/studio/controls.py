"""What all tabs share: how their events run and what they say, and labels with their shares."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from common.errors import UserError
from common.vocabulary import ANY
from stage2.painter.requests import STYLE_STRENGTH
from stage2.painter.resolving import STRONGEST
from stage2.studio.session import NotYet, Session

LARGEST_SEED = 10**15
"""Browsers round longer numbers."""
MOST_BLENDED = 3
"""Labels that one blend can have."""
ONE_AT_A_TIME: Mapping[str, Any] = {"concurrency_id": "painter", "concurrency_limit": 1, "api_visibility": "private"}
"""Of all events that paint: they wait for each other, so that many visitors take no more memory than one."""
SOON: Mapping[str, Any] = {"concurrency_limit": 8, "api_visibility": "private", "show_progress": "hidden"}
"""Of events that paint nothing, and may say something on the page."""
AT_ONCE: Mapping[str, Any] = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
"""Of events that only change the page."""
OF_UPLOADS: Mapping[str, Any] = {"concurrency_limit": 1, "api_visibility": "private", "preprocess": False}
"""Of events that take an upload: as gradio has it, because preparing it would leave an empty file for each."""
TO_RESULTS = """(...values) => { if (innerWidth < 700) setTimeout(() => [...document.querySelectorAll('.results')]
  .find(one => one.offsetParent)?.scrollIntoView({behavior: 'smooth'}), 200); return values; }"""
"""Scrolls where the results of the open tab appear, if the page is too narrow to have them beside the controls."""


def sentence(error: UserError) -> str:
    """Return what an error says, without the folders of this machine."""
    return re.sub(r"(?<![\w.])/(?:[^\s/,;:()]+/)+", "", str(error))


def told(work: Callable[..., Any]) -> Callable[..., Any]:
    """Make a UserError of an event's function a sentence on the page: an error, or a hint if it is a NotYet."""

    @functools.wraps(work)
    def run(*values: Any) -> Any:
        try:
            return work(*values)
        except UserError as error:
            return _say(error)

    @functools.wraps(work)
    def stream(*values: Any) -> Iterator[Any]:
        try:
            yield from work(*values)
        except UserError as error:
            yield _say(error)

    return stream if inspect.isgeneratorfunction(work) else run


def _say(error: UserError) -> Any:
    if not isinstance(error, NotYet):
        raise gr.Error(sentence(error), print_exception=False, title="That did not work") from None
    gr.Info(sentence(error))
    return gr.skip()


def paints(event: Callable[..., Any], work: Callable[..., Any], inputs: Sequence[Any], outputs: Any) -> None:
    """Make an event paint with the generator `work` until the visitor presses Stop. `inputs` begin with the session.

    The session is asked after each value: gradio's own `cancels` may show an error where there is none.
    """

    @functools.wraps(work)
    def until_stopped(session: Session, *values: Any) -> Iterator[Any]:
        yield gr.skip()
        for value in work(session, *values) if not session.stopped else ():
            yield value
            if session.stopped:
                return

    asked = event(Session.go_on, inputs[0], None, js=TO_RESULTS, **AT_ONCE)
    asked.then(told(until_stopped), inputs, outputs, **ONE_AT_A_TIME)


def seed_field(about: str | None = None) -> gr.Number:
    """Return a field for a seed; `seed_of` reads it."""
    return gr.Number(0, label="Seed", info=about)


def strength_field(visible: bool = True) -> gr.Slider:
    """Return a field for the strength in which a style shows."""
    about = "How clearly the style shows; 1 is as in training."
    return gr.Slider(0, STRONGEST, STYLE_STRENGTH, step=0.1, label="Style strength", info=about, visible=visible)


def seed_of(value: float | None) -> int:
    """Return the seed that a field holds. Raises UserError if it is none."""
    if value is None or not 0 <= value < LARGEST_SEED or value != int(value):
        raise UserError("the seed must be a whole number from 0 on, of at most 15 digits")
    return int(value)


class Labels:
    """Names of one kind to choose from; two or three are blended, each with a slider for its share."""

    def __init__(self, label: str, names: Sequence[str], none: str = "None means any.") -> None:
        self.names = gr.Dropdown(
            list(names),
            multiselect=True,
            max_choices=MOST_BLENDED,
            label=label,
            info=f"{none} Two or three are blended." if names else "These weights know none.",
            interactive=bool(names),
        )
        self.shares = [
            gr.Slider(0, 100, 50, step=1, visible=False, label=f"Share {number}") for number in range(MOST_BLENDED)
        ]
        self.names.change(self._name_shares, self.names, self.shares, **AT_ONCE)
        self.components: list[Any] = [self.names, *self.shares]

    def _name_shares(self, names: list[str]) -> list[Any]:
        blended = names if len(names) > 1 else []
        shown = [gr.update(visible=True, label=f"How much {name}") for name in blended[:MOST_BLENDED]]
        return [*shown, *[gr.update(visible=False)] * (MOST_BLENDED - len(shown))]

    def set_to(self, text: str) -> list[Any]:
        """Return the updates that make the components show a label or a blend, as a request names it."""
        parts = [] if text == ANY else [part.partition(":") for part in text.split(",")][:MOST_BLENDED]
        try:
            shares = [float(share or 1) for _, _, share in parts]
            updates = [gr.update(value=round(100 * share / max(shares))) for share in shares]
        except (ValueError, ZeroDivisionError, OverflowError):
            raise UserError(f"{text[:80]!r} is no blend of labels") from None
        updates += [gr.update()] * (MOST_BLENDED - len(updates))
        return [gr.update(value=[name for name, _, _ in parts]), *updates]


def blend(names: Sequence[str], *shares: float) -> str:
    """Return what a request calls the labels that are chosen."""
    if len(names) < 2:
        return names[0] if names else ANY
    return ",".join(f"{name}:{share:g}" for name, share in zip(names, shares, strict=False))
