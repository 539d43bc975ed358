"""The OFD of a laid-out document: strict GB/T 33190-2016, everything embedded, nothing outside.

``write_ofd`` gives the entries of the package in their final order; :mod:`docgen.ofd_seal` adds the seal
and :mod:`docgen.package` the ZIP. Child elements stand in the order of the schema's annex A.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

import fonts
from docgen.ofd_page import PageFile, page_file, template_file
from docgen.ofd_xml import OFD_NS, Numbers, add, box, micron, root, to_bytes
from docgen.page import Document, GlyphRun

__all__ = ["TAG_NS", "Attachment", "OfdMeta", "OfdParts", "write_ofd"]

TAG_NS = "urn:zhengyin:licence-tags:1"
_DOC = "Doc_0"
_CREATOR = "zhengyin"
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that rides in the package under the seal.

    ``name`` is an ASCII file name (``record.xml``); ``title`` is what a reader shows; ``format`` the
    extension; ``shown`` whether readers list it.
    """

    name: str
    title: str
    format: str
    data: bytes
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OfdMeta:
    """What the package says of itself.

    Attributes:
        identifier: of the licence (GB/T 36904); names the document as well.
        author: the issuing authority.
        created: aware; the day in its own zone is written as CreationDate.
        items: metadata short names and values, in order (CustomDatas).
        short_names: field label → metadata short name, for 标引.
        creator_version: version of this engine.
    """

    identifier: str
    title: str
    author: str
    created: datetime
    items: tuple[tuple[str, str], ...]
    short_names: Mapping[str, str] = field(default_factory=dict)
    creator_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfdParts:
    """The unsealed package.

    Attributes:
        entries: entry name → bytes, in package order.
        page_numbers: object number of each page, in page order (for StampAnnot).
        shared: names of entries that many documents have in common.
    """

    entries: Mapping[str, bytes]
    page_numbers: tuple[int, ...]
    shared: frozenset[str]


def _ofd_xml(meta: OfdMeta, *, sealed: bool) -> bytes:
    """Write OFD.xml; the document's id is a name-based UUID of the licence's identifier."""
    ofd = root("OFD", {"Version": "1.0", "DocType": "OFD"})
    body = add(ofd, "DocBody")
    info = add(body, "DocInfo")
    add(info, "DocID", text=uuid.uuid5(uuid.NAMESPACE_OID, meta.identifier).hex)
    add(info, "Title", text=meta.title)
    add(info, "Author", text=meta.author)
    add(info, "CreationDate", text=meta.created.date().isoformat())
    add(info, "ModDate", text=meta.created.date().isoformat())
    add(info, "DocUsage", text="Normal")
    add(info, "Creator", text=_CREATOR)
    if meta.creator_version:
        add(info, "CreatorVersion", text=meta.creator_version)
    if meta.items:
        datas = add(info, "CustomDatas")
        for name, value in meta.items:
            add(datas, "CustomData", {"Name": name}, value)
    add(body, "DocRoot", text=f"/{_DOC}/Document.xml")
    if sealed:
        add(body, "Signatures", text=f"/{_DOC}/Signs/Signatures.xml")
    return to_bytes(ofd)


def _characters(document: Document) -> dict[str, frozenset[str]]:
    """Collect the characters set in each face, faces in order of first use."""
    used: dict[str, set[str]] = {}
    for page in document.pages:
        for item in page.items:
            if isinstance(item, GlyphRun):
                used.setdefault(item.face, set()).update(item.text)
    return {face: frozenset(characters) for face, characters in used.items()}


def _boolean(value: bool) -> str:
    return "true" if value else "false"


@dataclass(slots=True)
class _Writer:
    """One document in the making: entries so far and the numbers given out."""

    document: Document
    entries: dict[str, bytes] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    templates: dict[str, int] = field(default_factory=dict)
    font_numbers: dict[str, int] = field(default_factory=dict)
    glyphs: dict[str, Mapping[str, int]] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    colour_space: int = 0

    def write_templates(self) -> None:
        """Artwork first: its object numbers then depend on the artwork alone, and its bytes are shared."""
        for index, (name, artwork) in enumerate(self.document.artworks.items()):
            made = template_file(artwork, self.numbers)
            self.templates[name] = made.number
            self.entries[f"{_DOC}/Tpls/Tpl_{index}/Content.xml"] = made.data

    def write_public_res(self) -> None:
        """Colour space and the embedded subset of each face."""
        res = root("Res", {"BaseLoc": "Res"})
        self.colour_space = self.numbers.next()
        add(add(res, "ColorSpaces"), "ColorSpace", {
            "ID": str(self.colour_space), "Type": "RGB", "BitsPerComponent": "8"})
        used = _characters(self.document)
        parent = add(res, "Fonts") if used else res
        for index, (key, characters) in enumerate(used.items()):
            face = fonts.face(key)
            number = self.font_numbers[key] = self.numbers.next()
            font = add(parent, "Font", {
                "ID": str(number), "FontName": face.postscript_name, "FamilyName": face.family,
                "Charset": "unicode", "Bold": _boolean(face.bold), "Serif": _boolean(face.serif)})
            add(font, "FontFile", text=f"Font_{index}.ttf")
            subset = face.subset(characters)
            self.glyphs[key] = subset.glyphs
            self.entries[f"{_DOC}/Res/Font_{index}.ttf"] = subset.data
        self.entries[f"{_DOC}/PublicRes.xml"] = to_bytes(res)

    def write_document_res(self) -> None:
        """The pictures of this document."""
        res = root("Res", {"BaseLoc": "Res"})
        if self.document.images:
            parent = add(res, "MultiMedias")
            for index, (name, data) in enumerate(self.document.images.items()):
                number = self.images[name] = self.numbers.next()
                form = "JPEG" if data.startswith(_JPEG) else "PNG"
                file = f"Image_{index}.{'jpg' if form == 'JPEG' else 'png'}"
                media = add(parent, "MultiMedia", {"ID": str(number), "Type": "Image", "Format": form})
                add(media, "MediaFile", text=file)
                self.entries[f"{_DOC}/Res/{file}"] = data
        self.entries[f"{_DOC}/DocumentRes.xml"] = to_bytes(res)

    def write_pages(self) -> list[PageFile]:
        """All pages, in order."""
        made = [
            page_file(page, self.numbers, templates=self.templates, font_numbers=self.font_numbers,
                      glyphs=self.glyphs, images=self.images)
            for page in self.document.pages]
        for index, page in enumerate(made):
            self.entries[f"{_DOC}/Pages/Page_{index}/Content.xml"] = page.data
        return made

    def write_document(self, pages: Sequence[PageFile]) -> None:
        """Document.xml, last, because it names the greatest number."""
        first = self.document.pages[0]
        element = root("Document")
        common = add(element, "CommonData")
        add(common, "MaxUnitID", text=str(self.numbers.last))
        add(add(common, "PageArea"), "PhysicalBox",
            text=box(0, 0, micron(first.width_mm), micron(first.height_mm)))
        add(common, "PublicRes", text="PublicRes.xml")
        add(common, "DocumentRes", text="DocumentRes.xml")
        for index, (name, number) in enumerate(self.templates.items()):
            add(common, "TemplatePage", {
                "ID": str(number), "Name": name, "ZOrder": "Background",
                "BaseLoc": f"Tpls/Tpl_{index}/Content.xml"})
        add(common, "DefaultCS", text=str(self.colour_space))
        parent = add(element, "Pages")
        for index, page in enumerate(pages):
            add(parent, "Page", {"ID": str(page.number), "BaseLoc": f"Pages/Page_{index}/Content.xml"})
        add(element, "CustomTags", text="Tags/CustomTags.xml")
        add(element, "Attachments", text="Attachs/Attachments.xml")
        self.entries[f"{_DOC}/Document.xml"] = to_bytes(element)

    def write_tags(self, pages: Sequence[PageFile], short_names: Mapping[str, str]) -> None:
        """标引: each field's label and metadata short name with the objects that print it."""
        tags = root("CustomTags")
        add(add(tags, "CustomTag", {"NameSpace": TAG_NS}), "FileLoc", text=f"/{_DOC}/Tags/Tag_0.xml")
        self.entries[f"{_DOC}/Tags/CustomTags.xml"] = to_bytes(tags)
        own = etree.Element(f"{{{TAG_NS}}}LicenceTags", nsmap={"zy": TAG_NS, "ofd": OFD_NS})
        for label in dict.fromkeys(label for page in pages for label in page.tagged):
            attributes = {"Label": label}
            if label in short_names:
                attributes["Name"] = short_names[label]
            tag = etree.SubElement(own, f"{{{TAG_NS}}}Tag", attributes)
            for page in pages:
                for number in page.tagged.get(label, ()):
                    add(tag, "ObjectRef", {"PageRef": str(page.number)}, str(number))
        self.entries[f"{_DOC}/Tags/Tag_0.xml"] = to_bytes(own)

    def write_attachments(self, attachments: Sequence[Attachment], created: datetime) -> None:
        """Attachments.xml and the files; Size is in KB, as the standard says."""
        element = root("Attachments")
        for index, item in enumerate(attachments):
            attachment = add(element, "Attachment", {
                "ID": f"att{index}", "Name": item.title, "Format": item.format,
                "CreationDate": created.replace(microsecond=0).isoformat(),
                "Size": f"{len(item.data) / 1024:.3f}", "Visible": _boolean(item.shown)})
            add(attachment, "FileLoc", text=f"/{_DOC}/Attachs/{item.name}")
            self.entries[f"{_DOC}/Attachs/{item.name}"] = item.data
        self.entries[f"{_DOC}/Attachs/Attachments.xml"] = to_bytes(element)


_ORDER = ("OFD.xml", "Document.xml", "PublicRes.xml", "DocumentRes.xml", "Res/Font_", "Res/Image_", "Tpls/",
          "Pages/", "Tags/CustomTags.xml", "Tags/", "Attachs/Attachments.xml", "Attachs/")


def _in_order(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """Sort by duty; within one duty in the order of writing."""
    def rank(name: str) -> int:
        own = name.removeprefix(f"{_DOC}/")
        return next(index for index, start in enumerate(_ORDER) if own.startswith(start))

    return {name: entries[name] for name in sorted(entries, key=rank)}


def write_ofd(
    document: Document, *, meta: OfdMeta, attachments: Sequence[Attachment], sealed: bool = True,
) -> OfdParts:
    """Write a document as the entries of an unsealed OFD package.

    Args:
        sealed: whether a seal will be added; a preview has none and names none.

    The same arguments give the same bytes. OFD.xml names ``Signs/Signatures.xml``, which
    :func:`docgen.ofd_seal.seal_ofd` adds.

    Source: GB/T 33190-2016 chapters 7 to 11, 15, 17 and annex A.
    """
    writer = _Writer(document)
    writer.write_templates()
    shared = frozenset(writer.entries)
    writer.write_public_res()
    writer.write_document_res()
    pages = writer.write_pages()
    writer.write_document(pages)
    writer.write_tags(pages, meta.short_names)
    writer.write_attachments(attachments, meta.created)
    writer.entries["OFD.xml"] = _ofd_xml(meta, sealed=sealed)
    return OfdParts(
        entries=_in_order(writer.entries), page_numbers=tuple(page.number for page in pages), shared=shared)
