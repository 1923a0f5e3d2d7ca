"""What can be shown: every genre's name and the composition that fills a scene for it.

A new genre is a function from a generator to a `Scene`, and a line here. `paint` reads this table.
"""

from collections.abc import Callable

import numpy as np

from common.data.procedural.abstract import abstract
from common.data.procedural.cityscape import cityscape
from common.data.procedural.landscape import landscape
from common.data.procedural.marina import marina
from common.data.procedural.portrait import portrait
from common.data.procedural.scene import Scene
from common.data.procedural.still_life import still_life

COMPOSITIONS: dict[str, Callable[[np.random.Generator], Scene]] = {
    "abstract": abstract,
    "cityscape": cityscape,
    "landscape": landscape,
    "marina": marina,
    "portrait": portrait,
    "still-life": still_life,
}
