"""The parts of a town: houses along a street or facing us, towers, lamps, people.

The functions add shapes to a scene; `cityscape.py` and `landscape.py` read this module.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from common.preparing.procedural.outlines import box, curve, ellipse, placed, polygon, ribbon
from common.preparing.procedural.scene import Outline, Scene


@dataclass(frozen=True, kw_only=True)
class Row:
    """A side of a street: house fronts in one plane that runs to the vanishing point."""

    vanish_x: float
    vanish_y: float
    front: float
    """Where the plane meets the bottom of the picture."""

    @property
    def outward(self) -> float:
        """Direction away from the street: -1 for the left row, 1 for the right row."""
        return float(np.sign(self.front - self.vanish_x))

    def at(self, depth: float, height: float, beside: float = 0.0) -> tuple[float, float]:
        """Return the point on the canvas. `depth` is 0 at the vanishing point and 1 at the viewer."""
        x = self.vanish_x + (self.front - self.vanish_x + beside * self.outward) * depth
        return x, self.vanish_y + (1.0 - self.vanish_y - height) * depth

    def pane(self, near: float, far: float, low: float, high: float) -> Outline:
        """Return a rectangle on the house fronts, between two depths and two heights."""
        return polygon(self.at(near, low), self.at(near, high), self.at(far, high), self.at(far, low))


def draw_side_house(scene: Scene, rng: np.random.Generator, row: Row, near: float, far: float) -> None:
    """One house of a street between two depths: front, side, roof, windows, door, perhaps an awning."""
    high, pick, distance = rng.uniform(0.7, 1.1), rng.uniform(), 0.45 * (1.0 - min(near, 1.0))
    lit = -0.35 if row.outward == np.sign(scene.light[0]) else 0.2
    side = polygon(row.at(far, 0), row.at(far, high), row.at(far, high, 9), row.at(far, 0, 9))
    scene.add("wall", side, pick=pick, tone=-lit * 0.8, distance=distance)
    front = row.pane(near, far, 0, high)
    scene.add("wall", front, pick=pick, tone=lit, texture=0.1, distance=distance, grain=1.5)
    if rng.uniform() < 0.75:
        ridge = high * rng.uniform(1.12, 1.3)
        slope = polygon(row.at(near, high), row.at(near, ridge, 0.12), row.at(far, ridge, 0.12), row.at(far, high))
        scene.add("roof", slope, pick=rng.uniform(), distance=distance)
    floors, columns = int(rng.integers(3, 6)), max(1, round((near - far) / near * rng.uniform(5, 8)))
    storey, bay = high / floors, (far - near) / columns
    panes = [
        row.pane(near + bay * (column + 0.25), near + bay * (column + 0.7), storey * floor, storey * (floor + 0.6))
        for floor in range(1, floors)
        for column in range(columns)
    ]
    scene.add("window", *panes, distance=distance * 0.7)
    door = row.pane(near + (far - near) * 0.3, near + (far - near) * 0.6, 0, storey * 0.62)
    scene.add("wood", door, pick=rng.uniform(), distance=distance)
    if rng.uniform() < 0.3:
        top, hem = storey * 0.75, storey * 0.6
        awning = polygon(row.at(near, top), row.at(far, top), row.at(far, hem, -0.1), row.at(near, hem, -0.1))
        scene.add("cloth", awning, pick=rng.uniform(), tone=0.1)


def draw_house_front(
    scene: Scene, rng: np.random.Generator, left: float, base: float, wide: float, high: float, pick: float
) -> None:
    """A house that faces us: gable, wall, rows of windows, a door."""
    gables = [draw_gable, draw_steps, draw_cornice, draw_slope]
    gables[rng.integers(len(gables))](scene, rng, left, base - high, wide, pick)
    wall = box(left, base - high, left + wide, base)
    scene.add("wall", wall, pick=pick, tone=rng.uniform(-0.2, 0.2), texture=0.1, grain=1.5)
    columns, floors = max(2, round(wide / 0.055)), max(2, round(high / 0.085))
    bay, storey = wide / columns, high / floors
    pane = box(0.25, 0.18, 0.75, 0.8)
    panes = [
        placed(pane, left + bay * column, base - high + storey * floor, bay, storey)
        for column in range(columns)
        for floor in range(floors - 1)
    ]
    scene.add("window", *panes)
    door = placed(box(0.2, -0.85, 0.8, 0.0), left + bay * int(rng.integers(columns)), base, bay, storey)
    scene.add("wood", door, pick=rng.uniform())


def draw_gable(scene: Scene, rng: np.random.Generator, left: float, top: float, wide: float, pick: float) -> None:
    above = partial(placed, x=left, y=top, width=wide, height=wide)
    scene.add("wall", above(polygon((0, 0), (0.5, -0.6), (1, 0))), pick=pick, tone=-0.08)
    eaves = ribbon([(-0.05, 0.03), (0.5, -0.62), (1.05, 0.03)], [0.14, 0.14, 0.14])
    scene.add("roof", above(eaves), pick=rng.uniform())


def draw_steps(scene: Scene, rng: np.random.Generator, left: float, top: float, wide: float, pick: float) -> None:
    steps = [box(inset, -rise, 1 - inset, 0) for inset, rise in ((0.1, 0.2), (0.22, 0.4), (0.36, 0.6))]
    scene.add("wall", *(placed(step, left, top, wide, wide) for step in steps), pick=pick, tone=-0.08)


def draw_cornice(scene: Scene, rng: np.random.Generator, left: float, top: float, wide: float, pick: float) -> None:
    ledge = box(left - 0.008, top - 0.02, left + wide + 0.008, top + 0.01)
    scene.add("stone", ledge, pick=rng.uniform())


def draw_slope(scene: Scene, rng: np.random.Generator, left: float, top: float, wide: float, pick: float) -> None:
    """A hipped roof with a chimney."""
    above, roof = partial(placed, x=left, y=top, width=wide, height=wide), rng.uniform()
    scene.add("clay", above(box(0.68, -0.62, 0.8, -0.2)), pick=roof)
    slope = polygon((-0.05, 0), (0.15, -0.45), (0.85, -0.45), (1.05, 0))
    scene.add("roof", above(slope), pick=roof, fade=-0.2)


def draw_tower(scene: Scene, rng: np.random.Generator, x: float, base: float, high: float) -> None:
    """A church tower, a campanile or a dome."""
    kind, pick = rng.choice(["spire", "campanile", "dome"]), rng.uniform()
    half = high * rng.uniform(0.1, 0.14) * (2.0 if kind == "dome" else 1.0)
    above = partial(placed, x=x, y=base - 0.65 * high, width=half, height=half)
    if kind == "dome":
        shell = curve([(-1, 0), (-0.75, -1), (0, -1.5), (0.75, -1), (1, 0)])
        lantern = ribbon([(0, -1.3), (0, -2.2)], [0.2, 0.03])
        scene.add("roof", above(shell), above(lantern), pick=pick, swell=(0.9, 0.5), distance=0.2)
    else:
        point = -4.0 if kind == "spire" else -1.6
        roof = polygon((-1.1, 0), (0, point), (1.1, 0))
        scene.add("roof", above(roof), pick=pick, swell=(0.9, 0), distance=0.2)
    wall = box(x - half, base - 0.65 * high, x + half, base)
    scene.add("wall", wall, pick=rng.uniform(), swell=(0.8, 0), distance=0.2)
    arches = [above(box(at - 0.18, 0.4, at + 0.18, 1.3)) for at in (-0.4, 0.4)]
    scene.add("window", *arches, distance=0.15)


def draw_cottage(scene: Scene, rng: np.random.Generator, x: float, base: float) -> None:
    """A farm house, or a village church with its tower, in open country."""
    size, wall, roof = rng.uniform(0.045, 0.085), rng.uniform(), rng.uniform()
    built = partial(placed, x=x, y=base, width=size, height=size)
    if rng.uniform() < 0.4:
        scene.add("wall", built(box(-1.1, -2.2, -0.5, 0)), pick=wall, swell=(0.8, 0))
        scene.add("roof", built(polygon((-1.2, -2.2), (-0.8, -3.6), (-0.4, -2.2))), pick=roof, swell=(0.8, 0))
    scene.add("wall", built(box(-1, -0.9, 1, 0)), pick=wall, tone=0.1)
    slope = polygon((-1.15, -0.85), (-0.8, -1.6), (0.8, -1.6), (1.15, -0.85))
    scene.add("roof", built(slope), pick=roof)
    scene.add("window", *(built(box(at, -0.6, at + 0.25, -0.25)) for at in (-0.7, -0.1, 0.5)))


def draw_person(scene: Scene, rng: np.random.Generator, x: float, foot: float, high: float) -> None:
    """A passer-by, a few touches of colour."""
    standing = partial(placed, x=x, y=foot, width=high, height=high)
    coat = polygon((-0.13, 0), (-0.19, -0.45), (-0.12, -0.78), (0.12, -0.78), (0.19, -0.45), (0.13, 0))
    scene.add(rng.choice(["cloth", "ink"]), standing(coat), pick=rng.uniform(), swell=(0.6, 0))
    scene.add("skin", standing(ellipse(0, -0.88, 0.085, 0.11, corners=10)))
    scene.cast(standing(ellipse(-0.3 * np.sign(scene.light[0]), 0, 0.4, 0.05)))


def draw_lamp(scene: Scene, x: float, foot: float, high: float) -> None:
    standing = partial(placed, x=x, y=foot, width=high, height=high)
    scene.add("ink", standing(ribbon([(0, 0), (0, -0.85)], [0.05, 0.035])))
    scene.add("sun", standing(ellipse(0, -0.92, 0.07, 0.1, corners=10)))
