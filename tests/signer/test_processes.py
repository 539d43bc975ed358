"""Signers that are killed, restarted, doubled and stopped: no use is lost, counted twice or given away."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import multiprocessing
import re
import shutil
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.config import Password, load_config, store_config
from certs.home import Home
from certs.remote_key import RemoteKey
from certs.remote_line import Address
from certs.remote_wire import RemoteError
from certs.sm3 import sm3
from certs.trust import Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from docgen import issue_many
from registry.backup import backup_home, restore_home
from signer.counts import Counts, Use
from signer.mark import Mark, Remembered
from tests.docgen.records import as_json, record
from tests.signer.messages import to_sign
from tests.signer.processes import (
    SECONDS,
    Running,
    approval_id,
    ask,
    issuing_home,
    key_name,
    running,
    signer_home,
    wait_until,
)
from tests.support.approvals import approve
from tests.support.command import caller
from tests.support.demo_home import CHEAP
from verify import verify


def lines(count: int) -> list[bytes]:
    """Records that differ in number and address."""
    return [as_json(record(number)) for number in range(1, count + 1)]


def uses(home: Path, url: str = "") -> dict[str, int]:
    """Return role → signatures that were counted under the authority's standing approval."""
    counts = Counts(home, url)
    try:
        return {role: used for (approval, role), used in counts.used().items() if approval == approval_id(home)}
    finally:
        counts.close()


def few(home: Path, count: int) -> str:
    """Put an approval of so many seals into force; returns its number."""
    opened = Home.open(home, environ={})
    (standing,) = (one.terms for one in opened.approvals() if one.id == approval_id(home))
    approve(opened, dataclasses.replace(standing, id="few", count=count), at=datetime.now(UTC) - timedelta(minutes=1))
    return "few"


def reference(signer: Running, role: str = "sealing", **more: Any) -> dict[str, Any]:
    return {"store": "signer", "address": f"unix:{signer.arguments[1]}", "key": key_name(signer.home, role), **more}


def test_a_signer_killed_between_two_seals_of_a_batch(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        home = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}", "patience_s": 60})
        results = []
        for result in issue_many(lines(4), home=home, out=tmp_path / "out"):
            results.append(result)
            if result.line in (1, 3):
                signer.kill()
                again = threading.Timer(0.2, signer.start)     # while the next licence waits for it
                again.start()
        again.join()
        assert [result.code for result in results] == [""] * 4
        assert uses(keys) == {"data": 4, "pdf": 4, "sealing": 4}
        trust = Trust.load(home.trust_dir)
        for result in results:
            assert result.ofd_path is not None
            assert verify(result.ofd_path, trust=trust).verdict == "valid"
        assert len(signer.log("ready")) == 3


def test_without_a_signer_nothing_is_issued_and_nothing_is_remembered_of_it(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        home = issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys / 'signer.sock'}", "patience_s": 0})
        first, second, third = lines(3)
        codes = [result.code for result in issue_many([first], home=home)]
        signer.kill()
        codes += [result.code for result in issue_many([second, second], home=home)]
        signer.start()
        codes += [result.code for result in issue_many([second, third], home=home)]
        assert codes == ["", "signer.unreachable", "signer.unreachable", "", ""]
        assert uses(keys)["sealing"] == 3


