"""Sheet: every genre in every style of one seed; a cell opens in Paint."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from common.vocabulary import ANY
from stage2.painter.requests import Painting, Request
from stage2.studio.controls import AT_ONCE, paints, seed_field, seed_of
from stage2.studio.paint_tab import PaintTab
from stage2.studio.session import Session
from stage2.studio.workshop import Workshop

THUMBNAIL = 96
"""Pixels of a cell's side."""
CELL = """<button data-cell="{place}" aria-label="{name}" title="{name}">
<img alt="" width="96" height="96" src="{source}"></button>"""
LOOKS = """
.sheet { overflow-x: auto } table { border-collapse: collapse; width: auto; margin: 0 }
button { padding: 0; display: block }
th, td { border: none; padding: 1px; background: var(--body-background-fill); white-space: nowrap }
th { font-size: 12px; font-weight: 500; text-align: left; vertical-align: middle }
thead th { writing-mode: sideways-lr; vertical-align: bottom }
tbody th { position: sticky; left: 0; padding-right: 6px }
img { width: 64px; max-width: none } button:hover, button:focus-visible { outline: 3px solid var(--color-accent) }
"""
BEHAVIOUR = """
element.addEventListener('click', e => { const cell = e.target.closest('button[data-cell]');
  if (cell) trigger('click', {cell: Number(cell.dataset.cell)}); });
"""


class SheetTab:
    """A seed, and the table of its pictures."""

    def __init__(self, shop: Workshop, session: gr.State, paint: PaintTab, tabs: gr.Tabs) -> None:
        self.shop = shop
        with gr.Row():
            seed = seed_field()
            truncation = gr.Slider(0.1, 1, 1, step=0.05, label="Variety")
        with gr.Row():
            go = gr.Button("Paint the sheet", variant="primary")
            stop = gr.Button("Stop")
        gr.Markdown("Click on a cell to open it in Paint.")
        looks: dict[str, Any] = {"html_template": "${value}", "css_template": LOOKS, "js_on_load": BEHAVIOUR}
        sheet = gr.HTML("", label="Sheet", elem_id="sheet", elem_classes="results", **looks)
        paints(go.click, self._paint, [session, seed, truncation], sheet)
        stop.click(Session.stop, session, None, **AT_ONCE)
        paint.opens(sheet, self._cell, session, tabs)

    def _labels(self) -> tuple[list[str], list[str]]:
        painter = self.shop.painter
        return list(painter.vocabulary.genres) or [ANY], painter.styles_at(None) or [ANY]

    def _paint(self, session: Session, seed: float | None, truncation: float) -> Iterator[Any]:
        genres, styles = self._labels()
        # Cells are small, and pictures of 128 pixels are smaller to send than those of 256.
        asked = Request(seed=seed_of(seed), truncation=truncation, resolution=self.shop.painter.resolutions[:2][-1])
        session.sheet = asked
        requests = [replace(asked, genre=genre, style=style) for genre in genres for style in styles]
        cells: list[str] = []
        for number, painting in enumerate(self.shop.painter.stream(requests), start=1):
            cells.append(_cell(painting, number - 1))
            # Row by row, because a whole table travels; it can be stopped after every cell.
            yield gr.skip() if number % len(styles) else _table(cells, genres, styles)

    def _cell(self, session: Session, event: gr.EventData) -> Request:
        genres, styles = self._labels()
        row, column = divmod(int(event.cell), len(styles))
        largest = self.shop.painter.resolutions[-1]
        return replace(session.sheet, genre=genres[row % len(genres)], style=styles[column], resolution=largest)


def _cell(painting: Painting, place: int) -> str:
    file, asked = io.BytesIO(), painting.request
    painting.image.resize((THUMBNAIL, THUMBNAIL)).save(file, "webp", quality=80)
    source = f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
    return CELL.format(place=place, name=html.escape(f"{asked.genre}, {asked.style}", quote=True), source=source)


def _table(cells: Sequence[str], genres: Sequence[str], styles: Sequence[str]) -> str:
    head = "".join(f"<th>{html.escape(style)}</th>" for style in styles)
    rows = []
    for number, genre in enumerate(genres):
        row = "".join(f"<td>{cell}</td>" for cell in cells[number * len(styles) : (number + 1) * len(styles)])
        rows.append(f"<tr><th>{html.escape(genre)}</th>{row}</tr>")
    return (
        f'<div class="sheet"><table><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
