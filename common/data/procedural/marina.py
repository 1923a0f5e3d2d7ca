"""The composition of a sea piece: sea and sky, ships, cliffs, a beach or a harbour light.

A generator enters, a `Scene` leaves; `genres.py` reads this module.
"""

import numpy as np

from common.data.procedural.landscape import draw_sky
from common.data.procedural.outlines import blob, box, curve, ellipse, polygon, ribbon
from common.data.procedural.scene import Outline, Scene, empty_scene


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
    suns = [shape for shape in scene.shapes if shape.material == "sun"]
    if suns:
        x = float(suns[0].outlines[0][:, 0].mean())
        rows = np.linspace(horizon + 0.015, 0.97, 12)
        glints = [ellipse(x + rng.normal(0, 0.012), y, 0.02 + rng.uniform(0, 0.12) * (y - horizon + 0.1), 0.007) for y in rows]
        scene.add("sun", *glints)
    rough = rng.choice((0.15, 0.5, 1.0))
    draw_waves(scene, rng, horizon, rough, sea, upper=True)
    if rng.uniform() < 0.4:
        draw_cliff(scene, rng, horizon)
    kind = rng.choice(["ship", "boats", "boats", "fleet"])
    if kind == "ship":
        draw_ship(scene, rng, rng.uniform(0.35, 0.65), horizon + rng.uniform(0.1, 0.22), rng.uniform(0.26, 0.36))
    for _ in range({"ship": 2, "boats": rng.integers(2, 5), "fleet": rng.integers(5, 9)}[kind]):
        y = horizon + rng.uniform(0.01, 0.04 if kind == "ship" else 0.25)
        draw_boat(scene, rng, rng.uniform(0.08, 0.92), y, 0.06 + rng.uniform(0.5, 0.9) * (y - horizon))
    draw_waves(scene, rng, horizon, rough, sea, upper=False)
    if rng.uniform() < 0.35:
        shore = [(-0.1, rng.uniform(0.82, 0.97)), (0.3, rng.uniform(0.85, 0.93)), (0.7, rng.uniform(0.85, 0.95)), (1.1, rng.uniform(0.8, 0.97)), (1.1, 1.1), (-0.1, 1.1)]
        scene.add("foam", curve(np.array(shore) - (0, 0.025)))
        scene.add("earth", curve(shore), pick=rng.uniform(), texture=0.12)
    if rng.uniform() < 0.4:
        scene.add("ink", *(gull(x, y) for x, y in rng.uniform((0.1, 0.05), (0.9, horizon - 0.05), (5, 2))))
    return scene


def draw_waves(scene: Scene, rng: np.random.Generator, horizon: float, rough: float, sea: float, *, upper: bool) -> None:
    """Crests that grow towards us; the upper ones lie behind the ships, the lower ones before them."""
    middle = horizon + 0.55 * (1 - horizon)
    low, high = (horizon + 0.02, middle) if upper else (middle, 1.0)
    dark, foam = [], []
    for y in np.linspace(low, high, 7):
        near = (y - horizon) / (1 - horizon)
        for _ in range(2 if near > 0.6 else 3):
            x, wide = rng.uniform(), 0.05 + 0.26 * near
            tall = (0.004 + 0.06 * near * rough) * rng.uniform(0.6, 1.3)
            crest = [(x - wide, y), (x - wide * 0.3, y - tall * 0.5), (x, y - tall), (x + wide * 0.35, y - tall * 0.4), (x + wide, y)]
            dark.append(curve([*crest, (x, y + tall * 0.6)], 4))
            if rng.uniform() < 0.25 + 0.5 * rough:
                foam.append(curve([(x - wide * 0.35, y - tall * 0.45), (x, y - tall * 1.12), (x + wide * 0.3, y - tall * 0.5), (x, y - tall * 0.75)], 4))
    scene.add("water", *dark, pick=(sea + 0.35) % 1, tone=-0.25 if upper else -0.4)
    scene.add("foam", *foam)


def draw_boat(scene: Scene, rng: np.random.Generator, x: float, base: float, size: float) -> None:
    """A small boat with one or two sails."""
    way, hull, cloth = rng.choice((-1.0, 1.0)), rng.uniform(), rng.uniform()
    mast = base - size * rng.uniform(1.3, 1.7)
    scene.add("trunk", ribbon([(x, base), (x, mast)], [size * 0.06, size * 0.04]))
    main = [(x + way * 0.04 * size, mast), (x + way * size * 0.5, base - size * 0.75), (x + way * size * 0.72, base - size * 0.22), (x + way * 0.04 * size, base - size * 0.22)]
    scene.add("sail", polygon(*main), pick=cloth, swell=(0.6, 0), tone=0.15, grain=1.2)
    if rng.uniform() < 0.7:
        jib = polygon((x - way * 0.04 * size, mast + 0.15 * size), (x - way * 0.6 * size, base - size * 0.2), (x - way * 0.04 * size, base - size * 0.25))
        scene.add("sail", jib, pick=rng.uniform(), tone=-0.2, grain=1.2)
    body = [(x - size * 0.75, base - size * 0.18), (x + size * 0.75, base - size * 0.18), (x + size * 0.5, base + size * 0.1), (x - size * 0.5, base + size * 0.1)]
    scene.add("wood", polygon(*body), pick=hull, swell=(0.3, 0.5))
    scene.cast(ellipse(x, base + size * 0.2, size * 0.6, size * 0.13))


