"""What comes into an archive, what is refused, and what a stopped, full or doubled process leaves behind."""

from __future__ import annotations

import dataclasses
import io
import multiprocessing
import os
import shutil
import signal
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from archive.layout import read_package
from archive.making import Kept, Refused, put_in
from archive.metadata import NAMESPACE, told_files
from archive.ofda import make_ofda
from archive.snapshot import kind_files
from archive.store import Archive
from certs.audit import read_line
from certs.files import FileError
from certs.home import Home
from certs.home_time import timestamper_of
from certs.tsa import TsaError
from codes.china_time import CHINA_TIME
from docgen.assembly import rendition_of
from layouts import folders, kind_folder
from registry.demo import revoke
from tests.archive.conftest import Kept as Scene
from tests.archive.offices import office
from tests.support.demo_home import CITY
from tests.support.falling import fall_at
from tests.support.limits import disk_of
from tests.verify.packages import changed, swap

STEPS = ((os, "fsync"), (Path, "rename"), (Path, "mkdir"), (Path, "replace"))


@pytest.mark.req("R-003-57")
def test_a_package_holds_all_that_was_asked_for(kept: Scene) -> None:
    identifier = kept.identifiers[0]
    files = read_package(kept.office.archive.existing(identifier)).files
    assert files[f"original/{identifier}.ofd"] == kept.packages[0]
    assert files[f"rendition/{identifier}.pdf"].startswith(rendition_of(kept.packages[0]))
    assert {name.partition("/")[0] for name in files} == {
        "manifest.json", "metadata.xml", "record.xml", "audit.jsonl", "original", "rendition", "ofda", "trust",
        "evidence"}


def test_metadata_speak_the_words_of_archivists(kept: Scene) -> None:
    data = read_package(kept.office.archive.existing(kept.identifiers[0])).files["metadata.xml"]
    text = data.decode()
    assert f'xmlns="{NAMESPACE}"' in text
    for word in ("电子文件封装包", "被签名对象", "文件实体", "业务实体", "机构人员实体", "数字摘要值", "题名",
                 "立档单位名称"):
        assert f"<{word}" in text, word
    assert kept.identifiers[0] in text and "测试市应急管理局" in text
    assert told_files(data) and told_files(b"<x/>") == {} and told_files(b"no xml") is None


def test_the_extract_of_the_logs_names_sealing_seal_and_approval(kept: Scene) -> None:
    data = read_package(kept.office.archive.existing(kept.identifiers[0])).files["audit.jsonl"]
    entries = [read_line(line) for line in data.splitlines()]
    events = [entry.event for entry in entries]
    assert {"use.reserved", "use.sealed"} <= set(events)
    assert any(event.startswith("act.") for event in events), "what the registry has on its seal and approval"
    assert all(entry.facts.get("identifier") in (None, kept.identifiers[0]) for entry in entries)


