"""The sitter's body: neck, clothes, collar, and arms where the portrait reaches to the waist.

The functions add the shapes of a `Sitter` to a scene; `portrait.py` reads this module. Points are in head coordinates.
"""

import numpy as np

from common.preparing.procedural.outlines import curve, ellipse, ribbon
from common.preparing.procedural.scene import Scene
from common.preparing.procedural.sitter import Sitter


def draw_figure(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    neck = [(-0.42, 0.5), (0.42, 0.5), (0.46, 1.2), (0.8, 1.7), (-0.8, 1.7), (-0.46, 1.2)]
    scene.add("skin", sitter.body(neck), pick=sitter.skin, swell=(0.9, 0), tone=-0.1, grain=1.5)
    under_chin = ellipse(-0.1 * np.sign(scene.light[0]), 0.95, 0.5, 0.32)
    scene.add("skin", sitter.body(under_chin), pick=sitter.skin, tone=-0.55, modelling=True)
    edge = rng.uniform(1.2, 1.42)
    draw_coat(scene, rng, sitter, edge)
    collars = [draw_low_neck, draw_low_neck, draw_open_neck, draw_ruff, draw_shirt, draw_band]
    collars[rng.integers(len(collars))](scene, rng, sitter, edge)
    if rng.uniform() < 0.35:
        draw_cloak(scene, rng, sitter, edge)
    if sitter.half < 0.165 and rng.uniform() < 0.7:
        draw_arms(scene, rng, sitter)


def draw_coat(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    lean, broad, slope = sitter.lean, sitter.broad, sitter.slope
    half = [
        (0.5, edge),
        (1.0, slope - 0.3),
        (broad, slope + 0.15),
        (broad + 0.3, slope + 1.4),
        (broad + 0.5, 8),
    ]
    torso = [(x + lean, y) for x, y in half] + [(-x + lean, y) for x, y in reversed(half)]
    outline = sitter.body(curve(torso))
    scene.add("cloth", outline, pick=sitter.cloth, swell=(0.85, 0), texture=0.12, grain=1.3)
    for _ in range(rng.integers(2, 6)):
        x, y = rng.uniform(-broad, broad) * 0.8 + lean, rng.uniform(slope + 0.3, slope + 1.2)
        fold = ribbon([(x, y), (x * 1.1 + 0.1, y + 0.8), (x * 1.15, y + 1.8)], [0.02, 0.16, 0.03])
        tone = rng.choice((-0.45, 0.35))
        scene.add("cloth", sitter.body(fold), pick=sitter.cloth, tone=tone, grain=1.3, modelling=True)


def draw_cloak(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    """Over one shoulder, in another colour than the coat."""
    broad, slope, side = sitter.broad, sitter.slope, rng.choice((-1.0, 1.0))
    fall = [(0.35, edge + 0.1), (1.1, slope - 0.3), (broad + 0.25, slope + 0.2), (broad + 0.6, 8), (0.6, 8)]
    outline = curve([(side * x + sitter.lean, y) for x, y in [*fall, (0.9, slope + 1.2)]])
    pick = (sitter.cloth + rng.uniform(0.2, 0.8)) % 1
    scene.add("cloth", sitter.body(outline), pick=pick, swell=(0.7, 0.0), texture=0.15, grain=1.2)


def draw_low_neck(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    """A bare neck within an edge of linen, often with a string of beads."""
    lean, deep = sitter.lean, edge + rng.uniform(0.5, 1.0)
    chest = [(0, edge - 0.35), (0.5, edge), (0.95, edge + 0.35), (0.7, deep), (0, deep + 0.12)]
    chest += [(-x, y) for x, y in reversed(chest[1:-1])]
    outline = curve([(x + lean * y / 3, y) for x, y in chest])
    scene.add("linen", sitter.body(outline * (1.1, 1.05)), pick=rng.uniform(), tone=-0.1)
    scene.add("skin", sitter.body(outline), pick=sitter.skin, swell=(0.6, 0.4), grain=1.5)
    if rng.uniform() < 0.6:
        places = [(x + lean / 3, edge + 0.32 - 0.5 * x * x) for x in np.linspace(-0.62, 0.62, 13)]
        beads = [sitter.body(ellipse(x, y, 0.055, 0.055, corners=7)) for x, y in places]
        scene.add("linen", *beads, tone=0.3)


def draw_open_neck(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    """A coat that closes to a point."""
    lean, point = sitter.lean, edge + rng.uniform(0.9, 1.6)
    shirt = [(-0.75 + lean, edge - 0.1), (0.75 + lean, edge - 0.1), (lean, point)]
    chest = [(-0.45 + lean, edge - 0.15), (0.45 + lean, edge - 0.15), (lean, point - 0.4)]
    scene.add("linen", sitter.body(shirt))
    scene.add("skin", sitter.body(chest), pick=sitter.skin)


def draw_ruff(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    middle = (sitter.lean / 3, edge - 0.12)
    ruff = ellipse(*middle, width=rng.uniform(1.1, 1.45), height=0.42, corners=40)
    ruff[::2] = (ruff[::2] - middle) * 0.88 + middle
    scene.add("linen", sitter.body(ruff), pick=rng.uniform(), swell=(0.6, 0.5), texture=0.3)


def draw_shirt(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    """A shirt front with two wings, and perhaps a bow tie."""
    lean = sitter.lean
    front = [(-0.35 + lean, edge), (0.35 + lean, edge), (0.3 + lean, 7), (-0.3 + lean, 7)]
    scene.add("linen", sitter.body(front))
    wing = [(0.02, edge + 0.25), (0.55, edge - 0.25), (0.95, edge + 0.2), (0.45, edge + 0.7)]
    for side in (-1.0, 1.0):
        scene.add("linen", sitter.body([(side * x + lean, y) for x, y in wing]), tone=0.2, grain=0.6 * side)
    if rng.uniform() < 0.5:
        bow = [(-0.3, 0.1), (0.3, 0.4), (0.3, 0.1), (-0.3, 0.4)]
        outline = curve([(x + lean, y + edge) for x, y in bow])
        scene.add("cloth", sitter.body(outline), pick=rng.uniform())


def draw_band(scene: Scene, rng: np.random.Generator, sitter: Sitter, edge: float) -> None:
    """A broad collar of linen or fur."""
    lean, material = sitter.lean, rng.choice(["linen", "hair"])
    band = ribbon([(-0.95 + lean, edge + 0.05), (lean, edge + 0.5), (0.95 + lean, edge + 0.05)], [0.3, 0.36, 0.3])
    scene.add(material, sitter.body(band), pick=rng.uniform(), texture=0.4, swell=(0.3, 0.7))


def draw_arms(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    """Folded before the body, sometimes with a book or a letter."""
    lean, broad, low = sitter.lean, sitter.broad, sitter.slope + rng.uniform(2.1, 2.6)
    front = rng.choice((-1.0, 1.0))
    for arm in (-front, front):
        wrist = lean + arm * rng.uniform(-0.3, 0.4)
        elbow = (arm * (broad + 0.45) + lean, low + 0.1)
        sleeve = ribbon([(arm * broad + lean, sitter.slope + 0.7), elbow, (wrist, low)], [0.25, 0.95, 0.5])
        outline = sitter.body(sleeve)
        scene.add("cloth", outline, pick=sitter.cloth, tone=0.18, swell=(0.4, 0.8), grain=0.3 * arm)
        scene.add("linen", sitter.body(ellipse(wrist, low, 0.22, 0.3)), pick=rng.uniform())
        hand = [(0.0, -0.22), (-0.5, -0.2), (-0.75, 0.1), (0.0, 0.22)]
        outline = curve([(wrist + arm * x, low + y) for x, y in hand])
        scene.add("skin", sitter.body(outline), pick=sitter.skin, swell=(0.3, 0.8), tone=0.1)
    if rng.uniform() < 0.4:
        page = [(-0.5, -0.6), (0.4, -0.7), (0.5, 0.1), (-0.4, 0.2)]
        outline = sitter.body([(x + lean + 0.1, y + low) for x, y in page])
        scene.add(rng.choice(["linen", "cloth", "fruit"]), outline, pick=rng.uniform())
