"""The palettes: the colours of each material in each style.

`colours_of` returns three tables [n 3] for the shapes of a scene: their own colours, in shadow and in light. The
underpainting reads them.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from common.preparing.procedural.fields import Colours
from common.preparing.procedural.scene import Shape


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Colours [n 3] of n shapes, in the order of the scene."""

    own: Colours
    shadow: Colours
    light: Colours


def colours_of(
    palette: str, shapes: list[Shape], *, shadow: str, light: str, depth: float, glow: float, tint: Colours
) -> Tables:
    """Return the colours of the shapes in a palette.

    The shadow colour moves from the own colour towards that colour times `shadow` by `depth` (0 to 1); the light
    colour is mixed with `light` by `glow` (0 to 1). `tint` [3] multiplies all colours.
    """
    swatches = parsed(palette)
    air = swatches["air"][0]
    rows = []
    for shape in shapes:
        choices = swatches[shape.material]
        own = choices[min(int(shape.pick * len(choices)), len(choices) - 1)]
        rows.append(own + (air - own) * (0.75 * shape.distance))
    own = np.array(rows, dtype=np.float32)
    dark = own * ((1.0 - depth) + depth * hexed(shadow))
    bright = own + (hexed(light) - own) * np.float32(glow)
    return Tables(own=own * tint, shadow=dark.astype(np.float32) * tint, light=bright * tint)


@cache
def parsed(palette: str) -> dict[str, Colours]:
    """A palette's colours by material, [n 3] each."""
    swatches = {}
    for line in PALETTES[palette].strip().splitlines():
        material, *codes = line.split()
        swatches[material] = np.stack([hexed(code) for code in codes])
    return swatches


def hexed(code: str) -> Colours:
    """ "rrggbb" as [3]."""
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], dtype=np.float32) / np.float32(255.0)


