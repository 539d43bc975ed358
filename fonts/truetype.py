"""Read TrueType files (TrueType outlines only) and judge their outlines.

The reader works on any buffer, a memory-mapped font file as well as a font that came embedded in a
stranger's document: whatever is wrong with the bytes becomes a ``FontError`` with ``font.malformed``.
Lengths are font units; glyph ids are those of the file at hand.

Source: OpenType 1.9 (ISO/IEC 14496-22): tables head, hhea, hmtx, maxp, cmap, loca, glyf.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from mmap import mmap

from fonts.character_map import Groups, all_maps, encodings_of, flat, unicode_groups
from fonts.errors import malformed

__all__ = ["DIGEST_SIZE", "TrueType", "component_places", "table_checksum"]

DIGEST_SIZE = 12
"""Bytes of a glyph's digest: 96 bits of BLAKE2b."""

_PIECE = 1024                            # bytes
_EVEN_WORDS = int.from_bytes(b"\0\0\0\0\xff\xff\xff\xff" * (_PIECE // 8), "big")
_MAX_COMPONENT_DEPTH = 8

_ARGS_ARE_WORDS = 0x0001
_HAS_SCALE = 0x0008
_MORE_COMPONENTS = 0x0020
_HAS_XY_SCALE = 0x0040
_HAS_TWO_BY_TWO = 0x0080
_HAS_INSTRUCTIONS = 0x0100


def table_checksum(data: bytes) -> int:
    """Return the OpenType checksum of a table: the sum of its big-endian 32-bit words, modulo 2**32."""
    if len(data) > _PIECE:
        return _long_checksum(data)
    words = array("I", data + bytes(-len(data) % 4))
    words.byteswap()
    return sum(words) & 0xFFFFFFFF


def _long_checksum(data: bytes) -> int:
    """The same, many words at a time: pieces as numbers, each word with as many bits again for what it grows to."""
    total = 0
    for start in range(0, len(data), _PIECE):
        piece = int.from_bytes(data[start:start + _PIECE].ljust(_PIECE, b"\0"), "big")
        total += (piece & _EVEN_WORDS) + (piece >> 32 & _EVEN_WORDS)
    words: tuple[int, ...] = struct.unpack(f">{_PIECE // 8}Q", total.to_bytes(_PIECE, "big"))
    return sum(words) & 0xFFFFFFFF


class TrueType:
    """A TrueType font in memory; tables are read when they are asked for.

    Raises:
        FontError: ``font.malformed`` from the constructor and from every method.
    """

    def __init__(self, data: bytes | mmap) -> None:
        self.data = data
        self._tables: dict[bytes, tuple[int, int]] = {}
        tags: list[bytes] = []
        if data[:4] not in (b"\x00\x01\x00\x00", b"true"):
            raise malformed("不是 TrueType 轮廓字体", "not a font with TrueType outlines")
        count = self._number(">H", 4)
        for index in range(count):
            tag, _, start, length = self._numbers(">4sIII", 12 + 16 * index)
            if start + length > len(data):
                raise malformed("表超出文件末尾", "a table runs past the end of the file")
            self._tables[tag] = (start, length)
            tags.append(tag)
        self.tags = tuple(tags)
        """The tables that the directory names, in its order."""
        head = self.table(b"head", 54)
        self.units_per_em: int = struct.unpack_from(">H", head, 18)[0]
        self.bbox: tuple[int, int, int, int] = struct.unpack_from(">4h", head, 36)
        self._long_loca = struct.unpack_from(">h", head, 50)[0] == 1
        hhea = self.table(b"hhea", 36)
        self.ascent: int = struct.unpack_from(">h", hhea, 4)[0]
        self.descent: int = struct.unpack_from(">h", hhea, 6)[0]
        self._metric_count: int = struct.unpack_from(">H", hhea, 34)[0]
        self.glyph_count: int = struct.unpack_from(">H", self.table(b"maxp", 6), 4)[0]
        if self.units_per_em < 16 or not 0 < self._metric_count <= self.glyph_count:
            raise malformed("基本度量无意义", "its basic metrics make no sense")
        self._glyf = self._place(b"glyf")
        self._loca = self._place(b"loca")
        self._hmtx = self._place(b"hmtx")
        if self._hmtx[1] < 2 * (self._metric_count + self.glyph_count):
            # others read zeros there, and draw the glyph at another place
            raise malformed("hmtx 表过短", "table hmtx is too short")
        self._cmap: Groups | None = None

    def _numbers(self, form: str, offset: int) -> tuple[bytes, int, int, int]:
        try:
            found: tuple[bytes, int, int, int] = struct.unpack_from(form, self.data, offset)
        except struct.error as exc:
            raise malformed("文件被截断", "it is cut short") from exc
        return found

    def _number(self, form: str, offset: int) -> int:
        try:
            found: int = struct.unpack_from(form, self.data, offset)[0]
        except struct.error as exc:
            raise malformed("文件被截断", "it is cut short") from exc
        return found

    def _place(self, tag: bytes) -> tuple[int, int]:
        place = self._tables.get(tag)
        if place is None:
            name = tag.decode("latin-1")
            raise malformed(f"缺少 {name} 表", f"table {name} is missing")
        return place

    def table(self, tag: bytes, least: int = 0) -> bytes:
        """Return table TAG, which must hold at least LEAST bytes."""
        start, length = self._place(tag)
        if length < least:
            name = tag.decode("latin-1")
            raise malformed(f"{name} 表过短", f"table {name} is too short")
        return bytes(self.data[start:start + length])

    @property
    def apart(self) -> bool:
        """Whether no byte belongs to two tables; where one does, readers may differ in what they take it for."""
        places = sorted(self._tables.values())
        return all(start + length <= after for (start, length), (after, _) in itertools.pairwise(places))

    # -- characters ------------------------------------------------------------------------------

    def _groups(self) -> Groups:
        """Return the character map as groups: first characters, last characters, first glyphs."""
        if self._cmap is None:
            self._cmap = unicode_groups(self.table(b"cmap", 4))
        return self._cmap

    @property
    def encodings(self) -> list[tuple[int, int]]:
        """Platform and encoding of every character map, in the order of the table."""
        return encodings_of(self.table(b"cmap", 4))

    def character_maps(self) -> list[dict[int, int]]:
        """Return every character map of the font, code point to glyph; only formats 4 and 12 are read."""
        return all_maps(self.table(b"cmap", 4))

    def unicode_map(self) -> dict[int, int]:
        """Return the map from code point to glyph of every character that the font has a glyph for."""
        return {code: glyph for code, glyph in flat(self._groups()).items() if glyph}

    def glyph_id(self, char: str) -> int | None:
        """Return the glyph that draws the one character CHAR, None where there is none."""
        starts, ends, glyphs = self._groups()
        code = ord(char)
        at = bisect_right(starts, code) - 1
        if at < 0 or code > ends[at]:
            return None
        glyph = glyphs[at] + code - starts[at]
        if glyph >= self.glyph_count:
            raise malformed("字符映射指向不存在的字形", "the character map names a glyph that is not there")
        return glyph or None

    def characters(self) -> Iterator[str]:
        """Yield every character of the character map, in code point order."""
        for start, end, glyph in zip(*self._groups(), strict=True):
            for code in range(start, end + 1):
                if glyph + code - start:
                    yield chr(code)

    # -- glyphs ----------------------------------------------------------------------------------

    def metrics(self, glyph: int) -> tuple[int, int]:
        """Return advance width and left side bearing of GLYPH."""
        if not 0 <= glyph < self.glyph_count:
            raise malformed("字形编号超出范围", "a glyph id is out of range")
        start = self._hmtx[0]
        last = self._metric_count - 1
        if glyph <= last:
            return self._number(">H", start + 4 * glyph), self._number(">h", start + 4 * glyph + 2)
        return self._number(">H", start + 4 * last), self._number(">h", start + 2 * (last + 1) + 2 * glyph)

    def advance(self, glyph: int) -> int:
        """Return the advance width of GLYPH."""
        return self.metrics(glyph)[0]

    def _stored(self, glyph: int) -> bytes:
        """Return the glyf record of GLYPH as it stands in the file."""
        start, length = self._loca
        size = 4 if self._long_loca else 2
        if not 0 <= glyph < self.glyph_count or (glyph + 2) * size > length:
            raise malformed("字形编号超出范围", "a glyph id is out of range")
        if self._long_loca:
            begin, end = self._number(">I", start + 4 * glyph), self._number(">I", start + 4 * glyph + 4)
        else:
            begin = 2 * self._number(">H", start + 2 * glyph)
            end = 2 * self._number(">H", start + 2 * glyph + 2)
        if not begin <= end <= self._glyf[1]:
            raise malformed("字形超出 glyf 表", "a glyph runs past table glyf")
        return bytes(self.data[self._glyf[0] + begin:self._glyf[0] + end])

    def outline(self, glyph: int) -> bytes:
        """Return the glyf record of GLYPH without its instructions; empty for a blank."""
        record = self._stored(glyph)
        if not record:
            return b""
        try:
            return _without_instructions(record)
        except (struct.error, IndexError) as exc:
            raise malformed("字形被截断", "a glyph is cut short") from exc

    def has_instructions(self, glyph: int, _depth: int = 0) -> bool:
        """Say whether GLYPH or a part of it has instructions: they can move its points anywhere."""
        if _depth > _MAX_COMPONENT_DEPTH:
            raise malformed("组合字形嵌套过深", "composite glyphs are nested too deeply")
        record = self._stored(glyph)
        try:
            if not record:
                return False
            contours = struct.unpack_from(">h", record, 0)[0]
            if contours >= 0:
                return bool(struct.unpack_from(">H", record, 10 + 2 * contours)[0])
            for place in component_places(record):
                flags, part = struct.unpack_from(">HH", record, place - 2)
                if flags & _HAS_INSTRUCTIONS or self.has_instructions(part, _depth + 1):
                    return True
        except struct.error as exc:
            raise malformed("字形被截断", "a glyph is cut short") from exc
        return False

    def outline_digest(self, glyph: int, *, stored: bool = False, _depth: int = 0) -> bytes:
        """Return BLAKE2b (12 bytes) over units per em, advance, bearing and outline of GLYPH.

        Equal digests mean the same picture at the same size, where there are no instructions; glyph ids do
        not count. ``stored`` takes the record as it lies in the file, which is quicker and gives the
        same for fonts of :class:`fonts.subset.SubsetMaker`; of others it says nothing.
        """
        record = self._stored(glyph)
        head = struct.pack(">HHh", self.units_per_em, *self.metrics(glyph))
        if len(record) >= 10 and record[0] >= 0x80:
            return self._composite_digest(glyph, head, _depth)
        if not stored:
            record = self.outline(glyph)
            record += bytes(-len(record) % 4)
        return hashlib.blake2b(head + record, digest_size=DIGEST_SIZE).digest()

    def _composite_digest(self, glyph: int, head: bytes, depth: int) -> bytes:
        if depth > _MAX_COMPONENT_DEPTH:
            raise malformed("组合字形嵌套过深", "composite glyphs are nested too deeply")
        record, at = self.outline(glyph), 0          # composites are few: the same for every form
        digest = hashlib.blake2b(head, digest_size=DIGEST_SIZE)
        for place in component_places(record):
            digest.update(record[at:place])
            part = struct.unpack_from(">H", record, place)[0]
            digest.update(self.outline_digest(part, _depth=depth + 1))
            at = place + 2
        digest.update(record[at:])
        return digest.digest()


def component_places(record: bytes) -> list[int]:
    """Return the offsets of the glyph ids in a composite glyf RECORD; empty for a simple glyph."""
    if len(record) < 10 or record[0] < 0x80:
        return []
    places = []
    at = 10
    while True:
        flags = struct.unpack_from(">H", record, at)[0]
        places.append(at + 2)
        at += _component_length(flags)
        if not flags & _MORE_COMPONENTS:
            return places


def _component_length(flags: int) -> int:
    length = 8 if flags & _ARGS_ARE_WORDS else 6
    if flags & _HAS_SCALE:
        return length + 2
    if flags & _HAS_XY_SCALE:
        return length + 4
    return length + 8 if flags & _HAS_TWO_BY_TWO else length


def _without_instructions(record: bytes) -> bytes:
    contours = struct.unpack_from(">h", record, 0)[0]
    if contours >= 0:
        at = 10 + 2 * contours
        size = struct.unpack_from(">H", record, at)[0]
        body = at + 2 + size
        end = _end_of_simple(record, contours, body)
        return record[:at] + b"\x00\x00" + record[body:end]
    out = bytearray(record[:10])
    at = 10
    while True:
        flags = struct.unpack_from(">H", record, at)[0]
        step = _component_length(flags)
        if at + step > len(record):
            raise IndexError
        out += struct.pack(">H", flags & ~_HAS_INSTRUCTIONS) + record[at + 2:at + step]
        at += step
        if not flags & _MORE_COMPONENTS:
            return bytes(out)


def _end_of_simple(record: bytes, contours: int, at: int) -> int:
    """Return where the coordinates of a simple glyph end, so that padding is left out."""
    points = struct.unpack_from(">H", record, 8 + 2 * contours)[0] + 1 if contours else 0
    xs = ys = 0
    while points > 0:
        flag = record[at]
        at += 1
        times = 1
        if flag & 8:
            times += record[at]
            at += 1
        points -= times
        xs += times * (1 if flag & 2 else 0 if flag & 16 else 2)
        ys += times * (1 if flag & 4 else 0 if flag & 32 else 2)
    if points < 0 or at + xs + ys > len(record):
        raise IndexError
    return at + xs + ys
