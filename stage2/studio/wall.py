"""Pictures in a grid, and what one can do with the one that is chosen."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from stage2.painter.requests import Painting
from stage2.studio.controls import AT_ONCE, SOON, told
from stage2.studio.session import Hung, Session, short_captions
from stage2.studio.workshop import Workshop

LOOKS = """
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(130px, 40%), 1fr)); gap: 8px;
  max-height: 70vh; overflow-y: auto; padding: 3px }
button { padding: 0; border-radius: 4px; text-align: left; overflow-wrap: anywhere; font: inherit; font-size: 13px }
button:hover, button:focus-visible { outline: 2px solid gray } .chosen { outline: 3px solid var(--color-accent) }
img { display: block; width: 100%; border-radius: 4px }
"""
BEHAVIOUR = """
element.addEventListener('click', e => { const cell = e.target.closest('button'); if (!cell) return;
  element.querySelectorAll('button').forEach(one => one.classList.toggle('chosen', one === cell));
  trigger('click', {cell: Number(cell.dataset.cell)}); });
"""
OF_CHOSEN: Mapping[str, Any] = {"interactive": False, "min_width": 90, "size": "md"}
"""Of buttons for the chosen picture, while there is none; three fit side by side on a phone."""
NOTHING = "<p>Nothing is painted yet.</p>"
LARGE_LOOKS = "img { max-width: 100%; width: 512px; border-radius: 4px }"


class Wall:
    """A grid of pictures; below it how the chosen one was painted, buttons that act on that one, and itself, large."""

    def __init__(self, name: str, shop: Workshop, session: gr.State, label: str) -> None:
        self.name, self.shop, self.session = name, shop, session
        self.grid = empty_grid(name, label)
        self.recipe = gr.HTML(NOTHING, html_template="${value}", label="How the chosen picture was painted")
        with gr.Row():
            self.keep = gr.Button("Keep", **OF_CHOSEN)
            self.discard = gr.Button("Not like this", **OF_CHOSEN)
            self.download = gr.DownloadButton("Download (PNG)", **OF_CHOSEN)
        self.buttons: list[Any] = [self.keep, self.discard]
        """Those for a chosen picture; a tab adds its own before it calls `finish`."""
        self.marked = [self.grid, self.recipe]
        """What shows the marks that `marks` returns."""
        self.keep.click(told(self._keep), session, self.marked, **SOON)
        self.discard.click(told(self._discard), session, self.marked, **SOON)

    def finish(self) -> None:
        """Add the large picture, and connect the grid. Outputs of what paints on this wall are `outputs`."""
        self.large = gr.HTML("", html_template="${value}", css_template=LARGE_LOOKS, label="The chosen picture")
        self._of_chosen = [self.recipe, self.large, self.download, *self.buttons]
        self.outputs = [self.grid, *self._of_chosen]
        self.grid.click(told(self._choose), self.session, self._of_chosen, **AT_ONCE)

    def paint(self, session: Session, paintings: Iterator[Painting]) -> Iterator[list[Any]]:
        """Hang paintings instead of what hangs there, and choose the first; yield `outputs` after each of them."""
        unchanged = [gr.skip()] * len(self._of_chosen)
        for hung in session.hang(self.name, paintings, self.shop.folder):
            chosen = session.chosen.setdefault(self.name, 0)
            yield [grid_of(hung, chosen), *(self._show(hung[0]) if len(hung) == 1 else unchanged)]

    def chosen(self, session: Session) -> Hung:
        """Return the picture that is chosen. Raises UserError if there is none."""
        return session.chosen_on(self.name)

    def marks(self, session: Session) -> list[str]:
        """Return the grid and the line of the chosen picture, with what is kept and what is not wanted."""
        hung, place = session.walls.get(self.name, []), session.chosen.get(self.name)
        return [grid_of(hung, place), NOTHING if place is None else _recipe_of(self.chosen(session))]

    def _choose(self, session: Session, event: gr.EventData) -> list[Any]:
        session.chosen[self.name] = int(event.cell)
        return self._show(self.chosen(session))

    def _show(self, one: Hung) -> list[Any]:
        return [
            _recipe_of(one),
            f'<img src="{address(one)}" alt="{html.escape(one.caption)}">',
            gr.update(value=str(one.path), interactive=True),
            *[gr.update(interactive=True)] * len(self.buttons),
        ]

    def _keep(self, session: Session) -> list[str]:
        self.shop.keep(self.chosen(session), session)
        gr.Info("Kept.", duration=2)
        return self.marks(session)

    def _discard(self, session: Session) -> list[str]:
        session.discard(self.chosen(session))
        gr.Info("Noted: choose Follow my taste in Paint to see fewer of these.", duration=4)
        return self.marks(session)


def empty_grid(name: str, label: str) -> gr.HTML:
    """Return a grid without pictures; its `click` event has the number of the `cell`."""
    looks: dict[str, Any] = {"html_template": "${value}", "css_template": LOOKS, "js_on_load": BEHAVIOUR}
    return gr.HTML(hang([], [], None), label=label, elem_id=f"{name}-wall", **looks)


def address(one: Hung) -> str:
    """Return the address of a picture, relative to the page."""
    return f"gradio_api/file={html.escape(str(one.path), quote=True)}"


def grid_of(hung: Sequence[Hung], chosen: int | None) -> str:
    """Return the grid of some pictures, one of them chosen; none for a single one, which is shown large."""
    hung = hung if len(hung) > 1 else []
    captions = [f"{words}{one.marks}" for words, one in zip(short_captions(hung), hung, strict=True)]
    return hang([address(one) for one in hung], captions, chosen)


def hang(addresses: Sequence[str], captions: Sequence[str], chosen: int | None) -> str:
    """Return a grid of pictures with captions."""
    cells = [
        f'<button data-cell="{place}"{" class=chosen" if place == chosen else ""}><img src="{address}" alt="">'
        f"{html.escape(caption)}</button>"
        for place, (address, caption) in enumerate(zip(addresses, captions, strict=True))
    ]
    return f'<div class="grid">{"".join(cells)}</div>'


def _recipe_of(one: Hung) -> str:
    words = f"{one.caption} · {one.origin.request.resolution} pixels{one.marks}"
    return f"<p>Chosen: {html.escape(words)}</p>"