def test_killed_at_any_moment_a_use_is_counted_once(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        key = RemoteKey.open(reference(signer, patience_s=60), keys)
        for number, delay in enumerate((0.0, 0.002, 0.005, 0.01, 0.02)):
            message = to_sign(keys, number)
            with ThreadPoolExecutor(1) as other:
                answer = other.submit(key.sign, message, approval=approval_id(keys))
                threading.Event().wait(delay)
                signer.kill()
                signer.start()
                assert answer.result(SECONDS)
            assert uses(keys) == {"sealing": number + 1}


def share(tmp_path: Path, url: str) -> tuple[Path, Path]:
    """Two homes with one count: the same folder, or two folders over one PostgreSQL database."""
    first = signer_home(tmp_path / "first")
    few(first, 25)
    if not url:
        return first, first
    store_config(first, dataclasses.replace(load_config(first), registry=url))
    second = tmp_path / "second"
    shutil.copytree(first, second)
    return first, second


def test_two_signers_on_one_count_never_exceed_an_approval(tmp_path: Path, counts_url: str) -> None:
    homes = share(tmp_path, counts_url)
    sockets = [tmp_path / f"{number}.sock" for number in range(2)]
    with running(homes[0], "--socket", sockets[0]) as one:
        two = Running(homes[1], ("--socket", sockets[1]), tmp_path / "two.log")
        try:
            keys = [RemoteKey.open(reference(signer, patience_s=60), tmp_path) for signer in (one, two)]
            messages = [to_sign(homes[0], number) for number in range(40)]

            def sign(number: int) -> str:
                try:
                    for key in (keys[number % 2], keys[(number + 1) % 2]):     # once more at the other: no new use
                        key.sign(messages[number], approval="few")
                except EngineError as error:
                    return error.code.value
                return ""

            with ThreadPoolExecutor(8) as others:
                codes = list(others.map(sign, range(40)))
            assert sorted(set(codes)) == ["", "approval.exhausted"]
            assert codes.count("") == 25
            counts = Counts(homes[0], counts_url)
            assert counts.used() == {("few", "sealing"): 25}
            counts.close()
        finally:
            two.kill()


def test_counts_that_were_lost_are_missed(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    Counts(keys).close()
    for path in keys.glob("signer.sqlite3*"):
        path.unlink()
    with pytest.raises(RemoteError, match=r"signer\.state") as refused:
        Counts(keys)
    assert "signer.id" in refused.value.en
    (keys / "signer.id").unlink()                       # whoever begins anew says so
    Counts(keys).close()
    (keys / "signer.sqlite3").chmod(0o644)
    with pytest.raises(RemoteError, match=r"signer\.state"):
        Counts(keys)


def use(number: int) -> Use:
    return Use(approval="A-1", role="sealing", key="U/S/sealing", message=sm3(b"%d" % number), client="issuing",
               limits={}, at=datetime.now(UTC))


def test_older_counts_that_were_put_back_are_refused(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    counts, file = Counts(keys), keys / "signer.sqlite3"
    assert counts.count(use(0), lambda _: None)
    counts.close()
    older, mark = file.read_bytes(), (keys / "signer.id").read_bytes()
    counts = Counts(keys)
    for number in range(1, 20):
        counts.count(use(number), lambda _: None)
    killed = (keys / "signer.id").read_bytes()                             # what a kill now would leave
    counts.close()
    for left in (killed, (keys / "signer.id").read_bytes()):
        (keys / "signer.id").write_bytes(left)
        newest = file.read_bytes()
        file.write_bytes(older)
        with pytest.raises(RemoteError, match=r"signer\.state") as refused:
            Counts(keys)
        assert "older" in refused.value.en
        file.write_bytes(newest)
        Counts(keys).close()
    (keys / "signer.id").write_bytes(mark)                                 # a mark that is behind is no reason
    counts = Counts(keys)
    assert counts.used() == {("A-1", "sealing"): 20}
    counts.close()


def test_counts_that_lack_their_last_signature_are_refused_until_it_is_said_that_they_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    call, audit = (caller(monkeypatch, capfd, group) for group in ("signer", "audit"))
    keys = signer_home(tmp_path / "keys")
    counts, file = Counts(keys), keys / "signer.sqlite3"
    for number in range(3):
        assert counts.count(use(number), lambda _: None)
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    before = file.read_bytes()
    assert counts.count(use(3), lambda _: None)
    killed = (keys / "signer.id").read_bytes()                             # what a kill now would leave
    counts.close()
    file.write_bytes(before)
    (keys / "signer.id").write_bytes(killed)
    with pytest.raises(RemoteError, match=r"signer\.state"):
        Counts(keys)
    assert call("--home", keys, "--socket", tmp_path / "s.sock")[0] == 3
    assert call("accept-counts", "--home", keys)[1].endswith("/ accepted, entries that the log lacks: 1\n")
    told = json.loads(audit("show", "--home", keys, "--event", "counts.", "--json")[1])
    assert (told["event"], told["facts"]) == ("counts.accepted", {"old": 4, "new": 3})
    counts = Counts(keys)
    assert counts.used() == {("A-1", "sealing"): 3}
    assert counts.count(use(3), lambda _: None)
    counts.close()
    assert "nothing was changed" in call("accept-counts", "--home", keys)[1]
    (keys / "signer.id").write_bytes(b"0" * 32 + b" 1\n")                   # those of another home never
    assert call("accept-counts", "--home", keys)[0] == 3


def test_the_mark_of_the_counts_is_never_set_back_by_whoever_comes_late(tmp_path: Path) -> None:
    mark, name = Mark(tmp_path), "ab" * 16
    assert mark.read() is None
    for before, entries in ((f"{name}\n", 0), (f"{name} 7\n", 7)):        # as they were written before
        (tmp_path / "signer.id").write_text(before)
        assert mark.read() == Remembered(name, entries, "")

    def at(number: int, counts: str = name) -> Remembered:
        return Remembered(counts, number, sm3(b"%d" % number).hex())

    with ThreadPoolExecutor(4) as others:
        list(others.map(lambda number: mark.follow(at(number)), [*range(8, 60), *range(8, 40)]))
    assert mark.read() == at(59)
    for other in (at(60, "cd" * 16), at(3, "cd" * 16), Remembered(name, 59, "12" * 32)):
        with pytest.raises(RemoteError, match=r"signer\.state"):
            mark.follow(other)
    with pytest.raises(RemoteError, match=r"signer\.state"):
        mark.begin(at(60, "cd" * 16))
    assert mark.read() == at(59)
    mark.begin(at(5))
    assert mark.read() == at(5)
    for damaged in (b"", b"x", b"ab 12\n", name.encode() + b" -1\n", at(5).line()[:60]):
        (tmp_path / "signer.id").write_bytes(damaged)
        for action in (mark.read, lambda: mark.follow(at(9)), lambda: mark.begin(at(9))):
            with pytest.raises(RemoteError, match=r"signer\.state"):
                action()
        assert (tmp_path / "signer.id").read_bytes() == damaged
    (tmp_path / "signer.id").unlink()
    with pytest.raises(RemoteError, match=r"signer\.state"):
        mark.follow(at(9))
    assert mark.read() is None


def test_counts_that_are_taken_away_under_a_signer_count_no_more(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    counts, file = Counts(keys), keys / "signer.sqlite3"
    assert counts.count(use(0), lambda _: None)
    file.rename(keys / "elsewhere")
    with pytest.raises(RemoteError, match=r"signer\.state"):
        counts.count(use(1), lambda _: None)
    file.write_bytes((keys / "elsewhere").read_bytes())
    with pytest.raises(RemoteError, match=r"signer\.state"):
        counts.count(use(1), lambda _: None)
    (keys / "elsewhere").replace(file)
    assert counts.count(use(1), lambda _: None)
    counts.close()


def test_a_kill_before_the_first_counts_are_there_leaves_no_riddle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = signer_home(tmp_path / "keys")
    with monkeypatch.context() as broken:
        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr("signer.mark.write_atomic", killed)
        with pytest.raises(KeyboardInterrupt):
            Counts(keys)
    assert not (keys / "signer.id").exists()
    counts = Counts(keys)                                                  # the counts were there first
    assert counts.count(use(0), lambda _: None)
    counts.close()


def test_a_stop_gives_the_answers_under_way_and_takes_the_socket_along(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    path = keys / "signer.sock"
    with running(keys) as signer:
        assert path.stat().st_mode & 0o777 == 0o660
        idle = socket.socket(socket.AF_UNIX)
        idle.connect(str(path))
        key = RemoteKey.open(reference(signer, patience_s=0), keys)
        messages = [to_sign(keys, number) for number in range(40)]

        def sign(message: bytes) -> str:
            try:
                key.sign(message, approval=approval_id(keys))
            except RemoteError as error:
                return error.code.value
            return ""

        with ThreadPoolExecutor(4) as others:
            answers = [others.submit(sign, message) for message in messages]
            answers[4].result(SECONDS)
            assert signer.end() == 0
            codes = [answer.result(SECONDS) for answer in answers]
        assert set(codes) <= {"", "signer.unreachable"}
        assert uses(keys)["sealing"] == codes.count("")                    # what was counted was given out
        assert idle.recv(1) == b""
        assert not path.exists()
        assert [line["event"] for line in signer.log()][-1] == "ended"


def test_one_socket_one_signer_and_what_a_killed_one_left_is_cleared(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        second = Running.__new__(Running)
        second.home, second.arguments, second.log_file = keys, signer.arguments, tmp_path / "second.log"
        with pytest.raises(AssertionError, match=r"signer\.settings"):
            second.start()
        assert ask(Address(socket=str(keys / "signer.sock")), {"op": "health", "after": ""})[0]["ok"] is True
        signer.kill()
        assert (keys / "signer.sock").exists()
        signer.start()
        assert ask(Address(socket=str(keys / "signer.sock")), {"op": "health", "after": ""})[0]["ok"] is True
    (tmp_path / "file").write_text("kept")
    third = Running.__new__(Running)
    third.home, third.arguments, third.log_file = keys, ("--socket", tmp_path / "file"), tmp_path / "third.log"
    with pytest.raises(AssertionError, match=r"signer\.settings"):
        third.start()
    assert (tmp_path / "file").read_text() == "kept"


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager that wants to hear every tenth of a second that a signer works."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(SECONDS)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        yield line


def test_a_service_manager_is_told(tmp_path: Path, manager: socket.socket) -> None:
    told: list[bytes] = []

    def hear() -> None:
        while b"STOPPING=1" not in told:
            told.append(manager.recv(100))

    with ThreadPoolExecutor(1) as other, running(signer_home(tmp_path / "keys")) as signer:
        hearing = other.submit(hear)
        wait_until(lambda: told.count(b"WATCHDOG=1") > 5)
        signer.process.send_signal(signal.SIGHUP)                           # it goes on
        wait_until(lambda: bool(signer.log("followed")))
        assert signer.end() == 0
        hearing.result(SECONDS)
    assert told.count(b"READY=1") == told.count(b"STOPPING=1") == 1
    assert set(told) == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}


def test_a_service_manager_that_does_not_listen_holds_up_nobody(tmp_path: Path, manager: socket.socket) -> None:
    filling = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    filling.setblocking(False)
    with filling, contextlib.suppress(BlockingIOError):
        while True:                                                         # there is room for no word more
            filling.sendto(b"WATCHDOG=1", str(tmp_path / "notify"))
    with running(signer_home(tmp_path / "keys")) as signer:
        signer.process.send_signal(signal.SIGHUP)
        wait_until(lambda: bool(signer.log("followed")))
        assert ask(Address(socket=str(signer.arguments[1])), {"op": "health", "after": ""})[0]["ok"] is True
        assert signer.end() == 0


def test_a_backup_of_a_signer_at_work_has_its_counts(tmp_path: Path) -> None:
    keys, password = signer_home(tmp_path / "keys"), Password(b"of the backup, long enough")
    with running(keys) as signer:
        key = RemoteKey.open(reference(signer), keys)
        key.sign(to_sign(keys, 1), approval=approval_id(keys))
        assert (keys / "signer.sock").is_socket()
        backup_home(keys, tmp_path / "backup", password=password, now=datetime.now(UTC), cost=CHEAP)
        key.sign(to_sign(keys, 2), approval=approval_id(keys))
    restore_home(tmp_path / "backup", tmp_path / "restored", password=password)
    assert uses(tmp_path / "restored") == {"sealing": 1}
    assert (tmp_path / "restored" / "signer.id").read_bytes()[:32] == (keys / "signer.id").read_bytes()[:32]


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux tells of other processes")
def test_its_memory_is_its_own(tmp_path: Path) -> None:
    with running(signer_home(tmp_path / "keys")) as signer:
        place = Path(f"/proc/{signer.process.pid}")
        limits = (place / "limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
        assert (place / "mem").stat().st_uid == 0                          # not dumpable: root's, whoever runs it


def test_a_forked_child_has_lines_of_its_own(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        key = RemoteKey.open(reference(signer), keys)
        approval = approval_id(keys)
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=_sign_many, args=(key, keys, approval, number)) for number in (1, 2)]
        for child in children:
            child.start()
        _sign_many(key, keys, approval, 0)
        for child in children:
            child.join(SECONDS)
        assert [child.exitcode for child in children] == [0, 0]
        assert uses(keys) == {"sealing": 30}


def _sign_many(key: RemoteKey, keys: Path, approval: str, which: int) -> None:
    certificate = Certificate.load((keys / "authorities" / key_name(keys, "sealing.cer")).read_bytes())
    for number in range(10):
        message = to_sign(keys, 100 * which + number)
        assert certificate.verify(message, key.sign(message, approval=approval), "sm2-sm3")


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with pytest.raises(RemoteError, match=r"signer\.state"):
        Counts(keys, f"postgresql://zhengyin@/none?host={tmp_path}")
    (keys / "signer.sqlite3").write_bytes(b"no database" * 100)
    (keys / "signer.sqlite3").chmod(0o600)
    with pytest.raises(RemoteError, match=r"signer\.state"):
        Counts(keys)
