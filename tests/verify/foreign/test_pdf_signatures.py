"""Signatures of foreign PDFs: algorithms of our country, names of results, words of the reasons, own claims."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs import der_build as build
from certs import sm2
from certs.crl import build_crl
from certs.sm3 import sm3
from certs.trust import Trust
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from tests.verify.foreign import pdf_forgeries as f
from tests.verify.foreign import pdf_writers as w
from tests.verify.foreign.pdf_world import world
from tests.verify.foreign.test_pdf_attacks import codes, judged
from verify.foreign import pdf_reasons
from verify.foreign.pdf_reasons import FOREIGN_PDF, foreign_finding
from verify.model import Severity, Verdict
from verify.pdf_signature import OWN_MARK
from verify.reason_table import CHECK_NAMES

DAY = timedelta(days=1)
SM3, SM2_SIGNING = "1.2.156.10197.1.401", "1.2.156.10197.1.501"
PLAIN = ("1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1")
NATIONAL = ("1.2.156.10197.6.1.4.2.2", "1.2.156.10197.6.1.4.2.1")


def sm2_world() -> tuple[sm2.PrivateKey, Certificate, Certificate, Trust]:
    """A signer's key and certificate, its root, and trust in that."""
    now = datetime.now(UTC)
    root_key, key = sm2.PrivateKey.generate(), sm2.PrivateKey.generate()
    root = build_certificate(
        subject=(("CN", "国密测试根"),), spki=root_key.spki, issuer=None, issuer_key=root_key, serial=1,
        not_before=now - DAY, not_after=now + 900 * DAY, key_usage=("keyCertSign", "cRLSign"), ca=True)
    leaf = build_certificate(
        subject=(("O", "国密测试公司"), ("CN", "国密测试公司")), spki=key.spki, issuer=root, issuer_key=root_key,
        serial=2, not_before=now - DAY, not_after=now + 900 * DAY, key_usage=("digitalSignature", "nonRepudiation"))
    lists = (build_crl(issuer=root, issuer_key=root_key, this_update=now - DAY, next_update=now + DAY, number=1),)
    return key, leaf, root, replace(world().trust(), roots=(root,), crls=lists)


def sm2_cms(key: sm2.PrivateKey, leaf: Certificate, names: tuple[str, str]) -> Callable[[bytes], bytes]:
    """A CMS by SM2 with SM3, under the identifiers of PKCS#7 or of GB/T 35275."""
    signed_data, data = names
    digest, algorithm = build.sequence(build.oid(SM3)), build.sequence(build.oid(SM2_SIGNING))

    def attribute(oid: str, value: bytes) -> bytes:
        return build.sequence(build.oid(oid), build.set_of([value]))

    def make(covered: bytes) -> bytes:
        attributes = build.set_of([
            attribute("1.2.840.113549.1.9.3", build.oid(data)),
            attribute("1.2.840.113549.1.9.4", build.octet_string(sm3(covered)))])
        info = build.sequence(
            build.integer(1), build.sequence(leaf.issuer, build.integer(leaf.serial)), digest,
            b"\xa0" + attributes[1:], algorithm, build.octet_string(key.sign(attributes)))
        return build.sequence(build.oid(signed_data), build.explicit(0, build.sequence(
            build.integer(1), build.set_of([digest]), build.sequence(build.oid(data)),
            build.explicit(0, leaf.der), build.set_of([info]))))
    return make


@pytest.mark.parametrize("names", [PLAIN, NATIONAL], ids=["PKCS#7", "GB/T 35275"])
def test_a_signature_by_sm2_is_read_like_any_other(names: tuple[str, str]) -> None:
    key, leaf, _, trust = sm2_world()
    data = w.by_openssl(w.plain(), cms=sm2_cms(key, leaf, names))
    report = judged(data, trust)
    assert report.verdict is Verdict.VALID, sorted(codes(report))
    assert report.signatures[0].algorithm == "sm2-sm3"
    assert report.signatures[0].organisation == "国密测试公司"
    changed = data.replace(b"595.2756", b"595.2757", 1)
    assert judged(changed, trust).verdict is Verdict.INVALID


SHA256, ECDSA_SHA256 = build.oid("2.16.840.1.101.3.4.2.1"), build.oid("1.2.840.10045.4.3.2")
WITH_NULL = build.sequence(SHA256, build.null())
ODD: dict[str, Callable[[], bytes]] = {
    "a digest spelt in two ways": lambda: f.resigned(f.replaced(WITH_NULL, build.sequence(SHA256))),
    "ECDSA with NULL": lambda: f.resigned(f.replaced(
        build.sequence(ECDSA_SHA256), build.sequence(ECDSA_SHA256, build.null()))),
    "the key's algorithm for the signature's": lambda: f.resigned(f.replaced(
        build.sequence(ECDSA_SHA256), build.sequence(build.oid("1.2.840.10045.2.1")))),
    "RSA without NULL": lambda: f.resigned(f.replaced(
        build.sequence(build.oid(RSA_SHA256), build.null()), build.sequence(build.oid(RSA_SHA256))),
        w.sign(w.plain(), world().rsa)),
    "another content type": lambda: f.resigned(f.replaced(build.oid(PLAIN[1]), build.oid(NATIONAL[1]))),
    "another kind of signed data": lambda: f.resigned(f.replaced(build.oid(PLAIN[0]), build.oid(NATIONAL[0]))),
    "a version too low": lambda: f.resigned(f.replaced(build.integer(3), build.integer(1)), w.by_openssl(
        w.plain(), world().rsa, "-keyid")),
    "no unsigned attributes in their list": lambda: f.resigned(lambda der: f.nested(der, 4, b"\xa1\0"), f.by_hand()),
    "the PSS trailer told": lambda: f.resigned(f.replaced(
        PSS_SALT, PSS_SALT + build.explicit(3, build.integer(1))), w.sign(w.plain(), world().rsa, prefer_pss=True)),
}
PSS_SALT = build.explicit(2, build.integer(222))        # what fits a key of 2048 bits
RSA_SHA256 = "1.2.840.113549.1.1.11"


