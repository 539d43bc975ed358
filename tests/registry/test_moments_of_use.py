"""A seal put into use from a moment still to come waits for it, everywhere; until then the moment can be set anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from certs.home import Home
from certs.moments import write_moment
from certs.seal import SealError
from certs.seal_folder import SealUse, seal_uses
from registry import acts, projection
from registry.cases import phase_of
from registry.database import Transaction
from registry.deploy import settle
from registry.public_seals import public_seals
from registry.publication_page import draw_page
from registry.requests import Outcome, Request
from registry.seals import describe, list_cases
from registry.states import Phase, State
from tests.registry.test_publication import fill_trust, key, published
from tests.support.seal_office import COUNTY, DAY, START, Office, organisation_keys, person, refused

RULES = {"rules": "用章制度".encode()}
HOUR = timedelta(hours=1)
SOON = START + 10 * DAY


def usable(office: Office, at: datetime) -> str:
    """The identifier of the seal that seals at a moment, or the code of what refuses."""
    path = office.home / "password"
    path.write_text("office")
    path.chmod(0o600)
    try:
        return Home.open(office.home, environ={}).authority(*COUNTY, at=at).seal.seal_id
    except SealError as refusal:
        return refusal.code.value


def use_of(office: Office, case: str) -> SealUse:
    """What the files say."""
    return seal_uses(office.home, COUNTY[0])[str(office.row(case).seal_id)]


def told(office: Office, case: str) -> object:
    """The state that people are told."""
    with office.registry.reading() as session:
        shown = describe(session, office.row(case), at=office.now)["state"]
        assert case in [seal.case for seal in list_cases(session, at=office.now, phase=str(shown))]
    return shown


def set_anew(office: Office, case: str, moment: datetime, *, by: str = "保管人") -> Outcome:
    """Set another moment."""
    return office.act(by, "reschedule", case, {"from": write_moment(moment)})


def scheduled(office: Office, moment: datetime = SOON) -> str:
    """A first seal, put into use from a moment to come."""
    case = office.made()
    office.act("保管人", "activate", case, {"from": write_moment(moment)}, RULES)
    return case


def successor(office: Office, moment: timedelta) -> tuple[str, str, datetime]:
    """A seal and its successor, which is to take over after some time: both cases, and the moment."""
    old, new = office.renewed()
    start = office.now + moment
    office.act("保管人", "activate", new, {"from": write_moment(start)})
    return old, new, start


@pytest.mark.req("R-003-15")
def test_before_its_moment_a_seal_is_shown_as_waiting_and_seals_nothing(office: Office, tmp_path: Path) -> None:
    fill_trust(office.home)
    case = office.made()
    outcome = office.act("保管人", "activate", case, {"from": write_moment(SOON)}, RULES)
    assert outcome.facts == {"from": write_moment(SOON)}
    for now, state, page, sealing in ((START, "scheduled", "待启用", "seal.not-yet-in-use"),
                                      (SOON - timedelta(seconds=1), "scheduled", "待启用", "seal.not-yet-in-use"),
                                      (SOON, "in-use", "在用", office.row(case).seal_id)):
        office.now = now
        assert told(office, case) == state and usable(office, now) == sealing
        made = published(office, key(), tmp_path / "out")
        assert made.counts == {Phase(state): 1}
        with office.registry.reading() as session:
            text = draw_page(public_seals(session, now), made.listed, office="x", demo=False)
        assert page in text and ("在用" in text) == (state == "in-use")


@pytest.mark.req("R-003-15", "R-003-48")
@pytest.mark.parametrize("other", [SOON + 5 * DAY, SOON - 5 * DAY, START])
def test_its_custodian_sets_another_moment_by_a_signed_act(office: Office, other: datetime) -> None:
    case, entries = scheduled(office), len(office.log())
    outcome = set_anew(office, case, other)
    assert (outcome.state, outcome.facts) == ("in-use", {"from": write_moment(other)})
    assert told(office, case) == ("in-use" if other == START else "scheduled")
    assert office.row(case).in_use_from == use_of(office, case).use_from == other
    assert usable(office, other) == office.row(case).seal_id
    assert usable(office, other - timedelta(seconds=1)) == "seal.not-yet-in-use"
    assert [event for event, _ in office.log()[entries:]] == ["act.reschedule"]
    assert settle(office.registry, everything=True) == () and use_of(office, case).use_from == other


@pytest.mark.req("R-003-13", "R-003-14")
@pytest.mark.parametrize("shift", [-2 * DAY, 3 * DAY])
def test_the_seal_before_goes_on_until_the_other_moment(office: Office, shift: timedelta) -> None:
    old, new, start = successor(office, 5 * DAY)
    set_anew(office, new, start + shift)
    ids = [office.row(case).seal_id for case in (old, new)]
    assert [usable(office, start + shift - timedelta(seconds=1)), usable(office, start + shift)] == ids
    assert office.row(old).in_use_until == use_of(office, old).use_until == start + shift
    office.now = start + shift
    assert [phase_of(office.row(case), office.now) for case in (old, new)] == [Phase.RETIRED, Phase.IN_USE]


def test_what_was_retired_before_is_not_brought_back_by_another_moment(office: Office) -> None:
    old, first, start = successor(office, DAY)
    office.now = start + HOUR
    office.act("保管人", "report-lost", first, {"reason": "失控"})
    case = office.made(keys=organisation_keys(*COUNTY, start=office.now))
    office.act("保管人", "activate", case, {"from": write_moment(office.now + DAY)}, RULES)
    set_anew(office, case, office.now + 2 * DAY)
    assert office.row(old).in_use_until == start


def test_a_moment_is_set_anew_by_who_may_and_while_it_is_to_come(office: Office) -> None:
    case = scheduled(office)
    end = office.row(case).valid_end
    assert end is not None
    office.extra["保管人乙"] = person("保管人乙", COUNTY[0])
    office.appoint(office.extra["保管人乙"].certificate, COUNTY[0], "custodian")
    for by, facts, code in (
            ("保管人乙", {"from": write_moment(SOON + DAY)}, "case.not-custodian"),
            ("申请人", {"from": write_moment(SOON + DAY)}, "registry.role-missing"),
            ("保管人", {}, "registry.bad-act"), ("保管人", {"from": "soon"}, "registry.bad-act"),
            ("保管人", {"from": write_moment(SOON), "until": write_moment(SOON)}, "registry.bad-act"),
            ("保管人", {"from": write_moment(START - HOUR)}, "case.moment"),
            ("保管人", {"from": write_moment(end + HOUR)}, "case.moment")):
        error = refused(office, lambda office, by=by, facts=facts: office.act(by, "reschedule", case, facts))
        assert (error.code.value, bool(error.facts["clause"])) == (code, True)
    office.now = SOON
    error = refused(office, lambda office: set_anew(office, case, SOON + DAY))
    assert (error.code.value, error.facts["clause"]) == ("case.use-begun", "B第14条")
    office.act("保管人", "suspend", case, {"reason": "搬迁"})
    error = refused(office, lambda office: set_anew(office, case, SOON + DAY))
    assert error.code.value == "registry.out-of-order"


class _NoCommitError(Exception):
    """The commit does not happen."""


@pytest.mark.parametrize("shift", [-2 * DAY, 3 * DAY])
def test_before_the_commit_the_files_permit_what_both_moments_do(
    office: Office, monkeypatch: pytest.MonkeyPatch, shift: timedelta,
) -> None:
    old, new, start = successor(office, 5 * DAY)

    def stop(t: Transaction, request: Request) -> None:
        projection.restrict(t, request)
        raise _NoCommitError

    monkeypatch.setattr(acts, "restrict", stop)
    with pytest.raises(_NoCommitError):
        set_anew(office, new, start + shift)
    monkeypatch.undo()
    assert office.row(new).in_use_from == start
    assert use_of(office, new).use_from == max(start, start + shift)
    assert use_of(office, old).use_until == min(start, start + shift)
    settle(office.registry)
    assert use_of(office, new).use_from == office.row(new).in_use_from
    assert use_of(office, old).use_until == office.row(old).in_use_until == use_of(office, new).use_from
    assert office.row(new).state == State.IN_USE
