"""Seal signatures of any writer: GM/T 0031-2014 (v1), GB/T 38540-2020 (v4), GM/T 0031-2025 (v5), read leniently.

The layout is chosen by structure, because the layout of version 1 carries version numbers 1, 2 and 4. What was
signed is the slice that was received. ::

    v1  SES_Signature ::= SEQUENCE { toSign, signature BIT STRING }
        toSign        ::= SEQUENCE { version, eseal, timeInfo BIT STRING, dataHash BIT STRING, propertyInfo,
                                     cert OCTET STRING, signatureAlgorithm OID, extDatas [0] OPTIONAL }
        SESeal        ::= SEQUENCE { eSealInfo, SEQUENCE { cert OCTET STRING, signatureAlgorithm OID, BIT STRING } }
    v4  SES_Signature ::= SEQUENCE { toSign, cert OCTET STRING, signatureAlgID OID, signature BIT STRING,
                                     timeStamp [0] OPTIONAL }
        toSign        ::= SEQUENCE { version, eseal, timeInfo, dataHash, propertyInfo, extDatas [0] OPTIONAL }
        SESeal        ::= SEQUENCE { eSealInfo, cert OCTET STRING, signAlgID OID, signedValue BIT STRING,
                                     timeStamp [0] OPTIONAL }

The maker of a v1 seal signs SEQUENCE { eSealInfo, cert, signatureAlgorithm }, of a later one eSealInfo alone.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

from certs.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Reader,
    context,
)
from certs.der_build import sequence
from certs.ses_info import (
    ALGORITHM_OID,
    HEADER_ID,
    LIST_OF_CERTIFICATES,
    LIST_OF_DIGESTS,
    MAX_SIDE_MM,
    SM3_NAMES,
)
from certs.x509 import Certificate
from certs.x509_loose import load_loose
from codes.errors import EngineError
from verify.foreign.der_loose import LooseReader
from verify.foreign.signed_value import ForeignSeal, Forgiven, SignedValue
from verify.reasons import Refusal

__all__ = ["load_certificate", "read_ses"]

_SM2_NAMES: Final = frozenset({ALGORITHM_OID, "1.2.156.10197.1.301.1", "1.2.156.10197.1.301"})
_WEAK: Final = {"1.2.840.113549.1.1.4": "MD5", "1.2.840.113549.1.1.5": "SHA-1", "1.2.840.10045.4.1": "SHA-1"}
_DIGEST_BYTES: Final = 32
_VERSION_5: Final = 5
MAX_LISTED: Final = 1000


def load_certificate(loose: LooseReader, der: bytes) -> tuple[Certificate | None, tuple[str, str]]:
    """A certificate, or None and why it cannot be read, in Chinese and English."""
    try:
        certificate = load_loose(der)
    except EngineError as error:
        return None, (error.zh, error.en)
    if certificate.mended:
        loose.forgive("form.value-certificate", name=certificate.certificate.subject_cn or "")
    return certificate.certificate, ("", "")


def read_ses(data: bytes, where: str) -> SignedValue:
    """Read a seal signature.

    Raises:
        Refusal: ``value.form``, ``value.signature-form``, ``value.algorithm``, ``value.weak``.
        DerError: a length or a tag is not as it must be.
    """
    loose = LooseReader(where)
    outer = Reader(data)
    body = outer.enter(SEQUENCE)
    outer.done()
    to_sign = body.raw(SEQUENCE)
    first = body.peek() == BIT_STRING
    parts = _first(loose, body, to_sign) if first else _later(loose, body, to_sign)
    body.done()
    seal = parts.seal
    usual = (1,) if first else (4, 5)
    if parts.version not in usual or parts.version != seal.version or parts.seal_is_first != first:
        loose.forgive("form.value-version", version=str(parts.version), seal=str(seal.version))
    signer, fault = load_certificate(loose, parts.certificate)
    form = "SES v1" if first else "SES v5" if parts.version == _VERSION_5 else "SES v4"
    return SignedValue(
        form=form, signer=signer, signer_fault=fault, claimed_at=parts.claimed_at, digest=parts.digest,
        digest_algorithm="SM3", property_info=parts.property_info, seal=seal, timestamp=parts.timestamp,
        signed=to_sign, signature=loose.sm2_signature(parts.octets), signature_value=parts.octets, algorithm="sm2-sm3",
        critical=parts.critical, forgiven=tuple(Forgiven(code, facts) for code, facts in loose.forgiven))


class _Parts(NamedTuple):
    """The fields of a seal signature, wherever its layout has them."""

    version: int
    seal: ForeignSeal
    seal_is_first: bool
    claimed_at: dt.datetime | None
    digest: bytes
    property_info: str
    critical: str
    certificate: bytes
    octets: bytes
    timestamp: bytes | None


def _first(loose: LooseReader, body: Reader, to_sign: bytes) -> _Parts:
    """The layout of version 1."""
    octets = loose.signature_bits(body)
    return _signed_fields(loose, to_sign, None, octets, None)


def _later(loose: LooseReader, body: Reader, to_sign: bytes) -> _Parts:
    """The layout of versions 4 and 5."""
    certificate = body.octets()
    _algorithm(loose, body.oid())
    octets = loose.signature_bits(body)
    timestamp = _timestamp(loose, body) if body.more() else None
    return _signed_fields(loose, to_sign, certificate, octets, timestamp)


def _signed_fields(
    loose: LooseReader, to_sign: bytes, certificate: bytes | None, octets: bytes, timestamp: bytes | None,
) -> _Parts:
    """Read toSign; without ``certificate`` it stands in there."""
    fields = Reader(to_sign).enter(SEQUENCE)
    version = loose.number(fields)
    seal, seal_is_first = _seal(loose, fields.raw(SEQUENCE))
    claimed_at = loose.time_bits(fields)
    digest = loose.bits(fields, _DIGEST_BYTES)
    property_info = loose.text(fields)
    if certificate is None:
        certificate = fields.octets()
        _algorithm(loose, fields.oid())
    critical = _critical(fields) if fields.more() else ""
    fields.done()
    return _Parts(version, seal, seal_is_first, claimed_at, digest, property_info, critical, certificate, octets,
                  timestamp)


def _algorithm(loose: LooseReader, oid: str) -> None:
    """Demand SM2 with SM3, by one of the names in use."""
    if oid in _WEAK:
        raise Refusal("value.weak", loose.where, method=_WEAK[oid])
    if oid not in _SM2_NAMES:
        raise Refusal("value.algorithm", loose.where, method=oid)
    if oid != ALGORITHM_OID:
        loose.forgive("form.value-algorithm", method=oid)


def _timestamp(loose: LooseReader, body: Reader) -> bytes:
    wrapper = body.enter(context(0))
    token = loose.bits(wrapper)
    wrapper.done()
    return token


def _critical(reader: Reader) -> str:
    """Read extension data, tagged [0] or not; the OID of the first critical one, "" where there is none."""
    tagged = reader.peek() == context(0)
    outer = reader.enter(context(0)) if tagged else reader
    entries = outer.enter(SEQUENCE)
    if tagged:
        outer.done()
    critical = ""
    while entries.more():
        entry = entries.enter(SEQUENCE)
        oid = entry.oid()
        if entry.peek() == BOOLEAN and entry.body(BOOLEAN) != b"\0":
            critical = critical or oid
        entry.raw()
        entry.done()
    return critical


def _seal(loose: LooseReader, raw: bytes) -> tuple[ForeignSeal, bool]:
    """Read a seal, and say whether it has the layout of version 1."""
    body = Reader(raw).enter(SEQUENCE)
    info = _info(loose, body.raw(SEQUENCE))
    first = body.peek() == SEQUENCE
    closing = body.enter(SEQUENCE) if first else body
    certificate, algorithm = closing.raw(OCTET_STRING), closing.raw(OID)
    _algorithm(loose, Reader(algorithm).oid())
    octets = loose.signature_bits(closing)
    timestamp = _timestamp(loose, body) if body.more() and not first else None
    closing.done()
    body.done()
    maker, fault = load_certificate(loose, Reader(certificate).octets())
    return ForeignSeal(
        version=info.version, seal_id=info.seal_id, name=info.name, maker=maker, maker_fault=fault,
        created_at=info.created_at, not_before=info.not_before, not_after=info.not_after, listed=info.listed,
        picture_type=info.picture_type, picture=info.picture, width_mm=info.width_mm, height_mm=info.height_mm,
        critical=info.critical, raw=raw, info=info.der,
        signed=sequence(info.der, certificate, algorithm) if first else info.der,
        signature=loose.sm2_signature(octets), signature_octets=octets, timestamp=timestamp), first


class _Info(NamedTuple):
    """SES_SealInfo."""

    der: bytes
    version: int
    seal_id: str
    name: str
    listed: tuple[bytes, ...]
    created_at: dt.datetime | None
    not_before: dt.datetime | None
    not_after: dt.datetime | None
    picture_type: str
    picture: bytes
    width_mm: float
    height_mm: float
    critical: str


def _info(loose: LooseReader, der: bytes) -> _Info:
    body = Reader(der).enter(SEQUENCE)
    header = body.enter(SEQUENCE)
    if loose.text(header) != HEADER_ID:
        raise loose.refusal("头标识不是 ES", "the header is not ES")
    version = loose.number(header)
    loose.text(header)                   # who made the seal system
    header.done()
    seal_id = loose.text(body)
    properties = body.enter(SEQUENCE)
    loose.number(properties)             # of a unit or of a person
    name, listed = loose.text(properties), _listed(loose, properties)
    created_at, not_before, not_after = (loose.time(properties) for _ in range(3))
    properties.done()
    imprint = body.enter(SEQUENCE)
    picture_type, picture = loose.text(imprint), imprint.octets()
    width, height = loose.number(imprint), loose.number(imprint)
    imprint.done()
    if not picture or not (0 < width <= MAX_SIDE_MM and 0 < height <= MAX_SIDE_MM):
        loose.forgive("form.value-picture", width=str(width), height=str(height))
        width, height = (min(max(each, 0), MAX_SIDE_MM) for each in (width, height))
    critical = _critical(body) if body.more() else ""
    body.done()
    return _Info(der, version, seal_id, name, listed, created_at, not_before, not_after, picture_type, picture,
                 float(width), float(height), critical)


def _listed(loose: LooseReader, properties: Reader) -> tuple[bytes, ...]:
    """certListType, where there is one, and certList: certificates, or SM3 digests of certificates."""
    if properties.peek() == INTEGER:
        kind = loose.number(properties)
        if kind not in (LIST_OF_CERTIFICATES, LIST_OF_DIGESTS):
            loose.forgive("form.value-list", kind=str(kind))
    entries = properties.enter(SEQUENCE)
    found: list[bytes] = []
    while entries.more():
        if len(found) >= MAX_LISTED:
            raise loose.refusal("签章人证书过多", "the list of signers' certificates is too long")
        if entries.peek() == OCTET_STRING:
            found.append(entries.octets())
            continue
        if entries.peek() != SEQUENCE:
            entries.raw()                # a place holder, not a certificate
            loose.forgive("form.value-list", kind="?")
            continue
        raw = entries.raw(SEQUENCE)
        entry = Reader(raw).enter(SEQUENCE)
        if entry.peek() == SEQUENCE:
            found.append(raw)            # a certificate without a wrapping
            continue
        algorithm, digest = loose.text(entry), entry.octets()
        entry.done()
        if algorithm.upper() not in SM3_NAMES or len(digest) != _DIGEST_BYTES:
            raise Refusal("value.algorithm", loose.where, method=algorithm)
        found.append(digest)
    return tuple(found)
