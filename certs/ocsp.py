"""OCSP (RFC 6960): reading answers and writing requests. Whether an answer may be believed is
:mod:`certs.revocation`'s; making answers is :mod:`certs.ocsp_build`'s.

An answer is strict DER or it is not read, but for the certificates that ride in it (:mod:`certs.x509_loose`). What a
server says without signing it (tryLater and the like) is an error and never an answer.
"""

from __future__ import annotations

import enum
import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from certs import der_build as build
from certs.crl import REASONS, Revocation
from certs.der import GENERALIZED_TIME, OCTET_STRING, SEQUENCE, DerError, Reader, context
from certs.ocsp_id import CertId, read_cert_id
from certs.public_key import read_algorithm
from certs.sm3 import sm3
from certs.x509 import Certificate, name_attributes
from certs.x509_errors import CertificateError
from certs.x509_extensions import read_extension
from certs.x509_loose import load_loose
from codes.errors import EngineError

__all__ = ["OID_OCSP_SIGNING", "OcspCode", "OcspError", "OcspResponse", "OcspStatus", "build_request"]

MAX_BYTES: Final = 256 * 1024
MAX_ANSWERS: Final = 256
MAX_CERTIFICATES: Final = 8
OID_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
OID_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
OID_OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
_OID_REASON: Final = "2.5.29.21"
_OID_INVALIDITY: Final = "2.5.29.24"
_OID_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
_ENUMERATED: Final = 0x0A
_REMEMBERED_BYTES: Final = 16 * 1024
# OCSPResponseStatus; 0 is successful, 4 is not used (RFC 6960 clause 4.2.1).
_STATUSES: Final = {1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}


class OcspCode(enum.StrEnum):
    """Codes of :class:`OcspError`."""

    MALFORMED = "ocsp.malformed"
    TOO_LARGE = "ocsp.too-large"
    REFUSED = "ocsp.refused"


class OcspError(EngineError):
    """The bytes are no OCSP answer that can be read, or the server gave none."""


def _malformed(zh: str, en: str) -> OcspError:
    return OcspError(OcspCode.MALFORMED, f"OCSP 应答{zh}，请重新查询", f"the OCSP answer {en}; ask again")


@functools.lru_cache(maxsize=256)
def _digests(data: bytes) -> frozenset[bytes]:
    """By what a key may be named: SHA-1 (RFC 6960), in places SHA-256 or SM3."""
    return frozenset((hashlib.sha1(data, usedforsecurity=False).digest(), hashlib.sha256(data).digest(), sm3(data)))


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspStatus:
    """What is said of one certificate; ``revocation`` is there when it is revoked. Times are aware UTC.

    The responder still knows certificates that have expired at ``archived_since`` or later; None when it may not.
    """

    cert_id: CertId
    status: Literal["good", "revoked", "unknown"]
    revocation: Revocation | None
    this_update: datetime
    next_update: datetime | None
    archived_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OcspResponse:
    """One signed answer, read strictly; ``tbs`` is what the signature is over.

    ``responder`` is an encoded Name or, without one, ``responder_key`` the digest of a key; ``nonce`` the content of
    the extension, None without it.
    """

    der: bytes
    tbs: bytes
    signature_algorithm: str
    signature: bytes
    responder: bytes | None
    responder_key: bytes | None
    produced_at: datetime
    answers: tuple[OcspStatus, ...]
    certificates: tuple[Certificate, ...]
    nonce: bytes | None
    unknown_critical: tuple[str, ...]

    @classmethod
    def load(cls, der: bytes) -> OcspResponse:
        """Read one answer.

        Raises:
            DerError: not strict DER, or fields beyond the structure.
            OcspError: ``ocsp.malformed``, ``ocsp.too-large``, or ``ocsp.refused``: the server gave an unsigned error,
                named by the fact ``status``.
            CertificateError: a certificate in it cannot be read.
            PublicKeyError: a key or signature algorithm that is not accepted.
        """
        if len(der) > MAX_BYTES:
            raise OcspError(OcspCode.TOO_LARGE, "OCSP 应答超过 256 KiB，请检查来源",
                            "the OCSP answer exceeds 256 KiB; check where it comes from")
        return _load_known(bytes(der)) if len(der) <= _REMEMBERED_BYTES else _load(bytes(der))

    def __repr__(self) -> str:
        return f"<OCSP answer of {self.produced_at:%Y-%m-%d %H:%M:%S}Z on {len(self.answers)} certificates>"

    def named_by(self, certificate: Certificate) -> bool:
        """Whether the responder's name or key is that of ``certificate``; says nothing about its rights."""
        if self.responder is not None:
            return self.responder == certificate.subject
        return self.responder_key in _digests(certificate.public_key.bits)

    def on(self, certificate: Certificate, issuer: Certificate) -> OcspStatus | None:
        """The answer on ``certificate``; of several the newest."""
        return max(self.all_on(certificate, issuer), default=None,
                   key=lambda each: (each.this_update, each.status != "good"))

    def all_on(self, certificate: Certificate, issuer: Certificate) -> list[OcspStatus]:
        """Every answer on ``certificate``."""
        return [each for each in self.answers
                if each.cert_id.serial == certificate.serial and certificate.issuer == issuer.subject
                and each.cert_id.is_of(issuer)]


