"""Effects over the whole picture: falling light, cracked varnish.

The functions return fields [h w] or colours [h w 3]. The styles read this module.
"""

import numpy as np
from PIL import Image, ImageDraw

from common.preparing.procedural.fields import Colours, Field, coordinates
from common.preparing.procedural.scene import Scene


def vignette(scene: Scene, size: int, darkness: float) -> Field:
    """A pool of light around the focus, drawn towards the lamp: 1 within, 1 - darkness far from it."""
    x, y = coordinates(size)
    centre_x = 0.6 * scene.focus[0] + 0.4 * (0.5 + 0.25 * np.sign(scene.light[0]))
    centre_y = 0.6 * scene.focus[1] + 0.4 * 0.35
    away = ((x - np.float32(centre_x)) / 0.62) ** 2 + ((y - np.float32(centre_y)) / 0.7) ** 2
    return (1.0 - darkness * np.clip(away, 0.0, 1.4) / 1.4).astype(np.float32)


def crackle(rng: np.random.Generator, size: int) -> Field:
    """A net of fine cracks: -1 in a crack, 0 elsewhere."""
    cells = 22
    knots = (
        np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=2) + rng.uniform(-0.2, 0.9, (cells, cells, 2))
    ) / cells
    keep = rng.uniform(size=(cells, cells, 2)) < 0.75
    image = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(image)
    steps = (knots * size).tolist()
    for row in range(cells - 1):
        for column in range(cells - 1):
            here = tuple(steps[row][column])
            if keep[row, column, 0]:
                draw.line((*here, *steps[row][column + 1]), fill=255)
            if keep[row, column, 1]:
                draw.line((*here, *steps[row + 1][column]), fill=255)
    return np.asarray(image, np.float32) / np.float32(-255.0)


def halved(colours: Colours) -> Colours:
    """Halve the size of colours [2h 2w 3], averaging four pixels into one."""
    return (colours[::2, ::2] + colours[1::2, ::2] + colours[::2, 1::2] + colours[1::2, 1::2]) * np.float32(0.25)
