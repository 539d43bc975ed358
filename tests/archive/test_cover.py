"""What renewals left under ``evidence/`` is covered by the timestamp of the newest one: nothing of it is taken away or
exchanged unseen."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive import renewing
from archive.layout import read_package
from archive.listing import line_of
from archive.renewing import NotRenewed, Renewed, renew_all
from archive.restoring import restore
from archive.snapshot import with_snapshot
from archive.store import Archive
from certs.crl import Crl, Revocation
from certs.evidence_build import Stamper
from certs.evidence_record import EvidenceRecord, write_record
from certs.sm3 import sm3
from certs.strength import Strength
from certs.trust import Trust
from tests.archive.conftest import Kept
from tests.archive.offices import copied
from tests.archive.years import DAY, Years, years
from tests.certs.core_pki import root
from tests.support.demo_home import CITY
from tests.support.falling import fall_at
from tests.support.limits import disk_of

START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
REVOKED = ["package.original-invalid"]
LOST = Revocation(revoked_at=START - timedelta(hours=1), reason="keyCompromise")


def told(office: Years, revoked: dict[int, Revocation]) -> Trust:
    """The home's trust with a list of the sealing CA that revokes these."""
    trust, ca = office.home.trust(), office.authority.honest.cas["sm2-issuing"].certificate
    return dataclasses.replace(trust, crls=(
        *(crl for crl in trust.crls if not crl.issued_by(ca)),
        Crl.load(office.authority.crl("sm2-issuing", revoked=revoked))))


def renewed(office: Years, trust: Trust, stamper: Stamper | None = None) -> list[Renewed | NotRenewed]:
    return list(renew_all(office.archive, before=office.now + 9000 * DAY, now=office.now, trust=trust,
                          timestamper=stamper or office.stamper()))


def weighing(office: Years, identifier: str, trust: Trust) -> list[str]:
    return [each.code for each in office.check(identifier, trust=trust).findings if each.severity.value != "note"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Years, str, Trust]]:
    """A licence whose signer's certificate was revoked, as one list told that a renewal of 2028 put beside it; in 2031
    the lists of the CA say nothing of it any more, and timestamps are by a new service."""
    with years(tmp_path_factory.mktemp("covered"), START, tsa_years=5) as office:
        office.change_tsa(years=5, ca="root")       # so that no list of the sealing CA rides in the evidence
        identifier = office.kept(office.issue(1))
        office.go(2028, 6)
        office.change_tsa(years=5, ca="root")
        signer = office.home.authority(*CITY).sealing_signer.certificate
        known = told(office, {signer.serial: LOST})
        known = dataclasses.replace(known, tsa=(*known.tsa, root(name="另一时间戳根 CA").certificate))
        assert [type(each) for each in renewed(office, known)] == [Renewed]
        office.go(2031)
        office.change_tsa(years=5, ca="root")
        yield office, identifier, told(office, {})


@pytest.fixture
def here(scene: tuple[Years, str, Trust], tmp_path: Path) -> Iterator[Years]:
    """The office over a copy of its archive."""
    office, _, _ = scene
    own, office.archive = office.archive, Archive(copied(office.archive.path, tmp_path / "archive"))
    yield office
    office.archive = own


def added(office: Years, identifier: str) -> dict[str, bytes]:
    """What renewals left."""
    return {name: data for name, data in read_package(office.archive.existing(identifier)).files.items()
            if name.startswith("evidence/") and not name.endswith(".er")}


def revoking_list(office: Years, identifier: str) -> Path:
    """The one file that tells the revocation."""
    signer = office.home.authority(*CITY).sealing_signer.certificate
    (name,) = (name for name, data in added(office, identifier).items()
               if name.endswith(".crl") and signer.serial in Crl.load(data).revoked)
    return office.archive.existing(identifier) / name


def test_the_list_that_told_a_revocation_is_missed(here: Years, scene: tuple[Years, str, Trust],
                                                   tmp_path: Path) -> None:
    _, identifier, silent = scene
    assert weighing(here, identifier, silent) == REVOKED and not line_of(here.archive, identifier).faults
    path = revoking_list(here, identifier)
    data = path.read_bytes()
    path.unlink()
    report = here.check(identifier, trust=silent)
    assert (report.verdict.value, report.intact) == ("invalid", False)
    (fault,) = (each for each in report.findings if each.severity.value != "note")
    assert fault.code == "package.evidence-missing"
    assert sm3(data).hex() in fault.en and sm3(data).hex() in fault.zh and sm3(data).hex().startswith(path.stem)
    assert line_of(here.archive, identifier).faults == (fault,)
    (refused,) = renewed(here, silent)
    assert isinstance(refused, NotRenewed) and refused.error.code == "archive.damaged"
    given = restore(here.archive.existing(identifier), tmp_path / "out", at=here.now,
                    believe=lambda snapshot: with_snapshot(silent, snapshot))
    assert not given.proven and not (tmp_path / "out" / f"{identifier}.ofd").exists()
    path.write_bytes(data)
    assert weighing(here, identifier, silent) == REVOKED


