"""Approvals given and confirmed through acts: two approvers of the unit, and a file that proves itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from certs.approval import Terms, confirm, give, load_approval
from certs.approval_scope import Sealing, check, read_approvers
from certs.statement import SignedStatement, sign_statement
from registry import acts, projection
from registry.corrections import correct
from registry.database import Transaction
from registry.deploy import settle
from registry.errors import RegistryError
from registry.requests import Outcome, Request
from tests.support.demo_home import CITY
from tests.support.seal_office import COUNTY, DAY, START, Office, person, refused


@pytest.fixture
def office(office: Office) -> Office:
    """An office in each database, with a seal in use."""
    office.in_use()
    return office


def terms(office: Office, number: str = "standing-1", **changes: Any) -> Terms:
    """What is allowed under the office's seal."""
    return Terms(**{
        "id": number, "kinds": ("K0",), "region": "140121", "seal_id": str(office.row("S2026-000001").seal_id),
        "valid_from": START, "valid_to": START + 100 * DAY, "count": 3, **changes})


def given(
    office: Office, by: str = "审批甲", number: str = "standing-1", *, signed_by: str = "", **changes: Any,
) -> Outcome:
    """Give an approval."""
    statement = give(terms(office, number, **changes), signer=office.signer(signed_by or by), at=office.now)
    return office.act(by, "approve-give", number, {}, {"approval": statement.to_json()})


def confirmed(
    office: Office, by: str = "审批乙", number: str = "standing-1", *, signed_by: str = "",
    statement: SignedStatement | None = None,
) -> Outcome:
    """Confirm an approval, as it was given by the first approver."""
    own = statement or give(terms(office, number), signer=office.signer("审批甲"), at=office.now)
    answer = confirm(own, signer=office.signer(signed_by or by), at=office.now)
    return office.act(by, "approve-confirm", number, {}, {"confirmation": answer.to_json()})


@pytest.mark.req("R-003-22")
def test_two_approvers_put_an_approval_into_force_and_its_file_says_so(office: Office) -> None:
    path = office.home / "approvals" / "standing-1.json"
    assert given(office).state == "given" and not path.exists()
    assert confirmed(office).state == "confirmed"
    approval, offices = load_approval(path), read_approvers((office.home / "approvers.json").read_bytes())
    assert approval.terms == terms(office)
    assert approval.given.certificate == office.signer("审批甲").certificate
    sealing = Sealing(kind="K0", unit=COUNTY[0], region="140121", seal_id=approval.terms.seal_id, record="0" * 64,
                      at=office.now + timedelta(minutes=1))
    check(approval, sealing, used=2, offices=offices)
    assert [facts["case"] for event, facts in office.log() if event.startswith("act.approve")] == ["standing-1"] * 2


def _as_giver(office: Office) -> Outcome:
    """The giver signs a confirmation that the library would not make."""
    own = give(terms(office), signer=office.signer("审批甲"), at=office.now)
    body = confirm(own, signer=office.signer("审批乙"), at=office.now).body
    signed = sign_statement(dict(body), office.signer("审批甲"))
    return office.act("审批甲", "approve-confirm", "standing-1", {}, {"confirmation": signed.to_json()})


def _other_terms(office: Office) -> Outcome:
    larger = give(terms(office, count=1000), signer=office.signer("审批甲"), at=office.now)
    return confirmed(office, statement=larger)


FAULTS: list[tuple[str, str, Callable[[Office], object]]] = [
    ("confirmed by the giver", "approval.one-person", _as_giver),
    ("another approval is confirmed", "approval.malformed", _other_terms),
    ("confirmed by no approver", "registry.role-missing", lambda office: confirmed(office, "申请人")),
    ("confirmed by an approver of another unit", "registry.out-of-scope", lambda office: confirmed(office, "市审批")),
    ("confirmed by another than acts", "approve.other-signer",
     lambda office: confirmed(office, "审批丁", signed_by="审批乙")),
    ("no confirmation", "registry.document-missing",
     lambda office: office.act("审批乙", "approve-confirm", "standing-1")),
    ("no such approval", "approve.unknown", lambda office: confirmed(office, number="standing-9")),
    ("given by no approver", "registry.role-missing", lambda office: given(office, "申请人", "standing-2")),
    ("given by an approver of another unit", "registry.out-of-scope",
     lambda office: given(office, "市审批", "standing-2")),
    ("signed by another than acts", "approve.other-signer",
     lambda office: given(office, "审批甲", "standing-2", signed_by="审批乙")),
    ("a number used before", "approve.number-taken", lambda office: given(office, "审批乙")),
    ("no such seal", "approve.no-such-seal", lambda office: given(office, number="standing-2", seal_id="none")),
    ("another region", "approve.region", lambda office: given(office, number="standing-2", region="330100")),
    ("a period that is over", "approve.over",
     lambda office: given(office, number="standing-2", valid_from=START - 9 * DAY, valid_to=START - 8 * DAY)),
    ("the number of another", "registry.bad-act", lambda office: office.act(
        "审批甲", "approve-give", "standing-3", {}, {"approval": give(
            terms(office, "standing-2"), signer=office.signer("审批甲"), at=office.now).to_json()})),
    ("withdrawn by a reviewer", "registry.role-missing",
     lambda office: office.act("县审核", "approve-withdraw", "standing-1", {"reason": "理由"})),
    ("withdrawn by an approver of another unit", "registry.out-of-scope",
     lambda office: office.act("市审批", "approve-withdraw", "standing-1", {"reason": "理由"})),
    ("withdrawn without a reason", "registry.reason-missing",
     lambda office: office.act("审批甲", "approve-withdraw", "standing-1")),
    ("what is not there is withdrawn", "approve.unknown",
     lambda office: office.act("审批甲", "approve-withdraw", "standing-9", {"reason": "理由"})),
    ("no approval but bytes", "statement.malformed", lambda office: office.act(
        "审批甲", "approve-give", "standing-2", {}, {"approval": b"{}"})),
]


