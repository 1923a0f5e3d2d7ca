"""Invented paintings, for trying the whole project out where no collection of real ones is at hand.

A genre, a style and a seed enter, a picture leaves. The genre's composition fills a `Scene` (`genres.py`), the
style's handling paints it (`styles.py`); neither knows the other, so every genre comes in every style.
The pictures are not art, and no figure measured on them says how well a model paints real ones.
"""

from common.data.procedural.painting import GENRES, STYLES, paint

__all__ = ["GENRES", "STYLES", "paint"]
