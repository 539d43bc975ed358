"""Who signed, by which chain, when, under which rights; and the variants of the signature data (CMS)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from certs import der_build as build
from certs.crl import Revocation
from certs.trust import Trust
from certs.x509_build import build_certificate
from tests.verify import pdf_forge as forge
from verify.model import Verdict
from verify.pdf import PdfEvidence, check_pdf

VALID, INVALID, UNSURE = Verdict.VALID, Verdict.INVALID, Verdict.INDETERMINATE
W = forge.world()
DAY = forge.DAY


def signed_by(name: str = forge.ORGANISATION, **changes: object) -> bytes:
    """The sample signed by a fresh party under the CA."""
    return forge.sign(forge.plain_unsigned(), forge.cms(forge.party(name, W.ca, **changes)))  # type: ignore[arg-type]


def one_revoked() -> Trust:
    """Trust with a list that names the signer."""
    entry = Revocation(revoked_at=forge.NOW - DAY, reason="keyCompromise")
    return W.trust(crls=W.crls(revoked={W.signer.certificate.serial: entry}))


TRUSTS: list[tuple[str, Callable[[], bytes], Callable[[], Trust], datetime, Verdict, str]] = [
    ("untrusted root", forge.genuine, lambda: W.trust(roots=(W.stranger_root.certificate,)), forge.AT,
     UNSURE, "chain.no-anchor"),
    ("no revocation list", forge.genuine, lambda: W.trust(crls=()), forge.AT, UNSURE, "chain.crl-missing"),
    ("only the root's list", forge.genuine, lambda: W.trust(crls=W.crls()[:1]), forge.AT,
     UNSURE, "chain.crl-missing"),
    ("a stale list", forge.genuine, lambda: W.trust(crls=W.crls(stale=True)), forge.AT,
     UNSURE, "chain.crl-stale"),
    ("revoked", forge.genuine, one_revoked, forge.AT, UNSURE, "chain.revoked"),
    ("asked before the signing time", forge.genuine, W.trust, forge.NOW - 20 * DAY,
     UNSURE, "pdf.time-future"),
    ("certificate expired by now", lambda: signed_by(end=forge.NOW + DAY), W.trust, forge.NOW + 2 * DAY,
     UNSURE, "chain.expired"),
    ("certificate already expired when signing", lambda: signed_by(end=forge.NOW - DAY), W.trust, forge.AT,
     UNSURE, "pdf.time-outside-certificate"),
    ("certificate not yet valid", lambda: signed_by(start=forge.NOW + DAY), W.trust, forge.AT,
     UNSURE, "chain.not-yet-valid"),
    ("key for encryption alone", lambda: signed_by(usage=("keyEncipherment",)), W.trust, forge.AT,
     INVALID, "chain.wrong-usage"),
    ("certificate of a web server", lambda: signed_by(extended=("1.3.6.1.5.5.7.3.1",)), W.trust, forge.AT,
     INVALID, "chain.wrong-usage"),
    ("a CA's own key", lambda: forge.sign(forge.plain_unsigned(), forge.cms(
        forge.party(forge.ORGANISATION, W.ca, ca=True), bind=None)), W.trust, forge.AT,
     INVALID, "chain.wrong-usage"),
    ("another organisation", lambda: signed_by("冒名市应急管理局"), W.trust, forge.AT,
     INVALID, "pdf.signer-differs"),
    ("a CA with the same names and another key", lambda: forge.sign(forge.plain_unsigned(), _same_names()),
     W.trust, forge.AT, UNSURE, "chain.no-anchor"),
]


def _same_names() -> forge.Cms:
    """The signer under a forged CA that bears the true CA's names."""
    root = forge.party("演示根", None, ca=True, serial=1)
    ca = forge.party("演示签发", root, ca=True, serial=2)
    signer = forge.party(forge.ORGANISATION, ca, serial=3)
    return forge.cms(signer, certificates=(signer.certificate.der, ca.certificate.der, root.certificate.der))


@pytest.mark.parametrize(("case", "made", "trust", "at", "expected", "code"), TRUSTS,
                         ids=[each[0] for each in TRUSTS])
def test_a_signature_counts_only_with_a_good_chain(
        case: str, made: Callable[[], bytes], trust: Callable[[], Trust], at: datetime, expected: Verdict,
        code: str) -> None:
    verdict, codes = forge.verdict_of(made(), trust=trust(), at=at)
    assert verdict is expected, (case, codes)
    assert code in codes


def test_the_present_does_not_help_a_question_about_the_past() -> None:
    told = check_pdf(forge.genuine(), W.trust(), forge.NOW - DAY, forge.AT)
    assert "pdf.time-future" in {found.reason.code for found in told.findings}


def test_lists_that_ride_beside_the_file_count_too() -> None:
    told = check_pdf(forge.genuine(), W.trust(crls=()), forge.AT, crls=W.crls())
    assert told.signatures[0].indication == "TOTAL-PASSED"


def test_a_certificate_left_out_is_never_let_pass_and_neither_is_a_root_put_in() -> None:
    """No signature covers the certificates beside it: what is taken away or added must show."""
    alone = forge.sign(forge.plain_unsigned(), forge.cms(certificates=(W.signer.certificate.der,)))
    assert forge.verdict_of(alone) == (UNSURE, {"chain.no-anchor", "pdf.copy"})
    known = W.trust(intermediates=(W.ca.certificate,))
    assert forge.verdict_of(alone, trust=known) == (UNSURE, {"pdf.cms-form", "pdf.copy"})
    rooted = forge.sign(forge.plain_unsigned(), forge.cms(certificates=tuple(
        each.der for each in (W.signer.certificate, W.ca.certificate, W.root.certificate))))
    assert forge.verdict_of(rooted) == (UNSURE, {"pdf.cms-form", "pdf.copy"})


def told(data: bytes, trust: Trust | None = None) -> tuple[str, str]:
    """Indication and sub-indication of the one signature."""
    evidence: PdfEvidence = check_pdf(data, trust or W.trust(), forge.AT)
    return evidence.signatures[0].indication, evidence.signatures[0].sub_indication


