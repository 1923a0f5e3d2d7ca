"""A picture of the user's own, brought down to what stage II paints over in place of stage I's painting.

Stage II learnt on real paintings brought down to 64 pixels, so it can paint photos, too. `stage2.painter.painter`
restyles them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from common.aspects import LONGEST
from common.errors import UserError
from common.images import to_float
from common.preparing.pictures import MAX_BYTES, Decoded, Rejected, decode
from common.preparing.squares import resize
from stage1.sampling import SIZE

MOST_BYTES = 32 * 2**20
"""Of a file from a visitor of the page."""


@dataclass(frozen=True)
class Photo:
    """A picture squashed to stage I's size, and the shape that it had."""

    small: Float[Tensor, "1 3 64 64"]
    aspect: str
    """Width and height, such as `4:3`."""
    digest: str
    """The first 12 hexadecimal digits of the sha256 of its small pixels."""

    @classmethod
    def of(cls, image: Image.Image) -> Photo:
        """Bring a picture down; what is transparent becomes white. Raises UserError if it is too long."""
        width, height = image.size
        if not 0 < max(width, height) <= LONGEST * min(width, height):
            raise UserError(f"a picture of {width}x{height} pixels is too long; crop it, at most {LONGEST}:1")
        if image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        pixels = np.array(resize(image.convert("RGB"), SIZE))
        shared = gcd(width, height)
        aspect, digest = f"{width // shared}:{height // shared}", hashlib.sha256(pixels.tobytes()).hexdigest()[:12]
        return cls(to_float(torch.from_numpy(pixels)[None]), aspect, digest)


def open_photo(path: Path, most_bytes: int = MAX_BYTES) -> Decoded:
    """Decode a picture as preparation does. Raises UserError if it is too large, or no readable picture."""
    if (size := path.stat().st_size) > most_bytes:
        mebibytes = f"{size / 2**20:.0f} MiB, over {most_bytes / 2**20:.0f}"
        raise UserError(f"{path.name} is too large ({mebibytes}); reduce it")
    try:
        return decode(path.read_bytes())
    except Rejected as error:
        raise UserError(f"{path.name} cannot be used ({error}); choose another picture") from None
