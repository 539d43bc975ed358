"""Genuine PDFs of other writers: each genuine, or doubted for the true reason."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pypdf
import pytest

from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import crl, ocsp, world
from tests.verify.foreign.test_pdf_attacks import codes, field, judged, posed
from verify import verify
from verify.model import Verdict
from verify.status import LicenceState

VALID, UNSURE = Verdict.VALID, Verdict.INDETERMINATE
W = world()


def rewritten() -> bytes:
    """Signed, then written anew by pypdf: the signature no longer covers what it says."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(w.sign(w.plain())))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def appended_by_pypdf() -> bytes:
    """A file updated by pypdf before it was signed."""
    writer = pypdf.PdfWriter(io.BytesIO(w.plain()), incremental=True)
    writer.add_metadata({"/Title": "contract"})
    out = io.BytesIO()
    writer.write(out)
    return w.sign(out.getvalue())


def both_prepared() -> bytes:
    """Two parties sign visibly in fields that both stood there from the start."""
    data = w.with_field(w.with_field(w.plain(), "A", (60, 60, 200, 120)), "B", (300, 60, 440, 120))
    return w.sign(w.sign(data, name="A", existing=True), W.second, name="B", existing=True)


def _more_fonts() -> bytes:
    """The second signature comes with another font in the form's resources."""
    data = w.sign(w.plain(True))
    form = f.number_of(data, b"AcroForm")
    font = f.size(data)
    text = w.object_of(data, form)
    more = text.replace(b"/Font <<", b"/Font <</More %d 0 R " % font)
    assert more != text
    return w.by_openssl(data, name=b"Sig2", replaced={form: more},
                        extra_objects=[(font, b"<</Type /Font /Subtype /Type1 /BaseFont /Courier>>")])


def _stored_anew() -> bytes:
    """Evidence that a second program packs and lists again beside its own."""
    data = f.with_evidence(f.by_hand(), Certs=[W.ca.der])
    number, new = f.number_of(data, b"DSS", f.root(data)), f.size(data)
    return w.update(data, [(number, b"<</Certs [%d 0 R] /CRLs [%d 0 R]>>" % (new, new + 1)),
                           (new, f.content(W.ca.der)), (new + 1, f.content(crl(W.ca).der))])


def _early(data: bytes) -> bytes:
    """The place of the table told as that of the line end before it."""
    place = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    return data.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place - 1))


def _page_anew(old: bytes, new: bytes) -> bytes:
    """The second signer writes the page's dictionary a little differently."""
    data = w.sign(w.plain())
    number = f.page(data)
    text = w.object_of(data, number)
    return w.by_openssl(data, name=b"Sig2", replaced={number: f.swap(text, old, new)})


