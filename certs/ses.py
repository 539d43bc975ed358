"""Electronic seals and their signatures, version 4 (GB/T 38540-2020) and 5 (GM/T 0031-2025): strict reading.

Reading is closed: every byte is canonical DER of exactly the structure below, every value is in its range,
and fields beyond it are refused. What was signed is kept as the slice that was received and is never encoded
again. Version 5 differs in the timestamp that a seal may carry. Version 1 (GM/T 0031-2014) is refused by name here;
:mod:`certs.ses_v1` reads its seals. Writing is in :mod:`certs.ses_build`.

::

    SESeal        ::= SEQUENCE { eSealInfo, cert OCTET STRING, signAlgID OID, signedValue BIT STRING,
                                 timeStamp [0] EXPLICIT BIT STRING OPTIONAL -- version 5 -- }
    SES_Signature ::= SEQUENCE { toSign, cert OCTET STRING, signatureAlgID OID, signature BIT STRING,
                                 timeStamp [0] EXPLICIT BIT STRING OPTIONAL }
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from certs import sm2
from certs.der import GENERALIZED_TIME, IA5_STRING, SEQUENCE, Reader, context
from certs.public_key import verify_cached
from certs.ses_info import (
    ALGORITHM_OID,
    MAX_BYTES,
    SEAL_OF_UNIT,
    SM3_OID,
    VERSION,
    VERSIONS,
    ExtensionData,
    Picture,
    SesCode,
    SesError,
    SesSealInfo,
    bad_value,
    is_v1,
    other_version,
    read_extensions,
    read_info,
    read_version,
    require_seal_data,
    require_sm2,
)

if TYPE_CHECKING:
    from certs.x509 import Certificate

__all__ = [
    "ALGORITHM_OID", "MAX_BYTES", "SEAL_OF_UNIT", "SM3_OID", "VERSION", "VERSIONS", "ExtensionData", "Picture",
    "SesCode", "SesError", "SesSeal", "SesSealInfo", "SesSignature", "ToSign",
]

_TIMESTAMP_IN_SEAL: Final = 5
_REMEMBERED_BYTES: Final = 256 * 1024   # larger seals are read anew each time


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSeal:
    """SESeal: the seal as its maker handed it out. ``certificate`` is the maker's (DER).

    ``signed`` is what the maker signed, which is eSealInfo (in version 1 also certificate and algorithm);
    ``timestamp`` the RFC 3161 token over the signature value, which the signature does not cover.
    """

    der: bytes
    info: SesSealInfo
    certificate: bytes
    signature: bytes
    signed: bytes
    timestamp: bytes | None = None

    def __repr__(self) -> str:
        return f"<seal {self.info.es_id} {self.info.name!r}>"

    @classmethod
    def parse(cls, der: bytes) -> SesSeal:
        """Read a seal.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            SesError: another version or algorithm, or a value out of range.
        """
        require_seal_data(der)
        return _read_seal(der)

    def signed_by(self, maker: Certificate) -> bool:
        """Whether ``maker`` is the seal's maker certificate, byte for byte, and its key signed the seal."""
        return maker.der == self.certificate and maker.key_kind == "sm2" and verify_cached(
            maker.public_key, self.signed, self.signature, "sm2-sm3")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSign:
    """TBS_Sign: what is signed when a document is sealed; the fields are those of :class:`SesSignature`."""

    seal: SesSeal
    signed_at: datetime
    data_hash: bytes
    property_info: str
    extensions: tuple[ExtensionData, ...]

    @classmethod
    def parse(cls, der: bytes) -> ToSign:
        """Read what is or was to be signed.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            SesError: another version or algorithm, or a value out of range.
        """
        require_seal_data(der)
        return _read_to_sign(der)


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSignature:
    """SES_Signature: one sealing of one document. ``certificate`` is the signer's (DER).

    ``to_sign`` is the signed slice; ``data_hash`` the SM3 of ``Signature.xml``; ``property_info`` its path in
    the package; ``timestamp`` the RFC 3161 token, if one is allowed and present.
    """

    der: bytes
    to_sign: bytes
    seal: SesSeal
    signed_at: datetime
    data_hash: bytes
    property_info: str
    extensions: tuple[ExtensionData, ...]
    certificate: bytes
    signature: bytes
    timestamp: bytes | None

    def __repr__(self) -> str:
        return f"<seal signature with {self.seal.info.es_id} at {self.signed_at.isoformat()}>"

    @classmethod
    def parse(cls, der: bytes, *, allow_timestamp: bool = False) -> SesSignature:
        """Read a seal signature.

        Args:
            allow_timestamp: the caller will verify the timestamp, which the signature does not cover; without
                it a timestamp is refused.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            SesError: another version or algorithm, a value out of range, or a timestamp that is not allowed.
        """
        require_seal_data(der)
        return _read_signature(der, allow_timestamp)

    def signed_by(self, signer: Certificate) -> bool:
        """Whether ``signer`` is the certificate in the signature, byte for byte, and its key made it."""
        return signer.der == self.certificate and signer.key_kind == "sm2" and sm2.verify(
            signer.public_key.bits, self.to_sign, self.signature)


