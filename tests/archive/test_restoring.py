"""What an archive hands out, renews and lists where a forger chose names and links, or the machine fails meanwhile."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from archive.errors import ArchiveError
from archive.manifest import Listed, Manifest, are_names
from archive.restoring import restore
from archive.snapshot import believed, kind_files, with_snapshot
from certs.crl import Revocation
from layouts import folders, kind_folder
from tests.archive.conftest import Kept
from tests.archive.offices import Office
from tests.support.command import Call, caller
from tests.support.demo_home import CITY
from tests.support.falling import fall_at
from tests.support.limits import disk_of

STEPS = ((os, "fsync"), (Path, "mkdir"), (Path, "rename"))
DUE = ("--due-before", "2099-01-01")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "archive")


def tree(path: Path) -> dict[str, tuple[int, int]]:
    """Every name below a folder, with what any writing changes of it."""
    return {str(each.relative_to(path)): (each.lstat().st_mtime_ns, each.lstat().st_size)
            for each in sorted(path.rglob("*"))} | {".": (path.stat().st_mtime_ns, 0)}


def handed_out(here: Office, identifier: str, out: Path) -> None:
    own = here.home.trust()
    restore(here.archive.existing(identifier), out, at=here.now, believe=lambda snapshot: with_snapshot(own, snapshot))


@pytest.mark.parametrize("name", ["../x", "/etc/x", "trust/../../x", "a//x", "./x", "", "a\\x", "c:x", "x\n",
                                  "RECORD.XML", "Trust/trust.json", "trust/TRUST.json"])
def test_a_manifest_names_files_inside_the_package_alone_and_each_once(
    kept: Kept, tmp_path: Path, call: Call, name: str,
) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    path = here.archive.existing(identifier) / "manifest.json"
    manifest = Manifest.parse(path.read_bytes())
    assert manifest is not None and are_names(manifest.files)
    path.write_bytes(dataclasses.replace(manifest, files={**manifest.files, name: Listed.of(b"evil")}).to_json())
    assert Manifest.parse(path.read_bytes()) is None
    code, out, _ = call("verify", here.archive.path, identifier, "--home", here.home.path)
    assert code == 1 and "[package.manifest]" in out
    before = tree(tmp_path)
    code, _, err = call("restore", here.archive.path, identifier, "--out", tmp_path / "out", "--home", here.home.path)
    assert code == 1 and "archive.damaged" in err and tree(tmp_path) == before
    code, out, _ = call("renew", here.archive.path, "--home", here.home.path, *DUE)
    assert code == 1 and f"✗ {identifier}" in out and "archive.damaged" in out


@pytest.mark.parametrize("name", ["KIND.json", "a\\b.svg"])
def test_a_kind_with_names_that_other_disks_do_not_hold_is_not_archived(tmp_path: Path, name: str) -> None:
    own = tmp_path / "kinds" / "ARCH4"
    shutil.copytree(kind_folder("K0"), own)
    (own / name).write_bytes(b"x")
    folders.add_folder(tmp_path / "kinds")
    try:
        with pytest.raises(ArchiveError) as told:
            kind_files("ARCH4")
    finally:
        folders._added.remove((tmp_path / "kinds").resolve())
        folders.forget()
    assert told.value.code == "archive.names"


@pytest.mark.parametrize("where", ["original", "rendition", "ofda", "evidence", "trust", "original/{}.ofd",
                                   "rendition/{}.pdf", "evidence/manifest.er", "evidence/crls"])
def test_a_link_anywhere_in_a_package_is_refused_by_every_command(
    kept: Kept, tmp_path: Path, call: Call, where: str,
) -> None:
    """A forger lets a name lead to somebody's file or folder: nothing of it is read, handed out or written."""
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"root:x:0:0")
    place = here.archive.existing(identifier) / where.format(identifier)
    if place.is_dir():
        shutil.rmtree(place)
    elif place.exists():
        place.unlink()
    place.symlink_to(outside if not place.suffix else outside / "secret")
    before, home = tree(outside), ("--home", here.home.path)
    code, out, _ = call("verify", here.archive.path, identifier, *home)
    assert code == 1 and "[package.odd]" in out
    code, out, _ = call("renew", here.archive.path, *home, *DUE)
    assert code == 1 and f"✗ {identifier}" in out and "archive.damaged" in out
    assert call("list", here.archive.path)[0] == 1
    code, out, _ = call("restore", here.archive.path, identifier, "--out", tmp_path / "out", *home)
    assert code in (1, 3) and "✓" not in out
    handed = [each.read_bytes() for each in (tmp_path / "out").rglob("*") if each.is_file()]
    assert not any(b"root:x" in data for data in handed) and tree(outside) == before


