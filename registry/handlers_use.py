"""Acts on a seal's use: into use and out of it (启用, 停用, 恢复, 挂失, 注销), and who keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs.moments import CLOCKS_DIFFER, write_moment
from certs.seal import SealFile
from certs.seal_folder import ROLES
from codes.china_time import time_en, time_zh
from registry.cases import (
    REQUEST_HOLDS,
    CaseCode,
    advance,
    begin,
    check_nameable,
    find_case,
    keep_to,
    moment,
    phase_of,
    standing,
    text,
)
from registry.database import Transaction
from registry.errors import refused
from registry.lost_keys import check_not_lost
from registry.making import Application, Grounds, check_seal, clause
from registry.projection import staged_keys
from registry.requests import Handler, Outcome, Request
from registry.seals import application_of
from registry.states import Phase, SealType, Step
from registry.tables import Organisation, Seal

__all__ = ["HANDLERS"]

RULES: Final = "activate.rules"
"""Title under which the unit's rules for the seal are kept."""


def _activate(t: Transaction, request: Request) -> Outcome:
    """Put a seal into use from a moment on; the seal that it follows is retired at that moment (B第14条、第8条)."""
    seal, step = begin(t, request)
    keep_to(request, "from")
    application = application_of(t.session, seal)
    _check_good(t, request, seal, application)
    start = _start(t, seal, step, moment(request, "from"))
    _check_keys(t, request, seal, application, step)
    seal.in_use_from, seal.custodian = start, request.actor.id
    if seal.predecessor is not None:
        before = find_case(t.session, seal.predecessor)
        _retire(before, start, step, t.now)
        if RULES in before.documents:
            seal.documents = {RULES: before.documents[RULES], **seal.documents}
    if application.type is SealType.LEGAL_NAME:
        _name_organisation(t, seal)
    return _from(advance(seal, step, request), start)


def _reschedule(t: Transaction, request: Request) -> Outcome:
    """Set another moment for a seal whose use is still to begin; the seal that it follows goes on until then."""
    seal, step = begin(t, request)
    keep_to(request, "from")
    text(request, "from")                                   # not optional here
    set_before = seal.in_use_from
    if phase_of(seal, t.now) is not Phase.SCHEDULED:
        raise refused(
            CaseCode.BEGUN, f"事项 {seal.case} 的印章已启用，启用时间不能再改；不用的请停用或注销",
            f"the seal of case {seal.case} is in use already and its first moment is not changed any more: suspend or "
            "cancel it where it is not to be used", clause=step.clause, case=seal.case)
    if seal.custodian != request.actor.id:
        raise refused(
            CaseCode.NOT_CUSTODIAN, f"启用时间只能由办理启用的保管人改定，事项 {seal.case} 请由其办理",
            f"only the custodian who put the seal of case {seal.case} into use sets another moment: have it done by "
            "that person", clause=step.clause, case=seal.case)
    check_not_lost(t.session, application_of(t.session, seal))
    start = _start(t, seal, step, moment(request, "from"))
    before = t.session.get(Seal, seal.predecessor or "")
    if before is not None and before.in_use_until == set_before:
        _retire(before, start, step, t.now)
    seal.in_use_from = start
    return _from(advance(seal, step, request), start)


def _from(outcome: Outcome, start: datetime) -> Outcome:
    """Add from when on the seal is used."""
    return replace(outcome, facts={"from": write_moment(start)})


def _name_organisation(t: Transaction, seal: Seal) -> None:
    """Let the organisation be called what its seal of the legal name says: that alone gives it another name."""
    known = t.session.get_one(Organisation, seal.organisation)
    if known.name != seal.name:
        check_nameable(t.session, known, seal.name, at=t.now, case=seal.case)
        known.name = seal.name


def _check_good(t: Transaction, request: Request, seal: Seal, application: Application) -> None:
    """Refuse a seal whose certificates have gone bad since it was made, or whose keys were lost with another seal."""
    with clause():
        made = SealFile.load(seal.seal_der or b"")
    check_seal(made, application, grounds=Grounds.of_home(request.home), at=t.now, elsewhere=True)
    check_not_lost(t.session, application)


