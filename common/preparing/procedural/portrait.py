"""The composition of a portrait: a sitter, head and shoulders or to the waist, before a backdrop.

It makes a `Scene` from a random generator; `genres.py` reads this module.
"""

import numpy as np

from common.preparing.procedural.outlines import blob, box, polygon, ribbon, ridge
from common.preparing.procedural.portrait_figure import draw_figure
from common.preparing.procedural.portrait_head import draw_hair_behind, draw_head
from common.preparing.procedural.scene import Scene, empty_scene
from common.preparing.procedural.sitter import invented_sitter


def portrait(rng: np.random.Generator) -> Scene:
    """A sitter who looks to one side or at us, in clothes and a setting of their own."""
    scene, sitter = empty_scene(rng), invented_sitter(rng)
    scene.focus = (sitter.x, sitter.y)
    backdrops = [draw_plain, draw_plain, draw_wall, draw_curtain, draw_window, draw_outdoors, draw_picture]
    backdrops[rng.integers(len(backdrops))](scene, rng)
    headdress = str(rng.choice(["none", "none", "beret", "brim", "turban", "veil", "crown", "bonnet"]))
    draw_hair_behind(scene, rng, sitter, headdress)
    draw_figure(scene, rng, sitter)
    draw_head(scene, rng, sitter, headdress)
    return scene


def draw_plain(scene: Scene, rng: np.random.Generator) -> None:
    tone = rng.uniform(-0.2, 0.25)
    scene.add("backdrop", box(0, 0, 1, 1), pick=rng.uniform(), tone=tone, fade=0.2, texture=0.12)


def draw_wall(scene: Scene, rng: np.random.Generator) -> None:
    """A plain ground above a darker dado."""
    draw_plain(scene, rng)
    dado = box(0, rng.uniform(0.5, 0.75), 1, 1)
    scene.add("wall", dado, pick=rng.uniform(), tone=-0.3, texture=0.1)


def draw_curtain(scene: Scene, rng: np.random.Generator) -> None:
    draw_plain(scene, rng)
    side, pick = rng.choice((0.0, 1.0)), rng.uniform()
    for fold in range(5):
        x = abs(side - 0.075 * (fold + 0.3))
        sway = rng.uniform(-0.02, 0.05) * (1 - 2 * side)
        strip = ribbon([(x, -0.1), (x + sway, 0.5), (x + 2 * sway, 1.1)], [0.1, 0.09, 0.11])
        scene.add("cloth", strip, pick=pick, swell=(0.9, 0), tone=-0.15, grain=1.5)


def draw_window(scene: Scene, rng: np.random.Generator) -> None:
    """A window at one side, with hills in it."""
    draw_plain(scene, rng)
    left = 0.04 + rng.choice((0.0, 1.0)) * rng.uniform(0.58, 0.66)
    top, right, bottom = rng.uniform(0.05, 0.12), left + rng.uniform(0.24, 0.3), rng.uniform(0.45, 0.58)
    middle = top + (bottom - top) * rng.uniform(0.45, 0.7)
    scene.add("wood", box(left - 0.02, top - 0.02, right + 0.02, bottom + 0.02), pick=rng.uniform())
    scene.add("sky", box(left, top, right, bottom), pick=rng.uniform(), fade=0.4, tone=0.15)
    skyline = [
        (left, middle),
        (left + 0.08, middle - 0.05),
        (left + 0.17, middle + 0.01),
        (right, middle - 0.03),
    ]
    scene.add("mountain", polygon(*skyline, (right, bottom), (left, bottom)), distance=0.3)
    meadow = polygon((left, middle + 0.07), (right, middle + 0.03), (right, bottom), (left, bottom))
    scene.add("hill", meadow, pick=rng.uniform(), fade=-0.2)


def draw_outdoors(scene: Scene, rng: np.random.Generator) -> None:
    """Mountains, a hill and a few bushes."""
    horizon = rng.uniform(0.35, 0.6)
    scene.add("sky", box(0, 0, 1, 1), pick=rng.uniform(), fade=0.4)
    scene.add("mountain", ridge(rng, horizon, 0.07, 3, 0.7), pick=rng.uniform(), distance=0.4, fade=0.2)
    scene.add("hill", ridge(rng, horizon + 0.1, 0.05, 2), pick=rng.uniform(), fade=-0.2, texture=0.15)
    bushes = [blob(rng, rng.uniform(), horizon + 0.1, 0.05, rng.uniform(0.05, 0.1)) for _ in range(4)]
    scene.add("foliage", *bushes, pick=rng.uniform(), texture=0.3, swell=(0.3, 0.6))


def draw_picture(scene: Scene, rng: np.random.Generator) -> None:
    """A framed picture on the wall."""
    draw_plain(scene, rng)
    left = rng.choice((0.0, 0.66))
    scene.add("wood", box(left, 0.06, left + 0.34, 0.42), pick=rng.uniform())
    scene.add("paint", box(left + 0.03, 0.09, left + 0.31, 0.39), pick=rng.uniform(), texture=0.4)
