"""Procedural paintings, to try the project without a collection of real ones.

`paint` makes a picture from a genre, a style and a seed. The genre's function fills a `Scene` (`genres.py`), and the
style's function paints it (`styles.py`). Neither depends on the other, so every genre exists in every style.
Results on these pictures do not show how well a model paints real paintings.
"""

from common.preparing.procedural.painting import GENRES, STYLES, paint

__all__ = ["GENRES", "STYLES", "paint"]
