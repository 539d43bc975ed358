"""The life of a seal as a table: which act leads from which state to which, by whom, with which documents.

Nothing here looks at a database: the table says what the clauses say, the handlers (:mod:`registry.handlers`)
hold an act against it. Clauses are those of 003 B, 《泽州县一体化在线政务服务平台电子印章管理暂行办法（试行）》.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from certs.demo_pki import CHINA_TIME

__all__ = [
    "LIVE", "RENEWAL_DAYS", "ROLES_OF_ACT", "STEPS", "TOWARDS_USE", "Phase", "SealType", "State", "Step", "phase",
    "renewal_opens", "step_for", "steps_of",
]

RENEWAL_DAYS: Final = 30
"""Calendar days before expiry from which a renewal may be asked for (B第8条)."""


class State(enum.StrEnum):
    """What is recorded of a case; it changes by acts alone."""

    APPLIED = "applied"
    COUNTY_REVIEWED = "county-reviewed"
    UPPER_REVIEWED = "upper-reviewed"
    REFUSED = "refused"
    MADE = "made"
    IN_USE = "in-use"
    SUSPENDED = "suspended"
    LOST = "lost"
    CANCELLED = "cancelled"


class Phase(enum.StrEnum):
    """What a state comes to at a moment: the states, and three that time alone brings about."""

    APPLIED = "applied"
    COUNTY_REVIEWED = "county-reviewed"
    UPPER_REVIEWED = "upper-reviewed"
    REFUSED = "refused"
    MADE = "made"
    SCHEDULED = "scheduled"      # put into use from a moment still to come
    IN_USE = "in-use"
    RETIRED = "retired"          # a successor has taken its place
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    LOST = "lost"
    CANCELLED = "cancelled"


class SealType(enum.StrEnum):
    """Types of seals (B第2条)."""

    LEGAL_NAME = "法定名称章"
    DEPARTMENT = "内设机构章"
    BRANCH = "分支机构章"
    BUSINESS = "业务专用章"
    PERSONAL = "电子名章"


LIVE: Final = frozenset(State) - {State.REFUSED, State.LOST, State.CANCELLED}
"""States of a case that is under way or whose seal may still be used."""

TOWARDS_USE: Final = frozenset({"review-county", "review-upper", "make", "import", "activate"})
"""Acts by which a renewal goes forward: only while the seal before it is neither suspended, lost nor cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table.

    Attributes:
        act: the act's name; zh: how the clauses call it.
        sources: states it starts from; empty when it opens a case.
        target: the state it leads to; None leaves the state as it is.
        roles: one of them is needed.
        documents: titles that must be attached.
        reason: whether a reason must be given.
        apart: earlier acts on the case whose persons must not do this one.
        after: an act that must have been done on the case before.
        renewal: True for cases that continue a seal, False for those that do not, None for both.
        restricts: whether it takes the use of a seal away (then the files go first).
        clause: what it rests on.
    """

    act: str
    zh: str
    sources: frozenset[State] = frozenset()
    target: State | None
    roles: tuple[str, ...]
    documents: tuple[str, ...] = ()
    reason: bool = False
    apart: tuple[str, ...] = ()
    after: str | None = None
    renewal: bool | None = None
    restricts: bool = False
    clause: str


def _from(*states: State) -> frozenset[State]:
    return frozenset(states)


_OPENED: Final = ("apply", "renew")
_UNIT: Final = ("custodian", "applicant")
_SEALED: Final = _from(State.MADE, State.IN_USE, State.SUSPENDED)

STEPS: Final = (
    Step(act="apply", zh="申请", target=State.APPLIED, roles=("applicant",),
         documents=("application", "form", "imprint-statement", "imprint", "certificate"),
         clause="B第5条（一）（二）、第6条"),
    Step(act="renew", zh="续期", sources=_from(State.IN_USE), target=None, roles=_UNIT, documents=("certificate",),
         clause="B第8条"),
    Step(act="review-county", zh="县级审核", sources=_from(State.APPLIED), target=State.COUNTY_REVIEWED,
         roles=("county-reviewer",), apart=_OPENED, clause="B第5条（三）、第7条"),
    Step(act="review-upper", zh="上级审核", sources=_from(State.COUNTY_REVIEWED), target=State.UPPER_REVIEWED,
         roles=("upper-reviewer",), apart=(*_OPENED, "review-county"), clause="B第5条（三）"),
    Step(act="refuse", zh="不予通过", sources=_from(State.APPLIED), target=State.REFUSED, roles=("county-reviewer",),
         reason=True, apart=_OPENED, clause="B第5条（三）"),
    Step(act="refuse", zh="不予通过", sources=_from(State.COUNTY_REVIEWED), target=State.REFUSED,
         roles=("upper-reviewer",), reason=True, apart=(*_OPENED, "review-county"), clause="B第5条（三）"),
    Step(act="make", zh="制作", sources=_from(State.UPPER_REVIEWED), target=State.MADE, roles=("maker",),
         documents=("seal",), apart=_OPENED, clause="B第7条、第8条"),
    Step(act="make", zh="制作", sources=_from(State.COUNTY_REVIEWED), target=State.MADE, roles=("maker",),
         documents=("seal",), apart=_OPENED, renewal=True, clause="B第7条、第8条"),
    Step(act="import", zh="导入", sources=_from(State.UPPER_REVIEWED), target=State.MADE, roles=("maker",),
         documents=("seal",), apart=_OPENED, clause="B第7条、第8条"),
    Step(act="file", zh="备案", sources=_SEALED, target=None, roles=("upper-reviewer",),
         clause="国办发〔2025〕33号第17条"),
    Step(act="activate", zh="启用", sources=_from(State.MADE), target=State.IN_USE, roles=("custodian",),
         documents=("rules",), renewal=False, clause="B第14条"),
    Step(act="activate", zh="启用", sources=_from(State.MADE), target=State.IN_USE, roles=("custodian",),
         renewal=True, clause="B第14条"),                    # the rules of the seal before go on
    Step(act="reschedule", zh="改定启用时间", sources=_from(State.IN_USE), target=None, roles=("custodian",),
         clause="B第14条"),                                  # while its use is still to begin
    Step(act="take-over", zh="接管保管", sources=_from(State.IN_USE, State.SUSPENDED), target=None,
         roles=("custodian",), documents=("handover",), clause="B第14条"),
    Step(act="suspend", zh="停用", sources=_from(State.IN_USE), target=State.SUSPENDED, roles=_UNIT, reason=True,
         restricts=True, clause="B第15条；国办发〔2025〕33号第17条"),
    Step(act="resume", zh="恢复", sources=_from(State.SUSPENDED), target=State.IN_USE, roles=("county-reviewer",),
         reason=True, apart=("suspend",), clause="国办发〔2025〕33号第17条"),
    Step(act="report-lost", zh="挂失", sources=_SEALED, target=State.LOST, roles=_UNIT, reason=True, restricts=True,
         clause="B第16条"),
    Step(act="request-cancel", zh="申请注销", sources=_SEALED | {State.LOST}, target=None, roles=("applicant",),
         documents=("application", "identity-proof"), reason=True, clause="B第15条"),
    Step(act="cancel", zh="注销", sources=_SEALED | {State.LOST}, target=State.CANCELLED,
         roles=("county-reviewer", "upper-reviewer"), apart=("request-cancel",), after="request-cancel",
         restricts=True, clause="B第15条"),
)
"""Every step in the life of a seal."""


def _roles() -> Mapping[str, tuple[str, ...]]:
    roles: dict[str, tuple[str, ...]] = {}
    for step in STEPS:
        known = roles.get(step.act, ())
        roles[step.act] = (*known, *(role for role in step.roles if role not in known))
    return MappingProxyType(roles)


ROLES_OF_ACT: Final = _roles()
"""Act → every role that may do it in one state or another."""


def steps_of(act: str) -> tuple[Step, ...]:
    """Return the rows of an act; none for an act that the table does not know."""
    return tuple(step for step in STEPS if step.act == act)


def step_for(act: str, state: State | None, *, renewal: bool = False) -> Step | None:
    """Return the row that allows ``act`` now, None when it is out of order.

    Args:
        state: of the case; None when the act opens one.
        renewal: whether the case continues another seal.
    """
    for step in steps_of(act):
        fits = state in step.sources if state is not None else not step.sources
        if fits and step.renewal in (None, renewal):
            return step
    return None


def renewal_opens(valid_end: datetime) -> datetime:
    """Return the moment from which a seal may be renewed: the midnight in China that begins the 30th day before.

    Args:
        valid_end: last moment of the seal's validity, aware.
    """
    day = valid_end.astimezone(CHINA_TIME).date() - timedelta(days=RENEWAL_DAYS)
    return datetime.combine(day, time(), CHINA_TIME)


def phase(
    state: State, *, at: datetime, valid_end: datetime | None, use_from: datetime | None, use_until: datetime | None,
) -> Phase:
    """Return what ``state`` comes to at the moment ``at`` (all aware).

    A lost or cancelled seal stays that; one that has expired is expired whatever else could be said of it.

    Args:
        valid_end: last moment of the seal's validity; None while there is no seal.
        use_from, use_until: first moment of its use, and the moment from which its successor is used.
    """
    ended = valid_end is not None and at > valid_end
    if state in (State.LOST, State.CANCELLED) or not (ended or state is State.IN_USE):
        return Phase(state.value)
    if ended:
        return Phase.EXPIRED
    if use_until is not None and at >= use_until:
        return Phase.RETIRED
    if use_from is not None and at < use_from:
        return Phase.SCHEDULED
    return Phase.IN_USE
