"""Pictures of a PDF: PNG and baseline JPEG in, image XObjects out.

A grey or RGB PNG without transparency (a QR code) goes in as it is, its rows still compressed; any other
PNG is decoded once a process, its alpha channel becoming a soft mask. A JPEG goes in byte by byte (a photo: its digest
is in the record).

Source: ISO 32000-2 7.4.4.4 (predictors), 8.9.5 (images), 11.6.5.2 (soft masks); PNG (ISO/IEC 15948).
"""

from __future__ import annotations

import functools
import io
import struct
import zlib

from PIL import Image

from codes.jpeg import JpegError, jpeg_facts
from docgen.pdf_errors import PdfError, PdfErrorCode
from docgen.pdf_objects import PdfFile, Value, deflate

__all__ = ["add_image"]

_JPEG = b"\xff\xd8\xff"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: (1, "/DeviceGray"), 2: (3, "/DeviceRGB")}
_MAX_PIXELS = 25_000_000


def _unreadable(reason: str) -> PdfError:
    return PdfError(PdfErrorCode.IMAGE_UNREADABLE, "图片不是可读的 PNG，请检查图片文件",
                    f"a picture is not a readable PNG ({reason}); check the picture file")


def _chunks(png: bytes) -> dict[bytes, list[bytes]]:
    if not png.startswith(_SIGNATURE):
        raise _unreadable("no PNG signature")
    found: dict[bytes, list[bytes]] = {}
    at = len(_SIGNATURE)
    while at + 12 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if at + 12 + length > len(png):
            raise _unreadable("cut short")
        body, check = png[at + 8:at + 8 + length], png[at + 8 + length:at + 12 + length]
        if zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise _unreadable("a damaged chunk")
        found.setdefault(kind, []).append(body)
        at += 12 + length
    if len(found.get(b"IHDR", [b""])[0]) != 13 or b"IDAT" not in found or b"IEND" not in found:
        raise _unreadable("a chunk is missing")
    return found


def _head(width: int, height: int, bits: int, space: str) -> dict[str, Value]:
    return {"Type": "/XObject", "Subtype": "/Image", "Width": width, "Height": height,
            "BitsPerComponent": bits, "ColorSpace": space}


@functools.lru_cache(maxsize=8)
def _decoded(png: bytes) -> tuple[tuple[int, int], bytes, bytes | None]:
    """Return size, compressed RGB rows and compressed alpha rows (None where all is opaque)."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise _unreadable("more than 25 million pixels")
            rgba = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise _unreadable(type(exc).__name__) from exc
    alpha = rgba.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return rgba.size, deflate(rgba.convert("RGB").tobytes(), 9), None
    clear = Image.new("RGBA", rgba.size, (255, 255, 255, 0))
    clear.paste(rgba, mask=alpha.point(lambda level: 255 if level else 0))   # no noise under clear pixels
    return rgba.size, deflate(clear.convert("RGB").tobytes(), 9), deflate(alpha.tobytes(), 9)


def _jpeg(pdf: PdfFile, jpeg: bytes) -> Value:
    """Add a baseline JPEG as it is."""
    try:
        facts = jpeg_facts(jpeg)
    except JpegError as exc:
        raise _unreadable(exc.en) from exc
    head = _head(facts.width, facts.height, 8, "/DeviceGray" if facts.components == 1 else "/DeviceRGB")
    return pdf.add_stream({**head, "Filter": "/DCTDecode"}, jpeg)


def add_image(pdf: PdfFile, png: bytes) -> Value:
    """Add a picture (PNG or baseline JPEG) to PDF and return the reference to its image XObject.

    Raises:
        PdfError: ``pdf.image-unreadable``.
    """
    if png.startswith(_JPEG):
        return _jpeg(pdf, png)
    chunks = _chunks(png)
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"][0])
    if colour in _CHANNELS and bits <= 8 and not interlaced and b"tRNS" not in chunks:
        channels, space = _CHANNELS[colour]
        head = _head(width, height, bits, space)
        head["DecodeParms"] = {
            "Predictor": 15, "Colors": channels, "BitsPerComponent": bits, "Columns": width,
        }
        return pdf.add_stream(head, b"".join(chunks[b"IDAT"]), compressed=True)
    (width, height), rgb, alpha = _decoded(png)
    head = _head(width, height, 8, "/DeviceRGB")
    if alpha is not None:
        head["SMask"] = pdf.add_stream(_head(width, height, 8, "/DeviceGray"), alpha, compressed=True)
    return pdf.add_stream(head, rgb, compressed=True)
