"""``zhengyin audit`` as an auditor and an outsider meet it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command import Call, caller
from tests.support.issued_log import add_uses
from tests.support.registry_home import RegistryHome, make_registry_home


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run the command; give exit code, stdout and stderr."""
    return caller(monkeypatch, capfd, "audit")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RegistryHome]:
    """A home with something in both logs and a clock like the machine's."""
    made = make_registry_home(tmp_path / "home", now=datetime.now(UTC))
    made.audit_key()
    made.appointed("测试人甲", "approver")
    add_uses(made.path, 2, at=made.clock.now)
    yield made
    made.registry.close()


def test_an_export_is_checked_with_nothing_but_itself(call: Call, home: RegistryHome, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    code, printed, err = call("export", "--home", home.path, "--out", out)
    assert (code, err) == (0, "") and f"zhengyin audit verify {out}" in printed
    for path in home.path.iterdir():                            # the home is gone; the outsider never had it
        path.rename(tmp_path / f"away-{path.name}")
    code, printed, err = call("verify", out)
    assert (code, err) == (0, "")
    assert printed.startswith("完整") and "whole" in printed and "SM3" in printed
    code, printed, _ = call("verify", out, "--json")
    report = json.loads(printed)
    assert (code, report["verdict"], sorted(one["entries"] for one in report["logs"])) == (0, "whole", [2, 3])


def test_a_spoilt_export_is_named_with_its_place(call: Call, home: RegistryHome, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    call("export", "--home", home.path, "--out", out)
    log = out / f"{home.registry.log}.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[1:]))
    code, printed, _ = call("verify", out)
    assert code == 1
    assert "已被改动" in printed and f"{home.registry.log}: 第 1 至 1 条缺失 / entries 1 to 1 are missing" in printed


def test_a_doubt_has_a_code_of_its_own(call: Call, home: RegistryHome, tmp_path: Path) -> None:
    code, _, _ = call("export", "--home", home.path, "--out", tmp_path / "audit", "--no-checkpoint")
    assert code == 0
    code, printed, _ = call("verify", tmp_path / "audit")
    assert code == 3 and "无法确定" in printed and "audit.no-checkpoint" in printed


def test_a_checkpoint_given_away_is_held_against_later_exports(
    call: Call, home: RegistryHome, tmp_path: Path,
) -> None:
    kept = tmp_path / "kept.json"
    code, printed, _ = call("checkpoint", "--home", home.path, "--out", kept)
    assert code == 0 and "检查点 1" in printed
    call("export", "--home", home.path, "--out", tmp_path / "audit")
    assert call("verify", tmp_path / "audit", "--checkpoint", kept)[0] == 0
    content = json.loads(kept.read_text())
    kept.write_text(json.dumps(content | {"content": content["content"].replace('"sequence":1', '"sequence":2')}))
    code, printed, _ = call("verify", tmp_path / "audit", "--checkpoint", kept)
    assert code == 1 and "audit.checkpoint-bad" in printed


def test_roots_may_come_from_a_trust_folder(call: Call, home: RegistryHome, tmp_path: Path) -> None:
    call("export", "--home", home.path, "--out", tmp_path / "audit")
    trust = tmp_path / "trust"
    (trust / "roots").mkdir(parents=True)
    (trust / "trust.json").write_text(json.dumps({"name": "x", "lookup_hosts": []}))
    for role, code in (("sm2-root", 0), ("p256-root", 3)):
        (trust / "roots" / "root.cer").write_bytes(home.cas[role].certificate.der)
        assert call("verify", tmp_path / "audit", "--trust", trust)[0] == code
    assert call("verify", tmp_path / "audit", "--trust", tmp_path / "audit")[0] == 3


def test_entries_are_shown_by_event_and_case(call: Call, home: RegistryHome) -> None:
    code, printed, _ = call("show", "--home", home.path)
    assert (code, len(printed.splitlines())) == (0, 5 + 2)                # and the headings of two logs
    assert printed.count("时间 time") == 2 and printed.count(" +08:00  ") == 5
    code, printed, _ = call("show", "--home", home.path, "--last", "1")
    assert [line.split()[4] for line in printed.splitlines()[1::2]] == ["act.actor-appoint", "use.sealed"]
    code, printed, _ = call("show", "--home", home.path, "--event", "use.", "--json")
    assert [json.loads(line)["event"] for line in printed.splitlines()] == ["use.sealed"] * 2
    person = json.loads(call("show", "--home", home.path, "--event", "act.", "--json")[1])["facts"]["case"]
    printed = call("show", "--home", home.path, "--case", person)[1]
    assert len(printed.splitlines()) == 3 and printed.endswith("没有这样的条目 / there is no such entry\n")


def test_what_cannot_be_done_is_said_in_one_line(call: Call, home: RegistryHome, tmp_path: Path) -> None:
    (home.path / "audit" / "audit.cer").unlink()
    for arguments, code in (
            (("export", "--home", home.path, "--out", tmp_path / "x"), "registry.audit-key"),
            (("export", "--home", home.path, "--out", home.path, "--no-checkpoint"), "registry.export-exists"),
            (("verify", home.path), "audit.not-an-export"), (("verify", home.path, "--json"), "audit.not-an-export"),
            (("show", "--home", tmp_path), "home.not-a-home"),
            (("checkpoint",), "home.none")):
        result, printed, err = call(*arguments)
        assert (result, printed) == (3, "")
        assert err.startswith(f"{code}: ") and " / " in err and len(err.splitlines()) == 1
    assert call("verify", tmp_path / "nothing")[0] == 2
    assert call("show", "--home", home.path, "--last", "0")[0] == 2


def test_an_outsiders_check_loads_no_database(tmp_path: Path) -> None:
    program = ("import sys; import cli.audit; "
               "print([name for name in sys.modules if name.split('.')[0] in ('sqlalchemy', 'alembic', 'registry')])")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_checkpoint_is_signed_for_an_export_that_cannot_be_written(
    call: Call, home: RegistryHome, tmp_path: Path,
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    for out, code in (("mine", "registry.export-exists"), ("mine/file", "registry.export-exists"),
                      ("none/deeper", "file.missing")):
        result, _, err = call("export", "--home", home.path, "--out", tmp_path / out)
        assert (result, err.split(":")[0]) == (3, code)
    assert not list((home.path / "audit").glob("checkpoints/*"))


def test_a_checkpoint_newer_than_the_export_leaves_a_doubt(call: Call, home: RegistryHome, tmp_path: Path) -> None:
    call("export", "--home", home.path, "--out", tmp_path / "audit")
    call("checkpoint", "--home", home.path, "--out", tmp_path / "newer.json")
    code, printed, _ = call("verify", tmp_path / "audit", "--checkpoint", tmp_path / "newer.json")
    assert code == 3 and printed.startswith("无法确定") and "audit.checkpoint-newer" in printed
