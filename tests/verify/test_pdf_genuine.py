"""What the PDF half reads of a genuine rendition, against readers that we did not write."""

from __future__ import annotations

import html
import io
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest
import zxingcpp
from PIL import Image as Picture

import docgen.pades
from certs.signer import LocalSigner
from docgen.qr import qr_png
from tests.docgen import pdf_sample
from tests.verify import pdf_forge as forge
from verify.model import Verdict
from verify.pdf import check_pdf, is_pdf, judge


def test_a_genuine_rendition_is_valid_and_says_that_it_is_a_copy() -> None:
    assert forge.verdict_of(forge.genuine()) == (Verdict.VALID, {"pdf.copy"})


def test_what_the_engine_signs_is_valid() -> None:
    world = forge.world()
    signer = LocalSigner(world.signer.certificate, world.signer.key)
    signed = docgen.pades.sign_pdf(pdf_sample.unsigned(), signer, chain=(world.ca.certificate,))
    assert forge.verdict_of(signed) == (Verdict.VALID, {"pdf.copy"})


def test_the_signature_is_told_with_signer_organisation_anchor_and_time() -> None:
    (told,) = forge.evidence_of(forge.genuine()).signatures
    world = forge.world()
    assert (told.indication, told.organisation, told.organisation_code) == (
        "TOTAL-PASSED", forge.ORGANISATION, forge.USCC)
    assert (told.anchor, told.anchor_fingerprint) == ("演示根", world.root.certificate.fingerprint)
    assert told.claimed_at == forge.NOW
    assert told.proven_at is None


def test_metadata_attachments_and_coverage_are_read() -> None:
    evidence = forge.evidence_of(forge.genuine())
    assert evidence.metadata.identifier == pdf_sample.META.identifier
    assert evidence.metadata.record_sm3 == pdf_sample.META.record_sm3
    assert evidence.metadata.notice == "版式副本，以 OFD 原件为准"
    assert evidence.attachment("record.xml") == pdf_sample.RECORD
    assert [(each.mime, each.relationship) for each in evidence.attachments] == [("application/xml", "Data")]
    assert evidence.covered == evidence.size == len(forge.genuine())
    assert evidence.producer == "证印 zhengyin"


def test_every_glyph_is_found_where_the_page_model_put_it() -> None:
    for page, view in zip(pdf_sample.sample().pages, forge.evidence_of(forge.genuine()).pages, strict=True):
        runs = [item for item in page.items if hasattr(item, "xs_mm")]
        assert [run.text for run in view.runs] == [run.text for run in runs]
        for wanted, found in zip(runs, view.runs, strict=True):
            assert found.y_mm == pytest.approx(wanted.y_mm, abs=0.002)
            assert found.size_mm == pytest.approx(wanted.size_mm, abs=0.002)
            assert found.xs_mm == pytest.approx(wanted.xs_mm, abs=0.002)
            assert found.colour == (wanted.fill.r, wanted.fill.g, wanted.fill.b)


def test_seals_and_pictures_stand_where_the_page_model_put_them() -> None:
    for view in forge.evidence_of(forge.genuine()).pages:
        (seal,), (code,) = view.seals, view.pictures
        assert (seal.box.x_mm, seal.box.y_mm, seal.box.width_mm) == pytest.approx((210, 140, 42), abs=0.01)
        assert (code.box.x_mm, code.box.y_mm, code.box.width_mm) == pytest.approx((240, 20, 36), abs=0.01)


def test_the_pixels_of_seal_and_code_are_those_that_were_drawn() -> None:
    view = forge.evidence_of(forge.genuine()).pages[1]
    code = view.pictures[0].load()
    with Picture.open(io.BytesIO(pdf_sample.qr_png())) as drawn:
        assert (code.mode, code.data) == ("L", drawn.convert("L").tobytes())
    seal = view.seals[0].load()
    with Picture.open(io.BytesIO(pdf_sample.seal_png())) as drawn:
        assert seal.alpha == drawn.convert("RGBA").getchannel("A").tobytes()


