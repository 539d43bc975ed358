"""Time-stamping as an authority does it (RFC 3161): reading requests, making tokens and responses.

For the authority of a demonstration and of the tests. Tokens have SM2 keys with SM3 or P-256 keys with SHA-256; the
imprint may be by any digest that :mod:`certs.timestamp_token` reads.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs import der_build as build
from certs.der import BOOLEAN, INTEGER, OID, SEQUENCE, DerError, Reader, context, require_der
from certs.signer import SigningKey
from certs.timestamp_token import DIGEST_BY_OID, OID_TST_INFO, digest
from certs.x509 import Certificate
from certs.x509_build import algorithm_identifier
from codes.errors import EngineError

__all__ = [
    "Failure", "TimestampRequest", "TspCode", "TspError", "build_rejection", "build_response", "build_token",
    "read_request",
]

MAX_REQUEST: Final = 16 * 1024
_OID_BY_DIGEST: Final = {name: oid for oid, name in DIGEST_BY_OID.items()}
_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_GRANTED, _REJECTION = 0, 2
_NULL: Final = b"\x05\x00"


class Failure(enum.IntEnum):
    """PKIFailureInfo: the number of the bit (RFC 3161 clause 2.4.2)."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


class TspCode(enum.StrEnum):
    """Codes of :class:`TspError`."""

    BAD_REQUEST = "tsp.bad-request"


class TspError(EngineError):
    """The bytes are no request that an authority answers with a token; ``failure`` says why in its terms."""

    def __init__(self, failure: Failure, zh: str, en: str) -> None:
        super().__init__(TspCode.BAD_REQUEST, f"时间戳请求{zh}，请更正后重新请求",
                         f"the timestamp request {en}; correct it and ask again")
        self.failure = failure


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A TimeStampReq: the digest by ``algorithm``, the policy if one is asked for, the nonce, and whether the token
    is to carry the authority's certificates."""

    imprint: bytes
    algorithm: str
    policy: str | None
    nonce: int | None
    wants_certificates: bool


def read_request(der: bytes) -> TimestampRequest:
    """Read a TimeStampReq (RFC 3161 clause 2.4.1), strictly.

    Raises:
        TspError: ``tsp.bad-request``, with the failure to answer.
    """
    if len(der) > MAX_REQUEST:
        raise TspError(Failure.BAD_DATA_FORMAT, "过长", "is too long")
    try:
        require_der(der)
        return _read_request(Reader(der).enter(SEQUENCE))
    except DerError as error:
        raise TspError(Failure.BAD_DATA_FORMAT, "不是 DER 结构", "is not the DER structure") from error


def _read_request(body: Reader) -> TimestampRequest:
    if body.integer() != 1:
        raise TspError(Failure.BAD_REQUEST, "不是第 1 版", "is not version 1")
    holder = body.enter(SEQUENCE)
    algorithm = holder.enter(SEQUENCE)
    name = DIGEST_BY_OID.get(algorithm.oid())
    parameters = algorithm.raw() if algorithm.more() else _NULL
    algorithm.done()
    imprint = holder.octets()
    holder.done()
    if name is None or parameters != _NULL:
        raise TspError(Failure.BAD_ALGORITHM, "用了不接受的摘要算法", "uses a digest that is not accepted")
    if len(imprint) != len(digest(name, b"")):
        raise TspError(Failure.BAD_DATA_FORMAT, "的摘要长度有误", "has a digest of the wrong length")
    policy = body.oid() if body.peek() == OID else None
    nonce = body.integer() if body.peek() == INTEGER else None
    wants = body.boolean() if body.peek() == BOOLEAN else False
    if body.peek() == context(0):
        raise TspError(Failure.UNACCEPTED_EXTENSION, "带有不接受的扩展", "has extensions that are not accepted")
    body.done()
    return TimestampRequest(imprint=imprint, algorithm=name, policy=policy, nonce=nonce, wants_certificates=wants)


def build_token(
    *, imprint: bytes, algorithm: str, gen_time: datetime, serial: int, policy: str, certificate: Certificate,
    key: SigningKey, chain: Sequence[Certificate] = (), nonce: int | None = None, accuracy_s: int | None = None,
    carries: bool = True,
) -> bytes:
    """Make a TimeStampToken.

    Args:
        imprint: the digest to be stamped, by ``algorithm`` (``sm3``, ``sha256``, ``sha384``, ``sha512``).
        gen_time: aware; written in whole seconds.
        policy: dotted OID.
        certificate: the authority's, of ``key``.
        chain: certificates above it that the token carries beside it.
        carries: False leaves all certificates out, for a request that does not ask for them.

    Returns:
        DER of a CMS ContentInfo.
    """
    own = "sm3" if key.algorithm == "sm2-sm3" else "sha256"
    info = build.sequence(
        build.integer(1), build.oid(policy), build.sequence(_digest(algorithm), build.octet_string(imprint)),
        build.integer(serial), build.generalized_time(gen_time),
        b"" if accuracy_s is None else build.sequence(build.integer(accuracy_s)),
        b"" if nonce is None else build.integer(nonce))
    signed = build.set_of([
        _attribute(_CONTENT_TYPE, build.oid(OID_TST_INFO)),
        _attribute(_MESSAGE_DIGEST, build.octet_string(digest(own, info))),
        _attribute(_SIGNING_CERTIFICATE_V2, build.sequence(build.sequence(_certificate_id(certificate, own))))])
    signer = build.sequence(
        build.integer(1), build.sequence(certificate.issuer, build.integer(certificate.serial)), _digest(own),
        build.tlv(context(0), _content(signed)), algorithm_identifier(key.algorithm),
        build.octet_string(key.sign(signed)))
    carried = sorted({one.der for one in (certificate, *chain)}) if carries else []
    return build.sequence(build.oid(_SIGNED_DATA), build.explicit(0, build.sequence(
        build.integer(3), build.set_of([_digest(own)]),
        build.sequence(build.oid(OID_TST_INFO), build.explicit(0, build.octet_string(info))),
        build.tlv(context(0), b"".join(carried)) if carried else b"", build.set_of([signer]))))


def build_response(token: bytes) -> bytes:
    """Make the TimeStampResp that grants ``token``."""
    return build.sequence(build.sequence(build.integer(_GRANTED)), token)


def build_rejection(failure: Failure, text: str) -> bytes:
    """Make the TimeStampResp that refuses, with one sentence for people."""
    return build.sequence(build.sequence(
        build.integer(_REJECTION), build.sequence(build.utf8(text)), build.named_bits([failure])))


def _digest(name: str) -> bytes:
    """AlgorithmIdentifier of a digest, parameters absent (RFC 5754 clause 2)."""
    return build.sequence(build.oid(_OID_BY_DIGEST[name]))


def _attribute(oid: str, value: bytes) -> bytes:
    return build.sequence(build.oid(oid), build.set_of([value]))


def _certificate_id(certificate: Certificate, name: str) -> bytes:
    """ESSCertIDv2 (RFC 5035): SHA-256 is its default and therefore not written."""
    return build.sequence(b"" if name == "sha256" else _digest(name),
                          build.octet_string(digest(name, certificate.der)))


def _content(encoded: bytes) -> bytes:
    return Reader(encoded).body(encoded[0])
