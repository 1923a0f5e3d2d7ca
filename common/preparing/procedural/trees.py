"""Trees, one function for each kind.

The functions add shapes to a scene; the outdoor genres read this module. Crowns are drawn in
tree units: the foot at (0, 0), the top at (0, -1).
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from common.preparing.procedural.outlines import blob, curve, ellipse, placed, polygon, ribbon
from common.preparing.procedural.scene import Outline, Scene


def draw_tree(
    scene: Scene, rng: np.random.Generator, x: float, base: float, height: float, kind: str, pick: float
) -> None:
    """A tree that stands at x on `base` and is `height` tall, in canvas units; `kind` is one of `TREES`."""
    scene.cast(ellipse(x - np.sign(scene.light[0]) * height * 0.25, base, height * 0.35, height * 0.05))
    TREES[kind](scene, rng, partial(placed, x=x, y=base, width=height, height=height), pick)


Planted = Callable[[Outline], Outline]
"""From tree units to the canvas."""


def draw_round_tree(scene: Scene, rng: np.random.Generator, planted: Planted, pick: float) -> None:
    add_trunk(scene, rng, planted, 0.07, 0.5)
    grain = rng.uniform(0, 3.1)
    for x, y in rng.normal(0, 0.13, (rng.integers(2, 5), 2)):
        crown = blob(rng, x, y - 0.64, rng.uniform(0.18, 0.3), rng.uniform(0.18, 0.28))
        scene.add("foliage", planted(crown), pick=pick, texture=0.45, swell=(0.75, 0.75), grain=grain)


def draw_poplar(scene: Scene, rng: np.random.Generator, planted: Planted, pick: float) -> None:
    add_trunk(scene, rng, planted, 0.03, 0.5)
    side = [(0.1, -0.3), (0.09, -0.65), (0.05, -0.9)]
    crown = curve([(0.05, -0.08), *side, (0.0, -1.0), *((-x, y) for x, y in reversed(side)), (-0.05, -0.08)])
    scene.add("foliage", planted(crown), pick=pick, texture=0.45, swell=(0.75, 0.75), grain=1.4)


def draw_pine(scene: Scene, rng: np.random.Generator, planted: Planted, pick: float) -> None:
    add_trunk(scene, rng, planted, 0.05, 0.5)
    for row in range(4):
        top, half = -1.0 + 0.2 * row, 0.1 + 0.055 * row
        tier = polygon((0, top), (half, top + 0.3), (0, top + 0.26), (-half, top + 0.3))
        tone = -0.05 * row
        scene.add("foliage", planted(tier), pick=pick, tone=tone, texture=0.45, swell=(0.75, 0.75), grain=0.5)


def draw_umbrella_tree(scene: Scene, rng: np.random.Generator, planted: Planted, pick: float) -> None:
    x = add_trunk(scene, rng, planted, 0.07, 0.8)
    crown = blob(rng, x, -0.82, 0.42, 0.15, 0.1)
    scene.add("foliage", planted(crown), pick=pick, texture=0.45, swell=(0.75, 0.75), grain=0.2)


def draw_palm(scene: Scene, rng: np.random.Generator, planted: Planted, pick: float) -> None:
    x = add_trunk(scene, rng, planted, 0.06, 0.78)
    leaves = []
    for angle in rng.uniform(0.1, 3.0, 9):
        reach_x, rise = rng.uniform(0.3, 0.42) * np.cos(angle), 0.25 * np.sin(angle)
        middle, end = (x + 0.55 * reach_x, -0.86 - rise), (x + reach_x, -0.66 - rise)
        leaves.append(planted(ribbon([(x, -0.78), middle, end], [0.04, 0.075, 0.01])))
    scene.add("foliage", *leaves, pick=pick, texture=0.2)


def draw_bare_tree(scene: Scene, rng: np.random.Generator, planted: Planted, pick: float) -> None:
    x = add_trunk(scene, rng, planted, 0.065, 0.75)
    boughs = []
    for angle, start in zip(rng.uniform(0.3, 2.8, 9), rng.uniform(-0.75, -0.45, 9), strict=True):
        reach = rng.uniform(0.25, 0.42)
        end = (x + reach * np.cos(angle), start - reach * np.sin(angle))
        boughs.append(planted(ribbon([(0.6 * x, start), end], [0.04, 0.01])))
    scene.add("trunk", *boughs, pick=pick)


def add_trunk(scene: Scene, rng: np.random.Generator, planted: Planted, width: float, top: float) -> float:
    """Draw a slightly leaning trunk; return the x of its top, in tree units."""
    lean = rng.normal(0, 0.05)
    trunk = ribbon([(0, 0), (lean * 0.3, -top / 2), (lean, -top)], [width * 1.4, width, width * 0.7])
    scene.add("trunk", planted(trunk), swell=(0.8, 0), grain=1.5)
    return float(lean)


TREES: dict[str, Callable[[Scene, np.random.Generator, Planted, float], None]] = {
    "round": draw_round_tree,
    "poplar": draw_poplar,
    "pine": draw_pine,
    "umbrella": draw_umbrella_tree,
    "palm": draw_palm,
    "bare": draw_bare_tree,
}
