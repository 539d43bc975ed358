"""A value that runs over pages: its lines page by page, each of which ends well.

Nothing is ever cut: what fits nowhere raises.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from docgen.compose_errors import ComposeErrorCode, Sheet
from docgen.measure import measure
from docgen.page import Place
from docgen.rows import EPSILON, HANG_EM, STEPS, PlacedRow, Row, SetLine, Value, placed_row, set_row
from docgen.template_layout import Column
from docgen.typeset import ASCENT_EM, line_from
from layouts.scope import COLON, SEPARATOR

__all__ = ["Shape", "fill_pages", "paged"]

_LEAST_LINES = 3           # of a value that runs over pages, on each
_CLEAR_MM = 3.5            # between text and what it runs around
_ITEM_LINES = 4            # so many lines at the foot of a page may give way to end with an item
_OPENED, _CLOSED = frozenset("（([［【〔{《〈"), frozenset("）)]］】〕}》〉")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
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
            run.xs_mm[0] + run.width_mm > self.x_mm + self.line(run.y_mm, run.size_mm) + EPSILON
            for row in rows for run in row.value)


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
    shape = Shape(x_mm=x, width_mm=column.width_mm + column.x_mm - x, obstacles=obstacles)
    head, y = list[PlacedRow](), column.y_mm
    for entry, value in zip(column.entries[:-1], values[:-1], strict=True):
        row = set_row(entry, value, 0, 0, shape.width_mm)
        row = set_row(entry, value, 0, 0, shape.width(y, y + row.height_mm))
        head.append(placed_row(column, row, row.lines, y))
        y += row.height_mm + column.space_mm

    def at(step: int) -> tuple[Row, list[list[SetLine]]] | None:
        row = set_row(column.entries[-1], Value(paragraphs=(), tags=()), step, 0, shape.width_mm)
        room = column.bottom_mm - y - row.above_mm - row.below_mm + EPSILON
        capacity = int(room / row.lead_mm) + 1 if room >= 0 else 0
        if capacity < _LEAST_LINES:
            return None
        return row, list(paged(values[-1], row, shape, y + row.above_mm, capacity))

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
    return [[*head, placed_row(column, row, lines, y)] for lines in pages]


def paged(value: Value, row: Row, shape: Shape, baseline_mm: float, capacity: int) -> Iterator[list[SetLine]]:
    """The lines of each page. A paragraph leaves no single line behind; groups break between items where they can."""
    texts = [measure(text, row.style) for text in value.paragraphs if text]
    tags = [tags for text, tags in zip(value.paragraphs, value.tags, strict=True) if text]
    size = row.style.size_mm

    def line(paragraph: int, start: int, index: int, end: int | None = None) -> SetLine:
        width = shape.line(baseline_mm + index * row.lead_mm, size)
        indent = HANG_EM if (value.groups and start) or (value.indented and not start) else 0.0
        made = line_from(texts[paragraph], start, width / size, indent_em=indent, justify=row.style.justify, end=end)
        return SetLine(line=made, tags=tags[paragraph], first=not start,
                        last=made.end == len(texts[paragraph].text), paragraph=paragraph)

    position, page = (0, 0), list[SetLine]()
    while position[0] < len(texts):
        if len(page) == capacity:
            page = _turned(page, line(*position, capacity - 1), line, items=value.groups)
            yield page
            position, page = page[-1].after, []
        page.append(line(*position, len(page)))
        position = page[-1].after
    yield page


def _turned(page: list[SetLine], following: SetLine, line: Callable[..., SetLine], *,
            items: bool) -> list[SetLine]:
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
