"""Checkpoints and exports of a home's logs: made in the middle of work, killed, spoilt, and checked by an outsider."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from certs import files
from certs.audit import read_heads
from certs.audit_check import check_export
from certs.audit_report import AuditReport, Verdict, Weight
from certs.files import FileCode, FileError
from certs.signer import LocalSigner
from certs.statement import SignedStatement
from registry import audit_export
from registry.audit_export import audit_signer, export_logs, make_checkpoint
from registry.audit_logs import ledger_log
from registry.database import FILE
from registry.errors import RegistryCode, RegistryError
from tests.registry.test_database import log_of
from tests.support.issued_log import add_uses, issued_log
from tests.support.limits import disk_of
from tests.support.registry_home import RegistryHome, make_registry_home

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def worked(registry_home: RegistryHome) -> RegistryHome:
    """A home with an audit key in which something was done and something issued."""
    registry_home.audit_key()
    registry_home.appointed("测试人甲", "approver", "custodian")
    add_uses(registry_home.path, 3, at=registry_home.clock.now)
    return registry_home


def export(home: RegistryHome, out: Path) -> AuditReport:
    """Sign a checkpoint, export, and check the export with nothing else."""
    export_logs(home.registry, out, checkpoint=make_checkpoint(home.registry, audit_signer(home.home())))
    return check(home, out)


def check(home: RegistryHome, out: Path, *kept: SignedStatement) -> AuditReport:
    """Check an export."""
    return check_export(out, now=home.clock.now, checkpoints=[("kept", one.to_json()) for one in kept])


def codes(report: AuditReport) -> set[str]:
    """What was found beside notes."""
    return {finding.code for finding in report.findings if finding.weight is not Weight.NOTE}


def code_of(call: Callable[[], object]) -> str:
    """The code of the refusal that the call raises."""
    with pytest.raises(RegistryError) as caught:
        call()
    return str(caught.value.code)


@pytest.mark.req("R-003-48", "R-003-54")
def test_an_outsider_finds_an_export_whole(worked: RegistryHome, tmp_path: Path) -> None:
    report = export(worked, tmp_path / "one")
    assert (report.verdict, codes(report)) == (Verdict.WHOLE, set())
    assert {one.log: (one.entries, one.signed_to) for one in report.logs} == {
        worked.registry.log: (4, 4), issued_log(worked.path): (3, 3)}
    worked.appointed("测试人乙", "approver")
    add_uses(worked.path, 2, at=worked.clock.now)
    report = export(worked, tmp_path / "two")
    assert (report.verdict, report.checkpoints) == (Verdict.WHOLE, 2)
    assert {one.log: one.entries for one in report.logs} == {worked.registry.log: 6, issued_log(worked.path): 5}
    assert log_of(worked.registry)[-1] == (7, "audit.checkpoint")
    folder = tmp_path / "two"
    assert sorted(path.name for path in folder.iterdir()) == sorted([
        f"{issued_log(worked.path)}.jsonl", f"{worked.registry.log}.jsonl", "chain", "checkpoints", "crls"])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.rglob("*") if path.is_file())


def test_an_export_without_a_fresh_checkpoint_says_what_is_not_signed(worked: RegistryHome, tmp_path: Path) -> None:
    export_logs(worked.registry, tmp_path / "none")
    report = check(worked, tmp_path / "none")
    assert (report.verdict, codes(report)) == (Verdict.UNKNOWN, {"audit.no-checkpoint", "audit.unsigned-tail"})
    make_checkpoint(worked.registry, audit_signer(worked.home()))
    export_logs(worked.registry, tmp_path / "some")
    report = check(worked, tmp_path / "some")
    assert (report.verdict, codes(report)) == (Verdict.UNKNOWN, {"audit.unsigned-tail"})


def test_a_home_that_has_issued_nothing_has_one_log(registry_home: RegistryHome, tmp_path: Path) -> None:
    registry_home.audit_key()
    report = export(registry_home, tmp_path / "one")
    assert (report.verdict, [one.log for one in report.logs]) == (Verdict.WHOLE, [registry_home.registry.log])


def _without_guard(home: RegistryHome, statement: str) -> None:
    """Change the audit log as somebody can who owns the database: triggers away, change, triggers back."""
    if home.url is not None:
        with home.registry.transaction() as t:
            t.session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            t.session.execute(text(statement))
            t.session.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
        return
    with sqlite3.connect(home.path / FILE) as database:
        triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)
        for _, sql in triggers:
            database.execute(sql)


CHANGES = [
    ("DELETE FROM audit WHERE number = 3", {"audit.removed"}),
    ("DELETE FROM audit WHERE number = 1", {"audit.removed"}),
    ("UPDATE audit SET event = 'act.nothing' WHERE number = 3", {"audit.changed"}),
    ("UPDATE audit SET at = '2020-01-01T00:00:00.000Z' WHERE number = 3", {"audit.changed"}),
    ("UPDATE audit SET facts = '{}' WHERE number = 3", {"audit.changed"}),
    ("UPDATE audit SET facts = 'no JSON' WHERE number = 3", {"audit.bad-line", "audit.removed"}),
    ("UPDATE audit SET at = 'yesterday' WHERE number = 3", {"audit.bad-line", "audit.removed"}),
    ("UPDATE audit SET digest = previous WHERE number = 3", {"audit.changed", "audit.broken-link"}),
    ("UPDATE audit SET number = 30 WHERE number = 3", {"audit.removed", "audit.changed"}),
]


@pytest.mark.req("R-003-49")
@pytest.mark.parametrize(("statement", "found"), CHANGES, ids=[statement[:40] for statement, _ in CHANGES])
def test_who_gets_past_the_database_is_found_out(
    worked: RegistryHome, tmp_path: Path, statement: str, found: set[str],
) -> None:
    kept = make_checkpoint(worked.registry, audit_signer(worked.home()))
    worked.appointed("测试人乙", "approver")
    _without_guard(worked, statement)
    export_logs(worked.registry, tmp_path / "out")
    report = check(worked, tmp_path / "out", kept)
    assert report.verdict is Verdict.BROKEN
    assert codes(report) - {"audit.unsigned-tail"} == found


def test_a_log_that_was_cut_is_signed_no_more(worked: RegistryHome) -> None:
    """The next checkpoint is refused, so that the loss shows at home before an outsider finds it."""
    own = audit_signer(worked.home())
    make_checkpoint(worked.registry, own)
    _without_guard(worked, "DELETE FROM audit WHERE number > 3")
    assert code_of(lambda: make_checkpoint(worked.registry, own)) == RegistryCode.LOG_BROKEN


def test_a_ledger_that_was_replaced_is_signed_no_more(worked: RegistryHome) -> None:
    own = audit_signer(worked.home())
    make_checkpoint(worked.registry, own)
    shutil.rmtree(worked.path / "issued")
    assert code_of(lambda: make_checkpoint(worked.registry, own)) == RegistryCode.LOG_BROKEN
    add_uses(worked.path, 2, at=worked.clock.now)
    assert code_of(lambda: make_checkpoint(worked.registry, own)) == RegistryCode.LOG_BROKEN


@pytest.mark.parametrize("lost", ["000001.json", "000002.json"])
def test_checkpoints_that_are_gone_are_missed(worked: RegistryHome, tmp_path: Path, lost: str) -> None:
    own = audit_signer(worked.home())
    for _ in range(2):
        make_checkpoint(worked.registry, own)
    (worked.path / "audit" / "checkpoints" / lost).unlink()
    if lost == "000002.json":
        assert code_of(lambda: make_checkpoint(worked.registry, own)) == RegistryCode.LOG_BROKEN
        export_logs(worked.registry, tmp_path / "out")
    else:
        export_logs(worked.registry, tmp_path / "out", checkpoint=make_checkpoint(worked.registry, own))
    report = check(worked, tmp_path / "out")
    assert report.verdict is Verdict.BROKEN
    assert "audit.checkpoint-missing" in codes(report)


def test_an_export_is_made_while_others_write(worked: RegistryHome, tmp_path: Path) -> None:
    def write() -> None:
        for number in range(30):
            with worked.registry.transaction() as t:
                t.log("test.added", number=number)

    children = [FORK.Process(target=write) for _ in range(2)]
    for child in children:
        child.start()
    for number in range(3):
        report = export(worked, tmp_path / str(number))
        assert (report.verdict, codes(report)) == (Verdict.WHOLE, set())
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert export(worked, tmp_path / "last").verdict is Verdict.WHOLE


def test_checkpoints_made_at_once_follow_each_other(worked: RegistryHome, tmp_path: Path) -> None:
    own = audit_signer(worked.home())
    children = [FORK.Process(target=make_checkpoint, args=(worked.registry, own)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    report = export(worked, tmp_path / "out")
    assert (report.verdict, report.checkpoints) == (Verdict.WHOLE, 5)


STEPS: list[tuple[Any, str]] = [
    (audit_export, "ledger_log"), (audit_export, "_settle"), (audit_export, "_require_continued"),
    (audit_export, "sign_statement"), (audit_export, "write_atomic"), (files, "_sync_folder"), (audit_export, "_log"),
]


def _checkpoint_until(home: RegistryHome, own: LocalSigner, module: Any, step: str, after: bool) -> None:
    real = getattr(module, step)

    def killed(*arguments: Any, **options: Any) -> Any:
        result = real(*arguments, **options) if after else None
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, step, killed)
    make_checkpoint(home.registry, own)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_kill_at_any_step_of_a_checkpoint_is_made_good_by_the_next(
    worked: RegistryHome, tmp_path: Path, module: Any, step: str, after: bool,
) -> None:
    own = audit_signer(worked.home())
    make_checkpoint(worked.registry, own)
    child = FORK.Process(target=_checkpoint_until, args=(worked, own, module, step, after))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    logged = [event for _, event in log_of(worked.registry)].count("audit.checkpoint")
    there = len(list((worked.path / "audit" / "checkpoints").glob("*.json")))
    assert (logged, there) in ((1, 1), (1, 2))
    assert export(worked, tmp_path / "out").verdict is Verdict.WHOLE
    logged = [event for _, event in log_of(worked.registry)].count("audit.checkpoint")
    assert logged == there + 1


def _export_until(home: RegistryHome, out: Path, step: str) -> None:
    real = getattr(audit_export, step)

    def killed(*arguments: Any, **options: Any) -> Any:
        real(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(audit_export, step, killed)
    export_logs(home.registry, out)


@pytest.mark.parametrize("step", ["_write_log", "_copy"])
def test_a_killed_export_leaves_no_folder_that_looks_like_one(
    worked: RegistryHome, tmp_path: Path, step: str,
) -> None:
    child = FORK.Process(target=_export_until, args=(worked, tmp_path / "out", step))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert export(worked, tmp_path / "out").verdict is Verdict.WHOLE


def test_a_full_disk_stops_checkpoint_and_export_and_leaves_nothing(worked: RegistryHome, tmp_path: Path) -> None:
    own = audit_signer(worked.home())
    before = log_of(worked.registry)
    with disk_of(0), pytest.raises((FileError, RegistryError)) as caught:
        make_checkpoint(worked.registry, own)
    assert caught.value.code in (FileCode.NO_SPACE, RegistryCode.NO_SPACE, RegistryCode.UNAVAILABLE)
    assert log_of(worked.registry) == before
    assert not list((worked.path / "audit" / "checkpoints").iterdir())
    with disk_of(1000), pytest.raises(FileError) as refusal:
        export_logs(worked.registry, tmp_path / "out")
    assert refusal.value.code is FileCode.NO_SPACE
    assert not [path for path in tmp_path.iterdir() if path.name != "home"]
    assert export(worked, tmp_path / "out").verdict is Verdict.WHOLE


def test_an_export_replaces_nothing(worked: RegistryHome, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export_logs(worked.registry, tmp_path / "out")                   # an empty folder is as good as none
    (tmp_path / "link").symlink_to("nowhere")
    for taken in ("out", "link"):
        before = sorted((tmp_path / "out").rglob("*"))
        assert code_of(lambda taken=taken: export_logs(worked.registry, tmp_path / taken)) == "registry.export-exists"
        assert sorted((tmp_path / "out").rglob("*")) == before and not (tmp_path / "nowhere").exists()


def test_no_checkpoint_without_an_audit_key(registry_home: RegistryHome) -> None:
    assert code_of(lambda: audit_signer(registry_home.home())) == RegistryCode.AUDIT_KEY
    registry_home.audit_key()
    (registry_home.path / "audit" / "audit.cer").write_bytes(registry_home.administrator.certificate.der)
    assert code_of(lambda: audit_signer(registry_home.home())) == RegistryCode.AUDIT_KEY


def test_a_checkpoint_says_where_every_log_stands(worked: RegistryHome) -> None:
    entries = len(log_of(worked.registry))
    first = make_checkpoint(worked.registry, audit_signer(worked.home()))
    sequence, previous, heads = read_heads(first.body)
    assert (sequence, previous) == (1, None)
    assert {name: head.number for name, head in heads.items()} == {
        worked.registry.log: entries, issued_log(worked.path): 3}
    second = make_checkpoint(worked.registry, audit_signer(worked.home()))
    assert read_heads(second.body)[:2] == (2, first.digest)


def test_the_ledger_is_only_read(sqlite_home: RegistryHome) -> None:
    add_uses(sqlite_home.path, 3, at=sqlite_home.clock.now)
    path = sqlite_home.path / "issued" / "ledger.sqlite3"
    before = path.read_bytes()
    with ledger_log(sqlite_home.path / "issued") as log:
        assert log is not None and log.name == issued_log(sqlite_home.path)
        assert [getattr(entry, "number", None) for entry in log.entries(after=1)] == [2, 3]
    assert path.read_bytes() == before
    path.write_bytes(b"x" * 5000)
    with pytest.raises(RegistryError) as caught, ledger_log(sqlite_home.path / "issued"):
        pass
    assert caught.value.code is RegistryCode.DAMAGED


@pytest.mark.parametrize("name", ["", "registry", "issued-1", "../issued-ba9876543210", None])
def test_a_ledger_without_a_proper_name_has_no_log(tmp_path: Path, name: str | None) -> None:
    home = make_registry_home(tmp_path / "home")
    add_uses(home.path, 1, at=home.clock.now)
    with sqlite3.connect(home.path / "issued" / "ledger.sqlite3") as database:
        database.execute("DELETE FROM meta")
        if name is not None:
            database.execute("INSERT INTO meta VALUES ('log', ?)", (name,))
    with pytest.raises(RegistryError) as caught, ledger_log(home.path / "issued"):
        pass
    assert caught.value.code is RegistryCode.DAMAGED
    home.registry.close()


def test_the_key_of_a_stranger_signs_nothing_that_counts(worked: RegistryHome, tmp_path: Path) -> None:
    other = make_registry_home(tmp_path / "other")
    stranger = other.audit_key()
    export_logs(worked.registry, tmp_path / "out", checkpoint=make_checkpoint(worked.registry, stranger))
    report = check(worked, tmp_path / "out")
    assert report.verdict is Verdict.UNKNOWN
    assert "audit.checkpoint-untrusted" in codes(report)
    other.registry.close()
