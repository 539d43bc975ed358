"""Text objects of an OFD as the outlines of their glyphs (GB/T 33190-2016, 11)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from lxml import etree

from verify.drawing.ofd_paint import first
from verify.drawing.ofd_scope import Scope
from verify.drawing.outlines import Outlines
from verify.drawing.svg import numbers_of
from verify.xml import local_name, text_of

__all__ = ["Glyphs"]

_RUN_LIMIT: Final = 20_000              # characters of one TextCode
_LAST_OF_BMP: Final = 0xFFFF


class Glyphs:
    """The glyphs of one page; each outline stands once in the page's definitions.

    Args:
        lacks: gets ``font`` where a face of ours stands for one that is not embedded or cannot be read.
    """

    def __init__(self, scope: Scope, defs: list[str], lacks: set[str]) -> None:
        self._scope, self._defs, self._lacks = scope, defs, lacks
        self._known: dict[tuple[int, int], str] = {}
        self._kept: list[Outlines] = []          # so that no two fonts of a page share an identity

    def of(self, element: etree._Element) -> str:
        """The uses of all glyphs of a TextObject, in its own coordinates."""
        name, entry = self._scope.fonts.get(element.get("Font", ""), ("", ""))
        font = self._scope.package.font(entry) if entry else None
        size = (numbers_of(element.get("Size")) or [0.0])[0]
        stretch = (numbers_of(element.get("HScale")) or [1.0])[0]
        turn = (numbers_of(element.get("CharDirection")) or [0.0])[0]
        if not 0 < size < 1e5:
            return ""
        pieces: list[str] = []
        pending: list[etree._Element] = []
        for child in element:
            if local_name(child) == "CGTransform":
                pending.append(child)
            elif local_name(child) == "TextCode":
                pieces += self._run(child, pending, font, name, size, stretch, turn)
                pending = []
        return "".join(pieces)

    def _run(self, code: etree._Element, transforms: list[etree._Element], font: Outlines | None, name: str,
             size: float, stretch: float, turn: float) -> Iterator[str]:
        text = (code.text or "")[:_RUN_LIMIT]
        x, y = (numbers_of(code.get(axis)) or [0.0] for axis in ("X", "Y"))
        xs, ys = _deltas(code.get("DeltaX")), _deltas(code.get("DeltaY"))
        px, py = x[0], y[0]
        for index, (char, glyph) in enumerate(_mapped(text, transforms)):
            self._scope.package.budget.object()
            outlines, found = self._choose(char, glyph, font, name)
            advance = size
            if outlines is not None and found is not None:
                scale = size / outlines.units
                advance = outlines.advance(found) * scale * stretch
                if (reference := self._outline(outlines, found)) is not None:
                    yield _used(reference, px, py, scale, stretch, turn)
            elif not char.isspace() and char:
                self._lacks.add("font")
            if xs or ys:
                px += xs[min(index, len(xs) - 1)] if xs and index < len(xs) else 0.0
                py += ys[index] if index < len(ys) else 0.0
            else:
                px += advance

    def _choose(self, char: str, glyph: int | None, font: Outlines | None, name: str,
                ) -> tuple[Outlines | None, int | None]:
        """The font and the glyph that draw a character; the embedded font first."""
        if font is not None:
            found = glyph if glyph is not None else font.glyph(char) if char else None
            if found is not None and font.path(found) is not None:
                return font, found
        if char and not char.isspace():
            for outlines in self._scope.package.substitutes(name):
                if (found := outlines.glyph(char)) is not None:
                    self._lacks.add("font")
                    return outlines, found
        return None, None

    def _outline(self, outlines: Outlines, glyph: int) -> str | None:
        """The name of an outline among the definitions, None for a blank."""
        key = id(outlines), glyph
        if key not in self._known:
            path = outlines.path(glyph) or ""
            self._known[key] = f"g{len(self._known)}" if path else ""
            self._kept.append(outlines)
            if path:
                text = f'<path id="{self._known[key]}" d="{path}"/>'
                self._scope.package.budget.write(len(text))
                self._defs.append(text)
        return self._known[key] or None


def _used(reference: str, x: float, y: float, scale: float, stretch: float, turn: float) -> str:
    """One glyph at its place; outlines have y upwards."""
    if turn % 360:
        angle = math.radians(turn)
        cos, sin = math.cos(angle), math.sin(angle)
        matrix = (scale * stretch * cos, scale * stretch * sin, scale * sin, -scale * cos, x, y)
    else:
        matrix = (scale * stretch, 0.0, 0.0, -scale, x, y)
    return f'<use href="#{reference}" transform="matrix({" ".join(f"{value:.6g}" for value in matrix)})"/>'


def _deltas(text: str | None) -> list[float]:
    """DeltaX or DeltaY, with ``g n v`` meaning n times v; [] where it is malformed."""
    if not text:
        return []
    values: list[float] = []
    pieces = iter(text.replace(",", " ").split())
    for piece in pieces:
        if piece == "g":
            count, value = numbers_of(next(pieces, "x")), numbers_of(next(pieces, "x"))
            if not count or not value or not 0 <= count[0] <= _RUN_LIMIT:
                return []
            values += value * int(count[0])
        else:
            one = numbers_of(piece)
            if not one:
                return []
            values += one
        if len(values) > 2 * _RUN_LIMIT:
            return []
    return values


def _mapped(text: str, transforms: list[etree._Element]) -> Iterator[tuple[str, int | None]]:
    """Each glyph to be drawn: its character, and the glyph that a CGTransform names for it.

    Positions count in units of UTF-16, as they do in the field.
    """
    named: dict[int, tuple[int, list[int]]] = {}
    for transform in transforms:
        glyphs = numbers_of(text_of(first(transform, "Glyphs")))
        position = numbers_of(transform.get("CodePosition"))
        count = numbers_of(transform.get("CodeCount") or "1")
        if glyphs and position and count and all(0 <= each < 65536 for each in glyphs):
            named[int(position[0])] = (max(int(count[0]), 1), [int(each) for each in glyphs])
    position_of, unit = [], 0
    for char in text:
        position_of.append(unit)
        unit += 2 if ord(char) > _LAST_OF_BMP else 1
    index = 0
    while index < len(text):
        units, listed = named.get(position_of[index], (0, []))
        if not units:
            yield text[index], None
            index += 1
            continue
        start, end = index, position_of[index] + units
        while index < len(text) and position_of[index] < end:
            index += 1
        for place, glyph in enumerate(listed):
            yield (text[start + place] if start + place < index else ""), glyph
