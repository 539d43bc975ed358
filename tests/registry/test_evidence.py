"""A state that was written into the database by hand is neither settled nor published."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from registry.deploy import settle
from registry.errors import RegistryError
from registry.evidence import check_states
from registry.publication import publish
from registry.states import State
from registry.tables import Act, Seal
from tests.support.bounds import not_hanging
from tests.support.seal_office import Office, make_home


@pytest.mark.req("R-003-17")
def test_a_lost_seal_put_back_by_hand_is_not_believed(office: Office) -> None:
    case = office.in_use()
    office.act("保管人", "report-lost", case, {"reason": "失控"})
    settle(office.registry, everything=True)
    before = office.snapshot()[1]
    with office.registry.transaction() as t:
        t.session.execute(update(Seal).where(Seal.case == case).values(state=State.IN_USE.value))
    for read in (lambda: settle(office.registry, everything=True),
                 lambda: publish(office.registry, signer=office.signer("管理员"), valid_for=timedelta(days=1))):
        with pytest.raises(RegistryError) as refusal:
            read()
        assert (refusal.value.code.value, refusal.value.facts["cases"]) == ("registry.state-differs", case)
    after = office.snapshot()[1]
    after.pop(".publication.lock")
    assert after == before


def test_ten_thousand_seals_are_looked_at_within_seconds(tmp_path: Path) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    case = office.in_use()
    row = office.row(case)
    columns = {column.name: getattr(row, column.name) for column in Seal.__table__.columns
               if column.name not in ("case", "seal_id", "seal_der", "imprint") and column.name in row.__dict__}
    actor = office.signer("保管人").certificate.fingerprint
    numbers = range(2, 10_001)
    with office.registry.transaction() as t:
        t.session.execute(insert(Seal), [
            {**columns, "case": f"S2026-{number:06d}", "seal_id": f"s{number}", "imprint": b""} for number in numbers])
        t.session.execute(insert(Act), [
            {"digest": f"{step}-{number}", "type": "activate", "subject": f"S2026-{number:06d}", "actor": actor,
             "at": office.now, "statement": b"", "outcome": {
                 "case": f"S2026-{number:06d}", "state": row.state, "facts": {}}}
            for step in range(5) for number in numbers])
    with not_hanging(), office.registry.reading() as session:
        check_states(session)
    office.registry.close()
