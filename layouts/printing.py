"""How values look on a page: shared by the writer that draws them and the verifier that compares them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from layouts.kind import Condition, Field, Format, Kind, Line, Part, Table, Value

__all__ = [
    "cell_tag", "cells", "earlier_parts", "face_lines", "heads", "holds", "line_text", "part_text", "printed",
    "stands", "table_of",
]

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_EARLIER = re.compile(r"([0-9A-Z.]{1,160}) sm3:([0-9a-f]{64})")


def printed(value: Value, form: str) -> str:
    """The printed form of a value; nothing gives an empty text (decision 4).

    Args:
        value: as in the record.
        form: ``date-zh`` (2025-04-03 → 2025年04月03日, R-000-16), ``date-plain`` (2025年4月3日, GB/T 9704-2012
            7.3.5.4), ``join-slash`` (several texts joined
            with ``/``), ``paragraphs`` (without the line feeds), ``table`` (all cells, row by row, as they
            are: :func:`cells` knows their formats), ``masked`` (an identity number: the first 6 and the last
            2 characters shown), ``identifier`` or ``sm3`` (of a reference to an earlier document),
            ``picture`` (no text), or ``text``.

    Raises:
        ValueError: an unknown form, or a value that has not the form.
    """
    if value is None or form == "picture":
        return ""
    if form == "table":
        if not isinstance(value, Table):
            raise ValueError("table needs a table")
        return "".join(cell or "" for row in value.rows for cell in row)
    if isinstance(value, Table):
        raise ValueError(f"{form} needs no table")
    if form == "join-slash":
        return value if isinstance(value, str) else "/".join(value)
    if not isinstance(value, str):
        raise ValueError(f"{form} needs one text, not several")
    write = _FORMS.get(form)
    if write is None:
        raise ValueError(f"unknown form {form!r}")
    return write(value)


def _date(value: str) -> str:
    found = _DATE.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no date YYYY-MM-DD")
    return "{}年{}月{}日".format(*found.groups())


def _plain_date(value: str) -> str:
    year, month, day = _date(value)[:4], int(value[5:7]), int(value[8:])
    return f"{year}年{month}月{day}日"


def _masked(value: str) -> str:
    return value if len(value) <= 8 else value[:6] + "*" * (len(value) - 8) + value[-2:]


def earlier_parts(value: str) -> tuple[str, str]:
    """Identifier and SM3 (hex) in a reference to an earlier document.

    Raises:
        ValueError: the text is no such reference.
    """
    found = _EARLIER.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is no reference to an earlier document")
    return found.group(1), found.group(2)


_FORMS: dict[str, Callable[[str], str]] = {
    "date-zh": _date, "date-plain": _plain_date, "text": str, "masked": _masked,
    "paragraphs": lambda value: value.replace("\n", ""),
    "identifier": lambda value: earlier_parts(value)[0],
    "sm3": lambda value: earlier_parts(value)[1],
}


def cell_tag(label: str, row: int, column: str) -> str:
    """The name of a table's cell, rows from 1: ``复审记录[2].日期``."""
    return f"{label}[{row}].{column}"


def cells(field: Field, value: Value) -> tuple[tuple[str, str], ...]:
    """The cells of a table that have a text, row by row, as (tag, printed text)."""
    if not isinstance(value, Table):
        return ()
    found = []
    for number, row in enumerate(value.rows, 1):
        for column, cell in zip(field.columns, row, strict=True):
            text = printed(cell, column.printed_as)
            if text:
                found.append((cell_tag(field.label, number, column.label), text))
    return tuple(found)


def table_of(kind: Kind, line: Line) -> Field | None:
    """The table that a line prints; None for other lines."""
    if len(line.parts) != 1 or line.parts[0].field is None:
        return None
    field = kind.field(line.parts[0].field)
    return field if field.format is Format.TABLE else None


def heads(kind: Kind, line: Line) -> tuple[str, ...]:
    """The texts over the columns of a line's table; none for other lines."""
    table = table_of(kind, line)
    return () if table is None else line.heads or tuple(column.label for column in table.columns)


def holds(condition: Condition | None, values: Mapping[str, Value]) -> bool:
    """Whether a condition holds for these values; no condition always holds."""
    if condition is None:
        return True
    label, *wanted = condition
    value = values.get(label)
    if value is None or value in ("", ()):
        return False
    if not wanted:
        return True
    return any(one in wanted for one in value) if isinstance(value, tuple) else value in wanted


def stands(line: Line, values: Mapping[str, Value]) -> bool:
    """Whether a line of a face is printed at all."""
    return holds(line.when, values)


def part_text(kind: Kind, part: Part, values: Mapping[str, Value]) -> str:
    """The printed text of one part of a line."""
    if part.field is None:
        return part.text
    field, value = kind.field(part.field), values.get(part.field)
    if field.format is Format.TABLE:
        return "".join(text for _, text in cells(field, value))
    return printed(value, field.printed_as)


def line_text(kind: Kind, line: Line, values: Mapping[str, Value]) -> str:
    """The printed text of a line without its label and heads; empty when none of its fields has a value."""
    fields = line.fields
    if not stands(line, values) or (fields and all(values.get(label) is None for label in fields)):
        return ""
    return "".join(part_text(kind, part, values) for part in line.parts)


def face_lines(kind: Kind, role: str, values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """All lines that stand on a face as (label, text), top to bottom, the 许可范围 whole.

    Raises:
        KeyError: the kind has no such face.
    """
    return tuple(
        (line.label, line_text(kind, line, values)) for line in kind.face(role).lines if stands(line, values))
