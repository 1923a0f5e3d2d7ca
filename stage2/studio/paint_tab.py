"""Paint: pictures of a genre in a style, and others from each of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from common.vocabulary import ANY
from stage2.painter.requests import Request
from stage2.painter.variations import in_styles, with_nearby_noise
from stage2.studio.controls import (
    AT_ONCE,
    ONE_AT_A_TIME,
    Labels,
    blend,
    paints,
    seed_field,
    seed_of,
    strength_field,
    told,
)
from stage2.studio.session import NotYet, Session
from stage2.studio.wall import OF_CHOSEN, Wall
from stage2.studio.workshop import Workshop

MOST = 100
"""Pictures that one click can paint."""
CANDIDATES = 4
"""Pictures that are painted for each one that is shown, if the visitor's taste chooses."""
NEARBY = 0.3


class PaintTab:
    """The controls of a request, and the wall on which its pictures hang."""

    def __init__(self, shop: Workshop, session: gr.State) -> None:
        self.shop = shop
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self._add_controls()
            with gr.Column(scale=2, min_width=300, elem_classes="results"):
                self._add_wall(session)
        every = [session, self.taste, *self.components]
        asked = partial(gr.on, [self.go.click, self.seed.submit])
        paints(asked, self._paint_or_choose, every, self.wall.outputs)
        for button, varied in self.variations.items():
            paints(button.click, self._varied(varied), [session], self.wall.outputs)
        self.stop.click(Session.stop, session, None, **AT_ONCE)
        self.dice.click(lambda: random.randrange(1_000_000), None, self.seed, **AT_ONCE)

    def _add_controls(self) -> None:
        painter, knows = self.shop.painter, self.shop.painter.vocabulary
        self.genre = Labels("Genre", list(knows.genres))
        self.style = Labels("Style", sorted({*knows.styles, *knows.families}) if painter.stage2 else [])
        self.seed = seed_field("The same seed is the same picture.")
        self.dice = gr.Button("Throw dice for a seed", size="sm")
        self.count = gr.Slider(1, MOST, 4, step=1, label="How many", info="Each with the next seed.")
        sizes = [(f"{side} pixels", side) for side in painter.resolutions]
        self.size = gr.Radio(sizes, value=painter.resolutions[-1], label="Size")
        usual = "Lower is more typical, higher is more varied."
        self.truncation = gr.Slider(0.1, 1, 1, step=0.05, label="Variety", info=usual)
        self.strength = strength_field(visible=painter.stage2 is not None)
        about = f"Paints {CANDIDATES} times as many, and shows those nearest in light and colours to what you kept, "
        about += "farthest from what you did not want, and surest in their labels."
        self.taste = gr.Checkbox(False, label="Follow my taste", info=about)
        with gr.Row():
            self.go = gr.Button("Paint", variant="primary")
            self.stop = gr.Button("Stop")
        labels = [*self.genre.components, *self.style.components]
        self.components: list[Any] = [*labels, self.seed, self.count, self.size, self.truncation, self.strength]

    def _add_wall(self, session: gr.State) -> None:
        self.wall = Wall("paint", self.shop, session, "Pictures")
        with gr.Row():
            names = ("Other styles", "Other genres", "Nearby")
            buttons = [gr.Button(name, **OF_CHOSEN) for name in names]
        self.variations = dict(zip(buttons, (self._in_styles, self._in_genres, self._nearby), strict=True))
        self.wall.buttons += buttons
        if self.shop.data is not None:
            nearest = gr.Button("Nearest training paintings", **OF_CHOSEN)
            beside = gr.Image(label="Beside the nearest training paintings", visible=False, interactive=False)
            self.wall.buttons.append(nearest)
            nearest.click(told(self._beside_nearest), session, beside, **ONE_AT_A_TIME)
        self.wall.finish()

    def _paint(self, session: Session, *values: Any) -> Iterator[Any]:
        request, count = self.request(*values)
        painter = self.shop.painter
        seeds = range(request.seed, request.seed + count)
        yield from self.wall.paint(session, painter.paint_resolved(painter.resolve(request).with_seeds(seeds)))

    def _paint_or_choose(self, session: Session, by_taste: bool, *values: Any) -> Iterator[Any]:
        if not by_taste:
            yield from self._paint(session, *values)
            return
        if not (session.kept or session.discarded):
            raise NotYet("your taste is not known yet; keep a picture, or say of one: not like this")
        request, count = self.request(*values)
        liked, disliked = session.liked(), session.discarded
        paintings = self.shop.painter.curate(
            request, count, CANDIDATES * count, liked=liked, disliked=disliked, stopped=lambda: session.stopped
        )
        if paintings:
            yield from self.wall.paint(session, iter(paintings))

    @staticmethod
    def request(*values: Any) -> tuple[Request, int]:
        """Return what the values of `components` ask for, and the number of pictures."""
        *labels, seed, count, size, truncation, strength = values
        genre, style = labels[: len(labels) // 2], labels[len(labels) // 2 :]
        asked = Request(
            genre=blend(*genre),
            style=blend(*style),
            seed=seed_of(seed),
            resolution=int(size),
            truncation=float(truncation),
            style_strength=float(strength),
        )
        return asked, max(1, min(int(count), MOST))

    def opens(self, trigger: Any, asked: Any, session: gr.State, tabs: gr.Tabs) -> None:
        """Make a click on `trigger` paint here what `asked` returns for a session and the event."""

        def work(session: Session, event: gr.EventData) -> list[Any]:
            return [gr.Tabs(selected="paint"), *self.set_to(asked(session, event))]

        opened = trigger.click(told(work), session, [tabs, *self.components], **AT_ONCE)
        paints(opened.success, self._paint, [session, *self.components], self.wall.outputs)

    def set_to(self, request: Request) -> list[Any]:
        """Return the updates that make `components` ask for one picture of a request."""
        seed_of(request.seed)
        labels = [*self.genre.set_to(request.genre), *self.style.set_to(request.style)]
        rest = [request.seed, 1, request.resolution, request.truncation, request.style_strength]
        return [*labels, *(gr.update(value=value) for value in rest)]

    def _varied(self, vary: Any) -> Any:
        def work(session: Session) -> Iterator[Any]:
            requests = vary(self.wall.chosen(session).origin.request)
            yield from self.wall.paint(session, self.shop.painter.stream(requests))

        return work

    def _in_styles(self, asked: Request) -> list[Request]:
        return in_styles(asked, self.shop.painter.styles_at(asked.resolution))

    def _in_genres(self, asked: Request) -> list[Request]:
        return [replace(asked, genre=genre) for genre in self.shop.painter.vocabulary.genres or [ANY]]

    def _nearby(self, asked: Request) -> list[Request]:
        return with_nearby_noise(replace(asked, towards=None, nearby=0.0), 8, NEARBY)

    def _beside_nearest(self, session: Session) -> Any:
        return gr.update(value=self.shop.beside_nearest(self.wall.chosen(session)), visible=True)
