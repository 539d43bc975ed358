"""The way through a foreign OFD: which entries some reader comes to, by what, and what they do there.

Everything that can change what is seen is a ``picture`` entry, whichever document or version of the file it belongs
to. Where readers may go different ways, all ways are gone. Not to be reached by any way is no proof of harmlessness:
some readers look in fixed places (``unreached``). Harmless are tags, and attachments that are not shown and that no
action opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lxml import etree

from verify.foreign.actions import Actions
from verify.foreign.content import XmlFiles, box_of, uses_of, values_of
from verify.foreign.listing import list_signatures
from verify.foreign.locate import Locator
from verify.foreign.parts import Page, Place, Structure
from verify.foreign.scope import Drawn, Scope, size_of
from verify.model import RectMm
from verify.reasons import Both, Findings, Refusal
from verify.xml import children, local_name, text_of
from verify.zip import Archive

__all__ = ["read_structure"]

_PAGE_LIMIT: Final = 3000
_TEMPLATE_DEPTH: Final = 8
_USES_KEPT: Final = 20                  # places kept of one entry on one page
_RESOURCES: Final = ("Font", "MultiMedia", "ColorSpace", "DrawParam", "CompositeGraphicUnit", "Pattern")
_ROOTS: Final = {
    "root": ("OFD",), "version": ("DocVersion",), "document": ("Document",), "resource": ("Res",), "page": ("Page",),
    "template": ("Page",), "annotation": ("Annotations", "PageAnnot"),
}
"""The root elements of what a part is; in a file of another root nothing may be there to be seen."""
_GUARDED: Final = frozenset({"ofdentries.xml", "encryptions.xml", "decryptseed.dat"})
_ASKED_LIMIT: Final = 100_000           # values that may name an entry, the whole file counted
_SHOWS_LIMIT: Final = 200_000           # how often something shows on a page, the whole file counted
_FIXED: Final = re.compile(
    r"(?:ofd|doc(?:ument)?|publicres|documentres|pageres|res|content|template|tpl|page|annot(?:ation)?s?|attachments?"
    r"|signatures?|extensions?|customtags?|versions?|container|entries|ofdentries)(?:[_-]?[0-9]+)?\.xml|.*\.ofd",
    re.IGNORECASE)
"""Names by which a reader might take an entry for a part of the document, or for another one."""


def read_structure(archive: Archive, files: XmlFiles, locator: Locator, found: Findings) -> Structure:
    """Walk the whole package.

    Raises:
        Refusal: there is no OFD.xml, or the file costs too much.
    """
    return _Walk(archive, files, locator, found).run()


class _Walk:
    """One walk."""

    def __init__(self, archive: Archive, files: XmlFiles, locator: Locator, found: Findings) -> None:
        self.archive, self.files, self.locator, self.found = archive, files, locator, found
        self.made = Structure()
        self.actions = Actions()
        self.seen: set[str] = set()
        self.drawn: dict[str, Drawn] = {}
        self.shows = 0
        self.asked = 0

    def run(self) -> Structure:
        if any(name.rpartition("/")[2].casefold() in _GUARDED for name in self.archive.entries):
            self.found.add("foreign.guarded")
        (path,) = self.locator.find("", "/OFD.xml") or ("",)
        if not path:
            raise Refusal("ofd.structure", "/", detail="OFD.xml")
        root = self._file(path, "root")
        if root is None:
            raise Refusal("ofd.structure", path, detail="OFD")
        bodies = children(root, "DocBody")
        if not bodies:
            raise Refusal("ofd.structure", path, detail="DocBody")
        self.made.bodies = len(bodies)
        if len(bodies) > 1:
            self.found.add("form.documents", path, count=len(bodies))
        for body in bodies:
            self._body(body, path)
        if not self.made.pages:
            self.found.add("ofd.structure", path, detail="Page")
        if "font" in self.made.parts.values():
            self.found.add("foreign.text")
        for name in self.actions.opened():
            self.made.mark(name, "attachment", "picture")
        self.actions.tell(self.found)
        for name in self.archive.entries:
            self.made.mark(name, "other", "unreached")
        return self.made

    # -- entries

    def _file(self, name: str, part: str, role: str = "picture") -> etree._Element | None:
        """Mark an XML entry and read it."""
        self.made.mark(name, part, role)
        root = self.files.root(name, weighs=role != "harmless")
        if root is not None and role == "picture":
            if local_name(root) not in _ROOTS.get(part, (local_name(root),)):
                self.found.add("ofd.not-understood", name, element=Both(
                    f"根元素 {local_name(root)}", f"the root element {local_name(root)}"))
            self._named(self.actions.look(root, name), name)
        return root

    def _shown_by(self, element: etree._Element, path: str) -> tuple[str, ...]:
        """The entries of a page or template, which its BaseLoc names."""
        location = str(element.get("BaseLoc", ""))
        if not location.strip():
            self.found.add("foreign.nowhere", path, element=local_name(element))
        return self.locator.find(path, location)

    def _linked(self, element: etree._Element, name: str, base: str, absent: str = "foreign.dangling",
                empty: str = "form.nowhere") -> tuple[str, ...]:
        """The entries that the child elements of this name lead to.

        Args:
            absent, empty: the codes for a location that leads to nothing, and for one that is not written.
        """
        entries: tuple[str, ...] = ()
        for child in children(element, name):
            if not text_of(child):
                self.found.add(empty, base, element=name)
            entries += self.locator.find(base, text_of(child), absent=absent)
        return entries

    def _further(self, root: etree._Element, base: str) -> None:
        """Whatever else in a picture file names an entry may show it."""
        self._named(values_of(root), base)

    def _named(self, values: Iterable[str], base: str) -> None:
        """What may be the location of an entry, which is then shown."""
        for value in values:
            if self.locator.may_name(value):
                self.asked += 1
                if self.asked > _ASKED_LIMIT:
                    raise Refusal("ofd.too-many", base, limit=_ASKED_LIMIT)
                for name in self.locator.find(base, value, quiet=True):
                    if self.made.roles.get(name) != "signature":
                        self.made.mark(name, "other", "picture")

    # -- documents

    def _body(self, body: etree._Element, path: str) -> None:
        roots = self._linked(body, "DocRoot", path)
        for info in children(body, "DocInfo"):
            for cover in self._linked(info, "Cover", path):
                self.made.mark(cover, "image", "picture")
        if not roots:
            self.found.add("ofd.structure", path, detail="DocRoot")
        first = len(self.made.pages)
        for root in roots:
            self._document(root)
        for versions in children(body, "Versions"):
            for version in children(versions, "Version"):
                for entry in self.locator.find(path, version.get("BaseLoc") or text_of(version)):
                    self._version(entry)
        for listing in self._linked(body, "Signatures", path):
            self._signatures(listing, tuple(self.made.pages[first:]))

    def _version(self, path: str) -> None:
        """A version has a document of its own."""
        if path in self.seen:
            return
        self.seen.add(path)
        root = self._file(path, "version")
        if root is None:
            return
        self.found.add("form.version", path)
        for document in self._linked(root, "DocRoot", path):
            self._document(document)

    def _document(self, path: str) -> None:
        if path in self.seen:
            return
        self.seen.add(path)
        self.made.documents += 1
        root = self._file(path, "document")
        if root is None:
            return
        scope = Scope()
        for common in children(root, "CommonData"):
            for entry in (*self._linked(common, "PublicRes", path), *self._linked(common, "DocumentRes", path)):
                self._resources(entry, scope)
            for area in children(common, "PageArea"):
                scope.size = scope.size or size_of(area)
            for template in children(common, "TemplatePage"):
                self._put(scope.templates, template, self._shown_by(template, path), path)
        pages: dict[str, Page] = {}
        for page in (each for pages_ in children(root, "Pages") for each in children(pages_, "Page")):
            self._page(page, path, scope, pages)
        for identifier, entries in scope.templates.items():
            self._template(entries, scope, (), (identifier,))
        for listing in self._linked(root, "Annotations", path):
            self._annotations(listing, scope, pages)
        for listing in self._linked(root, "Attachments", path):
            self._attachments(listing)
        for listing in self._linked(root, "CustomTags", path, "form.dangling"):
            self._tags(listing)
        for listing in self._linked(root, "Extensions", path):
            if (extensions := self._file(listing, "extension")) is not None:
                self._further(extensions, listing)
        if scope.circular:
            self.found.add("ofd.not-understood", path, element="CompositeGraphicUnit")

    def _put(self, known: dict[str, dict[str, None]], element: etree._Element, entries: tuple[str, ...],
             path: str) -> None:
        """Keep what an ID leads to; of two with one ID readers take either."""
        identifier = str(element.get("ID", ""))
        if identifier in known:
            self.found.add("ofd.twin-id", path, id=identifier)
        known.setdefault(identifier, {}).update(dict.fromkeys(entries))

    def _resources(self, path: str, scope: Scope) -> None:
        """A resource file: fonts, pictures, profiles, and composites, which hold drawings themselves."""
        if path in self.seen:
            return
        self.seen.add(path)
        root = self._file(path, "resource")
        if root is None:
            return
        folder = self._folder(path, root.get("BaseLoc", ""))
        for element in root.iter(etree.Element):
            name = local_name(element)
            if name not in _RESOURCES or element.get("ID") is None:
                continue
            entries: tuple[str, ...] = ()
            for child, part in (("FontFile", "font"), ("MediaFile", "image")):
                for link in children(element, child):
                    located = self.locator.find(path, text_of(link), folder=folder)
                    entries += located
                    for entry in located:
                        self.made.mark(entry, part, "picture")
            if profile := element.get("Profile"):
                for entry in self.locator.find(path, profile, folder=folder):
                    self.made.mark(entry, "resource", "picture")
            self._put(scope.resources, element, entries, path)
            if name == "CompositeGraphicUnit":
                scope.composites[str(element.get("ID"))] = {use.resource for use in uses_of(element)}
            if name == "MultiMedia" and not any(map(text_of, children(element, "MediaFile"))):
                self.found.add("foreign.nowhere", path, element="MediaFile")
            if name == "Font" and not any(map(text_of, children(element, "FontFile"))):
                self.found.add("form.font", path, font=element.get("FontName", ""))
        self._further(root, path)

    def _folder(self, path: str, base: str) -> str | None:
        """The folder that BaseLoc of a resource file names, None for the file's own."""
        if not base.strip():
            return None
        return "" if base.strip() == "/" else self.locator.exact(path, base.strip().rstrip("/") or ".")

    # -- pages

    def _page(self, element: etree._Element, path: str, scope: Scope, pages: dict[str, Page]) -> None:
        if len(self.made.pages) >= _PAGE_LIMIT:
            raise Refusal("ofd.too-many", path, limit=_PAGE_LIMIT)
        page = Page(len(self.made.pages) + 1, str(element.get("ID", "")), self.made.documents)
        self.made.pages.append(page)
        if page.id in pages:
            self.found.add("ofd.twin-id", path, id=page.id)
        pages[page.id] = page
        for entry in self._shown_by(element, path):
            self._show(entry, "page", (page,), None)
            drawn = self._content(entry, "page", scope, (page,))
            if (size := drawn.size or scope.size) is not None:
                self.made.areas[page.number] = size.width_mm * size.height_mm
            for template in drawn.templates:
                self._template(scope.templates.get(template, ()), scope, (page,), (template,))

    def _template(self, entries: Iterable[str], scope: Scope, pages: tuple[Page, ...], way: tuple[str, ...]) -> None:
        """A template, and those below it; one that leads to itself has no look of its own."""
        for entry in entries:
            self._count(entry)
            self._show(entry, "template", pages, None)
            for below in self._content(entry, "template", scope, pages).templates:
                self._count(entry)
                if below in way or len(way) > _TEMPLATE_DEPTH:
                    self.found.add("ofd.not-understood", entry, element="Template")
                else:
                    self._template(scope.templates.get(below, ()), scope, pages, (*way, below))

    def _content(self, path: str, part: str, scope: Scope, pages: tuple[Page, ...]) -> Drawn:
        """A file that draws: read once; where it shows which resources."""
        if path in self.drawn:
            self.made.mark(path, part, "picture")
        else:
            self.drawn[path] = Drawn()
            root = self._file(path, part)
            if root is not None:
                for entry in self._linked(root, "PageRes", path):
                    self._resources(entry, scope)
                self._further(root, path)
                self.drawn[path] = Drawn(
                    tuple(dict.fromkeys(str(each.get("TemplateID", "")) for each in children(root, "Template"))),
                    uses_of(root),
                    tuple(box_of(appearance.get("Boundary")) for annotation in children(root, "Annot")
                          for appearance in children(annotation, "Appearance")),
                    next((size for area in children(root, "Area") if (size := size_of(area)) is not None), None))
        drawn = self.drawn[path]
        for use in drawn.uses if pages else ():
            for entry in scope.resources.get(use.resource, ()):
                self._show(entry, use.part, pages, use.box)
        return drawn

    def _show(self, entry: str, part: str, pages: Iterable[Page], box: RectMm | None) -> None:
        """Remember that an entry shows on a page."""
        places = self.made.places.setdefault(entry, [])
        for page in pages:
            self._count(entry)
            if sum(each.page == page.number for each in places[-_USES_KEPT:]) < _USES_KEPT:
                places.append(Place(page.number, part, box))

    def _count(self, entry: str) -> None:
        """Count a way by which an entry shows, or could."""
        self.shows += 1
        if self.shows > _SHOWS_LIMIT:
            raise Refusal("ofd.too-many", entry, limit=_SHOWS_LIMIT)

    def _annotations(self, listing: str, scope: Scope, pages: dict[str, Page]) -> None:
        """The list of annotations, and a file for each page."""
        root = self._file(listing, "annotation")
        for element in () if root is None else children(root, "Page"):
            page = pages.get(str(element.get("PageID", "")))
            on = (page,) if page else ()
            for entry in self._linked(element, "FileLoc", listing, empty="foreign.nowhere"):
                for box in self._content(entry, "annotation", scope, on).boxes or (None,):
                    self._show(entry, "annotation", on, box)

    # -- what rides along

    def _attachments(self, listing: str) -> None:
        """Attachments that are shown belong to what is seen; the others do not."""
        root = self._file(listing, "attachment")
        for element in () if root is None else children(root, "Attachment"):
            hidden = str(element.get("Visible", "true")).strip().lower() in ("false", "0")
            entries = self._linked(element, "FileLoc", listing)
            self.actions.attach(element.get("ID"), entries)
            for entry in entries:
                harmless = hidden and not _FIXED.fullmatch(entry.rpartition("/")[2])
                self.made.mark(entry, "attachment", "harmless" if harmless else "picture")

    def _tags(self, listing: str) -> None:
        """Tags say what page objects mean and draw nothing; their files are not even read.

        One that has a name by which a reader might take it for a part of the document is not counted as harmless.
        """
        root = self._file(listing, "tags", "harmless")
        for element in () if root is None else children(root, "CustomTag"):
            for link in ("FileLoc", "SchemaLoc"):
                for entry in self._linked(element, link, listing, "form.dangling"):
                    base = entry.rpartition("/")[2]
                    harmless = base.lower().endswith((".xml", ".xsd")) and not _FIXED.fullmatch(base)
                    self.made.mark(entry, "tags", "harmless" if harmless else "picture")
                    self.made.tagged.setdefault(entry, listing)

    def _signatures(self, listing: str, pages: tuple[Page, ...]) -> None:
        """A list of signatures, of the document with these pages."""
        if listing in self.made.lists:
            return
        self.made.lists.append(listing)
        root = self._file(listing, "signatures", "signature")
        if root is not None:
            list_signatures(root, listing, pages, self.made, self.locator, self.found)
