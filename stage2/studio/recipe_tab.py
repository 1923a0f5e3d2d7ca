"""Recipe: how a painting was made, as its file says, and the painting made again."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from common.errors import UserError
from common.vocabulary import is_any
from stage2.painter.photos import MOST_BYTES, open_photo
from stage2.painter.requests import Origin
from stage2.studio.controls import AT_ONCE, OF_UPLOADS, paints, sentence, told
from stage2.studio.paint_tab import PaintTab
from stage2.studio.session import Hung, Session
from stage2.studio.wall import Wall
from stage2.studio.workshop import Workshop, uploaded

HOW = "<p>Drop a file that was painted here or by generate.py.</p>"
LOOKS = "th { text-align: left; padding-right: 16px; font-weight: 500 } td { overflow-wrap: anywhere }"
LONGEST_VALUE = 200
"""Characters of a recipe's value that are shown."""


class RecipeTab:
    """A file to read, what it says, and the wall on which it hangs once it is painted again."""

    def __init__(self, shop: Workshop, session: gr.State, paint: PaintTab, tabs: gr.Tabs) -> None:
        self.shop = shop
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                upload = gr.File(label="A painting from here", file_count="single", height=120)
                recipe = gr.HTML(HOW, html_template="${value}", css_template=LOOKS, label="Recipe")
                with gr.Row():
                    again = gr.Button("Paint it again", variant="primary", interactive=False)
                    onward = gr.Button("Open in Paint", interactive=False)
            with gr.Column(scale=2, min_width=300, elem_classes="results"):
                self.wall = Wall("recipe", shop, session, "Painted again")
                same = gr.Markdown()
                self.wall.finish()
        shown = [recipe, again, onward, same]
        upload.upload(told(self._read), [session, upload], shown, **OF_UPLOADS)
        upload.clear(self._forget, session, shown, **AT_ONCE)
        paints(again.click, self._again, [session], [same, *self.wall.outputs])
        paint.opens(onward, lambda session, _: self._recipe(session).origin.request, session, tabs)

    def _forget(self, session: Session, said: str = HOW) -> list[Any]:
        session.recipe = None
        return [said, gr.update(interactive=False), gr.update(interactive=False), ""]

    def _read(self, session: Session, upload: dict[str, Any]) -> list[Any]:
        try:
            with uploaded(upload["path"], self.shop.folder) as file:
                # Decoding it first limits what a stranger's file can cost.
                picture = open_photo(file, MOST_BYTES).image
                origin = Origin.read(file)
        except UserError as error:
            return self._forget(session, f"<p>That did not work: {html.escape(sentence(error))}.</p>")
        kept = session.new_folder(self.shop.folder) / "recipe.png"
        picture.save(kept)
        session.recipe = Hung(origin, kept)
        asked = origin.request
        rows = {"Genre": asked.genre, "Style": asked.style, "Seed": asked.seed, "Size": f"{asked.resolution} pixels"}
        rows |= {"Variety": asked.truncation, "Shape": asked.aspect, "Weights": origin.weights}
        if not is_any(asked.style):
            rows["Style strength"] = asked.style_strength
        if asked.towards is not None:
            rows["Moved"] = f"{asked.nearby:g} of the way to seed {asked.towards}"
        # A stranger's file may say anything.
        cells = ((name, html.escape(str(value)[:LONGEST_VALUE])) for name, value in rows.items())
        table = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in cells)
        ours = gr.update(interactive=not origin.photo)
        return [f"<table>{table}</table>", ours, ours, ""]

    def _recipe(self, session: Session) -> Hung:
        if session.recipe is None:
            raise UserError("drop a painting first")
        return session.recipe

    def _again(self, session: Session) -> Any:
        one = self._recipe(session)
        painter = self.shop.painter
        origin = one.origin
        if origin.batch > MOST_AT_ONCE:
            # A large batch would take too much memory here; alone, single pixels are rounded otherwise.
            origin = Origin(origin.request, origin.weights, photo=origin.photo)
        painting = painter.again(origin)
        with Image.open(one.path) as picture:
            before = np.asarray(picture.convert("RGB"), dtype=np.int16)
        now = np.asarray(painting.image, dtype=np.int16)
        if now.shape != before.shape:
            said = "It has another size now: the file was resized."
        elif most := int(np.abs(now - before).max()):
            said = f"Pixels differ by up to {most} of 255: the file was compressed, or painted on another machine."
        else:
            said = "Every pixel is the same."
        for value in self.wall.paint(session, iter([painting])):
            yield [said, *value]


MOST_AT_ONCE = 16
"""Pictures of a batch that is painted again as it was."""
