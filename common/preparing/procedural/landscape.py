"""The composition of a landscape, and the skies and trees that other outdoor genres borrow.

It makes a `Scene` from a random generator; `genres.py` reads this module.
"""

from functools import partial

import numpy as np

from common.preparing.procedural.buildings import draw_cottage
from common.preparing.procedural.outlines import blob, box, curve, ellipse, placed, polygon, ribbon, ridge
from common.preparing.procedural.scene import Scene, empty_scene
from common.preparing.procedural.trees import draw_tree


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
        draw_cottage(scene, rng, rng.uniform(0.15, 0.85), horizon + rng.uniform(0.07, 0.16))
    tree, pick = str(rng.choice(COMMON_TREES)), rng.uniform()
    growth = rng.choice(["scattered", "scattered", "copse", "wood", "avenue"])
    draw_trees(scene, rng, horizon, growth, tree, pick)
    if rng.uniform() < 0.3:
        draw_haystacks(scene, rng, horizon)
    if rng.uniform() < 0.65:
        hill = ridge(rng, rng.uniform(0.86, 0.96), 0.05, rng.uniform(0.5, 1.6))
        scene.add("hill", hill, pick=rng.uniform(), tone=-0.25, texture=0.3, fade=-0.2)
    if rng.uniform() < 0.5 and growth != "wood":
        side = rng.choice((0.08, 0.92))
        draw_tree(
            scene,
            rng,
            side,
            rng.uniform(0.94, 1.04),
            rng.uniform(0.45, 0.85),
            str(rng.choice(COMMON_TREES)),
            pick,
        )
    if rng.uniform() < 0.4:
        blooms = [ellipse(x, y, 0.01, 0.008, corners=6) for x, y in rng.uniform((0, 0.8), (1, 1), (40, 2))]
        scene.add("flower", *blooms, pick=rng.uniform())
    return scene


COMMON_TREES = ("round", "round", "round", "poplar", "poplar", "pine", "bare", "palm", "umbrella")


