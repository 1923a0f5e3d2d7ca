"""The shape, which a genre composes and a style renders, and outlines of simple forms.

Positions are in canvas units: x from 0 (left) to 1 (right), y from 0 (top) to 1 (bottom), whatever the picture's size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]
"""The corners of a polygon, [n 2]."""
Points = Sequence[tuple[float, float]] | Outline
Placing = Callable[[Points], Outline]
"""A function from a form's own coordinates to the canvas."""


@dataclass(frozen=True)
class Shape:
    """One surface of the picture: a face, a hill, a window."""

    role: str
    """What it is, a key of `styles.NATURAL`; or "shadow", which darkens the flat shapes below it."""
    outline: Outline
    pick: float = 0.0
    """Which of the role's colours, from 0 (the first) to 1 (the last)."""
    tone: float = 0.0
    """Lighter (up to 1) or darker (down to -1) than the colour itself."""
    swell: tuple[float, float] = (0.0, 0.0)
    """How far the surface turns from us at its sides and at its top and bottom: (1, 1) ball, (1, 0) column."""
    grain: float = 0.0
    """The direction in which a brush would follow the surface, in radians from the x axis."""
    far: float = 0.0
    """From 0 (near) to 1 (lost in haze)."""


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """An upright rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def mirrored(points: Points) -> Outline:
    """A form that is the same on both sides of x = 0, from the corners of its right side."""
    right = np.asarray(points, dtype=np.float64)
    return np.concatenate([right, right[::-1] * (-1.0, 1.0)])


def oval(x: float, y: float, width: float, height: float, corners: int = 24) -> Outline:
    """An ellipse by its centre, half width and half height."""
    around = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.stack([x + width * np.cos(around), y + height * np.sin(around)], axis=1)


def blob(rng: np.random.Generator, x: float, y: float, width: float, height: float, rough: float = 0.15) -> Outline:
    """An ellipse whose radius wanders: a crown of leaves, a cloud, a flower."""
    around = np.linspace(0.0, 2.0 * np.pi, 30, endpoint=False)
    waves = np.sin(around[:, None] * np.array([2.0, 3.0, 5.0, 7.0]) + rng.uniform(0.0, 2.0 * np.pi, 4))
    radius = 1.0 + rough * waves @ np.array([0.5, 0.6, 0.5, 0.4])
    return np.stack([x + width * radius * np.cos(around), y + height * radius * np.sin(around)], axis=1)


def curve(points: Points, steps: int = 5) -> Outline:
    """The closed Catmull-Rom curve through the points."""
    here = np.asarray(points, dtype=np.float64)[:, None, :]
    before, after, beyond = (np.roll(here, shift, axis=0) for shift in (1, -1, -2))
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    bent = here + 0.5 * t * (
        after - before + t * (2 * before - 5 * here + 4 * after - beyond + t * (3 * (here - after) + beyond - before))
    )
    return np.asarray(bent.reshape(-1, 2))


def ribbon(points: Points, widths: Sequence[float]) -> Outline:
    """A band along the points with a width at each point: a path, a stem, a brow."""
    spine = np.asarray(points, dtype=np.float64)
    along = np.gradient(spine, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    half = np.asarray(widths, dtype=np.float64)[:, None] / 2.0
    return np.concatenate([spine + across * half, (spine - across * half)[::-1]])


def ridge(rng: np.random.Generator, level: float, height: float, peaks: float, sharpness: float = 0.0) -> Outline:
    """Everything below a skyline across the canvas: rolling hills at sharpness 0, alpine at 1."""
    x = np.linspace(-0.05, 1.05, 40)
    waves = np.sin(np.pi * x[:, None] * peaks * np.array([1.0, 2.1, 4.3]) + rng.uniform(0.0, 2.0 * np.pi, 3))
    waves = (1.0 - sharpness) * waves + sharpness * (1.0 - 2.0 * np.abs(waves))
    skyline = waves @ np.array([1.0, 0.3 + 0.2 * sharpness, 0.2 * sharpness])
    return np.concatenate([np.stack([x, level - height * skyline], axis=1), [(1.05, 1.05), (-0.05, 1.05)]])


def placed(points: Points, x: float, y: float, width: float, height: float) -> Outline:
    """Scale and move an outline to a place on the canvas; a negative width mirrors it."""
    return np.asarray(points, dtype=np.float64) * (width, height) + (x, y)


def turned(outline: Outline, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> Outline:
    """The outline turned clockwise about a point, by an angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray((outline - about) @ np.array([[cos, sin], [-sin, cos]]) + about)


def placing(x: float, y: float, width: float, height: float, angle: float, about: tuple[float, float]) -> Placing:
    """Return a function that scales and moves a form, then turns it about a point of the canvas."""
    return lambda points: turned(placed(points, x, y, width, height), angle, about)
