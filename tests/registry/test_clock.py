"""An entry that a wrong clock dated ahead keeps nobody out: an administrator accepts the clock, and the log says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from certs.approval_scope import read_approvers
from certs.moments import write_moment
from certs.statement import StatementError
from registry.acts import perform
from registry.errors import RegistryError
from registry.requests import Outcome
from registry.tables import Act, ActorRole
from tests.support.issued_log import add_uses, issued_log
from tests.support.seal_office import COUNTY, DAY, START, Office, person

AHEAD = START + 900 * DAY


@pytest.fixture
def office(office: Office) -> Office:
    """An office in each database, in which acts were done while the clock stood ahead, and which is right again."""
    office.in_use()
    office.now = AHEAD
    office.extra["审批丁"] = person("审批丁", COUNTY[0])
    office.appoint(office.extra["审批丁"].certificate, COUNTY[0], "approver")
    office.act("管理员", "actor-dismiss", office.signer("审批乙").certificate.fingerprint, {"role": "", "region": ""})
    office.now = START + timedelta(hours=1)
    return office


def accept(office: Office, by: str = "管理员", **changes: object) -> Outcome:
    """Accept the clock as it is."""
    return office.act(by, "clock-accept", office.registry.id, {
        "last": write_moment(AHEAD), "reason": "服务器时钟曾快两年多", **changes})


def suspend(office: Office) -> Outcome:
    """Any other act."""
    return office.act("保管人", "suspend", "S2026-000001", {"reason": "搬迁"})


@pytest.mark.req("R-003-48")
def test_an_administrator_accepts_the_clock_and_everybody_works_again(office: Office) -> None:
    with pytest.raises(RegistryError, match=r"registry\.clock-backwards.*accept-clock"):
        suspend(office)
    before = len(office.log())
    outcome = accept(office)
    assert outcome.facts == {"old": write_moment(AHEAD), "new": write_moment(office.now)}
    assert [event for event, _ in office.log()[before:]] == ["clock.accepted", "act.clock-accept"]
    assert office.log()[before][1] == outcome.facts
    with office.registry.reading() as session:
        assert session.scalars(select(Act.at).order_by(Act.number.desc()).limit(1)).one() == office.now
    office.now += timedelta(minutes=1)
    assert suspend(office).state == "suspended"


@pytest.mark.req("R-003-22")
def test_what_was_dated_ahead_counts_from_the_acceptance(office: Office) -> None:
    accept(office)
    with office.registry.reading() as session:
        assert not session.scalars(select(ActorRole).where(
            (ActorRole.since > office.now) | (ActorRole.until > office.now))).all()
    offices = {one.certificate: one for one in read_approvers((office.home / "approvers.json").read_bytes())}
    office.now += timedelta(minutes=1)
    gone, new = (offices[office.signer(name).certificate.fingerprint] for name in ("审批乙", "审批丁"))
    assert (gone.held(office.now), new.held(office.now)) == (False, True)
    with pytest.raises(RegistryError, match=r"registry\.dismissed-actor"):
        office.act("审批乙", "approve-withdraw", "standing-1", {"reason": "理由"})


def test_a_refused_acceptance_is_logged_and_moves_nothing(office: Office) -> None:
    for code, by, changes in [
            ("registry.role-missing", "保管人", {}), ("clock.other-entry", "管理员", {"last": write_moment(START)}),
            ("registry.bad-act", "管理员", {"last": "soon"}), ("registry.bad-act", "管理员", {"more": "x"}),
            ("registry.reason-missing", "管理员", {"reason": ""})]:
        rows, entries = office.snapshot(), len(office.log())
        with pytest.raises(RegistryError) as refusal:
            accept(office, by, **changes)
        assert refusal.value.code.value == code
        assert office.snapshot() == rows
        assert [(event, facts["code"]) for event, facts in office.log()[entries:]] == [("act.refused", code)]
        with pytest.raises(RegistryError, match=r"registry\.clock-backwards"):
            suspend(office)
    accept(office)


def test_there_is_nothing_to_accept_while_the_clock_is_right(office: Office) -> None:
    signed = office.sign("管理员", "clock-accept", office.registry.id, {
        "last": write_moment(AHEAD), "reason": "时钟"})
    first = perform(office.registry, signed)
    office.now += timedelta(minutes=1)
    entries = len(office.log())
    assert perform(office.registry, signed) == first and len(office.log()) == entries
    with pytest.raises(RegistryError, match=r"clock\.not-behind"):
        accept(office, last=write_moment(office.now))


def test_the_certificate_must_be_good_by_the_accepted_clock(office: Office) -> None:
    office.now = START - 30 * DAY                              # before the administrator's certificate begins
    with pytest.raises(StatementError, match=r"statement\.chain"):
        accept(office)


@pytest.mark.req("R-003-48")
def test_the_log_of_seal_use_is_accepted_by_its_name(office: Office) -> None:
    accept(office)
    log = use_ahead(office.home)
    for code, changes in [("clock.other-entry", {"last": write_moment(START)}),
                          ("registry.role-missing", {"by": "保管人"}), ("registry.bad-act", {"subject": "issued-0"})]:
        with pytest.raises(RegistryError) as refusal:
            accept_use(office, log, **changes)
        assert refusal.value.code.value == code
    entries = len(office.log())
    assert accept_use(office, log).case == log
    assert office.log()[entries] == (
        "clock.accepted", {"log": log, "old": write_moment(AHEAD), "new": write_moment(office.now)})
    add_uses(office.home, 1, at=AHEAD + timedelta(minutes=6))
    office.now = AHEAD + timedelta(minutes=2)                         # and a clock that is right has nothing to accept
    with pytest.raises(RegistryError, match=r"clock\.not-behind"):
        accept_use(office, log, last=write_moment(AHEAD + timedelta(minutes=6)))


def use_ahead(home: Path) -> str:
    """Have a seal used while the clock stands ahead; return what the log is called."""
    add_uses(home, 1, at=AHEAD)
    return issued_log(home)


def accept_use(office: Office, log: str, *, by: str = "管理员", subject: str = "", last: str = "") -> Outcome:
    """Accept the clock as it is for the log of seal use."""
    return office.act(by, "clock-accept", subject or log, {
        "last": last or write_moment(AHEAD), "reason": "服务器时钟曾快两年多"})
