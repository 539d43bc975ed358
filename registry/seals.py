"""Reading the registry: a case as it stands, its application, its course, and lists of cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.canonical_json import JSON, is_object
from certs.moments import write_moment
from certs.sm3 import sm3
from certs.statement import SignedStatement, check_signature
from certs.x509 import Certificate
from registry.cases import REQUEST_HOLDS, find_case, phase_of
from registry.errors import RegistryCode, RegistryError
from registry.making import Application
from registry.requests import ACT_TYPE, Outcome
from registry.states import SealType, State
from registry.tables import Act, Actor, Organisation, Seal

__all__ = ["application_of", "cancel_requests", "describe", "done_before", "history", "list_cases"]


def application_of(session: Session, seal: Seal) -> Application:
    """Return what a case's seal was applied for.

    The imprint's digest is the one that the applicant signed, not the one in the table: who can write the table
    cannot exchange an imprint.

    Raises:
        RegistryError: ``registry.damaged``, no signed application stands behind the case.
    """
    owner = session.get_one(Organisation, seal.organisation)
    certificates = [Certificate.load(der) if der else None
                    for der in (seal.sealing_certificate, seal.data_certificate, seal.pdf_certificate)]
    if certificates[0] is None:
        raise _damaged(seal)
    kind = SealType(seal.type)
    legal_name = seal.name if kind is SealType.LEGAL_NAME else owner.name
    return Application(
        code=owner.code, organisation=legal_name, name=seal.name, type=kind, diameter_mm=seal.diameter_mm,
        imprint=seal.imprint, imprint_sm3=_signed_imprint(session, seal),
        certificate=certificates[0], data=certificates[1], pdf=certificates[2])


def _signed_imprint(session: Session, seal: Seal) -> str:
    """Return the imprint's SM3 in the signed application at the beginning of a line of renewals."""
    while seal.predecessor is not None:
        seal = find_case(session, seal.predecessor)
    acts = select(Act).where(Act.type == "apply", Act.subject == seal.organisation)
    applied = next((act for act in session.scalars(acts) if act.outcome["case"] == seal.case), None)
    if applied is None:
        raise _damaged(seal)
    statement = SignedStatement.parse(applied.statement, type=ACT_TYPE)
    check_signature(statement)
    documents = statement.body.get("documents")
    imprint = documents.get("imprint") if is_object(documents) else None
    if not isinstance(imprint, str):
        raise _damaged(seal)
    return imprint


def _damaged(seal: Seal) -> RegistryError:
    return RegistryError(
        RegistryCode.DAMAGED, f"印章登记库中找不到事项 {seal.case} 的已签名申请，登记库可能被改动，请从备份恢复",
        f"the registry has no signed application behind case {seal.case}: it may have been changed; restore it",
        case=seal.case)


def done_before(
    session: Session, *, act: str, subject: str, actor: str, facts: Mapping[str, JSON],
    documents: Mapping[str, bytes],
) -> Outcome | None:
    """Return what came of the very same act of the same person, if nothing has happened to the case since.

    So a command that was cut short after its act can be given again and does nothing twice.
    """
    acts = select(Act).where(Act.type == act, Act.subject == subject, Act.actor == actor)
    last = session.scalars(acts.order_by(Act.number.desc()).limit(1)).first()
    if last is None:
        return None
    body = SignedStatement.parse(last.statement, type=ACT_TYPE).body
    same = body["facts"] == dict(facts) and body["documents"] == {
        title: sm3(data).hex() for title, data in documents.items()}
    outcome = Outcome.from_json(last.outcome)
    seal = session.get(Seal, outcome.case)
    if not same or (seal is not None and history(session, seal)[-1]["statement"] != last.digest):
        return None
    return outcome


def list_cases(
    session: Session, *, at: datetime, phase: str | None = None, organisation: str | None = None,
) -> Iterator[Seal]:
    """Return cases by number.

    Args:
        at: aware moment at which their state is told.
        phase: only those in this state (:class:`registry.states.Phase`).
        organisation: only those of this USCC.
    """
    cases = select(Seal).order_by(Seal.case)
    if organisation is not None:
        cases = cases.where(Seal.organisation == organisation)
    for seal in session.scalars(cases):
        if phase is None or phase_of(seal, at) == phase:
            yield seal


def describe(session: Session, seal: Seal, *, at: datetime) -> dict[str, JSON]:
    """Return a case as an object for JSON; persons by name and unit, moments in UTC."""
    persons = {role: getattr(seal, role) for role in
               ("applicant", "county_reviewer", "upper_reviewer", "maker", "custodian")}
    moments = {key: getattr(seal, key) for key in
               ("applied_at", "made_at", "valid_start", "valid_end", "in_use_from", "in_use_until")}
    return {
        "case": seal.case, "organisation": seal.organisation, "name": seal.name, "type": seal.type,
        "state": phase_of(seal, at).value, "recorded": seal.state, "seal": seal.seal_id,
        "filing": seal.filing_number, "predecessor": seal.predecessor, "imprint": seal.imprint_sm3,
        "diameter_mm": seal.diameter_mm, "documents": dict(seal.documents), "reason": seal.reason,
        **{role: _person(session, actor) for role, actor in persons.items()},
        **{key: write_moment(value) if value else None for key, value in moments.items()},
    }


def cancel_requests(session: Session, *, at: datetime, case: str | None = None) -> dict[str, JSON]:
    """Return case → who asked for its cancelling, when and why, while that may still be done.

    Args:
        at: aware moment at which it is told; case: only that one.
    """
    asked = select(Act).join(Seal, Seal.case == Act.subject).where(
        Act.type == "request-cancel", Act.at >= at - REQUEST_HOLDS, Seal.state != State.CANCELLED)
    if case is not None:
        asked = asked.where(Act.subject == case)
    return {act.subject: {"at": write_moment(act.at), "by": _person(session, act.actor), "reason": _reason(act)}
            for act in session.scalars(asked.order_by(Act.number))}


def _reason(act: Act) -> str:
    facts = SignedStatement.parse(act.statement, type=ACT_TYPE).body["facts"]
    return str(facts.get("reason", "")) if is_object(facts) else ""


def _person(session: Session, actor: str | None) -> str | None:
    found = session.get(Actor, actor) if actor else None
    return f"{found.name} ({found.unit})" if found else None


def history(session: Session, seal: Seal) -> list[dict[str, JSON]]:
    """Return every act on a case in order: what, by whom, when, with the digest of the signed statement."""
    subjects = {seal.case, seal.organisation, seal.predecessor or seal.case}
    acts = session.scalars(select(Act).where(Act.subject.in_(subjects)).order_by(Act.number))
    return [
        {"act": act.type, "at": write_moment(act.at), "by": _person(session, act.actor), "statement": act.digest}
        for act in acts if act.outcome["case"] == seal.case]
