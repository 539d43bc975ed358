"""Electronic seals of version 1 (GM/T 0031-2014), to be held and shown; nothing is sealed with one here.

A seal is told by its structure, because such seals carry version numbers 1, 2 and 4. Strict DER is demanded; of what
makers wrote differently within it, these are taken: dates as UTCTime or GeneralizedTime, a signature value as DER
``{r, s}`` or as 64 bytes, extensions tagged or not, a written FALSE. ::

    SESeal       ::= SEQUENCE { eSealInfo, signInfo SEQUENCE { cert OCTET STRING, signatureAlgorithm OID,
                                                              signData BIT STRING } }
    SES_SealInfo ::= SEQUENCE { header, esID, property SEQUENCE { type, name, certList SEQUENCE OF OCTET STRING,
                                createDate, validStart, validEnd UTCTime }, picture, extDatas [0] OPTIONAL }

The maker signs ``SEQUENCE { eSealInfo, cert, signatureAlgorithm }``.
"""

from __future__ import annotations

from typing import Final

from certs import der_build as build
from certs import sm2
from certs.der import BOOLEAN, IA5_STRING, SEQUENCE, UTF8_STRING, Reader, context
from certs.ses import SesSeal
from certs.ses_info import (
    ALGORITHM_OID,
    HEADER_ID,
    ExtensionData,
    SesCode,
    SesError,
    SesSealInfo,
    bad_value,
    check_info,
    read_picture,
    require_seal_data,
    require_sm2,
)

__all__ = ["read_v1_seal"]

_RAW_SIGNATURE: Final = 64


def read_v1_seal(der: bytes) -> SesSeal:
    """Read a seal of version 1; its signature value is handed out as DER ``{r, s}``.

    Raises:
        DerError: not strict DER, or fields beyond the structure.
        SesError: another algorithm, or a value out of range.
    """
    require_seal_data(der)
    body = Reader(der).enter(SEQUENCE)
    info = body.raw(SEQUENCE)
    maker = body.enter(SEQUENCE)
    body.done()
    certificate = maker.octets()
    require_sm2(maker)
    signature = _signature_value(maker.bits())
    maker.done()
    signed = build.sequence(info, build.octet_string(certificate), build.oid(ALGORITHM_OID))
    return SesSeal(der=der, info=_read_info(info), certificate=certificate, signature=signature, signed=signed)


def _signature_value(value: bytes) -> bytes:
    try:
        if len(value) == _RAW_SIGNATURE:
            return sm2.der_from_raw(value)
        sm2.raw_from_der(value)
    except sm2.Sm2Error as error:
        raise SesError(
            SesCode.SIGNATURE_VALUE, "签名值不是规范的 SM2 签名，请向制章人核实",
            "the signature value is not a proper SM2 signature; ask the seal maker") from error
    return value


def _read_info(der: bytes) -> SesSealInfo:
    body = Reader(der).enter(SEQUENCE)
    header = body.enter(SEQUENCE)
    if header.text(IA5_STRING) != HEADER_ID:
        raise bad_value("头标识不是 ES", "the header is not ES")
    version, vendor_id = header.integer(), header.text(IA5_STRING)
    header.done()
    es_id = body.text(IA5_STRING)
    properties = body.enter(SEQUENCE)
    seal_type, name = properties.integer(), properties.text(UTF8_STRING)
    entries = properties.enter(SEQUENCE)
    certificates: list[bytes] = []
    while entries.more():
        certificates.append(entries.octets())
    created_at, valid_start, valid_end = (properties.time() for _ in range(3))
    properties.done()
    picture = read_picture(body.enter(SEQUENCE))
    extensions = _read_extensions(body) if body.more() else ()
    body.done()
    info = SesSealInfo(
        der=der, version=version, vendor_id=vendor_id, es_id=es_id, seal_type=seal_type, name=name,
        certificates=tuple(certificates), certificate_digests=(), created_at=created_at, valid_start=valid_start,
        valid_end=valid_end, picture=picture, extensions=extensions)
    check_info(info)
    return info


def _read_extensions(body: Reader) -> tuple[ExtensionData, ...]:
    """Read extDatas; a critical one is refused, because none is known."""
    tagged = body.peek() == context(0)
    outer = body.enter(context(0)) if tagged else body
    entries = outer.enter(SEQUENCE)
    if tagged:
        outer.done()
    found: list[ExtensionData] = []
    while entries.more():
        entry = entries.enter(SEQUENCE)
        oid = entry.oid()
        if entry.peek() == BOOLEAN and entry.boolean():
            raise SesError(SesCode.UNKNOWN_EXTENSION, f"含有不能识别的关键扩展 {oid}，请向制章人核实",
                           f"there is an unknown critical extension {oid}; ask the seal maker")
        found.append(ExtensionData(oid=oid, value=entry.octets()))
        entry.done()
    return tuple(found)
