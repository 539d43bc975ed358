"""``zhengyin certs certify`` and ``revoke``: the demonstration's CA, and never another's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs import sm2
from certs.config import Config, store_config
from certs.csr import build_request
from certs.home import Home
from certs.keystore import load_key
from certs.signer import LocalSigner
from certs.x509 import Certificate
from codes.errors import EngineError
from tests.certs.core_pki import root
from tests.cli.test_certs_command import Call, call
from tests.support.command import caller
from tests.support.demo_home import CITY, own_home, seal_folder

__all__ = ["call", "own_home"]


def test_requests_in_a_folder_are_certified_once(call: Call, own_home: Home, tmp_path: Path) -> None:
    home, keys = own_home.path, tmp_path / "keys"
    assert call("request", "--org", CITY[1], "--uscc", CITY[0], "--out", keys, "--home", home,
                "--role", "sealing", "--role", "pdf", "--role", "audit")[0] == 0
    code, out, err = call("certify", "--demo", keys, "--home", home)
    assert (code, err) == (0, "") and f"CN={CITY[1]}审计" in out
    made = {path.name: path.read_bytes() for path in keys.glob("*.cer")}
    assert sorted(made) == ["audit.cer", "pdf.cer", "sealing.cer"]
    for role in ("sealing", "pdf"):
        certificate = Certificate.load(made[f"{role}.cer"])
        LocalSigner(certificate, load_key(keys / f"{role}.key", own_home.password()))
        assert (certificate.subject_cn, certificate.uscc) == (CITY[1], CITY[0])
        issuer = (home / "ca" / f"{'p256' if role == 'pdf' else 'sm2'}-issuing.cer").read_bytes()
        assert certificate.issued_by(Certificate.load(issuer))
    assert call("certify", "--demo", keys, "--home", home)[0] == 0
    assert {path.name: path.read_bytes() for path in keys.glob("*.cer")} == made


def test_a_person_of_a_new_unit_is_certified_and_appointed(
    call: Call, own_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    home, unit, code = own_home.path, "测试市二县应急管理局", "11140122MB9TE0001K"
    for person in ("王甲", "李乙"):
        words = ("--org", unit, "--uscc", code, "--out", tmp_path / person, "--home", home)
        assert call("request", "--person", person, *words)[0] == 0
        assert call("certify", "--demo", tmp_path / person, "--home", home)[0] == 0
    seals = caller(monkeypatch, capfd, "seals")
    for person, role in (("王甲", "applicant"), ("李乙", "custodian"), ("李乙", "approver")):
        assert seals("actors", "appoint", "--certificate", tmp_path / person / "actor.cer", "--role", role, "--as",
                     home / "actors" / "administrator", "--home", home)[0] == 0
    rows = [row.split() for row in seals("actors", "list", "--home", home)[1].splitlines()]
    assert ["王甲", code] in [row[4:6] for row in rows]


def test_revoked_certificates_seal_nothing_any_more(call: Call, own_home: Home) -> None:
    folder = seal_folder(own_home.path)
    own_home.authority(*CITY).check_usable(at=datetime.now(UTC))
    code, out, err = call("revoke", "--demo", folder / "sealing.cer", folder / "pdf.cer", "--home", own_home.path,
                          "--reason", "superseded")
    assert (code, err) == (0, "") and out.count("revoked: ") == 2 and "trust/crls" in out
    with pytest.raises(EngineError) as refused:
        Home.open(own_home.path, environ={}).authority(*CITY).check_usable(at=datetime.now(UTC))
    assert refused.value.code.value == "seal.certificate-revoked" and "superseded" in refused.value.en


def test_what_was_signed_before_the_command_is_older_than_the_revocation(call: Call, own_home: Home) -> None:
    sealing = Certificate.load((seal_folder(own_home.path) / "sealing.cer").read_bytes())
    before = datetime.now(UTC)
    assert call("revoke", "--demo", seal_folder(own_home.path) / "sealing.cer", "--home", own_home.path)[0] == 0
    entries = [crl.revoked[sealing.serial] for crl in own_home.trust().crls if sealing.serial in crl.revoked]
    assert [entry.revoked_at > before for entry in entries] == [True]      # the list has no part of a second to tell
    assert all(crl.this_update <= datetime.now(UTC) for crl in own_home.trust().crls)


def test_a_mistake_revokes_and_certifies_nothing(call: Call, own_home: Home, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    store_config(real, Config(name="测试"))
    (tmp_path / "keys").mkdir()
    own = seal_folder(own_home.path) / "sealing.cer"
    lists = {path.name: path.read_bytes() for path in (own_home.path / "crls").iterdir()}
    assert call("request", "--org", CITY[1], "--uscc", CITY[0], "--out", tmp_path / "keys", "--home", own_home.path,
                "--role", "data")[0] == 0
    for words, code, message in (
            (("revoke", own, "--home", own_home.path), 2, "--demo"),
            (("certify", tmp_path / "keys", "--home", own_home.path), 2, "--demo"),
            (("revoke", "--demo", own, "--home", own_home.path, "--reason", "boredom"), 2, "boredom"),
            (("revoke", "--demo", own_home.path / "ca" / "sm2-root.cer", "--home", own_home.path), 2, "root"),
            (("revoke", "--demo", own, "--home", real), 3, "demo.not-a-demo-home"),
            (("certify", "--demo", tmp_path / "keys", "--home", real), 3, "demo.not-a-demo-home")):
        done, _, err = call(*words)
        assert done == code and message in err, words
    assert {path.name: path.read_bytes() for path in (own_home.path / "crls").iterdir()} == lists
    assert not list((tmp_path / "keys").glob("*.cer"))


def test_a_certificate_of_another_ca_is_not_revoked(call: Call, own_home: Home, tmp_path: Path) -> None:
    (tmp_path / "other.cer").write_bytes(root().leaf("别人", 7).certificate.der)
    code, _, err = call("revoke", "--demo", tmp_path / "other.cer", "--home", own_home.path)
    assert code == 3 and "demo." in err


def test_a_request_with_control_characters_in_its_name_steers_no_terminal(
    call: Call, own_home: Home, tmp_path: Path,
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    subject = (("C", "CN"), ("O", "测试市应急管理局"), ("CN", "\x1b[2J甲"))
    (keys / "odd.csr").write_bytes(build_request(sm2.PrivateKey.generate(), subject=subject).to_pem())
    code, out, _ = call("certify", "--demo", keys, "--home", own_home.path)
    assert code == 0 and "\\x1b[2J甲" in out and "\x1b" not in out
