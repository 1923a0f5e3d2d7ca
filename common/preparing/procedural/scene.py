"""The scene that a genre passes to a style: a stack of shapes with materials, without colours or brush marks.

A genre's composition (`genres.py`) fills a `Scene`; `underpainting.py` turns it into pixels, and a style's
handling (`styles.py`) paints over those. Positions are in canvas units: x from 0 (left) to 1 (right), y from
0 (top) to 1 (bottom), whatever the size of the picture.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]
"""The corners of a polygon, [n 2], in canvas units."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Outlines that share one colour and one surface: a face, a hill, or all the windows of a house."""

    material: str
    """A key of the palettes."""
    outlines: tuple[Outline, ...]
    """The pieces of the surface."""
    pick: float
    """Which of the material's colours, from 0 (the first) to 1 (the last)."""
    tone: float = 0.0
    """Lighter (up to 1) or darker (down to -1) than the colour itself."""
    swell: tuple[float, float] = (0.0, 0.0)
    """How far the surface turns from us at its sides and at its top and bottom: (1, 1) ball, (1, 0) column."""
    fade: float = 0.0
    """How much lighter the surface is at its bottom than in its middle."""
    texture: float = 0.0
    """How strongly the surface is mottled."""
    grain: float = 0.0
    """The direction in which a brush would follow the surface, in radians from the x axis."""
    distance: float = 0.0
    """From 0 (near) to 1 (lost in haze)."""
    modelling: bool = False
    """True for a shadow or highlight on the previous shape of the same material; it gets no edge."""


@dataclass(kw_only=True)
class Scene:
    """Shapes from back to front, the shadows that they cast, and the light that falls on them."""

    light: tuple[float, float, float]
    """Unit vector towards the light: x right, y down, z towards us."""
    focus: tuple[float, float] = (0.5, 0.5)
    """The point that draws the eye."""
    shapes: list[Shape] = field(default_factory=list)
    shadows: list[Outline] = field(default_factory=list)

    def add(
        self,
        material: str,
        *outlines: Outline,
        pick: float = 0.5,
        tone: float = 0.0,
        swell: tuple[float, float] = (0.0, 0.0),
        fade: float = 0.0,
        texture: float = 0.0,
        grain: float = 0.0,
        distance: float = 0.0,
        modelling: bool = False,
    ) -> None:
        """Add a shape in front of all others; do nothing if `outlines` is empty."""
        if outlines:
            self.shapes.append(
                Shape(
                    material=material,
                    outlines=outlines,
                    pick=pick,
                    tone=tone,
                    swell=swell,
                    fade=fade,
                    texture=texture,
                    grain=grain,
                    distance=distance,
                    modelling=modelling,
                )
            )

    def cast(self, outline: Outline) -> None:
        """Darken everything within the outline, softly."""
        self.shadows.append(outline)


def empty_scene(rng: np.random.Generator) -> Scene:
    """A scene without shapes, lit from above, from the left or from the right."""
    side = rng.choice((-1.0, 1.0)) * rng.uniform(0.35, 0.8)
    direction = np.array([side, rng.uniform(-0.7, -0.25), rng.uniform(0.45, 0.7)])
    x, y, z = direction / np.linalg.norm(direction)
    return Scene(light=(float(x), float(y), float(z)))
