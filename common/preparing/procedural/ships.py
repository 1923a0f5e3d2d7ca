"""Boats and ships under sail.

The functions add shapes to a scene; `marina.py` reads this module. Everything is drawn in ship
units: the water line at y = 0, the bow towards positive x, half the length of the hull about 1.
"""

from functools import partial

import numpy as np

from common.preparing.procedural.outlines import ellipse, placed, polygon, ribbon
from common.preparing.procedural.scene import Scene


def draw_boat(scene: Scene, rng: np.random.Generator, x: float, base: float, size: float) -> None:
    """A small boat with one or two sails."""
    afloat = partial(placed, x=x, y=base, width=rng.choice((-1.0, 1.0)) * size, height=size)
    mast = -rng.uniform(1.3, 1.7)
    scene.add("trunk", afloat(ribbon([(0, 0), (0, mast)], [0.06, 0.04])))
    main = polygon((0.04, mast), (0.5, -0.75), (0.72, -0.22), (0.04, -0.22))
    scene.add("sail", afloat(main), pick=rng.uniform(), swell=(0.6, 0), tone=0.15, grain=1.2)
    if rng.uniform() < 0.7:
        jib = polygon((-0.04, mast + 0.15), (-0.6, -0.2), (-0.04, -0.25))
        scene.add("sail", afloat(jib), pick=rng.uniform(), tone=-0.2, grain=1.2)
    hull = polygon((-0.75, -0.18), (0.75, -0.18), (0.5, 0.1), (-0.5, 0.1))
    scene.add("wood", afloat(hull), pick=rng.uniform(), swell=(0.3, 0.5))
    scene.cast(afloat(ellipse(0, 0.2, 0.6, 0.13)))


def draw_ship(scene: Scene, rng: np.random.Generator, x: float, base: float, size: float) -> None:
    """A large ship with two or three masts under square sails."""
    afloat = partial(placed, x=x, y=base, width=rng.choice((-1.0, 1.0)) * size, height=size)
    cloth, masts = rng.uniform(), rng.integers(2, 4)
    for mast in range(masts):
        at, top = (mast - (masts - 1) / 2) * 0.62, -rng.uniform(1.15, 1.5)
        scene.add("trunk", afloat(ribbon([(at, 0), (at, top)], [0.04, 0.025])))
        yards = np.linspace(top, -0.25, 4)
        for row, (high, low) in enumerate(zip(yards[:-1] + 0.02, yards[1:] - 0.03, strict=True)):
            half, middle = 0.16 + 0.05 * row, (high + low) / 2
            right = [(0.85 * half, high), (half + 0.05, middle), (half, low), (0.05, low - 0.05)]
            left = [(-half, low), (0.05 - 0.85 * half, middle), (-0.85 * half, high)]
            sail = polygon(*right, *left) + (at, 0)
            scene.add("sail", afloat(sail), pick=cloth, swell=(0.7, 0.2), tone=0.1, grain=1.4)
        flag = polygon((at, top), (at + 0.2, top + 0.04), (at, top + 0.08))
        scene.add("flower", afloat(flag), pick=rng.uniform())
    hull = polygon((-1.05, -0.42), (-0.7, -0.25), (0.7, -0.22), (1.1, -0.32), (0.8, 0.1), (-0.85, 0.1))
    scene.add("wood", afloat(hull), pick=rng.uniform(), swell=(0.2, 0.6))
    scene.add("clay", afloat(ribbon([(-0.95, -0.2), (0.95, -0.15)], [0.06, 0.06])), pick=rng.uniform())
    scene.cast(afloat(ellipse(0, 0.2, 1, 0.12)))
