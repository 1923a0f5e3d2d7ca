"""The table of genres: name and composition function.

To add a genre, write a function that makes a `Scene` from a random generator, and add a line here.
`paint` reads this table.
"""

from collections.abc import Callable

import numpy as np

from common.preparing.procedural.abstract import abstract
from common.preparing.procedural.cityscape import cityscape
from common.preparing.procedural.landscape import landscape
from common.preparing.procedural.marina import marina
from common.preparing.procedural.portrait import portrait
from common.preparing.procedural.scene import Scene
from common.preparing.procedural.still_life import still_life

COMPOSITIONS: dict[str, Callable[[np.random.Generator], Scene]] = {
    "abstract": abstract,
    "cityscape": cityscape,
    "landscape": landscape,
    "marina": marina,
    "portrait": portrait,
    "still-life": still_life,
}
