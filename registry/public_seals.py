"""The present state of every seal as the public may know it: seals and organisations, no person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.seal_status import SealState, SealStatus, Stop, join_stops
from registry.errors import RegistryCode, RegistryError
from registry.states import SealType, State
from registry.tables import Act, Organisation, Seal

__all__ = ["PublicSeal", "public_seals"]

_STOPS: Final = ("suspend", "report-lost", "cancel")
_STOPPED: Final = frozenset({State.SUSPENDED, State.LOST, State.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSeal:
    """One seal with what became of it.

    Attributes:
        code, organisation: USCC and name of the body it belongs to.
        name: of the seal; "" where it would be a person's (电子名章).
        valid_end: last moment of its validity.
    """

    code: str
    organisation: str
    name: str
    type: SealType
    seal_id: str
    status: SealStatus
    valid_end: datetime


def public_seals(session: Session, at: datetime) -> tuple[PublicSeal, ...]:
    """Return every seal that was made, by organisation and identifier.

    A seal that was made elsewhere and is not yet in use here is left out: the registry cannot know of its use. For
    the same reason one in use is not said to be so only since it came here.

    Args:
        at: aware moment at which the state is told.

    Raises:
        RegistryError: ``registry.damaged``, a seal has lost what follows from its making or its stopping.
    """
    (stopped, over), imported = _stops(session), _imported(session)
    rows = session.execute(
        select(Organisation.code, Organisation.name.label("organisation"), Seal.case, Seal.name, Seal.type, Seal.state,
               Seal.seal_id, Seal.signed_sm3, Seal.valid_end, Seal.in_use_from, Seal.in_use_until)
        .join(Organisation, Seal.organisation == Organisation.code).where(Seal.seal_id.is_not(None))
        .order_by(Organisation.code, Seal.seal_id))
    seals = []
    for row in rows:
        state, elsewhere = State(row.state), row.case in imported
        if elsewhere and (state is State.MADE or (state is State.IN_USE and row.in_use_from > at)):
            continue
        if row.signed_sm3 is None or row.valid_end is None or (state in _STOPPED and row.case not in stopped):
            raise RegistryError(
                RegistryCode.DAMAGED, f"登记库中印章 {row.seal_id} 的记录不完整，无法公示，请从备份恢复",
                f"what the registry has of seal {row.seal_id} is not whole, so nothing is published: restore it",
                case=row.case)
        seals.append(PublicSeal(
            code=row.code, organisation=row.organisation, seal_id=row.seal_id, type=SealType(row.type),
            name="" if row.type == SealType.PERSONAL else row.name, valid_end=row.valid_end,
            status=_status(
                state, digest=bytes.fromhex(row.signed_sm3), since=None if elsewhere else row.in_use_from,
                until=row.in_use_until, stopped=stopped.get(row.case), stops=join_stops(over.get(row.case, ())),
                valid_end=row.valid_end, at=at)))
    return tuple(seals)


def _status(
    state: State, *, digest: bytes, since: datetime | None, until: datetime | None, stopped: datetime | None,
    stops: tuple[Stop, ...], valid_end: datetime, at: datetime,
) -> SealStatus:
    if state is State.MADE:
        return SealStatus(state=SealState.MADE, digest=digest)
    ended = at > valid_end or (until is not None and at >= until)
    if ended:
        until = valid_end if until is None else min(until, valid_end)
    if state in _STOPPED:
        return SealStatus(state=SealState(state.value), since=stopped, until=until, digest=digest, stops=stops)
    return SealStatus(state=SealState.RETIRED if ended else SealState.IN_USE, since=since, until=until, digest=digest,
                      stops=stops)


def _stops(session: Session) -> tuple[dict[str, datetime], Mapping[str, list[Stop]]]:
    """Return the moment from which on each stopped seal must not have been used, and the stops that are over, by case.

    A lost seal that is cancelled in the end was stopped when it was lost; what was resumed counts anew. A stop ends
    with the second before the one in which the seal was resumed: what is sealed in the rest of that claims all of it.
    """
    since: dict[str, datetime] = {}
    over: defaultdict[str, list[Stop]] = defaultdict(list)
    acts = select(Act.subject, Act.type, Act.at).where(Act.type.in_((*_STOPS, "resume"))).order_by(Act.number)
    for case, act, at in session.execute(acts):
        if act != "resume":
            since.setdefault(case, at)
        elif case in since:
            over[case].append((since.pop(case), at.replace(microsecond=0)))
    return since, over


def _imported(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(Act.subject).where(Act.type == "import")))
