"""Lists for people: headings, columns aligned by the width of the characters, nothing that steers the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len

from certs.untrusted_files import printable

__all__ = ["table"]

_GAP: Final = "  "
_LONGEST: Final = 2000


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a Chinese character takes two columns, a control character is shown escaped.

    Args:
        headings: one for each column; all empty for a list without a line of headings.
        rows: texts, as many in each as there are headings.
    """
    lines = [[printable(text, at_most=_LONGEST) for text in row] for row in ([headings] if any(headings) else [])]
    lines += [[printable(text, at_most=_LONGEST) for text in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        _GAP.join(text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines)
