"""The table of styles: name and function that paints a scene.

To add a style, add a palette in `palettes.py`, write a function from a scene, a random generator and a size to colours
[h w 3], and add a line to the table. `paint` reads this module.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from common.preparing.procedural.cubism import cubism
from common.preparing.procedural.fields import Coat, Colours, Field, blurred, brush, coordinates, smooth_noise
from common.preparing.procedural.palettes import colours_of
from common.preparing.procedural.scene import Scene
from common.preparing.procedural.surface import crackle, vignette
from common.preparing.procedural.ukiyo_e import ukiyo_e
from common.preparing.procedural.underpainting import coloured, contours, edges, grains, regions, shading

Handling = Callable[[Scene, np.random.Generator, int], Colours]


def renaissance(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Earth colours modelled out of the dark, edges lost in smoke, under a yellow varnish that has cracked."""
    tint = np.array([1.08, 1.0, 0.86], np.float32) * np.float32(rng.uniform(0.95, 1.2))
    tables = colours_of(
        "renaissance",
        scene.shapes,
        shadow="20140e",
        light="fff0c8",
        depth=0.9,
        glow=rng.uniform(0.45, 0.6),
        tint=tint * rng.normal(1.0, 0.03, 3).astype(np.float32),
    )
    region = regions(scene, size)
    colours = coloured(region, shading(scene, region, rng, texture=0.6) * np.float32(1.35), tables)
    soft = blurred(colours, 0.007)
    colours = soft + (colours - soft) * np.float32(0.45)
    colours *= vignette(scene, size, rng.uniform(0.4, 0.8))[..., None]
    colours *= (1.0 + 0.05 * smooth_noise(rng, size, 90))[..., None]
    colours += (crackle(rng, size) * np.float32(rng.uniform(0.01, 0.06)))[..., None]
    return colours


def impressionism(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Light broken into short bright strokes, with blue and violet where the light does not reach."""
    moods = np.array([[1, 1, 1], [1.05, 0.96, 0.86], [0.88, 0.96, 1.06], [1.04, 0.93, 1.0], [0.95, 1.02, 0.9]])
    tables = colours_of(
        "impressionism",
        scene.shapes,
        shadow="5660ae",
        light="fffbe8",
        depth=0.85,
        glow=0.65,
        tint=moods[rng.integers(5)].astype(np.float32),
    )
    region = regions(scene, size)
    source = coloured(region, shading(scene, region, rng) * np.float32(1.25), tables)
    angle = grains(scene, region) + rng.uniform(-0.4, 0.4) + np.float32(0.7) * smooth_noise(rng, size, 5)
    canvas = source * np.float32(0.8) + np.float32(0.2 * rng.uniform(0.5, 0.95))
    broad = rng.uniform(0.85, 1.25)
    marks = {"bristles": 0.5, "jitter": 0.05, "scatter": 0.05, "bend": 0.2}
    brush(rng, canvas, source, angle, Coat(spacing=0.026, length=0.085 * broad, width=0.03 * broad, **marks))
    brush(rng, canvas, source, angle, Coat(spacing=0.028, length=0.06 * broad, width=0.023 * broad, **marks))
    fine = Coat(spacing=0.013, length=0.03, width=0.013, bristles=0.3, jitter=0.03, scatter=0.03)
    brush(rng, canvas, source, angle, fine, keep=detail(scene, region))
    return canvas


def expressionism(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Colours pushed to their limit, forms that sway, thick dark outlines and long swirling strokes."""
    tables = colours_of(
        "expressionism",
        scene.shapes,
        shadow="38207a",
        light="fff08a",
        depth=0.75,
        glow=0.65,
        tint=rng.uniform(0.9, 1.08, 3).astype(np.float32),
    )
    region = swayed(regions(scene, size), rng, 0.026)
    source = coloured(region, shading(scene, region, rng) * np.float32(1.3), tables)
    flow = smooth_noise(rng, size, 4) * np.float32(1.8) + smooth_noise(rng, size, 8) * np.float32(0.5)
    angle = grains(scene, region) + flow
    canvas = source.copy()
    marks = {"bristles": 0.9, "jitter": 0.1, "scatter": 0.05}
    brush(rng, canvas, source, angle, Coat(spacing=0.044, length=0.13, width=0.032, bend=0.5, **marks))
    brush(rng, canvas, source, angle, Coat(spacing=0.036, length=0.09, width=0.024, bend=0.4, **marks))
    brush(
        rng,
        canvas,
        source,
        angle,
        Coat(spacing=0.016, length=0.04, width=0.015, **marks),
        keep=detail(scene, region),
    )
    line = contours(scene, region, rng.uniform(0.006, 0.01), smooth_noise(rng, size, 24))
    ink = np.array([[0.05, 0.03, 0.12], [0.02, 0.08, 0.2], [0.16, 0.02, 0.06]], np.float32)[rng.integers(3)]
    return canvas + (ink - canvas) * line[..., None]


def pointillism(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Dots of pure colour on a pale ground, which the eye mixes."""
    tables = colours_of(
        "pointillism",
        scene.shapes,
        shadow="5a58d0",
        light="fffae0",
        depth=0.85,
        glow=0.55,
        tint=rng.uniform(0.95, 1.05, 3).astype(np.float32),
    )
    region = regions(scene, size)
    source = coloured(region, shading(scene, region, rng), tables)
    grey = source.mean(axis=2, keepdims=True)
    source = grey + (source - grey) * np.float32(1.3)
    ground = np.array([[0.97, 0.95, 0.88], [0.93, 0.94, 0.99], [0.99, 0.93, 0.88]], np.float32)[rng.integers(3)]
    canvas = np.broadcast_to(ground, source.shape).copy()
    dot, angle = rng.uniform(0.019, 0.024), np.zeros((size, size), np.float32)
    for scatter in (0.08, 0.1, 0.16):
        coat = Coat(spacing=0.9 * dot, length=dot, width=dot, jitter=0.05, scatter=scatter)
        brush(rng, canvas, source, angle, coat)
    return canvas


HANDLINGS: dict[str, Handling] = {
    "cubism": cubism,
    "expressionism": expressionism,
    "impressionism": impressionism,
    "pointillism": pointillism,
    "renaissance": renaissance,
    "ukiyo-e": ukiyo_e,
}


def detail(scene: Scene, region: NDArray[np.intp]) -> Field:
    """Where a small brush is needed: near 1 at the edges of forms, small within them."""
    near = blurred(edges(scene, region), 0.012)
    return np.clip(near * np.float32(4.0), 0.1, 1.0)


def swayed(region: NDArray[np.intp], rng: np.random.Generator, reach: float) -> NDArray[np.intp]:
    """Return the region map [h w], distorted by up to `reach` (a share of the canvas)."""
    size = len(region)
    x, y = coordinates(size)
    column = (x + reach * smooth_noise(rng, size, 6)) * size
    row = (y + reach * smooth_noise(rng, size, 6)) * size
    last = size - 1
    return region[np.clip(row.astype(np.intp), 0, last), np.clip(column.astype(np.intp), 0, last)]
