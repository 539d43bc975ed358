"""Values of a face set into a column that stands on one page: sizes chosen, rows spaced.

What does not fit at its own size is set smaller, down to the style's least size and never below; the 许可范围 gives way
first. Nothing is ever cut: what does not fit is told.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from docgen.column_pages import Shape, paged
from docgen.measure import TypesetError, measure
from docgen.page import Place
from docgen.rows import EPSILON, STEPS, PlacedRow, Row, Value, placed_row, set_row, sized
from docgen.template_layout import Column, Entry

__all__ = ["Need", "fill_column", "least_needs"]


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
        if whole and step and any(sized(style, step).size_mm < column.beside_whole_mm - EPSILON for style in others):
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
    rows = [set_row(entry, value, one, step, width)
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
    room = column.bottom_mm - column.y_mm - (len(values) - 1) * column.least_space_mm + EPSILON
    pairs = list(zip(column.entries, values, strict=True))
    shape = Shape(x_mm=column.x_mm + column.width_mm - width, width_mm=width, obstacles=obstacles)
    for step, steps in _tried(column, values):
        if sum(_least_height(entry, value, one, width)
               for (entry, value), one in zip(pairs, steps, strict=True)) > room:
            continue
        rows = [set_row(entry, value, one, step, width)
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


def _place_around(column: Column, rows: Sequence[Row], values: Sequence[Value], shape: Shape,
                  space_mm: float) -> list[PlacedRow] | None:
    """As ``_place``, with lines that are shorter beside what stands at the right; None when that is too long."""
    placed, y = [], column.y_mm
    for row, value in zip(rows, values, strict=True):
        try:
            (lines,) = paged(value, row, shape, y + row.above_mm, sys.maxsize)
        except TypesetError:                                # no room for a character beside it
            return None
        row = replace(row, lines=tuple(lines))
        placed.append(placed_row(column, row, row.lines, y))
        y += row.height_mm + space_mm
    return placed if y - space_mm <= column.bottom_mm + EPSILON else None


def _place(column: Column, rows: Sequence[Row], space_mm: float) -> list[PlacedRow]:
    placed, y = [], column.y_mm
    for row in rows:
        placed.append(placed_row(column, row, row.lines, y))
        y += row.height_mm + space_mm
    return placed
