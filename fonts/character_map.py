"""Read the character maps of a TrueType font: table cmap, formats 4 and 12.

A map is kept as groups: characters from a first one to a last one that have glyphs in a row. What is wrong with a table
becomes a ``FontError`` with ``font.malformed``.

Source: OpenType 1.9 (ISO/IEC 14496-22), cmap.
"""

from __future__ import annotations

import struct
from array import array
from typing import TypeAlias

from fonts.errors import FontError, malformed

__all__ = ["Groups", "all_maps", "encodings_of", "flat", "unicode_groups"]

Groups: TypeAlias = "tuple[array[int], array[int], array[int]]"
"""First characters, last characters, first glyphs."""

_MAX_CHARACTERS = 120_000
_MAX_MAPS = 4
_UNICODE = frozenset({(3, 10), (0, 4), (3, 1), (0, 3)})      # platform and encoding


def encodings_of(table: bytes) -> list[tuple[int, int]]:
    """Return platform and encoding of every map, in the order of the table."""
    return [place[:2] for place in _places(table)]


def all_maps(table: bytes) -> list[dict[int, int]]:
    """Return every map, code point to glyph."""
    places = _places(table)
    if len(places) > _MAX_MAPS:
        raise malformed("字符映射过多", "it has too many character maps")
    return [flat(_groups(table, offset)) for _, _, offset in places]


def unicode_groups(table: bytes) -> Groups:
    """Return the map for Unicode: the first of format 12, else the first of format 4."""
    forms: dict[int, int] = {}
    for platform, encoding, offset in _places(table):
        if (platform, encoding) in _UNICODE:
            forms.setdefault(_number(">H", table, offset), offset)
    place = forms.get(12, forms.get(4))
    if place is None:
        raise malformed("没有可用的 Unicode 字符映射", "no usable Unicode character map")
    return _groups(table, place)


def flat(groups: Groups) -> dict[int, int]:
    """Return groups as a map from code point to glyph."""
    starts, ends, glyphs = groups
    if sum(ends) - sum(starts) + len(starts) > _MAX_CHARACTERS:
        raise malformed("字符映射过大", "a character map is too large")
    return {code: glyph + code - start for start, end, glyph in zip(starts, ends, glyphs, strict=True)
            for code in range(start, end + 1)}


def _places(table: bytes) -> list[tuple[int, int, int]]:
    """Platform, encoding and offset of every map."""
    count = _number(">H", table, 2)
    try:
        return [struct.unpack_from(">HHI", table, 4 + 8 * index) for index in range(count)]
    except struct.error as exc:
        raise _cut_short() from exc


def _groups(table: bytes, offset: int) -> Groups:
    form = _number(">H", table, offset)
    if form not in (4, 12):
        raise malformed("字符映射的格式不支持", "a character map has another form")
    try:
        return _format_12(table, offset) if form == 12 else _format_4(table, offset)
    except struct.error as exc:
        raise _cut_short() from exc


def _number(form: str, table: bytes, offset: int) -> int:
    try:
        found: int = struct.unpack_from(form, table, offset)[0]
    except struct.error as exc:
        raise _cut_short() from exc
    return found


def _cut_short() -> FontError:
    return malformed("字符映射被截断", "the character map is cut short")


def _format_12(table: bytes, offset: int) -> Groups:
    count = _number(">I", table, offset + 12)
    if offset + 16 + 12 * count > len(table):
        raise _cut_short()
    words = array("I", table[offset + 16:offset + 16 + 12 * count])
    words.byteswap()
    starts, ends, glyphs = words[0::3], words[1::3], words[2::3]
    previous = -1
    for start, end in zip(starts, ends, strict=True):
        if not previous < start <= end <= 0x10FFFF:
            raise malformed("字符映射次序错误", "the character map is out of order")
        previous = end
    return starts, ends, glyphs


def _format_4(table: bytes, offset: int) -> Groups:
    count = _number(">H", table, offset + 6) // 2
    base = offset + 14
    ends = struct.unpack_from(f">{count}H", table, base)
    starts = struct.unpack_from(f">{count}H", table, base + 2 * count + 2)
    deltas = struct.unpack_from(f">{count}H", table, base + 4 * count + 2)
    offsets_at = base + 6 * count + 2
    offsets = struct.unpack_from(f">{count}H", table, offsets_at)
    out = array("I"), array("I"), array("I")
    previous = -1
    for index, (start, end, delta, reach) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        if not previous < start <= end:
            raise malformed("字符映射次序错误", "the character map is out of order")
        previous = end
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if reach:
                place = offsets_at + 2 * index + reach + 2 * (code - start)
                glyph = struct.unpack_from(">H", table, place)[0]
                if glyph == 0:
                    continue
            glyph = (glyph + delta) & 0xFFFF
            out[0].append(code)
            out[1].append(code)
            out[2].append(glyph)
    return out
