"""What is reached from where in a PDF, and what an object is to people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from verify.foreign.pdf_reasons import ForeignRefusal
from verify.foreign.pdf_store import State, refs_of
from verify.foreign.pdf_xref import MAX_OBJECTS
from verify.pdf_objects import Dict, Object, PdfString, Ref, Stream

__all__ = ["Page", "Pages", "annotations_of", "box_mm", "name_of", "reached", "read_pages", "text_of"]

_MAX_PAGES: Final = 10_000
_MAX_ANNOTATIONS: Final = 4 * MAX_OBJECTS       # of all pages, which may have one list
_ANNOTATION: Final = 4                          # values that are looked at for each
_INHERITED: Final = ("Resources", "MediaBox", "CropBox", "Rotate")
_MM: Final = 25.4 / 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its number from 1, its object, its dictionary with what it inherits."""

    number: int
    ref: Ref
    entries: Dict = field(repr=False)
    inherited: Dict = field(repr=False)

    def annotations(self, state: State) -> tuple[Object, ...]:
        """The annotations as they are listed."""
        return annotations_of(state, self.entries)


Pages = tuple[Page, ...]


def annotations_of(state: State, page: Dict) -> tuple[Object, ...]:
    """The annotations that a page lists."""
    listed = tuple(state.list(page.get("Annots")))
    state.store.walk(_ANNOTATION * len(listed))
    return listed


def reached(state: State, start: Iterable[Object], *, stop: frozenset[int] = frozenset()) -> set[int]:
    """Numbers of all objects that are reached from ``start``, those that do not exist included.

    Objects of ``stop`` are reached and not entered.
    """
    seen: set[int] = set()
    walk = state.store.walk
    pending = {ref.number for value in start for ref in refs_of(value, walk)}
    while pending:
        number = pending.pop()
        if len(seen) > MAX_OBJECTS:
            raise ForeignRefusal("fpdf.too-large", "objects")
        seen.add(number)
        if number not in stop:
            links = state.links(number)
            walk(1 + len(links))
            pending.update(each for each in links if each not in seen)
    return seen


def read_pages(state: State) -> Pages:
    """The pages in order.

    Raises:
        ForeignRefusal: the page tree has a cycle, too many pages, or things that are no pages.
    """
    found: list[Page] = []
    seen: set[int] = set()
    listed = 0
    pending: list[tuple[Object, Dict]] = [(state.root.get("Pages"), {})]
    while pending:
        ref, inherited = pending.pop()
        node = state.deref(ref)
        if not isinstance(ref, Ref) or not isinstance(node, dict) or ref.number in seen or len(seen) > _MAX_PAGES:
            raise ForeignRefusal("fpdf.type", "Pages", what="Page")
        seen.add(ref.number)
        inherited = inherited | {key: node[key] for key in _INHERITED if key in node}
        kids = node.get("Kids")
        if node.get("Type") == "Page" or kids is None:
            listed += len(state.list(node.get("Annots")))
            if listed > _MAX_ANNOTATIONS:
                raise ForeignRefusal("fpdf.too-large", "Annots")
            found.append(Page(number=len(found) + 1, ref=ref, entries=node, inherited=inherited))
            continue
        pending.extend((kid, inherited) for kid in reversed(state.list(kids)))
    return tuple(found)


def name_of(state: State, number: int) -> str:
    """An object for people: its number and what it says it is."""
    value = state.value(number)
    entries = value.entries if isinstance(value, Stream) else value
    told = ""
    if isinstance(entries, dict):
        parts = (entries.get("Type"), entries.get("Subtype"), entries.get("FT"))
        told = " ".join(dict.fromkeys(str(each) for each in parts if isinstance(each, str)))
        told = told or ("stream" if isinstance(value, Stream) else "")
    elif isinstance(value, list):
        told = "array"
    return f"{number} 0 R" + (f" ({told})" if told else "")


def box_mm(state: State, value: Object) -> tuple[float, float, float, float] | None:
    """A rectangle in millimetres: left, bottom, width, height, in the page's own frame; None when it is none."""
    listed = state.list(value)
    numbers = [state.deref(each) for each in listed] if len(listed) == 4 else []
    sides = [float(each) for each in numbers if isinstance(each, (int, float)) and not isinstance(each, bool)]
    if len(sides) != 4:
        return None
    left, right = sorted((sides[0], sides[2]))
    bottom, top = sorted((sides[1], sides[3]))
    return left * _MM, bottom * _MM, (right - left) * _MM, (top - bottom) * _MM


def text_of(value: Object) -> str:
    """A text string for people; bytes that are no text become marks."""
    if not isinstance(value, PdfString):
        return ""
    raw = value.value
    if raw.startswith(b"\xfe\xff"):
        return raw[2:].decode("utf-16-be", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    return raw.decode("latin-1")
