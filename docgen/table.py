"""Tables: cells set into columns, rows as tall as their tallest cell, lines around them.

A row that is taller than a page is set in parts, each as tall as a page allows; the cells go on side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docgen.measure import TextStyle, measure
from docgen.page import Colour, GlyphRun, Path, Segment
from docgen.rows import Value, sized
from docgen.template_layout import Table
from docgen.typeset import ASCENT_EM, Line, break_lines, runs

__all__ = ["SetRow", "SetTable", "set_table"]

_EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRow:
    """A row as it stands with its top edge at 0; ``goes_on``: the rest of it stands on the next page."""

    height_mm: float
    runs: tuple[GlyphRun, ...]
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTable:
    """A table at one size: heads, rows, and the left edges of the columns with the right edge of the last."""

    head: SetRow
    rows: tuple[SetRow, ...]
    edges_mm: tuple[float, ...]
    rule_mm: float
    rule_colour: Colour
    head_fill: Colour | None

    def ground(self, rows: Sequence[tuple[float, float, bool]]) -> Iterator[Path]:
        """What is drawn under the text of adjacent rows, each (top, bottom, whether it is the heads)."""
        left, right = self.edges_mm[0], self.edges_mm[-1]
        for top, bottom, head in rows:
            if head and self.head_fill is not None:
                corners = ((left, top), (right, top), (right, bottom), (left, bottom))
                yield Path(segments=(*_line(corners), Segment("Z")), fill=self.head_fill)
        if self.rule_mm <= 0:
            return
        first, last = rows[0][0], rows[-1][1]
        segments: list[Segment] = []
        for y in (first, *(bottom for _, bottom, _ in rows)):
            segments += _line(((left, y), (right, y)))
        for x in self.edges_mm:
            segments += _line(((x, first), (x, last)))
        yield Path(segments=tuple(segments), stroke=self.rule_colour, stroke_width_mm=self.rule_mm)


def _line(points: Sequence[tuple[float, float]]) -> Iterator[Segment]:
    for index, (x, y) in enumerate(points):
        yield Segment("L" if index else "M", (round(x, 3), round(y, 3)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """The lines of a cell, and where they may stand."""

    lines: tuple[Line, ...]
    tags: tuple[str | None, ...]
    style: TextStyle
    x_mm: float
    width_mm: float
    align: str

    @property
    def lead_mm(self) -> float:
        return self.style.leading * self.style.size_mm

    def placed(self, first: int, last: int, top_mm: float, number: int) -> Iterator[GlyphRun]:
        """The runs of some of the lines, the first one's top edge at ``top_mm``."""
        baseline = top_mm + ((self.style.leading - 1) / 2 + ASCENT_EM) * self.style.size_mm
        for index, line in enumerate(self.lines[first:last]):
            spare = self.width_mm - line.width_em * self.style.size_mm
            shift = {"left": 0.0, "center": spare / 2, "right": spare}[self.align]
            yield from runs(line, self.x_mm + shift, baseline + index * self.lead_mm, self.style, tags=self.tags,
                            number=number)


def set_table(table: Table, value: Value, step: int, *, x_mm: float, width_mm: float, page_mm: float) -> SetTable:
    """Set a table at one size.

    Args:
        value: with ``heads``, and ``rows`` of (text, tag).
        page_mm: the height of the pages that follow; taller rows are parted.

    Raises:
        TypesetError: a column narrower than a character, or a character that no font draws.
    """
    widths = _widths(table, width_mm)
    edges = [x_mm]
    for width in widths:
        edges.append(edges[-1] + width)
    head_style = sized(table.head_style, step)
    heads = [_cell(text, None, head_style, edges[index], widths[index], table.pad_mm, "center")
             for index, text in enumerate(value.heads)]
    (head,) = _rows(heads, table.pad_mm, float("inf"), table.entry.number)
    rows: list[SetRow] = []
    for row in value.rows:
        cells = [
            _cell(text, tag, sized(column.style or table.entry.style, step), edges[index], widths[index], table.pad_mm,
                  column.align)
            for index, (column, (text, tag)) in enumerate(zip(table.columns, row, strict=True))]
        rows += _rows(cells, table.pad_mm, page_mm - head.height_mm, table.entry.number)
    return SetTable(head=head, rows=tuple(rows), edges_mm=tuple(edges), rule_mm=table.rule_mm,
                    rule_colour=table.rule_colour, head_fill=table.head_fill)


def _widths(table: Table, width_mm: float) -> list[float]:
    """Widths of the columns: those given, and shares of what they leave."""
    spare = width_mm - sum(column.width_mm or 0.0 for column in table.columns)
    shares = sum(column.share for column in table.columns if column.width_mm is None)
    return [column.share / shares * spare if column.width_mm is None else column.width_mm for column in table.columns]


def _cell(text: str, tag: str | None, style: TextStyle, x_mm: float, width_mm: float, pad_mm: float,
          align: str) -> _Cell:
    inner = width_mm - 2 * pad_mm
    lines = break_lines(measure(text, style), inner / style.size_mm, justify=style.justify) if text else ()
    return _Cell(lines=lines, tags=(tag,) * len(text), style=style, x_mm=x_mm + pad_mm, width_mm=inner, align=align)


def _rows(cells: Sequence[_Cell], pad_mm: float, page_mm: float, number: int) -> list[SetRow]:
    """A row, its cells in the middle; in parts, its cells at the top, when it is taller than a page."""
    inner = max([cell.lead_mm * max(len(cell.lines), 1) for cell in cells])
    if inner + 2 * pad_mm <= page_mm + _EPSILON:
        tops = [pad_mm + (inner - cell.lead_mm * len(cell.lines)) / 2 for cell in cells]
        placed = [run for cell, top in zip(cells, tops, strict=True)
                  for run in cell.placed(0, len(cell.lines), top, number)]
        return [SetRow(height_mm=inner + 2 * pad_mm, runs=tuple(placed))]
    room = [max(int((page_mm - 2 * pad_mm + _EPSILON) / cell.lead_mm), 1) for cell in cells]
    rows, part = [], 0
    while any(part * size < len(cell.lines) for cell, size in zip(cells, room, strict=True)):
        spans = [(cell, part * size, min((part + 1) * size, len(cell.lines)))
                 for cell, size in zip(cells, room, strict=True)]
        height = max(cell.lead_mm * max(last - first, 1) for cell, first, last in spans)
        placed = [run for cell, first, last in spans if first < last
                  for run in cell.placed(first, last, pad_mm, number)]
        part += 1
        goes_on = any(part * size < len(cell.lines) for cell, size in zip(cells, room, strict=True))
        rows.append(SetRow(height_mm=height + 2 * pad_mm, runs=tuple(placed), goes_on=goes_on))
    return rows