@pytest.mark.parametrize("cut", ["manifest.er", "original.er"])
def test_either_record_tells_where_the_other_was_cut_back(
    here: Years, scene: tuple[Years, str, Trust], cut: str,
) -> None:
    _, identifier, silent = scene
    path = here.archive.existing(identifier) / "evidence" / cut
    first = EvidenceRecord.parse(path.read_bytes()).stamps[0]
    path.write_bytes(write_record([[first.der]], [first.algorithm]))
    assert "package.evidence-missing" not in weighing(here, identifier, silent)
    revoking_list(here, identifier).unlink()
    assert "package.evidence-missing" in weighing(here, identifier, silent)


def test_each_file_that_is_removed_exchanged_or_moved_is_told(here: Years, scene: tuple[Years, str, Trust]) -> None:
    _, identifier, silent = scene
    folder, files = here.archive.existing(identifier), added(here, identifier)
    assert {name.split("/")[1] for name in files} == {"tsa", "crls"}
    for name, data in files.items():
        place, other = folder / name, next(each for each in files if each != name)
        for what in ("removed", "exchanged", "cut", "moved"):
            if what == "removed":
                place.unlink()
            elif what == "moved":
                (folder / "evidence" / "ocsp").mkdir(exist_ok=True)
                place.rename(folder / "evidence" / "ocsp" / place.name)
            else:
                place.write_bytes(files[other] if what == "exchanged" else data[:-1])
            report = here.check(identifier, trust=silent)
            faults = [each for each in report.findings if each.code == "package.evidence-missing"]
            if what == "moved":
                assert "package.trust-unread" in {each.code for each in report.findings}, "it says nothing there"
                (folder / "evidence" / "ocsp" / place.name).unlink()
            else:
                assert len(faults) == 1 and report.verdict.value == "invalid", (name, what)
                assert what == "removed" or name in faults[0].en
            place.write_bytes(data)
    assert "package.evidence-missing" not in weighing(here, identifier, silent)


def test_what_was_added_since_is_a_note_and_covered_by_the_next_renewal(
    here: Years, scene: tuple[Years, str, Trust],
) -> None:
    _, identifier, silent = scene
    path = here.archive.existing(identifier) / "evidence" / "crls" / "more.crl"
    path.write_bytes(here.authority.crl("sm2-issuing", revoked={1: LOST}))
    (note,) = (each for each in here.check(identifier, trust=silent).findings if each.code == "package.evidence-added")
    assert note.severity.value == "note" and "evidence/crls/more.crl" in note.zh
    assert "package.evidence-missing" not in weighing(here, identifier, silent)
    assert [type(each) for each in renewed(here, silent)] == [Renewed]
    assert not any(each.code.startswith("package.evidence-")
                   for each in here.check(identifier, trust=silent).findings), "needless now, and cleared away"


def test_a_renewal_covers_what_it_leaves_and_clears_the_rest_away(
    here: Years, scene: tuple[Years, str, Trust],
) -> None:
    _, identifier, silent = scene
    before = added(here, identifier)
    assert [type(each) for each in renewed(here, silent)] == [Renewed]
    after = added(here, identifier)
    assert before.keys() - after.keys() and after.keys() - before.keys()
    codes = {each.code for each in here.check(identifier, trust=silent).findings}
    assert not any(code.startswith("package.evidence-") for code in codes)
    revoking_list(here, identifier).unlink()
    assert weighing(here, identifier, silent) == ["package.evidence-missing"]


