"""The compositions of places: landscape, cityscape, marina. `painting.py` reads this module."""

from collections.abc import Iterator

import numpy as np

from common.preparing.procedural.shapes import Shape, blob, box, curve, mirrored, oval, placed, ribbon, ridge


def sky(rng: np.random.Generator, horizon: float) -> Iterator[Shape]:
    """A sky down to the horizon, often with the sun and clouds."""
    yield Shape("sky", box(0, 0, 1, 1), rng.uniform(), rng.uniform(-0.15, 0.15))
    if rng.uniform() < 0.4:
        radius = rng.uniform(0.035, 0.08)
        yield Shape("sun", oval(rng.uniform(0.1, 0.9), horizon * rng.uniform(0.2, 0.8), radius, radius))
    for _ in range(rng.integers(0, 5)):
        x, y, wide = rng.uniform(0, 1), horizon * rng.uniform(0.1, 0.75), rng.uniform(0.08, 0.2)
        pick = rng.uniform()
        for aside, size in ((-0.6, 0.55), (0.55, 0.65), (0.0, 1.0)):
            puff = blob(rng, x + aside * wide, y + 0.1 * wide * (1 - size), wide * size, 0.35 * wide * size)
            yield Shape("cloud", puff, pick, swell=(0.2, 0.7))


def landscape(rng: np.random.Generator) -> Iterator[Shape]:
    """Hills one behind another under a sky, trees, and perhaps a mountain and a path or river."""
    horizon = rng.uniform(0.32, 0.58)
    yield from sky(rng, horizon)
    if rng.uniform() < 0.7:
        height, sharpness = rng.uniform(0.05, 0.16), rng.uniform(0, 1)
        mountain = ridge(rng, horizon - 0.03, height, rng.uniform(0.8, 2.5), sharpness)
        yield Shape("mountain", mountain, rng.uniform(), far=0.3, grain=0.7)
    levels = np.linspace(horizon, rng.uniform(0.7, 0.9), rng.integers(3, 5))
    for number, level in enumerate(levels):
        near = number / (len(levels) - 1)
        hill = ridge(rng, level, rng.uniform(0.015, 0.05) * (1 + near), rng.uniform(0.7, 1.8))
        tone = rng.uniform(-0.25, 0.25)
        yield Shape(rng.choice(["hill", "field"]), hill, rng.uniform(), tone, far=0.25 * (1 - near), grain=0.15)
        if number == 1 and rng.uniform() < 0.6:
            # A path or a river that winds towards us and widens.
            y = np.linspace(level - 0.02, 1.05, 12)
            down = (y - level) / (1.05 - level)
            x = rng.uniform(0.3, 0.7) + down * rng.uniform(-0.3, 0.3) + rng.uniform(0.08, 0.2) * down * np.sin(6 * down)
            widths = (0.02 + rng.uniform(0.15, 0.4) * np.maximum(down, 0.0) ** 1.5).tolist()
            way = ribbon(np.stack([x, y], axis=1), widths)
            yield Shape(rng.choice(["path", "water"]), way, rng.uniform(), 0.1, grain=1.2)
        for x in rng.uniform(0, 1, rng.integers(0, 4) if near < 1 else rng.integers(1, 3)):
            yield from tree(rng, x, level + 0.03 + 0.06 * near, rng.uniform(0.1, 0.17) + 0.28 * near)


