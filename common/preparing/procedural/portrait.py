"""The composition of a portrait. `painting.py` reads this module."""

from collections.abc import Iterator

import numpy as np

from common.preparing.procedural.shapes import Placing, Shape, box, curve, mirrored, oval, placing, ribbon


def portrait(rng: np.random.Generator) -> Iterator[Shape]:
    """The head and shoulders of an invented sitter before a wall, a curtain or a window."""
    yield from backdrop(rng)
    half = rng.uniform(0.18, 0.26)
    x, y, turn = 0.5 + rng.uniform(-0.08, 0.08), rng.uniform(0.36, 0.44), rng.uniform(-0.28, 0.28)
    width, tilt = rng.uniform(0.9, 1.08), rng.normal(0, 0.06)
    skin, hair, cloth = rng.uniform(size=3)
    # The origin of the head lies between the eyes; 1 is half its height.
    head = placing(x, y, half * width, half, tilt, (x, y + half))
    body = placing(x - turn * half, y, half, half, 0.0, (0.0, 0.0))

    long = rng.uniform() < 0.5
    if long:
        fall, wave = rng.uniform(1.2, 2.2), rng.uniform(0.95, 1.15)
        back = mirrored([(0.3, -1.2), (0.85, -0.85), (wave, 0.2), (0.9, fall)])
        yield Shape("hair", head(curve(back)), hair, -0.2, swell=(0.7, 0.2), grain=1.5)
    slope, broad = rng.uniform(1.45, 1.75), rng.uniform(1.6, 2.3)
    coat = curve(mirrored([(0.45, 1.15), (1.0, slope - 0.1), (broad, slope + 0.35), (broad + 0.35, 5)]))
    yield Shape("cloth", body(coat), cloth, swell=(0.8, 0), grain=1.3)
    yield from collar(rng, body, skin)
    for ear in (-0.8, 0.8):
        yield Shape("skin", head(oval(ear - 0.5 * turn, 0.05, 0.13, 0.22, 12)), skin, -0.15)
    face = curve(mirrored([(0.25, -0.98), (0.65, -0.72), (0.8, -0.1), (0.66, 0.55), (0.25, 1)]))
    yield Shape("skin", head(face), skin, 0.1, swell=(0.85, 0.5), grain=1.4)
    yield from features(rng, head, skin, hair, turn)
    if not long and rng.uniform() < 0.4:
        beard = [(-0.78, 0.1), (-0.5, 0.5), (turn, 0.42), (0.5, 0.5), (0.78, 0.1), (0.6, 0.9), (0, 1.4), (-0.6, 0.9)]
        yield Shape("hair", head(curve(beard)), hair, swell=(0.6, 0.4), grain=1.5)
        yield Shape("lips", head(oval(turn, 0.64, 0.2, 0.06)))
    parting = rng.uniform(-0.4, 0.4)
    cap = [(-0.86, 0.2), (-0.92, -0.6), (0, -1.3), (0.92, -0.6), (0.86, 0.2), (0.66, -0.3)]
    cap += [(0.4, -0.62), (parting, -0.75), (-0.4, -0.62), (-0.66, -0.3)]
    yield Shape("hair", head(curve(cap)), hair, swell=(0.7, 0.5), grain=1.2)
    # A beret, a brimmed hat, a hood of cloth, or nothing.
    kind, pick = rng.uniform(), rng.uniform()
    if kind < 0.15:
        yield Shape("cloth", head(oval(rng.uniform(-0.3, 0.3), -0.95, 1.15, 0.42)), pick, swell=(0.6, 0.7))
    elif kind < 0.32:
        crown = curve(mirrored([(0.3, -1.66), (0.68, -1.5), (0.72, -0.65)]))
        yield Shape("cloth", head(crown), pick, swell=(0.7, 0.2))
        yield Shape("cloth", head(oval(0, -0.7, 1.45, 0.2)), pick, -0.2, swell=(0.3, 0.6))
    elif kind < 0.47:
        hood = curve(mirrored([(0.3, -1.35), (0.95, -0.9), (1.05, 0.2), (0.75, 1.2), (0.68, 0.2), (0.45, -0.6)]))
        yield Shape("cloth", head(hood), pick, swell=(0.7, 0.3), grain=1.3)


