"""The composition of an abstract painting: things without a name, after one of several habits.

A generator enters, a `Scene` leaves; `genres.py` reads this module.
"""

import numpy as np

from common.data.procedural.outlines import blob, box, curve, ellipse, polygon, ribbon, turned
from common.data.procedural.scene import Scene, empty_scene


def abstract(rng: np.random.Generator) -> Scene:
    """Circles and bars, a lattice, fields of colour, arcs, shards, or waves."""
    scene = empty_scene(rng)
    scene.focus = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7))
    if rng.uniform() < 0.65:
        scene.add("ground", box(0, 0, 1, 1), pick=rng.uniform(), texture=0.12)
    else:
        scene.add("paint", box(0, 0, 1, 1), pick=rng.uniform(), texture=0.12, tone=rng.uniform(-0.3, 0.3))
    kinds = [draw_geometry, draw_geometry, draw_lattice, draw_fields, draw_arcs, draw_shards, draw_waves, draw_forms]
    kinds[rng.integers(len(kinds))](scene, rng)
    return scene


def draw_geometry(scene: Scene, rng: np.random.Generator) -> None:
    """Circles, triangles, bars and rings that float over one another."""
    for _ in range(rng.integers(9, 20)):
        x, y = rng.normal(0.5, 0.22, 2)
        size = 0.025 + rng.exponential(0.07)
        kind, angle = rng.choice(["circle", "ring", "triangle", "bar", "bar", "box", "half"]), rng.uniform(0, 3.1)
        material = rng.choice(["paint", "paint", "paint", "ink", "linen"])
        look = {"pick": rng.uniform(), "tone": rng.uniform(-0.25, 0.25), "grain": angle, "texture": 0.1}
        if kind in ("circle", "ring"):
            scene.add(material, ellipse(x, y, size, size, corners=36), **look)
        if kind == "ring":
            scene.add("paint", ellipse(x, y, size * 0.7, size * 0.7, corners=36), pick=rng.uniform())
            scene.add("paint", ellipse(x, y, size * 0.35, size * 0.35), pick=rng.uniform())
        if kind == "triangle":
            corners = polygon((-1.2, 0.8), (1.2, 0.8), (0, -1.3)) * size + (x, y)
            scene.add(material, turned(corners, angle, (x, y)), **look)
        if kind in ("bar", "box"):
            long, wide = (3.2, 0.1) if kind == "bar" else (1.1, 0.8)
            scene.add(material, turned(box(x - size * long, y - size * wide, x + size * long, y + size * wide), angle, (x, y)), **look)
        if kind == "half":
            scene.add(material, turned(ellipse(x, y, size, size, corners=36)[:19], angle, (x, y)), **look)


def draw_lattice(scene: Scene, rng: np.random.Generator) -> None:
    """A grid of unequal panes, some in colour, sometimes with dark bars between them."""
    columns = np.concatenate([[0.0], np.sort(rng.uniform(0.08, 0.95, rng.integers(2, 6))), [1.0]])
    rows = np.concatenate([[0.0], np.sort(rng.uniform(0.08, 0.95, rng.integers(2, 6))), [1.0]])
    slant, fill = rng.choice((0.0, 0.0, rng.uniform(-0.5, 0.5))), rng.uniform(0.35, 1.0)
    middle = (0.5, 0.5)
    grow = 1.0 + 0.5 * (slant != 0)
    for left, right in zip(columns[:-1], columns[1:], strict=True):
        for top, bottom in zip(rows[:-1], rows[1:], strict=True):
            material = "paint" if rng.uniform() < fill else "linen"
            pane = (turned(box(left, top, right, bottom), slant, middle) - 0.5) * grow + 0.5
            scene.add(material, pane, pick=rng.uniform(), tone=rng.uniform(-0.2, 0.2), texture=0.08)
    if rng.uniform() < 0.7:
        half = rng.uniform(0.008, 0.02)
        bars = [box(x - half, 0, x + half, 1) for x in columns] + [box(0, y - half, 1, y + half) for y in rows]
        scene.add("ink", *((turned(bar, slant, middle) - 0.5) * grow + 0.5 for bar in bars))


