"""Values of a face set into columns: sizes chosen, lines broken, rows spaced, long ones carried over pages.

A row is one line of the face: a distributed label and a value of as many lines as it needs. What does not
fit at its own size is set smaller, down to the style's least size and never below; the 许可范围 gives way
first. Nothing is ever cut: what fits nowhere raises.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from docgen.compose_errors import ComposeErrorCode, Sheet
from docgen.measure import TextStyle, TypesetError, measure
from docgen.page import GlyphRun, Path, Place
from docgen.template_layout import Column, Entry, Style
from docgen.typeset import ASCENT_EM, Line, break_lines, distribute, line_from, runs, single_line
from layouts.scope import COLON, SEPARATOR

__all__ = ["STEPS", "Need", "PlacedRow", "Value", "fill_column", "fill_pages", "least_needs", "set_entry", "sized"]

STEPS = 8
"""From a style's own size to its least."""

_HANG_EM = 2.0             # 一、 stands out, the rest of a group is indented; paragraphs the other way round
_TIGHT_LEADING = 1.34      # at the least size
_LEAST_LINES = 3           # of a value that runs over pages, on each
_CLEAR_MM = 3.5            # between text and what it runs around
_ITEM_LINES = 4            # so many lines at the foot of a page may give way to end with an item
_OPENED, _CLOSED = frozenset("（([［【〔{《〈"), frozenset("）)]］】〕}》〉")
_EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a line prints: the paragraphs, and for each character of each the field it belongs to.

    ``groups``: the 许可范围, whose paragraphs hang by their numerals. ``long``: the whole of it, which
    shrinks before other values do and may run over pages. ``indented``: paragraphs whose first lines are indented.
    A table has ``heads`` and ``rows`` of (text, tag) instead of paragraphs.
    """

    paragraphs: tuple[str, ...]
    tags: tuple[tuple[str | None, ...], ...]
    groups: bool = False
    long: bool = False
    indented: bool = False
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[tuple[str, str | None], ...], ...] = ()

    @property
    def text(self) -> str:
        return "".join(self.paragraphs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SetLine:
    line: Line
    tags: tuple[str | None, ...]
    first: bool                         # begins a paragraph
    last: bool                          # ends one
    paragraph: int = 0

    @property
    def before(self) -> tuple[int, int]:
        """Where the line begins: paragraph and character."""
        return self.paragraph, self.line.start

    @property
    def after(self) -> tuple[int, int]:
        """Where the next line begins."""
        return (self.paragraph + 1, 0) if self.last else (self.paragraph, self.line.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row at one size; lengths in mm, ``above`` and ``below`` the first and last baseline."""

    entry: Entry
    style: TextStyle
    label_style: TextStyle
    lines: tuple[_SetLine, ...]
    above_mm: float
    below_mm: float

    @property
    def lead_mm(self) -> float:
        return self.style.leading * self.style.size_mm

    @property
    def height_mm(self) -> float:
        return self.above_mm + max(len(self.lines) - 1, 0) * self.lead_mm + self.below_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRow:
    """The glyphs of one line of the face (or of a part of it), where they stand; ``paths`` lie under all text."""

    entry: Entry
    label: tuple[GlyphRun, ...]
    value: tuple[GlyphRun, ...]
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What is free for values beside what stands at the right of the page (QR code, seal)."""

    x_mm: float
    width_mm: float
    obstacles: Sequence[Place]

    def width(self, top_mm: float, bottom_mm: float) -> float:
        """The width that is free all the way from ``top_mm`` to ``bottom_mm``."""
        return min([self.width_mm, *(
            place.x_mm - _CLEAR_MM - self.x_mm for place in self.obstacles
            if top_mm < place.y_mm + place.height_mm + _CLEAR_MM and place.y_mm - _CLEAR_MM < bottom_mm
            and place.x_mm > self.x_mm)])

    def line(self, baseline_mm: float, size_mm: float) -> float:
        """The width that is free for a line of text."""
        return self.width(baseline_mm - ASCENT_EM * size_mm, baseline_mm + (1 - ASCENT_EM) * size_mm)

    def meets(self, rows: Sequence[PlacedRow]) -> bool:
        """Whether values that were set without regard to it reach beyond what is free."""
        return bool(self.obstacles) and any(
            run.xs_mm[0] + run.width_mm > self.x_mm + self.line(run.y_mm, run.size_mm) + _EPSILON
            for row in rows for run in row.value)


def sized(style: Style, step: int) -> TextStyle:
    """A style at one of the sizes between its own (0) and its least (``STEPS``)."""
    if not step or style.least_mm == style.text.size_mm:
        return style.text
    size = style.text.size_mm - (style.text.size_mm - style.least_mm) * step / STEPS
    leading = min(style.text.leading, _TIGHT_LEADING) if step == STEPS else style.text.leading
    return replace(style.text, size_mm=round(size, 3), leading=leading)


def _lines(value: Value, style: TextStyle, width_mm: float) -> tuple[_SetLine, ...]:
    out: list[_SetLine] = []
    for paragraph, tags in zip(value.paragraphs, value.tags, strict=True):
        if paragraph:
            lines = break_lines(measure(paragraph, style), width_mm / style.size_mm, justify=style.justify,
                                indent_em=_HANG_EM if value.groups else 0.0,
                                first_em=_HANG_EM if value.indented else 0.0)
            out += [_SetLine(line=line, tags=tags, first=index == 0, last=index == len(lines) - 1)
                    for index, line in enumerate(lines)]
    return tuple(out)


def _row(entry: Entry, value: Value, step: int, label_step: int, width_mm: float) -> _Row:
    style, label_style = sized(entry.style, step), sized(entry.label_style, label_step)
    boxes = [style, label_style] if entry.label else [style]
    above = max(((box.leading - 1) / 2 + ASCENT_EM) * box.size_mm for box in boxes)
    below = max(((box.leading + 1) / 2 - ASCENT_EM) * box.size_mm for box in boxes)
    return _Row(entry=entry, style=style, label_style=label_style, lines=_lines(value, style, width_mm),
                above_mm=above, below_mm=below)


def _least_height(entry: Entry, value: Value, step: int, width_mm: float) -> float:
    """A height that the row cannot be below, without breaking its lines."""
    style = sized(entry.style, step)
    width = sum(measure(paragraph, style).width_em for paragraph in value.paragraphs)
    squeezed = 0.9 * width * style.size_mm / width_mm
    return max(math.ceil(squeezed), 1) * style.leading * style.size_mm


def _tried(column: Column, values: Sequence[Value]) -> Iterator[tuple[int, list[int]]]:
    """The step of the labels and of each value, in the order of preference: long values shrink first."""
    whole = any(value.long for value in values)
    others = [entry.style for entry, value in zip(column.entries, values, strict=True) if not value.long]
    first = ((step, 0) for step in range(STEPS + 1))
    for long_step, step in (*first, *((STEPS, step) for step in range(1, STEPS + 1))):
        if whole and step and any(sized(style, step).size_mm < column.beside_whole_mm - _EPSILON for style in others):
            return
        yield step, [long_step if value.long else step for value in values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much room a row takes at the smallest sizes that a column tries, with nothing beside it.

    ``lines`` of the value; ``value_mm`` what they take without the label beside them.
    """

    entry: Entry
    lines: int
    height_mm: float
    value_mm: float


