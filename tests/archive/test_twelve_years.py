"""Twelve years by a clock: certificates end, seals are rotated, a key is lost, timestamp services change.

Each year the same files are verified: those that an archive keeps renewed, those whose renewal came late or never, and
those that nobody archived. What each must be called, and why, stands in one table.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.making import Refused
from archive.store import Archive
from certs.x509 import Certificate
from tests.archive.offices import copied
from tests.archive.years import Years, years
from tests.support.demo_home import CITY
from verify import verify
from verify.report import Report

START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
LOST = datetime(2032, 6, 1, tzinfo=UTC)
VALID, INVALID, UNSURE = "valid", "invalid", "indeterminate"


@dataclass
class Story:
    """What was seen: (moment, what was looked at) → verdict, and the codes of what weighed."""

    years: Years
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    codes: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    said: dict[tuple[str, str], str] = field(default_factory=dict)

    def look(self, archives: dict[str, Archive], identifiers: dict[str, str], files: dict[str, bytes]) -> None:
        """Verify everything now, by the home's trust folder of today."""
        day = self.years.now.date().isoformat()[:7]
        for name, archive in archives.items():
            for licence, identifier in identifiers.items():
                if not archive.folder(identifier).exists():
                    continue
                mine, self.years.archive = self.years.archive, archive
                report = self.years.check(identifier)
                self.years.archive = mine
                self._keep(day, f"{name} {licence}", report.verdict.value, {
                    each.code for each in report.findings if each.severity.value != "note"})
                self.said[day, f"{name} {licence}"] = "\n".join(f"{each.zh} / {each.en}" for each in report.findings)
                assert report.intact
        for name, data in files.items():
            self.plain(day, name, data)

    def plain(self, day: str, name: str, data: bytes) -> Report:
        """Verify a file as anybody does, without an archive."""
        report = verify(data, trust=self.years.home.trust(), at=self.years.now, clock_now=self.years.now)
        self._keep(day, name, report.verdict.value, {
            signature.sub_indication for signature in report.signatures} | {
            reason.code for reason in report.reasons if report.weighs(reason)})
        return report

    def _keep(self, day: str, name: str, verdict: str, codes: set[str]) -> None:
        self.seen[day, name] = verdict
        self.codes[day, name] = codes


EXPECTED = """
            kept A   late A   missed A  kept B   bare A    no time  after   before
2027-03     valid    valid    valid     -        valid     valid    -       -
2028-03     valid    valid    valid     -        valid     valid    -       -
2029-03     valid    valid    valid     -        valid     valid    -       -
2030-02     valid    valid    valid     valid    valid     valid    -       -
2030-03     valid    valid    valid     valid    valid     unsure   -       -
2030-12     valid    valid    valid     valid    valid     unsure   -       -
2031-03     valid    unsure   unsure    valid    unsure    unsure   -       -
2031-06     valid    unsure   unsure    valid    unsure    unsure   -       -
2032-05     valid    unsure   unsure    valid    unsure    unsure   -       valid
2032-06     valid    unsure   unsure    valid    unsure    unsure   invalid unsure
2033-03     valid    unsure   unsure    valid    unsure    unsure   invalid unsure
2034-10     valid    unsure   unsure    valid    unsure    unsure   invalid unsure
2035-03     valid    unsure   unsure    valid    unsure    unsure   unsure  unsure
2036-03     valid    unsure   unsure    valid    unsure    unsure   unsure  unsure
2037-03     valid    unsure   unsure    valid    unsure    unsure   unsure  unsure
2038-08     valid    unsure   unsure    valid    unsure    unsure   unsure  unsure
2039-03     valid    unsure   unsure    valid    unsure    unsure   unsure  unsure
"""
"""Kept: archived and renewed in time; late: after the timestamp had ended; missed: never. A: sealed and archived in
2027; B: in 2030 with the rotated seal, whose key is lost in 2032. Bare A: nobody archived it. No time: sealed in 2027
without any timestamp. After, before: sealed with the lost key, timestamped after the loss, and never timestamped.
``-``: not there yet."""


