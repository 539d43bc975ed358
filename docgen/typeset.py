"""Chinese typesetting: measured text broken into lines, justified, distributed; glyphs at exact places.

What is kept, always:

* no line begins with closing punctuation or ends with opening punctuation (避头尾); only a text that
  leaves no other way, such as a row of commas longer than the line, is broken there;
* what :mod:`docgen.measure` keeps whole stays so unless longer than the line;
* a space where a line breaks stays at the end of that line and hangs into the margin;
* the blank half of punctuation at a line's end, and of opening punctuation at its beginning, hangs out of the column,
  so that the ink is flush; a line that would break the rules by one mark takes it in by squeezing the marks before it,
  and where these are too few by closing every gap by at most a fiftieth em;
* justified lines are stretched between characters, never inside words, and never by more than 0.15 em.

Places are millimetres from the page's top left corner, rounded to 0.001 mm.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from docgen.measure import (
    BLANK_RIGHT,
    CLOSING,
    OPENING,
    Measured,
    TextStyle,
    TypesetError,
    TypesetErrorCode,
    parts_at,
)
from docgen.page import GlyphRun

__all__ = ["ASCENT_EM", "Line", "break_lines", "distribute", "line_from", "runs", "single_line"]

ASCENT_EM = 0.88
"""From the baseline to the top of the ideographic box."""

_STRETCH_LIMIT_EM = 0.15
_LONE_FROM_EM = 8.0             # narrower lines have no character to give
_LONE_WITH_MARKS = 4            # a character and the marks that may follow it
_SQUEEZE_LIMIT_EM = 0.3         # of a mark, when a line takes in one mark too many
_TIGHTEN_LIMIT_EM = 0.02        # of any gap, when that is not enough
_EPSILON = 1e-6


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
    """The end of the line that begins at ``start``: the best break that leaves no character alone behind it."""
    end = _fullest_end(measured, start, width)
    if width >= _LONE_FROM_EM and _lone(measured.text[end:end + _LONE_WITH_MARKS + 1]):
        for shorter in range(end - 1, start, -1):
            if measured.extent(shorter, len(measured.text)) > width / 2:
                break
            if measured.breaks[shorter]:
                return shorter
    return end


def _lone(rest: str) -> bool:
    """Whether one character, with the marks behind it, is all that is left of a paragraph (孤字)."""
    return 0 < len(rest) <= _LONE_WITH_MARKS and all(mark in CLOSING for mark in rest[1:])


def _fullest_end(measured: Measured, start: int, width: float) -> int:
    """The best break that fits."""
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
        if parts_at(measured.text, at):
            return at
    for at in range(end, start, -1):
        before, after = measured.text[at - 1], measured.text[at]
        if not (after in CLOSING or after.isspace() or before in OPENING):
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
        if last == len(xs) and measured.text[line.end - 1] in BLANK_RIGHT:
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