def draw_sky(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """A clear or clouded sky, sometimes with the sun or the moon in it."""
    tone, fade = rng.uniform(-0.1, 0.2), rng.uniform(0.25, 0.55)
    scene.add("sky", box(0, 0, 1, horizon + 0.1), pick=rng.uniform(), fade=fade, tone=tone, texture=0.05)
    if rng.uniform() < 0.4:
        radius, highest = rng.uniform(0.03, 0.075), max(0.1, horizon - 0.04)
        scene.add("sun", ellipse(rng.uniform(0.12, 0.88), rng.uniform(0.08, highest), radius, radius))
    weathers = (draw_no_clouds, draw_fair_clouds, draw_fair_clouds, draw_streaks, draw_storm)
    weathers[rng.integers(len(weathers))](scene, rng, horizon)


def draw_no_clouds(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """A clear day."""


def draw_fair_clouds(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    pick = rng.uniform()
    for _ in range(rng.integers(2, 7)):
        add_cloud(scene, rng, horizon, pick=pick, rise=0.32, tone=0.05)


def draw_storm(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    pick = rng.uniform()
    for _ in range(4):
        add_cloud(scene, rng, horizon, pick=pick, rise=0.55, tone=-0.4)


def draw_streaks(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    pick = rng.uniform()
    for x, y in rng.uniform((0, 0.02), (1, 0.85 * horizon), (rng.integers(3, 8), 2)):
        streak = ellipse(x, y, rng.uniform(0.1, 0.4), 0.012, rng.normal(0, 0.05))
        scene.add("cloud", streak, pick=pick, fade=-0.1)


def add_cloud(scene: Scene, rng: np.random.Generator, horizon: float, *, pick: float, rise: float, tone: float) -> None:
    """Three puffs side by side, larger the higher they are; `rise` is their height by their width."""
    x, y = rng.uniform(0, 1), rng.uniform(0.02, 0.85 * horizon)
    wide = rng.uniform(0.07, 0.2) * (1.2 - 0.6 * y / horizon)
    puffs = [
        blob(rng, x + wide * side, y - rise * wide * (0.5 - abs(side)), wide * 0.55, rise * wide, 0.12)
        for side in (-0.6, 0.1, 0.6)
    ]
    grain = rng.uniform(-0.5, 0.5)
    scene.add("cloud", *puffs, pick=pick, fade=-0.45, tone=tone, texture=0.15, grain=grain)


def draw_distance(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """Mountains and hills, one behind another, paler the farther they are."""
    rows, sharpness, height = int(rng.integers(1, 4)), rng.choice((0.0, 0.3, 0.9)), rng.uniform(0.02, 0.11)
    if rng.uniform() < 0.15:
        draw_snowy_peak(scene, rng, horizon)
    for row in range(rows):
        near = (row + 1) / (rows + 1)
        material = "mountain" if sharpness and near < 0.7 else "hill"
        rise, peaks = height * (1.2 - 0.7 * near), rng.uniform(1.5, 5)
        skyline = ridge(rng, horizon - 0.05 + 0.06 * near, rise, peaks, sharpness * (1.2 - near))
        air = 0.75 - 0.6 * near
        scene.add(material, skyline, pick=rng.uniform(), distance=air, fade=0.1, texture=0.1, grain=0.4)


def draw_snowy_peak(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """One mountain above all others, in units of its own height."""
    high = rng.uniform(0.3, 0.42)
    standing = partial(placed, x=rng.uniform(0.3, 0.7), y=horizon + 0.1, width=high, height=high)
    slope = polygon((-1.2, 0), (-0.28, -0.72), (-0.11, -1), (0.11, -1), (0.28, -0.72), (1.2, 0))
    ragged = [(0.22, -0.8), (0.08, -0.86), (0, -0.74), (-0.08, -0.83), (-0.22, -0.8)]
    scene.add("mountain", standing(slope), pick=rng.uniform(), swell=(0.7, 0), distance=0.35)
    scene.add("foam", standing(polygon((-0.11, -1), (0.11, -1), *ragged)), swell=(0.7, 0))


def draw_winding(scene: Scene, rng: np.random.Generator, top: float, material: str) -> None:
    """A river or a path that comes from the distance and widens towards us."""
    steps = np.linspace(0.0, 1.0, 9)
    y = top + (1.05 - top) * steps**1.6
    swing, phase = rng.uniform(0.06, 0.2), rng.uniform(0, 6.28)
    x = rng.uniform(0.3, 0.7) + swing * np.sin(phase + steps * rng.uniform(3, 6)) * (0.2 + steps)
    widths = 0.012 + rng.uniform(0.2, 0.45) * steps**2
    outline = ribbon(list(zip(x, y, strict=True)), list(widths))
    scene.add(material, outline, pick=rng.uniform(), fade=0.15, texture=0.12, grain=1.1)


def draw_trees(scene: Scene, rng: np.random.Generator, horizon: float, growth: str, kind: str, pick: float) -> None:
    """Trees of one kind, from far to near: "scattered", in a "copse", as a "wood", or along an "avenue"."""
    if growth == "wood":
        edge = ridge(rng, horizon - 0.02, 0.05, 5, 0.5)
        scene.add("foliage", edge, pick=pick, tone=-0.2, texture=0.4, distance=0.2)
        scene.add("field", ridge(rng, horizon + 0.14, 0.01), pick=rng.uniform(), fade=-0.2, texture=0.2)
    fewest, nearest = {"copse": (5, horizon + 0.25), "wood": (8, 0.98)}.get(growth, (4, rng.uniform(0.75, 0.95)))
    vanish, middle = rng.uniform(0.35, 0.65), rng.uniform(0.2, 0.8)
    tallness = rng.uniform(0.7, 1.3) * (1.3 if growth in ("wood", "copse") else 1.0)
    for index, base in enumerate(np.sort(rng.uniform(horizon + 0.07, nearest, rng.integers(fewest, fewest + 7)))):
        near = (base - horizon) / (1.0 - horizon)
        x = rng.uniform(-0.05, 1.05)
        if growth == "copse":
            x = rng.normal(middle, 0.14)
        if growth == "avenue":
            x = vanish + (0.75 if index % 2 else -0.75) * near
        height = (0.07 + 0.5 * near) * tallness * rng.uniform(0.8, 1.2)
        draw_tree(scene, rng, x, base, height, kind, min(pick + rng.uniform(0, 0.3), 1.0))


def draw_haystacks(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    pick = rng.uniform()
    stack = curve([(-1, 0), (-0.8, -0.8), (0, -1.7), (0.8, -0.8), (1, 0)])
    for y in np.sort(rng.uniform(horizon + 0.15, 0.85, 3)):
        x, size = rng.uniform(), 0.03 + 0.22 * (y - horizon)
        scene.cast(ellipse(x - np.sign(scene.light[0]) * size, y, size * 1.3, size * 0.25))
        outline = placed(stack, x, y, size, size)
        scene.add("earth", outline, pick=pick, swell=(0.9, 0.4), texture=0.2, grain=1.2)
