"""The style of a Japanese woodblock print.

It turns a scene into colours [h w 3]; `styles.py` reads this module.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common.preparing.procedural.fields import Colours, Field, coordinates, smooth_noise
from common.preparing.procedural.palettes import colours_of, hexed
from common.preparing.procedural.scene import Scene, Shape
from common.preparing.procedural.surface import halved
from common.preparing.procedural.underpainting import contours, regions

INK, PAPER, VERMILION = hexed("20222a"), hexed("efe2c4"), hexed("c23422")


def ukiyo_e(scene: Scene, rng: np.random.Generator, size: int) -> Colours:
    """Flat colours within a dark line on fibrous paper, a graded sky, and the artist's red seal."""
    shapes = [unmodelled(shape) for shape in scene.shapes if not shape.modelling]
    flat = replace(scene, shapes=shapes)
    faded = np.array([1.0, 0.98, 0.93], np.float32) * rng.uniform(0.94, 1.03, 3).astype(np.float32)
    own = colours_of("ukiyo-e", shapes, shadow="6a7488", light="fbf0d8", depth=0, glow=0, tint=faded).own
    # Render at twice the size and halve it, for smooth edges.
    fine = regions(flat, 2 * size)
    colours = np.take(own, fine, axis=0)
    line = contours(flat, fine, rng.uniform(0.0028, 0.0045), smooth_noise(rng, 2 * size, 20))
    colours += (INK - colours) * line[..., None]
    colours = halved(colours)
    region = fine[::2, ::2]
    colours *= (1.0 - np.float32(0.22) * patterned(shapes, region, rng))[..., None]
    graded(colours, shapes, region, rng)
    fibres = 0.025 * smooth_noise(rng, size, 110) + 0.03 * smooth_noise(rng, size, 5)
    colours *= (1.0 + fibres)[..., None]
    stamped(colours, rng)
    return colours


def unmodelled(shape: Shape) -> Shape:
    """Return the shape without shading; a strong tone becomes the next colour of its material."""
    pick = shape.pick
    if shape.material == "skin":
        pick = 0.0
    elif abs(shape.tone) >= 0.25 and shape.material not in ("hair", "eye", "linen"):
        pick = float((pick + 0.25 * np.sign(shape.tone)) % 1.0)
    return replace(shape, pick=pick, distance=0.7 * shape.distance)


def patterned(shapes: list[Shape], region: NDArray[np.intp], rng: np.random.Generator) -> Field:
    """Return 1 in the stripes, checks or dots of each garment, 0 elsewhere."""
    x, y = coordinates(len(region))
    turn, beat = rng.uniform(0, 3.14), 2 * np.pi * rng.uniform(18, 34)
    cos, sin = np.float32(beat * np.cos(turn)), np.float32(beat * np.sin(turn))
    across, along = np.sin(x * cos + y * sin), np.sin(y * cos - x * sin)
    patterns = [across > 0.55, (across > 0.3) ^ (along > 0.3), across * along > 0.55]
    # Derived from the garment's `pick`, so that each garment has its own pattern; 3 is plain.
    kinds = np.array([int(shape.pick * 97) % 4 if shape.material == "cloth" else 3 for shape in shapes])
    kind = np.take(kinds, region)
    printed = np.select([kind == number for number in range(3)], patterns, False)
    return printed.astype(np.float32)


def graded(colours: Colours, shapes: list[Shape], region: NDArray[np.intp], rng: np.random.Generator) -> None:
    """Bokashi: a colour wiped thinner and thinner from the top of the background downwards, in place."""
    _, y = coordinates(len(colours))
    colour = [hexed("26588c"), hexed("c8503c"), hexed("3c4a6a"), hexed("5a7a6a")][rng.integers(4)]
    depth = np.clip(1.0 - y / rng.uniform(0.12, 0.3), 0.0, 1.0) ** 1.3 * rng.uniform(0.5, 0.95)
    behind = np.array([shape.material in ("sky", "backdrop", "ground") for shape in shapes])
    wiped = (depth * np.take(behind, region)).astype(np.float32)
    colours += (colour - colours) * wiped[..., None]


def stamped(colours: Colours, rng: np.random.Generator) -> None:
    """Add the margin of bare paper, mostly a cartouche of writing, and a seal, in place."""
    size = len(colours)

    def fill(left: float, top: float, wide: float, tall: float, colour: Colours) -> None:
        first_x, first_y, last_x, last_y = (round(size * edge) for edge in (left, top, left + wide, top + tall))
        colours[first_y : max(last_y, first_y + 1), first_x : max(last_x, first_x + 1)] = colour

    margin, paper = rng.uniform(0.018, 0.035), PAPER * np.float32(rng.uniform(0.94, 1.0))
    for edge in (0.0, 1.0 - margin):
        fill(edge, 0.0, margin, 1.0, paper)
        fill(0.0, edge, 1.0, margin, paper)
    left = rng.uniform(0.82, 0.86) if rng.uniform() < 0.6 else rng.uniform(0.07, 0.1)
    top, height = rng.uniform(0.06, 0.12), rng.uniform(0.14, 0.24)
    if rng.uniform() < 0.75:
        fill(left, top, 0.06, height, VERMILION if rng.uniform() < 0.3 else PAPER)
        for row in np.arange(top + 0.015, top + height - 0.02, 0.028):
            for across, down in rng.uniform((0.012, 0.0), (0.03, 0.014), (3, 2)):
                wide, tall = (0.02, 0.005) if rng.uniform() < 0.6 else (0.005, 0.018)
                fill(left + across, row + down, wide, tall, INK)
    seal = rng.uniform(0.035, 0.05)
    left, top = left + 0.008, top + height + 0.015
    fill(left, top, seal, seal, VERMILION)
    fill(left + 0.3 * seal, top + 0.25 * seal, 0.4 * seal, 0.15 * seal, PAPER)