def test_a_chain_by_another_digest_covers_them_too(here: Years, scene: tuple[Years, str, Trust]) -> None:
    _, identifier, silent = scene
    weak = dataclasses.replace(silent, strength=Strength.read({"sm3": "2055-03-01"}))
    assert [type(each) for each in renewed(here, weak)] == [Renewed]
    record = EvidenceRecord.parse((here.archive.existing(identifier) / "evidence" / "manifest.er").read_bytes())
    assert [chain[0].algorithm for chain in record.chains] == ["sm3", "sha256"]
    assert not any(each.code.startswith("package.evidence-") for each in here.check(identifier, trust=weak).findings)
    revoking_list(here, identifier).unlink()
    (fault,) = (each for each in here.check(identifier, trust=weak).findings if each.severity.value != "note")
    assert fault.code == "package.evidence-missing" and "SHA256 " in fault.en


def test_a_renewal_by_an_earlier_version_says_that_it_holds_nothing(
    here: Years, scene: tuple[Years, str, Trust], monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, identifier, silent = scene
    with monkeypatch.context() as patch:
        patch.setattr(renewing, "covered", lambda *_: ())
        assert [type(each) for each in renewed(here, silent)] == [Renewed]
    codes = [each.code for each in here.check(identifier, trust=silent).findings]
    assert codes.count("package.evidence-uncovered") == 2
    revoking_list(here, identifier).unlink()
    report = here.check(identifier, trust=silent)
    assert report.verdict.value == "valid" and "package.evidence-uncovered" in {each.code for each in report.findings}
    here.change_tsa(years=6, ca="root")
    assert [type(each) for each in renewed(here, silent)] == [Renewed]
    assert not any(each.code.startswith("package.evidence-") for each in here.check(identifier, trust=silent).findings)


def test_a_package_that_was_never_renewed_has_nothing_to_be_missed(kept: Kept) -> None:
    report = kept.office.check(kept.identifiers[0])
    assert report.verdict.value == "valid"
    assert not any(each.code.startswith("package.evidence-") for each in report.findings)


def test_killed_at_any_step_a_renewal_leaves_nothing_that_is_missed(
    scene: tuple[Years, str, Trust], tmp_path: Path,
) -> None:
    """The next run clears up and covers what is there."""
    office, identifier, silent = scene
    own, step, falls = office.archive, 0, True
    try:
        while falls:
            step += 1
            office.archive = Archive(copied(own.path, tmp_path / f"archive-{step}"))
            child = os.fork()
            if child == 0:
                fall_at(step, (os, "fsync"), (Path, "replace"), (Path, "mkdir"), (Path, "unlink"))
                try:
                    renewed(office, silent)
                finally:
                    os._exit(0)
            _, status = os.waitpid(child, 0)
            falls = os.WIFSIGNALED(status)
            assert not falls or os.WTERMSIG(status) == signal.SIGKILL
            assert weighing(office, identifier, silent) == REVOKED, step
            if falls:
                assert {type(each) for each in renewed(office, silent)} == {Renewed}, step
                assert not any(each.code.startswith("package.evidence-")
                               for each in office.check(identifier, trust=silent).findings), step
    finally:
        office.archive = own
    assert step > 10


@pytest.mark.parametrize("size", [64, 1024, 8192])
def test_a_full_disk_leaves_what_the_records_cover(here: Years, scene: tuple[Years, str, Trust], size: int) -> None:
    _, identifier, silent = scene
    with disk_of(size):
        outcomes = renewed(here, silent)
    assert [each.error.code for each in outcomes if isinstance(each, NotRenewed)] == ["file.no-space"]
    assert weighing(here, identifier, silent) == REVOKED


@dataclasses.dataclass
class _Between:
    """A service before whose first answer somebody else renews by other lists."""

    office: Years
    trust: Trust
    done: bool = False

    def token(self, imprint: bytes, algorithm: str) -> bytes:
        """A good token."""
        if not self.done:
            self.done = True
            assert [type(each) for each in renewed(self.office, self.trust)] == [Renewed]
        return self.office.stamper().token(imprint, algorithm)


def test_what_another_process_covers_is_not_cleared_away(here: Years, scene: tuple[Years, str, Trust]) -> None:
    """The other has no list of today of one CA, so its records cover the earlier one, which is needless here."""
    _, identifier, silent = scene
    known = {here.authority.honest.cas[f"{tree}-root"].certificate.subject for tree in ("sm2", "p256")}
    poor = dataclasses.replace(silent, crls=tuple(crl for crl in silent.crls if crl.issuer in known))
    assert [type(each) for each in renewed(here, silent, _Between(here, poor))] == [Renewed]
    assert weighing(here, identifier, silent) == REVOKED
    revoking_list(here, identifier).unlink()
    assert "package.evidence-missing" in weighing(here, identifier, silent)