def tree(rng: np.random.Generator, x: float, foot: float, high: float) -> Iterator[Shape]:
    """A round tree, a cypress or a fir."""
    wide, pick = high * rng.uniform(0.28, 0.42), rng.uniform()
    yield Shape("shadow", oval(x + 0.4 * wide, foot, 1.2 * wide, 0.12 * wide))
    yield Shape("trunk", box(x - 0.06 * high, foot - 0.45 * high, x + 0.06 * high, foot), swell=(0.7, 0), grain=1.5)
    kind = rng.choice(["round", "round", "cypress", "fir"])
    if kind == "cypress":
        crown = curve(mirrored([(0.03, -1.0), (0.16, -0.55), (0.12, -0.12)]))
        yield Shape("foliage", placed(crown, x, foot, high, high), pick, -0.1, swell=(0.8, 0.3), grain=1.5)
    elif kind == "fir":
        for top, bottom, half in ((0.35, 0.05, 1.0), (0.65, 0.3, 0.75), (1.0, 0.55, 0.5)):
            tier = placed([(0, -top), (half, -bottom), (-half, -bottom)], x, foot, wide, high)
            yield Shape("foliage", tier, pick, -0.1, swell=(0.6, 0), grain=1.0)
    else:
        for aside, up, size in ((-0.6, 0.6, 0.7), (0.6, 0.58, 0.75), (0.0, 0.75, 1.0)):
            crown = blob(rng, x + aside * wide, foot - up * high, wide * size, 0.3 * high * size)
            yield Shape("foliage", crown, pick, swell=(0.7, 0.8), grain=0.8)


def cityscape(rng: np.random.Generator) -> Iterator[Shape]:
    """Towers, then a row of house fronts, then pavement."""
    base, tall = rng.uniform(0.74, 0.9), rng.uniform(0.2, 0.42)
    yield from sky(rng, 0.4)
    for x in rng.uniform(0, 1, rng.integers(1, 6)):
        # A church tower with a spire, a dome, or a plain high house.
        high = rng.uniform(0.45, 0.78)
        kind, pick = rng.choice(["spire", "dome", "block"]), rng.uniform()
        half, top = rng.uniform(0.035, 0.06) * (1.0 + 0.6 * (kind != "spire")), base - 0.7 * high
        if kind == "spire":
            yield Shape("roof", placed([(-1.2, 0), (0, -5), (1.2, 0)], x, top, half, half), pick, far=0.2)
        elif kind == "dome":
            yield Shape("roof", ribbon([(x, top), (x, top - 2.2 * half)], [0.3 * half, 0.1 * half]), pick, far=0.2)
            yield Shape("roof", oval(x, top, 1.1 * half, 1.5 * half), pick, swell=(0.8, 0.6), far=0.2)
        yield Shape("wall", box(x - half, top, x + half, base), rng.uniform(), swell=(0.6, 0), far=0.2, grain=1.5)
        for y in np.arange(top + 0.03, base, 0.09):
            yield Shape("window", box(x - 0.35 * half, y, x + 0.35 * half, y + 0.045), far=0.2)
    yield Shape("path", box(0, base - 0.02, 1, 1), rng.uniform(), -0.1)
    left = rng.uniform(-0.1, 0.0)
    while left < 1:
        right = left + rng.uniform(0.13, 0.26)
        yield from house(rng, left, right, base, base - tall * rng.uniform(0.7, 1.4))
        left = right + rng.choice([0.0, 0.0, 0.03])


def house(rng: np.random.Generator, left: float, right: float, base: float, top: float) -> Iterator[Shape]:
    """A wall with rows of windows, a door and one of four roofs."""
    wide, high, pick, roof = right - left, base - top, rng.uniform(), rng.uniform()
    rise, kind = wide * rng.uniform(0.4, 0.8), rng.choice(["gable", "slope", "steps", "flat"])
    if kind == "gable":
        gable = placed([(-0.05, 0), (0.5, -1), (1.05, 0)], left, top, wide, rise)
        yield Shape("roof", gable, roof, grain=0.8)
    elif kind == "slope":
        slope = placed([(-0.05, 0), (0.15, -0.6), (0.85, -0.6), (1.05, 0)], left, top, wide, rise)
        yield Shape("roof", slope, roof)
    elif kind == "steps":
        for inset, up in ((0.1, 0.35), (0.25, 0.7), (0.38, 1.0)):
            yield Shape("wall", box(left + inset * wide, top - up * rise, right - inset * wide, top), pick)
    yield Shape("wall", box(left, top, right, base), pick, rng.uniform(-0.2, 0.15), grain=1.5)
    columns, floors = max(2, round(wide / rng.uniform(0.055, 0.075))), max(3, round(high / rng.uniform(0.085, 0.11)))
    bay, storey = wide / columns, high / floors
    for x in left + bay * np.arange(columns):
        for y in top + storey * np.arange(floors - 1):
            yield Shape("window", placed(box(0.25, 0.25, 0.75, 0.85), x, y, bay, storey))
    door = left + bay * rng.integers(columns)
    yield Shape("wood", placed(box(0.2, -0.85, 0.8, 0), door, base, bay, storey), rng.uniform())


