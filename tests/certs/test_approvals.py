"""Approvals of sealing: signed by two persons, read strictly, and never exceeded."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.approval import (
    Approval,
    ApprovalError,
    Terms,
    confirm,
    give,
    parse_approval,
    read_terms,
)
from certs.approval_scope import Office, Sealing, check, choose, read_approvers
from certs.demo_pki import CHINA_TIME, KeyPair, make_cas, make_person
from certs.home import Home
from certs.moments import write_moment
from certs.signer import LocalSigner
from certs.statement import SignedStatement, sign_statement
from registry.demo import revoke
from tests.support.approvals import APPROVERS, approve, change_approvals, person, sealing
from tests.support.demo_home import CITY, PROVINCE, make_home

START = datetime(2026, 1, 1, tzinfo=CHINA_TIME)
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=CHINA_TIME)
SECOND = timedelta(seconds=1)
UNIT, OTHER_UNIT = CITY[0], PROVINCE[0]
RECORD = "ab" * 32
TERMS = Terms(id="A-1", kinds=("K0", "K2"), region="140100", seal_id="S1", valid_from=START, valid_to=END, count=3)
ACT = Sealing(kind="K0", unit=UNIT, region="140105", seal_id="S1", record=RECORD, at=START)

CA = make_cas(START)["sm2-issuing"]


def _person(name: str, **changes: Any) -> LocalSigner:
    arguments: dict[str, Any] = {"unit": CITY[1], "code": UNIT, "issuer": CA, "now": START, **changes}
    pair: KeyPair = make_person(name, **arguments)
    return LocalSigner(pair.certificate, pair.key)


GIVER, CONFIRMER = _person("甲"), _person("乙")
OFFICES = tuple(
    Office(certificate=signer.certificate.fingerprint, unit=UNIT, held_from=START, held_until=None)
    for signer in (GIVER, CONFIRMER))


def signed(terms: Terms = TERMS, *, at: datetime = START, giver: LocalSigner = GIVER) -> Approval:
    given = give(terms, signer=giver, at=at)
    return Approval.join(given, confirm(given, signer=CONFIRMER, at=at))


APPROVAL = signed()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ApprovalError) as refusal:
        act()
    return refusal.value.code.value


ACTS = [
    # change, uses so far, code (None: allowed), why
    ({}, 0, None, "within every bound"),
    ({"kind": "K2"}, 0, None, "the other kind"),
    ({"region": "140100"}, 0, None, "the region itself"),
    ({"at": END}, 0, None, "the last moment"),
    ({}, 2, None, "the last use"),
    ({"seal_id": "S2"}, 0, "approval.seal", "another seal"),
    ({"kind": "K1"}, 0, "approval.kind", "another kind"),
    ({"region": "140200"}, 0, "approval.region", "another city"),
    ({"region": "140000"}, 0, "approval.region", "the province above"),
    ({"at": START - SECOND}, 0, "approval.not-yet", "too early"),
    ({"at": END + SECOND}, 0, "approval.ended", "too late"),
    ({}, 3, "approval.exhausted", "used up"),
    ({}, 4, "approval.exhausted", "more than used up"),
    ({"unit": OTHER_UNIT}, 0, "approval.not-approver", "approvers of another unit"),
]


@pytest.mark.req("R-003-22", "R-000-25")
@pytest.mark.parametrize(("change", "used", "code", "why"), ACTS, ids=[row[3] for row in ACTS])
def test_an_act_of_sealing_stays_within_its_approval(
    change: dict[str, Any], used: int, code: str | None, why: str,
) -> None:
    act = dataclasses.replace(ACT, **change)
    if code is None:
        check(APPROVAL, act, used=used, offices=OFFICES)
    else:
        assert refused(lambda: check(APPROVAL, act, used=used, offices=OFFICES)) == code, why


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("at", "allowed"), [
    (START, True), (START + timedelta(minutes=5), True), (START + timedelta(minutes=5, seconds=1), False)])
def test_nothing_is_sealed_before_the_approval_was_confirmed(at: datetime, allowed: bool) -> None:
    approval = signed(at=at)
    if allowed:
        check(approval, ACT, used=0, offices=OFFICES)
    else:
        assert refused(lambda: check(approval, ACT, used=0, offices=OFFICES)) == "approval.not-yet"


@pytest.mark.parametrize(("region", "covered"), [
    ("140000", True), ("140105", True), ("150000", False), ("140106", False), ("140121", False)])
def test_a_region_takes_in_what_lies_below_it(region: str, covered: bool) -> None:
    approval = signed(dataclasses.replace(TERMS, region=region))
    if covered:
        check(approval, ACT, used=0, offices=OFFICES)
    else:
        assert refused(lambda: check(approval, ACT, used=0, offices=OFFICES)) == "approval.region"


OFFICE_FAULTS = [
    # change to the giver's office, why
    ({"unit": OTHER_UNIT}, "approver of another unit"),
    ({"certificate": "00" * 32}, "another certificate"),
    ({"held_from": START + timedelta(minutes=5, seconds=1)}, "appointed only after signing"),
    ({"held_until": START}, "dismissed before signing"),
    ({"held_until": START + timedelta(days=2)}, "dismissed since"),
]


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize("which", [0, 1], ids=["giver", "confirmer"])
@pytest.mark.parametrize(("change", "why"), OFFICE_FAULTS, ids=[row[1] for row in OFFICE_FAULTS])
def test_both_are_approvers_of_the_unit_when_signing_and_when_sealing(
    change: dict[str, Any], why: str, which: int,
) -> None:
    offices = list(OFFICES)
    act = dataclasses.replace(ACT, at=START + timedelta(days=2))
    check(APPROVAL, act, used=0, offices=offices)
    offices[which] = dataclasses.replace(offices[which], **change)
    assert refused(lambda: check(APPROVAL, act, used=0, offices=offices)) == "approval.not-approver", why


def test_an_approval_is_read_as_it_was_written() -> None:
    again = parse_approval(APPROVAL.to_json(), name="a.json")
    assert again == APPROVAL and again.terms == TERMS
    single = signed(dataclasses.replace(TERMS, record=RECORD, count=1))
    assert parse_approval(single.to_json(), name="a.json").terms.record == RECORD


BAD_TERMS = [
    # change to what is signed, why
    ({"kinds": []}, "no kind"),
    ({"kinds": [""]}, "an empty kind"),
    ({"kinds": "K0"}, "kinds as a text"),
    ({"region": "1401"}, "a short region"),
    ({"region": "１４０１００"}, "full-width digits"),
    ({"seal": ""}, "no seal"),
    ({"count": -1}, "a negative count"),
    ({"count": True}, "a truth value as count"),
    ({"count": "3"}, "a text as count"),
    ({"record": RECORD}, "one record, three times"),
    ({"record": "ab", "count": 1}, "a short digest"),
    ({"record": 1, "count": 1}, "a number as digest"),
    ({"from": write_moment(END + SECOND)}, "begins after it ends"),
    ({"to": "2026-12-31T23:59:59"}, "no time zone"),
    ({"to": None}, "no end"),
    ({"id": "../x"}, "an id that is a path"),
    ({"note": "x"}, "an unknown key"),
]


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("change", "why"), BAD_TERMS, ids=[row[1] for row in BAD_TERMS])
def test_faulty_terms_are_refused_though_signed(change: dict[str, Any], why: str) -> None:
    statement = sign_statement({**APPROVAL.given.body, **change}, GIVER)
    assert refused(lambda: read_terms(statement)) == "approval.malformed", why
    assert refused(lambda: confirm(statement, signer=CONFIRMER, at=START)) == "approval.malformed", why


SAME_PEOPLE: list[tuple[str, Callable[[], LocalSigner]]] = [
    ("the same certificate", lambda: GIVER),
    ("the same name in another certificate", lambda: _person("甲")),
    ("the same key under another name", lambda: _same_key("丙")),
]


def _same_key(name: str) -> LocalSigner:
    key = GIVER._key
    pair = make_person(name, unit=CITY[1], code=UNIT, issuer=CA, now=START, key=key)      # type: ignore[arg-type]
    return LocalSigner(pair.certificate, key)


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("why", "confirmer"), SAME_PEOPLE, ids=[row[0] for row in SAME_PEOPLE])
def test_one_person_does_not_give_and_confirm(why: str, confirmer: Callable[[], LocalSigner]) -> None:
    signer = confirmer()
    assert refused(lambda: confirm(APPROVAL.given, signer=signer, at=START)) == "approval.one-person", why
    forced = sign_statement(APPROVAL.confirmed.body, signer)
    assert refused(lambda: Approval.join(APPROVAL.given, forced)) == "approval.one-person", why


def _other_type(statement: SignedStatement) -> SignedStatement:
    return sign_statement({**statement.body, "type": "zhengyin/act/1"}, CONFIRMER)


CONFIRMATIONS: list[tuple[str, SignedStatement]] = [
    ("of other terms", confirm(give(dataclasses.replace(TERMS, count=4), signer=GIVER, at=START), signer=CONFIRMER,
                               at=START)),
    ("of another type", _other_type(APPROVAL.confirmed)),
    ("with another id", sign_statement({**APPROVAL.confirmed.body, "approval": "A-2"}, CONFIRMER)),
    ("with a further key", sign_statement({**APPROVAL.confirmed.body, "note": ""}, CONFIRMER)),
    ("that is another giving", give(TERMS, signer=CONFIRMER, at=START)),
]


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("why", "confirmation"), CONFIRMATIONS, ids=[row[0] for row in CONFIRMATIONS])
def test_a_confirmation_confirms_these_very_terms(why: str, confirmation: SignedStatement) -> None:
    assert refused(lambda: Approval.join(APPROVAL.given, confirmation)) == "approval.malformed", why


FILE = APPROVAL.to_json()


@pytest.mark.parametrize("data", [
    b"", b"[]", b"{}", b"\xff", b"[" * 100_000, FILE[:-3], FILE.replace(b'"given"', b'"signed"', 1),
    json.dumps({"given": json.loads(FILE)["given"]}).encode(),
    json.dumps({**json.loads(FILE), "confirmed": json.loads(FILE)["given"]}).encode(),
    FILE.replace(b'"signature"', b'"signature": "", "signature"', 1),
    json.dumps({"id": "1", "givenBy": "甲", "confirmedBy": "乙", "count": 5}).encode(),
], ids=["empty", "list", "no keys", "not UTF-8", "deep", "cut off", "another key", "never confirmed", "given twice",
        "a key twice", "an unsigned one"])
def test_what_is_no_approval_is_refused(data: bytes) -> None:
    assert refused(lambda: parse_approval(data, name="a.json")) == "approval.malformed"


def test_the_first_approval_that_allows_the_act_is_chosen() -> None:
    approvals = [signed(dataclasses.replace(TERMS, id=one, kinds=kinds))
                 for one, kinds in (("C", ("K0",)), ("A", ("K1",)), ("B", ("K0",)))]
    assert choose(approvals, ACT, used={}, offices=OFFICES).id == "B"
    assert choose(approvals, ACT, used={"B": 3}, offices=OFFICES).id == "C"
    assert refused(lambda: choose(approvals, ACT, used={"B": 3, "C": 3}, offices=OFFICES)) == "approval.exhausted"


@pytest.mark.req("R-003-22")
def test_an_approval_of_one_record_goes_first_and_for_that_record_alone() -> None:
    single = signed(dataclasses.replace(TERMS, id="Z", record=RECORD, count=1))
    assert choose([APPROVAL, single], ACT, used={}, offices=OFFICES).id == "Z"
    assert choose([APPROVAL, single], ACT, used={"Z": 1}, offices=OFFICES).id == "A-1"
    other = dataclasses.replace(ACT, record="cd" * 32)
    assert choose([APPROVAL, single], other, used={}, offices=OFFICES).id == "A-1"
    assert refused(lambda: choose([single], other, used={}, offices=OFFICES)) == "approval.record"
    assert refused(lambda: choose([single], ACT, used={"Z": 1}, offices=OFFICES)) == "approval.exhausted"


@pytest.mark.req("R-003-22")
def test_a_seal_without_an_approval_does_not_seal() -> None:
    for approvals in ([], [signed(dataclasses.replace(TERMS, seal_id="S2"))]):
        assert refused(lambda approvals=approvals: choose(  # type: ignore[misc]
            approvals, ACT, used={}, offices=OFFICES)) == "approval.none"


@pytest.mark.parametrize("data", [
    b"", b"{}", b'[{"certificate": "a"}]', b"[1]",
    b'[{"certificate": 1, "unit": "", "from": "2026-01-01T00:00:00.000Z", "until": null}]',
    b'[{"certificate": "", "unit": "", "from": "2026-01-01", "until": null}]',
    b'[{"certificate": "", "unit": "", "from": "2026-01-01T00:00:00.000Z", "until": 5}]'])
def test_a_damaged_list_of_approvers_permits_nothing(data: bytes) -> None:
    assert refused(lambda: read_approvers(data)) == "approval.malformed"


def _only(home: Home) -> Path:
    """Leave the city's standing approval alone in the home."""
    (path,) = (home.path / "approvals").glob(f"*{UNIT}*")
    for other in (home.path / "approvals").iterdir():
        if other != path:
            other.unlink()
    return path


