"""Whatever changes in a package is found: any byte, a file more or less, a link, another name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from archive.checking import PackageReport, check_package
from archive.errors import ArchiveError
from archive.layout import stripe_of
from archive.listing import lines
from archive.manifest import Listed, Manifest
from archive.snapshot import believed, with_snapshot
from archive.store import Archive
from certs import canonical_json
from certs.crl import Crl, Revocation, build_crl
from certs.evidence_record import EvidenceRecord
from certs.trust import Trust
from layouts import folders, kind_folder, kinds
from tests.archive.conftest import Kept
from tests.archive.offices import Office
from tests.support.demo_home import CITY


def codes(report: PackageReport) -> set[str]:
    return {each.code for each in report.findings if each.severity.value != "note"}


def anchors(kept: Kept) -> list[str]:
    (line, *_) = lines(kept.office.archive)
    return list(line.anchors)


def files(kept: Kept) -> list[str]:
    folder = kept.office.archive.existing(kept.identifiers[0])
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_package_is_good_by_the_homes_trust_and_by_named_anchors(kept: Kept) -> None:
    for identifier in kept.identifiers:
        for report in (kept.office.check(identifier), kept.office.check(identifier, anchors=anchors(kept))):
            assert (report.verdict.value, codes(report), report.intact) == ("valid", set(), True)
            assert report.existed_at is not None and report.due is not None and report.existed_at < report.due


def test_a_package_does_not_vouch_for_itself(kept: Kept) -> None:
    identifier = kept.identifiers[0]
    assert kept.office.check(identifier, anchors=[]).verdict.value == "indeterminate"
    named = anchors(kept)
    for left_out in named:
        report = kept.office.check(identifier, anchors=[each for each in named if each != left_out])
        assert report.verdict.value == "indeterminate", left_out


def test_a_revocation_in_the_packages_own_lists_counts_and_nothing_else_in_them(kept: Kept) -> None:
    """The verifier's own lists do not know it yet; what clears is asked of them alone."""
    here, now = kept.office, kept.office.now
    own, ca = here.home.trust(), here.authority.honest.cas["sm2-issuing"]
    serial = here.home.authority(*CITY).sealing_signer.certificate.serial
    lost = build_crl(issuer=ca.certificate, issuer_key=ca.key, this_update=now - timedelta(hours=1), number=99,
                     next_update=now + timedelta(days=1),
                     revoked={serial: Revocation(revoked_at=now - timedelta(days=1), reason="keyCompromise")})

    def verdict(trust: Trust, *lists: Crl) -> str:
        return check_package(here.archive.existing(kept.identifiers[0]), at=now, believe=lambda snapshot: with_snapshot(
            trust, None if snapshot is None else replace(snapshot, crls=(*snapshot.crls, *lists)))).verdict.value

    assert (verdict(own), verdict(own, lost)) == ("valid", "invalid")
    assert verdict(replace(own, crls=())) == "indeterminate"


def test_one_timestamp_served_both(kept: Kept) -> None:
    folder = kept.office.archive
    records = [(folder.existing(identifier) / "evidence" / name).read_bytes()
               for identifier in kept.identifiers for name in ("manifest.er", "original.er")]
    assert len({EvidenceRecord.parse(record).newest.token.der for record in records}) == 1


