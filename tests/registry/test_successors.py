"""A renewal goes forward only while the seal before it may be used, and that one's end is never moved once it came."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from certs.moments import write_moment
from certs.seal_folder import seal_in_use, seal_uses
from registry.states import TOWARDS_USE, State
from tests.registry.test_life_cycle import renewable
from tests.support.seal_office import COUNTY, DAY, ENDING, Office, organisation_keys, refused


def renew(office: Office, case: str) -> str:
    """Open the renewal of a seal, its keys laid down."""
    keys = organisation_keys(*COUNTY, start=office.now)
    new = office.act("保管人", "renew", case, {}, {
        f"certificate{tail}": keys[role].certificate.der
        for role, tail in (("sealing", ""), ("data", "-data"), ("pdf", "-pdf"))}).case
    office.lay_down(COUNTY[0], new, keys)
    return new


WHO = {"review-county": "县审核", "review-upper": "市审核", "make": "制章员", "import": "制章员",
       "activate": "保管人"}


def step(office: Office, act: str, case: str) -> None:
    """Take one step of a renewal."""
    office.act(WHO[act], act, case, {},
               {"seal": office.prepare(case).der} if act in ("make", "import") else {})


def stop(office: Office, case: str, state: State) -> None:
    """Take a seal out of use."""
    if state is State.SUSPENDED:
        office.act("保管人", "suspend", case, {"reason": "涉案冻结"})
    elif state is State.LOST:
        office.act("保管人", "report-lost", case, {"reason": "介质丢失"})
    else:
        office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
        office.act("县审核", "cancel", case)


COURSE = ("review-county", "review-upper", "make", "activate")
STOPS = [(state, act) for state in (State.SUSPENDED, State.LOST, State.CANCELLED) for act in sorted(TOWARDS_USE)]


@pytest.mark.req("R-003-14", "R-003-16", "R-003-17")
@pytest.mark.parametrize(("state", "act"), STOPS, ids=[f"{act} after {state}" for state, act in STOPS])
def test_no_renewal_goes_on_once_its_seal_was_taken_out_of_use(office: Office, state: State, act: str) -> None:
    old, _ = renewable(office)
    new = renew(office, old)
    for done in COURSE[:COURSE.index("make" if act == "import" else act)]:
        step(office, done, new)
    stop(office, old, state)
    error = refused(office, lambda office: step(office, act, new))
    assert (error.code.value, error.facts["case"], error.facts["state"]) == ("registry.out-of-order", old, state.value)
    if state is State.SUSPENDED:
        office.act("县审核", "resume", old, {"reason": "解除"})
        step(office, act, new)                                       # then it goes on


def test_a_renewal_of_a_lost_seal_can_still_be_refused_which_makes_room_for_a_new_application(office: Office) -> None:
    old, _ = renewable(office)
    new = renew(office, old)
    stop(office, old, State.LOST)
    assert office.act("县审核", "refuse", new, {"reason": "原章已挂失"}).state == State.REFUSED
    third = office.in_use(keys=organisation_keys(*COUNTY, start=office.now))
    assert office.row(third).predecessor is None


def replaced_twice(office: Office, old: str, days: int) -> tuple[datetime, str]:
    """Set when a first successor takes over, have it lost, and make a second: that moment, and the second's case."""
    first = renew(office, old)
    for act in ("review-county", "make"):
        step(office, act, first)
    moment = (office.now + days * DAY).replace(microsecond=0)
    office.act("保管人", "activate", first, {"from": write_moment(moment)})
    stop(office, first, State.LOST)
    office.now += DAY
    second = renew(office, old)
    for act in ("review-county", "make"):
        step(office, act, second)
    return moment, second


@pytest.mark.req("R-003-14")
def test_a_retired_seal_is_not_brought_back_by_a_later_successor(office: Office) -> None:
    old, end = renewable(office)
    moment, second = replaced_twice(office, old, days=2)
    office.now = moment + DAY
    later = (moment + 5 * DAY).replace(microsecond=0)
    assert later < end
    office.act("保管人", "activate", second, {"from": write_moment(later)})
    assert office.row(old).in_use_until == moment
    uses = seal_uses(office.home, COUNTY[0])
    assert uses[str(office.row(old).seal_id)].use_until == moment
    assert seal_in_use(uses, later, name=COUNTY[1]) == office.row(second).seal_id


def test_an_end_still_to_come_is_moved_by_another_successor(office: Office) -> None:
    old, _ = renewable(office)
    moment, second = replaced_twice(office, old, days=4)
    for_second = moment + 2 * DAY
    office.act("保管人", "activate", second, {"from": write_moment(for_second)})
    seal_id = str(office.row(old).seal_id)
    assert seal_uses(office.home, COUNTY[0])[seal_id].use_until == office.row(old).in_use_until == for_second
    assert seal_in_use(seal_uses(office.home, COUNTY[0]), for_second - timedelta(hours=1), name=COUNTY[1]) == seal_id
