"""Is a file also a file of another format, so that another program shows something else under the same name?

A ZIP archive is read from its end, a PDF from its start: one file can be both, and signatures of the one say nothing
about the other. Such a file is never called genuine, whichever half would be.

Source: PKWARE APPNOTE 4.3.16 (end record, with a comment behind it), ISO 32000-2 7.5.2 and annex I (readers look for
the header of a PDF within its first 1024 bytes).
"""

from __future__ import annotations

import struct
from typing import Final

from verify.model import Finding
from verify.reasons import finding

__all__ = ["other_format"]

_TAIL: Final = 22 + 0xFFFF              # bytes in which an end record with its comment lies
_HEAD: Final = 1024                     # bytes in which readers look for the header of a PDF
_MANY: Final = 64                       # end records that a PDF holds by chance
_END, _CENTRAL, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07"
_PLACE: Final = struct.Struct("<12xLL")
_PDF: Final = b"%PDF-"


def other_format(kind: str, data: bytes) -> Finding | None:
    """What else a file of a kind (``pdf``, ``ofd``) is; None where nothing.

    A signed PDF is looked through as a whole: some readers of archives take the last end record wherever it stands.
    """
    if kind == "pdf":
        end = _archive_end(data)
        if end >= 0:
            return finding("file.also-archive", f"@{end}")
        second = data.find(_PDF, data.find(_PDF) + 1, _HEAD)
        return finding("file.also-pdf", f"@{second}") if second >= 0 else None
    if kind == "ofd":
        place = data.find(_PDF, 0, _HEAD)
        return finding("file.also-pdf", f"@{place}") if place >= 0 else None
    return None


def _archive_end(data: bytes) -> int:
    """Where a directory of an archive ends, -1 where no reader finds one.

    In the tail any end record counts that has an entry of a directory somewhere before it: readers differ in what
    comment, what bytes behind it and what offsets they forgive. Further in front its directory has to be where it says.
    """
    tail, place = len(data) - _TAIL, data.find(_END) - 1
    if place < -1:
        return -1
    first = min((at for at in map(data.find, (_CENTRAL, _END_64, _LOCATOR_64)) if at >= 0), default=len(data))
    for _ in range(_MANY):
        place = data.find(_END, place + 1)
        if place < 0:
            return -1
        if place >= tail:
            if first < place:
                return place
        elif _fits(data, place):
            return place
    return place


def _fits(data: bytes, place: int) -> bool:
    """Whether the directory of an end record stands before it, or where it says, or a ZIP64 record does."""
    size, start = _PLACE.unpack_from(data, place)
    return data.startswith(_LOCATOR_64, max(0, place - 20)) or any(
        0 <= at < place and data.startswith(_CENTRAL, at) for at in (place - size, start))
