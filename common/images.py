"""The border between pictures and tensors: uint8 outside, float in [-1, 1] inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

CAPTION_JOIN = " · "
"""Joins the parts of a caption; a line that is too long breaks here."""


def to_float(images: UInt8[Tensor, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """Convert stored pictures to the networks' layout and range."""
    return to_signed(rearrange(images, "b h w c -> b c h w"))


def to_signed(images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Map pictures from 0..255 to [-1, 1]."""
    return images.to(torch.float32) / 127.5 - 1


def to_uint8(images: Float[Tensor, "b 3 h w"]) -> UInt8[Tensor, "b 3 h w"]:
    """Clamp to [-1, 1], map to 0..255 and round."""
    return (images.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)


def resized(images: Float[Tensor, "b 3 h w"], side: int) -> Float[Tensor, "b 3 side side"]:
    """Resize square pictures to `side` pixels, antialiased bicubic; return them unchanged if they have that size."""
    if images.shape[-1] == side:
        return images
    return F.interpolate(images, size=(side, side), mode="bicubic", antialias=True)


def squares_of(
    images: Float[Tensor, "b c h w"], corners: Int[Tensor, "b 2"], side: int
) -> Float[Tensor, "b c side side"]:
    """Crop a square from each picture; its corner (row, column) is the upper left pixel. Does not wait for the GPU."""
    along = torch.arange(side, device=images.device)
    rows, columns = corners[:, 0, None] + along, corners[:, 1, None] + along
    pictures = torch.arange(len(images), device=images.device)
    pixels = rearrange(images, "b c h w -> b h w c")[pictures[:, None, None], rows[:, :, None], columns[:, None, :]]
    return rearrange(pixels, "b h w c -> b c h w").contiguous()


def to_pictures(images: Float[Tensor, "b 3 h w"]) -> list[Image.Image]:
    """Convert painted pictures to PIL images."""
    return [Image.fromarray(pixels) for pixels in rearrange(to_uint8(images).cpu().numpy(), "b c h w -> b h w c")]


def labelled_grid(
    rows: Sequence[Sequence[Image.Image]], row_labels: Sequence[str], column_labels: Sequence[str] = ()
) -> Image.Image:
    """Lay out pictures of one size in rows, with a label left of each row and, if given, above each column."""
    width, height = rows[0][0].size
    text_height = max(11, height // 9)
    font = ImageFont.load_default(size=text_height)
    left = 12 + max(int(font.getlength(label)) for label in row_labels)
    top = 10 + text_height if column_labels else 0
    columns = max(len(row) for row in rows)
    sheet = Image.new("RGB", (left + columns * (width + 2), top + len(rows) * (height + 2)), "white")
    pen = ImageDraw.Draw(sheet)
    # Shrink the text if a name is wider than a picture, so that names do not overlap.
    longest = max((font.getlength(label) for label in column_labels), default=1)
    column_font = ImageFont.load_default(size=max(1.0, text_height * min(1, width / longest)))
    for column, label in enumerate(column_labels):
        pen.text((left + column * (width + 2) + width // 2, top // 2), label, "black", font=column_font, anchor="mm")
    for number, (row, label) in enumerate(zip(rows, row_labels, strict=True)):
        y = top + number * (height + 2)
        pen.text((6, y + height // 2), label, "black", font=font, anchor="lm")
        for column, picture in enumerate(row):
            sheet.paste(picture, (left + column * (width + 2), y))
    return sheet


def as_pictures(images: UInt8[np.ndarray, "b h w 3"]) -> list[Image.Image]:
    """Convert stored pictures to PIL images."""
    return [Image.fromarray(pixels) for pixels in images]


def captioned_grid(pictures: Sequence[Image.Image], captions: Sequence[str], columns: int) -> Image.Image:
    """Lay out pictures in `columns` columns, in cells of the largest width and height, each with its caption below.

    A caption line that is wider than its picture breaks at ` · `; if that is not enough, its text shrinks.
    """
    width, height = (max(sides) for sides in zip(*(picture.size for picture in pictures), strict=True))
    text_height = max(11, height // 12)
    columns = min(columns, len(pictures))
    font = ImageFont.load_default(size=text_height)
    lines_of = [[part for line in text.splitlines() for part in _broken(line, font, width - 4)] for text in captions]
    step = height + max(map(len, lines_of)) * (text_height + 2) + 6
    sheet = Image.new("RGB", (columns * (width + 4), -(-len(pictures) // columns) * step), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (picture, lines) in enumerate(zip(pictures, lines_of, strict=True)):
        x, y = place % columns * (width + 4) + 2, place // columns * step + 2
        sheet.paste(picture, (x + (width - picture.width) // 2, y + (height - picture.height) // 2))
        for number, line in enumerate(lines):
            longest = max(font.getlength(line), 1)
            own = ImageFont.load_default(size=max(1.0, text_height * min(1, (width - 4) / longest)))
            middle = y + height + number * (text_height + 2) + text_height // 2 + 2
            pen.text((x + width // 2, middle), line, "black", font=own, anchor="mm")
    return sheet


def _broken(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines: list[str] = []
    for part in line.split(CAPTION_JOIN):
        longer = CAPTION_JOIN.join([*lines[-1:], part])
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines
