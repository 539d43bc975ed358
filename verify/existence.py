"""Judging by a time at which something beside a signature proves that it existed: evidence of the file, or a timestamp
over all of it.

Such a time is no time of signing. It can only help: what does not hold by it is judged as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from certs.carried import NOTHING_CARRIED, Carried
from certs.chain import ChainResult, validate
from certs.crl import Crl
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OcspResponse
from certs.strength import STRONG, Strength
from certs.timestamp import TimestampResult, verify_token
from certs.timestamp_token import TimestampToken
from certs.x509 import Certificate

__all__ = ["chain_by", "token_by"]


def chain_by(
    leaf: Certificate, *, intermediates: Iterable[Certificate], anchors: Iterable[Certificate], crls: Iterable[Crl],
    ocsp: Iterable[OcspResponse] = (), at: datetime, clock_now: datetime, proven_at: datetime | None,
    existed_at: datetime | None, carried: Carried = NOTHING_CARRIED, strength: Strength = STRONG,
    algorithms: Sequence[str] = (),
) -> ChainResult:
    """Judge a signer's chain at the time that its own timestamp proves, else at one at which the signature existed,
    else at ``at``.

    A proven time is judged by what the file carries only where a certificate has ended at ``at``; until then by what
    the verifier has of now.

    Args:
        proven_at: the time of the signature's own timestamp; the signature counts as made then.
        existed_at: a time at which the signature provably existed.
        algorithms: those of the signature.
    """
    links, trusted, lists, answers = tuple(intermediates), tuple(anchors), tuple(crls), tuple(ocsp)
    moment = existed_at if proven_at is None else proven_at
    if moment is not None:
        result = validate(leaf, intermediates=links, anchors=trusted, crls=lists, ocsp=answers, carried=carried,
                          at=moment, clock_now=clock_now, at_is_proven=True, judged_at=at, strength=strength,
                          algorithms=algorithms)
        if result.ok or proven_at is not None:
            return result
    return validate(leaf, intermediates=links, anchors=trusted, crls=lists, ocsp=answers, carried=carried, at=at,
                    clock_now=clock_now, strength=strength, algorithms=algorithms)


def token_by(
    token: TimestampToken, message: bytes, *, anchors: Iterable[Certificate], intermediates: Iterable[Certificate],
    crls: Iterable[Crl], ocsp: Iterable[OcspResponse] = (), at: datetime, clock_now: datetime,
    existed_at: datetime | None, carried: Carried = NOTHING_CARRIED, strength: Strength = STRONG,
) -> TimestampResult:
    """Judge a timestamp token at ``at`` and, where its authority no longer holds then, at a time at which the token
    provably existed."""
    trusted, links, lists, answers = tuple(anchors), tuple(intermediates), tuple(crls), tuple(ocsp)
    now = verify_token(token, message, anchors=trusted, intermediates=links, crls=lists, ocsp=answers, carried=carried,
                       at=at, clock_now=clock_now, strength=strength)
    if now.ok or existed_at is None or token.gen_time > existed_at + CLOCKS_DIFFER:
        return now
    then = verify_token(token, message, anchors=trusted, intermediates=links, crls=lists, ocsp=answers, carried=carried,
                        at=existed_at, clock_now=clock_now, at_is_proven=True, judged_at=at, strength=strength)
    return then if then.ok else now
