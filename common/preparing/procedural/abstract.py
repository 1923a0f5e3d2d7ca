"""The composition of an abstract painting, in one of six manners.

It makes a `Scene` from a random generator; `genres.py` reads this module.
"""

from itertools import pairwise

import numpy as np

from common.preparing.procedural.outlines import blob, box, curve, ellipse, placed, polygon, ribbon, turned
from common.preparing.procedural.scene import Scene, empty_scene


def abstract(rng: np.random.Generator) -> Scene:
    """Circles and bars, a lattice, fields of colour, arcs, shards, or waves."""
    scene = empty_scene(rng)
    scene.focus = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7))
    if rng.uniform() < 0.65:
        scene.add("ground", box(0, 0, 1, 1), pick=rng.uniform(), texture=0.12)
    else:
        scene.add("paint", box(0, 0, 1, 1), pick=rng.uniform(), texture=0.12, tone=rng.uniform(-0.3, 0.3))
    HABITS[rng.integers(len(HABITS))](scene, rng)
    return scene


def draw_geometry(scene: Scene, rng: np.random.Generator) -> None:
    """Circles, triangles, bars and rings that float over one another."""
    disc = ellipse(0, 0, 1, 1, corners=36)
    figures = {
        "disc": disc,
        "half": disc[:19],
        "triangle": polygon((-1.2, 0.8), (1.2, 0.8), (0, -1.3)),
        "bar": box(-3.2, -0.1, 3.2, 0.1),
        "box": box(-1.1, -0.8, 1.1, 0.8),
    }
    names = ["disc", "disc", "half", "triangle", "bar", "bar", "box"]
    for _ in range(rng.integers(10, 24)):
        x, y = rng.normal(0.5, 0.22, 2)
        size, angle, name = 0.03 + rng.exponential(0.085), rng.uniform(0, 3.1), rng.choice(names)
        outline = placed(turned(figures[name], angle), x, y, size, size)
        material, tone = rng.choice(["paint", "paint", "paint", "ink", "linen"]), rng.uniform(-0.25, 0.25)
        scene.add(material, outline, pick=rng.uniform(), tone=tone, grain=angle, texture=0.1)
        if name == "disc" and rng.uniform() < 0.5:
            for share in (0.7, 0.35):
                scene.add("paint", placed(disc, x, y, size * share, size * share), pick=rng.uniform())


def draw_lattice(scene: Scene, rng: np.random.Generator) -> None:
    """A grid of unequal panes, some in colour, sometimes with dark bars between them."""
    columns = np.concatenate([[0.0], np.sort(rng.uniform(0.08, 0.95, rng.integers(2, 6))), [1.0]])
    rows = np.concatenate([[0.0], np.sort(rng.uniform(0.08, 0.95, rng.integers(2, 6))), [1.0]])
    slant, fill = rng.choice((0.0, 0.0, rng.uniform(-0.5, 0.5))), rng.uniform(0.35, 1.0)
    middle = (0.5, 0.5)
    grow = 1.0 + 0.5 * (slant != 0)
    for left, right in pairwise(columns):
        for top, bottom in pairwise(rows):
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
    for top, bottom in pairwise(edges):
        x = np.linspace(margin, 1 - margin, 14)
        rough = rng.normal(0, 0.006, (2, 14))
        upper, lower = np.stack([x, top + 0.015 + rough[0]], 1), np.stack([x, bottom - 0.015 + rough[1]], 1)
        field = np.concatenate([upper, lower[::-1]])
        tone, fade = rng.uniform(-0.3, 0.25), rng.uniform(-0.2, 0.2)
        scene.add("paint", field, pick=rng.uniform(), tone=tone, texture=0.3, fade=fade)


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
            wedge = np.concatenate([piece, [[x, y]]])
            scene.add("paint", wedge, pick=rng.uniform(), tone=rng.uniform(-0.2, 0.2))


def draw_shards(scene: Scene, rng: np.random.Generator) -> None:
    """Triangles that burst from a point."""
    x, y = scene.focus
    angles = np.sort(rng.uniform(0, 6.28, rng.integers(12, 26)))
    for angle, after in zip(angles, np.roll(angles, -1), strict=True):
        far = rng.uniform(0.25, 1.3) * np.array([[np.cos(angle), np.sin(angle)], [np.cos(after), np.sin(after)]])
        shard, tone = np.concatenate([[[x, y]], far + (x, y)]), rng.uniform(-0.35, 0.35)
        scene.add("paint", shard, pick=rng.uniform(), tone=tone, texture=0.1, grain=angle)
    for dot_x, dot_y in rng.uniform(0.1, 0.9, (rng.integers(0, 5), 2)):
        radius = rng.uniform(0.02, 0.07)
        scene.add("paint", ellipse(dot_x, dot_y, radius, radius), pick=rng.uniform())


def draw_waves(scene: Scene, rng: np.random.Generator) -> None:
    """Bands that swing across the canvas, upright or lying."""
    steps = np.linspace(-0.1, 1.1, 24)
    swing, beats, phase = rng.uniform(0.02, 0.1), rng.uniform(1, 4), rng.uniform(0, 6.28)
    upright, at = rng.uniform() < 0.5, -0.1
    while at < 1.1:
        line = at + swing * np.sin(phase + beats * np.pi * steps + at * 3)
        outline = np.concatenate([np.stack([steps, line], axis=1), [[1.1, 1.3], [-0.1, 1.3]]])
        band, tone = outline[:, ::-1] if upright else outline, rng.uniform(-0.25, 0.25)
        scene.add("paint", band, pick=rng.uniform(), tone=tone, texture=0.12, grain=1.57 * upright)
        at += rng.uniform(0.04, 0.18)


def draw_forms(scene: Scene, rng: np.random.Generator) -> None:
    """Soft living forms, threads between them, and dots."""
    for x, y in rng.uniform(0.1, 0.9, (rng.integers(5, 10), 2)):
        form = blob(rng, x, y, rng.uniform(0.05, 0.2), rng.uniform(0.05, 0.2), 0.35)
        tone, grain = rng.uniform(-0.2, 0.2), rng.uniform(0, 3)
        scene.add("paint", form, pick=rng.uniform(), tone=tone, swell=(0.4, 0.4), texture=0.1, grain=grain)
    for _ in range(rng.integers(2, 6)):
        points = np.cumsum(rng.normal(0, 0.13, (5, 2)), axis=0) + rng.uniform(0.3, 0.7, 2)
        scene.add("ink", ribbon(curve(points)[:20], [rng.uniform(0.006, 0.02)] * 20))
    places = rng.uniform(0.05, 0.95, (rng.integers(4, 14), 2))
    dots = [ellipse(x, y, 0.012, 0.012, corners=10) for x, y in places]
    scene.add(rng.choice(["ink", "paint", "linen"]), *dots, pick=rng.uniform())


HABITS = (
    draw_geometry,
    draw_geometry,
    draw_lattice,
    draw_fields,
    draw_arcs,
    draw_shards,
    draw_waves,
    draw_forms,
)
