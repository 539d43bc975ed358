"""Chinese typesetting: measure, break into lines, justify, distribute; glyphs at exact places.

Text is measured once in em, whatever its size, and then broken for a column as often as needed.

What is kept, always:

* no line begins with closing punctuation or ends with opening punctuation (避头尾); only a text that
  leaves no other way, such as a row of commas longer than the line, is broken there;
* words, numbers, formulas and locants (``1,2-二甲苯``, ``≥30%``, ``101室``) stay whole unless longer
  than the line; so do dates in a text that says hardly anything else (``2025年08月01日 至 2028年07月31日``);
* every character of the text becomes exactly one glyph, spaces too: a space where a line breaks stays at
  the end of that line and hangs into the margin;
* the gap between Chinese and Latin letters or digits is left out beside signs (``1,2-二甲苯``, ``含量≥30%``);
* adjacent full-width punctuation is squeezed to one and a half em; the blank half of punctuation at a
  line's end, and of opening punctuation at its beginning, hangs out of the column, so that the ink is
  flush; a line that would break the rules by one mark takes it in by squeezing the marks before it, and
  where these are too few by closing every gap by at most a fiftieth em;
* justified lines are stretched between characters, never inside words, and never by more than 0.15 em.

Places are millimetres from the page's top left corner, rounded to 0.001 mm.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import fonts
from codes.errors import EngineError
from docgen.page import Colour, GlyphRun

__all__ = [
    "ASCENT_EM", "CLOSING", "OPENING", "Line", "Measured", "TextStyle", "TypesetError", "TypesetErrorCode",
    "break_lines", "distribute", "line_from", "measure", "runs", "single_line",
]

ASCENT_EM = 0.88
"""From the baseline to the top of the ideographic box."""
OPENING = frozenset("（《〈「『【〔〖［｛“‘([{")
"""What no line ends with."""
CLOSING = frozenset("，。、；：！？）》〉」』】〕〗］｝”’…—～·・,.;:!?)]}%％‰℃°′″々")
"""What no line begins with."""

_BLANK_RIGHT = frozenset("，。、；：）》〉」』】〕〗］｝")   # full-width marks whose ink is in the left half
_BLANK_LEFT = frozenset("（《〈「『【〔〖［｛")
_HOLD_NEXT = frozenset("-−≥≤＞＜±<>")                       # glued to what follows
_UNITS = frozenset("年月日时分秒号室楼层栋座幢元吨")        # glued to the number before
_ASCII_JOINERS = frozenset("-+*=<>@#&_~^|\\'\"$,.;:!?%()[]{}")
_SYMBOLS = frozenset("≥≤±×÷≈≠→°′″")

_DATE = re.compile(r"[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}日)?")
_BESIDE_DATES = 8               # characters beside its dates that a text may have to be one of dates

_CLOSE_UP = frozenset(_ASCII_JOINERS | _SYMBOLS) - frozenset("%°")     # no gap between these and Chinese

_LATIN, _OPEN, _CLOSE, _SPACE, _WIDE, _DIGIT = 1, 2, 4, 8, 16, 32
_STRETCH_LIMIT_EM = 0.15
_SQUEEZE_LIMIT_EM = 0.3         # of a mark, when a line takes in one mark too many
_TIGHTEN_LIMIT_EM = 0.02        # of any gap, when that is not enough
_EPSILON = 1e-6


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a text: offsets in em from where the column begins (``indent_em`` included)."""

    measured: Measured
    start: int
    end: int
    offsets: tuple[float, ...]
    width_em: float

    @property
    def text(self) -> str:
        return self.measured.text[self.start:self.end]


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
    if (left in _BLANK_RIGHT and (right in _BLANK_RIGHT or right in _BLANK_LEFT)) or (
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
        tail = 0.5 if full and char in _BLANK_RIGHT else widths[index] if trait & _SPACE else 0.0
        after = tracking_em
        if index + 1 < count:
            follower = text[index + 1]
            may_break, squeeze, grows = _between(char, follower)
            if squeeze and full and widths[index + 1] > 0.9:
                after -= squeeze
                if char in _BLANK_RIGHT:
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
        tails.append(after + (0.5 if full and char in _BLANK_RIGHT else tail))
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


def break_lines(measured: Measured, width_em: float, *, indent_em: float = 0.0, first_em: float = 0.0,
                justify: bool = False) -> tuple[Line, ...]:
    """Break a text into the lines of one paragraph.

    Args:
        width_em: width of the column in em of the size it will be set in.
        indent_em: indent of every line but the first.
        first_em: indent of the first line.
        justify: stretch full lines to the column.

    Raises:
        TypesetError: ``typeset.too-narrow``: a single character is wider than the column.
    """
    lines: list[Line] = []
    start, count = 0, len(measured.text)
    while start < count:
        indent = indent_em if lines else first_em
        end = _line_end(measured, start, width_em - indent)
        lines.append(_fit(measured, start, end, indent, width_em - indent, justify and end < count))
        start = end
    return tuple(lines)


def line_from(measured: Measured, start: int, width_em: float, *, indent_em: float = 0.0, justify: bool = False,
              end: int | None = None) -> Line:
    """One line of a text, from character ``start``; for columns whose width changes from line to line.

    Args:
        end: where the line ends although more would fit; then it is not justified.

    Raises:
        TypesetError: ``typeset.too-narrow``.
    """
    if end is not None:
        return _fit(measured, start, end, indent_em, width_em - indent_em, False)
    end = _line_end(measured, start, width_em - indent_em)
    return _fit(measured, start, end, indent_em, width_em - indent_em, justify and end < len(measured.text))


def _line_end(measured: Measured, start: int, width: float) -> int:
    """The end of the line that begins at ``start``: the best break that fits."""
    places, tails, breaks = measured.places, measured.tails, measured.breaks
    count = len(measured.text)
    limit = places[start] + measured.heads[start] + width + _EPSILON
    end = max(bisect_right(places, limit, start + 1) - 1, start)
    while end < count and places[end + 1] - tails[end] <= limit:
        end += 1
    if end == start:
        raise TypesetError(
            TypesetErrorCode.TOO_NARROW, f"栏宽放不下字符“{measured.text[start]}”；请加宽该栏",
            f"the column is too narrow for the character {measured.text[start]!r}; widen it")
    if end == count or breaks[end]:
        return end
    longer = end + 1
    while not breaks[longer]:
        longer += 1
    if longer - end <= 2:
        excess = places[longer] - tails[longer - 1] - limit
        marks = measured.squeezable[longer - 1] - measured.squeezable[start]
        gaps = measured.stretchable[longer - 1] - measured.stretchable[start]
        if excess <= marks * _SQUEEZE_LIMIT_EM + gaps * _TIGHTEN_LIMIT_EM:
            return longer
    shorter = end
    while shorter > start and not breaks[shorter]:
        shorter -= 1
    return shorter if shorter > start else _forced_end(measured, start, end)


def _forced_end(measured: Measured, start: int, end: int) -> int:
    """Break inside a word that is longer than the line: inside a date behind 年 or 月, away from marks if possible."""
    for at in range(end, start, -1):
        if _between(measured.text[at - 1], measured.text[at])[0]:
            return at
    for at in range(end, start, -1):
        if not (_traits(measured.text[at]) & (_CLOSE | _SPACE) or _traits(measured.text[at - 1]) & _OPEN):
            return at
    return end


def _fit(measured: Measured, start: int, end: int, indent: float, width: float, justify: bool) -> Line:
    """Place the characters of one line: squeeze what is too long, stretch what is to be justified."""
    natural = measured.extent(start, end)
    spare = width - natural
    origin = measured.places[start] + measured.heads[start] - indent
    places = measured.places[start:end]
    marks, gaps = measured.squeezable, measured.stretchable
    squeeze = stretch = 0.0
    if spare < -_EPSILON:
        count = marks[end - 1] - marks[start]
        squeeze = -min(-spare / count, _SQUEEZE_LIMIT_EM) if count else 0.0
        rest = spare - squeeze * count
        stretch = rest / (gaps[end - 1] - gaps[start]) if rest < -_EPSILON else 0.0
    elif justify and spare > _EPSILON:
        count = gaps[end - 1] - gaps[start]
        stretch = spare / count if count and spare / count <= _STRETCH_LIMIT_EM else 0.0
    if squeeze or stretch:
        first_mark, first_gap = marks[start], gaps[start]
        offsets = tuple([place - origin + squeeze * (mark - first_mark) + stretch * (gap - first_gap)
                         for place, mark, gap in zip(places, marks[start:end], gaps[start:end], strict=True)])
        natural = width
    else:
        offsets = tuple([place - origin for place in places])
    return Line(measured=measured, start=start, end=end, offsets=offsets, width_em=natural + indent)


def single_line(measured: Measured) -> Line:
    """The whole text on one line."""
    return _fit(measured, 0, len(measured.text), 0.0, measured.width_em, False)


def distribute(measured: Measured, width_em: float) -> Line:
    """Spread a label over a width, first and last character flush (两端对齐); a single one is centred.

    Raises:
        TypesetError: ``typeset.too-narrow``.
    """
    spare = width_em - measured.width_em
    if spare < -_EPSILON:
        raise TypesetError(
            TypesetErrorCode.TOO_NARROW, f"标签“{measured.text}”宽于标签栏；请加宽标签栏",
            f"the label {measured.text!r} is wider than its column; widen the column")
    gaps = len(measured.text) - 1
    origin = measured.heads[0] - (0.0 if gaps else spare / 2)
    step = spare / gaps if gaps else 0.0
    offsets = tuple([place - origin + step * index for index, place in enumerate(measured.places[:-1])])
    return Line(measured=measured, start=0, end=len(measured.text), offsets=offsets, width_em=width_em)


def runs(line: Line, x_mm: float, y_mm: float, style: TextStyle, *, tags: Sequence[str | None] = (),
         number: int | None = None) -> list[GlyphRun]:
    """Glyph runs of a line that begins at ``x_mm`` with its baseline at ``y_mm``.

    Args:
        tags: for each character of the whole text the label of the field that it prints; empty for fixed
            words. A new run begins where the face or the field changes.
        number: the line of the face that the runs belong to (``GlyphRun.line``).
    """
    measured, size = line.measured, style.size_mm
    xs = [round(x_mm + offset * size, 3) for offset in line.offsets]
    faces = measured.faces[line.start:line.end]
    owners = tags[line.start:line.end] if tags else (None,) * len(faces)
    out: list[GlyphRun] = []
    for first, last in _stretches(faces, owners):
        end = (xs[last] if last < len(xs)
               else x_mm + (line.offsets[-1] + measured.widths[line.end - 1]) * size)
        if last == len(xs) and measured.text[line.end - 1] in _BLANK_RIGHT:
            end = max(end - size / 2, xs[-1])
        out.append(GlyphRun(
            face=faces[first], size_mm=size, text=measured.text[line.start + first:line.start + last],
            glyphs=measured.glyphs[line.start + first:line.start + last], xs_mm=tuple(xs[first:last]),
            y_mm=round(y_mm, 3), width_mm=round(end - xs[first], 3), fill=style.colour, tag=owners[first],
            line=number))
    return out


def _stretches(faces: Sequence[str], owners: Sequence[str | None]) -> list[tuple[int, int]]:
    """Where face or owner changes: (first, last not included) of each stretch of one of both."""
    if faces.count(faces[0]) == len(faces) == owners.count(owners[0]):
        return [(0, len(faces))]
    cuts = [0, *[i for i in range(1, len(faces))
                 if faces[i] != faces[i - 1] or owners[i] != owners[i - 1]], len(faces)]
    return list(pairwise(cuts))
