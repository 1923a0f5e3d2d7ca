"""The sitter's head: hair, face, beard, and what is worn on it.

The functions add the shapes of a `Sitter` to a scene; `portrait.py` reads this module. Points are in head coordinates.
"""

import numpy as np

from common.preparing.procedural.outlines import Points, curve, ellipse, ribbon
from common.preparing.procedural.portrait_headdress import HEADDRESSES
from common.preparing.procedural.scene import Scene
from common.preparing.procedural.sitter import Sitter


def draw_head(scene: Scene, rng: np.random.Generator, sitter: Sitter, headdress: str) -> None:
    """Draw the parts of the head in front of the body; the headdress is a key of `HEADDRESSES` or "none"."""
    draw_face(scene, rng, sitter)
    draw_eyes(scene, rng, sitter)
    mouth = draw_nose_and_mouth(scene, rng, sitter)
    if not sitter.womanly and rng.uniform() < 0.5:
        draw_beard(scene, rng, sitter, mouth)
    bald = not sitter.womanly and rng.uniform() < 0.12
    if headdress not in ("veil", "turban") and not bald:
        draw_hair_before(scene, rng, sitter)
    if headdress != "none":
        HEADDRESSES[headdress](scene, rng, sitter)


def draw_hair_behind(scene: Scene, rng: np.random.Generator, sitter: Sitter, headdress: str) -> None:
    """Hair that falls behind the neck, or the cloth of a veil instead."""
    if headdress == "veil":
        spread = rng.uniform(1.3, 1.7)
        outline = curve(mirrored([(0.0, -1.3), (1.0, -0.8), (1.15, 0.4), (spread, 2.2)]))
        scene.add("cloth", sitter.body(outline), pick=(sitter.cloth + 0.4) % 1, swell=(0.8, 0.2), grain=1.4)
        return
    shift, wave = -0.12 * sitter.turn, rng.uniform(0.85, 1.15)
    length = rng.choice((0.2, 1.1, 1.7, 2.1)) if sitter.womanly else rng.choice((0.1, 0.2, 0.25, 1.0))
    right = [(0.0, -1.18), (0.75, -0.9), (0.98 * wave, -0.2), (1.02 * wave, length * 0.6), (0.8, length)]
    outline = sitter.head(curve(mirrored(right)) * (sitter.width, 1.0) + (shift, 0.0))
    scene.add("hair", outline, pick=sitter.hair, swell=(0.7, 0.5), texture=0.2, tone=-0.15, grain=1.4)
    if sitter.womanly and rng.uniform() < 0.3:
        bun = sitter.head(ellipse(shift * 2, -1.2, 0.42, 0.36))
        scene.add("hair", bun, pick=sitter.hair, swell=(0.8, 0.8))


def mirrored(right: Points) -> Points:
    """A closed outline from its right half; the first point lies on the middle line and is not repeated."""
    return [*right, *((-x, y) for x, y in reversed(right[1:]))]


