"""Keys in devices after GM/T 0018: the standard's functions are called as it says, through a library of our own."""

from __future__ import annotations

import base64
import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from certs import sm2
from certs.der_build import signature_value
from certs.key_reference import make_like, open_reference
from codes.errors import EngineError
from tests.support.bounds import not_hanging
from tests.support.sdf_standin import Device, sdf_device

BASE = 0x01000000
FORK = multiprocessing.get_context("fork")
KEY = sm2.PrivateKey.generate()


@pytest.fixture
def device(tmp_path: Path, compiler: str) -> Iterator[Device]:
    """A device with a key that wants a password (1) and one that does not (2)."""
    with sdf_device(tmp_path) as made:
        made.put(1, KEY, "Password1")
        made.put(2, sm2.PrivateKey.generate())
        made.write_pin("Password1\n")
        yield made


def refusal(action: Any) -> str:
    with pytest.raises(EngineError) as raised:
        action()
    return str(raised.value.code.value)


def holds(key: Any, message: bytes = b"message") -> bool:
    return sm2.verify(KEY.public, message, key.sign(message, approval="A1"))


def test_a_key_of_a_device_signs_and_shows_its_public_key(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(1), tmp_path)
    assert (key.algorithm, key.spki) == ("sm2-sm3", KEY.spki)
    assert all(holds(key, b"%d" % number) for number in range(20))
    assert device.count("SDF_OpenSession.calls") == 1 and device.count("SDF_GetPrivateKeyAccessRight.calls") == 1


def test_short_numbers_are_read_right_aligned(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(1), tmp_path)
    message, short = 0, None
    while short is None or len(short) >= 71:                # until r or s has a leading zero byte
        short = key.sign(b"%d" % message)
        message += 1
    assert sm2.verify(KEY.public, b"%d" % (message - 1), short) and signature_value(1, 1) != short


def test_a_key_without_password_is_used_without(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(2, with_pin=False), tmp_path)
    assert key.sign(b"message") and device.count("SDF_GetPrivateKeyAccessRight.calls") == 0


def test_a_key_that_wants_its_password_says_so(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(1, with_pin=False), tmp_path)
    assert refusal(lambda: key.sign(b"message")) == "device.password-needed"


def test_the_right_may_have_an_index_of_its_own(device: Device, tmp_path: Path) -> None:
    device.put(5, sm2.PrivateKey.generate(), "Password1")
    open_reference(device.reference(2, access=5), tmp_path)
    assert refusal(lambda: open_reference(device.reference(2, access=6), tmp_path)) == "device.no-key"


def test_a_wrong_password_is_shown_once_and_never_again(device: Device, tmp_path: Path) -> None:
    device.write_pin("another")
    assert refusal(lambda: open_reference(device.reference(1), tmp_path)) == "pin.wrong"
    for _ in range(10):
        assert refusal(lambda: open_reference(device.reference(1), tmp_path)) == "pin.known-wrong"
    assert device.count("1.wrong") == 1                     # five would lock the key
    device.write_pin("Password1")
    assert holds(open_reference(device.reference(1), tmp_path))


@pytest.mark.parametrize(("function", "code", "told"), [
    ("SDF_OpenDevice", 5, "device.out-of-reach"), ("SDF_OpenSession", 6, "device.out-of-reach"),
    ("SDF_InternalSign_ECC", 3, "device.out-of-reach"), ("SDF_InternalSign_ECC", 4, "device.out-of-reach"),
    ("SDF_InternalSign_ECC", 13, "device.failed"), ("SDF_InternalSign_ECC", 9, "device.unsupported"),
    ("SDF_GetPrivateKeyAccessRight", 3, "device.out-of-reach"),
])
def test_faults_are_told_and_the_next_try_succeeds(
    device: Device, tmp_path: Path, function: str, code: int, told: str,
) -> None:
    key = open_reference(device.reference(1), tmp_path)
    assert holds(key)
    device.answer("SDF_InternalSign_ECC", BASE + 3)         # the session breaks, so that all is opened anew
    device.answer(function, BASE + code)
    assert refusal(lambda: key.sign(b"message")) == told
    device.heal()
    assert holds(key)
    assert not list((tmp_path / "tokens").glob("*.json"))


def test_a_session_that_broke_is_opened_anew(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(1), tmp_path)
    key._key._session._session = None                       # type: ignore[attr-defined]  # the device knows it no more
    assert holds(key) and device.count("SDF_OpenSession.calls") == 2


def test_another_key_than_the_reference_names_is_refused(device: Device, tmp_path: Path) -> None:
    told = base64.b64encode(KEY.spki).decode()
    open_reference(device.reference(1, public_key=told), tmp_path)
    device.put(1, sm2.PrivateKey.generate())
    assert refusal(lambda: open_reference(device.reference(1, public_key=told), tmp_path)) == "key-reference.other-key"


def test_a_key_that_was_changed_under_way_signs_nothing(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(1), tmp_path)
    device.put(1, sm2.PrivateKey.generate())
    assert refusal(lambda: key.sign(b"message")) == "key-reference.wrong-signature"


def test_missing_libraries_and_keys_are_told(device: Device, tmp_path: Path) -> None:
    assert refusal(lambda: open_reference(device.reference(9), tmp_path)) == "device.no-key"
    for library in ("/nowhere/libsdf.so", "/etc/passwd"):
        reference = {**device.reference(1), "library": library}
        assert refusal(lambda reference=reference: open_reference(reference, tmp_path)) == "device.no-library"


@pytest.mark.parametrize("change", [
    {"library": "libsdf.so"}, {"key": "1"}, {"key": -1}, {"key": True}, {"pin_file": "pin"}, {"password": "x"},
    {"access": "1"}, {"library": ""}], ids=str)
def test_a_reference_that_is_not_right_is_refused(device: Device, tmp_path: Path, change: dict[str, Any]) -> None:
    assert refusal(lambda: open_reference({**device.reference(1), **change}, tmp_path)) == "key-reference.malformed"


def test_keys_are_made_with_the_devices_own_tools(device: Device, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        make_like(device.reference(1), tmp_path, "sealing", label="x")
    assert raised.value.code.value == "key-reference.cannot-make"
    assert str(tmp_path / "sealing.key.json") in raised.value.en and str(tmp_path) in raised.value.zh


def test_threads_and_forked_children_sign(device: Device, tmp_path: Path) -> None:
    key = open_reference(device.reference(1), tmp_path)
    good: list[bool] = []
    threads = [threading.Thread(target=lambda: good.append(all(holds(key) for _ in range(10)))) for _ in range(6)]
    answers = FORK.Queue()
    children = [FORK.Process(target=lambda: answers.put(holds(key))) for _ in range(3)]
    with not_hanging():
        for one in (*threads, *children):
            one.start()
        assert [answers.get() for _ in children] == [True] * 3
        for one in (*threads, *children):
            one.join()
    assert good == [True] * 6
