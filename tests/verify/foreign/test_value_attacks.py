"""Forged signature values: none passes, each for its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from certs import der_build as build
from certs import sm2
from certs.crl import Revocation
from certs.der import Reader
from certs.sm3 import sm3
from certs.trust import Trust
from tests.certs.core_pki import AT, DAY, END, START, make
from tests.support.bounds import not_hanging
from tests.support.foreign_seals import edited
from tests.verify.foreign.values import (
    PLAIN,
    SIGNED_AT,
    SIGNING_CERTIFICATE_V2,
    SM3_ID,
    XML,
    Cms,
    Outcome,
    Ses,
    attribute,
    forged_world,
    judged,
    raw,
    unsigned,
    when,
    world,
)

FAILED, UNSURE, REFUSED = "TOTAL-FAILED", "INDETERMINATE", "refused"
OTHER = world().other.certificate.der
TWIN = forged_world().signer            # the signer's names with a key of the attacker's
SIGNER = world().signer
P256 = world().rsa_root.leaf("P-256 签名人", 6).certificate
CRITICAL = build.explicit(0, build.sequence(build.sequence(
    build.oid("1.2.3.4"), build.boolean(True), build.octet_string(b"\x01"))))


def padded(signature: bytes) -> bytes:
    """An SM2 signature with a needless zero in front of r."""
    both = raw(signature)
    parts = [build.tlv(0x02, b"\0\0" + both[:32]), build.tlv(0x02, b"\0" + both[32:])]
    return build.sequence(*parts)


def long_length(der: bytes) -> bytes:
    """The outermost length in a longer form than it needs."""
    body = Reader(der).body(0x30)
    return b"\x30\x84" + len(body).to_bytes(4, "big") + body


def indefinite(der: bytes) -> bytes:
    """The outermost length left open (BER)."""
    return b"\x30\x80" + Reader(der).body(0x30) + b"\0\0"


def without_signature(der: bytes) -> bytes:
    """A seal signature whose value is empty."""
    return edited(der, lambda parts: [*parts[:3], build.bit_string(b""), *parts[4:]])


def flipped(der: bytes) -> bytes:
    """The last byte of the signature value changed."""
    return der[:-1] + bytes((der[-1] ^ 1,))


def swapped_certificate(der: bytes) -> bytes:
    """Another certificate beside toSign, which does not cover it in version 4."""
    return edited(der, lambda parts: [parts[0], build.octet_string(OTHER), *parts[2:]])


def by_another(spec: Ses) -> Ses:
    """Sealed by another organisation's key with a seal that does not list it."""
    return replace(spec, signer=world().other, listed=[SIGNER.certificate.der])


def message_of_digest(_: bytes) -> bytes:
    """What the old kind signs: the digest of Signature.xml alone."""
    return sm3(XML)


Z_DIGEST = sm2.signed_digest(SIGNER.certificate.public_key.bits, XML)
RENEWED = make("某市测试局", SIGNER.key, 98, issuer=world().root)


@dataclass(frozen=True)
class Case:
    """One forgery: the value, what else is odd, and what must be said."""

    made: Callable[[], bytes]
    indication: str
    code: str
    options: Callable[[], dict[str, Any]] = dict


def _trusting(**changes: Any) -> Callable[[], dict[str, Trust]]:
    return lambda: {"trust": world().trust(**changes)}


