"""X.509 certificates (RFC 5280, GM/T 0015): reading. Building is in :mod:`certs.x509_build`.

A certificate is strict DER or it is not read. Every extension that bears on trust is decoded; a critical one
that is not understood is named in ``unknown_critical`` and makes chain validation fail.
"""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.der import IA5_STRING, OCTET_STRING, OID, SEQUENCE, SET, Reader, context, require_der
from certs.public_key import KeyKind, PublicKey, read_algorithm, verify_cached
from certs.sm3 import sm3
from codes.errors import EngineError

__all__ = [
    "Certificate", "CertificateCode", "CertificateError", "Extensions", "name_attributes", "name_text",
    "read_extensions",
]

MAX_BYTES: Final = 64 * 1024

OID_USCC: Final = "1.2.156.10260.4.4"
OID_COMMON_NAME: Final = "2.5.4.3"
OID_SERIAL_NUMBER: Final = "2.5.4.5"
OID_ORGANISATION: Final = "2.5.4.10"
OID_ORGANISATION_ID: Final = "2.5.4.97"
SHORT_NAMES: Final[dict[str, str]] = {
    OID_COMMON_NAME: "CN", OID_SERIAL_NUMBER: "serialNumber",
    "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
    OID_ORGANISATION: "O", "2.5.4.11": "OU", OID_ORGANISATION_ID: "organizationIdentifier",
    "1.2.840.113549.1.9.1": "emailAddress", "2.5.4.4": "SN", "2.5.4.42": "GN", "2.5.4.12": "title",
    "2.5.4.9": "street", "2.5.4.17": "postalCode", "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
KEY_USAGES: Final = (
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
)
_USCC_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
# Extensions that are decoded here or carry no constraint on a path (policies: any policy is acceptable).
_UNDERSTOOD: Final = frozenset({
    "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.31", "2.5.29.32", "2.5.29.35", "2.5.29.37",
    OID_USCC,
})
_V3: Final = 2


class CertificateCode(enum.StrEnum):
    """Codes of :class:`CertificateError`."""

    MALFORMED = "certificate.malformed"
    TOO_LARGE = "certificate.too-large"
    BAD_REQUEST = "certificate.bad-request"


class CertificateError(EngineError):
    """The bytes are not a certificate that can be relied on, or one cannot be made as asked."""


def _malformed(zh: str, en: str) -> CertificateError:
    return CertificateError(CertificateCode.MALFORMED, f"证书{zh}，请向发证机构索取正确的证书",
                            f"the certificate {en}; ask its issuer for a proper one")


@functools.lru_cache(maxsize=512)
def name_attributes(name: bytes) -> tuple[tuple[str, str], ...]:
    """Attributes (dotted OID, text) of an encoded Name, in order.

    Raises:
        DerError: not strict DER.
    """
    outer = Reader(name)
    rdns = outer.enter(SEQUENCE)
    outer.done()
    found: list[tuple[str, str]] = []
    while rdns.more():
        rdn = rdns.enter(SET)
        while rdn.more():
            pair = rdn.enter(SEQUENCE)
            found.append((pair.oid(), pair.text()))
            pair.done()
    return tuple(found)


def name_text(name: bytes) -> str:
    """An encoded Name for people: ``CN=…, O=…, C=CN``, most specific first."""
    parts = [f"{SHORT_NAMES.get(oid, oid)}={value}" for oid, value in reversed(name_attributes(name))]
    return ", ".join(parts)


@dataclass(slots=True)
class Extensions:
    """What the extensions of a certificate, or of a request for one, say; filled while they are read."""

    key_usage: frozenset[str] | None = None
    ext_key_usage: tuple[str, ...] | None = None
    ext_key_usage_critical: bool = False
    is_ca: bool = False
    path_len: int | None = None
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    crl_urls: tuple[str, ...] = ()
    uscc: str | None = None
    unknown_critical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Certificate:
    """One certificate, read strictly.

    ``issuer`` and ``subject`` are the encoded Names (compared byte by byte); times are aware UTC;
    ``key_usage`` and ``ext_key_usage`` (dotted OIDs) are None when the extension is absent;
    ``fingerprint`` is the SM3 of ``der`` in lower-case hex.
    """

    der: bytes
    tbs: bytes
    signature_algorithm: str
    signature: bytes
    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    public_key: PublicKey
    key_usage: frozenset[str] | None
    ext_key_usage: tuple[str, ...] | None
    ext_key_usage_critical: bool
    is_ca: bool
    path_len: int | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    crl_urls: tuple[str, ...]
    uscc: str | None
    unknown_critical: tuple[str, ...]
    fingerprint: str

    @classmethod
    def load(cls, der: bytes) -> Certificate:
        """Read one certificate.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            CertificateError: ``certificate.malformed`` or ``certificate.too-large``.
            PublicKeyError: a key or algorithm that is not accepted.
        """
        if len(der) > MAX_BYTES:
            raise CertificateError(CertificateCode.TOO_LARGE, "证书超过 64 KiB，请检查文件",
                                   "the certificate exceeds 64 KiB; check the file")
        return _load(bytes(der))

    def __repr__(self) -> str:
        return f"<certificate {self.subject_text!r}, serial {self.serial:x}, SM3 {self.fingerprint[:16]}…>"

    @property
    def key_kind(self) -> KeyKind:
        """Kind of the public key."""
        return self.public_key.kind

    def subject_attribute(self, oid: str) -> str | None:
        """The last value of an attribute of the subject, or None."""
        return next((value for found, value in reversed(name_attributes(self.subject)) if found == oid), None)

    @property
    def subject_cn(self) -> str | None:
        """Common name of the subject."""
        return self.subject_attribute(OID_COMMON_NAME)

    @property
    def subject_o(self) -> str | None:
        """Organisation of the subject."""
        return self.subject_attribute(OID_ORGANISATION)

    @property
    def subject_text(self) -> str:
        """The subject for people."""
        return name_text(self.subject)

    @property
    def issuer_text(self) -> str:
        """The issuer for people."""
        return name_text(self.issuer)

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are the same name."""
        return self.issuer == self.subject

    def valid_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) lies in the validity, both ends included."""
        return self.not_before <= moment <= self.not_after

    def verify(self, message: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether ``signature`` over ``message`` was made by this certificate's key. Never raises."""
        return self.public_key.verify(message, signature, algorithm)

    def issued_by(self, ca: Certificate) -> bool:
        """Whether ``ca``'s name and key issued this certificate; says nothing about ``ca``'s rights."""
        return self.issuer == ca.subject and verify_cached(
            ca.public_key, self.tbs, self.signature, self.signature_algorithm)


def _load(der: bytes) -> Certificate:
    require_der(der)
    body = Reader(der).enter(SEQUENCE)
    tbs = body.raw(SEQUENCE)
    outer_algorithm = body.raw(SEQUENCE)
    signature = body.bits()
    body.done()
    reader = Reader(tbs).enter(SEQUENCE)
    if reader.peek() != context(0):
        raise _malformed("不是第 3 版", "is not version 3")
    version = reader.enter(context(0))
    if version.integer() != _V3:
        raise _malformed("不是第 3 版", "is not version 3")
    version.done()
    serial = reader.integer()
    if serial < 0 or serial.bit_length() > 160:
        raise _malformed("的序列号超出范围", "has a serial number out of range")
    inner_algorithm = reader.raw(SEQUENCE)
    if inner_algorithm != outer_algorithm:
        raise _malformed("内外签名算法不一致", "names two different signature algorithms")
    algorithm = read_algorithm(Reader(inner_algorithm))
    issuer = reader.raw(SEQUENCE)
    validity = reader.enter(SEQUENCE)
    not_before, not_after = validity.time(), validity.time()
    validity.done()
    subject = reader.raw(SEQUENCE)
    public_key = PublicKey.parse(reader.raw(SEQUENCE))
    extensions = Extensions()
    if reader.more():
        wrapper = reader.enter(context(3))
        extensions = read_extensions(wrapper.enter(SEQUENCE))
        wrapper.done()
    reader.done()
    name_attributes(issuer)
    uscc = extensions.uscc or _uscc_of_name(name_attributes(subject))
    return Certificate(
        der=der, tbs=tbs, signature_algorithm=algorithm, signature=signature, serial=serial, issuer=issuer,
        subject=subject, not_before=not_before, not_after=not_after, public_key=public_key,
        key_usage=extensions.key_usage, ext_key_usage=extensions.ext_key_usage,
        ext_key_usage_critical=extensions.ext_key_usage_critical, is_ca=extensions.is_ca,
        path_len=extensions.path_len, subject_key_id=extensions.subject_key_id,
        authority_key_id=extensions.authority_key_id, crl_urls=extensions.crl_urls, uscc=uscc,
        unknown_critical=extensions.unknown_critical, fingerprint=sm3(der).hex())


def _uscc_of_name(attributes: tuple[tuple[str, str], ...]) -> str | None:
    """A 统一社会信用代码 in organizationIdentifier (``NTRCN-…`` or plain) or serialNumber."""
    for wanted in (OID_ORGANISATION_ID, OID_SERIAL_NUMBER):
        for oid, value in attributes:
            code = value.rpartition("-")[2]
            if oid == wanted and _USCC_SHAPE.fullmatch(code):
                return code
    return None


def read_extension(reader: Reader) -> tuple[str, bool, bytes]:
    """One Extension: (dotted OID, critical, content of the OCTET STRING). A written FALSE is not DER."""
    inner = reader.enter(SEQUENCE)
    oid = inner.oid()
    critical = False
    if inner.peek() == 0x01:
        critical = inner.boolean()
        if not critical:
            raise _malformed("写出了默认值 FALSE", "writes out the default FALSE")
    value = inner.octets()
    inner.done()
    return oid, critical, value


def read_extensions(reader: Reader) -> Extensions:
    """Extensions up to the reader's end; none, or one twice, is an error.

    Raises:
        DerError, CertificateError: an extension that is decoded is not as it should be.
    """
    found = Extensions()
    seen: set[str] = set()
    unknown: list[str] = []
    while reader.more():
        oid, critical, value = read_extension(reader)
        if oid in seen:
            raise _malformed("有重复的扩展", "holds an extension twice")
        seen.add(oid)
        decode = _DECODERS.get(oid)
        if decode is not None:
            inner = Reader(value)
            decode(inner, found, critical)
            inner.done()
        elif critical and oid not in _UNDERSTOOD:
            unknown.append(oid)
    if not seen:
        raise _malformed("的扩展列表为空", "has an empty list of extensions")
    found.unknown_critical = tuple(unknown)
    return found


def _key_usage(reader: Reader, found: Extensions, _: bool) -> None:
    numbers = reader.named_bits()
    if not numbers or max(numbers) >= len(KEY_USAGES):
        raise _malformed("的密钥用途有误", "has a wrong key usage")
    found.key_usage = frozenset(KEY_USAGES[number] for number in numbers)


def _ext_key_usage(reader: Reader, found: Extensions, critical: bool) -> None:
    inner = reader.enter(SEQUENCE)
    usages: list[str] = []
    while inner.peek() == OID:
        usages.append(inner.oid())
    inner.done()
    if not usages:
        raise _malformed("的扩展密钥用途为空", "has an empty extended key usage")
    found.ext_key_usage, found.ext_key_usage_critical = tuple(usages), critical


def _basic_constraints(reader: Reader, found: Extensions, _: bool) -> None:
    inner = reader.enter(SEQUENCE)
    if inner.peek() == 0x01:
        found.is_ca = inner.boolean()
        if not found.is_ca:
            raise _malformed("写出了默认值 FALSE", "writes out the default FALSE")
    if inner.more():
        found.path_len = inner.integer()
        if found.path_len < 0 or not found.is_ca:
            raise _malformed("的路径长度有误", "has a wrong path length")
    inner.done()


def _subject_key_id(reader: Reader, found: Extensions, _: bool) -> None:
    found.subject_key_id = reader.octets()


def read_authority_key_id(reader: Reader) -> bytes | None:
    """keyIdentifier of an AuthorityKeyIdentifier; the other two fields are passed over."""
    inner = reader.enter(SEQUENCE)
    key_id_tag = context(0, constructed=False)
    key_id = inner.body(key_id_tag) if inner.peek() == key_id_tag else None
    for tag in (context(1), context(2, constructed=False)):
        if inner.peek() == tag:
            inner.raw()
    inner.done()
    return key_id


def _authority_key_id(reader: Reader, found: Extensions, _: bool) -> None:
    found.authority_key_id = read_authority_key_id(reader)


def _crl_urls(reader: Reader, found: Extensions, _: bool) -> None:
    urls: list[str] = []
    points = reader.enter(SEQUENCE)
    while points.more():
        point = points.enter(SEQUENCE)
        if point.peek() == context(0):
            name = point.enter(context(0))
            if name.peek() == context(0):
                general = name.enter(context(0))
                while general.more():
                    tag = general.peek()
                    raw = general.raw()
                    if tag == context(6, constructed=False):
                        urls.append(Reader(bytes((IA5_STRING,)) + raw[1:]).text(IA5_STRING))
        # reasons and cRLIssuer make partial or indirect CRLs; those CRLs are refused when they are read.
    found.crl_urls = tuple(urls)


def _uscc(reader: Reader, found: Extensions, _: bool) -> None:
    code = reader.text() if reader.peek() != OCTET_STRING else reader.octets().decode("ascii", "replace")
    if not _USCC_SHAPE.fullmatch(code):
        raise _malformed("的统一社会信用代码扩展有误", "has a wrong unified social credit code extension")
    found.uscc = code


_DECODERS = {
    "2.5.29.14": _subject_key_id, "2.5.29.15": _key_usage, "2.5.29.19": _basic_constraints,
    "2.5.29.31": _crl_urls, "2.5.29.35": _authority_key_id, "2.5.29.37": _ext_key_usage, OID_USCC: _uscc,
}
