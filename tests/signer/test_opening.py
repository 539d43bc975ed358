"""A signer opens its keys when it begins, and proves them when it is asked: no wrong password goes unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certs.config import HomeCode, HomeError
from certs.home import Home
from certs.key_reference import reference_bytes
from certs.pkcs11_key import Pkcs11Key
from certs.pkcs11_make import make_key
from certs.remote_key import ask_health
from certs.remote_line import Address
from certs.remote_wire import RemoteError, malformed
from codes.errors import EngineError
from signer.counts import Counts
from signer.desk import Desk
from signer.opening import open_keys
from signer.room import HeldKey, KeyRoom
from signer.settings import Peer
from tests.signer.processes import LIMITS, SECONDS, SETTINGS, key_name, running, signer_home, wait_until
from tests.support.command import Call, caller
from tests.support.other_keys import certificate_for, put_key
from tests.support.soft_tokens import SoftToken, SoftTokens, forget

US = Peer(uid=4711)
CLIENT = f'[[client]]\nname = "issuing"\nuids = [4711]\nkeys = ["*/*/*", "audit", "status"]\n{LIMITS}'


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "signer")


def folder_of(keys: Path) -> Path:
    return keys / "authorities" / key_name(keys, "")


def test_with_a_wrong_password_it_does_not_start(call: Call, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    (keys / "password").write_text("a password that is none\n")
    code, out, err = call("--home", keys, "--socket", tmp_path / "s.sock")
    assert (code, out) == (3, "")
    assert err.startswith("signer.key-failed"), "and nothing before it"
    assert "keystore.wrong-password" in err
    assert "/data" in err
    assert not (tmp_path / "s.sock").exists()


def test_keys_that_do_not_open_are_named_when_it_begins_and_when_it_is_asked(call: Call, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    folder, pdf, data = folder_of(keys), key_name(keys, "pdf"), key_name(keys, "data")
    key = (folder / "pdf.key").read_bytes()
    (folder / "pdf.key").write_bytes(key[:-40] + bytes(40))
    (folder / "data.key.json").write_bytes(reference_bytes({"store": "http"}))
    with running(keys) as signer:
        (ready,) = signer.log("ready")
        bad = {pdf: "keystore.wrong-password", data: "key-reference.two-keys"}
        assert (ready["unusable"], ready["opening"]) == (bad, False)
        assert ready["keys"] > 3
        assert {line["key"]: line["code"] for line in signer.log("unusable")} == bad
        code, out, _ = call("check", "--address", f"unix:{keys / 'signer.sock'}")
        assert code == 3
        assert [line for line in out.splitlines() if "试签" not in line] == [
            f"{data}: key-reference.two-keys", f"{pdf}: keystore.wrong-password", "未就绪 / not ready"]
        (folder / "pdf.key").write_bytes(key)
        (folder / "data.key.json").unlink()
        code, out, _ = call("check", "--address", f"unix:{keys / 'signer.sock'}")
        assert (code, out.splitlines()[-1]) == (0, "就绪 / ready")


def test_keys_that_no_client_may_use_are_left_alone(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys", SETTINGS.replace('"*/*/*", "audit", "status"', '"status"'))
    (folder_of(keys) / "pdf.key").write_bytes(b"damaged")
    with running(keys) as signer:
        (ready,) = signer.log("ready")
        assert (ready["keys"], ready["unusable"]) == (1, {})


def broken(name: str) -> RemoteError:
    return malformed(name, name)


def test_many_keys_are_opened_while_the_first_already_sign() -> None:
    log: list[tuple[str, Any]] = []
    slow = threading.Event()

    def opening(name: str) -> EngineError | None:
        if name != "a":
            slow.wait(SECONDS)
        return broken(name) if name == "b" else None

    def note(event: str, facts: Any) -> None:
        log.append((event, facts))

    assert open_keys(["b", "a", "c"], opening, note, within_s=0) == {"keys": 1, "unusable": {}, "opening": True}
    slow.set()
    whole = {"keys": 2, "unusable": {"b": "signer.malformed"}}
    wait_until(lambda: ("opened", whole) in log)
    assert next(event for event, _ in log) == "unusable"
    assert open_keys(["b", "a", "c"], opening, note, within_s=1e6) == {**whole, "opening": False}


def test_why_no_key_opens_is_said_once_where_all_have_the_same_reason_and_of_each_where_not() -> None:
    log: list[str] = []

    def note(event: str, facts: Any) -> None:
        log.append(f"{event} {facts['key']} {facts['code']}")

    def opened(reason: Callable[[str], EngineError]) -> None:
        with pytest.raises(RemoteError, match=r"signer\.key-failed"):
            open_keys(["a", "b"], reason, note, within_s=1e6)

    opened(broken)
    assert log == []
    opened(lambda name: broken(name) if name == "a" else HomeError(HomeCode.NO_PASSWORD, "无", "none"))
    assert sorted(log) == ["unusable a signer.malformed", "unusable b home.no-password"]


def test_what_is_wrong_is_told_while_a_key_that_hangs_is_waited_for() -> None:
    told, in_time = threading.Event(), list[bool]()

    def opening(name: str) -> EngineError | None:
        if name == "b":
            in_time.append(told.wait(SECONDS))
        return broken(name) if name == "a" else None

    assert open_keys(["a", "b"], opening, lambda *_: told.set(), within_s=0)["keys"] == 1
    assert in_time == [True]


@pytest.mark.parametrize("within_s", [0, 100])
def test_where_no_key_opens_it_does_not_begin(within_s: float) -> None:
    with pytest.raises(RemoteError, match=r"signer\.key-failed") as refused:
        open_keys(["a", "b"], broken, lambda *_: None, within_s=within_s)
    assert refused.value.facts["key"] == "a"
    assert open_keys([], broken, lambda *_: None, within_s=within_s) == {"keys": 0, "unusable": {}, "opening": False}


def test_a_signer_waits_for_the_first_key_that_opens_however_slow_those_before_it_are_to_fail() -> None:
    failed, tried = threading.Event(), set[str]()

    def opening(name: str) -> EngineError | None:
        tried.add(name)
        if name < "k":
            failed.set()
            return broken(name)
        failed.wait(SECONDS)
        return None

    names = [f"{letter}{number}" for letter in "ak" for number in range(10)]
    assert open_keys(names, opening, lambda *_: None, within_s=0)["keys"]
    wait_until(lambda: tried == set(names))


def test_a_key_that_is_open_is_had_while_another_is_being_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, really = KeyRoom(Home.open(signer_home(tmp_path / "keys"), environ={})), KeyRoom._open
    names = [key_name(tmp_path / "keys", role) for role in ("pdf", "data")]
    begun, go_on, opened = threading.Event(), threading.Event(), list[str]()

    def slowly(self: KeyRoom, name: str, *place: Any) -> HeldKey:
        opened.append(name)
        if name == names[1]:
            begun.set()
            go_on.wait(3 * SECONDS)
        return really(self, name, *place)

    monkeypatch.setattr(KeyRoom, "_open", slowly)
    with ThreadPoolExecutor(4) as others:
        first = room.get(names[0])
        asked = [others.submit(room.get, names[1]) for _ in range(3)]
        try:
            assert begun.wait(SECONDS)
            assert others.submit(room.get, names[0]).result(SECONDS) is first  # behind a lock it would wait too long
        finally:
            go_on.set()
        assert len({id(answer.result(SECONDS)) for answer in asked}) == 1
        assert opened == names                                             # each once, whoever asks meanwhile


@pytest.fixture
def token(soft_tokens: SoftTokens) -> SoftToken:
    return soft_tokens.make()


def desk_with_token(tmp_path: Path, token: SoftToken) -> tuple[Desk, Counts, str, list[str]]:
    """A desk over a home whose PDF key is on a token."""
    keys = signer_home(tmp_path / "keys", CLIENT)
    home, folder, log = Home.open(keys, environ={}), folder_of(keys), list[str]()
    reference = make_key(token.reference(), folder, "pdf")
    certificate = certificate_for(home, "pdf", Pkcs11Key.open(reference, folder), datetime.now(UTC))
    put_key(folder, "pdf", certificate, reference_bytes(reference))
    counts = Counts(keys)
    return Desk(home, counts, log=lambda event, _: log.append(event)), counts, key_name(keys, "pdf"), log


def told(desk: Desk) -> dict[str, str]:
    answer, _ = desk.answer(US, {"op": "health", "after": ""}, b"")
    keys = answer["keys"]
    assert isinstance(keys, dict)
    return keys


def test_a_key_that_opened_but_signs_nothing_is_found_out_and_nothing_is_counted(
    token: SoftToken, tmp_path: Path,
) -> None:
    desk, counts, name, log = desk_with_token(tmp_path, token)
    assert desk.open(name) is None
    token.pull()
    assert told(desk)[name] == "token.removed"
    token.put_back()
    assert set(told(desk).values()) == {""}
    assert (counts.used(), log) == ({}, [])
    counts.close()


def test_a_wrong_pin_is_tried_once_however_often_a_signer_begins_and_is_asked(
    token: SoftToken, tmp_path: Path,
) -> None:
    desk, counts, name, _ = desk_with_token(tmp_path, token)
    forget(token.module)
    token.write_pin("999999")
    codes = [desk.open(name), desk.open(name)]
    assert [error.code.value for error in codes if error] == ["pin.wrong", "pin.known-wrong"]
    token.log_in_elsewhere()                                # the token counts from zero again
    assert {told(desk)[name] for _ in range(5)} == {"pin.known-wrong"}
    assert not token.flags() & 0x10000                      # nobody has tried it again
    counts.close()


def test_more_keys_than_one_answer_has_are_asked_for_one_answer_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signer.desk._TOLD", 2)
    keys = signer_home(tmp_path / "keys", CLIENT)
    counts = Counts(keys)
    desk, found, after, answers = Desk(Home.open(keys, environ={}), counts, log=lambda *_: None), list[str](), "", 0
    while True:
        answer, _ = desk.answer(US, {"op": "health", "after": after}, b"")
        page = answer["keys"]
        assert isinstance(page, dict)
        assert 0 < len(page) <= 2
        found, after, answers = [*found, *page], max(page), answers + 1
        if answer["more"] is not True:
            break
    assert found == sorted(set(found)) == sorted(desk.names())
    assert answers > 2
    for wrong in (1, None, "x" * 200):
        assert desk.answer(US, {"op": "health", "after": wrong}, b"")[0]["code"] == "signer.malformed"
    counts.close()


def test_the_asking_side_puts_the_answers_together(tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        ready, found = ask_health(Address(socket=str(keys / "signer.sock")))
        assert (ready, set(found.values())) == (True, {""})
        assert len(found) == signer.log("ready")[0]["keys"]
