"""A signer over mutual TLS: each side knows the other by its certificate, and lets nobody else in."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from certs.remote_key import RemoteKey, ask_health, read_address
from certs.remote_line import Address
from certs.remote_wire import RemoteError, pack
from certs.sm3 import sm3
from docgen import issue
from signer.server import _still_accepted
from tests.docgen.records import record
from tests.signer.messages import to_sign
from tests.signer.processes import (
    LIMITS,
    SETTINGS,
    approval_id,
    ask,
    issuing_home,
    key_name,
    running,
    signer_home,
    wait_until,
)
from tests.support.ports import kept_port

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def _openssl(folder: Path, *words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], cwd=folder, check=True, capture_output=True, timeout=60)


def make_ca(folder: Path, name: str) -> None:
    """A CA of its own, ``<name>.pem``."""
    _openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
             "keyUsage=critical,keyCertSign", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def make_pair(folder: Path, name: str, ca: str, usage: str, *, password: str = "") -> None:
    """Certificate and key of one side, ``<name>.pem`` and ``<name>.key``, under a CA."""
    (folder / "ext").write_text(f"subjectAltName=IP:127.0.0.1\nextendedKeyUsage={usage}\n"
                                "keyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n")
    _openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", f"/CN={name}",
             *(["-passout", f"pass:{password}"] if password else ["-nodes"]), "-keyout", f"{name}.key",
             "-out", f"{name}.csr")
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-days", "30",
             "-extfile", "ext", "-out", f"{name}.pem")


def der(path: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    for ca in ("ca", "other-ca"):
        make_ca(folder, ca)
    make_pair(folder, "signer", "ca", "serverAuth", password="of the test")  # noqa: S106
    (folder / "password").write_text("of the test\n")
    make_pair(folder, "issuing", "ca", "clientAuth")
    make_pair(folder, "portal", "ca", "clientAuth")
    make_pair(folder, "unlisted", "ca", "clientAuth")
    make_pair(folder, "elsewhere", "other-ca", "clientAuth")
    make_pair(folder, "false-signer", "other-ca", "serverAuth")
    return folder


def settings(pki: Path, *, listed: bool = True) -> str:
    pin = sm3(der(pki / "issuing.pem")).hex() if listed else "00" * 32
    return (f'[[client]]\nname = "issuing"\ncertificates = ["{pin}"]\nkeys = ["*/*/*"]\n{LIMITS}'
            f'[[client]]\nname = "portal"\ncommon_names = ["portal"]\nkeys = ["status"]\n{LIMITS}')


@pytest.fixture
def port() -> Iterator[int]:
    with kept_port() as kept:
        yield kept


@pytest.fixture
def served(pki: Path, port: int, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A signer's home and the port on which it is reached."""
    keys = signer_home(tmp_path / "keys", settings(pki))
    with running(keys, "--listen", f"127.0.0.1:{port}", "--certificate", pki / "signer.pem", "--private-key",
                 pki / "signer.key", "--password-file", pki / "password", "--client-ca", pki / "ca.pem"):
        yield keys, port


def where(pki: Path, port: int, name: str = "issuing", patience_s: int = 60) -> dict[str, Any]:
    return {"address": f"tls://127.0.0.1:{port}", "ca": str(pki / "ca.pem"), "patience_s": patience_s,
            "certificate": str(pki / f"{name}.pem"), "private_key": str(pki / f"{name}.key")}


def opened(pki: Path, served: tuple[Path, int], role: str = "sealing", **more: Any) -> RemoteKey:
    keys, port = served
    name = key_name(keys, role) if role in ("sealing", "data", "pdf") else role
    return RemoteKey.open({"store": "signer", **where(pki, port, **more), "key": name}, keys)


def test_licences_are_issued_over_tls(pki: Path, served: tuple[Path, int], tmp_path: Path) -> None:
    keys, port = served
    home = issuing_home(tmp_path / "issuing", keys, where(pki, port))
    issued = issue(record(), home=home)
    assert issued.approval == approval_id(keys)
    ready, told = ask_health(read_address(where(pki, port), tmp_path))
    assert ready
    assert set(told.values()) == {""}


