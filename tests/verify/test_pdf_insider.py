"""Files whose signature holds, made with the signer's key, that hide, act, or could show something else.

They show that the form is a white list: what our renditions do not have is named and keeps a file from
being called valid, even when a signature covers it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from docgen.page import Colour, Document, GlyphRun, Image, Path, Segment
from tests.docgen import pdf_sample
from tests.verify import pdf_forge as forge
from verify.model import Verdict

UNSURE = Verdict.INDETERMINATE
ROOT = b"<</Type /Catalog\n"
PAGE = (b"<</Type /Page\n/Parent 3 0 R\n/MediaBox [0 0 841.8897 595.2755]\n/Resources 4 0 R\n"
        b"/Contents 34 0 R\n")
SEAL_FORM = b"/Subtype /Form\n/BBox [0 0 119.0551 119.0551]"
FLATE = rb"(?m)^%d 0 obj\n<</Filter /FlateDecode\n/Length (\d+)\n>>\nstream\n"


def with_extra(body: bytes, edit: Callable[[int], tuple[bytes, bytes]]) -> bytes:
    """One more object, and an edit that mentions its number."""
    data, number = forge.with_object(forge.plain_unsigned(), body)
    return forge.insider(edit(number), data=data)


def in_catalog(entry: bytes) -> bytes:
    """The file with one more catalog entry."""
    return forge.insider((ROOT, ROOT + entry + b"\n"))


def in_page(entry: bytes) -> bytes:
    """The file with one more entry of page 1."""
    return forge.insider((PAGE, PAGE + entry + b"\n"))


def contents(number: int, change: Callable[[bytes], bytes]) -> bytes:
    """The file with a changed content stream of a page (1 to 3)."""
    data = forge.plain_unsigned()
    head = re.search(FLATE % (33 + number), data)
    assert head is not None
    end = head.end() + int(head[1])
    packed = zlib.compress(change(zlib.decompress(data[head.end():end])))
    made = b"%d 0 obj\n<</Filter /FlateDecode\n/Length %d\n>>\nstream\n" % (33 + number, len(packed)) + packed
    return forge.insider(data=data[:head.start()] + made + data[end:])


def painted(extra: Sequence[object], page: int = 0) -> bytes:
    """The sample with more items on a page, drawn by the engine and signed."""
    document = pdf_sample.sample()
    pages = list(document.pages)
    pages[page] = replace(pages[page], items=(*pages[page].items, *extra))  # type: ignore[arg-type]
    return forge.sign(forge.unsigned_of(replace(document, pages=tuple(pages))))


def rectangle(colour: Colour) -> Path:
    """A filled rectangle over the text of a page."""
    corners = ((20, 50), (200, 50), (200, 120), (20, 120))
    segments = [Segment("M", corners[0]), *(Segment("L", corner) for corner in corners[1:]), Segment("Z")]
    return Path(segments=tuple(segments), fill=colour)


def text(words: str, *, size: float = 5.0, fill: Colour = pdf_sample.BLACK,
         x: float = 30.0) -> list[GlyphRun]:
    """Words of our own fonts, out of the way of the others."""
    return list(pdf_sample.run(words, x, 150, size, fill=fill))


def fields_two() -> bytes:
    return with_extra(b"<</Type /Annot\n/Subtype /Widget\n/FT /Tx\n/T (x)\n/Rect [0 0 9 9]\n>>",
                      lambda n: (b"/Fields [8 0 R]", b"/Fields [8 0 R %d 0 R]" % n))


def name_tree(entry: bytes) -> bytes:
    return forge.insider((b"/Names <</EmbeddedFiles", b"/Names <<" + entry + b"\n/EmbeddedFiles"))


def hidden_between(junk: bytes) -> bytes:
    data = forge.swap(forge.plain_unsigned(), b"endobj\n6 0 obj", b"endobj\n" + junk + b"6 0 obj")
    return forge.sign(forge.with_range(forge.with_table(data)))


def twice_numbered() -> bytes:
    """A second object 6, the table pointing at the second."""
    other = b"6 0 obj\n<</Type /Page\n>>\nendobj\n"
    data = forge.swap(forge.plain_unsigned(), b"endobj\n7 0 obj", b"endobj\n" + other + b"7 0 obj")
    return forge.sign(forge.with_range(forge.with_table(data)))


def table_to(number: int, offset: int) -> bytes:
    """The table sends readers to another place for one object."""
    data = forge.with_range(forge.with_table(forge.plain_unsigned()))
    at = data.rindex(b"xref\n0 ")
    entry = re.search(rb"xref\n0 \d+\n", data[at:])
    assert entry is not None
    place = at + entry.end() + 20 * number
    return forge.sign(data[:place] + b"%010d" % offset + data[place + 10:])


def linearized_like() -> bytes:
    return forge.insider((b"/Size 42\n", b"/Size 42\n/Prev 100\n"))


def object_stream() -> bytes:
    inner = b"50 0 <</Type /Page>>"
    return with_extra(forge.stream(inner, b"/Type /ObjStm\n/N 1\n/First 5\n"),
                      lambda n: (ROOT, ROOT + b"/PieceInfo %d 0 R\n" % n))


def to_unicode(change: Callable[[bytes], bytes], *edits: tuple[bytes, bytes]) -> bytes:
    """The kai font's ToUnicode map changed."""
    data = forge.plain_unsigned()
    head = re.search(rb"(?m)^17 0 obj\n<</Filter /FlateDecode\n/Length (\d+)\n>>\nstream\n", data)
    assert head is not None
    end = head.end() + int(head[1])
    packed = zlib.compress(change(zlib.decompress(data[head.end():end])))
    made = b"17 0 obj\n<</Filter /FlateDecode\n/Length %d\n>>\nstream\n" % len(packed) + packed
    return forge.insider(*edits, data=data[:head.start()] + made + data[end:])


