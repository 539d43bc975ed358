"""Is a certificate revoked? What revocation lists and OCSP answers say of it, and which of them may be believed.

Three rules. A revocation counts from any list or answer of the CA, however old, and whoever brought it. That a
certificate is *not* revoked is believed of the newest one alone that is in force at the moment in question, and only if
that one says so. Where there is none, nothing is known: silence is never consent.

A list is the CA's by its signature. An answer is the CA's if the CA signed it, or a responder whose certificate that
same CA issued for OCSPSigning, was valid then, and is not revoked (RFC 6960 clause 4.2.2.2).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from certs.crl import Crl, Revocation
from certs.moments import CLOCKS_DIFFER
from certs.ocsp import OID_OCSP_SIGNING, OcspResponse, OcspStatus
from certs.public_key import verify_cached
from certs.x509 import Certificate

__all__ = [
    "NOTHING_CARRIED", "Carried", "Doubt", "Others", "Said", "decisive", "lost_since", "revocation_of", "said_of",
    "suspicion",
]

_HOLD: Final = "certificateHold"
# Reasons that leave the key with its owner, so that what it signed before stays true.
_KEY_LOST: Final = frozenset({"keyCompromise", "cACompromise", "aACompromise"})
_KEY_KEPT: Final = frozenset({"affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn"})


Carried = tuple[tuple[Crl, ...], tuple[OcspResponse, ...]]
"""Revocation lists and OCSP answers that a file, a timestamp or the evidence beside a file carries. Whoever made it
chose them: they can show a revocation, and that a certificate was good at a moment that is proven and past."""
NOTHING_CARRIED: Final[Carried] = ((), ())


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
    """
    lists = [(crl, chosen) for chosen, held in ((False, crls), (True, carried[0])) for crl in held
             if not crl.scope.elsewhere and (crl.issued_by(ca) or any(crl.issued_by(each) for each in others.keys))]
    told = [_weighed(_list_says(crl, certificate, at, latest, own_key=crl.issued_by(ca)), chosen and not carried_count,
                     lost_at) for crl, chosen in lists]
    for chosen, held in ((False, ocsp), (True, carried[1])):
        for response in held:
            answers = response.all_on(certificate, ca)
            if response.unknown_critical or not answers:
                continue
            by_ca = [(crl, chosen and not carried_count) for crl, chosen in lists if crl.issued_by(ca)]
            wrong, believed = _entitled(response, ca, by_ca, at, latest, tuple(helpers))
            told += [_weighed(Said(
                source=response, this_update=answer.this_update, until=_until(answer), revocation=answer.revocation,
                believed=believed, doubt=wrong or _answer_says(response, answer, certificate, at, latest)),
                chosen and not carried_count, lost_at) for answer in answers]
    return (*told, *_on_twins(others, (*crls, *carried[0])))


def _weighed(said: Said, chosen: bool, lost_at: datetime | None) -> Said:
    """The same where the file's maker chose it, or the key may have been somebody else's when it was said."""
    if said.doubt not in (Doubt.NONE, Doubt.UNKNOWN):
        return said
    made = max(said.this_update, said.source.produced_at) if isinstance(said.source, OcspResponse) else said.this_update
    if lost_at is not None and made >= lost_at:
        return replace(said, doubt=Doubt.CA_LOST)
    return replace(said, doubt=Doubt.CHOSEN) if chosen else said


def _on_twins(others: Others, crls: Sequence[Crl]) -> list[Said]:
    """Losses of the same key that are told of another certificate."""
    found = []
    for twin, issuer in others.twins:
        for crl in crls:
            entry = crl.revoked.get(twin.serial)
            if entry is not None and entry.reason in _KEY_LOST and crl.understood and not crl.scope.elsewhere and (
                    crl.issued_by(issuer)):
                found.append(Said(source=crl, this_update=crl.this_update, until=crl.next_update, revocation=entry,
                                  doubt=Doubt.OTHERS))
    return found