def test_only_making_and_renewing_write_into_an_archive(kept: Kept, tmp_path: Path, call: Call) -> None:
    here = kept.copy(tmp_path / "archive")
    before, home = tree(here.archive.path), ("--home", here.home.path)
    assert call("verify", here.archive.path, *home)[0] == 0
    assert call("list", here.archive.path)[0] == 0
    assert call("restore", here.archive.path, kept.identifiers[0], "--out", tmp_path / "out", *home)[0] == 0
    assert tree(here.archive.path) == before


def test_a_package_of_another_archive_takes_the_place_of_a_broken_one(kept: Kept, tmp_path: Path, call: Call) -> None:
    here, other = kept.copy(tmp_path / "one"), kept.copy(tmp_path / "two")
    identifier, home = kept.identifiers[0], ("--home", here.home.path)
    (here.archive.existing(identifier) / "record.xml").write_bytes(b"x")
    assert call("renew", other.archive.path, *home, *DUE)[0] == 0
    assert [call("verify", each.archive.path, *home)[0] for each in (here, other)] == [1, 0]
    folder = here.archive.existing(identifier)
    shutil.rmtree(folder)
    shutil.copytree(other.archive.existing(identifier), folder)
    assert call("verify", here.archive.path, *home)[0] == 0


def test_a_full_disk_has_a_code_in_every_command(kept: Kept, tmp_path: Path, call: Call) -> None:
    here, home = kept.copy(tmp_path / "archive"), ("--home", kept.office.home.path)
    (tmp_path / "one.ofd").write_bytes(kept.packages[0])
    before = tree(here.archive.path)
    with disk_of(1024):
        renewed = call("renew", here.archive.path, *home, *DUE)
    with disk_of(64 * 1024):                # SQLite, which the logs are read from, needs half of it
        made = call("make", tmp_path / "one.ofd", "--to", tmp_path / "new", *home)
        given = call("restore", here.archive.path, kept.identifiers[0], "--out", tmp_path / "out", *home)
    assert made[0] == renewed[0] == 1 and given[0] == 3
    for code, out, err in (made, renewed, given):
        assert "file.no-space" in out + err, (code, out, err)
    assert not (tmp_path / "out").exists()
    assert call("list", tmp_path / "new")[1] == ""
    assert {name: each for name, each in tree(here.archive.path).items() if name.endswith((".ofd", ".pdf", ".json"))} \
        == {name: each for name, each in before.items() if name.endswith((".ofd", ".pdf", ".json"))}
    assert call("verify", here.archive.path, *home)[0] == 0
    assert call("make", tmp_path / "one.ofd", "--to", tmp_path / "new", *home)[0] == 0
    assert call("verify", tmp_path / "new", *home)[0] == 0


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8, 13, 21])
def test_killed_at_any_step_restoring_leaves_all_or_nothing(kept: Kept, tmp_path: Path, step: int) -> None:
    child = os.fork()
    if child == 0:
        fall_at(step, *STEPS)
        try:
            handed_out(kept.office, kept.identifiers[0], tmp_path / "out")
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert not (tmp_path / "out").exists()
    handed_out(kept.office, kept.identifiers[0], tmp_path / "out")
    assert (tmp_path / "out" / f"{kept.identifiers[0]}.ofd").read_bytes() == kept.packages[0]


