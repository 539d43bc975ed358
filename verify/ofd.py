"""Structure of an OFD (GB/T 33190-2016): from OFD.xml down to pages, resources, attachments and tags.

The reader follows locations, counts which entries it reached, and names what it does not understand:
what is not understood can change the picture, so the file cannot be called genuine then.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from verify.model import Attachment, PageView
from verify.ofd_objects import Resources, rect
from verify.ofd_page import PageReader
from verify.reasons import Findings, Refusal
from verify.xml import COMMENT, OFD_NAMESPACES, children, foreign_elements, is_plain, local_name, only_child, text_of
from verify.zip import NODE_LIMIT, Archive

__all__ = ["OfdDocument", "OfdPage", "SignatureEntry", "Tag", "read_ofd", "read_signatures", "resolve"]

_PAGE_LIMIT: Final = 300
_TAG_FILES: Final = 16
_PARTS: Final = frozenset({"CommonData", "Pages", "Attachments", "CustomTags"})
_COMMON: Final = frozenset({"MaxUnitID", "PageArea", "PublicRes", "DocumentRes", "TemplatePage", "DefaultCS"})
_BODY: Final = frozenset({"DocInfo", "DocRoot", "Signatures"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """标引: a label and the page objects (page id, object id) that print its value, in order."""

    label: str
    name: str                            # metadata short name, "" when there is none
    objects: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEntry:
    """One line of Signatures.xml: id, Type ("" when missing), the entry of its Signature.xml."""

    id: str
    type: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfdPage:
    """A page: its ID, its entry, what it shows, and the text objects by ID."""

    id: str
    path: str
    view: PageView
    objects: Mapping[str, str]           # object ID → its text, or the name of its picture


@dataclass(frozen=True, slots=True, kw_only=True)
class OfdDocument:
    """The one document of a file."""

    root: str                            # the entry DocRoot names
    doc_id: str
    title: str
    author: str
    custom_datas: tuple[tuple[str, str], ...]
    pages: tuple[OfdPage, ...]
    attachments: tuple[Attachment, ...]
    tags: tuple[Tag, ...]
    fonts: tuple[tuple[str, str, str], ...]      # (resource ID, font name, entry)
    signatures_path: str                 # "" when OFD.xml names none
    reached: frozenset[str]              # entries that the reader came to


def resolve(base: str, location: str) -> str:
    """Entry name of a location written in the entry ``base`` (absolute, or relative to its folder).

    Raises:
        Refusal: ``ofd.path`` when it leaves the package.
    """
    text = location.strip()
    joined = text[1:] if text.startswith("/") else posixpath.join(posixpath.dirname(base), text)
    place = posixpath.normpath(joined)
    if not text or "\\" in text or "//" in text or ":" in text or place == ".." or place.startswith("../"):
        raise Refusal("ofd.path", base, location=location)
    return place


def read_ofd(archive: Archive, found: Findings) -> OfdDocument:
    """Read the document; what is odd becomes a finding.

    Raises:
        Refusal: the structure cannot be followed at all.
    """
    return _Reader(archive, found).read()


def read_signatures(archive: Archive) -> tuple[SignatureEntry, ...]:
    """The list of signatures, read apart from the document, so that it is judged even where that is odd.

    Raises:
        Refusal: OFD.xml or the list cannot be read.
    """
    return _Reader(archive, Findings()).signatures()


@dataclass(slots=True)
class _Reader:
    """Walks one package."""

    archive: Archive
    found: Findings
    reached: set[str] = field(default_factory=set)
    nodes: int = 0                       # of the XML read, files read twice counted twice

    def read(self) -> OfdDocument:
        """OFD.xml → the document."""
        root = self._xml("OFD.xml", "OFD")
        bodies = children(root, "DocBody")
        if len(bodies) != 1 or len(root) != 1:
            self.found.add("ofd.several-documents", "OFD.xml", count=len(bodies))
        if not bodies:
            raise Refusal("ofd.structure", "OFD.xml", detail="DocBody")
        body = bodies[0]
        self._only(body, _BODY, "OFD.xml")
        document_path = self._location(body, "DocRoot", "OFD.xml")
        if not document_path:
            raise Refusal("ofd.structure", "OFD.xml", detail="DocRoot")
        info = only_child(body, "DocInfo", "OFD.xml")
        signatures_path = self._location(body, "Signatures", "OFD.xml")
        document = self._xml(document_path, "Document")
        self._only(document, _PARTS, document_path)
        pages = self._pages(document, document_path)
        return OfdDocument(
            root=document_path,
            doc_id=text_of(only_child(info, "DocID", "OFD.xml")) if info is not None else "",
            title=text_of(only_child(info, "Title", "OFD.xml")) if info is not None else "",
            author=text_of(only_child(info, "Author", "OFD.xml")) if info is not None else "",
            custom_datas=self._custom_datas(info), pages=pages[0], fonts=pages[1],
            attachments=self._attachments(document, document_path),
            tags=self._tags(document, document_path), signatures_path=signatures_path,
            reached=frozenset(self.reached))

    def _xml(self, path: str, root_name: str) -> etree._Element:
        """Parse an entry whose root element must have this name in the OFD name space."""
        data = self._bytes(path)
        self.nodes += self.archive.nodes(path)
        if self.nodes > NODE_LIMIT:
            raise Refusal("ofd.too-many", path, limit=NODE_LIMIT)
        root = self.archive.xml(path)
        if local_name(root) != root_name or etree.QName(root).namespace not in OFD_NAMESPACES:
            raise Refusal("ofd.structure", path, detail=root_name)
        if not is_plain(data) and foreign_elements(root):
            self.found.add("ofd.not-understood", path, element="xmlns")
        return root

    def _bytes(self, path: str) -> bytes:
        """The bytes of an entry."""
        entry = self.archive.entries.get(path)
        if entry is None:
            raise Refusal("ofd.missing", path)
        self.reached.add(path)
        return entry.data

    def _location(self, parent: etree._Element, name: str, base: str) -> str:
        """The entry that a location element names; "" when the element is absent or empty."""
        element = only_child(parent, name, base)
        text = text_of(element)
        return resolve(base, text) if text else ""

    def _only(self, element: etree._Element, known: frozenset[str], where: str) -> None:
        """Name children that this verifier does not understand (actions, annotations, versions, …)."""
        for child in element:
            name = local_name(child)
            if name not in known:
                self.found.add("ofd.not-understood", where, element=name or COMMENT)

    def _custom_datas(self, info: etree._Element | None) -> tuple[tuple[str, str], ...]:
        """DocInfo/CustomDatas as (name, value) pairs."""
        datas = only_child(info, "CustomDatas", "OFD.xml") if info is not None else None
        if datas is None:
            return ()
        return tuple((item.get("Name", ""), text_of(item)) for item in children(datas, "CustomData"))

    def _pages(self, document: etree._Element, path: str) -> tuple[
            tuple[OfdPage, ...], tuple[tuple[str, str, str], ...]]:
        """All pages with what they show, and the fonts they draw on."""
        common = only_child(document, "CommonData", path)
        listed = only_child(document, "Pages", path)
        if common is None or listed is None:
            raise Refusal("ofd.structure", path, detail="CommonData, Pages")
        self._only(common, _COMMON, path)
        resources = Resources()
        for name in ("PublicRes", "DocumentRes"):
            for element in children(common, name):
                self._resources(resources, resolve(path, text_of(element)))
        templates = {each.get("ID", ""): resolve(path, each.get("BaseLoc", ""))
                     for each in children(common, "TemplatePage")}
        area = only_child(common, "PageArea", path)
        default_box = rect(text_of(only_child(area, "PhysicalBox", path)), path) if area is not None else None
        elements = children(listed, "Page")
        if not 0 < len(elements) <= _PAGE_LIMIT:
            raise Refusal("ofd.structure", path, detail="Page")
        self._only(listed, frozenset({"Page"}), path)
        reader = PageReader(resources=resources, templates=templates, fetch_xml=self._xml, fetch=self._bytes,
                            found=self.found, default_box=default_box)
        pages: list[OfdPage] = []
        places: set[str] = set()
        for number, element in enumerate(elements, 1):
            place = resolve(path, element.get("BaseLoc", ""))
            if place in places:
                raise Refusal("xml.twin", path, element=place)
            places.add(place)
            view, objects = reader.read(place, number)
            pages.append(OfdPage(id=element.get("ID", ""), path=place, view=view, objects=objects))
        for font_path in resources.font_files():
            self._bytes(font_path)
        if len({page.id for page in pages}) != len(pages):
            raise Refusal("ofd.twin-id", path, id="Page")
        return tuple(pages), tuple(resources.font_list())

    def _resources(self, resources: Resources, path: str) -> None:
        """Read a resource file (fonts, colour spaces, pictures)."""
        root = self._xml(path, "Res")
        base = posixpath.join(resolve(path, root.get("BaseLoc") or "."), "_")
        resources.read(root, path, base, resolve, self.found)

    def _attachments(self, document: etree._Element, path: str) -> tuple[Attachment, ...]:
        """Attachments with their bytes."""
        listing = self._location(document, "Attachments", path)
        if not listing:
            return ()
        found = []
        for element in children(self._xml(listing, "Attachments"), "Attachment"):
            place = self._location(element, "FileLoc", listing)
            if not place:
                raise Refusal("ofd.structure", listing, detail="FileLoc")
            found.append(Attachment(name=element.get("Name", ""), mime=element.get("Format", ""),
                                    relationship=posixpath.basename(place), data=self._bytes(place)))
        return tuple(found)

    def _tags(self, document: etree._Element, path: str) -> tuple[Tag, ...]:
        """标引 of all tag files; files that are no well-formed XML are named, not read."""
        listing = self._location(document, "CustomTags", path)
        if not listing:
            return ()
        tags: list[Tag] = []
        read: set[str] = set()
        for element in children(self._xml(listing, "CustomTags"), "CustomTag"):
            place = self._location(element, "FileLoc", listing)
            if not place:
                continue
            if place in read or len(read) >= _TAG_FILES:
                raise Refusal("xml.twin", listing, element="FileLoc")
            read.add(place)
            try:
                self._bytes(place)
                root = self.archive.xml(place)
            except Refusal:
                self.found.add("ofd.tags", place)
                continue
            tags.extend(_tags_of(root))
        return tuple(tags)

    def signatures(self) -> tuple[SignatureEntry, ...]:
        """The list of signatures of the first document."""
        bodies = children(self._xml("OFD.xml", "OFD"), "DocBody")
        path = self._location(bodies[0], "Signatures", "OFD.xml") if bodies else ""
        if not path:
            return ()
        return tuple(
            SignatureEntry(id=element.get("ID", ""), type=element.get("Type", ""),
                           path=resolve(path, element.get("BaseLoc", "")))
            for element in children(self._xml(path, "Signatures"), "Signature"))


def _tags_of(root: etree._Element) -> list[Tag]:
    """Each element with ObjectRef children is a tag; ``Label``, else the element's name, is its label."""
    tags = []
    for element in root.iter(etree.Element):
        references = children(element, "ObjectRef")
        if references:
            tags.append(Tag(label=element.get("Label") or local_name(element), name=element.get("Name", ""),
                            objects=tuple((each.get("PageRef", ""), text_of(each)) for each in references)))
    return tags