def test_a_client_is_known_by_pin_or_name_and_its_keys_are_its_own(pki: Path, served: tuple[Path, int]) -> None:
    assert opened(pki, served, "status", name="portal").algorithm == "sm2-sm3"
    for role, name in (("status", "issuing"), ("sealing", "portal")):
        with pytest.raises(RemoteError, match=r"signer\.no-key"):
            opened(pki, served, role, name=name)


def test_other_certificates_are_strangers(pki: Path, served: tuple[Path, int]) -> None:
    with pytest.raises(RemoteError, match=r"signer\.stranger"):
        opened(pki, served, name="unlisted")
    with pytest.raises(RemoteError, match="does not accept this side's certificate"):     # TLS lets it not in
        opened(pki, served, name="elsewhere", patience_s=1)
    assert opened(pki, served)


def test_a_client_that_is_taken_out_is_out_at_once(pki: Path, served: tuple[Path, int]) -> None:
    keys, _ = served
    key = opened(pki, served)
    assert key.sign(to_sign(keys, 1), approval=approval_id(keys))
    (keys / "signer.toml").write_text(settings(pki, listed=False))
    with pytest.raises(RemoteError, match=r"signer\.stranger"):            # on the line that is open, too
        key.sign(to_sign(keys, 2), approval=approval_id(keys))
    (keys / "signer.toml").write_text(settings(pki).replace(
        sm3(der(pki / "issuing.pem")).hex(), hashlib.sha256(der(pki / "issuing.pem")).hexdigest()))
    assert key.sign(to_sign(keys, 2), approval=approval_id(keys))


def test_a_signer_that_is_another_is_not_asked(pki: Path, port: int, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys", settings(pki))
    with running(keys, "--listen", f"127.0.0.1:{port}", "--certificate", pki / "false-signer.pem", "--private-key",
                 pki / "false-signer.key", "--client-ca", pki / "ca.pem") as signer:
        with pytest.raises(RemoteError, match=r"signer\.stranger"):
            opened(pki, (keys, port))
        assert not signer.log("signed")


def test_who_does_not_shake_hands_leaves_places_for_others(pki: Path, served: tuple[Path, int]) -> None:
    keys, port = served
    with contextlib.ExitStack() as held:
        for _ in range(8):
            line = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            line.sendall(b"\x16\x03\x01")
        key = opened(pki, (keys, port))                                    # asks again until their time is up
        assert key.sign(to_sign(keys, 3), approval=approval_id(keys))
        assert line.recv(1) == b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        plain.sendall(b"ZYS1" + b"\0" * 8)
        with contextlib.suppress(ConnectionError):
            while plain.recv(100):
                pass
    assert opened(pki, (keys, port))


def test_a_line_is_closed_when_its_certificate_would_be_let_in_no_more(pki: Path, port: int, tmp_path: Path) -> None:
    keys, clients = signer_home(tmp_path / "keys", settings(pki)), tmp_path / "clients.pem"
    shutil.copy(pki / "ca.pem", clients)
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / "portal.pem", pki / "portal.key")

    def answered(line: ssl.SSLSocket) -> bool:
        with contextlib.suppress(ConnectionError):
            line.sendall(pack({"op": "health", "after": ""}))
            return line.recv(4096) != b""
        return False

    with running(keys, "--listen", f"127.0.0.1:{port}", "--certificate", pki / "signer.pem", "--private-key",
                 pki / "signer.key", "--password-file", pki / "password", "--client-ca", clients), \
            socket.create_connection(("127.0.0.1", port), timeout=60) as plain, \
            context.wrap_socket(plain, server_hostname="127.0.0.1") as line:
        assert answered(line)
        shutil.copy(pki / "other-ca.pem", tmp_path / "new.pem")
        (tmp_path / "new.pem").replace(clients)
        assert not answered(line)


