"""Records that wait for a timestamp: none is lost, none is issued twice, none is sealed without."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.crl import Revocation
from certs.home import Home
from certs.sm3 import sm3
from certs.trial import Answer
from certs.trust import Trust
from certs.tsa import TsaError
from certs.tsp_build import build_response
from certs.tsp_messages import read_response
from codes.errors import EngineError
from docgen.finishing import drop_waiting, finish_waiting, list_waiting
from docgen.issued import IssueCode, WaitingError
from docgen.ledger import Ledger
from docgen.waiting import WaitingRoom
from layouts import add_folder, resource
from registry.demo import DEFAULT_AUTHORITIES
from tests.docgen.records import as_json, record
from tests.docgen.use_logs import events
from tests.signer.processes import issuing_home, running, signer_home
from tests.support.added_lists import with_list
from tests.support.authority import Authority, serving
from tests.support.demo_home import copied_home, make_home
from tests.support.falling import fall_at
from tests.support.stamping import Clock, authority, clock, own_home, stamping, tokens
from verify import verify

__all__ = ["authority", "clock", "own_home"]

FORK = multiprocessing.get_context("fork")
DEAD = ("http://127.0.0.1:9/",)


@pytest.fixture
def dead(own_home: Home, authority: Authority, clock: Clock) -> Home:
    """A home that lets records wait, none of its services running."""
    return stamping(own_home, authority, clock, tsa_urls=DEAD, timestamps="queue")


def alive(home: Home, authority: Authority, clock: Clock) -> Home:
    """The same home when its services run."""
    return stamping(home, authority, clock, timestamps="queue")


def wait(home: Home, values: dict[str, Any] | bytes, **options: Any) -> WaitingError:
    with pytest.raises(WaitingError) as caught:
        docgen.issue(values, home=home, **options)
    assert caught.value.code is IssueCode.WAITING
    return caught.value


def waiting(home: Home) -> list[str]:
    return [identifier for identifier, _ in list_waiting(home)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def used(home: Home) -> int:
    return sum(Ledger(home.issued_dir).used().values())


def test_without_a_service_the_record_waits_and_nothing_is_sealed_or_counted(dead: Home, tmp_path: Path) -> None:
    told = wait(dead, as_json(record()), out=tmp_path / "out")
    assert [(fault.field, fault.code) for fault in told.faults] == [(DEAD[0], "http.unreachable")]
    assert "zhengyin issue --waiting" in told.zh and "zhengyin issue --waiting" in told.en
    assert not (tmp_path / "out").exists() and used(dead) == 0
    assert not list((dead.issued_dir / "packages").glob("*/*.ofd"))
    ((identifier, kept),) = list_waiting(dead)
    assert identifier == told.identifier and not isinstance(kept, EngineError)
    assert kept.since == dead.clock() and kept.faults == told.faults
    folder = dead.issued_dir / "waiting"
    assert (folder / identifier / "record.json").read_bytes() == as_json(record())
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, folder / identifier)] == ["0o700"] * 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))


def test_what_waits_is_finished_in_order_and_each_is_stamped(
        dead: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    order = [wait(dead, record(sequence)).identifier for sequence in (7, 3, 5)]
    assert waiting(dead) == order
    home = alive(dead, authority, clock)
    results = list(finish_waiting(home=home, out=tmp_path / "out"))
    assert [(result.identifier, result.ok, result.repeated) for result in results] == [
        (identifier, True, False) for identifier in order]
    assert waiting(home) == [] and used(home) == 3
    assert names(tmp_path / "out") == sorted(f"{each}.{form}" for each in order for form in ("ofd", "pdf"))
    trust = Trust.load(home.trust_dir)
    for result in results:
        assert result.ofd_path is not None
        report = verify(result.ofd_path, trust=trust, at=clock.now)
        assert report.verdict == "valid" and report.signatures[0].proven_at == clock.now
    assert list(finish_waiting(home=home, out=tmp_path / "out")) == []


def test_while_no_service_answers_nothing_is_signed_and_all_go_on_waiting(
        dead: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = [wait(dead, record(sequence)).identifier for sequence in (1, 2)]
    told = events(dead.issued_dir)
    monkeypatch.setattr("docgen.issuing.assemble", None)
    again = Home.open(dead.path, environ={}, clock=dead.clock)
    with pytest.raises(TsaError):
        list(finish_waiting(home=again, out=tmp_path / "out"))
    assert waiting(again) == order and events(dead.issued_dir) == told


def test_of_a_batch_without_services_nothing_is_signed(dead: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docgen.issuing.assemble", None)
    results = list(docgen.issue_many([as_json(record(sequence)) for sequence in range(1, 13)], home=dead))
    assert all(result.waits and result.identifier for result in results)
    assert waiting(dead) == [result.identifier for result in results]
    assert json.loads(results[0].to_json())["code"] == "issue.waiting"


def test_a_batch_that_waits_is_finished_whole(dead: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    lines = [as_json(record(sequence)) for sequence in range(1, 25)]
    lines[5] = b"{"
    results = list(docgen.issue_many(lines, home=dead))
    assert [result.waits for result in results] == [number != 6 for number in range(1, 25)]
    home = alive(dead, authority, clock)
    done = list(finish_waiting(home=home, out=tmp_path / "out"))
    assert [result.identifier for result in done] == [result.identifier for result in results if result.waits]
    assert all(result.ok for result in done) and used(home) == 23 == events(home.issued_dir).count("sealed")


@pytest.mark.parametrize("answered", range(5))
def test_services_that_die_while_a_licence_is_made_leave_it_waiting(
        own_home: Home, authority: Authority, clock: Clock, tmp_path: Path, answered: int) -> None:
    home = alive(own_home, authority, clock)

    def dying(_: str, __: bytes, answer: Answer) -> Answer:
        if len(authority.asked) > answered:
            raise ConnectionError
        return answer

    authority.twist = dying
    told = wait(home, record(), out=tmp_path / "out")
    assert waiting(home) == [told.identifier] and used(home) == 0 and not (tmp_path / "out").exists()
    authority.twist = None
    (result,) = finish_waiting(home=alive(home, authority, clock), out=tmp_path / "out")
    assert result.ok and used(home) == 1 and waiting(home) == []


def test_a_list_put_into_a_good_token_on_the_way_is_that_services_failure(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    """What nobody signs has no bound: the next service is asked, and where there is none the record waits."""
    entries = {10**30 + number: Revocation(revoked_at=clock.now) for number in range(500)}

    def stuffing(path: str, _: bytes, answer: Answer) -> Answer:
        if not path.startswith("/tsa/"):
            return answer
        crl = authority.crl(f"{path.rpartition('/')[2]}-issuing", revoked=entries)
        return dataclasses.replace(answer, body=build_response(with_list(read_response(answer.body), crl)))

    authority.twist = stuffing
    told = wait(alive(own_home, authority, clock), record())
    assert "timestamp.too-large" in {fault.code for fault in told.faults} and used(own_home) == 0
    with serving(own_home, clock=clock) as second:
        urls = tuple(each.tsa_url(tree) for each in (authority, second) for tree in ("sm2", "p256"))
        assert tokens(docgen.issue(record(), home=stamping(own_home, authority, clock, tsa_urls=urls)))
        assert second.asked and waiting(own_home) == []


def test_an_answer_that_this_program_fails_over_lets_the_record_wait(
        own_home: Home, authority: Authority, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OverflowError

    home = alive(own_home, authority, clock)
    with monkeypatch.context() as patch:
        patch.setattr("certs.tsa.verify_token", failing)
        told = wait(home, record())
    assert "timestamp.unreadable" in {fault.code for fault in told.faults} and waiting(home) == [told.identifier]
    assert tokens(docgen.issue(record(), home=home)) and waiting(home) == []


def test_the_same_record_waits_once_and_another_under_its_identifier_is_refused(
        dead: Home, authority: Authority, clock: Clock) -> None:
    first = wait(dead, record(1))
    wait(dead, record(2))
    wait(dead, record(1))
    assert waiting(dead)[0] == first.identifier and len(waiting(dead)) == 2
    for home in (dead, alive(dead, authority, clock)):
        with pytest.raises(EngineError) as caught:
            docgen.issue(record(1, 联系人电话="00000000009"), home=home)
        assert caught.value.code is IssueCode.WAITING_OTHER
    issued = docgen.issue(record(1), home=alive(dead, authority, clock))
    assert tokens(issued) and waiting(dead) == waiting(dead)[-1:] and len(waiting(dead)) == 1


def test_one_that_is_refused_goes_on_waiting_and_holds_up_no_other(
        dead: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    first, second, third = (wait(dead, record(sequence)).identifier for sequence in (1, 2, 3))
    (dead.issued_dir / "waiting" / second / "record.json").write_bytes(as_json(record(4)))
    (dead.issued_dir / "waiting" / third / "entry.json").write_bytes(b"{}")
    home = alive(dead, authority, clock)
    fourth = docgen.issue(record(2) | {"二维码": record(9)["二维码"], "许可证编号": record(9)["许可证编号"]}, home=home)
    results = {result.identifier: result for result in finish_waiting(home=home, out=tmp_path / "out")}
    assert {name: result.code for name, result in results.items()} == {
        first: "", second: "issue.waiting-damaged", third: "issue.waiting-damaged"}
    assert set(waiting(home)) == {second, third} and fourth.identifier not in waiting(home)
    assert drop_waiting(second, home) and not drop_waiting(second, home) and drop_waiting(third, home)
    assert not drop_waiting("../packages", home) and (home.issued_dir / "packages").is_dir()
    assert tokens(docgen.issue(record(2), home=home))


@pytest.mark.parametrize("changes", [{}, {"联系人电话": "00000000009"}])
def test_what_waits_is_issued_as_it_was_handed_in_or_not_at_all(
        changes: dict[str, str], dead: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    """Who can write there exchanges the record and its digest in the entry: under another number, or the same."""
    first = wait(dead, record(1)).identifier
    entry = dead.issued_dir / "waiting" / first
    other = as_json(record(1, **changes) if changes else record(7))
    (entry / "record.json").write_bytes(other)
    told = json.loads((entry / "entry.json").read_bytes())
    told["files"]["record.json"] = sm3(other).hex()
    (entry / "entry.json").write_text(json.dumps(told))
    home = alive(dead, authority, clock)
    assert [result.code for result in finish_waiting(home=home, out=tmp_path / "out")] == ["issue.waiting-damaged"]
    assert waiting(home) == [first] and not names(tmp_path / "out") and not used(home)


def test_a_link_among_what_waits_holds_up_nothing_and_hides_nothing(
        dead: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    first, second = (wait(dead, record(sequence)).identifier for sequence in (1, 2))
    room = dead.issued_dir / "waiting"
    (room / first).rename(tmp_path / "elsewhere")
    (room / first).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EngineError) as caught:
        docgen.issue(record(1), home=dead)
    assert caught.value.code is IssueCode.WAITING_DAMAGED
    home = alive(dead, authority, clock)
    assert [(result.identifier, result.code) for result in finish_waiting(home=home, out=tmp_path / "out")] == [
        (second, "")]


def test_earlier_documents_wait_with_the_record_that_names_them(clock: Clock, tmp_path: Path) -> None:
    kinds = Path(__file__).parents[1] / "data" / "kinds"
    add_folder(kinds)
    plain = make_home(tmp_path / "home", authorities=DEFAULT_AUTHORITIES, kinds=("R1",))
    values = json.loads(resource("R1", "samples/sample.json"))
    first = docgen.issue(values, home=plain)
    second = values | {"文号": "测应急核〔2025〕8号", "前件": f"{first.identifier} sm3:{sm3(first.ofd).hex()}"}
    with serving(plain, clock=clock) as authority:
        dead = stamping(plain, authority, clock, tsa_urls=DEAD, timestamps="queue")
        wait(dead, second, attachments={"earlier": first.ofd})
        ((_, kept),) = list_waiting(dead)
        assert not isinstance(kept, EngineError) and kept.keys == ("earlier",)
        (result,) = finish_waiting(home=alive(dead, authority, clock), out=tmp_path / "out")
    assert result.ofd_path is not None
    with zipfile.ZipFile(result.ofd_path) as archive:
        assert archive.read("Doc_0/Attachs/earlier.ofd") == first.ofd


@pytest.mark.req("R-003-22")
def test_a_signer_has_counted_each_signature_once_when_what_waited_is_issued(clock: Clock, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer, serving(Home.open(keys, environ={}), clock=clock) as authority:
        own = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}"})
        dead = stamping(own, authority, clock, tsa_urls=DEAD, timestamps="queue")
        for _ in range(2):
            wait(dead, record())
        assert signer.log("signed") == []
        (result,) = finish_waiting(home=alive(dead, authority, clock), out=tmp_path / "out")
        assert result.ok, result
        assert [line["key"].rpartition("/")[2] for line in signer.log("signed")] == ["data", "pdf", "sealing"]


def test_a_refusal_that_has_nothing_to_do_with_time_is_told_at_once(dead: Home) -> None:
    for path in (dead.path / "approvals").iterdir():
        path.unlink()
    with pytest.raises(EngineError) as caught:
        docgen.issue(record(), home=dead)
    assert caught.value.code.value.startswith("approval.") and waiting(dead) == []


def test_an_address_that_is_none_is_a_fault_of_the_settings_not_a_reason_to_wait(
        own_home: Home, authority: Authority, clock: Clock) -> None:
    home = stamping(own_home, authority, clock, tsa_urls=("tsa.invalid",), timestamps="queue")
    with pytest.raises(TsaError) as caught:
        docgen.issue(record(), home=home)
    assert caught.value.code == "timestamp.no-service" and waiting(home) == []


def _dying(home: Path, out: Path, step: int) -> None:
    """Child process: finish what waits; die by SIGKILL instead of the step-th sync, opening or renaming."""
    fall_at(step, (os, "fsync"), (os, "open"), (pathlib.Path, "replace"), (pathlib.Path, "rename"))
    assert all(result.ok for result in finish_waiting(home=Home.open(home, environ={}), out=out))


@pytest.mark.parametrize("shard", [0, 1])
def test_a_kill_at_any_step_of_finishing_loses_nothing_and_issues_nothing_twice(
        dead: Home, authority: Authority, clock: Clock, tmp_path: Path, shard: int) -> None:
    first, second = (wait(dead, record(sequence)).identifier for sequence in (1, 2))
    alive(dead, authority, clock)
    docgen.issue(record(90099), home=Home.open(copied_home(tmp_path / "warm").path, environ={}))
    for step in range(1 + shard, 400, 2):
        home, out = tmp_path / f"home-{step}", tmp_path / f"out-{step}"
        shutil.copytree(dead.path, home)
        child = FORK.Process(target=_dying, args=(home, out, step))
        child.start()
        child.join(60)
        assert child.exitcode in (0, -signal.SIGKILL), step
        opened = Home.open(home, environ={})
        if child.exitcode == 0:
            assert step > 40 and waiting(opened) == []
            break
        before = {path.name: path.read_bytes() for path in out.glob("[0-9]*")} if out.is_dir() else {}
        results = list(finish_waiting(home=opened, out=out))
        assert all(result.ok for result in results), step
        assert waiting(opened) == [] and used(opened) == 2
        assert [name for name in names(out) if not name.startswith(".")] == sorted(
            f"{each}.{form}" for each in (first, second) for form in ("ofd", "pdf"))
        assert all((out / name).read_bytes() == data for name, data in before.items()), step
        assert events(opened.issued_dir).count("sealed") == 2
        shutil.rmtree(home)


def _queueing(home: Path, step: int) -> None:
    """Child process: let a record wait; die by SIGKILL instead of the step-th sync, opening or renaming."""
    fall_at(step, (os, "fsync"), (os, "open"), (pathlib.Path, "replace"), (pathlib.Path, "rename"))
    wait(Home.open(home, environ={}), record())


def test_a_kill_at_any_step_of_queueing_leaves_a_whole_entry_or_none(dead: Home, tmp_path: Path) -> None:
    for step in range(1, 200):
        home = tmp_path / f"home-{step}"
        shutil.copytree(dead.path, home)
        child = FORK.Process(target=_queueing, args=(home, step))
        child.start()
        child.join(60)
        assert child.exitcode in (0, -signal.SIGKILL), step
        opened = Home.open(home, environ={})
        if child.exitcode == 0:
            assert step > 10
            break
        for identifier, kept in list_waiting(opened):
            assert not isinstance(kept, EngineError)
            assert WaitingRoom(opened.issued_dir).content(kept)[0]
            assert identifier == wait(opened, record()).identifier
        wait(opened, record())
        assert len(waiting(opened)) == 1 and used(opened) == 0
        assert names(opened.issued_dir / "waiting") == [waiting(opened)[0], "last"]


def _finishing(home: Path, out: Path, results: Any) -> None:
    found = [(result.identifier, result.code, result.repeated)
             for result in finish_waiting(home=Home.open(home, environ={}), out=out)]
    results.put(found)


def test_two_workers_share_what_waits(dead: Home, authority: Authority, clock: Clock, tmp_path: Path) -> None:
    order = [wait(dead, record(sequence)).identifier for sequence in range(1, 9)]
    alive(dead, authority, clock)
    results, out = FORK.Queue(), tmp_path / "out"
    workers = [FORK.Process(target=_finishing, args=(dead.path, out, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [each for _ in workers for each in results.get(timeout=120)]
    for worker in workers:
        worker.join(30)
    assert all(code == "" for _, code, _ in found)
    assert sorted(identifier for identifier, _, repeated in found if not repeated) == sorted(order)
    assert waiting(dead) == [] and used(dead) == 8 == events(dead.issued_dir).count("sealed")
    assert names(out) == sorted(f"{each}.{form}" for each in order for form in ("ofd", "pdf"))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[WaitingRoom]:
    (tmp_path / "issued" / "locks").mkdir(parents=True)
    yield WaitingRoom(tmp_path / "issued")


def test_the_order_outlives_the_note_of_the_last_number(room: WaitingRoom, clock: Clock, tmp_path: Path) -> None:
    def put(identifier: str) -> None:
        room.put(identifier, bytes(32), record=b"{}", attachments={"earlier": b"ofd"}, since=clock.now, faults=[])

    put("b")
    put("a")
    (tmp_path / "issued" / "waiting" / "last").unlink()
    put("0")
    assert room.identifiers() == ("b", "a", "0")
    found = room.find("a")
    assert found is not None and room.content(found) == (b"{}", {"earlier": b"ofd"})
    with room.taken("a") as own, room.taken("a") as other:
        assert own and not other
    room.remove("a")
    with room.taken("a") as own:
        assert not own
    assert room.find("a") is None and room.identifiers() == ("b", "0")