@pytest.mark.req("R-003-22", "R-003-54")
def test_whatever_is_not_two_approvers_of_the_unit_is_refused_and_changes_nothing(office: Office) -> None:
    for name, unit in (("市审批", CITY[0]), ("审批丁", COUNTY[0])):
        office.extra[name] = person(name, unit)
        office.appoint(office.extra[name].certificate, unit, "approver")
    given(office)
    for why, code, act in FAULTS:
        error = refused(office, act)
        assert error.code.value == code, why
        assert error.facts["clause"] == "B第12条"


def test_an_approval_is_confirmed_once(office: Office) -> None:
    given(office)
    confirmed(office)
    assert refused(office, confirmed).code.value == "approve.confirmed-already"


@pytest.mark.req("R-003-17", "R-003-22")
def test_nothing_is_approved_under_a_lost_seal(office: Office) -> None:
    given(office)
    office.act("保管人", "report-lost", "S2026-000001", {"reason": "失控"})
    assert refused(office, confirmed).code.value == "approve.no-such-seal"
    assert refused(office, lambda office: given(office, number="standing-2")).code.value == "approve.no-such-seal"


@pytest.mark.req("R-003-22")
def test_a_dismissed_approver_is_out_of_the_list_before_the_registry_says_so(office: Office) -> None:
    given(office)
    confirmed(office)
    office.now += timedelta(hours=1)
    office.act("管理员", "actor-dismiss", office.signer("审批乙").certificate.fingerprint, {"role": "", "region": ""})
    ended = [one.held_until for one in read_approvers((office.home / "approvers.json").read_bytes())]
    assert ended == [None, office.now]
    with pytest.raises(RegistryError, match=r"registry\.dismissed-actor"):
        given(office, "审批乙", "standing-2")


WHY = {"reason": "任务取消"}


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize("by", ["审批甲", "审批乙", "保管人"])
def test_a_withdrawn_approval_is_gone_and_does_not_come_back(office: Office, by: str) -> None:
    path = office.home / "approvals" / "standing-1.json"
    given(office)
    confirmed(office)
    file = path.read_bytes()
    office.act("保管人", "report-lost", "S2026-000001", {"reason": "失控"})
    assert office.act(by, "approve-withdraw", "standing-1", WHY).state == "withdrawn" and not path.exists()
    for everything in (False, True):
        assert settle(office.registry, everything=everything) == () and not path.exists()
    path.write_bytes(file)                                     # as out of an old backup
    assert correct(office.registry) == ("approvals/standing-1.json",) and not path.exists()
    for again in (confirmed, lambda office: office.act(by, "approve-withdraw", "standing-1", {"reason": "再次"})):
        assert refused(office, again).code.value == "approve.withdrawn"


@pytest.mark.req("R-003-22")
def test_an_approval_is_withdrawn_before_it_is_confirmed(office: Office) -> None:
    given(office)
    office.act("审批乙", "approve-withdraw", "standing-1", WHY)
    assert refused(office, confirmed).code.value == "approve.withdrawn"
    assert not (office.home / "approvals" / "standing-1.json").exists()
    assert refused(office, given).code.value == "approve.number-taken"


def test_a_withdrawal_says_why_and_nothing_else(office: Office) -> None:
    given(office)
    assert refused(office, lambda office: office.act(
        "审批甲", "approve-withdraw", "standing-1", {**WHY, "from": "x"})).code.value == "registry.bad-act"


@pytest.mark.req("R-003-22")
def test_a_withdrawal_is_in_the_files_before_the_commit_and_a_crash_does_not_undo_it(
    office: Office, monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = office.home / "approvals" / "standing-1.json"
    given(office)
    confirmed(office)

    def stop(t: Transaction, request: Request) -> None:
        projection.restrict(t, request)
        raise KeyboardInterrupt

    monkeypatch.setattr(acts, "restrict", stop)
    with pytest.raises(KeyboardInterrupt):
        office.act("审批甲", "approve-withdraw", "standing-1", WHY)
    monkeypatch.undo()
    assert not path.exists()
    office.act("管理员", "actor-dismiss", office.signer("审批甲").certificate.fingerprint, {"role": "", "region": ""})
    for everything in (False, True):                           # whoever withdrew may not any more: it stays away
        assert settle(office.registry, everything=everything) == ("standing-1",) and not path.exists()
    office.act("保管人", "approve-withdraw", "standing-1", WHY)
    assert settle(office.registry, everything=True) == () and not path.exists()
