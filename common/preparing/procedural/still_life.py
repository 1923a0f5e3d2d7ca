"""The composition of a still life: a table, a wall, and three to ten things in order.

It makes a `Scene` from a random generator; `genres.py` reads this module.
"""

import numpy as np

from common.preparing.procedural.outlines import box, polygon, ribbon
from common.preparing.procedural.scene import Scene, empty_scene
from common.preparing.procedural.tableware import MIDDLING, SMALL, TALL


def still_life(rng: np.random.Generator) -> Scene:
    """Tall things behind, bowls and glasses in the middle, fruit and small things before them."""
    scene, edge = empty_scene(rng), rng.uniform(0.5, 0.68)
    scene.focus = (0.5, edge)
    draw_wall(scene, rng, edge)
    draw_table(scene, rng, edge)
    scale = rng.uniform(1.05, 1.5)
    for things, behind, before, most in (
        (TALL, 0.05, 0.1, 3),
        (MIDDLING, 0.12, 0.18, 2),
        (SMALL, 0.2, 0.3, 4),
    ):
        count = int(rng.integers(1, most + 1))
        bases = np.sort(rng.uniform(edge + behind, min(edge + before, 0.96), count)).tolist()
        for x, base in zip(spread(rng, count), bases, strict=True):
            things[rng.integers(len(things))](scene, rng, x, base, scale * rng.uniform(0.85, 1.15))
    return scene


def spread(rng: np.random.Generator, count: int) -> list[float]:
    """Places from left to right, in random order, that do not crowd one another."""
    slots = (np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)) / count
    return [0.12 + 0.76 * float(x) for x in rng.permutation(slots)]


def draw_wall(scene: Scene, rng: np.random.Generator, edge: float) -> None:
    """Plain, or with a curtain, a window or a niche."""
    tone = rng.uniform(-0.2, 0.3)
    scene.add("backdrop", box(0, 0, 1, 1), pick=rng.uniform(), tone=tone, texture=0.12, fade=0.15)
    kind, side = rng.choice(["plain", "plain", "curtain", "window", "niche"]), rng.choice((0.0, 1.0))
    pick = rng.uniform()
    if kind == "curtain":
        for fold in range(6):
            x, gathered = abs(side - 0.07 * fold), abs(side - 0.045 * fold)
            sway = x + rng.uniform(-0.03, 0.03)
            strip = ribbon([(x, -0.1), (sway, 0.3), (gathered, edge + 0.03)], [0.1, 0.09, 0.06])
            scene.add("cloth", strip, pick=pick, swell=(0.9, 0), grain=1.4, tone=-0.1)
    if kind == "window":
        left, low = 0.05 + side * 0.6, edge - 0.12
        scene.add("wood", box(left, 0.04, left + 0.3, low), pick=pick)
        panes = [box(left + at, 0.06, left + at + 0.115, low - 0.02) for at in (0.025, 0.16)]
        scene.add("sky", *panes, pick=rng.uniform(), fade=0.3)
    if kind == "niche":
        stones = [box(0, 0, 0.12, 1), box(0.88, 0, 1, 1), box(0, 0, 1, 0.08)]
        scene.add("wall", *stones, pick=pick, tone=-0.1)


def draw_table(scene: Scene, rng: np.random.Generator, edge: float) -> None:
    """Of wood, mostly with a cloth on it that hangs over the front."""
    slant, front = rng.uniform(-0.03, 0.03), rng.uniform(0.88, 1.0)
    top = polygon((-0.05, edge + slant), (1.05, edge - slant), (1.05, front), (-0.05, front))
    scene.add("wood", top, pick=rng.uniform(), fade=0.15, texture=0.1, grain=0.05)
    scene.add("wood", box(0, front, 1, 1.05), pick=rng.uniform(), tone=-0.5)
    if rng.uniform() < 0.4:
        return
    material, pick = ("linen" if rng.uniform() < 0.55 else "cloth"), rng.uniform()
    left, right = rng.uniform(-0.1, 0.3), rng.uniform(0.65, 1.1)
    far = [(left + 0.08, edge + 0.04), (right - 0.08, edge + 0.03)]
    hanging = [(right + 0.05, front), (right - 0.05, 1.1), (left + 0.05, 1.1), (left - 0.08, front)]
    scene.add(material, polygon(*far, *hanging), pick=pick, texture=0.14, fade=0.1)
    for x in rng.uniform(left, right, 5):
        start, end = (x, front - rng.uniform(0.02, 0.2)), (x + rng.uniform(-0.03, 0.04), 1.1)
        fold = ribbon([start, (x + 0.02, front + 0.02), end], [0.005, 0.03, 0.05])
        scene.add(material, fold, pick=pick, tone=rng.choice((-0.4, 0.35)), grain=1.4, modelling=True)
