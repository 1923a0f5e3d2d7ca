"""From a scene to pixels, before any style has touched them.

A `Scene` enters. Its region map [h w] (which shape shows at each pixel), its shade [h w] (how lit it is) and,
with a palette's tables, its colours [h w 3] leave. The styles read this module.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from common.data.procedural.fields import Colours, Field, coordinates, smooth_noise, stretched
from common.data.procedural.palettes import Tables
from common.data.procedural.scene import Scene

Regions = NDArray[np.intp]
"""[h w], the index of the shape that shows at each pixel."""


def regions(scene: Scene, size: int) -> Regions:
    """Which shape shows where; the first shape shows where none was laid. A scene has at most 256 shapes."""
    if len(scene.shapes) > 256:
        raise ValueError(f"a scene may hold 256 shapes, this one holds {len(scene.shapes)}; merge their outlines")
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    for index, shape in enumerate(scene.shapes):
        for outline in shape.outlines:
            draw.polygon((outline * size).ravel().tolist(), fill=index)
    return np.asarray(image).astype(np.intp)


def shading(scene: Scene, region: Regions, rng: np.random.Generator, texture: float = 1.0) -> Field:
    """Light on every pixel: 0 the surface's own colour, about 1 full light, about -1 full shadow.

    Every shape is taken for a part of an ellipsoid that fills its bounding box and bulges by its swell;
    Lambert's cosine law does the rest.
    """
    size = len(region)
    middles, extents, traits = [], [], []
    for shape in scene.shapes:
        corners = shape.outlines[0] if len(shape.outlines) == 1 else np.concatenate(shape.outlines)
        low, high = corners.min(axis=0), corners.max(axis=0)
        middles.append((low + high) / 2.0)
        extents.append(2.0 / np.maximum(high - low, 1e-6))
        traits.append((*shape.swell, shape.fade, shape.tone, shape.texture))
    middle, extent = np.array(middles, np.float32), np.array(extents, np.float32)
    swell_x, swell_y, fade, tone, mottle = np.array(traits, np.float32).T
    x, y = coordinates(size)
    start = middle * extent
    u = x * np.take(extent[:, 0], region) - np.take(start[:, 0], region)
    v = y * np.take(extent[:, 1], region) - np.take(start[:, 1], region)
    across, down = u * np.take(swell_x, region), v * np.take(swell_y, region)
    facing = np.sqrt(np.maximum(1.0 - across * across - down * down, 0.0))
    light_x, light_y, light_z = (np.float32(part) for part in scene.light)
    shade = (across * light_x + down * light_y + (facing - 1.0) * light_z) * np.float32(1.2)
    shade += np.take(fade, region) * v + np.take(tone, region)
    noise = smooth_noise(rng, size, 48) * np.float32(0.6) + smooth_noise(rng, size, 18)
    shade += np.take(mottle, region) * noise * np.float32(texture)
    if scene.shadows:
        # What swells stands up from the ground, above the shadows that lie on it.
        reached = np.array([0.25 if any(shape.swell) else 0.9 for shape in scene.shapes], np.float32)
        shade -= np.take(reached, region) * shadows(scene, size)
    return shade.astype(np.float32)


def shadows(scene: Scene, size: int) -> Field:
    """Where shadows fall, from 0 to 1, with soft edges."""
    coarse = 64
    image = Image.new("L", (coarse, coarse), 0)
    draw = ImageDraw.Draw(image)
    for outline in scene.shadows:
        draw.polygon((outline * coarse).ravel().tolist(), fill=255)
    return stretched(np.asarray(image.filter(ImageFilter.GaussianBlur(1.3)), np.float32) / 255.0, size)


def coloured(region: Regions, shade: Field, tables: Tables) -> Colours:
    """Own colour towards its light where the shade is above 0, towards its shadow where it is below."""
    size, tables_by_side = len(region), (tables.light - tables.own, tables.shadow - tables.own)
    colours = np.empty((size, size, 3), np.float32)
    # A band at a time, so that its arrays stay in the processor's cache.
    for top in range(0, size, 32):
        shapes, light = region[top : top + 32], shade[top : top + 32, :, None]
        band = np.take(tables.own, shapes, axis=0)
        for table, strength in zip(tables_by_side, (light, -light), strict=True):
            band += np.clip(strength, 0.0, 1.0) * np.take(table, shapes, axis=0)
        colours[top : top + 32] = band
    return colours


def contours(scene: Scene, region: Regions, width: float, liveliness: Field) -> Field:
    """A drawn line wherever two forms meet, 0 to 1: `width` in canvas units, varied by `liveliness` [h w].

    Where lines crowd, as in a face, they are thinner.
    """
    pixels = width * len(region)
    edge = Image.fromarray((edges(scene, region) * np.float32(255.0)).astype(np.uint8))
    # A straight edge keeps the level 1 within the box around it, whatever the box's size.
    level, crowd = (
        np.asarray(edge.filter(ImageFilter.BoxBlur(box)), np.float32) * np.float32((2.0 * box + 1.0) / 255.0)
        for box in (pixels, 4.0 * pixels)
    )
    level -= np.float32(0.3) * np.maximum(crowd - np.float32(1.2), 0.0)
    return np.clip((level - np.float32(0.45) + liveliness * np.float32(0.35)) * np.float32(3.0), 0.0, 1.0)


def edges(scene: Scene, region: Regions) -> Field:
    """1 where the form is another one than at the pixel to the left or above, 0 elsewhere."""
    form = np.take(forms(scene), region)
    edge = np.zeros(form.shape, np.float32)
    edge[:, 1:] = form[:, 1:] != form[:, :-1]
    np.maximum(edge[1:], form[1:] != form[:-1], out=edge[1:])
    return edge


def forms(scene: Scene) -> NDArray[np.intp]:
    """For every shape the index of the shape whose outline it shares: itself, unless it only models another."""
    owner, latest = [], {}
    for index, shape in enumerate(scene.shapes):
        if not (shape.modelling and shape.material in latest):
            latest[shape.material] = index
        owner.append(latest[shape.material])
    return np.array(owner)


def grains(scene: Scene, region: Regions) -> Field:
    """The direction of every pixel's surface, in radians."""
    return np.take(np.array([shape.grain for shape in scene.shapes], np.float32), region)
