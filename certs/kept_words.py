"""Which of many revocation lists and OCSP answers must not be forgotten: those that tell a revocation.

A CA may leave certificates that have ended out of its lists, and a revocation that no list at hand tells any more is
one that never was. So what tells of one is kept until others tell the very same, of the same key; what no authority at
hand has signed is a stranger's word and tells nothing of anybody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

from certs.crl import Crl, Revocation
from certs.ocsp import OcspResponse
from certs.public_key import verify_cached
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["newest", "revoking", "telling"]


def revoking(lists: Iterable[Crl], authorities: Sequence[Certificate]) -> list[Crl]:
    """Of the lists that authorities have signed, for each revocation the first and the last that tells it.

    The first, for an algorithm may have become weak since; the last, for a hold is asked of the newest. A revocation is
    another where its date, its reason, the signing key or what the list is on differs.
    """
    first: dict[tuple[object, int, Revocation], Crl] = {}
    last: dict[tuple[object, int, Revocation], Crl] = {}
    for crl, apart in sorted(_signed(lists, authorities), key=lambda each: each[0].newness):
        for serial, entry in crl.revoked.items():
            first.setdefault((apart, serial, entry), crl)
            last[apart, serial, entry] = crl
    return list({crl.der: crl for crl in (*first.values(), *last.values())}.values())


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
    signers = (ca, *(one for one in (*answer.certificates, *helpers) if one.issued_by(ca)))
    return any(answer.named_by(one) and verify_cached(
        one.public_key, answer.tbs, answer.signature, answer.signature_algorithm) for one in signers)
