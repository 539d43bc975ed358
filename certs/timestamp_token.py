"""RFC 3161 timestamp tokens, read strictly.

A token is a CMS SignedData (RFC 5652, for SM2 also with the identifiers of GB/T 35275) around a TSTInfo. It
is taken only as DER, with one signer, a signed signing-certificate attribute and no unsigned attribute. What it
proves says :mod:`certs.timestamp`. Beside certificates and revocation lists it may carry OCSP answers (RFC 5940), as
those of an evidence record do.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs.cms_attributes import read_attributes
from certs.crl import Crl
from certs.der import (
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Reader,
    context,
    require_der,
)
from certs.public_key import ALGORITHM_BY_OID
from certs.sm3 import sm3
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["TimestampCode", "TimestampError", "TimestampToken", "digest", "is_token_of"]

MAX_BYTES: Final = 256 * 1024
MAX_CERTIFICATES: Final = 10

OID_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
OID_OCSP_ANSWER: Final = "1.3.6.1.5.5.7.16.2"
_SIGNED_DATA: Final = frozenset({"1.2.840.113549.1.7.2", "1.2.156.10197.6.1.4.2.2"})
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_RSA_KEY: Final = "1.2.840.113549.1.1.1"
_SM2_SIGNING: Final = frozenset({"1.2.156.10197.1.501", "1.2.156.10197.1.301.1"})
DIGEST_BY_OID: Final[dict[str, str]] = {
    "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512", "1.2.156.10197.1.401": "sm3",
}
_NULL: Final = b"\x05\x00"


class TimestampCode(enum.StrEnum):
    """Codes of :class:`TimestampError`."""

    MALFORMED = "timestamp.malformed"
    ALGORITHM = "timestamp.algorithm"
    TOO_LARGE = "timestamp.too-large"


class TimestampError(EngineError):
    """The bytes are not a timestamp token that can be relied on."""


def _malformed(zh: str, en: str) -> TimestampError:
    return TimestampError(TimestampCode.MALFORMED, f"时间戳{zh}，请重新取得时间戳",
                          f"the timestamp {en}; obtain a new one")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampToken:
    """One token. ``gen_time`` is aware UTC; ``imprint`` is the digest by ``imprint_algorithm``.

    ``signed_attributes`` is the DER SET that was signed; ``certificates``, ``crls`` and ``ocsp`` (OCSPResponse, DER)
    are what the token carries, untrusted; ``signer_ids`` are the digests (algorithm, value) that name the signer's
    certificate.
    """

    der: bytes
    policy: str
    imprint_algorithm: str
    imprint: bytes
    serial: int
    gen_time: datetime
    nonce: int | None
    content: bytes
    content_digest: bytes
    digest_algorithm: str
    signature_algorithm: str
    signed_attributes: bytes
    signature: bytes
    signer_issuer: bytes | None
    signer_serial: int | None
    signer_key_id: bytes | None
    signer_ids: tuple[tuple[str, bytes], ...]
    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    ocsp: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"<timestamp {self.serial:x} at {self.gen_time.isoformat()}>"

    @classmethod
    def parse(cls, der: bytes, *, max_bytes: int = MAX_BYTES) -> TimestampToken:
        """Read a token.

        Args:
            max_bytes: of the largest token.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            TimestampError: ``timestamp.malformed``, ``timestamp.algorithm``, ``timestamp.too-large``.
            CertificateError, CrlError, PublicKeyError: of what the token carries.
        """
        if len(der) > max_bytes:
            size = f"{max_bytes >> 10} KiB"
            raise TimestampError(TimestampCode.TOO_LARGE, f"时间戳超过 {size}，请检查来源",
                                 f"the timestamp exceeds {size}; check where it comes from")
        require_der(der)
        return _read_token(der)

    def names(self, certificate: Certificate) -> bool:
        """Whether ``certificate`` is the one that the token's signer identifier and signed attribute name."""
        if self.signer_key_id is not None:
            if certificate.subject_key_id != self.signer_key_id:
                return False
        elif (certificate.issuer, certificate.serial) != (self.signer_issuer, self.signer_serial):
            return False
        algorithm, value = self.signer_ids[0]
        return digest(algorithm, certificate.der) == value


def is_token_of(token: bytes, message: bytes) -> bool:
    """Whether ``token`` is a timestamp token of ``message``; says nothing about who made it. Never raises."""
    try:
        read = TimestampToken.parse(token)
    except EngineError:
        return False
    return digest(read.imprint_algorithm, message) == read.imprint


