"""A process that issues obeys a withdrawal at its next licence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import docgen
from certs.home import Home
from codes.errors import EngineError
from registry.acts import perform, sign_act
from registry.database import Registry
from tests.docgen.records import as_json, record
from tests.docgen.use_logs import events
from tests.support.approvals import person
from tests.support.demo_home import CITY, own_home

__all__ = ["own_home"]


@pytest.mark.req("R-003-22", "R-003-54")
def test_an_issuer_that_runs_stops_at_the_next_licence(own_home: Home) -> None:
    issuer = docgen.Issuer(own_home)
    number = issuer.issue(as_json(record(1))).approval
    with Registry.open(own_home.path) as registry:
        perform(registry, sign_act(
            "approve-withdraw", number, {"reason": "任务取消"}, signer=person(own_home, f"{CITY[0]}-custodian"),
            registry_id=registry.id, at=datetime.now(UTC)))
    with pytest.raises(EngineError) as refusal:
        issuer.issue(as_json(record(2)))
    assert refusal.value.code.value == "approval.none"
    assert events(own_home.issued_dir)[-1] == "refused"
    assert issuer.issue(as_json(record(1))).repeated           # what was sealed stays sealed