def draw_fields(scene: Scene, rng: np.random.Generator) -> None:
    """Two to four broad fields of colour, one above another, with soft rough edges."""
    edges = np.concatenate([[0.04], np.sort(rng.uniform(0.2, 0.85, rng.integers(1, 4))), [0.96]])
    margin = rng.uniform(0.03, 0.09)
    for top, bottom in zip(edges[:-1], edges[1:], strict=True):
        x = np.linspace(margin, 1 - margin, 14)
        rough = rng.normal(0, 0.006, (2, 14))
        outline = np.concatenate([np.stack([x, top + 0.015 + rough[0]], 1), np.stack([x, bottom - 0.015 + rough[1]], 1)[::-1]])
        scene.add("paint", outline, pick=rng.uniform(), tone=rng.uniform(-0.3, 0.25), texture=0.3, fade=rng.uniform(-0.2, 0.2))


def draw_arcs(scene: Scene, rng: np.random.Generator) -> None:
    """Rings around two or three centres, each ring in its own colour, cut into quarters."""
    for _ in range(rng.integers(2, 4)):
        x, y, size = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.25, 0.5)
        bands = rng.integers(4, 8)
        for band in range(bands):
            radius = size * (1 - band / bands)
            start = rng.uniform(0, 6.28)
            whole = ellipse(x, y, radius, radius, corners=40)
            scene.add("paint", whole, pick=rng.uniform(), tone=rng.uniform(-0.2, 0.2))
            around = np.linspace(start, start + rng.choice((1.57, 3.14)), 16)
            piece = np.stack([x + radius * np.cos(around), y + radius * np.sin(around)], axis=1)
            scene.add("paint", np.concatenate([piece, [[x, y]]]), pick=rng.uniform(), tone=rng.uniform(-0.2, 0.2))


def draw_shards(scene: Scene, rng: np.random.Generator) -> None:
    """Triangles that burst from a point."""
    x, y = scene.focus
    angles = np.sort(rng.uniform(0, 6.28, rng.integers(12, 26)))
    for angle, after in zip(angles, np.roll(angles, -1), strict=True):
        reach = rng.uniform(0.25, 1.3)
        corners = ((x, y), (x + reach * np.cos(angle), y + reach * np.sin(angle)), (x + reach * np.cos(after), y + reach * np.sin(after)))
        scene.add("paint", polygon(*corners), pick=rng.uniform(), tone=rng.uniform(-0.35, 0.35), texture=0.1, grain=angle)
    for _ in range(rng.integers(0, 5)):
        radius = rng.uniform(0.02, 0.07)
        scene.add("paint", ellipse(*rng.uniform(0.1, 0.9, 2), radius, radius), pick=rng.uniform())


def draw_waves(scene: Scene, rng: np.random.Generator) -> None:
    """Bands that swing across the canvas, upright or lying."""
    steps = np.linspace(-0.1, 1.1, 24)
    swing, beats, phase = rng.uniform(0.02, 0.1), rng.uniform(1, 4), rng.uniform(0, 6.28)
    upright, at = rng.uniform() < 0.5, -0.1
    while at < 1.1:
        line = at + swing * np.sin(phase + beats * np.pi * steps + at * 3)
        outline = np.concatenate([np.stack([steps, line], axis=1), [[1.1, 1.3], [-0.1, 1.3]]])
        scene.add("paint", outline[:, ::-1] if upright else outline, pick=rng.uniform(), tone=rng.uniform(-0.25, 0.25), texture=0.12, grain=1.57 * upright)
        at += rng.uniform(0.04, 0.18)


def draw_forms(scene: Scene, rng: np.random.Generator) -> None:
    """Soft living forms, threads between them, and dots."""
    for _ in range(rng.integers(5, 10)):
        x, y = rng.uniform(0.1, 0.9, 2)
        form = blob(rng, x, y, rng.uniform(0.05, 0.2), rng.uniform(0.05, 0.2), 0.35)
        scene.add("paint", form, pick=rng.uniform(), tone=rng.uniform(-0.2, 0.2), swell=(0.4, 0.4), texture=0.1, grain=rng.uniform(0, 3))
    for _ in range(rng.integers(2, 6)):
        points = np.cumsum(rng.normal(0, 0.13, (5, 2)), axis=0) + rng.uniform(0.3, 0.7, 2)
        spine = curve(points, 5)[:20]
        widths = np.full(len(spine), rng.uniform(0.006, 0.02))
        scene.add("ink", ribbon([(float(x), float(y)) for x, y in spine], list(widths)))
    dots = [ellipse(x, y, 0.012, 0.012, corners=10) for x, y in rng.uniform(0.05, 0.95, (rng.integers(4, 14), 2))]
    scene.add(rng.choice(["ink", "paint", "linen"]), *dots, pick=rng.uniform())