GENUINE: list[tuple[str, Callable[[], bytes], Verdict, str]] = [
    ("PAdES", lambda: w.sign(w.plain()), VALID, "foreign.no-licence"),
    ("PAdES, object streams", lambda: w.sign(w.packed()), VALID, "foreign.no-licence"),
    ("PAdES, hybrid", lambda: w.sign(w.hybrid()), VALID, "form.pdf-hybrid"),
    ("PAdES, with a form", lambda: w.sign(w.plain(True)), VALID, "foreign.no-licence"),
    ("PAdES, form in object streams", lambda: w.sign(w.packed(True)), VALID, "foreign.no-licence"),
    ("PAdES, visible", lambda: w.sign(w.plain(), box=(100, 100, 250, 160)), VALID, "form.pdf-font"),
    ("PAdES, RSA", lambda: w.sign(w.plain(), W.rsa), VALID, "foreign.no-licence"),
    ("PAdES, RSA-PSS", lambda: w.sign(w.plain(), W.rsa, prefer_pss=True), VALID, "foreign.no-licence"),
    ("PAdES, P-384", lambda: w.sign(w.plain(), W.p384, digest="sha384"), VALID, "foreign.no-licence"),
    ("PAdES, P-521", lambda: w.sign(w.plain(), W.p521, digest="sha512"), VALID, "foreign.no-licence"),
    ("PKCS#7", lambda: w.sign(w.plain(), form=w.PKCS7), VALID, "foreign.no-licence"),
    ("PKCS#7, RSA", lambda: w.sign(w.plain(), W.rsa, form=w.PKCS7), VALID, "foreign.no-licence"),
    ("B-T", lambda: w.sign(w.plain(), stamped=True), VALID, "foreign.no-licence"),
    ("B-LT", lambda: w.long_term(w.plain(), stamp_it=False), VALID, "fpdf.evidence-added"),
    ("B-LTA", lambda: w.long_term(w.plain()), VALID, "fpdf.evidence-added"),
    ("B-LTA, object streams", lambda: w.long_term(w.packed()), VALID, "fpdf.evidence-added"),
    ("evidence by hand, with OCSP", lambda: f.with_evidence(
        f.by_hand(), Certs=[W.ca.der, W.root.der], CRLs=[crl(W.ca).der], OCSPs=[ocsp(W.ca, W.p256)]), VALID,
     "fpdf.evidence-added"),
    ("evidence by hand, then more of it, stored anew", lambda: _stored_anew(), VALID, "fpdf.evidence-added"),
    ("evidence, then a second signature", lambda: w.sign(w.long_term(w.plain()), W.second, name="Sig2"), VALID,
     "fpdf.evidence-added"),
    ("document timestamp added", lambda: w.document_stamp(w.sign(w.plain())), VALID, "fpdf.evidence-added"),
    ("two document timestamps", lambda: w.document_stamp(w.document_stamp(w.sign(w.plain()))), VALID,
     "fpdf.evidence-added"),
    ("certified, P = 1", lambda: w.certify(w.plain(), 1), VALID, "foreign.no-licence"),
    ("certified, P = 2", lambda: w.certify(w.plain(True), 2), VALID, "foreign.no-licence"),
    ("certified, P = 3", lambda: w.certify(w.plain(), 3), VALID, "foreign.no-licence"),
    ("certified, P = 1, B-LTA", lambda: w.document_stamp(w.certify(w.plain(), 1)), VALID, "fpdf.evidence-added"),
    ("certified, P = 2, then signed", lambda: w.sign(w.certify(w.plain(), 2), W.second, name="Sig2"), VALID,
     "fpdf.revision"),
    ("two signatures", lambda: w.sign(w.sign(w.plain()), W.second, name="Sig2"), VALID, "fpdf.revision"),
    ("three signatures", lambda: w.sign(w.sign(w.sign(w.packed()), W.second, name="Sig2"), W.rsa, name="Sig3"), VALID,
     "fpdf.revision"),
    ("two visible in prepared fields", both_prepared, VALID, "fpdf.stamp-filled"),
    ("two visible, the second not prepared", lambda: w.sign(
        w.sign(w.plain()), W.second, name="Sig2", box=(300, 60, 440, 120)), UNSURE, "fpdf.stamp-added"),
    ("filled in before signing", lambda: w.sign(f.filled(w.plain(True))), VALID, "foreign.no-licence"),
    ("filled in between signatures", lambda: w.sign(
        f.filled(w.certify(w.plain(True), 2)), W.second, name="Sig2"), UNSURE, "fpdf.form-filled"),
    ("a text field that shows its value", field(b"/FT /Tx /V (1000) /AP <</N %1>>"), VALID, "foreign.no-licence"),
    ("a choice that shows its words", field(
        b"/FT /Ch /Ff 131072 /Opt [[(a) (1000)] [(b) (9999)]] /V (a) /I [0] /AP <</N %1>>"), VALID,
     "foreign.no-licence"),
    ("a check box that is on", field(b"/FT /Btn /V /Yes /AS /Yes /AP <</N <</Yes %1>> /D <</Yes %1>>>>"), VALID,
     "foreign.no-licence"),
    ("a check box that is off", field(b"/FT /Btn /AS /Off /AP <</N <</Yes %1>>>>"), VALID, "foreign.no-licence"),
    ("a text field left empty", field(b"/FT /Tx"), VALID, "foreign.no-licence"),
    ("a link with a thin frame", posed(b"/Subtype /Link /Border [0 0 1] /A <</S /URI /URI (http://x)>>"), VALID,
     "form.pdf-link"),
    ("a second signature, hidden", lambda: w.by_openssl(
        w.sign(w.plain()), W.second, name=b"Sig2", place=b"/F 6 /Rect [0 0 600 800]"), VALID, "fpdf.revision"),
    ("a second signature without an area", lambda: w.by_openssl(
        w.sign(w.plain()), W.second, name=b"Sig2", place=b"/F 4 /Rect [9 9 9 99]"), VALID, "fpdf.revision"),
    ("annotated before signing", lambda: w.sign(f.annotated(w.plain())), VALID, "foreign.no-licence"),
    ("annotated between signatures", lambda: w.sign(
        f.annotated(w.certify(w.plain(True), 3)), W.second, name="Sig2"), UNSURE, "fpdf.annotated"),
    ("a field left empty", lambda: w.sign(w.with_field(w.plain(), "B")), VALID, "form.pdf-empty-field"),
    ("OpenSSL", lambda: w.by_openssl(w.plain()), VALID, "form.pdf-unbound"),
    ("OpenSSL, CAdES", lambda: w.by_openssl(w.plain(), W.p256, "-cades", subfilter=b"ETSI.CAdES.detached"), VALID,
     "foreign.no-licence"),
    ("OpenSSL, PSS", lambda: w.by_openssl(w.plain(), W.rsa, "-keyopt", "rsa_padding_mode:pss"), VALID,
     "form.pdf-unbound"),
    ("OpenSSL, key identifier", lambda: w.by_openssl(w.plain(), W.rsa, "-keyid"), VALID, "form.pdf-unbound"),
    ("OpenSSL, root inside", lambda: w.by_openssl(w.plain(), W.rsa, chain=(W.ca, W.root)), VALID, "form.pdf-unbound"),
    ("OpenSSL, no attributes", lambda: w.by_openssl(w.plain(), W.rsa, "-noattr"), UNSURE, "fpdf.cms"),
    ("OpenSSL, linearized", lambda: w.by_openssl(w.linearized()), VALID, "form.pdf-linearized"),
    ("OpenSSL, linearized, bare", lambda: w.by_openssl(w.linearized(bare=True)), VALID, "form.pdf-linearized"),
    ("PAdES, linearized", lambda: w.sign(w.linearized()), VALID, "form.pdf-linearized"),
    ("OpenSSL, hybrid", lambda: w.by_openssl(w.hybrid()), VALID, "form.pdf-hybrid"),
    ("OpenSSL, a comment before startxref", lambda: w.by_openssl(
        w.plain().replace(b"\nstartxref", b"\n%writer 1.0\nstartxref")), VALID, "form.pdf-unbound"),
    ("fonts added to the form by the second signer", lambda: _more_fonts(), VALID, "fpdf.revision"),
    ("resources in the second signer's field", lambda: w.by_openssl(
        w.sign(w.plain()), name=b"Sig2", field_keys=b"/DR <<>>"), VALID, "fpdf.revision"),
    ("page written anew with the same numbers", lambda: _page_anew(b"595.2756", b"595.27560"), VALID, "fpdf.revision"),
    ("page tagged by the second signer", lambda: _page_anew(b"/Rotate 0", b"/Rotate 0 /Tabs /S /StructParents 1"),
     VALID, "fpdf.revision"),
    ("page with more resources by the second signer", lambda: _page_anew(
        b"/ProcSet", b"/XObject <</More 1 0 R>> /ProcSet"), UNSURE, "fpdf.changed"),
    ("OpenSSL, hybrid with a hidden object", lambda: w.by_openssl(w.hiding()), VALID, "form.pdf-hybrid"),
    ("an empty name", lambda: w.by_openssl(f.changed(w.plain(), f.page(w.plain()), (
        b"/Rotate 0", b"/Rotate 0 /PieceInfo <</App <</Private / >>>>"))), VALID, "form.pdf-unbound"),
    ("startxref one byte early", lambda: w.by_openssl(_early(w.plain())), VALID, "form.pdf-offset"),
    ("version and metadata brought in by the second signer", lambda: w.sign(f.by_hand(), W.second, name="Sig2"), VALID,
     "fpdf.revision"),
    ("two signatures, the first packet of metadata with the second", lambda: w.sign(
        w.sign(w.plain(), W.rsa), W.second, name="Sig2"), VALID, "fpdf.revision"),
    ("updated by pypdf, then signed", appended_by_pypdf, VALID, "foreign.no-licence"),
    ("unsigned", w.plain, UNSURE, "fpdf.no-signature"),
    ("unsigned, object streams", w.packed, UNSURE, "fpdf.no-signature"),
    ("private kind of signature", lambda: w.by_openssl(w.plain(), subfilter=b"GM.SM2"), UNSURE, "fpdf.subfilter"),
    ("SHA-1 of old", lambda: w.by_openssl(w.plain(), subfilter=b"adbe.pkcs7.sha1"), UNSURE, "fpdf.subfilter"),
]


