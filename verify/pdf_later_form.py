"""How revisions behind one of our renditions may be written: as an archive writes them, so that nothing else fits in.

A file can be a PDF and something else to another program (a ZIP archive is read from its end). What is appended to a
rendition is covered by no signature of ours, so its bytes have no room for that: plain tables, objects back to back,
printable ASCII without comments, streams in one form.

Source: ISO 32000-2 7.5.4, 7.5.6.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from verify.foreign.pdf_layout import check_layout
from verify.foreign.pdf_section import odd_section
from verify.foreign.pdf_store import State, Store
from verify.pdf_objects import WHITE_SPACE, PdfString, Stream
from verify.pdf_reasons import PdfRefusal

__all__ = ["require_plain"]

_TRAILER: Final = frozenset({"Size", "Root", "Info", "ID", "Prev"})
_TEXT: Final = re.compile(rb"[\t\n\r -$&-~]*%%EOF[\r\n]*")


def require_plain(store: Store, states: Sequence[State]) -> None:
    """Demand the form of all revisions behind the first.

    Raises:
        PdfRefusal: ``pdf.later-form``, naming the place; whatever else reading them meets.
    """
    odd = check_layout(store, tuple(states)) if _is_plain(states, store.data) else None
    if odd is None or odd:
        raise PdfRefusal("pdf.later-form", odd[0].where if odd else f"@{states[0].end}")
    for before, after in itertools.pairwise(states):
        section = odd_section(before, after)
        if section:
            raise PdfRefusal("pdf.later-form", section)
        _require_back_to_back(store, before, after)
        _require_plain_text(store, before, after)


def _is_plain(states: Sequence[State], data: bytes) -> bool:
    """Whether the last revision ends with the file, and each has a plain table with a trailer like ours."""
    if states[-1].end != len(data):
        return False
    first = states[0].trailer
    for state in states[1:]:
        trailer, mine = state.trailer, state.list(state.trailer.get("ID"))
        if not {"Size", "Root", "ID", "Prev"} <= trailer.keys() <= _TRAILER or trailer.get("Type") is not None:
            return False
        if trailer["Root"] != first.get("Root") or trailer.get("Info") != first.get("Info"):
            return False
        ours = state.list(first.get("ID"))
        if len(mine) != 2 or not all(isinstance(each, PdfString) and len(each.value) == 16 for each in mine):
            return False
        if not ours or not isinstance(ours[0], PdfString) or mine[0].value != ours[0].value:  # type: ignore[union-attr]
            return False
        if any(number and (not entry.plain or entry.second or entry.first < states[0].end)
               for number, entry in state.section.entries.items()):
            return False
    return True


def _require_back_to_back(store: Store, before: State, after: State) -> None:
    """Demand that nothing but white space stands between the objects of a revision: a comment could hold anything."""
    objects = [(entry.first, store.spans[entry.first]) for number, entry in after.section.entries.items() if number]
    position = before.end
    for start, end in sorted((*objects, *after.section.places)):
        if start < position or store.data[position:start].strip(WHITE_SPACE):
            raise PdfRefusal("pdf.later-form", f"@{position}")
        position = end
    if store.data[position:after.end].strip(WHITE_SPACE):
        raise PdfRefusal("pdf.later-form", f"@{position}")


def _require_plain_text(store: Store, before: State, after: State) -> None:
    """Demand streams as an archive writes them, and of all around them printable ASCII without comments.

    What stands in the streams is evidence that authorities signed. So nothing here can be the beginning, the
    directory or an entry of a file of another format.
    """
    text, position = [], before.end
    for number, entry in sorted(after.section.entries.items(), key=lambda one: one[1].first):
        value = after.value(number) if number else None
        if not isinstance(value, Stream):
            continue
        end = store.spans[entry.first]
        if store.data[entry.first:end] != b"%d 0 obj\n<</Length %d>>\nstream\n%b\nendstream\nendobj" % (
                number, len(value.raw), value.raw):
            raise PdfRefusal("pdf.later-form", f"{number} 0 R")
        text.append(store.data[position:entry.first])
        position = end
    text.append(store.data[position:after.end])
    if not _TEXT.fullmatch(b"".join(text)):
        raise PdfRefusal("pdf.later-form", f"@{before.end}")
