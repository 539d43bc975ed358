"""Making, repeating and interrupting a demo home; what an opened home gives and refuses."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from certs.audit import is_sound, read_entry
from certs.config import Password
from certs.crl import Crl
from certs.demo_pki import AUTHORITY_YEARS
from certs.home import Home
from certs.keystore import PrivateKey, load_key
from certs.seal import SealError
from certs.seal_folder import ROLES
from certs.x509 import Certificate
from codes.errors import EngineError
from registry import demo_office
from registry.database import Registry
from registry.demo import DEFAULT_AUTHORITIES, DemoAuthority, make_demo, revoke
from registry.tables import Approval, Audit, Seal
from tests.support.approvals import sealing
from tests.support.demo_home import CHEAP, CITY, KINDS, PROVINCE, imprint, make_home, seal_folder
from tests.support.limits import disk_of

NOW = datetime.now(UTC)
COUNTY = DemoAuthority(name="测试市测试县应急管理局", code="11140123MB9TEX019D")


RENEWED = {"registry.sqlite3", "trust/seal-status.json"}
LISTS = {f"{folder}{role}.crl" for folder in ("crls/", "trust/crls/")
         for role in ("sm2-root", "sm2-issuing", "p256-root", "p256-issuing")}


ONE = next(one for one in DEFAULT_AUTHORITIES if one.code == CITY[0])


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _make(path: Path, *authorities: DemoAuthority, **changes: Any) -> None:
    arguments: dict[str, Any] = {"now": NOW, "environ": {}, "draw": imprint, "kinds": KINDS, "cost": CHEAP}
    make_demo(path, authorities or DEFAULT_AUTHORITIES, **{**arguments, **changes})


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(EngineError) as refusal:
        act()
    return refusal.value.code.value


def test_organisations_keep_their_names_and_all_else_says_demo(demo_home: Home) -> None:
    for code, name in (CITY, PROVINCE):
        authority = demo_home.authority(code, name)
        for signer, kind in ((authority.sealing_signer, "sm2"), (authority.data_signer, "sm2"),
                             (authority.pdf_signer, "p256")):
            certificate = signer.certificate
            assert (certificate.subject_cn, certificate.subject_o, certificate.uscc) == (name, name, code)
            assert certificate.key_kind == kind
        assert authority.seal.name == name
        assert authority.seal.imprint == imprint(name, 42)
        assert len(authority.known.crls) == 4
        for above in (*authority.chain, *authority.pdf_chain):
            assert "演示" in (above.subject_cn or "")
        assert [len(authority.chain), len(authority.pdf_chain)] == [2, 2]
    maker = Certificate.load(demo_home.authority(*CITY).seal.seal.certificate)
    assert "演示" in (maker.subject_cn or "")


def test_a_home_is_private(demo_home: Home) -> None:
    secret = [path for path in demo_home.path.rglob("*") if path.suffix == ".key" or path.name == "password"]
    assert len(secret) == 5 + 2 + 4 + 4 + len(DEFAULT_AUTHORITIES) * (3 + 2) + 1
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}
    folders = [demo_home.path, *(demo_home.path / name for name in (
        "ca", "authorities", "approvals", "actors", "audit", "status", "responders", "pending"))]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    assert not list(demo_home.path.rglob("*.tmp-*"))


@pytest.mark.judge
def test_openssl_reads_every_key_and_builds_the_pdf_chain(
    demo_home: Home, openssl: str, tmp_path: Path,
) -> None:
    password = f"file:{demo_home.path / 'password'}"
    for key in sorted(demo_home.path.rglob("*.key")):
        done = subprocess.run(
            [openssl, "pkey", "-in", str(key), "-passin", password, "-noout", "-check"], capture_output=True,
            check=False)
        assert done.returncode == 0, (key, done.stderr)

    def pem(*names: str) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pem"
        kinds = {".crl": "crl", ".cer": "x509"}
        path.write_bytes(b"".join(subprocess.run(
            [openssl, kinds[Path(name).suffix], "-inform", "DER", "-in", str(demo_home.path / name)],
            capture_output=True, check=True).stdout for name in names))
        return str(path)

    done = subprocess.run(
        [openssl, "verify", "-crl_check_all", "-CAfile", pem("chain/p256-root.cer"),
         "-untrusted", pem("chain/p256-issuing.cer"),
         "-CRLfile", pem("crls/p256-root.crl", "crls/p256-issuing.crl"),
         pem(str(seal_folder(demo_home.path) / "pdf.cer"))], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_repeat_keeps_everything_and_renews_the_lists(own_home: Home) -> None:
    before = _files(own_home.path)
    make_home(own_home.path, now=NOW + timedelta(days=200))
    after = _files(own_home.path)
    changed = {name for name in after if before.get(name) != after[name]}
    assert before.keys() == after.keys()
    assert changed == LISTS | RENEWED
    for name in sorted(LISTS):
        old, new = Crl.load(before[name]), Crl.load(after[name])
        assert (new.number, old.number) == (2, 1)
        assert new.this_update > old.this_update
        assert new.next_update and new.next_update > NOW + timedelta(days=500)


def test_an_authority_is_added_and_the_others_stay(own_home: Home) -> None:
    before = _files(own_home.path)
    county = DemoAuthority(name=COUNTY.name, code=COUNTY.code, diameter_mm=45)
    _make(own_home.path, county)
    after = _files(own_home.path)
    assert {name for name, data in before.items() if after[name] != data} == LISTS | RENEWED | {"approvers.json"}
    authority = own_home.authority(COUNTY.code, COUNTY.name)
    assert (authority.seal.width_mm, authority.seal.height_mm) == (45, 45)
    assert len(own_home.trust().data_signing) == len(DEFAULT_AUTHORITIES) + 1
    approval = own_home.approval_for(sealing(own_home, (COUNTY.code, COUNTY.name)))
    assert approval.given.certificate.subject_cn != approval.confirmed.certificate.subject_cn
    assert own_home.authorities()[-1] == (COUNTY.code, COUNTY.name)


def test_new_kinds_get_an_approval_of_their_own(own_home: Home) -> None:
    before = _files(own_home.path / "approvals")
    _make(own_home.path, kinds=(*KINDS, "K99"))
    after = _files(own_home.path / "approvals")
    assert len(after) == 2 * len(before) and before.items() <= after.items()


def test_a_real_imprint_becomes_the_seal(tmp_path: Path) -> None:
    picture = imprint("真实印模", 50)
    _make(tmp_path / "h", DemoAuthority(name=COUNTY.name, code=COUNTY.code, imprint=picture, diameter_mm=50))
    home = Home.open(tmp_path / "h", environ={})
    assert home.authority(COUNTY.code, COUNTY.name).seal.imprint == picture


REFUSALS: list[tuple[str, str, DemoAuthority]] = [
    ("another name", "demo.other-name", DemoAuthority(name="测试市应急局", code=CITY[0])),
    ("another imprint", "demo.other-imprint",
     DemoAuthority(name=CITY[1], code=CITY[0], imprint=imprint("另一印模", 42))),
    ("a code that fails its check", "demo.bad-uscc", DemoAuthority(name="甲", code="11140100MB9TEX0181")),
    ("a path as code", "demo.bad-uscc", DemoAuthority(name="甲", code="../../../../../../etc")),
    ("no name", "demo.bad-name", DemoAuthority(name="", code=COUNTY.code)),
    ("a name with a blank", "demo.bad-name", DemoAuthority(name="测试 局", code=COUNTY.code)),
    ("a name with a control character", "demo.bad-name", DemoAuthority(name="测试\x00局", code=COUNTY.code)),
    ("a name with a bidi mark", "demo.bad-name", DemoAuthority(name="测试\u202e局", code=COUNTY.code)),
    ("a name of 65 characters", "demo.bad-name", DemoAuthority(name="局" * 65, code=COUNTY.code)),
    ("a name too long to draw", "imprint.name-length", DemoAuthority(name="局" * 41, code=COUNTY.code)),
    ("a character nobody draws", "imprint.character",
     DemoAuthority(name="测试\U00020004局", code=COUNTY.code)),
    ("an imprint that is no PNG", "imprint-file.not-png",
     DemoAuthority(name=COUNTY.name, code=COUNTY.code, imprint=b"GIF89a")),
    ("a diameter that no seal has", "imprint-file.diameter",
     DemoAuthority(name=COUNTY.name, code=COUNTY.code, imprint=imprint("甲", 42), diameter_mm=40)),
]


@pytest.mark.parametrize(("why", "code", "authority"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_refused_authority_changes_nothing(
    own_home: Home, why: str, code: str, authority: DemoAuthority,
) -> None:
    before = {name: data for name, data in _files(own_home.path).items() if not name.endswith(".crl")}
    assert _code(lambda: _make(own_home.path, authority)) == code, why
    assert {name: data for name, data in _files(own_home.path).items() if not name.endswith(".crl")} == before


@pytest.mark.parametrize(("days_left", "refusal"), [(20, None), (-20, "seal.expired")])
def test_a_home_made_years_ago_is_freshened_and_its_seals_end_when_they_must(
    tmp_path: Path, days_left: int, refusal: str | None,
) -> None:
    then = NOW.replace(day=min(NOW.day, 28), year=NOW.year - AUTHORITY_YEARS) + timedelta(days=days_left)
    for now in (then, datetime.now(UTC)):
        _make(tmp_path / "h", ONE, now=now)
    home = Home.open(tmp_path / "h", environ={})
    authority = home.authority(*CITY)
    assert len(home.approvals()) == 1 and authority.seal.created_at == then.replace(microsecond=0)
    if refusal is None:
        authority.check_usable(at=datetime.now(UTC))
        home.approval_for(sealing(home))
    else:
        assert _code(lambda: authority.check_usable(at=datetime.now(UTC))) == refusal


def test_a_home_of_an_earlier_version_is_left_alone(own_home: Home) -> None:
    folder = seal_folder(own_home.path)
    for path in folder.iterdir():
        path.rename(folder.parent / path.name)
    before = _files(own_home.path)
    assert _code(lambda: _make(own_home.path)) == "demo.older-home"
    assert _files(own_home.path) == before


def test_an_authority_given_twice_is_refused(tmp_path: Path) -> None:
    assert _code(lambda: _make(tmp_path / "h", COUNTY, COUNTY)) == "demo.authority-twice"
    assert not (tmp_path / "h").exists()


def test_what_is_not_a_demo_home_is_left_alone(own_home: Home, tmp_path: Path) -> None:
    config = own_home.path / "config.toml"
    text = config.read_text(encoding="utf-8").replace("demo = true", "demo = false")
    config.write_text(text, encoding="utf-8")
    before = _files(own_home.path)
    assert _code(lambda: _make(own_home.path)) == "demo.not-a-demo-home"
    assert _files(own_home.path) == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("x", encoding="utf-8")
    assert _code(lambda: _make(other)) == "demo.folder-in-use"
    assert _code(lambda: _make(other / "thesis.txt")) == "demo.folder-in-use"
    assert _files(other) == {"thesis.txt": b"x"}


def test_a_password_of_ones_own_is_used_and_never_written(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes("自己的口令\n".encode())
    environ = {"ZHENGYIN_PASSWORD_FILE": str(secret), "ZHENGYIN_PASSWORD": "not this one"}
    told: list[str] = []
    _make(tmp_path / "h", environ=environ, tell=lambda zh, en: told.append(zh + en))
    assert not (tmp_path / "h" / "password").exists()
    home = Home.open(tmp_path / "h", environ={"ZHENGYIN_PASSWORD": "自己的口令"})
    assert home.authority(*CITY).seal.name == CITY[1]
    assert all("自己的口令".encode() not in data for data in _files(tmp_path / "h").values())
    assert told and all("口令" not in line for line in told)
    before = _files(tmp_path / "h")
    assert _code(lambda: _make(tmp_path / "h")) == "home.no-password"
    wrong = {"ZHENGYIN_PASSWORD": "x"}
    assert _code(lambda: _make(tmp_path / "h", environ=wrong)) == "keystore.wrong-password"
    assert _files(tmp_path / "h") == before


@pytest.mark.parametrize(("content", "code"), [
    (b"", "home.bad-password"), (b"\n", "home.bad-password"), (b"a\nb\n", "home.bad-password"),
    (b"x" * 2000, "home.bad-password"), (b"x" * 70_000, "file.too-large"), (None, "file.missing"),
], ids=["empty", "a line break", "two lines", "long", "huge", "missing"])
def test_a_password_file_that_holds_no_password_is_refused(
    demo_home: Home, tmp_path: Path, content: bytes | None, code: str,
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    home = Home.open(demo_home.path, environ={"ZHENGYIN_PASSWORD_FILE": str(tmp_path / "secret")})
    assert _code(lambda: home.authority(*CITY)) == code


def test_opening_says_how_a_home_is_made(tmp_path: Path, demo_home: Home) -> None:
    assert Home.open(environ={"ZHENGYIN_HOME": str(demo_home.path)}).path == demo_home.path
    acts: list[tuple[Callable[[], object], str]] = [
        (lambda: Home.open(environ={}), "home.none"),
        (lambda: Home.open(tmp_path / "none", environ={}), "home.missing"),
        (lambda: Home.open(tmp_path, environ={}), "home.not-a-home")]
    for act, code in acts:
        with pytest.raises(EngineError) as refusal:
            act()
        assert refusal.value.code.value == code
        assert "zhengyin certs demo --home" in refusal.value.zh and "certs demo --home" in refusal.value.en


@pytest.mark.parametrize(("content", "zh", "en"), [
    ("name = x", "第 1 行第 8 列不是合格的 TOML", "no TOML: Invalid value"),
    ('name = "x"\n\ntsa_urls = [', "不是合格的 TOML", "no TOML"),
    ('name = "x"\nhosts = []', "没有 hosts 这一项", "unknown key hosts"),
    ("name = 1", "name 应为字符串", "name takes a text"), ("", "name 应为字符串", "name takes a text"),
    ('name = "x"\nregistry = []', "registry 应为字符串", "registry takes a text"),
    ('name = "x"\nlookup_hosts = "a"', "lookup_hosts 应为字符串的列表", "lookup_hosts takes a list of texts"),
    ('name = "x"\ntsa_urls = [1]', "tsa_urls 应为字符串的列表", "tsa_urls takes a list of texts"),
    ('name = "x"\ndemo = "yes"', "demo 应为 true 或 false", "demo takes true or false"),
    ("\ufeff\x00", "不是合格的 TOML", "no TOML"),
    ('name = "x"\n# \udcff', "第 2 行不是 UTF-8", "line 2 is not UTF-8"),
    (f"tsa_tolerance_s = {'1' * 5000}", "过长的数字", "too long"),
    ("tsa_urls = " + "[" * 5000, "嵌套过深", "nested too deep"),
    ('name = "x"\ntimestamps = "queue"', "timestamps 应为 none、refuse、queue 之一", "all but none with tsa_urls"),
    ('name = "x"\ntsa_urls = ["http://a/"]\ntimestamps = "never"', "timestamps 应为", "timestamps takes one of"),
    ('name = "x"\ntimestamps = ["none"]', "timestamps 应为", "timestamps takes one of"),
    ('name = "x"\ntsa_tolerance_s = 301', "应为 1 至 300 的整数（秒）", "from 1 to 300"),
    ('name = "x"\ntsa_tolerance_s = true', "应为 1 至 300 的整数（秒）", "from 1 to 300"),
    ('name = "x"\nrevocation = 1', "应为一个表", "revocation takes a table"),
    ('name = "x"\n[revocation]\nhosts = ["a b"]', "revocation.hosts 应为列表", "takes a list of hosts"),
    ('name = "x"\n[revocation]\nage = 1', "没有 revocation.age 这一项", "unknown key revocation.age"),
    ('name = "x"\n[revocation]\ntimeout_s = 0', "revocation.timeout_s 应为 1 至 120 的整数", "from 1 to 120"),
])
def test_a_faulty_configuration_is_refused_and_the_fault_said_in_both_languages(
    own_home: Home, content: str, zh: str, en: str,
) -> None:
    (own_home.path / "config.toml").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(EngineError) as refusal:
        Home.open(own_home.path, environ={})
    assert refusal.value.code.value == "home.config"
    assert zh in refusal.value.zh and en in refusal.value.en


def _in(folder: Path, name: str) -> Path:
    """A file of the city's seal, of its authority (``authority/…``), or of the home (``home/…``)."""
    first, _, rest = name.partition("/")
    if first == "home":
        return folder / rest
    return folder / "authorities" / CITY[0] / rest if first == "authority" else seal_folder(folder) / name


def _remove(name: str) -> Callable[[Path], object]:
    return lambda home: _in(home, name).unlink()


def _copy(name: str) -> Callable[[Path], object]:
    """Put the province's file in place of the city's."""
    return lambda home: _in(home, name).write_bytes((seal_folder(home, PROVINCE[0]) / name).read_bytes())


def _damage(name: str) -> Callable[[Path], object]:
    return lambda home: _in(home, name).write_bytes(_in(home, name).read_bytes()[:-5])


LOADING_FAULTS: list[tuple[str, str, Callable[[Path], object]]] = [
    ("no seal", "home.incomplete", _remove("seal.esl")),
    ("no folder of a seal", "home.no-seal", lambda home: shutil.rmtree(seal_folder(home))),
    ("no use", "home.incomplete", _remove("use.json")),
    ("a damaged use", "home.incomplete", _damage("use.json")),
    ("no key", "keystore.missing", _remove("sealing.key")),
    ("no certificate", "home.incomplete", _remove("data.cer")),
    ("no description", "home.incomplete", _remove("authority/authority.json")),
    ("a damaged seal", "home.incomplete", _damage("seal.esl")),
    ("another's seal", "home.incomplete", _copy("seal.esl")),
    ("a damaged certificate", "home.incomplete", _damage("pdf.cer")),
    ("a damaged key", "keystore.wrong-password", _damage("pdf.key")),
    ("a damaged certificate of a CA", "home.incomplete", _damage("home/chain/sm2-root.cer")),
    ("a damaged description", "home.incomplete", _damage("authority/authority.json")),
    ("another's description", "home.incomplete", lambda home: _in(home, "authority/authority.json").write_bytes(
        (home / "authorities" / PROVINCE[0] / "authority.json").read_bytes())),
    ("another's certificate", "signer.key-mismatch", _copy("sealing.cer")),
    ("another's key", "signer.key-mismatch", _copy("sealing.key")),
    ("no password", "home.no-password", _remove("home/password")),
    ("a password that others read", "home.permissions", lambda home: (home / "password").chmod(0o640)),
    ("a key that others read", "keystore.permissions", lambda home: _in(home, "data.key").chmod(0o644)),
    ("another password", "keystore.wrong-password", lambda home: (home / "password").write_bytes(b"x\n")),
]


