"""Tools of the styles: from shapes to a map of regions, to light, colours, lines and brush strokes.

Fields are float32 arrays [h w]. The random numbers do not depend on the size, so that a picture is the same at every
size.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from common.preparing.procedural.colours import Colours, hexed
from common.preparing.procedural.outlines import Outline
from common.preparing.procedural.shapes import Shape

Field = NDArray[np.float32]
Regions = NDArray[np.intp]
"""[h w], the index of the shape that shows at each pixel."""


def regions(shapes: Sequence[Shape], size: int, shift: tuple[Field, Field] | None = None) -> Regions:
    """Return the shape that shows at each pixel, or at a place right of and below it by `shift` in canvas units."""
    region = _drawn(size, [(shape.outline, index) for index, shape in enumerate(shapes) if shape.role != "shadow"])
    if shift is None:
        return region
    x, y = (place + by for place, by in zip(axes(size), shift, strict=True))
    column, row = (np.clip((place * size).astype(np.intp), 0, size - 1) for place in (x, y))
    return region[row, column]


def _drawn(size: int, outlines: list[tuple[Outline, int]]) -> Regions:
    image = Image.new("I", (size, size), 0)
    draw = ImageDraw.Draw(image)
    for outline, number in outlines:
        draw.polygon((outline * size).ravel().tolist(), fill=number)
    return np.asarray(image).astype(np.intp)


def lit(own: Colours, region: Regions, shade: Field, *, shadow: str, light: str) -> Colours:
    """Colour each pixel: its shape's own colour [n 3], darkened towards `shadow` or mixed with `light` by `shade`."""
    levels = np.linspace(-1.0, 1.0, 129, dtype=np.float32)[:, None]
    table = own[:, None] * (1.0 + np.maximum(-levels, 0.0) * (hexed(shadow) - 1.0))
    table += 0.6 * np.maximum(levels, 0.0) * (hexed(light) - table)
    level = (np.clip(shade, -1.0, 1.0) * 64.0 + 64.5).astype(np.intp)
    return np.take(table.reshape(-1, 3), region * len(levels) + level, axis=0)


def shading(shapes: Sequence[Shape], region: Regions, rng: np.random.Generator) -> Field:
    """Return the light at each pixel: 0 for the surface's own colour, about 1 in full light, about -1 in full shadow.

    Each shape is shaded by Lambert's cosine law as part of an ellipsoid that fills its bounding box and bulges by its
    swell. The light falls from the upper left or the upper right.
    """
    low = np.array([shape.outline.min(axis=0) for shape in shapes], np.float32)
    high = np.array([shape.outline.max(axis=0) for shape in shapes], np.float32)
    slope = 2.0 * np.array([shape.swell for shape in shapes], np.float32) / np.maximum(high - low, 1e-4)
    across, down = (
        place * np.take(slope[:, axis], region) - np.take((slope * (low + high))[:, axis] / 2.0, region)
        for axis, place in enumerate(axes(len(region)))
    )
    facing = np.sqrt(np.maximum(1.0 - across * across - down * down, 0.0))
    shade = rng.choice([-0.8, 0.8]).item() * across - 0.6 * down + 0.8 * (facing - 1.0)
    shade += np.take(np.array([shape.tone for shape in shapes], np.float32), region)
    # Raised surfaces stand above the shadows on the ground.
    reach = np.array([0.0 if any(shape.swell) else 0.7 for shape in shapes], np.float32)
    shadow = _drawn(len(region), [(shape.outline, 1) for shape in shapes if shape.role == "shadow"])
    return shade - np.take(reach, region) * blurred(shadow.astype(np.float32), 0.008)


def grains(shapes: Sequence[Shape], region: Regions) -> Field:
    """Return the direction of the surface at each pixel, in radians."""
    return np.take(np.array([shape.grain for shape in shapes], np.float32), region)


def contours(shapes: Sequence[Shape], region: Regions, width: float) -> Field:
    """Return lines of a width in canvas units along the edges of forms, 0 to 1."""
    # A fold or a cheek in shadow has the role and colour of the form that it models, and no line.
    numbers = {form: number for number, form in enumerate(dict.fromkeys((shape.role, shape.pick) for shape in shapes))}
    form = np.take([numbers[shape.role, shape.pick] for shape in shapes], region)
    edge = np.zeros(form.shape, np.float32)
    edge[:, 1:] = form[:, 1:] != form[:, :-1]
    np.maximum(edge[1:], form[1:] != form[:-1], out=edge[1:])
    # Blurring lowers a straight edge to 1 / width in pixels.
    return np.clip(blurred(edge, width / 2.0) * (2.5 * width * len(region)) - 0.5, 0.0, 1.0)


def axes(size: int) -> tuple[Field, Field]:
    """x [1 w] and y [h 1] of the pixel centres, in canvas units."""
    centres = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    return centres[None, :], centres[:, None]


def noise(rng: np.random.Generator, size: int, cells: int) -> Field:
    """Smooth noise within about [-1, 1] whose bumps are 1 / cells of the canvas wide."""
    coarse = Image.fromarray(rng.uniform(-1.0, 1.0, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), np.float32)


def blurred(values: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """A field or colours within 0 to 1, softened over the radius in canvas units."""
    image = Image.fromarray((np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8))
    box = ImageFilter.BoxBlur(radius * len(values))
    return np.asarray(image.filter(box).filter(box), np.float32) / 255.0


def strokes(
    rng: np.random.Generator,
    canvas: Colours,
    source: Colours,
    angle: Field,
    *,
    spacing: float,
    length: float,
    width: float,
    bend: float = 0.0,
    jitter: float = 0.1,
) -> Colours:
    """Return the canvas under strokes, each in the source's colour at its middle and along `angle` in radians.

    Spacing, length and width are in canvas units; `bend` is the spread of the curvature, `jitter` that of the colour.
    """
    size, side = len(canvas), round(1.0 / spacing)
    count = side * side
    knots = rng.permutation(count)
    x, y = (np.stack([knots % side, knots // side]) + rng.uniform(0.0, 1.0, (2, count))) / side
    row, column = (y * size).astype(np.intp), (x * size).astype(np.intp)
    tints = source[row, column] + rng.normal(0.0, jitter, (count, 3))
    # Corners are complex numbers, x + iy. A stroke is a hexagon: pointed if it is long, a dot if it is as long as wide.
    lens = length / 2.0 * np.cos(np.arange(6) * np.pi / 3.0) + width / 2.0 * np.sin(np.arange(6) * np.pi / 3.0) * 1j
    lens = lens + rng.normal(0.0, bend, (count, 1)) * (lens.real**2 / length - length / 8.0) * 1j
    corners = (x + y * 1j)[:, None] + lens * np.exp(angle[row, column] * 1j)[:, None]
    image = Image.fromarray((np.clip(canvas, 0.0, 1.0) * 255.0).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    tints = (np.clip(tints, 0.0, 1.0) * 255.0).astype(np.uint8)
    for outline, tint in zip((corners * size).view(np.float64).tolist(), tints.tolist(), strict=True):
        draw.polygon(outline, fill=tuple(tint))
    return np.asarray(image, np.float32) / np.float32(255.0)
