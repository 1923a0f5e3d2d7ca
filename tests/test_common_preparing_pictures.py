"""Bytes of every kind of picture: as a person would see it, or the reason why not."""

from __future__ import annotations

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from tiny_data import random_picture

from common.preparing.pictures import (
    EMPTY_FRAME,
    LACKS_END,
    LARGER_PAGE,
    LEAST_SIDE,
    MAX_MEMORY,
    OTHER_DEPTH,
    Rejected,
)
from common.preparing.pictures import decode as decoded


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def decode(data: bytes) -> Image.Image:
    return decoded(data).image


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.int16)


@pytest.mark.parametrize(("order", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF"), ("I", "TIFF")])
def test_a_16_bit_picture_is_scaled_and_not_clipped(order: str, kind: str) -> None:
    levels = np.array([[0, 100 * 257, 200 * 257, 65535]])
    stored = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[order]
    picture = Image.frombytes(order, (4, 1), levels.astype(stored).tobytes())
    assert pixels(decode(encoded(picture, kind)))[0, :, 0].tolist() == [0, 100, 200, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    seen = pixels(decode(encoded(picture.convert(mode))))
    assert seen[0].tolist() == [[0, 0, 0], [255, 255, 255]]
    assert decode(encoded(Image.new("RGBA", (1, 1), (200, 0, 0, 128)))).getpixel((0, 0)) == (227, 127, 127)


def test_a_picture_that_the_camera_says_is_turned_stands_upright() -> None:
    picture = Image.new("RGB", (32, 16), "white")
    picture.paste((0, 0, 0), (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = decode(encoded(picture, exif=exif))
    assert upright.size == (16, 32)
    assert pixels(upright)[:8, 8:].max() == 0
    assert pixels(upright)[:8, :8].min() == 255


def profile(swapped: bool) -> bytes:
    """An sRGB profile, or one whose red and green primaries have changed places."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if swapped:
        tags = {bytes(data[place : place + 4]): place for place in range(132, 132 + 12 * data[131], 12)}
        red, green = tags[b"rXYZ"], tags[b"gXYZ"]
        data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


def test_colours_are_those_that_the_profile_means() -> None:
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    assert np.abs(pixels(decode(encoded(red, icc_profile=profile(swapped=False)))) - (255, 0, 0)).max() <= 1
    assert np.abs(pixels(decode(encoded(red, icc_profile=profile(swapped=True)))) - (0, 255, 0)).max() <= 1


def png_of_16_bits(values: np.ndarray) -> bytes:
    """A PNG with 16 bits a channel, of grey [h w] or colours [h w 3], which Pillow cannot write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, 2 if values.ndim == 3 else 0, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff_of(values: np.ndarray, kind: int) -> bytes:
    """An uncompressed TIFF of grey or colours; kind 1 is unsigned, 2 signed, 3 floating."""
    channels, bits = (values.shape[2] if values.ndim == 3 else 1), values.itemsize * 8
    data, extra = values.tobytes(), 8 + values.nbytes
    shorts = struct.pack("<3H", bits, bits, bits) + struct.pack("<3H", kind, kind, kind)
    several = channels > 1
    fields = [
        (256, 4, 1, values.shape[1]), (257, 4, 1, values.shape[0]), (258, 3, channels, extra if several else bits),
        (259, 3, 1, 1), (262, 3, 1, 2 if several else 1), (273, 4, 1, 8), (277, 3, 1, channels),
        (278, 4, 1, values.shape[0]), (279, 4, 1, values.nbytes), (339, 3, channels, extra + 6 if several else kind),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *field) for field in fields)
    directory = struct.pack("<H", len(fields)) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", extra + 12) + data + shorts + directory


def test_every_level_of_16_bits_becomes_what_it_was_before_depth_was_looked_at() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    file = encoded(Image.frombytes("I;16", (256, 256), levels.astype("<u2").tobytes()))
    with Image.open(io.BytesIO(file)) as picture:
        expected = np.asarray(picture.convert("I").point(lambda value: value / 257).convert("L"))
    assert np.array_equal(pixels(decode(file))[..., 0], expected)
    assert decoded(file).remarks == ()


GREYS = np.tile(np.arange(256), (16, 1))
DEEP = {
    "10 bits in 16": png_of_16_bits(GREYS * 1023 // 255),
    "12 bits in 16": png_of_16_bits(GREYS * 4095 // 255),
    "14 bits in 16": png_of_16_bits(GREYS * 16383 // 255),
    "8 bits in 16": png_of_16_bits(GREYS),
    "12 bits in 16, of colours": png_of_16_bits(np.stack([GREYS * 4095 // 255] * 3, axis=2)),
    "12 bits in 16, of colours, as TIFF": tiff_of(np.stack([GREYS * 4095 // 255] * 3, axis=2).astype("<u2"), 1),
    "signed, 32 bits": encoded(Image.fromarray((GREYS * 5000).astype(np.int32)), "TIFF"),
    "signed, some below 0": encoded(Image.fromarray((GREYS * 5000 - 400_000).astype(np.int32)), "TIFF"),
    "unsigned, 32 bits": tiff_of((GREYS * 16_843_009).astype("<u4"), 1),
    "floats to 1": encoded(Image.fromarray((GREYS / 255).astype(np.float32)), "TIFF"),
    "floats to 255": encoded(Image.fromarray(GREYS.astype(np.float32)), "TIFF"),
    "floats to 30": encoded(Image.fromarray((GREYS / 8.5).astype(np.float32)), "TIFF"),
}


@pytest.mark.parametrize("name", DEEP)
def test_other_depths_are_scaled_by_what_is_there_and_counted(name: str) -> None:
    found = decoded(DEEP[name])
    assert np.abs(pixels(found.image) - GREYS[..., None]).max() <= 1
    assert found.remarks == (OTHER_DEPTH,)


def test_a_dim_picture_of_usual_depth_stays_dim() -> None:
    for file in (png_of_16_bits(GREYS * 257 // 2), png_of_16_bits(np.stack([GREYS * 257 // 2] * 3, axis=2))):
        assert decode(file).getextrema()[0] == (0, 127)
    assert decoded(encoded(Image.new("F", (4, 4), 0.5), "TIFF")).image.getpixel((0, 0)) == (127, 127, 127)


def test_floats_that_are_no_numbers_are_black_and_infinite_ones_white() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 1.0, 0.0]], dtype=np.float32)
    assert pixels(decode(encoded(Image.fromarray(values), "TIFF")))[0, :, 0].tolist() == [0, 255, 0, 255, 0]


@pytest.mark.parametrize(("kind", "options"), [("GIF", {"disposal": 2}), ("WEBP", {"lossless": True}), ("PNG", {})])
def test_of_an_animation_the_first_frame_that_shows_something_is_taken(kind: str, options: dict[str, object]) -> None:
    empty, full = Image.new("RGBA", (40, 30), (0, 0, 0, 0)), random_picture(1, 40, 30).convert("RGBA")
    white = Image.new("RGBA", (40, 30), "white")
    later = [white, full, random_picture(2, 40, 30).convert("RGBA")]
    found = decoded(encoded(empty, kind, save_all=True, append_images=later, **options))
    assert np.abs(pixels(found.image) - pixels(full.convert("RGB"))).mean() < 12
    assert found.remarks == (EMPTY_FRAME,)
    shown = decoded(encoded(full, kind, save_all=True, append_images=[empty], **options))
    assert np.abs(pixels(shown.image) - pixels(full.convert("RGB"))).mean() < 12
    assert shown.remarks == ()
    nothing = decoded(encoded(empty, kind, save_all=True, append_images=[white], **options))
    assert nothing.image.getcolors() == [(1200, (255, 255, 255))]


def test_of_pages_the_largest_is_taken_and_of_equal_ones_the_first() -> None:
    thumbnail, whole, back = random_picture(0, 20, 15), random_picture(0, 80, 60), random_picture(1, 80, 60)
    found = decoded(encoded(thumbnail, "TIFF", save_all=True, append_images=[whole, back]))
    assert np.array_equal(pixels(found.image), pixels(whole))
    assert (found.remarks, found.full_size) == ((LARGER_PAGE,), (80, 60))
    assert decoded(encoded(whole, "TIFF", save_all=True, append_images=[back, thumbnail])).remarks == ()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lost", [1, 2, 40, 400])
def test_a_jpeg_without_its_end_is_taken_down_to_its_last_whole_row(lost: int, progressive: bool) -> None:
    picture = random_picture(1, 400, 320)
    file = encoded(picture, "JPEG", quality=95, progressive=progressive)
    found = decoded(file[:-lost])
    whole = pixels(decode(file))[: found.image.height]
    assert found.image.height >= (320 if lost < 3 or progressive else 280)
    assert found.image.size == found.full_size
    assert np.abs(pixels(found.image) - whole).max() <= (32 if progressive else 0)
    assert found.remarks in ((LACKS_END,), ())
    assert found.remarks or lost < 3


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_jpeg_that_lacks_more_than_its_end_is_refused(share: float) -> None:
    file = encoded(random_picture(1, 400, 320), "JPEG", quality=95)
    with pytest.raises(Rejected, match="cannot be decoded: the file ends too early"):
        decode(file[: -round(share * len(file))])


def test_a_large_jpeg_is_decoded_small_and_looks_the_same() -> None:
    picture = random_picture(1, 4096, 2048)
    file = encoded(picture, "JPEG", quality=95)
    found = decoded(file)
    assert (found.image.size, found.full_size) == ((1024, LEAST_SIDE), (4096, 2048))
    assert decoded(file, 2 * LEAST_SIDE).image.size == (2048, 1024)
    whole = picture.resize((256, 128), Image.Resampling.LANCZOS)
    assert np.abs(pixels(found.image.resize((256, 128), Image.Resampling.LANCZOS)) - pixels(whole)).mean() < 1


def test_a_large_jpeg_held_sideways_has_its_upright_size() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = decoded(encoded(random_picture(1, 2200, 1100), "JPEG", exif=exif))
    assert (found.image.size, found.full_size) == ((550, 1100), (1100, 2200))


def test_a_jpeg_that_is_not_large_is_decoded_whole() -> None:
    file = encoded(random_picture(1, 2000, 2 * LEAST_SIDE - 1), "JPEG")
    with Image.open(io.BytesIO(file)) as picture:
        assert np.array_equal(pixels(decode(file)), pixels(picture.convert("RGB")))


def test_a_jpeg_of_more_than_100_megapixels_is_taken_and_takes_little_memory() -> None:
    found = decoded(encoded(Image.new("L", (12_000, 9_000), 99), "JPEG"))
    assert (found.image.size, found.full_size) == ((1500, 1125), (12_000, 9_000))


def test_another_picture_of_more_than_100_megapixels_is_reduced_if_memory_allows() -> None:
    found = decoded(encoded(Image.new("1", (12_000, 9_000), 1), compress_level=1))
    assert (found.image.size, found.full_size) == ((6_000, 4_500), (12_000, 9_000))
    side = round((MAX_MEMORY / 4) ** 0.5) + 1
    with pytest.raises(Rejected, match=f"^too large: {side}x{side} pixels take 1.0 GiB of memory, over 1; reduce it$"):
        decode(encoded(Image.new("P", (side, side)), compress_level=1))


@pytest.mark.parametrize(
    ("file", "package", "module"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400), "pillow-heif", "pillow_heif"),
        (b"\xff\x0a" + bytes(400), "pillow-jxl-plugin", "pillow_jxl"),
    ],
)
def test_a_format_that_needs_an_extra_is_read_with_it_and_named_without_it(
    file: bytes, package: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = pytest.importorskip(module)
    if module == "pillow_heif":
        plugin.register_heif_opener()
    picture = random_picture(1, 400, 320)
    found = decode(encoded(picture, {"pillow_heif": "HEIF", "pillow_jxl": "JXL"}[module], quality=95))
    assert np.abs(pixels(found) - pixels(picture)).mean() < 8
    with pytest.raises(Rejected, match=r"^(cannot be decoded|is not a picture)"):
        decode(file)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Rejected, match=rf'needs {package}; .* pip install -e "\.\[formats\]"$'):
        decode(file)


def test_damaged_metadata_costs_no_picture() -> None:
    exif = b"II*\0" + struct.pack("<IH", 8, 2) + struct.pack("<HHIHH", 0x112, 3, 1, 6, 0)
    exif += struct.pack("<HHII", 0x11A, 5, 1, 38) + bytes(4) + struct.pack("<II", 72, 0)
    file = encoded(random_picture(1, 80, 60), "JPEG")
    for block in (
        b"http://ns.adobe.com/xap/1.0/\0\xa8\xffabc",
        b"Exif\0\0" + exif,
        b"Exif\0\0Exif\0\0" + exif,
    ):
        spoiled = file[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + file[2:]
        assert sorted(decode(spoiled).size) == [60, 80]


def test_an_empty_file_is_refused_as_such() -> None:
    with pytest.raises(Rejected, match="is empty: 0 bytes"):
        decode(b"")
