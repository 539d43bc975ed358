"""The fault table of rotation: what is refused, and what a kill, a full disk, a bad clock or a second run leave."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from certs.approval_scope import Sealing
from certs.config import Password
from certs.csr import CertificateRequest
from certs.demo_pki import CHINA_TIME
from certs.home import Home
from certs.seal import SealError
from certs.seal_folder import seal_in_use, seal_uses
from certs.x509 import Certificate
from registry.demo import revoke
from registry.demo_files import DemoFiles
from registry.demo_office import DemoOffice
from registry.errors import RegistryError
from registry.renewal_keys import DemoCertifier
from registry.rotation import Rotation, RotationState, rotate
from registry.states import renewal_opens
from tests.support.demo_home import CITY, PROVINCE, seal_folder
from tests.support.falling import fall_at
from tests.support.limits import disk_of
from tests.support.rotations import DAY, ENDS, NOW, SECOND, START, Aged, aged_home

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Aged]:
    """A home whose seals end in twenty days."""
    aged = Aged.open(aged_home(tmp_path / "home"))
    yield aged
    aged.registry.close()


def act(aged: Aged, person: str, name: str, subject: str, facts: dict[str, str]) -> None:
    """Have a demo person do something now."""
    files = DemoFiles(home=aged.path, now=aged.now, password=aged.home().password())
    DemoOffice(files=files, registry=aged.registry).act(person, name, subject, facts)


class Impostor:
    """A CA that certifies the keys of the city for the province."""

    def __init__(self, aged: Aged) -> None:
        self._ca = DemoCertifier(aged.path, aged.home().password(), now=aged.now)
        self._other = Certificate.load((seal_folder(aged.path, PROVINCE[0]) / "sealing.cer").read_bytes()).subject

    def certificate_for(self, role: str, request: CertificateRequest) -> Certificate:
        """Certify the key, under the other name where it is the city's."""
        if request.subject_cn == CITY[1]:
            request = replace(request, subject=self._other)
        return self._ca.certificate_for(role, request)


def _suspended(aged: Aged) -> dict[str, Rotation]:
    act(aged, f"{CITY[0]}-custodian", "suspend", aged.rows(CITY[0])[0].case, {"reason": "搬迁"})
    return aged.rotate()


def _revoked(aged: Aged) -> dict[str, Rotation]:
    """The custodian's personal certificate is revoked."""
    custodian = aged.path / "actors" / f"{CITY[0]}-custodian" / "actor.cer"
    revoke(aged.path, Certificate.load(custodian.read_bytes()), now=aged.now, environ={})
    return aged.rotate(people=("*-custodian", "county-reviewer", "maker"))


def _elsewhere(aged: Aged) -> dict[str, Rotation]:
    folder = seal_folder(aged.path)
    folder.rename(aged.path / "taken-away")
    return aged.rotate()


def _unreadable(aged: Aged) -> dict[str, Rotation]:
    """The custodian's key was damaged."""
    (aged.path / "actors" / f"{CITY[0]}-custodian" / "actor.key").write_text("key")
    return aged.rotate(people=("*-custodian", "county-reviewer", "maker"))


ONE_AMONG_MANY = [
    ("its certificate is another's", lambda aged: aged.rotate(certifier=Impostor(aged)), "seal.name-mismatch",
     "B第7条"),
    ("it is suspended", _suspended, "registry.out-of-order", "B第8条"),
    ("its custodian's certificate is revoked", _revoked, "statement.chain", ""),
    ("its keys are elsewhere", _elsewhere, "rotation.keys-elsewhere", "B第8条"),
    ("its custodian's key is damaged", _unreadable, "keystore.wrong-password", ""),
]


@pytest.mark.parametrize(("why", "rotated", "code", "clause"), ONE_AMONG_MANY, ids=[row[0] for row in ONE_AMONG_MANY])
def test_what_one_is_refused_for_stops_no_other(
    aged: Aged, why: str, rotated: Callable[[Aged], dict[str, Rotation]], code: str, clause: str,
) -> None:
    results = rotated(aged)
    failed = results.pop(CITY[0])
    assert (failed.state, failed.error.code.value if failed.error else None) == (RotationState.REFUSED, code), why
    assert failed.error is not None and failed.error.facts.get("clause", "") == clause
    assert len(results) == 2 and {one.state for one in results.values()} == {RotationState.ROTATED}
    assert len(aged.rows(CITY[0])) == 1 and all(len(aged.rows(one)) == 2 for one in results)