PALETTES = {
    "renaissance": """
        air       7d8a86
        sky       55707c 7d8878 8a7a55 4a5a60
        cloud     b5a98a 9c9a8c
        sun       e8cf8c
        mountain  56685f 5f6a5a 4c5c62
        hill      4f5634 5a5430 454b2e
        field     5c5530 6b5c30 4a4a28
        earth     7a5c36 5e4328 8a6b42
        foliage   343c1c 3f3f1a 2c3218
        trunk     2e2013
        water     4d5f58 3f5258 5a6550
        foam      b8b096
        rock      5a4c3a 4a4238
        wall      8f7350 a08560 6f5a44 7b6a55
        roof      7a3d22 5b3420 69482c
        window    1f1812
        stone     7a6a50 66573f
        wood      4a2d16 5c3a1c 38220f
        cloth     7a1f16 23412f 8b6420 2a2f45 4a1c1c 5a3a1a 1d1a18
        linen     cdbb95 bfae8a
        skin      c99a6a d2a878 b5834f 8a5a34
        lips      9c4a36
        hair      2a1a0e 4a2c12 6e4a1e 8d6d3a 1a120c
        eye       20160e
        backdrop  231a10 2f2313 1d1f14 3a2a18 15110c
        fruit     9a3a1c b98a2c 6d6a24 5a1f20 c2a050
        glass     3a4030 2c3a2c
        metal     8a7238 6f6a5a
        clay      8c4f2a 6b3a20 a0825a
        flower    a8362a c9a14a d8c7a0 7a2b3a
        sail      b59f76 a08a66
        paint     7a1f16 23412f 8b6420 2a3a4a c9a96a 4a1c1c 5a3a1a
        ground    2a1f12 3a2c1a 1f1c14
        ink       17110a
    """,
    "impressionism": """
        air       c3cfe2
        sky       9fc0e4 b9d0ea f0cfae d7c7e2 86aede
        cloud     f6efe6 f2dfd6
        sun       fff0b0
        mountain  93a7d0 a79fcb 88aebf
        hill      8db884 a4c27a 7ba79a
        field     b7c86a d8c968 94c077 c8a8b8
        earth     d9b798 c9a7a0 e2c79a
        foliage   5f9a58 7fb04e 4a8a72 c2a446
        trunk     77608a
        water     7fb0d6 92c4d2 a6b6e0
        foam      fbf4ea
        rock      a896b4 b79f98
        wall      f0dcc4 e6c6b0 cfcbe0 f2e4b8
        roof      b06a70 7f86b4 cc8a66
        window    6a78ac
        stone     c8bcc8 d6c4b0
        wood      a0705c b5855c
        cloth     5f7fc4 d07a8a f0e2d4 6aa08a 8a6fb4 e0a850
        linen     fbf3ea e6ecf8
        skin      f2c8a8 eab89a dba98a c08a72
        lips      d4625c
        hair      7c5848 a8744a 55486a d0a45c 8a5a40
        eye       4a4a78
        backdrop  94b0c0 b0a4cc 9cbc94 d8bca4 7c98b8
        fruit     e2703c f0b440 a8c050 c84858 f0a878
        glass     7cb49c 88a8c8
        metal     c8b488 b0b4c8
        clay      d08a62 88a4c8 e0c8a8
        flower    e8627c f4b04c f8ece8 a878cc ec8aa4
        sail      fbf0dc f0c09a
        paint     5f8fd4 e07a8a f4c04c 6cb08a a078c4 f0e4d4 e88a4c
        ground    d8d4e0 e8dcc8
        ink       4e4a78
    """,
    "ukiyo-e": """
        air       e4d6b4
        sky       e9dcbc e8d3a8 d9d6bc eacbb0
        cloud     f2e8d0 efe0c4
        sun       c8402c
        mountain  6f8a9c 8a9a94 4a6a8a
        hill      8a9a6a a8a878 6a8a7a
        field     b8b078 c9b478 94a078
        earth     d8bc8a cfae80
        foliage   4a6a4e 5f7a4a 2f5248
        trunk     5a4432
        water     26588c 4a7ca0 7fa4b0
        foam      f4ecd8
        rock      7a7a6c 5f6668
        wall      e4d2ac d2b48a c4b8a0
        roof      4a5a68 6a6a64 8a5a42
        window    3c4a50
        stone     cfc0a0 bcb094
        wood      8a6440 a07a4c
        cloth     1f4a80 b8402c 5a7a5a c89a3c 6a4a6a 2a3040 a85a50
        linen     f2e8d0
        skin      f4e2c4 f0dab8
        lips      b83a2c
        hair      1c1a1c 242226 1a1c24
        eye       1c1a1c
        backdrop  e6d8b6 dcc89a c4ccb8 e2c0a0 a8b8b4
        fruit     c8502c d8a03c 8a9a4a a83a38
        glass     9ab4a8 7a9cac
        metal     b89a50 8a8a80
        clay      a86a42 3a6490 d8c8a8
        flower    c8483c e4b0a0 f2e8d0 d8a03c 6a5a8a
        sail      f2e6c8 d8c8a0
        paint     1f4a80 b8402c c89a3c 5a7a5a e8d8b4 2a3040 d89a84
        ground    e9dcbc dccfae
        ink       20222a
    """,
    "cubism": """
        air       a39a84
        sky       8f9088 a59a80 7f8884
        cloud     c8bfa6 b8b09a
        sun       d8b878
        mountain  6c6a60 7d7460
        hill      6a6a52 86764e
        field     9a8552 7a744e
        earth     a58a5c 8a7350
        foliage   4e5a44 6a6844
        trunk     3a3026
        water     68747a 7e847c
        foam      d0c8b0
        rock      77705f 5c574c
        wall      b39c6e a08a66 c4b48c 8a8474
        roof      6b5038 8a5f3a 55524a
        window    3a3a38
        stone     98917e 7a7566
        wood      7a5430 96703f
        cloth     4c5450 7a6440 5a4632 8a8574 46545c 9a5a38
        linen     d4cab0
        skin      c49f6c b58c5a d2b486
        lips      8a5038
        hair      2f2820 4a3a28 5c4c34
        eye       221e1a
        backdrop  6f6a5a 8a7a58 57584f 9a8d70
        fruit     a8683a b8934a 77764a 8a4a34
        glass     5c6a5c 76827c
        metal     8f8972 6f6c64
        clay      94623a 6b665a b09a70
        flower    a86048 c8b890 8a8474
        sail      d0c4a4 b0a488
        paint     b0824a 4c5450 8a8574 d4cab0 6b5038 46545c 9a5a38
        ground    8a8268 9c9078
        ink       26221c
    """,
    "expressionism": """
        air       e07a3a
        sky       f06a1c e8b414 1c50b0 c02848 18908a
        cloud     f8c82a f07a5a 6aa8e0
        sun       fff04a
        mountain  3a2a9a 7a1f8a 0f5a8a
        hill      109048 c83a1c 5a2aa0 e0a010
        field     e8c010 18a050 d84a20 8ac018
        earth     d8481c e89a10 8a2a6a
        foliage   0a6a3a 108a7a c82a2a 1a3aa0
        trunk     2a0f3a
        water     1440b8 0a8a9a 4a1f90
        foam      d8f0c8
        rock      4a1f6a 1f3a7a
        wall      e8601c e8c028 1f8ab0 d8306a 58b040
        roof      b01a2a 2a2a90 187a5a
        window    1a0f30
        stone     8a4ab0 d88a3a
        wood      a02a14 6a1f5a
        cloth     c8142a 0f6a4a 1c3ac0 e8a810 7a1a8a 0a0f2a e05a10
        linen     f0f0a8 a8e8e0
        skin      f0a818 e87838 c8d040 e8645a 58b888
        lips      d00f20
        hair      1a1030 b02010 e08a10 123a6a 3a0f4a
        eye       0a1a20
        backdrop  c81f2a 0f7a5a 1c3a9a e8a010 7a1f7a 10889a
        fruit     e02a14 f0b810 5ab020 e0601a b0186a
        glass     10905a 1a70c0
        metal     e8c840 6a8ad0
        clay      d8501a 1a5ab0 e8b83a
        flower    f01f3a f8c810 e85ab0 f0f0d0 6a2ac0
        sail      f8e8a0 f07a2a
        paint     e01f24 f0b810 1c40c8 0f8a50 7a1f9a f07a1c 10a0a8
        ground    e8b020 c83020 1c4a9a 186a4a
        ink       0c0818
    """,
    "pointillism": """
        air       cfdcf0
        sky       8fbcf4 a8d0f8 f8dcb0 c8c0f0
        cloud     fdf6ea fae4e0
        sun       fff2a0
        mountain  8a9ce0 a890d8 78b0d0
        hill      78c060 a0cc50 58b090
        field     c0d848 f0d848 88cc58
        earth     f0c888 ecb890 f4dca0
        foliage   2f9a48 60b430 1f8a78
        trunk     6a48a0
        water     4a94e8 58b8e0 7a98f0
        foam      fffaf0
        rock      a088c8 c09ca0
        wall      fbe4b8 f8ccb0 e0d4f4
        roof      e06450 6a78d0 e89048
        window    4a5cc0
        stone     d8c8e0 f0dcc0
        wood      c07040 a86088
        cloth     3460d8 e04858 f8b830 38a070 8848c0 f4f0f8
        linen     fffaf0
        skin      fcd0a0 f4bc90 e0a078
        lips      e84848
        hair      7a4030 c07830 3a3880 e8b848
        eye       2a30a0
        backdrop  90c8a0 a8a8ec f4c898 80b8e4 e8a8b8
        fruit     f06020 f8c020 90c820 e02848 f890a0
        glass     48b088 60a0e0
        metal     e8c860 a8b8e8
        clay      e87840 5088e0 f4d8a8
        flower    f03868 f8b820 fff4f4 9a50e0 f878b8
        sail      fffae8 fcc080
        paint     3070e8 f03850 f8c020 30a868 9048d0 f88830 fff4e0
        ground    f8f0e0 e8ecfc
        ink       2c2c80
    """,
}
