"""Where the key of a role is: one file or one reference, never a guess, and never an unchecked signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from certs import p256, sm2
from certs.config import Password
from certs.key_reference import (
    CheckedKey,
    key_file_name,
    key_path,
    open_key,
    read_key_file,
    read_reference,
    reference_bytes,
)
from certs.keystore import store_key
from certs.signer import SigningKey
from codes.errors import EngineError
from tests.support.demo_home import CHEAP

PASSWORD = Password(b"a password")


def refer(folder: Path, reference: Mapping[str, Any] | bytes, role: str = "pdf") -> Path:
    """Write a reference file."""
    path = folder / f"{role}.key.json"
    path.write_bytes(reference if isinstance(reference, bytes) else reference_bytes(reference))
    path.chmod(0o600)
    return path


def refusal(folder: Path, role: str = "pdf") -> EngineError:
    with pytest.raises(EngineError) as raised:
        open_key(folder, role, lambda: PASSWORD)
    return raised.value


def test_a_key_file_is_opened_with_the_password_and_only_then_is_it_asked_for(tmp_path: Path) -> None:
    key = sm2.PrivateKey.generate()
    store_key(tmp_path / "data.key", key, PASSWORD, cost=CHEAP)
    assert open_key(tmp_path, "data", lambda: PASSWORD).spki == key.spki
    refer(tmp_path, {"store": "cloud"})
    with pytest.raises(EngineError) as raised:
        open_key(tmp_path, "pdf", lambda: pytest.fail("asked"))
    assert raised.value.code.value == "key-reference.unknown-store"


def test_a_missing_key_is_told_as_a_missing_file(tmp_path: Path) -> None:
    assert key_path(tmp_path, "pdf") is None
    assert refusal(tmp_path).code.value == "keystore.missing"


def test_a_file_and_a_reference_at_once_are_refused(tmp_path: Path) -> None:
    store_key(tmp_path / "pdf.key", p256.PrivateKey.generate(), PASSWORD, cost=CHEAP)
    refer(tmp_path, {"store": "pkcs11"})
    assert refusal(tmp_path).code.value == "key-reference.two-keys"


@pytest.mark.parametrize("content", [
    b"", b"[]", b"{}", b'{"store": 1}', b'{"store": "pkcs11"', b'{"store": "sdf", "store": "pkcs11"}', b"\xff",
    b"[" * 9999,
], ids=["empty", "list", "no store", "store no text", "cut", "twice", "no UTF-8", "deep"])
def test_what_is_no_reference_is_refused(tmp_path: Path, content: bytes) -> None:
    refer(tmp_path, content)
    assert refusal(tmp_path).code.value == "key-reference.malformed"


def test_an_unknown_store_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    refer(tmp_path, {"store": "cloud"})
    error = refusal(tmp_path)
    assert error.code.value == "key-reference.unknown-store"
    assert all(name in error.en and name in error.zh for name in ("pkcs11", "sdf", "http", "signer"))


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_reference_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    refer(tmp_path, {"store": "pkcs11"}).chmod(mode)
    assert refusal(tmp_path).code.value == "key-reference.permissions"


def test_the_file_of_a_key_keeps_its_name_wherever_it_goes(tmp_path: Path) -> None:
    store_key(tmp_path / "data.key", sm2.PrivateKey.generate(), PASSWORD, cost=CHEAP)
    refer(tmp_path, {"store": "sdf", "key": 1})
    assert key_file_name("data", read_key_file(tmp_path, "data")) == "data.key"
    assert key_file_name("pdf", read_key_file(tmp_path, "pdf")) == "pdf.key.json"
    assert json.loads(read_key_file(tmp_path, "pdf")) == read_reference(tmp_path / "pdf.key.json")


class _Liar:
    """A store that signs with another key than it shows."""

    def __init__(self, shown: SigningKey, used: SigningKey) -> None:
        self.algorithm, self.spki, self._used = shown.algorithm, shown.spki, used

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        return self._used.sign(message, approval=approval)


@pytest.mark.parametrize("kind", [sm2.PrivateKey, p256.PrivateKey], ids=["SM2", "P-256"])
def test_a_signature_that_does_not_hold_never_leaves(kind: Any) -> None:
    shown, other = kind.generate(), kind.generate()
    good = CheckedKey(_Liar(shown, shown))
    assert good.spki == shown.spki and good.sign(b"message", approval="A1")
    with pytest.raises(EngineError) as raised:
        CheckedKey(_Liar(shown, other)).sign(b"message")
    assert raised.value.code.value == "key-reference.wrong-signature"
