"""How the cross-reference of a revision after a signature must be written, so that no reader repairs the file.

Readers that find a cross-reference not to their liking search the file for objects, and may show what was replaced
long ago or what nothing refers to. Each has its own liking. So sections that come after a signature are held against
the form that signing programs write, by whomever they were signed; for those that were there before, see
:mod:`verify.foreign.pdf_xref`.

Source: ISO 32000-2 7.5.4 to 7.5.8.
"""

from __future__ import annotations

import re
from typing import Final

from verify.foreign.pdf_store import State
from verify.foreign.pdf_xref import MAX_NUMBER
from verify.pdf_objects import Dict, PdfString

__all__ = ["odd_section"]

_TABLE: Final = re.compile(
    rb"xref ?(?:\r\n|\n|\r)"
    rb"(?:(?:0|[1-9]\d{0,6}) [1-9]\d{0,6}(?:\r\n|\n|\r)(?:\d{10} \d{5} [nf](?: \n| \r|\r\n))++)++"
    rb"[\t\n\r ]{0,4}trailer[\t\n\r ]{0,4}<<")
_END: Final = re.compile(
    rb"[\t\n\r ]{0,4}(?:%[ -$&-~]{0,100}[\r\n]{1,2}){0,2}"          # some programs tell their name here
    rb"startxref(?:\r\n|\n|\r)\d{1,10}(?:\r\n|\n|\r)%%EOF(?:\r\n|\n|\r)?")
_LONGEST_ID: Final = 256
_WIDTHS: Final = (range(1, 2), range(2, 9), range(3))


def odd_section(before: State, after: State) -> str:
    """The place of what is not written in the usual form in the section that ends ``after``; "" when all is."""
    section, data = after.section, after.store.data
    start, end = section.places[0]
    if not _END.fullmatch(data, end, section.end):
        return f"startxref @{end}"
    if not _identified(after):
        return f"ID @{start}"
    if not _numbered(before, after) or section.free > MAX_NUMBER:
        return f"Size @{start}"
    tabled = "XRefStm" in section.trailer or not section.streams
    if tabled and not _TABLE.match(data, start, end):
        return f"xref @{start}"
    return "" if all(map(_plain_stream, section.streams)) else f"XRef @{start}"


def _identified(after: State) -> bool:
    """Whether the file is identified by no more than two strings of the usual size."""
    identifiers = after.list(after.trailer.get("ID"))
    return len(identifiers) <= 2 and all(
        isinstance(each, PdfString) and len(each.value) <= _LONGEST_ID for each in identifiers)


def _numbered(before: State, after: State) -> bool:
    """Whether new objects, and the streams of the section itself, bear the next numbers, and the size tells so."""
    entries, size, former = after.section.entries, after.trailer.get("Size"), before.trailer.get("Size")
    return type(size) is int and type(former) is int and (
        max((*entries, *after.section.unlisted), default=0) < size <= former + len(entries))


def _plain_stream(told: Dict) -> bool:
    """Whether a cross-reference stream has the usual widths, no empty run, and, when packed, the usual filter."""
    widths, runs = told.get("W"), told.get("Index", [])
    if not isinstance(widths, list) or not all(
            each in usual for each, usual in zip(widths, _WIDTHS, strict=True)):
        return False
    if not isinstance(runs, list) or 0 in runs[1::2]:
        return False
    if "Filter" not in told:
        return "DecodeParms" not in told
    return told["Filter"] == "FlateDecode" and isinstance(told.get("DecodeParms", {}), dict)
