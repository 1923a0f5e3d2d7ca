"""The composition of a portrait: a sitter, head and shoulders or to the waist, before a backdrop.

A generator enters, a `Scene` leaves; `genres.py` reads this module.
"""

from dataclasses import dataclass

import numpy as np

from common.data.procedural.outlines import Points, blob, box, curve, ellipse, polygon, ribbon, ridge, turned
from common.data.procedural.scene import Outline, Scene, empty_scene


def portrait(rng: np.random.Generator) -> Scene:
    """A sitter who looks to one side or at us, in clothes and a setting of their own."""
    scene = empty_scene(rng)
    half = rng.uniform(0.115, 0.2)
    sitter = Sitter(
        x=0.5 + rng.uniform(-0.09, 0.09),
        y=rng.uniform(0.31, 0.37) + 0.45 * (half - 0.115),
        half=half,
        turn=rng.choice((-1.0, 1.0)) * rng.uniform(0.0, 0.75),
        tilt=rng.normal(0.0, 0.09),
        width=rng.uniform(0.88, 1.08),
        skin=rng.uniform(),
        hair=rng.uniform(),
        cloth=rng.uniform(),
        womanly=rng.uniform() < 0.5,
    )
    scene.focus = (sitter.x, sitter.y)
    set_backdrop(scene, rng)
    headdress = rng.choice(["none", "none", "beret", "brim", "turban", "veil", "crown", "bonnet"])
    draw_hair_behind(scene, rng, sitter, headdress)
    draw_body(scene, rng, sitter)
    draw_face(scene, rng, sitter)
    draw_hair_before(scene, rng, sitter, headdress)
    draw_headdress(scene, rng, sitter, headdress)
    return scene


@dataclass(frozen=True, kw_only=True)
class Sitter:
    """Who sits: where the head is, which way it turns, and the colours that its parts share."""

    x: float
    y: float
    half: float
    """Half the height of the head, in canvas units: the unit of the head's own coordinates."""
    turn: float
    """From -1 (to the left) to 1 (to the right)."""
    tilt: float
    """Of the head, in radians."""
    width: float
    skin: float
    hair: float
    cloth: float
    womanly: bool

    def head(self, outline: Outline | Points) -> Outline:
        """From head coordinates, which tilt with the head, to the canvas."""
        return turned(self.body(outline), self.tilt, (self.x, self.y + self.half))

    def body(self, outline: Outline | Points) -> Outline:
        """From head coordinates to the canvas, upright."""
        return np.asarray(outline) * self.half + (self.x, self.y)


def set_backdrop(scene: Scene, rng: np.random.Generator) -> None:
    kind = rng.choice(["plain", "plain", "wall", "curtain", "window", "outdoors", "panel"])
    pick = rng.uniform()
    if kind == "outdoors":
        horizon = rng.uniform(0.35, 0.6)
        scene.add("sky", box(0, 0, 1, 1), pick=pick, fade=0.4)
        scene.add("mountain", ridge(rng, horizon, 0.07, 3, 0.7), pick=rng.uniform(), distance=0.4, fade=0.2)
        scene.add("hill", ridge(rng, horizon + 0.1, 0.05, 2), pick=rng.uniform(), fade=-0.2, texture=0.15)
        crowns = [blob(rng, rng.uniform(), horizon + 0.1, 0.05, rng.uniform(0.05, 0.1)) for _ in range(4)]
        scene.add("foliage", *crowns, pick=rng.uniform(), texture=0.3, swell=(0.3, 0.6))
        return
    scene.add("backdrop", box(0, 0, 1, 1), pick=pick, tone=rng.uniform(-0.2, 0.25), fade=0.2, texture=0.12)
    side = rng.choice((0.0, 1.0))
    if kind == "wall":
        scene.add("wall", box(0, rng.uniform(0.5, 0.75), 1, 1), pick=rng.uniform(), tone=-0.3, texture=0.1)
    if kind == "curtain":
        cloth = rng.uniform()
        for fold in range(5):
            x = abs(side - 0.075 * (fold + 0.3))
            sway = rng.uniform(-0.02, 0.05) * (1 - 2 * side)
            strip = ribbon([(x, -0.1), (x + sway, 0.5), (x + 2 * sway, 1.1)], [0.1, 0.09, 0.11])
            scene.add("cloth", strip, pick=cloth, swell=(0.9, 0), tone=-0.15, grain=1.5)
    if kind == "window":
        left = 0.04 + side * rng.uniform(0.58, 0.66)
        top, right, bottom = rng.uniform(0.05, 0.12), left + rng.uniform(0.24, 0.3), rng.uniform(0.45, 0.58)
        middle = top + (bottom - top) * rng.uniform(0.45, 0.7)
        scene.add("wood", box(left - 0.02, top - 0.02, right + 0.02, bottom + 0.02), pick=rng.uniform())
        scene.add("sky", box(left, top, right, bottom), pick=rng.uniform(), fade=0.4, tone=0.15)
        hills = [(left, middle), (left + 0.08, middle - 0.05), (left + 0.17, middle + 0.01), (right, middle - 0.03)]
        scene.add("mountain", polygon(*hills, (right, bottom), (left, bottom)), distance=0.3)
        low = [(left, middle + 0.07), (right, middle + 0.03), (right, bottom), (left, bottom)]
        scene.add("hill", polygon(*low), pick=rng.uniform(), fade=-0.2)
    if kind == "panel":
        left = side * 0.66
        scene.add("wood", box(left, 0.06, left + 0.34, 0.42), pick=rng.uniform())
        scene.add("paint", box(left + 0.03, 0.09, left + 0.31, 0.39), pick=rng.uniform(), texture=0.4)


