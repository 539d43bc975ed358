"""A small strict PNG reader for pictures that must be understood (QR codes), not merely shown.

Source: PNG (ISO/IEC 15948). Read are non-interlaced opaque pictures of 1 or 8 bits a sample, grey or palette, of at
most 1024 pixels a side, that hold nothing but header, palette, pixels and end: what makes colours clear, or changes
them, would be seen by other readers. Every chunk's CRC is checked and nothing may follow IEND.
"""

from __future__ import annotations

import functools
import io
import re
import struct
import zlib
from typing import TYPE_CHECKING, Final

from verify.model import Bitmap

__all__ = ["SIDE_LIMIT", "png_bitmap", "png_size", "seal_bitmap", "seen_bitmap"]

if TYPE_CHECKING:
    from PIL import Image

_SIGN: Final = b"\x89PNG\r\n\x1a\n"
_PIXEL_LIMIT: Final = 4_000_000
SIDE_LIMIT: Final = 1024
"""Pixels of a side of a picture that is understood."""
_ORDER: Final = re.compile("IHDR (?:PLTE )?(?:IDAT )+IEND ")


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as the header says; (0, 0) for what is no PNG."""
    if data[:8] != _SIGN or data[12:16] != b"IHDR" or len(data) < 24:
        return 0, 0
    width, height = struct.unpack_from(">2L", data, 16)
    return width, height


@functools.lru_cache(maxsize=2)
def png_bitmap(data: bytes) -> Bitmap:
    """Decode a PNG.

    Raises:
        ValueError: damaged, too large, or of a kind that is not read here.
    """
    chunks = _chunks(data)
    width, height, depth, kind, packing, filtering, interlace = struct.unpack(">2L5B", chunks["IHDR"])
    if (depth, kind) not in {(1, 0), (1, 3), (8, 0), (8, 3)} or interlace or (kind == 0 and "PLTE" in chunks):
        raise ValueError("this kind of PNG is not read")
    if kind == 3 and "PLTE" not in chunks:
        raise ValueError("the PNG has no palette")
    if packing or filtering or not (0 < width <= SIDE_LIMIT and 0 < height <= SIDE_LIMIT):
        raise ValueError("the PNG header is out of range")
    stride = (width * depth + 7) // 8
    raw = _inflate(chunks["IDAT"], (stride + 1) * height)
    rows = _rows(raw, stride, set(raw[::stride + 1]), chunks["IHDR"], chunks["IDAT"])
    if depth == 1:
        palette = chunks["PLTE"] if kind == 3 else b"\0\0\0\xff\xff\xff"
        return _one_bit(rows, width, height, palette)
    return _eight_bit(rows, width, height, kind, chunks.get("PLTE", b""))


@functools.lru_cache(maxsize=2)
def seal_bitmap(data: bytes) -> Bitmap:
    """Decode the picture of an e-seal by Pillow, as RGB with alpha; what is clear is black.

    Raises:
        ValueError: damaged or too large.
    """
    from PIL import Image  # only where a seal is compared

    width, height = png_size(data)
    if not 0 < width * height <= _PIXEL_LIMIT:
        raise ValueError("the PNG header is out of range")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            picture = opened.convert("RGBA")
    except (OSError, SyntaxError, zlib.error, Image.DecompressionBombError) as error:
        raise ValueError("the seal's picture cannot be decoded") from error
    alpha = picture.getchannel("A")
    return Bitmap(width=width, height=height, mode="RGB", data=_seen(picture.convert("RGB"), alpha),
                  alpha=alpha.tobytes())


def _seen(colour: Image.Image, alpha: Image.Image) -> bytes:
    """The colours, black where the picture is clear."""
    from PIL import Image

    made = Image.new("RGB", colour.size)
    made.paste(colour, mask=alpha.point(lambda level: 255 if level else 0))
    return made.tobytes()


def seen_bitmap(bitmap: Bitmap) -> Bitmap:
    """A picture with alpha (opaque where it has none), RGB, black where it is clear: pictures that look the same."""
    from PIL import Image

    size = bitmap.width, bitmap.height
    colour = Image.frombytes(bitmap.mode, size, bitmap.data).convert("RGB")
    alpha = Image.frombytes("L", size, bitmap.alpha if bitmap.alpha is not None else b"\xff" * (size[0] * size[1]))
    return Bitmap(width=size[0], height=size[1], mode="RGB", data=_seen(colour, alpha), alpha=alpha.tobytes())


def _chunks(data: bytes) -> dict[str, bytes]:
    """All chunks by name, IDAT joined."""
    if data[:8] != _SIGN:
        raise ValueError("no PNG signature")
    found: dict[str, list[bytes]] = {}
    names, position = "", 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position:position + 4], "big")
        name, body = data[position + 4:position + 8], data[position + 8:position + 8 + length]
        end = position + 12 + length
        if end > len(data) or zlib.crc32(name + body) != int.from_bytes(data[end - 4:end], "big"):
            raise ValueError("a PNG chunk is damaged")
        found.setdefault(name.decode("latin-1"), []).append(body)
        names += name.decode("latin-1") + " "
        position = end
        if name == b"IEND":
            break
    if not _ORDER.fullmatch(names):
        raise ValueError("the PNG holds something else than header, palette, pixels and end")
    if position != len(data) or not {"IHDR", "IDAT", "IEND"} <= set(found) or found["IEND"] != [b""]:
        raise ValueError("the PNG is incomplete or has bytes in or after its end")
    if len(found["IHDR"]) != 1 or len(found["IHDR"][0]) != 13 or len(found.get("PLTE", [b""])) != 1:
        raise ValueError("the PNG has a wrong header")
    return {name: b"".join(bodies) for name, bodies in found.items()}


def _inflate(data: bytes, size: int) -> bytes:
    """Inflate to exactly ``size`` bytes."""
    engine = zlib.decompressobj()
    try:
        rows = engine.decompress(data, size + 1)
    except zlib.error as error:
        raise ValueError("the PNG's pixels cannot be inflated") from error
    if len(rows) != size:
        raise ValueError("the PNG has too few or too many pixels")
    if not engine.eof or engine.unused_data:
        raise ValueError("the PNG's pixels do not end where they should")
    return rows


def _rows(raw: bytes, stride: int, filters: set[int], header: bytes, packed: bytes) -> list[bytes]:
    """The rows without their filters: none and Up here, the slow ones by Pillow, as samples of 8 bits."""
    if max(filters) > 4:
        raise ValueError("unknown PNG row filter")
    if filters <= {0, 2}:
        return _unfilter(raw, stride)
    from PIL import Image  # only for pictures that we do not write

    width, height, depth = struct.unpack_from(">2LB", header)
    chunks = ((b"IHDR", struct.pack(">2L5B", stride, height, 8, 0, 0, 0, 0)), (b"IDAT", packed), (b"IEND", b""))
    plain = _SIGN + b"".join(struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
                             for name, data in chunks)
    with Image.open(io.BytesIO(plain), formats=("PNG",)) as picture:
        pixels = picture.tobytes()       # filters work on bytes: one of them is a sample of 8 bits, whatever it holds
    if len(pixels) != stride * height or (depth == 8 and stride != width):
        raise ValueError("the PNG has too few or too many pixels")
    return [pixels[at:at + stride] for at in range(0, len(pixels), stride)]


def _unfilter(raw: bytes, stride: int) -> list[bytes]:
    """Undo the row filters None and Up."""
    rows: list[bytes] = []
    above, same = bytes(stride), b"\2" + bytes(stride)
    for start in range(0, len(raw), stride + 1):
        if not raw.startswith(same, start):
            row = raw[start + 1:start + 1 + stride]
            above = _sum(row, above) if raw[start] else row
        rows.append(above)
    return rows


def _sum(row: bytes, above: bytes) -> bytes:
    """The sums of the bytes, modulo 256: seven bits of each as one number, the eighth without its carry."""
    low, high = (int.from_bytes(bits * len(row), "big") for bits in (b"\x7f", b"\x80"))
    one, other = int.from_bytes(row, "big"), int.from_bytes(above, "big")
    return ((one & low) + (other & low) ^ (one ^ other) & high).to_bytes(len(row), "big")


def _one_bit(rows: list[bytes], width: int, height: int, palette: bytes) -> Bitmap:
    """Bits to grey; both colours of a palette must be grey."""
    if len(palette) < 6 or any(len(set(palette[at:at + 3])) != 1 for at in (0, 3)):
        raise ValueError("the PNG's palette is not grey")
    grey = bytes.maketrans(b"01", palette[0:1] + palette[3:4])
    distinct = list(dict.fromkeys(rows))
    packed = b"".join(distinct)
    bits = f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}".encode().translate(grey)
    wide = {row: bits[at:at + width] for row, at in zip(distinct, range(0, len(bits), 8 * len(rows[0])), strict=True)}
    return Bitmap(width=width, height=height, mode="L", data=b"".join([wide[row] for row in rows]))


def _eight_bit(rows: list[bytes], width: int, height: int, kind: int, palette: bytes) -> Bitmap:
    """Bytes to grey or, by the palette, to RGB."""
    data = b"".join(rows)
    if kind == 0:
        return Bitmap(width=width, height=height, mode="L", data=data)
    colours = [palette[3 * index:3 * index + 3] for index in range(256)]
    if any(len(colours[index]) != 3 for index in set(data)):
        raise ValueError("the PNG's palette is too short")
    return Bitmap(width=width, height=height, mode="RGB", data=b"".join([colours[byte] for byte in data]))
