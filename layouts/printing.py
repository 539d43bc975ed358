"""How values look on a page: shared by the writer that draws them and the verifier that compares them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from layouts.kind import Kind, Line, Part, Value

__all__ = ["face_lines", "line_text", "part_text", "printed"]

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def printed(value: Value, form: str) -> str:
    """The printed form of a value; nothing gives an empty text (decision 4).

    Args:
        value: as in the record.
        form: ``date-zh`` (2025-04-30 → 2025年04月30日, R-000-16), ``join-slash`` (several texts joined
            with ``/``), or ``text``.

    Raises:
        ValueError: an unknown form, or a date that is not ``YYYY-MM-DD``.
    """
    if value is None:
        return ""
    if form == "join-slash":
        return value if isinstance(value, str) else "/".join(value)
    if not isinstance(value, str):
        raise ValueError(f"{form} needs one text, not several")
    if form == "date-zh":
        found = _DATE.fullmatch(value)
        if found is None:
            raise ValueError(f"{value!r} is no date YYYY-MM-DD")
        return "{}年{}月{}日".format(*found.groups())
    if form != "text":
        raise ValueError(f"unknown form {form!r}")
    return value


def part_text(kind: Kind, part: Part, values: Mapping[str, Value]) -> str:
    """The printed text of one part of a line."""
    if part.field is None:
        return part.text
    return printed(values.get(part.field), kind.field(part.field).printed_as)


def line_text(kind: Kind, line: Line, values: Mapping[str, Value]) -> str:
    """The printed text of a line without its label; empty when none of its fields has a value."""
    fields = line.fields
    if fields and all(values.get(label) is None for label in fields):
        return ""
    return "".join(part_text(kind, part, values) for part in line.parts)


def face_lines(kind: Kind, role: str, values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """All lines of a face as (label, text), top to bottom, the 许可范围 whole.

    Raises:
        KeyError: the kind has no such face.
    """
    return tuple((line.label, line_text(kind, line, values)) for line in kind.face(role).lines)
