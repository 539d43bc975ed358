"""Going on after a wrong clock: an administrator accepts that the last entry of the log bears a moment to come.

Otherwise one entry written while the clock stood years ahead would keep everybody out until then. The log keeps what
it has; the entry ``clock.accepted`` says from which moment back to which it went.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import select

from certs.moments import write_moment
from codes.china_time import time_en, time_zh
from registry.cases import moment, text
from registry.database import MAY_GO_BACK, Transaction
from registry.errors import RegistryCode, refused
from registry.requests import Handler, Outcome, Request
from registry.tables import ActorRole

__all__ = ["ACCEPT_CLOCK", "CLAUSE", "HANDLERS", "ROLES_OF_ACT", "ClockCode"]

ACCEPT_CLOCK: Final = "clock-accept"
CLAUSE: Final = "003 A第25条"


class ClockCode(enum.StrEnum):
    """Codes of refusals that belong to accepting a clock."""

    NOT_BEHIND = "clock.not-behind"
    OTHER_ENTRY = "clock.other-entry"


def _accept(t: Transaction, request: Request) -> Outcome:
    """``clock-accept``: subject is the registry, facts last (moment of the last entry) and reason.

    Roles that were given or taken after the present count from now on, so that nobody keeps a role until a moment
    that was never meant, and nobody waits for one.
    """
    last = moment(request, "last")
    if set(request.facts) != {"last", "reason"} or request.subject != t.registry_id:
        raise refused(
            RegistryCode.BAD_ACT, "认可时钟须写明登记库、最后一条的时间和理由，不得有其他各项",
            "accepting the clock takes the registry, the last entry's moment and a reason, nothing else", clause=CLAUSE)
    if not text(request, "reason", optional=True):
        raise refused(
            RegistryCode.REASON_MISSING, "认可时钟须说明理由，请用 --reason 写明",
            "accepting the clock needs a reason: give it with --reason", clause=CLAUSE)
    if t.clock >= t.now - MAY_GO_BACK:
        raise refused(
            ClockCode.NOT_BEHIND, "本机时钟不早于审计日志的最后一条，无须认可",
            "the clock does not stand before the last entry of the audit log: there is nothing to accept",
            clause=CLAUSE)
    if last != t.now:
        raise refused(
            ClockCode.OTHER_ENTRY, f"审计日志最后一条的时间是{time_zh(t.now)}，与所签的不同，请核对后重签",
            f"the last entry of the audit log bears {time_en(t.now)}, not what was signed: look and sign again",
            clause=CLAUSE)
    t.accept_clock()
    for role in t.session.scalars(select(ActorRole).where(ActorRole.since > t.now)):
        role.since = t.now
    for role in t.session.scalars(select(ActorRole).where(ActorRole.until > t.now)):
        role.until = t.now
    t.session.flush()
    old, new = write_moment(last), write_moment(t.now)
    t.log("clock.accepted", old=old, new=new)
    return Outcome(case=t.registry_id, state="accepted", facts={"old": old, "new": new})


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({ACCEPT_CLOCK: _accept})
"""Act → what does it."""

ROLES_OF_ACT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({ACCEPT_CLOCK: ("administrator",)})
"""Act → the roles of which one is needed."""
