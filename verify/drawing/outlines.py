"""Outlines of glyphs as SVG paths, from the bytes of an embedded font; font units, y upwards.

Source: OpenType 1.9, table glyf.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, Protocol

from fonts.errors import FontError
from fonts.truetype import TrueType
from verify.drawing.svg import number

__all__ = ["Outlines", "TrueTypeOutlines", "open_font"]

_COMPONENT_DEPTH: Final = 6
_COMPONENTS: Final = 64
_POINTS: Final = 20_000

Point = tuple[float, float, bool]        # x, y, on the curve?
Turn = tuple[float, float, float, float, float, float]


class Outlines(Protocol):
    """A font that draws."""

    units: float

    def glyph(self, char: str) -> int | None:
        """The glyph of a character, None where the font has none."""

    def path(self, glyph: int) -> str | None:
        """The data of a path, "" for a blank, None for what cannot be drawn."""

    def advance(self, glyph: int) -> float:
        """Advance width."""


def open_font(data: bytes) -> Outlines | None:
    """The font of these bytes, None when it is in no form that is read."""
    try:
        return TrueTypeOutlines(TrueType(data))
    except (FontError, ValueError, IndexError, struct.error, KeyError, RecursionError):
        return None


class TrueTypeOutlines:
    """A TrueType font."""

    def __init__(self, font: TrueType) -> None:
        self._font = font
        self._paths: dict[int, str | None] = {}
        self.units = float(font.units_per_em)

    def glyph(self, char: str) -> int | None:
        try:
            return self._font.glyph_id(char)
        except (FontError, ValueError, IndexError, struct.error):
            return None

    def advance(self, glyph: int) -> float:
        try:
            return float(self._font.advance(glyph))
        except FontError:
            return self.units

    def path(self, glyph: int) -> str | None:
        if glyph not in self._paths:
            self._paths[glyph] = self._made(glyph)
        return self._paths[glyph]

    def _made(self, glyph: int) -> str | None:
        contours: list[list[Point]] = []
        try:
            _contours(self._font.outline, glyph, (1, 0, 0, 1, 0, 0), contours, 0)
        except (FontError, ValueError, IndexError, struct.error):
            return None
        return "".join(map(_drawn, contours))


def _contours(record_of: Callable[[int], bytes], glyph: int, turn: Turn, out: list[list[Point]], depth: int) -> None:
    """Append the contours of a glyph, its parts in their places."""
    record = record_of(glyph)
    if len(record) < 10:
        return
    count = struct.unpack_from(">h", record, 0)[0]
    if count >= 0:
        out.extend(_simple(record, count, turn))
        if sum(map(len, out)) > _POINTS:
            raise ValueError("too many points")
        return
    if depth > _COMPONENT_DEPTH:
        raise ValueError("composite glyphs are nested too deeply")
    at = 10
    for _ in range(_COMPONENTS):
        flags, part = struct.unpack_from(">HH", record, at)
        at += 4
        dx, dy = struct.unpack_from(">hh" if flags & 1 else ">bb", record, at)
        at += 4 if flags & 1 else 2
        if not flags & 2:
            raise ValueError("parts that meet at points")
        a, b, c, d = 1.0, 0.0, 0.0, 1.0
        if flags & 0x08:
            a = d = _f2dot14(record, at)
            at += 2
        elif flags & 0x40:
            a, d = _f2dot14(record, at), _f2dot14(record, at + 2)
            at += 4
        elif flags & 0x80:
            a, b, c, d = (_f2dot14(record, at + 2 * index) for index in range(4))
            at += 8
        _contours(record_of, part, _after(turn, (a, b, c, d, dx, dy)), out, depth + 1)
        if not flags & 0x20:
            return


def _f2dot14(record: bytes, at: int) -> float:
    value: int = struct.unpack_from(">h", record, at)[0]
    return value / 16384


def _after(outer: Turn, inner: Turn) -> Turn:
    """First the inner matrix, then the outer one."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f)


def _simple(record: bytes, count: int, turn: Turn) -> list[list[Point]]:
    """The contours of a simple glyph."""
    ends = struct.unpack_from(f">{count}H", record, 10)
    at = 10 + 2 * count
    at += 2 + struct.unpack_from(">H", record, at)[0]
    total = ends[-1] + 1 if ends else 0
    flags = bytearray()
    while len(flags) < total:
        flag = record[at]
        at += 1
        times = 1
        if flag & 8:
            times += record[at]
            at += 1
        flags += bytes([flag]) * times
    xs, at = _coordinates(record, at, flags[:total], 2, 16)
    ys, at = _coordinates(record, at, flags[:total], 4, 32)
    a, b, c, d, e, f = turn
    points = [(a * x + c * y + e, b * x + d * y + f, bool(flag & 1))
              for x, y, flag in zip(xs, ys, flags, strict=False)]
    starts = (0, *(end + 1 for end in ends[:-1]))
    return [points[start:end + 1] for start, end in zip(starts, ends, strict=True)]


def _coordinates(record: bytes, at: int, flags: bytearray, short: int, same: int) -> tuple[list[int], int]:
    """Coordinates along one axis, and where they end."""
    value, values = 0, []
    for flag in flags:
        if flag & short:
            value += record[at] if flag & same else -record[at]
            at += 1
        elif not flag & same:
            value += struct.unpack_from(">h", record, at)[0]
            at += 2
        values.append(value)
    return values, at


def _drawn(points: list[Point]) -> str:
    """A contour of quadratic curves; two points off the curve have one on it halfway."""
    if len(points) < 2:
        return ""
    whole: list[Point] = []
    for index, point in enumerate(points):
        before = points[index - 1]
        if not point[2] and not before[2]:
            whole.append(((point[0] + before[0]) / 2, (point[1] + before[1]) / 2, True))
        whole.append(point)
    first = next(index for index, point in enumerate(whole) if point[2])
    whole = whole[first:] + whole[:first + 1]
    pieces = [f"M{number(whole[0][0])} {number(whole[0][1])}"]
    control: Point | None = None
    for point in whole[1:]:
        if not point[2]:
            control = point
        elif control is None:
            pieces.append(f"L{number(point[0])} {number(point[1])}")
        else:
            pieces.append(f"Q{number(control[0])} {number(control[1])} {number(point[0])} {number(point[1])}")
            control = None
    return "".join(pieces) + "Z"