@pytest.mark.req("R-003-14")
def test_a_renewal_too_early_or_too_late_is_refused_with_its_clause(aged: Aged) -> None:
    opens = renewal_opens(ENDS).astimezone(UTC)
    early = Aged.open(aged_home(aged.path.with_name("early")))
    early.now = max(NOW, opens)                                         # the home was freshened after they opened
    for code in (CITY[0], PROVINCE[0]):
        assert early.rotate(codes=[code])[code].state is RotationState.ROTATED
    early.now = START + DAY
    again = early.rotate(days=2000, start=START + 2 * DAY)
    refused = again[CITY[0]]
    assert refused.error is not None
    assert (refused.error.code.value, refused.error.facts["clause"]) == ("case.not-yet-renewable", "B第8条")
    early.registry.close()
    aged.now = ENDS.astimezone(UTC) + SECOND
    files = aged.files()
    late = aged.rotate(days=1, start=ENDS + DAY)
    assert {(one.state, one.error.code.value, one.error.facts["clause"]) for one in late.values() if one.error} == {
        (RotationState.REFUSED, "case.expired", "B第8条")}
    assert len(late) == 3 and aged.files() == files, "no key is made for what cannot be renewed"


@pytest.mark.parametrize(("start", "code"), [
    (NOW - timedelta(minutes=6), "case.moment"), (ENDS + 2 * SECOND, "rotation.gap"), (ENDS + 9 * DAY, "rotation.gap"),
])
def test_a_moment_past_or_after_the_old_seals_end_is_refused(aged: Aged, start: datetime, code: str) -> None:
    files = aged.files()
    results = aged.rotate(start=start)
    assert {(one.state, one.error.code.value) for one in results.values() if one.error} == {
        (RotationState.REFUSED, code)} and len(results) == 3
    assert aged.files() == files and all(len(aged.rows(one)) == 1 for one in results)


def test_the_second_after_the_old_seals_last_is_no_gap(aged: Aged) -> None:
    rotation = aged.rotate(codes=[CITY[0]], start=ENDS + SECOND)[CITY[0]]
    assert rotation.state is RotationState.ROTATED and rotation.approvals[0].new is not None
    uses = seal_uses(aged.path, CITY[0])
    assert [seal_in_use(uses, moment, name="") for moment in (ENDS, ENDS + SECOND)] == [
        rotation.due.seal_id, rotation.seal_id]
    assert approved(aged.home(), str(rotation.seal_id), ENDS + SECOND)


def test_another_moment_than_the_one_set_is_refused(aged: Aged) -> None:
    aged.rotate(codes=[CITY[0]])
    other = aged.rotate(codes=[CITY[0]], start=START + DAY)[CITY[0]]
    assert other.error is not None and other.error.code.value == "rotation.other-moment"
    assert aged.rows(CITY[0])[1].in_use_from == START


def test_the_wrong_password_makes_no_key(aged: Aged) -> None:
    files = aged.files()
    means = replace(aged.means(), password=lambda: Password(b"wrong"))
    results = list(rotate(aged.registry, aged.due(), means=means, start=START))
    assert {one.error.code.value for one in results if one.error} == {"keystore.wrong-password"} and len(results) == 3
    assert aged.files() == files


@pytest.mark.req("R-003-22")
def test_exhausted_approvals_do_not_rise_again(aged: Aged) -> None:
    rotation = aged.rotate(codes=[CITY[0]], used={f"standing-{CITY[0]}-01": 1_000_000})[CITY[0]]
    (carried,) = rotation.approvals
    assert (rotation.state, carried.new) == (RotationState.ROTATED, None)
    assert carried.error is not None and carried.error.code.value == "approval.exhausted"
    assert not [one for one in aged.home().approvals() if one.terms.seal_id == rotation.seal_id]


def test_the_clock_must_not_go_back(aged: Aged) -> None:
    files = aged.files()
    aged.now -= DAY
    with pytest.raises(RegistryError, match=r"^registry\.clock-backwards: "):
        aged.rotate()
    assert aged.files() == files


def approved(home: Home, seal_id: str, at: datetime) -> bool:
    """Whether the seal may be used at a moment for a licence of the city."""
    sealing = Sealing(kind="K0", unit=CITY[0], region="140100", seal_id=seal_id, record="ab" * 32, at=at)
    return home.approval_for(sealing).terms.seal_id == seal_id


BEFORE, EVER = (NOW, START - SECOND), (NOW, START - SECOND, START, ENDS - DAY)


def require_whole(path: Path, moments: tuple[datetime, ...] = EVER) -> None:
    """See that at each moment there is one seal that can be used: keys, chain, leave.

    Between the registry's change and the files' the old seal already ends at the moment set: then the next command
    brings the files up, and what seals without it until then is refused rather than sealed with a retired seal.
    """
    home = Home.open(path, environ={})
    for moment in moments:
        authority = home.authority(CITY[0], CITY[1], moment)
        authority.check_usable(at=moment, clock_now=moment)
        assert approved(home, authority.seal.seal_id, moment)
    if moments == BEFORE:
        with contextlib.suppress(SealError):
            authority = home.authority(CITY[0], CITY[1], START)
            assert approved(home, authority.seal.seal_id, START)


