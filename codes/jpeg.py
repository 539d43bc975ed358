"""The form of a photo: a baseline JPEG (ISO/IEC 10918-1) that every reader shows alike, and nothing else in it.

Only the markers are read, no pixel is decoded. Refused is what readers may show differently (progressive or
arithmetic coding, CMYK, colour profiles, turned by EXIF), what carries more than the picture (EXIF holds places
and devices: R-003-03), and bytes before or behind the picture.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from codes.errors import EngineError

__all__ = ["JpegError", "JpegErrorCode", "JpegFacts", "jpeg_facts"]

_START, _END, _SCAN, _BASELINE = 0xD8, 0xD9, 0xDA, 0xC0
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_QUANTISATION, _HUFFMAN, _INTERVAL = 0xDB, 0xC4, 0xDD
_JFIF, _ADOBE = 0xE0, 0xEE
_RESTARTS = range(0xD0, 0xD8)


class JpegErrorCode(enum.StrEnum):
    """Stable codes of what is wrong with a photo's file."""

    NOT_JPEG = "photo.not-jpeg"
    DAMAGED = "photo.damaged"
    CODING = "photo.coding"
    COLOUR = "photo.colour"
    MORE = "photo.more-than-picture"


_SENTENCES = {
    JpegErrorCode.NOT_JPEG: ("不是JPEG图片，请另存为JPEG（.jpg）", "it is no JPEG; save it as JPEG (.jpg)"),
    JpegErrorCode.DAMAGED: ("JPEG文件不完整或已损坏，请重新导出", "the JPEG is incomplete or damaged; export it again"),
    JpegErrorCode.CODING: (
        "JPEG不是基线格式（8位、非渐进），请另存为基线JPEG",
        "the JPEG is not baseline (8 bits, not progressive); save it as a baseline JPEG",
    ),
    JpegErrorCode.COLOUR: (
        "JPEG不是灰度或通常的彩色（YCbCr），请转换为RGB后另存",
        "the JPEG is neither grey nor ordinary colour (YCbCr); convert it to RGB and save it again",
    ),
    JpegErrorCode.MORE: (
        "JPEG含有图像以外的信息（EXIF、色彩配置、注释等，可能含拍摄地点），请去除后另存",
        "the JPEG holds more than the picture (EXIF, a colour profile, comments: perhaps where it was taken); "
        "save it without them",
    ),
}


class JpegError(EngineError):
    """A file that is no JPEG as a licence may carry it."""

    def __init__(self, code: JpegErrorCode) -> None:
        zh, en = _SENTENCES[code]
        super().__init__(code, zh, en)


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegFacts:
    """Size in pixels; ``components`` is 1 (grey) or 3 (YCbCr)."""

    width: int
    height: int
    components: int


def jpeg_facts(data: bytes) -> JpegFacts:
    """Read the markers of a baseline JPEG from its first byte to its last.

    Raises:
        JpegError: what is wrong with it.
    """
    if data[:2] != bytes((0xFF, _START)):
        raise JpegError(JpegErrorCode.NOT_JPEG)
    facts: JpegFacts | None = None
    tables: set[tuple[int, int]] = set()
    needed: set[tuple[int, int]] = set()
    transform = 1                   # how an Adobe marker says that the colours are written: YCbCr
    position = 2
    while True:
        if data[position:position + 1] != b"\xff" or position + 4 > len(data):
            raise JpegError(JpegErrorCode.DAMAGED)
        marker = data[position + 1]
        length = int.from_bytes(data[position + 2:position + 4], "big")
        body = data[position + 4:position + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise JpegError(JpegErrorCode.DAMAGED)
        position += 2 + length
        if marker in _FRAMES:
            if facts is not None:
                raise JpegError(JpegErrorCode.DAMAGED)
            facts = _frame(marker, body)
            needed = {(_QUANTISATION, body[8 + 3 * index]) for index in range(facts.components)}
        elif marker == _SCAN:
            if facts is None or body[:1] != bytes((facts.components,)):
                raise JpegError(JpegErrorCode.CODING)
            if facts.components == 3 and transform != 1:
                raise JpegError(JpegErrorCode.COLOUR)
            needed |= {(_HUFFMAN, part) for choice in body[2:1 + 2 * facts.components:2]
                       for part in (choice >> 4, 16 | choice & 15)}
            if tables != needed:                # a missing one cannot be decoded, a spare one can hold anything
                raise JpegError(JpegErrorCode.MORE if needed < tables else JpegErrorCode.DAMAGED)
            _require_end(data, position)
            return facts
        elif marker in (_QUANTISATION, _HUFFMAN):
            _add_tables(tables, marker, body)
        elif not ((marker == _INTERVAL and len(body) == 2) or (marker == _JFIF and _is_plain_jfif(body))
                  or (marker == _ADOBE and body[:5] == b"Adobe" and len(body) == 12)):
            raise JpegError(JpegErrorCode.MORE)
        if marker == _ADOBE:
            transform = body[11]


def _is_plain_jfif(body: bytes) -> bool:
    """A JFIF header without a thumbnail, its pixels square."""
    return body[:5] == b"JFIF\0" and body[8:10] == body[10:12] and body[12:] == b"\0\0"


def _add_tables(tables: set[tuple[int, int]], marker: int, body: bytes) -> None:
    """Take up the quantisation or Huffman tables of a segment; each may be given once."""
    position = 0
    while position < len(body):
        name = body[position]
        size = 65 if marker == _QUANTISATION else 17 + sum(body[position + 1:position + 17])
        if position + size > len(body) or (marker, name) in tables:
            raise JpegError(JpegErrorCode.DAMAGED)
        tables.add((marker, name))
        position += size


def _frame(marker: int, body: bytes) -> JpegFacts:
    """What the frame header says."""
    if marker != _BASELINE or len(body) < 6 or body[0] != 8 or len(body) != 6 + 3 * body[5]:
        raise JpegError(JpegErrorCode.CODING)
    components = body[5]
    numbers = [body[6 + 3 * index] for index in range(components)]
    if components not in (1, 3) or (components == 3 and numbers != [1, 2, 3]):
        raise JpegError(JpegErrorCode.COLOUR)
    width, height = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
    if not width or not height:
        raise JpegError(JpegErrorCode.DAMAGED)
    return JpegFacts(width=width, height=height, components=components)


def _require_end(data: bytes, position: int) -> None:
    """The one scan runs to the end mark, and that is the last of the file."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 2 > len(data):
            raise JpegError(JpegErrorCode.DAMAGED)
        marker = data[position + 1]
        if marker == _END:
            if position + 2 != len(data):
                raise JpegError(JpegErrorCode.MORE)
            return
        if marker and marker not in _RESTARTS:
            raise JpegError(JpegErrorCode.CODING)
        position += 2
