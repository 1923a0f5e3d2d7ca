"""The composition of a landscape, and the skies and trees that other outdoor genres borrow.

A generator enters, a `Scene` leaves; `genres.py` reads this module.
"""

import numpy as np

from common.data.procedural.outlines import blob, box, curve, ellipse, polygon, ribbon, ridge
from common.data.procedural.scene import Scene, empty_scene


def landscape(rng: np.random.Generator) -> Scene:
    """Sky, mountains, hills, perhaps water, a path or a house, and trees of one or two kinds."""
    scene = empty_scene(rng)
    horizon = rng.uniform(0.28, 0.66)
    scene.focus = (rng.uniform(0.3, 0.7), horizon)
    draw_sky(scene, rng, horizon)
    draw_distance(scene, rng, horizon)
    field = rng.uniform()
    ground = ridge(rng, horizon + 0.05, 0.025, rng.uniform(0.7, 2))
    scene.add("field", ground, pick=field, fade=-0.25, texture=0.15, grain=rng.uniform(-0.2, 0.2))
    kind = rng.choice(["river", "path", "lake", "furrows", "meadow", "path", "river"])
    if kind in ("river", "path"):
        draw_winding(scene, rng, horizon + 0.05, "water" if kind == "river" else "earth")
    if kind == "lake":
        y = rng.uniform(horizon + 0.14, min(horizon + 0.32, 0.85))
        lake = blob(rng, rng.uniform(0.3, 0.7), y, rng.uniform(0.3, 0.5), rng.uniform(0.05, 0.09), 0.12)
        scene.add("water", lake, pick=rng.uniform(), fade=0.3, texture=0.12)
    if kind == "furrows":
        vanish, pick = rng.uniform(0.2, 0.8), rng.uniform()
        stripes = [
            polygon((vanish, horizon + 0.06), (vanish + slant, 1.02), (vanish + slant + 0.13, 1.02))
            for slant in np.arange(-1.7, 1.7, 0.27)
        ]
        scene.add("field", *stripes, pick=pick, tone=-0.2, texture=0.2, grain=1.2)
    if rng.uniform() < 0.5:
        draw_house(scene, rng, rng.uniform(0.15, 0.85), horizon + rng.uniform(0.07, 0.16))
    near = rng.uniform(0.75, 0.9)
    tree, pick = rng.choice(TREES), rng.uniform()
    spots = sorted(rng.uniform(horizon + 0.06, near, rng.integers(2, 9)))
    for y in spots:
        scale = 0.05 + 0.32 * (y - horizon)
        draw_tree(scene, rng, rng.uniform(-0.05, 1.05), y, scale * rng.uniform(0.8, 1.3), tree, pick)
    if rng.uniform() < 0.3:
        draw_haystacks(scene, rng, horizon)
    if rng.uniform() < 0.65:
        hill = ridge(rng, rng.uniform(0.86, 0.96), 0.05, rng.uniform(0.5, 1.6))
        scene.add("hill", hill, pick=rng.uniform(), tone=-0.25, texture=0.3, fade=-0.2)
    if rng.uniform() < 0.55:
        side = rng.choice((0.06, 0.94))
        draw_tree(scene, rng, side, rng.uniform(0.92, 1.02), rng.uniform(0.32, 0.5), rng.choice(TREES), pick)
    if rng.uniform() < 0.4:
        blooms = [ellipse(x, y, 0.01, 0.008, corners=6) for x, y in rng.uniform((0, 0.8), (1, 1), (40, 2))]
        scene.add("flower", *blooms, pick=rng.uniform())
    return scene


TREES = ["round", "round", "poplar", "pine", "bare", "palm", "umbrella"]


