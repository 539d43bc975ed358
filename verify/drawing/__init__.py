"""Pages of a file as they are drawn, for showing beside the report: OFD, PDF, photos.

Nothing here decides anything. What a stranger's file holds becomes numbers, escaped text and pictures that were
decoded and encoded anew, inside an SVG picture; no byte of it is handed on.
"""

from __future__ import annotations

from typing import Any

from verify.drawing.budget import Budget

__all__ = ["PAGE_LIMIT", "draw"]

PAGE_LIMIT = 20
"""So many pages are drawn."""


def draw(data: bytes, *, seconds: float = 15.0, signed_bytes: int = 0) -> dict[str, Any]:
    """Draw the first pages of a file.

    Args:
        seconds: after so long no further page is begun.
        signed_bytes: so many bytes of a PDF are the state that was signed, where more came after it; 0 for none.

    Returns:
        ``count`` of pages in the file, and ``pages``: each with its ``number`` (from 1), ``width_mm``, ``height_mm``,
        ``picture`` (a data URI), ``seals`` (``id`` of the signature, its ``place`` in the list from 0, ``box_mm``) and
        ``lacks``: what is not shown as the file has it (``font``, ``picture``, ``pattern``, ``object``). A page that
        could not be drawn within the limits is left out. A page of a PDF also has ``before``: None, or the ``picture``
        that it was when signed ("" where it was not there) and the ``box`` in which it looks otherwise now (left, top,
        width, height in parts of the page).
    """
    from verify.entry import kind_of_file

    budget = Budget(seconds=seconds)
    kind = kind_of_file(data)
    if kind == "ofd":
        from verify.drawing.ofd import draw_ofd

        return draw_ofd(data, budget, PAGE_LIMIT)
    if kind == "pdf":
        from verify.drawing.pdf import draw_pdf

        return draw_pdf(data, budget, PAGE_LIMIT, signed_bytes=signed_bytes)
    if kind == "picture":
        from verify.drawing.picture import draw_photo

        return draw_photo(data, budget)
    return {"count": 0, "pages": []}
