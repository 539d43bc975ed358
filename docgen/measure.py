"""Text measured for typesetting: faces, glyphs and widths chosen, and where it may be broken, squeezed and stretched.

Text is measured once in em, whatever its size, and then broken for a column as often as needed
(:mod:`docgen.typeset`). What holds wherever it is broken:

* words, numbers, formulas and locants (``1,2-二甲苯``, ``≥30%``, ``101室``) stay whole; so do dates in a text that says
  hardly anything else (``2025年08月01日 至 2028年07月31日``);
* every character of the text becomes exactly one glyph, spaces too;
* the gap between Chinese and Latin letters or digits is left out beside signs (``1,2-二甲苯``, ``含量≥30%``);
* adjacent full-width punctuation is squeezed to one and a half em.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import fonts
from codes.errors import EngineError
from docgen.page import Colour

__all__ = [
    "BLANK_RIGHT", "CLOSING", "OPENING", "Measured", "TextStyle", "TypesetError", "TypesetErrorCode", "measure",
    "parts_at",
]

OPENING = frozenset("（《〈「『【〔〖［｛“‘([{")
"""What no line ends with."""
CLOSING = frozenset("，。、；：！？）》〉」』】〕〗］｝”’…—～·・,.;:!?)]}%％‰℃°′″々")
"""What no line begins with."""
BLANK_RIGHT = frozenset("，。、；：）》〉」』】〕〗］｝")
"""Full-width marks whose ink is in the left half."""

_BLANK_LEFT = frozenset("（《〈「『【〔〖［｛")
_HOLD_NEXT = frozenset("-−≥≤＞＜±<>")                       # glued to what follows
_UNITS = frozenset("年月日时分秒号室楼层栋座幢元吨")        # glued to the number before
_ASCII_JOINERS = frozenset("-+*=<>@#&_~^|\\'\"$,.;:!?%()[]{}")
_SYMBOLS = frozenset("≥≤±×÷≈≠→°′″")

_DATE = re.compile(r"[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}日)?")
_BESIDE_DATES = 8               # characters beside its dates that a text may have to be one of dates

_CLOSE_UP = frozenset(_ASCII_JOINERS | _SYMBOLS) - frozenset("%°")     # no gap between these and Chinese

_LATIN, _OPEN, _CLOSE, _SPACE, _WIDE, _DIGIT = 1, 2, 4, 8, 16, 32


class TypesetErrorCode(enum.StrEnum):
    """Why a text cannot be set."""

    MISSING_GLYPH = "typeset.missing-glyph"
    TOO_NARROW = "typeset.too-narrow"


class TypesetError(EngineError):
    """A character that no face draws, or a text wider than its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextStyle:
    """How a text looks. ``face`` is a key of ``fonts.CHAINS``; the rest of ``fonts.chain`` stands in.

    ``leading`` (baseline to baseline), ``gap_em`` (between Chinese and Latin or digits) and
    ``tracking_em`` (after every character) are em; ``justify`` sets full lines flush on both sides.
    """

    face: str
    size_mm: float
    colour: Colour
    leading: float = 1.5
    gap_em: float = 0.0
    tracking_em: float = 0.0
    justify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A text with faces and glyphs chosen, measured in em.

    ``places[i]`` is where character i starts when the text stands on one endless line. ``heads[i]`` is
    the blank before character i that hangs out when it begins a line, ``tails[i]`` what need not fit
    when it ends one. ``breaks[i]`` allows a break before character i. ``squeezable[i]`` and
    ``stretchable[i]`` count, before character i, the blanks that can shrink and the gaps that can grow.
    """

    text: str
    faces: tuple[str, ...]
    glyphs: tuple[int, ...]
    widths: tuple[float, ...]
    places: tuple[float, ...]
    heads: tuple[float, ...]
    tails: tuple[float, ...]
    breaks: tuple[bool, ...]
    squeezable: tuple[int, ...]
    stretchable: tuple[int, ...]

    @property
    def width_em(self) -> float:
        """Width of the whole text on one line, hanging blanks left out."""
        return self.extent(0, len(self.text)) if self.text else 0.0

    def extent(self, start: int, end: int) -> float:
        """Width of a line of characters ``start`` to ``end`` (not included), as it stands, in em."""
        return self.places[end] - self.tails[end - 1] - self.places[start] - self.heads[start]


@cache
def _traits(char: str) -> int:
    traits = (_OPEN if char in OPENING else 0) | (_CLOSE if char in CLOSING else 0)
    if char.isspace():
        return traits | _SPACE
    if char in _ASCII_JOINERS or char in _SYMBOLS:
        return traits | _LATIN
    category = unicodedata.category(char)
    if unicodedata.east_asian_width(char) not in "WF" and category[0] in "LNM":
        return traits | _LATIN | (_DIGIT if category == "Nd" else 0)
    return traits | (_WIDE if category[0] == "L" else 0)


@cache
def _glyph(char: str, chain: tuple[str, ...]) -> tuple[str, int, float]:
    """Face, glyph and advance (em) of a character in a chain of faces."""
    for key in chain:
        face = fonts.face(key)
        glyph = face.glyph_id(char)
        if glyph is not None:
            return key, glyph, face.advance(glyph) / face.units_per_em
    raise TypesetError(
        TypesetErrorCode.MISSING_GLYPH, f"没有字体能画“{char}”（U+{ord(char):04X}）；请换字或加装字体",
        f"no font draws the character {char!r} (U+{ord(char):04X}); change it or add a font", character=char)


@cache
def _between(left: str, right: str) -> tuple[bool, float, bool]:
    """Whether a line may break between two characters, squeeze in em there, whether the gap may grow."""
    a, b = _traits(left), _traits(right)
    may_break = not (
        b & (_CLOSE | _SPACE) or a & _OPEN or a & b & _LATIN or left in _HOLD_NEXT or right == "/"
        or (a & _DIGIT and right in _UNITS))
    squeeze = 0.0
    if (left in BLANK_RIGHT and (right in BLANK_RIGHT or right in _BLANK_LEFT)) or (
            left in _BLANK_LEFT and right in _BLANK_LEFT):
        squeeze = 0.5
    joined = a & b & _LATIN or (left == right and left in "—…")
    return may_break, squeeze, not joined and not (a | b) & _SPACE


def measure(text: str, style: TextStyle) -> Measured:
    """Choose glyphs for a text and measure it; independent of the style's size.

    Raises:
        TypesetError: ``typeset.missing-glyph``.
    """
    return _measure(text, fonts.chain(style.face), style.gap_em, style.tracking_em)


@lru_cache(maxsize=512)
def _measure(text: str, chain: tuple[str, ...], gap_em: float, tracking_em: float) -> Measured:
    chosen = [_glyph(char, chain) for char in text]
    widths = [width for _, _, width in chosen]
    count = len(text)
    place, places = 0.0, [0.0]
    heads, tails, breaks = [], [], [False]
    squeezable, stretchable = [0], [0]
    blanks = gaps = 0
    for index, char in enumerate(text):
        full = widths[index] > 0.9
        trait = _traits(char)
        tail = 0.5 if full and char in BLANK_RIGHT else widths[index] if trait & _SPACE else 0.0
        after = tracking_em
        if index + 1 < count:
            follower = text[index + 1]
            may_break, squeeze, grows = _between(char, follower)
            if squeeze and full and widths[index + 1] > 0.9:
                after -= squeeze
                if char in BLANK_RIGHT:
                    tail = 0.0
            elif gap_em and char not in _CLOSE_UP and follower not in _CLOSE_UP:
                both = trait | _traits(follower)
                if both & _LATIN and both & _WIDE and trait & (_LATIN | _WIDE) != both & (_LATIN | _WIDE):
                    after += gap_em
            breaks.append(may_break)
            blanks += 1 if tail == 0.5 else 0
            gaps += grows
            squeezable.append(blanks)
            stretchable.append(gaps)
        heads.append(0.5 if full and char in _BLANK_LEFT else 0.0)
        place += widths[index] + after
        places.append(place)
        tails.append(after + (0.5 if full and char in BLANK_RIGHT else tail))
    for start, end in _dates(text):
        breaks[start + 1:end] = [False] * (end - start - 1)
    return Measured(
        text=text, faces=tuple(face for face, _, _ in chosen), glyphs=tuple(glyph for _, glyph, _ in chosen),
        widths=tuple(widths), places=tuple(places), heads=tuple(heads), tails=tuple(tails),
        breaks=(*breaks[:count], True), squeezable=tuple(squeezable), stretchable=tuple(stretchable))


def _dates(text: str) -> list[tuple[int, int]]:
    """Where dates begin and end in a text of dates; none in running text, which would be torn by so long words."""
    found = [match.span() for match in _DATE.finditer(text)] if "年" in text else []
    return found if len(text) - sum(end - start for start, end in found) <= _BESIDE_DATES else []


def parts_at(text: str, at: int) -> bool:
    """Whether a line may break before character ``at`` for the two characters there; dates are not looked for."""
    return _between(text[at - 1], text[at])[0]
