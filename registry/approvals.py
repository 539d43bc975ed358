"""Approvals of sealing (用印审批) through acts: one approver of the unit gives, another confirms (B第12条).

Any approver of the unit, or its custodian, withdraws one; its number is never used again.

What is signed is the approval itself (:mod:`certs.approval`), handed in as the document of an act of the same
person; so the file in the home proves itself, and the registry's log says who did what when.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.approval import CONFIRMED, GIVEN, Approval, Terms, read_terms
from certs.statement import SignedStatement, check_signature
from codes.region import covers
from registry import tables
from registry.actors import allowed
from registry.cases import keep_to, text
from registry.database import Transaction
from registry.errors import RegistryCode, RegistryError, refused
from registry.making import clause
from registry.requests import Handler, Outcome, Request
from registry.states import State
from registry.tables import Seal
from registry.words import papers_zh

__all__ = ["CLAUSE", "HANDLERS", "ROLES_OF_ACT", "ApproveCode", "check_stands", "find_approval"]

CLAUSE: Final = "B第12条"
_APART: Final = timedelta(minutes=5)
_APPROVERS: Final = ("approver",)
_WITHDRAWERS: Final = ("approver", "custodian")
_USABLE: Final = frozenset({State.MADE, State.IN_USE, State.SUSPENDED})


class ApproveCode(enum.StrEnum):
    """Codes of refusals that belong to approvals as acts."""

    UNKNOWN = "approve.unknown"
    TAKEN = "approve.number-taken"
    CONFIRMED = "approve.confirmed-already"
    WITHDRAWN = "approve.withdrawn"
    NO_SEAL = "approve.no-such-seal"
    OTHER_SIGNER = "approve.other-signer"
    OVER = "approve.over"
    REGION = "approve.region"


def find_approval(session: Session, number: str) -> tables.Approval:
    """Return an approval by its number.

    Raises:
        RegistryError: ``approve.unknown``.
    """
    row = session.get(tables.Approval, number)
    if row is None:
        raise refused(
            ApproveCode.UNKNOWN, f"没有编号为 {number} 的用印审批，请核对编号",
            f"there is no approval {number}: check its number", clause=CLAUSE)
    return row


def _give(t: Transaction, request: Request) -> Outcome:
    """Record what one approver allows; it allows nothing yet."""
    keep_to(request)
    given = _signed(request, "approval", GIVEN)
    with clause(CLAUSE):
        terms = read_terms(given)
    _check_number(request, terms.id)
    seal = _check_approver(t, request, terms.seal_id)
    _check_reach(terms, seal, t.now)
    if t.session.get(tables.Approval, terms.id) is not None:
        raise refused(
            ApproveCode.TAKEN, f"用印审批编号 {terms.id} 已用过，请换一个编号重新签署",
            f"the number {terms.id} was used for another approval: sign it anew under another one", clause=CLAUSE)
    t.session.add(tables.Approval(
        id=terms.id, seal_id=terms.seal_id, given=given.to_json(), given_by=request.actor.id, given_at=t.now))
    return Outcome(case=terms.id, state="given", facts={"seal": terms.seal_id})


def _confirm(t: Transaction, request: Request) -> Outcome:
    """Put an approval into force that another approver gave."""
    keep_to(request)
    row = find_approval(t.session, request.subject)
    check_stands(row)
    if row.confirmed is not None:
        raise refused(
            ApproveCode.CONFIRMED, f"用印审批 {row.id} 已经确认，不必再办", f"approval {row.id} is confirmed already",
            clause=CLAUSE)
    _check_approver(t, request, row.seal_id)
    confirmed = _signed(request, "confirmation", CONFIRMED)
    with clause(CLAUSE):
        Approval.join(SignedStatement.parse(row.given, type=GIVEN), confirmed)
    row.confirmed, row.confirmed_by, row.confirmed_at = confirmed.to_json(), request.actor.id, t.now
    return Outcome(case=row.id, state="confirmed", facts={"seal": row.seal_id})


def _withdraw(t: Transaction, request: Request) -> Outcome:
    """Take an approval back, confirmed or not, whatever became of its seal."""
    keep_to(request)
    row = find_approval(t.session, request.subject)
    check_stands(row)
    seal = t.session.scalars(select(Seal).where(Seal.seal_id == row.seal_id)).one_or_none()
    if seal is None:
        raise _no_seal(row.seal_id)
    allowed(t.session, request.actor, _WITHDRAWERS, unit=seal.organisation, at=t.now, clause=CLAUSE)
    if not text(request, "reason", optional=True):
        raise refused(
            RegistryCode.REASON_MISSING, "撤回用印审批须说明理由，请用 --reason 写明",
            "withdrawing an approval needs a reason: give it with --reason", clause=CLAUSE)
    row.withdrawn_at = t.now
    return Outcome(case=row.id, state="withdrawn", facts={"seal": row.seal_id})


def check_stands(row: tables.Approval) -> None:
    """Refuse an approval that was withdrawn.

    Raises:
        RegistryError: ``approve.withdrawn``.
    """
    if row.withdrawn_at is not None:
        raise refused(
            ApproveCode.WITHDRAWN, f"用印审批 {row.id} 已撤回，请另行批准", f"approval {row.id} was withdrawn: "
            "have another one given", clause=CLAUSE)


def _signed(request: Request, title: str, kind: str) -> SignedStatement:
    """Return the statement in a document, signed by whoever acts and at the time of the act."""
    if not request.documents.get(title):
        raise refused(
            RegistryCode.DOCUMENT_MISSING, f"缺少已签署的{papers_zh([title])}",
            f"the signed document {title} is missing", clause=CLAUSE, document=title)
    with clause(CLAUSE):
        signed = SignedStatement.parse(request.documents[title], type=kind)
        check_signature(signed)
    if signed.certificate != request.statement.certificate or abs(signed.at - request.statement.at) > _APART:
        raise refused(
            ApproveCode.OTHER_SIGNER, f"{papers_zh([title])} 不是由办理人在办理时签署的，请由本人重新签署",
            f"{title} was not signed by whoever acts, at the time of the act: sign it anew", clause=CLAUSE)
    return signed


def _check_number(request: Request, number: str) -> None:
    if number != request.subject:
        raise refused(
            RegistryCode.BAD_ACT, f"办理的编号 {request.subject} 与用印审批的编号 {number} 不同，请更正",
            f"the act is about {request.subject}, the approval says {number}; correct it", clause=CLAUSE)


def _check_reach(terms: Terms, seal: Seal, now: datetime) -> None:
    """Refuse terms under which nothing could ever be sealed."""
    region = seal.organisation[2:8]
    if not covers(terms.region, region):
        raise refused(
            ApproveCode.REGION, f"印章 {terms.seal_id} 的单位属于行政区划 {region}，不在 {terms.region} 之内，请更正",
            f"the unit of seal {terms.seal_id} belongs to region {region}, outside {terms.region}: correct it",
            clause=CLAUSE)
    if terms.valid_to <= now:
        raise refused(
            ApproveCode.OVER, f"用印审批 {terms.id} 的期限已过，请改为以后的时间",
            f"the period of approval {terms.id} is over already: give a later end", clause=CLAUSE)


def _check_approver(t: Transaction, request: Request, seal_id: str) -> Seal:
    """Refuse a seal that cannot be used any more, and whoever is no approver of its unit."""
    seal = t.session.scalars(select(Seal).where(Seal.seal_id == seal_id)).one_or_none()
    if seal is None or State(seal.state) not in _USABLE:
        raise _no_seal(seal_id)
    allowed(t.session, request.actor, _APPROVERS, unit=seal.organisation, at=t.now, clause=CLAUSE)
    return seal


def _no_seal(seal_id: str) -> RegistryError:
    return refused(
        ApproveCode.NO_SEAL, f"登记库中没有可用的印章 {seal_id}，请核对印章编码",
        f"the registry has no seal {seal_id} that could be used: check its identifier", clause=CLAUSE, seal=seal_id)


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({
    "approve-give": _give, "approve-confirm": _confirm, "approve-withdraw": _withdraw})
"""Act → what does it."""

ROLES_OF_ACT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "approve-give": _APPROVERS, "approve-confirm": _APPROVERS, "approve-withdraw": _WITHDRAWERS})
"""Act → the roles of which one is needed."""
