"""The composition of a cityscape: a street that runs away from us, a front of houses, or roofs from above.

A generator enters, a `Scene` leaves; `genres.py` reads this module.
"""

import numpy as np

from common.data.procedural.landscape import draw_sky, draw_tree
from common.data.procedural.outlines import box, curve, ellipse, polygon, ribbon
from common.data.procedural.scene import Outline, Scene, empty_scene


def cityscape(rng: np.random.Generator) -> Scene:
    """Houses in rows, with windows and roofs, and the people, lamps and water between them."""
    scene = empty_scene(rng)
    kind = rng.choice(["street", "street", "front", "roofs"])
    if kind == "street":
        draw_street(scene, rng)
    if kind == "front":
        draw_front(scene, rng)
    if kind == "roofs":
        draw_roofs(scene, rng)
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
        scene.cast(polygon((vanish_x, vanish_y), (0.5 - np.sign(scene.light[0]) * 0.5, vanish_y), (0.5 - np.sign(scene.light[0]) * 0.6, 1.0)))
    for side in (0.0, 1.0):
        edge, reach = side, abs(side - vanish_x)
        width_at_us = rng.uniform(0.05, 0.3) * reach
        # A house between two depths: depth 1 is the picture plane, depth 0 the vanishing point.
        depths = 0.9 ** np.cumsum(rng.uniform(1.2, 4.0, 7))
        depths = np.concatenate([[1.25], depths[depths > 0.12], [0.1]])
        for far, near in reversed(list(zip(depths[1:], depths[:-1], strict=True))):
            front = edge - np.sign(side - 0.5) * width_at_us
            draw_side_house(scene, rng, (vanish_x, vanish_y), front, near, far, rng.uniform(0.32, 0.62))
    lamps = rng.uniform() < 0.5
    for depth in sorted(rng.uniform(0.15, 0.75, rng.integers(2, 9))):
        x, foot = vanish_x + rng.uniform(-0.45, 0.45) * depth, vanish_y + (1.0 - vanish_y) * depth
        if lamps and rng.uniform() < 0.4:
            draw_lamp(scene, x, foot, 0.4 * depth)
        else:
            draw_person(scene, rng, x, foot, 0.26 * depth)


def draw_side_house(
    scene: Scene,
    rng: np.random.Generator,
    vanish: tuple[float, float],
    front: float,
    near: float,
    far: float,
    height: float,
) -> None:
    """One house of a street: the wall that faces the street from depth `far` to depth `near`."""

    def at(depth: float, level: float) -> tuple[float, float]:
        """Where the wall is at a depth and a level: 0 the street, 1 the eaves."""
        ground = vanish[1] + (1.0 - vanish[1]) * depth
        return vanish[0] + (front - vanish[0]) * depth, ground - (height + 1.0 - vanish[1]) * depth * level

    outward = np.sign(front - vanish[0])
    pick, lit = rng.uniform(), -0.35 if outward == np.sign(scene.light[0]) else 0.2
    distance = 0.45 * (1.0 - min(near, 1.0))
    gable = polygon(at(far, 0), at(far, 1), (at(far, 1)[0] + outward, at(far, 1)[1]), (at(far, 0)[0] + outward, at(far, 0)[1]))
    scene.add("wall", gable, pick=pick, tone=-lit * 0.8, distance=distance)
    wall = polygon(at(near, 0), at(near, 1), at(far, 1), at(far, 0))
    scene.add("wall", wall, pick=pick, tone=lit, texture=0.1, distance=distance, grain=1.5)
    if rng.uniform() < 0.75:
        ridge_near, ridge_far = at(near, rng.uniform(1.12, 1.3)), at(far, 1.2)
        shift = outward * 0.12
        slope = polygon(at(near, 1), (ridge_near[0] + shift * near, ridge_near[1]), (ridge_far[0] + shift * far, ridge_far[1]), at(far, 1))
        scene.add("roof", slope, pick=rng.uniform(), distance=distance)
    floors, columns = rng.integers(3, 6), max(1, round((near - far) / near * rng.uniform(5, 8)))
    holes = []
    for floor in range(1, floors):
        low, high = floor / floors + 0.02, (floor + 0.62) / floors
        for column in range(columns):
            first = near + (far - near) * (column + 0.25) / columns
            last = near + (far - near) * (column + 0.7) / columns
            holes.append(polygon(at(first, low), at(first, high), at(last, high), at(last, low)))
    scene.add("window", *holes, distance=distance * 0.7)
    first, last = near + (far - near) * 0.3, near + (far - near) * 0.6
    top = 0.62 / floors
    scene.add("wood", polygon(at(first, 0), at(first, top), at(last, top), at(last, 0)), pick=rng.uniform(), distance=distance)
    if rng.uniform() < 0.3:
        awning = polygon(at(near, top * 1.2), at(far, top * 1.2), (at(far, top)[0] - outward * 0.06 * far, at(far, top)[1]), (at(near, top)[0] - outward * 0.1 * near, at(near, top)[1]))
        scene.add("cloth", awning, pick=rng.uniform(), tone=0.1)


