"""Files of a home that permit more than the registry, as after an edit by hand: found, put right and logged.

What permits less is left alone: it is an act under way, or somebody's wish to stop. The registry does not know of an
edit, so a process that issues goes by it until the next command of ``seals``.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from certs.approval import ApprovalError
from certs.approval_scope import Office, read_approvers
from certs.files import read_file, remove, reported, write_atomic
from certs.seal_folder import SealUse, UseState
from certs.sm3 import sm3
from registry.clock import ACCEPT_CLOCK
from registry.database import Registry
from registry.projection import APPROVERS, approval_file, approvers_file, notes
from registry.tables import Approval, Seal

__all__ = ["correct"]

_MAX_USE, _MAX_APPROVAL, _MAX_APPROVERS = 64 * 1024, 4 * 1024 * 1024, 8 * 1024 * 1024
_PLAIN: Final = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)


class _Excess(NamedTuple):
    """A file that permits too much: what stands there, and what belongs there (None: nothing)."""

    path: Path
    found: bytes
    right: bytes | None


def correct(registry: Registry) -> tuple[str, ...]:
    """Put right what permits more than the registry does, and log each file (``files.corrected``).

    A ``use.json`` gets what the registry says, that of a seal that it has not in use is suspended. An approval that
    the registry does not have in force is kept under a hidden name, ``approvals/.<id>.json``.

    Returns:
        The files, relative to the home.

    Raises:
        RegistryError: the registry cannot be used, or a note in ``pending/`` cannot be read.
        FileError: a file cannot be read or written.
    """
    with registry.reading() as session:
        if not _excesses(session, registry.home):
            return ()
    with registry.transaction(clock_behind=True) as t:
        excesses = _excesses(t.session, registry.home)
        for one in excesses:
            name = one.path.relative_to(registry.home).as_posix()
            _put_right(one)
            t.log("files.corrected", found=sm3(one.found).hex(),
                  file=name if _PLAIN.fullmatch(name) else sm3(os.fsencode(name)).hex())
    return tuple(one.path.relative_to(registry.home).as_posix() for one in excesses)


def _put_right(one: _Excess) -> None:
    if one.path.parent.name == "approvals":
        write_atomic(one.path.with_name(f".{one.path.name}"), one.found)
    if one.right is None:
        remove(one.path)
    else:
        write_atomic(one.path, one.right)


def _excesses(session: Session, home: Path) -> list[_Excess]:
    with reported(home):
        pending = [(str(signed.body["act"]), str(signed.body["subject"])) for _, signed in notes(home)]
        found = [*_seals(session, home, frozenset(subject for _, subject in pending)), *_approvals(session, home)]
        if not any(act == ACCEPT_CLOCK for act, _ in pending):
            found.extend(_approvers(session, home))
    return found


def _seals(session: Session, home: Path, under_way: frozenset[str]) -> Iterator[_Excess]:
    """Look at every ``use.json`` but those whose files an act is still to write."""
    rows = session.execute(select(
        Seal.case, Seal.predecessor, Seal.organisation, Seal.seal_id, Seal.state, Seal.in_use_from, Seal.in_use_until,
    ).where(Seal.seal_id.is_not(None))).all()
    waiting = under_way | {row.predecessor for row in rows if row.case in under_way}
    known = {(row.organisation, row.seal_id): row for row in rows}
    for path in sorted((home / "authorities").glob("[!.]*/[!.]*/use.json")):
        data = read_file(path, max_bytes=_MAX_USE)
        try:
            use = SealUse.parse(data)
        except (ValueError, RecursionError):
            continue                                    # the home refuses it
        row = known.get((path.parts[-3], path.parts[-2]))
        if use.state is not UseState.IN_USE or (row is not None and row.case in waiting):
            continue
        if row is None or row.in_use_from is None:
            right = SealUse(state=UseState.SUSPENDED, use_from=use.use_from, use_until=use.use_until)
        else:
            right = SealUse(state=UseState(row.state), use_from=row.in_use_from, use_until=row.in_use_until)
        if not _within(use, right):
            yield _Excess(path, data, right.to_json())


def _within(use: SealUse, right: SealUse) -> bool:
    """Say whether a use that is open lies within the right one."""
    return right.state is UseState.IN_USE and right.use_from <= use.use_from and (
        right.use_until is None or (use.use_until is not None and use.use_until <= right.use_until))


def _approvals(session: Session, home: Path) -> Iterator[_Excess]:
    """Look at every approval: it is signed, so it is the registry's to the letter or none."""
    rows = {row.id: row for row in session.scalars(
        select(Approval).where(Approval.confirmed.is_not(None), Approval.withdrawn_at.is_(None)))}
    for path in sorted((home / "approvals").glob("[!.]*.json")):
        data = read_file(path, max_bytes=_MAX_APPROVAL)
        row = rows.get(path.stem)
        if row is None or not _same(data, row):
            yield _Excess(path, data, None if row is None else approval_file(row))


def _same(data: bytes, row: Approval) -> bool:
    try:
        return bool(json.loads(data) == {"given": json.loads(row.given), "confirmed": json.loads(row.confirmed or b"")})
    except (ValueError, RecursionError):
        return False


def _approvers(session: Session, home: Path) -> Iterator[_Excess]:
    path = home / APPROVERS
    if not path.is_file():
        return
    data, right = read_file(path, max_bytes=_MAX_APPROVERS), approvers_file(session, home)
    try:
        found, offices = read_approvers(data), read_approvers(right)
    except ApprovalError:
        return                                          # the home refuses it
    held = defaultdict(list)
    for one in offices:
        held[one.certificate, one.unit].append(one)
    if not all(any(_covers(one, office) for one in held[office.certificate, office.unit]) for office in found):
        yield _Excess(path, data, right)


def _covers(wide: Office, office: Office) -> bool:
    """Say whether an office is held for no longer than another of the same person and unit."""
    return wide.held_from <= office.held_from and (
        wide.held_until is None or (office.held_until is not None and office.held_until <= wide.held_until))
