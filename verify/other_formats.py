"""Is a file also a file of another format, so that another program shows something else under the same name?

A ZIP archive is read from its end, a PDF from its start: one file can be both, and signatures of the one say nothing
about the other. Such a file is never called genuine, whichever half would be.

Source: PKWARE APPNOTE 4.3.16 (end record, with a comment behind it), ISO 32000-2 7.5.2 and annex I (readers look for
the header of a PDF within its first 1024 bytes).
"""

from __future__ import annotations

from typing import Final

from verify.model import Finding
from verify.reasons import finding

__all__ = ["other_format"]

_TAIL: Final = 22 + 0xFFFF              # bytes in which an end record with its comment lies
_HEAD: Final = 1024                     # bytes in which readers look for the header of a PDF
_END, _CENTRAL, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07"
_PDF: Final = b"%PDF-"


def other_format(kind: str, data: bytes) -> Finding | None:
    """What else a file of a kind (``pdf``, ``ofd``) is; None where nothing.

    Readers of archives look for the end record from behind, and differ in what comment, what bytes behind it and what
    offsets they forgive. So any end record in the tail counts that has an entry of a directory somewhere before it.
    """
    if kind == "pdf":
        end = data.rfind(_END, max(0, len(data) - _TAIL))
        if end >= 0 and any(data.find(sign, 0, end) >= 0 for sign in (_CENTRAL, _END_64, _LOCATOR_64)):
            return finding("file.also-archive", f"@{end}")
        second = data.find(_PDF, data.find(_PDF) + 1, _HEAD)
        return finding("file.also-pdf", f"@{second}") if second >= 0 else None
    if kind == "ofd":
        place = data.find(_PDF, 0, _HEAD)
        return finding("file.also-pdf", f"@{place}") if place >= 0 else None
    return None
