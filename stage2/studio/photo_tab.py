"""Your own picture: a photo or a drawing, painted by stage II in one style or in every style."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from common.errors import UserError
from common.vocabulary import ANY
from stage2.painter.photos import MOST_BYTES, Photo, open_photo
from stage2.painter.requests import Request
from stage2.studio.controls import (
    AT_ONCE,
    OF_UPLOADS,
    SOON,
    Labels,
    blend,
    paints,
    seed_field,
    seed_of,
    strength_field,
    told,
)
from stage2.studio.session import NotYet, Session
from stage2.studio.wall import Wall
from stage2.studio.workshop import Workshop, uploaded

DRAWING = 384
"""Side of the pad, in pixels."""
MOST_OF_DRAWING = 2 * 2**20
"""Characters of a drawing."""
PREVIEW = 512
"""Pixels of the longer side."""
SKETCH = """
<div class="sketch">
  <canvas width="384" height="384" tabindex="0" aria-label="Drawing pad"></canvas>
  <div><label>Colour <input type="color" value="#204080"></label>
  <label>Width <input type="range" min="2" max="60" value="16"></label>
  <button class="clear">Clear</button></div>
</div>"""
SKETCH_LOOKS = """
canvas { width: 100%; max-width: 384px; touch-action: none; border: 1px solid gray;
  background: white; cursor: crosshair }
.sketch > div { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; margin-top: 8px }
button { border: 1px solid gray; border-radius: 6px; padding: 6px 12px }
"""
SKETCH_BEHAVIOUR = """
const canvas = element.querySelector('canvas'), pen = canvas.getContext('2d');
const [colour, width] = element.querySelectorAll('input');
const clear = () => { pen.fillStyle = 'white'; pen.fillRect(0, 0, canvas.width, canvas.height); };
const place = e => { const b = canvas.getBoundingClientRect();
  return [(e.clientX - b.left) * canvas.width / b.width, (e.clientY - b.top) * canvas.height / b.height]; };
clear();
pen.lineCap = pen.lineJoin = 'round';
canvas.addEventListener('pointerdown', e => {
  canvas.setPointerCapture(e.pointerId); pen.beginPath(); pen.moveTo(...place(e)); });
canvas.addEventListener('pointermove', e => { if (!e.buttons) return;
  pen.strokeStyle = colour.value; pen.lineWidth = width.value; pen.lineTo(...place(e)); pen.stroke(); });
canvas.addEventListener('pointerup', () => trigger('submit', {picture: canvas.toDataURL('image/png')}));
element.querySelector('.clear').addEventListener('click', () => { clear(); trigger('submit', {picture: ''}); });
"""


class PhotoTab:
    """A picture to paint over, the style to paint it in, and the wall on which the results hang."""

    def __init__(self, shop: Workshop, session: gr.State) -> None:
        self.shop = shop
        styles = shop.painter.vocabulary.styles if shop.painter.stage2 else {}
        if not styles:
            gr.Markdown("These weights hold no stage II, which paints over pictures.")
            return
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                upload = gr.File(label="A photo, a drawing, a painting", file_count="single", height=120)
                with gr.Accordion("Or draw one", open=False):
                    sketch = gr.HTML(
                        html_template=SKETCH,
                        css_template=SKETCH_LOOKS,
                        js_on_load=SKETCH_BEHAVIOUR,
                        label="Drawing pad",
                    )
                preview = gr.Image(label="To be painted", interactive=False, visible=False, height=240, buttons=[])
                style = Labels("Style", list(styles), none="None means every style, one by one.")
                genre = Labels("What it shows", list(shop.painter.vocabulary.genres))
                seed = seed_field("Another seed, other strokes.")
                strength = strength_field()
                with gr.Row():
                    go = gr.Button("Paint it", variant="primary")
                    stop = gr.Button("Stop")
            with gr.Column(scale=2, min_width=300, elem_classes="results"):
                self.wall = Wall("photo", shop, session, "Your picture, painted")
                self.wall.finish()
        upload.upload(told(self._take), [session, upload], preview, **OF_UPLOADS)
        upload.clear(lambda session: self._forget(session, drawn=False), session, preview, **AT_ONCE)
        sketch.submit(told(self._take_drawing), session, preview, **SOON)
        every = [session, seed, strength, *style.components, *genre.components]
        paints(go.click, self._paint, every, self.wall.outputs)
        stop.click(Session.stop, session, None, **AT_ONCE)

    def _take(self, session: Session, upload: dict[str, Any]) -> Any:
        with uploaded(upload["path"], self.shop.folder) as file:
            image = open_photo(file, MOST_BYTES).image
        return self._shown(session, image, drawn=False)

    def _forget(self, session: Session, drawn: bool) -> Any:
        # The picture in use may be the other one, which stays.
        if session.photo is None or session.drawn != drawn:
            return gr.skip()
        session.photo = None
        return gr.update(visible=False)

    def _take_drawing(self, session: Session, event: gr.EventData) -> Any:
        try:
            if event.picture == "":
                return self._forget(session, drawn=True)
            content = base64.b64decode(str(event.picture).partition(",")[2][:MOST_OF_DRAWING], validate=True)
            with Image.open(io.BytesIO(content), formats=["PNG"]) as drawing:
                if drawing.size != (DRAWING, DRAWING):
                    raise ValueError("its size")
                image = drawing.convert("RGB")
        except (binascii.Error, AttributeError, OSError, ValueError, SyntaxError):
            raise UserError("the drawing could not be read; draw it again") from None
        return self._shown(session, image, drawn=True)

    def _shown(self, session: Session, image: Image.Image, drawn: bool) -> Any:
        session.photo, session.drawn = Photo.of(image), drawn
        path = session.new_folder(self.shop.folder) / "picture.webp"
        small = image.copy()
        small.thumbnail((PREVIEW, PREVIEW))
        small.save(path)
        return gr.update(value=str(path), visible=True)

    def _paint(self, session: Session, seed: float | None, strength: float, *values: Any) -> Iterator[Any]:
        if session.photo is None:
            raise NotYet("choose a picture or draw one first")
        style, genre = values[: len(values) // 2], values[len(values) // 2 :]
        painter, named = self.shop.painter, blend(*style)
        styles = painter.styles_at(None) if named == ANY else [named]
        asked = Request(genre=blend(*genre), seed=seed_of(seed), style_strength=float(strength))
        requests = [replace(asked, style=one) for one in styles]
        yield from self.wall.paint(session, painter.restyled(session.photo, requests))
