"""Text and tables that run through a box, over as many pages as they need.

What cannot be broken is a piece: one line of text, one row of a table (or, of a row that is taller than a page, as
much as a page holds). Pieces are set once and then put on pages: a paragraph leaves no single line behind and takes
none over alone, nor does a table of many rows; what is kept together stays together, a table begins on each page with
its heads. Nothing is ever cut or left out: what fits nowhere raises.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from docgen.compose_errors import ComposeError, ComposeErrorCode, Sheet
from docgen.measure import TextStyle, TypesetError, measure
from docgen.page import GlyphRun, Path, Segment
from docgen.rows import STEPS, PlacedRow, Value, sized
from docgen.table import SetRow, SetTable, set_table
from docgen.template_layout import Entry, Flow, Table
from docgen.typeset import ASCENT_EM, Line, break_lines, distribute, runs, single_line

__all__ = ["fill_flow", "frames"]

_EPSILON = 1e-6
_PARAGRAPH_EM = 2.0         # first line of a paragraph
_FEW_ROWS = 3               # of a table: the last of them may stand alone, lest much of a page stays empty
_NAMED = 3                  # tallest lines that an error names


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A line of text or a row of a table, as it stands with its top edge at 0.

    ``above_mm`` is free before it unless it begins a page; ``keep``: the next piece stands on the same page;
    ``ends_page``: it does not.
    """

    entry: Entry
    height_mm: float
    above_mm: float = 0.0
    keep: bool = False
    label: tuple[GlyphRun, ...] = ()
    value: tuple[GlyphRun, ...] = ()
    table: SetTable | None = None
    head: bool = False
    ends_page: bool = False


