"""Fields over the canvas: smooth noise, and coats of brush marks.

Fields are float32 arrays [h w]. The random numbers do not depend on the size, so that a picture is the same at each
size. The underpainting and the styles read this module.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Field = NDArray[np.float32]
"""[h w], one value for each pixel."""
Colours = NDArray[np.float32]
"""[h w 3] or [n 3], red, green and blue from 0 to 1."""


def smooth_noise(rng: np.random.Generator, size: int, cells: int) -> Field:
    """Noise within about [-1, 1] whose bumps are 1 / cells of the canvas wide."""
    return stretched(rng.uniform(-1.0, 1.0, (cells, cells)), size)


def stretched(coarse: NDArray[np.floating], size: int) -> Field:
    """A small array [m n] spread smoothly over the canvas."""
    image = Image.fromarray(coarse.astype(np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)


def coordinates(size: int) -> tuple[Field, Field]:
    """x [1 w] and y [h 1] of the pixel centres, in canvas units."""
    centres = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    return centres[None, :], centres[:, None]


def blurred(values: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """A field [h w] or colours [h w 3] within 0 to 1, softened over the radius in canvas units."""
    image = Image.fromarray((np.clip(values, 0.0, 1.0) * np.float32(255.0)).astype(np.uint8))
    # Two boxes look like a Gaussian and cost less.
    box = ImageFilter.BoxBlur(0.85 * radius * len(values))
    return np.asarray(image.filter(box).filter(box), dtype=np.float32) / np.float32(255.0)


@dataclass(frozen=True, kw_only=True)
class Coat:
    """One coat of brush marks: lens-shaped, one to each knot of a jittered lattice."""

    spacing: float
    """Distance between knots of the lattice, in canvas units."""
    length: float
    """Of a mark, in canvas units."""
    width: float
    """Of a mark, in canvas units."""
    bend: float = 0.0
    """How much a mark curves, as a spread over its own width."""
    bristles: float = 0.0
    """How strongly the hairs of the brush show, from 0 to 1."""
    jitter: float = 0.0
    """Spread of a mark's brightness."""
    scatter: float = 0.0
    """Spread of a mark's colour, in each channel."""


def brush(
    rng: np.random.Generator,
    canvas: Colours,
    source: Colours,
    angle: Field,
    coat: Coat,
    keep: Field | None = None,
) -> None:
    """Lay a coat on the canvas [h w 3] in place, every mark in the source's colour at the mark's centre.

    The marks follow `angle` [h w], in radians; if `keep` [h w] is given, each mark is laid with that probability.
    """
    size, side = len(canvas), round(1.0 / coat.spacing)
    knots = rng.permutation(side * side)
    places = np.stack([knots % side, knots // side]) + rng.uniform(0.0, 1.0, (2, side * side))
    x, y = (places * (size / side)).astype(np.float32)
    tints = rng.normal(0.0, coat.jitter, (side * side, 1)) + rng.normal(0.0, coat.scatter, (side * side, 3))
    hairs = rng.uniform(-0.16, 0.16, (side * side, NUM_HAIRS, 1)) * coat.bristles
    bends = rng.normal(0.0, coat.bend, side * side).astype(np.float32)
    column, row = x.astype(np.intp), y.astype(np.intp)
    colours = np.clip(source[row, column] + tints, 0.0, 1.0)[:, None, :] + hairs
    direction = angle[row, column]
    laid = np.arange(side * side)
    if keep is not None:
        laid = laid[rng.uniform(0.0, 1.0, side * side) < keep[row, column]]

    reach = int(np.ceil(max(coat.length, coat.width) * size / 2.0))
    offsets = np.arange(-reach, reach + 1)
    window = (offsets[:, None] * size + offsets).ravel()
    along, aside = np.float32(2.0 / (coat.length * size)), np.float32(2.0 / (coat.width * size))
    on_top = np.full(size * size, -1, np.intp)
    # In batches small enough for the processor's cache.
    for marks in np.array_split(laid, max(1, len(laid) * len(window) // 16384)):
        pixel_x, pixel_y = column[marks, None] + offsets, row[marks, None] + offsets
        from_x = beyond_reach(pixel_x, size, pixel_x + np.float32(0.5) - x[marks, None])
        from_y = beyond_reach(pixel_y, size, pixel_y + np.float32(0.5) - y[marks, None])
        cos, sin = np.cos(direction[marks, None]), np.sin(direction[marks, None])
        u = (from_x * cos * along)[:, None, :] + (from_y * sin * along)[:, :, None]
        v = (from_y * cos * aside)[:, :, None] - (from_x * sin * aside)[:, None, :]
        square = u * u
        if coat.bend:
            v += bends[marks, None, None] * (square - np.float32(0.3))
        square += v * v
        inside = (square < 1.0).reshape(len(marks), -1)
        counts = np.count_nonzero(inside, axis=1)
        found = np.flatnonzero(inside)
        pixel = np.take(window, found - np.repeat(np.arange(len(marks)) * len(window), counts))
        pixel += np.repeat(row[marks] * size + column[marks], counts)
        hair = ((np.take(v, found) + np.float32(1.0)) * np.float32(0.499 * NUM_HAIRS)).astype(np.intp)
        on_top[pixel] = np.repeat(marks * NUM_HAIRS, counts) + hair
    painted = np.flatnonzero(on_top >= 0)
    hair_colours = colours.reshape(-1, 3).astype(np.float32)
    canvas.reshape(-1, 3)[painted] = np.take(hair_colours, on_top[painted], axis=0)


NUM_HAIRS = 8
"""How many hairs of the brush a mark shows, side by side."""


def beyond_reach(pixels: NDArray[np.intp], size: int, distances: NDArray[np.floating]) -> Field:
    """Return the distances [m n], with a huge distance for pixels outside the canvas."""
    return np.where((pixels >= 0) & (pixels < size), distances, 1e6).astype(np.float32)