def _load(der: bytes) -> OcspResponse:
    outer = Reader(der)
    body = outer.enter(SEQUENCE)
    outer.done()
    status = body.body(_ENUMERATED)
    if status != b"\0":
        name = _STATUSES.get(status[0], "") if len(status) == 1 else ""
        raise OcspError(
            OcspCode.REFUSED, f"OCSP 服务器没有作答（{name or '未知状态'}），请稍后重试",
            f"the OCSP server gave no answer ({name or 'an unknown status'}); try again later", status=name)
    wrapper = body.enter(context(0))
    body.done()
    held = wrapper.enter(SEQUENCE)
    wrapper.done()
    if held.oid() != OID_BASIC:
        raise _malformed("不是基本型应答", "is not of the basic type")
    content = Reader(held.octets())
    held.done()
    basic = content.enter(SEQUENCE)
    content.done()
    tbs = basic.raw(SEQUENCE)
    algorithm = read_algorithm(basic)
    signature = basic.bits()
    certificates = _certificates(basic.enter(context(0))) if basic.more() else ()
    basic.done()
    reader = Reader(tbs).enter(SEQUENCE)
    by_name = reader.peek() == context(1)
    responder = reader.enter(context(1 if by_name else 2))
    by, key = (responder.raw(SEQUENCE), None) if by_name else (None, responder.octets())
    responder.done()
    if by is not None:
        name_attributes(by)
    produced_at = reader.time(GENERALIZED_TIME)
    answers, unknown = _answers(reader.enter(SEQUENCE))
    nonce = None
    if reader.more():
        for oid, critical, value in _extensions(reader.enter(context(1))):
            if oid == OID_NONCE:
                nonce = _nonce(value)
            elif critical:
                unknown.append(oid)
    reader.done()
    return OcspResponse(
        der=der, tbs=tbs, signature_algorithm=algorithm, signature=signature, responder=by, responder_key=key,
        produced_at=produced_at, answers=tuple(answers), certificates=certificates, nonce=nonce,
        unknown_critical=tuple(unknown))


_load_known = functools.lru_cache(maxsize=128)(_load)


def _certificates(wrapper: Reader) -> tuple[Certificate, ...]:
    bag = wrapper.enter(SEQUENCE)
    wrapper.done()
    found: list[Certificate] = []
    while bag.more():
        if len(found) == MAX_CERTIFICATES:
            raise _malformed("带有过多证书", "carries too many certificates")
        found.append(load_loose(bag.raw(SEQUENCE)).certificate)
    return tuple(found)


