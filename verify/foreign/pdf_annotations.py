"""What one annotation shows by itself, and what of it readers are left to decide.

An annotation is drawn from its normal appearance. Without one a reader draws what it thinks fit from other keys, or
nothing; other keys make it show on paper alone, on the screen alone, or when the pointer passes.

Source: ISO 32000-2 12.5.2 to 12.5.5 (annotations, flags, appearances), 12.5.6 (kinds), 12.7.5 (fields).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_store import State
from verify.foreign.pdf_walk import box_mm
from verify.foreign.pdf_xref import BLANK
from verify.pdf_objects import Dict, Object, Stream
from verify.pdf_reasons import PdfRefusal

__all__ = ["MEDIA", "draws_nothing", "has_no_extent", "has_picture", "inherited", "is_flat", "is_framed", "is_hidden",
           "is_off", "is_void", "is_widget", "judge_annotation", "normal_appearance"]

MEDIA: Final = frozenset({"Movie", "Sound", "Screen", "3D", "RichMedia", "Projection"})
"""Annotations that play something."""

_HIDDEN, _PRINT, _NO_VIEW = 2, 4, 32 | 256
_WORD: Final = 1 << 31
_UNDRAWN: Final = frozenset({"Link", "Popup"})          # readers draw a frame or a window; an appearance some alone
_OPENED: Final = frozenset({"Popup", "Text"})
_DRAWN: Final = frozenset({
    "Text", "FreeText", "Line", "Square", "Circle", "Polygon", "PolyLine", "Highlight", "Underline", "Squiggly",
    "StrikeOut", "Caret", "Stamp", "Ink", "FileAttachment", "Widget", "Watermark", "Redact"})
_FRAME: Final = ("BG", "BC", "CA", "I")                 # of MK
_THIN: Final = 3                                        # points; a frame no wider hides nothing
_MAX_ABOVE: Final = 8                                   # fields over a widget
_MAX_PICTURES: Final = 64                               # dictionaries of appearances


def inherited(state: State, entries: Dict, key: str) -> Object:
    """The value of a field's key, its own or that of the fields above it."""
    for _ in range(_MAX_ABOVE):
        value = state.deref(entries.get(key))
        if value is not None or "Parent" not in entries:
            return value
        entries = state.dict(entries.get("Parent"))
    return None


def normal_appearance(state: State, entries: Dict) -> Stream | None:
    """The stream that an annotation is drawn from in the state that it is in; None when there is none."""
    told = _normal(state, entries)
    if isinstance(told, dict):
        told = state.deref(told.get(str(state.deref(entries.get("AS")))))
    return told if isinstance(told, Stream) else None


def _normal(state: State, entries: Dict) -> Object:
    return state.deref(state.dict(entries.get("AP")).get("N"))


def is_off(state: State, entries: Dict) -> bool:
    """Whether an annotation of several states is in the one that shows nothing."""
    told = _normal(state, entries)
    state.store.walk(len(told) if isinstance(told, dict) else 0)
    return (isinstance(told, dict) and state.deref(entries.get("AS")) == "Off" and state.deref(told.get("Off")) is None
            and any(isinstance(state.deref(each), Stream) for each in told.values()))


def is_hidden(state: State, entries: Dict) -> bool:
    """Whether an annotation is neither shown nor printed: some readers leave flags aside that are no whole number of 32
    bits."""
    flags = state.deref(entries.get("F"))
    return type(flags) is int and -_WORD <= flags < _WORD and bool(flags & _HIDDEN)


def _flags(state: State, entries: Dict) -> int:
    flags = state.deref(entries.get("F"))
    return int(flags) if isinstance(flags, (int, float)) else 0


def has_no_extent(state: State, entries: Dict, key: str = "Rect") -> bool:
    """Whether a rectangle has neither width nor height."""
    box = box_mm(state, entries.get(key))
    return box is not None and box[2] == box[3] == 0.0


def draws_nothing(state: State, picture: Stream) -> bool:
    """Whether an appearance has no content."""
    try:
        return BLANK.fullmatch(inflate(picture.raw, picture.entries, state.store.budget, "AP")) is not None
    except PdfRefusal:
        return False


