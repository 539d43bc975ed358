"""Fills the registry of a demonstration home with the seals of thousands of organisations, without making their keys.

Rows and files have the form and size of real ones, the audit log is a whole chain. Certificates and approvals are
those of one organisation under other numbers, so their signatures are not theirs: what is measured does not look at
them, because the acts that took them in have.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from certs import approval as approvals
from certs.audit import Head, next_entry, write_facts
from certs.demo_pki import midnight
from certs.moments import write_moment
from certs.seal_folder import SealUse, UseState
from certs.sm3 import sm3
from certs.statement import SignedStatement
from certs.x509 import Certificate
from codes.uscc import check_character
from docgen.imprint import draw_imprint
from registry.database import Registry, Transaction
from registry.demo import DEFAULT_AUTHORITIES, LOWER_LINE, make_demo
from registry.projection import project_approvers
from registry.tables import Act, Actor, ActorRole, Approval, Audit, Organisation, Seal

__all__ = ["ENTRIES", "make_many"]

ENTRIES = 5
"""Entries of the audit log, and acts, for each seal."""
_PIECE = 1000
_ROLES = {"custodian": ("custodian", "approver"), "applicant": ("applicant", "approver")}


def make_many(home: Path, count: int, *, now: datetime) -> None:
    """Make a demo home at ``home`` with ``count`` further organisations; every seal ends in twenty days.

    Args:
        now: the present, aware.
    """
    end = midnight(now) + timedelta(days=21)
    for moment in (end.replace(year=end.year - 3), now):
        make_demo(home, DEFAULT_AUTHORITIES[:1], now=moment, environ={}, kinds=("K0",),
                  draw=lambda name, mm: draw_imprint(name, diameter_mm=mm, lower_line=LOWER_LINE))
    model = _Model.of(home)
    for start in range(0, count, _PIECE):
        numbers = range(start, min(start + _PIECE, count))
        with Registry.open(home, clock=lambda: now) as registry, registry.transaction() as t:
            _fill(t, registry.log, model, numbers)
            for number in numbers:
                _write(home, model, number)
            project_approvers(t.session, home)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """The one organisation that was taken through every act."""

    seal: Mapping[str, Any]
    acts: tuple[Mapping[str, Any], ...]
    approval: Mapping[str, Any]
    people: Mapping[str, bytes]
    code: str

    @classmethod
    def of(cls, home: Path) -> _Model:
        code = DEFAULT_AUTHORITIES[0].code
        with Registry.open(home) as registry, registry.reading() as session:
            seal = session.execute(select(Seal.__table__)).one()
            acts = session.execute(select(Act.__table__).order_by(Act.number.desc()).limit(ENTRIES)).all()
            approval = session.execute(select(Approval.__table__)).one()
        folders = {person: home / "actors" / f"{code}-{person}" for person in _ROLES}
        return cls(
            code=code, seal=seal._asdict(), acts=tuple(act._asdict() for act in acts),
            approval=approval._asdict(),
            people={person: (folder / "actor.cer").read_bytes() for person, folder in folders.items()})


def _code(number: int) -> str:
    base = f"11140121MB{number:07d}"
    return base + check_character(base)


def _seal_id(number: int) -> str:
    return f"{_code(number)}-{number:08X}"


def _certificate(model: bytes, number: int) -> bytes:
    """Return the certificate with the last bytes of its serial number exchanged."""
    serial = Certificate.load(model).serial.to_bytes(16, "big")
    return model.replace(serial, serial[:12] + number.to_bytes(4, "big"), 1)


def _approval(model: _Model, number: int) -> Mapping[str, Any]:
    """Return the row of the organisation's standing approval: one statement confirms the other."""
    given, confirmed = json.loads(model.approval["given"]), json.loads(model.approval["confirmed"])
    content = given["content"].replace(model.seal["seal_id"], _seal_id(number)).replace(model.code, _code(number))
    was, now = (sm3(text.encode()).hex() for text in (given["content"], content))
    confirming = confirmed["content"].replace(was, now).replace(model.code, _code(number))
    return {**model.approval, "id": f"standing-{_code(number)}-01", "seal_id": _seal_id(number),
            "given": json.dumps(given | {"content": content}).encode(),
            "confirmed": json.dumps(confirmed | {"content": confirming}).encode()}


def _fill(t: Transaction, log: str, model: _Model, numbers: range) -> None:
    people = [(number, person, _certificate(data, number)) for number in numbers
              for person, data in model.people.items()]
    t.session.execute(insert(Organisation), [
        {"code": _code(number), "name": f"测试市测试第{number}局"} for number in numbers])
    t.session.execute(insert(Actor), [
        {"id": sm3(der).hex(), "name": person, "unit": _code(number), "certificate": der, "appointed_at": t.now}
        for number, person, der in people])
    t.session.execute(insert(ActorRole), [
        {"actor": sm3(der).hex(), "role": role, "region": "", "since": t.now}
        for _, person, der in people for role in _ROLES[person]])
    t.session.execute(insert(Seal), [
        {**model.seal, "case": f"S2023-{number + 10:06d}", "organisation": _code(number), "seal_id": _seal_id(number),
         "name": f"测试市测试第{number}局", "signed_sm3": sm3(_seal_id(number).encode()).hex()} for number in numbers])
    t.session.execute(insert(Approval), [_approval(model, number) for number in numbers])
    t.session.execute(insert(Act), [
        {key: value for key, value in act.items() if key != "number"} | {
            "digest": sm3(f"{number} {place}".encode()).hex(), "subject": f"S2023-{number + 10:06d}",
            "outcome": {"case": f"S2023-{number + 10:06d}", "state": model.seal["state"], "facts": {}}}
        for number in numbers for place, act in enumerate(model.acts)])
    t.session.execute(insert(Audit), list(_entries(t, log, model, numbers)))


def _entries(t: Transaction, log: str, model: _Model, numbers: range) -> Iterator[dict[str, Any]]:
    head = t.head
    for number, act in itertools.product(numbers, model.acts):
        facts = {"actor": act["actor"], "case": f"S2023-{number + 10:06d}", "state": act["outcome"]["state"],
                 "statement": sm3(f"{number}{act['digest']}".encode()).hex()}
        entry = next_entry(head, log=log, at=t.now, event=f"act.{act['type']}", facts=facts)
        yield {"number": entry.number, "at": write_moment(entry.at), "event": entry.event,
               "facts": write_facts(entry.facts), "previous": entry.previous, "digest": entry.digest}
        head = Head(log, entry.number, entry.digest)


def _write(home: Path, model: _Model, number: int) -> None:
    """Write the folder of the seal, without its keys, those of its two persons, and its approval."""
    row = _approval(model, number)
    approval = approvals.Approval.join(SignedStatement.parse(row["given"], type=approvals.GIVEN),
                                       SignedStatement.parse(row["confirmed"], type=approvals.CONFIRMED))
    (home / "approvals" / f"{approval.id}.json").write_bytes(approval.to_json())
    folder = home / "authorities" / _code(number) / _seal_id(number)
    folder.mkdir(parents=True)
    use = SealUse(state=UseState.IN_USE, use_from=model.seal["in_use_from"])
    (folder / "use.json").write_bytes(use.to_json())
    for person, data in model.people.items():
        place = home / "actors" / f"{_code(number)}-{person}"
        place.mkdir()
        (place / "actor.cer").write_bytes(_certificate(data, number))
