"""Stage II: a stage-I painting, genre, style and noise in, a painting of 128 or 256 pixels out."""

from stage2.painting import Painting, Request
from stage2.sampling import Painter

__all__ = ["Painter", "Painting", "Request"]
