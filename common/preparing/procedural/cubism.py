"""The cubist style.

It turns a scene into colours [h w 3]; `styles.py` reads this module.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common.preparing.procedural.fields import Colours, Field, coordinates, smooth_noise
from common.preparing.procedural.palettes import colours_of, hexed
from common.preparing.procedural.scene import Scene, Shape
from common.preparing.procedural.underpainting import coloured, contours, regions, shading

NUM_CUTS = 9
NUM_FACETS = 1 << NUM_CUTS
"""Number of possible facets; most of them are empty."""
PLANES = np.stack([hexed(code) for code in ("c9a468", "8d8a7c", "6f7f86", "d8cbaa", "7d5a38", "a89a78")])
MOODS = np.array([[1.1, 1.1, 1.1], [1.18, 1.08, 0.92], [1.02, 1.06, 1.1], [1.08, 1.1, 1.0]], np.float32)


def cubism(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Everything cut into planes: seen from several sides at once, shaded at the cuts, in ochre and grey."""
    tint = MOODS[rng.integers(len(MOODS))]
    angular = replace(scene, shapes=[angled(shape) for shape in scene.shapes])
    tables = colours_of("cubism", angular.shapes, shadow="2e2a2a", light="efe2c0", depth=0.9, glow=0.6, tint=tint)
    facet, cuts, slope = facets(rng, size, scene.focus)
    # Draw for every possible facet, because the size decides which of them are visible.
    shifts = rng.normal(0.0, 0.035, (2, NUM_FACETS)).astype(np.float32)
    lifts = rng.uniform(-0.2, 0.35, NUM_FACETS).astype(np.float32)
    planes = (tint * PLANES)[rng.integers(len(PLANES), size=NUM_FACETS)]
    shares = (rng.uniform(0.0, 0.55, NUM_FACETS) ** 1.5).astype(np.float32)

    x, y = coordinates(size)
    column = np.clip(((x + np.take(shifts[0], facet)) * size).astype(np.intp), 0, size - 1)
    row = np.clip(((y + np.take(shifts[1], facet)) * size).astype(np.intp), 0, size - 1)
    whole = regions(angular, size)
    region, shade = whole[row, column], shading(angular, whole, rng, texture=0.5)[row, column]
    canvas = coloured(region, shade * np.float32(0.7) + slope + np.take(lifts, facet), tables)
    lit = np.clip(np.float32(1.0) + slope, 0.3, 1.3)[..., None]
    canvas += np.take(shares, facet)[..., None] * (np.take(planes, facet, axis=0) * lit - canvas)
    weave = smooth_noise(rng, size, 100) + np.sin(np.float32(330.0) * y)
    canvas *= (1.0 + np.float32(0.025) * weave)[..., None]
    line = np.maximum(contours(angular, region, 0.0035, smooth_noise(rng, size, 12)), cuts)
    canvas += (hexed("26221c") - canvas) * (np.float32(0.85) * line)[..., None]
    return canvas


def facets(rng: np.random.Generator, size: int, focus: tuple[float, float]) -> tuple[NDArray[np.intp], Field, Field]:
    """Straight cuts across the canvas: the number of each plane, the drawn cuts, and the shade beside them."""
    x, y = coordinates(size)
    facet = np.zeros((size, size), np.intp)
    edge, slope = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    main = rng.uniform(0, np.pi)
    for cut in range(NUM_CUTS):
        # Two main directions, with some variation.
        angle = np.float32(main + (cut % 2) * rng.uniform(0.7, 1.3) + rng.normal(0, 0.25))
        centre_x, centre_y = rng.normal(focus[0], 0.24), rng.normal(focus[1], 0.24)
        across = (x - np.float32(centre_x)) * np.cos(angle) + (y - np.float32(centre_y)) * np.sin(angle)
        facet |= (across > 0).astype(np.intp) << cut
        if rng.uniform() < 0.7:
            edge = np.maximum(edge, np.clip(np.float32(0.8) - np.abs(across) * np.float32(230.0), 0.0, 1.0))
        side = np.where(across > 0, np.float32(1.0), np.float32(-0.8))
        slope -= np.float32(rng.uniform(0.1, 0.5)) * side * np.exp(np.abs(across) * np.float32(-14.0))
    return facet, edge, slope


def angled(shape: Shape) -> Shape:
    """The shape with its curves cut down to about seven straight sides."""
    outlines = tuple(outline[:: max(1, round(len(outline) / 7))] for outline in shape.outlines)
    return replace(shape, outlines=outlines, distance=0.4 * shape.distance)