def draw_hair_behind(scene: Scene, rng: np.random.Generator, sitter: Sitter, headdress: str) -> None:
    shift = -0.12 * sitter.turn
    length = rng.choice([0.2, 1.1, 1.7, 2.1]) if sitter.womanly else rng.choice([0.1, 0.2, 0.25, 1.0])
    if headdress == "veil":
        spread = rng.uniform(1.3, 1.7)
        veil = [(0, -1.3), (1.0, -0.8), (1.15, 0.4), (spread, 2.2), (-spread, 2.2), (-1.15, 0.4), (-1.0, -0.8)]
        scene.add("cloth", sitter.body(curve(veil)), pick=(sitter.cloth + 0.4) % 1, swell=(0.8, 0.2), grain=1.4)
        return
    wave = rng.uniform(0.85, 1.15)
    outline = [(shift, -1.18), (0.75, -0.9), (0.98 * wave, -0.2), (1.02 * wave, length * 0.6), (0.8, length)]
    outline += [(-0.8, length), (-1.02 * wave, length * 0.6), (-0.98 * wave, -0.2), (-0.75, -0.9)]
    scene.add(
        "hair",
        sitter.head(curve([(x * sitter.width + shift, y) for x, y in outline])),
        pick=sitter.hair,
        swell=(0.7, 0.5),
        texture=0.2,
        tone=-0.15,
        grain=1.4,
    )
    if rng.uniform() < 0.3 and sitter.womanly:
        scene.add("hair", sitter.head(ellipse(shift * 2, -1.2, 0.42, 0.36)), pick=sitter.hair, swell=(0.8, 0.8))


