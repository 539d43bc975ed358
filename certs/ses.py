"""Electronic seals and their signatures, version 4 (GB/T 38540-2020): strict reading and writing.

Reading is closed: every byte is canonical DER of exactly the structure below, every value is in its range,
and fields beyond it are refused. What was signed is kept as the slice that was received and is never encoded
again. Other versions (GM/T 0031) are refused by name. Writing is in :mod:`certs.ses_build`.

::

    SESeal        ::= SEQUENCE { eSealInfo, cert OCTET STRING, signAlgID OID, signedValue BIT STRING }
    SES_Signature ::= SEQUENCE { toSign, cert OCTET STRING, signatureAlgID OID, signature BIT STRING,
                                 timeStamp [0] EXPLICIT BIT STRING OPTIONAL }
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from certs import sm2
from certs.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    IA5_STRING,
    OCTET_STRING,
    PRINTABLE_STRING,
    SEQUENCE,
    UTF8_STRING,
    Reader,
    context,
    require_der,
)
from certs.sm3 import sm3
from codes.errors import EngineError

if TYPE_CHECKING:
    from certs.x509 import Certificate

__all__ = [
    "VERSION", "ExtensionData", "Picture", "SesCode", "SesError", "SesSeal", "SesSealInfo", "SesSignature",
]

VERSION: Final = 4
HEADER_ID: Final = "ES"
ALGORITHM_OID: Final = "1.2.156.10197.1.501"
SM3_OID: Final = "1.2.156.10197.1.401"
SM3_NAMES: Final = frozenset({"SM3", SM3_OID})
SEAL_OF_UNIT: Final = 1
SEAL_OF_PERSON: Final = 2
LIST_OF_CERTIFICATES: Final = 1
LIST_OF_DIGESTS: Final = 2
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_SIDE_MM: Final = 500


class SesCode(enum.StrEnum):
    """Codes of :class:`SesError`."""

    VERSION = "ses.version"
    VALUE = "ses.value"
    ALGORITHM = "ses.algorithm"
    SIGNATURE_VALUE = "ses.signature-value"
    UNKNOWN_EXTENSION = "ses.unknown-extension"
    TIMESTAMP = "ses.timestamp-not-allowed"
    TOO_LARGE = "ses.too-large"


class SesError(EngineError):
    """The bytes are not a version 4 seal or seal signature that can be relied on."""


def _value(zh: str, en: str) -> SesError:
    return SesError(SesCode.VALUE, f"电子印章数据中{zh}，请向制章人或签章人核实",
                    f"in the seal data {en}; ask the seal maker or the signer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionData:
    """One non-critical ExtData: dotted OID and value."""

    oid: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The imprint (印模): kind such as ``PNG``, the file, and its size on paper in millimetres."""

    kind: str
    data: bytes
    width_mm: int
    height_mm: int

    def __repr__(self) -> str:
        return f"<{self.kind} imprint {self.width_mm} x {self.height_mm} mm, {len(self.data)} bytes>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSealInfo:
    """SES_SealInfo: what the seal maker signed. ``der`` is that slice; times are aware UTC.

    Exactly one of ``certificates`` (DER) and ``certificate_digests`` (SM3) is filled.
    """

    der: bytes
    version: int
    vendor_id: str
    es_id: str
    seal_type: int
    name: str
    certificates: tuple[bytes, ...]
    certificate_digests: tuple[bytes, ...]
    created_at: datetime
    valid_start: datetime
    valid_end: datetime
    picture: Picture
    extensions: tuple[ExtensionData, ...]

    def __repr__(self) -> str:
        return f"<seal info {self.es_id} {self.name!r}>"

    def lists(self, certificate: bytes) -> bool:
        """Whether the seal may be used with this certificate (DER): by its bytes or by its SM3."""
        return certificate in self.certificates or (
            bool(self.certificate_digests) and sm3(certificate) in self.certificate_digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSeal:
    """SESeal: the seal as its maker handed it out. ``certificate`` is the maker's (DER)."""

    der: bytes
    info: SesSealInfo
    certificate: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"<seal {self.info.es_id} {self.info.name!r}>"

    @classmethod
    def parse(cls, der: bytes) -> SesSeal:
        """Read a seal.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            SesError: another version or algorithm, or a value out of range.
        """
        _require(der)
        return _read_seal(der)

    def signed_by(self, maker: Certificate) -> bool:
        """Whether ``maker`` is the seal's maker certificate, byte for byte, and its key signed the seal."""
        return maker.der == self.certificate and maker.key_kind == "sm2" and sm2.verify(
            maker.public_key.bits, self.info.der, self.signature)


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
        _require(der)
        return _read_signature(der, allow_timestamp)

    def signed_by(self, signer: Certificate) -> bool:
        """Whether ``signer`` is the certificate in the signature, byte for byte, and its key made it."""
        return signer.der == self.certificate and signer.key_kind == "sm2" and sm2.verify(
            signer.public_key.bits, self.to_sign, self.signature)


def _require(der: bytes) -> None:
    if len(der) > MAX_BYTES:
        raise SesError(SesCode.TOO_LARGE, "电子印章数据超过 8 MiB，请检查来源",
                       "the seal data exceed 8 MiB; check where they come from")
    require_der(der)


def _version(reader: Reader) -> int:
    version = reader.integer()
    if version != VERSION:
        raise SesError(SesCode.VERSION, f"电子印章版本为 {version}，此处只接受第 4 版（GB/T 38540-2020）",
                       f"the seal data are version {version}; only version 4 (GB/T 38540-2020) is taken here")
    return version


def _read_seal(der: bytes) -> SesSeal:
    body = Reader(der).enter(SEQUENCE)
    info = _read_info(body.raw(SEQUENCE))
    certificate = body.octets()
    _algorithm(body)
    signature = _signature_value(body)
    body.done()
    return SesSeal(der=der, info=info, certificate=certificate, signature=signature)


def _algorithm(reader: Reader) -> None:
    oid = reader.oid()
    if oid != ALGORITHM_OID:
        raise SesError(SesCode.ALGORITHM, f"签名算法为 {oid}，电子印章须用 SM2/SM3（{ALGORITHM_OID}）",
                       f"the signature algorithm is {oid}; a seal needs SM2 with SM3 ({ALGORITHM_OID})")


def _signature_value(reader: Reader) -> bytes:
    """The DER ``{r, s}`` in a BIT STRING, both in range."""
    signature = reader.bits()
    try:
        sm2.raw_from_der(signature)
    except sm2.Sm2Error as error:
        raise SesError(SesCode.SIGNATURE_VALUE, "签名值不是规范的 SM2 签名，请向签章人核实",
                       "the signature value is not a proper SM2 signature; ask the signer") from error
    return signature


def _read_info(der: bytes) -> SesSealInfo:
    body = Reader(der).enter(SEQUENCE)
    header = body.enter(SEQUENCE)
    if header.text(IA5_STRING) != HEADER_ID:
        raise _value("头标识不是 ES", "the header is not ES")
    version, vendor_id = _version(header), header.text(IA5_STRING)
    header.done()
    es_id = body.text(IA5_STRING)
    properties = body.enter(SEQUENCE)
    seal_type, name = properties.integer(), properties.text(UTF8_STRING)
    certificates, digests = _read_certificate_list(properties)
    created_at, valid_start, valid_end = (properties.time(GENERALIZED_TIME) for _ in range(3))
    properties.done()
    picture = _read_picture(body.enter(SEQUENCE))
    extensions = _read_extensions(body.enter(SEQUENCE)) if body.more() else ()
    body.done()
    if not vendor_id or not es_id or not name:
        raise _value("厂商标识、印章标识或印章名称为空", "the vendor, the identifier or the name is empty")
    if seal_type not in (SEAL_OF_UNIT, SEAL_OF_PERSON):
        raise _value(f"印章类型为 {seal_type}", f"the seal's type is {seal_type}")
    if valid_start > valid_end:
        raise _value("有效期起始晚于截止", "the validity starts after its end")
    return SesSealInfo(
        der=der, version=version, vendor_id=vendor_id, es_id=es_id, seal_type=seal_type, name=name,
        certificates=certificates, certificate_digests=digests, created_at=created_at,
        valid_start=valid_start, valid_end=valid_end, picture=picture, extensions=extensions)


def _read_certificate_list(reader: Reader) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """certListType and certList: certificates, or their SM3 digests."""
    kind = reader.integer()
    entries = reader.enter(SEQUENCE)
    found: list[bytes] = []
    while entries.more():
        if kind == LIST_OF_CERTIFICATES:
            found.append(entries.octets())
        elif kind == LIST_OF_DIGESTS:
            entry = entries.enter(SEQUENCE)
            algorithm, digest = entry.text(PRINTABLE_STRING), entry.octets()
            entry.done()
            if algorithm not in SM3_NAMES or len(digest) != 32:
                raise _value("签章人证书摘要不是 SM3", "a digest of a signer's certificate is not SM3")
            found.append(digest)
        else:
            raise _value(f"证书列表类型为 {kind}", f"the kind of the certificate list is {kind}")
    if not found:
        raise _value("签章人证书列表为空", "the list of signers' certificates is empty")
    return (tuple(found), ()) if kind == LIST_OF_CERTIFICATES else ((), tuple(found))


def _read_picture(reader: Reader) -> Picture:
    kind, data = reader.text(IA5_STRING), reader.body(OCTET_STRING)
    width, height = reader.integer(), reader.integer()
    reader.done()
    if not kind or not data:
        raise _value("印模的类型或内容为空", "the imprint's kind or content is empty")
    if not (0 < width <= MAX_SIDE_MM and 0 < height <= MAX_SIDE_MM):
        raise _value(f"印模尺寸 {width}×{height} 毫米超出范围",
                     f"the imprint's size {width} x {height} mm is out of range")
    return Picture(kind=kind, data=data, width_mm=width, height_mm=height)


def _read_extensions(reader: Reader) -> tuple[ExtensionData, ...]:
    """ExtensionDatas; a critical one is refused, because none is known."""
    found: list[ExtensionData] = []
    while reader.more():
        entry = reader.enter(SEQUENCE)
        oid = entry.oid()
        if entry.peek() == BOOLEAN:
            if not entry.boolean():
                raise _value("扩展写出了默认值 FALSE", "an extension writes out the default FALSE")
            raise SesError(SesCode.UNKNOWN_EXTENSION, f"含有不能识别的关键扩展 {oid}，请向签章人核实",
                           f"there is an unknown critical extension {oid}; ask the signer")
        found.append(ExtensionData(oid=oid, value=entry.octets()))
        entry.done()
    if not found:
        raise _value("扩展列表为空", "the list of extensions is empty")
    return tuple(found)


def _read_signature(der: bytes, allow_timestamp: bool) -> SesSignature:
    body = Reader(der).enter(SEQUENCE)
    to_sign = body.raw(SEQUENCE)
    certificate = body.octets()
    _algorithm(body)
    signature = _signature_value(body)
    timestamp = None
    if body.more():
        if not allow_timestamp:
            raise SesError(SesCode.TIMESTAMP, "签章数据带有时间戳，此处不接受，请使用支持时间戳的验证方式",
                           "the seal signature carries a timestamp, which is not taken here; "
                           "use a verification that handles timestamps")
        wrapper = body.enter(context(0))
        timestamp = wrapper.bits()
        wrapper.done()
    body.done()
    fields = Reader(to_sign).enter(SEQUENCE)
    _version(fields)
    seal = _read_seal(fields.raw(SEQUENCE))
    signed_at = fields.time(GENERALIZED_TIME)
    data_hash, property_info = fields.bits(), fields.text(IA5_STRING)
    extensions: tuple[ExtensionData, ...] = ()
    if fields.more():
        wrapper = fields.enter(context(0))
        extensions = _read_extensions(wrapper.enter(SEQUENCE))
        wrapper.done()
    fields.done()
    if len(data_hash) != 32:
        raise _value(f"原文摘要为 {len(data_hash)} 字节，应为 32 字节",
                     f"the document's digest has {len(data_hash)} bytes instead of 32")
    return SesSignature(
        der=der, to_sign=to_sign, seal=seal, signed_at=signed_at, data_hash=data_hash,
        property_info=property_info, extensions=extensions, certificate=certificate, signature=signature,
        timestamp=timestamp)
