"""What each line of a face prints, out of a checked licence: paragraphs with the field of each character, tables."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from docgen.licence import Licence
from docgen.rows import Value
from layouts import (
    Face,
    Field,
    Format,
    Groups,
    Kind,
    Line,
    Table,
    cell_tag,
    heads,
    part_text,
    printed,
    scope_text,
    stands,
    table_of,
)

__all__ = ["face_values", "printed_values"]


def printed_values(licence: Licence) -> dict[str, str]:
    """Label → printed text of every field, for the template's conditions."""
    kind = licence.kind
    return {field.label: printed(licence.values.get(field.label), field.printed_as) for field in kind.fields}


def face_values(licence: Licence, face: Face, scope: Groups, write: Callable[[Groups], str]) -> list[Value | None]:
    """What each line of a face prints, the 许可范围 as ``write`` puts it, a paragraph for each group.

    None for a line that does not stand.
    """
    kind, out = licence.kind, list[Value | None]()
    scope_field = kind.scope.field if kind.scope is not None else None
    for line in face.lines:
        table = table_of(kind, line)
        if not stands(line, licence.values):
            out.append(None)
        elif scope and line.fields == (scope_field,):
            ends = [write(scope[:count]) for count in range(len(scope) + 1)]
            paragraphs = tuple(after[len(before):] for before, after in pairwise(ends))
            out.append(Value(paragraphs=paragraphs, groups=True, long=write is scope_text,
                             tags=tuple((scope_field,) * len(text) for text in paragraphs)))
        elif table is not None:
            out.append(_table(kind, line, table, licence))
        else:
            out.append(_text(kind, line, licence))
    return out


def _table(kind: Kind, line: Line, field: Field, licence: Licence) -> Value:
    """A table: its heads, and text and tag of each cell."""
    value = licence.values.get(field.label)
    rows = tuple(
        tuple((printed(cell, column.printed_as), cell_tag(field.label, number, column.label))
              for column, cell in zip(field.columns, row, strict=True))
        for number, row in enumerate(value.rows if isinstance(value, Table) else (), 1))
    return Value(paragraphs=(), tags=(), heads=heads(kind, line), rows=rows)


def _text(kind: Kind, line: Line, licence: Licence) -> Value:
    """The paragraphs of a line; one empty one when none of its fields has a value (decision 4)."""
    if line.fields and all(licence.values.get(label) is None for label in line.fields):
        return Value(paragraphs=("",), tags=((),))
    text, owners, indented = "", list[str | None](), False
    for part in line.parts:
        value = licence.values.get(part.field) if part.field is not None else None
        if part.field is not None and kind.field(part.field).format is Format.PARAGRAPHS and isinstance(value, str):
            piece, indented = value, True
        else:
            piece = part_text(kind, part, licence.values)
        text += piece
        owners += [part.field] * len(piece)
    paragraphs, tags, start = list[str](), list[tuple[str | None, ...]](), 0
    for paragraph in text.split("\n") if indented else [text]:
        paragraphs.append(paragraph)
        tags.append(tuple(owners[start:start + len(paragraph)]))
        start += len(paragraph) + 1
    return Value(paragraphs=tuple(paragraphs), tags=tuple(tags), indented=indented)