def _extensions(wrapper: Reader) -> list[tuple[str, bool, bytes]]:
    """Every extension; none, or one twice, is an error."""
    reader = wrapper.enter(SEQUENCE)
    wrapper.done()
    found: list[tuple[str, bool, bytes]] = []
    while reader.more():
        try:
            found.append(read_extension(reader))
        except CertificateError:
            raise _malformed("的扩展有误", "holds a wrong extension") from None
    if not found or len({oid for oid, _, _ in found}) != len(found):
        raise _malformed("的扩展有误", "holds a wrong extension")
    return found


def _nonce(value: bytes) -> bytes:
    """The nonce: an OCTET STRING inside the extension (RFC 8954), in old responders the bare bytes."""
    try:
        reader = Reader(value)
        inner = reader.body(OCTET_STRING)
        reader.done()
    except DerError:
        return value
    return inner


def _answers(reader: Reader) -> tuple[list[OcspStatus], list[str]]:
    """The single answers, and the critical extensions among them that are not known."""
    answers: list[OcspStatus] = []
    unknown: list[str] = []
    while reader.more():
        if len(answers) == MAX_ANSWERS:
            raise _malformed("包含过多证书的状态", "is on too many certificates")
        answers.append(_answer(reader.enter(SEQUENCE), unknown))
    return answers, unknown


def _answer(single: Reader, unknown: list[str]) -> OcspStatus:
    identity = read_cert_id(single)
    status: Literal["good", "revoked", "unknown"] = "good"
    moment, reason = None, "unspecified"
    tag = single.peek()
    if tag == context(1):
        status = "revoked"
        info = single.enter(tag)
        moment = info.time(GENERALIZED_TIME)
        if info.more():
            wrapper = info.enter(context(0))
            reason = _reason(wrapper)
            wrapper.done()
        info.done()
    else:
        status = "unknown" if tag == context(2, constructed=False) else "good"
        if single.body(context(2 if status == "unknown" else 0, constructed=False)):
            raise _malformed("的状态有误", "holds a wrong status")
    this_update, next_update = single.time(GENERALIZED_TIME), None
    if single.peek() == context(0):
        wrapper = single.enter(context(0))
        next_update = wrapper.time(GENERALIZED_TIME)
        wrapper.done()
    since, archived = None, None
    if single.more():
        for oid, critical, value in _extensions(single.enter(context(1))):
            inner = Reader(value)
            if oid == _OID_INVALIDITY:
                since = inner.time(GENERALIZED_TIME)
                inner.done()
            elif oid == _OID_ARCHIVE_CUTOFF:
                archived = inner.time(GENERALIZED_TIME)
                inner.done()
            elif oid != _OID_REASON and critical:
                unknown.append(oid)
    single.done()
    revocation = None if moment is None else Revocation(revoked_at=moment, reason=reason, invalid_since=since)
    return OcspStatus(cert_id=identity, status=status, revocation=revocation, this_update=this_update,
                      next_update=next_update, archived_since=archived)


def _reason(reader: Reader) -> str:
    body = reader.body(_ENUMERATED)
    name = REASONS.get(body[0]) if len(body) == 1 else None
    if name is None or name == "removeFromCRL":
        raise _malformed("的撤销原因有误", "names an unknown reason")
    return name


def build_request(certificate: Certificate, issuer: Certificate, *, algorithm: str = "sha1",
                  nonce: bytes | None = None) -> bytes:
    """Return an OCSPRequest about one certificate, unsigned.

    Args:
        algorithm: ``sha1``, ``sha256`` or ``sm3``, by which the issuer is named; many responders know SHA-1 alone.
        nonce: 1 to 32 random bytes, which the answer has to repeat (RFC 8954).
    """
    listed = build.sequence(build.sequence(CertId.of(certificate.serial, issuer, algorithm).encode()))
    extensions = b""
    if nonce is not None:
        value = build.octet_string(build.octet_string(nonce))
        extensions = build.explicit(2, build.sequence(build.sequence(build.oid(OID_NONCE), value)))
    return build.sequence(build.sequence(listed, extensions))
