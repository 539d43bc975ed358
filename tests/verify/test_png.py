"""The PNG reader against Pillow, and against damage."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from verify.png import png_bitmap, png_size


def encoded(mode: str, width: int = 13, height: int = 7) -> tuple[Image.Image, bytes]:
    """A picture with some pattern, as Pillow writes it."""
    picture = Image.new("RGBA", (width, height))
    picture.putdata([(x * 19 % 256, y * 37 % 256, (x * y) % 256, 255 - x) for y in range(height)
                     for x in range(width)])
    made = picture.convert("L").convert("1") if mode == "1" else picture.convert("RGB").convert(mode)
    buffer = io.BytesIO()
    made.save(buffer, "PNG")
    return made, buffer.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_pixels_are_those_that_pillow_sees(mode: str) -> None:
    picture, data = encoded(mode)
    bitmap = png_bitmap(data)
    assert png_size(data) == (bitmap.width, bitmap.height) == picture.size
    assert bitmap.data == picture.convert(bitmap.mode).tobytes()
    assert bitmap.alpha is None


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def png(header: bytes, rows: bytes) -> bytes:
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


GREY = struct.pack(">2L5B", 2, 2, 8, 0, 0, 0, 0)
WIDE = struct.pack(">2L5B", 8, 2, 1, 0, 0, 0, 0)


def with_chunk(name: bytes, body: bytes) -> bytes:
    """A good picture with one more chunk before its pixels."""
    data = png(GREY, bytes(6))
    return data[:33] + chunk(name, body) + data[33:]


BAD = [
    *[(name.decode(), with_chunk(name, body)) for name, body in (
        (b"tRNS", bytes(2)), (b"gAMA", struct.pack(">L", 1)), (b"sBIT", b"\1"), (b"cHRM", bytes(32)),
        (b"iCCP", b"a\0\0"), (b"sRGB", b"\0"), (b"bKGD", bytes(2)), (b"pHYs", bytes(9)), (b"tEXt", b"a\0b"),
        (b"acTL", bytes(8)), (b"PLTE", bytes(6)))],
    *[(f"kind {kind}", png(struct.pack(">2L5B", 2, 2, 8, kind, 0, 0, 0), bytes(2 + 4 * samples)))
      for kind, samples in ((2, 3), (4, 2), (6, 4))],
    ("too wide", png(struct.pack(">2L5B", 1025, 1, 1, 0, 0, 0, 0), bytes(130))),
    ("not a PNG", b"GIF89a"),
    ("cut", png(GREY, bytes(6))[:-3]),
    ("tail", png(GREY, bytes(6)) + b"x"),
    ("bytes in its end", png(GREY, bytes(6))[:-12] + chunk(b"IEND", b"x")),
    ("checksum", png(GREY, bytes(6)).replace(b"IDAT", b"IDAU")),
    ("pixels twice", png(GREY, bytes(6))[:-12] + chunk(b"IDAT", zlib.compress(bytes(6))) + chunk(b"IEND", b"")),
    ("pixels without their end", png(GREY, bytes(6)).replace(
        chunk(b"IDAT", zlib.compress(bytes(6))), chunk(b"IDAT", zlib.compress(bytes(6))[:-4]))),
    ("too few rows", png(GREY, bytes(5))),
    ("too many rows", png(GREY, bytes(7))),
    ("unknown filter", png(GREY, bytes([9, 0, 0, 0, 0, 0]))),
    ("interlaced", png(struct.pack(">2L5B", 2, 2, 8, 0, 0, 0, 1), bytes(6))),
    ("16 bits", png(struct.pack(">2L5B", 2, 2, 16, 0, 0, 0, 0), bytes(10))),
    ("huge", png(struct.pack(">2L5B", 1 << 20, 1 << 20, 8, 0, 0, 0, 0), bytes(6))),
    ("no pixels", png(struct.pack(">2L5B", 0, 2, 8, 0, 0, 0, 0), bytes(2))),
    ("of one bit, without its palette", png(struct.pack(">2L5B", 2, 2, 1, 3, 0, 0, 0), bytes(4))),
    ("palette too short", png(struct.pack(">2L5B", 2, 2, 8, 3, 0, 0, 0), bytes(6))),
]


@pytest.mark.parametrize("data", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_damage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="PNG"):
        png_bitmap(data)


@pytest.mark.parametrize("header", [WIDE, GREY])
@pytest.mark.parametrize("mode", range(5))
def test_all_row_filters_are_undone(header: bytes, mode: int) -> None:
    stride = 1 if header is WIDE else 2
    data = png(header, bytes([mode, *range(5, 5 + stride), mode, *range(7, 7 + stride)]))
    with Image.open(io.BytesIO(data)) as picture:
        assert png_bitmap(data).data == picture.convert("L").tobytes()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_a_value_error_or_a_picture(place: int, change: int) -> None:
    data = bytearray(encoded("P")[1])
    data[place % len(data)] ^= change
    try:
        png_bitmap(bytes(data))
    except ValueError:
        return