@pytest.mark.parametrize(("made", "trust", "expected"), [
    (forge.genuine, W.trust, ("TOTAL-PASSED", "")),
    (lambda: forge.genuine().replace(b"/Size 80", b"/Size 81"), W.trust, ("TOTAL-FAILED", "HASH_FAILURE")),
    (lambda: signed_by(extended=("1.3.6.1.5.5.7.3.1",)), W.trust,
     ("TOTAL-FAILED", "SIG_CONSTRAINTS_FAILURE")),
    (forge.genuine, lambda: W.trust(crls=()), ("INDETERMINATE", "TRY_LATER")),
    (forge.genuine, one_revoked, ("INDETERMINATE", "REVOKED_NO_POE")),
    (forge.genuine, lambda: W.trust(roots=(W.stranger_root.certificate,)),
     ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")),
    (forge.plain_unsigned, W.trust, ("TOTAL-FAILED", "SIGNED_DATA_NOT_FOUND")),
])
def test_results_are_named_as_in_en_319_102(made: Callable[[], bytes], trust: Callable[[], Trust],
                                            expected: tuple[str, str]) -> None:
    assert told(made(), trust()) == expected


def _uscc_of_stranger() -> bytes:
    return forge.sign(forge.plain_unsigned(), forge.cms(bind=W.ca.certificate.der))


FORMS: list[tuple[str, Callable[[], bytes], Verdict, str]] = [
    ("digest of other bytes", lambda: forge.sign(forge.plain_unsigned(), forge.cms(wrong_digest=True)),
     INVALID, "pdf.digest"),
    ("SHA-1", lambda: forge.sign(forge.plain_unsigned(), forge.cms(digest_oid=forge.SHA1)),
     INVALID, "pdf.weak-digest"),
    ("signing-certificate-v2 names another", _uscc_of_stranger, INVALID, "pdf.certificate-unbound"),
    ("no signing-certificate-v2", lambda: forge.sign(
        forge.plain_unsigned(), forge.cms(leave_out=forge.SIGNING_CERTIFICATE)), INVALID, "pdf.cms"),
    ("no message digest", lambda: forge.sign(
        forge.plain_unsigned(), forge.cms(leave_out=forge.MESSAGE_DIGEST)), INVALID, "pdf.cms"),
    ("a signed signingTime", lambda: forge.sign(forge.plain_unsigned(), forge.cms(attributes=(
        forge.attribute(forge.SIGNING_TIME, build.x509_time(forge.NOW)),))), UNSURE, "pdf.cms-form"),
    ("an unknown signed attribute", lambda: forge.sign(forge.plain_unsigned(), forge.cms(attributes=(
        forge.attribute("1.2.3.4", build.integer(1)),))), UNSURE, "pdf.cms-form"),
    ("an attribute twice", lambda: forge.sign(forge.plain_unsigned(), forge.cms(attributes=(
        forge.attribute(forge.MESSAGE_DIGEST, build.octet_string(b"\0" * 32)),))), INVALID, "pdf.cms"),
    ("an unknown unsigned attribute", lambda: forge.sign(forge.plain_unsigned(), forge.cms(unsigned=(
        forge.attribute("1.2.3.4", build.integer(1)),))), INVALID, "pdf.cms"),
    ("a timestamp of garbage", lambda: forge.sign(forge.plain_unsigned(), forge.cms(unsigned=(
        forge.attribute("1.2.840.113549.1.9.16.2.14", build.sequence(build.integer(1))),))),
     UNSURE, "pdf.timestamp"),
    ("certificates out of order", lambda: forge.sign(forge.plain_unsigned(), forge.cms(
        sort=False, certificates=sorted((W.signer.certificate.der, W.ca.certificate.der), reverse=True))),
     UNSURE, "pdf.cms-form"),
    ("a certificate twice", lambda: forge.sign(forge.plain_unsigned(), forge.cms(
        certificates=(W.signer.certificate.der, W.signer.certificate.der))), INVALID, "pdf.cms"),
    ("a stranger's certificate", lambda: forge.sign(forge.plain_unsigned(), forge.cms(certificates=(
        W.signer.certificate.der, W.ca.certificate.der, W.stranger_root.certificate.der))),
     UNSURE, "pdf.cms-form"),
    ("no signer's certificate", lambda: forge.sign(forge.plain_unsigned(), forge.cms(
        certificates=(W.ca.certificate.der,))), INVALID, "pdf.cms"),
    ("plain PKCS#7 subfilter", lambda: forge.insider((b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached")),
     UNSURE, "pdf.subfilter"),
    ("no claimed time", lambda: forge.insider((b"/M (D:20250801093000+08'00')", b"")), UNSURE, "pdf.no-time"),
    ("a claimed time without zone", lambda: forge.insider(
        (b"/M (D:20250801093000+08'00')", b"/M (D:20250801093000)")), UNSURE, "pdf.no-time"),
    ("a claimed time in the future", lambda: forge.insider((b"/M (D:2025", b"/M (D:2026")),
     UNSURE, "pdf.time-future"),
]


@pytest.mark.parametrize(("case", "made", "expected", "code"), FORMS, ids=[f[0] for f in FORMS])
def test_a_signature_counts_only_in_its_one_form(case: str, made: Callable[[], bytes], expected: Verdict,
                                                 code: str) -> None:
    verdict, codes = forge.verdict_of(made())
    assert verdict is expected, (case, codes)
    assert code in codes


# -- signature timestamps, made by OpenSSL


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory, openssl: str) -> tuple[bytes, Trust]:
    """A B-T signature by a TSA of OpenSSL, and trust that knows the TSA."""
    folder = tmp_path_factory.mktemp("tsa")
    tsa_root = forge.party("演示时间戳根", None, ca=True, serial=1, end=forge.NOW + 36500 * DAY)
    tsa_key = forge.p256.PrivateKey.generate()
    tsa = build_certificate(
        subject=(("CN", "演示时间戳"),), spki=tsa_key.spki, issuer=tsa_root.certificate,
        issuer_key=tsa_root.key, serial=5, not_before=forge.NOW - 30 * DAY, not_after=forge.NOW + 36500 * DAY,
        key_usage=("digitalSignature",), ext_key_usage=("1.3.6.1.5.5.7.3.8",))
    (folder / "key.der").write_bytes(tsa_key.pkcs8())
    (folder / "tsa.der").write_bytes(tsa.der)
    (folder / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4.1\ndigests = sha256\nordering = yes\ness_cert_id_alg = sha256\n")
    for name, kind in (("key", "pkey"), ("tsa", "x509")):
        subprocess.run([openssl, kind, "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.pem"],
                       cwd=folder, check=True, capture_output=True)
    maker = forge.cms()

    def token(signature: bytes) -> bytes:
        (folder / "signature").write_bytes(signature)
        subprocess.run([openssl, "ts", "-query", "-data", "signature", "-sha256", "-cert", "-out", "query"],
                       cwd=folder, check=True, capture_output=True)
        subprocess.run([openssl, "ts", "-reply", "-queryfile", "query", "-config", "tsa.cnf", "-signer",
                        "tsa.pem", "-inkey", "key.pem", "-token_out", "-out", "token"],
                       cwd=folder, check=True, capture_output=True)
        return (folder / "token").read_bytes()
    data = forge.sign(forge.plain_unsigned(), replace(maker, stamp=token))
    crl = forge.build_crl(issuer=tsa_root.certificate, issuer_key=tsa_root.key, this_update=forge.NOW - DAY,
                          next_update=forge.NOW + 36500 * DAY, number=1)
    return data, W.trust(tsa=(tsa_root.certificate,), crls=(*W.crls(), crl))


def _now_of(data: bytes, trust: Trust) -> datetime:
    """A moment just after the stamp was made, as told by the stamp."""
    late = forge.NOW + 36000 * DAY
    (found,) = check_pdf(data, trust, late, late).signatures
    assert found.proven_at is not None
    return found.proven_at


@pytest.mark.judge
def test_a_timestamp_is_accepted_only_from_a_trusted_authority(stamped: tuple[bytes, Trust]) -> None:
    data, trust = stamped
    moment = _now_of(data, trust)
    fresh = replace(trust, crls=(*trust.crls, *_lists_at(moment)))
    assert forge.verdict_of(data, trust=fresh, at=moment) == (VALID, {"pdf.copy"})
    assert forge.verdict_of(data, trust=replace(fresh, tsa=()), at=moment) == (
        UNSURE, {"pdf.timestamp", "pdf.copy"})


@pytest.mark.judge
def test_a_timestamp_keeps_a_signature_valid_after_its_certificate(stamped: tuple[bytes, Trust]) -> None:
    data, trust = stamped
    moment = _now_of(data, trust)
    fresh = replace(trust, crls=(*trust.crls, *_lists_at(moment)))
    later = W.signer.certificate.not_after + DAY
    assert forge.verdict_of(data, trust=fresh, at=later)[0] is VALID
    assert forge.verdict_of(forge.genuine(), trust=fresh, at=later)[0] is UNSURE


@pytest.mark.judge
def test_a_timestamp_of_another_signature_is_refused(stamped: tuple[bytes, Trust]) -> None:
    data, trust = stamped
    start, end = forge.gap_of(data)
    padded = bytes.fromhex(data[start + 1:end - 1].decode())
    at = padded.index(bytes.fromhex("060b2a864886f70d010910020e")) + 13
    value = padded[at + 4:at + 8 + int.from_bytes(padded[at + 6:at + 8], "big")]
    other = forge.sign(forge.plain_unsigned(), forge.cms(unsigned=(
        forge.attribute("1.2.840.113549.1.9.16.2.14", value),)))
    verdict, codes = forge.verdict_of(other, trust=trust, at=_now_of(data, trust))
    assert verdict is INVALID
    assert "pdf.timestamp" in codes


def _lists_at(moment: datetime) -> tuple[forge.Crl, ...]:
    return tuple(forge.build_crl(issuer=each.certificate, issuer_key=each.key, this_update=moment - DAY,
                                 next_update=moment + DAY, number=2) for each in (W.root, W.ca))


def test_a_list_in_an_attribute_counts_against_the_signer() -> None:
    """Our writer puts none there; who did knows of the revocation."""
    for lists, told in ((W.crls(), False), (one_revoked().crls, True)):
        held = build.sequence(build.explicit(0, build.sequence(*(each.der for each in lists))))
        data = forge.sign(forge.plain_unsigned(), forge.cms(
            attributes=(forge.attribute("1.2.840.113583.1.1.8", held),)))
        verdict, codes = forge.verdict_of(data)
        assert verdict is UNSURE and "pdf.cms-form" in codes
        assert ("chain.revoked" in codes) is told


def test_the_folder_of_trust_is_enough(tmp_path: Path) -> None:
    """Trust as it is loaded from a folder gives the same answer."""
    (tmp_path / "trust.json").write_text('{"name": "t", "lookup_hosts": []}')
    for name, files in (("roots", {"root.cer": W.root.certificate.der}),
                        ("crls", {"a.crl": W.crls()[0].der, "b.crl": W.crls()[1].der})):
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_bytes(content)
    assert forge.verdict_of(forge.genuine(), trust=Trust.load(tmp_path))[0] is VALID
