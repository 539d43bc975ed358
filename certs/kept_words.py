"""Which of many revocation lists and OCSP answers must not be forgotten: those that tell a revocation.

A CA may leave certificates that have ended out of its lists, and a revocation that no list at hand tells any more is
one that never was. So what tells of one is kept until others tell the very same, of the same key; what no authority at
hand has signed is a stranger's word and tells nothing of anybody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence, Set

from certs.crl import Crl, Revocation
from certs.ocsp import OcspResponse
from certs.public_key import verify_cached
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["newest", "revoking", "revoking_answers", "telling"]


def revoking(lists: Iterable[Crl], authorities: Sequence[Certificate],
             of: Iterable[Certificate] | None = None) -> list[Crl]:
    """Of the lists that authorities have signed, for each revocation the first and the last that tells it.

    The first, for an algorithm may have become weak since; the last, for a hold is asked of the newest. A revocation is
    another where its date, its reason, the signing key or what the list is on differs.

    Args:
        of: the certificates whose revocations count, by default any of the lists' issuers.
    """
    wanted = None if of is None else {(one.issuer, one.serial) for one in of}
    first: dict[tuple[object, int, Revocation], Crl] = {}
    last: dict[tuple[object, int, Revocation], Crl] = {}
    for crl, apart in sorted(_signed(lists, authorities), key=lambda each: each[0].newness):
        for serial, entry in _entries(crl, wanted):
            first.setdefault((apart, serial, entry), crl)
            last[apart, serial, entry] = crl
    return list({crl.der: crl for crl in (*first.values(), *last.values())}.values())


def _entries(crl: Crl, of: Set[tuple[bytes, int]] | None) -> Iterable[tuple[int, Revocation]]:
    if of is None:
        return crl.revoked.items()
    return [(serial, entry) for issuer, serial in of
            if issuer == crl.issuer and (entry := crl.revoked.get(serial)) is not None]


def newest(lists: Iterable[Crl], authorities: Sequence[Certificate]) -> list[Crl]:
    """Of the lists that authorities have signed, the newest of each key and of each part."""
    found: dict[object, Crl] = {}
    for crl, apart in sorted(_signed(lists, authorities), key=lambda each: each[0].newness):
        found[apart] = crl
    return list(found.values())


def telling(answers: Iterable[bytes], authorities: Sequence[Certificate]) -> list[bytes]:
    """The answers (DER) of the CAs themselves, or of responders with a certificate of theirs, that do not call good all
    that they are on; what cannot be read tells nothing."""
    kept = []
    for der in answers:
        with contextlib.suppress(EngineError):
            answer = OcspResponse.load(der)
            if any(_tells(answer, ca, authorities) for ca in dict.fromkeys(authorities)):
                kept.append(der)
    return kept


def revoking_answers(answers: Iterable[OcspResponse], authorities: Sequence[Certificate],
                     of: Sequence[Certificate]) -> list[OcspResponse]:
    """Of the answers that CAs, or responders with a certificate of theirs, gave on certificates: for each revocation
    the first and the last that tells it, and beside them the newest on that certificate, which may lift a hold."""
    first: dict[tuple[object, Revocation], OcspResponse] = {}
    last: dict[tuple[object, Revocation], OcspResponse] = {}
    latest: dict[object, OcspResponse] = {}
    held = {each.der: each for each in answers}.values()
    told = [(one, ca, status, answer) for answer in held for one in dict.fromkeys(of)
            for ca in dict.fromkeys(authorities) for status in answer.all_on(one, ca)]
    for one, ca, status, answer in sorted(told, key=lambda each: (each[2].this_update, each[3].produced_at)):
        if not _speaks_for(answer, ca, authorities):
            continue
        certificate = (one, ca.public_key.spki)
        latest[certificate] = answer
        if status.revocation is not None:
            first.setdefault((certificate, status.revocation), answer)
            last[certificate, status.revocation] = answer
    kept = (*first.values(), *last.values(), *(latest[certificate] for certificate, _ in first))
    return list({answer.der: answer for answer in kept}.values())


def _signed(lists: Iterable[Crl], authorities: Sequence[Certificate]) -> list[tuple[Crl, object]]:
    """Each list that an authority has signed, once, with what has to be equal for one to stand for another."""
    found: list[tuple[Crl, object]] = []
    for crl in {each.der: each for each in lists}.values():
        signer = next((one for one in dict.fromkeys(authorities) if crl.issued_by(one)), None)
        if signer is not None:
            found.append((crl, (signer.subject, signer.public_key.spki, crl.scope, crl.unknown_critical)))
    return found


def _tells(answer: OcspResponse, ca: Certificate, helpers: Sequence[Certificate]) -> bool:
    if all(each.status == "good" or not each.cert_id.is_of(ca) for each in answer.answers):
        return False
    return _speaks_for(answer, ca, helpers)


def _speaks_for(answer: OcspResponse, ca: Certificate, helpers: Sequence[Certificate]) -> bool:
    """Whether the CA has signed an answer, or one of those at hand or in it that the CA has certified."""
    signers = (ca, *(one for one in (*answer.certificates, *helpers) if one.issued_by(ca)))
    return any(answer.named_by(one) and verify_cached(
        one.public_key, answer.tbs, answer.signature, answer.signature_algorithm) for one in signers)
