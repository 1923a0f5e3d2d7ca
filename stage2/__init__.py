"""Stage II: takes a 64-pixel painting of stage I, a genre, a style and noise; paints 128 or 256 pixels."""

from stage2.painter.painter import Painter
from stage2.painter.requests import Painting, Request

__all__ = ["Painter", "Painting", "Request"]
