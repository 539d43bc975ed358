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
