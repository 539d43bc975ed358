"""What an OFD page shows: text with the place of each glyph, pictures, and what lies over what.

Read are text, paths and pictures in layers, and templates below them. Whatever else could paint (actions,
composite objects, patterns, masks, turned or scaled text, glyph maps) is named as not understood.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from layouts.released import template_digest
from verify.model import PageView, RectMm
from verify.ofd_graphics import paint_image, paint_path
from verify.ofd_objects import Canvas, ObjectReader, Resources, rect
from verify.ofd_text import paint_text
from verify.reasons import Findings, Refusal
from verify.xml import COMMENT, OFD_NAMESPACES, foreign_elements, local_name, only_child, parse_xml, text_of

__all__ = ["PageReader"]

_GROUND_LIMIT: Final = 1 << 20           # bytes of a template page that is remembered
_TEMPLATES_LIMIT: Final = 4 << 20        # bytes of all template pages of one document
_PAIR_LIMIT: Final = 2_000_000           # comparisons of what lies over what, in one document

FetchXml = Callable[[str, str], etree._Element]


@dataclass(slots=True, kw_only=True)
class PageReader(ObjectReader):
    """Reads pages of one document; templates are painted below."""

    templates: Mapping[str, str]
    fetch_xml: FetchXml
    default_box: RectMm | None
    pairs: int = 0
    _painted: dict[str, int] = field(default_factory=dict)     # bytes of each template page that was painted

    def read(self, path: str, number: int) -> tuple[PageView, dict[str, str]]:
        """What the page in the entry ``path`` shows, and its text objects by ID."""
        root = self.fetch_xml(path, "Page")
        box = self._page_box(root, path)
        canvas = Canvas(where=path, width_mm=box.width_mm, height_mm=box.height_mm, ids=self.ids)
        self.count(len(root), canvas)
        for child in root:
            name = local_name(child)
            if name == "Template":
                self._template(child, canvas)
            elif name not in ("Area", "Content"):
                self.found.add("ofd.not-understood", path, element=name or COMMENT)
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

    def _template(self, element: etree._Element, canvas: Canvas) -> None:
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

    def _layers(self, content: etree._Element, canvas: Canvas) -> None:
        """Paint the layers in their order."""
        self.count(len(content), canvas)
        for layer in content:
            if local_name(layer) != "Layer":
                self.found.add("ofd.not-understood", canvas.where, element=local_name(layer) or COMMENT)
                continue
            self.unknown_attributes(layer, frozenset({"ID", "Type"}), canvas)
            if layer.get("Type", "Body") not in ("Body", "Background"):
                self.found.add("ofd.not-understood", canvas.where, element="Layer Type")
            self.identify(layer, canvas)
            self._objects(layer, canvas)

    def _objects(self, parent: etree._Element, canvas: Canvas) -> None:
        """Paint the objects of a layer."""
        self.count(len(parent), canvas)
        for element in parent:
            canvas.order += 1
            name = local_name(element)
            if name == "PathObject":
                paint_path(self, element, canvas)
            elif name == "TextObject":
                paint_text(self, element, canvas)
            elif name == "ImageObject":
                paint_image(self, element, canvas)
            else:
                self.found.add("ofd.not-understood", canvas.where, element=name or COMMENT)

    def _overlaid(self, canvas: Canvas) -> None:
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

    def _compare(self, pairs: int, canvas: Canvas) -> None:
        """Count what is to be held against each other."""
        self.pairs += pairs
        if self.pairs > _PAIR_LIMIT:
            raise Refusal("ofd.too-many", canvas.where, limit=_PAIR_LIMIT)


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
    canvas = Canvas(where="", width_mm=0, height_mm=0)
    reader = PageReader(resources=Resources(), templates={}, fetch_xml=_no_xml, fetch=_no_bytes, found=found,
                        default_box=None)
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