def require_done(path: Path, *, codes: tuple[str, ...] = (CITY[0],)) -> None:
    """See that each organisation has one successor, and that nothing lies about."""
    aged = Aged.open(path)
    for code in codes:
        old, *successors = [row for row in aged.rows(code) if row.state == "in-use"]
        assert [(row.predecessor, row.in_use_from, row.imprint) for row in _loaded(aged, successors)] == [
            (old.case, START, _loaded(aged, [old])[0].imprint)]
        assert len(aged.rows(code)) == 2
        folder = aged.path / "authorities" / code
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            ["authority.json", str(old.seal_id), str(successors[0].seal_id)])
        uses = seal_uses(path, code)
        assert uses[str(old.seal_id)].use_until == START == uses[str(successors[0].seal_id)].use_from
    assert not list((path / "pending").glob("[!.]*"))
    before, events = aged.files(), aged.events()
    again = aged.rotate(codes=codes)
    assert {(one.state, tuple(one.steps)) for one in again.values()} == {(RotationState.ROTATED, ())}
    assert (aged.files(), aged.events()) == (before, events)
    aged.registry.close()


def _loaded(aged: Aged, rows: list[Any]) -> list[Any]:
    with aged.registry.reading() as session:
        found = [session.get(type(row), row.case) for row in rows]
        for row in found:
            assert row is not None and row.imprint
        return found


_STEPS = ((Session, "commit"), *((Path, name) for name in ("replace", "rename", "unlink", "mkdir")), (shutil, "rmtree"))
"""A commit, or a file that takes its place."""


def _rotating(home: Path, step: int) -> None:
    aged = Aged.open(home)
    fall_at(step, *_STEPS)
    aged.rotate(codes=[CITY[0]])


def test_a_kill_at_each_step_leaves_the_old_seal_or_the_new_and_the_next_run_goes_on(tmp_path: Path) -> None:
    for step in range(1, 200):
        home = aged_home(tmp_path / f"home-{step}")
        child = FORK.Process(target=_rotating, args=(home, step))
        child.start()
        child.join(60)
        assert child.exitcode in (0, -signal.SIGKILL)
        require_whole(home, BEFORE)
        aged = Aged.open(home)
        require_whole(home)
        rotation = aged.rotate(codes=[CITY[0]])[CITY[0]]
        aged.registry.close()
        assert rotation.state is RotationState.ROTATED, (step, rotation.error)
        require_whole(home)
        require_done(home)
        shutil.rmtree(home)
        if child.exitcode == 0:
            assert step > 25
            return
    pytest.fail("the child never came to its end")


def _limited(home: Path, size: int, results: Any) -> None:
    aged = Aged.open(home)
    due, means = aged.due(), aged.means()
    with disk_of(size):
        told = list(rotate(aged.registry, due, means=means, start=START))
    results.put([(one.state.value, one.error.code.value if one.error else None) for one in told])


FULL = ("file.no-space", "registry.no-space", "registry.unavailable")
"""How a full disk is told; SQLite calls a file that may not grow an error of the disk."""


@pytest.mark.parametrize("size", [16, 300, 900, 3000, 20_000, 60_000])
def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(tmp_path: Path, size: int) -> None:
    home = aged_home(tmp_path / "home")
    results = FORK.SimpleQueue()
    child = FORK.Process(target=_limited, args=(home, size, results))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    told = results.get()
    assert len(told) == 3 and told[0][0] == "failed" and told[0][1] in FULL
    assert [state for state, _ in told[1:]] == ["untried", "untried"]
    require_whole(home, BEFORE)
    aged = Aged.open(home)
    assert {one.state for one in aged.rotate().values()} == {RotationState.ROTATED}
    aged.registry.close()
    require_done(home, codes=(CITY[0], PROVINCE[0]))


def _racing(home: Path, results: Any) -> None:
    aged = Aged.open(home)
    results.put({code: (one.state.value, one.seal_id, tuple(one.steps)) for code, one in aged.rotate().items()})


def test_two_rotations_at_once_rotate_once(tmp_path: Path) -> None:
    home = aged_home(tmp_path / "home")
    results = FORK.SimpleQueue()
    children = [FORK.Process(target=_racing, args=(home, results)) for _ in range(3)]
    for child in children:
        child.start()
    told = [results.get() for _ in children]
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert {state for one in told for state, _, _ in one.values()} == {"rotated"}
    for code in told[0]:
        assert len({one[code][1] for one in told}) == 1, "one successor for all of them"
        assert sum(1 for one in told if one[code][2]) == 1, "one of them did it"
    require_done(home, codes=(CITY[0], PROVINCE[0]))
    require_whole(home)


def test_a_seal_of_another_zone_changes_at_the_same_moment(aged: Aged) -> None:
    moment = datetime(2026, 3, 18, tzinfo=CHINA_TIME).astimezone(UTC)
    assert aged.rotate(codes=[CITY[0]], start=moment)[CITY[0]].state is RotationState.ROTATED
    assert aged.rotate(codes=[CITY[0]], start=moment.astimezone(CHINA_TIME))[CITY[0]].steps == []