ATTACKS = {
    # what is bound
    "another Signature.xml": Case(Ses().der, FAILED, "value.digest", lambda: {"xml": XML + b" "}),
    "another Signature.xml in version 1": Case(
        Ses(layout=1).der, FAILED, "value.digest", lambda: {"xml": XML.replace(b"2016", b"2017")}),
    "a digest of something else": Case(Ses(digest=sm3(b"x")).der, FAILED, "value.digest"),
    "a byte of the value": Case(lambda: flipped(Ses(value=raw).der()), FAILED, "value.signature"),
    "a signature over other bytes": Case(Ses(message=lambda data: data + b"x").der, FAILED, "value.signature"),
    "an empty signature": Case(lambda: without_signature(Ses().der()), REFUSED, "value.signature-form"),
    "zeros as signature": Case(Ses(value=lambda _: bytes(64)).der, REFUSED, "value.signature-form"),
    "toSign changed": Case(
        lambda: Ses().der().replace(b"/Doc_0/Signs/Sign_0/", b"/Doc_0/Signs/Sign_9/"), FAILED, "value.signature"),
    "the time moved back": Case(lambda: Ses().der().replace(
        SIGNED_AT.strftime("%Y%m%d%H").encode(), (SIGNED_AT - DAY).strftime("%Y%m%d%H").encode()), FAILED,
        "value.signature"),
    # whose it is
    "a forged CA of the same names": Case(Ses(world=forged_world()).der, UNSURE, "trust.chain"),
    "a twin of the signer in a genuine seal": Case(
        Ses(signer=TWIN, listed=[SIGNER.certificate.der]).der, FAILED, "value.not-listed"),
    "the certificate swapped": Case(lambda: swapped_certificate(Ses().der()), FAILED, "value.signature"),
    "another certificate of the same key": Case(
        lambda: Ses(certificate=RENEWED.certificate.der, listed=[SIGNER.certificate.der]).der(), FAILED,
        "value.not-listed"),
    "another organisation's seal": Case(by_another(Ses()).der, FAILED, "value.not-listed"),
    "another organisation's seal in version 1": Case(by_another(Ses(layout=1)).der, FAILED, "value.not-listed"),
    "a list of nobody": Case(Ses(listed=[]).der, UNSURE, "value.no-list"),
    "a digest of another in the list": Case(Ses(list_type=2, listed=[build.sequence(
        build.printable("SM3"), build.octet_string(sm3(OTHER)))]).der, FAILED, "value.not-listed"),
    "a list of weak digests": Case(Ses(list_type=2, listed=[build.sequence(
        build.printable("MD5"), build.octet_string(bytes(16)))]).der, REFUSED, "value.algorithm"),
    "a certificate that cannot be read": Case(Ses(certificate=b"\x30\x00").der, UNSURE, "value.certificate"),
    "a certificate authority as signer": Case(Ses(signer=world().root).der, FAILED, "trust.chain-failed"),
    "a timestamp authority as signer": Case(Ses(signer=world().tsa).der, FAILED, "trust.chain-failed"),
    # the seal
    "the maker's signature broken": Case(
        Ses(maker_message=lambda data: data + b"x").der, FAILED, "value.maker-signature"),
    "the maker's signature broken in version 1": Case(
        Ses(layout=1, maker_message=lambda data: data + b"x").der, FAILED, "value.maker-signature"),
    "a maker that signs eSealInfo alone in version 1": Case(
        Ses(layout=1, maker_message=lambda data: Reader(Reader(data).body(0x30)).raw()).der, FAILED,
        "value.maker-signature"),
    "the picture swapped and the seal signed by its user": Case(
        Ses(maker=SIGNER, picture=b"another").der, UNSURE, "trust.maker"),
    "the picture swapped in a genuine seal": Case(
        Ses(edit_seal=lambda seal: seal.replace(b"PNG picture", b"PNG forgery")).der, FAILED, "value.maker-signature"),
    "an untrusted maker": Case(Ses(maker=world().other).der, UNSURE, "trust.maker"),
    "a maker of the same name": Case(Ses(maker=forged_world().maker).der, UNSURE, "trust.maker"),
    "another Seal.esl": Case(Ses().der, FAILED, "value.seal-swapped", lambda: {"seal_file": Ses().seal()}),
    "a seal that is over": Case(Ses(seal_dates=[build.generalized_time(each) for each in (
        START, START, SIGNED_AT + DAY / 2)]).der, UNSURE, "value.seal-period"),
    "a seal that was over when it was used": Case(Ses(seal_dates=[build.generalized_time(each) for each in (
        START, START, SIGNED_AT - DAY)]).der, UNSURE, "value.time-outside"),
    "a seal made before its maker": Case(Ses(seal_dates=[build.generalized_time(each) for each in (
        START - DAY, START, END)]).der, UNSURE, "value.seal-made"),
    "a seal without readable dates": Case(Ses(seal_dates=[when("soon")] * 3).der, UNSURE, "value.seal-period"),
    # algorithms
    "SHA-1 with RSA as algorithm": Case(Ses(algorithm="1.2.840.113549.1.1.5").der, REFUSED, "value.weak"),
    "ECDSA as algorithm": Case(Ses(algorithm="1.2.840.10045.4.3.2").der, REFUSED, "value.algorithm"),
    "SHA-1 in a plain signature": Case(Cms(digest_id="1.3.14.3.2.26").der, REFUSED, "value.weak"),
    "two digest algorithms": Case(
        Cms(named_digest="2.16.840.1.101.3.4.2.1").der, REFUSED, "value.algorithm"),
    "SHA-256 under an SM2 signature": Case(
        Cms(digest_id="2.16.840.1.101.3.4.2.1").der, REFUSED, "value.algorithm"),
    "the old kind": Case(Ses(message=message_of_digest).der, UNSURE, "value.unsupported"),
    "the old kind with its digest": Case(Ses(layout=1, digest=Z_DIGEST).der, UNSURE, "value.unsupported"),
    "the old kind, altogether": Case(
        Ses(layout=1, digest=Z_DIGEST, message=lambda _: Z_DIGEST).der, UNSURE, "value.unsupported"),
    "the old kind over another file": Case(
        Ses(message=message_of_digest).der, UNSURE, "value.unsupported", lambda: {"xml": XML + b"x"}),
    # time and trust
    "sealed tomorrow": Case(Ses(time=build.generalized_time(AT + DAY)).der, UNSURE, "value.time-future"),
    "sealed before the certificate": Case(
        Ses(time=build.generalized_time(START - DAY)).der, UNSURE, "value.time-outside"),
    "sealed at no time": Case(Ses(time=when("yesterday")).der, UNSURE, "value.time-none"),
    "expired": Case(Ses().der, UNSURE, "trust.chain", lambda: {"at": END + DAY}),
    "revoked": Case(Ses().der, UNSURE, "trust.chain", lambda: {"trust": world().trust(
        crls=(world().root.crl({2: Revocation(revoked_at=AT - 10 * DAY, reason="keyCompromise")}),))}),
    "a revoked maker": Case(Ses().der, UNSURE, "trust.chain", lambda: {"trust": world().trust(
        crls=(world().root.crl({3: Revocation(revoked_at=AT - 10 * DAY, reason="keyCompromise")}),))}),
    "no revocation list": Case(Ses().der, UNSURE, "trust.chain", _trusting(crls=())),
    "nobody trusted": Case(Ses().der, UNSURE, "trust.chain", _trusting(roots=())),
    "a plain signature of nobody trusted": Case(Cms().der, UNSURE, "trust.chain", _trusting(roots=())),
    "an unknown critical extension": Case(Ses(extension=CRITICAL).der, UNSURE, "value.extension"),
    "an unknown critical extension of the seal": Case(Ses(seal_extension=CRITICAL).der, UNSURE, "value.extension"),
    # plain signatures
    "a plain signature over another file": Case(Cms().der, FAILED, "value.digest", lambda: {"xml": XML + b" "}),
    "the file itself signed, another file": Case(
        Cms(attributes=False).der, FAILED, "value.signature", lambda: {"xml": XML + b" "}),
    "content of another file": Case(Cms(content=b"<other/>").der, FAILED, "value.digest"),
    "content without its digest": Case(
        Cms(content=sm3(XML), stated=sm3(XML)).der, REFUSED, "value.content"),
    "content that is not signed": Case(
        Cms(attributes=False, content=sm3(XML), message=b"else").der, FAILED, "value.signature"),
    "signed attributes as content": Case(
        lambda: Cms(attributes=False, content=build.set_of([attribute("1.2.3", build.null())])).der(), FAILED,
        "value.digest"),
    "no digest in the attributes": Case(Cms(stated=b"").der, REFUSED, "value.form"),
    "a timestamp token as signature": Case(
        Cms(arc=PLAIN, data="1.2.840.113549.1.9.16.1.4").der, REFUSED, "value.form"),
    "another content type signed": Case(Cms(content_type="1.2.840.113549.1.9.16.1.4").der, REFUSED, "value.form"),
    "another certificate carried": Case(Cms(carries=[OTHER]).der, REFUSED, "value.certificate"),
    "no certificate carried": Case(Cms(carries=[]).der, REFUSED, "value.certificate"),
    "a twin's certificate carried": Case(Cms(carries=[TWIN.certificate.der]).der, FAILED, "value.signature"),
    "two certificates of one number": Case(
        Cms(carries=[SIGNER.certificate.der, TWIN.certificate.der]).der, REFUSED, "value.certificate"),
    "a stray certificate carried": Case(
        Cms(carries=[SIGNER.certificate.der, OTHER]).der, UNSURE, "value.loose"),
    "a stray list carried": Case(Cms(crls=[forged_world().root.crl().der]).der, UNSURE, "value.loose"),
    "garbage as list": Case(Cms(crls=[build.sequence()]).der, UNSURE, "value.loose"),
    "signed twice": Case(Cms(signers=2).der, REFUSED, "value.several-signers"),
    "an unsigned attribute": Case(
        Cms(unsigned=[attribute("1.2.3.4", build.null())]).der, REFUSED, "value.unsigned"),
    "an attribute twice": Case(
        Cms(extra=[attribute("1.2.840.113549.1.9.4", build.octet_string(sm3(XML)))]).der, REFUSED, "value.form"),
    "a signing certificate of another": Case(Cms(extra=[attribute(SIGNING_CERTIFICATE_V2, build.sequence(
        build.sequence(build.sequence(build.sequence(build.oid(SM3_ID)), build.octet_string(sm3(OTHER))))))]).der,
        REFUSED, "value.certificate-unbound"),
    "a seal beside a plain signature": Case(
        Cms().der, UNSURE, "value.seal-unbound", lambda: {"seal_file": Ses().seal()}),
    "a P-256 certificate under SM2": Case(
        lambda: Ses(certificate=P256.der, listed=[P256.der]).der(), UNSURE, "value.algorithm"),
    # spellings
    "padded integers": Case(Ses(value=padded).der, REFUSED, "value.signature-form"),
    "a tail behind the signature value": Case(Ses(value=lambda v: v + b"\0").der, REFUSED, "value.signature-form"),
    "a tail behind the value": Case(lambda: Ses().der() + b"\0", REFUSED, "value.form"),
    "a field too many": Case(Ses(tail=build.null()).der, REFUSED, "value.form"),
    "a field too many in version 1": Case(Ses(layout=1, tail=build.null()).der, REFUSED, "value.form"),
    "a long length": Case(lambda: long_length(Ses().der()), REFUSED, "value.form"),
    "an open length": Case(lambda: indefinite(Ses().der()), REFUSED, "value.form"),
    "an open length in a plain signature": Case(lambda: indefinite(Cms().der()), REFUSED, "value.form"),
    "a tail behind a plain signature": Case(lambda: Cms().der() + b"\0\0", REFUSED, "value.form"),
    "unused bits that are not zero": Case(
        Ses(value_bits=lambda v: b"\x03" + bytes((len(v) + 1, 1)) + v[:-1] + bytes((v[-1] | 1,))).der, REFUSED,
        "value.form"),
    "too many unused bits": Case(
        Ses(value_bits=lambda v: b"\x03" + bytes((len(v) + 1, 8)) + v).der, REFUSED, "value.form"),
    "a digest of 31 bytes": Case(Ses(digest=b"\xff" * 31 + b"\x00", bits=lambda v: build.bit_string(
        v[:31] if len(v) == 32 else v)).der, FAILED, "value.digest"),
    "a digest of 16 bytes": Case(Ses(digest=b"\xff" * 16).der, REFUSED, "value.form"),
    "a signature alone": Case(lambda: SIGNER.key.sign(XML), REFUSED, "value.signature-alone"),
    "nothing": Case(lambda: b"", REFUSED, "value.form"),
    "an empty sequence": Case(build.sequence, REFUSED, "value.form"),
    "text": Case(lambda: b"<xml/>", REFUSED, "value.form"),
    "too much": Case(lambda: b"\x30" + bytes(9 * 1024 * 1024), REFUSED, "value.too-large"),
}


