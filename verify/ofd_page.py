"""What an OFD page shows: text with the place of each glyph, pictures, and what lies over what.

Read are text, paths and pictures in layers, and templates below them. Whatever else could paint (actions,
composite objects, patterns, masks, turned or scaled text, glyph maps) is named as not understood.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from certs.sm3 import sm3
from layouts.released import Paint, Shape, template_digest
from verify.jpeg import is_jpeg, jpeg_bitmap, jpeg_size
from verify.model import Bitmap, PageView, PictureBox, RectMm, TextRun
from verify.ofd_shading import check_shading, is_shaded
from verify.ofd_shape import shape_of
from verify.png import png_bitmap, png_size
from verify.reasons import Findings, Refusal
from verify.xml import (
    OFD_NAMESPACES,
    attributes_of,
    foreign_elements,
    local_name,
    only_child,
    parse_xml,
    text_of,
)

__all__ = ["PageReader", "Resources", "numbers", "rect"]

_GROUND_LIMIT: Final = 1 << 20           # bytes of a template page that is remembered
_TEMPLATES_LIMIT: Final = 4 << 20        # bytes of all template pages of one document
_OBJECT_LIMIT: Final = 100_000           # page objects of one document, templates counted on each page
_PAIR_LIMIT: Final = 2_000_000           # comparisons of what lies over what, in one document
_SLACK_MM: Final = 0.2                   # a glyph may touch its boundary by so much
_DARKEST_GROUND: Final = 150.0           # text lighter than this could vanish on the paper
_SMALLEST_MM: Final = 1.0
_LIGHTEST_TEXT: Final = 200.0            # a fill as light as this is paper
_TEXT_ATTRIBUTES: Final = frozenset({"ID", "Boundary", "Font", "Size", "Weight", "Fill", "Visible", "Alpha"})
_CODE_ATTRIBUTES: Final = frozenset({"X", "Y", "DeltaX"})
_COLOUR_ATTRIBUTES: Final = frozenset({"Value", "Alpha", "ColorSpace"})
_ONE_CHARACTER: Final = [("CodeCount", "2"), ("CodePosition", "0"), ("GlyphCount", "1")]   # in UTF-16 units
_LAST_OF_BMP: Final = 0xFFFF
_PATH_ATTRIBUTES: Final = frozenset({"ID", "Boundary", "LineWidth", "Stroke", "Fill", "Rule", "Visible",
                                     "Alpha", "Cap", "Join", "MiterLimit", "DashOffset", "DashPattern"})
_IMAGE_ATTRIBUTES: Final = frozenset({"ID", "Boundary", "CTM", "ResourceID", "Visible", "Alpha"})

_UNSEEN: Final = Paint()                 # neither filled nor stroked
_GLYPH_LIMIT: Final = 1_000_000          # characters of one document
_SHORT: Final = 48                       # characters of a text whose numbers are remembered
_NUMBERS: Final = re.compile(r"\s*+(?:[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+(?:\s++|\Z))*+")
_RUN: Final = re.compile(r"(?:\A|(?<=\s))g(?=\s|\Z)")

Fetch = Callable[[str], bytes]
FetchXml = Callable[[str, str], etree._Element]


def numbers(text: str, where: str, count: int | None = None) -> tuple[float, ...]:
    """Numbers separated by white space, each within a million of 0.

    Raises:
        Refusal: ``ofd.number``.
    """
    values = _short_numbers(text) if len(text) < _SHORT else _read_numbers(text)
    if values is None or (count is not None and len(values) != count):
        raise Refusal("ofd.number", where, text=text)
    return values


def _read_numbers(text: str) -> tuple[float, ...] | None:
    """The numbers of a text; None when one is none, or out of all bounds."""
    if not _NUMBERS.fullmatch(text):
        return None
    values = tuple(map(float, text.split()))
    return values if min(values, default=0) > -1e6 and max(values, default=0) < 1e6 else None


_short_numbers = functools.lru_cache(maxsize=8192)(_read_numbers)


def rect(text: str, where: str) -> RectMm:
    """A box ``x y width height`` in millimetres."""
    x, y, width, height = numbers(text, where, 4)
    if width < 0 or height < 0:
        raise Refusal("ofd.number", where, text=text)
    return RectMm(x, y, width, height)


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
            found.add("ofd.not-understood", path, element=name or "comment")

    def font_files(self) -> list[str]:
        """Entries that hold fonts."""
        return [file for _, file in self.fonts.values() if file]

    def font_list(self) -> list[tuple[str, str, str]]:
        """(resource ID, font name, entry) of each font."""
        return [(identifier, name, file) for identifier, (name, file) in self.fonts.items()]


@dataclass(slots=True)
class _Canvas:
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


@dataclass(slots=True)
class PageReader:
    """Reads pages of one document; templates are painted below."""

    resources: Resources
    templates: Mapping[str, str]
    fetch_xml: FetchXml
    fetch: Fetch
    found: Findings
    default_box: RectMm | None
    ids: set[str] = field(default_factory=set)
    objects: int = 0
    glyphs: int = 0
    pairs: int = 0
    _painted: dict[str, int] = field(default_factory=dict)     # bytes of each template page that was painted
    _loaders: dict[str, Callable[[], Bitmap]] = field(default_factory=dict)

    def read(self, path: str, number: int) -> tuple[PageView, dict[str, str]]:
        """What the page in the entry ``path`` shows, and its text objects by ID."""
        root = self.fetch_xml(path, "Page")
        box = self._page_box(root, path)
        canvas = _Canvas(where=path, width_mm=box.width_mm, height_mm=box.height_mm, ids=self.ids)
        self._count(len(root), canvas)
        for child in root:
            name = local_name(child)
            if name == "Template":
                self._template(child, canvas)
            elif name not in ("Area", "Content"):
                self.found.add("ofd.not-understood", path, element=name or "comment")
        content = only_child(root, "Content", path)
        canvas.on_page = True
        if content is not None:
            self._layers(content, canvas)
        self._overlaid(canvas)
        view = PageView(number=number, width_mm=box.width_mm, height_mm=box.height_mm,
                        runs=tuple(canvas.runs), pictures=tuple(canvas.pictures), grounds=tuple(canvas.grounds),
                        shapes=tuple(canvas.shapes))
        return view, canvas.objects

    def _page_box(self, root: etree._Element, path: str) -> RectMm:
        """The page's physical box; its origin must be 0 0."""
        area = only_child(root, "Area", path)
        element = only_child(area, "PhysicalBox", path) if area is not None else None
        box = rect(text_of(element), path) if element is not None else self.default_box
        if box is None or box.x_mm or box.y_mm or not box.width_mm or not box.height_mm:
            raise Refusal("ofd.structure", path, detail="PhysicalBox")
        return box

    def _template(self, element: etree._Element, canvas: _Canvas) -> None:
        """Paint a template page below the page."""
        path = self.templates.get(element.get("TemplateID", ""))
        if path is None:
            raise Refusal("ofd.missing", canvas.where)
        if element.get("ZOrder", "Background") != "Background":
            self.found.add("ofd.not-understood", canvas.where, element="Template ZOrder")
        data = self.fetch(path)
        again = path in self._painted
        self._painted[path] = len(data)
        if sum(self._painted.values()) > _TEMPLATES_LIMIT:
            raise Refusal("ofd.too-many", path, limit=_TEMPLATES_LIMIT)
        canvas.grounds.append(template_digest(data))
        ground = _ground(data) if len(data) <= _GROUND_LIMIT else None
        ids = canvas.ids
        if again:
            canvas.ids = set()           # a second use of the same objects is no second ID
        if ground is not None and canvas.ids.isdisjoint(ground.ids):
            canvas.ids |= ground.ids
            canvas.fills += [(canvas.order + order, box) for order, box in ground.fills]
            canvas.order += ground.objects
            self.objects += ground.objects
        else:
            content = only_child(self.fetch_xml(path, "Page"), "Content", path)
            if content is not None:
                self._layers(content, canvas)
        canvas.ids = ids

    def _layers(self, content: etree._Element, canvas: _Canvas) -> None:
        """Paint the layers in their order."""
        self._count(len(content), canvas)
        for layer in content:
            if local_name(layer) != "Layer":
                self.found.add("ofd.not-understood", canvas.where, element=local_name(layer) or "comment")
                continue
            self._unknown_attributes(layer, frozenset({"ID", "Type"}), canvas)
            if layer.get("Type", "Body") not in ("Body", "Background"):
                self.found.add("ofd.not-understood", canvas.where, element="Layer Type")
            self._identify(layer, canvas)
            self._objects(layer, canvas)

    def _objects(self, parent: etree._Element, canvas: _Canvas) -> None:
        """Paint the objects of a layer."""
        self._count(len(parent), canvas)
        for element in parent:
            canvas.order += 1
            name = local_name(element)
            if name == "PathObject":
                self._path(element, canvas)
            elif name == "TextObject":
                self._text(element, canvas)
            elif name == "ImageObject":
                self._image(element, canvas)
            else:
                self.found.add("ofd.not-understood", canvas.where, element=name or "comment")

    def _count(self, elements: int, canvas: _Canvas) -> None:
        """Count what is to be looked at one by one."""
        self.objects += elements
        if self.objects > _OBJECT_LIMIT:
            raise Refusal("ofd.too-many", canvas.where, limit=_OBJECT_LIMIT)

    def _identify(self, element: etree._Element, canvas: _Canvas) -> str:
        """The object's ID; IDs are unique over the document."""
        identifier = element.get("ID", "")
        if not identifier or identifier in canvas.ids:
            self.found.add("ofd.twin-id", canvas.where, id=identifier)
        canvas.ids.add(identifier)
        return identifier

    def _unknown_attributes(self, element: etree._Element, known: frozenset[str], canvas: _Canvas) -> None:
        """Name attributes that could change the picture in a way not understood here."""
        for key in element.attrib:
            if key not in known:
                self.found.add("ofd.not-understood", canvas.where, element=f"{local_name(element)}@{key!s}")

    def _unknown_children(self, element: etree._Element, known: frozenset[str], canvas: _Canvas) -> None:
        """Name children that could change the picture in a way not understood here."""
        for child in element:
            if local_name(child) not in known:
                self.found.add("ofd.not-understood", canvas.where,
                               element=f"{local_name(element)}/{local_name(child) or 'comment'}")

    def _visible(self, element: etree._Element, canvas: _Canvas) -> bool:
        """Whether an object is painted at all; one that is not hides something."""
        if element.get("Visible", "true") not in ("true", "1"):
            self.found.add("ofd.hidden", canvas.where, id=element.get("ID", ""))
            return False
        return True

    def _text(self, element: etree._Element, canvas: _Canvas) -> None:
        """One text object: one run for each TextCode."""
        identifier = self._identify(element, canvas)
        given = attributes_of(element)
        if not _TEXT_ATTRIBUTES.issuperset(given):
            self._unknown_attributes(element, _TEXT_ATTRIBUTES, canvas)
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
                self.found.add("ofd.not-understood", canvas.where, element=f"TextObject/{name or 'comment'}")
        if len(fills) > 1:
            raise Refusal("xml.twin", canvas.where, element="FillColor")
        glyphs = self._named_glyph(codes, transforms, canvas) if transforms else ()
        shown = "Visible" not in given or self._visible(element, canvas)
        box = rect(given.get("Boundary", ""), canvas.where)
        size = numbers(given.get("Size", ""), canvas.where, 1)[0]
        colour, alpha = self._colour(fills[0] if fills else None, canvas)
        font = self.resources.fonts.get(given.get("Font", ""))
        if font is None:
            raise Refusal("ofd.missing", canvas.where)
        program = self.fetch(font[1]) if font[1] else b""
        if font[1] and not program:      # an empty file is no font: each reader takes one of its own
            raise Refusal("ofd.missing", font[1])
        pieces, left = [], box.x_mm
        for code in codes:
            places = attributes_of(code)
            if not _CODE_ATTRIBUTES.issuperset(places):
                self._unknown_attributes(code, _CODE_ATTRIBUTES, canvas)
            text = code.text or ""
            self.glyphs += len(text)
            if self.glyphs > _GLYPH_LIMIT:
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
                self.found.add("ofd.hidden", canvas.where, id=identifier)
        canvas.objects[identifier] = "".join(pieces)

    def _named_glyph(self, codes: Sequence[etree._Element], transforms: Sequence[etree._Element],
                     canvas: _Canvas) -> tuple[int, ...]:
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
            self.found.add("ofd.not-understood", canvas.where, element="TextObject/CGTransform")
            return ()
        return (int(glyph),)

    def _colour(self, element: etree._Element | None, canvas: _Canvas) -> tuple[tuple[int, int, int], int]:
        """A colour and its alpha (0 to 255); black when there is none."""
        if element is None:
            return (0, 0, 0), 255
        given = attributes_of(element)
        if not _COLOUR_ATTRIBUTES.issuperset(given):
            self._unknown_attributes(element, _COLOUR_ATTRIBUTES, canvas)
        if len(element):
            self._unknown_children(element, frozenset(), canvas)
        value, alpha = given.get("Value", "0 0 0"), given.get("Alpha", "255")
        read = (_short_colour if len(value) + len(alpha) < _SHORT else _read_colour)(value, alpha)
        if read is None:
            raise Refusal("ofd.number", canvas.where, text=value)
        return read

    def _path(self, element: etree._Element, canvas: _Canvas) -> None:
        """One path: a filled one can cover what lies below, a stroked one at least a picture."""
        self._identify(element, canvas)
        self._unknown_attributes(element, _PATH_ATTRIBUTES, canvas)
        self._unknown_children(element, frozenset({"FillColor", "StrokeColor", "AbbreviatedData"}), canvas)
        self._visible(element, canvas)
        box = rect(element.get("Boundary", ""), canvas.where)
        fill, stroke = (only_child(element, name, canvas.where) for name in ("FillColor", "StrokeColor"))
        self._colour(stroke, canvas)
        if fill is not None and is_shaded(fill):
            check_shading(fill, canvas.where, self.found)
        else:
            self._colour(fill, canvas)
        filled = element.get("Fill", "false") in ("true", "1")
        if filled:
            canvas.fills.append((canvas.order, box))
        elif canvas.pictures:
            width = numbers(element.get("LineWidth", "0.353"), canvas.where, 1)[0]
            canvas.strokes.append((canvas.order, _grown(box, width / 2)))
        if canvas.on_page:
            shape = shape_of(element, box)
            if shape.paint != _UNSEEN:
                canvas.shapes.append(shape)
            if filled and _is_dark(fill):
                canvas.dark.append(box)

    def _image(self, element: etree._Element, canvas: _Canvas) -> None:
        """One picture."""
        identifier = self._identify(element, canvas)
        self._unknown_attributes(element, _IMAGE_ATTRIBUTES, canvas)
        self._unknown_children(element, frozenset(), canvas)
        if not self._visible(element, canvas):
            return
        box = rect(element.get("Boundary", ""), canvas.where)
        path = self.resources.media.get(element.get("ResourceID", ""))
        if path is None:
            raise Refusal("ofd.missing", canvas.where)
        data = self.fetch(path)
        matrix = numbers(element.get("CTM") or f"{box.width_mm} 0 0 {box.height_mm} 0 0", canvas.where, 6)
        whole = (abs(matrix[0] - box.width_mm) < 0.01 and abs(matrix[3] - box.height_mm) < 0.01
                 and not any(matrix[index] for index in (1, 2, 4, 5)))
        if not whole or element.get("Alpha", "255") != "255":
            self.found.add("ofd.not-understood", canvas.where, element="ImageObject@CTM")
        jpeg = is_jpeg(data)
        width, height = jpeg_size(data) if jpeg else png_size(data)
        canvas.objects[identifier] = posixpath.basename(path)
        canvas.pictures.append(PictureBox(
            name=posixpath.basename(path), box=box, digest=hashlib.sha256(data).hexdigest(),
            load=self._loaders.setdefault(path, _loader(data)), width_px=width, height_px=height,
            order=canvas.order, upright=whole, sm3=sm3(data).hex() if jpeg else ""))

    def _overlaid(self, canvas: _Canvas) -> None:
        """Name text that a later picture or filled path may cover, or that lies on dark.

        And pictures on which anything at all is drawn later: a photo or a QR code is drawn over with lines too.
        """
        pictures = [(picture.order, picture.box) for picture in canvas.pictures]
        texts = [(run.order, run.box) for run in canvas.runs]
        self._compare(len(texts) * len(canvas.dark), canvas)
        if any(box.overlaps(text) for box in canvas.dark for _, text in texts):
            self.found.add("ofd.hidden", canvas.where, id="—")
        covers, over = [*canvas.fills, *pictures], [*canvas.strokes, *texts]
        self._compare(len(pictures) * len(over), canvas)
        if any(order > own and box.overlaps(picture) for own, picture in pictures for order, box in over):
            self.found.add("ofd.covered", canvas.where)
        last = max((order for order, _ in covers), default=0)
        below = [(order, box) for order, box in (*texts, *pictures) if order < last]
        self._compare(len(below) * len(covers), canvas)
        if any(later > order and cover.overlaps(box) for order, box in below for later, cover in covers):
            self.found.add("ofd.covered", canvas.where)

    def _compare(self, pairs: int, canvas: _Canvas) -> None:
        """Count what is to be held against each other."""
        self.pairs += pairs
        if self.pairs > _PAIR_LIMIT:
            raise Refusal("ofd.too-many", canvas.where, limit=_PAIR_LIMIT)


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


def _grown(box: RectMm, by_mm: float) -> RectMm:
    """The box with a margin around it."""
    return RectMm(x_mm=box.x_mm - by_mm, y_mm=box.y_mm - by_mm, width_mm=box.width_mm + 2 * by_mm,
                  height_mm=box.height_mm + 2 * by_mm)


def _is_dark(fill: etree._Element | None) -> bool:
    """Whether text on this colour might not be seen; a gradient's plain value is its mean."""
    values = _short_numbers(fill.get("Value", "0 0 0")) if fill is not None else (0.0, 0.0, 0.0)
    if values is None or len(values) != 3:
        return True
    return 0.299 * values[0] + 0.587 * values[1] + 0.114 * values[2] < _LIGHTEST_TEXT


def _loader(data: bytes) -> Callable[[], Bitmap]:
    """Decode these bytes when asked; no pixels are kept here: a file may hold many pictures."""
    return functools.partial(jpeg_bitmap if is_jpeg(data) else png_bitmap, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What a template page paints, when that is nothing but well-formed paths."""

    ids: frozenset[str]
    fills: tuple[tuple[int, RectMm], ...]
    objects: int


@functools.lru_cache(maxsize=32)
def _ground(data: bytes) -> _Ground | None:
    """Read a template page by itself: many licences share its very bytes. None: read it in its document."""
    found = Findings()
    canvas = _Canvas(where="", width_mm=0, height_mm=0)
    reader = PageReader(Resources(), {}, _no_xml, _no_bytes, found, None)
    try:
        root = parse_xml(data, "")
        content = only_child(root, "Content", "")
        if foreign_elements(root) or etree.QName(root).namespace not in OFD_NAMESPACES or content is None \
                or local_name(root) != "Page":
            return None
        reader._layers(content, canvas)
    except Refusal:
        return None
    if found.all() or canvas.runs or canvas.pictures:
        return None
    return _Ground(ids=frozenset(canvas.ids), fills=tuple(canvas.fills), objects=canvas.order)


def _no_xml(path: str, name: str) -> etree._Element:
    raise Refusal("ofd.missing", path, name=name)


def _no_bytes(path: str) -> bytes:
    raise Refusal("ofd.missing", path)


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


def _inside(xs: list[float], y: float, size: float, box: RectMm, canvas: _Canvas) -> bool:
    """Whether the glyphs lie inside their boundary (which clips) and on the page."""
    left, top, width, height = box
    return (min(xs) >= -_SLACK_MM and max(xs) <= width + _SLACK_MM
            and y <= height + _SLACK_MM and y - 0.7 * size >= -_SLACK_MM
            and left >= 0 and top >= 0 and left + width <= canvas.width_mm + _SLACK_MM
            and top + height <= canvas.height_mm + _SLACK_MM)
