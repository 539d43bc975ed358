"""Children that judge files: limits, replacement, a trust folder that changes, many files in order."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import termios
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from certs.process_limits import address_space_mb
from tests.support.bounds import not_hanging, wait_until
from tests.support.demo_home import shared_home
from tests.verify.packages import issued
from verify import VerifyError
from verify.contained import Answer, Limits, Verifiers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def verifiers() -> Iterator[Verifiers]:
    with Verifiers(trust=shared_home().trust_dir) as made:
        yield made


def child_of(verifiers: Verifiers) -> int:
    """The process that judges."""
    child = verifiers._free.get()
    verifiers._free.put(child)
    process = child.started()
    return int(getattr(process, "pid", 0) or process._pid)  # type: ignore[attr-defined]


def orders_of(verifiers: Verifiers) -> IO[bytes]:
    """The pipe on which it takes orders."""
    child = verifiers._free.get()
    verifiers._free.put(child)
    return child.started().stdin


def codes(answer: Answer) -> set[str]:
    return {reason["code"] for reason in answer.report["reasons"]}


def test_answers_are_those_of_the_verifier_itself_and_one_child_serves_many(verifiers: Verifiers) -> None:
    first = child_of(verifiers)
    for data, verdict, code in ((issued().ofd, "valid", 0), (issued().pdf, "valid", 0),
                                (b"no file", "indeterminate", 4), (issued().ofd[:-9], "invalid", 1)):
        answer = verifiers.verify(data, name="x.ofd")
        assert (answer.report["verdict"], answer.exit_code) == (verdict, code)
        assert answer.text.startswith("文件 file: x.ofd") and answer.line
    assert child_of(verifiers) == first


def test_a_child_outlives_the_thread_that_first_wanted_it() -> None:
    with Verifiers(trust=shared_home().trust_dir) as verifiers:
        found: list[int] = []
        threading.Thread(target=lambda: None).start()
        for _ in range(3):
            thread = threading.Thread(target=lambda: (verifiers.verify(b"none"), found.append(child_of(verifiers))))
            thread.start()
            thread.join()
            os.kill(found[0], 0)                # it is still there
            assert not codes(verifiers.verify(issued().ofd)) & {"contained.ended"}
    assert len(set(found)) == 1


@pytest.mark.parametrize("forked", [True, False])
def test_a_child_that_ended_over_nothing_is_replaced(verifiers: Verifiers, forked: bool) -> None:
    if forked:
        child_of(verifiers)
    else:
        thread = threading.Thread(target=child_of, args=(verifiers,))
        thread.start()
        thread.join()
    before = child_of(verifiers)
    os.kill(before, signal.SIGKILL)
    with not_hanging():
        while child_of(verifiers) == before:
            pass
    assert "contained.ended" not in codes(verifiers.verify(issued().ofd))


def test_a_child_that_is_killed_is_replaced_and_its_file_is_not_genuine(verifiers: Verifiers) -> None:
    data, stopped, pipe = issued().ofd, child_of(verifiers), orders_of(verifiers)
    os.kill(stopped, signal.SIGSTOP)

    def kill_over_the_file() -> None:
        wait_until(lambda: fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) != bytes(4))
        os.kill(stopped, signal.SIGKILL)

    killer = threading.Thread(target=kill_over_the_file)
    killer.start()
    answer = verifiers.verify(data)
    killer.join()
    assert answer.report["verdict"] == "indeterminate" and answer.exit_code == 3
    assert codes(answer) == {"contained.ended"}
    assert verifiers.verify(issued().ofd).report["verdict"] == "valid"


def test_an_error_of_the_checker_is_told_as_one_and_its_child_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("what the file says")

    monkeypatch.setattr("verify.entry.verify_source", broken)
    monkeypatch.setattr("verify.child_process.threading.active_count", lambda: 1)    # a thread of the tests' own waits
    with Verifiers(trust=shared_home().trust_dir, limits=Limits(memory_mb=4 * address_space_mb())) as verifiers:
        first = child_of(verifiers)
        monkeypatch.undo()               # the child was forked before
        answer = verifiers.verify(issued().ofd)
        assert answer.report["verdict"] == "indeterminate" and answer.exit_code == 3
        assert codes(answer) == {"file.failed"} and "LookupError" in answer.line
        assert "what the file says" not in str(answer)
        assert child_of(verifiers) != first and verifiers.verify(issued().ofd).report["verdict"] == "valid"


def test_a_process_that_is_large_itself_starts_its_children_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of it would be at its limit of memory before the first file."""
    monkeypatch.setattr("verify.child_process.threading.active_count", lambda: 1)
    held = bytearray(600 << 20)
    with Verifiers(trust=shared_home().trust_dir, limits=Limits(memory_mb=500)) as verifiers:
        assert verifiers.verify(issued().ofd).report["verdict"] == "valid"
    assert len(held) == 600 << 20


