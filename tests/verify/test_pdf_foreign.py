"""PDFs that others made: never called valid in this version, and called broken only when they are."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest
from asn1crypto import keys, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.pdfgen.canvas import Canvas

from certs.crl import build_crl
from certs.trust import Trust
from tests.verify import pdf_forge as forge
from verify.model import Verdict
from verify.pdf import check_pdf

INVALID, UNSURE = Verdict.INVALID, Verdict.INDETERMINATE


def plain() -> bytes:
    """A page of text with a standard font, by reportlab."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawString(100, 700, "An invoice, no licence")
    canvas.save()
    return out.getvalue()


def compressed() -> bytes:
    """The same with object streams and a cross-reference stream, by pypdf."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(plain()))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def by_pyhanko(data: bytes, *, certify: bool = False,
               form: fields.SigSeedSubFilter = fields.SigSeedSubFilter.PADES) -> bytes:
    """A signature as pyHanko adds it: an incremental update."""
    world = forge.world()
    store = SimpleCertificateStore()
    store.register(x509.Certificate.load(world.ca.certificate.der))
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(world.signer.certificate.der),
        signing_key=keys.PrivateKeyInfo.load(world.signer.key.pkcs8()), cert_registry=store)
    meta: dict[str, Any] = {"field_name": "Sig", "md_algorithm": "sha256", "subfilter": form}
    if certify:
        meta |= {"certify": True, "docmdp_permissions": fields.MDPPerm.NO_CHANGES}
    out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), signers.PdfSignatureMetadata(**meta),
                           signer=signer)
    return bytes(out.getvalue())


def twice() -> bytes:
    """Two approval signatures, one after the other."""
    once = by_pyhanko(plain())
    writer = IncrementalPdfFileWriter(io.BytesIO(once))
    world = forge.world()
    store = SimpleCertificateStore()
    store.register(x509.Certificate.load(world.ca.certificate.der))
    signer = signers.SimpleSigner(
        signing_cert=x509.Certificate.load(world.signer.certificate.der),
        signing_key=keys.PrivateKeyInfo.load(world.signer.key.pkcs8()), cert_registry=store)
    out = signers.sign_pdf(writer, signers.PdfSignatureMetadata(field_name="Sig2"), signer=signer)
    return bytes(out.getvalue())


def updated(data: bytes) -> bytes:
    """An incremental update by pypdf."""
    writer = pypdf.PdfWriter(io.BytesIO(data), incremental=True)
    writer.add_metadata({"/Title": "another title"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def now_trust() -> tuple[Trust, datetime]:
    """The present, which pyHanko claims, with lists for it."""
    now = datetime.now(UTC)
    world = forge.world()
    lists = tuple(build_crl(issuer=each.certificate, issuer_key=each.key, this_update=now - forge.DAY,
                            next_update=now + forge.DAY, number=1) for each in (world.root, world.ca))
    return world.trust(crls=lists), now


def tampered(data: bytes) -> bytes:
    """One digit of the first page's size changed."""
    return data.replace(b"595.2756", b"595.2757", 1)


@pytest.mark.parametrize(("data", "expected", "codes"), [
    (plain(), UNSURE, {"pdf.no-signature"}),
    (compressed(), UNSURE, {"pdf.no-signature"}),
    (by_pyhanko(plain()), UNSURE, {"pdf.form-unsupported"}),
    (by_pyhanko(plain(), certify=True), UNSURE, {"pdf.form-unsupported"}),
    (by_pyhanko(plain(), form=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED), UNSURE,
     {"pdf.form-unsupported", "pdf.subfilter"}),
    (by_pyhanko(compressed()), UNSURE, {"pdf.form-unsupported"}),
    (tampered(by_pyhanko(plain())), INVALID, {"pdf.digest"}),
    (by_pyhanko(plain()) + b"\n", INVALID, {"pdf.changed-after-signing"}),
    (twice(), UNSURE, {"pdf.many-signatures"}),
], ids=["unsigned", "unsigned, compressed", "PAdES", "PAdES, certified", "PKCS#7", "PAdES, compressed",
        "tampered", "appended", "twice"])
def test_a_foreign_pdf_is_answered_for_what_it_is(data: bytes, expected: Verdict, codes: set[str]) -> None:
    trust, now = now_trust()
    verdict, found = forge.verdict_of(data, trust=trust, at=now)
    assert verdict is expected, found
    assert codes <= found
    assert "pdf.copy" not in found, "only our own renditions say so"


def test_a_foreign_signature_that_holds_is_reported_as_such() -> None:
    trust, now = now_trust()
    (told,) = check_pdf(by_pyhanko(plain(), certify=True), trust, now).signatures
    assert (told.indication, told.organisation) == ("TOTAL-PASSED", forge.ORGANISATION)


def test_our_rendition_saved_again_by_another_program_is_changed() -> None:
    verdict, found = forge.verdict_of(updated(forge.genuine()))
    assert verdict is INVALID
    assert "pdf.changed-after-signing" in found
