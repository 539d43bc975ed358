"""What an act does in the registry, by its name: applying, renewing, the two reviews.

A handler runs inside the one transaction of its act. It holds the act against the table (:mod:`registry.cases`),
then changes the case; whatever it refuses leaves nothing changed. Making is in :mod:`registry.handlers_making`, use
in :mod:`registry.handlers_use`, approvals in :mod:`registry.approvals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from certs.demo_pki import CHINA_TIME
from certs.sm3 import sm3
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from codes.uscc import is_uscc
from registry import actors, approvals, clock, handlers_making, handlers_use, states
from registry.cases import (
    ENDED,
    CaseCode,
    advance,
    begin,
    check_nameable,
    check_papers,
    check_scope,
    integer,
    keep_to,
    phase_of,
    text,
)
from registry.database import Transaction
from registry.errors import RegistryCode, refused
from registry.lost_keys import check_not_lost
from registry.making import Application, Grounds, MakingCode, check_application, check_certificates, clause
from registry.requests import Handler, Outcome, Request
from registry.seals import application_of
from registry.states import LIVE, Phase, SealType, State, renewal_opens, steps_of
from registry.tables import Organisation, Seal
from registry.words import state_zh

__all__ = ["CLAUSES", "HANDLERS", "ROLES_OF_ACT", "URGENT", "check_renewable"]

_MAX_NAME: Final = 64                               # RFC 5280 upper bound of CN and O


def _apply(t: Transaction, request: Request) -> Outcome:
    """Open a case for a new seal (B第5条（一）（二）、第6条)."""
    (step,) = steps_of("apply")
    code = text(request, "code", longest=18)
    if not is_uscc(code):
        raise refused(CaseCode.BAD_CODE, f"统一社会信用代码 {code} 校验不通过，请核对",
                      f"the USCC {code} fails its check; compare it with the certificate", clause=step.clause)
    if request.subject != code:
        raise refused(
            RegistryCode.BAD_ACT, f"申请的对象 {request.subject} 与所填代码 {code} 不同，请更正后重签",
            f"the application is about {request.subject} but gives the code {code}; correct it and sign again",
            clause=step.clause, fact="code")
    check_scope(t, request, step, code)
    check_papers(request, step)
    keep_to(request, "code", "name", "organisation", "type", "diameter_mm")
    application = _application(request, code)
    _check_organisation(t, application)
    return _open(t, request, application, predecessor=None)


def _application(request: Request, code: str) -> Application:
    kind = text(request, "type")
    if kind not in list(SealType):
        raise refused(
            MakingCode.TYPE, f"没有“{kind}”这种印章，应为{'、'.join(SealType)}之一，请更正",
            f"there is no seal of type {kind}: it is one of {', '.join(SealType)}", clause="B第2条")
    imprint = request.documents["imprint"]
    with clause():
        return Application(
            code=code, organisation=_name(request, "organisation"), name=_name(request, "name"), type=SealType(kind),
            diameter_mm=integer(request, "diameter_mm"), imprint=imprint, imprint_sm3=sm3(imprint).hex(),
            **_certificates(request))


def _name(request: Request, key: str) -> str:
    name = text(request, key, longest=_MAX_NAME)
    if any(char.isspace() for char in name):
        raise refused(
            CaseCode.BAD_NAME, f"名称“{name}”含有空白，请更正", f"the name {name} holds a blank; correct it",
            clause="B第7条")
    return name


def _certificates(request: Request) -> dict[str, Certificate]:
    given = {"certificate": "certificate", "data": "certificate-data", "pdf": "certificate-pdf"}
    return {role: Certificate.load(request.documents[title]) for role, title in given.items()
            if title in request.documents}


def _check_organisation(t: Transaction, application: Application) -> None:
    """Refuse a second seal of the kind while the first is alive: a new name or imprint is cancel and new seal."""
    cases = select(Seal).where(Seal.organisation == application.code, Seal.state.in_(LIVE)).order_by(Seal.case)
    for seal in t.session.scalars(cases):
        if phase_of(seal, t.now) in ENDED or not (
                seal.type == application.type == SealType.LEGAL_NAME or seal.name == application.name):
            continue
        raise refused(
            CaseCode.SEAL_EXISTS,
            f"“{seal.name}”的{seal.type}已有事项 {seal.case}（{state_zh(seal.state)}）；"
            "更名或换印模须先注销旧章，到期前可续期",
            f"{seal.name} has a seal of this type already, case {seal.case} ({seal.state}); for a new name or imprint "
            "cancel that one first, near its expiry renew it", clause="B第15条、第6条、第7条", case=seal.case)
    known = t.session.get(Organisation, application.code)
    if known is None:
        t.session.add(Organisation(code=application.code, name=application.organisation))
    elif known.name != application.organisation:
        _check_new_name(t, known, application)


def _check_new_name(t: Transaction, known: Organisation, application: Application) -> None:
    """Refuse a name other than the registered one, but for a seal of the legal name: when in use, it changes it."""
    made = t.session.scalars(
        select(Seal.case).where(Seal.organisation == known.code, Seal.made_at.is_not(None)).limit(1)).first()
    if made is not None and application.type is not SealType.LEGAL_NAME:
        raise refused(
            MakingCode.NAMED_AFTER_UNIT,
            f"单位全称登记为“{known.name}”，申请写作“{application.organisation}”，须逐字相同；更名先换法定名称章",
            f"the organisation is registered as {known.name}, not {application.organisation}; after a change of "
            "name it first has a seal of the new legal name put into use", clause="B第2条、第15条")
    check_nameable(t.session, known, application.organisation, at=t.now)
    if made is None:                                    # nothing bears the name that was given first
        known.name = application.organisation


def _renew(t: Transaction, request: Request) -> Outcome:
    """Open the case of a seal's successor: same name, same imprint, new certificates (B第8条).

    Where the data-signing or the PDF certificate comes to its end sooner than the seal, it may be the only new one.
    """
    seal, step = begin(t, request)
    keep_to(request)
    check_renewable(t.session, seal, at=t.now)
    old = application_of(t.session, seal)
    with clause():
        application = Application(
            code=old.code, organisation=old.organisation, name=old.name, type=old.type, diameter_mm=old.diameter_mm,
            imprint=old.imprint, imprint_sm3=old.imprint_sm3, **_certificates(request))
    _check_same_imprint(request, application)
    if application.ends <= old.ends or application.certificate.not_after < old.certificate.not_after:
        raise refused(
            CaseCode.NOT_LONGER,
            f"新证书的有效期不长于印章 {seal.seal_id} 现有的（三张证书以先到期的为准），请先换发证书",
            f"the new certificates do not last longer than those of seal {seal.seal_id} (of the three, the one that "
            "ends first counts): have those issued anew that come to their end",
            clause=step.clause, case=seal.case)
    return _open(t, request, application, predecessor=seal.case)


def _check_same_imprint(request: Request, application: Application) -> None:
    given = request.documents.get("imprint")
    if given is not None and sm3(given).hex() != application.imprint_sm3:
        raise refused(
            MakingCode.IMPRINT, "续期不得更换印模；印模改变须注销旧章、另申请新章",
            "a renewal keeps the imprint; for another imprint cancel the seal and apply for a new one",
            clause="B第6条、第15条")


def check_renewable(session: Session, seal: Seal, *, at: datetime) -> None:
    """Refuse the renewal of a seal that is past it, not yet open to it, or under way to it.

    Args:
        at: aware moment of asking.

    Raises:
        RegistryError: ``case.expired``, ``case.renewal-open``, ``case.retired``, ``case.not-yet-renewable``.

    Source: 003 B第8条.
    """
    (step,), now = steps_of("renew"), phase_of(seal, at)
    if now is Phase.EXPIRED:
        raise refused(
            CaseCode.EXPIRED, f"印章 {seal.seal_id} 已到期，不能续期，请重新申请",
            f"seal {seal.seal_id} has expired and cannot be renewed: apply for a new one", clause=step.clause,
            case=seal.case)
    successor = session.scalars(
        select(Seal).where(Seal.predecessor == seal.case, Seal.state.in_(LIVE)).limit(1)).first()
    if successor is not None:
        raise refused(
            CaseCode.RENEWAL_OPEN, f"印章 {seal.seal_id} 已有续期事项 {successor.case}，请继续办理",
            f"seal {seal.seal_id} is being renewed already in case {successor.case}: go on with that one",
            clause=step.clause, case=successor.case)
    if now is Phase.RETIRED:
        raise refused(
            CaseCode.RETIRED, f"印章 {seal.seal_id} 已由新章接替，不能续期，请重新申请",
            f"seal {seal.seal_id} was retired and cannot be renewed: apply for a new one", clause=step.clause,
            case=seal.case)
    opens = renewal_opens(_first_end(seal, at))
    if at < opens:
        raise refused(
            CaseCode.NOT_YET_RENEWABLE,
            f"印章 {seal.seal_id} 或其证书到期前 30 日（{time_zh(opens)}起）方可续期，请届时办理",
            f"seal {seal.seal_id} can be renewed in the 30 days before it or one of its certificates ends, from "
            f"{time_en(opens)} on",
            clause=step.clause, case=seal.case)


def _first_end(seal: Seal, at: datetime) -> datetime:
    """Return the moment at which a seal, its data-signing or its PDF certificate ends, whichever is first."""
    others = [Certificate.load(der).not_after for der in (seal.data_certificate, seal.pdf_certificate) if der]
    return min([seal.valid_end or at, *others])


def _open(t: Transaction, request: Request, application: Application, *, predecessor: str | None) -> Outcome:
    """Open a case for what was applied for, if it could become a seal."""
    check_application(application, grounds=Grounds.of_home(request.home), at=t.now)
    check_not_lost(t.session, application)
    seal = Seal(
        case=_next_case(t), organisation=application.code, name=application.name, type=application.type.value,
        state=State.APPLIED.value, sealing_certificate=application.certificate.der,
        data_certificate=application.data.der if application.data else None,
        pdf_certificate=application.pdf.der if application.pdf else None,
        imprint=application.imprint, imprint_sm3=application.imprint_sm3, diameter_mm=application.diameter_mm,
        documents={title: sm3(data).hex() for title, data in request.documents.items()},
        applicant=request.actor.id, applied_at=t.now, predecessor=predecessor)
    t.session.add(seal)
    return Outcome(case=seal.case, state=seal.state)


def _next_case(t: Transaction) -> str:
    """Return the next number of the year; one transaction at a time gives numbers out."""
    year = f"S{t.now.astimezone(CHINA_TIME).year}-"
    last = t.session.scalar(select(func.max(Seal.case)).where(Seal.case.startswith(year)))
    return f"{year}{int(last[6:]) + 1 if last else 1:06d}"


def _review_county(t: Transaction, request: Request) -> Outcome:
    """Accept at the county, after looking at the certificates again (B第5条（三）、第7条)."""
    seal, step = begin(t, request)
    keep_to(request)
    application = application_of(t.session, seal)
    check_certificates(application, grounds=Grounds.of_home(request.home), at=t.now)
    check_not_lost(t.session, application)
    seal.county_reviewer = request.actor.id
    return advance(seal, step, request)


def _review_upper(t: Transaction, request: Request) -> Outcome:
    """Accept at the level above (B第5条（三）)."""
    seal, step = begin(t, request)
    keep_to(request)
    seal.upper_reviewer = request.actor.id
    return advance(seal, step, request)


def _refuse(t: Transaction, request: Request) -> Outcome:
    """Refuse at the level where the case lies, with the reason that the applicant is told (B第5条（三）)."""
    seal, step = begin(t, request)
    keep_to(request)
    return advance(seal, step, request)


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({
    "apply": _apply, "renew": _renew, "review-county": _review_county, "review-upper": _review_upper,
    "refuse": _refuse, **handlers_making.HANDLERS, **handlers_use.HANDLERS, **approvals.HANDLERS, **actors.HANDLERS,
    **clock.HANDLERS,
})
"""Act → what does it."""

ROLES_OF_ACT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    **states.ROLES_OF_ACT, **approvals.ROLES_OF_ACT, **actors.ROLES_OF_ACT, **clock.ROLES_OF_ACT,
})
"""Act → the roles of which one is needed, whatever the state."""

CLAUSES: Final[Mapping[str, str]] = MappingProxyType({
    **{step.act: step.clause for step in reversed(states.STEPS)}, **dict.fromkeys(approvals.HANDLERS, approvals.CLAUSE),
    **dict.fromkeys(actors.HANDLERS, actors.CLAUSE), **dict.fromkeys(clock.HANDLERS, clock.CLAUSE),
})
"""Act → the clause behind it."""

URGENT: Final = frozenset({"suspend", "report-lost", "approve-withdraw"})
"""Acts that only take a right of the actor's own unit away, and so wait for no revocation list."""
