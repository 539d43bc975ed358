"""What a PDF says of itself: XMP and the document information, which say the same.

The licence's identifier and the SM3 of the record's XML stand in a schema of our own, described in the
packet as PDF/A asks. The notice says that the OFD is the original.

Source: ISO 19005-3 6.6.2 (XMP, extension schemas), 6.6.3 (agreement with the information dictionary).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from codes.china_time import CHINA_TIME
from docgen.pdf_errors import PdfError, PdfErrorCode
from docgen.pdf_objects import Value, date_string, text_string

__all__ = ["NOTICE", "SCHEMA", "PdfMeta", "information", "xmp"]

NOTICE = "版式副本，以 OFD 原件为准"
"""The PDF is a rendition; the OFD is the original (decision 1)."""

SCHEMA = "urn:zhengyin:rendition:1#"
"""Namespace of the properties ``identifier``, ``recordSM3`` and ``notice``."""

_TOOL = "证印 zhengyin"


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfMeta:
    """Title, author (the issuing authority), time of writing; ``notice`` says what the file is.

    A rendition of a licence says its identifier (GB/T 36904) too, and the SM3 of the record's XML in hex; what has no
    identifier is none.
    """

    title: str
    author: str
    created: datetime
    identifier: str = ""
    record_sm3: str = ""
    notice: str = NOTICE

    def __post_init__(self) -> None:
        require_zone(self.created)


def require_zone(moment: datetime) -> None:
    """Refuse a time without a zone.

    Raises:
        PdfError: ``pdf.time-without-zone``.
    """
    if moment.utcoffset() is None:
        raise PdfError(PdfErrorCode.TIME_NAIVE, f"时间 {moment.isoformat()} 没有时区，请给出带时区的时间",
                       f"the time {moment.isoformat()} has no zone; give one with a zone")


def information(meta: PdfMeta) -> dict[str, Value]:
    """Return the document information dictionary."""
    created = date_string(meta.created)
    return {
        "Title": text_string(meta.title), "Author": text_string(meta.author), "Subject": text_string(meta.notice),
        "Creator": text_string(_TOOL), "Producer": text_string(_TOOL),
        "CreationDate": created, "ModDate": created,
    }


_PROPERTIES = (
    ("identifier", "电子证照标识 (GB/T 36904)"),
    ("recordSM3", "SM3 of the record's XML, hex"),
    ("notice", "版式文件的地位"),
)

_EXTENSION = """<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Licence rendition</pdfaSchema:schema>
<pdfaSchema:namespaceURI>""" + SCHEMA + """</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>zy</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>
""" + "\n".join(
    f"""<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{key}</pdfaProperty:name>\
<pdfaProperty:valueType>Text</pdfaProperty:valueType>\
<pdfaProperty:category>external</pdfaProperty:category>\
<pdfaProperty:description>{what}</pdfaProperty:description></rdf:li>""" for key, what in _PROPERTIES
) + """
</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/"{space}>
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{notice}</rdf:li></rdf:Alt></dc:description>
<pdf:Producer>{tool}</pdf:Producer>
<xmp:CreatorTool>{tool}</xmp:CreatorTool>
<xmp:CreateDate>{created}</xmp:CreateDate>
<xmp:ModifyDate>{created}</xmp:ModifyDate>
<xmp:MetadataDate>{created}</xmp:MetadataDate>
{own}</rdf:Description>
{extension}</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""

_OWN = """<zy:identifier>{identifier}</zy:identifier>
<zy:recordSM3>{record_sm3}</zy:recordSM3>
<zy:notice>{notice}</zy:notice>
"""


def xmp(meta: PdfMeta) -> bytes:
    """Return the XMP packet, read-only, UTF-8."""
    rendition = bool(meta.identifier)
    return _PACKET.format(
        title=escape(meta.title), author=escape(meta.author), notice=escape(meta.notice), tool=_TOOL,
        created=meta.created.astimezone(CHINA_TIME).isoformat(timespec="seconds"),
        space=f' xmlns:zy="{SCHEMA}"' if rendition else "",
        own=_OWN.format(identifier=escape(meta.identifier), record_sm3=escape(meta.record_sm3),
                        notice=escape(meta.notice)) if rendition else "",
        extension=_EXTENSION if rendition else "",
    ).encode()