def least_needs(column: Column, values: Sequence[Value]) -> list[Need]:
    """What the rows of a column need at least.

    Raises:
        TypesetError: as ``fill_column``.
    """
    width = column.width_mm - column.label_width_mm - column.label_gap_mm
    *_, (step, steps) = _tried(column, values)
    rows = [_row(entry, value, one, step, width)
            for entry, value, one in zip(column.entries, values, steps, strict=True)]
    return [Need(entry=row.entry, lines=len(row.lines), height_mm=row.height_mm,
                 value_mm=max(len(row.lines), 1) * row.lead_mm) for row in rows]


def fill_column(column: Column, values: Sequence[Value], obstacles: Sequence[Place] = ()) -> list[PlacedRow] | None:
    """Set the rows of a column, None when they do not fit at their least sizes.

    Lines are shorter beside ``obstacles``, which stand at the right.

    Raises:
        TypesetError: a label wider than the label column, or a character that no font draws.
    """
    width = column.width_mm - column.label_width_mm - column.label_gap_mm
    room = column.bottom_mm - column.y_mm - (len(values) - 1) * column.least_space_mm + _EPSILON
    pairs = list(zip(column.entries, values, strict=True))
    shape = _Shape(x_mm=column.x_mm + column.width_mm - width, width_mm=width, obstacles=obstacles)
    for step, steps in _tried(column, values):
        if sum(_least_height(entry, value, one, width)
               for (entry, value), one in zip(pairs, steps, strict=True)) > room:
            continue
        rows = [_row(entry, value, one, step, width)
                for (entry, value), one in zip(pairs, steps, strict=True)]
        spare = room - sum(row.height_mm for row in rows)
        if spare >= 0:
            gaps = max(len(rows) - 1, 1)
            space = min(column.space_mm, column.least_space_mm + spare / gaps)
            placed = _place(column, rows, space)
            if not shape.meets(placed):
                return placed
            around = _place_around(column, rows, values, shape, space) or _place_around(
                column, rows, values, shape, column.least_space_mm)
            if around is not None:
                return around
    return None


