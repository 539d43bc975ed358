"""Clients that send garbage, drip, flood and stay: whoever is honest still gets a signature, from the same process."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from certs.canonical_json import encode
from certs.remote_key import RemoteKey
from certs.remote_line import Address
from certs.remote_wire import HEADER_BYTES, MAX_BODY, RemoteError, pack, read_head, read_lengths
from signer.server import Patience
from tests.signer.messages import to_sign
from tests.signer.processes import (
    ROOT,
    SECONDS,
    SETTINGS,
    Running,
    approval_id,
    ask,
    key_name,
    running,
    signer_home,
)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One signer for all: none of what the tests do may hurt it."""
    with running(signer_home(tmp_path_factory.mktemp("hostile") / "keys")) as process:
        yield process


@contextlib.contextmanager
def connected(signer: Running) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(SECONDS)
        line.connect(str(signer.arguments[1]))
        yield line


def answer(line: socket.socket) -> dict[str, object]:
    """Read one answer; {} where the line just ends."""
    with contextlib.suppress(ConnectionError):
        header = _exactly(line, HEADER_BYTES)
        if header:
            head, body = read_lengths(header)
            told = dict(read_head(_exactly(line, head)))
            _exactly(line, body)
            return told
    return {}


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = line.recv(count - len(data))
        if not part:
            return b""
        data += part
    return data


_number = iter(range(10_000, 20_000))


def honest(signer: Running) -> None:
    """An honest client gets its signature, and the process is the one that it was."""
    key = RemoteKey.open({"store": "signer", "address": f"unix:{signer.arguments[1]}", "patience_s": 30,
                          "key": key_name(signer.home, "sealing")}, signer.home)
    assert key.sign(to_sign(signer.home, next(_number)), approval=approval_id(signer.home))
    assert signer.process.poll() is None
    assert len(signer.log("ready")) == 1


GARBAGE = [
    b"\0" * 12, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"a" * 40,
    struct.pack(">4sII", b"ZYS1", 0, 0), struct.pack(">4sII", b"ZYS1", 1 << 31, 2),
    struct.pack(">4sII", b"ZYS1", 2, MAX_BODY + 1), struct.pack(">4sII", b"ZYS1", 0xFFFFFFFF, 0xFFFFFFFF),
    struct.pack(">4sII", b"ZYS1", 2, 0) + b"[]", struct.pack(">4sII", b"ZYS1", 4, 0) + b"null",
    struct.pack(">4sII", b"ZYS1", 13, 0) + b'{"op": "key"}',                 # a blank: another spelling
    struct.pack(">4sII", b"ZYS1", 20, 0) + b'{"op":"a","op":"b"}\n', struct.pack(">4sII", b"ZYS1", 4, 0) + b"\xff" * 4,
    struct.pack(">4sII", b"ZYS1", 9000, 0) + b"[" * 9000,
    struct.pack(">4sII", b"ZYS1", 12, 0) + b'{"op":1e999}',
]


@pytest.mark.parametrize("data", GARBAGE)
def test_garbage_is_refused_by_name_and_ends_the_line(signer: Running, data: bytes) -> None:
    with connected(signer) as line:
        line.sendall(data)
        told = answer(line)
        assert told.get("code") == "signer.malformed"
        assert told["end"] is True
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""
    honest(signer)


def test_random_frames_and_lines_that_break_off_hurt_nobody(signer: Running) -> None:
    rng = random.Random(8)  # noqa: S311 - the same frames each time
    good = pack({"op": "sign", "key": key_name(signer.home, "sealing"), "approval": "x"}, b"m" * 300)
    for _ in range(60):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with connected(signer) as line, contextlib.suppress(ConnectionError):
            line.sendall(data[:rng.randrange(len(data))] if rng.random() < 0.5 else data)
    honest(signer)


def test_deep_and_large_heads_are_questions_that_are_refused(signer: Running) -> None:
    deep: object = 0
    for _ in range(31):
        deep = [deep]
    for head in ({"op": deep}, {"op": "key", "key": "k" * 16_000}, {str(number): 0 for number in range(1200)}):
        address = Address(socket=str(signer.arguments[1]))
        assert ask(address, json.loads(encode(head)))[0]["code"] in ("signer.malformed", "signer.no-key")
    honest(signer)


def test_a_message_as_large_as_they_come_is_read_and_refused(signer: Running) -> None:
    address = Address(socket=str(signer.arguments[1]))
    for role in ("sealing", "data", "pdf"):
        told, _ = ask(address, {"op": "sign", "key": key_name(signer.home, role), "approval": ""}, b"\x30" * MAX_BODY)
        assert told["code"] == "signer.not-for-this-key"
    honest(signer)


