"""The one call: what it gives, what it refuses, and that nothing is ever half issued."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import multiprocessing
import os
import pathlib
import resource
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.approval import Terms
from certs.home import Home, HomeError
from certs.seal import SealError
from certs.seal_folder import UseState, set_use
from certs.ses import SesSignature
from certs.sm3 import sm3
from codes.errors import EngineError
from docgen import assembly
from docgen.issuing import issuer_of
from docgen.ledger import Ledger, Reservation
from docgen.page import Document, GlyphRun
from registry.demo import revoke
from tests.docgen.records import as_json, record
from tests.docgen.use_logs import events, use_log
from tests.support.approvals import approve, change_approvals, sealing
from tests.support.demo_home import CITY, copied_home, own_home, seal_folder
from tests.support.falling import fall_at

__all__ = ["own_home"]

FORK = multiprocessing.get_context("fork")


def used(home: Home) -> int:
    return sum(Ledger(home.issued_dir).used().values())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def at(home: Home, moment: dt.datetime) -> Home:
    """The same home when its clock shows this moment."""
    return Home.open(home.path, environ={}, clock=lambda: moment)


def refusal(home: Home, values: dict[str, Any], **options: Any) -> EngineError:
    with pytest.raises(EngineError) as raised:
        docgen.issue(values, home=home, **options)
    return raised.value


@pytest.mark.req("R-000-26", "R-000-23")
@pytest.mark.parametrize("example", [1, 2])
def test_an_issued_licence_is_a_sealed_ofd_and_the_pdf_inside_it(
        own_home: Home, tmp_path: Path, example: int) -> None:
    issued = docgen.issue(as_json(record(example=example)), home=own_home, out=tmp_path / "out")
    assert issued.identifier[:-1] == (
        "1.2.156.3005.2.11100000MB9TEX018A001.11140100MB9TEX0180.14010013202590001.001.")
    assert names(tmp_path / "out") == [f"{issued.identifier}.ofd", f"{issued.identifier}.pdf"]
    assert issued.ofd_path is not None and issued.pdf_path is not None
    assert issued.ofd_path.read_bytes() == issued.ofd and issued.pdf_path.read_bytes() == issued.pdf
    assert len(issued.ofd) < 400_000
    with zipfile.ZipFile(io.BytesIO(issued.ofd)) as archive:
        assert archive.read("Doc_0/Attachs/rendition.pdf") == issued.pdf
        signature = SesSignature.parse(archive.read("Doc_0/Signs/Sign_0/SignedValue.dat"))
        assert signature.data_hash == sm3(archive.read("Doc_0/Signs/Sign_0/Signature.xml"))
    authority = own_home.authority("11140100MB9TEX0180", "测试市应急管理局")
    assert signature.signed_by(authority.sealing_signer.certificate)
    assert used(own_home) == 1 and issued.approval is not None and not issued.repeated


@pytest.mark.req("R-003-46")
def test_a_repeat_gives_the_same_bytes_into_any_folder_and_uses_no_approval(
        own_home: Home, tmp_path: Path) -> None:
    first = docgen.issue(record(), home=own_home, out=tmp_path / "a")
    again = docgen.issue(record(), home=at(own_home, dt.datetime(2031, 1, 1, tzinfo=dt.UTC)),
                         out=tmp_path / "b")
    assert (again.ofd, again.pdf, again.repeated, again.approval) == (first.ofd, first.pdf, True, None)
    assert names(tmp_path / "a") == names(tmp_path / "b")
    assert used(own_home) == 1


def test_another_record_under_the_identifier_is_refused(own_home: Home) -> None:
    docgen.issue(record(), home=own_home)
    assert refusal(own_home, record(联系人电话="00000000009")).code == "issue.exists"
    docgen.issue(record(联系人电话="00000000009", 版本号="002"), home=own_home)
    assert used(own_home) == 2


@pytest.mark.req("R-000-05")
def test_a_qr_address_of_another_licence_is_refused(own_home: Home) -> None:
    docgen.issue(record(1), home=own_home)
    error = refusal(own_home, record(2) | {"二维码": record(1)["二维码"]})
    assert error.code == "issue.qr-taken"
    assert used(own_home) == 1


@pytest.mark.req("R-000-12")
def test_a_seal_of_another_name_is_not_used(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(own_home, record(发证机关="测试区应急管理局")).code == "home.authority-name"
    authority = own_home.authority("11140100MB9TEX0180", "测试市应急管理局")
    other = own_home.authority("11140000MB9TEX018T", "测试省应急管理厅")
    monkeypatch.setattr(Home, "authority", lambda *_: dataclasses.replace(authority, seal=other.seal))
    assert refusal(own_home, record()).code == "issue.seal-name"
    assert used(own_home) == 0


@pytest.mark.req("R-003-13")
@pytest.mark.parametrize("days", [-400, 3650])
def test_outside_the_validity_of_seal_and_certificate_nothing_is_sealed(own_home: Home, days: int) -> None:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    assert isinstance(refusal(at(own_home, now), record()), SealError)
    assert used(own_home) == 0


@pytest.mark.req("R-003-22", "R-000-25")
@pytest.mark.parametrize(("changes", "code"), [
    ({"count": 0}, "approval.exhausted"), ({"kinds": ("K1",)}, "approval.kind"),
    ({"region": "150000"}, "approval.region"), ({"seal_id": "other"}, "approval.none"),
    ({"valid_from": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "valid_to": dt.datetime(2020, 2, 1, tzinfo=dt.UTC)},
     "approval.ended"),
])
def test_beyond_the_approval_nothing_is_sealed(own_home: Home, changes: dict[str, Any], code: str) -> None:
    change_approvals(own_home, **changes)
    assert refusal(own_home, record()).code == code
    assert used(own_home) == 0


def _lose(home: Home, state: UseState) -> None:
    seal = seal_folder(home.path)
    use = home.seal_uses(seal.parent.name)[seal.name]
    set_use(home.path, seal.parent.name, seal.name, dataclasses.replace(use, state=state))


REFUSED_USES: list[tuple[str, Callable[[Home], object], int]] = [
    # code, what happened, days later
    ("approval.exhausted", lambda home: change_approvals(home, count=0), 0),
    ("approval.none", lambda home: change_approvals(home, seal_id="other"), 0),
    ("seal.lost", lambda home: _lose(home, UseState.LOST), 0),
    ("seal.suspended", lambda home: _lose(home, UseState.SUSPENDED), 0),
    ("seal.cancelled", lambda home: _lose(home, UseState.CANCELLED), 0),
    ("seal.certificate-revoked", lambda home: revoke(
        home.path, home.authority(*CITY).data_signer.certificate, now=dt.datetime.now(dt.UTC), environ={}), 0),
    ("seal.expired", lambda _: None, 3650),
]


@pytest.mark.req("R-003-16", "R-003-17", "R-003-54")
@pytest.mark.parametrize(("code", "happened", "days"), REFUSED_USES, ids=[row[0] for row in REFUSED_USES])
def test_an_attempt_beyond_the_authority_is_refused_and_logged_without_personal_data(
        own_home: Home, code: str, happened: Callable[[Home], object], days: int) -> None:
    digest = docgen.check_record(record(), home=own_home).digest.hex()
    happened(own_home)
    for _ in range(2):
        assert refusal(at(own_home, dt.datetime.now(dt.UTC) + dt.timedelta(days=days)), record()).code == code
    entries = use_log(own_home.issued_dir)
    assert [entry.event for entry in entries] == ["use.refused"] * 2 and used(own_home) == 0
    approval = f"standing-{CITY[0]}-01" if code == "approval.exhausted" else ""
    assert dict(entries[0].facts) == {
        "code": code, "unit": CITY[0], "record": digest, "approval": approval,
        "seal": seal_folder(own_home.path).name}


def test_a_fault_that_is_no_attempt_is_not_logged(own_home: Home) -> None:
    assert refusal(own_home, record(企业名称="")).code == "record.invalid"
    locked = Home.open(own_home.path, environ={"ZHENGYIN_PASSWORD": "x"})
    assert refusal(locked, record()).code == "keystore.wrong-password"
    docgen.issue(record(), home=own_home)
    assert events(own_home.issued_dir) == ["reserved", "sealed"]


@pytest.mark.req("R-003-22")
@pytest.mark.parametrize(("happened", "code"), [
    (lambda home: change_approvals(home, seal_id="other"), "approval.none"),
    (lambda home: (home.path / "approvers.json").write_text("[]"), "approval.not-approver"),
    (lambda home: _lose(home, UseState.LOST), "seal.lost"),
])
def test_who_takes_up_a_killed_issue_needs_leave_all_the_same(
        own_home: Home, monkeypatch: pytest.MonkeyPatch, happened: Callable[[Home], object], code: str) -> None:
    """The use was counted before the kill; leave may have been taken back since."""
    monkeypatch.setattr(Reservation, "release", lambda _: None)             # a killed process gives nothing back
    with monkeypatch.context() as broken:
        broken.setattr(assembly, "pack", None)
        with pytest.raises(TypeError):
            docgen.issue(record(), home=own_home)
    assert used(own_home) == 1
    happened(own_home)
    assert refusal(own_home, record()).code == code
    assert events(own_home.issued_dir) == ["reserved", "refused"]


@pytest.mark.req("R-003-17", "R-003-22")
@pytest.mark.parametrize(("happened", "code"), [
    (lambda home: change_approvals(home, count=0), "approval.exhausted"),
    (lambda home: (home.path / "approvers.json").write_text("[]"), "approval.not-approver"),
    (lambda home: _lose(home, UseState.LOST), "seal.lost"),
])
def test_what_was_under_way_when_leave_was_taken_back_is_not_kept(
        own_home: Home, monkeypatch: pytest.MonkeyPatch, happened: Callable[[Home], object], code: str) -> None:
    packed = assembly.pack

    def pack(*arguments: Any, **options: Any) -> bytes:
        happened(own_home)
        return packed(*arguments, **options)
    monkeypatch.setattr(assembly, "pack", pack)
    assert refusal(own_home, record()).code == code
    assert events(own_home.issued_dir) == ["reserved", "refused", "given-back"] and used(own_home) == 0


@pytest.mark.req("R-003-22")
def test_a_use_that_was_counted_moves_to_the_approval_that_allows_it_now(
        own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Reservation, "release", lambda _: None)
        killed.setattr(assembly, "pack", None)
        with pytest.raises(TypeError):
            docgen.issue(record(), home=own_home)
    now = dt.datetime.now(dt.UTC)
    approve(own_home, Terms(
        id="zz", kinds=("K0",), region="140100", seal_id=sealing(own_home).seal_id, valid_from=now,
        valid_to=now + dt.timedelta(days=1), count=1), at=now)
    (own_home.path / "approvals" / f"standing-{CITY[0]}-01.json").unlink()
    assert docgen.issue(record(), home=at(own_home, now + dt.timedelta(seconds=1))).approval == "zz"
    assert Ledger(own_home.issued_dir).used() == {f"standing-{CITY[0]}-01": 0, "zz": 1}


def test_an_approval_for_two_seals_two_licences_and_repeats(own_home: Home) -> None:
    change_approvals(own_home, count=2)
    for sequence in (1, 2, 1, 2):
        docgen.issue(record(sequence), home=own_home)
    assert refusal(own_home, record(3)).code == "approval.exhausted"


@pytest.mark.req("R-003-22")
def test_an_approval_of_one_record_seals_that_record_once(own_home: Home) -> None:
    for path in (own_home.path / "approvals").iterdir():
        path.unlink()
    now = dt.datetime.now(dt.UTC)
    digest = docgen.check_record(as_json(record(7)), home=own_home).digest.hex()
    assert refusal(own_home, record(7)).code == "approval.none"
    approve(own_home, Terms(
        id="one", kinds=("K0",), region="140100", seal_id=sealing(own_home).seal_id, valid_from=now,
        valid_to=now + dt.timedelta(days=1), count=1, record=digest), at=now)
    assert refusal(own_home, record(8)).code == "approval.record"
    assert docgen.issue(record(7), home=at(own_home, now + dt.timedelta(seconds=1))).approval == "one"
    assert docgen.issue(record(7), home=own_home).repeated
    assert refusal(own_home, record(7, 版本号="002")).code == "approval.record"


def test_a_refused_record_names_all_faults_and_touches_nothing(own_home: Home, tmp_path: Path) -> None:
    error = refusal(own_home, record(企业名称="", 发证日期="2025-02-30"), out=tmp_path / "out")
    assert isinstance(error, docgen.RecordError)
    assert {"企业名称", "发证日期"} <= {fault.field for fault in error.faults}
    assert names(tmp_path / "out") == []


def _altered(document: Document) -> Document:
    """Another number on the 副本."""
    pages = list(document.pages)
    items = [dataclasses.replace(item, text="1" * len(item.text))
             if isinstance(item, GlyphRun) and item.tag == "许可证编号" else item for item in pages[1].items]
    pages[1] = dataclasses.replace(pages[1], items=tuple(items))
    return dataclasses.replace(document, pages=tuple(pages))


def _another_qr(document: Document) -> Document:
    from docgen.qr import qr_png

    return dataclasses.replace(document, images={
        name: qr_png("https://lookup.example.invalid/l/1#" + "123" * 150) for name in document.images})


@pytest.mark.req("R-000-14")
@pytest.mark.parametrize(("change", "code"), [
    (_altered, "issue.face-differs"), (_another_qr, "qr."),
    (lambda document: dataclasses.replace(document, pages=document.pages[:1]), "issue.face-differs"),
    (lambda document: dataclasses.replace(document, pages=tuple(
        dataclasses.replace(page, items=tuple(item for item in page.items if isinstance(item, GlyphRun)))
        for page in document.pages)), "issue.qr-differs"),
])
def test_a_face_or_qr_code_that_differs_from_the_record_is_not_sealed(
        own_home: Home, monkeypatch: pytest.MonkeyPatch, change: Callable[[Document], Document],
        code: str) -> None:
    compose = assembly.compose
    monkeypatch.setattr(assembly, "compose", lambda *args, **options: change(compose(*args, **options)))
    monkeypatch.setattr(assembly, "sign_pdf", None)
    monkeypatch.setattr(assembly, "seal_ofd", None)
    assert str(refusal(own_home, record()).code).startswith(code)
    assert used(own_home) == 0


@pytest.mark.req("R-000-14")
def test_metadata_that_differ_from_the_record_are_not_sealed(
        own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "seal_ofd", None)
    written = assembly.record_xml
    monkeypatch.setattr(assembly, "record_xml", lambda licence: written(licence).replace(b"ZZBH", b"ZZBX"))
    assert refusal(own_home, record()).code == "issue.metadata-differs"


def _require_whole(home: Home, out: Path) -> int:
    """Check that every final name is whole and kept; return how many licences are out."""
    ledger = Ledger(home.issued_dir)
    packages = list(out.glob("[0-9]*.ofd"))
    for path in packages:
        entry = ledger.find(path.stem)
        assert entry is not None and path.read_bytes() == ledger.package(entry)
        assert path.with_suffix(".pdf").is_file()
    for path in out.glob("[0-9]*.pdf"):
        assert path.read_bytes().rstrip().endswith(b"%%EOF")
    return len(packages)


def _child(home: Path, out: Path, step: int) -> None:
    fall_at(step, (os, "fsync"), (os, "open"), (pathlib.Path, "replace"))
    docgen.issue(record(), home=Home.open(home, environ={}), out=out)


def test_a_kill_at_each_file_operation_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    docgen.issue(record(90099), home=copied_home(tmp_path / "warm"))     # so that children start quickly
    for step in range(1, 200):
        home, out = copied_home(tmp_path / f"home-{step}"), tmp_path / f"out-{step}"
        child = FORK.Process(target=_child, args=(home.path, out, step))
        child.start()
        child.join(30)
        if child.exitcode == 0:
            assert step > 10
            break
        before = {path.name: path.read_bytes() for path in out.glob("[0-9]*")} if out.is_dir() else {}
        issued = docgen.issue(record(), home=Home.open(home.path, environ={}), out=out)
        assert names(out) == [f"{issued.identifier}.ofd", f"{issued.identifier}.pdf"]
        assert all((out / name).read_bytes() == data for name, data in before.items()), step
        assert _require_whole(home, out) == 1
        assert used(home) == 1, step
        kept = home.issued_dir / "packages" / sm3(issued.identifier.encode())[:1].hex()
        assert names(kept) == [f"{issued.identifier}.ofd"]
        told = events(home.issued_dir)
        assert told.count("sealed") == 1 and told[-1] == "sealed" and set(told[:-1]) == {"reserved"}, step
    else:
        pytest.fail("the child never came to its end")


def _endless(home: Path, out: Path) -> None:
    opened = Home.open(home, environ={})
    for sequence in range(1, 10_000):
        docgen.issue(record(sequence), home=opened, out=out)


@pytest.mark.parametrize("delay_s", [0.15, 0.31, 0.52])
def test_a_kill_at_any_time_leaves_whole_files_only(own_home: Home, tmp_path: Path, delay_s: float) -> None:
    out = tmp_path / "out"
    child = FORK.Process(target=_endless, args=(own_home.path, out))
    child.start()
    time.sleep(delay_s)
    child.kill()
    child.join(10)
    whole = _require_whole(own_home, out) if out.is_dir() else 0
    for sequence in range(1, whole + 2):
        docgen.issue(record(sequence), home=own_home, out=out)
    assert _require_whole(own_home, out) == whole + 1
    assert used(own_home) == whole + 1 == events(own_home.issued_dir).count("sealed")


def _limited(home: Path, out: Path, limit: int, results: Any) -> None:
    opened = Home.open(home, environ={})
    issuer_of(opened)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        docgen.issue(record(), home=opened, out=out)
        results.put("issued")
    except EngineError as error:
        results.put(error.code.value)


@pytest.mark.parametrize("limit", [0, 4096, 40_000, 90_000, 110_000])
def test_on_a_full_disk_nothing_half_written_appears(own_home: Home, tmp_path: Path, limit: int) -> None:
    out = tmp_path / "out"
    results = FORK.Queue()
    child = FORK.Process(target=_limited, args=(own_home.path, out, limit, results))
    child.start()
    assert results.get(timeout=120) in {"file.no-space", "issue.store-unavailable"}
    child.join(10)
    assert _require_whole(own_home, out) == 0 if out.is_dir() else True
    assert [name for name in names(out) if name.startswith(".")] == []
    docgen.issue(record(), home=own_home, out=out)
    assert _require_whole(own_home, out) == 1
    assert used(own_home) == 1


def test_a_failed_export_is_made_good_by_a_repeat(own_home: Home, tmp_path: Path) -> None:
    blocked = tmp_path / "out"
    blocked.write_text("a file where the folder should be")
    assert refusal(own_home, record(), out=blocked).code.value.startswith("file.")
    blocked.unlink()
    assert docgen.issue(record(), home=own_home, out=blocked).repeated
    assert used(own_home) == 1


def _racing(home: Path, out: Path, results: Any) -> None:
    opened = Home.open(home, environ={})
    for sequence in (1, 2, 3, 4):
        results.put((sequence, docgen.issue(record(sequence), home=opened, out=out).ofd))


def test_two_processes_issue_each_licence_once(own_home: Home, tmp_path: Path) -> None:
    results = FORK.Queue()
    children = [
        FORK.Process(target=_racing, args=(own_home.path, tmp_path / f"out-{child}", results))
        for child in range(2)]
    for child in children:
        child.start()
    packages: dict[int, set[bytes]] = {}
    for _ in range(8):
        sequence, data = results.get(timeout=60)
        packages.setdefault(sequence, set()).add(data)
    for child in children:
        child.join(10)
    assert {sequence: len(data) for sequence, data in packages.items()} == {1: 1, 2: 1, 3: 1, 4: 1}
    assert used(own_home) == 4


def test_what_a_killed_writer_left_is_cleared_and_nothing_else(own_home: Home, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    stale = ".1.2.156.3005.2.X.Y.1.001.Z.ofd.tmp-0123456789ab"
    for name in (stale, ".notes.tmp-1", "own.ofd"):
        (out / name).write_bytes(b"x")
    issued = docgen.issue(record(), home=own_home, out=out)
    assert names(out) == [".notes.tmp-1", f"{issued.identifier}.ofd", f"{issued.identifier}.pdf", "own.ofd"]


def test_a_locked_ledger_is_reported(own_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    docgen.issue(record(1), home=own_home)
    monkeypatch.setattr("docgen.ledger_file._BUSY_SECONDS", 0.05)
    path = own_home.issued_dir / "ledger.sqlite3"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert refusal(Home.open(own_home.path, environ={}), record(2)).code == "issue.store-unavailable"


def test_without_a_home_the_call_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHENGYIN_HOME", raising=False)
    with pytest.raises(HomeError) as raised:
        docgen.issue(record())
    assert "certs demo" in raised.value.en


def test_a_date_of_issue_in_the_future_is_pointed_out(own_home: Home) -> None:
    later = str((dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).date())
    end = f"{int(later[:4]) + 5}-12-31"
    ahead = docgen.issue(record(发证日期=later, 有效期起始日期=later, 有效期截止日期=end), home=own_home)
    assert "date.future" in {warning.code for warning in ahead.warnings}
    assert "date.future" not in {warning.code for warning in docgen.issue(record(90007), home=own_home).warnings}
