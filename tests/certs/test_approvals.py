"""Standing approvals: read strictly, and never exceeded."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from certs.approval import Approval, ApprovalError, check, choose, parse_approval
from certs.demo_pki import CHINA_TIME

START = datetime(2026, 1, 1, tzinfo=CHINA_TIME)
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=CHINA_TIME)
SECOND = timedelta(seconds=1)
APPROVAL = Approval(
    id="A-1", given_by="甲", confirmed_by="乙", kinds=("K0", "K2"), region="140100", seal_id="S1",
    valid_from=START, valid_to=END, count=3)
ACT: dict[str, Any] = {"kind": "K0", "region": "140105", "seal_id": "S1", "at": START, "used": 0}

ACTS = [
    # change, code (None: allowed), why
    ({}, None, "within every bound"),
    ({"kind": "K2"}, None, "the other kind"),
    ({"region": "140100"}, None, "the region itself"),
    ({"at": END}, None, "the last moment"),
    ({"used": 2}, None, "the last use"),
    ({"seal_id": "S2"}, "approval.seal", "another seal"),
    ({"kind": "K1"}, "approval.kind", "another kind"),
    ({"region": "140200"}, "approval.region", "another city"),
    ({"region": "140000"}, "approval.region", "the province above"),
    ({"at": START - SECOND}, "approval.not-yet", "too early"),
    ({"at": END + SECOND}, "approval.ended", "too late"),
    ({"used": 3}, "approval.exhausted", "used up"),
    ({"used": 4}, "approval.exhausted", "more than used up"),
]


@pytest.mark.req("R-003-22", "R-000-25")
@pytest.mark.parametrize(("change", "code", "why"), ACTS, ids=[row[2] for row in ACTS])
def test_an_act_of_sealing_stays_within_its_approval(
    change: dict[str, Any], code: str | None, why: str,
) -> None:
    if code is None:
        check(APPROVAL, **{**ACT, **change})
        return
    with pytest.raises(ApprovalError) as refusal:
        check(APPROVAL, **{**ACT, **change})
    assert refusal.value.code.value == code, why


@pytest.mark.parametrize(("region", "place", "covered"), [
    ("140000", "140105", True), ("140000", "150000", False), ("140105", "140105", True),
    ("140105", "140106", False), ("140105", "140100", False), ("000000", "140100", False),
])
def test_a_region_takes_in_what_lies_below_it(region: str, place: str, covered: bool) -> None:
    approval = dataclasses.replace(APPROVAL, region=region)
    if covered:
        check(approval, **{**ACT, "region": place})
    else:
        with pytest.raises(ApprovalError, match=r"approval\.region"):
            check(approval, **{**ACT, "region": place})


def test_an_approval_is_read_as_it_was_written() -> None:
    assert parse_approval(APPROVAL.to_json(), name="a.json") == APPROVAL


MALFORMED = [
    # change to the JSON, why
    ({"confirmedBy": "甲"}, "one person gives and confirms"),
    ({"confirmedBy": " 甲 "}, "the same person with blanks"),
    ({"givenBy": ""}, "nobody gives"),
    ({"confirmedBy": " "}, "nobody confirms"),
    ({"kinds": []}, "no kind"),
    ({"kinds": "K0"}, "kinds as a text"),
    ({"region": "1401"}, "a short region"),
    ({"seal": ""}, "no seal"),
    ({"count": -1}, "a negative count"),
    ({"count": True}, "a truth value as count"),
    ({"count": 1.5}, "a broken count"),
    ({"from": "2027-01-01T00:00:00+08:00"}, "begins after it ends"),
    ({"to": "2026-12-31T23:59:59"}, "no time zone"),
    ({"to": "heute"}, "no time"),
    ({"id": "../x"}, "an id that is a path"),
    ({"note": "x"}, "an unknown key"),
]


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("change", "why"), MALFORMED, ids=[row[1] for row in MALFORMED])
def test_a_faulty_approval_is_refused(change: dict[str, Any], why: str) -> None:
    content = {**json.loads(APPROVAL.to_json()), **change}
    with pytest.raises(ApprovalError) as refusal:
        parse_approval(json.dumps(content).encode(), name="a.json")
    assert refusal.value.code.value == "approval.malformed", why


@pytest.mark.parametrize("data", [
    b"", b"[]", b"{}", b"\xff", b"[" * 100_000, APPROVAL.to_json()[:-3],
    APPROVAL.to_json().replace(b'"count"', b'"id": "B", "count"'),
], ids=["empty", "list", "no keys", "not UTF-8", "deep", "cut off", "a key twice"])
def test_what_is_no_approval_is_refused(data: bytes) -> None:
    with pytest.raises(ApprovalError, match=r"approval\.malformed"):
        parse_approval(data, name="a.json")


def test_the_first_approval_that_allows_the_act_is_chosen() -> None:
    approvals = [dataclasses.replace(APPROVAL, id=one, kinds=kinds)
                 for one, kinds in (("C", ("K0",)), ("A", ("K1",)), ("B", ("K0",)))]
    arguments = {key: value for key, value in ACT.items() if key != "used"}
    assert choose(approvals, **arguments, used={}).id == "B"
    assert choose(approvals, **arguments, used={"B": 3}).id == "C"
    with pytest.raises(ApprovalError, match=r"approval\.exhausted"):
        choose(approvals, **arguments, used={"B": 3, "C": 3})


@pytest.mark.req("R-003-22")
def test_a_seal_without_an_approval_does_not_seal() -> None:
    arguments = {key: value for key, value in ACT.items() if key != "used"}
    for approvals in ([], [dataclasses.replace(APPROVAL, seal_id="S2")]):
        with pytest.raises(ApprovalError, match=r"approval\.none"):
            choose(approvals, **arguments, used={})
