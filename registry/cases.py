"""Holding an act against the table of states: order, role, level, papers, reason, and that persons differ."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.canonical_json import JSON
from certs.moments import read_moment
from certs.plain_text import control_character, says_something
from certs.sm3 import sm3
from certs.x509 import Certificate
from registry.actors import allowed, same_person
from registry.database import Transaction
from registry.errors import RegistryCode, RegistryError, refused
from registry.requests import Outcome, Request
from registry.states import LIVE, ROLES_OF_ACT, TOWARDS_USE, Phase, State, Step, phase, step_for, steps_of
from registry.tables import Act, Actor, Organisation, Seal
from registry.words import act_zh, papers_zh, state_zh

__all__ = [
    "ENDED", "REQUEST_HOLDS", "CaseCode", "advance", "begin", "check_nameable", "check_papers", "check_scope",
    "find_case", "in_order", "integer", "keep_to", "moment", "phase_of", "standing", "text",
]

ENDED: Final = frozenset({Phase.EXPIRED, Phase.RETIRED})
"""Phases of a live case whose seal is not used any more."""
_MAX_TEXT: Final = 500
REQUEST_HOLDS: Final = timedelta(days=30)
"""How long what was asked for may be granted."""
_PROVINCE: Final = re.compile(r"[0-9]{2}0000")


class CaseCode(enum.StrEnum):
    """Codes of refusals that belong to the life of a seal."""

    UNKNOWN = "case.unknown"
    WRONG_LEVEL = "case.wrong-level"
    BAD_CODE = "case.bad-code"
    BAD_NAME = "case.bad-name"
    SEAL_EXISTS = "case.seal-exists"
    SEAL_ID_TAKEN = "case.seal-id-taken"
    NOT_YET_RENEWABLE = "case.not-yet-renewable"
    EXPIRED = "case.expired"
    RETIRED = "case.retired"
    RENEWAL_OPEN = "case.renewal-open"
    NOT_LONGER = "case.certificate-not-longer"
    FILED_ALREADY = "case.filed-already"
    CANCEL_REQUESTED = "case.cancel-requested"
    MOMENT = "case.moment"
    BEGUN = "case.use-begun"
    NOT_CUSTODIAN = "case.not-custodian"
    KEYS_MISSING = "case.keys-missing"
    KEYS_DIFFER = "case.keys-differ"
    LOST_KEY = "case.lost-key"


def find_case(session: Session, case: str) -> Seal:
    """Return the row of a case.

    Raises:
        RegistryError: ``case.unknown``.
    """
    seal = session.get(Seal, case)
    if seal is None:
        raise refused(
            CaseCode.UNKNOWN, f"没有编号为 {case} 的印章事项，请用 zhengyin seals list 查询编号",
            f"there is no case {case}: look its number up with `zhengyin seals list`", case=case)
    return seal


def phase_of(seal: Seal, at: datetime) -> Phase:
    """Return what a case's state comes to at ``at`` (aware)."""
    return phase(State(seal.state), at=at, valid_end=seal.valid_end, use_from=seal.in_use_from,
                 use_until=seal.in_use_until)


def begin(t: Transaction, request: Request) -> tuple[Seal, Step]:
    """Return the case that an act concerns and the row of the table that allows it.

    Raises:
        RegistryError: ``case.unknown``, ``registry.out-of-order``, ``registry.role-missing``,
            ``registry.out-of-scope``, ``case.wrong-level``, ``registry.document-missing``,
            ``registry.reason-missing`` or ``registry.same-person``.
    """
    seal = find_case(t.session, request.subject)
    step = in_order(t.session, seal, request.act)
    check_scope(t, request, step, seal.organisation)
    check_papers(request, step)
    for act in step.apart:
        _check_apart(t.session, request, step, seal, act)
    if step.after is not None and standing(t.session, seal, step.after, at=t.now) is None:
        raise refused(
            RegistryCode.OUT_OF_ORDER,
            f"事项 {seal.case} 的{act_zh(step.after)}已过 {REQUEST_HOLDS.days} 日，请重新申请后再办",
            f"what was asked for case {seal.case} by {step.after} is more than {REQUEST_HOLDS.days} days old: "
            "have it asked anew", clause=step.clause, case=seal.case, state=seal.state)
    return seal, step