def _check(case: Case) -> Outcome:
    outcome = judged(case.made(), **case.options())
    assert outcome.indication == case.indication, outcome.codes
    assert case.code in outcome.codes
    return outcome


@pytest.mark.parametrize("name", ATTACKS)
def test_no_forgery_passes(name: str) -> None:
    _check(ATTACKS[name])


def test_each_reason_gives_its_sub_indication() -> None:
    expected = {
        "another Signature.xml": "HASH_FAILURE", "a signature over other bytes": "SIG_CRYPTO_FAILURE",
        "another organisation's seal": "SIG_CONSTRAINTS_FAILURE", "expired": "OUT_OF_BOUNDS_NO_POE",
        "revoked": "REVOKED_NO_POE", "nobody trusted": "NO_CERTIFICATE_CHAIN_FOUND", "no revocation list": "TRY_LATER",
        "an untrusted maker": "NO_CERTIFICATE_CHAIN_FOUND",
    }
    for name, sub in expected.items():
        evidence = _check(ATTACKS[name]).evidence
        assert evidence is not None and evidence.sub_indication == sub, name


SPELLINGS = {
    "v4": Ses(), "v1": Ses(layout=1), "v5": Ses(number=5), "unsigned": Ses(value=unsigned),
    "GB/T 35275": Cms(), "PKCS#7": Cms(arc=PLAIN),
    "bare": Cms(bare=True, attributes=False, content=sm3(XML), value=raw),
}


