"""A key that was reported lost serves no seal again: not by its certificate, not by another, not in another case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from certs.csr import authority_request
from certs.demo_pki import KeyPair, certify_request
from certs.moments import write_moment
from registry.lost_keys import cases_with_keys
from registry.seals import application_of
from registry.tables import Seal
from tests.support.seal_office import COUNTY, ENDING, Office, cas, organisation_keys, refused

LOST = {"reason": "失控"}
BUSINESS = "验证专用章"
ROLES = ("sealing", "data", "pdf")


def certified_anew(*old: str, name: str = COUNTY[1]) -> Mapping[str, KeyPair]:
    """New keys for these roles left out, the unit's old keys for ``old``, all under new certificates."""
    known, made = organisation_keys(*COUNTY), {}
    for role, pair in organisation_keys(COUNTY[0], name + "（新）").items():
        key = known[role].key if role in old else pair.key
        request = authority_request(role, key, name=name, code=COUNTY[0])
        issuer = cas()["p256-issuing" if role == "pdf" else "sm2-issuing"]
        made[role] = KeyPair(key=key, certificate=certify_request(request, issuer=issuer, now=Office.now))
    return made


def lost(office: Office) -> str:
    case = office.in_use()
    office.act("保管人", "report-lost", case, LOST)
    return case


@pytest.mark.req("R-003-17")
@pytest.mark.parametrize("cancelled", [False, True], ids=["lost", "cancelled since"])
def test_the_certificates_of_a_lost_seal_are_not_applied_with_again(office: Office, cancelled: bool) -> None:
    case = lost(office)
    if cancelled:
        office.act("申请人", "request-cancel", case, {"reason": "挂失后注销"}, ENDING)
        office.act("县审核", "cancel", case)
    error = refused(office, Office.apply)
    assert error.code.value == "case.lost-key" and error.facts["case"] == case and "挂失" in error.zh


@pytest.mark.parametrize("role", ROLES)
def test_nor_is_one_of_its_keys_under_another_certificate(office: Office, role: str) -> None:
    lost(office)
    error = refused(office, lambda office: office.apply(keys=certified_anew(role)))
    assert error.code.value == "case.lost-key" and "new keys" in error.en
    assert office.in_use(keys=certified_anew()), "new keys are taken"


@pytest.mark.parametrize("stands", ["applied", "reviewed", "made", "suspended"])
def test_a_case_that_has_the_key_goes_no_further_when_it_is_lost(office: Office, stands: str) -> None:
    keys = certified_anew("sealing", name=COUNTY[1] + BUSINESS)
    bring = {"applied": office.apply, "reviewed": office.reviewed, "made": office.made, "suspended": office.in_use}
    other = bring[stands](keys=keys, business=BUSINESS)  # type: ignore[operator]
    seal = office.prepare(other).der if stands == "reviewed" else b""
    if stands == "suspended":
        office.act("保管人", "suspend", other, {"reason": "搬迁"})
    case = lost(office)
    with office.registry.reading() as session:
        application = application_of(session, session.get_one(Seal, case))
        assert cases_with_keys(session, [application.certificate], but=case) == [other]
        assert application.data is not None and cases_with_keys(session, [application.data], but=case) == []
    office.now += timedelta(hours=1)
    further = {
        "applied": lambda: office.act("县审核", "review-county", other),
        "reviewed": lambda: office.act("制章员", "make", other, {}, {"seal": seal}),
        "made": lambda: office.act("保管人", "activate", other, {}, {"rules": "用章制度".encode()}),
        "suspended": lambda: office.act("县审核", "resume", other, {"reason": "搬迁完毕"}),
    }
    assert refused(office, lambda _: further[stands]()).code.value == "case.lost-key"


def test_a_seal_over_the_key_that_waits_for_its_day_is_not_put_into_use_sooner(office: Office) -> None:
    other = office.made(keys=certified_anew("sealing", name=COUNTY[1] + BUSINESS), business=BUSINESS)
    day = write_moment(office.now + timedelta(days=30))
    office.act("保管人", "activate", other, {"from": day}, {"rules": "用章制度".encode()})
    lost(office)
    now = {"from": write_moment(office.now)}
    error = refused(office, lambda office: office.act("保管人", "reschedule", other, now))
    assert error.code.value == "case.lost-key"
