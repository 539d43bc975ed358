"""``zhengyin trust``: publish, receive, show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certs.home import Home
from tests.support.command import Call, caller
from tests.support.demo_home import CITY, own_home

__all__ = ["own_home"]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "trust")


def test_a_list_is_published_received_and_shown(
    call: Call, own_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:
    listed, folder, keys = tmp_path / "list.json", tmp_path / "trust", own_home.path / "trust-list"
    code, _, err = call("publish", "--to", listed, "--home", own_home.path)
    assert code == 3 and "trust-list.no-key" in err and not listed.exists()
    certs = caller(monkeypatch, capfd, "certs")
    assert certs("request", "--org", CITY[1], "--uscc", CITY[0], "--role", "trust-list", "--out", keys, "--home",
                 own_home.path)[0] == 0
    assert certs("certify", "--demo", keys, "--home", own_home.path)[0] == 0
    for number in (1, 2):
        code, out, err = call("publish", "--to", listed, "--home", own_home.path)
        assert (code, err) == (0, "") and f"第 {number} 号" in out and f"number {number}" in out
    code, _, err = call("receive", listed, "--into", folder)
    assert code == 3 and "trust-list.signer" in err and not (folder / "trust-list.json").exists()
    assert call("receive", listed, "--into", folder, "--signer", keys / "trust-list.cer")[0] == 0
    assert call("receive", listed, "--into", folder)[0] == 0
    code, out, _ = call("show", folder)
    assert code == 0 and "根证书 / roots: 2" in out and "演示" in out and "第 2 号" in out
    shown = json.loads(call("show", folder, "--json")[1])
    assert shown["list"]["sequence"] == 2 and len(shown["roots"]) == 2 and len(shown["seal_makers"]) == 1
    assert json.loads(call("show", own_home.trust_dir, "--json")[1])["list"] is None
    for span, told in (("1y", "90m、24h、7d"), ("93d", "最多 92 天")):
        code, _, err = call("publish", "--to", listed, "--valid-for", span, "--home", own_home.path)
        assert code == 2 and told in err and "--valid-for" in err