def _alter(path: Path, part: str, change: Callable[[str], str]) -> None:
    content = json.loads(path.read_bytes())
    content[part]["content"] = change(content[part]["content"])
    path.write_text(json.dumps(content), encoding="utf-8")


def _more(text: str) -> str:
    assert '"count":1000000' in text
    return text.replace('"count":1000000', '"count":9000000')


HOME_FAULTS: list[tuple[str, str, Callable[[Home, Path], object]]] = [
    ("terms changed after signing", "approval.malformed", lambda _, path: _alter(path, "given", _more)),
    ("a moment changed after signing", "approval.signature",
     lambda _, path: _alter(path, "confirmed", lambda text: text.replace('"at":"20', '"at":"19'))),
    ("a file under another number", "approval.malformed", lambda _, path: path.rename(path.with_stem("other"))),
    ("not JSON", "approval.malformed", lambda _, path: path.write_bytes(b"{")),
    ("no file", "approval.none", lambda _, path: path.unlink()),
    ("no approvers", "approval.not-approver", lambda home, _: (home.path / "approvers.json").unlink()),
    ("damaged approvers", "approval.malformed", lambda home, _: (home.path / "approvers.json").write_bytes(b"[")),
    ("no revocation lists", "approval.certificate",
     lambda home, _: (home.path / "crls" / "sm2-issuing.crl").unlink()),
    ("a revoked approver", "approval.certificate", lambda home, _: revoke(
        home.path, person(home, f"{UNIT}-{APPROVERS[1]}").certificate, now=datetime.now(UTC), environ={})),
]


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("why", "code", "fault"), HOME_FAULTS, ids=[row[0] for row in HOME_FAULTS])
def test_an_open_home_refuses_from_then_on(
    own_home: Home, why: str, code: str, fault: Callable[[Home, Path], object],
) -> None:
    path = _only(own_home)
    assert own_home.approval_for(sealing(own_home)).id == path.stem
    fault(own_home, path)
    assert refused(lambda: own_home.approval_for(sealing(own_home))) == code, why


@pytest.mark.req("R-003-22")
def test_approvers_of_another_home_approve_nothing_here(own_home: Home, tmp_path: Path) -> None:
    stranger = make_home(tmp_path / "stranger")
    path = _only(own_home)
    terms = own_home.approvals()[0].terms
    given = give(terms, signer=person(stranger, f"{UNIT}-{APPROVERS[0]}"), at=datetime.now(UTC))
    confirmed = confirm(given, signer=person(own_home, f"{UNIT}-{APPROVERS[1]}"), at=datetime.now(UTC))
    path.write_bytes(Approval.join(given, confirmed).to_json())
    assert refused(lambda: own_home.approval_for(sealing(own_home))) == "approval.certificate"


def test_a_bad_file_stands_in_no_good_ones_way(own_home: Home) -> None:
    (own_home.path / "approvals" / "bad.json").write_bytes(b"{}")
    own_home.approval_for(sealing(own_home))


def test_a_new_approval_is_seen_at_once_and_the_others_are_not_read_again(
    own_home: Home, monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_approvals(own_home, kinds=("K7",))
    assert refused(lambda: own_home.approval_for(sealing(own_home))) == "approval.kind"
    before = {approval.id: approval for approval in own_home.approvals()}
    terms = dataclasses.replace(
        TERMS, id="new", seal_id=own_home.authority(*CITY).seal.seal_id, valid_from=START,
        valid_to=datetime.now(UTC) + timedelta(days=1))
    approve(own_home, terms, at=datetime.now(UTC))
    assert own_home.approval_for(sealing(own_home)).id == "new"
    assert all(approval is before[approval.id] for approval in own_home.approvals() if approval.id != "new")
