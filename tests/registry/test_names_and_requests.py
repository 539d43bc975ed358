"""Whose name a seal bears, whose keys it gets, which identifiers there are, and who may cancel when."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certs.home import Home
from certs.moments import write_moment
from certs.seal import SealError
from certs.seal_folder import can_name_folder
from certs.signer import LocalSigner
from codes.china_time import time_en, time_zh
from registry.deploy import settle
from registry.seals import cancel_requests
from registry.states import State
from registry.tables import Organisation
from tests.registry.test_life_cycle import RULES, opened
from tests.support.demo_home import CITY
from tests.support.seal_office import (
    COUNTY,
    DAY,
    ENDING,
    Office,
    make_home,
    organisation_keys,
    person,
    refused,
)

RENAMED = (COUNTY[0], "测试市测试区应急管理局")


def called(office: Office) -> str:
    """What the registry calls the county's bureau."""
    with office.registry.reading() as session:
        return session.get_one(Organisation, COUNTY[0]).name


def cancel(office: Office, case: str) -> None:
    """Have a seal cancelled."""
    office.act("申请人", "request-cancel", case, {"reason": "更名"}, ENDING)
    office.act("县审核", "cancel", case)


@pytest.mark.req("R-003-10", "R-003-18")
def test_an_organisation_is_called_otherwise_only_once_a_seal_of_the_new_name_is_in_use(office: Office) -> None:
    cancel(office, office.in_use())
    error = refused(office, lambda office: office.apply(
        business="专用章", facts={"organisation": COUNTY[1][:3]}))
    assert error.code.value == "seal.not-named-after-unit" and called(office) == COUNTY[1]
    new = office.made(of=RENAMED)
    assert called(office) == COUNTY[1]
    office.act("保管人", "activate", new, {}, RULES)
    assert called(office) == RENAMED[1]
    error = refused(office, lambda office: office.apply(business="专用章"))
    assert error.code.value == "seal.not-named-after-unit"
    assert office.apply(of=RENAMED, business="专用章")


def test_a_new_name_waits_for_every_seal_of_the_old_one_to_end(office: Office) -> None:
    cancel(office, office.in_use())
    new = office.made(of=RENAMED)
    under_way = office.apply(business="专用章")                        # still the legal name
    error = refused(office, lambda office: office.act("保管人", "activate", new, {}, RULES))
    assert (error.code.value, error.facts["case"]) == ("case.seal-exists", under_way)
    office.act("县审核", "refuse", under_way, {"reason": "已更名"})
    assert office.act("保管人", "activate", new, {}, RULES).state == State.IN_USE


def test_a_name_that_nothing_was_made_under_is_put_right_by_another_application(office: Office) -> None:
    wrong = office.apply(of=RENAMED)
    office.act("县审核", "refuse", wrong, {"reason": "名称有误"})
    office.apply()
    assert called(office) == COUNTY[1]


def test_an_application_is_about_the_organisation_that_it_names(office: Office) -> None:
    signed = office.sign("申请人", "apply", CITY[0], {})
    assert signed.body["subject"] == CITY[0]
    original = office.act

    def elsewhere(who: str, act: str, subject: str, *rest: object) -> object:
        return original(who, act, CITY[0] if act == "apply" else subject, *rest)  # type: ignore[arg-type]

    office.act = elsewhere  # type: ignore[method-assign, assignment]
    error = refused(office, lambda office: office.apply())
    assert (error.code.value, error.facts["fact"]) == ("registry.bad-act", "code")


@pytest.mark.parametrize("seal_id", ["authority.json", "AUTHORITY.JSON", "x.tmp", ".hidden", "a/b", "", "a" * 65])
def test_an_identifier_that_could_be_a_file_names_no_folder(seal_id: str) -> None:
    assert not can_name_folder(seal_id) and can_name_folder(f"{COUNTY[0]}-2026-1")


def test_no_seal_is_made_under_the_name_of_a_file_or_the_twin_of_another(office: Office) -> None:
    first = office.made(business="甲专用章")
    second = office.reviewed(business="乙专用章")
    with pytest.raises(Exception, match=r"seal\.bad-identifier"):
        office.prepare(second, seal_id="authority.json")
    twin = office.prepare(second, seal_id=str(office.row(first).seal_id).lower()).der
    assert str(office.row(first).seal_id) != str(office.row(first).seal_id).lower()
    error = refused(office, lambda office: office.act("制章员", "make", second, {}, {"seal": twin}))
    assert error.code.value == "case.seal-id-taken"