@pytest.mark.parametrize(("made", "expected", "code"), [pytest.param(*rest, id=name) for name, *rest in GENUINE])
def test_a_genuine_pdf_of_another_writer_is_genuine_or_doubted_for_the_true_reason(
        made: Callable[[], bytes], expected: Verdict, code: str) -> None:
    report = judged(made())
    assert report.verdict is expected, sorted(codes(report))
    assert code in codes(report), sorted(codes(report))
    assert report.exit_code == 3, "genuine or not, it is no licence that we can read"
    assert report.status.state is LicenceState.UNKNOWN
    assert not report.file.own


def test_a_rewritten_file_is_not_what_was_signed() -> None:
    report = judged(rewritten())
    assert report.verdict is Verdict.INVALID
    assert "fpdf.byte-range" in codes(report)


def test_a_document_timestamp_proves_the_time_of_the_signature_before_it() -> None:
    data = w.document_stamp(w.sign(w.plain()))
    signature, stamp = judged(data).signatures
    assert (signature.kind, stamp.kind) == ("PAdES", "PAdES timestamp")
    assert signature.proven_at == stamp.proven_at is not None


def test_a_later_revocation_does_no_harm_to_what_a_timestamp_proves_to_be_older() -> None:
    data = w.sign(w.plain(), stamped=True)
    later = datetime.now(UTC) + timedelta(hours=1)
    trust = W.trust((W.p256, later))
    at = later + timedelta(hours=1)
    assert verify(data, trust=trust, at=at, clock_now=at, name="file.pdf").verdict is VALID
    plain = verify(w.sign(w.plain()), trust=trust, at=at, clock_now=at, name="file.pdf")
    assert plain.verdict is UNSURE
    assert "chain.revoked" in codes(plain)


