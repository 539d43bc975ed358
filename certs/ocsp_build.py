"""Certificate status as a responder gives it (RFC 6960): reading requests, making answers.

For the authority of a demonstration and of the tests; responders with SM2 or P-256 keys.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs import der_build as build
from certs.crl import REASONS, Revocation
from certs.der import SEQUENCE, DerError, Reader, context, require_der
from certs.ocsp_id import CertId, read_cert_id
from certs.signer import SigningKey
from certs.x509 import Certificate
from certs.x509_build import algorithm_identifier, extension
from certs.x509_extensions import read_extension
from codes.errors import EngineError

__all__ = [
    "OcspAnswer", "OcspRequest", "OcspRequestCode", "OcspRequestError", "ResponseStatus", "build_refusal",
    "build_response", "read_request",
]

MAX_REQUEST: Final = 16 * 1024
MAX_QUESTIONS: Final = 100
_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_MAX_NONCE: Final = 128                 # octets, RFC 9654
_ENUMERATED: Final = 0x0A
_CODE_BY_REASON: Final = {name: number for number, name in REASONS.items()}


class ResponseStatus(enum.IntEnum):
    """OCSPResponseStatus of an answer that says nothing of a certificate (clause 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


class OcspRequestCode(enum.StrEnum):
    """Codes of :class:`OcspRequestError`."""

    BAD_REQUEST = "ocsp-request.bad"


class OcspRequestError(EngineError):
    """The bytes are no request that a responder answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """What was asked: the certificates, and the nonce to return."""

    certificates: tuple[CertId, ...]
    nonce: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """What a responder says of one certificate; times are aware.

    ``revocation`` makes it revoked; without one it is good, unless ``unknown`` says otherwise.
    """

    certificate: CertId
    this_update: datetime
    next_update: datetime | None
    revocation: Revocation | None = None
    unknown: bool = False


def _bad(zh: str, en: str) -> OcspRequestError:
    return OcspRequestError(OcspRequestCode.BAD_REQUEST, f"证书状态请求{zh}，请更正后重新请求",
                            f"the request for certificate status {en}; correct it and ask again")


def read_request(der: bytes) -> OcspRequest:
    """Read an OCSPRequest (clause 4.1.1); a signature on it is passed over.

    Raises:
        OcspRequestError: ``ocsp-request.bad``.
    """
    if len(der) > MAX_REQUEST:
        raise _bad("过长", "is too long")
    try:
        require_der(der)
        outer = Reader(der).enter(SEQUENCE)
        body = outer.enter(SEQUENCE)
        if outer.peek() == context(0):
            outer.raw()
        outer.done()
        return _read_request(body)
    except DerError as error:
        raise _bad("不是 DER 结构", "is not the DER structure") from error


def _read_request(body: Reader) -> OcspRequest:
    if body.peek() == context(0):
        raise _bad("不是第 1 版", "is not version 1")          # version 1 is the default, and not written in DER
    if body.peek() == context(1):
        body.raw()                                              # requestorName
    questions = body.enter(SEQUENCE)
    asked: list[CertId] = []
    while questions.more():
        if len(asked) == MAX_QUESTIONS:
            raise _bad("问了过多证书", "asks for too many certificates")
        one = questions.enter(SEQUENCE)
        asked.append(read_cert_id(one))
        if one.peek() == context(0):
            one.raw()                                           # singleRequestExtensions
        one.done()
    if not asked:
        raise _bad("没有问任何证书", "asks for no certificate")
    nonce = None
    if body.peek() == context(2):
        wrapper = body.enter(context(2))
        extensions = wrapper.enter(SEQUENCE)
        wrapper.done()
        while extensions.more():
            oid, critical, value = read_extension(extensions)
            if oid == _NONCE:
                nonce = Reader(value).octets()
                if not 1 <= len(nonce) <= _MAX_NONCE:
                    raise _bad("的随机数长度有误", "has a nonce of a wrong length")
            elif critical:
                raise _bad("带有不能识别的关键扩展", "has a critical extension that is not known")
    body.done()
    return OcspRequest(certificates=tuple(asked), nonce=nonce)


def build_response(
    *, responder: Certificate, key: SigningKey, answers: Sequence[OcspAnswer], produced_at: datetime,
    nonce: bytes | None = None, certificates: Sequence[Certificate] = (), by_key: bool = False,
) -> bytes:
    """Make an OCSPResponse with a BasicOCSPResponse (clause 4.2.1).

    Args:
        responder: the certificate of ``key``: the CA itself, or one that the CA has given OCSPSigning.
        produced_at: aware; written in whole seconds, as all times of the answers.
        nonce: that of the request.
        certificates: what the response carries; a responder that is not the CA carries its own.
        by_key: name the responder by the SHA-1 of its key instead of by its name.
    """
    responder_id = build.explicit(1, responder.subject)
    if by_key:
        key_hash = CertId.of(0, responder).issuer_key_hash
        responder_id = build.explicit(2, build.octet_string(key_hash))
    extensions = b""
    if nonce is not None:
        extensions = build.explicit(1, build.sequence(extension(_NONCE, build.octet_string(nonce))))
    tbs = build.sequence(
        responder_id, build.generalized_time(produced_at), build.sequence(*map(_single, answers)), extensions)
    carried = build.explicit(0, build.sequence(*(one.der for one in certificates))) if certificates else b""
    basic = build.sequence(
        tbs, algorithm_identifier(key.algorithm), build.bit_string(key.sign(tbs)), carried)
    return build.sequence(
        build.tlv(_ENUMERATED, b"\x00"),
        build.explicit(0, build.sequence(build.oid(_BASIC), build.octet_string(basic))))


def build_refusal(status: ResponseStatus) -> bytes:
    """Make the OCSPResponse that says nothing but ``status``."""
    return build.sequence(build.tlv(_ENUMERATED, bytes((status,))))


def _single(answer: OcspAnswer) -> bytes:
    """SingleResponse."""
    if answer.unknown:
        status = build.implicit(2, b"")
    elif answer.revocation is None:
        status = build.implicit(0, b"")
    else:
        reason = answer.revocation.reason
        status = build.tlv(context(1), build.generalized_time(answer.revocation.revoked_at) + (
            b"" if reason == "unspecified"
            else build.explicit(0, build.tlv(_ENUMERATED, bytes((_CODE_BY_REASON[reason],))))))
    return build.sequence(
        answer.certificate.encode(), status, build.generalized_time(answer.this_update),
        b"" if answer.next_update is None else build.explicit(0, build.generalized_time(answer.next_update)))