def test_what_is_there_already_stays_as_it_is(kept: Scene, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    folder = here.archive.existing(kept.identifiers[0])
    before = read_package(folder).files
    (again,) = here.put(kept.packages[0])
    assert isinstance(again, Kept) and again.repeated
    assert read_package(folder).files == before


def test_another_original_under_the_same_identifier_is_refused(kept: Scene, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    path = here.archive.existing(kept.identifiers[0]) / "original" / f"{kept.identifiers[0]}.ofd"
    path.write_bytes(kept.packages[1])
    (outcome,) = here.put(kept.packages[0])
    assert isinstance(outcome, Refused) and outcome.error.code == "archive.other-original"
    assert path.read_bytes() == kept.packages[1]


def test_what_is_not_genuine_is_refused_with_the_reason(kept: Scene, tmp_path: Path) -> None:
    here = dataclasses.replace(kept.office, archive=Archive.prepare(tmp_path / "archive"))
    forged = changed("Doc_0/Pages/Page_0/Content.xml", swap("测试", "侧试"), kept.packages[0])
    outcomes = here.put(forged, b"", b"PK\x03\x04", rendition_of(kept.packages[0]), b"%PDF-1.7\n", kept.packages[1])
    assert [type(each) for each in outcomes] == [Refused] * 5 + [Kept]
    first, *_, copy, _, _ = outcomes
    assert isinstance(first, Refused) and first.error.code == "archive.not-genuine"
    assert "seal.changed" in first.error.facts["reason"] or first.error.facts["reason"]
    assert "不真实" in first.error.zh and "not genuine" in first.error.en
    assert isinstance(copy, Refused) and copy.error.code == "archive.not-a-licence"
    assert list(here.archive.identifiers()) == [kept.identifiers[1]]


@pytest.mark.req("R-003-57")
def test_what_bears_no_seal_is_not_archived_as_an_original(kept: Scene, tmp_path: Path) -> None:
    here = dataclasses.replace(kept.office, archive=Archive.prepare(tmp_path / "archive"))
    unsealed = make_ofda(kept.packages[0], archived_on=date(2026, 11, 26), items=())
    (outcome,) = here.put(unsealed)
    assert isinstance(outcome, Refused) and outcome.error.code == "archive.not-genuine"
    assert list(here.archive.identifiers()) == []


@pytest.mark.req("R-003-56")
def test_an_office_that_only_relies_on_licences_archives_them_too(kept: Scene, tmp_path: Path) -> None:
    """It has settings and a trust folder, no keys, ledger or registry. What it found, and when, is in the metadata."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(kept.office.home.path / "config.toml", home)
    shutil.copytree(kept.office.home.trust_dir, home / "trust")
    here = dataclasses.replace(kept.office, home=Home.open(home, environ={}),
                               archive=Archive.prepare(tmp_path / "archive"))
    identifier = here.kept(kept.packages[0])
    files = read_package(here.archive.existing(identifier)).files
    assert "audit.jsonl" not in files
    text = files["metadata.xml"].decode()
    assert "归档前核验，结论：真实" in text and f"{here.now.astimezone(CHINA_TIME).year}-" in text
    assert files[f"original/{identifier}.ofd"] == kept.packages[0]
    assert here.check(identifier).verdict.value == "valid"


def test_the_day_of_archiving_is_that_of_china(tmp_path: Path) -> None:
    night = (datetime.now(UTC) + timedelta(days=1)).replace(hour=17)       # one o'clock of the day after
    with office(tmp_path, clock=lambda: night) as here:
        files = read_package(here.archive.existing(here.kept(here.issue()))).files
    (copy,) = (data for name, data in files.items() if name.startswith("ofda/"))
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        head = archive.read("OFD.xml").decode()
    day = (night + timedelta(days=1)).date().isoformat()
    assert f"ModDate>{day}<" in head and f'Name="归档日期">{day}<' in head


def test_a_revoked_seal_is_no_ticket(tmp_path: Path) -> None:
    with office(tmp_path) as here:
        package = here.issue(1)
        certificate = here.home.authority(*CITY).sealing_signer.certificate
        revoke(here.home.path, certificate, now=here.now - timedelta(days=365), environ={})
        (outcome,) = here.put(package)
        assert isinstance(outcome, Refused) and outcome.error.code == "archive.not-genuine"


def test_without_a_timestamp_nothing_is_archived(kept: Scene, tmp_path: Path) -> None:
    """A service that is down, or lies, leaves no package: an archive without proof is none."""
    archive = Archive.prepare(tmp_path / "archive")
    here = dataclasses.replace(kept.office, archive=archive)
    authority = here.authority
    for tree in ("sm2", "p256"):
        authority.twist = authority.lying_tsa(tree, imprint=bytes(32))
        try:
            (outcome,) = here.put(kept.packages[0])
        finally:
            authority.twist = None
        assert isinstance(outcome, Refused) and isinstance(outcome.error, TsaError)
        assert list(archive.identifiers()) == []


def test_names_of_twins_in_one_batch_are_one_package(kept: Scene, tmp_path: Path) -> None:
    here = dataclasses.replace(kept.office, archive=Archive.prepare(tmp_path / "archive"))
    outcomes = here.put(kept.packages[0], kept.packages[0])
    assert sorted(each.repeated for each in outcomes if isinstance(each, Kept)) == [False, True]


def _files(kept: Scene) -> dict[str, bytes]:
    return read_package(kept.office.archive.existing(kept.identifiers[0])).files


@pytest.mark.parametrize("step", [*range(1, 12), 20, 30, 40, 50, 60])
def test_killed_at_any_step_it_leaves_all_or_nothing(kept: Scene, tmp_path: Path, step: int) -> None:
    archive = Archive.prepare(tmp_path / "archive")
    identifier, files = kept.identifiers[0], _files(kept)
    child = os.fork()
    if child == 0:
        fall_at(step, *STEPS)
        try:
            with archive.held(identifier):
                archive.publish(identifier, files)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    there = list(archive.identifiers())
    if there:
        assert read_package(archive.existing(identifier)).files == files
    else:
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        with archive.held(identifier):
            archive.publish(identifier, files)
    folder = archive.existing(identifier)
    assert read_package(folder).files == files
    assert [path.name for path in folder.parent.iterdir()] == [identifier], "what was left is cleared away"


def test_a_full_disk_leaves_nothing(kept: Scene, tmp_path: Path) -> None:
    archive = Archive.prepare(tmp_path / "archive")
    identifier, files = kept.identifiers[0], _files(kept)
    with disk_of(64 * 1024), pytest.raises(FileError) as told, archive.held(identifier):
        archive.publish(identifier, files)
    assert told.value.code == "file.no-space"
    assert list(archive.identifiers()) == []
    with archive.held(identifier):
        archive.publish(identifier, files)
    assert read_package(archive.existing(identifier)).files == files


def _work(home: str, archive: str, packages: list[bytes], queue: multiprocessing.Queue[list[bool]]) -> None:
    opened = Home.open(Path(home), environ={})
    stamper = timestamper_of(opened)
    assert stamper is not None
    outcomes = put_in(Archive.open(Path(archive)), [(Path("x"), one) for one in packages], home=opened,
                      timestamper=stamper)
    queue.put([each.repeated for each in outcomes if isinstance(each, Kept)])


def test_two_workers_make_each_package_once(kept: Scene, tmp_path: Path) -> None:
    archive = Archive.prepare(tmp_path / "archive")
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[list[bool]] = context.Queue()
    workers = [context.Process(target=_work, args=(
        str(kept.office.home.path), str(archive.path), list(kept.packages), queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    told = [queue.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    assert [len(each) for each in told] == [2, 2]
    assert sum(not repeated for each in told for repeated in each) == 2
    here = dataclasses.replace(kept.office, archive=archive)
    for identifier in kept.identifiers:
        assert here.check(identifier).verdict.value == "valid"


def test_an_own_kind_rides_in_its_package(tmp_path: Path) -> None:
    """A kind of the deployment's own is kept in the package, for the day when nobody has it any more."""
    assert kind_files("K0") == {}, "a kind that ships needs no copy"
    own = tmp_path / "kinds" / "ARCH1"
    shutil.copytree(kind_folder("K0"), own)
    folders.add_folder(tmp_path / "kinds")
    try:
        files = kind_files("ARCH1")
    finally:
        folders._added.remove((tmp_path / "kinds").resolve())
        folders.forget()
    assert "kinds/ARCH1/kind.json" in files and any("released/" in name for name in files)
    assert not any("samples" in name for name in files)