def standing(session: Session, seal: Seal, act: str, *, at: datetime) -> Act | None:
    """Return the last ``act`` on a case that asks for something, as long as it holds: 30 days; else None."""
    done = _done(session, seal, act)
    return done[-1] if done and done[-1].at >= at - REQUEST_HOLDS else None


def in_order(session: Session, seal: Seal, act: str) -> Step:
    """Return the row of the table that allows ``act`` on a case as it stands.

    Raises:
        RegistryError: ``registry.out-of-order``.
    """
    step = step_for(act, State(seal.state), renewal=seal.predecessor is not None)
    if step is None or (step.after is not None and not _done(session, seal, step.after)):
        raise _out_of_order(act, seal)
    if seal.predecessor is not None and act in TOWARDS_USE:
        _check_continued(find_case(session, seal.predecessor), step)
    return step


def _check_continued(before: Seal, step: Step) -> None:
    """Refuse to go on with the renewal of a seal that was taken out of use (B第8条、第16条)."""
    if before.state != State.IN_USE:
        raise refused(
            RegistryCode.OUT_OF_ORDER,
            f"原印章事项 {before.case} {state_zh(before.state)}，其续期不得{step.zh}；"
            "停用的先恢复，挂失或注销的重新申请",
            f"the seal before, case {before.case}, is {before.state}, so its renewal does not go on to {step.act}: "
            "have a suspended seal resumed first, apply for a new one after a loss or cancelling",
            clause=step.clause, case=before.case, state=before.state)


def _out_of_order(act: str, seal: Seal) -> RegistryError:
    rows = steps_of(act)
    wanted = sorted({state for row in rows for state in row.sources}, key=list(State).index)
    first = rows[0].after
    return refused(
        RegistryCode.OUT_OF_ORDER,
        f"事项 {seal.case} 现状为“{state_zh(seal.state)}”，不能{rows[0].zh}（须为“{'、'.join(map(state_zh, wanted))}”"
        f"{f'，且须先{act_zh(first)}' if first else ''}），请按顺序办理",
        f"case {seal.case} is {seal.state}; {act} needs {', '.join(wanted)}"
        f"{f' and {first} before it' if first else ''}: take the steps in their order",
        clause=rows[0].clause, case=seal.case, state=seal.state)


def check_nameable(session: Session, known: Organisation, name: str, *, at: datetime, case: str = "") -> None:
    """Refuse a new name to an organisation of which another seal has not ended.

    Args:
        at: aware moment of asking; case: the one that brings the new name.

    Raises:
        RegistryError: ``case.seal-exists``.
    """
    cases = select(Seal).where(Seal.organisation == known.code, Seal.state.in_(LIVE), Seal.case != case)
    alive = [seal.case for seal in session.scalars(cases.order_by(Seal.case)) if phase_of(seal, at) not in ENDED]
    if alive:
        raise refused(
            CaseCode.SEAL_EXISTS, f"“{known.name}”还有未注销的印章（{'、'.join(alive)}），更名为“{name}”须先注销",
            f"{known.name} still has seals ({', '.join(alive)}): cancel them before it is called {name}",
            clause="B第15条", case=alive[0])


def check_scope(t: Transaction, request: Request, step: Step, code: str) -> None:
    """Refuse an actor without the step's role for the organisation ``code``, or one of the wrong level.

    Raises:
        RegistryError: ``registry.role-missing``, ``registry.out-of-scope``, ``case.wrong-level``.
    """
    rows = allowed(t.session, request.actor, step.roles, unit=code, at=t.now, clause=step.clause)
    own = code[2:8]
    if step.roles == ("upper-reviewer",) and not _PROVINCE.fullmatch(own) and all(row.region == own for row in rows):
        raise refused(
            CaseCode.WRONG_LEVEL, f"{step.zh}须由上一级管理部门办理，行政区划 {own} 是本级，请逐级报送",
            f"{step.act} belongs to the level above; {own} is the organisation's own: report it upward",
            clause=step.clause, case=request.subject)