def has_picture(state: State, entries: Dict) -> bool:
    """Whether an annotation has an appearance, of whatever state and occasion, from which something can be drawn."""
    pending, told = [state.deref(entries.get("AP"))], list[Object]()
    while pending:
        one = pending.pop()
        if isinstance(one, dict) and len(told) < _MAX_PICTURES:
            told.append(one)
            state.store.walk(len(one))
            pending.extend(map(state.deref, one.values()))
        elif one is not None and not (isinstance(one, Stream) and (
                has_no_extent(state, one.entries, "BBox") or draws_nothing(state, one))):
            return True
    return False


def is_widget(state: State, entries: Dict) -> bool:
    """Whether it is the widget of a field: of other kinds readers draw icons, lines and words in any rectangle."""
    return state.deref(entries.get("Subtype")) == "Widget"


def is_void(state: State, entries: Dict) -> bool:
    """Whether nothing can be drawn: a widget whose rectangle has no extent, without an appearance or a frame, for some
    readers draw them there."""
    return is_widget(state, entries) and has_no_extent(state, entries) and not (
        has_picture(state, entries) or is_framed(state, entries))


def is_flat(state: State, entries: Dict) -> bool:
    """Whether the rectangle has no area: some readers still draw a line there."""
    box = box_mm(state, entries.get("Rect"))
    return box is not None and 0.0 in box[2:]


def is_framed(state: State, entries: Dict) -> bool:
    """Whether a widget says how readers may draw it: its ground, frame, caption or icon (MK)."""
    told = state.dict(entries.get("MK"))
    return any(state.deref(told.get(key)) not in (None, []) for key in _FRAME)


def judge_annotation(state: State, entries: Dict, kind: str) -> Iterator[str]:
    """Codes of what keeps an annotation of a kind from showing one picture everywhere."""
    if is_hidden(state, entries) or is_void(state, entries):
        return
    flags = _flags(state, entries)
    drawn = normal_appearance(state, entries) is not None
    if flags & _NO_VIEW:
        yield "fpdf.print-only"
    elif drawn and kind not in _UNDRAWN and not flags & _PRINT:
        yield "fpdf.screen-only"
    if _differs(state, entries, kind, drawn):
        yield "fpdf.reader-dependent"
    if not drawn and not is_off(state, entries) and _left_to_readers(state, entries, kind):
        yield "fpdf.no-appearance"


def _differs(state: State, entries: Dict, kind: str, drawn: bool) -> bool:
    """Whether readers are known to disagree on such an annotation, or it changes without being asked."""
    if kind not in _DRAWN | _UNDRAWN | MEDIA or (kind in _UNDRAWN and drawn):
        return True
    if _flags(state, entries) & _HIDDEN:                # and yet not to all of them
        return True
    if kind in _OPENED and state.deref(entries.get("Open")) is True:
        return True
    if is_flat(state, entries) and has_picture(state, entries):
        return True
    rolled = state.deref(state.dict(entries.get("AP")).get("R")) is not None
    return rolled or (kind == "Watermark" and state.deref(entries.get("FixedPrint")) is not None)


def _left_to_readers(state: State, entries: Dict, kind: str) -> bool:
    """Whether readers draw something of their own for what has no appearance."""
    if kind == "Widget":
        field = inherited(state, entries, "FT")
        filled = field in ("Tx", "Ch") and inherited(state, entries, "V") is not None
        return filled or field == "Btn" or is_framed(state, entries) or isinstance(_normal(state, entries), dict)
    if kind == "Link":
        return _wide_frame(state, entries)
    return kind not in {"Popup", "FileAttachment"} | MEDIA


def _wide_frame(state: State, entries: Dict) -> bool:
    """Whether the frame of a link is so wide that it hides something."""
    told = [state.deref(each) for each in state.list(entries.get("Border"))[2:3]]
    widths = (*told, state.deref(state.dict(entries.get("BS")).get("W")))
    return any(isinstance(each, (int, float)) and each > _THIN for each in widths)
