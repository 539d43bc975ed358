"""Which seals come to their end, and how far their renewal has come."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from certs.demo_pki import CHINA_TIME
from certs.der import SEQUENCE, Reader, context
from registry.states import LIVE, SealType, State, renewal_opens
from registry.tables import Organisation, Seal

__all__ = ["DueSeal", "DueStatus", "due_seals", "last_day", "to_renew"]

_USED: Final = (State.IN_USE, State.SUSPENDED)


class DueStatus(enum.StrEnum):
    """How a seal that comes to its end stands."""

    RENEWABLE = "renewable"
    NOT_YET = "not-yet"              # its renewal is not open yet
    UNDER_WAY = "under-way"          # a successor is being made
    SCHEDULED = "scheduled"          # a successor takes over at a set moment
    SUSPENDED = "suspended"          # it is renewed only when it is in use again
    EXPIRED = "expired"              # too late: a new application


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSeal:
    """A seal that comes to its end.

    Attributes:
        case, seal_id: of the seal; code, organisation: of the body it belongs to.
        name: on the seal; "" where it would be a person's (电子名章).
        ends: the last moment of the seal or of one of its certificates, whichever comes first, or the moment at which
            it was to hand over to a successor that is no more; valid_end: the last moment of the seal itself.
        opens: from when on it may be renewed (B第8条): 30 days before it or one of its certificates ends.
        successor: the case that renews it; None where there is none. successor_state is its state, starts the first
            moment of its use.
    """

    case: str
    seal_id: str
    code: str
    organisation: str
    name: str
    type: SealType
    ends: datetime
    valid_end: datetime
    opens: datetime
    status: DueStatus
    successor: str | None = None
    successor_state: State | None = None
    starts: datetime | None = None


def last_day(at: datetime, days: int) -> datetime:
    """Return the first moment after the calendar day in China that is ``days`` after that of ``at``."""
    day = at.astimezone(CHINA_TIME).date() + timedelta(days=days + 1)
    return datetime.combine(day, time(), CHINA_TIME).astimezone(UTC)


def due_seals(session: Session, *, at: datetime, days: int) -> tuple[DueSeal, ...]:
    """Return the seals in use that end within so many calendar days, the earliest first.

    One whose renewal was arranged is among them until its successor takes over; one that has expired, until another
    seal of the same name is under way.

    Args:
        at: the present, aware.
        days: today is day 0; 30 takes in every seal whose renewal is open.

    Source: 003 B第8条.
    """
    limit = last_day(at, days)
    found = [due for due in _read(session, _in_use(at), at) if due.ends < limit]
    if any(due.status is DueStatus.EXPIRED for due in found):
        replaced = _replaced(session, at)
        found = [due for due in found if due.case not in replaced]
    return tuple(sorted(found, key=lambda due: (due.ends, due.case)))


def to_renew(session: Session, *, at: datetime, start: datetime, codes: Collection[str]) -> tuple[DueSeal, ...]:
    """Return the seals of some organisations that are used now, whenever they end.

    Args:
        at: the present, aware.
        start: a seal that handed over at this moment counts instead of the one that took over from it, so that a
            rotation given again finds what it did.
        codes: USCC of the organisations.
    """
    query = select(*_COLUMNS).join(Organisation, Seal.organisation == Organisation.code).where(
        Seal.state.in_(_USED), Seal.seal_id.is_not(None), Seal.organisation.in_(sorted(codes)),
        or_(Seal.in_use_until.is_(None), Seal.in_use_until > at, Seal.in_use_until == start)).order_by(Seal.case)
    found = {due.case: due for due in _read(session, query, at)}
    taken_over = {due.successor for due in found.values()}
    return tuple(due for due in found.values() if due.case not in taken_over)


_COLUMNS: Final = (
    Organisation.code, Organisation.name.label("organisation"), Seal.case, Seal.name, Seal.type, Seal.state,
    Seal.seal_id, Seal.data_certificate, Seal.pdf_certificate, Seal.valid_end, Seal.in_use_until)


def _in_use(at: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS).join(Organisation, Seal.organisation == Organisation.code)
        .where(Seal.state.in_(_USED), Seal.seal_id.is_not(None),
               or_(Seal.in_use_until.is_(None), Seal.in_use_until > at)))


def _read(session: Session, query: Select[*tuple[Any, ...]], at: datetime) -> Iterable[DueSeal]:
    successors = {row.predecessor: row for row in session.execute(
        select(Seal.predecessor, Seal.case, Seal.state, Seal.in_use_from)
        .where(Seal.predecessor.is_not(None), Seal.state.in_(LIVE)))}
    for row in session.execute(query):
        yield _due(row, successors.get(row.case), at)


def _due(row: Row[*tuple[Any, ...]], successor: Row[*tuple[Any, ...]] | None, at: datetime) -> DueSeal:
    ends = [row.valid_end, *(_not_after(der) for der in (row.data_certificate, row.pdf_certificate) if der)]
    opens = renewal_opens(min(ends))
    if row.in_use_until is not None and successor is None:
        ends.append(row.in_use_until)
    return DueSeal(
        case=row.case, seal_id=row.seal_id, code=row.code, organisation=row.organisation,
        name="" if row.type == SealType.PERSONAL else row.name, type=SealType(row.type), ends=min(ends),
        valid_end=row.valid_end, opens=opens, status=_status(row, successor, opens, at),
        successor=successor.case if successor else None,
        successor_state=State(successor.state) if successor else None,
        starts=successor.in_use_from if successor else None)


def _status(
    row: Row[*tuple[Any, ...]], successor: Row[*tuple[Any, ...]] | None, opens: datetime, at: datetime,
) -> DueStatus:
    if successor is not None:
        return DueStatus.SCHEDULED if successor.in_use_from is not None else DueStatus.UNDER_WAY
    if at > row.valid_end:
        return DueStatus.EXPIRED
    if row.state == State.SUSPENDED:
        return DueStatus.SUSPENDED
    return DueStatus.NOT_YET if at < opens else DueStatus.RENEWABLE


def _not_after(der: bytes) -> datetime:
    """Return the end of a certificate that was read as a whole when it was applied for."""
    body = Reader(der).enter(SEQUENCE).enter(SEQUENCE)
    body.enter(context(0))
    body.integer()
    for _ in ("algorithm", "issuer"):
        body.raw(SEQUENCE)
    validity = body.enter(SEQUENCE)
    validity.time()
    return validity.time()


def _replaced(session: Session, at: datetime) -> frozenset[str]:
    """Return the expired cases for whose organisation and name another one is under way or in use."""
    columns = (Seal.organisation, Seal.name)
    living = {(row.organisation, row.name) for row in session.execute(select(*columns).where(
        Seal.state.in_(LIVE), or_(Seal.valid_end.is_(None), Seal.valid_end >= at)))}
    expired = session.execute(select(Seal.case, *columns).where(Seal.state.in_(_USED), Seal.valid_end < at))
    return frozenset(row.case for row in expired if (row.organisation, row.name) in living)