def draw_front(scene: Scene, rng: np.random.Generator) -> None:
    """A row of house fronts across the canvas, on a square or a canal."""
    base = rng.uniform(0.66, 0.8)
    scene.focus = (0.5, base - 0.2)
    draw_sky(scene, rng, base - 0.2)
    if rng.uniform() < 0.7:
        draw_tower(scene, rng, rng.uniform(0.2, 0.8), base, rng.uniform(0.5, 0.62))
    water = rng.uniform() < 0.5
    scene.add("water" if water else "stone", box(0, base, 1, 1), pick=rng.uniform(), fade=0.2, texture=0.12)
    left = -0.08
    while left < 1.02:
        wide, high = rng.uniform(0.11, 0.24), rng.uniform(0.22, 0.45)
        pick = rng.uniform()
        if water:
            mirrored = box(left, base, left + wide, base + high * 0.55)
            scene.add("wall", mirrored, pick=pick, tone=-0.35, fade=-0.2, distance=0.2, texture=0.3)
        draw_house_front(scene, rng, box(left, base - high, left + wide, base), pick)
        left += wide
    for x in rng.uniform(0.05, 0.95, rng.integers(0, 8)):
        foot = base + rng.uniform(0.05, 0.2)
        if water:
            size = 0.05 + 0.3 * (foot - base)
            scene.add("wood", curve([(x - size, foot - size * 0.3), (x + size, foot - size * 0.3), (x, foot + size * 0.25)]), pick=rng.uniform())
            draw_person(scene, rng, x, foot, size * 1.1)
        else:
            draw_person(scene, rng, x, foot, 0.07 + 0.4 * (foot - base))
    if not water and rng.uniform() < 0.4:
        for x in (0.12, 0.5, 0.88):
            draw_tree(scene, rng, x + rng.normal(0, 0.03), base + 0.07, 0.2, "round", 0.5)


def draw_house_front(scene: Scene, rng: np.random.Generator, front: Outline, pick: float) -> None:
    """A house that faces us: wall, gable, rows of windows, a door."""
    (left, top), (right, base) = front[0], front[2]
    wide = right - left
    kind, roof = rng.choice(["gable", "steps", "flat", "slope"]), rng.uniform()
    if kind == "gable":
        scene.add("wall", polygon((left, top), (left + wide / 2, top - wide * 0.6), (right, top)), pick=pick, tone=-0.08)
        eaves = [(left - 0.01, top + 0.005), (left + wide / 2, top - wide * 0.62), (right + 0.01, top + 0.005)]
        scene.add("roof", ribbon(eaves, [0.025, 0.025, 0.025]), pick=roof)
    if kind == "steps":
        steps = [box(left + wide * inset, top - wide * rise, right - wide * inset, top) for inset, rise in ((0.1, 0.2), (0.22, 0.4), (0.36, 0.6))]
        scene.add("wall", *steps, pick=pick, tone=-0.08)
    if kind == "slope":
        scene.add("roof", polygon((left - 0.01, top), (left + wide * 0.15, top - wide * 0.45), (right - wide * 0.15, top - wide * 0.45), (right + 0.01, top)), pick=roof, fade=-0.2)
        scene.add("clay", box(left + wide * 0.7, top - wide * 0.6, left + wide * 0.82, top - wide * 0.3), pick=roof)
    scene.add("wall", front, pick=pick, tone=rng.uniform(-0.2, 0.2), texture=0.1, grain=1.5)
    if kind == "flat":
        scene.add("stone", box(left - 0.008, top - 0.012, right + 0.008, top + 0.015), pick=roof)
    columns, floors = max(2, round(wide / 0.055)), max(2, round((base - top) / 0.085))
    pane, storey = wide / columns, (base - top) / floors
    spots = [(left + pane * (c + 0.5), top + storey * (f + 0.5)) for c in range(columns) for f in range(floors - 1)]
    scene.add("window", *(box(x - pane * 0.25, y - storey * 0.32, x + pane * 0.25, y + storey * 0.3) for x, y in spots))
    door = left + pane * (rng.integers(columns) + 0.5)
    scene.add("wood", box(door - pane * 0.3, base - storey * 0.85, door + pane * 0.3, base), pick=rng.uniform())