def draw_face(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    """Ears, and the face without its features."""
    turn, jaw = sitter.turn, rng.uniform(0.5, 0.68)
    right = [(0.55, -0.92), (0.76, -0.45), (0.74, 0.1), (jaw, 0.58), (0.28, 0.96)]
    around = [(0.0, -1.05), *right, (0.12 * turn, 1.04), *((-x, y) for x, y in reversed(right))]
    # The cheek that the head turns to is foreshortened.
    face = curve([(x * sitter.width * (1.0 - 0.16 * turn * np.sign(x)), y) for x, y in around])
    seen = (-1.0, 1.0) if abs(turn) < 0.35 else (-float(np.sign(turn)),)
    ears = [sitter.head(ellipse(side * 0.75 * sitter.width, 0.08, 0.13, 0.24)) for side in seen]
    scene.add("skin", *ears, pick=sitter.skin, tone=-0.2)
    scene.add("skin", sitter.head(face), pick=sitter.skin, swell=(0.95, 0.6), tone=0.08, grain=1.4)
    flush = rng.uniform(-0.14, 0.1)
    for side in (-1.0, 1.0):
        cheek = ellipse(0.33 * turn + side * 0.42 * (1 - 0.25 * turn * side), 0.33, 0.2, 0.15)
        # As bright as the side of the face that it lies on.
        tone = flush + 0.6 * side * scene.light[0]
        scene.add("skin", sitter.head(cheek), pick=sitter.skin, tone=tone, modelling=True)


def draw_eyes(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    """Sockets, whites, irises, lids and brows, narrower on the side that the head turns to."""
    gap, opening, brow = rng.uniform(0.32, 0.36), rng.uniform(0.055, 0.1), rng.uniform(0.2, 0.3)
    glance = rng.uniform(-0.04, 0.04) + 0.06 * sitter.turn
    for side in (-1.0, 1.0):
        wide = 1.0 - 0.25 * sitter.turn * side
        x = 0.33 * sitter.turn + side * gap * wide
        socket = sitter.head(ellipse(x, -0.08, 0.24 * wide, 0.17))
        tone = -0.3 + 0.4 * side * scene.light[0]
        scene.add("skin", socket, pick=sitter.skin, tone=tone, modelling=True)
        scene.add("linen", sitter.head(ellipse(x, -0.05, 0.165 * wide, opening)), tone=-0.1)
        scene.add("eye", sitter.head(ellipse(x + glance, -0.05, 0.075, opening + 0.02, corners=10)))
        lid = [(x - 0.19 * wide, -0.06), (x, -0.08 - opening), (x + 0.19 * wide, -0.05)]
        scene.add("eye", sitter.head(ribbon(lid, [0.03, 0.055, 0.03])))
        arch = [
            (x - side * 0.2 * wide, 0.04 - brow),
            (x, -brow - 0.05),
            (x + side * 0.24 * wide, 0.05 - brow),
        ]
        scene.add("hair", sitter.head(ribbon(arch, [0.08, 0.075, 0.03])), pick=sitter.hair)


def draw_nose_and_mouth(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> tuple[float, float]:
    """Draw nose and lips; return the middle of the mouth."""
    middle, away = 0.33 * sitter.turn, -np.sign(scene.light[0])
    tip, low = middle + 0.16 * sitter.turn, rng.uniform(0.36, 0.46)
    flank = [
        (middle + 0.03 * away, -0.2),
        (tip + 0.01, low - 0.05),
        (tip + 0.17 * away, low),
        (middle + 0.13 * away, 0.1),
    ]
    bridge = ribbon([(middle, -0.15), (tip - 0.01 * away, low - 0.1)], [0.07, 0.13])
    scene.add("skin", sitter.head(curve(flank, 3)), pick=sitter.skin, tone=-0.42, grain=1.5, modelling=True)
    scene.add("skin", sitter.head(bridge), pick=sitter.skin, tone=0.3, grain=1.5, modelling=True)
    scene.add("skin", sitter.head(ellipse(tip, low + 0.02, 0.17, 0.035)), pick=sitter.skin, tone=-0.7)
    x, y = middle * 0.95, low + rng.uniform(0.2, 0.26)
    wide, smile = rng.uniform(0.2, 0.3), rng.uniform(-0.04, 0.06)
    lips = [(x - wide, y - smile), (x, y - 0.06), (x + wide, y - smile), (x, y + 0.1)]
    scene.add("lips", sitter.head(curve(lips, 4)), pick=rng.uniform())
    below = sitter.head(ellipse(x, y + 0.19, 0.15, 0.03))
    scene.add("skin", below, pick=sitter.skin, tone=-0.3, modelling=True)
    return x, y


def draw_beard(scene: Scene, rng: np.random.Generator, sitter: Sitter, mouth: tuple[float, float]) -> None:
    """A moustache, mostly with a beard that leaves the lips free."""
    x, y = mouth
    if rng.uniform() < 0.65:
        long = rng.uniform(1.15, 1.8)
        right = [(0.74, 0.2), (0.72, 0.65), (0.4, long - 0.15)]
        inner = [(x - 0.3, y - 0.02), (x, y + 0.14), (x + 0.3, y - 0.02)]
        outline = curve([*right, (x, long), *((-a, b) for a, b in reversed(right)), *inner]) * (
            sitter.width,
            1.0,
        )
        scene.add("hair", sitter.head(outline), pick=sitter.hair, texture=0.3, swell=(0.6, 0.2), grain=1.5)
    moustache = curve([(x, y - 0.14), (x + 0.36, y + 0.03), (x, y - 0.03), (x - 0.36, y + 0.03)])
    scene.add("hair", sitter.head(moustache), pick=sitter.hair, tone=0.1, grain=0.3)


def draw_hair_before(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    """The hair around the brow, parted somewhere."""
    width, shift, fringe = 0.86 * sitter.width, -0.1 * sitter.turn, rng.uniform(-0.75, -0.42)
    part, lock = rng.uniform(-0.4, 0.4) + 0.3 * sitter.turn, rng.uniform(-0.3, 0.35)
    right = [(0.6, -1.05), (width + 0.06, -0.5), (width, lock)]
    crown = [*((-x, y) for x, y in reversed(right)), (0.0, -1.2), *right]
    brow = [
        (0.4 * width + 0.2 * part, fringe + 0.02),
        (part, fringe - 0.14),
        (-0.4 * width + 0.2 * part, fringe + 0.02),
    ]
    outline = curve([*crown, (width * 0.82, -0.2), *brow, (-width * 0.82, -0.2)], 4) + (shift, 0.0)
    scene.add("hair", sitter.head(outline), pick=sitter.hair, swell=(0.7, 0.6), texture=0.22, grain=0.4)