def backdrop(rng: np.random.Generator) -> Iterator[Shape]:
    """A wall; on it perhaps a curtain or a window."""
    yield Shape("backdrop", box(0, 0, 1, 1), rng.uniform(), rng.uniform(-0.3, 0.2), grain=0.8)
    kind, side, pick = rng.uniform(), rng.choice([0.0, 1.0]), rng.uniform()
    if kind < 0.3:
        start, step = side - 0.05 - 0.2 * side, rng.uniform(0.05, 0.09)
        for left in start + step * np.arange(5):
            yield Shape("cloth", box(left, 0, left + step, 1), pick, -0.1, swell=(0.9, 0), grain=1.5)
    elif kind < 0.6:
        left, top = 0.06 + 0.58 * side + rng.uniform(-0.04, 0.04), rng.uniform(0.06, 0.2)
        right, bottom = left + 0.3, top + rng.uniform(0.25, 0.4)
        yield Shape("wood", box(left - 0.02, top - 0.02, right + 0.02, bottom + 0.02), pick)
        yield Shape("sky", box(left, top, right, bottom), rng.uniform())
        yield Shape("hill", box(left, rng.uniform(top, bottom), right, bottom), pick)


def collar(rng: np.random.Generator, body: Placing, skin: float) -> Iterator[Shape]:
    """The neck, within a ruff, an open shirt, a low neckline or a scarf."""
    neck = box(-0.45, 0.5, 0.45, 1.5)
    kind = rng.choice(["ruff", "shirt", "low", "scarf"])
    if kind == "shirt":
        yield Shape("linen", body([(-0.8, 1.15), (0.8, 1.15), (0, 2.7)]), rng.uniform())
        neck = mirrored([(0.45, 0.5), (0.5, 1.25), (0.0, 1.9)])
    elif kind == "low":
        neck = curve(mirrored([(0.42, 0.5), (0.7, 1.4), (0.2, 2.0)]))
        yield Shape("linen", body(neck * (1.15, 1.06)), rng.uniform())
    # Another pick than the face's, so that flat styles draw the chin.
    yield Shape("skin", body(neck), 0.99 * skin, -0.15, swell=(0.8, 0), grain=1.5)
    yield Shape("skin", body(oval(0, 0.85, 0.42, 0.35)), 0.99 * skin, -0.5)
    if kind == "ruff":
        yield Shape("linen", body(oval(0, 1.25, rng.uniform(0.95, 1.35), 0.33)), 0.0, swell=(0.5, 0.6))
    elif kind == "scarf":
        yield Shape("cloth", body(oval(0, 1.2, 0.75, 0.28)), rng.uniform(), 0.2, swell=(0.6, 0.7))


def features(rng: np.random.Generator, head: Placing, skin: float, hair: float, turn: float) -> Iterator[Shape]:
    """Eyes, brows, nose and mouth, moved to the side to which the head turns."""
    open_eye, gaze = rng.uniform(0.09, 0.13), rng.uniform(-0.06, 0.06)
    for eye in (-0.34, 0.34):
        at = eye + turn
        yield Shape("skin", head(oval(at, -0.06, 0.24, 0.17)), skin, -0.3)
        yield Shape("linen", head(oval(at, -0.02, 0.19, open_eye, 14)))
        yield Shape("ink", head(oval(at + gaze, -0.02, 0.1, open_eye, 12)))
        brow = ribbon([(at - 0.22, -0.22), (at, -0.3), (at + 0.22, -0.22)], [0.05, 0.09, 0.05])
        yield Shape("hair", head(brow), hair, -0.3)
    nose = 0.16 if turn > 0 else -0.16
    yield Shape("skin", head([(turn, -0.1), (turn + nose, 0.34), (turn - 0.3 * nose, 0.4)]), skin, -0.45)
    smile, full = rng.uniform(-0.03, 0.06), rng.uniform(0.05, 0.09)
    mouth = [(turn - 0.26, 0.6 - smile), (turn, 0.62 - full), (turn + 0.26, 0.6 - smile), (turn, 0.62 + full)]
    yield Shape("lips", head(curve(mouth)))