def another_character(cmap: bytes) -> bytes:
    """甲 is told where 测 is drawn, and the other way round."""
    jia, ce = b"<7532>", b"<6d4b>"
    return cmap.replace(jia, b"<!>").replace(ce, jia).replace(b"<!>", ce)


def xmp(change: Callable[[bytes], bytes]) -> bytes:
    """The XMP packet changed."""
    data = forge.plain_unsigned()
    head = re.search(rb"(?m)^41 0 obj\n<</Type /Metadata\n/Subtype /XML\n/Length (\d+)\n>>\nstream\n", data)
    assert head is not None
    end = head.end() + int(head[1])
    packet = change(data[head.end():end])
    made = b"41 0 obj\n<</Type /Metadata\n/Subtype /XML\n/Length %d\n>>\nstream\n" % len(packet) + packet
    return forge.insider(data=data[:head.start()] + made + data[end:])


def wrong_length() -> bytes:
    """A stream whose Length is one too short."""
    data = forge.plain_unsigned()
    head = re.search(rb"(?m)^34 0 obj\n<</Filter /FlateDecode\n/Length (\d+)", data)
    assert head is not None
    told = b"%d" % (int(head[1]) - 1)
    return forge.insider(data=data[:head.start(1)] + told.rjust(len(head[1]), b"0") + data[head.end(1):])


def trailing_in_stream() -> bytes:
    """Bytes behind the end of the deflated data, inside the stream."""
    data = forge.plain_unsigned()
    head = re.search(rb"(?m)^34 0 obj\n<</Filter /FlateDecode\n/Length (\d+)\n>>\nstream\n", data)
    assert head is not None
    end = head.end() + int(head[1])
    start = head.start()
    made = b"34 0 obj\n<</Filter /FlateDecode\n/Length %d\n>>\nstream\n" % (int(head[1]) + 6)
    return forge.insider(data=data[:start] + made + data[head.end():end] + b"hidden" + data[end:])


