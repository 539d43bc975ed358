"""What a PDF itself says of its certificates: a revocation counts wherever its list or its answer lies."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import crl, ocsp  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import ReasonFlags
from cryptography.x509 import ocsp as responses
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore

from certs import der_build as build
from certs.der import SEQUENCE, SET, Reader, context
from certs.trust import Trust
from tests.verify.foreign import pdf_world
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import Party, world
from verify import verify
from verify.model import Verdict
from verify.report import Report

VALID, INVALID, UNSURE = Verdict.VALID, Verdict.INVALID, Verdict.INDETERMINATE
AGO = timedelta(days=10)
W = world()


def judged(data: bytes, trust: Trust | None = None) -> Report:
    """The report on a file."""
    return verify(data, trust=trust or W.trust(), name="file.pdf")


def revoking(issuer: Party, *who: Party) -> bytes:
    """A list of a CA that revokes these: their keys are lost since ten days; nobody where none are named."""
    return pdf_world.crl(issuer, *((each, datetime.now(UTC) - AGO) for each in who)).der


def answer(who: Party, *, revoked: bool = True) -> bytes:
    """An OCSP response of the CA on one certificate."""
    if not revoked:
        return pdf_world.ocsp(W.ca, who)
    now = datetime.now(UTC)
    built = responses.OCSPResponseBuilder().add_response(
        cert=who.certificate, issuer=W.ca.certificate, algorithm=hashes.SHA256(),
        cert_status=responses.OCSPCertStatus.REVOKED, this_update=now, next_update=now + timedelta(days=1),
        revocation_time=now - AGO, revocation_reason=ReasonFlags.key_compromise).responder_id(
            responses.OCSPResponderEncoding.NAME, W.ca.certificate)
    made = built.sign(W.ca.key, hashes.SHA256())
    return made.public_bytes(pdf_world.serialization.Encoding.DER)


# -- in the DSS


def with_evidence(data: bytes, *crls: bytes, answers: tuple[bytes, ...] = ()) -> bytes:
    """A revision with a DSS that holds these."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    DocumentSecurityStore.supply_dss_in_writer(
        writer, None, crls=[crl.CertificateList.load(each) for each in crls],
        ocsps=[ocsp.OCSPResponse.load(each) for each in answers])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def by_hand(data: bytes, evidence: bytes, part: bytes) -> bytes:
    """A revision with a DSS of its own, whose part has the number 900."""
    root = int(re.findall(rb"/Root (\d+) 0 R", data)[-1])
    kept = w.object_of(data, root).partition(b"/DSS")[0].removesuffix(b">>")
    return w.update(data, [(900, b"<</Length %d>>\nstream\n%b\nendstream" % (len(part), part)),
                           (root, kept + b"/DSS <<%b>>>>" % evidence)])


def in_single(data: bytes, key: bytes, part: bytes) -> bytes:
    """Evidence that is named for one signature alone (VRI)."""
    return by_hand(data, b"/VRI <</%b <</%b [900 0 R]>>>>" % (b"AB" * 20, key), part)


def dropped(data: bytes) -> bytes:
    """Evidence of one revision that the next one does not hold any more."""
    held = by_hand(data, b"/CRLs [900 0 R]", revoking(W.ca, W.p256))
    return by_hand(held, b"/CRLs [900 0 R]", revoking(W.ca))


def signed(*, stamped: bool = True) -> bytes:
    """A signature, with a timestamp or without."""
    return w.sign(w.plain(), stamped=stamped)


IN_DSS: list[tuple[str, Callable[[], bytes], Verdict, str]] = [
    ("the signer, before its timestamp", lambda: with_evidence(signed(), revoking(W.ca, W.p256)),
     INVALID, "chain.revoked"),
    ("the signer, no timestamp", lambda: with_evidence(signed(stamped=False), revoking(W.ca, W.p256)),
     UNSURE, "chain.revoked"),
    ("the signer, by an answer", lambda: with_evidence(signed(), answers=(answer(W.p256),)), INVALID, "chain.revoked"),
    ("the CA", lambda: with_evidence(signed(), revoking(W.root, W.ca)), INVALID, "chain.ca-revoked"),
    ("the timestamp's authority", lambda: with_evidence(signed(), revoking(W.tsa_root, W.tsa)), UNSURE,
     "fpdf.timestamp"),
    ("for one signature alone", lambda: in_single(signed(), b"CRL", revoking(W.ca, W.p256)), INVALID, "chain.revoked"),
    ("an answer for one signature alone", lambda: in_single(signed(), b"OCSP", answer(W.p256)), INVALID,
     "chain.revoked"),
    ("nobody", lambda: with_evidence(signed(), revoking(W.ca), revoking(W.root)), VALID, ""),
    ("another signer", lambda: with_evidence(signed(), revoking(W.ca, W.rsa)), VALID, ""),
    ("an answer that it is good", lambda: with_evidence(signed(), answers=(answer(W.p256, revoked=False),)), VALID, ""),
]


@pytest.mark.parametrize(("make", "verdict", "code"), [case[1:] for case in IN_DSS], ids=[case[0] for case in IN_DSS])
def test_what_the_file_holds_counts_against_its_signers(make: Callable[[], bytes], verdict: Verdict, code: str) -> None:
    report = judged(make())
    found = [each.reason.code for each in report.findings]
    assert report.verdict is verdict, found
    assert not code or any(each.startswith(code) for each in found), found


