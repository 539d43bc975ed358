"""Text objects of an OFD page (GB/T 33190-2016, 11): their characters, the place of each glyph, whether they are seen.

Turned or scaled text and glyph maps are not understood, but for the glyph of one character beyond the BMP.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Final

from lxml import etree

from verify.model import RectMm, TextRun
from verify.ofd_objects import Canvas, ObjectReader, numbers, rect
from verify.reasons import Refusal
from verify.xml import attributes_of, local_name, only_child, text_of

__all__ = ["paint_text"]

_GLYPH_LIMIT: Final = 1_000_000          # characters of one document
_SLACK_MM: Final = 0.2                   # a glyph may touch its boundary by so much
_DARKEST_GROUND: Final = 150.0           # text lighter than this could vanish on the paper
_SMALLEST_MM: Final = 1.0
_TEXT_ATTRIBUTES: Final = frozenset({"ID", "Boundary", "Font", "Size", "Weight", "Fill", "Visible", "Alpha"})
_CODE_ATTRIBUTES: Final = frozenset({"X", "Y", "DeltaX"})
_ONE_CHARACTER: Final = [("CodeCount", "2"), ("CodePosition", "0"), ("GlyphCount", "1")]   # in UTF-16 units
_LAST_OF_BMP: Final = 0xFFFF
_RUN: Final = re.compile(r"(?:\A|(?<=\s))g(?=\s|\Z)")


def paint_text(reader: ObjectReader, element: etree._Element, canvas: Canvas) -> None:
    """One text object: one run for each TextCode."""
    identifier = reader.identify(element, canvas)
    given = attributes_of(element)
    if not _TEXT_ATTRIBUTES.issuperset(given):
        reader.unknown_attributes(element, _TEXT_ATTRIBUTES, canvas)
    codes: list[etree._Element] = []
    transforms: list[etree._Element] = []
    fills: list[etree._Element] = []
    for child in element:
        name = local_name(child)
        if name == "TextCode":
            codes.append(child)
        elif name == "FillColor":
            fills.append(child)
        elif name == "CGTransform":
            transforms.append(child)
        else:
            reader.found.add("ofd.not-understood", canvas.where, element=f"TextObject/{name or 'comment'}")
    if len(fills) > 1:
        raise Refusal("xml.twin", canvas.where, element="FillColor")
    glyphs = _named_glyph(reader, codes, transforms, canvas) if transforms else ()
    shown = "Visible" not in given or reader.visible(element, canvas)
    box = rect(given.get("Boundary", ""), canvas.where)
    size = numbers(given.get("Size", ""), canvas.where, 1)[0]
    colour, alpha = reader.colour(fills[0] if fills else None, canvas)
    font = reader.resources.fonts.get(given.get("Font", ""))
    if font is None:
        raise Refusal("ofd.missing", canvas.where)
    program = reader.fetch(font[1]) if font[1] else b""
    if font[1] and not program:      # an empty file is no font: each reader takes one of its own
        raise Refusal("ofd.missing", font[1])
    pieces, left = [], box.x_mm
    for code in codes:
        places = attributes_of(code)
        if not _CODE_ATTRIBUTES.issuperset(places):
            reader.unknown_attributes(code, _CODE_ATTRIBUTES, canvas)
        text = code.text or ""
        reader.glyphs += len(text)
        if reader.glyphs > _GLYPH_LIMIT:
            raise Refusal("ofd.too-many", canvas.where, limit=_GLYPH_LIMIT)
        xs, y = _origins(places, text, canvas.where)
        if len(code):
            raise Refusal("ofd.text", canvas.where)
        pieces.append(text)
        if not text or not shown:
            continue
        run = TextRun(text=text, xs_mm=tuple([left + x for x in xs]), y_mm=box.y_mm + y, size_mm=size,
                      width_mm=xs[-1] - xs[0] + size, font=font[0], font_id=given.get("Font", ""),
                      colour=colour, order=canvas.order, program=program, glyphs=glyphs)
        canvas.runs.append(run)
        opaque = alpha == 255 and given.get("Alpha", "255") == "255" and given.get("Fill", "true") in ("true", "1")
        if not opaque or not _readable(run) or not _inside(xs, y, size, box, canvas):
            reader.found.add("ofd.hidden", canvas.where, id=identifier)
    canvas.objects[identifier] = "".join(pieces)


def _named_glyph(reader: ObjectReader, codes: Sequence[etree._Element], transforms: Sequence[etree._Element],
                 canvas: Canvas) -> tuple[int, ...]:
    """The glyph that a character beyond the BMP, alone in its object, names; empty for other text.

    Any other glyph map is not understood. That the glyph is the character's own is looked at with the font.
    """
    transform = transforms[0]
    text = codes[0].text or "" if codes else ""
    listed = only_child(transform, "Glyphs", canvas.where)
    glyph = text_of(listed)
    alone = (len(transforms) == len(codes) == len(text) == 1 and ord(text) > _LAST_OF_BMP
             and sorted(transform.attrib.items()) == _ONE_CHARACTER and len(transform) == 1)
    if not alone or not (glyph.isascii() and glyph.isdigit() and len(glyph) <= 5):
        reader.found.add("ofd.not-understood", canvas.where, element="TextObject/CGTransform")
        return ()
    return (int(glyph),)


def _deltas(text: str, where: str, limit: int) -> Sequence[float]:
    """DeltaX as numbers, with ``g n v`` meaning n times v."""
    if "g" not in text:
        return numbers(text, where)
    plain, *runs = _RUN.split(text)
    deltas = list(numbers(plain, where))
    for run in runs:
        count, rest = (*run.split(None, 1), "", "")[:2]
        values = numbers(rest, where)
        if not count.isascii() or not count.isdigit() or int(count) > limit or not values:
            raise Refusal("ofd.number", where, text=text)
        if len(deltas) + int(count) > limit:
            raise Refusal("ofd.text", where)
        deltas += [values[0]] * int(count)
        deltas += values[1:]
    return deltas


def _origins(places: Mapping[str, str], text: str, where: str) -> tuple[list[float], float]:
    """X of each glyph and the baseline, from the boundary's corner; one glyph a character."""
    x = numbers(places.get("X", ""), where, 1)[0]
    y = numbers(places.get("Y", ""), where, 1)[0]
    xs = list(itertools.accumulate(_deltas(places.get("DeltaX", ""), where, len(text)), initial=x))
    if len(xs) != max(1, len(text)):
        raise Refusal("ofd.text", where)
    return xs, y


def _readable(run: TextRun) -> bool:
    """Whether a person can see the text: dark enough, not tiny."""
    red, green, blue = run.colour
    return 0.299 * red + 0.587 * green + 0.114 * blue <= _DARKEST_GROUND and run.size_mm >= _SMALLEST_MM


def _inside(xs: list[float], y: float, size: float, box: RectMm, canvas: Canvas) -> bool:
    """Whether the glyphs lie inside their boundary (which clips) and on the page."""
    left, top, width, height = box
    return (min(xs) >= -_SLACK_MM and max(xs) <= width + _SLACK_MM
            and y <= height + _SLACK_MM and y - 0.7 * size >= -_SLACK_MM
            and left >= 0 and top >= 0 and left + width <= canvas.width_mm + _SLACK_MM
            and top + height <= canvas.height_mm + _SLACK_MM)
