"""The things that stand on the table of a still life.

The functions add shapes to a scene; `still_life.py` reads this module. Each thing stands at `x`
with its foot on `base`, in canvas units, and has its usual size at scale 1. A profile lists, from the top
down, (share of the height, share of the half width).
"""

from functools import partial

import numpy as np

from common.preparing.procedural.outlines import blob, box, curve, ellipse, lathe, placed, polygon, ribbon
from common.preparing.procedural.scene import Scene


def draw_bottle(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half, shoulder = (
        rng.uniform(0.32, 0.46) * scale,
        rng.uniform(0.05, 0.07) * scale,
        rng.uniform(0.32, 0.5),
    )
    neck = [(0.0, 0.36), (shoulder * 0.7, 0.36), (shoulder, 0.85), (shoulder + 0.08, 1.0)]
    body = lathe(x, base - high, base, half, [*neck, (0.97, 1.0), (1.0, 0.9)])
    ground_shadow(scene, x, base, half)
    scene.add(rng.choice(["glass", "glass", "clay"]), body, pick=rng.uniform(), swell=(1, 0), grain=1.5)
    if rng.uniform() < 0.5:
        label = placed(box(-0.9, -0.4, 0.9, -0.15), x, base, half, high)
        scene.add("linen", label, swell=(0.9, 0))
    shine(scene, x, base - high * 0.5, half * 0.25, 4.0)


def draw_jug(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half, neck = (
        rng.uniform(0.2, 0.32) * scale,
        rng.uniform(0.075, 0.11) * scale,
        rng.uniform(0.45, 0.75),
    )
    pick, material = rng.uniform(), rng.choice(["clay", "clay", "metal"])
    profile = [(0.0, neck * 1.15), (0.15, neck), (0.4, 0.9), (0.65, 1.0), (0.88, 0.8), (1.0, 0.65)]
    bow = [(0.5, -0.9), (1.5, -0.8), (0.9, -0.4)]
    handle = ribbon(placed(bow, x, base, rng.choice((-1.0, 1.0)) * half, high), [half * 0.22] * 3)
    ground_shadow(scene, x, base, half)
    scene.add(material, handle, pick=pick, tone=-0.15)
    scene.add(material, lathe(x, base - high, base, half, profile), pick=pick, swell=(1, 0.3), grain=1.5)
    scene.add(material, ellipse(x, base - high, half * neck * 1.15, half * 0.22), pick=pick, tone=-0.6)
    shine(scene, x, base - high * 0.42, half * 0.25, 1.6)


def draw_flowers(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    """A vase with leaves and blooms of two or three kinds."""
    high, half = rng.uniform(0.16, 0.24) * scale, rng.uniform(0.05, 0.08) * scale
    reach = rng.uniform(0.11, 0.17) * scale
    top, heart, green = base - high, base - high - reach * 0.9, rng.uniform()
    stems = polygon((x - half * 0.5, top), (x - reach * 0.5, heart), (x + reach * 0.5, heart), (x + half * 0.5, top))
    places = rng.normal((x, heart), reach * 0.55, (7, 2))
    leaves = [blob(rng, leaf_x, leaf_y, reach * 0.5, reach * 0.35) for leaf_x, leaf_y in places]
    vase = lathe(x, top, base, half, [(0.0, 0.75), (0.2, 0.6), (0.6, 1.0), (1.0, 0.6)])
    ground_shadow(scene, x, base, half)
    scene.add("foliage", *leaves, stems, pick=green, texture=0.4, swell=(0.4, 0.4))
    scene.add(rng.choice(["clay", "glass", "metal"]), vase, pick=rng.uniform(), swell=(1, 0.2))
    kinds = rng.uniform(0, 1, 3)
    for bloom_x, bloom_y in rng.normal((x, heart), reach * 0.62, (rng.integers(7, 14), 2)):
        size = rng.uniform(0.02, 0.042) * scale
        bloom = blob(rng, bloom_x, bloom_y, size, size * rng.uniform(0.7, 1.0), 0.25)
        scene.add("flower", bloom, pick=float(rng.choice(kinds)), swell=(0.7, 0.7), texture=0.35)
        scene.add("sun", ellipse(bloom_x, bloom_y, size * 0.28, size * 0.25, corners=8), tone=-0.2)


def draw_candle(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half = rng.uniform(0.26, 0.36) * scale, 0.06 * scale
    stick = lathe(x, base - high * 0.45, base, half, [(0.0, 0.5), (0.15, 0.2), (0.75, 0.23), (1.0, 1.0)])
    flame = curve([(0.0, -1.12), (0.25, -0.97), (0.0, -0.9), (-0.25, -0.97)])
    ground_shadow(scene, x, base, half)
    scene.add("metal", stick, pick=rng.uniform(), swell=(1, 0))
    scene.add("linen", placed(box(-0.27, -0.9, 0.27, -0.44), x, base, half, high), swell=(0.9, 0))
    scene.add("sun", placed(flame, x, base, half, high), tone=0.4)


def draw_bowl(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    """A bowl heaped with fruit."""
    half, high = rng.uniform(0.13, 0.18) * scale, rng.uniform(0.07, 0.1) * scale
    top, pick, material = base - high, rng.uniform(), rng.choice(["clay", "clay", "metal", "linen"])
    ground_shadow(scene, x, base, half * 0.8)
    scene.add(material, ellipse(x, top, half, half * 0.24), pick=pick, tone=-0.5)
    kinds = rng.uniform(0, 1, 2)
    for lift, count in ((0.35, 4), (1.45, 3)):
        for place in (np.arange(count) - (count - 1) / 2) * 0.4 + rng.normal(0, 0.06, count):
            size = half * rng.uniform(0.24, 0.33)
            fruit_x, fruit_y = x + place * half, top - size * lift
            fruit = ellipse(fruit_x, fruit_y, size, size * 0.95)
            scene.add("fruit", fruit, pick=float(rng.choice(kinds)), swell=(1, 1), grain=place)
            shine(scene, fruit_x, fruit_y - size * 0.4, size * 0.22)
    bowl = lathe(x, top, base, half, [(0.0, 1.0), (0.35, 0.9), (0.75, 0.6), (1.0, 0.4)])
    scene.add(material, bowl, pick=pick, swell=(1, 0.4))


def draw_glass(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    high, half = rng.uniform(0.16, 0.22) * scale, rng.uniform(0.038, 0.05) * scale
    top = base - high
    glass = lathe(x, top, base, half, [(0.0, 1.0), (0.4, 0.95), (0.56, 0.15), (0.9, 0.13), (1.0, 0.8)])
    wine = lathe(x, top + high * 0.16, top + high * 0.5, half, [(0.0, 0.88), (0.7, 0.75), (1.0, 0.2)])
    ground_shadow(scene, x, base, half)
    scene.add("glass", glass, pick=rng.uniform(), swell=(0.8, 0), tone=0.25)
    scene.add("fruit", wine, pick=rng.uniform(), tone=-0.15)
    shine(scene, x, top + high * 0.22, half * 0.3, 2.0)


def draw_bread(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    half, high = rng.uniform(0.1, 0.15) * scale, rng.uniform(0.045, 0.06) * scale
    loaf = blob(rng, x, base - high * 0.8, half, high, 0.06)
    cuts = [ribbon([(at - 0.1, -0.7), (at + 0.1, -1.5)], [0.08, 0.12]) for at in (-0.4, 0.0, 0.4)]
    ground_shadow(scene, x, base, half * 0.8)
    scene.add("earth", loaf, pick=rng.uniform(), swell=(0.8, 1), texture=0.2)
    scene.add("wood", *(placed(cut, x, base, half, high) for cut in cuts))


def draw_books(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    """A pile of one to three."""
    ground_shadow(scene, x, base, 0.1 * scale)
    for _ in range(rng.integers(1, 4)):
        thick, half = rng.uniform(0.028, 0.04) * scale, rng.uniform(0.1, 0.14) * scale
        lying = partial(placed, x=x + rng.normal(0, 0.012), y=base, width=half, height=thick)
        scene.add("cloth", lying(box(-1, -1, 1, 0)), pick=rng.uniform())
        scene.add("linen", lying(box(-0.8, -0.8, 1, -0.25)), tone=-0.15)
        base -= thick


def draw_fruit(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    """One to three of a kind: round, or pears."""
    size, pick, pears = rng.uniform(0.04, 0.06) * scale, rng.uniform(), rng.uniform() < 0.3
    right = [(0.35, -1.95), (0.5, -1.25), (0.95, -0.55), (0.6, 0.0)]
    pear = curve([(0.0, -2.3), *right, *((-a, b) for a, b in reversed(right))], 3)
    for at in x + rng.uniform(-0.07, 0.07, rng.integers(1, 4)):
        outline = pear if pears else ellipse(0, -0.9, 1, rng.uniform(0.88, 1.0))
        ground_shadow(scene, at, base, size * 0.8)
        scene.add("trunk", placed(ribbon([(0, -1.7), (0.1, -2.5)], [0.14, 0.1]), at, base, size, size))
        scene.add("fruit", placed(outline, at, base, size, size), pick=pick, swell=(1, 1), grain=rng.uniform(0, 3))
        shine(scene, at, base - size * 1.3, size * 0.22)


def draw_grapes(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    pick, size = rng.uniform(), 0.021 * scale
    ground_shadow(scene, x, base, 0.07 * scale)
    heights = np.sort(rng.uniform(-4.0, -0.8, 14))
    for across, height in zip(rng.uniform(-3.8, 3.8, 14), heights, strict=True):
        grape = placed(ellipse(across, height, 1, 1, corners=12), x, base, size, size)
        scene.add("fruit", grape, pick=pick, tone=rng.uniform(-0.3, 0.1), swell=(1, 1))


def draw_cut_melon(scene: Scene, rng: np.random.Generator, x: float, base: float, scale: float) -> None:
    half = rng.uniform(0.075, 0.1) * scale
    lying = partial(placed, x=x, y=base, width=half, height=half)
    ground_shadow(scene, x, base, half)
    rind = curve([(-1, -0.75), (1, -0.75), (0.6, -0.1), (-0.6, -0.1)])
    scene.add("foliage", lying(rind), pick=rng.uniform(), swell=(0.8, 0.5))
    scene.add("fruit", lying(ellipse(0, -0.8, 1, 0.3)), pick=rng.uniform(), tone=0.2)
    scene.add("ink", *(lying(ellipse(at, -0.8, 0.06, 0.06, corners=6)) for at in (-0.5, -0.2, 0.15, 0.5)))


def ground_shadow(scene: Scene, x: float, base: float, half: float) -> None:
    """On the table, away from the light."""
    away = -np.sign(scene.light[0])
    scene.cast(ellipse(x + away * half, base - half * 0.05, half * 1.5, half * 0.32))


def shine(scene: Scene, x: float, y: float, size: float, tall: float = 1.0) -> None:
    """The window of the studio, mirrored in something smooth."""
    glint = ellipse(x + np.sign(scene.light[0]) * size * 1.6, y, size * 0.4, size * 0.6 * tall, corners=9)
    scene.add("foam", glint, tone=0.2)


TALL = (draw_bottle, draw_bottle, draw_jug, draw_flowers, draw_flowers, draw_candle)
MIDDLING = (draw_bowl, draw_bowl, draw_glass, draw_bread, draw_books, draw_jug)
SMALL = (draw_fruit, draw_fruit, draw_fruit, draw_grapes, draw_cut_melon)
