"""The handlings that draw rather than brush: flat prints, and planes that are cut and shifted.

A scene, a generator and a size enter, colours [h w 3] leave. `styles.py` reads this module.
"""

import numpy as np
from numpy.typing import NDArray

from common.data.procedural.fields import Colours, Field, coordinates, smooth_noise
from common.data.procedural.outlines import box
from common.data.procedural.palettes import colours_of, hexed
from common.data.procedural.scene import Scene, Shape
from common.data.procedural.surface import halved
from common.data.procedural.underpainting import coloured, contours, regions, shading


def ukiyo_e(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Flat colours printed within a dark line on fibrous paper, a graded sky, and the artist's red seal."""
    shapes = [unmodelled(shape) for shape in scene.shapes if not shape.modelling]
    flat = Scene(light=scene.light, focus=scene.focus, shapes=shapes)
    faded = np.array([1.0, 0.98, 0.93], np.float32) * rng.uniform(0.94, 1.03, 3).astype(np.float32)
    tables = colours_of(
        "ukiyo-e", flat.shapes, shadow="6a7488", light="fbf0d8", depth=0.6, glow=0.45, tint=faded
    )
    fine = 2 * size
    region = regions(flat, fine)
    colours = np.take(tables.own, region, axis=0)
    printed = patterned(flat, region, rng)
    colours *= (1.0 - np.float32(0.22) * printed)[..., None]
    line = contours(flat, region, rng.uniform(0.0028, 0.0045), smooth_noise(rng, fine, 20))
    colours += (hexed("20222a") - colours) * line[..., None]
    colours = halved(colours)
    _, y = coordinates(size)
    bokashi = [hexed("26588c"), hexed("c8503c"), hexed("3c4a6a"), hexed("5a7a6a")][rng.integers(4)]
    depth = np.clip(1.0 - y / rng.uniform(0.12, 0.3), 0.0, 1.0) ** 1.3 * rng.uniform(0.5, 0.95)
    back = np.isin(region[::2, ::2], [i for i, shape in enumerate(flat.shapes) if shape.material in GRADED])
    colours += (bokashi - colours) * (depth * back)[..., None].astype(np.float32)
    colours *= (1.0 + 0.025 * smooth_noise(rng, size, 110) + 0.03 * smooth_noise(rng, size, 5))[..., None]
    return stamped(colours, rng)


GRADED = ("sky", "backdrop", "ground")


def unmodelled(shape: Shape) -> Shape:
    """The shape as a block prints it: its tone decides between the colour and the next one, nothing is shaded."""
    pick = shape.pick if abs(shape.tone) < 0.25 else (shape.pick + 0.25 * np.sign(shape.tone)) % 1.0
    stays = shape.material in ("skin", "hair", "eye", "linen")
    return Shape(
        material=shape.material,
        outlines=shape.outlines,
        pick=0.0 if shape.material == "skin" else (shape.pick if stays else float(pick)),
        distance=shape.distance * 0.7,
    )


def patterned(scene: Scene, region: NDArray[np.intp], rng: np.random.Generator) -> Field:
    """Stripes, checks or dots on the cloth, each garment with its own; 1 where the pattern is printed."""
    x, y = coordinates(len(region))
    turn, beat = rng.uniform(0, 3.14), rng.uniform(18, 34)
    across = np.sin((x * np.cos(turn) + y * np.sin(turn)) * np.float32(2 * np.pi * beat))
    along = np.sin((y * np.cos(turn) - x * np.sin(turn)) * np.float32(2 * np.pi * beat))
    patterns = [across > 0.55, (across > 0.3) ^ (along > 0.3), across * along > 0.55, across > 2.0]
    kinds = np.full(len(scene.shapes), 3)
    for index, shape in enumerate(scene.shapes):
        if shape.material in ("cloth", "water", "roof"):
            kinds[index] = int(shape.pick * 97) % 4 if shape.material == "cloth" else 3
    kind = kinds[region]
    return np.select([kind == 0, kind == 1, kind == 2], patterns[:3], False).astype(np.float32)


def stamped(colours: Colours, rng: np.random.Generator) -> Colours:
    """The print with its margin of paper, a cartouche of writing, and a seal."""
    size = len(colours)
    x, y = coordinates(size)
    paper = hexed("efe2c4")
    margin = rng.uniform(0.018, 0.035)
    rim = np.maximum(np.abs(x - 0.5), np.abs(y - 0.5)) > 0.5 - margin
    colours[rim] = paper * np.float32(rng.uniform(0.94, 1.0))
    right, top = rng.uniform() < 0.6, rng.uniform(0.06, 0.12)
    left = rng.uniform(0.82, 0.86) if right else rng.uniform(0.07, 0.1)

    def fill(area: NDArray[np.float64], colour: Colours) -> None:
        low, high = (
            (area.min(axis=0) * size).round().astype(int),
            (area.max(axis=0) * size).round().astype(int),
        )
        colours[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)] = colour

    height = rng.uniform(0.14, 0.24)
    if rng.uniform() < 0.75:
        fill(box(left, top, left + 0.06, top + height), hexed("c8402c") if rng.uniform() < 0.3 else paper)
        for row in np.arange(top + 0.015, top + height - 0.02, 0.028):
            for _ in range(3):
                mark_x, mark_y = left + rng.uniform(0.012, 0.03), row + rng.uniform(0, 0.014)
                wide, tall = (0.02, 0.005) if rng.uniform() < 0.6 else (0.005, 0.018)
                fill(box(mark_x, mark_y, mark_x + wide, mark_y + tall), hexed("20222a"))
    seal = rng.uniform(0.035, 0.05)
    seal_y = top + height + 0.015
    fill(box(left + 0.008, seal_y, left + 0.008 + seal, seal_y + seal), hexed("c23422"))
    fill(
        box(left + 0.008 + seal * 0.3, seal_y + seal * 0.25, left + 0.008 + seal * 0.7, seal_y + seal * 0.4),
        paper,
    )
    return colours