def draw_roofs(scene: Scene, rng: np.random.Generator) -> None:
    """A town on a slope, roof above roof, with a tower or a dome."""
    top = rng.uniform(0.28, 0.42)
    scene.focus = (0.5, top + 0.1)
    draw_sky(scene, rng, top)
    rows = 5
    tower_row = rng.integers(0, 3)
    for row in range(rows):
        base = top + (1.12 - top) * ((row + 1) / rows) ** 1.25
        if row == tower_row or rng.uniform() < 0.15:
            draw_tower(scene, rng, rng.uniform(0.15, 0.85), base, rng.uniform(0.3, 0.45))
        size = 0.06 + 0.035 * row
        left = rng.uniform(-0.1, 0.0)
        distance = 0.5 * (1 - row / rows) ** 2
        while left < 1.0:
            wide, high = size * rng.uniform(1.0, 1.9), size * rng.uniform(1.1, 2.0)
            eaves = base - high
            lean = rng.choice((0.15, 0.5, 0.85))
            peak = polygon((left - 0.01, eaves), (left + wide * lean * 0.6, eaves - size * 0.7), (left + wide * (0.4 + lean * 0.6), eaves - size * 0.7), (left + wide + 0.01, eaves))
            scene.add("roof", peak, pick=rng.uniform(), distance=distance, tone=rng.uniform(-0.2, 0.2))
            scene.add("wall", box(left, eaves, left + wide, base + 0.1), pick=rng.uniform(), tone=rng.uniform(-0.3, 0.2), distance=distance)
            panes = [box(left + wide * at, eaves + size * 0.3, left + wide * (at + 0.14), eaves + size * 0.62) for at in (0.15, 0.43, 0.71)]
            scene.add("window", *panes, distance=distance)
            left += wide * rng.uniform(0.9, 1.1)


def draw_tower(scene: Scene, rng: np.random.Generator, x: float, base: float, high: float) -> None:
    """A church tower, a campanile or a dome."""
    kind, half, pick = rng.choice(["spire", "campanile", "dome"]), high * rng.uniform(0.1, 0.14), rng.uniform()
    top = base - high * 0.65
    if kind == "dome":
        half *= 2.0
        scene.add("roof", curve([(x - half, top), (x - half * 0.75, top - half), (x, top - half * 1.5), (x + half * 0.75, top - half), (x + half, top)]), pick=pick, swell=(0.9, 0.5), distance=0.2)
        scene.add("roof", ribbon([(x, top - half * 1.3), (x, top - half * 2.2)], [half * 0.2, half * 0.03]), pick=pick)
    if kind == "spire":
        scene.add("roof", polygon((x - half * 1.1, top), (x, base - high * 1.1), (x + half * 1.1, top)), pick=pick, swell=(0.9, 0), distance=0.2)
    if kind == "campanile":
        scene.add("roof", polygon((x - half * 1.1, top), (x, top - half * 1.6), (x + half * 1.1, top)), pick=pick, swell=(0.9, 0), distance=0.2)
    scene.add("wall", box(x - half, top, x + half, base), pick=rng.uniform(), swell=(0.8, 0), distance=0.2)
    arches = [box(x + half * at - half * 0.18, top + half * 0.4, x + half * at + half * 0.18, top + half * 1.3) for at in (-0.4, 0.4)]
    scene.add("window", *arches, distance=0.15)


def draw_person(scene: Scene, rng: np.random.Generator, x: float, foot: float, high: float) -> None:
    """A passer-by, a few touches of colour."""
    coat = [(-0.13, 0.0), (-0.19, -0.45), (-0.12, -0.78), (0.12, -0.78), (0.19, -0.45), (0.13, 0.0)]
    material = rng.choice(["cloth", "ink"])
    scene.add(material, np.array(coat) * high + (x, foot), pick=rng.uniform(), swell=(0.6, 0))
    scene.add("skin", ellipse(x, foot - 0.88 * high, 0.085 * high, 0.11 * high, corners=10))
    scene.cast(ellipse(x - np.sign(scene.light[0]) * 0.3 * high, foot, 0.4 * high, 0.05 * high))


def draw_lamp(scene: Scene, x: float, foot: float, high: float) -> None:
    scene.add("ink", ribbon([(x, foot), (x, foot - high * 0.85)], [high * 0.05, high * 0.035]))
    scene.add("sun", ellipse(x, foot - high * 0.92, high * 0.07, high * 0.1, corners=10))
