"""What the objects of an OFD page have in common: numbers, boxes, colours, resources, IDs, and the page they paint on.

What could change the picture in a way not understood here is named.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from layouts.released import Shape
from verify.model import Bitmap, PictureBox, RectMm, TextRun
from verify.reasons import Findings, Refusal
from verify.xml import COMMENT, attributes_of, local_name, only_child, text_of

__all__ = ["Canvas", "Fetch", "ObjectReader", "Resources", "numbers", "rect", "short_numbers"]

_OBJECT_LIMIT: Final = 100_000           # page objects of one document, templates counted on each page
_COLOUR_ATTRIBUTES: Final = frozenset({"Value", "Alpha", "ColorSpace"})
_SHORT: Final = 48                       # characters of a text whose numbers are remembered
_NUMBERS: Final = re.compile(r"\s*+(?:[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+(?:\s++|\Z))*+")

Fetch = Callable[[str], bytes]


def numbers(text: str, where: str, count: int | None = None) -> tuple[float, ...]:
    """Numbers separated by white space, each within a million of 0.

    Raises:
        Refusal: ``ofd.number``.
    """
    values = short_numbers(text) if len(text) < _SHORT else _read_numbers(text)
    if values is None or (count is not None and len(values) != count):
        raise Refusal("ofd.number", where, text=text)
    return values


def _read_numbers(text: str) -> tuple[float, ...] | None:
    """The numbers of a text; None when one is none, or out of all bounds."""
    if not _NUMBERS.fullmatch(text):
        return None
    values = tuple(map(float, text.split()))
    return values if min(values, default=0) > -1e6 and max(values, default=0) < 1e6 else None


short_numbers = functools.lru_cache(maxsize=8192)(_read_numbers)


def rect(text: str, where: str) -> RectMm:
    """A box ``x y width height`` in millimetres."""
    x, y, width, height = numbers(text, where, 4)
    if width < 0 or height < 0:
        raise Refusal("ofd.number", where, text=text)
    return RectMm(x, y, width, height)


def _read_colour(value: str, alpha: str) -> tuple[tuple[int, int, int], int] | None:
    """A colour and its alpha as whole numbers; None when it is neither grey nor RGB, out of bounds or no number."""
    values, opacities = _read_numbers(value), _read_numbers(alpha)
    if values is None or opacities is None or len(opacities) != 1:
        return None
    whole, opacity = [round(each) for each in values], round(opacities[0])
    red, green, blue = whole * 3 if len(whole) == 1 else whole if len(whole) == 3 else (-1, -1, -1)
    in_bounds = min(red, green, blue, opacity) >= 0 and max(red, green, blue, opacity) <= 255
    return ((red, green, blue), opacity) if in_bounds else None


_short_colour = functools.lru_cache(maxsize=1024)(_read_colour)


@dataclass(slots=True)
class Resources:
    """Fonts and pictures by resource ID."""

    fonts: dict[str, tuple[str, str]] = field(default_factory=dict)      # ID → (name, entry)
    media: dict[str, str] = field(default_factory=dict)                  # ID → entry
    colour_spaces: dict[str, str] = field(default_factory=dict)          # ID → type

    def read(self, root: etree._Element, path: str, base: str,
             resolve: Callable[[str, str], str], found: Findings) -> None:
        """Take in one resource file."""
        for group in root:
            for element in group:
                self._one(element, path, base, resolve, found)

    def _one(self, element: etree._Element, path: str, base: str,
             resolve: Callable[[str, str], str], found: Findings) -> None:
        """Take in one resource."""
        name, identifier = local_name(element), element.get("ID", "")
        if identifier in self.fonts or identifier in self.media or identifier in self.colour_spaces:
            raise Refusal("ofd.twin-id", path, id=identifier)
        if name == "Font":
            file = text_of(only_child(element, "FontFile", path))
            self.fonts[identifier] = (element.get("FontName", ""), resolve(base, file) if file else "")
            if not file:
                found.add("ofd.font-not-embedded", path, font=element.get("FontName", ""))
        elif name == "MultiMedia" and element.get("Type") == "Image":
            self.media[identifier] = resolve(base, text_of(only_child(element, "MediaFile", path)))
        elif name == "ColorSpace" and element.get("Type") in ("RGB", "GRAY"):
            self.colour_spaces[identifier] = element.get("Type", "")
        else:
            found.add("ofd.not-understood", path, element=name or COMMENT)

    def font_files(self) -> list[str]:
        """Entries that hold fonts."""
        return [file for _, file in self.fonts.values() if file]

    def font_list(self) -> list[tuple[str, str, str]]:
        """(resource ID, font name, entry) of each font."""
        return [(identifier, name, file) for identifier, (name, file) in self.fonts.items()]


@dataclass(slots=True)
class Canvas:
    """What one page has painted so far."""

    where: str
    width_mm: float
    height_mm: float
    order: int = 0
    runs: list[TextRun] = field(default_factory=list)
    pictures: list[PictureBox] = field(default_factory=list)
    fills: list[tuple[int, RectMm]] = field(default_factory=list)
    strokes: list[tuple[int, RectMm]] = field(default_factory=list)     # after the first picture
    dark: list[RectMm] = field(default_factory=list)     # of the page itself, not of its template
    on_page: bool = False
    grounds: list[str] = field(default_factory=list)     # digests of the templates
    shapes: list[Shape] = field(default_factory=list)    # of the page itself
    objects: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class ObjectReader:
    """What the objects of all pages of one document share: resources, IDs, what was found, and what is counted."""

    resources: Resources
    fetch: Fetch
    found: Findings
    ids: set[str] = field(default_factory=set)
    objects: int = 0
    glyphs: int = 0
    loaders: dict[str, Callable[[], Bitmap]] = field(default_factory=dict)

    def count(self, elements: int, canvas: Canvas) -> None:
        """Count what is to be looked at one by one."""
        self.objects += elements
        if self.objects > _OBJECT_LIMIT:
            raise Refusal("ofd.too-many", canvas.where, limit=_OBJECT_LIMIT)

    def identify(self, element: etree._Element, canvas: Canvas) -> str:
        """The object's ID; IDs are unique over the document."""
        identifier = element.get("ID", "")
        if not identifier or identifier in canvas.ids:
            self.found.add("ofd.twin-id", canvas.where, id=identifier)
        canvas.ids.add(identifier)
        return identifier

    def unknown_attributes(self, element: etree._Element, known: frozenset[str], canvas: Canvas) -> None:
        """Name attributes that could change the picture in a way not understood here."""
        for key in element.attrib:
            if key not in known:
                self.found.add("ofd.not-understood", canvas.where, element=f"{local_name(element)}@{key!s}")

    def unknown_children(self, element: etree._Element, known: frozenset[str], canvas: Canvas) -> None:
        """Name children that could change the picture in a way not understood here."""
        for child in element:
            if local_name(child) not in known:
                self.found.add("ofd.not-understood", canvas.where,
                               element=f"{local_name(element)}/{local_name(child) or 'comment'}")

    def visible(self, element: etree._Element, canvas: Canvas) -> bool:
        """Whether an object is painted at all; one that is not hides something."""
        if element.get("Visible", "true") not in ("true", "1"):
            self.found.add("ofd.hidden", canvas.where, id=element.get("ID", ""))
            return False
        return True

    def colour(self, element: etree._Element | None, canvas: Canvas) -> tuple[tuple[int, int, int], int]:
        """A colour and its alpha (0 to 255); black when there is none."""
        if element is None:
            return (0, 0, 0), 255
        given = attributes_of(element)
        if not _COLOUR_ATTRIBUTES.issuperset(given):
            self.unknown_attributes(element, _COLOUR_ATTRIBUTES, canvas)
        if len(element):
            self.unknown_children(element, frozenset(), canvas)
        value, alpha = given.get("Value", "0 0 0"), given.get("Alpha", "255")
        read = (_short_colour if len(value) + len(alpha) < _SHORT else _read_colour)(value, alpha)
        if read is None:
            raise Refusal("ofd.number", canvas.where, text=value)
        return read
