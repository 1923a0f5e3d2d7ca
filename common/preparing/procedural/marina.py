"""The composition of a sea piece: sea and sky, ships, cliffs, a beach or a harbour light.

It makes a `Scene` from a random generator; `genres.py` reads this module.
"""

from functools import partial

import numpy as np

from common.preparing.procedural.landscape import draw_sky
from common.preparing.procedural.outlines import blob, box, curve, ellipse, placed, polygon
from common.preparing.procedural.scene import Scene, empty_scene
from common.preparing.procedural.ships import draw_boat, draw_ship


def marina(rng: np.random.Generator) -> Scene:
    """The sea, calm or rough, under a wide sky, with sails large or small on it."""
    scene = empty_scene(rng)
    horizon = rng.uniform(0.32, 0.62)
    scene.focus = (rng.uniform(0.35, 0.65), horizon)
    draw_sky(scene, rng, horizon)
    if rng.uniform() < 0.35:
        coast = blob(rng, rng.choice((0.0, 1.0)), horizon, rng.uniform(0.25, 0.5), rng.uniform(0.03, 0.06))
        scene.add("mountain", coast, pick=rng.uniform(), distance=0.5)
    sea = rng.uniform()
    scene.add("water", box(0, horizon, 1, 1), pick=sea, fade=-0.3, tone=0.1, texture=0.16)
    draw_glitter(scene, rng, horizon)
    rough = rng.choice((0.15, 0.5, 1.0))
    draw_waves(scene, rng, horizon, rough, sea, upper=True)
    if rng.uniform() < 0.4:
        draw_cliff(scene, rng, horizon)
    large = rng.uniform() < 0.25
    if large:
        draw_ship(scene, rng, rng.uniform(0.35, 0.65), horizon + rng.uniform(0.1, 0.22), rng.uniform(0.26, 0.36))
    for _ in range(2 if large else rng.integers(2, rng.choice((5, 9)))):
        y = horizon + rng.uniform(0.01, 0.04 if large else 0.25)
        draw_boat(scene, rng, rng.uniform(0.08, 0.92), y, 0.06 + rng.uniform(0.5, 0.9) * (y - horizon))
    draw_waves(scene, rng, horizon, rough, sea, upper=False)
    if rng.uniform() < 0.35:
        draw_shore(scene, rng)
    if rng.uniform() < 0.4:
        draw_gulls(scene, rng, horizon)
    return scene


def draw_glitter(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """The way of light on the water below a sun or moon, where there is one."""
    suns = [shape for shape in scene.shapes if shape.material == "sun"]
    if not suns:
        return
    middle = suns[0].outlines[0][:, 0].mean()
    rows = np.linspace(horizon + 0.015, 0.97, 12)
    widths = 0.02 + rng.uniform(0, 0.12, 12) * (rows - horizon + 0.1)
    places = zip(rng.normal(middle, 0.012, 12), rows, widths, strict=True)
    scene.add("sun", *(ellipse(x, y, wide, 0.007) for x, y, wide in places))


def draw_waves(
    scene: Scene, rng: np.random.Generator, horizon: float, rough: float, sea: float, *, upper: bool
) -> None:
    """Crests that grow towards us; the upper ones lie behind the ships, the lower ones before them."""
    middle = horizon + 0.55 * (1 - horizon)
    crest = curve([(-1, 0), (-0.3, -0.5), (0, -1), (0.35, -0.4), (1, 0), (0, 0.6)], 4)
    cap = curve([(-0.35, -0.45), (0, -1.12), (0.3, -0.5), (0, -0.75)], 4)
    dark, foam = [], []
    for y in np.linspace(horizon + 0.02, middle, 7) if upper else np.linspace(middle, 1.0, 7):
        near = (y - horizon) / (1 - horizon)
        for _ in range(2 if near > 0.6 else 3):
            tall = (0.004 + 0.06 * near * rough) * rng.uniform(0.6, 1.3)
            swept = partial(placed, x=rng.uniform(), y=y, width=0.05 + 0.26 * near, height=tall)
            dark.append(swept(crest))
            if rng.uniform() < 0.25 + 0.5 * rough:
                foam.append(swept(cap))
    scene.add("water", *dark, pick=(sea + 0.35) % 1, tone=-0.25 if upper else -0.4)
    scene.add("foam", *foam)


def draw_cliff(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """A headland at one side, sometimes with a lighthouse."""
    right, reach = rng.uniform() < 0.5, rng.uniform(0.25, 0.42)
    top, base = horizon - rng.uniform(0.05, 0.25), horizon + rng.uniform(0.08, 0.3)
    # x runs from the side of the canvas inwards.
    jutting = partial(placed, x=float(right), y=0.0, width=-1.0 if right else 1.0, height=1.0)
    edge = [(-0.1, top - 0.04), (reach * 0.55, top)]
    foot = [(reach * 0.75, (top + base) / 2), (reach, base), (reach * 0.5, base + 0.03), (-0.1, base + 0.05)]
    rock = jutting(polygon(*edge, *foot))
    scene.add("rock", rock, pick=rng.uniform(), swell=(0.6, 0.3), texture=0.4, grain=1.3)
    scene.add("hill", jutting(polygon(*edge, (reach * 0.5, top + 0.03), (-0.1, top + 0.02))), pick=rng.uniform())
    if rng.uniform() < 0.5:
        high = rng.uniform(0.14, 0.2)
        standing = partial(placed, x=abs(float(right) - reach * 0.3), y=top, width=high, height=high)
        scene.add("wall", standing(polygon((-0.13, 0), (-0.09, -1), (0.09, -1), (0.13, 0))), swell=(0.9, 0))
        scene.add("roof", standing(polygon((-0.13, -1), (0, -1.28), (0.13, -1))))
        scene.add("flower", standing(box(-0.11, -0.6, 0.11, -0.42)))


def draw_shore(scene: Scene, rng: np.random.Generator) -> None:
    """A strip of sand at the bottom, with the edge of a wave on it."""
    x = (-0.1, 0.3, 0.7, 1.1)
    line = list(zip(x, rng.uniform(0.82, 0.97, 4), strict=True))
    sand = curve([*line, (1.1, 1.2), (-0.1, 1.2)])
    scene.add("foam", sand - (0, 0.025))
    scene.add("earth", sand, pick=rng.uniform(), texture=0.12)


def draw_gulls(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    gull = polygon((-2.5, -1.2), (-1, -1.4), (0, 0), (1, -1.4), (2.5, -1.2), (1, -0.7), (0, 0.8), (-1, -0.7))
    places = rng.uniform((0.1, 0.05), (0.9, horizon - 0.05), (5, 2))
    scene.add("ink", *(placed(gull, x, y, 0.01, 0.01) for x, y in places))
