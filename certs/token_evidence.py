"""What a timestamp token carries beside what it signs, so that it can be judged after years: the certificates of its
authority's path, revocation lists, OCSP answers.

Nothing signs what lies there. A renewal covers it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from certs import der_build as build
from certs.crl import Crl
from certs.der import INTEGER, SEQUENCE, SET, Reader, context
from certs.evidence_record import MAX_TOKEN, EvidenceCode, EvidenceError, read_token
from certs.ocsp import OcspResponse
from certs.strength import Strength
from certs.timestamp_token import MAX_CERTIFICATES, OID_OCSP_ANSWER, TimestampToken
from certs.x509 import Certificate

__all__ = ["NOTHING", "Material", "complete", "linked", "newest_on", "path_above", "path_of", "rewritten", "token_due"]

_OID_OCSP: Final = build.oid(OID_OCSP_ANSWER)
_MAX_PATH: Final = 8
_LARGE: Final = 256 * 1024              # bytes of a list that is left out where an OCSP answer says the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What judges timestamp authorities today: certificates (roots among them), revocation lists, OCSP answers."""

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
    ocsp: tuple[OcspResponse, ...] = ()


NOTHING: Final = Material()


def path_of(token: TimestampToken, material: Material) -> list[Certificate]:
    """The authority's certificate and those above it, as far as they are at hand; the signatures on them hold."""
    pool = (*material.certificates, *token.certificates)    # what is believed leads before what anybody could add
    leaf = next((certificate for certificate in pool if token.names(certificate)), None)
    return [] if leaf is None else path_above(leaf, pool)


def path_above(leaf: Certificate, pool: Sequence[Certificate]) -> list[Certificate]:
    """A certificate and those of a pool above it, to a root at most; the signatures on them hold."""
    path = [leaf]
    while not path[-1].is_self_issued and len(path) < _MAX_PATH:
        above = next((one for one in pool if one not in path and path[-1].issued_by(one)), None)
        if above is None:
            break
        path.append(above)
    return path


def token_due(token: TimestampToken, digest_algorithm: str, *, material: Material, strength: Strength,
              margin: timedelta) -> datetime | None:
    """``margin`` before a token, or the digest of what it stamps, weakens; the calendar's beginning where that would be
    before it, None where the authority's certificate is not at hand."""
    path = path_of(token, material)
    weak = strength.end(digest_algorithm, token.signature_algorithm, *(each.signature_algorithm for each in path))
    ends = [*(each.not_after for each in path), *([] if weak is None else [weak])]
    try:
        return min(ends) - margin if path else None
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def linked(token: TimestampToken, path: Sequence[Certificate]) -> list[Certificate]:
    """The path without its root, then what else in the token certifies one of these or is akin; no more than a reader
    takes.

    Without a path it is what the token has, for then nothing tells what belongs there.
    """
    if not path:
        return list(token.certificates)
    found = [one for one in path if not one.is_self_issued]
    for below in itertools.chain(path, found):
        for one in token.certificates:
            if len(found) < MAX_CERTIFICATES and one not in found and below.issued_by(one):
                found.append(one)
    # other certificates of the same keys, and of a CA by other keys, by which a revocation may be told
    akin = [one for one in token.certificates if one not in found
            and any(one.public_key.spki == each.public_key.spki or (one.is_ca and one.subject == each.subject)
                    for each in path) and any(one.issued_by(each) for each in path)]
    return [*found, *akin][:MAX_CERTIFICATES]


def newest_on(path: Sequence[Certificate], lists: Sequence[Crl]) -> list[Crl]:
    """For each certificate of a path the newest list that may show it to be good."""
    found = []
    for certificate, authority in itertools.pairwise(path):
        fitting = [crl for crl in lists if crl.counts and crl.scope.covers(certificate) and crl.issued_by(authority)]
        found += sorted(fitting, key=lambda crl: crl.newness)[-1:]
    return found


def complete(token: bytes, material: Material) -> bytes:
    """A token with the certificates of its path, and of each authority in it the newest list and answers.

    Raises:
        EvidenceError: ``evidence.bad-request``: it would become larger than a reader takes.
    """
    read = read_token(token)
    path = path_of(read, material)
    certificates = {one.der for one in linked(read, path)}
    lists = {one.der for one in read.crls}
    answers = set(read.ocsp)
    for certificate, authority in itertools.pairwise(path):
        told = [answer for answer in material.ocsp if answer.on(certificate, authority) is not None]
        answers.update(one.der for one in sorted(told, key=lambda answer: answer.produced_at)[-1:])
        fitting = [crl for crl in material.crls if not (told and len(crl.der) > _LARGE)]
        lists.update(crl.der for crl in newest_on((certificate, authority), fitting))
    found = rewritten(token, certificates, lists, answers)
    if len(found) > MAX_TOKEN:
        raise EvidenceError(
            EvidenceCode.BAD_REQUEST,
            "无法制作或续期存证：撤销列表过大，时间戳放不下，而其中没有可以略去的，请改用 OCSP 后重试",
            "evidence cannot be made or renewed: the revocation lists are too large for the time-stamp, and none may "
            "be left out; use OCSP and try again")
    return found


def rewritten(token: bytes, certificates: Iterable[bytes], lists: Iterable[bytes], answers: Iterable[bytes]) -> bytes:
    """The token (ContentInfo) with these unsigned parts, in the order of DER; what is signed stays as it is."""
    outer = Reader(token).enter(SEQUENCE)
    kind = outer.raw()
    body = outer.enter(context(0)).enter(SEQUENCE)
    body.raw(INTEGER)
    digests, content = body.raw(SET), body.raw(SEQUENCE)
    while body.peek() != SET:
        body.raw()
    told = [build.tlv(context(1), _OID_OCSP + answer) for answer in answers]
    bag, revocation = b"".join(sorted(certificates)), b"".join(sorted([*lists, *told]))
    return build.sequence(kind, build.explicit(0, build.sequence(
        build.integer(5 if told else 3), digests, content,
        build.tlv(context(0), bag) if bag else b"", build.tlv(context(1), revocation) if revocation else b"",
        body.raw(SET))))
