"""Keys on tokens: SoftHSM2 signs, and whatever goes wrong with a token is told and never makes it worse."""

from __future__ import annotations

import base64
import multiprocessing
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem  # type: ignore[import-untyped]

from certs import p256
from certs.config import Password
from certs.key_reference import (
    KeyReferenceError,
    make_like,
    open_key,
    open_reference,
    read_reference,
    reference_bytes,
)
from certs.pin import PIN_FILE_VARIABLE, PinMemory
from certs.pkcs11_key import Pkcs11Key
from certs.pkcs11_make import make_key
from certs.pkcs11_module import identity, module_at
from certs.public_key import PublicKey
from certs.signer import SigningKey
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from codes.errors import EngineError
from tests.support.bounds import not_hanging
from tests.support.soft_tokens import Faults, SoftToken, SoftTokens, faulty_module, forget

COUNT_LOW, FINAL_TRY, LOCKED = 0x10000, 0x20000, 0x40000
CKR = {"DEVICE_MEMORY": 0x31, "DEVICE_REMOVED": 0x32, "SESSION_COUNT": 0xB1, "SESSION_HANDLE_INVALID": 0xB3,
       "TOKEN_WRITE_PROTECTED": 0xE2, "MECHANISM_INVALID": 0x70, "PIN_LOCKED": 0xA4, "FUNCTION_FAILED": 6}
FORK = multiprocessing.get_context("fork")


def made(token: SoftToken, folder: Path, *, label: str = "a key", rsa_bits: int | None = None) -> Mapping[str, Any]:
    return make_key(token.reference(), folder, label, rsa_bits=rsa_bits)


def holds(key: SigningKey, message: bytes = b"message") -> bool:
    return PublicKey.parse(key.spki).verify(message, key.sign(message), key.algorithm)


def refusal(action: Any) -> str:
    with pytest.raises(EngineError) as raised:
        action()
    return str(raised.value.code.value)


@pytest.fixture
def token(soft_tokens: SoftTokens) -> SoftToken:
    """A new token."""
    return soft_tokens.make()


@pytest.fixture
def faults(soft_tokens: SoftTokens, compiler: str, tmp_path: Path) -> Iterator[Faults]:
    """The module with faults, in place of the other, which would be the same library twice."""
    forget(soft_tokens.module)
    with faulty_module(tmp_path, soft_tokens.module) as module:
        yield module


@pytest.mark.parametrize(("bits", "algorithm"), [
    (None, "ecdsa-p256-sha256"), (2048, "rsa-pkcs1-sha256"), (3072, "rsa-pkcs1-sha256")])
def test_a_key_is_made_on_the_token_and_signs_there(
    token: SoftToken, tmp_path: Path, bits: int | None, algorithm: str,
) -> None:
    reference = made(token, tmp_path, rsa_bits=bits)
    key = open_reference(reference, tmp_path)
    assert key.algorithm == algorithm and key.spki == base64.b64decode(reference["public_key"])
    assert all(holds(key, os.urandom(size)) for size in (0, 1, 32, 10_000))
    assert token.keys() == 1


@pytest.mark.parametrize("bits", [None, 3072])
def test_openssl_verifies_what_a_token_signs(
    token: SoftToken, tmp_path: Path, openssl: str, bits: int | None,
) -> None:
    key = open_reference(made(token, tmp_path, rsa_bits=bits), tmp_path)
    (tmp_path / "key.pem").write_bytes(pem.armor("PUBLIC KEY", key.spki))
    (tmp_path / "message").write_bytes(b"a message")
    (tmp_path / "signature").write_bytes(key.sign(b"a message"))
    said = subprocess.run([openssl, "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"],
                          cwd=tmp_path, check=False, capture_output=True)
    assert said.stdout == b"Verified OK\n", said.stderr


def test_a_key_that_is_made_cannot_be_taken_out_and_does_nothing_but_sign(token: SoftToken, tmp_path: Path) -> None:
    from pkcs11.constants import Attribute, ObjectClass

    made(token, tmp_path)
    Pkcs11Key.open(made(token, tmp_path), tmp_path)
    module = module_at(token.module)
    with module.lock:
        (session,) = module._sessions.values()
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        assert [key[one] for one in (Attribute.SENSITIVE, Attribute.NEVER_EXTRACTABLE, Attribute.PRIVATE,
                                     Attribute.SIGN)] == [True] * 4
        assert not any(key[one] for one in (Attribute.EXTRACTABLE, Attribute.DECRYPT, Attribute.DERIVE,
                                            Attribute.UNWRAP))


