"""Is there one way alone to read what the pages of a PDF are drawn from, and how large they are?

Pages without a size and drawings without a box are given one by each reader as it likes. Content that is listed in an
odd way and streams that are damaged are mended by some readers and left out by others; what was deleted and is still
referred to is found again by some: then a signature over the bytes says little about what is seen.

Source: ISO 32000-2 7.3.8 (streams), 7.4 (filters), 7.7.3 (page tree), 7.8.2 (content streams), 8.10.2 (form XObjects).
"""

from __future__ import annotations

import zlib
from typing import Final

from verify.foreign.pdf_reasons import foreign_finding
from verify.foreign.pdf_store import State, refs_of
from verify.foreign.pdf_walk import Page, Pages, box_mm, reached
from verify.foreign.pdf_xref import FREE, MAX_NUMBER
from verify.model import Finding
from verify.pdf_file import MAX_INFLATED, MAX_TOTAL
from verify.pdf_objects import Object, Ref, Stream

__all__ = ["check_content"]

_MANY: Final = 20                        # findings
_CHUNK: Final = 1 << 16
_DRAWN: Final = ("Pages", "AcroForm", "OCProperties")       # keys of the catalog that lead to what is drawn
_FILTERS: Final = frozenset({
    "ASCIIHexDecode", "ASCII85Decode", "LZWDecode", "FlateDecode", "RunLengthDecode", "CCITTFaxDecode", "JBIG2Decode",
    "DCTDecode", "JPXDecode", "AHx", "A85", "LZW", "Fl", "RL", "CCF", "DCT"})


def check_content(state: State, pages: Pages) -> list[Finding]:
    """Look at the page tree's count, at size and content of each page, and at every stream that is reached.

    Raises:
        PdfRefusal: an object cannot be read.
    """
    found: dict[tuple[str, str], Finding] = {}

    def add(code: str, where: str) -> None:
        if len(found) < _MANY:
            found.setdefault((code, where), foreign_finding(code, where))

    if state.deref(state.dict(state.root.get("Pages")).get("Count")) != len(pages):
        add("fpdf.page-count", "Pages")
    for page in pages:
        if not _plain_content(state, page.entries.get("Contents")):
            add("fpdf.content-form", f"{page.number}")
        if not _plain_size(state, page):
            add("fpdf.page-size", f"{page.number}")
    for number in sorted(reached(state, [state.root.get(key) for key in _DRAWN])):
        if state.place(number) is None and _stood(state, number):
            add("fpdf.revived", f"{number} 0 R")
    left = MAX_TOTAL
    for number in sorted(reached(state, [state.trailer.get("Root")])):
        value = state.value(number)
        if any(_elsewhere(state, ref) for ref in refs_of(value, state.store.walk)):
            add("fpdf.revived", f"{number} 0 R")
        if not isinstance(value, Stream):
            continue
        if state.deref(value.entries.get("Subtype")) == "Form" and box_mm(state, value.entries.get("BBox")) is None:
            add("fpdf.form-box", f"{number} 0 R")
        filters = _filters(state, value)
        if any(each not in _FILTERS for each in filters):
            add("fpdf.filter", f"{number} 0 R")
        elif filters[:1] in (["FlateDecode"], ["Fl"]) and value.entries.get("Subtype") != "Image":
            size = _whole(value.raw, min(left, MAX_INFLATED))
            left -= max(size, 0)
            if size < 0:
                add("fpdf.stream-damaged", f"{number} 0 R")
    return list(found.values())


def _stood(state: State, number: int) -> bool:
    """Whether some revision had an object of a number."""
    return any(section.entries.get(number, FREE) != FREE for section in state.store.chain.sections)


def _elsewhere(state: State, ref: Ref) -> bool:
    """Whether a reference that leads to nothing leads to an object by its number alone, cut to a few bytes or not."""
    return ref.number > MAX_NUMBER or (state.place(ref.number) is not None and not state.leads(ref))


def _plain_content(state: State, value: Object) -> bool:
    """Nothing, one stream, or an array of references to streams."""
    told = state.deref(value)
    if isinstance(told, list):
        state.store.walk(len(told))
        return all(isinstance(each, Ref) and isinstance(state.deref(each), Stream) for each in told)
    return told is None or (isinstance(value, Ref) and isinstance(told, Stream))


def _plain_size(state: State, page: Page) -> bool:
    """A page with an area of which a part is shown, turned by right angles, in a unit of some size."""
    told = page.inherited
    media = box_mm(state, told.get("MediaBox"))
    crop = box_mm(state, told["CropBox"]) if state.deref(told.get("CropBox")) is not None else media
    turn, unit = state.deref(told.get("Rotate")), state.deref(page.entries.get("UserUnit"))
    if media is None or crop is None or not (turn is None or (type(turn) is int and turn % 90 == 0)):
        return False
    sides = [min(media[place] + media[place + 2], crop[place] + crop[place + 2]) - max(media[place], crop[place])
             for place in (0, 1)]
    return min(sides) > 0 and (unit is None or (isinstance(unit, (int, float)) and unit > 0))


def _filters(state: State, stream: Stream) -> list[str]:
    """Names of the filters; what is no name is told as the empty one."""
    told = state.deref(stream.entries.get("Filter"))
    listed = state.counted(told) if isinstance(told, list) else [] if told is None else [told]
    return [each if isinstance(each, str) else "" for each in map(state.deref, listed)]


def _whole(raw: bytes, limit: int) -> int:
    """How much a zlib stream holds; -1 when it is damaged, cut off, over the limit, or followed by more."""
    inflater, size = zlib.decompressobj(), 0
    try:
        left = raw
        while left and not inflater.eof and size <= limit:
            size += len(inflater.decompress(left, _CHUNK))
            left = inflater.unconsumed_tail
    except zlib.error:
        return -1
    return size if inflater.eof and size <= limit and not inflater.unused_data.strip(b"\r\n") else -1