def _place_around(column: Column, rows: Sequence[_Row], values: Sequence[Value], shape: _Shape,
                  space_mm: float) -> list[PlacedRow] | None:
    """As ``_place``, with lines that are shorter beside what stands at the right; None when that is too long."""
    placed, y = [], column.y_mm
    for row, value in zip(rows, values, strict=True):
        try:
            (lines,) = _paged(value, row, shape, y + row.above_mm, sys.maxsize)
        except TypesetError:                                # no room for a character beside it
            return None
        row = replace(row, lines=tuple(lines))
        placed.append(_placed_row(column, row, row.lines, y))
        y += row.height_mm + space_mm
    return placed if y - space_mm <= column.bottom_mm + _EPSILON else None


def _place(column: Column, rows: Sequence[_Row], space_mm: float) -> list[PlacedRow]:
    placed, y = [], column.y_mm
    for row in rows:
        placed.append(_placed_row(column, row, row.lines, y))
        y += row.height_mm + space_mm
    return placed


def _placed_row(column: Column, row: _Row, lines: Sequence[_SetLine], y_mm: float) -> PlacedRow:
    entry, baseline = row.entry, y_mm + row.above_mm
    label: list[GlyphRun] = []
    if entry.label:
        style = row.label_style
        spread = distribute(measure(entry.label, style), column.label_width_mm / style.size_mm)
        label = runs(spread, column.x_mm, baseline, style, number=entry.number)
    x = column.x_mm + column.label_width_mm + column.label_gap_mm
    value = [run for index, one in enumerate(lines)
             for run in runs(one.line, x, baseline + index * row.lead_mm, row.style, tags=one.tags,
                             number=entry.number)]
    return PlacedRow(entry=entry, label=tuple(label), value=tuple(value))


