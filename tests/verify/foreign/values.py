"""Signature values of other writers, made by hand in every form that occurs, and whom to trust for them.

Everything is a keyword of :class:`Ses` or :class:`Cms`: a test says what is odd, the rest is as a good writer does it.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from certs import der_build as build
from certs import sm2
from certs.ses import ALGORITHM_OID
from certs.sm3 import sm3
from certs.trust import Trust
from certs.x509_build import TIME_STAMPING
from tests.certs.core_pki import AT, DAY, END, START, Entity, root
from verify.chains import Judge
from verify.foreign.value import judge_value, read_value
from verify.model import SignatureEvidence
from verify.reasons import Findings, Refusal

XML = b'<?xml version="1.0" encoding="UTF-8"?><ofd:Signature xmlns:ofd="http://www.ofdspec.org/2016"/>'
WHERE = "Doc_0/Signs/Sign_0/SignedValue.dat"
SIGNED_AT = AT - DAY
Bytes = Callable[[bytes], bytes]


@dataclass(frozen=True)
class World:
    """Who there is: a root with its list, a signer, a seal maker, a timestamp authority, an attacker's twin of all."""

    root: Entity
    signer: Entity
    maker: Entity
    tsa: Entity
    other: Entity                        # a second signer below the same root
    rsa_root: Entity                     # on P-256

    def trust(self, **changes: Any) -> Trust:
        """A trust folder that believes in root, maker and timestamp authority."""
        facts: dict[str, Any] = {
            "name": "试验", "lookup_hosts": (), "data_signing": {}, "roots": (self.root.certificate,
                                                                            self.rsa_root.certificate),
            "seal_makers": (self.maker.certificate,), "tsa": (self.root.certificate,),
            "crls": (self.root.crl(), self.rsa_root.crl()), **changes}
        return Trust(**facts)


def make_world() -> World:
    """A world of fresh keys; two of them have the same names."""
    top = root()
    return World(
        root=top, signer=top.leaf("某市测试局", 2), maker=top.leaf("某制章中心", 3),
        tsa=top.leaf("某时间戳", 4, ext_key_usage=(TIME_STAMPING,)), other=top.leaf("另一单位", 5),
        rsa_root=root("p256", "试验根 P-256"))


@functools.cache
def world() -> World:
    """The world that all tests share."""
    return make_world()


@functools.cache
def forged_world() -> World:
    """An attacker's copy of it: the same names, other keys."""
    return make_world()


def named_bits(value: bytes) -> bytes:
    """A BIT STRING as a writer of named bits makes it: no zero bit at the end."""
    whole = value.rstrip(b"\0")
    unused = (whole[-1] & -whole[-1]).bit_length() - 1 if whole else 0
    return build.tlv(0x03, bytes((unused,)) + whole)


def raw(signature: bytes) -> bytes:
    """An SM2 signature as 64 bytes."""
    return sm2.raw_from_der(signature)


def unsigned(signature: bytes) -> bytes:
    """An SM2 signature whose INTEGERs are written without the leading 00."""
    both = raw(signature)
    return build.sequence(*(build.tlv(0x02, part.lstrip(b"\0")) for part in (both[:32], both[32:])))


def fixed(signature: bytes) -> bytes:
    """An SM2 signature whose INTEGERs are always 32 bytes."""
    both = raw(signature)
    return build.sequence(*(build.tlv(0x02, part) for part in (both[:32], both[32:])))


def when(text: str, tag: int = 0x18) -> bytes:
    """A time with exactly this text."""
    return build.tlv(tag, text.encode())


def same(value: bytes) -> bytes:
    """The value unchanged."""
    return value


@dataclass(frozen=True, kw_only=True)
class Ses:
    """A seal signature. ``layout`` 1 or 4; ``number`` is what both version fields say."""

    world: World = field(default_factory=world)
    layout: int = 4
    seal_layout: int | None = None
    number: int | None = None
    list_type: int = 1
    listed: Sequence[bytes] | None = None
    seal_dates: Sequence[bytes] | None = None
    picture: bytes = b"\x89PNG picture"
    width: int = 42
    name: str = "某市测试局"
    es_id: str = "SEAL-1"
    seal_extension: bytes = b""
    maker: Entity | None = None
    maker_value: Bytes = same
    maker_bits: Bytes = build.bit_string
    maker_message: Bytes = same
    seal_tail: bytes = b""
    edit_seal: Bytes = same
    time: bytes | None = None
    digest: bytes | None = None
    bits: Bytes = build.bit_string
    property_info: str = "/Doc_0/Signs/Sign_0/Signature.xml"
    extension: bytes = b""
    signer: Entity | None = None
    certificate: bytes | None = None
    algorithm: str = ALGORITHM_OID
    message: Bytes = same
    value: Bytes = same
    value_bits: Bytes | None = None
    stamp: Callable[[bytes], bytes] | None = None
    tail: bytes = b""

    def seal(self) -> bytes:
        """SESeal."""
        layout = self.seal_layout or self.layout
        number = self.number or layout
        signer = (self.signer or self.world.signer).certificate.der
        entries = [build.octet_string(each) for each in ([signer] if self.listed is None else self.listed)]
        if self.listed is not None and self.list_type == 2:
            entries = list(self.listed)
        dates = self.seal_dates or [
            (build.x509_time if layout == 1 else build.generalized_time)(each) for each in (
                START + DAY, START + DAY, END - DAY)]
        listing = (build.integer(self.list_type),) if layout == 4 else ()
        info = build.sequence(
            build.sequence(build.ia5("ES"), build.integer(number), build.ia5("OTHER")), build.ia5(self.es_id),
            build.sequence(build.integer(1), build.utf8(self.name), *listing, build.sequence(*entries), *dates),
            build.sequence(build.ia5("PNG"), build.octet_string(self.picture), build.integer(self.width),
                           build.integer(self.width)), self.seal_extension)
        maker = self.maker or self.world.maker
        closing = build.octet_string(maker.certificate.der), build.oid(ALGORITHM_OID)
        message = build.sequence(info, *closing) if layout == 1 else info
        signature = self.maker_bits(self.maker_value(maker.key.sign(self.maker_message(message))))
        if layout == 1:
            return self.edit_seal(build.sequence(info, build.sequence(*closing, signature)))
        return self.edit_seal(build.sequence(info, *closing, signature, self.seal_tail))

    def to_sign(self) -> bytes:
        """TBS_Sign."""
        signed_at = build.bit_string(b"2025-07-31 12:00:00") if self.layout == 1 else build.generalized_time(SIGNED_AT)
        certificate = build.octet_string(self._certificate()), build.oid(self.algorithm)
        return build.sequence(
            build.integer(self.number or self.layout), self.seal(), self.time or signed_at,
            self.bits(sm3(XML) if self.digest is None else self.digest),
            build.tlv(0x16, self.property_info.encode()), *(certificate if self.layout == 1 else ()), self.extension)

    def _certificate(self) -> bytes:
        return self.certificate or (self.signer or self.world.signer).certificate.der

    def der(self) -> bytes:
        """SES_Signature."""
        to_sign = self.to_sign()
        octets = self.value((self.signer or self.world.signer).key.sign(self.message(to_sign)))
        signature = (self.value_bits or self.bits)(octets)
        if self.layout == 1:
            return build.sequence(to_sign, signature, self.tail)
        stamp = b"" if self.stamp is None else build.explicit(0, build.bit_string(self.stamp(octets)))
        return build.sequence(to_sign, build.octet_string(self._certificate()), build.oid(self.algorithm), signature,
                              stamp, self.tail)


GM, PLAIN = "1.2.156.10197.6.1.4.2", "1.2.840.113549.1.7"
SM3_ID, SM2_ID = "1.2.156.10197.1.401", "1.2.156.10197.1.301.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, TIMESTAMP = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.14"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
DIGESTS = {SM3_ID: sm3, "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
           "1.3.14.3.2.26": lambda data: hashlib.sha1(data, usedforsecurity=False).digest()}


def attribute(oid: str, *values: bytes) -> bytes:
    """One Attribute."""
    return build.sequence(build.oid(oid), build.set_of(values))