def test_any_changed_byte_is_found(kept: Kept, tmp_path: Path) -> None:
    """In each file of the package, at its beginning, its end and three places between."""
    here = kept.copy(tmp_path / "archive")
    identifier = kept.identifiers[0]
    folder = here.archive.existing(identifier)
    for name in files(kept):
        path = folder / name
        data = path.read_bytes()
        step = max(1, len(data) // 4)
        for place in sorted({*range(0, len(data), step), len(data) - 1}):
            path.write_bytes(data[:place] + bytes((data[place] ^ 0x11,)) + data[place + 1:])
            report = here.check(identifier)
            assert report.verdict.value != "valid", (name, place)
            assert name.startswith("evidence/") or not report.intact, (name, place)
        path.write_bytes(data)
    assert here.check(identifier).verdict.value == "valid"


def test_a_missing_file_is_found(kept: Kept, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    folder = here.archive.existing(kept.identifiers[0])
    for name in files(kept):
        (folder / name).rename(tmp_path / "away")
        report = here.check(kept.identifiers[0])
        assert report.verdict.value != "valid" and codes(report), name
        (tmp_path / "away").rename(folder / name)


@pytest.mark.parametrize("name", ["more.txt", "original/more.ofd", "trust/roots/more.cer", "evidence/more.er",
                                  "evidence/tsa/x/y.cer", ".hidden", "kinds/K9/kind.json"])
def test_an_extra_file_is_found(kept: Kept, tmp_path: Path, name: str) -> None:
    here = kept.copy(tmp_path / "archive")
    path = here.archive.existing(kept.identifiers[0]) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"more")
    assert here.check(kept.identifiers[0]).verdict.value != "valid"


def _link_file(folder: Path, outside: Path) -> None:
    shutil.copy(folder / "record.xml", outside)
    (folder / "record.xml").unlink()
    (folder / "record.xml").symlink_to(outside)


def _link_folder(folder: Path, outside: Path) -> None:
    (folder / "trust").rename(outside)
    (folder / "trust").symlink_to(outside)


def _pipe(folder: Path, _: Path) -> None:
    os.mkfifo(folder / "original" / "more")


def _deep(folder: Path, _: Path) -> None:
    (folder / "/".join("abcdefghij")).mkdir(parents=True)


def _huge(folder: Path, _: Path) -> None:
    with (folder / "audit.jsonl").open("r+b") as file:
        file.truncate(80 << 20)


def _hidden_folder(folder: Path, _: Path) -> None:
    (folder / "original" / ".x.tmp-0123456789ab").mkdir()


def _hidden_link(folder: Path, outside: Path) -> None:
    outside.write_bytes(b"elsewhere")
    (folder / ".y.tmp-0123456789ab").symlink_to(outside)


@pytest.mark.parametrize("change", [_link_file, _link_folder, _pipe, _deep, _huge, _hidden_folder, _hidden_link])
def test_what_is_no_plain_file_is_neither_followed_nor_opened(
    kept: Kept, tmp_path: Path, change: Callable[[Path, Path], None],
) -> None:
    here = kept.copy(tmp_path / "archive")
    change(here.archive.existing(kept.identifiers[0]), tmp_path / "outside")
    report = here.check(kept.identifiers[0])
    assert report.verdict.value == "invalid" and "package.odd" in codes(report)


def test_a_package_under_another_name_is_none(kept: Kept, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    first, second = (here.archive.existing(each) for each in kept.identifiers)
    shutil.rmtree(second)
    shutil.copytree(first, second)
    report = here.check(kept.identifiers[1])
    assert report.verdict.value == "invalid" and "package.manifest" in codes(report)


def test_evidence_of_another_package_is_not_taken(kept: Kept, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    other = here.kept(here.issue(90))
    first, second = (here.archive.existing(each) / "evidence" / "manifest.er" for each in (kept.identifiers[0], other))
    first.write_bytes(second.read_bytes())
    report = here.check(kept.identifiers[0])
    assert report.verdict.value == "invalid" and "package.evidence" in codes(report)


def test_a_forged_manifest_is_not_covered_by_the_evidence(kept: Kept, tmp_path: Path) -> None:
    """Whoever changes a file and the manifest with it has no timestamp of the day of archiving."""
    here = kept.copy(tmp_path / "archive")
    folder = here.archive.existing(kept.identifiers[0])
    data = (folder / "metadata.xml").read_bytes().replace("测试甲".encode(), "测试乙".encode())
    (folder / "metadata.xml").write_bytes(data)
    manifest = Manifest.parse((folder / "manifest.json").read_bytes())
    assert manifest is not None
    forged = replace(manifest, files={**manifest.files, "metadata.xml": Listed.of(data)})
    (folder / "manifest.json").write_bytes(forged.to_json())
    report = here.check(kept.identifiers[0])
    assert report.verdict.value == "invalid" and "package.evidence" in codes(report)
    assert report.intact, "by the manifest all is well; the evidence says that it is another one"


def with_kind(folder: Path, code: str, claimed: str) -> None:
    """A stranger's package: it brings a kind, and its manifest claims one."""
    shutil.copytree(kind_folder("K0"), folder / "kinds" / code)
    manifest = Manifest.parse((folder / "manifest.json").read_bytes())
    assert manifest is not None
    own = {path.relative_to(folder).as_posix(): Listed.of(path.read_bytes())
           for path in (folder / "kinds").rglob("*") if path.is_file()}
    forged = replace(manifest, kind=claimed, files={**manifest.files, **own})
    (folder / "manifest.json").write_bytes(forged.to_json())


def test_a_package_teaches_the_verifier_no_kind(kept: Kept, tmp_path: Path) -> None:
    """Whoever made it chose the kind inside: it is known to nobody, in this package and in those that follow."""
    here = kept.copy(tmp_path / "archive")
    known, added = kinds(), folders.added_folders()
    with_kind(here.archive.existing(kept.identifiers[0]), "ARCH2", "ARCH2")
    report = here.check(kept.identifiers[0])
    assert report.verdict.value != "valid" and {"package.kind", "package.evidence"} <= codes(report)
    assert (kinds(), folders.added_folders()) == (known, added)
    assert here.check(kept.identifiers[1]).verdict.value == "valid"


def test_a_kind_that_the_manifest_does_not_name_is_refused(kept: Kept, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    with_kind(here.archive.existing(kept.identifiers[0]), "ARCH3", "K0")
    report = here.check(kept.identifiers[0])
    assert not report.intact and "package.other-kind" in codes(report)


def test_the_rendition_may_grow_by_evidence_alone(kept: Kept, tmp_path: Path) -> None:
    here = kept.copy(tmp_path / "archive")
    (path,) = (here.archive.existing(kept.identifiers[0]) / "rendition").iterdir()
    path.write_bytes(path.read_bytes() + b"% more\n")
    report = here.check(kept.identifiers[0])
    assert report.verdict.value != "valid" and report.intact
    assert codes(report) & {"package.rendition", "package.rendition-invalid"}


@pytest.mark.parametrize("text", [
    b"", b"{}", b"[]", b"null", b'{"type":"zhengyin/archive-package/2"}', b"\xff", b"[" * 5000,
    canonical_json.encode({"type": "zhengyin/archive-package/1", "identifier": "", "kind": "", "kindVersion": "",
                           "archivedAt": "x", "engine": "", "files": {}}),
])
def test_what_is_no_manifest_is_none(text: bytes) -> None:
    assert Manifest.parse(text) is None


def test_manifests_are_read_as_they_are_written(kept: Kept) -> None:
    data = (kept.office.archive.existing(kept.identifiers[0]) / "manifest.json").read_bytes()
    manifest = Manifest.parse(data)
    assert manifest is not None and manifest.to_json() == data
    assert [name for name, one in manifest.files.items() if one.grows] == [f"rendition/{kept.identifiers[0]}.pdf"]


def test_overdue_evidence_is_told_while_it_still_holds(kept: Kept) -> None:
    identifier = kept.identifiers[0]
    due = kept.office.check(identifier).due
    assert due is not None
    report = kept.office.check(identifier, at=due + timedelta(days=1))
    assert "package.due" in {each.code for each in report.findings}


def test_only_an_archive_is_opened(tmp_path: Path) -> None:
    (tmp_path / "archive.json").write_text("{}")
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ArchiveError):
            Archive.open(path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(ArchiveError):
        Archive.prepare(tmp_path / "other")


@pytest.mark.parametrize("name", ["", "..", "../../etc", "x", "1.2.156.3005.2.A.B.C.001.X", "/etc"])
def test_what_is_no_identifier_is_no_folder(kept: Kept, name: str) -> None:
    with pytest.raises(ArchiveError) as told:
        kept.office.archive.existing(name)
    assert told.value.code == "archive.identifier"


def test_a_list_tells_each_licence_and_its_day(kept: Kept, tmp_path: Path) -> None:
    listed = list(lines(kept.office.archive))
    assert [line.identifier for line in listed] == sorted(kept.identifiers, key=_stripe)
    assert all(line.due and line.archived_at and line.stamps == 1 and line.kind == "K0 1.0" for line in listed)
    assert listed[0].due is not None
    assert list(lines(kept.office.archive, due_before=listed[0].due - timedelta(days=400))) == []
    here: Office = kept.copy(tmp_path / "archive")
    (here.archive.existing(kept.identifiers[0]) / "evidence" / "manifest.er").write_bytes(b"x")
    broken = list(lines(here.archive, due_before=listed[0].due - timedelta(days=400)))
    assert [line.identifier for line in broken] == [kept.identifiers[0]], "what cannot be read is always told"


def _stripe(identifier: str) -> tuple[str, str]:
    return stripe_of(identifier), identifier


def test_named_anchors_are_the_only_ones(kept: Kept) -> None:
    trust = believed(kept.office.home.trust(), [])
    assert (trust.roots, trust.tsa, trust.seal_makers) == ((), (), ())
