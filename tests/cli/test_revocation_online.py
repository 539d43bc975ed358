"""``certs refresh`` and ``verify --online`` with the demonstration's services: what they learn, and what silence is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.config import read_password, store_config
from certs.crl import Crl
from certs.home import Home
from certs.home_time import timestamper_of
from certs.ocsp import OcspResponse
from certs.revocation_errors import RevocationCode, trouble
from certs.revocation_fetch import Trouble
from certs.seal import SealError
from certs.timestamp_token import digest
from certs.trial import Answer
from certs.x509 import Certificate
from cli.certs_refresh import trouble_lines
from registry.demo import DEFAULT_AUTHORITIES, make_demo
from registry.demo_files import DemoFiles
from tests.support.authority import Authority, Twist, serving
from tests.support.bounds import not_hanging
from tests.support.command import Call, caller
from tests.support.demo_home import CHEAP, CITY, KINDS, copied_home, imprint
from tests.support.ports import kept_port
from tests.verify.packages import entries, record

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A demo home whose certificates name its services on a port of this machine."""
    path = tmp_path_factory.mktemp("online") / "home"
    with kept_port() as port:
        make_demo(path, DEFAULT_AUTHORITIES, now=datetime.now(UTC), environ={}, draw=imprint, kinds=KINDS, cost=CHEAP,
                  services=f"http://127.0.0.1:{port}")
        yield path, port


@pytest.fixture
def home(made: tuple[Path, int], tmp_path: Path) -> Home:
    shutil.copytree(made[0], tmp_path / "home")
    return Home.open(tmp_path / "home", environ={})


@pytest.fixture
def services(home: Home, made: tuple[Path, int]) -> Iterator[Authority]:
    with not_hanging(), serving(home, clock=lambda: datetime.now(UTC), port=made[1]) as running:
        yield running


@pytest.fixture
def certs(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "certs")


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "verify")


@pytest.fixture
def licence(home: Home, tmp_path: Path) -> Path:
    """A licence of the home, and then a home and a trust folder without any list."""
    path = tmp_path / "licence.ofd"
    path.write_bytes(docgen.issue(record(), home=home).ofd)
    for folder in (home.path / "crls", home.trust_dir / "crls"):
        shutil.rmtree(folder)
    return path


def revoke(home: Home) -> None:
    """The CA revokes the sealing certificate; nobody has its new list yet."""
    files = DemoFiles(home=home.path, now=datetime.now(UTC), password=read_password(home.path, {}))
    certificate = Home.open(home.path, environ={}).authority(*CITY).sealing_signer.certificate
    files.revoke("sm2-issuing", certificate.serial, "keyCompromise")


def refused(path_part: str) -> Twist:
    """Answers under a path are not to be had."""
    def twisted(path: str, _: bytes, good: Answer) -> Answer:
        return replace(good, status=503, body=b"") if path.startswith(path_part) else good

    return twisted