def cubism(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Everything cut into planes: seen from several sides at once, shaded at the cuts, in ochre and grey."""
    tint = np.array([[1.1, 1.1, 1.1], [1.18, 1.08, 0.92], [1.02, 1.06, 1.1], [1.08, 1.1, 1.0]], np.float32)[
        rng.integers(4)
    ]
    angular = Scene(
        light=scene.light,
        focus=scene.focus,
        shapes=[angled(shape) for shape in scene.shapes],
        shadows=scene.shadows,
    )
    tables = colours_of(
        "cubism", angular.shapes, shadow="2e2a2a", light="efe2c0", depth=0.9, glow=0.6, tint=tint
    )
    facet, edge, slope = facets(rng, size, scene.focus)
    names, place = np.unique(facet, return_inverse=True)
    # One draw for every facet that could be: which ones show at all may depend on the size.
    shifts = rng.normal(0.0, 0.035, (1 << NUM_CUTS, 2)).astype(np.float32)[names]
    lifts = rng.uniform(-0.2, 0.35, 1 << NUM_CUTS).astype(np.float32)[names]
    place = place.reshape(facet.shape)
    x, y = coordinates(size)
    column = np.clip(((x + shifts[:, 0][place]) * size).astype(np.intp), 0, size - 1)
    row = np.clip(((y + shifts[:, 1][place]) * size).astype(np.intp), 0, size - 1)
    region = regions(angular, size)
    shade = shading(angular, region, rng, texture=0.5)[row, column]
    region = region[row, column]
    shade = shade * np.float32(0.7) + slope + lifts[place]
    canvas = coloured(region, shade, tables)
    planes = np.stack([hexed(code) for code in ("c9a468", "8d8a7c", "6f7f86", "d8cbaa", "7d5a38", "a89a78")])
    plane = np.take(planes, rng.integers(len(planes), size=1 << NUM_CUTS)[names], axis=0) * tint
    share = (rng.uniform(0.0, 0.55, 1 << NUM_CUTS) ** 1.5).astype(np.float32)[names]
    lit = np.clip(np.float32(1.0) + slope, 0.3, 1.3)[..., None]
    canvas += np.take(share, place)[..., None] * (np.take(plane, place, axis=0) * lit - canvas)
    hatching = smooth_noise(rng, size, 100) + np.sin(np.float32(330.0) * coordinates(size)[1])
    canvas *= (1.0 + 0.025 * hatching)[..., None]
    line = np.maximum(contours(angular, region, 0.0035, smooth_noise(rng, size, 12)), edge)
    return canvas + (hexed("26221c") - canvas) * (line * np.float32(0.85))[..., None]


NUM_CUTS = 9


def facets(
    rng: np.random.Generator, size: int, focus: tuple[float, float]
) -> tuple[NDArray[np.intp], Field, Field]:
    """Straight cuts across the canvas: the number of each plane, the drawn cuts, and the shade beside them."""
    x, y = coordinates(size)
    facet = np.zeros((size, size), np.intp)
    edge, slope = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    main = rng.uniform(0, np.pi)
    for cut in range(NUM_CUTS):
        # Two leading directions and a few that disagree, as the masters have it.
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
    """The shape with its curves cut down to a few straight sides."""
    outlines = tuple(
        outline if len(outline) < 9 else outline[:: -(-len(outline) // 7)] for outline in shape.outlines
    )
    return Shape(
        material=shape.material,
        outlines=outlines,
        pick=shape.pick,
        tone=shape.tone,
        swell=shape.swell,
        fade=shape.fade,
        texture=shape.texture,
        grain=shape.grain,
        distance=shape.distance * 0.4,
    )
