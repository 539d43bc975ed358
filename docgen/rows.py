"""Rows: one line of the face each, a distributed label and a value of as many lines as it needs, at one size.

What does not fit at its own size is set smaller, down to the style's least size and never below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from docgen.compose_errors import ComposeErrorCode, Sheet
from docgen.measure import TextStyle, measure
from docgen.page import GlyphRun, Path
from docgen.template_layout import Column, Entry, Style
from docgen.typeset import ASCENT_EM, Line, break_lines, distribute, runs, single_line

__all__ = [
    "EPSILON", "HANG_EM", "STEPS", "PlacedRow", "Row", "SetLine", "Value", "placed_row", "set_entry", "set_row",
    "sized",
]

STEPS = 8
"""From a style's own size to its least."""

HANG_EM = 2.0
"""一、 stands out, the rest of a group is indented; paragraphs the other way round."""

EPSILON = 1e-6

_TIGHT_LEADING = 1.34      # at the least size


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
class SetLine:
    """A line of a value, and where in it the line stands."""

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
class Row:
    """A row at one size; lengths in mm, ``above`` and ``below`` the first and last baseline."""

    entry: Entry
    style: TextStyle
    label_style: TextStyle
    lines: tuple[SetLine, ...]
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


def sized(style: Style, step: int) -> TextStyle:
    """A style at one of the sizes between its own (0) and its least (``STEPS``)."""
    if not step or style.least_mm == style.text.size_mm:
        return style.text
    size = style.text.size_mm - (style.text.size_mm - style.least_mm) * step / STEPS
    leading = min(style.text.leading, _TIGHT_LEADING) if step == STEPS else style.text.leading
    return replace(style.text, size_mm=round(size, 3), leading=leading)


def _lines(value: Value, style: TextStyle, width_mm: float) -> tuple[SetLine, ...]:
    out: list[SetLine] = []
    for paragraph, tags in zip(value.paragraphs, value.tags, strict=True):
        if paragraph:
            lines = break_lines(measure(paragraph, style), width_mm / style.size_mm, justify=style.justify,
                                indent_em=HANG_EM if value.groups else 0.0,
                                first_em=HANG_EM if value.indented else 0.0)
            out += [SetLine(line=line, tags=tags, first=index == 0, last=index == len(lines) - 1)
                    for index, line in enumerate(lines)]
    return tuple(out)


def set_row(entry: Entry, value: Value, step: int, label_step: int, width_mm: float) -> Row:
    """Set a row at the sizes ``step`` and ``label_step`` of its styles.

    Raises:
        TypesetError: a character that no font draws, or wider than the row.
    """
    style, label_style = sized(entry.style, step), sized(entry.label_style, label_step)
    boxes = [style, label_style] if entry.label else [style]
    above = max(((box.leading - 1) / 2 + ASCENT_EM) * box.size_mm for box in boxes)
    below = max(((box.leading + 1) / 2 - ASCENT_EM) * box.size_mm for box in boxes)
    return Row(entry=entry, style=style, label_style=label_style, lines=_lines(value, style, width_mm),
                above_mm=above, below_mm=below)


def placed_row(column: Column, row: Row, lines: Sequence[SetLine], y_mm: float) -> PlacedRow:
    """The glyphs of a row, or of a part of its lines, in a column; ``y_mm`` is its upper edge."""
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
        if taken + width <= entry.width_mm + EPSILON:
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
