"""The PDF rendition: what readers see in it, what it says of itself, and that it is always the same bytes."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pypdf
import pytest
from lxml import etree
from PIL import Image as Picture

import fonts
from docgen.page import Document, GlyphRun, Image
from docgen.pdf import Attachment, PdfMeta, SignaturePlan, write_pdf
from docgen.pdf_content import SCALE
from docgen.pdf_errors import PdfError
from docgen.pdf_metadata import NOTICE, SCHEMA
from docgen.pdf_objects import name, number, text_string
from tests.docgen import pdf_sample
from tests.docgen.pdf_sample import META, NOW, PLAN, RECORD, RECORD_FILE, VALUES, sample, seal_png, unsigned
from tests.interop.judges import FormJudge

ROOT = Path(pdf_sample.__file__).parent.parent.parent


def reader(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data), strict=True)


def runs(page: int) -> list[GlyphRun]:
    return [item for item in sample().pages[page].items if isinstance(item, GlyphRun)]


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("page", [0, 1, 2])
def test_pypdf_reads_every_character_as_typed(page: int) -> None:
    text = reader(unsigned().data).pages[page].extract_text()
    assert bare(text) == bare("".join(run.text for run in runs(page)))
    for _, value in VALUES:
        assert value in text, "a value is contiguous"


def test_pdftotext_reads_every_character_as_typed(poppler: None, tmp_path: Path) -> None:
    (tmp_path / "u.pdf").write_bytes(unsigned().data)
    text = subprocess.run(["pdftotext", "-raw", "u.pdf", "-"], cwd=tmp_path, check=True,
                          capture_output=True).stdout.decode()
    assert bare(text) == bare("".join(run.text for page in range(3) for run in runs(page)))
    for _, value in VALUES:
        assert value in text


def test_every_glyph_stands_within_a_thousandth_of_a_point_and_draws_its_character() -> None:
    page = reader(unsigned().data).pages[0]
    contents = page.get_contents()
    assert contents is not None
    text = contents.get_data().decode()
    scale, = re.findall(r"^([0-9.]+) 0 0 \1 0 0 cm", text)
    assert abs(float(scale) - SCALE) < 1e-8
    found = re.findall(r"BT /F-(\S+) ([0-9.]+) Tf ([0-9.]+) ([0-9.]+) Td (.+?) T[jJ] ET", text)
    assert len(found) == len(runs(0))
    for run, (face, size, x, y, shown) in zip(runs(0), found, strict=True):
        chars = frozenset("".join(other.text for other in runs(0) + runs(1) + runs(2) if other.face == face))
        subset = fonts.face(face).subset(chars)
        backwards = {glyph: char for char, glyph in subset.glyphs.items()}
        assert (face, float(size), float(y)) == (run.face, run.size_mm, round(210 - run.y_mm, 3))
        at, texts, xs = float(x), "", []
        for code, shift in re.findall(r"<([0-9a-f]+)>|(-?[0-9.]+)", shown):
            if shift:
                at -= float(shift) * run.size_mm / 1000
            for glyph in struct.unpack(f">{len(code) // 4}H", bytes.fromhex(code)):
                texts += backwards[glyph]
                xs.append(at)
                at += subset.advances[glyph] * run.size_mm / 1000
        assert texts == run.text
        assert max(abs(a - b) for a, b in zip(xs, run.xs_mm, strict=True)) * SCALE < 0.001


def test_widths_in_the_pdf_are_those_of_the_embedded_font() -> None:
    for font in reader(unsigned().data).pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        below = font["/DescendantFonts"][0]
        data = below["/FontDescriptor"]["/FontFile2"].get_data()
        embedded = fonts.TrueType(data)
        widths = dict.fromkeys(range(1, embedded.glyph_count), below["/DW"])
        flat = list(below["/W"])
        for first, run in zip(flat[::2], flat[1::2], strict=True):
            widths |= dict(enumerate(run, first))
        assert all(embedded.advance(glyph) == width for glyph, width in widths.items())


@pytest.mark.judge
def test_verapdf_finds_the_signed_rendition_pdf_a_3b(form_judge: FormJudge, tmp_path: Path) -> None:
    from docgen.pades import sign_pdf

    signer, ca, root = pdf_sample.world()
    for key, plan, files, seal in (
        ("plain", PLAN, (RECORD_FILE,), seal_png()), ("bare", PLAN, (), None),
        ("long", replace(PLAN, reserved=20000),
         (RECORD_FILE, Attachment("注.txt", "text/plain", "Supplement", b"")), pdf_sample.qr_png()),
    ):
        made = write_pdf(sample(), meta=META, attachments=files, seal_png=seal, signature=plan)
        path = tmp_path / f"{key}.pdf"
        path.write_bytes(sign_pdf(made, signer, chain=(ca, root)))
        answer = form_judge.pdf_a(path)
        assert answer.ok, f"{key}: {answer.text}"


@pytest.mark.req("R-003-27")
def test_metadata_name_the_licence_and_say_that_the_ofd_is_the_original() -> None:
    pdf = reader(unsigned().data)
    raw = pdf.trailer["/Root"]["/Metadata"].get_data()  # type: ignore[index]
    tree = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
    said = {element.tag.partition("}")[2]: element.text for element in tree.iter("{" + SCHEMA + "}*")}
    assert said == {"identifier": META.identifier, "recordSM3": META.record_sm3, "notice": NOTICE}
    info = pdf.metadata
    assert info is not None
    assert (info.title, info.author, info.subject) == (META.title, META.author, NOTICE)
    assert NOTICE == "版式副本，以 OFD 原件为准"
    dc = "{http://purl.org/dc/elements/1.1/}"
    assert [tree.findtext(f".//{dc}{key}//{{*}}li") for key in ("title", "creator", "description")] == [
        META.title, META.author, NOTICE]
    assert tree.findtext(".//{http://ns.adobe.com/xap/1.0/}CreateDate") == "2025-08-01T09:30:00+08:00"
    assert info.creation_date == NOW


def test_markup_in_names_stays_text() -> None:
    meta = replace(META, title="a<b>&amp; (c)\\", author="\"']]>")
    made = write_pdf(sample(), meta=meta, seal_png=None, signature=PLAN)
    pdf = reader(made.data)
    tree = etree.fromstring(pdf.trailer["/Root"]["/Metadata"].get_data())  # type: ignore[index]
    assert tree.findtext(".//{http://purl.org/dc/elements/1.1/}title//{*}li") == meta.title
    assert pdf.metadata is not None
    assert (pdf.metadata.title, pdf.metadata.author) == (meta.title, meta.author)


def test_the_record_is_attached_as_associated_data() -> None:
    pdf = reader(unsigned().data)
    assert {key: list(value) for key, value in pdf.attachments.items()} == {"record.xml": [RECORD]}
    root = pdf.trailer["/Root"]
    file = root["/AF"][0]  # type: ignore[index]
    assert (file["/AFRelationship"], file["/UF"]) == ("/Data", "record.xml")
    assert file["/EF"]["/F"]["/Subtype"] == "/application/xml"


def test_pictures_come_out_pixel_for_pixel() -> None:
    page = reader(unsigned().data).pages[1]
    images = {image.name.rpartition(".")[0]: image.image for image in page.images}
    with Picture.open(io.BytesIO(pdf_sample.qr_png())) as qr:
        found = images["I-qr"]
        assert found is not None
        assert found.convert("1").tobytes() == qr.convert("1").tobytes()
    with Picture.open(io.BytesIO(seal_png())) as seal:
        found = images["Seal"]
        assert found is not None
        assert found.mode == "RGBA"
        assert found.getchannel("A").tobytes() == seal.getchannel("A").tobytes()
        shown = Picture.new("RGB", seal.size, "white")
        other = shown.copy()
        shown.paste(seal, mask=seal.getchannel("A"))
        other.paste(found, mask=found.getchannel("A"))
        assert shown.tobytes() == other.tobytes()


def test_the_seal_stands_on_every_page_and_the_qr_code_is_drawn(poppler: None, tmp_path: Path) -> None:
    (tmp_path / "u.pdf").write_bytes(unsigned().data)
    subprocess.run(["pdftoppm", "-r", "50.8", "-png", "u.pdf", "p"], cwd=tmp_path, check=True)
    for page in (1, 2, 3):
        with Picture.open(tmp_path / f"p-{page}.png") as opened:
            picture = opened.convert("RGB")
        assert picture.size == (594, 420)
        red, green, blue = picture.getpixel((2 * 231, 2 * 161))  # type: ignore[misc]
        assert red > 150 > green
        assert blue < 150
        qr = picture.crop((480, 40, 552, 112)).convert("L")
        assert 0.2 < sum(level < 128 for level in qr.tobytes()) / (72 * 72) < 0.6
        assert picture.getpixel((18, 200)) == (150, 60, 40), "border"


def test_the_first_place_is_the_widget_and_the_others_are_page_content() -> None:
    pdf = reader(unsigned().data)
    widget = pdf.pages[0]["/Annots"][0]  # type: ignore[index]
    rect = [float(edge) / SCALE for edge in widget["/Rect"]]
    assert rect == pytest.approx([210, 210 - 140 - 42, 252, 210 - 140], abs=1e-4)
    contents = [page.get_contents() for page in pdf.pages]
    assert [stream is not None and b"/Seal Do" in stream.get_data() for stream in contents] == [
        False, True, True]
    assert "/Annots" not in pdf.pages[1]
    assert widget["/F"] & 4, "printed"


def test_artwork_and_pictures_are_held_once() -> None:
    data = unsigned().data
    assert data.count(b"/Subtype /Form") == 2, "the ground and the seal's appearance"
    assert data.count(b"/Subtype /Image") == 3, "QR code, seal, soft mask of the seal"
    assert data.count(b"startxref") == 1
    assert b"/CIDSet" not in data


@pytest.mark.parametrize("environment", [
    {"PYTHONHASHSEED": "1"},
    {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "RL_pdfComments": "1", "RL_pdfMultiLine": "1"},
])
def test_the_same_inputs_give_the_same_bytes_in_every_process(environment: dict[str, str]) -> None:
    code = ("import hashlib; from tests.docgen.pdf_sample import unsigned; "
            "print(hashlib.sha256(unsigned().data).hexdigest())")
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True,
                          capture_output=True)
    assert said.stdout.decode().strip() == hashlib.sha256(unsigned().data).hexdigest()


@pytest.mark.parametrize("change", [
    {"meta": replace(META, record_sm3="cd" * 32)},
    {"attachments": ()},
    {"signature": replace(PLAN, reason="变更")},
    {"seal_png": pdf_sample.qr_png()},
])
def test_another_input_gives_another_file_id(change: dict[str, object]) -> None:
    base: dict[str, object] = {
        "meta": META, "attachments": (RECORD_FILE,), "seal_png": seal_png(), "signature": PLAN}
    ids = {write_pdf(sample(), **(base | other)).data.rpartition(b"/ID [<")[2][:32]  # type: ignore[arg-type]
           for other in ({}, change)}
    assert len(ids) == 2


def test_the_placeholder_is_all_that_is_open() -> None:
    made = unsigned()
    assert made.data[made.start:made.end] == b"<" + b"0" * 2 * PLAN.reserved + b">"
    said = re.findall(rb"/ByteRange \[0 +(\d+) +(\d+) +(\d+)\]", made.data)
    assert said == [(b"%d" % made.start, b"%d" % made.end, b"%d" % (len(made.data) - made.end))]


def document_with(run: GlyphRun) -> Document:
    page = replace(sample().pages[0], items=(run,))
    return replace(sample(), pages=(page,))


def test_a_glyph_that_is_not_its_character_is_refused() -> None:
    run = replace(runs(0)[1], glyphs=tuple(glyph + 1 for glyph in runs(0)[1].glyphs))
    with pytest.raises(PdfError) as caught:
        write_pdf(document_with(run), meta=META, seal_png=None, signature=PLAN)
    assert caught.value.code == "pdf.glyph-mismatch"


def test_a_character_without_a_glyph_is_refused() -> None:
    run = replace(runs(0)[1], face="song", text="𠮷" + runs(0)[1].text[1:])
    with pytest.raises(fonts.FontError, match=r"U\+20BB7"):
        write_pdf(document_with(run), meta=META, seal_png=None, signature=PLAN)


@pytest.mark.parametrize(("png", "why"), [
    (b"", "empty"), (b"GIF89a", "another format"), (pdf_sample.qr_png()[:200], "cut short"),
    (pdf_sample.qr_png().replace(b"IDAT", b"IDAX"), "no pixels"),
    (pdf_sample.seal_png()[:-40] + bytes(40), "damaged"),
])
def test_a_broken_picture_is_refused(png: bytes, why: str) -> None:
    with pytest.raises(PdfError) as caught:
        write_pdf(sample(), meta=META, seal_png=png, signature=PLAN)
    assert caught.value.code == "pdf.image-unreadable", why


def test_a_time_without_zone_is_refused() -> None:
    naive = datetime(2025, 8, 1)
    for make in (lambda: PdfMeta(identifier="", title="", author="", record_sm3="", created=naive),
                 lambda: SignaturePlan(signer_name="", signed_at=naive)):
        with pytest.raises(PdfError) as caught:
            make()
        assert caught.value.code == "pdf.time-without-zone"


def test_a_document_without_places_has_an_invisible_signature() -> None:
    bare_pages = tuple(replace(page, seals=()) for page in sample().pages)
    made = write_pdf(replace(sample(), pages=bare_pages), meta=META, seal_png=seal_png(), signature=PLAN)
    widget = reader(made.data).pages[0]["/Annots"][0]  # type: ignore[index]
    assert list(widget["/Rect"]) == [0, 0, 0, 0]
    assert "/AP" not in widget


def test_pictures_of_other_kinds_are_drawn() -> None:
    for mode in ("L", "P", "RGB", "RGBA", "LA", "I;16"):
        out = io.BytesIO()
        Picture.new(mode, (5, 3)).save(out, "PNG")
        page = replace(sample().pages[0], items=(Image(name="x", x_mm=1, y_mm=1, width_mm=5, height_mm=3),))
        document = replace(sample(), pages=(page,), images={"x": out.getvalue()})
        made = write_pdf(document, meta=META, seal_png=None, signature=PLAN)
        found = reader(made.data).pages[0].images["/I-x"].image
        assert found is not None
        assert found.size == (5, 3)


@pytest.mark.parametrize(("value", "token"), [
    (0.0, "0"), (-0.00001, "0"), (1.0, "1"), (841.88976, "841.8898"), (-2.5, "-2.5"), (100, "100"),
])
def test_numbers_are_plain(value: float, token: str) -> None:
    assert number(value) == token


@pytest.mark.parametrize(("text", "token"), [
    ("abc", "(abc)"), ("a(b)\\", "(a\\(b\\)\\\\)"), ("证", "<feff8bc1>"), ("𠮷", "<feffd842dfb7>"),
    ("a\nb", "<feff0061000a0062>"),
])
def test_text_strings(text: str, token: str) -> None:
    assert text_string(text) == token


def test_names_escape_what_is_not_regular() -> None:
    assert name("application/xml") == "/application#2fxml"
    assert name("A b#证") == "/A#20b#23#e8#af#81"
