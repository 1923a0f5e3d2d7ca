"""Outlines of simple forms, in canvas units.

The functions return an `Outline` [n 2]. The genres use this module.
"""

from collections.abc import Sequence

import numpy as np

from common.preparing.procedural.scene import Outline

Points = Sequence[tuple[float, float]]
"""Corners as a list of points."""


def polygon(*points: tuple[float, float]) -> Outline:
    return np.array(points, dtype=np.float64)


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def ellipse(x: float, y: float, width: float, height: float, angle: float = 0.0, corners: int = 22) -> Outline:
    """Centre, half width and half height, turned by an angle in radians."""
    around = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    outline = np.stack([width * np.cos(around), height * np.sin(around)], axis=1)
    return np.asarray(turned(outline, angle) + (x, y))


def blob(rng: np.random.Generator, x: float, y: float, width: float, height: float, roughness: float = 0.2) -> Outline:
    """An ellipse whose radius wanders: a crown of leaves, a cloud, a rock."""
    around = np.linspace(0.0, 2.0 * np.pi, 28, endpoint=False)
    phases = rng.uniform(0.0, 2.0 * np.pi, 4)
    waves = np.sin(around[:, None] * np.array([2.0, 3.0, 5.0, 8.0]) + phases) * np.array([0.5, 0.5, 0.4, 0.3])
    radius = 1.0 + roughness * waves.sum(axis=1)
    return np.stack([x + width * radius * np.cos(around), y + height * radius * np.sin(around)], axis=1)


def curve(points: Points | Outline, steps: int = 5) -> Outline:
    """The closed Catmull-Rom curve through the points."""
    here = np.asarray(points, dtype=np.float64)
    before, after, beyond = np.roll(here, 1, axis=0), np.roll(here, -1, axis=0), np.roll(here, -2, axis=0)
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    here, before, after, beyond = (corner[:, None, :] for corner in (here, before, after, beyond))
    bent = here + 0.5 * t * (
        after - before + t * (2 * before - 5 * here + 4 * after - beyond + t * (3 * (here - after) + beyond - before))
    )
    return np.asarray(bent.reshape(-1, 2))


def lathe(x: float, top: float, bottom: float, half: float, profile: Points) -> Outline:
    """Outline of a turned object; the profile lists (share of height, share of half width) from the top down."""
    right = [(x + half * width, top + (bottom - top) * height) for height, width in profile]
    left = [(x - half * width, top + (bottom - top) * height) for height, width in reversed(profile)]
    return np.array(right + left)


def ribbon(points: Points | Outline, widths: Sequence[float]) -> Outline:
    """A band along the points with a width at each point: a path, an arm, a trunk."""
    spine = np.asarray(points, dtype=np.float64)
    along = np.gradient(spine, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    half = np.asarray(widths, dtype=np.float64)[:, None] / 2.0
    return np.concatenate([spine + across * half, (spine - across * half)[::-1]])


def ridge(rng: np.random.Generator, level: float, height: float, peaks: float = 3.0, sharpness: float = 0.0) -> Outline:
    """Everything below a skyline across the canvas: rolling hills at sharpness 0, alpine at 1."""
    x = np.linspace(-0.05, 1.05, 40)
    frequencies = peaks * np.array([1.0, 2.1, 4.3, 9.1])
    phases = rng.uniform(0.0, 2.0 * np.pi, 4)
    waves = np.sin(np.pi * x[:, None] * frequencies + phases)
    waves = (1.0 - sharpness) * waves + sharpness * (1.0 - 2.0 * np.abs(waves))
    skyline = waves @ np.array([1.0, 0.45 * (0.4 + sharpness), 0.25 * sharpness, 0.14 * sharpness])
    top = np.stack([x, level - height * skyline], axis=1)
    return np.concatenate([top, polygon((1.05, 1.05), (-0.05, 1.05))])


def placed(outline: Points | Outline, x: float, y: float, width: float, height: float) -> Outline:
    """Scale and move an outline to a place on the canvas; a negative width mirrors it."""
    return np.asarray(outline) * (width, height) + (x, y)


def turned(outline: Outline, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> Outline:
    """The outline turned clockwise about a point, by an angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = outline[:, 0] - about[0], outline[:, 1] - about[1]
    return np.stack([about[0] + x * cos - y * sin, about[1] + x * sin + y * cos], axis=1)
