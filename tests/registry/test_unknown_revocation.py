"""Without fresh revocation lists a loss is reported all the same, and nothing is permitted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from certs.seal_folder import seal_uses
from certs.statement import StatementError
from registry.deploy import settle
from registry.requests import Outcome
from tests.registry.test_approvals import confirmed, given
from tests.support.seal_office import COUNTY, DAY, START, Office, write_lists

CASE = "S2026-000001"
REASON = {"reason": "理由"}
LATER = START + 20 * DAY


@pytest.fixture
def office(office: Office) -> Office:
    """An office in each database, with a seal in use and an approval, twenty days later."""
    office.in_use()
    given(office)
    confirmed(office)
    office.now = LATER
    return office


def stale(office: Office) -> None:
    """Lists that ended ten days ago."""
    write_lists(office.home, days=10)


def missing(office: Office) -> None:
    """No lists at all."""
    for path in (office.home / "crls").iterdir():
        path.unlink()


URGENT: dict[str, Callable[[Office], Outcome]] = {
    "report-lost": lambda office: office.act("保管人", "report-lost", CASE, REASON),
    "suspend": lambda office: office.act("申请人", "suspend", CASE, REASON),
    "approve-withdraw": lambda office: office.act("审批甲", "approve-withdraw", "standing-1", REASON),
}


@pytest.mark.req("R-003-17", "R-003-22")
@pytest.mark.parametrize("act", URGENT)
@pytest.mark.parametrize(("lists", "code"), [(stale, "chain.crl-stale"), (missing, "chain.crl-missing")])
def test_what_restricts_waits_for_no_list_and_the_log_says_so(
    office: Office, lists: Callable[[Office], None], code: str, act: str,
) -> None:
    lists(office)
    URGENT[act](office)
    event, facts = office.log()[-1]
    assert (event, facts["revocation"]) == (f"act.{act}", code)
    states = {use.state.value for use in seal_uses(office.home, COUNTY[0]).values()}
    assert states == {{"report-lost": "lost", "suspend": "suspended"}.get(act, "in-use")}
    assert (office.home / "approvals" / "standing-1.json").exists() == (act != "approve-withdraw")
    assert settle(office.registry) == ()


def test_with_fresh_lists_nothing_is_noted(office: Office) -> None:
    for act in ("approve-withdraw", "suspend", "report-lost"):
        URGENT[act](office)
        assert "revocation" not in office.log()[-1][1]


def refused_chain(office: Office, act: Callable[[Office], object]) -> str:
    """See that an act is refused for its certificate and changes nothing; returns why."""
    before = office.snapshot()
    with pytest.raises(StatementError, match=r"statement\.chain") as refusal:
        act(office)
    assert office.snapshot() == before and office.log()[-1][0] == "act.refused"
    return str(refusal.value.facts["chain"])


@pytest.mark.req("R-003-17")
def test_what_permits_waits_for_the_lists(office: Office) -> None:
    office.act("保管人", "suspend", CASE, REASON)
    stale(office)
    for act in (lambda office: office.act("县审核", "resume", CASE, REASON),
                lambda office: given(office, number="standing-2"),
                lambda office: office.act("市审核", "file", CASE, {"number": "1"}),
                lambda office: office.act("管理员", "actor-dismiss",
                                          office.signer("审批乙").certificate.fingerprint, {"role": "", "region": ""})):
        assert refused_chain(office, act) == "chain.crl-stale"


@pytest.mark.req("R-003-17")
def test_whoever_is_known_to_be_revoked_or_expired_restricts_nothing(office: Office) -> None:
    write_lists(office.home, office.signer("保管人").certificate, days=10)
    assert refused_chain(office, URGENT["report-lost"]) == "chain.revoked"
    missing(office)
    office.now = START + 3700 * DAY
    assert refused_chain(office, URGENT["report-lost"]) == "chain.expired"
