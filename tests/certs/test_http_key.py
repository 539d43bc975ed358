"""Keys in a signing service: asked over mutual TLS, and never believed further than their signature holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from certs import p256, rsa, sm2
from certs.key_reference import make_like, open_reference
from certs.public_key import PublicKey
from codes.errors import EngineError
from tests.support.signing_service import Service, signing_service

KEYS = {"sealing": sm2.PrivateKey.generate(), "pdf": p256.PrivateKey.generate(), "rsa": rsa.PrivateKey.generate(2048)}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with a key of each kind."""
    with signing_service(tmp_path) as running:
        running.keys.update(KEYS)
        yield running


def refusal(action: Any) -> str:
    with pytest.raises(EngineError) as raised:
        action()
    return str(raised.value.code.value)


def opened(service: Service, name: str = "sealing", **more: Any) -> Any:
    return open_reference(service.reference(name, **more), service.folder)


@pytest.mark.parametrize("name", KEYS)
def test_a_service_signs_digests_under_an_approval(service: Service, name: str) -> None:
    key = opened(service, name)
    assert (key.algorithm, key.spki) == (KEYS[name].algorithm, KEYS[name].spki)
    for message in (b"", b"a message"):
        assert PublicKey.parse(key.spki).verify(message, key.sign(message, approval="A-1"), key.algorithm)
    assert [(one["client"], one["approval"], one["key"]) for one in service.asked] == [("client", "A-1", name)] * 2
    assert len({one["request"] for one in service.asked}) == 2
    assert all(len(base64.b64decode(one["digest"])) == 32 for one in service.asked)


def _wrong(good: dict[str, Any]) -> tuple[int, bytes]:
    other = base64.b64encode(sm2.PrivateKey.generate().sign(b"message")).decode()
    return 200, json.dumps({**good, "signature": other}).encode()


@pytest.mark.parametrize(("twist", "code"), [
    (_wrong, "key-reference.wrong-signature"),
    (lambda good: (200, json.dumps({**good, "request": "0" * 32}).encode()), "service.bad-answer"),
    (lambda good: (200, json.dumps({**good, "more": 1}).encode()), "service.bad-answer"),
    (lambda good: (200, json.dumps({**good, "signature": "%%"}).encode()), "service.bad-answer"),
    (lambda good: (200, json.dumps({**good, "signature": 1}).encode()), "service.bad-answer"),
    (lambda _: (200, b"no json"), "service.bad-answer"),
    (lambda _: (200, b"[" * 60_000), "service.bad-answer"),
    (lambda _: (200, b"x" * 70_000), "service.bad-answer"),
    (lambda _: (403, b"{}"), "service.refused"),
    (lambda _: (500, b""), "service.refused"),
    (lambda _: (302, b""), "service.refused"),
], ids=["other key", "other request", "more", "no base64", "no text", "no JSON", "deep", "huge", "403", "500", "302"])
def test_what_is_not_as_agreed_is_not_used_and_the_next_answer_may_be(service: Service, twist: Any, code: str) -> None:
    key = opened(service)
    service.twist = twist
    assert refusal(lambda: key.sign(b"message")) == code
    service.twist = None
    assert key.sign(b"message")


def test_a_service_that_is_down_is_told_and_used_when_it_is_back(tmp_path: Path) -> None:
    with signing_service(tmp_path) as running:
        running.keys.update(KEYS)
        key, reference = opened(running), running.reference("sealing")
        assert key.sign(b"message")
    assert refusal(lambda: key.sign(b"message")) == "service.out-of-reach"
    assert "127.0.0.1" in str(reference["url"])


def test_another_server_and_another_client_are_turned_away(service: Service) -> None:
    stranger = str(service.folder / "stranger.pem")
    assert refusal(lambda: opened(service, ca=stranger).sign(b"message")) == "service.out-of-reach"
    as_stranger = opened(service, certificate=stranger, private_key=str(service.folder / "stranger.key.pem"))
    assert refusal(lambda: as_stranger.sign(b"message")) == "service.out-of-reach"
    assert not service.asked


def test_a_renewed_client_certificate_is_taken_up(service: Service, tmp_path: Path) -> None:
    key = opened(service)
    assert key.sign(b"message")
    for name in ("client.pem", "client.key.pem"):
        (service.folder / name).write_bytes((service.folder / name.replace("client", "server")).read_bytes())
    assert key.sign(b"message") and [one["client"] for one in service.asked] == ["client", "server"]


@pytest.mark.parametrize("change", [
    {"url": "http://127.0.0.1/v1/sign"}, {"url": "sign.example"}, {"algorithm": "md5"}, {"public_key": "AAAA"},
    {"algorithm": "rsa-pkcs1-sha256"}, {"ca": "ca.pem"}, {"timeout_s": "1"}, {"pin": "x"}, {"key": None},
    {"public_key": None}, {"url": 1},
], ids=str)
def test_a_reference_that_is_not_right_is_refused(service: Service, change: dict[str, Any]) -> None:
    reference = {name: value for name, value in {**service.reference("sealing"), **change}.items() if value is not None}
    assert refusal(lambda: open_reference(reference, service.folder)) == "key-reference.malformed"


@pytest.mark.parametrize("fault", ["open", "missing", "other"])
def test_credentials_that_cannot_be_used_are_told(service: Service, fault: str) -> None:
    secret = service.folder / "client.key.pem"
    if fault == "open":
        secret.chmod(0o644)
    elif fault == "missing":
        secret.unlink()
    else:
        secret.write_bytes((service.folder / "stranger.key.pem").read_bytes())
    assert refusal(lambda: opened(service)) == "service.credentials"


def test_keys_are_made_where_the_service_makes_them(service: Service) -> None:
    with pytest.raises(EngineError) as raised:
        make_like(service.reference("pdf"), service.folder, "pdf", label="x")
    assert raised.value.code.value == "key-reference.cannot-make"
