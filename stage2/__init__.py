"""Stage II: takes a 64-pixel painting of stage I, a genre, a style and noise; paints 128 or 256 pixels."""

from stage2.painting import Painting, Request
from stage2.sampling import Painter

__all__ = ["Painter", "Painting", "Request"]
