"""Requests to and answers of a time-stamping authority (RFC 3161 clause 2.4), from the asking side.

An answer is read strictly, except for what carries no meaning and no signature: the order of the certificates and
lists in a token is put right, because many authorities send them in the order of the chain.
"""

from __future__ import annotations

import enum
from typing import Final

from certs import der_build as build
from certs.der import SEQUENCE, Reader, context, require_der
from certs.timestamp_token import DIGEST_BY_OID
from codes.errors import EngineError

__all__ = ["RefusalCode", "RefusedError", "build_request", "read_response"]

_OID_BY_DIGEST: Final = {name: oid for oid, name in DIGEST_BY_OID.items()}
_GRANTED: Final = (0, 1)                    # granted, grantedWithMods
_BAD_ALGORITHM: Final = 0
_FAILURES: Final = {
    _BAD_ALGORITHM: "badAlg", 2: "badRequest", 5: "badDataFormat", 14: "timeNotAvailable", 15: "unacceptedPolicy",
    16: "unacceptedExtension", 17: "addInfoNotAvailable", 25: "systemFailure",
}


class RefusalCode(enum.StrEnum):
    """Codes of :class:`RefusedError`."""

    REFUSED = "timestamp.refused"


class RefusedError(EngineError):
    """The authority refused the request; ``names_algorithm`` says that it does not serve the digest algorithm."""

    def __init__(self, status: int, failures: frozenset[int]) -> None:
        why = ", ".join(_FAILURES.get(each, str(each)) for each in sorted(failures)) or f"status {status}"
        super().__init__(RefusalCode.REFUSED, f"拒绝了请求（{why}）", f"refused the request ({why})")
        self.names_algorithm = _BAD_ALGORITHM in failures


def build_request(imprint: bytes, algorithm: str, nonce: int) -> bytes:
    """TimeStampReq (DER) that asks for the authority's certificate too.

    Args:
        imprint: the digest.
        algorithm: a name of :data:`certs.timestamp_token.DIGEST_BY_OID`.

    Raises:
        ValueError: a digest algorithm that no token may have.
    """
    if algorithm not in _OID_BY_DIGEST:
        raise ValueError(f"no timestamp is made over a digest by {algorithm}")
    digest = build.sequence(build.oid(_OID_BY_DIGEST[algorithm]), build.null())
    return build.sequence(
        build.integer(1), build.sequence(digest, build.octet_string(imprint)), build.integer(nonce),
        build.boolean(True))


def read_response(answer: bytes) -> bytes:
    """Return the token (DER) of a TimeStampResp, as it came but for the order of its certificates and lists.

    Raises:
        DerError: the answer is no DER of that structure.
        RefusedError: ``timestamp.refused``.
    """
    require_der(answer, sorted_sets=False)
    body = Reader(answer).enter(SEQUENCE)
    info = body.enter(SEQUENCE)
    status = info.integer()
    if info.peek() == SEQUENCE:
        info.raw()                          # statusString: free text
    failures = info.named_bits() if info.more() else frozenset[int]()
    info.done()
    if status not in _GRANTED:
        raise RefusedError(status, failures)
    token = body.raw(SEQUENCE)
    body.done()
    return _in_order(token)


def _in_order(token: bytes) -> bytes:
    """The token with the sets that nobody signed in the order of DER; every other byte as it came."""
    outer = Reader(token).enter(SEQUENCE)
    kind, wrapper = outer.raw(), outer.enter(context(0))
    outer.done()
    fields = wrapper.enter(SEQUENCE)
    wrapper.done()
    parts = []
    while fields.more():
        tag = fields.peek()
        parts.append(_sorted(fields.enter(tag), tag) if tag in (context(0), context(1)) else fields.raw())
    return build.sequence(kind, build.explicit(0, build.sequence(*parts)))


def _sorted(values: Reader, tag: int) -> bytes:
    found = []
    while values.more():
        found.append(values.raw())
    return build.tlv(tag, b"".join(sorted(found)))