def draw_ship(scene: Scene, rng: np.random.Generator, x: float, base: float, size: float) -> None:
    """A large ship with two or three masts under square sails."""
    way, cloth = rng.choice((-1.0, 1.0)), rng.uniform()
    masts = rng.integers(2, 4)
    for mast in range(masts):
        at = x + size * (mast - (masts - 1) / 2) * 0.62
        top = base - size * rng.uniform(1.15, 1.5)
        scene.add("trunk", ribbon([(at, base), (at, top)], [size * 0.04, size * 0.025]))
        for row in range(3):
            low = top + (base - size * 0.25 - top) * (row + 1) / 3 - size * 0.03
            high, half = top + (base - size * 0.25 - top) * row / 3 + size * 0.02, size * (0.16 + 0.05 * row)
            belly = way * size * 0.1
            sail = curve([(at - half * 0.8, high), (at + half * 0.8, high), (at + half + belly, (high + low) / 2), (at + half, low), (at - half, low), (at - half * 0.8 + belly, (high + low) / 2)], 3)
            scene.add("sail", sail, pick=cloth, swell=(0.7, 0.2), tone=0.1, grain=1.4)
        flag = polygon((at, top), (at + way * size * 0.2, top + size * 0.04), (at, top + size * 0.08))
        scene.add("flower", flag, pick=rng.uniform())
    body = [(x - way * size * 1.05, base - size * 0.42), (x - way * size * 0.7, base - size * 0.25), (x + way * size * 0.7, base - size * 0.22), (x + way * size * 1.1, base - size * 0.32), (x + way * size * 0.8, base + size * 0.1), (x - way * size * 0.85, base + size * 0.1)]
    scene.add("wood", polygon(*body), pick=rng.uniform(), swell=(0.2, 0.6))
    stripe = ribbon([(x - way * size * 0.95, base - size * 0.2), (x + way * size * 0.95, base - size * 0.15)], [size * 0.06, size * 0.06])
    scene.add("clay", stripe, pick=rng.uniform())
    scene.cast(ellipse(x, base + size * 0.2, size, size * 0.12))


def draw_cliff(scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    """A headland at one side, sometimes with a lighthouse."""
    side = rng.choice((0.0, 1.0))
    reach, top, base = rng.uniform(0.25, 0.42), horizon - rng.uniform(0.05, 0.25), horizon + rng.uniform(0.08, 0.3)
    profile = [(-0.1, top - 0.04), (reach * 0.55, top), (reach * 0.75, (top + base) / 2), (reach, base), (reach * 0.5, base + 0.03), (-0.1, base + 0.05)]
    outline = np.array([(abs(side - x) if x > 0 else side + (x if side == 0 else -x), y) for x, y in profile])
    scene.add("rock", outline, pick=rng.uniform(), swell=(0.6, 0.3), texture=0.4, grain=1.3)
    grass = [(-0.1, top - 0.04), (reach * 0.55, top), (reach * 0.5, top + 0.03), (-0.1, top + 0.02)]
    scene.add("hill", np.array([(abs(side - x) if x > 0 else side + (x if side == 0 else -x), y) for x, y in grass]), pick=rng.uniform())
    if rng.uniform() < 0.5:
        x, high = abs(side - reach * 0.3), rng.uniform(0.14, 0.2)
        scene.add("wall", polygon((x - 0.022, top), (x - 0.015, top - high), (x + 0.015, top - high), (x + 0.022, top)), swell=(0.9, 0))
        scene.add("roof", polygon((x - 0.022, top - high), (x, top - high - 0.045), (x + 0.022, top - high)))
        scene.add("flower", box(x - 0.018, top - high * 0.6, x + 0.018, top - high * 0.42))


def gull(x: float, y: float) -> Outline:
    return polygon((x - 0.025, y - 0.012), (x - 0.01, y - 0.014), (x, y), (x + 0.01, y - 0.014), (x + 0.025, y - 0.012), (x + 0.01, y - 0.007), (x, y + 0.008), (x - 0.01, y - 0.007))
