"""Twelve years under CAs whose lists leave out what has ended and do not say since when, as those of most do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from archive.checking import check_files
from archive.layout import original_name, read_package
from archive.restoring import restore
from archive.snapshot import with_snapshot
from tests.archive.years import years
from verify import verify

START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)


def test_what_is_renewed_in_time_stays_genuine_by_lists_that_forget(tmp_path: Path) -> None:
    with years(tmp_path, START, tsa_years=4, forgetful=True) as office:
        office.go(2027)
        assert all(crl.expired_since is None for crl in office.home.trust().crls)
        original = office.issue(1)
        identifier = office.kept(original)
        seen = {}
        for year, month in ((2028, 3), (2030, 12), (2031, 3), (2034, 10), (2036, 3), (2038, 8), (2039, 3)):
            office.go(year, month)
            if month > 3:
                office.change_tsa(years=4)
                assert office.renew(office.archive) == [identifier]
            report = office.check(identifier)
            seen[year] = (report.verdict.value, [each.en for each in report.findings if each.severity.value != "note"])
        assert seen == {year: ("valid", []) for year in seen}
        trust = office.home.trust()
        alone = verify(original, trust=trust, at=office.now, clock_now=office.now)
        assert alone.verdict.value == "indeterminate", "without an archive nothing shows it any more"
        given = restore(office.archive.existing(identifier), tmp_path / "out", at=office.now,
                        believe=lambda snapshot: with_snapshot(trust, snapshot))
        assert given.proven and not given.faults


def test_the_lists_of_the_original_count_for_its_rendition(tmp_path: Path) -> None:
    with years(tmp_path, START, tsa_years=8, forgetful=True) as office:
        office.go(2027)
        identifier = office.kept(office.issue(1))
        office.go(2031)                     # the certificate for the QR code ended in 2030
        package = read_package(office.archive.existing(identifier))
        trust = office.home.trust()
        report = check_files(package, believe=lambda snapshot: with_snapshot(trust, snapshot), at=office.now)
        assert report.verdict.value == "valid"
        del package.files[original_name(identifier)]
        report = check_files(package, believe=lambda snapshot: with_snapshot(trust, snapshot), at=office.now)
        assert report.rendition is not None and report.rendition.verdict.value == "indeterminate"
        assert any("QR code" in each.en for each in report.findings if each.code == "package.rendition")