@pytest.mark.parametrize(("why", "code", "fault"), LOADING_FAULTS, ids=[row[0] for row in LOADING_FAULTS])
def test_an_authority_with_a_fault_is_not_loaded(
    own_home: Home, why: str, code: str, fault: Callable[[Path], object],
) -> None:
    password = (own_home.path / "password").read_text(encoding="ascii").strip()
    fault(own_home.path)
    with pytest.raises(EngineError) as refusal:
        own_home.authority(*CITY)
    assert refusal.value.code.value == code, why
    assert password not in str(refusal.value) + repr(refusal.value.facts)


USING_FAULTS: list[tuple[str, str, Callable[[Path], object]]] = [
    ("no lists", "seal.certificate-status-unknown", lambda home: shutil.rmtree(home / "crls")),
    ("a damaged list", "seal.certificate-status-unknown", _damage("home/crls/sm2-root.crl")),
    ("no root", "seal.certificate-untrusted", _remove("home/chain/sm2-root.cer")),
    ("no issuing CA of the PDF", "seal.certificate-untrusted", _remove("home/chain/p256-issuing.cer")),
]


@pytest.mark.req("R-003-13")
@pytest.mark.parametrize(("why", "code", "fault"), USING_FAULTS, ids=[row[0] for row in USING_FAULTS])
def test_an_authority_with_a_fault_is_not_used(
    own_home: Home, why: str, code: str, fault: Callable[[Path], object],
) -> None:
    fault(own_home.path)
    assert _code(lambda: own_home.authority(*CITY).check_usable(at=datetime.now(UTC))) == code, why


