"""What to say of a column that does not hold its lines: how much is missing, and what takes the room."""

from __future__ import annotations

from collections.abc import Sequence

from docgen.columns import Need, least_needs
from docgen.compose_errors import ComposeError, ComposeErrorCode, Sheet
from docgen.rows import Value
from docgen.stamps import Obstacle
from docgen.template_layout import Column

__all__ = ["column_overflow"]

_NAMED = 3                  # tallest rows that are named
_ROUND = 1e-6


def column_overflow(
    sheet: Sheet, column: Column, values: Sequence[Value], obstacles: Sequence[Obstacle],
) -> ComposeError:
    """The error for a column that is too small at its least sizes.

    Args:
        column: with the lines that stand.
        values: what they print.
        obstacles: what the column's lines run around.

    Raises:
        TypesetError: as ``fill_column``.

    Source: R-000-18.
    """
    needs = least_needs(column, values)
    needed = sum(need.height_mm for need in needs) + max(len(needs) - 1, 0) * column.least_space_mm
    room = column.bottom_mm - column.y_mm
    zh, en = (_beside(column, obstacles) if needed <= room + _ROUND else
              _too_tall(column, needs, needed, room))
    return sheet.refuse(ComposeErrorCode.OVERFLOW, f"{sheet.role}的 column 放不下：{zh}",
                        f"the column does not hold its lines on {sheet.role}: {en}", line=column.source_line)


def _beside(column: Column, obstacles: Sequence[Obstacle]) -> tuple[str, str]:
    """The room would do, were it not for what stands in the column."""
    in_it = [one for one in obstacles if one.place.x_mm > column.x_mm
             and one.place.y_mm < column.bottom_mm and one.place.y_mm + one.place.height_mm > column.y_mm]
    zh = "、".join(f"第 {one.source_line} 行的 {one.word}（x 自 {one.place.x_mm:.1f} mm，y {one.place.y_mm:.1f} 至 "
                  f"{one.place.y_mm + one.place.height_mm:.1f} mm）" for one in in_it)
    en = " and ".join(
        f"the {one.word} of line {one.source_line} (from x {one.place.x_mm:.1f} mm, y {one.place.y_mm:.1f} to "
        f"{one.place.y_mm + one.place.height_mm:.1f} mm)" for one in in_it)
    return (f"{zh}占了它的地方；请移开，或减小 column 的 width",
            f"{en} takes its room; move it, or make the column narrower")


def _too_tall(column: Column, needs: Sequence[Need], needed: float, room: float) -> tuple[str, str]:
    """The rows are too tall together; where labels that never shrink are the cause, that is said."""
    tallest = sorted(needs, key=lambda need: -need.height_mm)[:_NAMED]
    zh_rows = "、".join(f"{_name(need)} {need.height_mm:.1f} mm（{need.lines} 行）" for need in tallest)
    en_rows = ", ".join(f"{_name(need)} {need.height_mm:.1f} mm ({need.lines} line{'s' * (need.lines != 1)})"
                        for need in tallest)
    zh = (f"最小字号仍需 {needed:.1f} mm，可用 {room:.1f} mm（y {column.y_mm:g} 至 bottom {column.bottom_mm:g}）；"
          f"最高的是{zh_rows}")
    en = (f"it needs {needed:.1f} mm at the least sizes and has {room:.1f} mm (y {column.y_mm:g} to bottom "
          f"{column.bottom_mm:g}); the tallest are {en_rows}")
    stiff = [need for need in needs if need.height_mm > need.value_mm + _ROUND
             and need.entry.label_style.least_mm == need.entry.label_style.text.size_mm]
    if stiff and needed - sum(need.height_mm - need.value_mm for need in stiff) <= room:
        size = stiff[0].entry.label_style.least_mm
        zh += f"；label-style 没有 least，标签总是 {size:g} mm，行高因此不能再小"
        en += f"; the label-style has no least: labels stay {size:g} mm, and so do the rows"
    return f"{zh}；请缩短内容、加大 bottom 或减小 size、least", f"{en}; shorten the lines, lower bottom or sizes"


def _name(need: Need) -> str:
    return need.entry.label or need.entry.text