def test_revisions_are_told_with_what_they_changed() -> None:
    report = judged(f.other_text(f.approved()))
    (told,) = (each.reason for each in report.findings if each.reason.code == "fpdf.page-changed")
    number = f.number_of(f.approved(), b"Contents", f.page(f.approved()))
    assert f"{number} 0 R" in told.en
    assert "page 1" in told.en
    assert "第 1 页" in told.zh
    *signed, last = report.coverage.entries
    assert (last.standing, last.by) == ("picture", ())
    assert all((each.standing, each.by) == ("protected", ("Sig1",)) for each in signed)
    assert not report.coverage.complete


def test_each_signature_has_its_own_outcome() -> None:
    report = judged(w.sign(w.sign(w.plain()), W.stranger, name="Sig2"))
    first, second = report.signatures
    assert (first.indication, second.indication) == ("TOTAL-PASSED", "INDETERMINATE")
    assert second.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert any(each.reason.code == "fpdf.not-passed" and "外部公司甲" in each.reason.zh for each in report.findings)


def test_an_earlier_state_is_judged_as_that_state_and_says_so() -> None:
    once = w.sign(w.plain())
    twice = w.sign(once, W.second, name="Sig2")
    report = judged(twice[:len(once)])
    assert report.verdict is VALID
    assert "fpdf.rollback" in codes(report)
