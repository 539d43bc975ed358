"""The lines that a signer writes: for nobody who does not read them does it wait, and what is left out is counted."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certs.remote_line import Address
from signer.log import Log
from tests.signer.messages import to_sign
from tests.signer.processes import ROOT, SECONDS, approval_id, ask, key_name, signer_home, wait_until


class Reader:
    """The reading end of a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "rb")
        self.close = self._stream.close

    def all(self) -> list[dict[str, Any]]:
        """Read to the end."""
        lines: list[dict[str, Any]] = []
        self.into(lines)
        return lines

    def into(self, lines: list[dict[str, Any]]) -> None:
        """Read to the end, and put each line there as it comes."""
        with self._stream as stream:
            for line in stream:
                if line.startswith(b"{"):
                    lines.append(json.loads(line))

    def raw(self) -> bytes:
        """Read to the end, as it is."""
        with self._stream as stream:
            return stream.read()


def pipe(*, full: bool = False) -> tuple[Reader, int]:
    """A pipe with little room, or with none: what fills it is one line that is no event."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    if full:
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"." * 100)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b".")
        os.set_blocking(writing, True)
    return Reader(reading), writing


class Clock:
    """Minutes that a test lets pass."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def log_to(descriptor: int, **more: Any) -> Log:
    return Log(descriptor, lambda: datetime.now(UTC), **more)


def told(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines without their moment."""
    return [{key: value for key, value in line.items() if key != "at"} for line in lines]


def test_a_line_of_the_log_steers_no_terminal() -> None:
    reader, writing = pipe()
    named = "\x9b31m\u202e\u2028\ud800"
    log = log_to(writing)
    log("refused", {"approval": named})
    log.close(within_s=SECONDS)
    os.close(writing)
    raw = reader.raw()
    assert raw.isascii()
    assert raw.count(b"\n") == 1
    assert json.loads(raw)["approval"] == named


def test_what_finds_no_room_is_counted_where_it_is_missing() -> None:
    reader, writing = pipe(full=True)
    log = log_to(writing, waiting=10)
    log("signed", {"number": -1})
    wait_until(lambda: not log._lines)                      # its thread has that line, and cannot write it
    for number in range(15):
        log("signed", {"number": number})
    read: list[dict[str, Any]] = []
    reading = threading.Thread(target=lambda: read.extend(reader.all()))
    reading.start()
    wait_until(lambda: not log._lines)                      # there is room again
    log("signed", {"number": 15})
    log.close(within_s=SECONDS)
    os.close(writing)
    reading.join(SECONDS)
    assert told(read) == [
        *({"event": "signed", "number": number} for number in range(10)),
        {"event": "left-out", "events": 5, "of": "all"}, {"event": "signed", "number": 15}]


def test_the_end_waits_no_longer_for_a_reader_than_it_was_told(tmp_path: Path) -> None:
    reader, writing = pipe(full=True)
    log = log_to(writing)
    log("ended", {})
    log.close(within_s=0.01)
    assert log._thread.is_alive()                           # it would wait for ever
    reader.close()                                          # whoever had it is gone: nobody waits any more
    log._thread.join(SECONDS)
    assert not log._thread.is_alive()
    os.close(writing)
    with (tmp_path / "full").open("wb") as never_writes, (tmp_path / "full").open("rb") as only_reads:
        log = log_to(only_reads.fileno())
        log("signed", {})
        log.close(within_s=SECONDS)
        assert not log._thread.is_alive()
        assert never_writes.tell() == 0


def test_a_reader_that_has_the_pipe_not_block_gets_every_line() -> None:
    reader, writing = pipe()
    os.set_blocking(writing, False)
    log = log_to(writing)
    for number in range(500):
        log("signed", {"number": number})
    read: list[dict[str, Any]] = []
    reading = threading.Thread(target=lambda: read.extend(reader.all()))
    reading.start()
    log.close(within_s=SECONDS)
    os.close(writing)
    reading.join(SECONDS)
    assert [line["number"] for line in read] == list(range(500))


@pytest.mark.parametrize("event", ["refused", "failed", "stranger", "cut"])
def test_what_one_client_is_refused_is_told_so_often_a_minute_then_counted(tmp_path: Path, event: str) -> None:
    file, clock = tmp_path / "log", Clock()
    with file.open("wb") as stream:
        log = log_to(stream.fileno(), monotonic=clock)
        for _ in range(100):
            log(event, {"client": "noisy"})
        log(event, {"client": "other"})
        log("signed", {"client": "noisy"})
        clock.s = 60
        log("signed", {"client": "other"})
        for _ in range(61):
            log(event, {"client": "noisy"})
        log.close(within_s=SECONDS)
    assert told([json.loads(line) for line in file.read_bytes().splitlines()]) == [
        *[{"event": event, "client": "noisy"}] * 60, {"event": event, "client": "other"},
        {"event": "signed", "client": "noisy"},
        {"event": "left-out", "events": 40, "of": event, "client": "noisy"}, {"event": "signed", "client": "other"},
        *[{"event": event, "client": "noisy"}] * 60,
        {"event": "left-out", "events": 1, "of": event, "client": "noisy"}]


@pytest.fixture
def unread(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[bytes], Reader]]:
    """A signer whose stderr is a pipe that is full and that nobody reads."""
    keys = signer_home(tmp_path / "keys")
    reader, writing = pipe(full=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "signer", "--home", str(keys), "--socket", str(keys / "signer.sock")],
        cwd=ROOT, stderr=writing)
    os.close(writing)
    try:
        yield keys, process, reader
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(SECONDS)
        reader.close()


def listens(place: Path) -> bool:
    """Say whether somebody listens there: a socket is there a little before."""
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(place)) == 0


def asks(keys: Path, head: dict[str, Any], body: bytes = b"") -> str:
    """Ask the signer of this home; returns the code of the refusal, "" for none."""
    answer, _ = ask(Address(socket=str(keys / "signer.sock")), head, body)
    return str(answer.get("code", ""))


def test_a_signer_whose_log_nobody_reads_signs_refuses_and_ends(
    unread: tuple[Path, subprocess.Popen[bytes], Reader],
) -> None:
    keys, process, reader = unread
    wait_until(lambda: listens(keys / "signer.sock"))
    signing = {"op": "sign", "key": key_name(keys, "sealing"), "approval": approval_id(keys)}
    for number in range(3):
        assert asks(keys, signing, to_sign(keys, number)) == ""
    with contextlib.ExitStack() as floods:
        for _ in range(12):                                 # far more than a pipe holds, and than is told in a minute
            floods.callback(_started(lambda: [asks(keys, {"op": "key", "key": "x" * 128}) for _ in range(8)]).join)
    assert asks(keys, signing, to_sign(keys, 3)) == ""
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    assert reader.all() == []                               # it had no room for a line


def test_a_signer_whose_log_is_read_late_has_told_everything_in_order(
    unread: tuple[Path, subprocess.Popen[bytes], Reader],
) -> None:
    keys, process, reader = unread
    wait_until(lambda: listens(keys / "signer.sock"))
    for _ in range(3):
        assert asks(keys, {"op": "key", "key": "none"}) == "signer.no-key"
    read: list[dict[str, Any]] = []
    reading = _started(lambda: reader.into(read))
    wait_until(lambda: len([line for line in read if line["event"] == "refused"]) == 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    reading.join(SECONDS)
    assert [line["event"] for line in read if line["event"] != "cut"][-4:] == [*["refused"] * 3, "ended"]


def _started(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread
