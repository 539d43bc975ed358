"""Write the PDF rendition: PDF/A-3b, one revision, with the place of one certifying signature.

The seal's picture is the signature field's appearance at the first whole seal of the document, on whichever page that
stands, and page content everywhere else (the cut ones of a 骑缝章 always). The same inputs give the same bytes in every
process; only ``pades.sign_pdf`` fills what is left open, the hex digits of ``/Contents``.

Source: ISO 19005-3 (PDF/A-3), ISO 32000-2 12.7.5.5, 12.8 (signatures, DocMDP), ETSI EN 319 142-1 5.3.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from docgen.page import Document, GlyphRun, Page, Path, Stamp
from docgen.pdf_content import SCALE, ContentWriter, artwork_stream, state_resources
from docgen.pdf_fonts import PdfFont, embed_fonts
from docgen.pdf_icc import SRGB_PROFILE
from docgen.pdf_images import add_image
from docgen.pdf_metadata import PdfMeta, information, require_zone, xmp
from docgen.pdf_objects import PdfFile, Value, date_string, deflate, name, number, text_string

__all__ = ["Attachment", "PdfMeta", "SignaturePlan", "UnsignedPdf", "write_pdf", "write_plain_pdf"]

FIELD_NAME = "issuer-seal"
_PRINTED_LOCKED = 132                # annotation flags Print and Locked
_SIGNATURES_EXIST_APPEND_ONLY = 3
_BYTE_RANGE = "[0 {:10d} {:10d} {:10d}]"

_ICC = deflate(SRGB_PROFILE, 9)


class Attachment(NamedTuple):
    """An associated file; ``relationship`` is its AFRelationship (``Data`` for the record)."""

    name: str
    mime: str
    relationship: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePlan:
    """What the signature dictionary says before the signature is there.

    ``signed_at`` is the signer's claim (``/M``; PAdES keeps it out of the CMS). ``reserved`` is the room for
    the CMS in bytes, the same with and without a timestamp (its token brings a chain of its own).
    """

    signer_name: str
    signed_at: datetime
    reason: str = "颁发"
    reserved: int = 16384

    def __post_init__(self) -> None:
        require_zone(self.signed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedPdf:
    """A finished file but for the signature: ``data[start + 1 : end - 1]`` are hex zeros between < and >.

    ``signed_at`` is the claimed time that the signature dictionary names.
    """

    data: bytes
    start: int
    end: int
    signed_at: datetime


def write_pdf(
    document: Document,
    *,
    meta: PdfMeta,
    attachments: Sequence[Attachment | tuple[str, str, str, bytes]] = (),
    seal_png: bytes | None,
    signature: SignaturePlan,
) -> UnsignedPdf:
    """Return DOCUMENT as PDF/A-3b, ready to be signed.

    Args:
        seal_png: the seal's picture, drawn at every ``Page.seals``; None leaves the places empty. The signature is
            invisible then, and where no page has a whole seal.

    Raises:
        PdfError: ``pdf.glyph-mismatch``, ``pdf.image-unreadable``.
        FontError: ``font.unknown-face``, ``font.missing-glyph``.
    """
    return _Writer(document, seal_png).write(meta, [Attachment(*one) for one in attachments], signature)


def write_plain_pdf(document: Document, *, meta: PdfMeta) -> bytes:
    """Return DOCUMENT as PDF/A-3b without signature, seal or attachment: a preview, never a licence.

    Raises:
        PdfError, FontError: as ``write_pdf``.
    """
    return _Writer(document, None).plain(meta)


class _Writer:
    """One document on its way into one file."""

    def __init__(self, document: Document, seal_png: bytes | None) -> None:
        self.pdf = PdfFile()
        self.document = document
        self.seal_png = seal_png
        self.seal: Value = None
        self.fonts: dict[str, PdfFont] = {}
        self.xobjects: dict[str, Value] = {}
        self.states: set[str] = set()
        self.shadings: dict[str, Value] = {}
        whole = [(index, stamp) for index, page in enumerate(document.pages) for stamp in page.seals
                 if stamp.clip is None]
        self.widget_at: tuple[int, Stamp] | None = whole[0] if whole and seal_png is not None else None

    def write(self, meta: PdfMeta, attachments: list[Attachment], plan: SignaturePlan) -> UnsignedPdf:
        """Return the finished file, but for its signature."""
        pdf = self.pdf
        catalog = pdf.reserve("catalog")
        info = pdf.add(information(meta))
        pages, page_refs, widget, signature = self._pages(signed=True)
        self._widget(page_refs, signature)
        pdf.define("signature", _signature_dictionary(plan))
        files = [self._attachment(one, meta) for one in attachments]
        pdf.define("catalog", self._catalog(meta, pages, widget, signature, attachments, files))
        return self._finish(pdf.write(catalog=catalog, info=info), plan)

    def plain(self, meta: PdfMeta) -> bytes:
        """Return the finished file, which has no place for a signature."""
        catalog = self.pdf.reserve("catalog")
        info = self.pdf.add(information(meta))
        pages, _, _, _ = self._pages(signed=False)
        self.pdf.define("catalog", self._catalog(meta, pages, None, None, [], []))
        data = self.pdf.write(catalog=catalog, info=info)
        self.pdf.set_id(data)
        return bytes(data)

    def _pages(self, *, signed: bool) -> tuple[Value, list[Value], Value, Value]:
        """Write the pages; return references to their tree, to each, and to the widget and the signature to come."""
        pdf = self.pdf
        pages = pdf.reserve("pages")
        resources = pdf.reserve("resources")
        page_refs = [pdf.reserve(f"page-{index}") for index in range(len(self.document.pages))]
        widget = pdf.reserve("widget") if signed else None
        signature = pdf.reserve("signature") if signed else None
        self.fonts, font_resources = embed_fonts(pdf, self.document)
        self._shared()
        for index, page in enumerate(self.document.pages):
            self._page(index, page, pages=pages, resources=resources, widget=widget)
        pdf.define("pages", {"Type": "/Pages", "Count": len(page_refs), "Kids": page_refs})
        shared: dict[str, Value] = {
            "Font": font_resources, "XObject": self.xobjects, "ExtGState": state_resources(self.states),
        }
        if self.shadings:
            shared["Shading"] = self.shadings
        pdf.define("resources", shared)
        return pages, page_refs, widget, signature

    def _shared(self) -> None:
        """Add what pages share: artwork and pictures."""
        for key, artwork in sorted(self.document.artworks.items()):
            made = artwork_stream(artwork)
            resources: dict[str, Value] = {"ExtGState": state_resources(made.states)}
            if made.shadings:
                resources["Shading"] = made.shadings
            self.xobjects[f"A-{key}"] = self.pdf.add_stream({
                "Type": "/XObject", "Subtype": "/Form",
                "BBox": ["0", "0", number(artwork.width_mm), number(artwork.height_mm)],
                "Resources": resources,
            }, made.data, compressed=True)
        for key, png in sorted(self.document.images.items()):
            self.xobjects[_picture_name(key)] = add_image(self.pdf, png)
        if self.seal_png is not None and any(page.seals for page in self.document.pages):
            self.seal = self.xobjects["Seal"] = add_image(self.pdf, self.seal_png)

    def _page(self, index: int, page: Page, *, pages: Value, resources: Value, widget: Value) -> None:
        content = ContentWriter(page.height_mm)
        content.page_scale()
        if page.artwork is not None:
            content.form(f"A-{page.artwork}")
        for item in page.items:
            if isinstance(item, GlyphRun):
                content.run(item, self.fonts[item.face])
            elif isinstance(item, Path):
                content.path(item)
            else:
                content.picture(_picture_name(item.name), item)
        for stamp in page.seals if self.seal is not None else ():
            if (index, stamp) != self.widget_at:
                content.picture("Seal", stamp.place, None if stamp.clip is None else stamp.visible)
        self.states |= content.states
        self.shadings |= content.shadings
        stream = self.pdf.add_stream({}, deflate(content.data()), compressed=True)
        box = ["0", "0", _edge(page.width_mm), _edge(page.height_mm)]
        value: dict[str, Value] = {
            "Type": "/Page", "Parent": pages, "MediaBox": box, "Resources": resources, "Contents": stream,
        }
        if widget is not None and index == (self.widget_at[0] if self.widget_at else 0):
            value["Annots"] = [widget]
        self.pdf.define(f"page-{index}", value)

    def _widget(self, page_refs: list[Value], signature: Value) -> None:
        index, stamp = self.widget_at or (0, None)
        widget: dict[str, Value] = {
            "Type": "/Annot", "Subtype": "/Widget", "FT": "/Sig", "T": text_string(FIELD_NAME),
            "TU": text_string("发证机关电子印章"), "F": _PRINTED_LOCKED, "P": page_refs[index],
            "V": signature,
        }
        if stamp is None:
            widget["Rect"] = [0, 0, 0, 0]
        else:
            place = stamp.place
            height = self.document.pages[index].height_mm
            left, foot = place.x_mm * SCALE, (height - place.y_mm - place.height_mm) * SCALE
            width, tall = place.width_mm * SCALE, place.height_mm * SCALE
            widget["Rect"] = [number(edge) for edge in (left, foot, left + width, foot + tall)]
            appearance = f"q {number(width)} 0 0 {number(tall)} 0 0 cm /Seal Do Q".encode()
            form = {
                "Type": "/XObject", "Subtype": "/Form", "BBox": ["0", "0", number(width), number(tall)],
                "Resources": {"XObject": {"Seal": self.seal}},
            }
            widget["AP"] = {"N": self.pdf.add_stream(form, appearance)}
        self.pdf.define("widget", widget)

    def _attachment(self, one: Attachment, meta: PdfMeta) -> Value:
        head = {
            "Type": "/EmbeddedFile", "Subtype": name(one.mime),
            "Params": {"Size": len(one.data), "ModDate": date_string(meta.created)},
        }
        stream = self.pdf.add_stream(head, deflate(one.data), compressed=True)
        title = text_string(one.name)
        return self.pdf.add({
            "Type": "/Filespec", "F": title, "UF": title, "AFRelationship": name(one.relationship),
            "EF": {"F": stream, "UF": stream},
        })

    def _catalog(self, meta: PdfMeta, pages: Value, widget: Value, signature: Value,
                 attachments: list[Attachment], files: list[Value]) -> dict[str, Value]:
        pdf = self.pdf
        profile = pdf.add_stream({"N": 3}, _ICC, compressed=True)
        catalog: dict[str, Value] = {
            "Type": "/Catalog", "Pages": pages, "Lang": "(zh-CN)",
            "ViewerPreferences": {"DisplayDocTitle": True},
            "Metadata": pdf.add_stream({"Type": "/Metadata", "Subtype": "/XML"}, xmp(meta)),
            "OutputIntents": [{
                "Type": "/OutputIntent", "S": "/GTS_PDFA1", "OutputConditionIdentifier": "(sRGB)",
                "Info": "(sRGB IEC61966-2.1)", "DestOutputProfile": profile,
            }],
        }
        if signature is not None:
            catalog["AcroForm"] = {"Fields": [widget], "SigFlags": _SIGNATURES_EXIST_APPEND_ONLY}
            catalog["Perms"] = {"DocMDP": signature}
            catalog["Extensions"] = {"ESIC": {"BaseVersion": "/1.7", "ExtensionLevel": 5}}
        if files:
            named = sorted((one.name.encode("utf-16-be"), text_string(one.name), ref)
                           for one, ref in zip(attachments, files, strict=True))
            catalog["AF"] = files
            catalog["Names"] = {"EmbeddedFiles": {
                "Names": [part for _, title, ref in named for part in (title, ref)],
            }}
        return catalog

    def _finish(self, data: bytearray, plan: SignaturePlan) -> UnsignedPdf:
        """Write the ByteRange and the ID into DATA, whose lengths no longer change."""
        offset = self.pdf.idToOffset["signature"]
        start = data.index(b"/Contents <", offset) + len(b"/Contents ")
        end = start + 2 * plan.reserved + 2
        zeros = _BYTE_RANGE.format(0, 0, 0).encode()
        at = data.index(zeros, offset)
        data[at:at + len(zeros)] = _BYTE_RANGE.format(start, end, len(data) - end).encode()
        self.pdf.set_id(data)
        return UnsignedPdf(data=bytes(data), start=start, end=end, signed_at=plan.signed_at)


def _picture_name(key: str) -> str:
    """Return the resource name of a picture; a key that PDF cannot spell plainly (照片) is named by its digest."""
    return f"I-{key}" if key.isascii() else f"I-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _edge(length_mm: float) -> str:
    """Return a page edge in points, rounded down, so that a renderer does not add a row of pixels for it."""
    return number(math.floor(length_mm * SCALE * 10_000) / 10_000)


def _signature_dictionary(plan: SignaturePlan) -> dict[str, Value]:
    """Return the signature dictionary: a certification that allows no change (DocMDP, P = 1)."""
    return {
        "Type": "/Sig", "Filter": "/Adobe.PPKLite", "SubFilter": "/ETSI.CAdES.detached",
        "ByteRange": _BYTE_RANGE.format(0, 0, 0), "Contents": "<" + "0" * (2 * plan.reserved) + ">",
        "Name": text_string(plan.signer_name), "Reason": text_string(plan.reason),
        "M": date_string(plan.signed_at),
        "Reference": [{
            "Type": "/SigRef", "TransformMethod": "/DocMDP",
            "TransformParams": {"Type": "/TransformParams", "P": 1, "V": "/1.2"},
        }],
    }