def test_keys_of_another_organisation_laid_down_later_are_not_taken(office: Office) -> None:
    case = office.reviewed()
    shutil.rmtree(office.home / "authorities" / COUNTY[0] / f".next-{case}")
    office.act("制章员", "make", case, {}, {"seal": office.prepare(case).der})
    office.act("保管人", "activate", case, {}, RULES)
    own, others = organisation_keys(*COUNTY), organisation_keys(*CITY)
    office.lay_down(COUNTY[0], case, {**others, "sealing": own["sealing"]})
    settle(office.registry, everything=True)
    folder = office.home / "authorities" / COUNTY[0] / str(office.row(case).seal_id)
    assert not folder.exists()
    shutil.rmtree(folder.with_name(f".next-{case}"))
    office.lay_down(COUNTY[0], case, own)
    settle(office.registry, everything=True)
    assert folder.is_dir()


def test_an_authority_with_a_certificate_of_another_seals_nothing(office: Office) -> None:
    office.in_use()
    home: Home = opened(office)
    authority = home.authority(*COUNTY, at=office.now)
    authority.check_usable(at=office.now)
    others = organisation_keys(*CITY)
    for role, field in (("data", "data_signer"), ("pdf", "pdf_signer")):
        signer = LocalSigner(others[role].certificate, others[role].key)
        with pytest.raises(SealError, match=r"seal\.name-mismatch"):
            replace(authority, **{field: signer}).check_usable(at=office.now)


@pytest.mark.req("R-003-16")
def test_whoever_asked_once_for_cancelling_does_not_cancel_though_another_asked_again(office: Office) -> None:
    case, both = office.in_use(), person("两职", COUNTY[0])
    office.extra["两职"] = both
    office.appoint(both.certificate, COUNTY[0], "applicant")
    office.appoint(both.certificate, COUNTY[0], "county-reviewer", "140121")
    office.act("两职", "request-cancel", case, {"reason": "撤并"}, ENDING)
    office.now += 31 * DAY
    office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    error = refused(office, lambda office: office.act("两职", "cancel", case))
    assert (error.code.value, error.facts["clause"]) == ("registry.same-person", "B第15条")
    assert office.act("县审核", "cancel", case).state == State.CANCELLED


@pytest.mark.req("R-003-16")
def test_a_request_for_cancelling_is_good_for_thirty_days(office: Office) -> None:
    case = office.in_use()
    office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    office.now += 30 * DAY + timedelta(seconds=1)
    error = refused(office, lambda office: office.act("县审核", "cancel", case))
    assert (error.code.value, error.facts["case"]) == ("registry.out-of-order", case)
    office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    office.now += 30 * DAY
    assert office.act("县审核", "cancel", case).state == State.CANCELLED


@pytest.mark.req("R-003-16")
def test_what_was_asked_for_once_is_not_asked_again_in_other_words(office: Office) -> None:
    case = office.in_use()
    office.act("申请人", "request-cancel", case, {"reason": "撤并"}, ENDING)
    asked_at, office.now = office.now, office.now + DAY
    error = refused(office, lambda office: office.act("申请人", "request-cancel", case, {"reason": "更名"}, ENDING))
    assert (error.code.value, error.facts["clause"]) == ("case.cancel-requested", "B第15条")
    assert time_zh(asked_at) in error.zh
    assert time_en(asked_at) in error.en
    with office.registry.reading() as session:
        asked = cancel_requests(session, at=office.now)
        later = cancel_requests(session, at=asked_at + 31 * DAY)
    assert asked == {case: {"at": write_moment(asked_at), "by": f"申请人 ({COUNTY[0]})", "reason": "撤并"}}
    assert not later
    office.act("县审核", "cancel", case)
    with office.registry.reading() as session:
        assert not cancel_requests(session, at=office.now)


@pytest.mark.parametrize("reason", ["\u3164", "\u2800", "\u115f\u1160", "\u0301", "\ufe0f", "——"], ids=ascii)
def test_a_reason_that_says_nothing_is_none(tmp_path: Path, reason: str) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    case = office.in_use()
    error = refused(office, lambda office: office.act("保管人", "suspend", case, {"reason": reason}))
    assert error.code.value == "registry.reason-missing"
    office.registry.close()