@pytest.mark.parametrize("made", ODD.values(), ids=ODD)
def test_a_spelling_that_no_standard_has_and_that_changes_nothing_signed_is_told(made: Callable[[], bytes]) -> None:
    report = judged(made())
    assert report.verdict is Verdict.VALID, sorted(codes(report))
    assert "form.pdf-cms" in codes(report)


@pytest.mark.parametrize("made", [
    f.approved, f.by_hand, lambda: w.sign(w.plain(), world().rsa), lambda: w.sign(w.plain(), world().p384),
    lambda: w.sign(w.plain(), world().rsa, prefer_pss=True), lambda: w.sign(w.plain(), stamped=True),
    lambda: w.by_openssl(w.plain(), world().rsa, "-keyid"),
    lambda: f.resigned(f.replaced(WITH_NULL, build.sequence(SHA256), all_of_them=True)),
])
def test_what_an_honest_writer_may_have_chosen_is_not_told_as_odd(made: Callable[[], bytes]) -> None:
    report = judged(made())
    assert report.verdict is Verdict.VALID, sorted(codes(report))
    assert "form.pdf-cms" not in codes(report)


def test_what_is_missing_is_told_as_missing() -> None:
    for option, zh, en in (("-noattr", "没有签名属性", "no signed attributes"),
                           ("-nocerts", "签名者的证书不在其中", "the signer's certificate is not inside")):
        report = judged(w.by_openssl(w.plain(), world().rsa, option))
        assert report.verdict is Verdict.INDETERMINATE
        (told,) = (each.reason for each in report.findings if each.reason.code == "fpdf.cms")
        assert zh in told.zh
        assert en in told.en
        assert "not well-formed" not in told.en


@pytest.mark.parametrize(("made", "expected"), [
    (f.approved, ("TOTAL-PASSED", "")),
    (lambda: f.approved().replace(b"595.2756", b"595.2757", 1), ("TOTAL-FAILED", "HASH_FAILURE")),
    (lambda: f.resigned(lambda der: der[:-1] + bytes([der[-1] ^ 1])), ("TOTAL-FAILED", "SIG_CRYPTO_FAILURE")),
    (lambda: f.at_gap(lambda digits: b"0" * len(digits)), ("TOTAL-FAILED", "SIGNED_DATA_NOT_FOUND")),
    (lambda: w.sign(w.plain(), world().stranger), ("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND")),
    (lambda: f.resigned(f.padded_length), ("INDETERMINATE", "FORMAT_FAILURE")),
    (lambda: w.by_openssl(w.plain(), subfilter=b"GM.SM2"), ("INDETERMINATE", "SIG_CONSTRAINTS_FAILURE")),
])
def test_results_are_named_as_in_en_319_102(made: Callable[[], bytes], expected: tuple[str, str]) -> None:
    (told,) = judged(made()).signatures
    assert (told.indication, told.sub_indication) == expected


def test_what_claims_to_be_ours_is_judged_strictly_alone() -> None:
    packet = b"<x:xmpmeta>" + OWN_MARK + b"1</x:xmpmeta>"
    plain = w.plain()
    new = f.size(plain)
    for body in (f.content(packet), b"<</Length %d>>\nstream\n%b\nendstream" % (len(packet), packet)):
        report = judged(f.signed_by(f.added(plain, f.root(plain), b"/Metadata %d 0 R" % new, (new, body))))
        assert report.verdict is not Verdict.VALID
        assert {check.name for check in report.checks} >= {"data", "pages", "qr"}
        assert "foreign.no-licence" not in codes(report)


def test_every_reason_is_used_and_told_in_both_languages() -> None:
    folder = Path(pdf_reasons.__file__).parent
    text = "".join(path.read_text("utf-8") for path in folder.glob("pdf*.py") if path.name != "pdf_reasons.py")
    names = ("what", "was", "en", "number", "time", "count", "page", "box", "signer", "permission")
    facts = dict.fromkeys(names, "x") | {"zh": "字"}
    for code, meaning in FOREIGN_PDF.items():
        assert f'"{code}"' in text, code
        made = foreign_finding(code, "place", **facts)
        assert re.search(r"[\u4e00-\u9fff]", made.reason.zh), code
        assert not re.search(r"[\u4e00-\u9fff{}]", made.reason.en), code
        assert (meaning.severity is Severity.NOTE) is (code.startswith("form.") or code in {
            "fpdf.revision", "fpdf.stamp-filled", "fpdf.evidence-added", "fpdf.rollback"}), code


def test_the_checks_have_names_in_both_languages() -> None:
    report = judged(f.approved())
    assert [check.name for check in report.checks] == ["structure", "signature", "coverage", "trust"]
    assert all(check.result == "passed" and check.name in CHECK_NAMES for check in report.checks)