def draw_sky(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """A clear or clouded sky, sometimes with the sun or the moon in it."""
    scene.add("sky", box(0, 0, 1, 1), pick=rng.uniform(), fade=0.0, tone=rng.uniform(-0.25, 0.15), texture=0.06)
    low, pick = rng.uniform(0.3, 0.6), rng.uniform()
    scene.add("sky", box(0, 0, 1, horizon + 0.1), pick=pick, fade=rng.uniform(0.25, 0.55), tone=low - 0.4)
    if rng.uniform() < 0.4:
        x, y, radius = rng.uniform(0.12, 0.88), rng.uniform(0.08, max(0.1, horizon - 0.04)), rng.uniform(0.03, 0.075)
        scene.add("sun", ellipse(x, y, radius, radius))
    cloud, kind = rng.uniform(), rng.choice(["none", "puffs", "puffs", "streaks", "storm"])
    for _ in range({"none": 0, "puffs": rng.integers(2, 7), "streaks": rng.integers(3, 8), "storm": 4}[kind]):
        x, y = rng.uniform(0, 1), rng.uniform(0.02, max(horizon * 0.85, 0.1))
        wide = rng.uniform(0.07, 0.2) * (0.6 + 0.6 * (1 - y / max(horizon, 0.1)))
        if kind == "streaks":
            scene.add("cloud", ellipse(x, y, wide * 2, 0.012, rng.normal(0, 0.05)), pick=cloud, fade=-0.1)
            continue
        tall = wide * (0.55 if kind == "storm" else 0.32)
        puffs = [blob(rng, x + wide * side, y - tall * (0.5 - abs(side)), wide * 0.55, tall, 0.12) for side in (-0.6, 0.1, 0.6)]
        shade = -0.6 if kind == "storm" else 0.05
        scene.add("cloud", *puffs, pick=cloud, fade=-0.45, tone=shade, texture=0.15, grain=rng.uniform(-0.5, 0.5))


def draw_distance(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """Mountains and hills, one behind another, paler the farther they are."""
    rows, sharpness, height = rng.integers(1, 4), rng.choice((0.0, 0.3, 0.9)), rng.uniform(0.02, 0.11)
    if rng.uniform() < 0.15:
        x, wide = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.45)
        top = horizon - rng.uniform(0.2, 0.3)
        slope = [(x - wide, horizon + 0.1), (x - 0.1, top + 0.1), (x - 0.04, top), (x + 0.04, top), (x + 0.1, top + 0.1), (x + wide, horizon + 0.1)]
        scene.add("mountain", polygon(*slope), pick=rng.uniform(), swell=(0.7, 0), distance=0.35)
        snow = [(x - 0.085, top + 0.08), (x - 0.04, top), (x + 0.04, top), (x + 0.085, top + 0.08), (x + 0.03, top + 0.055), (x, top + 0.09), (x - 0.03, top + 0.06)]
        scene.add("foam", polygon(*snow), swell=(0.7, 0))
    for row in range(rows):
        nearness = (row + 1) / (rows + 1)
        level = horizon - 0.05 + 0.06 * nearness
        skyline = ridge(rng, level, height * (1.2 - 0.7 * nearness), rng.uniform(1.5, 5), sharpness * (1.2 - nearness))
        material = "mountain" if sharpness and nearness < 0.7 else "hill"
        scene.add(material, skyline, pick=rng.uniform(), distance=0.75 - 0.6 * nearness, fade=0.1, texture=0.1, grain=0.4)


def draw_winding(scene: Scene, rng: np.random.Generator, top: float, material: str) -> None:
    """A river or a path that comes from the distance and widens towards us."""
    steps = np.linspace(0.0, 1.0, 9)
    y = top + (1.05 - top) * steps**1.6
    swing, phase = rng.uniform(0.06, 0.2), rng.uniform(0, 6.28)
    x = rng.uniform(0.3, 0.7) + swing * np.sin(phase + steps * rng.uniform(3, 6)) * (0.2 + steps)
    widths = 0.012 + rng.uniform(0.2, 0.45) * steps**2
    outline = ribbon(list(zip(x, y, strict=True)), list(widths))
    scene.add(material, outline, pick=rng.uniform(), fade=0.15, texture=0.12, grain=1.1)


def draw_house(scene: Scene, rng: np.random.Generator, x: float, base: float) -> None:
    """A farm house or a church, small, standing at a place."""
    size = rng.uniform(0.045, 0.085)
    wall, roof = rng.uniform(), rng.uniform()
    if rng.uniform() < 0.4:
        tower = box(x - size * 1.1, base - size * 2.2, x - size * 0.5, base)
        scene.add("wall", tower, pick=wall, swell=(0.8, 0))
        peak = polygon((x - size * 1.2, base - size * 2.2), (x - size * 0.8, base - size * 3.6), (x - size * 0.4, base - size * 2.2))
        scene.add("roof", peak, pick=roof, swell=(0.8, 0))
    scene.add("wall", box(x - size, base - size * 0.9, x + size, base), pick=wall, tone=0.1)
    slope = polygon((x - size * 1.15, base - size * 0.85), (x - size * 0.8, base - size * 1.6), (x + size * 0.8, base - size * 1.6), (x + size * 1.15, base - size * 0.85))
    scene.add("roof", slope, pick=roof)
    holes = [box(x + size * at, base - size * 0.6, x + size * (at + 0.25), base - size * 0.25) for at in (-0.7, -0.1, 0.5)]
    scene.add("window", *holes)


def draw_haystacks(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    pick = rng.uniform()
    for y in sorted(rng.uniform(horizon + 0.15, 0.85, 3)):
        x, size = rng.uniform(), 0.03 + 0.22 * (y - horizon)
        stack = [(x - size, y), (x - size * 0.8, y - size * 0.8), (x, y - size * 1.7), (x + size * 0.8, y - size * 0.8), (x + size, y)]
        scene.cast(ellipse(x - np.sign(scene.light[0]) * size, y, size * 1.3, size * 0.25))
        scene.add("earth", curve(stack), pick=pick, swell=(0.9, 0.4), texture=0.2, grain=1.2)


def draw_tree(
    scene: Scene, rng: np.random.Generator, x: float, base: float, height: float, kind: str, pick: float
) -> None:
    """A tree that stands on `base` and is `height` tall, in canvas units."""
    lean = rng.normal(0, 0.06) * height
    wide = {"poplar": 0.02, "pine": 0.05}.get(kind, 0.07) * height
    trunk_top = base - height * (0.75 if kind in ("palm", "umbrella", "bare") else 0.5)
    scene.cast(ellipse(x - np.sign(scene.light[0]) * height * 0.25, base, height * 0.35, height * 0.05))
    trunk = ribbon([(x, base), (x + lean * 0.3, (base + trunk_top) / 2), (x + lean, trunk_top)], [wide * 1.4, wide, wide * 0.7])
    scene.add("trunk", trunk, swell=(0.8, 0), grain=1.5)
    top = base - height
    leaves = {"pick": pick, "texture": 0.45, "swell": (0.75, 0.75), "grain": rng.uniform(0, 3.1)}
    if kind == "round":
        for _ in range(rng.integers(2, 5)):
            dx, dy = rng.normal(0, 0.13, 2) * height
            crown = blob(rng, x + lean + dx, base - height * 0.64 + dy, height * rng.uniform(0.18, 0.3), height * rng.uniform(0.18, 0.28))
            scene.add("foliage", crown, **leaves)
    if kind == "poplar":
        crown = [(0, 0), (0.09, 0.35), (0.1, 0.7), (0.05, 0.92), (-0.05, 0.92), (-0.1, 0.7), (-0.09, 0.35)]
        scene.add("foliage", curve([(x + dx * height, top + dy * height) for dx, dy in crown]), **{**leaves, "grain": 1.4})
    if kind == "pine":
        for row in range(4):
            y, half = top + height * 0.2 * row, height * (0.1 + 0.055 * row)
            tier = polygon((x, y), (x + half, y + height * 0.3), (x, y + height * 0.26), (x - half, y + height * 0.3))
            scene.add("foliage", tier, **{**leaves, "tone": -0.05 * row, "grain": 0.5})
    if kind == "umbrella":
        crown = blob(rng, x + lean, trunk_top, height * 0.42, height * 0.13, 0.1)
        scene.add("foliage", crown, **leaves)
    if kind in ("bare", "palm"):
        boughs = []
        for angle in rng.uniform(0.2, 2.9, 8 if kind == "palm" else 9):
            reach = height * rng.uniform(0.25, 0.42)
            start = (x + lean, trunk_top) if kind == "palm" else (x + lean * 0.5, trunk_top + rng.uniform(0, 0.3) * height)
            end = (start[0] + reach * np.cos(angle), start[1] - reach * np.sin(angle) * (0.6 if kind == "palm" else 1.0))
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - (0.12 * height if kind == "palm" else 0))
            droop = (end[0], end[1] + (0.15 * height if kind == "palm" else 0))
            boughs.append(ribbon([start, middle, droop], [wide * 0.6, wide * (1.0 if kind == "palm" else 0.45), wide * 0.15]))
        scene.add("foliage" if kind == "palm" else "trunk", *boughs, pick=pick)
