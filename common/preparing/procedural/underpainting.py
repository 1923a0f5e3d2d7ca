"""Render a scene to pixels, before a style paints over them.

The functions return the region map [h w] (the visible shape at each pixel), the shade [h w] (the light at each pixel)
and, with the tables of a palette, the colours [h w 3]. The styles read this module.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from common.preparing.procedural.fields import Colours, Field, coordinates, smooth_noise, stretched
from common.preparing.procedural.palettes import Tables
from common.preparing.procedural.scene import Scene

Regions = NDArray[np.intp]
"""[h w], the index of the shape that shows at each pixel."""


def regions(scene: Scene, size: int) -> Regions:
    """Return the visible shape at each pixel; the first shape if there is none. A scene has at most 256 shapes."""
    if len(scene.shapes) > 256:
        raise ValueError(f"a scene may have 256 shapes, this one has {len(scene.shapes)}; merge their outlines")
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    for index, shape in enumerate(scene.shapes):
        for outline in shape.outlines:
            draw.polygon((outline * size).ravel().tolist(), fill=index)
    return np.asarray(image).astype(np.intp)


def shading(scene: Scene, region: Regions, rng: np.random.Generator, texture: float = 1.0) -> Field:
    """Return the light at each pixel: 0 for the surface's own colour, about 1 in full light, about -1 in full shadow.

    Each shape is shaded by Lambert's cosine law as part of an ellipsoid that fills its bounding box and bulges by its
    swell.
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
        # Raised surfaces stand above the shadows on the ground.
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
    """Mix each pixel's own colour with its light (shade above 0) or its shadow (shade below 0)."""
    size, tables_by_side = len(region), (tables.light - tables.own, tables.shadow - tables.own)
    colours = np.empty((size, size, 3), np.float32)
    # In bands small enough for the processor's cache.
    for top in range(0, size, 32):
        shapes, light = region[top : top + 32], shade[top : top + 32, :, None]
        band = np.take(tables.own, shapes, axis=0)
        for table, strength in zip(tables_by_side, (light, -light), strict=True):
            band += np.clip(strength, 0.0, 1.0) * np.take(table, shapes, axis=0)
        colours[top : top + 32] = band
    return colours


def contours(scene: Scene, region: Regions, width: float, liveliness: Field) -> Field:
    """Return lines along the edges of forms, 0 to 1. `width` is in canvas units; `liveliness` [h w] varies it.

    Lines are thinner where there are many, as in a face.
    """
    pixels = width * len(region)
    edge = Image.fromarray((edges(scene, region) * np.float32(255.0)).astype(np.uint8))
    # Scaled so that a straight edge has level 1, whatever the size of the box.
    level, crowd = (
        np.asarray(edge.filter(ImageFilter.BoxBlur(box)), np.float32) * np.float32((2.0 * box + 1.0) / 255.0)
        for box in (pixels, 4.0 * pixels)
    )
    level -= np.float32(0.3) * np.maximum(crowd - np.float32(1.2), 0.0)
    return np.clip((level - np.float32(0.45) + liveliness * np.float32(0.35)) * np.float32(3.0), 0.0, 1.0)


def edges(scene: Scene, region: Regions) -> Field:
    """Return 1 at pixels whose form differs from that of the pixel to the left or above, else 0."""
    form = np.take(forms(scene), region)
    edge = np.zeros(form.shape, np.float32)
    edge[:, 1:] = form[:, 1:] != form[:, :-1]
    np.maximum(edge[1:], form[1:] != form[:-1], out=edge[1:])
    return edge


def forms(scene: Scene) -> NDArray[np.intp]:
    """Return for each shape its own index or, if it only models another shape, that shape's index."""
    owner, latest = [], {}
    for index, shape in enumerate(scene.shapes):
        if not (shape.modelling and shape.material in latest):
            latest[shape.material] = index
        owner.append(latest[shape.material])
    return np.array(owner)


def grains(scene: Scene, region: Regions) -> Field:
    """Return the direction of the surface at each pixel, in radians."""
    return np.take(np.array([shape.grain for shape in scene.shapes], np.float32), region)
