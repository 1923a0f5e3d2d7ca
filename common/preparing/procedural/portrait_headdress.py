"""What sitters wear on their heads.

The functions add shapes to a scene; `portrait_head.py` reads this module. Points are in head coordinates.
"""

from collections.abc import Callable

import numpy as np

from common.preparing.procedural.outlines import curve, ellipse, ribbon
from common.preparing.procedural.scene import Scene
from common.preparing.procedural.sitter import Sitter


def draw_beret(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    lean = rng.uniform(-0.25, 0.25)
    cap = [
        (-0.95, -0.62),
        (-1.15 + lean, -1.0),
        (lean, -1.5),
        (1.15 + lean, -1.05),
        (0.95, -0.62),
        (0, -0.78),
    ]
    scene.add("cloth", sitter.head(curve(cap)), pick=matching(rng, sitter), swell=(0.8, 0.7), tone=-0.05)
    if rng.uniform() < 0.5:
        feather = ribbon([(0.7, -0.9), (1.1, -1.6), (0.6, -2.0)], [0.3, 0.4, 0.05])
        scene.add("linen", sitter.head(feather), pick=rng.uniform(), texture=0.3, grain=1.2)


def draw_brimmed_hat(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    pick, high = matching(rng, sitter), rng.uniform(1.5, 2.0)
    crown = [(-0.72, -0.7), (-0.66, -high), (0.66, -high), (0.72, -0.7)]
    band = [(-0.74, -0.95), (0.74, -0.95), (0.76, -0.75), (-0.76, -0.75)]
    brim = ellipse(0, -0.68, rng.uniform(1.4, 1.8), 0.26, rng.uniform(-0.15, 0.15))
    scene.add("cloth", sitter.head(crown), pick=pick, swell=(0.9, 0))
    scene.add("flower", sitter.head(band), pick=rng.uniform())
    scene.add("cloth", sitter.head(brim), pick=pick, swell=(0.3, 0.8), tone=-0.12)
    scene.cast(sitter.head(ellipse(0, -0.35, 0.7, 0.2)))


def draw_turban(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    pick, lean = matching(rng, sitter), rng.uniform(-0.08, 0.08)
    for row in range(4):
        wide = 0.98 + 0.06 * np.sin(row * 2.0 + lean * 27) - 0.09 * row
        wrap = ellipse(lean * row, -0.72 - 0.22 * row, wide, 0.26, 0.25 * (-1) ** row)
        scene.add("cloth", sitter.head(wrap), pick=pick, swell=(0.6, 0.9), tone=0.05 * row, grain=0.3)


def draw_veil(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    """The linen around the face; the veil's cloth hangs behind the body."""
    outer = [(-0.9, 0.5), (-0.98, -0.5), (0, -1.25), (0.98, -0.5), (0.9, 0.5)]
    outline = curve([*outer, (0.66, -0.3), (0, -0.72), (-0.66, -0.3)])
    scene.add("linen", sitter.head(outline), pick=rng.uniform(), swell=(0.5, 0.5))


def draw_crown(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    teeth = [(-0.7 + 0.2 * i, -1.5 if i % 2 else -1.15) for i in range(8)]
    outline = sitter.head([(-0.72, -0.85), *teeth, (0.72, -0.85)])
    scene.add("metal", outline, pick=rng.uniform(), swell=(0.9, 0), tone=0.2)


def draw_bonnet(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    """A frame of cloth around the hair, with flowers on it."""
    outer = [(-0.95, 0.4), (-1.15, -0.5), (-0.6, -1.3), (0.6, -1.3), (1.15, -0.5), (0.95, 0.4)]
    outline = curve([*outer, (0.75, -0.4), (0, -0.85), (-0.75, -0.4)])
    scene.add("cloth", sitter.head(outline), pick=matching(rng, sitter), swell=(0.6, 0.6))
    places = [(x, -1.05 + 0.3 * x * x) for x in rng.uniform(-0.8, 0.8, 4)]
    blooms = [sitter.head(ellipse(x, y, 0.14, 0.12, corners=8)) for x, y in places]
    scene.add("flower", *blooms, pick=rng.uniform())


def matching(rng: np.random.Generator, sitter: Sitter) -> float:
    """The colour of the coat, or one of two that stand apart from it."""
    return float((sitter.cloth + rng.choice((0.0, 0.3, 0.6))) % 1)


HEADDRESSES: dict[str, Callable[[Scene, np.random.Generator, Sitter], None]] = {
    "beret": draw_beret,
    "brim": draw_brimmed_hat,
    "turban": draw_turban,
    "veil": draw_veil,
    "crown": draw_crown,
    "bonnet": draw_bonnet,
}
