"""The audit log: what one entry holds of all before it, and what the check of an export finds."""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from certs.audit import (
    MAX_FACTS,
    SQLITE_SCHEMA,
    AuditEntry,
    AuditError,
    Head,
    genesis,
    is_sound,
    next_entry,
    read_entry,
    read_line,
    write_facts,
    write_line,
)
from certs.audit_check import check_export
from certs.audit_report import TABLE, AuditReport, Verdict, Weight
from certs.canonical_json import encode
from certs.crl import Revocation
from certs.moments import write_moment
from certs.sm3 import sm3
from certs.trust import Trust
from tests.certs.answers import answer_der
from tests.certs.audit_export import ISSUED, REGISTRY, Export, audit_key, sample
from tests.certs.core_pki import AT, DAY, Entity, root

NOW = AT + DAY


def check(folder: Path, **arguments: object) -> AuditReport:
    """Check an export a day after it was made."""
    return check_export(folder, now=NOW, **arguments)  # type: ignore[arg-type]


def codes(report: AuditReport, *, notes: bool = False) -> set[str]:
    """The codes of what was found, notes left out by default."""
    return {finding.code for finding in report.findings if notes or finding.weight is not Weight.NOTE}


def lines_of(folder: Path, log: str) -> list[bytes]:
    """The lines of a log, with their breaks."""
    return (folder / f"{log}.jsonl").read_bytes().splitlines(keepends=True)


def put_lines(folder: Path, log: str, lines: list[bytes]) -> None:
    """Write a log anew."""
    (folder / f"{log}.jsonl").write_bytes(b"".join(lines))


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """An export that is whole."""
    export, signed = sample()
    return export.write(tmp_path / "export", up_to=signed)


def test_the_digest_of_an_entry_covers_everything_in_it() -> None:
    first = next_entry(None, log=REGISTRY, at=AT, event="act.apply", facts={"case": "S2026-000001"})
    assert (first.number, first.previous) == (1, sm3(REGISTRY.encode()))
    assert first.digest == sm3(encode({
        "at": write_moment(AT), "event": "act.apply", "facts": {"case": "S2026-000001"}, "log": REGISTRY, "number": 1,
        "previous": genesis(REGISTRY).hex()}))
    second = next_entry(Head(REGISTRY, 1, first.digest), log=REGISTRY, at=AT, event="act.make", facts={})
    assert (second.number, second.previous) == (2, first.digest)
    changes = {"log": ISSUED, "number": 3, "at": AT + timedelta(milliseconds=1), "event": "act.file",
               "facts": {"a": 1}, "previous": bytes(32)}
    assert is_sound(second)
    for name, value in changes.items():
        assert not is_sound(dataclasses.replace(second, **{name: value})), name  # type: ignore[arg-type]


@pytest.mark.parametrize(("log", "event", "facts"), [
    ("registry-0123", "act.apply", {}), ("registry-0123456789AB", "act.apply", {}), ("../registry", "act.apply", {}),
    (REGISTRY, "apply", {}), (REGISTRY, "Act.apply", {}), (REGISTRY, "act.apply\n", {}),
    (REGISTRY, "act.apply", {"x": 0.5}), (REGISTRY, "act.apply", {"x": "长" * MAX_FACTS}),
], ids=lambda one: str(one)[:30])
def test_what_is_no_entry_is_refused(log: str, event: str, facts: dict[str, object]) -> None:
    with pytest.raises(AuditError):
        next_entry(None, log=log, at=AT, event=event, facts=facts)  # type: ignore[arg-type]


def test_an_entry_is_the_same_after_a_line_and_after_a_row() -> None:
    entry = next_entry(None, log=ISSUED, at=AT, event="use.sealed", facts={"号": 1, "package": "00"})
    assert read_line(write_line(entry).rstrip(b"\n")) == entry
    row = (entry.number, write_moment(entry.at), entry.event, write_facts(entry.facts), entry.previous, entry.digest)
    assert read_entry(ISSUED, row) == entry


def _row(entry: AuditEntry) -> tuple[object, ...]:
    return (entry.number, write_moment(entry.at), entry.event, write_facts(entry.facts), entry.previous, entry.digest)


