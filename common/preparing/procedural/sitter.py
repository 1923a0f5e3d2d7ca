"""The sitter of a portrait: position and turn of the head, and the colours of the parts.

`portrait.py` invents the sitter; `portrait_figure.py` and `portrait_head.py` draw it. Both work in head
coordinates: the origin between the eyes and 1 the half height of the head, x to the right and y down.
"""

from dataclasses import dataclass

import numpy as np

from common.preparing.procedural.outlines import Points, turned
from common.preparing.procedural.scene import Outline


@dataclass(frozen=True, kw_only=True)
class Sitter:
    """One invented person; lengths are in canvas units, `skin`, `hair` and `cloth` pick colours from 0 to 1."""

    x: float
    y: float
    half: float
    """Half the height of the head."""
    turn: float
    """From -1 (to the left) to 1 (to the right)."""
    tilt: float
    """Tilt of the head, in radians."""
    width: float
    """Width of the head, relative to the usual width."""
    broad: float
    """Half the width of the shoulders, in head coordinates."""
    slope: float
    """The height of the shoulders, in head coordinates."""
    skin: float
    hair: float
    cloth: float
    womanly: bool

    @property
    def lean(self) -> float:
        """How far the body lies beside the head, in head coordinates."""
        return -0.35 * self.turn

    def head(self, outline: Outline | Points) -> Outline:
        """From head coordinates, which tilt with the head, to the canvas."""
        return turned(self.body(outline), self.tilt, (self.x, self.y + self.half))

    def body(self, outline: Outline | Points) -> Outline:
        """From head coordinates to the canvas, upright."""
        return np.asarray(outline) * self.half + (self.x, self.y)


def invented_sitter(rng: np.random.Generator) -> Sitter:
    """A sitter whose head and shoulders, or the body to the waist, fit the canvas."""
    half, womanly = rng.uniform(0.125, 0.22), bool(rng.uniform() < 0.5)
    return Sitter(
        x=0.5 + rng.uniform(-0.09, 0.09),
        y=rng.uniform(0.31, 0.37) + 0.45 * (half - 0.125),
        half=half,
        turn=rng.choice((-1.0, 1.0)) * rng.uniform(0.0, 0.75),
        tilt=rng.normal(0.0, 0.09),
        width=rng.uniform(0.88, 1.08),
        broad=rng.uniform(1.75, 2.1) if womanly else rng.uniform(2.0, 2.5),
        slope=rng.uniform(1.75, 2.1),
        skin=rng.uniform(),
        hair=rng.uniform(),
        cloth=rng.uniform(),
        womanly=womanly,
    )
