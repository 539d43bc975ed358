"""Reads the XMP packet of a rendition: what the file says of itself. No DTD, no entity, no network."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from lxml import etree

from verify.pdf_reasons import PdfRefusal

__all__ = ["COPY_STATEMENT", "PdfMetadata", "read_xmp"]

COPY_STATEMENT: Final = "版式副本，以 OFD 原件为准"
_OWN: Final = "urn:zhengyin:rendition:1#"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC: Final = "http://purl.org/dc/elements/1.1/"
_PDF: Final = "http://ns.adobe.com/pdf/1.3/"
_XMP: Final = "http://ns.adobe.com/xap/1.0/"
_PDFA: Final = "http://www.aiim.org/pdfa/ns/id/"
_LIMIT: Final = 256 << 10               # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfMetadata:
    """Values of the XMP packet, "" where it has none.

    ``identifier``, ``record_sm3`` (hex) and ``notice`` are properties of our own schema.
    """

    identifier: str = ""
    record_sm3: str = ""
    notice: str = ""
    title: str = ""
    author: str = ""
    description: str = ""
    producer: str = ""
    creator_tool: str = ""
    part: str = ""                      # of PDF/A
    conformance: str = ""

    @property
    def is_rendition(self) -> bool:
        """Whether the file says that it is a rendition of a licence made by this engine."""
        return bool(self.identifier)


@functools.cache
def _parser() -> etree.XMLParser:
    """The one parser; it keeps nothing from file to file."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                           huge_tree=False)


def read_xmp(data: bytes) -> PdfMetadata:
    """Read the packet.

    Raises:
        PdfRefusal: ``pdf.xmp`` when it is no sound XML, has a DTD, or says one thing twice.
    """
    if len(data) > _LIMIT:
        raise PdfRefusal("pdf.too-large", "Metadata")
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise PdfRefusal("pdf.xmp", "Metadata") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise PdfRefusal("pdf.xmp", "Metadata")
    found: dict[str, str] = {}
    for description in root.iter(f"{{{_RDF}}}Description"):
        for element in description:
            if isinstance(element.tag, str):
                _keep(found, element.tag, _value(element))
        for name, value in description.attrib.items():
            if name != f"{{{_RDF}}}about":
                _keep(found, str(name), str(value))
    return PdfMetadata(
        identifier=found.get(f"{{{_OWN}}}identifier", ""), record_sm3=found.get(f"{{{_OWN}}}recordSM3", ""),
        notice=found.get(f"{{{_OWN}}}notice", ""), title=found.get(f"{{{_DC}}}title", ""),
        author=found.get(f"{{{_DC}}}creator", ""), description=found.get(f"{{{_DC}}}description", ""),
        producer=found.get(f"{{{_PDF}}}Producer", ""), creator_tool=found.get(f"{{{_XMP}}}CreatorTool", ""),
        part=found.get(f"{{{_PDFA}}}part", ""), conformance=found.get(f"{{{_PDFA}}}conformance", ""))


def _keep(found: dict[str, str], name: str, value: str) -> None:
    if name in found:
        raise PdfRefusal("pdf.xmp", "Metadata")
    found[name] = value


def _value(element: etree._Element) -> str:
    """Text of a property, or of the one item of its array."""
    items = list(element.iter(f"{{{_RDF}}}li"))
    if not items:
        return (element.text or "").strip()
    return (items[0].text or "").strip() if len(items) == 1 else ""
