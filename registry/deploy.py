"""Making a home's files agree with the registry again after a process was killed or a backup restored."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from certs.files import sweep
from certs.statement import SignedStatement
from codes.errors import EngineError
from registry.acts import perform
from registry.corrections import correct
from registry.database import Registry
from registry.evidence import check_states
from registry.projection import (
    PENDING,
    notes,
    project_act,
    project_approvals,
    project_approvers,
    project_case,
    restricts,
)
from registry.states import State, step_for
from registry.tables import ActorRole, Approval, Seal

__all__ = ["settle"]

_SWEPT: Final = (PENDING, "authorities", "approvals")


def settle(registry: Registry, *, everything: bool = False) -> tuple[str, ...]:
    """Make the files of the home agree with the registry; call it before anything else is done.

    An act that takes the use of a seal away and was cut short is carried to its end: what was once blocked is never
    opened again by a crash. Other acts stand as the database has them.

    Args:
        everything: look at every seal, approval and approver, not only at what an act left behind; for a restored
            backup.

    Returns:
        What the acts were about that could not be carried to their end, because whoever began them may not do so any
        more. It stays blocked: have the act done again.

    Raises:
        RegistryError: the registry cannot be used, or, where everything is looked at, ``registry.state-differs``.
        FileError, HomeError, SealError: a file cannot be written or is damaged.
    """
    if everything:
        with registry.reading() as session:
            check_states(session)
    unfinished = []
    for note, signed in notes(registry.home):
        if restricts(signed) and not (_carry_on(registry, signed) or _moved_on(registry, signed)):
            unfinished.append(str(signed.body["subject"]))
            continue
        with registry.transaction(clock_behind=True) as t:
            project_act(t.session, registry.home, signed)
        note.unlink(missing_ok=True)
    if everything:
        correct(registry)
        _project_all(registry)
    return tuple(unfinished)


def _carry_on(registry: Registry, signed: SignedStatement) -> bool:
    """Perform a restricting act that was cut short; say whether it stands now."""
    try:
        perform(registry, signed, late=True)
    except EngineError:
        return False
    return True


def _moved_on(registry: Registry, signed: SignedStatement) -> bool:
    """Say whether the registry has come, by other acts, to where this one cannot begin any more."""
    act, subject = str(signed.body["act"]), str(signed.body["subject"])
    with registry.reading() as session:
        seal = session.get(Seal, subject)
        if seal is not None:
            return step_for(act, State(seal.state), renewal=seal.predecessor is not None) is None
        if act == "approve-withdraw":
            approval = session.get(Approval, subject)
            return approval is None or approval.withdrawn_at is not None
        held = select(ActorRole).where(ActorRole.actor == subject, ActorRole.until.is_(None)).limit(1)
        return session.scalars(held).first() is None


def _project_all(registry: Registry) -> None:
    with registry.transaction(clock_behind=True) as t:
        for folder in (registry.home, *registry.home.glob("authorities/*"), *map(registry.home.joinpath, _SWEPT)):
            sweep(folder)
        for case in t.session.scalars(select(Seal.case).where(Seal.in_use_from.is_not(None)).order_by(Seal.case)):
            project_case(t.session, registry.home, case)
        project_approvals(t.session, registry.home)
        project_approvers(t.session, registry.home)
