"""Pages of an OFD of any writer as SVG: templates, layers, annotations, and the seals of its signatures on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from codes.errors import EngineError
from verify.drawing.budget import Budget, Spent
from verify.drawing.ofd_objects import Sheet
from verify.drawing.ofd_paint import first, is_true
from verify.drawing.ofd_scope import Package, Scope
from verify.drawing.ofd_seals import Stamped, stamps_of
from verify.drawing.svg import box_of, data_uri, document, number
from verify.foreign.container import read_container
from verify.foreign.content import XmlFiles
from verify.foreign.locate import Locator
from verify.foreign.structure import read_structure
from verify.reasons import Findings, Refusal
from verify.xml import children, text_of

__all__ = ["draw_ofd", "first_page"]

_TEMPLATE_DEPTH: Final = 6
_LARGEST_MM: Final = 5000.0
_A4: Final = (0.0, 0.0, 210.0, 297.0)


def draw_ofd(data: bytes, budget: Budget, limit: int) -> dict[str, Any]:
    """Draw the first pages; what cannot be read at all has none."""
    found = Findings()
    try:
        archive = read_container(data, found)
        package = _package(archive, budget)
        budget.step()
        structure = read_structure(archive, XmlFiles(archive, found), Locator(archive.entries, found), found)
    except (Refusal, EngineError, Spent):
        return {"count": 0, "pages": []}
    pages: list[dict[str, Any]] = []
    try:
        stamps = stamps_of(package, structure)
        for index, page in enumerate(_pages(package)):
            if index >= limit:
                break
            pages.append(page.drawn(index + 1, stamps.get(index + 1, [])))
    except (Spent, Refusal):
        pass                            # what was drawn until then is shown
    return {"count": len(structure.pages), "pages": pages}


def first_page(data: bytes, budget: Budget) -> tuple[str, float, float] | None:
    """The first page of an OFD that is the picture of a seal: a data URI, width and height in mm."""
    try:
        page = next(_pages(_package(read_container(data, Findings()), budget)), None)
        if page is None:
            return None
        made = page.drawn(1, [], paper=False)
    except (Refusal, EngineError):
        return None
    return made["picture"], made["width_mm"], made["height_mm"]


def _package(archive: Any, budget: Budget) -> Package:
    found = Findings()
    return Package(archive, XmlFiles(archive, found), Locator(archive.entries, found), budget)


class _Page:
    """One page of a document, to be drawn."""

    def __init__(self, scope: Scope, path: str, area: tuple[float, float, float, float] | None,
                 annotations: list[str]) -> None:
        self._scope, self._path, self._area, self._annotations = scope, path, area, annotations

    def drawn(self, number_: int, stamps: list[Stamped], *, paper: bool = True) -> dict[str, Any]:
        """The page as plain values; the picture of a seal has no paper."""
        root = self._scope.package.root(self._path) if self._path else None
        box = _area_of(first(root, "Area")) or self._area or _A4
        if not (0 < box[2] <= _LARGEST_MM and 0 < box[3] <= _LARGEST_MM):
            box = _A4
        sheet = Sheet(self._scope)
        if root is None:
            sheet.lacks.add("object")
        else:
            for link in children(root, "PageRes"):
                self._scope.read(self._scope.package.find(self._path, text_of(link)))
            self._templates(root, sheet, front=False, way=())
            sheet.content(root)
            self._templates(root, sheet, front=True, way=())
        for path in self._annotations:
            self._annotated(path, sheet)
        for stamp in stamps:
            sheet.write(stamp.svg)
            if stamp.lacks:
                sheet.lacks.add("picture")
        x, y, width, height = box
        text = document(width, height, sheet.body, sheet.defs, f"{number(x)} {number(y)}", paper)
        return {"number": number_, "width_mm": width, "height_mm": height,
                "picture": data_uri("image/svg+xml", text.encode("utf-8", "replace")),
                "seals": [{"id": each.id, "place": each.place,
                           "box_mm": [each.box[0] - x, each.box[1] - y, each.box[2], each.box[3]]} for each in stamps],
                "lacks": sorted(sheet.lacks)}

    def _templates(self, root: etree._Element, sheet: Sheet, *, front: bool, way: tuple[str, ...]) -> None:
        """Paint the templates behind or in front of a page."""
        for element in children(root, "Template"):
            path = self._scope.templates.get(element.get("TemplateID", ""), "")
            if (element.get("ZOrder") == "Foreground") != front:
                continue
            if not path or path in way or len(way) >= _TEMPLATE_DEPTH:
                sheet.lacks.add("object")
                continue
            below = self._scope.package.root(path)
            if below is not None:
                for link in children(below, "PageRes"):
                    self._scope.read(self._scope.package.find(path, text_of(link)))
                self._templates(below, sheet, front=False, way=(*way, path))
                sheet.content(below)
                self._templates(below, sheet, front=True, way=(*way, path))

    def _annotated(self, path: str, sheet: Sheet) -> None:
        """Paint the annotations of a file."""
        root = self._scope.package.root(path)
        for annotation in () if root is None else children(root, "Annot"):
            if not is_true(annotation, "Visible", True):
                continue
            for appearance in children(annotation, "Appearance"):
                x, y, _, _ = box_of(appearance.get("Boundary")) or (0.0, 0.0, 0.0, 0.0)
                sheet.write(f'<g transform="translate({number(x)} {number(y)})">')
                sheet.objects(appearance, "", 0)
                sheet.write("</g>")


def _area_of(area: etree._Element | None) -> tuple[float, float, float, float] | None:
    """The physical box of an area."""
    return box_of(text_of(first(area, "PhysicalBox"))) if area is not None else None


def _pages(package: Package) -> Iterator[_Page]:
    """The pages of all documents and versions, in the order in which the verifier counts them."""
    top = package.find("", "/OFD.xml")
    root = package.root(top) if top else None
    seen: set[str] = set()
    for body in () if root is None else children(root, "DocBody"):
        for link in children(body, "DocRoot"):
            yield from _document(package, package.find(top, text_of(link)), seen)
        for version in (each for versions in children(body, "Versions") for each in children(versions, "Version")):
            path = package.find(top, version.get("BaseLoc") or text_of(version))
            told = package.root(path) if path and path not in seen else None
            seen.add(path)
            for link in () if told is None else children(told, "DocRoot"):
                yield from _document(package, package.find(path, text_of(link)), seen)


def _document(package: Package, path: str, seen: set[str]) -> Iterator[_Page]:
    """The pages of one document."""
    if not path or path in seen:
        return
    seen.add(path)
    root = package.root(path)
    if root is None:
        return
    scope = Scope(package)
    area = None
    for common in children(root, "CommonData"):
        area = area or _area_of(first(common, "PageArea"))
        for link in children(common, "PublicRes") + children(common, "DocumentRes"):
            scope.read(package.find(path, text_of(link)))
        for template in children(common, "TemplatePage"):
            scope.templates.setdefault(template.get("ID", ""), package.find(path, template.get("BaseLoc", "")))
    annotations = _annotations(package, root, path)
    for element in (each for pages in children(root, "Pages") for each in children(pages, "Page")):
        yield _Page(scope, package.find(path, element.get("BaseLoc", "")), area,
                    annotations.get(element.get("ID", ""), []))


def _annotations(package: Package, root: etree._Element, path: str) -> Mapping[str, list[str]]:
    """The files of annotations by the ID of their page."""
    found: dict[str, list[str]] = {}
    for link in children(root, "Annotations"):
        listing = package.find(path, text_of(link))
        listed = package.root(listing) if listing else None
        for element in () if listed is None else children(listed, "Page"):
            for file in children(element, "FileLoc"):
                if entry := package.find(listing, text_of(file)):
                    found.setdefault(element.get("PageID", ""), []).append(entry)
    return found
