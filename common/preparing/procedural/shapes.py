"""The shape, which a genre composes and a style renders.

Positions are in canvas units: x from 0 (left) to 1 (right), y from 0 (top) to 1 (bottom), whatever the picture's size.
"""

from dataclasses import dataclass

from common.preparing.procedural.outlines import Outline


@dataclass(frozen=True)
class Shape:
    """One surface of the picture: a face, a hill, a window."""

    role: str
    """What it is, a key of `colours.NATURAL`; or "shadow", which darkens the flat shapes below it."""
    outline: Outline
    pick: float = 0.0
    """Which of the role's colours, from 0 (the first) to 1 (the last)."""
    tone: float = 0.0
    """Lighter (up to 1) or darker (down to -1) than the colour itself."""
    swell: tuple[float, float] = (0.0, 0.0)
    """How far the surface turns from us at its sides and at its top and bottom: (1, 1) ball, (1, 0) column."""
    grain: float = 0.0
    """The direction in which a brush would follow the surface, in radians from the x axis."""
    far: float = 0.0
    """From 0 (near) to 1 (lost in haze)."""