def test_making_that_was_cut_short_is_taken_up(token: SoftToken, tmp_path: Path) -> None:
    first = made(token, tmp_path)
    assert made(token, tmp_path) == first and token.keys() == 1
    assert refusal(lambda: made(token, tmp_path, rsa_bits=2048)) == "token.label-taken"


def test_the_next_key_is_made_like_the_one_before(token: SoftToken, tmp_path: Path) -> None:
    for bits in (None, 2048):
        old = made(token, tmp_path, label=f"old {bits}", rsa_bits=bits)
        new = make_like(old, tmp_path, f"pdf{bits}", label=f"new {bits}")
        assert new.algorithm == open_reference(old, tmp_path).algorithm and holds(new)
        kept = read_reference(tmp_path / f"pdf{bits}.key.json")
        assert kept["label"] == f"new {bits}" and new.spki != base64.b64decode(old["public_key"])
    assert token.keys() == 4


def test_the_pin_may_be_named_by_the_environment(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = {name: value for name, value in made(token, tmp_path).items() if name != "pin_file"}
    forget(token.module)
    assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.none"
    monkeypatch.setenv(PIN_FILE_VARIABLE, str(token.pin_file))
    assert holds(open_reference(reference, tmp_path))


def test_a_key_may_want_its_pin_for_each_signature(token: SoftToken, tmp_path: Path) -> None:
    from pkcs11.constants import Attribute
    from pkcs11.mechanisms import KeyType

    reference = made(token, tmp_path)
    with module_at(token.module).lock:
        (session,) = module_at(token.module)._sessions.values()
        writing = session.token.open(rw=True)
        writing.generate_keypair(KeyType.RSA, 2048, label="asks", store=True, private_template={
            Attribute.ALWAYS_AUTHENTICATE: True})
        writing.close()
    asking = Pkcs11Key.open({**{name: text for name, text in reference.items() if name not in ("id", "public_key")},
                             "label": "asks"}, tmp_path)
    assert asking._asks_pin and holds(asking) and holds(asking)


# -- the PIN


def test_a_wrong_pin_is_tried_once_and_never_again(token: SoftToken, tmp_path: Path) -> None:
    reference = made(token, tmp_path)
    forget(token.module)
    token.write_pin("999999")
    assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.wrong"
    assert token.flags() & COUNT_LOW
    token.log_in_elsewhere()                                # the token counts from zero again
    assert not token.flags() & COUNT_LOW
    for _ in range(12):
        assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.known-wrong"
    assert not token.flags() & COUNT_LOW                    # nobody has tried it again
    token.write_pin(token.pin)
    assert holds(open_reference(reference, tmp_path))


def _open_in_child(reference: Mapping[str, Any], folder: Path, answers: Any) -> None:
    answers.put(refusal(lambda: open_reference(reference, folder)))


def test_processes_of_one_home_do_not_use_up_the_tries(token: SoftToken, tmp_path: Path) -> None:
    home = tmp_path / "home"
    seal = home / "authorities" / "11140100MB9TEX0180" / "S1"
    seal.mkdir(parents=True)
    (home / "config.toml").write_text('name = "x"\n')
    reference = made(token, seal)
    forget(token.module)
    token.write_pin("999999")
    answers = FORK.Queue()
    children = [FORK.Process(target=_open_in_child, args=(reference, seal, answers)) for _ in range(6)]
    for child in children:
        child.start()
    with not_hanging():
        codes = sorted(answers.get() for _ in children)
        for child in children:
            child.join()
    assert codes == ["pin.known-wrong"] * 5 + ["pin.wrong"]
    assert [path.suffix for path in sorted((home / "tokens").iterdir())] == [".json", ".lock"]
    assert "999999" not in next((home / "tokens").glob("*.json")).read_text()


def _die_while_trying(folder: Path, name: str, pin: str) -> None:
    with PinMemory(folder, name).trying(Password(pin.encode())):
        os._exit(9)


def test_a_pin_whose_trying_came_to_no_end_is_not_tried_for_ever(
    faults: Faults, soft_tokens: SoftTokens, tmp_path: Path,
) -> None:
    token = soft_tokens.make(module=faults.module)
    reference = made(token, tmp_path)
    module = module_at(token.module)
    with module.lock:
        (found,) = [one for one in module.tokens() if one.label == token.label]
        name = "\n".join(identity(found))
    forget(faults.module)

    def die() -> None:
        child = FORK.Process(target=_die_while_trying, args=(tmp_path, name, token.pin))
        child.start()
        child.join()
        assert child.exitcode == 9

    die()                                                   # once may be chance
    assert holds(open_reference(reference, tmp_path))
    forget(faults.module)
    faults.heal()
    die()
    die()
    assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.known-wrong"
    assert faults.calls("C_Login") == 0


def serial(token: SoftToken) -> str:
    module = module_at(token.module)
    with module.lock:
        (found,) = [one for one in module.tokens() if one.label == token.label]
        return str(found.serial.decode())


def test_a_wrong_pin_is_known_by_whatever_name_the_token_goes(token: SoftToken, tmp_path: Path) -> None:
    reference, number = made(token, tmp_path), serial(token)
    forget(token.module)
    token.write_pin("999999")
    assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.wrong"
    token.log_in_elsewhere()                                # the token counts from zero again
    by_serial = {**{name: value for name, value in reference.items() if name != "token"}, "serial": number}
    for one in (by_serial, {**reference, "serial": number}):
        assert refusal(lambda one=one: open_reference(one, tmp_path)) == "pin.known-wrong"  # type: ignore[misc]
    renamed = token.relabel("renamed")
    for one in (by_serial, {**reference, "token": "renamed"}):
        assert refusal(lambda one=one: open_reference(one, tmp_path)) == "pin.known-wrong"  # type: ignore[misc]
    assert not renamed.flags() & COUNT_LOW                  # nobody has tried it again


def test_tokens_of_two_makers_with_one_serial_number_are_remembered_each_for_itself(
    faults: Faults, soft_tokens: SoftTokens, tmp_path: Path,
) -> None:
    token = soft_tokens.make(module=faults.module)
    reference = made(token, tmp_path)
    codes = []
    token.write_pin("999999")
    for maker in ("A", "B", "A", "B"):
        forget(faults.module)
        faults.answer("token-maker", ord(maker))
        codes.append(refusal(lambda: open_reference(reference, tmp_path)))
        token.log_in_elsewhere()                            # the token counts from zero again
    assert codes == ["pin.wrong", "pin.wrong", "pin.known-wrong", "pin.known-wrong"]


def test_tokens_of_one_label_are_remembered_each_for_itself(
    token: SoftToken, soft_tokens: SoftTokens, tmp_path: Path,
) -> None:
    other = soft_tokens.make(pin="654321")
    first, second = ({**made(one, tmp_path), "serial": serial(one)} for one in (token, other))
    other.relabel(token.label)
    second["token"] = token.label
    token.write_pin("999999")
    wrong = {**second, "pin_file": str(token.pin_file)}
    codes = [refusal(lambda one=one: open_reference(one, tmp_path))  # type: ignore[misc]
             for one in (first, wrong, first, wrong)]
    assert codes == ["pin.wrong", "pin.wrong", "pin.known-wrong", "pin.known-wrong"]
    assert holds(open_reference(second, tmp_path))          # its own PIN is right
    forget(token.module)
    assert refusal(lambda: open_reference(first, tmp_path)) == "pin.known-wrong"


def test_two_wrong_pins_do_not_take_turns(token: SoftToken, tmp_path: Path) -> None:
    reference = made(token, tmp_path)
    forget(token.module)
    codes = []
    for pin in ("111111", "222222") * 4:
        token.write_pin(pin)
        codes.append(refusal(lambda: open_reference(reference, tmp_path)))
    assert codes == ["pin.wrong"] * 2 + ["pin.known-wrong"] * 6
    token.write_pin(token.pin)
    assert holds(open_reference(reference, tmp_path))
    forget(token.module)
    token.write_pin("111111")                               # it is not forgotten because another one was right
    assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.known-wrong"


def test_a_token_that_does_not_say_what_is_wrong_is_not_asked_for_ever(
    faults: Faults, soft_tokens: SoftTokens, tmp_path: Path,
) -> None:
    token = soft_tokens.make(module=faults.module)
    reference = made(token, tmp_path)
    forget(faults.module)
    faults.heal()
    faults.answer("C_Login", CKR["FUNCTION_FAILED"])        # as some answer to a wrong PIN
    codes = [refusal(lambda: open_reference(reference, tmp_path)) for _ in range(5)]
    assert codes == ["token.failed"] * 2 + ["pin.known-wrong"] * 3 and faults.calls("C_Login") == 2
    faults.answer("C_Login", CKR["DEVICE_REMOVED"])
    (note,) = (tmp_path / "tokens").glob("*.json")
    note.unlink()                                           # as the message says
    codes = [refusal(lambda: open_reference(reference, tmp_path)) for _ in range(4)]
    assert codes == ["token.removed"] * 4                   # a token that was away said nothing about the PIN
    faults.heal()
    assert holds(open_reference(reference, tmp_path)) and not list((tmp_path / "tokens").glob("*.json"))


def test_a_damaged_note_lets_nothing_be_tried(token: SoftToken, tmp_path: Path) -> None:
    reference = made(token, tmp_path)
    forget(token.module)
    token.write_pin("111111")
    assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.wrong"
    token.log_in_elsewhere()
    (note,) = (tmp_path / "tokens").glob("*.json")
    for content in (b"", b"[]", b"{}", b'{"salt": "zz", "pins": {}}', b'{"salt": "", "pins": []}', b"[" * 9999):
        note.write_bytes(content)
        assert refusal(lambda: open_reference(reference, tmp_path)) == "pin.known-wrong"
    assert not token.flags() & COUNT_LOW


@pytest.mark.parametrize(("flag", "code"), [(FINAL_TRY, "pin.last-try"), (LOCKED, "pin.locked")])
def test_the_last_try_is_a_persons(
    faults: Faults, soft_tokens: SoftTokens, tmp_path: Path, flag: int, code: str,
) -> None:
    token = soft_tokens.make(module=faults.module)
    reference = made(token, tmp_path)
    forget(faults.module)
    faults.heal()
    faults.answer("token-flags", flag)
    assert refusal(lambda: open_reference(reference, tmp_path)) == code
    assert faults.calls("C_Login") == 0
    faults.heal()
    assert holds(open_reference(reference, tmp_path))


@pytest.mark.parametrize(("content", "mode", "code"), [
    (b"", 0o600, "pin.bad"), (b"123456\n123456\n", 0o600, "pin.bad"), (b"\xff\xff\xff", 0o600, "pin.bad"),
    (b"x" * 2000, 0o600, "pin.bad"), (b"123456", 0o640, "pin.permissions"), (None, 0, "file.missing")])
def test_a_pin_file_that_cannot_be_used_is_not_tried(
    token: SoftToken, tmp_path: Path, content: bytes | None, mode: int, code: str,
) -> None:
    reference = made(token, tmp_path)
    forget(token.module)
    if content is None:
        token.pin_file.unlink()
    else:
        token.pin_file.write_bytes(content)
        token.pin_file.chmod(mode)
    assert refusal(lambda: open_reference(reference, tmp_path)) == code
    assert not token.flags() & COUNT_LOW


def test_no_pin_is_told_by_error_or_note(token: SoftToken, tmp_path: Path) -> None:
    reference = made(token, tmp_path)
    forget(token.module)
    token.write_pin("7391846205")
    with pytest.raises(EngineError) as raised:
        open_reference(reference, tmp_path)
    error: BaseException | None = raised.value
    told = []
    while error is not None:
        told.append(f"{error} {error!r} {getattr(error, 'facts', '')}")
        error = error.__cause__ or error.__context__
    told.extend(path.read_text() for path in (tmp_path / "tokens").glob("*.json"))
    assert "7391846205" not in " ".join(told)


# -- the token


def test_a_removed_token_is_told_and_works_again_when_it_is_back(token: SoftToken, tmp_path: Path) -> None:
    key = open_reference(made(token, tmp_path), tmp_path)
    assert holds(key)
    token.pull()
    for _ in range(2):
        assert refusal(lambda: key.sign(b"message")) == "token.removed"
    assert refusal(lambda: open_reference(key._key._reference, tmp_path)) == "token.not-found"  # type: ignore[attr-defined]
    token.put_back()
    assert holds(open_reference(key._key._reference, tmp_path)) and holds(key)  # type: ignore[attr-defined]


def test_another_token_with_the_name_of_the_removed_one_is_not_taken(
    token: SoftToken, soft_tokens: SoftTokens, tmp_path: Path,
) -> None:
    reference = made(token, tmp_path)
    other = soft_tokens.make()
    elsewhere = {**reference, "token": other.label, "pin_file": str(other.pin_file)}
    assert refusal(lambda: open_reference(elsewhere, tmp_path)) == "token.no-key"
    made(other, tmp_path)                                   # the same label and id, another key
    assert refusal(lambda: open_reference(elsewhere, tmp_path)) == "key-reference.other-key"


def test_a_key_that_was_replaced_while_the_token_was_away_signs_nothing(token: SoftToken, tmp_path: Path) -> None:
    from pkcs11.constants import Attribute, ObjectClass

    key = open_reference(made(token, tmp_path), tmp_path)
    with module_at(token.module).lock:
        (session,) = module_at(token.module)._sessions.values()
        writing = session.token.open(rw=True)
        for one in list(writing.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})) + list(
                writing.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY})):
            one.destroy()
        writing.close()
    forget(token.module)
    made(token, tmp_path)
    assert refusal(lambda: key.sign(b"message")) == "key-reference.other-key"