CASES: list[tuple[str, Callable[[], bytes], str]] = [
    # certification
    ("no DocMDP in the permissions", lambda: forge.insider((b"/Perms <</DocMDP 9 0 R\n>>\n", b"")),
     "pdf.not-certified"),
    ("permissions name another object", lambda: forge.insider((b"/DocMDP 9 0 R", b"/DocMDP 8 0 R")),
     "pdf.not-certified"),
    ("usage rights beside DocMDP", lambda: forge.insider((b"/DocMDP 9 0 R", b"/DocMDP 9 0 R\n/UR3 9 0 R")),
     "pdf.unknown-key"),
    ("P = 2", lambda: forge.insider((b"/P 1\n", b"/P 2\n")), "pdf.permissions"),
    ("P = 3", lambda: forge.insider((b"/P 1\n", b"/P 3\n")), "pdf.permissions"),
    ("P left out, which means 2", lambda: forge.insider((b"/P 1\n", b"")), "pdf.permissions"),
    ("P a real number", lambda: forge.insider((b"/P 1\n", b"/P 1.0\n")), "pdf.permissions"),
    ("P true", lambda: forge.insider((b"/P 1\n", b"/P true\n")), "pdf.permissions"),
    ("FieldMDP for DocMDP",
     lambda: forge.insider((b"/TransformMethod /DocMDP", b"/TransformMethod /FieldMDP")), "pdf.type"),
    # what acts or changes the picture
    ("OpenAction", lambda: in_catalog(b"/OpenAction <</S /JavaScript\n/JS (app.alert\\(1\\))\n>>"),
     "pdf.action"),
    ("OpenAction by an alias name", lambda: in_catalog(b"/Open#41ction [5 0 R /Fit]"), "pdf.action"),
    ("additional actions of the catalog", lambda: in_catalog(b"/AA <</WC 2 0 R\n>>"), "pdf.action"),
    ("additional actions of a page", lambda: in_page(b"/AA <</O <</S /Launch\n>>\n>>"), "pdf.action"),
    ("additional actions of the widget",
     lambda: forge.insider((b"/FT /Sig\n/T (", b"/FT /Sig\n/AA <<>>\n/T (")), "pdf.action"),
    ("an action of the widget",
     lambda: forge.insider((b"/FT /Sig\n/T (", b"/FT /Sig\n/A <</S /URI\n>>\n/T (")), "pdf.action"),
    ("JavaScript by name", lambda: name_tree(b"/JavaScript <</Names []\n>>"), "pdf.javascript"),
    ("XFA", lambda: forge.insider((b"/SigFlags 3", b"/SigFlags 3\n/XFA []")), "pdf.xfa"),
    ("NeedAppearances", lambda: forge.insider((b"/SigFlags 3", b"/SigFlags 3\n/NeedAppearances true")),
     "pdf.need-appearances"),
    ("optional content", lambda: in_catalog(b"/OCProperties <</OCGs []\n/D <<>>\n>>"),
     "pdf.optional-content"),
    ("optional content of the seal form",
     lambda: forge.insider((b"/FT /Sig\n/T (", b"/FT /Sig\n/OC 2 0 R\n/T (")), "pdf.optional-content"),
    ("a portfolio", lambda: in_catalog(b"/Collection <<>>"), "pdf.collection"),
    ("a URI base", lambda: in_catalog(b"/URI <</Base (http://x)\n>>"), "pdf.action"),
    ("page transitions", lambda: in_page(b"/Trans <<>>"), "pdf.unknown-key"),
    ("a rotated page", lambda: in_page(b"/Rotate 180"), "pdf.pages"),
    ("a smaller crop box", lambda: in_page(b"/CropBox [0 0 400 400]"), "pdf.pages"),
    ("a page twice", lambda: forge.insider((b"/Kids [5 0 R 6 0 R 7 0 R]", b"/Kids [5 0 R 6 0 R 6 0 R]")),
     "pdf.pages"),
    ("a page left out",
     lambda: forge.insider((b"/Count 3\n/Kids [5 0 R 6 0 R 7 0 R]", b"/Count 2\n/Kids [5 0 R 6 0 R]")),
     "pdf.unused-objects"),
    ("a second field", fields_two, "pdf.fields"),
    ("a link annotation", lambda: with_extra(
        b"<</Type /Annot\n/Subtype /Link\n/Rect [0 0 99 99]\n/A <</S /URI\n/URI (http://x)\n>>\n>>",
        lambda n: (b"/Annots [8 0 R]", b"/Annots [8 0 R %d 0 R]" % n)), "pdf.annotation"),
    ("the widget without its page", lambda: forge.insider((b"/Annots [8 0 R]\n", b"")), "pdf.widget"),
    ("a hidden widget", lambda: forge.insider((b"/F 132", b"/F 134")), "pdf.widget"),
    ("a second appearance", lambda: forge.insider((b"/AP <</N 37 0 R\n", b"/AP <</N 37 0 R\n/D 37 0 R\n")),
     "pdf.unknown-key"),
    ("a turned appearance", lambda: forge.insider((SEAL_FORM, SEAL_FORM + b"\n/Matrix [0 1 -1 0 0 0]")),
     "pdf.widget"),
    # the skeleton
    ("bytes between two objects", lambda: hidden_between(b"% hidden\n"), "pdf.hidden-bytes"),
    ("an object the table does not know", lambda: hidden_between(b"99 1 obj\n<<>>\nendobj\n"),
     "pdf.hidden-bytes"),
    ("a second object of the same number", twice_numbered, "pdf.hidden-bytes"),
    ("a table entry one byte off", lambda: table_to(6, 100), "pdf.xref"),
    ("a table entry at another object", lambda: table_to(6, forge.plain_unsigned().index(b"\n7 0 obj") + 1),
     "pdf.xref"),
    ("a previous table", linearized_like, "pdf.form-unsupported"),
    ("an object stream", object_stream, "pdf.form-unsupported"),
    ("an encrypted file", lambda: forge.insider((b"/Size 42\n", b"/Size 42\n/Encrypt 2 0 R\n")),
     "pdf.form-unsupported"),
    ("an object used by nothing",
     lambda: forge.insider(data=forge.with_object(forge.plain_unsigned(), b"<<>>")[0]), "pdf.unused-objects"),
    ("a key twice", lambda: in_catalog(b"/Pages 3 0 R"), "pdf.duplicate-key"),
    ("a key twice by an alias", lambda: in_catalog(b"/P#61ges 5 0 R"), "pdf.duplicate-key"),
    ("an unknown key", lambda: in_catalog(b"/Zhengyin true"), "pdf.unknown-key"),
    ("a stream shorter than told", wrong_length, "pdf.length"),
    ("bytes behind the deflated data", trailing_in_stream, "pdf.stream"),
    ("a stream outside the file", lambda: forge.insider((b"<</N 3\n", b"<</N 3\n/F (x.icc)\n")),
     "pdf.external"),
    ("a reference to nothing", lambda: forge.insider((b"/Metadata 41 0 R", b"/Metadata 77 0 R")),
     "pdf.dangling"),
    ("two ends of file", lambda: forge.sign(forge.with_range(
        forge.with_table(forge.plain_unsigned()) + b"startxref\n5\n%%EOF\n")), "pdf.xref"),
    # attachments and metadata
    ("an attachment that nothing names", lambda: forge.insider((b"/AF [39 0 R]", b"/AF []")),
     "pdf.attachments"),
    ("an attachment with two names", lambda: forge.insider((b"/UF (record.xml)", b"/UF (other.xml)")),
     "pdf.attachments"),
    ("an attachment's size", lambda: forge.insider((b"/Size 80\n", b"/Size 81\n")), "pdf.attachments"),
    ("Info says another author", lambda: forge.insider((b"/Author <feff6d4b", b"/Author <feff6d4c")),
     "pdf.metadata-differ"),
    ("no statement that this is a copy",
     lambda: forge.insider((b"<zy:notice>\xe7\x89\x88", b"<zy:notice>\xe6\xad\xa3")),
     "pdf.no-copy-statement"),
    ("XMP with a DTD", lambda: xmp(lambda packet: packet.replace(b"<x:xmpmeta", b"<!DOCTYPE a><x:xmpmeta")),
     "pdf.xmp"),
    ("XMP with a property twice", lambda: xmp(lambda packet: packet.replace(
        b"<zy:identifier>", b"<zy:identifier>x</zy:identifier><zy:identifier>")), "pdf.xmp"),
    ("another name beside the signature", lambda: forge.insider((b"/Name <feff6d4b", b"/Name <feff6d4c")),
     "pdf.name-differs"),
    ("a header of another version", lambda: forge.insider((b"%PDF-1.7", b"%PDF-2.0")), "pdf.header"),
    ("an end without startxref", lambda: forge.sign(forge.with_range(forge.swap(
        forge.with_table(forge.plain_unsigned()), b"startxref", b"startxxxx"))), "pdf.tail"),
    ("an object that is no value", lambda: forge.insider((b"/Lang (zh-CN)", b"/Lang zh-CN")), "pdf.syntax"),
    # text and pictures that deceive
    ("a picture with an alternate", lambda: forge.insider((b"/Width 296\n", b"/Width 296\n/Alternates []\n")),
     "pdf.alternates"),
    ("a picture of four bits", lambda: forge.insider(
        (b"/Height 296\n/BitsPerComponent 1", b"/Height 296\n/BitsPerComponent 4")), "pdf.image"),
    ("a picture half off the page", lambda: painted(
        [Image(name="qr", x_mm=280, y_mm=80, width_mm=36, height_mm=36)]), "pdf.picture-cut"),
    ("a font of another encoding", lambda: to_unicode(bytes, (b"LXGWWenKai-Regular\n/Encoding /Identity-H",
                                                             b"LXGWWenKai-Regular\n/Encoding /Identity-V")),
     "pdf.font"),
    ("text told as another", lambda: to_unicode(another_character), "pdf.glyph-mismatch"),
    ("text told as two characters", lambda: to_unicode(lambda cmap: cmap.replace(b"<7532>", b"<75320020>")),
     "pdf.to-unicode"),
    ("a code told twice", lambda: to_unicode(lambda cmap: cmap.replace(b"<0001> <", b"<0002> <", 1)),
     "pdf.to-unicode"),
    ("invisible text", lambda: contents(1, lambda data: data.replace(b"BT ", b"BT 3 Tr ", 1)),
     "pdf.text-hidden"),
    ("white text", lambda: painted(text("测试乙", fill=Colour(255, 255, 255))), "pdf.text-hidden"),
    ("clear text", lambda: painted(text("测试乙", fill=Colour(0, 0, 0, 0.05))), "pdf.text-hidden"),
    ("tiny text", lambda: painted(text("测试乙", size=0.3)), "pdf.text-hidden"),
    ("text off the page", lambda: painted(text("测试乙", x=400)), "pdf.text-hidden"),
    ("text under a white area", lambda: painted([rectangle(Colour(255, 255, 255))]), "pdf.text-covered"),
    ("text under a picture", lambda: painted([Image(name="qr", x_mm=60, y_mm=50, width_mm=80, height_mm=80)]),
     "pdf.text-covered"),
    ("turned text", lambda: contents(1, lambda data: data.replace(b"cm", b"cm 0 1 -1 0 500 0 cm", 1)),
     "pdf.text-turned"),
    ("clipped text", lambda: contents(1, lambda data: data.replace(b"cm", b"cm 0 0 10 10 re W n", 1)),
     "pdf.text-hidden"),
    ("an unknown operator", lambda: contents(1, lambda data: data + b"\n/P <</MCID 0>> BDC EMC"),
     "pdf.content"),
    ("an inline picture", lambda: contents(1, lambda data: data + b"\nBI /W 1 /H 1 ID x EI"), "pdf.content"),
    ("a shading", lambda: contents(1, lambda data: data + b"\n/Sh sh"), "pdf.content"),
    ("a state left open", lambda: contents(1, lambda data: data + b"\nq"), "pdf.content"),
    ("marked optional content", lambda: contents(1, lambda data: b"/OC BMC " + data + b" EMC"),
     "pdf.optional-content"),
    ("a blend mode", lambda: forge.insider((b"/ca 0.8", b"/ca 0.8\n/BM /Multiply")), "pdf.content"),
]


@pytest.mark.parametrize(("case", "made", "code"), CASES, ids=[each[0] for each in CASES])
def test_a_signed_file_outside_our_form_is_never_called_valid(
        case: str, made: Callable[[], bytes], code: str) -> None:
    verdict, codes = forge.verdict_of(made())
    assert verdict is UNSURE, (case, codes)
    assert code in codes, case


def test_the_editing_alone_does_no_harm() -> None:
    """The forger's tools give a valid file when they change nothing that matters."""
    assert forge.verdict_of(contents(1, bytes))[0] is Verdict.VALID
    assert forge.verdict_of(forge.insider((b"/Lang (zh-CN)", b"/Lang (zh-Hans-CN)")))[0] is Verdict.VALID
    assert forge.verdict_of(painted(text("测试乙")))[0] is Verdict.VALID
    assert forge.verdict_of(to_unicode(bytes))[0] is Verdict.VALID


def test_a_document_of_one_page_is_fine_too() -> None:
    one: Document = replace(pdf_sample.sample(), pages=pdf_sample.sample().pages[:1])
    assert forge.verdict_of(forge.sign(forge.unsigned_of(one)))[0] is Verdict.VALID