def test_a_list_that_cannot_be_read_is_named_and_what_is_restored_is_not_proven(
    kept: Kept, tmp_path: Path, call: Call,
) -> None:
    """It may have told a revocation; the lists beside it count all the same."""
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    signer = here.home.authority(*CITY).sealing_signer.certificate
    lists = here.archive.existing(identifier) / "evidence" / "crls"
    lists.mkdir()
    (lists / "A.crl").write_bytes(b"junk")
    code, out, _ = call("verify", here.archive.path, identifier, "--home", here.home.path)
    assert code == 3 and "evidence/crls/A.crl 无法读取" in out and "evidence/crls/A.crl cannot be read" in out
    assert "[package.trust-unread]" in out
    code, out, err = call("restore", here.archive.path, identifier, "--out", tmp_path / "out", "--home", here.home.path)
    assert code == 3 and "evidence/crls/A.crl" in err and "[package.trust-unread]" in err
    assert "unproven/" in out and not (tmp_path / "out" / f"{identifier}.ofd").exists()
    code, _, err = call("list", here.archive.path)
    assert code == 1 and "evidence/crls/A.crl" in err
    (lists / "B.crl").write_bytes(here.authority.crl("sm2-issuing", revoked={signer.serial: Revocation(
        revoked_at=here.now - timedelta(days=1), reason="keyCompromise")}))
    code, out, _ = call("verify", here.archive.path, identifier, "--home", here.home.path)
    assert code == 1 and "[package.original-invalid]" in out


def test_where_the_trust_of_a_package_cannot_be_read_nothing_is_proven(kept: Kept, tmp_path: Path) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    (here.archive.existing(identifier) / "trust" / "trust.json").write_bytes(b"{")
    own = here.home.trust()
    given = restore(here.archive.existing(identifier), tmp_path / "out", at=here.now,
                    believe=lambda snapshot: with_snapshot(own, snapshot))
    assert not given.proven and "package.trust" in {each.code for each in given.faults}


@pytest.mark.parametrize("change", ["the status list gone", "algorithms", "one more"])
def test_where_the_trust_of_a_package_was_changed_nothing_is_proven(kept: Kept, tmp_path: Path, change: str) -> None:
    """By named anchors the package is judged by what lies there, be it what somebody took out of it."""
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    folder, trust = here.archive.existing(identifier), here.home.trust()
    anchors = [one.fingerprint for one in (*trust.roots, *trust.tsa, *trust.seal_makers)]

    def proven(out: str) -> bool:
        return restore(folder, tmp_path / out, at=here.now, anchors=anchors, believe=lambda snapshot:
                       None if snapshot is None else believed(snapshot, anchors)).proven

    assert proven("before")
    if change == "the status list gone":
        (folder / "trust" / "seal-status.json").unlink()
    elif change == "algorithms":
        (folder / "trust" / "algorithms.json").write_bytes(b'{"sha512":"2099-01-01"}')
    else:
        (folder / "trust" / "crls" / "more.crl").write_bytes(trust.crls[0].der)
    assert not proven("after") and (tmp_path / "after" / "unproven" / f"{identifier}.ofd").exists()


def test_a_backup_is_not_advised_where_the_very_original_is_revoked(kept: Kept, tmp_path: Path, call: Call) -> None:
    here, identifier = kept.copy(tmp_path / "archive"), kept.identifiers[0]
    signer = here.home.authority(*CITY).sealing_signer.certificate
    trust = tmp_path / "trust"
    shutil.copytree(here.home.trust_dir, trust)
    (trust / "crls" / "later.crl").write_bytes(here.authority.crl("sm2-issuing", revoked={signer.serial: Revocation(
        revoked_at=here.now - timedelta(days=1), reason="keyCompromise")}))
    code, out, _ = call("verify", here.archive.path, identifier, "--trust", trust)
    cure = out.splitlines()[2]
    assert code == 1 and "[package.original-invalid]" in out.splitlines()[1]
    assert "换下它没有用" in cure and "ask the issuing authority" in cure and "put the same package" not in cure
    (here.archive.existing(identifier) / "original" / f"{identifier}.ofd").write_bytes(b"PK")
    assert "put the same package from a backup" in call(
        "verify", here.archive.path, identifier, "--trust", trust)[1].splitlines()[2]