def digest(algorithm: str, message: bytes) -> bytes:
    """Digest by a name of this module (``sha1`` only to recognise old certificate identifiers)."""
    if algorithm == "sm3":
        return sm3(message)
    return hashlib.new(algorithm, message, usedforsecurity=False).digest()


def _digest_name(reader: Reader) -> str:
    inner = reader.enter(SEQUENCE)
    oid = inner.oid()
    if inner.more() and inner.raw() != _NULL:
        raise _malformed("的摘要算法参数有误", "has odd digest parameters")
    inner.done()
    name = DIGEST_BY_OID.get(oid)
    if name is None:
        raise _unsupported(oid)
    return name


def _unsupported(oid: str) -> TimestampError:
    return TimestampError(TimestampCode.ALGORITHM,
                          f"时间戳使用了不接受的算法 {oid}，请换用 SM2、ECDSA 或 RSA",
                          f"the timestamp uses algorithm {oid}, which is not accepted; use SM2, ECDSA or RSA")


def _signature_name(reader: Reader, digest_name: str) -> str:
    """The signature algorithm of the signer, which has to agree with its digest algorithm."""
    inner = reader.enter(SEQUENCE)
    oid = inner.oid()
    if inner.more() and inner.raw() != _NULL:
        raise _malformed("的签名算法参数有误", "has odd signature parameters")
    inner.done()
    if oid == _RSA_KEY:
        name = f"rsa-{digest_name}"
    elif oid in _SM2_SIGNING:
        name = "sm2-sm3"
    else:
        name = ALGORITHM_BY_OID.get(oid, "")
    if name not in ALGORITHM_BY_OID.values() or not name.endswith(digest_name):
        raise _unsupported(oid)
    return name


def _read_token(der: bytes) -> TimestampToken:
    outer = Reader(der).enter(SEQUENCE)
    if outer.oid() not in _SIGNED_DATA:
        raise _malformed("不是 CMS 签名数据", "is not CMS SignedData")
    wrapper = outer.enter(context(0))
    outer.done()
    body = wrapper.enter(SEQUENCE)
    wrapper.done()
    version = body.integer()
    digests = body.enter(SET)
    named = _digest_name(digests)
    digests.done()
    encapsulated = body.enter(SEQUENCE)
    if encapsulated.oid() != OID_TST_INFO:
        raise _malformed("里没有 TSTInfo", "holds no TSTInfo")
    holder = encapsulated.enter(context(0))
    content = holder.octets()
    holder.done()
    encapsulated.done()
    certificates = _read_certificates(body.enter(context(0))) if body.peek() == context(0) else ()
    crls, ocsp = _read_revocation(body.enter(context(1))) if body.peek() == context(1) else ((), ())
    signers = body.enter(SET)
    body.done()
    signer = _read_signer(signers.enter(SEQUENCE), content)
    signers.done()
    if version != (5 if ocsp else 3) or named != signer.digest_algorithm:
        raise _malformed("的版本或摘要算法前后不一", "disagrees with itself on version or digest")
    info = _read_info(content)
    return TimestampToken(
        der=der, content=content, certificates=certificates, crls=crls, ocsp=ocsp, policy=info.policy,
        imprint_algorithm=info.imprint_algorithm, imprint=info.imprint, serial=info.serial,
        gen_time=info.gen_time, nonce=info.nonce, content_digest=signer.content_digest,
        digest_algorithm=signer.digest_algorithm, signature_algorithm=signer.signature_algorithm,
        signed_attributes=signer.signed_attributes, signature=signer.signature,
        signer_issuer=signer.issuer, signer_serial=signer.serial, signer_key_id=signer.key_id,
        signer_ids=signer.ids)


def _read_certificates(reader: Reader) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    while reader.more():
        if len(found) == MAX_CERTIFICATES:
            raise _malformed("带有过多证书", "carries too many certificates")
        found.append(Certificate.load(reader.raw(SEQUENCE)))
    return tuple(found)


def _read_revocation(reader: Reader) -> tuple[tuple[Crl, ...], tuple[bytes, ...]]:
    """RevocationInfoChoices (RFC 5652 clause 10.2.1): lists and OCSP answers."""
    crls: list[Crl] = []
    ocsp: list[bytes] = []
    while reader.more():
        if reader.peek() == SEQUENCE:
            crls.append(Crl.load(reader.raw(SEQUENCE)))
            continue
        other = reader.enter(context(1))
        if other.oid() != OID_OCSP_ANSWER:
            raise _malformed("带有未知种类的撤销信息", "carries revocation information of an unknown kind")
        ocsp.append(other.raw(SEQUENCE))
        other.done()
    return tuple(crls), tuple(ocsp)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Info:
    policy: str
    imprint_algorithm: str
    imprint: bytes
    serial: int
    gen_time: datetime
    nonce: int | None


