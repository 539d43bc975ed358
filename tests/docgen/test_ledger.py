"""The ledger: one record an identifier, approvals counted once, nothing lost by a kill."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.files import FileError
from certs.moments import CLOCKS_DIFFER, write_moment
from certs.sm3 import sm3
from docgen.ledger import Claim, Ledger, LedgerError
from tests.docgen.use_logs import events, use_log

NOW = datetime(2025, 8, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = Claim(
    identifier="1.2.156.3005.2.T.I.1.001.X", record_sm3=sm3(b"record 1"), number="14010013202590001",
    address="https://a.invalid/1", holder_sm3=sm3(b"holder 1"), version="001", seal_id="S1")
FORK = multiprocessing.get_context("fork")


class SpentError(Exception):
    pass


def allow(limit: int) -> Callable[[Mapping[str, int]], str]:
    def choose(used: Mapping[str, int]) -> str:
        if used.get("A1", 0) >= limit:
            raise SpentError
        return "A1"
    return choose


def issue(ledger: Ledger, claim: Claim, data: bytes, limit: int = 10) -> bytes:
    with ledger.hold(claim.identifier):
        entry = ledger.find(claim.identifier)
        if entry is not None and entry.package_sm3 is not None and entry.record_sm3 == claim.record_sm3:
            return ledger.package(entry)
        ledger.reserve(claim, allow(limit), NOW).keep(data, NOW)
        return data


def other(number: int, **changes: Any) -> Claim:
    return replace(
        FIRST, identifier=f"id-{number}", record_sm3=sm3(b"%d" % number), number=f"{number:017}",
        address=f"https://a.invalid/{number}", **changes)


def fails_for_the_package(data: bytes) -> bytes:
    """SM3 for a ledger that breaks down when it has written the package."""
    assert data != b"package", "broken down"
    return sm3(data)


def test_a_repeat_gives_the_kept_bytes_and_uses_no_approval(tmp_path: Path) -> None:
    assert issue(Ledger(tmp_path / "issued"), FIRST, b"package") == b"package"
    again = Ledger(tmp_path / "issued")
    assert issue(again, FIRST, b"other bytes") == b"package"
    assert again.used() == {"A1": 1}


def test_another_record_under_the_identifier_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    issue(ledger, FIRST, b"package")
    with pytest.raises(LedgerError) as refusal:
        issue(ledger, replace(FIRST, record_sm3=sm3(b"record 2")), b"x")
    assert refusal.value.code == "issue.exists"
    assert ledger.used() == {"A1": 1}


@pytest.mark.req("R-000-05")
@pytest.mark.parametrize(("claim", "code"), [
    (other(2, holder_sm3=sm3(b"h2")), None),
    (replace(other(2), number=FIRST.number, holder_sm3=sm3(b"h2"), version="002"), "issue.number-taken"),
    (replace(other(2), number=FIRST.number), "issue.number-taken"),
    (replace(other(2), number=FIRST.number, version="002"), None),
    (replace(other(2), number=FIRST.number, address=FIRST.address, version="002"), None),
    (replace(other(2), address=FIRST.address), "issue.qr-taken"),
])
def test_a_number_and_a_qr_address_belong_to_one_licence(
        tmp_path: Path, claim: Claim, code: str | None) -> None:
    ledger = Ledger(tmp_path)
    issue(ledger, FIRST, b"package")
    if code is None:
        issue(ledger, claim, b"second")
        assert ledger.used() == {"A1": 2}
        return
    with pytest.raises(LedgerError) as refusal:
        issue(ledger, claim, b"second")
    assert refusal.value.code == code
    assert ledger.find(claim.identifier) is None
    assert ledger.used() == {"A1": 1}


@pytest.mark.req("R-003-48", "R-003-54")
def test_each_use_is_logged_with_seal_approval_and_digests(tmp_path: Path) -> None:
    clock = iter([NOW, NOW + DAY, NOW + 2 * DAY, NOW + 3 * DAY])
    ledger = Ledger(tmp_path, clock=lambda: next(clock))
    issue(ledger, FIRST, b"package")
    ledger.reserve(other(2), allow(9), NOW).release()
    use = {"identifier": FIRST.identifier, "record": FIRST.record_sm3.hex(), "seal": "S1", "approval": "A1"}
    second = {**use, "identifier": "id-2", "record": other(2).record_sm3.hex()}
    assert [(entry.event, dict(entry.facts), entry.at) for entry in use_log(tmp_path)] == [
        ("use.reserved", {**use, "counted": True}, NOW),
        ("use.sealed", {**use, "package": sm3(b"package").hex()}, NOW + DAY),
        ("use.reserved", {**second, "counted": True}, NOW + 2 * DAY),
        ("use.given-back", {**second, "counted": True}, NOW + 3 * DAY),
    ]


def test_a_use_counted_before_a_kill_is_told_apart(tmp_path: Path) -> None:
    Ledger(tmp_path).reserve(FIRST, allow(9), NOW)                           # and the process is killed here
    Ledger(tmp_path).reserve(FIRST, allow(9), NOW).release()
    assert [(entry.event, entry.facts["counted"]) for entry in use_log(tmp_path)] == [
        ("use.reserved", True), ("use.reserved", False), ("use.given-back", False)]


def test_what_is_not_kept_is_not_logged(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    issue(ledger, FIRST, b"package", limit=1)
    before = use_log(tmp_path)
    with pytest.raises(SpentError):
        ledger.reserve(other(2), allow(1), NOW)
    with pytest.raises(LedgerError):
        ledger.reserve(replace(FIRST, record_sm3=sm3(b"record 2")), allow(9), NOW)
    assert use_log(tmp_path) == before


@pytest.mark.req("R-003-54")
def test_a_refusal_is_logged(tmp_path: Path) -> None:
    Ledger(tmp_path).refused(code="seal.lost", unit="U", seal_id="S1", approval="", record_sm3=FIRST.record_sm3)
    ((entry),) = use_log(tmp_path)
    assert (entry.event, dict(entry.facts)) == ("use.refused", {
        "code": "seal.lost", "unit": "U", "seal": "S1", "approval": "", "record": FIRST.record_sm3.hex()})


@pytest.mark.req("R-003-49")
@pytest.mark.parametrize("statement", [
    "DELETE FROM audit WHERE number = 1", "UPDATE audit SET event = 'use.x'", "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 1"])
def test_the_log_is_only_added_to(tmp_path: Path, statement: str) -> None:
    issue(Ledger(tmp_path), FIRST, b"package")
    before = use_log(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as database, \
            pytest.raises(sqlite3.IntegrityError):
        database.execute(statement)
    assert use_log(tmp_path) == before and len(before) == 2


def test_a_ledger_from_before_the_log_gets_one_and_keeps_all(tmp_path: Path) -> None:
    issue(Ledger(tmp_path), FIRST, b"package")
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as database:
        database.executescript("DROP TABLE audit; DROP TABLE meta;")         # as the first release wrote it
    ledger = Ledger(tmp_path)
    assert issue(ledger, FIRST, b"x") == b"package" and ledger.used() == {"A1": 1}
    issue(ledger, other(2), b"second")
    assert events(tmp_path) == ["reserved", "sealed"]


def test_a_spent_approval_leaves_no_trace(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    issue(ledger, FIRST, b"package", limit=1)
    with pytest.raises(SpentError):
        issue(ledger, other(2), b"x", limit=1)
    assert ledger.find("id-2") is None


def test_a_released_reservation_gives_the_use_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.reserve(FIRST, allow(1), NOW).release()
    assert ledger.used() == {"A1": 0} and ledger.find(FIRST.identifier) is None
    issue(ledger, FIRST, b"package", limit=1)


@pytest.mark.parametrize(("second", "uses"), [(FIRST, 1), (replace(FIRST, record_sm3=sm3(b"corrected")), 2)])
def test_an_abandoned_reservation_is_taken_over(tmp_path: Path, second: Claim, uses: int) -> None:
    Ledger(tmp_path).reserve(FIRST, allow(9), NOW)                           # and the process is killed here
    ledger = Ledger(tmp_path)
    assert issue(ledger, second, b"package") == b"package"
    assert ledger.used() == {"A1": uses}


def test_a_repeat_after_a_kill_that_fails_again_keeps_the_counted_use(tmp_path: Path) -> None:
    Ledger(tmp_path).reserve(FIRST, allow(9), NOW)
    ledger = Ledger(tmp_path)
    ledger.reserve(FIRST, allow(9), NOW).release()
    assert ledger.used() == {"A1": 1}
    issue(ledger, FIRST, b"package", limit=1)
    assert ledger.used() == {"A1": 1}


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"packagE")])
def test_a_kept_package_that_is_gone_or_changed_is_reported(
        tmp_path: Path, damage: Callable[[Path], object]) -> None:
    ledger = Ledger(tmp_path)
    issue(ledger, FIRST, b"package")
    (path,) = tmp_path.glob("packages/*/*.ofd")
    damage(path)
    with pytest.raises(LedgerError) as refusal:
        issue(ledger, FIRST, b"x")
    assert refusal.value.code == "issue.store-damaged"


def test_a_ledger_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(LedgerError) as refusal:
        issue(Ledger(tmp_path), FIRST, b"x")
    assert refusal.value.code == "issue.store-unavailable"


def _child(folder: Path, claims: list[Claim], data: bytes, results: Any) -> None:
    ledger = Ledger(folder)
    for claim in claims:
        try:
            results.put((claim.identifier, issue(ledger, claim, data, limit=15)))
        except SpentError:
            results.put((claim.identifier, None))


def test_two_processes_never_give_two_packages_for_one_record_nor_exceed_the_approval(tmp_path: Path) -> None:
    claims = [other(number) for number in range(20)]
    results = FORK.Queue()
    children = [
        FORK.Process(target=_child, args=(tmp_path, claims, b"by %d" % child, results)) for child in range(2)]
    for child in children:
        child.start()
    given: dict[str, set[bytes | None]] = {}
    for _ in range(40):
        identifier, data = results.get(timeout=120)
        given.setdefault(identifier, set()).add(data)
    for child in children:
        child.join(10)
    assert all(len(packages - {None}) <= 1 for packages in given.values())
    assert sum(1 for packages in given.values() if packages - {None}) == 15
    assert Ledger(tmp_path).used() == {"A1": 15}
    assert sorted(events(tmp_path)) == ["reserved"] * 15 + ["sealed"] * 15


def _endless(folder: Path) -> None:
    ledger = Ledger(folder)
    for number in range(10_000):
        issue(ledger, other(number), b"%d " % number * 20_000, limit=10_000)


@pytest.mark.parametrize("delay_s", [0.03, 0.07, 0.11, 0.16, 0.2, 0.27])
def test_a_kill_at_any_moment_leaves_whole_packages_and_a_count_of_at_most_one_more(
        tmp_path: Path, delay_s: float) -> None:
    child = FORK.Process(target=_endless, args=(tmp_path,))
    child.start()
    time.sleep(delay_s)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join(10)
    ledger = Ledger(tmp_path)
    kept = 0
    for number in range(10_000):
        entry = ledger.find(f"id-{number}")
        if entry is None or entry.package_sm3 is None:
            break
        assert ledger.package(entry) == b"%d " % number * 20_000
        kept += 1
    assert ledger.used().get("A1", 0) - kept in {0, 1}
    assert issue(ledger, other(kept), b"after", limit=10_000) == b"after"
    assert ledger.used() == {"A1": kept + 1}


def test_what_a_kill_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    issue(ledger, FIRST, b"package")
    (path,) = tmp_path.glob("packages/*/*.ofd")
    stale = path.parent / f".{path.name}.tmp-0123456789ab"
    stale.write_bytes(b"half")
    assert issue(Ledger(tmp_path), FIRST, b"x") == b"package"
    assert not stale.exists()


def test_a_failed_write_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    reservation = ledger.reserve(FIRST, allow(9), NOW)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(FileError):
            reservation.keep(b"package", NOW)
    reservation.release()
    assert not list(tmp_path.glob("packages/*/*"))
    assert issue(ledger, FIRST, b"package") == b"package"


def test_a_lost_ledger_replaces_no_package_and_forgets_no_approval(tmp_path: Path) -> None:
    issue(Ledger(tmp_path / "issued"), FIRST, b"package")
    for path in (tmp_path / "issued").glob("ledger.sqlite3*"):
        path.unlink()
    for claim in (FIRST, replace(FIRST, record_sm3=sm3(b"record 2")), other(7)):
        with pytest.raises(LedgerError) as refused:
            issue(Ledger(tmp_path / "issued"), claim, b"another package")
        assert refused.value.code.value == "issue.store-damaged"
    (kept,) = (tmp_path / "issued" / "packages").glob("*/*.ofd")
    assert kept.read_bytes() == b"package"


def test_a_package_that_no_row_explains_is_not_replaced(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "issued")
    issue(ledger, other(7), b"seven")
    stranger = ledger._path(FIRST.identifier)
    stranger.parent.mkdir(parents=True, exist_ok=True)
    stranger.write_bytes(b"from another ledger")
    with pytest.raises(LedgerError) as refused:
        issue(ledger, FIRST, b"package")
    assert refused.value.code.value == "issue.store-damaged"
    assert stranger.read_bytes() == b"from another ledger" and ledger.used() == {"A1": 1}


def test_what_a_failed_keep_has_written_stands_in_nobodys_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "issued")
    with ledger.hold(FIRST.identifier):
        reservation = ledger.reserve(FIRST, allow(5), NOW)
        with monkeypatch.context() as broken:
            broken.setattr("docgen.ledger.sm3", fails_for_the_package)
            with pytest.raises(AssertionError, match="broken down"):
                reservation.keep(b"package", NOW)
        assert list(tmp_path.glob("issued/packages/*/*"))
        reservation.release()
        assert not list(tmp_path.glob("issued/packages/*/*"))
    assert issue(ledger, FIRST, b"package") == b"package"
    assert ledger.used() == {"A1": 1}


def test_the_ledgers_files_are_their_owners_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        ledger = Ledger(tmp_path)
        issue(ledger, FIRST, b"package")
    finally:
        os.umask(previous)
    files = sorted(tmp_path.glob("ledger.sqlite3*"))
    assert [path.name for path in files] == ["ledger.sqlite3", "ledger.sqlite3-shm", "ledger.sqlite3-wal"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    for path in files:                                              # as an earlier release made them
        path.chmod(0o644)
    assert Ledger(tmp_path).used() == {"A1": 1}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_every_commit_waits_for_the_disk_and_so_does_what_is_taken_away(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, synced = Ledger(tmp_path), list[Path]()
    reservation = ledger.reserve(FIRST, allow(1), NOW)
    (fsync, folder) = os.fsync, ledger._path(FIRST.identifier).parent
    with monkeypatch.context() as broken:
        broken.setattr("docgen.ledger.sm3", fails_for_the_package)
        with pytest.raises(AssertionError, match="broken down"):
            reservation.keep(b"package", NOW)
    with monkeypatch.context() as watched:
        watched.setattr(os, "fsync", lambda handle: (synced.append(Path(f"/proc/self/fd/{handle}").readlink()),
                                                     fsync(handle)))
        reservation.release()
    assert synced == [folder] and ledger.used() == {"A1": 0}
    assert ledger._database.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.req("R-003-48")
def test_a_clock_that_was_put_back_seals_nothing_until_it_is_accepted(tmp_path: Path) -> None:
    now = [NOW]
    ledger = Ledger(tmp_path, clock=lambda: now[0])
    issue(ledger, FIRST, b"package")
    now[0] = NOW - CLOCKS_DIFFER                                     # as far as clocks may differ
    issue(ledger, other(2), b"second")
    assert [entry.at for entry in use_log(tmp_path)] == [NOW] * 4
    now[0] -= timedelta(milliseconds=1)
    for attempt in (lambda: issue(ledger, other(3), b"third"),
                    lambda: ledger.refused(code="x", unit="U", seal_id="", approval="", record_sm3=bytes(32))):
        with pytest.raises(LedgerError, match="accept-clock") as refused:
            attempt()
        assert refused.value.code == "issue.clock-backwards"
    assert ledger.find("id-3") is None and ledger.used() == {"A1": 2} and len(use_log(tmp_path)) == 4
    ledger.accept_clock()
    ledger.accept_clock()
    issue(ledger, other(3), b"third")
    *_, accepted, reserved, sealed = use_log(tmp_path)
    assert (accepted.event, dict(accepted.facts)) == (
        "clock.accepted", {"old": write_moment(NOW), "new": write_moment(now[0])})
    assert reserved.at == sealed.at == now[0] and len(use_log(tmp_path)) == 7


def test_a_clock_put_back_while_a_licence_is_made_keeps_nothing(tmp_path: Path) -> None:
    now = [NOW]
    ledger = Ledger(tmp_path, clock=lambda: now[0])
    reservation = ledger.reserve(FIRST, allow(1), NOW)
    now[0] -= DAY
    with pytest.raises(LedgerError):
        reservation.keep(b"package", NOW)
    reservation.release()
    entry = ledger.find(FIRST.identifier)
    assert entry is not None and entry.package_sm3 is None and ledger.used() == {"A1": 1}
    now[0] = NOW + DAY
    assert issue(ledger, FIRST, b"package", limit=1) == b"package"