def test_a_frame_that_drips_is_cut(signer: Running) -> None:
    with connected(signer) as line:
        line.sendall(struct.pack(">4sII", b"ZYS1", 4000, 0))
        stop = threading.Event()

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not stop.wait(0.5):
                    line.send(b"{")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            honest(signer)
            assert answer(line) == {}                                      # the end, and within a minute
        finally:
            stop.set()
            dripping.join()


def test_one_client_has_so_many_places_and_its_idle_lines_make_room(signer: Running) -> None:
    with contextlib.ExitStack() as held:
        lines = []
        for _ in range(40):
            lines.append(held.enter_context(connected(signer)))
            lines[-1].sendall(pack({"op": "health", "after": ""}))
            assert answer(lines[-1])["ok"] is True
        assert answer(lines[0]) == {}                                      # the longest idle was closed for the last
        lines[-1].sendall(pack({"op": "health", "after": ""}))
        assert answer(lines[-1])["ok"] is True
        honest(signer)


def test_lines_that_begin_and_do_not_end_leave_no_place_until_they_are_cut(signer: Running) -> None:
    for _ in range(20):                                                    # a slow machine may be overtaken by the cut
        with contextlib.ExitStack() as held:
            lines = [held.enter_context(connected(signer)) for _ in range(Patience().of_one)]
            for line in lines:
                line.sendall(pack({"op": "health", "after": ""}))
                assert answer(line)["ok"] is True
            for line in lines:
                line.sendall(b"ZYS1")
            told = ask(Address(socket=str(signer.arguments[1])), {"op": "health", "after": ""})[0]
            if told.get("code") == "signer.busy":
                honest(signer)                                             # it asks again until there is a place
                return
    pytest.fail("whoever holds every place has never been told so")


def noise(signer: Running) -> int:
    """How many lines of its log strangers and lines that broke off have cost so far."""
    return sum(line["event"] in ("cut", "stranger") for line in signer.log())


def test_hundreds_of_connections_that_say_nothing_pass(signer: Running) -> None:
    before = noise(signer)
    with contextlib.ExitStack() as held:
        for _ in range(400):
            line = held.enter_context(socket.socket(socket.AF_UNIX))
            line.settimeout(5)
            with contextlib.suppress(OSError):
                line.connect(str(signer.arguments[1]))
    honest(signer)
    assert noise(signer) - before < 400                                    # so many a minute are told, then a count


def test_whoever_does_not_read_answers_waits_for_himself(signer: Running) -> None:
    with connected(signer) as line:
        question = pack({"op": "key", "key": key_name(signer.home, "sealing")})
        with contextlib.suppress(OSError):
            line.settimeout(2)
            for _ in range(20_000):
                line.sendall(question)
        honest(signer)


STRANGER = """
import os, sys
import certs.approval, certs.seal           # before the files of this user can no longer be read
from certs.remote_key import ask_health
from certs.remote_line import Address
from codes.errors import EngineError
os.setgid(65534); os.setuid(65534)
try:
    ask_health(Address(socket=sys.argv[1]))
except EngineError as error:
    print(error.code.value)
"""


def _as_nobody(place: Path) -> str:
    return subprocess.run([sys.executable, "-c", STRANGER, str(place)], cwd=ROOT, capture_output=True, text=True,
                          timeout=SECONDS, check=True).stdout.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_another_user_of_the_machine_is_a_stranger(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with tempfile.TemporaryDirectory(prefix="zhengyin-signer-") as folder:
        place = Path(folder) / "signer.sock"
        Path(folder).chmod(0o755)                                          # where another user reaches it
        with running(keys, "--socket", place, "--socket-mode", "666") as signer:
            assert _as_nobody(place) == "signer.stranger"
            assert signer.log("stranger")[-1]["peer"] == "uid 65534"
            with pytest.raises(RemoteError, match=r"signer\.stranger"):    # and the other way round
                RemoteKey.open({"store": "signer", "address": f"unix:{place}", "key": "status", "uid": 65534}, keys)
            (keys / "signer.toml").write_text(SETTINGS.replace(f"uids = [{os.getuid()}]", "uids = [65534]"))
            assert _as_nobody(place) == ""
            with pytest.raises(RemoteError, match=r"signer\.stranger"):    # the settings count at once
                RemoteKey.open({"store": "signer", "address": f"unix:{place}", "key": "status"}, keys)
