"""``zhengyin certs keys`` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import docgen
from certs import p256, rsa, sm2
from certs.csr import CertificateRequest
from certs.home import Home
from certs.key_reference import open_key
from certs.keystore import load_key, seal_key
from certs.x509 import Certificate
from tests.cli.test_certs_command import Call, call
from tests.docgen.records import record
from tests.support.demo_home import CHEAP, CITY, copied_home, seal_folder
from tests.support.other_keys import certificate_for, put_key
from tests.support.soft_tokens import SoftToken, SoftTokens, forget
from verify import verify
from verify.model import Verdict

__all__ = ["call"]


@pytest.fixture
def home(call: Call, tmp_path: Path) -> Home:
    """A demo home; ``call`` has emptied the environment."""
    assert call
    return copied_home(tmp_path / "home")


@pytest.fixture
def token(soft_tokens: SoftTokens) -> SoftToken:
    """A new token."""
    return soft_tokens.make(pin="73918462")


def on(token: SoftToken) -> list[object]:
    return ["--module", token.module, "--token", token.label, "--pin-file", token.pin_file]


def test_tokens_and_their_keys_are_listed(call: Call, token: SoftToken, tmp_path: Path) -> None:
    for kind in ("p256", "rsa"):
        code, text, err = call("keys", "make", "--role", "pdf", "--out", tmp_path / kind, "--kind", kind, "--label",
                               f"a {kind} key", *on(token))
        assert (code, err) == (0, "") and f"a {kind} key" in text
    code, text, err = call("keys", "list", "--module", token.module)
    assert (code, err) == (0, "") and token.label in text and "正常 / ok" in text
    code, text, err = call("keys", "list", *on(token))
    assert (code, err) == (0, "") and "a p256 key" in text and "rsa3072" in text and token.pin not in text
    code, text, _ = call("keys", "list", *on(token), "--json")
    assert [(one["label"], one["kind"], one["bits"], one["extractable"]) for one in json.loads(text)] == [
        ("a p256 key", "p256", 0, False), ("a rsa key", "rsa", 3072, False)]
    code, text, _ = call("keys", "list", "--module", token.module, "--json")
    assert {"label": token.label, "pin": "ok"}.items() <= next(
        one for one in json.loads(text) if one["label"] == token.label).items()


def test_a_wrong_pin_is_remembered_in_the_home_that_is_named(
        call: Call, home: Home, token: SoftToken, tmp_path: Path) -> None:
    codes = []
    for name in ("a", "b"):                                  # from two places
        (tmp_path / name).mkdir()
        pin = tmp_path / name / "pin"
        pin.touch(mode=0o600)
        pin.write_text("11111111")
        codes.append(call("keys", "list", "--module", token.module, "--token", token.label, "--pin-file", pin, "--home",
                          home.path)[2].partition(":")[0])
    assert codes == ["pin.wrong", "pin.known-wrong"]
    assert any((home.path / "tokens").iterdir()) and not (tmp_path / "a" / "tokens").exists()


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_a_key_on_a_token_gets_its_certificate_and_signs_renditions(
    call: Call, home: Home, token: SoftToken, tmp_path: Path, kind: str,
) -> None:
    keys = tmp_path / "keys"
    assert call("keys", "make", "--role", "pdf", "--out", keys, "--kind", kind, *on(token))[0] == 0
    code, text, err = call("request", "--org", CITY[1], "--uscc", CITY[0], "--role", "pdf", "--out", keys, "--home",
                           home.path)
    assert (code, err) == (0, "") and str(keys / "pdf.key.json") in text
    assert "密钥仍在令牌" in text and "stays in its token" in text and ".key 留在本处" not in text
    assert CertificateRequest.load((keys / "pdf.csr").read_bytes()).public_key.kind == kind
    assert call("certify", keys, "--demo", "--home", home.path)[0] == 0
    put_key(seal_folder(home.path), "pdf", Certificate.load((keys / "pdf.cer").read_bytes()),
            (keys / "pdf.key.json").read_bytes())
    code, text, err = call("keys", "check", "--home", home.path)
    assert (code, err) == (0, "") and "pkcs11" in text and token.pin not in text
    issued = docgen.issue(record(), home=home)
    for data, name in ((issued.ofd, "a.ofd"), (issued.pdf, "a.pdf")):
        assert verify(data, trust=home.trust_dir, name=name).verdict is Verdict.VALID
    assert token.pin.encode() not in b"".join(
        path.read_bytes() for path in home.path.rglob("*") if path.is_file())


def test_a_key_that_is_on_a_token_already_is_referred_to(call: Call, token: SoftToken, tmp_path: Path) -> None:
    assert call("keys", "make", "--role", "pdf", "--out", tmp_path / "a", "--label", "mine", *on(token))[0] == 0
    code, _, err = call("keys", "make", "--role", "pdf", "--out", tmp_path / "b", "--label", "mine", *on(token))
    assert code == 3 and "token.label-taken" in err
    code, _, err = call("keys", "refer", "--role", "pdf", "--out", tmp_path / "b", "--label", "mine", *on(token))
    assert (code, err) == (0, "")
    first, second = (open_key(tmp_path / one, "pdf", lambda: pytest.fail("asked")) for one in "ab")
    assert first.spki == second.spki and token.keys() == 1


def test_an_rsa_key_in_a_file(call: Call, home: Home, tmp_path: Path) -> None:
    code, text, err = call("keys", "make", "--store", "file", "--role", "pdf", "--kind", "rsa", "--bits", "2048",
                           "--out", tmp_path / "keys", "--home", home.path)
    assert (code, err) == (0, "") and str(tmp_path / "keys" / "pdf.key") in text
    assert isinstance(load_key(tmp_path / "keys" / "pdf.key", home.password()), rsa.PrivateKey)


@pytest.mark.parametrize("kind", [[], ["--kind", "sm2"]])
def test_a_sealing_key_in_a_file_is_sm2(call: Call, home: Home, tmp_path: Path, kind: list[str]) -> None:
    assert call("keys", "make", "--store", "file", "--role", "sealing", *kind, "--out", tmp_path / "keys",
                "--home", home.path)[0] == 0
    assert isinstance(load_key(tmp_path / "keys" / "sealing.key", home.password()), sm2.PrivateKey)


@pytest.mark.parametrize("role", ["sealing", "data", "status"])
@pytest.mark.parametrize("words", [["make"], ["make", "--kind", "sm2"], ["make", "--kind", "p256"], ["refer"]])
def test_an_sm2_key_is_not_made_on_a_token(
    call: Call, token: SoftToken, tmp_path: Path, words: list[str], role: str,
) -> None:
    code, text, err = call("keys", *words, "--role", role, "--out", tmp_path / "keys", *on(token))
    assert (code, text) == (2, "") and token.keys() == 0 and not (tmp_path / "keys").exists()
    assert "SM2，不能放在 PKCS#11 令牌上" in err and "cannot be on a PKCS#11 token" in err
    for place in ("--store file", "SDF", "HTTP", "签名进程", "signer process"):
        assert place in err


MISTAKES = [
    (["make", "--role", "pdf", "--out", "OUT", "--kind", "sm2"], 2, "--role"),
    (["make", "--role", "pdf", "--out", "OUT", "--kind", "p384"], 2, "--kind"),
    (["make", "--role", "sealing", "--out", "OUT", "--store", "file", "--kind", "p256"], 2, "sm2"),
    (["make", "--role", "nothing", "--out", "OUT"], 2, "--role"),
    (["make", "--role", "pdf", "--out", "OUT"], 2, "--module"),
    (["make", "--role", "pdf", "--out", "OUT", "--store", "cloud"], 2, "--store"),
    (["make", "--role", "pdf", "--out", "OUT", "--module", "/nowhere.so", "--token", "t"], 3, "token.no-module"),
    (["make", "--role", "pdf", "--out", "OUT", "--module", "/nowhere.so"], 3, "key-reference.malformed"),
    (["list", "--module", "/nowhere.so"], 3, "token.no-module"),
    (["check", "--home", "OUT"], 3, "home.missing"),
]


@pytest.mark.parametrize(("words", "status", "told"), MISTAKES, ids=[" ".join(words) for words, _, _ in MISTAKES])
def test_a_mistake_is_a_plain_message(
    call: Call, tmp_path: Path, words: list[str], status: int, told: str,
) -> None:
    code, _, err = call("keys", *[str(tmp_path / "out") if word == "OUT" else word for word in words])
    assert (code, told in err) == (status, True), err
    assert not (tmp_path / "out").exists(), "no empty folder is left behind"


def test_a_folder_that_has_the_key_is_left_alone(call: Call, home: Home, token: SoftToken) -> None:
    folder = seal_folder(home.path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, _, err = call("keys", "make", "--role", "pdf", "--out", folder, *on(token))
    assert code == 2 and "请换一个 --out 目录" in err and "name another folder" in " ".join(err.split())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before and token.keys() == 0


def test_check_tells_of_every_key_that_cannot_be_used(call: Call, home: Home, token: SoftToken) -> None:
    code, text, err = call("keys", "check", "--home", home.path)
    assert (code, err) == (0, "") and text.count("可用 / good") >= 6
    folder = seal_folder(home.path)
    (folder / "data.key").write_bytes(seal_key(sm2.PrivateKey.generate(), home.password(), cost=CHEAP))
    assert call("keys", "make", "--role", "report", "--out", folder, *on(token))[0] == 0
    put_key(folder, "pdf", certificate_for(home, "pdf", p256.PrivateKey.generate()),
            (folder / "report.key.json").read_bytes())      # another key than the certificate's
    code, text, err = call("keys", "check", "--home", home.path)
    assert code == 1 and text.count("signer.key-mismatch") == 2
    token.write_pin("11111111")
    forget(token.module)
    code, text, err = call("keys", "check", "--home", home.path, "--json")
    told = {(one["place"], one["role"]): one["code"] for one in json.loads(text)}
    assert code == 1 and told[str(folder.relative_to(home.path)), "pdf"] == "pin.wrong"
    assert call("keys", "check", "--home", home.path)[1].count("pin.known-wrong") == 1
    assert "11111111" not in text + err
