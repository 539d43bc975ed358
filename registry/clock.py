"""Going on after a wrong clock: an administrator accepts that the last entry of the log bears a moment to come.

Otherwise one entry written while the clock stood years ahead would keep everybody out until then. The log keeps what
it has; the entry ``clock.accepted`` says from which moment back to which it went. The same holds for the log of seal
use, which lies with the issuing ledger: the act gives leave here, and the ledger then goes on.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import select

from certs.moments import CLOCKS_DIFFER, write_moment
from codes.china_time import time_en, time_zh
from registry.audit_logs import ledger_log
from registry.cases import moment, text
from registry.database import Transaction
from registry.errors import RegistryCode, refused
from registry.requests import Handler, Outcome, Request
from registry.tables import ActorRole

__all__ = ["ACCEPT_CLOCK", "CLAUSE", "HANDLERS", "ROLES_OF_ACT", "ClockCode", "is_behind"]

ACCEPT_CLOCK: Final = "clock-accept"
CLAUSE: Final = "003 A第25条"


class ClockCode(enum.StrEnum):
    """Codes of refusals that belong to accepting a clock."""

    NOT_BEHIND = "clock.not-behind"
    OTHER_ENTRY = "clock.other-entry"


def _accept(t: Transaction, request: Request) -> Outcome:
    """``clock-accept``: subject is the registry, or the log of seal use; facts last (moment of its last entry), reason.

    Roles that were given or taken after the present count from now on, so that nobody keeps a role until a moment
    that was never meant, and nobody waits for one. Of the log of seal use it is only told that it may go on.
    """
    last = moment(request, "last")
    own = request.subject == t.registry_id
    newest = t.now if own else _last_use(request)
    if set(request.facts) != {"last", "reason"} or newest is None:
        raise refused(
            RegistryCode.BAD_ACT, "认可时钟须写明登记库（或用印日志）、最后一条的时间和理由，不得有其他各项",
            "accepting the clock takes the registry (or the log of seal use), the last entry's moment and a reason, "
            "nothing else", clause=CLAUSE)
    if not text(request, "reason", optional=True):
        raise refused(
            RegistryCode.REASON_MISSING, "认可时钟须说明理由，请用 --reason 写明",
            "accepting the clock needs a reason: give it with --reason", clause=CLAUSE)
    if not is_behind(t.clock, newest):
        raise refused(
            ClockCode.NOT_BEHIND, "本机时钟不早于审计日志的最后一条，无须认可",
            "the clock does not stand before the last entry of the audit log: there is nothing to accept",
            clause=CLAUSE)
    if last != newest:
        raise refused(
            ClockCode.OTHER_ENTRY, f"审计日志最后一条的时间是{time_zh(newest)}，与所签的不同，请核对后重签",
            f"the last entry of the audit log bears {time_en(newest)}, not what was signed: look and sign again",
            clause=CLAUSE)
    old, new = write_moment(newest), write_moment(t.clock)
    if own:
        _go_on(t)
        t.log("clock.accepted", old=old, new=new)
    else:
        t.log("clock.accepted", log=request.subject, old=old, new=new)
    return Outcome(case=request.subject, state="accepted", facts={"old": old, "new": new})


def _go_on(t: Transaction) -> None:
    """Have the registry go by the clock, and roles that were given or taken ahead of it count from now on."""
    t.accept_clock()
    for role in t.session.scalars(select(ActorRole).where(ActorRole.since > t.now)):
        role.since = t.now
    for role in t.session.scalars(select(ActorRole).where(ActorRole.until > t.now)):
        role.until = t.now
    t.session.flush()


def _last_use(request: Request) -> datetime | None:
    """Return the moment of the last entry of the log of seal use, if the act is about that log."""
    with ledger_log(request.home / "issued") as log:
        return log.last_at() if log is not None and log.name == request.subject else None


def is_behind(clock: datetime, last: datetime) -> bool:
    """Say whether a clock stands before the last entry of a log by more than clocks may differ (both aware)."""
    return clock < last - CLOCKS_DIFFER


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({ACCEPT_CLOCK: _accept})
"""Act → what does it."""

ROLES_OF_ACT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({ACCEPT_CLOCK: ("administrator",)})
"""Act → the roles of which one is needed."""
