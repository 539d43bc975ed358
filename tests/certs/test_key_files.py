"""Keys at rest: encrypted, private, readable by others' tools, and silent about themselves."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from certs import p256, rsa, sm2
from certs.config import Password
from certs.keystore import KeyStoreError, PrivateKey, ScryptCost, load_key, store_key
from certs.pkcs8 import encrypt
from codes.errors import EngineError
from tests.support.demo_home import CHEAP

PASSWORD = Password("口令 with blanks".encode())
KINDS: list[Callable[[], PrivateKey]] = [
    sm2.PrivateKey.generate, p256.PrivateKey.generate, lambda: rsa.PrivateKey.generate(2048)]
NAMES = ["SM2", "P-256", "RSA"]


@pytest.fixture(params=KINDS, ids=NAMES)
def key(request: pytest.FixtureRequest) -> PrivateKey:
    """A new key of each kind."""
    made: PrivateKey = request.param()
    return made


def _code(path: Path, password: Password) -> str:
    with pytest.raises(EngineError) as refusal:
        load_key(path, password)
    return refusal.value.code.value


def test_a_key_comes_back_and_its_file_is_private(key: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    store_key(path, key, PASSWORD, cost=CHEAP)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, PASSWORD).pkcs8() == key.pkcs8()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.key"]


def test_openssl_reads_what_is_written_at_full_cost(key: PrivateKey, tmp_path: Path, openssl: str) -> None:
    path = tmp_path / "a.key"
    store_key(path, key, Password(b"abc"))
    plain = subprocess.run(
        [openssl, "pkcs8", "-in", str(path), "-passin", "pass:abc", "-nocrypt", "-outform", "DER"],
        capture_output=True, check=False)
    done = subprocess.run(
        [openssl, "pkey", "-in", str(path), "-passin", "pass:abc", "-noout", "-check"], capture_output=True,
        check=False)
    assert done.returncode == 0 and b"valid" in done.stdout, (done.stderr, plain.stderr)


@pytest.mark.parametrize("options", [
    ["-v2", "aes-128-cbc"], ["-v2", "aes-192-cbc"], ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
    ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"], ["-scrypt"],
], ids=" ".join)
def test_what_openssl_encrypts_is_read(
    key: PrivateKey, options: list[str], tmp_path: Path, openssl: str,
) -> None:
    plain, path = tmp_path / "a.der", tmp_path / "a.key"
    plain.write_bytes(key.pkcs8())
    subprocess.run(
        [openssl, "pkcs8", "-topk8", "-inform", "DER", "-in", str(plain), "-out", str(path), "-passout",
         "pass:abc", *options], check=True, capture_output=True)
    path.chmod(0o600)
    assert load_key(path, Password(b"abc")).pkcs8() == key.pkcs8()


def test_every_wrong_password_is_refused_in_one_way(key: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    store_key(path, key, PASSWORD, cost=CHEAP)
    # one wrong key in 256 leaves a right padding: enough tries to meet it
    codes = {_code(path, Password(b"%d" % number)) for number in range(1200)}
    assert codes == {"keystore.wrong-password"}


DAMAGES: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("empty", lambda _: b"", "keystore.wrong-password"),
    ("not PEM", lambda data: data[30:], "keystore.wrong-password"),
    ("cut off", lambda data: data[:-60] + data[-37:], "keystore.wrong-password"),
    ("not base 64", lambda data: data.replace(b"M", b"*", 1), "keystore.wrong-password"),
    ("binary", lambda _: bytes(range(256)), "keystore.wrong-password"),
    ("too large", lambda data: data * 1000, "file.too-large"),
]


@pytest.mark.parametrize(("why", "damage", "code"), DAMAGES, ids=[row[0] for row in DAMAGES])
def test_a_damaged_key_file_is_a_clear_error(
    why: str, damage: Callable[[bytes], bytes], code: str, tmp_path: Path,
) -> None:
    path = tmp_path / "a.key"
    store_key(path, sm2.PrivateKey.generate(), PASSWORD, cost=CHEAP)
    path.write_bytes(damage(path.read_bytes()))
    assert _code(path, PASSWORD) == code, why


def test_each_changed_byte_of_a_key_file_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    path, key = tmp_path / "a.key", sm2.PrivateKey.generate()
    store_key(path, key, PASSWORD, cost=CHEAP)
    data = path.read_bytes()
    for at in range(0, len(data), 3):
        changed = bytearray(data)
        changed[at] ^= 0x04
        path.write_bytes(bytes(changed))
        try:
            loaded = load_key(path, PASSWORD)
        except KeyStoreError as error:
            assert error.code.value in {"keystore.wrong-password", "keystore.unsupported"}
        else:
            assert loaded.pkcs8() == key.pkcs8()


@pytest.mark.parametrize("cost", [
    ScryptCost(n=1 << 22, r=8, p=1), ScryptCost(n=1 << 14, r=8, p=1 << 20), ScryptCost(n=3, r=8, p=1),
], ids=["memory", "time", "not a power of two"])
def test_a_key_file_that_asks_for_too_much_work_is_refused(
    cost: ScryptCost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Cheap:
        """Stands in for the derivation, which would take too long here."""

        def __init__(self, **_: object) -> None: ...

        def derive(self, _: bytes) -> bytes:
            return bytes(32)

    with monkeypatch.context() as patch:
        patch.setattr("certs.pkcs8.Scrypt", Cheap)
        data = encrypt(b"\x05\x00", b"x", salt=bytes(16), iv=bytes(16), cost=cost)
    path = tmp_path / "a.key"
    path.write_bytes(data)
    path.chmod(0o600)
    assert _code(path, Password(b"x")) == "keystore.unsupported"


def test_a_key_of_another_kind_is_refused(tmp_path: Path, openssl: str) -> None:
    path = tmp_path / "a.key"
    subprocess.run(
        [openssl, "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:abc", "-out", str(path)],
        check=True, capture_output=True)
    path.chmod(0o600)
    assert _code(path, Password(b"abc")) == "keystore.unsupported"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_file_that_others_may_touch_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    store_key(path, sm2.PrivateKey.generate(), PASSWORD, cost=CHEAP)
    path.chmod(mode)
    assert _code(path, PASSWORD) == "keystore.permissions"


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    assert _code(tmp_path / "a.key", PASSWORD) == "keystore.missing"


def test_no_text_form_or_error_shows_key_or_password(key: PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    store_key(path, key, PASSWORD, cost=CHEAP)
    with pytest.raises(KeyStoreError) as refusal:
        load_key(path, Password("口令 with blankz".encode()))
    error = refusal.value
    shown = " ".join([
        str(error), repr(error), repr(error.facts), repr(error.__cause__), repr(key), str(key),
        repr(PASSWORD), str(PASSWORD), f"{PASSWORD}"]).lower()
    plain = key.pkcs8()
    # the private number, an OCTET STRING of 32 bytes; of RSA some of the primes
    at = len(plain) // 2 if isinstance(key, rsa.PrivateKey) else plain.index(b"\x04\x20") + 2
    number = plain[at:at + 32]
    assert "blank" not in shown and "口令 with" not in shown
    assert number.hex() not in shown and str(int.from_bytes(number, "big")) not in shown
    assert str(number)[2:-1].lower() not in shown


