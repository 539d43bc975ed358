"""Approvals that follow a seal's use to its successor: the same leave, signed anew for the new seal by two approvers.

What is carried is the old leave: kinds, region, record, number and period as they were, what is sealed under the old
approval, before and after, counting as sealed under the new one (``continues``); but an approval that was to last as
long as its seal lasts as long as the new one. Source: 003 B第12条.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from certs.approval import GIVEN, Approval, ApprovalError, Terms, check_signed, confirm, give, load_approval, read_terms
from certs.approval_scope import Office, Sealing, check, read_approvers, used_in_all
from certs.files import read_file, reported
from certs.known import load_known
from certs.sm3 import sm3
from certs.statement import SignedStatement
from codes.errors import EngineError
from codes.region import covers
from registry import tables
from registry.acts import perform, sign_act
from registry.approvals import CLAUSE, ApproveCode, check_stands
from registry.attendance import Attendance
from registry.database import Registry
from registry.errors import refused
from registry.projection import APPROVERS
from registry.tables import Seal

__all__ = ["ApprovalFiles", "Following", "carry", "follow"]

_MAX_BYTES: Final = 8 * 1024 * 1024
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What becomes of one approval of the old seal.

    Attributes:
        approval: of the old seal.
        by: number of the approval of the new seal that takes its place; None while there is none.
        terms: what is to be signed for the new seal; error: why there is nothing to be signed. One of the three is set.
    """

    approval: Approval
    by: str | None = None
    terms: Terms | None = None
    error: ApprovalError | None = None


class ApprovalFiles:
    """The approvals of a home, found by the seal that they name and judged only when asked for."""

    def __init__(self, home: Path) -> None:
        """Find out which file speaks of which seal.

        Raises:
            FileError: the folder cannot be read.
        """
        self._home = home
        self._files: dict[str, list[Path]] = defaultdict(list)
        self._mark: tuple[int, int, int] | None = None
        self._offices: Mapping[str, list[Office]] = {}
        folder = home / "approvals"
        with reported(folder):
            paths = sorted(folder.glob("[!.]*.json")) if folder.is_dir() else []
        for path in paths:
            self._files[_seal_of(path)].append(path)

    def count(self, seal_id: str) -> int:
        """Return how many files name the seal."""
        return len(self._files.get(seal_id, ()))

    def note(self, terms: Terms) -> None:
        """Take in an approval whose file was written since."""
        self._files[terms.seal_id].append(self._home / "approvals" / f"{terms.id}.json")

    def of(self, seal_id: str, *, at: datetime) -> tuple[Approval, ...]:
        """Return the seal's approvals whose signatures are good; others allow nothing and are left out.

        Args:
            at: the present, aware.

        Raises:
            FileError: a file cannot be read.
        """
        known, good = load_known(self._home), []
        for path in self._files.get(seal_id, ()):
            try:
                approval = load_approval(path)
                check_signed(approval, clock_now=at, **known.judges())
            except ApprovalError:
                continue
            good.append(approval)
        return tuple(good)

    def offices(self, unit: str) -> tuple[Office, ...]:
        """Return who may approve for the organisation with the USCC ``unit``.

        Raises:
            ApprovalError, FileError: ``approvers.json`` is damaged or cannot be read.
        """
        path = self._home / APPROVERS
        if not path.exists():
            return ()
        with reported(path):
            stat = path.stat()
        mark = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if mark != self._mark:
            offices = defaultdict(list)
            for office in read_approvers(read_file(path, max_bytes=_MAX_BYTES)):
                offices[office.unit].append(office)
            self._mark, self._offices = mark, offices
        return tuple(self._offices.get(unit, ()))


def _seal_of(path: Path) -> str:
    """Return the seal that a file names, unproven; "" where it names none."""
    try:
        seal = json.loads(json.loads(read_file(path, max_bytes=_MAX_BYTES))["given"]["content"])["seal"]
    except (ValueError, KeyError, TypeError, RecursionError, EngineError):
        return ""
    return seal if isinstance(seal, str) else ""


def follow(
    files: ApprovalFiles, old: Seal, new: Seal, *, start: datetime, at: datetime, used: Mapping[str, int],
) -> tuple[Following, ...]:
    """Say what becomes of each approval under which the old seal may be used until ``start``.

    One that has ended by then, or was for a single record and is used, is not told of. One that is exhausted, or whose
    persons are no approvers any more, allows nothing and does not follow.

    Args:
        start: the moment at which the new seal takes over, aware; at: the present.
        used: number of an approval → how many licences were sealed under it.

    Raises:
        ApprovalError, FileError: ``approvers.json`` or a file cannot be read.
    """
    assert old.seal_id and new.seal_id and old.valid_end and new.valid_end  # noqa: S101  (both were made)
    offices, taken, found = files.offices(old.organisation), files.of(new.seal_id, at=at), []
    old_ones = files.of(old.seal_id, at=at)
    for approval in old_ones:
        terms = approval.terms
        uses = used_in_all(terms, old_ones, used)
        with_seal, moment = timedelta(0) <= terms.valid_to - old.valid_end < _SECOND, max(start, terms.valid_from)
        if (moment > terms.valid_to and not with_seal) or (terms.record is not None and uses):
            continue
        number = f"{new.case}-{sm3(approval.id.encode())[:6].hex()}"
        by = _taking_its_place(taken, terms, number, new.case, moment)
        if by is not None:
            found.append(Following(approval=approval, by=by))
            continue
        try:
            check(approval, Sealing(
                kind=terms.kinds[0], unit=old.organisation, region=terms.region, seal_id=old.seal_id,
                record=terms.record or "", at=min(moment, terms.valid_to)), used=uses, offices=offices)
        except ApprovalError as error:
            found.append(Following(approval=approval, error=error))
            continue
        found.append(Following(approval=approval, terms=replace(
            terms, id=number, seal_id=new.seal_id, valid_to=new.valid_end if with_seal else terms.valid_to,
            continues=(*terms.continues, approval.id))))
    return tuple(found)


def _taking_its_place(
    taken: tuple[Approval, ...], terms: Terms, number: str, case: str, moment: datetime,
) -> str | None:
    """Return the approval of the new seal that stands for the old one's: that carried from it, or a wider one."""
    for one in taken:
        wider = (not one.id.startswith(f"{case}-") and set(terms.kinds) <= set(one.terms.kinds)
                 and covers(one.terms.region, terms.region) and one.terms.record in (None, terms.record)
                 and one.terms.valid_from <= moment <= one.terms.valid_to)
        if one.id == number or wider:
            return one.id
    return None


def carry(registry: Registry, following: Following, *, unit: str, approvers: Attendance) -> bool:
    """Have the leave of an approval given and confirmed for the new seal, as far as its approvers are at hand.

    Args:
        unit: USCC of the organisation.

    Returns:
        Whether it is confirmed now; one approver alone gives it, and another can confirm it in a later run.

    Raises:
        RegistryError: the refusal of an act; ``approve.number-taken`` when something else was given under its number,
            ``approve.withdrawn`` when it was withdrawn.
        EngineError: a key cannot be had, or the registry or a file cannot be used.
    """
    terms = following.terms
    if terms is None:
        return following.by is not None
    with registry.reading() as session:
        row = session.get(tables.Approval, terms.id)
    if row is not None:
        check_stands(row)
    if row is not None and row.confirmed is not None:
        return True
    given = None if row is None else SignedStatement.parse(row.given, type=GIVEN)
    if given is None:
        giver = approvers.find(("approver",), unit=unit)
        if giver is None:
            return False
        given = give(terms, signer=giver.signer, at=registry.now())
        documents = {"approval": given.to_json()}
        perform(registry, sign_act("approve-give", terms.id, {}, documents=documents, signer=giver.signer,
                                   registry_id=registry.id, at=registry.now()), documents=documents)
    else:
        _require_same(read_terms(given), terms)
    confirmer = approvers.find(("approver",), unit=unit, apart=(given.certificate,))
    if confirmer is None:
        return False
    documents = {"confirmation": confirm(given, signer=confirmer.signer, at=registry.now()).to_json()}
    perform(registry, sign_act("approve-confirm", terms.id, {}, documents=documents, signer=confirmer.signer,
                               registry_id=registry.id, at=registry.now()), documents=documents)
    return True


def _require_same(given: Terms, terms: Terms) -> None:
    """Refuse to confirm what is not the old leave."""
    if given != terms:
        raise refused(
            ApproveCode.TAKEN, f"用印审批编号 {terms.id} 已用于另一内容，不予确认；请另行批准新章的用印",
            f"the number {terms.id} was used for another approval, which is not confirmed: "
            "have one given for the new seal by hand", clause=CLAUSE)