def answered(verify: Call, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    code, out, _ = verify(*arguments, "--json")
    return code, json.loads(out)


def reasons(report: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in report["reasons"] if reason["code"].startswith(("trust.chain", "chain."))}


def test_asking_shows_what_a_trust_folder_without_lists_cannot(services: Authority, home: Home, licence: Path,
                                                               verify: Call) -> None:
    code, report = answered(verify, licence, "--home", home.path)
    assert (code, "online" in report) == (3, False)
    assert not services.asked
    code, report = answered(verify, licence, "--home", home.path, "--online")
    assert (code, report["online"]["troubles"], report["online"]["effect"]) == (0, [], "answered")
    assert report["online"]["certificates"] >= 5
    assert {path for path, _ in services.asked} == {"/ocsp/sm2", "/ocsp/p256"}
    code, out, _ = verify(licence, "--home", home.path, "--online")
    assert "联网查询撤销状态 asked online" in out


def test_a_revocation_is_learnt_at_once(services: Authority, home: Home, licence: Path, verify: Call) -> None:
    assert answered(verify, licence, "--home", home.path, "--online")[0] == 0
    revoke(home)
    code, report = answered(verify, licence, "--home", home.path, "--online")
    assert code == 3
    assert "REVOKED_NO_POE" in {one["sub_indication"] for one in report["signatures"]}
    assert services.asked


def test_where_nobody_answers_lists_are_fetched_and_silence_is_unknown(services: Authority, home: Home, licence: Path,
                                                                       verify: Call) -> None:
    services.twist = refused("/ocsp/")
    code, report = answered(verify, licence, "--home", home.path, "--online")
    assert (code, {one["code"] for one in report["online"]["troubles"]}) == (0, {"http.status"})
    services.twist = refused("/")
    for _ in range(2):
        code, report = answered(verify, licence, "--home", home.path, "--online")
        assert (code, report["online"]["effect"]) == (0, "from-cache")
        assert report["online"]["troubles"] and report["online"]["kept_from"] in report["online"]["zh"]
        assert "核验采用了查得的结果" not in report["online"]["zh"] and "nothing was learnt" in report["online"]["en"]
    shutil.rmtree(home.path / "revocation")
    code, report = answered(verify, licence, "--home", home.path, "--online")
    assert (code, report["verdict"], report["online"]["effect"]) == (3, "indeterminate", "unanswered")
    assert all(one["zh"] and one["en"] and one["url"].startswith("http://") for one in report["online"]["troubles"])
    code, out, _ = verify(licence, "--home", home.path, "--online")
    assert "✗ http://127.0.0.1" in out
    services.twist = None               # and back: the next question is answered
    assert answered(verify, licence, "--home", home.path, "--online")[0] == 0


def test_many_files_ask_once(services: Authority, home: Home, licence: Path, verify: Call, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(4):
        shutil.copy(licence, folder / f"{number}.ofd")
    code, out, _ = verify(folder, "--home", home.path, "--online", "--jobs", "2")
    assert (code, out.count("\n")) == (0, 4)
    asked = [path + body.hex() for path, body in services.asked]
    assert len(asked) == len(set(asked))
    alone = len(asked)
    services.asked.clear()
    verify(licence, "--home", home.path, "--online")
    assert len(services.asked) == alone
    services.twist = refused("/")
    shutil.rmtree(home.path / "revocation")
    code, _, err = verify(folder, "--home", home.path, "--online", "--jobs", "2")
    assert code == 3
    assert "✗ http://127.0.0.1" in err


def test_without_a_home_nothing_inside_is_asked(services: Authority, home: Home, licence: Path, verify: Call) -> None:
    """The demonstration's services are on this machine, and no settings allow asking there."""
    code, report = answered(verify, licence, "--trust", home.trust_dir, "--online")
    assert code == 3
    assert {one["code"] for one in report["online"]["troubles"]} == {"http.address"}
    assert not services.asked


def test_a_stranger_is_not_asked_for(services: Authority, licence: Path, verify: Call, tmp_path: Path) -> None:
    """The chains of the file lead to no root of that trust folder."""
    other = copied_home(tmp_path / "other")
    code, report = answered(verify, licence, "--home", other.path, "--online")
    online = report["online"]
    assert (code, online["certificates"], online["effect"], online["troubles"]) == (3, 0, "no-chain", [])
    _, out, _ = verify(licence, "--home", other.path, "--online")
    assert "未向任何机构查询" in out and "nobody was asked" in out
    folder = licence.parent / "folder"
    folder.mkdir()
    shutil.copy(licence, folder)
    _, _, err = verify(folder, "--home", other.path, "--online")
    assert "1 个文件 / files" in err and "nobody was asked" in err
    assert not services.asked


def test_the_page_asks_nobody(home: Home, verify: Call) -> None:
    code, _, err = verify("--serve", "--online", "--home", home.path)
    assert (code, "certs refresh" in err) == (2, True)


def test_refresh_brings_what_sealing_and_verifying_need(services: Authority, home: Home, licence: Path, certs: Call,
                                                        verify: Call) -> None:
    with pytest.raises(SealError, match="status-unknown"):
        docgen.issue(record(2), home=Home.open(home.path, environ={}))
    code, out, _ = certs("refresh", "--home", home.path)
    assert (code, "✗" in out, "有效 good" in out) == (0, False, True)
    assert {path for path, _ in services.asked} == {
        f"/crl/{role}.crl" for role in ("sm2-root", "sm2-issuing", "p256-root", "p256-issuing")}
    assert len(services.asked) == 4
    assert answered(verify, licence, "--home", home.path)[0] == 0
    docgen.issue(record(2), home=Home.open(home.path, environ={}))
    revoke(home)
    code, out, _ = certs("refresh", "--home", home.path)
    assert (code, out.count("已撤销 revoked")) == (1, 1)
    assert answered(verify, licence, "--home", home.path)[0] == 3
    with pytest.raises(SealError, match="revoked"):
        Home.open(home.path, environ={}).authority(*CITY).check_usable(at=datetime.now(UTC))


def test_refresh_says_what_is_unknown(services: Authority, home: Home, licence: Path, certs: Call) -> None:
    assert licence.is_file()
    services.twist = refused("/")
    code, out, _ = certs("refresh", "--home", home.path)
    assert (code, "未知 unknown" in out, "✗ " in out and "    http://127.0.0.1" in out) == (3, True, True)
    services.twist = None
    assert certs("refresh", "--home", home.path)[0] == 0


def test_the_timestamp_services_of_a_home_are_asked_about_too(services: Authority, home: Home, certs: Call) -> None:
    store_config(home.path, replace(home.config, tsa_urls=(services.tsa_url("sm2"), services.tsa_url("p256"))))
    assert "演示时间戳服务" not in certs("refresh", "--home", home.path)[1]
    stamper = timestamper_of(Home.open(home.path, environ={}))
    assert stamper
    for algorithm in ("sm3", "sha256"):
        stamper.token(digest(algorithm, b"x"), algorithm)
    code, out, _ = certs("refresh", "--home", home.path)
    assert (code, out.count("有效 good  演示时间戳服务")) == (0, 2)


def test_archives_are_verified_by_what_cas_say_now(services: Authority, home: Home, tmp_path: Path, certs: Call,
                                                   monkeypatch: pytest.MonkeyPatch,
                                                   capfd: pytest.CaptureFixture[str]) -> None:
    archive, kept = caller(monkeypatch, capfd, "archive"), tmp_path / "archive"
    store_config(home.path, replace(home.config, tsa_urls=(services.tsa_url("sm2"), services.tsa_url("p256"))))
    (tmp_path / "licence.ofd").write_bytes(docgen.issue(record(), home=Home.open(home.path, environ={})).ofd)
    assert archive("make", tmp_path / "licence.ofd", "--to", kept, "--home", home.path)[0] == 0
    shutil.rmtree(home.trust_dir / "crls")
    services.asked.clear()
    code, out, _ = archive("verify", kept, "--home", home.path)
    assert (code, services.asked, "archive verify --online" in out) == (3, [], True)
    code, report = answered(archive, "verify", kept, "--home", home.path, "--online")
    assert (code, report["verdict"], report["online"]["effect"]) == (0, "valid", "answered")
    assert report["online"]["certificates"] >= 7 and not report["online"]["troubles"]
    assert "联网查询撤销状态 asked online" in archive("verify", kept, "--home", home.path, "--online")[1]
    anchors = [each for one in archive("list", kept, "--anchors")[1].split() for each in ("--anchor", one)]
    code, report = answered(archive, "verify", kept, *anchors, "--home", home.path, "--online")
    assert (code, report["online"]["effect"]) == (0, "answered")
    code, report = answered(archive, "verify", kept, "--anchor", "0" * 64, "--home", home.path, "--online")
    assert (code, report["online"]["effect"]) == (3, "no-chain"), "what the package itself brings is nobody's anchor"
    files = DemoFiles(home=home.path, now=datetime.now(UTC), password=read_password(home.path, {}))
    stamping = Certificate.load(next((home.path / "responders").glob("tsa-sm2*.cer")).read_bytes())
    files.revoke("sm2-issuing", stamping.serial, "keyCompromise")
    assert answered(archive, "verify", kept, "--home", home.path, "--online")[0] == 3
    assert archive("verify", kept, "--home", home.path, "--online", "--at", "2036-01-31")[0] == 2


def test_what_cannot_be_kept_of_a_timestamp_service_costs_no_token(services: Authority, home: Home) -> None:
    store_config(home.path, replace(home.config, tsa_urls=(services.tsa_url("sm2"),)))
    (home.path / "revocation").write_bytes(b"no folder")
    stamper = timestamper_of(Home.open(home.path, environ={}))
    assert stamper and stamper.token(digest("sm3", b"x"), "sm3")


def test_answers_ride_in_packages_where_there_is_no_list(services: Authority, home: Home, licence: Path, certs: Call,
                                                         verify: Call, tmp_path: Path) -> None:
    assert licence.is_file()
    services.twist = refused("/crl/")
    code, _, _ = certs("refresh", "--home", home.path)
    assert code == 0
    package = docgen.issue(record(2), home=Home.open(home.path, environ={})).ofd
    carried = {name: data for name, data in entries(package).items() if name.endswith((".crl", ".ors"))}
    assert carried
    assert all(name.startswith("Doc_0/Attachs/ocsp_") for name in carried)
    authority = Home.open(home.path, environ={}).authority(*CITY)
    signer, ca = authority.sealing_signer.certificate, authority.chain[0]
    assert any(OcspResponse.load(data).on(signer, ca) for data in carried.values())
    path = tmp_path / "with-answers.ofd"
    path.write_bytes(package)
    assert answered(verify, path, "--home", home.path)[0] == 0
    for place in (home.path, home.trust_dir):
        shutil.rmtree(place / "ocsp")
    code, report = answered(verify, path, "--home", home.path)
    assert code == 3, "no time is proven, so what the file itself carries shows nothing"
    assert "data.attachment" not in {one["code"] for one in report["reasons"]}


def test_two_that_refresh_at_once_do_each_other_no_harm(services: Authority, home: Home, licence: Path) -> None:
    assert licence.is_file()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ZHENGYIN_HOME": str(home.path)}
    command = [sys.executable, "-c", "from cli.main import run; run()", "certs", "refresh"]
    running = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT)
               for _ in range(3)]
    ended = [process.communicate(timeout=300)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ended
    for place in (home.path, home.trust_dir):
        lists = [Crl.load(path.read_bytes()) for path in (place / "crls").iterdir() if not path.name.startswith(".")]
        assert len(lists) == 4
        assert all(datetime.now(UTC) - one.this_update < timedelta(hours=1) for one in lists)
    assert services.asked


def test_a_sentence_is_told_once_with_all_its_addresses_and_an_address_once() -> None:
    down, slow = (trouble(RevocationCode.NOWHERE), trouble(RevocationCode.NO_PATH))
    told = [Trouble(url=f"http://a.invalid/{name}.crl", error=down) for name in ("one", "two", "one")]
    assert trouble_lines([*told, Trouble(url="http://a.invalid/ocsp", error=slow)]) == [
        f"✗ {down.zh} / {down.en}", "    http://a.invalid/one.crl (2)", "    http://a.invalid/two.crl",
        f"✗ http://a.invalid/ocsp: {slow.zh} / {slow.en}"]
    assert trouble_lines([Trouble(url="", error=slow)] * 3) == [f"✗ {slow.zh} / {slow.en} (3)"]