def _read_seal(der: bytes) -> SesSeal:
    """Read a seal; many documents bear the same."""
    return _seal_known(der) if len(der) <= _REMEMBERED_BYTES else _seal(der)


def _seal(der: bytes) -> SesSeal:
    if is_v1(der):
        raise other_version(1)
    body = Reader(der).enter(SEQUENCE)
    info = read_info(body.raw(SEQUENCE))
    certificate = body.octets()
    require_sm2(body)
    signature = _signature_value(body)
    timestamp = _read_timestamp(body) if body.more() and info.version >= _TIMESTAMP_IN_SEAL else None
    body.done()
    return SesSeal(der=der, info=info, certificate=certificate, signature=signature, signed=info.der,
                   timestamp=timestamp)


_seal_known = functools.lru_cache(maxsize=16)(_seal)


def _read_timestamp(reader: Reader) -> bytes:
    wrapper = reader.enter(context(0))
    token = wrapper.bits()
    wrapper.done()
    return token


def _signature_value(reader: Reader) -> bytes:
    """The DER ``{r, s}`` in a BIT STRING, both in range."""
    signature = reader.bits()
    try:
        sm2.raw_from_der(signature)
    except sm2.Sm2Error as error:
        raise SesError(SesCode.SIGNATURE_VALUE, "签名值不是规范的 SM2 签名，请向签章人核实",
                       "the signature value is not a proper SM2 signature; ask the signer") from error
    return signature


def _read_signature(der: bytes, allow_timestamp: bool) -> SesSignature:
    body = Reader(der).enter(SEQUENCE)
    to_sign = body.raw(SEQUENCE)
    certificate = body.octets()
    require_sm2(body)
    signature = _signature_value(body)
    timestamp = None
    if body.more():
        if not allow_timestamp:
            raise SesError(SesCode.TIMESTAMP, "签章数据带有时间戳，此处不接受，请使用支持时间戳的验证方式",
                           "the seal signature carries a timestamp, which is not taken here; "
                           "use a verification that handles timestamps")
        timestamp = _read_timestamp(body)
    body.done()
    signed = _read_to_sign(to_sign)
    return SesSignature(
        der=der, to_sign=to_sign, seal=signed.seal, signed_at=signed.signed_at, data_hash=signed.data_hash,
        property_info=signed.property_info, extensions=signed.extensions, certificate=certificate,
        signature=signature, timestamp=timestamp)


def _read_to_sign(der: bytes) -> ToSign:
    fields = Reader(der).enter(SEQUENCE)
    version = read_version(fields)
    seal = _read_seal(fields.raw(SEQUENCE))
    if seal.info.version != version:
        raise bad_value(f"签章为第 {version} 版而印章为第 {seal.info.version} 版",
                     f"the signature is version {version} but the seal version {seal.info.version}")
    signed_at = fields.time(GENERALIZED_TIME)
    data_hash, property_info = fields.bits(), fields.text(IA5_STRING)
    extensions: tuple[ExtensionData, ...] = ()
    if fields.more():
        wrapper = fields.enter(context(0))
        extensions = read_extensions(wrapper.enter(SEQUENCE))
        wrapper.done()
    fields.done()
    if len(data_hash) != 32:
        raise bad_value(f"原文摘要为 {len(data_hash)} 字节，应为 32 字节",
                     f"the document's digest has {len(data_hash)} bytes instead of 32")
    return ToSign(seal=seal, signed_at=signed_at, data_hash=data_hash, property_info=property_info,
                  extensions=extensions)