@pytest.mark.req("R-003-49")
@pytest.mark.parametrize("statement", [
    "DELETE FROM audit", "DELETE FROM audit WHERE number = 2",
    "UPDATE audit SET event = 'act.refused' WHERE number = 1",
    "UPDATE audit SET number = 7 WHERE number = 2",
    "INSERT OR REPLACE INTO audit SELECT number, at, 'act.other', facts, previous, digest FROM audit WHERE number = 2",
    "REPLACE INTO audit SELECT 1, at, event, facts, previous, digest FROM audit WHERE number = 2",
    "INSERT INTO audit SELECT 9, at, event, facts, digest, digest FROM audit WHERE number = 2",
    "INSERT INTO audit SELECT 3, at, event, facts, previous, digest FROM audit WHERE number = 2",
    "INSERT INTO audit SELECT 0, at, event, facts, previous, digest FROM audit WHERE number = 2",
])
def test_sqlite_takes_the_next_entry_and_nothing_else(statement: str) -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    for one in SQLITE_SCHEMA:
        database.execute(one)
    head = None
    for _ in range(2):
        entry = next_entry(head, log=ISSUED, at=AT, event="use.sealed", facts={})
        database.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", _row(entry))
        head = Head(ISSUED, entry.number, entry.digest)
    before = database.execute("SELECT * FROM audit ORDER BY number").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=r"audit log|nothing is deleted"):
        database.execute(statement)
    assert database.execute("SELECT * FROM audit ORDER BY number").fetchall() == before


def test_a_whole_export_is_found_whole(whole: Path) -> None:
    report = check(whole)
    assert report.verdict is Verdict.WHOLE
    assert codes(report, notes=True) == {"audit.own-anchors"}
    assert {one.log: (one.entries, one.signed_to) for one in report.logs} == {REGISTRY: (11, 11), ISSUED: (10, 10)}
    assert report.checkpoints == 2
    assert json.loads(json.dumps(report.to_json()))["verdict"] == "whole"


