"""Signature values in every form that sealing systems write are read, verified as received, and told what was odd."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from certs import der_build as build
from certs.ses import ALGORITHM_OID
from certs.sm3 import sm3
from tests.certs.core_pki import AT, DAY, END, START
from tests.support.foreign_seals import edited
from tests.verify.foreign.values import (
    PLAIN,
    SIGNED_AT,
    WHERE,
    XML,
    Cms,
    Ses,
    attribute,
    fixed,
    judged,
    named_bits,
    raw,
    same,
    unsigned,
    when,
    world,
)
from verify.foreign.der_loose import read_time_text
from verify.foreign.value import read_value

DIGEST_ENTRY = build.sequence(build.printable("SM3"), build.octet_string(sm3(world().signer.certificate.der)))
EXTENSION = build.explicit(0, build.sequence(build.sequence(
    build.oid("1.2.3.4"), build.boolean(False), build.octet_string(b"\x01"))))
CHINA = dt.timezone(dt.timedelta(hours=8))

GOOD = {
    "version 4": (Ses(), "SES v4", set()),
    "version 1": (Ses(layout=1), "SES v1", {"form.value-time"}),
    "version 5": (Ses(number=5), "SES v5", set()),
    "version 4 by the layout of version 1": (Ses(layout=1, number=4), "SES v1", {"form.value-version"}),
    "version 2 by the layout of version 1": (Ses(layout=1, number=2), "SES v1", {"form.value-version"}),
    "a seal of version 1 in a signature of version 4": (
        Ses(seal_layout=1, number=4), "SES v4", {"form.value-version"}),
    "a raw signature": (Ses(value=raw), "SES v4", {"form.value-raw"}),
    "a raw maker's signature": (Ses(layout=1, maker_value=raw), "SES v1", {"form.value-raw"}),
    "negative integers": (Ses(value=unsigned), "SES v4", None),
    "a maker's negative integers": (Ses(maker_value=unsigned), "SES v4", None),
    "integers of 32 bytes": (Ses(value=fixed, maker_value=fixed), "SES v4", None),
    "named bits": (Ses(bits=named_bits, maker_bits=named_bits), "SES v4", None),
    "raw in named bits": (Ses(value=raw, bits=named_bits), "SES v4", None),
    "local time": (Ses(time=when("20250731120000")), "SES v4", {"form.value-time"}),
    "twelve digits": (Ses(time=when("250731040000Z")), "SES v4", {"form.value-time"}),
    "the time as text": (Ses(layout=1, time=build.bit_string(b"20250731040000Z")), "SES v1", set()),
    "the time as a UTCTime inside": (
        Ses(layout=1, time=build.bit_string(when("250731040000Z", 0x17))), "SES v1", set()),
    "the time in named bits": (Ses(layout=1, time=named_bits(b"20250731120000")), "SES v1", {"form.value-bits"}),
    "seal dates as UTCTime": (
        Ses(seal_dates=[build.x509_time(each) for each in (START + DAY, START + DAY, END - DAY)]), "SES v4", set()),
    "a list of digests": (Ses(list_type=2, listed=[DIGEST_ENTRY]), "SES v4", set()),
    "list type 3": (Ses(list_type=3), "SES v4", {"form.value-list"}),
    "extension data": (Ses(extension=EXTENSION), "SES v4", set()),
    "extension data in version 1": (Ses(layout=1, extension=EXTENSION), "SES v1", set()),
    "an absolute path elsewhere": (Ses(property_info="/Doc_0/Signs/1/Signature.xml"), "SES v4", set()),
    "a document id": (Ses(property_info='{"docId":"12345"}'), "SES v4", set()),
    "one space": (Ses(property_info=" "), "SES v4", set()),
    "text that is not ASCII": (Ses(property_info="文档"), "SES v4", {"form.value-text"}),
    "the name of the curve as algorithm": (
        Ses(algorithm="1.2.156.10197.1.301"), "SES v4", {"form.value-algorithm"}),
    "GB/T 35275": (Cms(), "GB/T 35275", set()),
    "PKCS#7": (Cms(arc=PLAIN), "PKCS#7", set()),
    "GB/T 35275 around plain data": (Cms(data=f"{PLAIN}.1"), "GB/T 35275", set()),
    "PKCS#7 of GM data": (Cms(arc=PLAIN, data="1.2.156.10197.6.1.4.2.1"), "PKCS#7", set()),
    "the digest as content": (Cms(attributes=False, content=sm3(XML), value=raw), "GB/T 35275", {"form.value-raw"}),
    "the digest as content, bare": (
        Cms(attributes=False, content=sm3(XML), bare=True), "GB/T 35275", {"form.value-bare"}),
    "the digest as content, with attributes": (Cms(content=sm3(XML)), "GB/T 35275", set()),
    "the file as content": (Cms(content=XML), "GB/T 35275", set()),
    "the file signed itself": (Cms(attributes=False), "GB/T 35275", set()),
    "no signing time": (Cms(signed_at=None), "GB/T 35275", set()),
    "the root beside": (
        Cms(carries=[world().signer.certificate.der, world().root.certificate.der]), "GB/T 35275", set()),
    "a list beside": (Cms(crls=[world().root.crl().der]), "GB/T 35275", set()),
}


@pytest.mark.parametrize("name", GOOD)
def test_each_form_is_verified(name: str) -> None:
    spec, form, odd = GOOD[name]
    outcome = judged(spec.der())
    assert outcome.indication == "TOTAL-PASSED", outcome.codes
    assert outcome.evidence is not None and outcome.evidence.kind == form
    assert not outcome.weighing
    if odd is not None:
        assert odd <= outcome.codes
        assert outcome.codes - odd <= {"seal.status-unknown", "form.value-time"}


def test_the_evidence_names_signer_anchor_and_time() -> None:
    evidence = judged(Ses().der()).evidence
    assert evidence is not None
    assert (evidence.signer, evidence.anchor) == ("某市测试局", "试验根 CA")
    assert evidence.anchor_fingerprint == world().root.certificate.fingerprint
    assert (evidence.claimed_at, evidence.proven_at, evidence.algorithm) == (SIGNED_AT, None, "sm2-sm3")


def test_a_value_tells_its_seal() -> None:
    value = read_value(Ses(number=5, es_id="印章".encode("punycode").decode()).der(), where=WHERE)
    seal = value.seal
    assert seal is not None and seal.maker == world().maker.certificate
    assert (seal.version, seal.name, seal.picture_type, seal.picture) == (5, "某市测试局", "PNG", b"\x89PNG picture")
    assert (seal.width_mm, seal.height_mm, seal.not_before, seal.not_after) == (42, 42, START + DAY, END - DAY)
    assert seal.listed == (world().signer.certificate.der,)
    assert value.digest == sm3(XML) and value.digest_algorithm == "SM3"


def test_the_seal_beside_may_be_the_one_inside() -> None:
    assert judged(Ses().der(), seal_file=Ses().seal()).indication == "TOTAL-FAILED"     # signed anew: other bytes
    der = Ses().der()
    seal = read_value(der, where=WHERE).seal
    assert seal is not None
    assert judged(der, seal_file=seal.raw).indication == "TOTAL-PASSED"


@pytest.mark.parametrize("form", [raw, same])
def test_whole_zero_bytes_that_named_bits_lost_are_put_back(form: Callable[[bytes], bytes]) -> None:
    to_sign, signer = Ses().to_sign(), world().signer
    signatures = (form(signer.key.sign(to_sign)) for _ in range(10_000))
    value = next(each for each in signatures if each.endswith(b"\0"))
    bits = named_bits(value)
    assert len(bits) < len(build.bit_string(value))
    der = build.sequence(to_sign, build.octet_string(signer.certificate.der), build.oid(ALGORITHM_OID), bits)
    outcome = judged(der)
    assert outcome.indication == "TOTAL-PASSED", outcome.codes
    assert "form.value-bits" in outcome.codes


@pytest.mark.parametrize(("text", "expected"), [
    ("20250731120000Z", dt.datetime(2025, 7, 31, 12, tzinfo=dt.UTC)),
    ("20250731120000.123Z", dt.datetime(2025, 7, 31, 12, tzinfo=dt.UTC)),
    ("20250731120000", dt.datetime(2025, 7, 31, 12, tzinfo=CHINA)),
    ("20250731120000+0800", dt.datetime(2025, 7, 31, 12, tzinfo=CHINA)),
    ("2025-07-31 12:00:00", dt.datetime(2025, 7, 31, 12, tzinfo=CHINA)),
    ("2025-07-31T12:00:00.377Z", dt.datetime(2025, 7, 31, 12, tzinfo=dt.UTC)),
    ("250731120000Z", dt.datetime(2025, 7, 31, 12, tzinfo=dt.UTC)),
    ("250731120000", dt.datetime(2025, 7, 31, 12, tzinfo=CHINA)),
    ("20250231120000Z", None), ("31.7.2025", None), ("", None), ("２0250731120000", None),
])
def test_times_are_read_in_the_forms_of_the_field(text: str, expected: dt.datetime | None) -> None:
    assert read_time_text(text) == expected


def test_a_signing_certificate_attribute_is_checked() -> None:
    name = "1.2.840.113549.1.9.16.2.47"
    for der, indication in ((world().signer.certificate.der, "TOTAL-PASSED"), (b"another", "refused")):
        one = build.sequence(build.sequence(build.sequence(
            build.sequence(build.oid("1.2.156.10197.1.401")), build.octet_string(sm3(der)))))
        assert judged(Cms(extra=[attribute(name, one)]).der()).indication == indication


def test_other_algorithms_than_sm2_are_verified_in_a_plain_signature() -> None:
    signer = world().rsa_root.leaf("P-256 签名人", 7)
    spec = Cms(arc=PLAIN, signer=signer, digest_id="2.16.840.1.101.3.4.2.1", signature_id="1.2.840.10045.4.3.2")
    outcome = judged(spec.der())
    assert outcome.indication == "TOTAL-PASSED", outcome.codes
    assert outcome.evidence is not None and outcome.evidence.algorithm == "ecdsa-sha256"
    assert judged(spec.der(), xml=XML + b"\n").codes == {"value.digest"}


def test_what_was_forgiven_never_reaches_trust() -> None:
    """Without the trust folder every form stays undecided."""
    trust = world().trust(roots=(), crls=(), seal_makers=())
    for spec, _, _ in GOOD.values():
        assert judged(spec.der(), trust=trust, at=AT).indication == "INDETERMINATE"


def test_a_slovenly_certificate_is_read_and_told() -> None:
    """Many authorities write out the default FALSE; the certificate is theirs all the same."""
    strict = world().signer.certificate
    tbs = edited(strict.tbs, lambda parts: [*parts[:7], build.explicit(3, build.sequence(build.sequence(
        build.oid("2.5.29.15"), build.boolean(False), build.octet_string(build.named_bits((0, 1))))))])
    der = edited(strict.der, lambda parts: [tbs, parts[1], build.bit_string(world().root.key.sign(tbs))])
    for spec in (Ses(certificate=der, listed=[der]), Cms(carries=[der])):
        outcome = judged(spec.der())
        assert outcome.indication == "TOTAL-PASSED", outcome.codes
        assert "form.value-certificate" in outcome.codes
