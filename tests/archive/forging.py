"""What an attacker can append to an archive's PDF: further revisions in any form, timestamped by the real service."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archive.errors import ArchiveError
from archive.pdf_revision import add_timestamp
from archive.pdf_spelling import spelt
from verify.foreign.pdf_store import State, Store
from verify.foreign.pdf_walk import read_pages
from verify.pdf_objects import Dict, Name, Object, PdfString, Ref

Change = Callable[["Appended"], None]


@dataclass
class Appended:
    """A revision in the making: objects by number, over the last state of a file."""

    pdf: bytes
    state: State
    objects: dict[int, bytes]
    next: int
    trailer: Dict
    form: str = "xref"

    @property
    def root(self) -> int:
        """The number of the catalog."""
        root = self.state.trailer["Root"]
        assert isinstance(root, Ref)
        return root.number

    def catalog(self, **more: Object) -> None:
        """Write the catalog anew with further or other entries."""
        self.objects[self.root] = spelt({**self.state.root, **more})

    def new(self, body: bytes | Object) -> Ref:
        """Add an object."""
        self.objects[self.next] = body if isinstance(body, bytes) else spelt(body)
        self.next += 1
        return Ref(self.next - 1, 0)

    def page(self, **more: Object) -> None:
        """Write the first page anew with further or other entries."""
        (page, *_) = read_pages(self.state)
        self.objects[page.ref.number] = spelt({**page.entries, **more})

    def annotations(self) -> list[Object]:
        """Those of the first page."""
        (page, *_) = read_pages(self.state)
        return list(page.annotations(self.state))


def appended(pdf: bytes, change: Change, *, lead: bytes = b"", tail: bytes = b"") -> bytes:
    """The file with one more revision. ``lead`` stands before its objects, ``tail`` behind its end."""
    state = Store.read(pdf).states()[-1]
    size = state.trailer["Size"]
    assert isinstance(size, int)
    made = Appended(pdf, state, {}, size, {
        "Root": state.trailer["Root"], "Info": state.trailer.get("Info"), "ID": state.trailer["ID"]})
    change(made)
    parts, offsets = [pdf, lead], {}
    at = len(pdf) + len(lead)
    for number, body in sorted(made.objects.items()):
        offsets[number] = at
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        at += len(parts[-1])
    parts.append(b"xref\n" + b"".join(b"%d 1\n%010d 00000 n\r\n" % each for each in sorted(offsets.items())))
    parts.append(b"trailer\n" + spelt({
        **{key: value for key, value in made.trailer.items() if value is not None}, "Size": made.next,
        "Prev": state.section.at}) + b"\nstartxref\n%d\n%%%%EOF\n" % at + tail)
    return b"".join(parts)


def with_stamp(pdf: bytes, change: Change, token: Callable[[bytes], bytes], **more: bytes) -> bytes:
    """An attacker's revision, and over it a document timestamp of a real service: time does not make it good.

    What our own writer cannot read stays without.
    """
    forged = appended(pdf, change, **more)
    try:
        return add_timestamp(forged, token)
    except ArchiveError:
        return forged


def text_stream(text: bytes = b"0 0 1000 1000 re f") -> bytes:
    """A stream that paints."""
    return b"<</Length %d>>\nstream\n%b\nendstream" % (len(text), text)


def _page_content(made: Appended) -> None:
    made.page(Contents=made.new(text_stream()))


def _annotation(subtype: str, **entries: Object) -> Change:
    def change(made: Appended) -> None:
        note = made.new({"Type": Name("Annot"), "Subtype": Name(subtype), "Rect": [0, 0, 500, 500], **entries})
        made.page(Annots=[*made.annotations(), note])
    return change


def _field(entries: Mapping[str, Object], *, value: Mapping[str, Object] | None = None) -> Change:
    """A signature field that is not ours: by default a good hidden one, with entries exchanged."""
    def change(made: Appended) -> None:
        signature = made.new({
            "Type": Name("DocTimeStamp"), "Filter": Name("Adobe.PPKLite"), "SubFilter": Name("ETSI.RFC3161"),
            "ByteRange": [0, 10, 20, 30], "Contents": PdfString(bytes(64), 0, 0, True), **(value or {})})
        widget = made.new({"Type": Name("Annot"), "Subtype": Name("Widget"), "FT": Name("Sig"),
                           "T": PdfString(b"x", 0, 0, False), "F": 132, "Rect": [0, 0, 0, 0], "V": signature,
                           **entries})
        form = dict(made.state.dict(made.state.root.get("AcroForm")))
        fields = list(made.state.list(form["Fields"]))
        made.catalog(AcroForm={**form, "Fields": [*fields, widget]})
        made.page(Annots=[*made.annotations(), widget])
    return change


def _form(**more: Object) -> Change:
    def change(made: Appended) -> None:
        made.catalog(AcroForm={**made.state.dict(made.state.root.get("AcroForm")), **more})
    return change


def _first_stream(made: Appended) -> None:
    """A stream that pages are drawn from, exchanged."""
    (page, *_) = read_pages(made.state)
    contents = page.entries["Contents"]
    assert isinstance(contents, Ref)
    made.objects[contents.number] = text_stream()


def _evidence(body: bytes, key: str = "CRLs") -> Change:
    def change(made: Appended) -> None:
        held = made.state.dict(made.state.root.get("DSS"))
        part = made.new(b"<</Length %d>>\nstream\n%b\nendstream" % (len(body), body))
        made.catalog(DSS=made.new({**held, "Type": Name("DSS"), key: [*made.state.list(held.get(key)), part]}))
    return change


def _hidden_object(made: Appended) -> None:
    made.new(text_stream())
    _evidence(b"")(made)


def _info(made: Appended) -> None:
    made.trailer["Info"] = made.new({"Title": PdfString(b"another", 0, 0, False)})


def _root(made: Appended) -> None:
    made.trailer["Root"] = made.new(dict(made.state.root))


def _id(made: Appended) -> None:
    made.trailer["ID"] = [PdfString(hashlib.sha256(b"x").digest()[:16], 0, 0, True)] * 2
    made.catalog(DSS=made.new({"Type": Name("DSS")}))


def _extra_key(made: Appended) -> None:
    made.trailer["XRefStm"] = 5


def _bare(made: Appended) -> None:
    made.trailer["Size"] = made.next


ATTACKS: Mapping[str, Change] = {
    "the content of a page": _page_content,
    "a stream that was there": _first_stream,
    "free text": _annotation("FreeText", Contents=PdfString(b"void", 0, 0, False)),
    "a stamp": _annotation("Stamp"),
    "a link": _annotation("Link"),
    "a hidden note": _annotation("Text", F=2),
    "a page that is turned": lambda made: made.page(Rotate=90),
    "a page that is cut": lambda made: made.page(CropBox=[0, 0, 10, 10]),
    "other resources": lambda made: made.page(Resources={}),
    "an action on opening": lambda made: made.catalog(OpenAction={"S": Name("JavaScript")}),
    "names": lambda made: made.catalog(Names={}),
    "layers": lambda made: made.catalog(OCProperties={}),
    "another language": lambda made: made.catalog(Lang=PdfString(b"en", 0, 0, False)),
    "other permissions": lambda made: made.catalog(Perms={}),
    "pages": lambda made: made.catalog(Pages=made.new({
        "Type": Name("Pages"), "Count": 1, "Kids": [made.new({"Type": Name("Page"), "MediaBox": [0, 0, 9, 9]})]})),
    "metadata": lambda made: made.catalog(Metadata=made.new(text_stream(b"x"))),
    "a further version": lambda made: made.catalog(Version=Name("2.0")),
    "appearances by readers": _form(NeedAppearances=True),
    "no fields": _form(Fields=[]),
    "other flags": _form(SigFlags=1),
    "a field that is seen": _field({"Rect": [0, 0, 300, 300]}),
    "a field with a picture": _field({"AP": {"N": Name("x")}}),
    "a field with an action": _field({"A": {"S": Name("JavaScript")}}),
    "a text field": _field({"FT": Name("Tx")}),
    "a field under a known name": _field({"T": PdfString(b"issuer-seal", 0, 0, False)}),
    "an approval signature": _field({}, value={"Type": Name("Sig"), "SubFilter": Name("ETSI.CAdES.detached")}),
    "a timestamp that is none": _field({}),
    "a timestamp with a reason": _field({}, value={"Reason": PdfString(b"x", 0, 0, False)}),
    "evidence that is none": _evidence(b"no list"),
    "a certificate of nobody": _evidence(b"0\x03\x02\x01\x01", "Certs"),
    "a file among the evidence": _evidence(b"hidden", "Files"),
    "an object that nothing names": _hidden_object,
    "other information": _info,
    "another catalog": _root,
    "another identity": _id,
    "a hybrid trailer": _extra_key,
    "nothing at all": _bare,
}
"""What a revision does that is no evidence and no timestamp."""
