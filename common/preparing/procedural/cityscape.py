"""The composition of a cityscape: a street that runs away from us, a front of houses, or roofs from above.

It makes a `Scene` from a random generator; `genres.py` reads this module.
"""

from functools import partial

import numpy as np

from common.preparing.procedural.buildings import (
    Row,
    draw_house_front,
    draw_lamp,
    draw_person,
    draw_side_house,
    draw_tower,
)
from common.preparing.procedural.landscape import draw_sky
from common.preparing.procedural.outlines import box, curve, placed, polygon
from common.preparing.procedural.scene import Scene, empty_scene
from common.preparing.procedural.trees import draw_tree


def cityscape(rng: np.random.Generator) -> Scene:
    """Houses in rows, with windows and roofs, and the people, lamps and water between them."""
    scene = empty_scene(rng)
    views = [draw_street, draw_street, draw_front, draw_roofs]
    views[rng.integers(len(views))](scene, rng)
    return scene


def draw_street(scene: Scene, rng: np.random.Generator) -> None:
    """Two rows of houses towards a vanishing point."""
    vanish_x, vanish_y = rng.uniform(0.3, 0.7), rng.uniform(0.48, 0.62)
    scene.focus = (vanish_x, vanish_y)
    draw_sky(scene, rng, vanish_y)
    if rng.uniform() < 0.6:
        draw_tower(scene, rng, vanish_x + rng.uniform(-0.06, 0.06), vanish_y + 0.02, rng.uniform(0.2, 0.34))
    ground = "water" if rng.uniform() < 0.2 else "stone"
    scene.add(ground, box(0, vanish_y, 1, 1), pick=rng.uniform(), fade=0.15, texture=0.12, grain=0.1)
    if ground == "stone" and rng.uniform() < 0.7:
        kerb = polygon((vanish_x, vanish_y), (vanish_x - 0.55, 1.02), (vanish_x - 0.25, 1.02))
        scene.add("earth", kerb, pick=rng.uniform(), tone=-0.15)
        shaded = 0.5 - 0.55 * np.sign(scene.light[0])
        scene.cast(polygon((vanish_x, vanish_y), (shaded, vanish_y), (shaded, 1.0)))
    for side in (0.0, 1.0):
        inset = rng.uniform(0.05, 0.3) * (vanish_x - side)
        row = Row(vanish_x=vanish_x, vanish_y=vanish_y, front=side + inset)
        depths = 0.9 ** np.cumsum(rng.uniform(1.2, 4.0, 7))
        depths = np.concatenate([[0.1], depths[depths > 0.12][::-1], [1.25]])
        for far, near in zip(depths[:-1].tolist(), depths[1:].tolist(), strict=True):
            draw_side_house(scene, rng, row, near, far)
    lamps = rng.uniform() < 0.5
    for depth in np.sort(rng.uniform(0.15, 0.75, rng.integers(2, 9))):
        x, foot = vanish_x + rng.uniform(-0.45, 0.45) * depth, vanish_y + (1.0 - vanish_y) * depth
        if lamps and rng.uniform() < 0.4:
            draw_lamp(scene, x, foot, 0.4 * depth)
        else:
            draw_person(scene, rng, x, foot, 0.26 * depth)


def draw_front(scene: Scene, rng: np.random.Generator) -> None:
    """A row of house fronts across the canvas, on a square or a canal."""
    base, canal = rng.uniform(0.66, 0.8), rng.uniform() < 0.5
    scene.focus = (0.5, base - 0.2)
    draw_sky(scene, rng, base - 0.2)
    if rng.uniform() < 0.7:
        draw_tower(scene, rng, rng.uniform(0.2, 0.8), base, rng.uniform(0.5, 0.62))
    scene.add("water" if canal else "stone", box(0, base, 1, 1), pick=rng.uniform(), fade=0.2, texture=0.12)
    left = -0.08
    while left < 1.02:
        wide, high, pick = rng.uniform(0.11, 0.24), rng.uniform(0.22, 0.45), rng.uniform()
        if canal:
            mirrored = box(left, base, left + wide, base + high * 0.55)
            scene.add("wall", mirrored, pick=pick, tone=-0.35, fade=-0.2, distance=0.2, texture=0.3)
        draw_house_front(scene, rng, left, base, wide, high, pick)
        left += wide
    if not canal and rng.uniform() < 0.4:
        for x in np.array([0.12, 0.5, 0.88]) + rng.normal(0, 0.03, 3):
            draw_tree(scene, rng, x, base + 0.07, 0.2, "round", 0.5)
    boat = curve([(-1, -0.3), (1, -0.3), (0, 0.25)])
    for x in rng.uniform(0.05, 0.95, rng.integers(0, 8)):
        foot = base + rng.uniform(0.05, 0.2)
        if canal:
            size = 0.05 + 0.3 * (foot - base)
            scene.add("wood", placed(boat, x, foot, size, size), pick=rng.uniform())
        draw_person(scene, rng, x, foot, 0.06 + 0.35 * (foot - base))


def draw_roofs(scene: Scene, rng: np.random.Generator) -> None:
    """A town on a slope, roof above roof, with a tower or a dome."""
    top, rows = rng.uniform(0.28, 0.42), 5
    scene.focus = (0.5, top + 0.1)
    draw_sky(scene, rng, top)
    tower_row = rng.integers(0, 3)
    for row in range(rows):
        base, size = top + (1.12 - top) * ((row + 1) / rows) ** 1.25, 0.06 + 0.035 * row
        if row == tower_row or rng.uniform() < 0.15:
            draw_tower(scene, rng, rng.uniform(0.15, 0.85), base, rng.uniform(0.3, 0.45))
        left = rng.uniform(-0.1, 0.0)
        while left < 1.0:
            wide = size * rng.uniform(1.0, 1.9)
            draw_roofed_house(scene, rng, left, base, wide, size, 0.5 * (1 - row / rows) ** 2)
            left += wide * rng.uniform(0.9, 1.1)


def draw_roofed_house(
    scene: Scene,
    rng: np.random.Generator,
    left: float,
    base: float,
    wide: float,
    size: float,
    distance: float,
) -> None:
    """A house seen from above its eaves: the roof is most of it."""
    eaves, slant = base - size * rng.uniform(1.1, 2.0), rng.choice((0.1, 0.3, 0.5))
    built = partial(placed, x=left, y=eaves, width=wide, height=size)
    roof = built(polygon((-0.08, 0), (slant, -0.7), (0.4 + slant, -0.7), (1.08, 0)))
    scene.add("roof", roof, pick=rng.uniform(), distance=distance, tone=rng.uniform(-0.2, 0.2))
    wall, tone = box(left, eaves, left + wide, base + 0.1), rng.uniform(-0.3, 0.2)
    scene.add("wall", wall, pick=rng.uniform(), tone=tone, distance=distance)
    panes = [built(box(at, 0.3, at + 0.14, 0.62)) for at in (0.15, 0.43, 0.71)]
    scene.add("window", *panes, distance=distance)
