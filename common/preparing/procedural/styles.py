"""The styles: each renders shapes as colours [h w 3]. `painting.py` reads this module.

Fields are float32 arrays [h w], regions [h w] the index of the shape that shows at each pixel. Colours are float32
arrays [n 3] or [h w 3], red, green and blue from 0 to 1. The random numbers do not depend on the size.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import cos, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from common.preparing.procedural.shapes import Outline, Shape

Colours = NDArray[np.float32]
Field = NDArray[np.float32]
Regions = NDArray[np.intp]


def hexed(codes: str) -> Colours:
    """Colours [n 3] from "rrggbb rrggbb"."""
    return np.array([list(bytes.fromhex(code)) for code in codes.split()], np.float32) / np.float32(255.0)


NATURAL = {
    "sky": "8fb8de a9c8e6 6f9fd0 c9d6e0 f0d9a8 e8b08a",
    "cloud": "f4f1ea e6dad2",
    "sun": "fbe08a f8b850",
    "mountain": "7d8fb0 8f86ae 6f8f9a",
    "hill": "5f8a4e 7fa05a 4f7a63 8f9a4a",
    "field": "b9b65a d6c063 8fb15a c99d5c",
    "path": "d9c39a c7a67c bfb3a4",
    "foliage": "2f6a3a 4a8038 6a842c b0702c",
    "trunk": "5a3d28",
    "water": "2f6aa0 3f88a0 2f5f8f 4a86b0",
    "foam": "eaf1f4",
    "wall": "d9b48a c98a62 e3d2b0 a8a29a b86a50 8f7f86",
    "roof": "a8452f 7a3a34 5a5a66 8f5a3a",
    "window": "2d3a52",
    "wood": "7a4a28 5a3620 94643a 3f3a44",
    "sail": "f6eedc ecd0a0 d0603f",
    "cloth": "a83232 2f5d8a 3d7a4f d0a03a 6a3a72 33343f c96a3a",
    "linen": "efe6d2 ddd0b8",
    "skin": "e8ba92 dca27a c08a60 8f5c3c",
    "lips": "b04a44",
    "hair": "2d2018 5a3820 8f5f2c c99a4a 9a9088",
    "ink": "1c1820",
    "shadow": "1c1820",
    "backdrop": "7d94a0 a07a54 4f6a8a 8a5a54 b8a878 6f8a6a",
    "table": "8f5a32 6f4428 a8784a",
    "fruit": "c93a2c e0a02c 8fa83a d9702c 6a2a4a",
    "glass": "2f5a4a 3a5a7a 5a4a2a",
    "pot": "b8683f d8c8a8 4a6a9a 8f8a82",
    "flower": "d84a5a f0c23c f3e6e0 8a5ab0",
    "paint": "c9322c 2c5aa8 e8b82c 2f8a5a e07a2c 6a3a8a e8dcc0 2a2630",
    "ground": "e6dcc4 c9b48a 5a5260",
}
"""The colours of each role, before a style changes them."""
FAUVE = hexed("e02a1c f06a10 f8c810 fae880 1f8a3a 8ac828 1440a8 1a8ac8 58b8e8 5a1f90 d83a8a f080b0 1a1030")
INKS = hexed("27303f 2f4f80 6a98ae b4cccc f0e4c8 ecc8a4 dcc090 c98f3f c4452f dc9c86 7f8c52 3f5f4a 6f4a34 9a948a")


def natural(shapes: Sequence[Shape], haze: float = 0.7) -> Colours:
    """Return the natural colour of each shape [n 3]; far ones turn to the colour of air."""
    own = np.zeros((len(shapes), 3), np.float32)
    for index, shape in enumerate(shapes):
        colours = hexed(NATURAL[shape.role])
        own[index] = colours[min(int(shape.pick * len(colours)), len(colours) - 1)]
    far = haze * np.array([shape.far for shape in shapes], np.float32)[:, None]
    return own + far * (hexed("b8c4d0") - own)


def vivid(colours: Colours, strength: float) -> Colours:
    """Move colours [n 3] away from grey."""
    grey = colours.mean(axis=1, keepdims=True)
    return np.clip(grey + strength * (colours - grey), 0.0, 1.0)


def nearest(colours: Colours, inks: Colours) -> Colours:
    """Replace each colour [n 3] by the most similar of the inks [m 3]."""
    return inks[((colours[:, None] - inks) ** 2).sum(axis=2).argmin(axis=1)]


def renaissance(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Earth colours modelled out of the dark by one soft light, edges lost in smoke, under brown varnish."""
    own = natural(shapes)
    own = (own + 0.45 * (own.mean(axis=1, keepdims=True) * hexed("ffcf88") - own)) * hexed("e8c898")
    region = regions(shapes, size)
    colours = lit(own, region, 1.5 * shading(shapes, region, rng), shadow="281a10", light="fff0c8")
    colours = 0.35 * colours + 0.65 * blurred(colours, 0.006)
    x, y = axes(size)
    away = ((x - rng.uniform(0.38, 0.62)) / 0.6) ** 2 + ((y - rng.uniform(0.36, 0.5)) / 0.65) ** 2
    pool = 1.2 - rng.uniform(0.6, 0.9) * np.minimum(away, 1.1)
    return colours * (pool * (1.0 + 0.05 * noise(rng, size, 80)))[..., None]


