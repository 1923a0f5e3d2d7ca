"""Pictures that the program draws, to try the project without a collection of real paintings.

A genre composes a picture: shapes from back to front, each with a role such as sky, water or skin (`places.py`,
`portrait.py`, `subjects.py`). A style renders them (`styles.py`). Neither knows the other, so every genre exists in
every style.
Results on these pictures do not show how well a model paints real paintings.
"""

from common.preparing.procedural.painting import GENRES, STYLES, paint

__all__ = ["GENRES", "STYLES", "paint"]
