"""Checks of the fields that hold more than a text: tables and photos."""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Mapping

from certs.sm3 import sm3
from codes.errors import Fault
from codes.jpeg import JpegError, JpegFacts, jpeg_facts
from docgen.fault_codes import RecordCode
from docgen.faults import fault
from docgen.field_checks import Context, check_field, type_fault
from docgen.shown import shown
from layouts import Field, Table, cell_tag

__all__ = ["MAX_PHOTO_BYTES", "check_photo", "check_table"]

MAX_PHOTO_BYTES = 512 * 1024
"""Largest file of a photo."""

_LEAST_SIDE, _MOST_SIDE = 100, 3000     # pixels

Checked = tuple[Table | None, list[Fault], list[Fault]]


def check_table(context: Context, field: Field, raw: object) -> Checked:
    """Check a table: a list of rows, each an object with the columns' labels.

    Args:
        context: kind, lookup hosts, demo.
        field: the table, with its columns.
        raw: the value in the record; None and an empty list are the same.

    Returns:
        The table (None where there is none), the faults (at ``复审记录[2].日期``), the warnings.
    """
    if raw is None or raw == []:
        return None, [fault(RecordCode.MISSING, field.label)] if field.required else [], []
    if not isinstance(raw, list):
        return None, [type_fault(field.label, raw, "行的数组", "a list of rows")], []
    faults: list[Fault] = []
    warnings: list[Fault] = []
    if len(raw) > field.max_rows:
        return None, [fault(RecordCode.ROWS_MANY, field.label, count=len(raw), limit=field.max_rows)], []
    if len(raw) < field.min_rows:
        faults.append(fault(RecordCode.ROWS_FEW, field.label, count=len(raw), limit=field.min_rows))
    rows: list[tuple[str | None, ...]] = []
    for number, entry in enumerate(raw, 1):
        path = f"{field.label}[{number}]"
        if not isinstance(entry, Mapping):
            faults.append(type_fault(path, entry, "对象", "an object"))
            continue
        row, found, more = _row(context, field, number, entry)
        faults += found
        warnings += more
        if not any(cell is not None for cell in row) and not found:
            faults.append(fault(RecordCode.MISSING, path))
        rows.append(row)
    faults += _twice(field, rows) if len(rows) == len(raw) else []
    return Table(tuple(rows)), faults, warnings


def _row(
    context: Context, field: Field, number: int, entry: Mapping[str, object],
) -> tuple[tuple[str | None, ...], list[Fault], list[Fault]]:
    """One row: each cell as a field of its own, and no other keys."""
    known = [column.label for column in field.columns]
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for key in entry:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            faults.append(fault(
                RecordCode.UNKNOWN_KEY, cell_tag(field.label, number, shown(str(key))), key=shown(str(key)),
                hint_zh=f"，是否指“{close[0]}”" if close else "，请删除",
                hint_en=f"; is “{close[0]}” meant?" if close else "; delete it"))
    cells: list[str | None] = []
    for column in field.columns:
        placed = _at(column, cell_tag(field.label, number, column.label))
        value, found, more = check_field(context, placed, entry.get(column.label))
        faults += found
        warnings += more
        cells.append(value if isinstance(value, str) else None)
    return tuple(cells), faults, warnings


def _at(column: Field, path: str) -> Field:
    """The column as the field at this path, so that its faults name the cell."""
    return Field(
        label=path, format=column.format, required=column.required, private=column.private,
        max_length=column.max_length, constant=column.constant, values=column.values, ids=column.ids,
        pattern=column.pattern, form=column.form)


def _twice(field: Field, rows: list[tuple[str | None, ...]]) -> list[Fault]:
    """Cells of unique columns that stand in an earlier row already."""
    faults = []
    for index, column in enumerate(field.columns):
        if not column.unique:
            continue
        seen: dict[str, int] = {}
        for number, row in enumerate(rows, 1):
            cell = row[index]
            if cell is None:
                continue
            if cell in seen:
                faults.append(fault(
                    RecordCode.CELL_TWICE, cell_tag(field.label, number, column.label), other=seen[cell]))
            seen.setdefault(cell, number)
    return faults


def check_photo(field: Field, raw: object) -> tuple[str | None, bytes, list[Fault]]:
    """Check a photo: base64 of a baseline JPEG that decodes whole.

    Returns:
        The value (``sm3:`` and the digest of the bytes; None where there is none), the bytes, the faults.
    """
    if raw is None or raw == "":
        return None, b"", [fault(RecordCode.MISSING, field.label)] if field.required else []
    if not isinstance(raw, str):
        return None, b"", [type_fault(field.label, raw, "base64文本", "base64 text")]
    if len(raw) > MAX_PHOTO_BYTES * 4 // 3 + 4:
        return None, b"", [fault(
            RecordCode.PHOTO_SIZE, field.label, size=len(raw) * 3 // 4, limit=MAX_PHOTO_BYTES)]
    try:
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if base64.b64encode(data).decode("ascii") != raw:
        return None, b"", [fault(RecordCode.PHOTO_BASE64, field.label)]
    found = _photo_fault(field.label, data)
    return f"sm3:{sm3(data).hex()}", data, [] if found is None else [found]


def _photo_fault(label: str, data: bytes) -> Fault | None:
    if len(data) > MAX_PHOTO_BYTES:
        return fault(RecordCode.PHOTO_SIZE, label, size=len(data), limit=MAX_PHOTO_BYTES)
    try:
        facts = jpeg_facts(data)
    except JpegError as error:
        described = fault(RecordCode.PHOTO_FORM, label, why_zh=error.zh, why_en=error.en)
        return Fault(field=label, code=error.code.value, zh=described.zh, en=described.en)
    if not all(_LEAST_SIDE <= side <= _MOST_SIDE for side in (facts.width, facts.height)):
        return fault(
            RecordCode.PHOTO_PIXELS, label, width=facts.width, height=facts.height, least=_LEAST_SIDE,
            most=_MOST_SIDE)
    if not _decodes_whole(data, facts):
        return fault(
            RecordCode.PHOTO_FORM, label, why_zh="图像数据不能完整解码，请重新导出",
            why_en="its picture does not decode to the end; export it again")
    return None


def _decodes_whole(data: bytes, facts: JpegFacts) -> bool:
    """Whether every pixel is there: where some are missing most decoders only warn and paint them grey."""
    from simplejpeg import decode_jpeg  # only needed for a record with a photo

    try:
        pixels = decode_jpeg(data, colorspace="GRAY", strict=True)
    except ValueError:
        return False
    return bool(pixels.shape[:2] == (facts.height, facts.width))