def marina(rng: np.random.Generator) -> Iterator[Shape]:
    """Boats under sail on open water, with waves, and perhaps a coast."""
    horizon = rng.uniform(0.3, 0.52)
    yield from sky(rng, horizon)
    if rng.uniform() < 0.5:
        coast = ridge(rng, horizon - 0.02, rng.uniform(0.02, 0.07), rng.uniform(1, 3), rng.uniform(0, 0.6))
        yield Shape("mountain", coast, rng.uniform(), far=0.3)
    pick = rng.uniform()
    yield Shape("water", box(0, horizon, 1, 1.05), pick)
    yield Shape("water", ridge(rng, rng.uniform(0.65, 0.85), 0.012, 3), pick, -0.3)
    for y in np.sort(horizon + (1 - horizon) * rng.uniform(0.03, 1, 22) ** 1.5):
        near = (y - horizon) / (1 - horizon)
        x, wide = rng.uniform(0, 1), rng.uniform(0.04, 0.1) * (0.4 + near)
        light = rng.choice([-0.35, 0.3, 0.8])
        wave = curve([(x - wide, y), (x, y - 0.004 - 0.008 * near), (x + wide, y), (x, y + 0.002 + 0.004 * near)])
        yield Shape("foam", wave) if light > 0.5 else Shape("water", wave, pick, light)
    feet = np.sort(horizon + (1 - horizon) * rng.uniform(0.05, 0.75, rng.integers(1, 6)))
    feet[-1] = max(feet[-1], horizon + 0.22)
    for foot in feet:
        size = (0.06 + 0.7 * (foot - horizon)) * rng.uniform(0.75, 1.1)
        x, size = rng.uniform(0.15, 0.85), min(size, 0.36)
        # A hull and its sails, of half length `size`, above its reflection.
        way, hull, sail = size * rng.choice([-1.0, 1.0]), rng.uniform(), rng.uniform()
        reflection = [(-0.75, 0.1), (-0.4, 0.75), (0.1, 0.5), (0.75, 0.1)]
        yield Shape("water", placed(reflection, x, foot, way, size), pick, -0.5)
        high = rng.uniform(1.5, 2.1)
        mast = box(-0.03, -high - 0.05, 0.03, 0)
        yield Shape("wood", placed(mast, x, foot, way, size), hull, -0.3)
        if rng.uniform() < 0.3:
            for low, top, half in ((-0.3, -0.95, 0.7), (-1.05, -1.6, 0.5)):
                square = [(-half, low), (-0.8 * half, top), (0.8 * half, top), (half, low)]
                yield Shape("sail", placed(square, x, foot, way, size), sail, 0.1, swell=(0.5, 0.3), grain=1.4)
        else:
            bulge = rng.uniform(0.7, 0.95)
            main = [(0.06, -high), (0.45 * bulge, -0.55 * high), (0.85 * bulge, -0.3), (0.06, -0.3)]
            jib = [(-0.06, -0.9 * high), (-0.4, -0.4 * high), (-0.85, -0.25), (-0.06, -0.3)]
            yield Shape("sail", placed(main, x, foot, way, size), sail, 0.1, swell=(0.6, 0), grain=1.2)
            yield Shape("sail", placed(jib, x, foot, way, size), rng.uniform(), -0.1, swell=(0.6, 0), grain=1.9)
        body = curve([(-1, -0.22), (-0.4, -0.14), (0.4, -0.14), (1, -0.25), (0.75, 0.08), (-0.7, 0.1)])
        yield Shape("wood", placed(body, x, foot, way, size), hull, swell=(0, 0.7))