def _swap(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def _edit(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(b"S2026-000003", b"S2026-000009"), *lines[4:]]


def _edit_with_digest(lines: list[bytes]) -> list[bytes]:
    """Change an entry and give it the digest that fits its new content."""
    entry = read_line(lines[3].rstrip(b"\n"))
    head = Head(REGISTRY, entry.number - 1, entry.previous)
    changed = next_entry(head, log=REGISTRY, at=entry.at, event=entry.event, facts={"case": "S2026-000009"})
    return [*lines[:3], write_line(changed), *lines[4:]]


def _rewrite(lines: list[bytes]) -> list[bytes]:
    """Change an entry and chain everything after it anew: what somebody with the database can do."""
    made, head = [], None
    for number, line in enumerate(lines):
        entry = read_line(line.rstrip(b"\n"))
        facts = {"case": "S2026-000009"} if number == 3 else entry.facts
        entry = next_entry(head, log=REGISTRY, at=entry.at, event=entry.event, facts=facts)
        head = Head(REGISTRY, entry.number, entry.digest)
        made.append(write_line(entry))
    return made


def _foreign(lines: list[bytes]) -> list[bytes]:
    entry = next_entry(None, log=ISSUED, at=AT, event="use.sealed", facts={})
    return [*lines[:3], write_line(entry), *lines[3:]]


SPOILT: list[tuple[str, Callable[[list[bytes]], list[bytes]], set[str]]] = [
    # what was done to the registry's log, and exactly what is found
    ("first entry removed", lambda lines: lines[1:], {"audit.removed"}),
    ("entry removed", lambda lines: [*lines[:3], *lines[4:]], {"audit.removed"}),
    ("entries removed", lambda lines: [*lines[:2], *lines[6:]], {"audit.removed"}),
    ("last entry cut off", lambda lines: lines[:-1], {"audit.cut"}),
    ("everything cut off", lambda lines: lines[:0], {"audit.cut"}),
    ("entry changed", _edit, {"audit.changed"}),
    ("entry changed, its digest too", _edit_with_digest, {"audit.broken-link"}),
    ("everything after it chained anew", _rewrite, {"audit.contradicted"}),
    ("two entries swapped", _swap, {"audit.removed", "audit.out-of-order"}),
    ("entry repeated", lambda lines: [*lines[:4], lines[3], *lines[4:]], {"audit.out-of-order"}),
    ("entry of another log put in", _foreign, {"audit.other-log"}),
    ("blank line put in", lambda lines: [*lines[:3], b"\n", *lines[3:]], {"audit.bad-line"}),
    ("line break lost", lambda lines: [*lines[:-1], lines[-1].rstrip()], {"audit.bad-line", "audit.cut"}),
    ("line cut in the middle", lambda lines: [*lines[:3], lines[3][:40] + b"\n", *lines[4:]],
     {"audit.bad-line", "audit.removed"}),
    ("key more in a line", lambda lines: [*lines[:3], lines[3][:-2] + b',"x":1}\n', *lines[4:]],
     {"audit.bad-line", "audit.removed"}),
    ("blank in a line", lambda lines: [*lines[:3], b" " + lines[3], *lines[4:]],
     {"audit.bad-line", "audit.removed"}),
    ("CRLF", lambda lines: [*lines[:3], lines[3].replace(b"\n", b"\r\n"), *lines[4:]],
     {"audit.bad-line", "audit.removed"}),
]


@pytest.mark.req("R-003-48", "R-003-49")
@pytest.mark.parametrize(("what", "spoil", "found"), SPOILT, ids=[what for what, *_ in SPOILT])
def test_whatever_is_done_to_a_log_is_found(
    whole: Path, what: str, spoil: Callable[[list[bytes]], list[bytes]], found: set[str],
) -> None:
    put_lines(whole, REGISTRY, spoil(lines_of(whole, REGISTRY)))
    report = check(whole)
    assert report.verdict is Verdict.BROKEN
    # the removed line may be the one that names a checkpoint; nothing else is found beside what is listed
    assert codes(report) - {"audit.unsigned-tail"} == found


def test_every_single_byte_changed_is_found(whole: Path) -> None:
    lines = lines_of(whole, REGISTRY)
    line = lines[5]
    for place in range(len(line)):
        put_lines(whole, REGISTRY, [*lines[:5], line[:place] + bytes([line[place] ^ 1]) + line[place + 1:], *lines[6:]])
        assert check(whole).verdict is Verdict.BROKEN, line[max(0, place - 10):place + 10]


def _delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _replace_checkpoint(folder: Path) -> None:
    """Sign the second checkpoint anew, with the right key, over a rewritten log."""
    path = folder / "checkpoints" / "000001.json"
    path.write_bytes((folder / "checkpoints" / "000002.json").read_bytes())


def _corrupt_checkpoint(folder: Path) -> None:
    path = folder / "checkpoints" / "000002.json"
    content = json.loads(path.read_bytes())
    content["content"] = content["content"].replace('"number":10', '"number":9')
    path.write_text(json.dumps(content))


FOLDERS: list[tuple[str, Callable[[Path], object], Verdict, set[str]]] = [
    ("log gone", _delete(f"{ISSUED}.jsonl"), Verdict.BROKEN, {"audit.log-missing"}),
    ("log under another name", lambda f: (f / f"{ISSUED}.jsonl").rename(f / ISSUED), Verdict.BROKEN,
     {"audit.strange-file", "audit.log-missing"}),
    ("log under another log's name", lambda f: (f / f"{ISSUED}.jsonl").rename(f / "issued-000000000000.jsonl"),
     Verdict.BROKEN, {"audit.other-log", "audit.log-missing"}),
    ("last checkpoint gone", _delete("checkpoints/000002.json"), Verdict.UNKNOWN, {"audit.unsigned-tail"}),
    ("first checkpoint gone", _delete("checkpoints/000001.json"), Verdict.BROKEN, {"audit.checkpoint-missing"}),
    ("checkpoint replaced by another", _replace_checkpoint, Verdict.BROKEN, {"audit.checkpoint-missing"}),
    ("checkpoint changed", _corrupt_checkpoint, Verdict.BROKEN, {"audit.checkpoint-bad", "audit.unsigned-tail"}),
    ("checkpoint is no JSON", lambda f: (f / "checkpoints/000002.json").write_bytes(b"["), Verdict.BROKEN,
     {"audit.checkpoint-bad", "audit.unsigned-tail"}),
    ("checkpoint under another name", lambda f: (f / "checkpoints/000002.json").rename(f / "checkpoints/000009.json"),
     Verdict.BROKEN, {"audit.checkpoint-missing"}),
    ("strange file", lambda f: (f / "notes.txt").write_bytes(b""), Verdict.BROKEN, {"audit.strange-file"}),
    ("strange file among checkpoints", lambda f: (f / "checkpoints/x").write_bytes(b""), Verdict.BROKEN,
     {"audit.not-a-file"}),
    ("no revocation list", _delete("crls/root.crl"), Verdict.UNKNOWN,
     {"audit.checkpoint-untrusted", "audit.no-checkpoint", "audit.unsigned-tail"}),
    ("no root", _delete("chain/root.cer"), Verdict.UNKNOWN,
     {"audit.checkpoint-untrusted", "audit.no-checkpoint", "audit.unsigned-tail"}),
    ("chain is no certificate", lambda f: (f / "chain/x.cer").write_bytes(b"\x30\x00"), Verdict.BROKEN,
     {"audit.not-a-file"}),
]


@pytest.mark.parametrize(("what", "spoil", "verdict", "found"), FOLDERS, ids=[what for what, *_ in FOLDERS])
def test_whatever_is_done_to_the_folder_is_found(
    whole: Path, what: str, spoil: Callable[[Path], object], verdict: Verdict, found: set[str],
) -> None:
    spoil(whole)
    report = check(whole)
    assert (report.verdict, codes(report)) == (verdict, found)


def test_a_checkpoint_kept_elsewhere_shows_what_the_exports_own_cannot(tmp_path: Path) -> None:
    """Who holds the database and the audit key can make everything anew; a copy kept elsewhere tells."""
    export, _ = sample()
    kept = ("kept.json", export.checkpoints[0].to_json())
    forged = Export(ca=export.ca, signer=export.signer)
    for number in range(10):
        forged.add(REGISTRY, "act.apply", case=f"S2026-{number + 90:06d}")
        forged.add(ISSUED, "use.sealed", package=f"{number:064x}")
    forged.checkpoint()
    folder = forged.write(tmp_path / "forged", up_to={REGISTRY: 10})
    assert check(folder).verdict is Verdict.WHOLE
    report = check(folder, checkpoints=[kept])
    assert report.verdict is Verdict.BROKEN
    assert codes(report) == {"audit.checkpoint-missing", "audit.contradicted"}


def test_an_export_older_than_a_kept_checkpoint_may_be_just_that(tmp_path: Path) -> None:
    export, signed = sample()
    folder = export.write(tmp_path / "export", up_to=signed)
    sequence = len(export.checkpoints)
    export.add(ISSUED, "use.sealed", package="f" * 64)
    export.add("issued-000000000000", "use.sealed", package="e" * 64)
    newer = [(f"{name}.json", export.checkpoint().to_json()) for name in ("newer", "newest")]
    for kept in (newer, newer[:1], newer[1:]):
        report = check(folder, checkpoints=kept)
        assert (report.verdict, codes(report)) == (Verdict.UNKNOWN, {"audit.checkpoint-newer"})
        assert {one.log: one.signed_to for one in report.logs} == signed
    assert f"checkpoint {sequence + 2} and the export ends at {sequence}" in report.findings[0].en
    unsigned = export.write(tmp_path / "none", up_to=signed)             # the log names checkpoints that are gone
    for path in (unsigned / "checkpoints").iterdir():
        path.unlink()
    report = check(unsigned, checkpoints=newer)
    assert report.verdict is Verdict.BROKEN and "audit.checkpoint-missing" in codes(report)


def test_a_newer_checkpoint_that_does_not_follow_shows_a_change(tmp_path: Path) -> None:
    export, _ = sample()
    export.add(ISSUED, "use.sealed", package="f" * 64)
    newer = ("newer.json", export.checkpoint().to_json())
    forged, up_to = sample()
    forged.signer, forged.ca = export.signer, export.ca
    forged.checkpoints.pop()
    forged.logs[REGISTRY].pop()
    forged.add(REGISTRY, "act.apply", case="S2026-000099")
    forged.checkpoint()
    report = check(forged.write(tmp_path / "forged", up_to=up_to), checkpoints=[newer])
    assert report.verdict is Verdict.BROKEN
    assert "audit.checkpoint-missing" in codes(report)


def test_a_kept_checkpoint_that_fits_changes_nothing(tmp_path: Path) -> None:
    export, signed = sample()
    folder = export.write(tmp_path / "export", up_to=signed)
    for one in export.checkpoints:
        assert check(folder, checkpoints=[("kept", one.to_json())]).verdict is Verdict.WHOLE


def test_the_roots_of_a_trust_folder_count_when_one_is_given(tmp_path: Path) -> None:
    export, signed = sample()
    folder = export.write(tmp_path / "export", up_to=signed)
    right = Trust(name="x", lookup_hosts=(), roots=(export.ca.certificate,), data_signing={})
    wrong = dataclasses.replace(right, roots=(root(name="另一个根 CA").certificate,))
    assert check(folder, trust=right).verdict is Verdict.WHOLE
    assert codes(check(folder, trust=right), notes=True) == set()
    assert check(folder, trust=wrong).verdict is Verdict.UNKNOWN
    assert "audit.checkpoint-untrusted" in codes(check(folder, trust=wrong))


@pytest.mark.parametrize(("unit", "organisation"), [("电子印章", "测试市应急管理局"), ("审计", "另一单位")])
def test_another_certificate_of_the_same_ca_signs_no_checkpoint(tmp_path: Path, unit: str, organisation: str) -> None:
    export = Export()
    export.add(REGISTRY)
    export.checkpoint(signer=audit_key(export.ca, unit=unit, organisation=organisation))
    export.add(REGISTRY)
    signed = len(export.logs[REGISTRY])
    export.checkpoint()
    report = check(export.write(tmp_path / "export", up_to={REGISTRY: signed}))
    assert report.verdict is Verdict.UNKNOWN
    assert codes(report) == {"audit.checkpoint-signer"}


def test_a_revoked_audit_key_leaves_a_doubt(tmp_path: Path) -> None:
    export, signed = sample()
    export.crl = export.ca.crl({7: Revocation(revoked_at=AT, reason="keyCompromise")})
    report = check(export.write(tmp_path / "export", up_to=signed))
    assert report.verdict is Verdict.UNKNOWN
    assert "audit.checkpoint-untrusted" in codes(report)


def test_logs_without_checkpoint_leave_a_doubt(tmp_path: Path) -> None:
    export = Export()
    export.add(REGISTRY)
    report = check(export.write(tmp_path / "export"))
    assert (report.verdict, codes(report)) == (Verdict.UNKNOWN, {"audit.no-checkpoint", "audit.unsigned-tail"})


def test_a_folder_that_is_no_export_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "chain").mkdir()
    for name in ("photo.png", "registry.sqlite3", "config.toml"):
        (tmp_path / name).write_text("x")
    for folder in (tmp_path, tmp_path / "chain", tmp_path / "nothing"):
        with pytest.raises(AuditError, match="is no audit export") as refused:
            check(folder)
        assert refused.value.code == "audit.not-an-export"


