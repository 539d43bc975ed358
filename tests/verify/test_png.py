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
    made = picture.convert("L").convert("1") if mode == "1" else picture.convert(mode)
    buffer = io.BytesIO()
    made.save(buffer, "PNG")
    return made, buffer.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P"])
def test_pixels_are_those_that_pillow_sees(mode: str) -> None:
    picture, data = encoded(mode)
    bitmap = png_bitmap(data)
    assert png_size(data) == (bitmap.width, bitmap.height) == picture.size
    assert bitmap.data == picture.convert(bitmap.mode).tobytes()
    if bitmap.alpha is not None:
        assert bitmap.alpha == picture.getchannel("A").tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))


def png(header: bytes, rows: bytes) -> bytes:
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


GREY = struct.pack(">2L5B", 2, 2, 8, 0, 0, 0, 0)
BAD = [
    ("not a PNG", b"GIF89a"),
    ("cut", png(GREY, bytes(6))[:-3]),
    ("tail", png(GREY, bytes(6)) + b"x"),
    ("checksum", png(GREY, bytes(6)).replace(b"IDAT", b"IDAU")),
    ("too few rows", png(GREY, bytes(5))),
    ("too many rows", png(GREY, bytes(7))),
    ("unknown filter", png(GREY, bytes([9, 0, 0, 0, 0, 0]))),
    ("interlaced", png(struct.pack(">2L5B", 2, 2, 8, 0, 0, 0, 1), bytes(6))),
    ("16 bits", png(struct.pack(">2L5B", 2, 2, 16, 0, 0, 0, 0), bytes(10))),
    ("huge", png(struct.pack(">2L5B", 1 << 20, 1 << 20, 8, 0, 0, 0, 0), bytes(6))),
    ("no pixels", png(struct.pack(">2L5B", 0, 2, 8, 0, 0, 0, 0), bytes(2))),
    ("palette too short", png(struct.pack(">2L5B", 2, 2, 8, 3, 0, 0, 0), bytes(6))),
]


@pytest.mark.parametrize("data", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_damage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="PNG"):
        png_bitmap(data)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_a_value_error_or_a_picture(place: int, change: int) -> None:
    data = bytearray(encoded("RGB")[1])
    data[place % len(data)] ^= change
    try:
        png_bitmap(bytes(data))
    except ValueError:
        return
