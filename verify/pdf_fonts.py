"""Reads the embedded fonts of a rendition: which character a code stands for, how wide it is, which glyph.

Supported is the one form that our renditions have: Type 0, Identity-H, a TrueType CID font, embedded,
with a ToUnicode map to single characters. The embedded font's own character map must name the same
glyph for the same character, so that what is extracted is what is drawn.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from fonts.errors import FontError
from fonts.truetype import TrueType
from verify.pdf_file import PdfFile
from verify.pdf_keys import check_keys
from verify.pdf_objects import Dict, Name, Object, Stream
from verify.pdf_reasons import PdfRefusal

__all__ = ["Cell", "Line", "PdfFont", "Shown", "read_font", "to_unicode"]

MAX_FONT_SIZE: Final = 24 << 20         # bytes, one font program
MAX_CMAP_SIZE: Final = 4 << 20          # bytes, one ToUnicode map
_SUBSET_TAG: Final = re.compile(r"[A-Z]{6}\+")
_SECTION: Final = re.compile(rb"begin(bfchar|bfrange|codespacerange)\b(.*?)\bend\1\b", re.DOTALL)
_USED: Final = re.compile(rb"\b(usecmap|begincidchar|begincidrange|beginnotdefchar|beginnotdefrange)\b")
_CHAR: Final = re.compile(rb"\s*<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>\s*")
_PLAIN_CHARS: Final = re.compile(rb"(?:\s*+<[0-9A-Fa-f]{4}>\s*+<[0-9A-Fa-f]{4}>)*+\s*+")
_FOUR: Final = re.compile(rb"[0-9A-Fa-f]{4}")
_RANGE: Final = re.compile(rb"\s*<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]{4})>\s*"
                           rb"(?:<([0-9A-Fa-f]+)>|\[((?:\s*<[0-9A-Fa-f]+>)*)\s*\])\s*")


Cell: TypeAlias = tuple[str, float, int]
"""What one code shows: its character, its advance in thousandths of the size, its glyph."""
Shown: TypeAlias = tuple[bytes, bool, float, float]
"""What a line is made of: what its operator shows, whether that is one string or a ``TJ``, and what a thousandth of its
size and its spacing are, in points."""


class Line(NamedTuple):
    """Glyphs on a line: their characters, the place of each from the start, points, their ids, where the line ends."""

    chars: str
    places: list[float]
    glyphs: tuple[int, ...]
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfFont:
    """One font of the file. ``widths`` in thousandths of the size, by CID; ``chars`` by code (= CID)."""

    name: str                          # PostScript name without a subset tag
    where: str
    chars: Mapping[int, str]
    widths: Mapping[int, float]
    default_width: float
    glyph_of: Mapping[int, int] | None  # CID to glyph id, None: the same number
    program: bytes
    cmap: Mapping[int, int]            # code point to glyph id, of the font program itself
    cells: dict[bytes, Cell] = field(default_factory=dict, compare=False)   # by code in hex, once asked for
    lines: dict[Shown, Line] = field(default_factory=dict, compare=False)   # a few: pages have many in common

    def cell(self, code: bytes) -> Cell:
        """What a code (four hex digits) that was not asked for yet shows.

        Raises:
            PdfRefusal: ``pdf.to-unicode`` when the code means no character, ``pdf.glyph-mismatch`` when the
                font program draws that character with another glyph.
        """
        cid = int(code, 16)
        char = self.chars.get(cid)
        if char is None:
            raise PdfRefusal("pdf.to-unicode", self.where)
        glyph = cid if self.glyph_of is None else self.glyph_of.get(cid, 0)
        if not glyph or self.cmap.get(ord(char)) != glyph:
            raise PdfRefusal("pdf.glyph-mismatch", self.where, char=f"U+{ord(char):04X}")
        made = self.cells[code] = (char, self.widths.get(cid, self.default_width), glyph)
        return made


def read_font(file: PdfFile, value: Object, where: str) -> PdfFont:
    """Read a font dictionary.

    Raises:
        PdfRefusal: ``pdf.font`` for a form we do not write, ``pdf.unknown-key`` and others.
    """
    font = _dict(file, value, "Type0", where)
    if font.get("Encoding") != "Identity-H" or font.get("Subtype") != "Type0":
        raise PdfRefusal("pdf.font", where)
    below = file.get(font.get("DescendantFonts"))
    if not isinstance(below, list) or len(below) != 1:
        raise PdfRefusal("pdf.font", where)
    cid_font = _dict(file, below[0], "CIDFont", where)
    if cid_font.get("Subtype") != "CIDFontType2" or cid_font.get("BaseFont") != font.get("BaseFont"):
        raise PdfRefusal("pdf.font", where)
    descriptor = _dict(file, cid_font.get("FontDescriptor"), "FontDescriptor", where)
    check_keys(file.get(cid_font.get("CIDSystemInfo")), "CIDSystemInfo", where)
    program = _program(file, descriptor.get("FontFile2"), where)
    if "CIDSet" in descriptor:
        _stream(file, descriptor["CIDSet"], where, MAX_CMAP_SIZE)
    return PdfFont(
        name=_SUBSET_TAG.sub("", str(font.get("BaseFont", "")), count=1), where=where,
        chars=to_unicode(_stream(file, font.get("ToUnicode"), where, MAX_CMAP_SIZE), where),
        widths=_widths(file.get(cid_font.get("W")), where),
        default_width=_number(cid_font.get("DW", 1000), where),
        glyph_of=_glyph_map(file, cid_font.get("CIDToGIDMap"), where),
        program=program, cmap=_unicode_map(program, where))


def _dict(file: PdfFile, value: Object, kind: str, where: str) -> Dict:
    found = file.get(value)
    if not isinstance(found, dict):
        raise PdfRefusal("pdf.font", where)
    check_keys(found, kind, where)
    return found


def _stream(file: PdfFile, value: Object, where: str, limit: int) -> bytes:
    found = file.get(value)
    if not isinstance(found, Stream):
        raise PdfRefusal("pdf.font", where)
    check_keys(found.entries, "FontStream", where)
    return file.decode(found, where, limit)


def _program(file: PdfFile, value: Object, where: str) -> bytes:
    """The font program; its told length is true."""
    program = _stream(file, value, where, MAX_FONT_SIZE)
    stored = file.get(value)
    if isinstance(stored, Stream) and stored.entries.get("Length1", len(program)) != len(program):
        raise PdfRefusal("pdf.font", where)
    return program


def _number(value: Object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PdfRefusal("pdf.font", where)
    return float(value)


def _widths(value: Object, where: str) -> dict[int, float]:
    """The ``W`` array: ``first [w w …]`` or ``first last w``."""
    widths: dict[int, float] = {}
    if value is None:
        return widths
    if not isinstance(value, list):
        raise PdfRefusal("pdf.font", where)
    position = 0
    while position + 1 < len(value):
        first, second = value[position], value[position + 1]
        if not isinstance(first, int) or not 0 <= first <= 0xFFFF:
            raise PdfRefusal("pdf.font", where)
        if isinstance(second, list):
            for cid, width in enumerate(second, first):
                widths[cid] = _number(width, where)
            position += 2
            continue
        if not isinstance(second, int) or not first <= second <= 0xFFFF or position + 2 >= len(value):
            raise PdfRefusal("pdf.font", where)
        widths.update(dict.fromkeys(range(first, second + 1), _number(value[position + 2], where)))
        position += 3
    if position != len(value):
        raise PdfRefusal("pdf.font", where)
    return widths


def _glyph_map(file: PdfFile, value: Object, where: str) -> dict[int, int] | None:
    found = file.get(value)
    if isinstance(found, Name) and found == "Identity":
        return None
    if not isinstance(found, Stream):
        raise PdfRefusal("pdf.font", where)
    check_keys(found.entries, "FontStream", where)
    data = file.decode(found, where, 2 * 65536)
    if len(data) % 2:
        raise PdfRefusal("pdf.font", where)
    return dict(enumerate(struct.unpack(f">{len(data) // 2}H", data)))


def to_unicode(data: bytes, where: str) -> dict[int, str]:
    """The ToUnicode map: code to exactly one character.

    Raises:
        PdfRefusal: ``pdf.to-unicode`` when a code has two meanings, none, or more than one character.
    """
    chars: dict[int, str] = {}
    if _USED.search(data):
        raise PdfRefusal("pdf.to-unicode", where)
    for section in _SECTION.finditer(data):
        if section[1] == b"codespacerange":
            if section[2].split() not in ([b"<0000>", b"<FFFF>"], [b"<0000>", b"<ffff>"]):
                raise PdfRefusal("pdf.to-unicode", where)
            continue
        pairs = _char_pairs(section[2], where) if section[1] == b"bfchar" else _range_pairs(section[2], where)
        before = len(chars)
        chars.update(pairs)
        if len(chars) != before + len(pairs):
            raise PdfRefusal("pdf.to-unicode", where)
    return chars


def _char_pairs(body: bytes, where: str) -> list[tuple[int, str]]:
    if _PLAIN_CHARS.fullmatch(body):
        units = _FOUR.findall(body)
        try:
            text = bytes.fromhex(b"".join(units[1::2]).decode()).decode("utf-16-be")
        except ValueError:
            raise PdfRefusal("pdf.to-unicode", where) from None
        if len(text) == len(units) // 2:            # no unit is half of a character
            return list(zip([int(code, 16) for code in units[::2]], text, strict=True))
    found, position = [], 0
    while position < len(body):
        match = _CHAR.match(body, position)
        if match is None:
            if not body[position:].strip():
                break
            raise PdfRefusal("pdf.to-unicode", where)
        found.append((int(match[1], 16), _character(match[2], where)))
        position = match.end()
    return found


def _range_pairs(body: bytes, where: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    position = 0
    while position < len(body):
        match = _RANGE.match(body, position)
        if match is None:
            if not body[position:].strip():
                break
            raise PdfRefusal("pdf.to-unicode", where)
        position = match.end()
        first, last = int(match[1], 16), int(match[2], 16)
        if first > last or first >> 8 != last >> 8 or len(found) > 70_000:
            raise PdfRefusal("pdf.to-unicode", where)
        if match[3] is not None:
            base = ord(_character(match[3], where))
            found += [(code, chr(base + code - first)) for code in range(first, last + 1)]
            continue
        each = [_character(part, where) for part in re.findall(rb"<([0-9A-Fa-f]+)>", match[4])]
        if len(each) != last - first + 1:
            raise PdfRefusal("pdf.to-unicode", where)
        found += zip(range(first, last + 1), each, strict=True)
    return found


def _character(digits: bytes, where: str) -> str:
    try:
        text = bytes.fromhex(digits.decode()).decode("utf-16-be")
    except ValueError:
        raise PdfRefusal("pdf.to-unicode", where) from None
    if len(text) != 1:
        raise PdfRefusal("pdf.to-unicode", where)
    return text


def _unicode_map(program: bytes, where: str) -> Mapping[int, int]:
    """Code point to glyph id, of the font program itself."""
    try:
        return TrueType(program).unicode_map()
    except FontError:
        raise PdfRefusal("pdf.font", where) from None
