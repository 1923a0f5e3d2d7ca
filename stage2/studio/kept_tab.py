"""Kept: what the visitor kept, with notes, and all of it as a zip."""

from __future__ import annotations

from typing import Any

import gradio as gr

from stage2.studio.controls import AT_ONCE, told
from stage2.studio.paint_tab import PaintTab
from stage2.studio.session import LONGEST_NOTE, Hung, Session
from stage2.studio.wall import address, empty_grid, hang
from stage2.studio.workshop import Workshop


class KeptTab:
    """A grid of what is kept, and a note for each picture."""

    def __init__(self, tab: gr.Tab, shop: Workshop, session: gr.State, paint: PaintTab, tabs: gr.Tabs) -> None:
        self.shop, self.painted = shop, paint.wall
        where = (
            f"Also saved in `{shop.out}`." if shop.out else "It goes when this page is closed: download what you love."
        )
        gr.Markdown(f"What you kept. {where}")
        grid = empty_grid("kept", "Kept")
        with gr.Row():
            note = gr.Textbox(label="Note on the chosen picture", max_length=LONGEST_NOTE, interactive=False)
            with gr.Column():
                onward = gr.Button("Open in Paint", interactive=False)
                remove = gr.Button("Stop keeping it", interactive=False)
        pack = gr.Button("Make a zip of all", variant="primary")
        zipped = gr.DownloadButton("Download kept.zip", visible=False)
        needing = [note, onward, remove]
        tab.select(self._show, session, [grid, zipped], **AT_ONCE)
        grid.click(told(self._choose), session, needing, **AT_ONCE)
        note.blur(told(self._write), [session, note], None, **AT_ONCE)
        remove.click(told(self._remove), session, [grid, zipped, *needing, *self.painted.marked], **AT_ONCE)
        pack.click(told(self._pack), [session, note], zipped, api_visibility="private", concurrency_limit=2)
        paint.opens(onward, lambda session, _: self._chosen(session).origin.request, session, tabs)

    def _show(self, session: Session) -> list[Any]:
        grid = hang([address(one) for one in session.kept], [one.caption for one in session.kept], None)
        return [grid, gr.update(visible=False)]

    def _chosen(self, session: Session) -> Hung:
        session.walls["kept"] = session.kept
        return session.chosen_on("kept")

    def _choose(self, session: Session, event: gr.EventData) -> list[Any]:
        session.chosen["kept"] = int(event.cell)
        one = self._chosen(session)
        # Of a restyled photo the recipe alone would paint another picture.
        onward = gr.update(interactive=not one.origin.photo)
        return [gr.update(value=one.note, interactive=True), onward, gr.update(interactive=True)]

    def _write(self, session: Session, note: str) -> None:
        session.annotate(self._chosen(session), note)

    def _remove(self, session: Session) -> list[Any]:
        session.remove(self._chosen(session))
        session.chosen.pop("kept")
        empty = [gr.update(value="", interactive=False), *[gr.update(interactive=False)] * 2]
        return [*self._show(session), *empty, *self.painted.marks(session)]

    def _pack(self, session: Session, note: str) -> Any:
        # The click may come before the note that it leaves is written.
        if "kept" in session.chosen:
            self._write(session, note)
        return gr.update(value=str(session.zipped(self.shop.folder)), visible=True)
