"""``zhengyin certs request`` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from certs.config import Config, Password, store_config
from certs.csr import CertificateRequest
from certs.keystore import load_key
from tests.cli.test_certs_command import Call, call
from tests.support.demo_home import CITY

__all__ = ["call"]

PASSWORD = "a password of the office"  # noqa: S105 (for this test alone)


@pytest.fixture
def home(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is no demonstration; its password is in the environment, from which ``call`` took any other."""
    assert call
    folder = tmp_path / "home"
    folder.mkdir()
    store_config(folder, Config(name="测试市电子证照"))
    monkeypatch.setenv("ZHENGYIN_PASSWORD", PASSWORD)
    return folder


def test_keys_and_requests_are_made_once(call: Call, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "keys"
    words = ("request", "--org", CITY[1], "--uscc", CITY[0], "--out", out, "--home", home)
    code, text, err = call(*words)
    assert (code, err) == (0, "") and PASSWORD not in text
    made = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(made) == ["data.csr", "data.key", "pdf.csr", "pdf.key", "sealing.csr", "sealing.key"]
    for role in ("sealing", "data", "pdf"):
        request = CertificateRequest.load(made[f"{role}.csr"])
        assert (request.subject_cn, request.uscc) == (CITY[1], CITY[0])
        assert load_key(out / f"{role}.key", Password(PASSWORD.encode())).spki == request.public_key.spki
    assert call(*words, "--role", "sealing")[0] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == made


@pytest.mark.parametrize(("person", "more", "message"), [
    (CITY[1], (), "request.bad-name"), ("王 ", (), "request.bad-name"), ("\u3164", (), "request.bad-name"),
    ("王\u200b甲", (), "request.bad-name"), ("王甲", ("--role", "sealing"), "usage.bad-value"),
])
def test_a_persons_key_needs_a_name_that_can_be_told_apart(
    call: Call, home: Path, tmp_path: Path, person: str, more: tuple[str, ...], message: str,
) -> None:
    code, _, err = call("request", "--person", person, "--org", CITY[1], "--uscc", CITY[0], "--out", tmp_path / "keys",
                        "--home", home, *more)
    assert code in (2, 3) and err.startswith(f"{message}: ")
    assert not list((tmp_path / "keys").glob("*"))


def test_a_persons_key_has_a_password_of_its_own(
    call: Call, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZHENGYIN_ACTOR_PASSWORD", "known to one person")
    words = ("request", "--person", "王甲", "--org", CITY[1], "--uscc", CITY[0], "--out", tmp_path / "keys",
             "--home", home)
    assert [call(*words)[0], call(*words)[0]] == [0, 0]
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["actor.csr", "actor.key"]
    request = CertificateRequest.load((tmp_path / "keys" / "actor.csr").read_bytes())
    assert (request.subject_cn, request.subject_o, request.uscc) == ("王甲", CITY[1], CITY[0])
    key = load_key(tmp_path / "keys" / "actor.key", Password(b"known to one person"))
    assert key.spki == request.public_key.spki


@pytest.mark.parametrize(("more", "exit_code", "message"), [
    (("--role", "seal"), 2, "--role"), (("--org", "测试 局"), 3, "request.bad-name"),
    (("--uscc", "11140100MB9TEX0181"), 3, "request.bad-uscc"), (("--home", "nowhere"), 3, "home.missing"),
])
def test_a_mistake_makes_no_key(
    call: Call, home: Path, tmp_path: Path, more: tuple[str, ...], exit_code: int, message: str,
) -> None:
    out = tmp_path / "keys"
    code, _, err = call("request", "--org", CITY[1], "--uscc", CITY[0], "--out", out, "--home", home, *more)
    assert code == exit_code and message in err
    assert not list(out.glob("*"))