def test_what_takes_too_long_is_stopped() -> None:
    with Verifiers(trust=shared_home().trust_dir, limits=Limits(seconds=0.001)) as verifiers:
        answer = verifiers.verify(issued().ofd)
    assert answer.report["verdict"] == "indeterminate" and codes(answer) == {"contained.time"}


def test_a_stopped_child_is_stopped_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.child_process._GRACE_S", 0.1)
    with Verifiers(trust=shared_home().trust_dir, limits=Limits(seconds=0.4)) as verifiers:
        os.kill(child_of(verifiers), signal.SIGSTOP)
        assert codes(verifiers.verify(issued().ofd)) == {"contained.time"}


def test_memory_is_limited() -> None:
    large = io.BytesIO()                # more than a child may still have free of what it started with
    with zipfile.ZipFile(large, "w") as archive:
        archive.writestr("OFD.xml", "")
        archive.writestr("Doc_0/Attachs/record.xml", bytes(24 << 20))
    done = threading.Event()
    beside = threading.Thread(target=done.wait)     # so the child is a new program: a copy has free what we have free
    beside.start()
    try:
        with Verifiers(trust=shared_home().trust_dir, limits=Limits(memory_mb=1)) as verifiers:
            answer = verifiers.verify(large.getvalue())
    finally:
        done.set()
        beside.join()
    assert answer.report["verdict"] == "indeterminate"
    assert codes(answer) & {"contained.ended", "file.unreadable-part", "trust.unusable"}


def test_a_child_writes_no_file_and_ends_with_its_parent(tmp_path: Path) -> None:
    code = ("import sys, os, threading; from pathlib import Path; from verify.contained import Verifiers\n"
            "v = Verifiers(trust=None)\nif sys.argv[1] == 'program': threading.Thread(target=threading.Event().wait, "
            "daemon=True).start()\nv.verify(b'x')\nchild = v._free.get(); p = child.started()\n"
            "print(getattr(p, 'pid', 0) or p._pid, flush=True); os.kill(os.getpid(), 9)")
    for how in ("program", "fork"):
        done = subprocess.run([sys.executable, "-c", code, how], cwd=ROOT, capture_output=True, text=True, check=False)
        pid = int(done.stdout)
        state = Path(f"/proc/{pid}/stat")
        gone = threading.Event()
        for _ in range(300):
            if not state.exists() or state.read_text().split()[2] in "ZX":
                break
            gone.wait(0.1)
        else:
            raise AssertionError(f"the child of a parent that was killed lives on ({how})")


def test_the_trust_folder_is_read_anew_when_it_changes_and_one_failure_does_not_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust = tmp_path / "trust"
    with Verifiers(trust=trust) as verifiers:
        assert "trust.unusable" in codes(verifiers.verify(issued().ofd))
        shutil.copytree(shared_home().trust_dir, trust)
        assert verifiers.verify(issued().ofd).report["verdict"] == "valid"
        threading.Event().wait(1.1)
        for root in (trust / "seal-makers").iterdir():
            root.unlink()
        assert "trust.maker" in codes(verifiers.verify(issued().ofd))


def test_many_files_are_answered_in_their_order(tmp_path: Path) -> None:
    paths = []
    for number in range(23):
        path = tmp_path / f"{number:02}.ofd"
        path.write_bytes(issued().ofd if number % 3 else b"none")
        paths.append(path)
    paths.insert(5, tmp_path / "nowhere.ofd")
    with Verifiers(trust=shared_home().trust_dir, children=2) as verifiers:
        told = list(verifiers.verify_many(paths))
    assert [path for path, _ in told] == paths
    for path, answer in told:
        if path.name == "nowhere.ofd":
            assert isinstance(answer, VerifyError)
        else:
            assert isinstance(answer, Answer)
            assert answer.exit_code == (0 if int(path.stem) % 3 else 4)


def test_what_files_leave_behind_is_not_felt_by_the_next_ones() -> None:
    """libxml2 keeps every name that it has read: files full of fresh names would fill a child for good."""
    from tests.verify.archives import archive, item

    def fresh(number: int) -> bytes:
        names = "".join(f"<n{number}x{index}{'y' * 45}/>" for index in range(100_000))
        return archive([item("OFD.xml", f'<OFD xmlns="http://www.ofdspec.org/2016">{names}</OFD>'.encode())])

    with Verifiers(trust=shared_home().trust_dir, limits=Limits(memory_mb=1000)) as verifiers:
        first = child_of(verifiers)
        for number in range(200):
            verifiers.verify(fresh(number))
            if child_of(verifiers) != first:
                break
        assert child_of(verifiers) != first
        assert verifiers.verify(issued().ofd).report["verdict"] == "valid"