@pytest.mark.req("R-003-13")
def test_an_authority_is_usable_in_its_certificates_time_alone(demo_home: Home) -> None:
    authority = demo_home.authority(*CITY)
    end = authority.sealing_signer.certificate.not_after
    authority.check_usable(at=datetime.now(UTC))
    assert _code(lambda: authority.check_usable(at=authority.seal.valid_start - timedelta(seconds=1))) \
        == "seal.not-yet-valid"
    assert _code(lambda: authority.check_usable(at=end + timedelta(seconds=1))) == "seal.expired"


def test_the_authority_asked_for_must_be_here_under_that_name(demo_home: Home) -> None:
    for code, name, error in (
            (COUNTY.code, COUNTY.name, "home.no-authority"), ("../ca", "x", "home.no-authority"),
            ("", "x", "home.no-authority"), (CITY[0], PROVINCE[1], "home.authority-name"),
            (CITY[0], CITY[1] + " ", "home.authority-name")):
        assert _code(lambda code=code, name=name: demo_home.authority(code, name)) == error  # type: ignore[misc]


@pytest.mark.parametrize("role", ROLES)
def test_a_revoked_certificate_stops_an_open_home_at_once_and_for_good(own_home: Home, role: str) -> None:
    own_home.authority(*CITY).check_usable(at=datetime.now(UTC))
    certificate = Certificate.load((seal_folder(own_home.path) / f"{role}.cer").read_bytes())
    revoke(own_home.path, certificate, now=datetime.now(UTC), environ={})
    for _ in range(2):
        with pytest.raises(SealError) as refusal:
            own_home.authority(*CITY).check_usable(at=datetime.now(UTC))
        assert refusal.value.code.value == "seal.certificate-revoked"
        own_home.authority(*PROVINCE).check_usable(at=datetime.now(UTC))
        make_home(own_home.path)
    assert any(certificate.serial in crl.revoked for crl in own_home.trust().crls)