def test_evidence_is_told_of_that_a_later_revision_leaves_out() -> None:
    assert "chain.revoked" in {each.reason.code for each in judged(dropped(signed())).findings}


def test_a_list_of_somebody_else_by_the_ca_name_counts_for_nothing() -> None:
    """Only what the CA signed is its word."""
    forged = Party(pdf_world.make_key("rsa"), W.ca.certificate)
    report = judged(with_evidence(signed(), revoking(forged, W.p256)))
    assert "chain.revoked" not in {each.reason.code for each in report.findings}


# -- in the signature

ARCHIVAL, VALUES = "1.2.840.113583.1.1.8", "1.2.840.113549.1.9.16.2.24"


def attribute(kind: str, *, crls: tuple[bytes, ...] = (), answers: tuple[bytes, ...] = ()) -> bytes:
    """RevocationInfoArchival, or RevocationValues, as an attribute."""
    held = [build.explicit(number, build.sequence(*listed)) for number, listed in ((0, crls), (1, answers)) if listed]
    return build.sequence(build.oid(kind), build.set_of([build.sequence(*held)]))


def bare(response: bytes) -> bytes:
    """The BasicOCSPResponse of a response."""
    made: bytes = ocsp.OCSPResponse.load(response)["response_bytes"]["response"].parsed.dump()
    return made


def cms_with(*, beside: bytes = b"", inside: bytes = b"", unsigned: bytes = b"") -> Callable[[bytes], bytes]:
    """A CMS of OpenSSL with revocation information beside the certificates, in a signed attribute, or unsigned."""
    def make(data: bytes) -> bytes:
        outer = Reader(pdf_world.openssl_cms(data, W.rsa)).enter(SEQUENCE)
        kind, body = outer.raw(), outer.enter(context(0)).enter(SEQUENCE)
        head = [body.raw() for _ in range(4)]                   # version, digests, content, certificates
        info = body.enter(SET).enter(SEQUENCE)
        told = [info.raw() for _ in range(3)]                   # version, signer, digest
        attributes, algorithm = info.enter(context(0)), b""
        listed = [inside] if inside else []
        while attributes.more():
            listed.append(attributes.raw())
        algorithm = info.raw()
        signed_attributes = build.set_of(listed)
        assert isinstance(W.rsa.key, rsa.RSAPrivateKey)
        value = W.rsa.key.sign(signed_attributes, padding.PKCS1v15(), hashes.SHA256())
        signer = build.sequence(
            *told, bytes([context(0)]) + signed_attributes[1:], algorithm, build.octet_string(value),
            *([build.tlv(context(1), unsigned)] if unsigned else []))
        return build.sequence(kind, build.explicit(0, build.sequence(
            *head, *([build.tlv(context(1), beside)] if beside else []), build.set_of([signer]))))
    return make


def other(response: bytes) -> bytes:
    """An answer as OtherRevocationInfoFormat (RFC 5940)."""
    return build.tlv(context(1), build.oid("1.3.6.1.5.5.7.16.2") + response)


LOST = W.rsa
IN_CMS: list[tuple[str, Callable[[], Callable[[bytes], bytes]]]] = [
    ("a list in a signed attribute", lambda: cms_with(inside=attribute(ARCHIVAL, crls=(revoking(W.ca, LOST),)))),
    ("an answer in a signed attribute", lambda: cms_with(inside=attribute(ARCHIVAL, answers=(answer(LOST),)))),
    ("a list in an unsigned attribute", lambda: cms_with(unsigned=attribute(ARCHIVAL, crls=(revoking(W.ca, LOST),)))),
    ("a list among revocation values", lambda: cms_with(unsigned=attribute(VALUES, crls=(revoking(W.ca, LOST),)))),
    ("an answer among revocation values", lambda: cms_with(unsigned=attribute(VALUES, answers=(bare(answer(LOST)),)))),
    ("a list beside the certificates", lambda: cms_with(beside=revoking(W.ca, LOST))),
    ("an answer beside the certificates", lambda: cms_with(beside=other(answer(LOST)))),
]


@pytest.mark.parametrize("make", [case[1] for case in IN_CMS], ids=[case[0] for case in IN_CMS])
def test_what_rides_in_a_signature_counts_against_its_signer(make: Callable[[], Callable[[bytes], bytes]]) -> None:
    report = judged(w.by_openssl(w.plain(), cms=make()))
    assert "chain.revoked" in {each.reason.code for each in report.findings}, report.to_text()
    assert report.verdict is not VALID


def test_what_rides_in_one_signature_counts_against_another() -> None:
    first = w.by_openssl(w.plain(), cms=cms_with(inside=attribute(ARCHIVAL, crls=(revoking(W.ca, W.second),))))
    report = judged(w.sign(first, W.second, name="Sig2"))
    assert [each.indication for each in report.signatures] == ["TOTAL-PASSED", "INDETERMINATE"]


@pytest.mark.parametrize("inside", [
    lambda: attribute(ARCHIVAL, crls=(revoking(W.ca),)),
    lambda: attribute(ARCHIVAL, answers=(answer(LOST, revoked=False),)),
    lambda: attribute(ARCHIVAL, crls=(b"\x30\0",)),
    lambda: build.sequence(build.oid(ARCHIVAL), build.set_of([b"\5\0"])),
], ids=["a list", "an answer", "no list", "no archive"])
def test_what_says_nothing_bad_does_no_harm(inside: Callable[[], bytes]) -> None:
    assert judged(w.by_openssl(w.plain(), cms=cms_with(inside=inside()))).verdict is VALID
