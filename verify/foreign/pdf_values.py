"""Does a form field show its value? Some readers draw the value themselves and leave the appearance aside.

Read are appearances of the plain sort alone: dark upright text in fonts that every reader brings, on a ground within a
frame. Where an appearance holds more, or the value is more than plain text, nothing is proven.

Source: ISO 32000-2 12.7.4.3 (variable text), 12.7.5 (kinds of fields), 9.4 (text operators).
"""

from __future__ import annotations

import re
from typing import Final

from verify.foreign.pdf_annotations import inherited, is_hidden, is_void, normal_appearance
from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_store import State
from verify.foreign.pdf_walk import text_of
from verify.pdf_objects import Dict, Name, Object, PdfString, Stream, skip_space
from verify.pdf_reasons import PdfRefusal

__all__ = ["shows_value"]

_PUSH, _RICH, _COMBO = 1 << 16, 1 << 25, 1 << 17        # flags of a field
_MAX_CONTENT: Final = 1 << 16                           # bytes
_BYTES_AN_ITEM: Final = 100                             # of a value, whose work is that of one item
_OPERATOR: Final = re.compile(rb"[A-Za-z'\"][A-Za-z0-9*]*+(?![^\x00\t\n\x0c\r ()<>\[\]{}/%])")
_QUIET: Final = frozenset({
    b"BMC", b"BDC", b"EMC", b"q", b"Q", b"ET", b"Tc", b"Tw", b"RG", b"G", b"K", b"n", b"w", b"d", b"j", b"J"})
_PLACES: Final = frozenset({b"BT", b"Td", b"TD", b"Tm", b"T*", b"TL"})
_INKS: Final = frozenset({b"g", b"rg", b"k"})
_SHOWS: Final = frozenset({b"Tj", b"TJ"})
_PAINTS: Final = frozenset({b"f", b"S", b"s"})
_MAX_PAINTS: Final = 3
_SMALL: Final = 3                                       # points
_LIGHT: Final = 0.9
_PLAIN: Final = re.compile(r"[\x20-\x7e\t\r\n]*")
_SIMPLE: Final = ("Type1", "TrueType")
_OWN_CODES: Final = frozenset(range(33, 127)) - {39, 96}    # quotes differ from encoding to encoding
_Sides = tuple[float, float, float, float]


def shows_value(state: State, entries: Dict) -> bool:
    """Whether a widget provably shows the value of its field, or has no part in showing one."""
    kind = inherited(state, entries, "FT")
    picture = normal_appearance(state, entries)
    if is_hidden(state, entries) or is_void(state, entries) or kind not in ("Tx", "Ch", "Btn"):
        return True
    flags = inherited(state, entries, "Ff")
    flags = flags if isinstance(flags, int) else 0
    if kind == "Btn":
        return bool(flags & _PUSH) or _shows_state(state, entries)
    if picture is None:
        return True                     # readers draw it: told as such
    value = inherited(state, entries, "V")
    wanted = _text(state, value) if kind == "Tx" else _choice(state, entries, value, flags)
    if flags & _RICH or inherited(state, entries, "RV") is not None or wanted is None:
        return False
    shown = _shown(state, picture)
    return shown is not None and "".join(shown.split()) == "".join(wanted.split())


