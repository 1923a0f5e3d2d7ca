"""The compositions of a still life and of an abstract picture. `painting.py` reads this module."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from common.preparing.procedural.shapes import Outline, Shape, blob, box, curve, mirrored, oval, placed, ribbon, turned

LATHES = {
    "jug": [(0.4, 0), (0.36, 0.06), (0.3, 0.2), (0.6, 0.32), (1, 0.55), (0.85, 0.8), (0.5, 1)],
    "bottle": [(0.2, 0), (0.26, 0.06), (0.2, 0.1), (0.22, 0.36), (0.75, 0.48), (0.8, 0.6), (0.75, 1)],
    "vase": [(0.75, 0), (0.5, 0.12), (0.6, 0.3), (1, 0.55), (0.65, 0.85), (0.5, 1)],
    "bowl": [(1, 0), (1, 0.15), (0.85, 0.5), (0.5, 0.85), (0.45, 1)],
}
"""The right side of each vessel from the top down: shares of its half width and of its height."""


def still_life(rng: np.random.Generator) -> Iterator[Shape]:
    """Vessels and fruit on a table before a wall."""
    edge, front, pick = rng.uniform(0.5, 0.64), rng.uniform(0.9, 0.98), rng.uniform()
    yield Shape("backdrop", box(0, 0, 1, 1), rng.uniform(), rng.uniform(-0.2, 0.3), grain=0.8)
    yield Shape("table", box(0, edge, 1, 1), pick, 0.1, grain=0.05)
    yield Shape("table", box(0, front, 1, 1), pick, -0.5)
    if rng.uniform() < 0.5:
        left, wide = rng.uniform(0, 0.5), rng.uniform(0.4, 0.6)
        cloth = [(0.1, edge + 0.05), (0.9, edge + 0.05), (1.05, 1.05), (0, 1.05)]
        yield Shape("linen", placed(cloth, left, 0, wide, 1), rng.uniform(), -0.05, grain=0.3)
    count = rng.integers(2, 4)
    places = np.linspace(0.22, 0.78, count) + rng.uniform(-0.08, 0.08, count)
    for x, foot in zip(rng.permutation(places), np.sort(edge + rng.uniform(0.08, 0.2, count)), strict=True):
        yield from vessel(rng, x, foot)
    for foot in np.sort(rng.uniform(edge + 0.2, front - 0.01, rng.integers(2, 7))):
        yield from fruit(rng, rng.uniform(0.1, 0.9), foot, rng.uniform(0.05, 0.085))


def vessel(rng: np.random.Generator, x: float, foot: float) -> Iterator[Shape]:
    """A jug, a bottle, a vase with flowers, or a bowl with fruit, standing at `foot`."""
    kind, pick = rng.choice(list(LATHES)), rng.uniform()
    half, high = {"jug": (0.14, 0.4), "bottle": (0.09, 0.5), "vase": (0.11, 0.28), "bowl": (0.22, 0.17)}[kind]
    half, high = half * rng.uniform(0.8, 1.2), high * rng.uniform(0.85, 1.2)
    top = foot - high
    yield Shape("shadow", oval(x + 0.5 * half, foot, 1.3 * half, 0.035))
    if kind == "bowl":
        for aside in (-0.5, 0.5, 0.0):
            yield from fruit(rng, x + aside * half, top + 0.02, 0.065)
    elif kind == "vase":
        for aside, up in rng.uniform((-1.6, 1.0), (1.6, 3.0), (7, 2)):
            flower = (x + aside * half, top - up * half)
            yield Shape("foliage", ribbon([(x, top + 0.02), flower], [0.012, 0.012]), 0.4)
            yield Shape("flower", blob(rng, *flower, 0.06, 0.06, 0.25), rng.uniform(), swell=(0.6, 0.6))
            yield Shape("fruit", oval(*flower, 0.02, 0.02, 10), 0.3)
    elif kind == "jug":
        side = half * rng.choice([-1.0, 1.0])
        handle = ribbon(placed([(0.3, 0.12), (1.25, 0.2), (1.4, 0.45), (0.9, 0.65)], x, top, side, high), [0.03] * 4)
        yield Shape("pot", handle, pick, -0.15)
    outline = placed(mirrored(LATHES[kind]), x, top, half, high)
    yield Shape("glass" if kind == "bottle" else "pot", outline, pick, swell=(0.95, 0.2), grain=1.5)
    if kind != "bottle":
        mouth = LATHES[kind][0][0] * half
        yield Shape("pot", oval(x, top, mouth, 0.14 * mouth + 0.004), pick, -0.45)


def fruit(rng: np.random.Generator, x: float, foot: float, size: float) -> Iterator[Shape]:
    """An apple, an orange, a plum or a pear."""
    yield Shape("shadow", oval(x + 0.5 * size, foot, 1.2 * size, 0.3 * size))
    body, top = oval(0, -0.8, 1, 0.95), -1.6
    if rng.uniform() < 0.25:
        body, top = curve(mirrored([(0.2, -2.3), (0.45, -1.8), (0.6, -1.2), (1, -0.5), (0.5, 0.1)])), -2.2
    yield Shape("fruit", placed(body, x, foot, size, size), rng.uniform(), swell=(0.9, 0.9), grain=0.8)
    yield Shape("trunk", placed(box(0, top - 0.5, 0.15, top), x, foot, size, size))


def abstract(rng: np.random.Generator) -> Iterator[Shape]:
    """Flat figures without a subject: floating geometry, a lattice, shards, or waves."""
    yield Shape("ground", box(0, 0, 1, 1), rng.uniform())
    manners = [geometry, geometry, lattice, shards, waves]
    yield from manners[rng.integers(len(manners))](rng)


def paint(rng: np.random.Generator, outline: Outline, grain: float = 0.0) -> Shape:
    """A figure in any colour."""
    return Shape("paint", outline, rng.uniform(), rng.uniform(-0.2, 0.2), grain=grain)


def geometry(rng: np.random.Generator) -> Iterator[Shape]:
    """Discs, rings, triangles and bars that float over one another."""
    disc = oval(0, 0, 1, 1, 36)
    figures = [disc, disc, disc[:19], 1.3 * disc[::12], box(-1.1, -0.8, 1.1, 0.8)]
    figures += [box(-3.2, -0.12, 3.2, 0.12)] * 2
    for _ in range(rng.integers(8, 17)):
        x, y = rng.normal(0.5, 0.22, 2)
        size, angle, number = 0.05 + min(rng.exponential(0.08), 0.25), rng.uniform(0, 3.1), rng.integers(len(figures))
        yield paint(rng, placed(turned(figures[number], angle), x, y, size, size), angle)
        if number == 0:
            for share in (0.7, 0.35):
                yield paint(rng, placed(disc, x, y, size * share, size * share))


def lattice(rng: np.random.Generator) -> Iterator[Shape]:
    """Unequal panes, some in colour, between dark bars; sometimes aslant."""
    columns, rows = ([-0.3, *np.sort(rng.uniform(0, 1, rng.integers(3, 7))), 1.3] for _ in range(2))
    slant, fill, half = rng.choice([0.0, rng.uniform(-0.8, 0.8)]), rng.uniform(0.4, 1), rng.uniform(0.006, 0.018)
    for left, right in pairwise(columns):
        for top, bottom in pairwise(rows):
            pane = turned(box(left + half, top + half, right - half, bottom - half), slant, (0.5, 0.5))
            yield Shape("ink", turned(box(left, top, right, bottom), slant, (0.5, 0.5)))
            yield paint(rng, pane) if rng.uniform() < fill else Shape("ground", pane)


def shards(rng: np.random.Generator) -> Iterator[Shape]:
    """Triangles that burst from a point."""
    x, y = rng.uniform(0.25, 0.75, 2)
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(9, 20)))
    for angle, after in zip(angles, np.roll(angles, -1), strict=True):
        far = rng.uniform(0.3, 1.3)
        corners = [(0, 0), (np.cos(angle), np.sin(angle)), (np.cos(after), np.sin(after))]
        yield paint(rng, placed(corners, x, y, far, far), angle)


def waves(rng: np.random.Generator) -> Iterator[Shape]:
    """Bands that swing across the canvas at any angle."""
    steps = np.linspace(-0.6, 1.6, 40)
    swing, beats, angle = rng.uniform(0.02, 0.1), rng.uniform(1, 4), rng.uniform(0, np.pi)
    start = -0.4
    while start < 1.4:
        line = start + swing * np.sin(beats * np.pi * steps + 3 * start)
        band = np.concatenate([np.stack([steps, line], axis=1), [[1.6, 1.8], [-0.6, 1.8]]])
        yield paint(rng, turned(band, angle, (0.5, 0.5)), angle)
        start += rng.uniform(0.05, 0.2)
