"""``zhengyin seals publish`` and ``receive``: the list goes out, and newer ones go into a verifier's trust folder."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from certs.demo_pki import make_service
from certs.home import Home
from certs.keystore import store_key
from certs.status_list import SealState, SealStatus, make_status_list, read_status_list
from certs.trust import STATUS_LIST
from cli.seals_publish import app
from codes.errors import EngineError
from registry.publication import status_signer
from tests.registry.test_publication import fill_trust
from tests.support.demo_home import CHEAP
from tests.support.seal_office import PASSWORD, Office, cas, make_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a registry, one seal in use and a status key."""
    office = Office.found(make_home(tmp_path / "home"))
    office.in_use()
    office.registry.close()
    fill_trust(office.home)
    pair = make_service("status", issuer=cas()["sm2-issuing"], now=office.now)
    (office.home / "status").mkdir()
    (office.home / "status" / "status.cer").write_bytes(pair.certificate.der)
    store_key(office.home / "status" / "status.key", pair.key, PASSWORD, cost=CHEAP)
    monkeypatch.setenv("ZHENGYIN_HOME", str(office.home))
    monkeypatch.setenv("ZHENGYIN_PASSWORD", PASSWORD.value.decode())
    return office.home


def run(*words: object) -> Result:
    """Run the command; an error of ours is the result's exception."""
    return CliRunner().invoke(app, [str(word) for word in words])


def test_publish_writes_list_and_page_and_says_so(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "public"
    first = run("publish", "--out", out)
    assert first.exit_code == 0, first.exception
    assert "已公示第 1 号状态列表" in first.output and str(out / "index.html") in first.output
    assert sorted(path.name for path in out.iterdir()) == ["index.html", STATUS_LIST]
    told = json.loads(run("publish", "--json", "--valid-for", "7d").output)
    assert (told["sequence"], told["seals"], told["states"], told["out"]) == (2, 1, {"in-use": 1}, None)
    assert told["published"][:10] < told["until"][:10]


@pytest.mark.parametrize("span", ["", "0h", "7", "1w", "1.5h", "-1d", "7d7d", "٧d"])
def test_a_span_has_one_form(home: Path, span: str) -> None:
    assert run("publish", "--valid-for", span).exit_code == 2


def test_a_verifier_takes_newer_lists_only(home: Path, tmp_path: Path) -> None:
    out, trust = tmp_path / "public", tmp_path / "trust"
    run("publish", "--out", out)
    shutil.copytree(home / "trust", trust)
    (trust / STATUS_LIST).unlink()
    first = (out / STATUS_LIST).read_bytes()
    assert json.loads(run("receive", out / STATUS_LIST, "--trust", trust, "--json").output)["sequence"] == 1
    run("publish", "--out", out)
    assert "第 2 号" in run("receive", out / STATUS_LIST, "--trust", trust).output
    (tmp_path / "old.json").write_bytes(first)
    refused = run("receive", tmp_path / "old.json", "--trust", trust)
    assert isinstance(refused.exception, EngineError) and refused.exception.code.value == "seal-status.older"
    assert (trust / STATUS_LIST).read_bytes() == (out / STATUS_LIST).read_bytes()


def test_a_list_that_has_run_out_is_taken_in_on_demand(home: Path, tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    run("publish")
    shutil.copytree(home / "trust", trust)
    (trust / STATUS_LIST).unlink()
    signer = status_signer(Home.open(home))
    at = datetime.now(UTC) - timedelta(days=3)
    (tmp_path / "late.json").write_bytes(make_status_list(
        sequence=9, this_update=at, next_update=at + timedelta(days=1), seals={}, signer=signer).to_json())
    refused = run("receive", tmp_path / "late.json", "--trust", trust)
    assert isinstance(refused.exception, EngineError) and refused.exception.code.value == "seal-status.stale"
    assert "第 9 号" in run("receive", tmp_path / "late.json", "--trust", trust, "--stale").output


@pytest.mark.req("R-003-16", "R-003-17")
def test_what_was_published_as_lost_is_told(home: Path, tmp_path: Path) -> None:
    """A seal that the registry does not know stays lost; one that it has in use again stops the publication."""
    out, at = tmp_path / "public", datetime.now(UTC) - timedelta(hours=1)
    signer = status_signer(Home.open(home))
    assert run("publish", "--out", out).exit_code == 0
    listed = read_status_list((out / STATUS_LIST).read_bytes())
    (seal_id, used), = listed.seals.items()
    lost = SealStatus(state=SealState.LOST, since=at, digest=bytes(32))

    def put(seals: dict[str, SealStatus]) -> None:
        (out / STATUS_LIST).write_bytes(make_status_list(
            sequence=9, this_update=at, next_update=at + timedelta(days=1), seals=seals, signer=signer).to_json())

    put({"X-1": lost})
    told = run("publish", "--out", out).output
    assert "照先前公示保留的印章 / not in the registry, kept as published before: X-1" in told
    assert json.loads(run("publish", "--json").output)["unknown"] == ["X-1"]
    put({seal_id: dataclasses.replace(lost, digest=used.digest)})
    refused = run("publish", "--out", out)
    assert isinstance(refused.exception, EngineError) and refused.exception.code.value == "publication.taken-back"
    assert f"{seal_id} (lost)" in refused.exception.en


def test_without_a_status_key_nothing_is_published(home: Path, tmp_path: Path) -> None:
    (home / "status" / "status.cer").unlink()
    refused = run("publish", "--out", tmp_path / "public")
    assert isinstance(refused.exception, EngineError) and refused.exception.code.value == "publication.no-key"
    assert not (tmp_path / "public").exists()
