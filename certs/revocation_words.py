"""Which of several lists or answers of one CA have to be at hand, and which may go.

A revocation counts from any list or answer, however old. So a word takes the place of another one only if it is newer,
is of the same key on the same certificates, and tells every revocation that the other told, from no later moment on and
no more lightly. A hold alone may be missing: a newer word in force that does not name the certificate has lifted it.
Otherwise both lie side by side, until others tell all that one of them tells. What is dated in the future has its own
order, so that it stands in nobody's way; and what no CA at hand has signed is no word at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from certs.crl import Crl, Revocation
from certs.crl_entries import HOLD, Entries
from certs.moments import CLOCKS_DIFFER, later
from certs.ocsp import OcspResponse
from certs.revocation import Doubt, Said, said_of, says_all
from certs.revocation_errors import CODE_BY_DOUBT, RevocationCode
from certs.x509 import Certificate

__all__ = ["Heard", "Word", "answer_word", "list_word", "needed", "newest"]

_T = TypeVar("_T", bound=Crl | OcspResponse)
Newness = tuple[datetime, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Word:
    """What a list or an answer says, held to be the CA's.

    Attributes:
        part: what two words have in common of which one may take the place of the other: the CA's key, the algorithm,
            the certificates; and whether they are of the future.
        made, latest: when, and of one second which number; of an answer about several certificates the first moment
            and the last.
        tells: revocations by serial number.
        mute: serial numbers of which it says nothing, though it does not name them as revoked.
        certain: whether it is the CA's for certain, and not perhaps that of somebody who has a responder's old key.
    """

    source: Crl | OcspResponse
    part: str
    made: Newness
    latest: Newness
    tells: Mapping[int, Revocation]
    mute: frozenset[int]
    in_force: bool
    certain: bool = True

    def clears(self, serial: int) -> bool:
        """Whether it says of a certificate that it is not revoked."""
        return serial not in self.tells and serial not in self.mute


@dataclass(frozen=True, slots=True)
class Heard(Generic[_T]):
    """A list or an answer that was fetched, what it says of the certificate that was asked about, and all it says."""

    thing: _T
    said: Said
    word: Word

    @property
    def on_it(self) -> bool:
        """Whether it can say that the certificate is good, now or before."""
        return self.said.doubt not in (Doubt.FUTURE, Doubt.OTHERS)

    def refused(self, held: Sequence[Word]) -> RevocationCode | None:
        """Why it does not take the place of what was had, though a revocation in it counts; None where it does."""
        if isinstance(self.thing, Crl) and not self.thing.counts:
            return RevocationCode.UNUSABLE
        if not self.on_it:
            return CODE_BY_DOUBT[self.said.doubt]
        same = [one for one in held if one.part == self.word.part]
        return RevocationCode.REPLAYED if newest([*same, self.word]) is not self.word else None


def list_word(crl: Crl, *, authorities: Iterable[Certificate], certificates: Iterable[Certificate],
              now: datetime) -> Word | None:
    """Return what a list says; None where no authority has signed it, or its entries may be something else.

    Args:
        certificates: those at hand. Of one that has ended since, or that it is not on, the list says nothing.
        now: the present, aware.
    """
    signer = next((one for one in dict.fromkeys(authorities) if crl.issued_by(one)), None)
    if signer is None or not crl.understood or crl.scope.elsewhere:
        return None
    future = crl.this_update > later(now, CLOCKS_DIFFER)
    silent = frozenset(
        one.serial for one in certificates if one.issuer == crl.issuer for said in said_of(
            one, signer, crls=[crl], ocsp=(), at=now, latest=now) if said.doubt in (Doubt.TOO_LATE, Doubt.OTHERS))
    return Word(
        source=crl, made=crl.newness, latest=crl.newness, tells=crl.revoked, mute=silent,
        part=_part(signer, crl, sorted(crl.scope.names), crl.scope.users_only, crl.scope.cas_only, crl.scope.odd,
                   sorted(crl.unknown_critical), future),
        in_force=crl.counts and not future and crl.next_update is not None and now <= crl.next_update)


def answer_word(answer: OcspResponse, pairs: Iterable[tuple[Certificate, Certificate]], *, crls: Sequence[Crl],
                helpers: Sequence[Certificate] = (), now: datetime) -> Word | None:
    """Return what an answer says; None where it is on none of these certificates, or is not believed.

    Args:
        pairs: certificates at hand, each with its issuer.
        crls: lists by which responders are judged.
        helpers: certificates among which a responder's may be.
        now: the present, aware.
    """
    said = [(certificate, ca, one) for certificate, ca in pairs if answer.all_on(certificate, ca)
            for one in said_of(certificate, ca, crls=crls, ocsp=[answer], at=now, latest=now, helpers=helpers)
            if one.source is answer]
    if not said or not all(one.believed for _, _, one in said):
        return None
    ca = said[0][1]
    own = [one for one in answer.answers if one.cert_id.is_of(ca)]
    serials = frozenset(one.cert_id.serial for one in own)
    tells: dict[int, Revocation] = {}
    for one in own:
        serial, entry = one.cert_id.serial, one.revocation
        if entry is not None and (serial not in tells or says_all(entry, tells[serial])):
            tells[serial] = entry
    cleared = {certificate.serial for certificate, _, one in said if one.doubt is Doubt.NONE}
    made = [one.this_update for one in own]
    future = max(answer.produced_at, *made) > later(now, CLOCKS_DIFFER)
    return Word(
        source=answer, made=(min(made), 0), latest=(max(made), 0), tells=tells, mute=serials - cleared,
        part=_part(ca, answer, sorted(serials), future), in_force=bool(cleared),
        certain=all(one.doubt is not Doubt.RESPONDER_EXPIRED for _, _, one in said))


def _part(ca: Certificate, source: Crl | OcspResponse, *on: object) -> str:
    return repr((ca.subject, ca.public_key.spki, source.signature_algorithm, *on))


def newest(words: Iterable[Word]) -> Word | None:
    """Return the newest of the words of one part; of equally new ones one that tells all that the others tell."""
    found: Word | None = None
    for word in words:
        if found is None or word.made > found.latest or (
                word.made == found.latest and all(_told(each, [word], (found, word)) for each in _beyond(found, word))):
            found = word
    return found


def needed(words: Sequence[Word]) -> list[Word]:
    """Return those that have to be at hand: of each part the newest, the newest in force, and what tells what no other
    one tells."""
    return [word for part in dict.fromkeys(one.part for one in words)
            for word in _needed([one for one in words if one.part == part])]


def _needed(words: Sequence[Word]) -> list[Word]:
    """Those of one part."""
    head = newest(words)
    decide = (head, newest(one for one in words if one.in_force))
    left = list(words)
    for word in sorted(words, key=lambda one: one.made):
        if word not in decide and head is not None:
            others = [one for one in left if one is not word]
            if all(_told(each, others, words) for each in _beyond(word, head)):
                left.remove(word)
    for word in left:                    # a hold that stays, and was lifted before the newest revoked for good
        for entry in _holds(word):
            if head is not None and head.tells.get(entry.serial) != entry.revocation:
                lifting = newest(one for one in words if _lifts(one, entry))
                if lifting is not None and lifting not in left:
                    left.append(lifting)
    return left


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a word says of one certificate."""

    word: Word
    serial: int
    revocation: Revocation


