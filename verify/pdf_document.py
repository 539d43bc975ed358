"""Walks the objects of a rendition from its catalog, by a white list of what our form has.

What is not reached this way, or is not named, is a finding: nothing in the file may act, hide, or offer
another picture than the one that is read here.

Source: ISO 32000-2 7.7, 12.3 to 12.7; ISO 19005-3 6.6 to 6.9.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from verify.model import Attachment, PageView
from verify.pdf_file import PdfFile
from verify.pdf_keys import check_keys
from verify.pdf_objects import Dict, Name, Object, PdfString, Ref, Stream
from verify.pdf_pages import PageReader
from verify.pdf_reasons import HOSTILE, FindingList, PdfRefusal
from verify.pdf_xmp import PdfMetadata, read_xmp

__all__ = ["STEPS", "DocumentView", "read_document", "text_of"]

MAX_ATTACHMENTS: Final = 50
MAX_ATTACHMENT: Final = 16 << 20        # bytes
_PRINT_LOCKED: Final = (4, 132)
_SAFE_VIEW: Final = {"DisplayDocTitle": (True, False), "FitWindow": (True, False),
                     "PrintScaling": ("None", "AppDefault"), "Direction": ("L2R",), "Duplex": ("Simplex",)}


@dataclass(slots=True, kw_only=True)
class DocumentView:
    """What the walk read. ``finished`` names the steps that came to their end."""

    pages: tuple[PageView, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    metadata: PdfMetadata = field(default_factory=PdfMetadata)
    info: dict[str, str] = field(default_factory=dict)
    signature: Dict | None = None       # the signature dictionary of the one field
    signature_at: str = ""
    finished: set[str] = field(default_factory=set)


STEPS: Final = ("catalog", "field", "certification", "pages", "attachments", "metadata", "whole")


def read_document(file: PdfFile, findings: FindingList) -> DocumentView:
    """Read everything; what refuses becomes a finding and the other steps go on."""
    walk = _Walk(file, findings)
    for name, step in (("catalog", walk.read_catalog), ("field", walk.read_field),
                       ("certification", walk.read_certification), ("pages", walk.read_pages),
                       ("attachments", walk.read_attachments), ("metadata", walk.read_metadata),
                       ("whole", walk.read_whole)):
        _guarded(name, step, walk.view, findings)
    return walk.view


def _guarded(name: str, step: Callable[[], None], view: DocumentView, findings: FindingList) -> None:
    """Run one step. Whatever it throws on hostile bytes is a finding, and the step is not finished."""
    try:
        step()
    except PdfRefusal as refusal:
        findings.keep(refusal.finding())
    except HOSTILE as error:
        findings.add("pdf.unreadable", name, what=type(error).__name__)
    else:
        view.finished.add(name)


class _Walk:
    """The steps; each marks the objects that it reaches."""

    def __init__(self, file: PdfFile, findings: FindingList) -> None:
        self.file = file
        self.findings = findings
        self.view = DocumentView()
        self.catalog: Dict = {}
        self.widget: Ref | None = None
        self.signature_ref: Ref | None = None

    # -- small things

    def dict(self, value: Object, kind: str, where: str) -> Dict:
        found = self.file.get(value)
        check_keys(found, kind, where)
        if not isinstance(found, dict):
            raise PdfRefusal("pdf.type", where, kind=kind)
        return found

    def list(self, value: Object, where: str) -> list[Object]:
        found = self.file.get(value)
        if not isinstance(found, list):
            raise PdfRefusal("pdf.type", where, kind="array")
        return found

    def stream(self, value: Object, kind: str, where: str) -> Stream:
        found = self.file.get(value)
        if not isinstance(found, Stream):
            raise PdfRefusal("pdf.type", where, kind=kind)
        check_keys(found.entries, kind, where)
        return found

    def expect(self, entries: Dict, where: str, **wanted: str) -> None:
        """Demand names; a key that is absent counts only for ``Type``."""
        for key, value in wanted.items():
            found = entries.get(key, Name(value) if key == "Type" else None)
            if not isinstance(found, Name) or found != value:
                raise PdfRefusal("pdf.type", where, kind=value)

    # -- steps

    def read_catalog(self) -> None:
        self.catalog = catalog = self.dict(self.file.trailer["Root"], "Catalog", "Catalog")
        self.expect(catalog, "Catalog", Type="Catalog")
        for part in self.list(self.file.trailer["ID"], "trailer"):
            if not isinstance(part, PdfString):
                raise PdfRefusal("pdf.type", "trailer", kind="ID")
        if "ViewerPreferences" in catalog:
            for key, value in self.dict(catalog["ViewerPreferences"], "ViewerPreferences", "Catalog").items():
                if value not in _SAFE_VIEW[key]:
                    raise PdfRefusal("pdf.unknown-key", "ViewerPreferences", key=key)
        for key, allowed in (("PageMode", ("UseNone",)), ("PageLayout", ("SinglePage", "OneColumn"))):
            if catalog.get(key, allowed[0]) not in allowed:
                raise PdfRefusal("pdf.unknown-key", "Catalog", key=key)
        if "MarkInfo" in catalog:
            self.dict(catalog["MarkInfo"], "MarkInfo", "Catalog")
        if "Extensions" in catalog:
            for extension in self.dict(catalog["Extensions"], "Extensions", "Catalog").values():
                self.dict(extension, "Extension", "Extensions")
        for intent in self.list(catalog.get("OutputIntents", []), "OutputIntents"):
            entries = self.dict(intent, "OutputIntent", "OutputIntents")
            profile = self.stream(entries.get("DestOutputProfile"), "ICC", "OutputIntents")
            self.file.decode(profile, "OutputIntents", 4 << 20)

    def read_field(self) -> None:
        """Exactly one signature field, its widget the only annotation."""
        if "AcroForm" not in self.catalog:
            raise PdfRefusal("pdf.no-signature", "Catalog")
        form = self.dict(self.catalog["AcroForm"], "AcroForm", "AcroForm")
        fields = self.list(form.get("Fields"), "AcroForm")
        if len(fields) != 1 or not isinstance(fields[0], Ref):
            raise PdfRefusal("pdf.fields", "AcroForm", count=str(len(fields)))
        if form.get("SigFlags") != 3:
            raise PdfRefusal("pdf.fields", "AcroForm SigFlags", count="1")
        self.widget = fields[0]
        widget = self.dict(self.widget, "Widget", "Widget")
        self.expect(widget, "Widget", Type="Annot", Subtype="Widget", FT="Sig")
        if widget.get("F") not in _PRINT_LOCKED:
            raise PdfRefusal("pdf.widget", "Widget", what="F")
        value = widget.get("V")
        if not isinstance(value, Ref):
            raise PdfRefusal("pdf.no-signature", "Widget")
        self.signature_ref = value
        signature = self.dict(value, "Sig", f"{value.number} 0 R")
        self.expect(signature, "Sig", Type="Sig")
        self.view.signature, self.view.signature_at = signature, f"{value.number} 0 R"

    def read_certification(self) -> None:
        """DocMDP with P = 1 is demanded, by the signature's reference and by the catalog's permissions."""
        signature = self.view.signature
        if signature is None:
            raise PdfRefusal("pdf.not-certified", "Catalog")
        if "Perms" not in self.catalog or "Reference" not in signature:
            raise PdfRefusal("pdf.not-certified", "Catalog Perms")
        permissions = self.dict(self.catalog["Perms"], "Perms", "Perms")
        if permissions.get("DocMDP") != self.signature_ref:
            raise PdfRefusal("pdf.not-certified", "Perms")
        references = self.list(signature["Reference"], "Sig Reference")
        if len(references) != 1:
            raise PdfRefusal("pdf.not-certified", "Sig Reference")
        reference = self.dict(references[0], "SigRef", "Sig Reference")
        self.expect(reference, "Sig Reference", Type="SigRef", TransformMethod="DocMDP")
        parameters = self.dict(reference.get("TransformParams"), "TransformParams", "Sig Reference")
        self.expect(parameters, "Sig Reference", Type="TransformParams", V="1.2")
        permission = parameters.get("P", 2)
        if type(permission) is not int or permission != 1:
            raise PdfRefusal("pdf.permissions", "Sig Reference", value=str(permission))

    def read_pages(self) -> None:
        reader = PageReader(self.file, self.findings)
        self.view.pages = reader.read(self.catalog.get("Pages"), self.widget)

    def read_attachments(self) -> None:
        """Files of the name tree, which are exactly the associated files."""
        associated = self.list(self.catalog.get("AF", []), "AF")
        named: list[tuple[str, Object]] = []
        if "Names" in self.catalog:
            names = self.dict(self.catalog["Names"], "Names", "Names")
            tree = self.dict(names.get("EmbeddedFiles"), "NameTree", "EmbeddedFiles")
            flat = self.list(tree.get("Names"), "EmbeddedFiles")
            if len(flat) % 2 or len(flat) > 2 * MAX_ATTACHMENTS:
                raise PdfRefusal("pdf.attachments", "EmbeddedFiles")
            named = [(text_of(flat[index]), flat[index + 1]) for index in range(0, len(flat), 2)]
        if sorted(map(repr, associated)) != sorted(repr(ref) for _, ref in named) or not all(
                isinstance(ref, Ref) for ref in associated):
            raise PdfRefusal("pdf.attachments", "AF")
        found = tuple(self.attachment(name, ref) for name, ref in named)
        if len({each.name for each in found}) != len(found):
            raise PdfRefusal("pdf.attachments", "EmbeddedFiles")
        self.view.attachments = found

    def attachment(self, name: str, ref: Object) -> Attachment:
        entries = self.dict(ref, "Filespec", name)
        self.expect(entries, name, Type="Filespec")
        if text_of(entries.get("UF")) != name or text_of(entries.get("F")) != name:
            raise PdfRefusal("pdf.attachments", name)
        if "Desc" in entries:
            text_of(entries["Desc"])
        files = self.dict(entries.get("EF"), "EF", name)
        if files.get("F") != files.get("UF", files.get("F")):
            raise PdfRefusal("pdf.attachments", name)
        stream = self.stream(files.get("F"), "EmbeddedFile", name)
        data = self.file.decode(stream, name, MAX_ATTACHMENT)
        parameters = self.dict(stream.entries.get("Params", {}), "Params", name)
        if parameters.get("Size", len(data)) != len(data):
            raise PdfRefusal("pdf.attachments", name)
        checksum = parameters.get("CheckSum")
        if checksum is not None and (not isinstance(checksum, PdfString) or checksum.value != hashlib.md5(
                data, usedforsecurity=False).digest()):
            raise PdfRefusal("pdf.attachments", name)
        relationship, mime = entries.get("AFRelationship"), stream.entries.get("Subtype")
        if not isinstance(relationship, Name) or not isinstance(mime, Name):
            raise PdfRefusal("pdf.attachments", name)
        return Attachment(name=name, mime=str(mime), relationship=str(relationship), data=data)

    def read_metadata(self) -> None:
        """XMP, and the information dictionary where there is one; what both say is the same."""
        stream = self.stream(self.catalog.get("Metadata"), "Metadata", "Metadata")
        self.expect(stream.entries, "Metadata", Type="Metadata", Subtype="XML")
        self.view.metadata = metadata = read_xmp(self.file.decode(stream, "Metadata", 1 << 20))
        if "Info" in self.file.trailer:
            info = self.dict(self.file.trailer["Info"], "Info", "Info")
            self.view.info = {key: text_of(value) for key, value in info.items() if key != "Trapped"}
        for key, value in (("Title", metadata.title), ("Author", metadata.author),
                           ("Producer", metadata.producer), ("Creator", metadata.creator_tool),
                           ("Subject", metadata.description)):
            if self.view.info.get(key, value) != value:
                self.findings.add("pdf.metadata-differ", key)

    def read_whole(self) -> None:
        """Every object of the file was reached by a step above."""
        lost = sorted(self.file.objects.keys() - self.file.reached)
        if lost:
            raise PdfRefusal("pdf.unused-objects", f"{lost[0]} 0 R", count=str(len(lost)))


def text_of(value: Object) -> str:
    """A PDF text string: UTF-16BE with its mark, UTF-8 with its mark, or plain ASCII."""
    if not isinstance(value, PdfString):
        raise PdfRefusal("pdf.type", "", kind="text string")
    raw = value.value
    try:
        if raw.startswith(b"\xfe\xff"):
            return raw[2:].decode("utf-16-be")
        return raw[3:].decode("utf-8") if raw.startswith(b"\xef\xbb\xbf") else raw.decode("ascii")
    except UnicodeDecodeError:
        raise PdfRefusal("pdf.type", "", kind="text string") from None