def _list_says(crl: Crl, certificate: Certificate, at: datetime, latest: datetime, *, own_key: bool = True) -> Said:
    doubt = Doubt.OTHERS
    if own_key and crl.counts and crl.scope.covers(certificate):
        doubt = Doubt.STALE if crl.next_update is None else _timely(
            crl.this_update, crl.next_update, at, latest + CLOCKS_DIFFER)
        doubt = doubt or _complete(certificate, crl.this_update, crl.expired_since)
    return Said(source=crl, this_update=crl.this_update, until=crl.next_update, believed=crl.understood,
                revocation=crl.revoked.get(certificate.serial), doubt=doubt)


def _answer_says(response: OcspResponse, answer: OcspStatus, certificate: Certificate, at: datetime,
                 latest: datetime) -> Doubt:
    doubt = _timely(max(answer.this_update, response.produced_at), _until(answer), at, latest + CLOCKS_DIFFER)
    if not doubt and answer.status == "unknown":
        return Doubt.UNKNOWN
    return doubt or _complete(certificate, answer.this_update, answer.archived_since)


def _until(answer: OcspStatus) -> datetime:
    """An answer that names no end is one of the moment: the next question may be answered otherwise."""
    return answer.next_update or answer.this_update + CLOCKS_DIFFER


def _complete(certificate: Certificate, this_update: datetime, since: datetime | None) -> Doubt:
    """Whether what was made then still tells of the certificate: revoked ones may be left out once expired."""
    expired = this_update > certificate.not_after
    return Doubt.TOO_LATE if expired and (since is None or since > certificate.not_after) else Doubt.NONE


def _timely(this_update: datetime, until: datetime, at: datetime, latest: datetime) -> Doubt:
    if this_update > latest:
        return Doubt.FUTURE
    return Doubt.NONE if at <= until else Doubt.STALE


def _entitled(response: OcspResponse, ca: Certificate, lists: Sequence[tuple[Crl, bool]], at: datetime,
              latest: datetime, helpers: Sequence[Certificate]) -> tuple[Doubt, bool]:
    """Why an answer may not decide at that moment, and whether it is the CA's word all the same.

    Args:
        lists: of the CA, and of each whether it was chosen by the file's maker and shows nothing to be good.
    """
    if response.named_by(ca) and _signed(response, ca):
        return Doubt.NONE, True
    for responder in (*response.certificates, *helpers):
        if not response.named_by(responder) or not _may_answer(responder, ca) or not _signed(response, responder):
            continue
        entries = (crl.revoked.get(responder.serial) for crl, _ in lists)
        if any(entry is not None and (entry.reason not in _KEY_KEPT or entry.effective_at <= response.produced_at)
               for entry in entries):
            return Doubt.RESPONDER_REVOKED, False
        then = responder.valid_at(response.produced_at)
        if not then or at > responder.not_after:
            return Doubt.RESPONDER_EXPIRED, then
        checked = responder.ocsp_nocheck or any(
            not chosen and not _list_says(crl, responder, at, latest).doubt for crl, chosen in lists)
        return (Doubt.NONE if checked else Doubt.RESPONDER_UNCHECKED), checked
    return Doubt.STRANGER, False


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
    """The revocation that counts, None without one.

    A hold counts while no newer word in force says that it was lifted.

    Args:
        proven_at: a moment at which the signature is proven to have existed; a later revocation does no harm then.
    """
    return _first(told, decisive(told), proven_at, believed=True)


def suspicion(told: Sequence[Said], *, proven_at: datetime | None) -> Revocation | None:
    """A revocation told by whom the CA has authorised, though it may not be its word: enough to withhold "good"."""
    return _first([said for said in told if said.doubt is not Doubt.STRANGER], decisive(told), proven_at,
                  believed=False)


def _first(told: Sequence[Said], newest: Said | None, proven_at: datetime | None, *,
           believed: bool) -> Revocation | None:
    for said in told:
        entry = said.revocation
        if entry is None or said.believed is not believed:
            continue
        if entry.reason == _HOLD and (
                said.doubt is Doubt.FUTURE or newest is None or said.this_update < newest.this_update):
            continue
        if proven_at is not None and entry.effective_at > proven_at:
            continue
        return entry
    return None


def lost_since(told: Sequence[Said]) -> datetime | None:
    """Since when somebody else may have had the key, as far as is told; None where nothing says so."""
    return min((said.revocation.effective_at for said in told if said.revocation is not None and said.believed
                and said.revocation.reason not in _KEY_KEPT | {_HOLD}), default=None)