def check_papers(request: Request, step: Step) -> None:
    """Refuse an act without a document or reason that the step demands.

    Raises:
        RegistryError: ``registry.document-missing``, ``registry.reason-missing``.
    """
    missing = [title for title in step.documents if not request.documents.get(title)]
    if missing:
        raise refused(
            RegistryCode.DOCUMENT_MISSING,
            f"{step.zh}缺少材料：{papers_zh(missing)}；请用 {_options(missing, '文件')} 附上",
            f"{step.act} needs the documents {', '.join(missing)}: attach them with {_options(missing, 'FILE')}",
            clause=step.clause, documents=" ".join(missing))
    if step.reason and not says_something(text(request, "reason", optional=True)):
        raise refused(
            RegistryCode.REASON_MISSING, f"{step.zh}须说明理由，请用 --reason 写明",
            f"{step.act} needs a reason: give it with --reason", clause=step.clause)


def _options(titles: Sequence[str], file: str) -> str:
    return " ".join(f"--document {title}={file}" for title in titles)


def _done(session: Session, seal: Seal, act: str) -> Sequence[Act]:
    """Return every act of a kind on a case, in order."""
    return session.scalars(select(Act).where(Act.subject == seal.case, Act.type == act).order_by(Act.number)).all()


def _check_apart(session: Session, request: Request, step: Step, seal: Seal, act: str) -> None:
    """Refuse whoever did ``act`` on the case, be it once: no one decides on what they asked for or did before."""
    earlier = {seal.applicant} if act in ("apply", "renew") else {done.actor for done in _done(session, seal, act)}
    actor = Certificate.load(request.actor.certificate)
    if any(same_person(Certificate.load(session.get_one(Actor, one).certificate), actor) for one in earlier):
        raise refused(
            RegistryCode.SAME_PERSON, f"{step.zh}与{act_zh(act)}不得为同一人，请由另一人办理",
            f"{step.act} and {act} must be done by two persons: let another one do it", clause=step.clause,
            case=seal.case)


def advance(seal: Seal, step: Step, request: Request) -> Outcome:
    """Write what the table says of every act: the state, the reason, the documents."""
    if step.target is not None:
        seal.state = step.target.value
    if step.reason:
        seal.reason = text(request, "reason")
    given = {f"{step.act}.{title}": sm3(data).hex() for title, data in request.documents.items()}
    if given:
        seal.documents = {**seal.documents, **given}
    return Outcome(case=seal.case, state=seal.state)


def keep_to(request: Request, *known: str) -> None:
    """Refuse facts that the act does not know: what is signed must be what is done.

    Raises:
        RegistryError: ``registry.bad-act``.
    """
    unknown = sorted(set(request.facts) - {*known, "reason"})
    if unknown:
        raise _bad(request, unknown[0])


def _bad(request: Request, key: str) -> RegistryError:
    clause = steps_of(request.act)[0].clause if request.act in ROLES_OF_ACT else ""
    return refused(
        RegistryCode.BAD_ACT, f"“{act_zh(request.act)}”的事实项 {key} 缺失、多余或写法不对，请更正",
        f"the fact {key} of {request.act} is missing, not known or not written as it should be; correct it",
        clause=clause, fact=key)


def text(request: Request, key: str, *, optional: bool = False, longest: int = _MAX_TEXT) -> str:
    """Return a fact that is a text without controls and outer blanks; "" where it may be missing.

    Raises:
        RegistryError: ``registry.bad-act``.
    """
    value: JSON = request.facts.get(key, "")
    if not isinstance(value, str) or len(value) > longest or value != value.strip() \
            or control_character(value) or not (value or optional):
        raise _bad(request, key)
    return value


def integer(request: Request, key: str) -> int:
    """Return a fact that is a whole number.

    Raises:
        RegistryError: ``registry.bad-act``.
    """
    value = request.facts.get(key)
    if type(value) is not int:
        raise _bad(request, key)
    return value


def moment(request: Request, key: str) -> datetime | None:
    """Return a fact that is a moment (UTC), None where it is missing.

    Raises:
        RegistryError: ``registry.bad-act``.
    """
    if key not in request.facts:
        return None
    try:
        return read_moment(text(request, key))
    except ValueError:
        raise _bad(request, key) from None