def impressionism(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Daylight broken into short bright strokes, with blue and violet where the light does not reach."""
    own = vivid(natural(shapes), 1.4)
    own = (own + 0.25 * (hexed("fffaf0") - own)) * rng.uniform(0.94, 1.08, 3).astype(np.float32)
    region = regions(shapes, size)
    source = lit(own, region, 1.1 * shading(shapes, region, rng), shadow="6a6cc8", light="fffbe0")
    angle = grains(shapes, region) + rng.uniform(-0.4, 0.4) + 0.7 * noise(rng, size, 5)
    canvas = strokes(rng, source, source, angle, spacing=0.06, length=0.11, width=0.045, bend=1.0)
    return strokes(rng, canvas, source, angle, spacing=0.0215, length=0.042, width=0.0175, bend=1.0, jitter=0.07)


def expressionism(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Pure colours that are not nature's, forms that sway, thick dark outlines and long swirling strokes."""
    own = natural(shapes, haze=0.0)
    own = nearest(vivid(own + rng.uniform(0.0, 0.6) * (np.roll(own, rng.choice([-1, 1]), axis=1) - own), 2.2), FAUVE)
    region = regions(shapes, size, shift=(0.022 * noise(rng, size, 5), 0.022 * noise(rng, size, 5)))
    source = lit(own, region, 1.2 * shading(shapes, region, rng), shadow="3a2080", light="fff08a")
    flow = grains(shapes, region) + 2.0 * noise(rng, size, 4)
    canvas = strokes(rng, source, source, flow, spacing=0.036, length=0.13, width=0.026, bend=2.5, jitter=0.09)
    return canvas + contours(shapes, region, 0.011)[..., None] * (hexed("120a20") - canvas)


def pointillism(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Dots of bright colour on a pale ground, which the eye mixes."""
    own = vivid(natural(shapes), 1.6)
    own += 0.12 * (1.0 - own)
    region = regions(shapes, size)
    source = lit(own, region, shading(shapes, region, rng), shadow="5a58d0", light="fffae0")
    canvas, still = np.broadcast_to(hexed("f6f0e2"), source.shape), np.zeros(region.shape, np.float32)
    for dot in (0.032, 0.021):
        canvas = strokes(rng, canvas, source, still, spacing=dot, length=dot, width=dot, jitter=0.12)
    return canvas


def ukiyo_e(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Flat colours within a dark line on fibrous paper, a background graded from above, and a red seal."""
    own = nearest(natural(shapes, haze=0.3), INKS)
    region = regions(shapes, size)
    colours = own[region]
    x, y = axes(size)
    grade = np.clip(1.0 - y / rng.uniform(0.15, 0.4), 0.0, 1.0) * (region == 0)
    colours += 0.8 * grade[..., None] * (hexed("2f4f80 c4452f 27303f")[rng.integers(3)] - colours)
    colours += contours(shapes, region, 0.006)[..., None] * (hexed("1c1c24") - colours)
    left, top = rng.choice([0.07, 0.87]).item(), rng.uniform(0.06, 0.4)
    colours[(abs(x - left - 0.03) < 0.03) & (abs(y - top - 0.045) < 0.045)] = hexed("c0301f")
    colours[(abs(x - 0.5) > 0.465) | (abs(y - 0.5) > 0.465)] = hexed("f0e4c8")
    return colours * (0.97 + 0.04 * noise(rng, size, 90))[..., None]


def cubism(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Forms with straight sides, cut into tilted planes that overlap and shade one another, in ochre and grey."""
    angular = [replace(shape, outline=shape.outline[:: max(1, round(len(shape.outline) / 7))]) for shape in shapes]
    own = natural(shapes, haze=0.3)
    grey, ramp = own.mean(axis=1), hexed("1c1a18 6a5a48 b09468 f0e6cc")
    earth = np.stack([np.interp(grey, [0.0, 0.35, 0.6, 1.0], channel) for channel in ramp.T], axis=1)
    own = earth.astype(np.float32) + 0.4 * (own - grey[:, None])
    x, y = axes(size)
    num_cuts, facet, main = 9, np.zeros((size, size), np.intp), rng.uniform(0.0, np.pi)
    tilt, cuts = np.zeros((2, size, size), np.float32)
    for cut in range(num_cuts):
        # Two main directions, with some variation.
        angle = main + (cut % 2) * rng.uniform(0.8, 1.4) + rng.normal(0.0, 0.25)
        across = (x - rng.normal(0.5, 0.22)) * cos(angle) + (y - rng.normal(0.5, 0.22)) * sin(angle)
        away = np.abs(across)
        facet = 2 * facet + (across > 0)
        tilt -= rng.uniform(0.25, 0.6) * np.sign(across) * np.exp(-12.0 * away)
        cuts = np.maximum(cuts, 1.0 - 160.0 * away)
    shift_x, shift_y, lift = np.take(rng.normal(0.0, 1.0, (3, 2**num_cuts)).astype(np.float32), facet, axis=1)
    region = regions(angular, size, shift=(0.022 * shift_x, 0.022 * shift_y))
    colours = lit(own, region, shading(angular, region, rng) + tilt + 0.15 * lift, shadow="38302c", light="f4ead0")
    line = np.maximum(contours(angular, region, 0.006), 0.6 * cuts)[..., None]
    return colours + 0.9 * line * (hexed("1e1a16") - colours)


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