def draw_body(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    lean = -0.35 * sitter.turn
    broad = rng.uniform(1.75, 2.1) if sitter.womanly else rng.uniform(2.0, 2.5)
    slope = rng.uniform(1.75, 2.1)
    neck = [(-0.42, 0.5), (0.42, 0.5), (0.46, 1.2), (0.8, 1.7), (-0.8, 1.7), (-0.46, 1.2)]
    scene.add("skin", sitter.body(neck), pick=sitter.skin, swell=(0.9, 0), tone=-0.1, grain=1.5)
    scene.cast(sitter.body(ellipse(-0.1 * np.sign(scene.light[0]), 0.98, 0.55, 0.3)))
    edge = rng.uniform(1.2, 1.42)
    half = [(0.5, edge), (1.0, slope - 0.3), (broad, slope + 0.15), (broad + 0.3, slope + 1.4), (broad + 0.5, 8)]
    torso = [(x + lean, y) for x, y in half] + [(-x + lean, y) for x, y in reversed(half)]
    scene.add("cloth", sitter.body(curve(torso)), pick=sitter.cloth, swell=(0.85, 0), texture=0.12, grain=1.3)
    for _ in range(rng.integers(2, 6)):
        x, y = rng.uniform(-broad, broad) * 0.8 + lean, rng.uniform(slope + 0.3, slope + 1.2)
        fold = ribbon([(x, y), (x * 1.1 + 0.1, y + 0.8), (x * 1.15, y + 1.8)], [0.02, 0.16, 0.03])
        scene.add("cloth", sitter.body(fold), pick=sitter.cloth, tone=rng.choice((-0.45, 0.35)), grain=1.3, modelling=True)
    draw_collar(scene, rng, sitter, lean, edge)
    other = (sitter.cloth + rng.uniform(0.2, 0.8)) % 1
    if rng.uniform() < 0.35:
        side = rng.choice((-1.0, 1.0))
        cloak = [(0.35, edge + 0.1), (1.1, slope - 0.3), (broad + 0.25, slope + 0.2), (broad + 0.6, 8), (0.6, 8)]
        cloak += [(0.9, slope + 1.2)]
        outline = sitter.body(curve([(side * x + lean, y) for x, y in cloak]))
        scene.add("cloth", outline, pick=other, swell=(0.7, 0.0), texture=0.15, grain=1.2)
    if sitter.half < 0.155 and rng.uniform() < 0.7:
        draw_arms(scene, rng, sitter, lean, broad, slope)


def draw_collar(scene: Scene, rng: np.random.Generator, sitter: Sitter, lean: float, edge: float) -> None:
    kind = rng.choice(["low", "low", "vee", "ruff", "shirt", "band", "fur"])
    if kind == "low":
        deep = edge + rng.uniform(0.5, 1.0)
        chest = [(0, edge - 0.35), (0.5, edge), (0.95, edge + 0.35), (0.7, deep), (0, deep + 0.12)]
        chest += [(-x, y) for x, y in reversed(chest[1:-1])]
        outline = curve([(x + lean * y / 3, y) for x, y in chest])
        scene.add("linen", sitter.body(outline * (1.1, 1.05)), pick=rng.uniform(), tone=-0.1)
        scene.add("skin", sitter.body(outline), pick=sitter.skin, swell=(0.6, 0.4), grain=1.5)
        if rng.uniform() < 0.6:
            around = np.linspace(-0.62, 0.62, 13)
            beads = [(x + lean / 3, edge + 0.32 - 0.5 * x * x) for x in around]
            scene.add("linen", *(sitter.body(ellipse(x, y, 0.055, 0.055, corners=7)) for x, y in beads), tone=0.3)
    if kind == "vee":
        point = edge + rng.uniform(0.9, 1.6)
        scene.add("linen", sitter.body([(-0.75 + lean, edge - 0.1), (0.75 + lean, edge - 0.1), (lean, point)]))
        scene.add("skin", sitter.body([(-0.45 + lean, edge - 0.15), (0.45 + lean, edge - 0.15), (lean, point - 0.4)]), pick=sitter.skin)
    if kind == "ruff":
        ruff = ellipse(lean / 3, edge - 0.12, rng.uniform(1.1, 1.45), 0.42, corners=40)
        ruff[::2] = (ruff[::2] - (lean / 3, edge - 0.12)) * 0.88 + (lean / 3, edge - 0.12)
        scene.add("linen", sitter.body(ruff), pick=rng.uniform(), swell=(0.6, 0.5), texture=0.3)
    if kind == "shirt":
        scene.add("linen", sitter.body([(-0.35 + lean, edge), (0.35 + lean, edge), (0.3 + lean, 7), (-0.3 + lean, 7)]))
        for side in (-1.0, 1.0):
            wing = [(0.02, edge + 0.25), (0.55, edge - 0.25), (0.95, edge + 0.2), (0.45, edge + 0.7)]
            scene.add("linen", sitter.body([(side * x + lean, y) for x, y in wing]), tone=0.2, grain=0.6 * side)
        if rng.uniform() < 0.5:
            scene.add("cloth", sitter.body(curve([(lean - 0.3, edge + 0.1), (lean + 0.3, edge + 0.4), (lean + 0.3, edge + 0.1), (lean - 0.3, edge + 0.4)])), pick=rng.uniform())
    if kind in ("band", "fur"):
        collar = ribbon([(-0.95 + lean, edge + 0.05), (lean, edge + 0.5), (0.95 + lean, edge + 0.05)], [0.3, 0.36, 0.3])
        material = "hair" if kind == "fur" else "linen"
        scene.add(material, sitter.body(collar), pick=rng.uniform(), texture=0.4, swell=(0.3, 0.7))


def draw_arms(
    scene: Scene, rng: np.random.Generator, sitter: Sitter, lean: float, broad: float, slope: float
) -> None:
    low, side = slope + rng.uniform(2.1, 2.6), rng.choice((-1.0, 1.0))
    for arm in (-side, side):
        hand_x = lean + arm * rng.uniform(-0.3, 0.4)
        elbow = (arm * (broad + 0.45) + lean, low + 0.1)
        sleeve = ribbon([(arm * broad + lean, slope + 0.7), elbow, (hand_x, low)], [0.8, 0.95, 0.5])
        scene.add("cloth", sitter.body(sleeve), pick=sitter.cloth, tone=0.18, swell=(0.4, 0.8), grain=0.3 * arm)
        scene.add("linen", sitter.body(ellipse(hand_x, low, 0.22, 0.3)), pick=rng.uniform())
        hand = curve([(hand_x, low - 0.22), (hand_x - arm * 0.5, low - 0.2), (hand_x - arm * 0.75, low + 0.1), (hand_x, low + 0.22)])
        scene.add("skin", sitter.body(hand), pick=sitter.skin, swell=(0.3, 0.8), tone=0.1)
    if rng.uniform() < 0.4:
        x = lean + 0.1
        page = [(x - 0.5, low - 0.6), (x + 0.4, low - 0.7), (x + 0.5, low + 0.1), (x - 0.4, low + 0.2)]
        scene.add(rng.choice(["linen", "cloth", "fruit"]), sitter.body(page), pick=rng.uniform())


def draw_face(scene: Scene, rng: np.random.Generator, sitter: Sitter) -> None:
    turn, width, jaw = sitter.turn, sitter.width, rng.uniform(0.5, 0.68)
    right = [(0.55, -0.92), (0.76, -0.45), (0.74, 0.1), (jaw, 0.58), (0.28, 0.96)]
    left = [(-x, y) for x, y in reversed(right)]
    face = [(0.0, -1.05), *right, (0.12 * turn, 1.04), *left]
    # The far cheek is foreshortened: what lies on the side that the head turns to comes nearer the middle.
    face = [(x * width * (1.0 - 0.16 * turn * np.sign(x)), y) for x, y in face]
    if abs(turn) < 0.35:
        ears = [sitter.head(ellipse(side * 0.77 * width, 0.08, 0.12, 0.24)) for side in (-1, 1)]
    else:
        ears = [sitter.head(ellipse(-np.sign(turn) * 0.72 * width, 0.08, 0.15, 0.25))]
    scene.add("skin", *ears, pick=sitter.skin, tone=-0.2)
    scene.add("skin", sitter.head(curve(face)), pick=sitter.skin, swell=(0.95, 0.6), tone=0.08, grain=1.4)
    middle, gap = 0.33 * turn, rng.uniform(0.31, 0.37)
    look = rng.uniform(-0.05, 0.05) + 0.05 * turn
    open_eye, brow_high = rng.uniform(0.055, 0.1), rng.uniform(0.2, 0.3)
    shade = -np.sign(scene.light[0])
    for side in (-1.0, 1.0):
        near = 1.0 - 0.25 * turn * side
        x = middle + side * gap * near
        scene.add("skin", sitter.head(ellipse(x, -0.08, 0.24 * near, 0.17)), pick=sitter.skin, tone=-0.3, modelling=True)
        scene.add("linen", sitter.head(ellipse(x, -0.05, 0.165 * near, open_eye)), tone=-0.1)
        scene.add("eye", sitter.head(ellipse(x + look, -0.05, 0.075, open_eye + 0.02, corners=10)))
        lid = ribbon([(x - 0.19 * near, -0.06), (x, -0.08 - open_eye), (x + 0.19 * near, -0.05)], [0.03, 0.055, 0.03])
        scene.add("eye", sitter.head(lid))
        brow = [(x - side * 0.2 * near, -brow_high + 0.04), (x, -brow_high - 0.05), (x + side * 0.24 * near, -brow_high + 0.05)]
        scene.add("hair", sitter.head(ribbon(brow, [0.08, 0.075, 0.03])), pick=sitter.hair)
    scene.add(
        "skin",
        *(sitter.head(ellipse(middle + side * 0.42 * (1 - 0.25 * turn * side), 0.33, 0.2, 0.15)) for side in (-1, 1)),
        pick=min(sitter.skin + 0.3, 1.0),
        tone=rng.uniform(-0.15, 0.1),
        modelling=True,
    )
    tip, nose_low = middle + 0.16 * turn, rng.uniform(0.36, 0.46)
    wedge = [(middle + 0.03 * shade, -0.2), (tip + 0.01, nose_low - 0.05), (tip + 0.17 * shade, nose_low), (middle + 0.13 * shade, 0.1)]
    scene.add("skin", sitter.head(curve(wedge, 3)), pick=sitter.skin, tone=-0.42, grain=1.5, modelling=True)
    bridge = ribbon([(middle, -0.15), (tip - 0.01 * shade, nose_low - 0.1)], [0.07, 0.13])
    scene.add("skin", sitter.head(bridge), pick=sitter.skin, tone=0.3, grain=1.5, modelling=True)
    scene.add("skin", sitter.head(ellipse(tip, nose_low + 0.02, 0.17, 0.035)), pick=sitter.skin, tone=-0.7)
    mouth, smile, mouth_y = middle * 0.95, rng.uniform(-0.04, 0.06), nose_low + rng.uniform(0.2, 0.26)
    wide = rng.uniform(0.2, 0.3)
    lips = [(mouth - wide, mouth_y - smile), (mouth, mouth_y - 0.06), (mouth + wide, mouth_y - smile), (mouth, mouth_y + 0.1)]
    scene.add("lips", sitter.head(curve(lips, 4)), pick=rng.uniform())
    scene.add("skin", sitter.head(ellipse(mouth, mouth_y + 0.19, 0.15, 0.03)), pick=sitter.skin, tone=-0.3, modelling=True)
    if not sitter.womanly and rng.uniform() < 0.5:
        draw_beard(scene, rng, sitter, mouth, mouth_y)


def draw_beard(scene: Scene, rng: np.random.Generator, sitter: Sitter, mouth: float, mouth_y: float) -> None:
    hair = sitter.hair
    moustache = [(mouth, mouth_y - 0.14), (mouth + 0.36, mouth_y + 0.03), (mouth, mouth_y - 0.03), (mouth - 0.36, mouth_y + 0.03)]
    if rng.uniform() < 0.65:
        long = rng.uniform(1.15, 1.8)
        right = [(0.74, 0.2), (0.72, 0.65), (0.4, long - 0.15)]
        inner = [(mouth - 0.3, mouth_y - 0.02), (mouth, mouth_y + 0.14), (mouth + 0.3, mouth_y - 0.02)]
        beard = [*right, (mouth, long), *[(-x, y) for x, y in reversed(right)], *inner]
        outline = curve([(x * sitter.width, y) for x, y in beard])
        scene.add("hair", sitter.head(outline), pick=hair, texture=0.3, swell=(0.6, 0.2), grain=1.5)
    scene.add("hair", sitter.head(curve(moustache)), pick=hair, tone=0.1, grain=0.3)


def draw_hair_before(scene: Scene, rng: np.random.Generator, sitter: Sitter, headdress: str) -> None:
    if headdress in ("veil", "turban") or (not sitter.womanly and rng.uniform() < 0.12):
        return
    width, shift, fringe = 0.86 * sitter.width, -0.1 * sitter.turn, rng.uniform(-0.75, -0.42)
    part = rng.uniform(-0.4, 0.4) + 0.3 * sitter.turn
    lock = rng.uniform(-0.3, 0.35)
    crown = [(-width, lock), (-width - 0.06, -0.5), (-0.6, -1.05), (0, -1.2), (0.6, -1.05), (width + 0.06, -0.5), (width, lock)]
    front = [(width * 0.82, -0.2), (0.4 * width + 0.2 * part, fringe + 0.02), (part, fringe - 0.14)]
    front += [(-0.4 * width + 0.2 * part, fringe + 0.02), (-width * 0.82, -0.2)]
    outline = curve([(x + shift, y) for x, y in crown + front], 4)
    scene.add("hair", sitter.head(outline), pick=sitter.hair, swell=(0.7, 0.6), texture=0.22, grain=0.4)


def draw_headdress(scene: Scene, rng: np.random.Generator, sitter: Sitter, kind: str) -> None:
    pick, lean = (sitter.cloth + rng.choice((0.0, 0.3, 0.6))) % 1, rng.uniform(-0.25, 0.25)
    if kind == "beret":
        cap = [(-0.95, -0.62), (-1.15 + lean, -1.0), (lean, -1.5), (1.15 + lean, -1.05), (0.95, -0.62), (0, -0.78)]
        scene.add("cloth", sitter.head(curve(cap)), pick=pick, swell=(0.8, 0.7), tone=-0.05)
        if rng.uniform() < 0.5:
            feather = ribbon([(0.7, -0.9), (1.1, -1.6), (0.6, -2.0)], [0.3, 0.4, 0.05])
            scene.add("linen", sitter.head(feather), pick=rng.uniform(), texture=0.3, grain=1.2)
    if kind == "brim":
        high, wide = rng.uniform(1.5, 2.0), rng.uniform(1.4, 1.8)
        scene.add("cloth", sitter.head([(-0.72, -0.7), (-0.66, -high), (0.66, -high), (0.72, -0.7)]), pick=pick, swell=(0.9, 0))
        scene.add("flower", sitter.head([(-0.74, -0.95), (0.74, -0.95), (0.76, -0.75), (-0.76, -0.75)]), pick=rng.uniform())
        scene.add("cloth", sitter.head(ellipse(0, -0.68, wide, 0.26, lean * 0.6)), pick=pick, swell=(0.3, 0.8), tone=-0.12)
        scene.cast(sitter.head(ellipse(0, -0.35, 0.7, 0.2)))
    if kind == "turban":
        for row in range(4):
            y, wide = -0.72 - 0.22 * row, 0.98 + 0.06 * np.sin(row * 2.0 + lean * 9) - 0.09 * row
            wrap = ellipse(lean * 0.3 * row, y, wide, 0.26, 0.25 * (-1) ** row)
            scene.add("cloth", sitter.head(wrap), pick=pick, swell=(0.6, 0.9), tone=0.05 * row, grain=0.3)
    if kind == "veil":
        band = [(-0.9, 0.5), (-0.98, -0.5), (0, -1.25), (0.98, -0.5), (0.9, 0.5), (0.66, -0.3), (0, -0.72), (-0.66, -0.3)]
        scene.add("linen", sitter.head(curve(band)), pick=rng.uniform(), swell=(0.5, 0.5))
    if kind == "crown":
        teeth = [(-0.7 + 0.2 * i, -1.5 if i % 2 else -1.15) for i in range(8)]
        scene.add("metal", sitter.head([(-0.72, -0.85), *teeth, (0.72, -0.85)]), pick=rng.uniform(), swell=(0.9, 0), tone=0.2)
    if kind == "bonnet":
        brim = [(-0.95, 0.4), (-1.15, -0.5), (-0.6, -1.3), (0.6, -1.3), (1.15, -0.5), (0.95, 0.4), (0.75, -0.4), (0, -0.85), (-0.75, -0.4)]
        scene.add("cloth", sitter.head(curve(brim)), pick=pick, swell=(0.6, 0.6))
        blooms = [ellipse(x, -1.05 + 0.3 * x * x, 0.14, 0.12, corners=8) for x in rng.uniform(-0.8, 0.8, 4)]
        scene.add("flower", *(sitter.head(bloom) for bloom in blooms), pick=rng.uniform())
