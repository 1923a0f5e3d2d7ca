"""A pad: a square whose corners are four labels; the point on it is their blend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from common.vocabulary import ANY
from stage2.painter.requests import Request
from stage2.studio.controls import AT_ONCE, ONE_AT_A_TIME, seed_field, seed_of, told
from stage2.studio.session import Session
from stage2.studio.wall import Wall
from stage2.studio.workshop import Workshop

CORNERS = ("Top left", "Top right", "Bottom left", "Bottom right")
PAD = """<div class="pad" tabindex="0" role="application"
  aria-label="Blend of the corners: drag the point, or use the arrow keys"><div class="point"></div>
  <span>${value[0]}</span><span>${value[1]}</span><span>${value[2]}</span><span>${value[3]}</span></div>"""
LOOKS = """
.pad { position: relative; width: 100%; max-width: 384px; aspect-ratio: 1; touch-action: none; cursor: crosshair;
  border: 1px solid gray; border-radius: 8px; background: linear-gradient(45deg, #8886, #8881, #8886) }
.point { position: absolute; left: 50%; top: 50%; width: 28px; height: 28px; margin: -14px; border-radius: 50%;
  background: var(--color-accent); border: 3px solid white; box-shadow: 0 0 3px black; pointer-events: none }
span { position: absolute; padding: 6px; font-size: 13px; pointer-events: none }
span:nth-of-type(2n) { right: 0 } span:nth-of-type(n + 3) { bottom: 0 }
"""
BEHAVIOUR = """
const held = number => Math.min(1, Math.max(0, number));
let x = 0.5, y = 0.5;
const show = () => { const point = element.querySelector('.point');
  point.style.left = 100 * x + '%'; point.style.top = 100 * y + '%'; };
const move = (across, down) => { x = held(across); y = held(down); show();
  props.value = [...props.value.slice(0, 4), x, y]; trigger('input'); };
const follow = e => { const b = element.querySelector('.pad').getBoundingClientRect();
  move((e.clientX - b.left) / b.width, (e.clientY - b.top) / b.height); };
const keys = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
element.addEventListener('pointerdown', e => { const pad = e.target.closest('.pad'); if (!pad) return;
  pad.setPointerCapture(e.pointerId); follow(e); });
element.addEventListener('pointermove', e => { if (e.buttons && e.target.closest('.pad')) follow(e); });
element.addEventListener('keydown', e => { const step = keys[e.key]; if (!step) return;
  e.preventDefault(); move(x + step[0] / 20, y + step[1] / 20); });
watch('value', show);
"""


class PadTab:
    """Four corners, a point between them, and the picture of their blend."""

    def __init__(self, shop: Workshop, session: gr.State) -> None:
        self.shop = shop
        knows = shop.painter.vocabulary
        self.names = {"genre": list(knows.genres), "style": list(knows.styles) if shop.painter.stage2 else []}
        kinds = [kind for kind, names in self.names.items() if len(names) > 1]
        if not kinds:
            gr.Markdown("These weights know too few labels to blend.")
            return
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                kind = gr.Radio([(f"{one.capitalize()}s", one) for one in kinds], value=kinds[0], label="Blend")
                corners = []
                for row in (CORNERS[:2], CORNERS[2:]):
                    with gr.Row():
                        corners += [self._corner(kinds[0], CORNERS.index(name), name) for name in row]
                other = gr.Dropdown([ANY, *self.names["style"]], value=ANY, label="In the style")
                seed = seed_field()
            with gr.Column(scale=1, min_width=300):
                names = [*(corner.value for corner in corners), 0.5, 0.5]
                pad = gr.HTML(names, html_template=PAD, css_template=LOOKS, js_on_load=BEHAVIOUR, label="Pad")
            with gr.Column(scale=1, min_width=300):
                self.wall = Wall("pad", shop, session, "The blend")
                self.wall.finish()
        kind.change(self._take_kind, kind, [*corners, other], **AT_ONCE)
        for corner in corners:
            corner.change(lambda point, *names: [*names, *point[-2:]], [pad, *corners], pad, **AT_ONCE)
        every = [session, pad, kind, other, seed, *corners]
        # While one is painted, the points in between are left out. Data of an event would be those of the first.
        changes = [pad.input, other.input, seed.input, *(corner.input for corner in corners)]
        gr.on(changes, told(self._paint), every, self.wall.outputs, trigger_mode="always_last", **ONE_AT_A_TIME)

    def _corner(self, kind: str, number: int, label: str) -> gr.Dropdown:
        names = self.names[kind]
        return gr.Dropdown(names, value=names[number % len(names)], label=label, min_width=120)

    def _take_kind(self, kind: str) -> list[Any]:
        names, other = self.names[kind], "style" if kind == "genre" else "genre"
        corners = [gr.update(choices=names, value=names[number % len(names)]) for number in range(len(CORNERS))]
        label = "In the style" if other == "style" else "Of the genre"
        return [*corners, gr.update(choices=[ANY, *self.names[other]], value=ANY, label=label)]

    def _paint(
        self, session: Session, point: list[Any], kind: str, other: str, seed: float | None, *corners: str
    ) -> Iterator[Any]:
        mixed = corner_blend(corners, *(min(1.0, max(0.0, float(side))) for side in point[-2:]))
        painter = self.shop.painter
        genre, style = (mixed, other) if kind == "genre" else (other, mixed)
        # Small enough to follow the point.
        asked = Request(genre=genre, style=style, seed=seed_of(seed), resolution=painter.resolutions[:2][-1])
        yield from self.wall.paint(session, painter.stream([asked]))


def corner_blend(corners: Sequence[str], x: float, y: float) -> str:
    """Return the blend of four corners at a point; x goes right and y down, both from 0 to 1."""
    shares = ((1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y)
    return ",".join(f"{name}:{share:.3f}" for name, share in zip(corners, shares, strict=True) if share >= 0.001)