def changed_bits(name: str, places: Callable[[int], Iterable[int]]) -> None:
    """A flipped bit fails, or changes the spelling alone, which is then told; of those there are hardly any."""
    der = SPELLINGS[name].der()
    usual = judged(der)
    assert usual.indication == "TOTAL-PASSED"
    respelt = 0
    for place in places(8 * len(der)):
        changed = bytearray(der)
        changed[place // 8] ^= 1 << place % 8
        outcome = judged(bytes(changed))
        if outcome.indication == "TOTAL-PASSED":
            assert outcome.codes - usual.codes, place
            respelt += 1
    assert respelt <= 2


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_changed_bit_leaves_the_value_as_it_was(name: str) -> None:
    """All of the head and of what follows at the end, which the signature does not cover, and some of the rest."""
    end = 640 if name in ("v4", "v1", "v5", "unsigned") else 2400         # of a CMS the whole SignerInfo
    changed_bits(name, lambda total: {*range(64), *range(0, total, 97), *range(total - end, total)})


@pytest.mark.soak
@pytest.mark.parametrize("name", SPELLINGS)
def test_no_changed_bit_at_all_leaves_the_value_as_it_was(name: str) -> None:
    changed_bits(name, range)


def test_a_value_cut_off_anywhere_is_refused() -> None:
    for spec in (Ses(), Ses(layout=1), Cms()):
        der = spec.der()
        for size in range(0, len(der), 7):
            assert judged(der[:size]).indication == REFUSED


def test_a_deep_structure_is_refused() -> None:
    deep = b""
    for _ in range(20_000):
        deep = build.sequence(deep)
    with not_hanging():
        assert judged(deep).indication == REFUSED


def test_a_claimed_time_a_little_ahead_is_a_matter_of_clocks() -> None:
    assert judged(Ses(time=build.generalized_time(AT + timedelta(minutes=4))).der()).indication == "TOTAL-PASSED"