def _start(t: Transaction, seal: Seal, step: Step, asked: datetime | None) -> datetime:
    """Return the first moment of use, in whole seconds; by default the present."""
    start = (asked or t.now).replace(microsecond=0)
    first, last = (seal.valid_start or start), min(seal.valid_end or start, seal.in_use_until or start)
    if (asked is not None and start < t.now - CLOCKS_DIFFER) or not first <= start <= last:
        raise refused(
            CaseCode.MOMENT,
            f"启用时间{time_zh(start)}已过去，或不在印章有效期（{time_zh(first)}至{time_zh(last)}）内，"
            "请更正",
            f"the first moment of use, {time_en(start)}, is past or outside the seal's validity "
            f"({time_en(first)} to {time_en(last)}); correct it", clause=step.clause, case=seal.case)
    return start


def _retire(before: Seal, start: datetime, step: Step, now: datetime) -> None:
    """End the use of the seal before at ``start``; one that is retired already is never brought back."""
    if before.in_use_from is not None and start < before.in_use_from:
        raise refused(
            CaseCode.MOMENT, f"启用时间{time_zh(start)}早于前一枚印章的启用时间，请更正",
            f"the first moment of use, {time_en(start)}, is before that of the seal it follows; correct it",
            clause=step.clause, case=before.case)
    if before.in_use_until is None or now < before.in_use_until:
        before.in_use_until = start


def _check_keys(
    t: Transaction, request: Request, seal: Seal, application: Application, step: Step,
) -> None:
    """Demand the keys of a seal that takes over from one in this home, and that they are those applied for."""
    code = seal.organisation
    certificates = dict(zip(ROLES, (application.certificate, application.data, application.pdf), strict=True))
    keys = staged_keys(request.home, code, seal.case)
    if keys is not None and any(keys[role][0] != certificates[role] for role in ROLES):
        raise refused(
            CaseCode.KEYS_DIFFER, f"为事项 {seal.case} 备好的密钥与申请的证书不符，请换成对应的密钥",
            f"the keys laid down for case {seal.case} are not those of the certificates applied for; replace them",
            clause=step.clause, case=seal.case)
    before = t.session.get(Seal, seal.predecessor) if seal.predecessor else None
    follows = before is not None and (request.home / "authorities" / code / str(before.seal_id)).is_dir()
    if keys is None and follows:
        raise refused(
            CaseCode.KEYS_MISSING, f"事项 {seal.case} 的密钥还没有备好，启用后将无章可用，请先用 seals keys 放入",
            f"the keys for case {seal.case} are not laid down; once it were in use nothing could be sealed: "
            "give them with `zhengyin seals keys` first", clause=step.clause, case=seal.case)


def _take_over(t: Transaction, request: Request) -> Outcome:
    """Name the custodian anew (B第14条)."""
    seal, step = begin(t, request)
    keep_to(request)
    seal.custodian = request.actor.id
    return advance(seal, step, request)


def _resume(t: Transaction, request: Request) -> Outcome:
    """Allow the use again, if the seal is still good (国办发〔2025〕33号第17条)."""
    seal, step = begin(t, request)
    keep_to(request)
    _check_good(t, request, seal, application_of(t.session, seal))
    return advance(seal, step, request)


def _record(t: Transaction, request: Request) -> Outcome:
    """Suspend, report lost, cancel: the table says it all (B第15条、第16条)."""
    seal, step = begin(t, request)
    keep_to(request)
    return advance(seal, step, request)


def _request_cancel(t: Transaction, request: Request) -> Outcome:
    """Ask for cancelling, once: what was asked for before is not changed behind the back of who decides (B第15条)."""
    seal, step = begin(t, request)
    keep_to(request)
    before = standing(t.session, seal, request.act, at=t.now)
    if before is not None:
        raise refused(
            CaseCode.CANCEL_REQUESTED,
            f"事项 {seal.case} 已于{time_zh(before.at)}申请注销，所写理由不变；请由另一人办理注销"
            f"（{REQUEST_HOLDS.days} 日内有效，见 zhengyin seals show）",
            f"cancelling case {seal.case} was asked for at {time_en(before.at)}, and the reason given then stands: "
            f"have another person cancel it within {REQUEST_HOLDS.days} days (see `zhengyin seals show`)",
            clause=step.clause, case=seal.case)
    return advance(seal, step, request)


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({
    "activate": _activate, "reschedule": _reschedule, "take-over": _take_over, "resume": _resume, "suspend": _record,
    "report-lost": _record, "request-cancel": _request_cancel, "cancel": _record,
})
"""Act → what does it."""
