"""A statement that was refused, or signed before something else happened to its case, is never performed later."""

from __future__ import annotations

import base64
import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from certs.statement import StatementError
from registry.acts import perform
from registry.errors import RegistryError
from registry.states import State
from tests.support.seal_office import COUNTY, Office, make_home, refused

HOUR = timedelta(hours=1)


@pytest.mark.req("R-003-17")
def test_what_was_refused_stays_refused(office: Office) -> None:
    case = office.in_use()
    signed = office.sign("县审核", "resume", case, {"reason": "完毕"})
    assert refused(office, lambda office: perform(office.registry, signed)).code.value == "registry.out-of-order"
    office.act("保管人", "suspend", case, {"reason": "可疑"})
    for _ in range(2):
        error = refused(office, lambda office: perform(office.registry, signed))
        assert error.code.value == "registry.refused-before"
    assert office.row(case).state == State.SUSPENDED
    assert office.act("县审核", "resume", case, {"reason": "已查清"}).state == State.IN_USE


def test_nobody_spoils_the_statement_of_another(office: Office) -> None:
    case = office.in_use()
    signed = office.sign("保管人", "suspend", case, {"reason": "搬迁"})
    stolen = dataclasses.replace(signed, signature=office.sign("路人", "suspend", case, {}).signature)
    with pytest.raises(StatementError, match=r"statement\.signature"):
        perform(office.registry, stolen)
    assert perform(office.registry, signed).state == State.SUSPENDED


@pytest.mark.req("R-003-17")
def test_what_was_signed_before_the_case_moved_on_is_signed_anew(office: Office) -> None:
    case = office.in_use()
    office.act("保管人", "suspend", case, {"reason": "搬迁"})
    office.now += HOUR
    kept = office.sign("县审核", "resume", case, {"reason": "完毕"})
    office.now += HOUR
    office.act("县审核", "resume", case, {"reason": "完毕"})
    office.act("保管人", "suspend", case, {"reason": "涉案"})
    office.now += HOUR
    error = refused(office, lambda office: perform(office.registry, kept))
    assert error.code.value == "registry.out-of-date" and office.row(case).state == State.SUSPENDED


def test_what_takes_a_right_away_is_never_out_of_date(office: Office) -> None:
    case = office.in_use()
    lost = office.sign("保管人", "report-lost", case, {"reason": "失控"})
    office.now += HOUR
    office.act("市审核", "file", case, {"number": "备1"})
    assert perform(office.registry, lost).state == State.LOST


def test_an_appointment_signed_before_a_dismissal_appoints_nobody(office: Office) -> None:
    custodian = office.signer("保管人").certificate.fingerprint
    kept = office.sign("管理员", "actor-appoint", custodian, {
        **_certificate(office), "role": "custodian", "unit": COUNTY[0], "region": ""})
    office.now += HOUR
    office.act("管理员", "actor-dismiss", custodian, {"role": "", "region": ""})
    with pytest.raises(RegistryError, match=r"registry\.out-of-date"):
        perform(office.registry, kept)


def _certificate(office: Office) -> dict[str, object]:
    return {"certificate": base64.b64encode(office.signer("保管人").certificate.der).decode()}


TITLES = ["a" * 65, "../x", "a\\b", "a\nb", "a\u202eb", "", "\u3164"]


@pytest.mark.parametrize("title", TITLES, ids=[ascii(title)[:12] for title in TITLES])
def test_a_document_has_a_plain_title(tmp_path: Path, title: str) -> None:
    office = Office.found(make_home(tmp_path / "home"))
    case = office.in_use()
    with pytest.raises(StatementError, match=r"statement\.malformed"):
        office.act("保管人", "suspend", case, {"reason": "搬迁"}, {title: b"x"})
    office.registry.close()