def test_the_qr_code_is_decoded_from_the_picture() -> None:
    text = "https://lookup.example.invalid/l/14010013202590001#" + "1234567890" * 55
    document = replace(pdf_sample.sample(), images={"qr": qr_png(text)})
    view = forge.evidence_of(forge.sign(forge.unsigned_of(document))).pages[0]
    pixels = view.pictures[0].load()
    picture = Picture.frombytes(pixels.mode, (pixels.width, pixels.height), pixels.data)
    (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    assert found.text == text


@pytest.mark.judge
@pytest.mark.usefixtures("poppler")
def test_poppler_finds_each_word_where_we_find_it(tmp_path: Path) -> None:
    path = tmp_path / "rendition.pdf"
    path.write_bytes(forge.genuine())
    told = subprocess.run(["pdftotext", "-bbox", str(path), "-"], capture_output=True, check=True, text=True)
    views = forge.evidence_of(forge.genuine()).pages
    for view, page in zip(views, told.stdout.split("<page ")[1:], strict=True):
        words = re.findall(
            r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>', page)
        glyphs = sorted((round(run.y_mm), x, char, run) for run in view.runs
                        for char, x in zip(run.text, run.xs_mm, strict=True) if char != " ")
        assert sum(len(html.unescape(word[4])) for word in words) == len(glyphs)
        for left, top, _, bottom, text in words:
            x_mm, top_mm, bottom_mm = (float(value) * 25.4 / 72 for value in (left, top, bottom))
            near = [glyph for glyph in glyphs if glyph[2] == html.unescape(text)[0]
                    and abs(glyph[1] - x_mm) < 0.05 and top_mm - 0.5 < glyph[3].y_mm < bottom_mm + 0.5]
            assert near, f"{text} at {x_mm:.2f} mm"


def test_pypdf_as_a_second_opinion_extracts_the_same_text() -> None:
    reader = pypdf.PdfReader(io.BytesIO(forge.genuine()))
    for view, page in zip(forge.evidence_of(forge.genuine()).pages, reader.pages, strict=True):
        ours = "".join(sorted("".join(run.text for run in view.runs).replace(" ", "")))
        theirs = "".join(sorted(re.sub(r"\s", "", page.extract_text())))
        assert ours == theirs


def test_an_invisible_signature_without_a_seal_is_read_too() -> None:
    bare = docgen.pdf.write_pdf(
        pdf_sample.sample(), meta=pdf_sample.META, attachments=(pdf_sample.RECORD_FILE,), seal_png=None,
        signature=pdf_sample.PLAN).data
    signed = forge.sign(bare)
    assert forge.verdict_of(signed) == (Verdict.VALID, {"pdf.copy"})
    assert all(not view.seals for view in forge.evidence_of(signed).pages)


def test_a_moment_without_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="time zone"):
        check_pdf(forge.genuine(), forge.world().trust(), forge.AT.replace(tzinfo=None))


@pytest.mark.parametrize(("data", "answer"), [
    (b"%PDF-1.7\n", True), (b"junk\n%PDF-1.4", True), (b"PK\x03\x04", False), (b"", False),
    (b" " * 2000 + b"%PDF-1.7", False),
])
def test_a_pdf_is_known_by_its_head(data: bytes, answer: bool) -> None:
    assert is_pdf(data) is answer


def test_a_file_is_judged_by_what_was_done_and_not_by_what_was_not_found() -> None:
    evidence = forge.evidence_of(forge.genuine())
    assert judge(evidence)[0] is Verdict.VALID
    lacking = {"unfinished": ("pages",), "signatures": (), "own_form": False, "pages": (), "covered": 5,
               "chain": None, "signer": None}
    for name, value in lacking.items():
        assert judge(replace(evidence, **{name: value}))[0] is Verdict.INDETERMINATE, name  # type: ignore[arg-type]