@dataclass(frozen=True, kw_only=True)
class Cms:
    """A SignedData: with signed attributes or without, detached or around ``content``."""

    world: World = field(default_factory=world)
    arc: str = GM
    data: str | None = None
    bare: bool = False
    attributes: bool = True
    content: bytes | None = None
    signer: Entity | None = None
    carries: Sequence[bytes] | None = None
    crls: Sequence[bytes] = ()
    digest_id: str = SM3_ID
    named_digest: str | None = None
    signature_id: str = SM2_ID
    stated: bytes | None = None
    content_type: str | None = None
    extra: Sequence[bytes] = ()
    signed_at: bytes | None = field(default_factory=lambda: build.x509_time(SIGNED_AT))
    value: Bytes = same
    message: bytes | None = None
    unsigned: Sequence[bytes] = ()
    stamp: Callable[[bytes], bytes] | None = None
    version: int = 1
    signer_version: int = 1
    identifier: bytes | None = None
    signers: int = 1

    def der(self) -> bytes:
        """ContentInfo, or SignedData where it is ``bare``."""
        signer = self.signer or self.world.signer
        certificate = signer.certificate
        digest = DIGESTS[self.digest_id]
        content = XML if self.content is None else self.content
        signed = build.set_of([
            attribute(CONTENT_TYPE, build.oid(self.content_type or self.data or f"{self.arc}.1")),
            attribute(MESSAGE_DIGEST, build.octet_string(digest(content) if self.stated is None else self.stated)),
            *([attribute(SIGNING_TIME, self.signed_at)] if self.signed_at else []), *self.extra])
        message = self.message or (signed if self.attributes else content)
        octets = self.value(signer.key.sign(message))
        unsigned = list(self.unsigned)
        if self.stamp is not None:
            unsigned.append(attribute(TIMESTAMP, self.stamp(octets)))
        algorithm = build.sequence(build.oid(self.digest_id))
        info = build.sequence(
            build.integer(self.signer_version),
            self.identifier or build.sequence(certificate.issuer, build.integer(certificate.serial)),
            algorithm, b"\xa0" + signed[1:] if self.attributes else b"",
            build.sequence(build.oid(self.signature_id)), build.octet_string(octets),
            b"\xa1" + build.set_of(unsigned)[1:] if unsigned else b"")
        inside = b"" if self.content is None else build.explicit(0, build.octet_string(self.content))
        carried = [certificate.der] if self.carries is None else self.carries
        body = build.sequence(
            build.integer(self.version), build.set_of([build.sequence(build.oid(self.named_digest or self.digest_id))]),
            build.sequence(build.oid(self.data or f"{self.arc}.1"), inside),
            build.tlv(0xA0, b"".join(carried)), build.tlv(0xA1, b"".join(self.crls)) if self.crls else b"",
            build.tlv(0x31, info * self.signers))
        return body if self.bare else build.sequence(build.oid(f"{self.arc}.2"), build.explicit(0, body))


@dataclass(frozen=True)
class Outcome:
    """What the verifier says: the evidence (None when the value was refused), every code, the codes that weigh."""

    evidence: SignatureEvidence | None
    codes: frozenset[str]

    @property
    def indication(self) -> str:
        """The main indication, "refused" where there is no evidence."""
        return self.evidence.indication if self.evidence else "refused"

    @property
    def weighing(self) -> frozenset[str]:
        """The codes without notes."""
        return frozenset(code for code in self.codes if not code.startswith("form.")) - {
            "seal.status-unknown", "trust.demo"}


def judged(
    data: bytes, *, xml: bytes = XML, trust: Trust | None = None, at: dt.datetime = AT, seal_file: bytes | None = None,
) -> Outcome:
    """Read and judge one value as the verifier does, by default in the shared world."""
    found = Findings()
    judge = Judge(trust=trust or world().trust(), at=at, clock_now=at, found=found)
    try:
        evidence = judge_value(read_value(data, where=WHERE), xml=xml, judge=judge, found=found, where=WHERE,
                               seal_file=seal_file)
    except Refusal as refusal:
        found.refuse(refusal)
        return Outcome(None, frozenset(each.reason.code for each in found.all()))
    assert {each.code for each in evidence.reasons} == {each.reason.code for each in found.all()}
    return Outcome(evidence, frozenset(each.reason.code for each in found.all()))


def changed(spec: Ses, **changes: Any) -> Ses:
    """A seal signature with further oddities."""
    return replace(spec, **changes)