def test_a_key_that_no_public_key_pins_must_be_that_of_the_certificate(token: SoftToken, tmp_path: Path) -> None:
    old, new = made(token, tmp_path, label="old"), made(token, tmp_path, label="new")

    def opened(reference: Mapping[str, Any]) -> SigningKey:
        (tmp_path / "pdf.key.json").write_bytes(reference_bytes(
            {name: value for name, value in reference.items() if name != "public_key"}))
        (tmp_path / "pdf.key.json").chmod(0o600)
        return open_key(tmp_path, "pdf", lambda: Password(b""))

    assert holds(opened(new))                               # a certificate will be asked for with it
    key = Pkcs11Key.open(old, tmp_path)
    (tmp_path / "pdf.cer").write_bytes(self_signed(key).der)
    assert holds(opened(old))
    assert refusal(lambda: opened(new)) == "signer.key-mismatch"
    (tmp_path / "pdf.cer").write_bytes(b"none")
    assert refusal(lambda: opened(old)) == "der.malformed"


def self_signed(key: SigningKey) -> Certificate:
    now = datetime.now(UTC)
    return build_certificate(
        subject=(("C", "CN"), ("CN", "self")), spki=key.spki, issuer=None, issuer_key=key, serial=1,
        not_before=now - timedelta(1), not_after=now + timedelta(1), key_usage=("digitalSignature",))


