"""``zhengyin signer`` as a person calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from certs.home import Home
from certs.key_reference import KeyReferenceError
from docgen import issue
from signer.references import write_references
from tests.docgen.records import record
from tests.signer.processes import SETTINGS, issuing_home, key_name, running, signer_home
from tests.support.command import Call, caller
from tests.support.demo_home import CITY, copied_home


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "signer")


def test_check_tells_of_each_key_and_of_a_signer_that_is_not_there(call: Call, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    address = f"unix:{keys / 'signer.sock'}"
    code, _, err = call("check", "--address", address)
    assert (code, "signer.unreachable" in err) == (3, True)
    with running(keys):
        code, out, _ = call("check", "--address", address)
        assert code == 0
        assert f"{key_name(keys, 'sealing')}: 可用，已试签 / good" in out
        for path in (keys / "crls").glob("sm2-*.crl"):
            path.unlink()
        code, out, _ = call("check", "--address", address)
        assert code == 3
        assert f"{key_name(keys, 'sealing')}: seal.certificate-status-unknown" in out
        assert f"{key_name(keys, 'pdf')}: 可用，已试签 / good" in out
        (keys / "signer.toml").write_text(SETTINGS.replace('"*/*/*", "audit", "status"', '"report"'))
        code, out, _ = call("check", "--address", address)
        assert (code, "没有本端可用的密钥" in out) == (3, True)
    assert call("check", "--address", "http://x")[0] == 3


def test_a_home_is_turned_over_to_a_signer(call: Call, tmp_path: Path) -> None:
    home = copied_home(tmp_path / "home")
    issue(record(), home=home)                                             # with its own keys, until now
    keys = signer_home(tmp_path / "keys")
    with running(keys):
        code, out, err = call("refer", "--home", home.path, "--address", f"unix:{keys / 'signer.sock'}")
        assert code == 3
        folder = home.path / "authorities" / key_name(keys, "")
        assert str(folder / "sealing.key.json") in out
        assert str(folder / "sealing.key") in err
        with pytest.raises(KeyReferenceError, match="two-keys"):           # nobody guesses which counts
            Home.open(home.path, environ={}).authority(*CITY)
        for line in err.splitlines():
            Path(line.partition(": ")[2]).unlink()
        (home.path / "password").unlink()
        code, out, err = call("refer", "--home", home.path, "--address", f"unix:{keys / 'signer.sock'}")
        assert (code, err) == (0, "")
        assert "已计入的用印审批 / approvals carried: 1" in call("carry", "--home", keys, "--ledger", home.path)[1]
        assert "carried: 0" in call("carry", "--home", keys, "--ledger", home.path)[1]
        issued = issue(record(90077), home=Home.open(home.path, environ={}))
        assert call("used", "--home", keys)[1].splitlines() == [
            f"{issued.approval}  {role}  2" for role in ("data", "pdf", "sealing")]


def test_a_lost_signature_is_forgiven_by_its_digest(call: Call, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys")
    with running(keys) as signer:
        issued = issue(record(), home=issuing_home(tmp_path / "issuing", keys, {"address": f"unix:{keys}/signer.sock"}))
        last = signer.log("signed")[-1]
        assert call("forgive", "--home", keys, "--approval", issued.approval or "", "--message", "xy")[0] == 2
        assert call("forgive", "--home", keys, "--approval", "other", "--message", last["message"])[0] == 1
        assert call("forgive", "--home", keys, "--approval", last["approval"], "--message", last["message"])[0] == 0
        assert call("used", "--home", keys)[1].splitlines()[-1] == f"{issued.approval}  sealing  0"
        told = call("accept-clock", "--home", keys)[1]
        assert re.fullmatch(r"时钟 \d+年\d+月\d+日[\d:]+（北京时间） / clock: [-\d]+ [\d:]+ \+08:00\n", told)


@pytest.mark.parametrize(("words", "code"), [
    ([], 2), (["--listen", "x"], 2), (["--listen", "localhost:99999"], 2), (["--listen", "127.0.0.1:1"], 2),
    (["--socket", "S", "--socket-mode", "9"], 2), (["--socket", "S", "--socket-group", "no-such-group"], 3)])
def test_how_it_is_not_called(call: Call, tmp_path: Path, words: list[str], code: int) -> None:
    keys = signer_home(tmp_path / "keys")
    words = [str(tmp_path / "s.sock") if word == "S" else word for word in words]
    assert call("--home", keys, *words)[0] == code
    assert not (tmp_path / "s.sock").exists()


def test_it_begins_with_settings_that_are_right(call: Call, tmp_path: Path) -> None:
    keys = signer_home(tmp_path / "keys", "[[client]]\n")
    assert "signer.settings" in call("--home", keys, "--socket", keys / "signer.sock")[2]
    (keys / "signer.toml").unlink()
    assert "signer.toml" in call("--home", keys, "--socket", keys / "signer.sock")[2]


def test_references_say_who_must_listen(call: Call, tmp_path: Path) -> None:
    home = copied_home(tmp_path / "home")
    call("refer", "--home", home.path, "--address", "unix:/run/zhengyin/signer.sock", "--uid", "993")
    reference = json.loads((home.path / "status" / "status.key.json").read_text(encoding="utf-8"))
    assert reference == {"store": "signer", "address": "unix:/run/zhengyin/signer.sock", "uid": 993, "key": "status"}
    assert call("refer", "--home", home.path, "--address", "unix:relative")[0] == 3
    assert write_references(tmp_path / "home", {"store": "signer", "address": "unix:/x"})[1]
