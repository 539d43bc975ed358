"""Who is at hand: the persons whose keys a run was given, found by what the registry lets them do.

A key is decrypted when its person first acts, and by then the registry has been asked; whether the act is allowed is
decided when it is performed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from certs.persons import same_person
from certs.signer import Signer
from certs.x509 import Certificate
from codes.region import covers
from registry.actors import REGIONAL, UNIT_BOUND
from registry.tables import Actor, ActorRole

__all__ = ["Attendance", "Person"]


@dataclass(slots=True)
class Person:
    """A person at hand; ``load`` has the key decrypted."""

    certificate: Certificate
    load: Callable[[], Signer]
    _signer: Signer | None = field(default=None, init=False, repr=False)

    @property
    def signer(self) -> Signer:
        """Who signs.

        Raises:
            EngineError: whatever ``load`` raises.
        """
        if self._signer is None:
            self._signer = self.load()
        return self._signer


class Attendance:
    """Persons by the roles that they hold at one moment."""

    def __init__(self, session: Session, people: Iterable[Person], *, at: datetime) -> None:
        """Ask the registry what ``people`` may do at ``at`` (aware); of two that may, the first given is taken."""
        known: dict[str, Person] = {}
        for person in people:
            known.setdefault(person.certificate.fingerprint, person)
        order = {fingerprint: place for place, fingerprint in enumerate(known)}
        rows = session.execute(
            select(Actor.id, Actor.unit, ActorRole.role, ActorRole.region).join(Actor, ActorRole.actor == Actor.id)
            .where(Actor.dismissed_at.is_(None), ActorRole.since <= at,
                   or_(ActorRole.until.is_(None), ActorRole.until > at))) if known else ()
        self._held: dict[tuple[str, str], list[tuple[str, Person]]] = defaultdict(list)
        for row in sorted((row for row in rows if row.id in known), key=lambda row: order[row.id]):
            unit = row.unit if row.role in UNIT_BOUND else ""
            self._held[row.role, unit].append((row.region, known[row.id]))

    def find(
        self, roles: Collection[str], *, unit: str, apart: Iterable[Certificate] = (),
    ) -> Person | None:
        """Return a person who holds one of ``roles`` for the organisation with the USCC ``unit``.

        Args:
            apart: certificates of persons whom it must not be.
        """
        others = tuple(apart)
        return next((person for person in self._fitting(roles, unit)
                     if not any(same_person(person.certificate, other) for other in others)), None)

    def _fitting(self, roles: Collection[str], unit: str) -> Iterator[Person]:
        for role in roles:
            for region, person in self._held.get((role, unit if role in UNIT_BOUND else ""), ()):
                if role not in REGIONAL or covers(region, unit[2:8]):
                    yield person