def test_an_export_without_logs_is_not_whole(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    report = check(tmp_path)
    assert (report.verdict, codes(report)) == (Verdict.BROKEN, {"audit.empty", "audit.no-checkpoint"})


def _pipe(folder: Path) -> None:
    (folder / f"{ISSUED}.jsonl").unlink()
    os.mkfifo(folder / f"{ISSUED}.jsonl")


def _link(folder: Path) -> None:
    (folder / f"{ISSUED}.jsonl").rename(folder.parent / "elsewhere")
    (folder / f"{ISSUED}.jsonl").symlink_to(folder.parent / "elsewhere")


def _linked_folder(folder: Path) -> None:
    (folder / "checkpoints").rename(folder.parent / "elsewhere")
    (folder / "checkpoints").symlink_to(folder.parent / "elsewhere")


def _log_folder(folder: Path) -> None:
    (folder / f"{ISSUED}.jsonl").unlink()
    (folder / f"{ISSUED}.jsonl").mkdir()


def _append(data: bytes) -> Callable[[Path], None]:
    def append(folder: Path) -> None:
        with (folder / f"{ISSUED}.jsonl").open("ab") as file:
            file.write(data)
    return append


HOSTILE: list[tuple[str, Callable[[Path], object]]] = [
    ("pipe for a log", _pipe), ("link for a log", _link), ("link for a folder", _linked_folder),
    ("folder for a log", _log_folder),
    ("huge line", _append(b"x" * 9_000_000 + b"\n")), ("huge line without end", _append(b"x" * 9_000_000)),
    ("deep JSON", _append(b"[" * 60_000 + b"\n")), ("deep facts", _append(b'{"facts":' * 5000 + b"\n")),
    ("NUL bytes", _append(b"\0" * 5000 + b"\n")), ("many blank lines", _append(b"\n" * 20_000)),
    ("huge number", _append(b'{"number":' + b"9" * 50_000 + b"}\n")),
    ("control characters in a name", lambda f: (f / "\x1b[31mred\n").write_bytes(b"")),
    ("a name that is no text", lambda f: Path(os.fsdecode(os.fsencode(f) + b"/\xff\xfe")).write_bytes(b"")),
    ("huge checkpoint", lambda f: (f / "checkpoints/000003.json").write_bytes(b" " * 2_000_000)),
    ("deep checkpoint", lambda f: (f / "checkpoints/000003.json").write_bytes(b"[" * 100_000)),
    ("huge certificate", lambda f: (f / "chain/x.cer").write_bytes(b"\x30" * 200_000)),
    ("pipe for a certificate", lambda f: os.mkfifo(f / "chain/x.cer")),
    ("pipe for a list", lambda f: os.mkfifo(f / "crls/x.crl")),
    ("pipe for an answer", lambda f: ((f / "ocsp").mkdir(), os.mkfifo(f / "ocsp/x.ors"))),
]


@pytest.mark.parametrize(("what", "spoil"), HOSTILE, ids=[what for what, _ in HOSTILE])
def test_a_hostile_export_gives_findings_that_are_safe_to_print(
    whole: Path, what: str, spoil: Callable[[Path], object],
) -> None:
    spoil(whole)
    report = check(whole)
    assert report.verdict is Verdict.BROKEN
    assert all(text.isprintable() for one in report.findings for text in (one.zh, one.en))
    assert len(json.dumps(report.to_json()).encode()) < 100_000


def test_an_ocsp_answer_does_where_there_is_no_list(tmp_path: Path) -> None:
    export, up_to = sample()
    folder = export.write(tmp_path / "export", up_to=up_to)
    whole, signer = check(folder).verdict, export.signer
    (folder / "crls" / "root.crl").unlink()
    assert signer is not None
    assert check(folder).verdict is Verdict.UNKNOWN is not whole
    (folder / "ocsp").mkdir()
    (folder / "ocsp" / "signer.ors").write_bytes(answer_der(Entity(signer.certificate, export.ca.key), export.ca))
    assert check(folder).verdict is whole


def test_a_log_that_is_all_wrong_is_told_briefly(whole: Path) -> None:
    put_lines(whole, REGISTRY, [b"{}\n"] * 50_000)
    report = check(whole)
    assert report.more["audit.bad-line"] == 50_000 - 20
    assert len(report.findings) < 30


def test_an_earlier_time_than_before_is_noted(tmp_path: Path) -> None:
    export = Export()
    head = None
    for at in (AT, AT - timedelta(seconds=1)):
        entry = next_entry(head, log=REGISTRY, at=at, event="act.apply", facts={})
        head = Head(REGISTRY, entry.number, entry.digest)
        export.logs.setdefault(REGISTRY, []).append(entry)
    export.checkpoint()
    report = check(export.write(tmp_path / "export", up_to={REGISTRY: 2}))
    assert (report.verdict, codes(report, notes=True)) == (Verdict.WHOLE, {"audit.time", "audit.own-anchors"})


def test_the_check_takes_little_memory_whatever_the_length_of_a_log(tmp_path: Path) -> None:
    export = Export()
    export.add(ISSUED)
    export.checkpoint()
    folder = export.write(tmp_path / "export", up_to={REGISTRY: 0})
    put_lines(folder, REGISTRY, [])
    head, entries = export.head(ISSUED), 4_000
    with (folder / f"{ISSUED}.jsonl").open("ab") as file:
        for number in range(1, entries):
            entry = next_entry(head, log=ISSUED, at=AT, event="use.sealed", facts={
                "package": f"{number:064x}", "long": "x" * 1000})
            head = Head(ISSUED, entry.number, entry.digest)
            file.write(write_line(entry))
    size = (folder / f"{ISSUED}.jsonl").stat().st_size
    tracemalloc.start()
    report = check(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert {one.log: one.entries for one in report.logs} == {ISSUED: entries, REGISTRY: 0}
    assert codes(report) == {"audit.unsigned-tail"}
    assert peak < size / 2


def test_every_finding_has_its_sentences() -> None:
    assert all(zh and en and code.startswith("audit.") for code, (_, zh, en) in TABLE.items())