def _read_info(content: bytes) -> _Info:
    """TSTInfo (RFC 3161 clause 2.4.2)."""
    require_der(content)
    body = Reader(content).enter(SEQUENCE)
    if body.integer() != 1:
        raise _malformed("的 TSTInfo 版本不是 1", "has a TSTInfo of another version")
    policy = body.oid()
    imprint = body.enter(SEQUENCE)
    algorithm, value = _digest_name(imprint), imprint.octets()
    imprint.done()
    serial, gen_time = body.integer(), body.time(GENERALIZED_TIME)
    if body.peek() == SEQUENCE:
        body.raw()          # accuracy: how far gen_time may be off; not added to it
    if body.peek() == BOOLEAN and not body.boolean():
        raise _malformed("写出了默认值 FALSE", "writes out the default FALSE")
    nonce = body.integer() if body.peek() == INTEGER else None
    if body.peek() == context(0):
        body.raw()          # tsa: a hint; the signed attribute names the certificate
    if body.peek() == context(1):
        raise _malformed("带有不能识别的扩展", "carries extensions that are not known")
    body.done()
    if len(value) != len(digest(algorithm, b"")):
        raise _malformed("的摘要长度有误", "has a digest of the wrong length")
    return _Info(policy=policy, imprint_algorithm=algorithm, imprint=value, serial=serial, gen_time=gen_time,
                 nonce=nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignerInfo:
    issuer: bytes | None
    serial: int | None
    key_id: bytes | None
    digest_algorithm: str
    signature_algorithm: str
    signed_attributes: bytes
    signature: bytes
    content_digest: bytes
    ids: tuple[tuple[str, bytes], ...]


def _read_signer(reader: Reader, content: bytes) -> _SignerInfo:
    version = reader.integer()
    issuer, serial, key_id = None, None, None
    if reader.peek() == SEQUENCE:
        sid = reader.enter(SEQUENCE)
        issuer, serial = sid.raw(SEQUENCE), sid.integer()
        sid.done()
    else:
        key_id = reader.body(context(0, constructed=False))
    if version != (1 if key_id is None else 3):
        raise _malformed("的签名者版本有误", "has a wrong signer version")
    digest_name = _digest_name(reader)
    attributes = reader.raw(context(0))
    signature_name = _signature_name(reader, digest_name)
    signature = reader.octets()
    reader.done()           # an unsigned attribute, which nothing protects, ends here
    signed = bytes((SET,)) + attributes[1:]
    require_der(signed)     # sorted, as it was signed
    values = read_attributes(
        Reader(signed).enter(SET), twice=lambda: _malformed("有重复的签名属性", "holds a signed attribute twice"))
    kind = Reader(values.get(_CONTENT_TYPE, b""))
    if not kind.more() or kind.oid() != OID_TST_INFO:
        raise _malformed("没有签入内容类型", "does not sign its content type")
    stated = Reader(values.get(_MESSAGE_DIGEST, b""))
    if not stated.more() or stated.octets() != digest(digest_name, content):
        raise _malformed("的内容摘要不符", "has a digest that does not fit its content")
    return _SignerInfo(
        issuer=issuer, serial=serial, key_id=key_id, digest_algorithm=digest_name,
        signature_algorithm=signature_name, signed_attributes=signed, signature=signature,
        content_digest=digest(digest_name, content), ids=_signer_ids(values))


def _signer_ids(values: dict[str, bytes]) -> tuple[tuple[str, bytes], ...]:
    """Digests in signing-certificate (RFC 5035); the first names the signer's certificate."""
    found: list[tuple[str, bytes]] = []
    for oid in (_SIGNING_CERTIFICATE_V2, _SIGNING_CERTIFICATE):
        if oid not in values:
            continue
        ids = Reader(values[oid]).enter(SEQUENCE).enter(SEQUENCE)
        while ids.more():
            entry = ids.enter(SEQUENCE)
            algorithm = "sha1"
            if oid == _SIGNING_CERTIFICATE_V2:
                algorithm = _digest_name(entry) if entry.peek() == SEQUENCE else "sha256"
            found.append((algorithm, entry.body(OCTET_STRING)))
    if not found:
        raise _malformed("没有签入签名者证书的标识", "does not sign the identifier of its certificate")
    return tuple(found)