def test_a_stranger_is_not_revoked(own_home: Home, tmp_path: Path) -> None:
    stranger = make_home(tmp_path / "other").authority(*CITY).sealing_signer.certificate
    assert _code(lambda: revoke(own_home.path, stranger, now=NOW, environ={})) == "demo.not-a-demo-home"


def test_keys_are_decrypted_once(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Path] = []

    def counted(path: Path, password: Password) -> PrivateKey:
        loads.append(path)
        return load_key(path, password)

    monkeypatch.setattr("certs.key_reference.load_key", counted)
    first = own_home.authority(*CITY)
    assert own_home.authority(*CITY) is first and len(loads) == 3


def _run_and_die(path: Path, kind: str, at: int) -> int:
    """Make a home in a child process that is killed at its flush, or after its act, number ``at``."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(function: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                nonlocal count
                count += 1
                result = function(*args, **options) if after else None
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return result if after else function(*args, **options)
            return call

        if kind == "flush":
            setattr(os, "fsync", dying(os.fsync, after=False))  # noqa: B010  (this process is a child that ends here)
        else:
            demo_office.perform = dying(demo_office.perform, after=True)
        try:
            _make(path, ONE)
        finally:
            os._exit(7 if count < at else 0)
    return os.waitpid(child, 0)[1]


def _require_complete(path: Path, seals: dict[str, bytes]) -> None:
    """The one authority can seal, with the seal it had, and the registry tells the same, once."""
    home = Home.open(path, environ={})
    authority = home.authority(*CITY)
    authority.check_usable(at=datetime.now(UTC))
    home.approval_for(sealing(home))
    assert seals.get(CITY[0], authority.seal.der) == authority.seal.der
    assert len(home.trust().data_signing) == 1 and len(home.trust().crls) == 4
    assert not [name for name in _files(path) if ".tmp-" in name or ".next-" in name or name.startswith("pending/")]
    with Registry.open(path) as registry, registry.reading() as session:
        assert [(seal.state, seal.seal_id) for seal in session.scalars(select(Seal))] == [
            ("in-use", authority.seal.seal_id)]
        assert len(session.scalars(select(Approval)).all()) == len(home.approvals()) == 1
        entries = [read_entry(registry.log, (row.number, row.at, row.event, row.facts, row.previous, row.digest))
                   for row in session.scalars(select(Audit).order_by(Audit.number))]
    assert all(is_sound(entry) for entry in entries)
    assert all(entry.previous == before.digest for before, entry in itertools.pairwise(entries))


@pytest.mark.parametrize(("kind", "first", "step"), [("flush", 1, 13), ("act", 8, 1)])
def test_a_run_killed_at_any_step_is_completed_by_the_next(
    tmp_path: Path, kind: str, first: int, step: int,
) -> None:
    imprint(CITY[1], 42)
    at, killed = first, 0
    while True:
        path = tmp_path / f"home{at}"
        if _run_and_die(path, kind, at) != signal.SIGKILL:
            break
        killed += 1
        seals = {seal.parts[-3]: seal.read_bytes() for seal in path.glob("authorities/*/[!.]*/seal.esl")}
        _make(path, ONE)
        _require_complete(path, seals)
        shutil.rmtree(path)
        at += step
    assert killed > 6


@pytest.mark.parametrize(("size", "codes"), [
    (10, {"file.no-space"}), (300, {"file.no-space"}), (450, {"file.no-space"}), (5000, {"registry.unavailable"}),
    (200_000, {"registry.unavailable", "registry.no-space"})])
def test_a_full_disk_is_a_clear_error_and_the_next_run_completes(tmp_path: Path, size: int, codes: set[str]) -> None:
    imprint(CITY[1], 42)
    path = tmp_path / "home"
    with disk_of(size):
        assert _code(lambda: _make(path, ONE)) in codes
    assert all(json.loads(file.read_bytes()) is not None for file in path.rglob("*.json"))
    _make(path, ONE)
    _require_complete(path, {})


def test_two_runs_at_once_make_one_home(tmp_path: Path) -> None:
    imprint(CITY[1], 42), imprint(PROVINCE[1], 42)
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                _make(tmp_path / "h")
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    home = Home.open(tmp_path / "h", environ={})
    home.authority(*CITY).check_usable(at=datetime.now(UTC))
    assert len(home.approvals()) == len(home.trust().data_signing) == len(DEFAULT_AUTHORITIES)
