"""docs/home.md: its programs make a home from certificates and keys that come from elsewhere, and an approval in it."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certs.home import Home
from tests.support.approvals import APPROVERS, sealing
from tests.support.demo_home import CITY, seal_folder

PAGE = (Path(__file__).parent.parent.parent / "docs" / "home.md").read_text(encoding="utf-8")


def test_the_programs_make_a_home_that_can_seal(
    own_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tmp_path / "from-the-ca"
    shutil.copytree(seal_folder(own_home.path), source)
    shutil.copytree(own_home.path / "chain", source / "chain")
    shutil.copytree(own_home.path / "crls", source / "crls")
    shutil.copy(own_home.path / "ca" / "seal-maker.key", source)
    for name, role in zip(("first", "second"), APPROVERS, strict=True):
        shutil.copytree(own_home.path / "actors" / f"{CITY[0]}-{role}", source / name)
    for name in ("seal.esl", "use.json"):
        (source / name).unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHENGYIN_PASSWORD_FILE", str(own_home.path / "password"))
    names: dict[str, Any] = {}
    programs = re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M)
    assert len(programs) == 2
    for program in programs:
        exec(compile(program, "docs/home.md", "exec"), names)  # noqa: S102  (our own page)
    home = Home.open(tmp_path / "real-home")
    assert not home.config.demo
    home.authority(*CITY).check_usable(at=datetime.now(UTC))
    approvers = json.loads((own_home.path / "approvers.json").read_bytes())
    (home.path / "approvers.json").write_text(json.dumps(approvers), encoding="utf-8")
    assert home.approval_for(sealing(home)).id == "2026-001"
