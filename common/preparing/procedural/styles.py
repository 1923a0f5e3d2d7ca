"""The styles: each renders shapes as colours [h w 3]. `painting.py` reads this module."""

from collections.abc import Sequence
from dataclasses import replace
from math import cos, sin

import numpy as np

from common.preparing.procedural.canvas import axes, blurred, contours, grains, lit, noise, regions, shading, strokes
from common.preparing.procedural.colours import Colours, hexed, natural, nearest, vivid
from common.preparing.procedural.shapes import Shape


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


FAUVE = hexed("e02a1c f06a10 f8c810 fae880 1f8a3a 8ac828 1440a8 1a8ac8 58b8e8 5a1f90 d83a8a f080b0 1a1030")


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


INKS = hexed("27303f 2f4f80 6a98ae b4cccc f0e4c8 ecc8a4 dcc090 c98f3f c4452f dc9c86 7f8c52 3f5f4a 6f4a34 9a948a")


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


NUM_CUTS = 9


def cubism(shapes: Sequence[Shape], rng: np.random.Generator, size: int) -> Colours:
    """Forms with straight sides, cut into tilted planes that overlap and shade one another, in ochre and grey."""
    angular = [replace(shape, outline=shape.outline[:: max(1, round(len(shape.outline) / 7))]) for shape in shapes]
    own = natural(shapes, haze=0.3)
    grey, ramp = own.mean(axis=1), hexed("1c1a18 6a5a48 b09468 f0e6cc")
    earth = np.stack([np.interp(grey, [0.0, 0.35, 0.6, 1.0], channel) for channel in ramp.T], axis=1)
    own = earth.astype(np.float32) + 0.4 * (own - grey[:, None])
    x, y = axes(size)
    facet, main = np.zeros((size, size), np.intp), rng.uniform(0.0, np.pi)
    tilt, cuts = np.zeros((2, size, size), np.float32)
    for cut in range(NUM_CUTS):
        # Two main directions, with some variation.
        angle = main + (cut % 2) * rng.uniform(0.8, 1.4) + rng.normal(0.0, 0.25)
        across = (x - rng.normal(0.5, 0.22)) * cos(angle) + (y - rng.normal(0.5, 0.22)) * sin(angle)
        away = np.abs(across)
        facet = 2 * facet + (across > 0)
        tilt -= rng.uniform(0.25, 0.6) * np.sign(across) * np.exp(-12.0 * away)
        cuts = np.maximum(cuts, 1.0 - 160.0 * away)
    shift_x, shift_y, lift = np.take(rng.normal(0.0, 1.0, (3, 2**NUM_CUTS)).astype(np.float32), facet, axis=1)
    region = regions(angular, size, shift=(0.022 * shift_x, 0.022 * shift_y))
    colours = lit(own, region, shading(angular, region, rng) + tilt + 0.15 * lift, shadow="38302c", light="f4ead0")
    line = np.maximum(contours(angular, region, 0.006), 0.6 * cuts)[..., None]
    return colours + 0.9 * line * (hexed("1e1a16") - colours)