def fill_pages(column: Column, values: Sequence[Value], sheet: Sheet,
               obstacles: Sequence[Place] = ()) -> list[list[PlacedRow]]:
    """Set a column whose last row runs over as many pages as it needs; the rows before stand on each.

    The size is the largest that needs no more pages than the middle between the style's own and its least
    size does. Lines are shorter beside ``obstacles``, which stand at the right of each page.

    Raises:
        ComposeError: ``compose.overflow``: the other rows leave no room.
        TypesetError: as ``fill_column``.
    """
    x = column.x_mm + column.label_width_mm + column.label_gap_mm
    shape = _Shape(x_mm=x, width_mm=column.width_mm + column.x_mm - x, obstacles=obstacles)
    head, y = list[PlacedRow](), column.y_mm
    for entry, value in zip(column.entries[:-1], values[:-1], strict=True):
        row = _row(entry, value, 0, 0, shape.width_mm)
        row = _row(entry, value, 0, 0, shape.width(y, y + row.height_mm))
        head.append(_placed_row(column, row, row.lines, y))
        y += row.height_mm + column.space_mm

    def at(step: int) -> tuple[_Row, list[list[_SetLine]]] | None:
        row = _row(column.entries[-1], Value(paragraphs=(), tags=()), step, 0, shape.width_mm)
        room = column.bottom_mm - y - row.above_mm - row.below_mm + _EPSILON
        capacity = int(room / row.lead_mm) + 1 if room >= 0 else 0
        if capacity < _LEAST_LINES:
            return None
        return row, list(_paged(values[-1], row, shape, y + row.above_mm, capacity))

    chosen = next(filter(None, map(at, range(STEPS // 2, STEPS + 1))), None)
    if chosen is None:
        label = column.entries[-1].label
        raise sheet.refuse(
            ComposeErrorCode.OVERFLOW,
            f"{sheet.role}的“{label}”没有位置：其上各行已占到 y {y:.1f} mm，column 的 bottom 为 "
            f"{column.bottom_mm:g} mm；请缩短或调整模板",
            f"there is no room for {label} on {sheet.role}: the lines above it reach down to y {y:.1f} mm, the "
            f"column's bottom is {column.bottom_mm:g} mm; shorten them or change the template",
            line=column.source_line, label=label)
    larger = (one for one in map(at, range(STEPS // 2)) if one and len(one[1]) == len(chosen[1]))
    row, pages = next(larger, chosen)
    return [[*head, _placed_row(column, row, lines, y)] for lines in pages]


def _paged(value: Value, row: _Row, shape: _Shape, baseline_mm: float, capacity: int) -> Iterator[list[_SetLine]]:
    """The lines of each page. A paragraph leaves no single line behind; groups break between items where they can."""
    texts = [measure(text, row.style) for text in value.paragraphs if text]
    tags = [tags for text, tags in zip(value.paragraphs, value.tags, strict=True) if text]
    size = row.style.size_mm

    def line(paragraph: int, start: int, index: int, end: int | None = None) -> _SetLine:
        width = shape.line(baseline_mm + index * row.lead_mm, size)
        indent = _HANG_EM if (value.groups and start) or (value.indented and not start) else 0.0
        made = line_from(texts[paragraph], start, width / size, indent_em=indent, justify=row.style.justify, end=end)
        return _SetLine(line=made, tags=tags[paragraph], first=not start,
                        last=made.end == len(texts[paragraph].text), paragraph=paragraph)

    position, page = (0, 0), list[_SetLine]()
    while position[0] < len(texts):
        if len(page) == capacity:
            page = _turned(page, line(*position, capacity - 1), line, items=value.groups)
            yield page
            position, page = page[-1].after, []
        page.append(line(*position, len(page)))
        position = page[-1].after
    yield page


def _turned(page: list[_SetLine], following: _SetLine, line: Callable[..., _SetLine], *,
            items: bool) -> list[_SetLine]:
    """A full page, shortened so that it ends well: between items, and without a single line on either side."""
    if following.first:
        return page
    for index in range(len(page) - 1, max(len(page) - 1 - _ITEM_LINES, 0), -1) if items else ():
        last = page[index]
        if last.last:
            return page[:index + 1]
        end = _item_end(last.line.measured.text, last.line.start, last.line.end)
        if end is not None and not last.first:
            return [*page[:index], last if end == last.line.end else line(*last.before, index, end)]
    keep = len(page)
    if following.last and not page[-1].first:
        keep -= 1
    if page[keep - 1].first and not page[keep - 1].last:
        keep -= 1
    return page[:max(keep, 1)]


def _item_end(text: str, start: int, end: int) -> int | None:
    """Behind the last item of the 许可范围 that ends in a stretch of it."""
    ends = _item_ends(text)
    at = bisect_right(ends, end) - 1
    return ends[at] if at >= 0 and ends[at] > start else None


@lru_cache(maxsize=64)
def _item_ends(text: str) -> tuple[int, ...]:
    """Where items of one group of the 许可范围 end, the separator with them."""
    ends, depth, begun = list[int](), 0, False
    for index, char in enumerate(text, 1):
        depth += (char in _OPENED) - (char in _CLOSED)
        begun = begun or (char == COLON and not depth)
        if char == SEPARATOR and begun and not depth:
            ends.append(index)
    return tuple(ends)


def set_entry(entry: Entry, value: Value, sheet: Sheet) -> PlacedRow:
    """Set a line that has a place of its own: one line, smaller when it must be.

    Raises:
        ComposeError: ``compose.overflow``.
        TypesetError: a label wider than its width, or a character that no font draws.
    """
    label_style = entry.label_style.text
    label = measure(entry.label, label_style) if entry.label else None
    taken = 0.0
    if label is not None:
        taken = (entry.label_width_mm or label.width_em * label_style.size_mm) + entry.label_gap_mm
    text = value.text
    tags = tuple(tag for part in value.tags for tag in part)
    for step in range(STEPS + 1):
        style = sized(entry.style, step)
        width = measure(text, style).width_em * style.size_mm if text else 0.0
        if taken + width <= entry.width_mm + _EPSILON:
            break
    else:
        raise sheet.refuse(
            ComposeErrorCode.OVERFLOW,
            f"{sheet.role}的“{entry.label or entry.text}”一行放不下：字高 {style.size_mm:g} mm 时需 "
            f"{taken + width:.1f} mm，width 为 {entry.width_mm:g} mm；请缩短内容、加大 width 或减小样式的 least",
            f"{entry.label or entry.text} does not fit on its line on {sheet.role}: it needs {taken + width:.1f} mm "
            f"at {style.size_mm:g} mm, and width is {entry.width_mm:g} mm; shorten it, widen the line or lower the "
            "style's least", line=entry.source_line, label=entry.label)
    spare = entry.width_mm - taken - width
    x = entry.x_mm + {"left": 0.0, "center": spare / 2, "right": spare}[entry.align]
    y = entry.y_mm or 0.0
    label_runs: list[GlyphRun] = []
    if label is not None:
        line = (distribute(label, entry.label_width_mm / label_style.size_mm) if entry.label_width_mm
                else single_line(label))
        label_runs = runs(line, x, y, label_style, number=entry.number)
    value_runs = (runs(single_line(measure(text, style)), x + taken, y, style, tags=tags, number=entry.number)
                  if text else [])
    return PlacedRow(entry=entry, label=tuple(label_runs), value=tuple(value_runs))
