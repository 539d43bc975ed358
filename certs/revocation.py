"""Is a certificate revoked? What revocation lists and OCSP answers say of it, and which of them may be believed.

Three rules. A revocation counts from any list or answer of the CA, however old, and whoever brought it. That a
certificate is *not* revoked is believed of the newest one alone that is in force at the moment in question, and only if
that one says so. Where there is none, nothing is known: silence is never consent.

A list is the CA's by its signature. An answer is the CA's if the CA signed it, or a responder whose certificate that
same CA issued for OCSPSigning, was valid then, and is not revoked (RFC 6960 clause 4.2.2.2). Where that certificate has
ended since, somebody else may have its key and write an earlier time: the answer then shows nothing to be good unless
it is proven to have existed before. What is signed by an algorithm that was weak at its time may be anybody's.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from certs.carried import NOTHING_CARRIED, Carried
from certs.crl import Crl, Revocation
from certs.crl_entries import HOLD
from certs.moments import CLOCKS_DIFFER, later
from certs.ocsp import OID_OCSP_SIGNING, OcspResponse, OcspStatus
from certs.public_key import verify_cached
from certs.strength import STRONG, Strength
from certs.x509 import Certificate

__all__ = [
    "Doubt", "Others", "Said", "decisive", "lost_since", "revocation_of", "said_of", "says_all", "suspicion",
    "told_as_fact",
]

# Reasons that leave the key with its owner, so that what it signed before stays true.
_KEY_LOST: Final = frozenset({"keyCompromise", "cACompromise", "aACompromise"})
_KEY_KEPT: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn"})


class Doubt(enum.StrEnum):
    """Why what was said does not show that a certificate is good; ``NONE`` when it does show that."""

    NONE = ""
    STALE = "stale"
    FUTURE = "future"
    TOO_LATE = "too-late"                # made when the certificate had expired, and may leave out what is past
    OTHERS = "others"                    # a list on other certificates of the same CA
    UNKNOWN = "unknown"                  # a responder that does not know the certificate
    STRANGER = "stranger"                # signed by none that may answer for the CA
    RESPONDER_EXPIRED = "responder-expired"
    RESPONDER_REVOKED = "responder-revoked"
    RESPONDER_UNCHECKED = "responder-unchecked"
    CHOSEN = "chosen"                    # by whoever made the file
    CA_LOST = "ca-lost"                  # said when the CA's key may have been somebody else's
    WEAK = "weak"                        # signed by an algorithm that was not strong any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one list or answer says of one certificate.

    ``until`` is the end of its time, None for a list that names none. ``believed`` says that it is the CA's own word;
    ``doubt`` why it is not enough for calling the certificate good.
    """

    source: Crl | OcspResponse
    this_update: datetime
    until: datetime | None
    revocation: Revocation | None
    doubt: Doubt
    believed: bool = True

    @property
    def in_force(self) -> bool:
        """Whether it may decide: the CA's word at that moment, though it may be that the certificate is unknown."""
        return self.believed and self.doubt in (Doubt.NONE, Doubt.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What else is told by: ``keys`` are the CA's certificates of other keys, ``twins`` other certificates of the key
    that is asked about, each with its issuer."""

    keys: tuple[Certificate, ...] = ()
    twins: tuple[tuple[Certificate, Certificate], ...] = ()


NO_OTHERS: Final = Others()


def said_of(
    certificate: Certificate, ca: Certificate, *, crls: Iterable[Crl], ocsp: Iterable[OcspResponse],
    at: datetime, latest: datetime, helpers: Iterable[Certificate] = (), carried: Carried = NOTHING_CARRIED,
    carried_count: bool = False, lost_at: datetime | None = None, others: Others = NO_OTHERS,
    strength: Strength = STRONG,
) -> tuple[Said, ...]:
    """Return what all lists and answers say of a certificate that ``ca`` issued; what is no word on it is left out.

    Args:
        at: the moment in question (aware).
        latest: the present, or ``at`` where that is later; nothing newer is believed to be in force.
        helpers: certificates among which a responder's may be that did not ride in its answer.
        carried: lists and answers that whoever made the file chose; they show a revocation, and that a certificate is
            good only where ``carried_count``.
        lost_at: since when somebody else may have the CA's key: what is said from then on shows nothing to be good.
        others: further keys of the CA, whose lists may show a revocation, and further certificates of the same key.
        strength: until when algorithms are strong; that of a list or an answer must be at ``at`` and when it was made.
    """
    against = carried.against
    lists = [(crl, chosen, crl.issued_by(ca))
             for chosen, held in ((False, crls), (not carried_count, carried.crls), (True, against))
             for crl in held if isinstance(crl, Crl) and not crl.scope.elsewhere]
    told = [_weighed(_list_says(crl, certificate, at, latest, strength, own_key=own_key), chosen, lost_at)
            for crl, chosen, own_key in lists
            if own_key or any(crl.issued_by(each) for each in others.keys)]
    by_ca = [(crl, chosen) for crl, chosen, own_key in lists if own_key]
    for chosen, answers in ((False, ocsp), (not carried_count, carried.ocsp), (True, against)):
        for response in answers:
            said = response.all_on(certificate, ca) if isinstance(response, OcspResponse) else []
            if not isinstance(response, OcspResponse) or response.unknown_critical or not said:
                continue
            right = _entitled(response, ca, by_ca, at, latest, tuple(helpers), strength,
                              known_at=carried.known_at.get(response.der))
            told += [_weighed(_answer_says(response, answer, certificate, at, latest, right, strength), chosen, lost_at)
                     for answer in said]
    held = (crl for crl in (*crls, *carried.crls, *against) if isinstance(crl, Crl))
    return (*told, *_on_twins(others, tuple(held), strength))


def _weighed(said: Said, chosen: bool, lost_at: datetime | None) -> Said:
    """The same where the file's maker chose it, or the key may have been somebody else's when it was said."""
    if said.doubt not in (Doubt.NONE, Doubt.UNKNOWN):
        return said
    if lost_at is not None and _made(said.source, said.this_update) >= lost_at:
        return replace(said, doubt=Doubt.CA_LOST)
    return replace(said, doubt=Doubt.CHOSEN) if chosen else said


def _made(source: Crl | OcspResponse, this_update: datetime) -> datetime:
    return max(this_update, source.produced_at) if isinstance(source, OcspResponse) else this_update


def _on_twins(others: Others, crls: Sequence[Crl], strength: Strength) -> list[Said]:
    """Losses of the same key that are told of another certificate."""
    found = []
    for twin, issuer in others.twins:
        for crl in crls:
            entry = crl.revoked.get(twin.serial)
            if entry is not None and entry.reason in _KEY_LOST and crl.understood and not crl.scope.elsewhere and (
                    crl.issued_by(issuer)):
                found.append(Said(source=crl, this_update=crl.this_update, until=crl.next_update, revocation=entry,
                                  doubt=Doubt.OTHERS,
                                  believed=strength.holds(crl.this_update, crl.signature_algorithm)))
    return found


def _list_says(crl: Crl, certificate: Certificate, at: datetime, latest: datetime, strength: Strength, *,
               own_key: bool = True) -> Said:
    doubt, made = Doubt.OTHERS, crl.this_update
    if own_key and crl.counts and crl.scope.covers(certificate):
        doubt = Doubt.STALE if crl.next_update is None else _timely(made, crl.next_update, at, latest)
        doubt = doubt or _complete(certificate, made, crl.expired_since) or _weak(
            strength, max(at, made), crl.signature_algorithm)
    return Said(source=crl, this_update=made, until=crl.next_update, revocation=crl.revoked.get(certificate.serial),
                doubt=doubt, believed=crl.understood and strength.holds(made, crl.signature_algorithm))


def _answer_says(response: OcspResponse, answer: OcspStatus, certificate: Certificate, at: datetime, latest: datetime,
                 right: _Right, strength: Strength) -> Said:
    made = _made(response, answer.this_update)
    doubt = right.doubt or _timely(made, _until(answer), at, latest) or _weak(
        strength, max(at, made), *right.algorithms)
    if not doubt:
        doubt = Doubt.UNKNOWN if answer.status == "unknown" else _complete(
            certificate, answer.this_update, answer.archived_since)
    return Said(source=response, this_update=answer.this_update, until=_until(answer), revocation=answer.revocation,
                doubt=doubt, believed=right.believed and strength.holds(made, *right.algorithms))


def _weak(strength: Strength, at: datetime, *algorithms: str) -> Doubt:
    return Doubt.NONE if strength.holds(at, *algorithms) else Doubt.WEAK


def _until(answer: OcspStatus) -> datetime:
    """An answer that names no end is one of the moment: the next question may be answered otherwise."""
    return answer.next_update or later(answer.this_update, CLOCKS_DIFFER)


def _complete(certificate: Certificate, this_update: datetime, since: datetime | None) -> Doubt:
    """Whether what was made then still tells of the certificate: revoked ones may be left out once expired."""
    expired = this_update > certificate.not_after
    return Doubt.TOO_LATE if expired and (since is None or since > certificate.not_after) else Doubt.NONE


def _timely(this_update: datetime, until: datetime, at: datetime, latest: datetime) -> Doubt:
    if this_update > later(latest, CLOCKS_DIFFER):
        return Doubt.FUTURE
    return Doubt.NONE if at <= until else Doubt.STALE


@dataclass(frozen=True, slots=True)
class _Right:
    """Why an answer may not decide, whether it is the CA's word all the same, and the algorithms that it rests on."""

    doubt: Doubt
    believed: bool
    algorithms: tuple[str, ...] = ()


def _entitled(response: OcspResponse, ca: Certificate, lists: Sequence[tuple[Crl, bool]], at: datetime,
              latest: datetime, helpers: Sequence[Certificate], strength: Strength, *,
              known_at: datetime | None) -> _Right:
    """Whose word an answer is at that moment.

    Args:
        lists: of the CA, and of each whether it was chosen by the file's maker and shows nothing to be good.
        known_at: when the answer is proven to have existed.
    """
    if response.named_by(ca) and _signed(response, ca):
        return _Right(Doubt.NONE, True, (response.signature_algorithm,))
    for responder in (*response.certificates, *helpers):
        if not response.named_by(responder) or not _may_answer(responder, ca) or not _signed(response, responder):
            continue
        algorithms = (response.signature_algorithm, responder.signature_algorithm)
        entries = (crl.revoked.get(responder.serial) for crl, _ in lists)
        if any(entry is not None and (entry.reason not in _KEY_KEPT or entry.effective_at <= response.produced_at)
               for entry in entries):
            return _Right(Doubt.RESPONDER_REVOKED, False, algorithms)
        then = responder.valid_at(response.produced_at)
        if not then or max(at, min(latest, known_at or latest)) > responder.not_after:
            return _Right(Doubt.RESPONDER_EXPIRED, then, algorithms)
        checked = responder.ocsp_nocheck or any(
            not chosen and not _list_says(crl, responder, at, latest, strength).doubt for crl, chosen in lists)
        return _Right(Doubt.NONE if checked else Doubt.RESPONDER_UNCHECKED, checked, algorithms)
    return _Right(Doubt.STRANGER, False, (response.signature_algorithm,))


def _may_answer(responder: Certificate, ca: Certificate) -> bool:
    """Whether ``ca`` itself has given the certificate the right to answer for it; anyExtendedKeyUsage is not enough."""
    usage = responder.key_usage
    return (
        OID_OCSP_SIGNING in (responder.ext_key_usage or ()) and not responder.is_ca and not responder.unknown_critical
        and (usage is None or bool(usage & {"digitalSignature", "nonRepudiation"})) and responder.issued_by(ca))


def _signed(response: OcspResponse, by: Certificate) -> bool:
    return verify_cached(by.public_key, response.tbs, response.signature, response.signature_algorithm)


def decisive(told: Iterable[Said]) -> Said | None:
    """The newest word in force, by which alone a certificate may be good; of equally new ones the worst."""
    return max((said for said in told if said.in_force), default=None, key=lambda said: (
        said.this_update, said.revocation is not None, said.doubt is Doubt.UNKNOWN))


def revocation_of(told: Sequence[Said], *, proven_at: datetime | None) -> Revocation | None:
    """The revocation that counts, None without one: the earliest, of equally early ones the gravest.

    Args:
        proven_at: a moment at which the signature is proven to have existed; a later revocation does no harm then.
    """
    return _first(told, told, proven_at, believed=True)


def suspicion(told: Sequence[Said], *, proven_at: datetime | None) -> Revocation | None:
    """A revocation told by whom the CA has authorised, though it may not be its word: enough to withhold "good"."""
    return _first([said for said in told if said.doubt is not Doubt.STRANGER], told, proven_at, believed=False)


def _first(candidates: Iterable[Said], told: Sequence[Said], proven_at: datetime | None, *,
           believed: bool) -> Revocation | None:
    entries = [said.revocation for said in candidates
               if said.revocation is not None and said.believed is believed
               and (said.revocation.reason != HOLD or _stands(said, told))
               and (proven_at is None or said.revocation.effective_at <= proven_at)]
    return min(entries, default=None, key=lambda entry: (entry.effective_at, _gravity(entry), entry.revoked_at))


def _gravity(entry: Revocation) -> int:
    """The gravest first: the key is lost, or may be for all that is said, or is not, or the certificate is on hold."""
    if entry.reason in _KEY_LOST:
        return 0
    return 3 if entry.reason == HOLD else 2 if entry.reason in _KEY_KEPT else 1


def _stands(hold: Said, told: Sequence[Said]) -> bool:
    """Whether a hold counts. A newer word in force lifts it by not revoking the certificate; one that revokes it for
    good, or does not know it, does not: the certificate has not been good since the hold."""
    if any(said.in_force and said.doubt is Doubt.NONE and said.revocation is None
           and said.this_update > hold.this_update for said in told):
        return False
    if any(said.believed and said.revocation is not None and said.revocation.reason != HOLD for said in told):
        return True
    # where nothing at all is in force, it is not known how the hold has ended
    return hold.doubt is not Doubt.FUTURE and decisive(told) is not None


def says_all(entry: Revocation, of: Revocation) -> bool:
    """Whether an entry says all that another one says: not good from no later moment on, for no lighter a reason.

    Where a key is lost later, the loss began with a hold, and not with a revocation that left the key with its owner.
    """
    graver = entry.reason not in _KEY_KEPT if of.reason == HOLD else _gravity(entry) <= _gravity(of)
    return graver and entry.effective_at <= of.effective_at


def told_as_fact(told: Iterable[Said]) -> tuple[Said, ...]:
    """What is the CA's word for certain: not what a responder may have signed whose certificate has ended, and whose
    key may be somebody else's."""
    return tuple(said for said in told if said.believed and said.doubt is not Doubt.RESPONDER_EXPIRED)


def lost_since(told: Sequence[Said]) -> datetime | None:
    """Since when somebody else may have had the key, as far as is told; None where nothing says so. A hold that ended
    in the loss was its beginning."""
    lost = [said for said in told if said.revocation is not None and said.believed
            and said.revocation.reason not in _KEY_KEPT | {HOLD}]
    holds = [said for said in told if said.revocation is not None and said.believed
             and said.revocation.reason == HOLD and _stands(said, told)] if lost else []
    return min((said.revocation.effective_at for said in (*lost, *holds) if said.revocation is not None), default=None)