def fill_flow(
    flow: Flow, following: Flow | None, values: Sequence[Value | None], sheet: Sheet,
) -> list[list[PlacedRow]]:
    """Set what runs through a box and put it on pages.

    The size is each style's own when that fits one page; else the largest that needs no more pages than the middle
    between it and the style's least size does. Without a following box all has to fit one page, at the least size.

    Args:
        following: the box on the pages after the first; None where there are none.
        values: what each line of the face prints, by its number; None for a line that does not stand.

    Raises:
        ComposeError: ``compose.overflow``.
        TypesetError: a label wider than its place, or a character that no font draws.
    """
    boxes = [flow] if following is None else [flow, following]

    def at(step: int) -> list[list[PlacedRow]]:
        return _paged(list(_pieces(flow, values, step, boxes, sheet)), boxes, sheet)

    pages = at(0)
    if following is None:
        smaller = map(at, range(1, STEPS + 1)) if any(_shrinks(item) for item in flow.items) else ()
        found = next((made for made in itertools.chain([pages], smaller) if len(made) == 1), None)
        if found is None:
            raise _too_tall(sheet, flow, list(_pieces(flow, values, STEPS, boxes, sheet)))
        return found
    if len(pages) == 1 or not any(_shrinks(item) for item in flow.items):
        return pages
    chosen = at(STEPS // 2)
    if len(chosen) == len(pages):
        return pages
    return next((made for made in map(at, range(1, STEPS // 2)) if len(made) == len(chosen)), chosen)


def _too_tall(sheet: Sheet, flow: Flow, pieces: Sequence[_Piece]) -> ComposeError:
    """The error for a box whose one page does not hold its pieces at their least sizes; names the tallest lines."""
    needed = sum(piece.height_mm + (piece.above_mm if index else 0.0) for index, piece in enumerate(pieces))
    heights: dict[int, float] = {}
    for piece in pieces:
        heights[piece.entry.number] = heights.get(piece.entry.number, 0.0) + piece.height_mm
    entries = {piece.entry.number: piece.entry for piece in pieces}
    ordered = sorted(heights.items(), key=lambda one: -one[1])
    tallest = [(entries[number], height) for number, height in ordered[:_NAMED]]
    stiff = [entry.label or entry.text for entry, _ in tallest if entry.style.least_mm == entry.style.text.size_mm]
    zh_rows = "、".join(f"{entry.label or entry.text} {height:.1f} mm" for entry, height in tallest)
    en_rows = ", ".join(f"{entry.label or entry.text} {height:.1f} mm" for entry, height in tallest)
    zh = f"；{'、'.join(stiff)}的样式没有 least，不会缩小" if stiff else ""
    en = f"; the styles of {', '.join(stiff)} have no least and never shrink" if stiff else ""
    return sheet.refuse(
        ComposeErrorCode.OVERFLOW,
        f"{sheet.role}的 flow 放不下：最小字号仍需 {needed:.1f} mm，可用 {_height(flow):.1f} mm（y {flow.y_mm:g} 至 "
        f"bottom {flow.bottom_mm:g}）；最高的是{zh_rows}{zh}；请缩短内容、加大 bottom 或减小 size、least",
        f"the flow does not hold its lines on {sheet.role}: it needs {needed:.1f} mm at the least sizes and has "
        f"{_height(flow):.1f} mm (y {flow.y_mm:g} to bottom {flow.bottom_mm:g}); the tallest are {en_rows}{en}; "
        "shorten the lines, lower bottom or sizes", line=flow.source_line)


def _no_room(sheet: Sheet, box: Flow, piece: _Piece) -> ComposeError:
    """The error for a piece that is taller than a page, with the heads that a table begins with there."""
    name = piece.entry.label or piece.entry.text
    needed = piece.height_mm + (piece.table.head.height_mm if piece.table is not None and not piece.head else 0.0)
    return sheet.refuse(
        ComposeErrorCode.OVERFLOW,
        f"{sheet.role}的“{name}”一行需 {needed:.1f} mm，flow 只有 {_height(box):.1f} mm（y {box.y_mm:g} 至 bottom "
        f"{box.bottom_mm:g}）；请加大 bottom",
        f"one line of {name} on {sheet.role} needs {needed:.1f} mm, and the flow has {_height(box):.1f} mm (y "
        f"{box.y_mm:g} to bottom {box.bottom_mm:g}); lower its bottom", line=box.source_line, label=piece.entry.label)


def _shrinks(item: Entry | Table) -> bool:
    if isinstance(item, Table):
        styles = [item.entry.style, item.head_style, *(column.style for column in item.columns if column.style)]
    else:
        styles = [item.style, item.label_style]
    return any(style.least_mm < style.text.size_mm for style in styles)


def _pieces(flow: Flow, values: Sequence[Value | None], step: int, boxes: Sequence[Flow],
            sheet: Sheet) -> Iterator[_Piece]:
    """All pieces in their order, at one size."""
    for item in flow.items:
        entry = item.entry if isinstance(item, Table) else item
        value = values[entry.number]
        if value is None:
            continue
        try:
            if isinstance(item, Table):
                yield from _table_pieces(flow, item, value, step, _height(boxes[-1]))
            else:
                yield from _text_pieces(flow, entry, value, step)
        except TypesetError as error:
            raise sheet.placed(error, entry.source_line) from error


def _text_pieces(flow: Flow, entry: Entry, value: Value, step: int) -> Iterator[_Piece]:
    """The lines of one running line of the face: its label, then its paragraphs."""
    style, label_style = sized(entry.style, step), sized(entry.label_style, step)
    x = flow.x_mm + entry.left_em * style.size_mm + entry.pad_mm
    width = flow.width_mm - (entry.left_em + entry.right_em) * style.size_mm - 2 * entry.pad_mm
    default = _PARAGRAPH_EM if value.indented and not entry.label_width_mm else 0.0
    indent = default if entry.indent_em is None else entry.indent_em
    label, taken = _label(entry, label_style, x + indent * style.size_mm)
    if entry.label_width_mm:
        taken += 2 * entry.pad_mm
        x, width, taken = x + taken, width - taken, 0.0
    texts = [text for text in value.paragraphs if text] or ([""] if label else [])
    marks = [tags for text, tags in zip(value.paragraphs, value.tags, strict=True) if text] or [()]
    above, below = _room([style, label_style] if label else [style])
    for number, (text, tags) in enumerate(zip(texts, marks, strict=False)):
        first = indent + (taken / style.size_mm if not number else 0.0)
        lines = break_lines(measure(text, style), width / style.size_mm, indent_em=entry.hang_em, first_em=first,
                            justify=style.justify) if text else (None,)
        for index, line in enumerate(lines):
            start, end = not number and not index, number == len(texts) - 1 and index == len(lines) - 1
            top = above + entry.pad_mm * start
            yield _Piece(
                entry=entry, height_mm=top + below + entry.pad_mm * end, above_mm=entry.above_mm if start else 0.0,
                keep=_kept(index, len(lines)) or (entry.keep and end),
                label=tuple(_at(label, top)) if start else (),
                value=_set(line, tags, entry, style, x, width, top))


def _room(styles: Sequence[TextStyle]) -> tuple[float, float]:
    """Height of a line above and below its baseline."""
    return (max(((style.leading - 1) / 2 + ASCENT_EM) * style.size_mm for style in styles),
            max(((style.leading + 1) / 2 - ASCENT_EM) * style.size_mm for style in styles))


def _kept(index: int, count: int) -> bool:
    """Whether a line of a paragraph stays with the next: two lines at least on either side of a page's end."""
    return count > 1 and index in (0, count - 2)


def _rows_kept(rows: Sequence[SetRow], index: int) -> bool:
    """Whether a row stays with the next: the first always, the last but one of many; a row in parts begins anywhere."""
    stays = index == 0 < len(rows) - 1 or (len(rows) > _FEW_ROWS and index == len(rows) - 2)
    return stays and not (rows[index].goes_on or rows[index + 1].goes_on)


def _label(entry: Entry, style: TextStyle, x_mm: float) -> tuple[list[GlyphRun], float]:
    """The label on the baseline 0, and the width that it takes with its gap."""
    if not entry.label:
        return [], 0.0
    measured = measure(entry.label, style)
    line = (distribute(measured, entry.label_width_mm / style.size_mm) if entry.label_width_mm
            else single_line(measured))
    width = entry.label_width_mm or line.width_em * style.size_mm
    return runs(line, x_mm, 0.0, style, number=entry.number), width + entry.label_gap_mm


def _at(placed: Sequence[GlyphRun], down_mm: float) -> Iterator[GlyphRun]:
    """Runs moved down."""
    return (replace(run, y_mm=round(run.y_mm + down_mm, 3)) for run in placed)


def _set(line: Line | None, tags: tuple[str | None, ...], entry: Entry, style: TextStyle, x_mm: float,
         width_mm: float, baseline_mm: float) -> tuple[GlyphRun, ...]:
    """The runs of one line of text."""
    if line is None:
        return ()
    spare = width_mm - line.width_em * style.size_mm
    shift = {"left": 0.0, "center": spare / 2, "right": spare}[entry.align]
    return tuple(runs(line, x_mm + shift, baseline_mm, style, tags=tags, number=entry.number))


def _table_pieces(flow: Flow, table: Table, value: Value, step: int, page_mm: float) -> Iterator[_Piece]:
    """A table: its label, its heads, its rows. Nothing but the label when it has no rows."""
    entry = table.entry
    above = entry.above_mm
    if entry.label:
        style = sized(entry.label_style, step)
        up, down = _room([style])
        yield _Piece(entry=entry, height_mm=up + down, above_mm=above, keep=bool(value.rows),
                     label=tuple(_at(_label(entry, style, flow.x_mm)[0], up)))
        above = 0.0
    if not value.rows:
        return
    made = set_table(table, value, step, x_mm=flow.x_mm, width_mm=flow.width_mm, page_mm=page_mm)
    yield _Piece(entry=entry, height_mm=made.head.height_mm, above_mm=above, keep=True, label=made.head.runs,
                 table=made, head=True)
    for index, row in enumerate(made.rows):
        yield _Piece(entry=entry, height_mm=row.height_mm, value=row.runs, table=made, ends_page=row.goes_on,
                     keep=_rows_kept(made.rows, index) or (entry.keep and index == len(made.rows) - 1))


def _paged(pieces: list[_Piece], boxes: Sequence[Flow], sheet: Sheet) -> list[list[PlacedRow]]:
    """Put pieces on pages."""
    pages: list[list[PlacedRow]] = []
    start = 0
    while start < len(pieces) or not pages:
        box = boxes[min(len(pages), len(boxes) - 1)]
        end = _page_end(pieces, start, box)
        if end == start and pieces and (pages or _height(box) >= _height(boxes[-1]) - _EPSILON):
            raise _no_room(sheet, box, pieces[start])
        pages.append(_placed(_with_head(pieces, start, end), box))
        start = end
    return pages


def _with_head(pieces: list[_Piece], start: int, end: int) -> list[_Piece]:
    """The pieces of a page; a table that goes on begins with its heads again."""
    chosen = pieces[start:end]
    if chosen and chosen[0].table is not None and not chosen[0].head:
        table = chosen[0].table
        again = _Piece(entry=chosen[0].entry, height_mm=table.head.height_mm, label=table.head.runs, table=table,
                       head=True)
        return [again, *chosen]
    return chosen


def _page_end(pieces: list[_Piece], start: int, box: Flow) -> int:
    """Where the page that begins at ``start`` ends."""
    room = _height(box) + _EPSILON
    if start < len(pieces):
        first = pieces[start]
        room -= first.table.head.height_mm if first.table is not None and not first.head else 0.0
    end = start
    while end < len(pieces):
        room -= pieces[end].height_mm + (pieces[end].above_mm if end > start else 0.0)
        if room < 0:
            break
        end += 1
        if pieces[end - 1].ends_page:
            return end
    if end == len(pieces):
        return end
    cut = end
    while cut > start and pieces[cut - 1].keep:
        cut -= 1
    if cut > start:
        return cut
    while end > start and pieces[end - 1].head:     # too tall to be kept together: parted, but not below heads
        end -= 1
    return end


def _height(box: Flow) -> float:
    return box.bottom_mm - box.y_mm


def _placed(pieces: list[_Piece], box: Flow) -> list[PlacedRow]:
    """The pieces of one page from the top of the box; the lines around tables last."""
    rows: list[PlacedRow] = []
    edges: list[tuple[_Piece, float, float]] = []
    rows_at: list[tuple[Entry, float, float]] = []
    y = box.y_mm
    for index, piece in enumerate(pieces):
        y += piece.above_mm if index else 0.0
        rows.append(PlacedRow(entry=piece.entry, label=tuple(_at(piece.label, y)), value=tuple(_at(piece.value, y))))
        if piece.table is not None:
            edges.append((piece, y, y + piece.height_mm))
        elif piece.entry.frame_mm:
            rows_at.append((piece.entry, y, y + piece.height_mm))
        y += piece.height_mm
    paths = list(frames(rows_at, box))
    for _, group in itertools.groupby(edges, key=lambda edge: id(edge[0].table)):
        parts = list(group)
        if parts[0][0].table is not None:
            paths += parts[0][0].table.ground([(top, bottom, piece.head) for piece, top, bottom in parts])
    if rows and paths:
        rows[0] = replace(rows[0], paths=tuple(paths))
    return rows


def frames(lines: Sequence[tuple[Entry, float, float]], box: Flow) -> Iterator[Path]:
    """The cells around texts with a frame, of the lines (entry, top, bottom) that a page has."""
    for entry, group in itertools.groupby(lines, key=lambda line: line[0]):
        parts = list(group)
        top, bottom = round(parts[0][1], 3), round(parts[-1][2], 3)
        left = round(box.x_mm + entry.left_em * entry.style.text.size_mm, 3)
        right = round(box.x_mm + box.width_mm - entry.right_em * entry.style.text.size_mm, 3)
        segments = [Segment("M", (left, top)), Segment("L", (right, top)), Segment("L", (right, bottom)),
                    Segment("L", (left, bottom)), Segment("Z")]
        if entry.label_width_mm:
            middle = round(left + entry.label_width_mm + entry.label_gap_mm + 2 * entry.pad_mm, 3)
            segments += [Segment("M", (middle, top)), Segment("L", (middle, bottom))]
        yield Path(segments=tuple(segments), stroke=entry.style.text.colour, stroke_width_mm=entry.frame_mm)
