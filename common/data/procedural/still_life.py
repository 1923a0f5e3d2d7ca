"""The composition of a still life: a table, a wall, and three to eight things in order.

A generator enters, a `Scene` leaves; `genres.py` reads this module.
"""

from collections.abc import Callable

import numpy as np

from common.data.procedural.outlines import blob, box, curve, ellipse, lathe, polygon, ribbon
from common.data.procedural.scene import Scene, empty_scene


def still_life(rng: np.random.Generator) -> Scene:
    """Tall things behind, bowls and plates in the middle, fruit and small things before them."""
    scene = empty_scene(rng)
    edge = rng.uniform(0.5, 0.68)
    scene.focus = (0.5, edge)
    draw_room(scene, rng, edge)
    size = rng.uniform(0.8, 1.1)
    tall = [draw_bottle, draw_jug, draw_vase_with_flowers, draw_candle, draw_vase_with_flowers, draw_bottle]
    middle = [draw_bowl, draw_glass, draw_bread, draw_bowl, draw_books, draw_jug]
    small = [draw_fruit, draw_fruit, draw_fruit, draw_grapes, draw_cut_melon]
    for things, low, high, count, scale in (
        (tall, edge + 0.05, edge + 0.1, rng.integers(1, 4), 1.0),
        (middle, edge + 0.12, edge + 0.18, rng.integers(1, 3), 1.0),
        (small, edge + 0.2, min(edge + 0.3, 0.95), rng.integers(1, 5), 1.0),
    ):
        places = spread(rng, int(count))
        for x, base in zip(places, np.sort(rng.uniform(low, high, int(count))), strict=True):
            thing: Draw = things[rng.integers(len(things))]
            thing(scene, rng, x, float(base), size * scale * rng.uniform(0.85, 1.15))
    return scene


Draw = Callable[[Scene, np.random.Generator, float, float, float], None]
"""Draws a thing into the scene, standing at x on a base, at a scale around 1."""


def spread(rng: np.random.Generator, count: int) -> list[float]:
    """Places from left to right, in random order, that do not crowd one another."""
    slots = (np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)) / count
    return [0.12 + 0.76 * float(x) for x in rng.permutation(slots)]


def draw_room(scene: Scene, rng: np.random.Generator, edge: float) -> None:
    """Wall, perhaps with a curtain or a window, and the table, perhaps with a cloth."""
    scene.add("backdrop", box(0, 0, 1, 1), pick=rng.uniform(), tone=rng.uniform(-0.2, 0.3), texture=0.12, fade=0.15)
    kind = rng.choice(["plain", "plain", "curtain", "window", "niche"])
    side = rng.choice((0.0, 1.0))
    if kind == "curtain":
        pick = rng.uniform()
        for fold in range(6):
            x = abs(side - 0.07 * fold)
            strip = ribbon([(x, -0.1), (x + rng.uniform(-0.03, 0.03), 0.3), (abs(side - 0.045 * fold), edge + 0.03)], [0.1, 0.09, 0.06])
            scene.add("cloth", strip, pick=pick, swell=(0.9, 0), grain=1.4, tone=-0.1)
    if kind == "window":
        left = 0.05 + side * 0.6
        scene.add("wood", box(left, 0.04, left + 0.3, edge - 0.12), pick=rng.uniform())
        scene.add("sky", box(left + 0.025, 0.06, left + 0.14, edge - 0.14), box(left + 0.16, 0.06, left + 0.275, edge - 0.14), pick=rng.uniform(), fade=0.3)
    if kind == "niche":
        scene.add("wall", box(0, 0, 0.12, 1), box(0.88, 0, 1, 1), box(0, 0, 1, 0.08), pick=rng.uniform(), tone=-0.1)
    cloth, slant = rng.uniform() < 0.6, rng.uniform(-0.03, 0.03)
    front = rng.uniform(0.88, 1.0)
    top = polygon((-0.05, edge + slant), (1.05, edge - slant), (1.05, front), (-0.05, front))
    scene.add("wood", top, pick=rng.uniform(), fade=0.15, texture=0.1, grain=0.05)
    scene.add("wood", box(0, front, 1, 1.05), pick=rng.uniform(), tone=-0.5)
    if cloth:
        material, pick = ("linen" if rng.uniform() < 0.55 else "cloth"), rng.uniform()
        left, right = rng.uniform(-0.1, 0.3), rng.uniform(0.65, 1.1)
        sheet = polygon((left + 0.08, edge + 0.04), (right - 0.08, edge + 0.03), (right + 0.05, front), (right - 0.05, 1.1), (left + 0.05, 1.1), (left - 0.08, front))
        scene.add(material, sheet, pick=pick, texture=0.14, fade=0.1)
        for x in rng.uniform(left, right, 5):
            fold = ribbon([(x, front - rng.uniform(0.02, 0.2)), (x + 0.02, front + 0.02), (x + rng.uniform(-0.03, 0.04), 1.1)], [0.005, 0.03, 0.05])
            scene.add(material, fold, pick=pick, tone=rng.choice((-0.4, 0.35)), grain=1.4, modelling=True)


