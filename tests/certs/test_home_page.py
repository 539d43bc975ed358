"""docs/home.md: its program makes a home from certificates and keys that come from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.approval import parse_approval
from certs.home import Home
from tests.support.demo_home import CITY, seal_folder

PAGE = (Path(__file__).parent.parent.parent / "docs" / "home.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.S | re.M)
    assert found
    return found[1]


def test_the_program_makes_a_home_that_can_seal(
    own_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tmp_path / "from-the-ca"
    shutil.copytree(seal_folder(own_home.path), source)
    shutil.copytree(own_home.path / "chain", source / "chain")
    shutil.copytree(own_home.path / "crls", source / "crls")
    shutil.copy(own_home.path / "ca" / "seal-maker.key", source)
    for name in ("seal.esl", "use.json"):
        (source / name).unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHENGYIN_PASSWORD_FILE", str(own_home.path / "password"))
    exec(compile(_block("python"), "docs/home.md", "exec"), {})  # noqa: S102  (our own page)
    home = Home.open(tmp_path / "real-home")
    assert not home.config.demo
    authority = home.authority(*CITY)
    authority.check_usable(at=datetime.now(UTC))
    approval = parse_approval(_block("json").encode(), name="docs/home.md")
    assert approval.seal_id == authority.seal.seal_id
    assert json.loads(approval.to_json()) == json.loads(_block("json"))
