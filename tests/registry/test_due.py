"""Which seals are due: by calendar days in China, by whichever certificate ends first, until a successor is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.demo_pki import CHINA_TIME, KeyPair
from certs.x509_build import build_certificate
from registry.due import DueSeal, DueStatus, due_seals, last_day, to_renew
from registry.states import SealType, State, renewal_opens
from registry.tables import Seal
from tests.support.seal_office import COUNTY, DAY, ENDING, START, Office, cas, make_home, organisation_keys, refused

SECOND = timedelta(seconds=1)
BEGAN = START.replace(year=START.year - 3) + 20 * DAY
ENDS = datetime(2026, 3, 21, 23, 59, 59, tzinfo=CHINA_TIME)


def ageing(office: Office, **how: object) -> str:
    """A case in use whose seal ends nineteen days after the office opened."""
    return office.in_use(keys=organisation_keys(*COUNTY, start=BEGAN), **how)


def due(office: Office, days: int = 30) -> list[DueSeal]:
    """What is due now."""
    with office.registry.reading() as session:
        return list(due_seals(session, at=office.now, days=days))


def renewed(office: Office, old: str, *, to: State = State.IN_USE, start: datetime | None = None) -> str:
    """Renew a case as far as a state."""
    keys = organisation_keys(*COUNTY, start=START)
    new = office.act("保管人", "renew", old, {}, {
        "certificate": keys["sealing"].certificate.der, "certificate-data": keys["data"].certificate.der,
        "certificate-pdf": keys["pdf"].certificate.der}).case
    if to is State.APPLIED:
        return new
    office.act("县审核", "review-county", new)
    office.act("制章员", "make", new, {}, {"seal": office.prepare(new).der})
    office.lay_down(COUNTY[0], new, keys)
    if to is State.IN_USE:
        office.act("保管人", "activate", new, {"from": (start or office.now + DAY).strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    return new


@pytest.mark.req("R-003-14")
def test_days_are_those_of_the_calendar_in_china(office: Office) -> None:
    case = ageing(office)
    row = office.row(case)
    assert row.valid_end == ENDS
    for hour in (0, 2.5, 15.9):                                          # 08:00, 10:30 and 23:54 of 2 March in China
        office.now = max(office.now, datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour))
        assert [len(due(office, days)) for days in (18, 19, 20)] == [0, 1, 1]
    office.now = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)                 # 3 March, 00:00
    assert [len(due(office, days)) for days in (17, 18)] == [0, 1]
    (one,) = due(office)
    assert (one.case, one.seal_id, one.code, one.organisation, one.name) == (
        case, row.seal_id, COUNTY[0], COUNTY[1], COUNTY[1])
    assert one.ends == one.valid_end == ENDS and one.opens == renewal_opens(ENDS) and one.type is SealType.LEGAL_NAME
    assert one.successor is None and one.starts is None


def test_thirty_days_are_the_days_in_which_a_seal_may_be_renewed(office: Office) -> None:
    case = office.in_use()
    end = office.row(case).valid_end
    assert end is not None
    office.now = renewal_opens(end).astimezone(UTC) - SECOND
    assert due(office) == [] and [one.status for one in due(office, 31)] == [DueStatus.NOT_YET]
    office.now += SECOND
    assert [one.status for one in due(office)] == [DueStatus.RENEWABLE]


def test_a_seal_is_due_until_a_successor_has_taken_over(office: Office) -> None:
    old = ageing(office)
    change = START + 10 * DAY
    assert [one.status for one in due(office)] == [DueStatus.RENEWABLE]
    new = renewed(office, old, to=State.MADE)
    (one,) = due(office)
    assert (one.status, one.successor, one.successor_state, one.starts) == (
        DueStatus.UNDER_WAY, new, State.MADE, None)
    office.act("保管人", "activate", new, {"from": change.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    (one,) = due(office)
    assert (one.case, one.status, one.successor, one.starts) == (old, DueStatus.SCHEDULED, new, change)
    office.now = change - SECOND
    assert len(due(office)) == 1
    office.now = change
    assert due(office) == []


def test_a_seal_whose_successor_is_lost_is_due_when_it_was_to_hand_over(office: Office) -> None:
    old, change = ageing(office), START + 5 * DAY
    new = renewed(office, old, start=change)
    assert due(office, 5) == [], "nothing ends with a successor in its place"
    office.act("保管人", "report-lost", new, {"reason": "介质丢失"})
    (one,) = due(office, 5)
    assert (one.case, one.ends, one.status, one.successor) == (old, change, DueStatus.RENEWABLE, None)


def test_a_suspended_seal_is_told_as_that_and_a_lost_or_cancelled_one_not_at_all(office: Office) -> None:
    case = ageing(office)
    office.act("保管人", "suspend", case, {"reason": "搬迁"})
    assert [one.status for one in due(office)] == [DueStatus.SUSPENDED]
    office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    office.act("县审核", "cancel", case)
    assert due(office) == []


def test_an_expired_seal_is_told_until_a_new_one_is_applied_for(office: Office) -> None:
    case = ageing(office)
    office.now = ENDS.astimezone(UTC) + SECOND
    assert [(one.case, one.status) for one in due(office, 1)] == [(case, DueStatus.EXPIRED)]
    office.now += 400 * DAY
    assert [one.case for one in due(office, 1)] == [case]
    office.apply(keys=organisation_keys(*COUNTY, start=office.now))
    assert due(office, 1) == []


@pytest.mark.req("R-003-14")
@pytest.mark.parametrize(("role", "kind"), [("data", "sm2-issuing"), ("pdf", "p256-issuing")])
def test_the_certificate_that_ends_first_counts_and_may_be_the_only_new_one(
    tmp_path: Path, role: str, kind: str,
) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    keys = dict(organisation_keys(*COUNTY))
    old = keys[role].certificate
    early = START + 60 * DAY
    issuer = cas()[kind]
    shorter = build_certificate(
        subject=(("C", "CN"), ("O", COUNTY[1]), ("CN", COUNTY[1])), spki=keys[role].key.spki,
        issuer=issuer.certificate, issuer_key=issuer.key, serial=old.serial + 1, not_before=old.not_before,
        not_after=early, key_usage=("digitalSignature", "nonRepudiation"), uscc=COUNTY[0])
    keys[role] = KeyPair(key=keys[role].key, certificate=shorter)
    case = office.in_use(keys=keys)
    (one,) = due(office, 60)
    assert one.case == case and one.ends == shorter.not_after < one.valid_end
    assert one.opens == renewal_opens(shorter.not_after) and one.status is DueStatus.NOT_YET
    kept = {"sealing": keys["sealing"], "data": keys["data"], "pdf": keys["pdf"]}
    fresh = {**kept, role: organisation_keys(*COUNTY)[role]}
    office.now = one.opens.astimezone(UTC) - SECOND
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, renewal_papers(fresh)))
    assert error.code.value == "case.not-yet-renewable"
    office.now += SECOND
    assert [one.status for one in due(office, 60)] == [DueStatus.RENEWABLE]
    error = refused(office, lambda office: office.act("保管人", "renew", case, {}, renewal_papers(kept)))
    assert error.code.value == "case.certificate-not-longer"
    new = office.act("保管人", "renew", case, {}, renewal_papers(fresh)).case
    office.lay_down(COUNTY[0], new, fresh)
    office.act("县审核", "review-county", new)
    office.act("制章员", "make", new, {}, {"seal": office.prepare(new).der})
    office.act("保管人", "activate", new)
    folder = office.home / "authorities" / COUNTY[0] / str(office.row(new).seal_id)
    for one_role in kept:
        assert (folder / f"{one_role}.cer").read_bytes() == fresh[one_role].certificate.der
    assert due(office, 60) == []
    office.registry.close()


def renewal_papers(keys: Mapping[str, KeyPair]) -> dict[str, bytes]:
    """The certificates of a renewal."""
    return {f"certificate{tail}": keys[role].certificate.der
            for role, tail in (("sealing", ""), ("data", "-data"), ("pdf", "-pdf"))}


def test_the_earliest_comes_first_and_a_persons_seal_has_no_name(office: Office) -> None:
    later, first = (
        office.in_use(business=business, keys=organisation_keys(COUNTY[0], COUNTY[1] + business, start=start))
        for business, start in (("后期专用章", BEGAN + 2 * DAY), ("先期专用章", BEGAN)))
    with office.registry.transaction() as t:
        row = t.session.get_one(Seal, first)
        row.type, row.name = SealType.PERSONAL.value, "测试人甲"
    assert [(one.case, one.name) for one in due(office)] == [(first, ""), (later, COUNTY[1] + "后期专用章")]


def test_what_is_rotated_for_an_organisation_is_what_it_uses_now(office: Office) -> None:
    old, change = ageing(office), START + 5 * DAY

    def heads(start: datetime = change, code: str = COUNTY[0]) -> list[str]:
        with office.registry.reading() as session:
            return [one.case for one in to_renew(session, at=office.now, start=start, codes=(code,))]

    assert heads() == [old] and heads(code="11140100MB9TEX0180") == []
    new = renewed(office, old, start=change)
    assert heads() == [old]
    office.now = change + DAY
    assert heads() == [old], "the same rotation finds what it did"
    assert heads(start=change + DAY) == [new]


def test_the_last_day_ends_at_midnight_in_china() -> None:
    assert last_day(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), 0) == datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert last_day(datetime(2026, 12, 31, 16, 0, tzinfo=UTC), 1) == datetime(2027, 1, 2, 16, 0, tzinfo=UTC)