def test_a_token_that_is_not_there_is_told(token: SoftToken, tmp_path: Path) -> None:
    reference = {**made(token, tmp_path), "token": "another"}
    assert refusal(lambda: open_reference(reference, tmp_path)) == "token.not-found"
    assert refusal(lambda: open_reference({**reference, "serial": "x"}, tmp_path)) == "token.not-found"


def test_a_missing_module_and_what_is_none_are_told(token: SoftToken, tmp_path: Path) -> None:
    reference = made(token, tmp_path)
    assert refusal(lambda: open_reference({**reference, "module": "/nowhere/x.so"}, tmp_path)) == "token.no-module"
    (tmp_path / "x.so").write_text("no library")
    assert refusal(lambda: open_reference({**reference, "module": str(tmp_path / "x.so")}, tmp_path)) == (
        "token.no-module")


def test_without_python_pkcs11_it_is_said_what_to_install(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    reference = made(token, tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    assert refusal(lambda: open_reference(reference, tmp_path)) == "token.no-library"


@pytest.mark.parametrize(("function", "fault", "code"), [
    ("C_GenerateKeyPair", "DEVICE_MEMORY", "token.full"),
    ("C_GenerateKeyPair", "TOKEN_WRITE_PROTECTED", "token.write-protected"),
    ("C_GenerateKeyPair", "MECHANISM_INVALID", "token.unsupported"),
    ("C_OpenSession", "SESSION_COUNT", "token.no-session"),
    ("C_Login", "PIN_LOCKED", "pin.locked"),
    ("C_Login", "FUNCTION_FAILED", "token.failed"),
    ("C_GetTokenInfo", "DEVICE_REMOVED", "token.not-found"),
])
def test_faults_while_a_key_is_made_are_told_and_the_next_try_succeeds(
    faults: Faults, soft_tokens: SoftTokens, tmp_path: Path, function: str, fault: str, code: str,
) -> None:
    token = soft_tokens.make(module=faults.module)
    faults.answer(function, CKR[fault])
    assert refusal(lambda: made(token, tmp_path)) == code
    faults.heal()
    assert holds(open_reference(made(token, tmp_path), tmp_path)) and token.keys() == 1


@pytest.mark.parametrize(("function", "fault", "code"), [
    ("C_Sign", "DEVICE_REMOVED", "token.removed"),
    ("C_Sign", "FUNCTION_FAILED", "token.failed"),
    ("C_Sign", "SESSION_HANDLE_INVALID", "token.failed"),
])
def test_faults_while_signing_are_told_and_the_next_try_succeeds(
    faults: Faults, soft_tokens: SoftTokens, tmp_path: Path, function: str, fault: str, code: str,
) -> None:
    token = soft_tokens.make(module=faults.module)
    key = open_reference(made(token, tmp_path), tmp_path)
    assert holds(key)
    faults.heal()
    faults.answer(function, CKR[fault])
    assert refusal(lambda: key.sign(b"message")) == code
    assert faults.calls("C_Sign") == 2                      # once more with a new session, and no more
    faults.heal()
    assert holds(key)


def test_a_key_of_the_token_that_is_not_the_certificates_is_refused(token: SoftToken, tmp_path: Path) -> None:
    reference = made(token, tmp_path)
    other = base64.b64encode(p256.PrivateKey.generate().spki).decode()
    with pytest.raises(KeyReferenceError) as raised:
        open_reference({**reference, "public_key": other}, tmp_path)
    assert raised.value.code.value == "key-reference.other-key"


@pytest.mark.parametrize("change", [
    {"module": "libsofthsm2.so"}, {"pin_file": "pin"}, {"id": "xyz"}, {"pin": "123456"}, {"token": ""}, {"id": 1},
    {"public_key": "AAAA"}, {"module": None}, {"token": None}, {"id": None, "label": None},
], ids=str)
def test_a_reference_that_is_not_right_is_refused(token: SoftToken, tmp_path: Path, change: dict[str, Any]) -> None:
    reference = {name: value for name, value in {**made(token, tmp_path), **change}.items() if value is not None}
    assert refusal(lambda: open_reference(reference, tmp_path)) == "key-reference.malformed"


# -- threads and processes


def test_threads_share_a_token(token: SoftToken, soft_tokens: SoftTokens, tmp_path: Path) -> None:
    other = soft_tokens.make()
    keys = [open_reference(made(token, tmp_path, label="one"), tmp_path),
            open_reference(made(token, tmp_path, label="two", rsa_bits=2048), tmp_path),
            open_reference(made(other, tmp_path, label="three"), tmp_path)]
    results: list[bool] = []

    def work(number: int) -> None:
        for index in range(15):
            results.append(holds(keys[(number + index) % 3], b"%d %d" % (number, index)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with not_hanging():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 120 and all(results)


def _sign_in_child(key: SigningKey, answers: Any) -> None:
    answers.put(all(holds(key, b"%d" % number) for number in range(10)))


def test_a_forked_child_signs_and_so_does_its_parent_meanwhile(token: SoftToken, tmp_path: Path) -> None:
    key = open_reference(made(token, tmp_path), tmp_path)
    stop = threading.Event()
    good: list[bool] = []

    def parent() -> None:
        while not stop.is_set():
            good.append(holds(key))

    signing = threading.Thread(target=parent)
    signing.start()
    answers = FORK.Queue()
    children = [FORK.Process(target=_sign_in_child, args=(key, answers)) for _ in range(4)]
    with not_hanging():
        for child in children:
            child.start()
        assert [answers.get() for _ in children] == [True] * 4
        for child in children:
            child.join()
    stop.set()
    signing.join()
    assert all(good) and good and holds(key)