def _shows_state(state: State, entries: Dict) -> bool:
    """Whether a check box or radio button is in the state that is its value."""
    states = state.deref(state.dict(entries.get("AP")).get("N"))
    if not isinstance(states, dict):
        return not isinstance(states, Stream)
    value = inherited(state, entries, "V")
    if isinstance(value, PdfString):    # many may have one
        state.store.contents.count(1 + len(value.value) // _BYTES_AN_ITEM, 0)
        told = text_of(value)
    else:
        told = str(value) if isinstance(value, Name) else "Off"
    chosen = told if isinstance(state.deref(states.get(told)), Stream) else "Off"
    return (state.deref(entries.get("AS")) or "Off") == chosen


def _text(state: State, value: Object) -> str | None:
    """The text of a value; None when it is none that can be compared. Many fields may have one value: it counts."""
    if value is None:
        return ""
    size = len(value.value) if isinstance(value, PdfString) else 0
    state.store.contents.count(1 + size // _BYTES_AN_ITEM, 0)
    if size > _MAX_CONTENT:
        return None
    text = text_of(value) if isinstance(value, PdfString) else None
    return text if text is not None and _PLAIN.fullmatch(text) else None


def _choice(state: State, entries: Dict, value: Object, flags: int) -> str | None:
    """What a drop-down list shows for a value: the words of its option. Open lists are not compared."""
    options = inherited(state, entries, "Opt")
    if not flags & _COMBO or not (value is None or isinstance(value, PdfString)):
        return None
    state.store.contents.count(len(options) if isinstance(options, list) else 0, 0)
    rows = [[_text(state, state.deref(one)) for one in (each if isinstance(each, list) else [each])]
            for each in map(state.deref, options if isinstance(options, list) else ())]
    told = _text(state, value)
    places = [place for place, row in enumerate(rows) if row[:1] == [told]]
    chosen = inherited(state, entries, "I")
    if len(places) > 1 or (chosen is not None and chosen != places):
        return None
    return rows[places[0]][-1] if places else told


def _shown(state: State, picture: Stream) -> str | None:
    """All text that an appearance shows, in its order; None when it shows anything but plain dark text."""
    try:
        data = inflate(picture.raw, picture.entries, state.store.budget, "AP")
        return _Reading(state, picture).run(data) if len(data) <= _MAX_CONTENT else None
    except (PdfRefusal, _UnprovenError):
        return None                     # what cannot be read proves nothing


class _UnprovenError(Exception):
    """An appearance holds what is not read here."""


class _Reading:
    """One appearance: text in an upright line that begins inside the box and inside what is not clipped away."""

    def __init__(self, state: State, picture: Stream) -> None:
        self.state = state
        self.fonts = state.dict(state.dict(picture.entries.get("Resources")).get("Font"))
        self.area = _sides([state.deref(each) for each in state.list(picture.entries.get("BBox"))[:5]])
        self.last = self.area           # the rectangle named last
        self.x = self.y = self.leading = 0.0
        self.readable, self.dark, self.paints, self.text = False, True, 0, ""

    def run(self, data: bytes) -> str | None:
        position, operands, reader = 0, list[Object](), self.state.store.contents
        while (position := skip_space(data, position)) < len(data):
            match = _OPERATOR.match(data, position)
            if match is None:
                value, position = reader.read(data, position)
                operands.append(value)
                continue
            reader.count(1, position)
            self.operator(match[0], operands)
            position, operands = match.end(), []
        return self.text if _PLAIN.fullmatch(self.text) else None

    def operator(self, name: bytes, operands: list[Object]) -> None:
        if name == b"Tf":
            self.readable = len(operands) == 2 and _number(operands[1]) >= _SMALL and _readable(
                self.state, self.state.dict(self.fonts.get(str(operands[0]))))
        elif name in _INKS:
            self.dark = not _light(name, operands)
        elif name in _PLACES:
            self.place(name, [_number(each) for each in operands])
        elif name in (b"re", b"W"):
            self.last = _rectangle(operands) if name == b"re" else self.last
            self.area = self.area if name == b"re" else _common(self.area, self.last)
        elif name in _SHOWS:
            self.show(operands)
        elif name in _PAINTS and self.paints < _MAX_PAINTS:
            self.paints += 1            # ground and frame; more could draw figures
        elif name not in _QUIET:
            raise _UnprovenError

    def place(self, name: bytes, told: list[float]) -> None:
        """The beginning of the next line."""
        if name == b"TL" and len(told) == 1:
            self.leading = told[0]
        elif name == b"Tm" and told[:4] == [1, 0, 0, 1] and len(told) == 6:
            self.x, self.y = told[4:]
        elif name in (b"Td", b"TD") and len(told) == 2:
            self.x, self.y = self.x + told[0], self.y + told[1]
            self.leading = -told[1] if name == b"TD" else self.leading
        elif name in (b"BT", b"T*") and not told:
            self.x, self.y = (0.0, 0.0) if name == b"BT" else (self.x, self.y - self.leading)
        else:
            raise _UnprovenError

    def show(self, operands: list[Object]) -> None:
        left, bottom, right, top = self.area
        if not (self.readable and self.dark and left <= self.x <= right and bottom <= self.y <= top):
            raise _UnprovenError
        parts = [one for each in operands for one in (each if isinstance(each, list) else [each])]
        self.text += "".join(one.value.decode("latin-1") for one in parts if isinstance(one, PdfString))


def _number(value: Object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _UnprovenError
    return float(value)


def _sides(box: list[Object]) -> _Sides:
    """Left, bottom, right, top of a rectangle by two corners."""
    if len(box) != 4:
        raise _UnprovenError
    one, two, three, four = map(_number, box)
    return min(one, three), min(two, four), max(one, three), max(two, four)


def _rectangle(operands: list[Object]) -> _Sides:
    """The sides of a rectangle by corner and size."""
    if len(operands) != 4:
        raise _UnprovenError
    x, y, width, height = map(_number, operands)
    return _sides([x, y, x + width, y + height])


def _common(one: _Sides, two: _Sides) -> _Sides:
    return max(one[0], two[0]), max(one[1], two[1]), min(one[2], two[2]), min(one[3], two[3])


def _light(name: bytes, inks: list[Object]) -> bool:
    """Whether text in this colour can hardly be seen on paper."""
    parts = [float(each) if isinstance(each, (int, float)) else 1.0 for each in inks]
    return not parts or (max(parts) < 1 - _LIGHT if name == b"k" else min(parts) > _LIGHT)


def _readable(state: State, font: Dict) -> bool:
    """Whether a font is not embedded and every reader takes its letters and digits for what they are."""
    encoding = state.deref(font.get("Encoding"))
    differences = state.list(state.dict(encoding).get("Differences")) if isinstance(encoding, dict) else ()
    state.store.contents.count(len(differences), 0)
    code = 0
    for each in map(state.deref, differences):
        if isinstance(each, int):
            code = each
        elif code in _OWN_CODES:
            return False
        else:
            code += 1
    return state.deref(font.get("Subtype")) in _SIMPLE and state.deref(font.get("FontDescriptor")) is None and (
        state.deref(font.get("BaseFont")) not in ("Symbol", "ZapfDingbats"))