def ground_shadow(scene: Scene, x: float, base: float, half: float) -> None:
    away = -np.sign(scene.light[0])
    scene.cast(ellipse(x + away * half * 1.0, base - half * 0.05, half * 1.5, half * 0.32))


def shine(scene: Scene, x: float, y: float, size: float, tall: float = 1.0) -> None:
    """The window of the studio, mirrored in something smooth."""
    scene.add("foam", ellipse(x + np.sign(scene.light[0]) * size * 1.6, y, size * 0.4, size * 0.6 * tall, corners=9), tone=0.2)


def draw_bottle(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half = rng.uniform(0.32, 0.46) * scale, rng.uniform(0.05, 0.07) * scale
    shoulder = rng.uniform(0.32, 0.5)
    profile = [(0.0, half * 0.36), (shoulder * 0.7, half * 0.36), (shoulder, half * 0.85), (shoulder + 0.08, half), (0.97, half), (1.0, half * 0.9)]
    ground_shadow(scene, x, base, half)
    scene.add(rng.choice(["glass", "glass", "clay"]), lathe(x, base - high, base, profile), pick=rng.uniform(), swell=(1, 0), grain=1.5)
    if rng.uniform() < 0.5:
        scene.add("linen", box(x - half * 0.9, base - high * 0.4, x + half * 0.9, base - high * 0.15), swell=(0.9, 0))
    shine(scene, x, base - high * 0.5, half * 0.25, 4.0)


def draw_jug(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half = rng.uniform(0.2, 0.32) * scale, rng.uniform(0.075, 0.11) * scale
    neck = rng.uniform(0.45, 0.75)
    profile = [(0.0, half * neck * 1.15), (0.15, half * neck), (0.4, half * 0.9), (0.65, half), (0.88, half * 0.8), (1.0, half * 0.65)]
    pick, material, side = rng.uniform(), rng.choice(["clay", "clay", "metal"]), rng.choice((-1.0, 1.0))
    ground_shadow(scene, x, base, half)
    top = base - high
    handle = [(x + side * half * 0.5, top + high * 0.1), (x + side * half * 1.5, top + high * 0.2), (x + side * half * 0.9, top + high * 0.6)]
    scene.add(material, ribbon(handle, [half * 0.22] * 3), pick=pick, tone=-0.15)
    scene.add(material, lathe(x, top, base, profile), pick=pick, swell=(1, 0.3), grain=1.5)
    scene.add(material, ellipse(x, top, half * neck * 1.15, half * 0.22), pick=pick, tone=-0.6)
    shine(scene, x, base - high * 0.42, half * 0.25, 1.6)


def draw_vase_with_flowers(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half = rng.uniform(0.16, 0.24) * scale, rng.uniform(0.05, 0.08) * scale
    top, reach = base - high, rng.uniform(0.11, 0.17) * scale
    ground_shadow(scene, x, base, half)
    heart = top - reach * 0.9
    leaves = [blob(rng, x + dx, heart + dy, reach * 0.5, reach * 0.35) for dx, dy in rng.normal(0, reach * 0.55, (7, 2))]
    scene.add("foliage", *leaves, pick=rng.uniform(), texture=0.4, swell=(0.4, 0.4))
    scene.add("foliage", polygon((x - half * 0.5, top), (x - reach * 0.5, heart), (x + reach * 0.5, heart), (x + half * 0.5, top)), pick=rng.uniform())
    profile = [(0.0, half * 0.75), (0.2, half * 0.6), (0.6, half), (1.0, half * 0.6)]
    scene.add(rng.choice(["clay", "glass", "metal"]), lathe(x, top, base, profile), pick=rng.uniform(), swell=(1, 0.2))
    kinds = rng.uniform(0, 1, 3)
    for dx, dy in rng.normal(0, reach * 0.62, (rng.integers(7, 14), 2)):
        size = rng.uniform(0.02, 0.042) * scale
        bloom = blob(rng, x + dx, heart + dy, size, size * rng.uniform(0.7, 1.0), 0.25)
        scene.add("flower", bloom, pick=float(rng.choice(kinds)), swell=(0.7, 0.7), texture=0.35)
        scene.add("sun", ellipse(x + dx, heart + dy, size * 0.28, size * 0.25, corners=8), tone=-0.2)


def draw_candle(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high = rng.uniform(0.26, 0.36) * scale
    ground_shadow(scene, x, base, 0.05 * scale)
    foot = lathe(x, base - high * 0.45, base, [(0, 0.03 * scale), (0.15, 0.012 * scale), (0.75, 0.014 * scale), (1, 0.06 * scale)])
    scene.add("metal", foot, pick=rng.uniform(), swell=(1, 0))
    scene.add("linen", box(x - 0.016 * scale, base - high * 0.9, x + 0.016 * scale, base - high * 0.44), swell=(0.9, 0))
    flame = curve([(x, base - high * 1.12), (x + 0.015 * scale, base - high * 0.97), (x, base - high * 0.9), (x - 0.015 * scale, base - high * 0.97)])
    scene.add("sun", flame, tone=0.4)


def draw_bowl(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    half, high = rng.uniform(0.13, 0.18) * scale, rng.uniform(0.07, 0.1) * scale
    top, pick, material = base - high, rng.uniform(), rng.choice(["clay", "clay", "metal", "linen"])
    ground_shadow(scene, x, base, half * 0.8)
    scene.add(material, ellipse(x, top, half, half * 0.24), pick=pick, tone=-0.5)
    fruit = rng.uniform(0, 1, 2)
    for row, count in ((0.0, 4), (1.0, 3)):
        for place in np.linspace(-0.6 + 0.2 * row, 0.6 - 0.2 * row, count) + rng.normal(0, 0.06, count):
            size = half * rng.uniform(0.24, 0.33)
            y = top - size * (0.35 + 1.1 * row) + rng.normal(0, 0.005)
            scene.add("fruit", ellipse(x + place * half, y, size, size * 0.95), pick=float(rng.choice(fruit)), swell=(1, 1), grain=place)
            shine(scene, x + place * half, y - size * 0.4, size * 0.22)
    profile = [(0.0, half), (0.35, half * 0.9), (0.75, half * 0.6), (1.0, half * 0.4)]
    scene.add(material, lathe(x, top, base, profile), pick=pick, swell=(1, 0.4))


def draw_glass(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half = rng.uniform(0.16, 0.22) * scale, rng.uniform(0.038, 0.05) * scale
    ground_shadow(scene, x, base, half)
    top = base - high
    scene.add("glass", lathe(x, top, base, [(0, half), (0.4, half * 0.95), (0.56, half * 0.15), (0.9, half * 0.13), (1, half * 0.8)]), pick=rng.uniform(), swell=(0.8, 0), tone=0.25)
    scene.add("fruit", lathe(x, top + high * 0.16, top + high * 0.5, [(0, half * 0.88), (0.7, half * 0.75), (1, half * 0.2)]), pick=rng.uniform(), tone=-0.15)
    shine(scene, x, top + high * 0.22, half * 0.3, 2.0)


def draw_bread(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    half, high = rng.uniform(0.1, 0.15) * scale, rng.uniform(0.045, 0.06) * scale
    ground_shadow(scene, x, base, half * 0.8)
    scene.add("earth", blob(rng, x, base - high * 0.8, half, high, 0.06), pick=rng.uniform(), swell=(0.8, 1), texture=0.2)
    cuts = [ribbon([(x + at * half - 0.012, base - high * 0.7), (x + at * half + 0.012, base - high * 1.5)], [0.008, 0.012]) for at in (-0.4, 0.0, 0.4)]
    scene.add("wood", *cuts)


def draw_books(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    ground_shadow(scene, x, base, 0.1 * scale)
    for _ in range(rng.integers(1, 4)):
        thick, half, shift = rng.uniform(0.028, 0.04) * scale, rng.uniform(0.1, 0.14) * scale, rng.normal(0, 0.012)
        scene.add("cloth", box(x - half + shift, base - thick, x + half + shift, base), pick=rng.uniform())
        scene.add("linen", box(x - half * 0.8 + shift, base - thick * 0.8, x + half + shift, base - thick * 0.25), tone=-0.15)
        base -= thick


def draw_fruit(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    size, pick = rng.uniform(0.04, 0.06) * scale, rng.uniform()
    for at in rng.uniform(-0.07, 0.07, rng.integers(1, 4)):
        ground_shadow(scene, x + at, base, size * 0.8)
        if rng.uniform() < 0.3:
            pear = [(0, -1.5), (0.35, -1.1), (0.5, -0.4), (0.95, 0.3), (0.6, 0.9), (-0.6, 0.9), (-0.95, 0.3), (-0.5, -0.4), (-0.35, -1.1)]
            outline = curve(np.array(pear) * size + (x + at, base - size * 0.85), 3)
        else:
            outline = ellipse(x + at, base - size * 0.9, size, size * rng.uniform(0.88, 1.0))
        scene.add("fruit", outline, pick=pick, swell=(1, 1), grain=rng.uniform(0, 3))
        scene.add("trunk", ribbon([(x + at, base - size * 1.7), (x + at + 0.006, base - size * 2.1)], [0.007, 0.005]))
        shine(scene, x + at, base - size * 1.3, size * 0.22)


def draw_grapes(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    pick, size = rng.uniform(), 0.021 * scale
    ground_shadow(scene, x, base, 0.07 * scale)
    for dx, dy in sorted(rng.uniform((-0.08, -0.065), (0.08, 0.0), (14, 2)).tolist(), key=lambda place: place[1]):
        scene.add("fruit", ellipse(x + dx * scale, base + (dy - 0.015) * scale, size, size, corners=12), pick=pick, tone=rng.uniform(-0.3, 0.1), swell=(1, 1))


def draw_cut_melon(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    half = rng.uniform(0.075, 0.1) * scale
    ground_shadow(scene, x, base, half)
    rind = [(x - half, base - half * 0.75), (x + half, base - half * 0.75), (x + half * 0.6, base - half * 0.1), (x - half * 0.6, base - half * 0.1)]
    scene.add("foliage", curve(rind), pick=rng.uniform(), swell=(0.8, 0.5))
    scene.add("fruit", ellipse(x, base - half * 0.8, half, half * 0.3), pick=rng.uniform(), tone=0.2)
    scene.add("ink", *(ellipse(x + half * at, base - half * 0.8, 0.005, 0.005, corners=6) for at in (-0.5, -0.2, 0.15, 0.5)))