def expected() -> dict[tuple[str, str], str]:
    """The table as (month, column) → verdict."""
    head, *rows = [line for line in EXPECTED.splitlines() if line.strip()]
    starts = [index for index in range(len(head)) if head[index] != " " and head[index - 2:index] == "  "]
    names = [head[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
    found = {}
    for row in rows:
        month = row.split()[0]
        for name, start, end in zip(names, starts, [*starts[1:], None], strict=True):
            cell = row[start:end].strip()
            if cell != "-":
                found[month, name] = {"unsure": UNSURE}.get(cell, cell)
    return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The twelve years, lived once; the archive of the end is in ``kept`` beside the story's home."""
    folder = tmp_path_factory.mktemp("years")
    with years(folder, START, tsa_years=4) as office:
        told = Story(office)
        files = {"bare A": office.issue(1), "no time": office.untimed(2)}
        identifiers = {"A": office.kept(files["bare A"])}
        kept = office.archive
        archives = {"kept": kept, "late": Archive(copied(kept.path, folder / "late")),
                    "missed": Archive(copied(kept.path, folder / "missed"))}

        def year(number: int, month: int = 3, day: int = 5) -> None:
            office.go(number, month, day)
            told.look(archives, identifiers, files)

        year(2027)
        year(2028)
        year(2029)
        office.go(2030, 2, 10)                      # the certificates of 2027 end on the last day of February
        office.rotate(datetime(2030, 2, 20, tzinfo=UTC))
        office.go(2030, 2, 25)
        identifiers["B"] = office.kept(office.issue(3))
        year(2030, 2, 26)
        year(2030)
        office.go(2030, 12, 10)                     # the timestamp service of 2027 ends in February 2031
        office.change_tsa(years=4)
        assert sorted(office.renew(kept)) == sorted(identifiers.values())
        assert office.renew(kept) == [], "nothing is due twice"
        year(2030, 12, 20)
        year(2031)
        office.go(2031, 6, 1)
        assert office.renew(archives["late"]) == [identifiers["A"]]
        year(2031, 6, 5)
        office.go(2032, 5, 20)
        lost = office.home.authority(*CITY).sealing_signer.certificate
        files["before"] = office.untimed(4)
        year(2032, 5, 25)
        office.go(2032, 6, 10)                      # somebody else has the key since the first of June
        files["after"] = office.issue(5)
        assert told.plain("2032-06", "after", files["after"]).verdict.value == VALID, "nobody knows of the loss yet"
        office.go(2032, 6, 20)
        office.lose(lost, LOST)
        year(2032, 6, 21)
        refused = office.put(files["after"], files["before"])
        assert [type(each) for each in refused] == [Refused, Refused]
        year(2033)
        office.go(2034, 10, 1)
        office.change_tsa(years=4)
        assert len(office.renew(kept)) == 2
        year(2034, 10, 5)
        year(2035)
        year(2036)
        year(2037)
        office.go(2038, 8, 1)
        office.change_tsa(years=4)
        assert len(office.renew(kept)) == 2
        year(2038, 8, 5)
        year(2039)
    return told


def test_each_year_each_file_is_called_what_it_must_be(story: Story) -> None:
    wanted = expected()
    assert {key: story.seen[key] for key in wanted} == wanted
    assert len({month for month, _ in wanted}) == 17


def test_what_is_renewed_in_time_is_proven_from_its_first_day(story: Story) -> None:
    identifier = next(iter(Archive(story.years.archive.path).identifiers()))
    report = story.years.check(identifier)
    assert report.existed_at is not None and report.existed_at.date().year in (2027, 2030)
    original = report.original
    assert original is not None and original.verdict.value == VALID
    assert {each.proven_at.year for each in original.signatures if each.proven_at} <= {2027, 2030}


def test_a_late_renewal_names_its_gap_and_a_missed_one_its_end(story: Story) -> None:
    assert "package.evidence-gap" in story.codes["2031-06", "late A"]
    assert "package.evidence-lapsed" in story.codes["2031-06", "missed A"]
    late, missed = story.said["2031-06", "late A"], story.said["2031-06", "missed A"]
    assert "断档" in late and "has a gap" in late
    assert "不能证明任何时间" in missed and "proves no time" in missed


def test_without_evidence_after_the_end_the_answer_is_out_of_bounds_without_proof(story: Story) -> None:
    for month in ("2030-03", "2031-03", "2036-03"):
        assert "OUT_OF_BOUNDS_NO_POE" in story.codes[month, "no time"], month


def test_a_lost_key_leaves_what_was_timestamped_before_and_nothing_after(story: Story) -> None:
    assert "REVOKED" in story.codes["2032-06", "after"]
    assert "REVOKED_NO_POE" in story.codes["2032-06", "before"]
    assert story.seen["2032-06", "kept B"] == VALID


def test_a_licence_is_restored_from_the_archive_alone(story: Story, tmp_path: Path) -> None:
    """No home, no network, no trust folder: the archive and three fingerprints that were written down in 2027."""
    ca = story.years.home.path / "ca"
    anchors = [Certificate.load((ca / f"{name}.cer").read_bytes()).fingerprint
               for name in ("sm2-root", "p256-root", "seal-maker")]
    alone = copied(story.years.archive.path, tmp_path / "elsewhere" / "archive")
    at = "2039-03-05T02:00:00+00:00"
    named = [word for each in anchors for word in ("--anchor", each)]
    checked = _run("archive", "verify", alone, *named, "--at", at, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("完好 / good") == 2
    stranger = _run("archive", "verify", alone, "--anchor", "0" * 64, "--at", at, cwd=tmp_path)
    assert stranger.returncode == 3, "a package does not vouch for itself"
    identifier = next(iter(Archive(alone).identifiers()))
    restored = _run("archive", "restore", alone, identifier, "--out", tmp_path / "out", *named, "--at", at,
                    cwd=tmp_path)
    assert restored.returncode == 0, restored.stderr
    shutil.rmtree(alone)
    told = _run("verify", tmp_path / "out" / f"{identifier}.ofd", "--trust", tmp_path / "out" / "trust", "--at", at,
                cwd=tmp_path)
    assert told.returncode in (0, 1), told.stdout + told.stderr       # its dates have passed: the licence, not the file
    assert "文件真伪 document: 真实 / genuine" in told.stdout
    copy = _run("verify", tmp_path / "out" / f"{identifier}.pdf", "--trust", tmp_path / "out" / "trust", "--at", at,
                cwd=tmp_path)
    assert "文件真伪 document: 真实 / genuine" in copy.stdout, copy.stdout


def _run(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process that knows of no home, and whose connections lead nowhere."""
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    root = str(Path(__file__).parents[2])
    return subprocess.run([sys.executable, "-m", "cli.main", *map(str, words)], cwd=cwd, capture_output=True, text=True,
                          check=False, env={**keep, "PYTHONPATH": root, "http_proxy": "http://127.0.0.1:9",
                                            "https_proxy": "http://127.0.0.1:9"})
