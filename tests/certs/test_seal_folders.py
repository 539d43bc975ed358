"""The seals of an authority side by side: which one is used when, and how their folders change."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.authority import Authority
from certs.home import Home
from certs.seal import SealFile
from certs.seal_folder import (
    ROLES,
    SealUse,
    UseState,
    publish_seal_folder,
    seal_folders,
    seal_in_use,
    seal_uses,
    set_use,
)
from certs.ses import SesSeal
from certs.x509 import Certificate
from codes.errors import EngineError
from tests.support.demo_home import CITY, PROVINCE

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
OPEN = SealUse(state=UseState.IN_USE, use_from=START)
NEXT = SealUse(state=UseState.IN_USE, use_from=START + DAY)


def _use(use: SealUse, **changes: Any) -> SealUse:
    return dataclasses.replace(use, **changes)


CHOICES: list[tuple[str, Mapping[str, SealUse], timedelta, str]] = [
    # why, uses, moment after START, seal or code of the refusal
    ("the only one", {"A": OPEN}, SECOND, "A"),
    ("its first moment", {"A": OPEN}, timedelta(0), "A"),
    ("its first moment, made within that second",
     {"A": _use(OPEN, use_from=START + timedelta(milliseconds=700))}, timedelta(0), "A"),
    ("before its first moment", {"A": OPEN}, -SECOND, "seal.not-yet-in-use"),
    ("before the change", {"A": _use(OPEN, use_until=START + DAY), "B": NEXT}, DAY - SECOND, "A"),
    ("at the change", {"A": _use(OPEN, use_until=START + DAY), "B": NEXT}, DAY, "B"),
    ("the one that began last", {"B": OPEN, "A": NEXT}, 2 * DAY, "A"),
    ("after its end", {"A": _use(OPEN, use_until=START + DAY)}, DAY, "seal.retired"),
    ("suspended", {"A": _use(OPEN, state=UseState.SUSPENDED)}, DAY, "seal.suspended"),
    ("lost", {"A": _use(OPEN, state=UseState.LOST)}, DAY, "seal.lost"),
    ("cancelled", {"A": _use(OPEN, state=UseState.CANCELLED)}, DAY, "seal.cancelled"),
    ("lost, the successor not yet in use", {"A": _use(OPEN, state=UseState.LOST), "B": NEXT}, SECOND, "seal.lost"),
    ("lost, the successor in use", {"A": _use(OPEN, state=UseState.LOST), "B": NEXT}, DAY, "B"),
    ("retired, the successor suspended", {
        "A": _use(OPEN, use_until=START + DAY), "B": _use(NEXT, state=UseState.SUSPENDED)}, DAY, "seal.suspended"),
    ("none at all", {}, DAY, "home.no-seal"),
]


@pytest.mark.req("R-003-16", "R-003-17")
@pytest.mark.parametrize(("why", "uses", "after", "wanted"), CHOICES, ids=[row[0] for row in CHOICES])
def test_the_seal_in_use_at_the_moment_is_chosen(
    why: str, uses: Mapping[str, SealUse], after: timedelta, wanted: str,
) -> None:
    if "." not in wanted:
        assert seal_in_use(uses, START + after, name="甲") == wanted, why
        return
    with pytest.raises(EngineError) as refusal:
        seal_in_use(uses, START + after, name="甲")
    assert refusal.value.code.value == wanted, why


@pytest.mark.parametrize("use", [OPEN, _use(OPEN, state=UseState.LOST, use_until=START + DAY)])
def test_a_use_is_read_as_it_was_written(use: SealUse) -> None:
    assert SealUse.parse(use.to_json()) == use


@pytest.mark.parametrize("change", [
    {"state": "used"}, {"from": None}, {"from": "2026-01-01T00:00:00"}, {"from": 1}, {"until": "2025-01-01T00:00:00Z"},
    {"until": "soon"}, {"note": "x"}, {"state": None},
])
def test_a_faulty_use_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SealUse.parse(json.dumps({**json.loads(OPEN.to_json()), **change}).encode())


def _publish(home: Home, seal: SealFile, **changes: Any) -> None:
    folder = seal_folders(home.path / "authorities" / CITY[0])[0]
    keys = {role: (Certificate.load((folder / f"{role}.cer").read_bytes()), (folder / f"{role}.key").read_bytes())
            for role in ROLES}
    publish_seal_folder(home.path, **{
        "code": CITY[0], "name": CITY[1], "seal": seal, "keys": keys, "use": OPEN, **changes})


def _renamed(authority: Authority, seal_id: str) -> SealFile:
    """The authority's seal under another identifier (its maker's signature does not matter here)."""
    der = authority.seal.der
    old = authority.seal.seal_id.encode()
    assert len(old) == len(seal_id)
    return SealFile(seal=SesSeal.parse(der.replace(old, seal_id.encode())))


def _other(home: Home) -> SealFile:
    authority = home.authority(*CITY)
    return _renamed(authority, authority.seal.seal_id[:-8] + "NEXT0001")


def test_a_published_seal_lies_beside_the_others_and_repeats_change_nothing(own_home: Home) -> None:
    first, second = own_home.authority(*CITY).seal, _other(own_home)
    now = datetime.now(UTC)
    for _ in range(2):
        _publish(own_home, second, use=SealUse(state=UseState.IN_USE, use_from=now + DAY))
    assert set(seal_uses(own_home.path, CITY[0])) == {first.seal_id, second.seal_id}
    assert own_home.authority(*CITY).seal.der == first.der
    assert own_home.authority(*CITY, now + DAY).seal.der == second.der
    folder = own_home.path / "authorities" / CITY[0] / second.seal_id
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    _publish(own_home, second, use=SealUse(state=UseState.LOST, use_from=now + DAY))
    assert seal_uses(own_home.path, CITY[0])[second.seal_id].state is UseState.LOST


def test_an_identifier_is_never_used_twice(own_home: Home) -> None:
    seal = own_home.authority(*CITY).seal
    changed = SealFile(seal=SesSeal.parse(seal.der.replace("测试市应急".encode(), "测试县应急".encode())))
    assert changed.seal_id == seal.seal_id and changed.der != seal.der
    with pytest.raises(EngineError, match=r"seal\.folder-taken"):
        _publish(own_home, changed)
    assert own_home.authority(*CITY).seal.der == seal.der


@pytest.mark.parametrize("odd", ["..", "a/b", ".hidden", "x" * 65])
def test_an_identifier_that_names_no_folder_is_refused(own_home: Home, odd: str) -> None:
    seal = own_home.authority(*CITY).seal
    info = dataclasses.replace(seal.info, es_id=odd)
    with pytest.raises(EngineError, match=r"seal\.bad-identifier"):
        _publish(own_home, SealFile(seal=dataclasses.replace(seal.seal, info=info)))


@pytest.mark.req("R-003-18")
def test_a_new_name_waits_until_the_old_seal_is_cancelled(own_home: Home) -> None:
    seal = own_home.authority(*CITY).seal
    with pytest.raises(EngineError, match=r"seal\.name-mismatch"):
        _publish(own_home, _other(own_home), name="测试市应急局")
    other = _other(own_home)
    set_use(own_home.path, CITY[0], seal.seal_id, _use(OPEN, state=UseState.CANCELLED))
    _publish(own_home, other, name="测试市应急局")
    assert own_home.authorities()[1] == (CITY[0], "测试市应急局")


@pytest.mark.req("R-003-17")
@pytest.mark.parametrize("state", [UseState.SUSPENDED, UseState.LOST, UseState.CANCELLED])
def test_an_open_home_stops_at_once_and_others_go_on(own_home: Home, state: UseState) -> None:
    seal = own_home.authority(*CITY).seal
    use = own_home.seal_uses(CITY[0])[seal.seal_id]
    set_use(own_home.path, CITY[0], seal.seal_id, dataclasses.replace(use, state=state))
    with pytest.raises(EngineError) as refusal:
        own_home.authority(*CITY)
    assert refusal.value.code.value == f"seal.{state.value}"
    own_home.authority(*PROVINCE)
    set_use(own_home.path, CITY[0], seal.seal_id, use)
    assert own_home.authority(*CITY).seal.der == seal.der


def test_an_authority_whose_first_seal_is_only_prepared_has_none(own_home: Home) -> None:
    prepared = own_home.path / "authorities" / "11140123MB9TEX019D" / ".next-S2026-000009"
    prepared.mkdir(parents=True)
    assert "11140123MB9TEX019D" not in dict(own_home.authorities())
    with pytest.raises(EngineError, match=r"home\.no-seal"):
        own_home.authority("11140123MB9TEX019D", "测试市测试县应急管理局")


def test_a_seal_without_a_folder_has_no_use_to_set(own_home: Home, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"file\.missing"):
        set_use(own_home.path, CITY[0], "none", OPEN)
    assert seal_uses(tmp_path, CITY[0]) == {}
