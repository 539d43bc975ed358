"""What an electronic seal says of itself (SES_SealInfo), versions 4 and 5: values, and reading them strictly.

::

    SES_SealInfo ::= SEQUENCE { header SEQUENCE { ID "ES", version INTEGER, Vid IA5String }, esID IA5String,
                                property SEQUENCE { type INTEGER, name UTF8String, certListType INTEGER, certList,
                                                    createDate, validStart, validEnd GeneralizedTime },
                                picture SEQUENCE { type IA5String, data OCTET STRING, width, height INTEGER },
                                extDatas OPTIONAL }
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    IA5_STRING,
    OCTET_STRING,
    PRINTABLE_STRING,
    SEQUENCE,
    UTF8_STRING,
    Reader,
    require_der,
)
from certs.sm3 import sm3
from codes.errors import EngineError

__all__ = [
    "ALGORITHM_OID", "HEADER_ID", "LIST_OF_CERTIFICATES", "MAX_BYTES", "SEAL_OF_PERSON", "SEAL_OF_UNIT", "SM3_OID",
    "VERSION", "VERSIONS", "ExtensionData", "Picture", "SesCode", "SesError", "SesSealInfo", "bad_value", "check_info",
    "is_v1", "other_version", "read_extensions", "read_info", "read_picture", "read_version", "require_seal_data",
    "require_sm2",
]

VERSION: Final = 4
"""What is written unless another version is asked for."""
VERSIONS: Final = (4, 5)
"""What is written and read here."""
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
    """The bytes are not a seal or seal signature that can be relied on."""


def bad_value(zh: str, en: str) -> SesError:
    """Make the refusal of a value that the standard does not have."""
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


def require_seal_data(der: bytes) -> None:
    """Demand strict DER of a size that a seal or a seal signature can have.

    Raises:
        DerError: not strict DER.
        SesError: ``ses.too-large``.
    """
    if len(der) > MAX_BYTES:
        raise SesError(SesCode.TOO_LARGE, "电子印章数据超过 8 MiB，请检查来源",
                       "the seal data exceed 8 MiB; check where they come from")
    require_der(der)


def read_version(reader: Reader) -> int:
    """Read a version number that is sealed with and verified here.

    Raises:
        SesError: ``ses.version``.
    """
    version = reader.integer()
    if version not in VERSIONS:
        raise other_version(version)
    return version


def other_version(version: int) -> SesError:
    """Make the refusal of a version that nothing is sealed with here."""
    return SesError(
        SesCode.VERSION, f"电子印章版本为 {version}，盖章和验章只接受第 4 版（GB/T 38540-2020）和第 5 版"
        "（GM/T 0031-2025），须另制新章",
        f"the seal data are version {version}; sealing and verifying take version 4 (GB/T 38540-2020) and 5 "
        "(GM/T 0031-2025): a new seal is needed", version=str(version))


def is_v1(seal: bytes) -> bool:
    """Say whether a seal (strict DER) has the structure of version 1, whatever version it names."""
    body = Reader(seal).enter(SEQUENCE)
    body.raw(SEQUENCE)
    return body.peek() == SEQUENCE


def require_sm2(reader: Reader) -> None:
    """Read a signature algorithm and demand SM2 with SM3.

    Raises:
        SesError: ``ses.algorithm``.
    """
    oid = reader.oid()
    if oid != ALGORITHM_OID:
        raise SesError(SesCode.ALGORITHM, f"签名算法为 {oid}，电子印章须用 SM2/SM3（{ALGORITHM_OID}）",
                       f"the signature algorithm is {oid}; a seal needs SM2 with SM3 ({ALGORITHM_OID})")


def read_info(der: bytes) -> SesSealInfo:
    """Read SES_SealInfo of version 4 or 5.

    Raises:
        DerError, SesError: it is not exactly that.
    """
    body = Reader(der).enter(SEQUENCE)
    header = body.enter(SEQUENCE)
    if header.text(IA5_STRING) != HEADER_ID:
        raise bad_value("头标识不是 ES", "the header is not ES")
    version, vendor_id = read_version(header), header.text(IA5_STRING)
    header.done()
    es_id = body.text(IA5_STRING)
    properties = body.enter(SEQUENCE)
    seal_type, name = properties.integer(), properties.text(UTF8_STRING)
    certificates, digests = _read_certificate_list(properties)
    created_at, valid_start, valid_end = (properties.time(GENERALIZED_TIME) for _ in range(3))
    properties.done()
    picture = read_picture(body.enter(SEQUENCE))
    extensions = read_extensions(body.enter(SEQUENCE)) if body.more() else ()
    body.done()
    info = SesSealInfo(
        der=der, version=version, vendor_id=vendor_id, es_id=es_id, seal_type=seal_type, name=name,
        certificates=certificates, certificate_digests=digests, created_at=created_at,
        valid_start=valid_start, valid_end=valid_end, picture=picture, extensions=extensions)
    check_info(info)
    return info


def check_info(info: SesSealInfo) -> None:
    """Demand what every version demands of a seal's information.

    Raises:
        SesError: ``ses.value``.
    """
    if not info.vendor_id or not info.es_id or not info.name:
        raise bad_value("厂商标识、印章标识或印章名称为空", "the vendor, the identifier or the name is empty")
    if not (info.certificates or info.certificate_digests):
        raise bad_value("签章人证书列表为空", "the list of signers' certificates is empty")
    if info.seal_type not in (SEAL_OF_UNIT, SEAL_OF_PERSON):
        raise bad_value(f"印章类型为 {info.seal_type}", f"the seal's type is {info.seal_type}")
    if info.valid_start > info.valid_end:
        raise bad_value("有效期起始晚于截止", "the validity starts after its end")


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
                raise bad_value("签章人证书摘要不是 SM3", "a digest of a signer's certificate is not SM3")
            found.append(digest)
        else:
            raise bad_value(f"证书列表类型为 {kind}", f"the kind of the certificate list is {kind}")
    return (tuple(found), ()) if kind == LIST_OF_CERTIFICATES else ((), tuple(found))


def read_picture(reader: Reader) -> Picture:
    """SES_ESPictrueInfo, the same in all versions.

    Raises:
        SesError: ``ses.value``, it is empty or of no real size.
    """
    kind, data = reader.text(IA5_STRING), reader.body(OCTET_STRING)
    width, height = reader.integer(), reader.integer()
    reader.done()
    if not kind or not data:
        raise bad_value("印模的类型或内容为空", "the imprint's kind or content is empty")
    if not (0 < width <= MAX_SIDE_MM and 0 < height <= MAX_SIDE_MM):
        raise bad_value(f"印模尺寸 {width}×{height} 毫米超出范围",
                     f"the imprint's size {width} x {height} mm is out of range")
    return Picture(kind=kind, data=data, width_mm=width, height_mm=height)


def read_extensions(reader: Reader) -> tuple[ExtensionData, ...]:
    """ExtensionDatas; a critical one is refused, because none is known.

    Raises:
        SesError: ``ses.unknown-extension``, ``ses.value``.
    """
    found: list[ExtensionData] = []
    while reader.more():
        entry = reader.enter(SEQUENCE)
        oid = entry.oid()
        if entry.peek() == BOOLEAN:
            if not entry.boolean():
                raise bad_value("扩展写出了默认值 FALSE", "an extension writes out the default FALSE")
            raise SesError(SesCode.UNKNOWN_EXTENSION, f"含有不能识别的关键扩展 {oid}，请向签章人核实",
                           f"there is an unknown critical extension {oid}; ask the signer")
        found.append(ExtensionData(oid=oid, value=entry.octets()))
        entry.done()
    if not found:
        raise bad_value("扩展列表为空", "the list of extensions is empty")
    return tuple(found)
