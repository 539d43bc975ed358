"""The faults of a record with the lines of its file in which they stand."""

from __future__ import annotations

import re

from docgen.design.findings import Finding
from docgen.faults import RecordError
from layouts.json_lines import JsonError, Path, read_json

__all__ = ["record_findings"]

_PLACE = re.compile(r"(.*?)(?:\[(\d+)\](?:\.(.*))?)?", re.DOTALL)


def record_findings(error: RecordError, record: bytes, *, file: str, data: str = "") -> list[Finding]:
    """A finding for each fault of a record.

    Args:
        record: the file's bytes.
        file: its name in the kind's folder.
        data: what the findings call the record; empty where the file says it.
    """
    try:
        text = read_json(record)
    except JsonError as broken:
        return [Finding(code=fault.code, zh=fault.zh, en=fault.en, file=file, line=broken.line, data=data)
                for fault in error.faults]
    return [Finding(code=fault.code, zh=fault.zh, en=fault.en, file=file, field=fault.field, data=data,
                    line=text.line(_path(fault.field))) for fault in error.faults]


def _path(field: str) -> Path:
    """``设备[2].名称`` as the way through the record: key, row from 0, column."""
    match = _PLACE.fullmatch(field)
    label, row, column = match.groups() if match else (field, None, None)
    return (label, *((int(row) - 1,) if row else ()), *((column,) if column else ()))