@pytest.mark.parametrize(("seconds", "accepted"), [(3600, True), (-1, False)])
def test_a_line_is_closed_when_its_certificate_has_ended(seconds: int, accepted: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    told = {"peercert": {"notAfter": time.strftime("%b %d %H:%M:%S %Y GMT", time.gmtime(time.time() + seconds))},
            "ssl_object": SimpleNamespace(context=context)}
    line = SimpleNamespace(get_extra_info=told.get)
    assert _still_accepted(line, SimpleNamespace(context=lambda: context)) is accepted  # type: ignore[arg-type]


def test_strangers_of_the_clients_ca_take_nobodys_place(pki: Path, port: int, tmp_path: Path) -> None:
    keys, place = signer_home(tmp_path / "keys", SETTINGS), tmp_path / "signer.sock"
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    context.load_cert_chain(pki / "unlisted.pem", pki / "unlisted.key")
    stop = threading.Event()

    def stay() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=60) as plain, \
                    context.wrap_socket(plain, server_hostname="127.0.0.1") as line:
                while line.recv(4096):
                    pass

    with running(keys, "--socket", place, "--listen", f"127.0.0.1:{port}", "--certificate", pki / "signer.pem",
                 "--private-key", pki / "signer.key", "--password-file", pki / "password",
                 "--client-ca", pki / "ca.pem") as signer:
        strangers = [threading.Thread(target=stay) for _ in range(24)]
        try:
            for stranger in strangers:
                stranger.start()
            wait_until(lambda: len(signer.log("stranger")) >= 20)          # more than are told at once
            for _ in range(5):
                assert ask(Address(socket=str(place)), {"op": "health", "after": ""})[0]["ok"] is True
        finally:
            stop.set()
            signer.kill()
            for stranger in strangers:
                stranger.join()


def test_a_burst_from_one_address_has_the_places_of_one_address(pki: Path, port: int, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys", settings(pki))
    with running(keys, "--listen", f"127.0.0.1:{port}", "--certificate", pki / "signer.pem", "--private-key",
                 pki / "signer.key", "--password-file", pki / "password", "--client-ca", pki / "ca.pem") as signer, \
            contextlib.ExitStack() as held:
        signer.process.send_signal(signal.SIGSTOP)
        for _ in range(40):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        signer.process.send_signal(signal.SIGCONT)
        wait_until(lambda: sum(line["reason"] == "no place" for line in signer.log("cut")) == 32)


def test_a_new_certificate_of_the_signer_is_taken_up(pki: Path, port: int, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys", settings(pki))
    own = tmp_path / "tls"
    own.mkdir()
    for name in ("pem", "key"):
        shutil.copy(pki / f"false-signer.{name}", own / f"signer.{name}")
    with running(keys, "--listen", f"127.0.0.1:{port}", "--certificate", own / "signer.pem", "--private-key",
                 own / "signer.key", "--client-ca", pki / "ca.pem"):
        with pytest.raises(RemoteError, match=r"signer\.stranger"):
            opened(pki, (keys, port))
        make_pair(pki, "renewed", "ca", "serverAuth")
        for name in ("key", "pem"):
            shutil.copy(pki / f"renewed.{name}", own / f"signer.{name}")
        assert opened(pki, (keys, port))


@pytest.mark.parametrize("missing", ["ca", "certificate", "private_key"])
def test_references_name_all_files_and_files_that_are_there(pki: Path, tmp_path: Path, missing: str) -> None:
    reference = {"store": "signer", "key": "status", **where(pki, 1)}
    with pytest.raises(RemoteError, match=r"signer\.bad-reference"):
        RemoteKey.open({key: value for key, value in reference.items() if key != missing}, tmp_path)
    with pytest.raises(RemoteError, match=r"signer\.bad-reference"):
        RemoteKey.open(reference | {missing: "not-there"}, tmp_path)
