"""Judging by a time at which something beside a signature proves that it existed: evidence of the file, or a timestamp
over all of it.

Such a time is no time of signing. It can only help: what does not hold by it is judged as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from certs.chain import ChainResult, validate
from certs.crl import Crl
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.timestamp import TimestampResult, verify_token
from certs.timestamp_token import TimestampToken
from certs.x509 import Certificate

__all__ = ["NOTHING_CARRIED", "Carried", "chain_by", "token_by"]

Carried = tuple[tuple[Crl, ...], tuple[OcspResponse, ...]]
"""Revocation lists and OCSP answers that a file or the evidence beside it carries. Whoever made it chose them, so they
count only for a moment that is proven."""
NOTHING_CARRIED: Final[Carried] = ((), ())


def chain_by(
    leaf: Certificate, *, intermediates: Iterable[Certificate], anchors: Iterable[Certificate], crls: Iterable[Crl],
    ocsp: Iterable[OcspResponse] = (), at: datetime, clock_now: datetime, proven_at: datetime | None,
    existed_at: datetime | None, carried: Carried = NOTHING_CARRIED,
) -> ChainResult:
    """Judge a signer's chain at the time that its own timestamp proves, else at one at which the signature existed,
    else at ``at``.

    Args:
        proven_at: the time of the signature's own timestamp; the signature counts as made then.
        existed_at: a time at which the signature provably existed.
    """
    links, trusted, lists, answers = tuple(intermediates), tuple(anchors), tuple(crls), tuple(ocsp)
    moment = existed_at if proven_at is None else proven_at
    if moment is not None:
        result = validate(leaf, intermediates=links, anchors=trusted, crls=(*lists, *carried[0]),
                          ocsp=(*answers, *carried[1]), at=moment, clock_now=clock_now, at_is_proven=True)
        if result.ok or proven_at is not None:
            return result
    return validate(leaf, intermediates=links, anchors=trusted, crls=lists, ocsp=answers, at=at,
                    clock_now=clock_now)


def token_by(
    token: TimestampToken, message: bytes, *, anchors: Iterable[Certificate], intermediates: Iterable[Certificate],
    crls: Iterable[Crl], ocsp: Iterable[OcspResponse] = (), at: datetime, clock_now: datetime,
    existed_at: datetime | None, carried: Carried = NOTHING_CARRIED,
) -> TimestampResult:
    """Judge a timestamp token at ``at`` and, where its authority no longer holds then, at a time at which the token
    provably existed."""
    trusted, links, lists, answers = tuple(anchors), tuple(intermediates), tuple(crls), tuple(ocsp)
    now = verify_token(token, message, anchors=trusted, intermediates=links, crls=lists, ocsp=answers, at=at,
                       clock_now=clock_now)
    if now.ok or existed_at is None or token.gen_time > existed_at + CLOCKS_DIFFER:
        return now
    then = verify_token(token, message, anchors=trusted, intermediates=links, crls=(*lists, *carried[0]),
                        ocsp=(*answers, *carried[1]), at=existed_at, clock_now=clock_now, at_is_proven=True)
    return then if then.ok else now