def _beyond(word: Word, other: Word) -> Iterator[_Entry]:
    """What a word tells, without what a list as new or newer says in the very same bytes."""
    told, too = word.tells, other.tells
    serials = told.beyond(too) if isinstance(told, Entries) and isinstance(too, Entries) else iter(told)
    return (_Entry(word, serial, told[serial]) for serial in serials)


def _holds(word: Word) -> Iterator[_Entry]:
    serials = word.tells.holds() if isinstance(word.tells, Entries) else iter(word.tells)
    return (_Entry(word, serial, word.tells[serial]) for serial in serials if word.tells[serial].reason == HOLD)


def _told(entry: _Entry, others: Iterable[Word], words: Sequence[Word]) -> bool:
    """Whether one of the others says all that an entry says, or has lifted it."""
    return any(_says(other, entry, words) or (other.in_force and _lifts(other, entry)) for other in others)


def _says(other: Word, entry: _Entry, words: Sequence[Word]) -> bool:
    said = other.tells.get(entry.serial)
    if said is None or (entry.word.certain and not other.certain) or not says_all(said, entry.revocation):
        return False
    # a hold that was told before has perhaps been lifted in between
    return said.reason != HOLD or other.made >= entry.word.latest or not any(
        one.made > other.latest and one.clears(entry.serial) for one in words)


def _lifts(other: Word, entry: _Entry) -> bool:
    return entry.revocation.reason == HOLD and other.made > entry.word.latest and other.clears(entry.serial)
