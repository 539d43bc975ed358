"""What the published status list says of a seal, held against the time at which it claims to have sealed.

The list only takes away: whatever it says, chains and revocation lists are judged as well. Where it says nothing
(none, not believed, a seal it does not name) the report notes 印章状态未知 and those decide alone. A list that is
stale, or that this process saw before one that it refuses, speaks for no seal; what it says against one counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from certs.moments import CLOCKS_DIFFER
from certs.status_list import SealState, SealStatus, StatusList, seen_status_list, trusted_status_list
from certs.trust import Trust
from codes.errors import EngineError
from verify.model import SealStanding
from verify.reasons import Both, Findings
from verify.status import local_time

__all__ = ["StatusView", "judge_state", "view_status"]

_SCHEDULED: Final = "scheduled"
_ENDS: Final = {
    SealState.LOST: Both("挂失", "reported lost"), SealState.SUSPENDED: Both("停用", "suspended"),
    SealState.CANCELLED: Both("注销或停止使用", "cancelled or withdrawn"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """A believed list of a trust folder at a moment; without one, or where it is not fresh, why it says little."""

    at: dt.datetime
    listed: StatusList | None = None
    fresh: bool = False
    zh: str = ""
    en: str = ""


def view_status(trust: Trust, at: dt.datetime, clock_now: dt.datetime) -> StatusView:
    """Look at the list of ``trust`` at ``at``; a list that is mended is used at once."""
    try:
        listed = trusted_status_list(trust, at=at, clock_now=clock_now)
    except EngineError as error:
        return StatusView(at=at, listed=seen_status_list(trust, at=at, clock_now=clock_now), zh=error.zh, en=error.en)
    if listed.fresh(at):
        return StatusView(at=at, listed=listed, fresh=True)
    end = local_time(listed.next_update)
    return StatusView(at=at, listed=listed, zh=f"印章状态列表已于 {end} 过期",
                      en=f"the status list was good until {end}")


def judge_state(
    seal_id: str, signed_part: bytes, claimed_at: dt.datetime, view: StatusView, found: Findings, *,
    accepted_maker: bool, proven_at: dt.datetime | None = None, stamped_at: dt.datetime | None = None,
    certificate_revoked_at: dt.datetime | None = None,
) -> SealStanding:
    """Weigh what the list says of one seal; what it says against the signature becomes a finding.

    Args:
        signed_part: the seal's eSealInfo (DER), by which a list names it.
        claimed_at: the time of sealing that the signature states.
        accepted_maker: whether the seal's maker is in the trust folder; the list speaks for no others.
        proven_at: a moment at which a trusted timestamp proves that the signature existed.
        stamped_at: the moment of the signature's own timestamp, made when it was sealed.
        certificate_revoked_at: when the seal's certificate was revoked, which the list need not know.
    """
    listed = view.listed
    status = listed.find(seal_id, signed_part) if listed is not None and accepted_maker else None
    if listed is None or status is None:
        zh, en = view.zh, view.en
        if not accepted_maker:
            zh, en = "制章人不受信任，状态列表不适用", "the list does not speak for a maker that is not trusted"
        elif view.fresh:
            zh, en = "状态列表中没有这枚印章", "the status list does not name this seal"
        return _unknown(seal_id, zh, en, found)
    code, since, until = _objection(status, listed, claimed_at, proven_at, stamped_at, fresh=view.fresh)
    if not view.fresh:
        standing = _unknown(seal_id, view.zh, view.en, found)
        if code in ("", "seal.status-unknown"):
            return standing
    elif code == "seal.status-unknown":
        return _unknown(seal_id, "状态列表早于签章", "the status list is older than the sealing", found)
    if not code and proven_at is not None and status.since is not None and proven_at < status.since and (
            status.state in _ENDS):
        found.add("seal.ended-later", seal_id, since=local_time(status.since), proven=local_time(proven_at),
                  what=_ENDS[status.state])
    if code:
        first, last = (local_time(each) if each else "—" for each in (since, until))
        found.add(code, seal_id, since=first, until=last, claimed=local_time(claimed_at))
    return SealStanding(
        seal_id=seal_id, state=_told(status, view.at), since=status.since, until=status.until,
        list_sequence=listed.sequence, list_published=listed.this_update, list_until=listed.next_update,
        certificate_revoked_at=certificate_revoked_at)


def _told(status: SealStatus, at: dt.datetime) -> str:
    """The state at a moment: a seal in use was not yet so, or is so no more, by the times in the list."""
    if status.awaiting(at):
        return _SCHEDULED
    if status.state is SealState.IN_USE and status.until is not None and status.until <= at:
        return SealState.RETIRED.value
    return status.state.value


def _unknown(seal_id: str, zh: str, en: str, found: Findings) -> SealStanding:
    found.add("seal.status-unknown", seal_id, zh=zh, en=en)
    return SealStanding(seal_id=seal_id)


def _objection(
    status: SealStatus, listed: StatusList, claimed_at: dt.datetime, proven_at: dt.datetime | None,
    stamped_at: dt.datetime | None, *, fresh: bool,
) -> tuple[str, dt.datetime | None, dt.datetime | None]:
    """The code of what speaks against a seal used at ``claimed_at``, with since and until; "" for nothing.

    A claim has whole seconds, the list milliseconds: within one second nothing is proven either way. An end that was
    still to come when a list was published may have been put off since, if the list is not fresh.
    """
    state, since, until = status.state, status.since, status.until
    if until is not None and claimed_at > until and (fresh or until <= listed.this_update):
        return "seal.after-retired", since, until
    stop = status.stop_at(claimed_at)
    if stop is not None:
        return "seal.while-suspended", *stop
    late = _stamped_late(status, listed, claimed_at, stamped_at, fresh=fresh)
    if late is not None:
        return "seal.stamped-late", *late
    return _by_state(state, since, listed, claimed_at, proven_at), since, until


def _stamped_late(
    status: SealStatus, listed: StatusList, claimed_at: dt.datetime, stamped_at: dt.datetime | None, *, fresh: bool,
) -> tuple[dt.datetime | None, dt.datetime | None] | None:
    """The end or the suspension of a seal's use that lies between the claim and the signature's own timestamp."""
    if stamped_at is None or stamped_at - claimed_at <= CLOCKS_DIFFER:
        return None
    until = status.until
    if until is not None and claimed_at <= until < stamped_at and (fresh or until <= listed.this_update):
        return status.since, until
    return status.stop_at(stamped_at)


def _by_state(
    state: SealState, since: dt.datetime | None, listed: StatusList, claimed_at: dt.datetime,
    proven_at: dt.datetime | None,
) -> str:
    if state is SealState.MADE:
        return "seal.before-use" if claimed_at <= listed.this_update else "seal.status-unknown"
    if state in (SealState.IN_USE, SealState.RETIRED):
        return "seal.before-use" if since is not None and since - claimed_at > CLOCKS_DIFFER else ""
    if since is None or claimed_at >= since:
        resumed = state is SealState.SUSPENDED and claimed_at > listed.this_update
        return f"seal.{state.value}" if resumed else f"seal.after-{state.value}"
    return "" if proven_at is not None and proven_at < since else f"seal.{state.value}"
