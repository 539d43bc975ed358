"""Making a home's files agree with the registry again after a process was killed or a backup restored."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import select

from certs.files import read_file, reported, sweep
from certs.statement import MAX_CONTENT, SignedStatement
from codes.errors import EngineError
from registry.acts import perform
from registry.database import Registry
from registry.errors import RegistryCode
from registry.projection import PENDING, project_act, project_approvals, project_approvers, project_case
from registry.requests import ACT_TYPE
from registry.states import steps_of
from registry.tables import Seal

__all__ = ["settle"]

_MAX_NOTE: Final = 4 * MAX_CONTENT
_MOVED_ON: Final = frozenset({RegistryCode.OUT_OF_ORDER, RegistryCode.UNKNOWN_ACTOR})


def settle(registry: Registry, *, everything: bool = False) -> tuple[str, ...]:
    """Make the files of the home agree with the registry; call it before anything else is done.

    An act that takes the use of a seal away and was cut short is carried to its end: what was once blocked is never
    opened again by a crash. Other acts stand as the database has them.

    Args:
        everything: look at every seal, approval and approver, not only at what an act left behind; for a restored
            backup.

    Returns:
        The cases of acts that could not be carried to their end. Their seals stay blocked: do the act again.

    Raises:
        RegistryError: the registry cannot be used.
        FileError, HomeError, SealError: a file cannot be written or is damaged.
    """
    home, unfinished = registry.home, []
    for note, signed in _notes(home):
        if _restricts(signed) and not _carry_on(registry, signed):
            unfinished.append(str(signed.body["subject"]))
            continue
        with registry.transaction() as t:
            project_act(t.session, home, signed)
        note.unlink(missing_ok=True)
    if everything:
        _project_all(registry, frozenset(unfinished))
    return tuple(unfinished)


def _notes(home: Path) -> list[tuple[Path, SignedStatement]]:
    """Return what acts have left in ``pending/``."""
    folder = home / PENDING
    with reported(folder):
        if not folder.is_dir():
            return []
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    return [(path, SignedStatement.parse(read_file(path, max_bytes=_MAX_NOTE), type=ACT_TYPE)) for path in paths]


def _restricts(signed: SignedStatement) -> bool:
    act = str(signed.body["act"])
    return act == "actor-dismiss" or any(step.restricts for step in steps_of(act))


def _carry_on(registry: Registry, signed: SignedStatement) -> bool:
    """Perform a restricting act that may have been cut short; say whether the registry has decided on it."""
    try:
        perform(registry, signed)
    except EngineError as error:
        return error.code in _MOVED_ON
    return True


def _project_all(registry: Registry, blocked: frozenset[str]) -> None:
    with registry.transaction() as t:
        for folder in (registry.home / PENDING, registry.home / "authorities", registry.home / "approvals"):
            sweep(folder)
        for case in t.session.scalars(select(Seal.case).where(Seal.in_use_from.is_not(None)).order_by(Seal.case)):
            if case not in blocked:
                project_case(t.session, registry.home, case)
        project_approvals(t.session, registry.home)
        project_approvers(t.session, registry.home)
