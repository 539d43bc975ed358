"""Writing seals and seal signatures, version 4 (GB/T 38540-2020) or 5 (GM/T 0031-2025).

Each structure is made in two steps, because the key may be far away: first the bytes to sign, then the whole
with the signature. What comes out has been read back by :mod:`certs.ses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from certs import der_build as build
from certs import ses_info as ses
from certs.ses import Picture, SesCode, SesError, SesSeal, SesSignature

__all__ = ["assemble_seal", "assemble_signature", "build_seal_info", "build_to_sign"]


def _moment(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError("moments need a time zone")
    return build.generalized_time(value)


def build_seal_info(
    *,
    vendor_id: str,
    es_id: str,
    name: str,
    certificates: Sequence[bytes],
    created_at: datetime,
    valid_start: datetime,
    valid_end: datetime,
    picture: Picture,
    seal_type: int = ses.SEAL_OF_UNIT,
    version: int = ses.VERSION,
) -> bytes:
    """SES_SealInfo (DER): what the seal maker signs with SM2 and the default user id.

    Args:
        vendor_id: ASCII, who made the seal system.
        es_id: ASCII, the seal's identifier.
        name: the seal's name, written exactly as given.
        certificates: DER of the certificates that may use the seal.
        created_at, valid_start, valid_end: aware; seconds are kept, fractions are cut.
        version: of :data:`certs.ses.VERSIONS`.
    """
    header = build.sequence(build.ia5(ses.HEADER_ID), build.integer(version), build.ia5(vendor_id))
    properties = build.sequence(
        build.integer(seal_type), build.utf8(name), build.integer(ses.LIST_OF_CERTIFICATES),
        build.sequence(*map(build.octet_string, certificates)),
        _moment(created_at), _moment(valid_start), _moment(valid_end))
    imprint = build.sequence(
        build.ia5(picture.kind), build.octet_string(picture.data), build.integer(picture.width_mm),
        build.integer(picture.height_mm))
    return build.sequence(header, build.ia5(es_id), properties, imprint)


def _closed(first: bytes, certificate: bytes, signature: bytes, timestamp: bytes | None = None) -> bytes:
    return build.sequence(
        first, build.octet_string(certificate), build.oid(ses.ALGORITHM_OID), build.bit_string(signature),
        b"" if timestamp is None else build.explicit(0, build.bit_string(timestamp)))


def assemble_seal(info: bytes, maker_certificate: bytes, signature: bytes) -> SesSeal:
    """The seal from what was signed, the maker's certificate (DER) and the DER ``{r, s}``.

    Raises:
        DerError, SesError: a part is not what the standard of its version allows.
    """
    return SesSeal.parse(_closed(info, maker_certificate, signature))


def build_to_sign(*, seal: SesSeal, signed_at: datetime, data_hash: bytes, property_info: str) -> bytes:
    """TBS_Sign (DER), of the seal's version: what the signer signs with SM2 and the default user id.

    Args:
        signed_at: aware; seconds are kept, fractions are cut.
        data_hash: SM3 of ``Signature.xml``, 32 bytes.
        property_info: absolute path of that file in the package, ASCII.
    """
    if len(data_hash) != 32:
        raise SesError(SesCode.VALUE, "原文摘要应为 32 字节，请用 SM3 计算",
                       "the document's digest must have 32 bytes; compute it with SM3")
    return build.sequence(build.integer(seal.info.version), seal.der, _moment(signed_at),
                          build.bit_string(data_hash), build.ia5(property_info))


def assemble_signature(
    to_sign: bytes, signer_certificate: bytes, signature: bytes, *, timestamp: bytes | None = None,
) -> SesSignature:
    """The seal signature from what was signed, the signer's certificate (DER) and the DER ``{r, s}``.

    Args:
        timestamp: RFC 3161 token (DER) over the SM3 of ``signature``.

    Raises:
        DerError, SesError: a part is not what the standard of its version allows.
    """
    return SesSignature.parse(
        _closed(to_sign, signer_certificate, signature, timestamp), allow_timestamp=timestamp is not None)
