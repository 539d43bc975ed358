"""The table of states: what it says, and that it hangs together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certs.demo_pki import CHINA_TIME
from registry.actors import ROLES
from registry.handlers import HANDLERS
from registry.states import LIVE, ROLES_OF_ACT, STEPS, Phase, SealType, State, phase, renewal_opens, step_for, steps_of

WAY = [
    # act, state before, state after, roles, clause
    ("apply", None, State.APPLIED, ("applicant",), "B第5条（一）（二）、第6条"),
    ("review-county", State.APPLIED, State.COUNTY_REVIEWED, ("county-reviewer",), "B第5条（三）、第7条"),
    ("review-upper", State.COUNTY_REVIEWED, State.UPPER_REVIEWED, ("upper-reviewer",), "B第5条（三）"),
    ("make", State.UPPER_REVIEWED, State.MADE, ("maker",), "B第7条、第8条"),
    ("activate", State.MADE, State.IN_USE, ("custodian",), "B第14条"),
    ("suspend", State.IN_USE, State.SUSPENDED, ("custodian", "applicant"), "B第15条；国办发〔2025〕33号第17条"),
    ("resume", State.SUSPENDED, State.IN_USE, ("county-reviewer",), "国办发〔2025〕33号第17条"),
    ("report-lost", State.IN_USE, State.LOST, ("custodian", "applicant"), "B第16条"),
    ("cancel", State.LOST, State.CANCELLED, ("county-reviewer", "upper-reviewer"), "B第15条"),
]


@pytest.mark.req("R-003-09")
@pytest.mark.parametrize(("act", "before", "after", "roles", "clause"), WAY, ids=[row[0] for row in WAY])
def test_each_step_names_its_states_its_roles_and_its_clause(
    act: str, before: State | None, after: State, roles: tuple[str, ...], clause: str,
) -> None:
    step = step_for(act, before)
    assert step is not None
    assert (step.target, step.roles, step.clause) == (after, roles, clause)


def test_every_step_is_done_by_a_handler_and_a_known_role_and_rests_on_a_clause() -> None:
    for step in STEPS:
        assert step.act in HANDLERS and set(step.roles) <= ROLES and step.clause and step.zh
        assert set(step.apart) | ({step.after} if step.after else set()) <= {one.act for one in STEPS}
        assert set(ROLES_OF_ACT[step.act]) >= set(step.roles)
    assert {step.target for step in STEPS if step.target} == set(State)         # every state is reached


def test_no_two_rows_allow_the_same_act_in_the_same_state_of_the_same_case() -> None:
    for step in STEPS:
        for state in step.sources or {None}:
            for renewal in (True, False):
                rows = [one for one in steps_of(step.act)
                        if (state in one.sources if state else not one.sources) and one.renewal in (None, renewal)]
                assert len(rows) <= 1, (step.act, state, renewal)


def test_what_restricts_is_exactly_what_takes_the_use_away() -> None:
    assert {step.act for step in STEPS if step.restricts} == {"suspend", "report-lost", "cancel"}
    assert {State.REFUSED, State.LOST, State.CANCELLED}.isdisjoint(LIVE)


def test_no_step_leaves_a_refused_or_cancelled_case() -> None:
    for state in (State.REFUSED, State.CANCELLED):
        assert not [step.act for step in STEPS if state in step.sources]


def test_one_review_suffices_for_a_renewal_alone() -> None:
    assert step_for("make", State.COUNTY_REVIEWED, renewal=True) is not None
    assert step_for("make", State.COUNTY_REVIEWED) is None


@pytest.mark.req("R-003-05")
def test_the_types_are_those_of_the_rule() -> None:
    assert [kind.value for kind in SealType] == ["法定名称章", "内设机构章", "分支机构章", "业务专用章", "电子名章"]


RENEWALS = [
    # last moment of validity, first moment of renewal, why
    (datetime(2026, 12, 31, 23, 59, 59, tzinfo=CHINA_TIME), datetime(2026, 12, 1, tzinfo=CHINA_TIME), "30 days before"),
    (datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC), "the same in UTC"),
    (datetime(2028, 3, 30, tzinfo=CHINA_TIME), datetime(2028, 2, 29, tzinfo=CHINA_TIME), "across a leap day"),
]


@pytest.mark.req("R-003-14")
@pytest.mark.parametrize(("end", "opens", "why"), RENEWALS, ids=[row[2] for row in RENEWALS])
def test_renewal_opens_thirty_calendar_days_before_the_last_day(end: datetime, opens: datetime, why: str) -> None:
    assert renewal_opens(end) == opens, why


AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PHASES = [
    # state, end of validity, first moment of use, first moment of the successor, what it comes to
    (State.IN_USE, AT + DAY, AT, None, Phase.IN_USE),
    (State.IN_USE, AT + DAY, AT + DAY, None, Phase.SCHEDULED),
    (State.IN_USE, AT + DAY, AT - DAY, AT, Phase.RETIRED),
    (State.IN_USE, AT + DAY, AT - DAY, AT + DAY, Phase.IN_USE),
    (State.IN_USE, AT - DAY, AT - DAY, None, Phase.EXPIRED),
    (State.IN_USE, AT - DAY, AT - 2 * DAY, AT - DAY, Phase.EXPIRED),
    (State.SUSPENDED, AT + DAY, AT - DAY, None, Phase.SUSPENDED),
    (State.SUSPENDED, AT - DAY, AT - DAY, None, Phase.EXPIRED),
    (State.MADE, AT - DAY, None, None, Phase.EXPIRED),
    (State.APPLIED, None, None, None, Phase.APPLIED),
    (State.LOST, AT - DAY, AT - DAY, None, Phase.LOST),
    (State.CANCELLED, AT - DAY, AT - DAY, AT - DAY, Phase.CANCELLED),
]


@pytest.mark.parametrize(("state", "end", "start", "until", "wanted"), PHASES)
def test_what_a_state_comes_to_at_a_moment(
    state: State, end: datetime | None, start: datetime | None, until: datetime | None, wanted: Phase,
) -> None:
    assert phase(state, at=AT, valid_end=end, use_from=start, use_until=until) is wanted
