"""Evidence beside a file: it keeps a genuine file provable when its certificates have expired, and mends nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certs.crl import Crl
from certs.evidence_build import new_record, renew
from certs.home import Home
from certs.timestamp_token import digest
from certs.trust import Trust, TrustError
from registry.demo import revoke, trial_authority
from tests.support.command import Call, caller
from tests.support.demo_home import CITY, copied_home, shared_home
from tests.support.status_lists import entry, seal_of, status_file, trusting
from tests.support.years import DAY, YEAR, YearsOfTime
from tests.verify.packages import PAGE, RECORD, VALUE, Forger, changed, codes, entries, forged, issued, pack, swap
from verify import verify
from verify.chains import Judge
from verify.contained import Verifiers
from verify.entry import evidence_beside
from verify.model import Verdict
from verify.pdf_signature import Moment
from verify.reasons import Findings
from verify.report import Report

SCHEMA = json.loads((Path(__file__).parents[2] / "verify" / "report.schema.json").read_bytes())
SOON = dt.timedelta(hours=1)


@dataclasses.dataclass
class Archive:
    """Whoever keeps licences: a timestamp authority through the years, and what verifiers trust."""

    years: YearsOfTime
    base: Trust

    @property
    def trust(self) -> Trust:
        """The trust folder of now: the lists of the licence's own authorities are those of the year of issue."""
        years = self.years
        return dataclasses.replace(self.base, tsa=(years.top.certificate,), crls=(*self.base.crls, years.crl()))

    def kept(self, data: bytes, *, until: int = 0, gap: int = 2) -> bytes:
        """The evidence of a file, made now and renewed every ``gap`` years until so many years have passed."""
        years = self.years
        record = new_record([digest("sm3", data)], "sm3", years)[0]
        for _ in range(0, until, gap):
            years.now += gap * YEAR
            years.renewed_keys()
            record = renew([record], years, years.material())[0]
        return record

    def judged(self, data: bytes, evidence: bytes | None, **changes: Any) -> Report:
        """The report of now."""
        return verify(data, **{"trust": self.trust, "evidence": evidence, "at": self.years.now,
                               "clock_now": self.years.now, **changes})


def lists_of(moment: dt.datetime) -> dict[str, bytes]:
    """What the licence's own CAs publish at a moment."""
    services = trial_authority(shared_home().path, clock=lambda: moment, environ={})
    return {role: services.crl(role) for role in services.cas}


def claimed() -> dt.datetime:
    """When the worked example says that it was sealed."""
    moment = verify(issued().ofd, trust=shared_home().trust()).signatures[0].claimed_at
    assert moment is not None
    return moment


@pytest.fixture
def archive() -> Archive:
    return Archive(YearsOfTime(now=claimed() + SOON), shared_home().trust())


# -- what it is for


@pytest.mark.parametrize("form", ["ofd", "pdf"])
def test_a_licence_is_checked_long_after_all_its_certificates_have_expired(archive: Archive, form: str) -> None:
    data = getattr(issued(), form)
    begin = archive.years.now
    record = archive.kept(data, until=16)
    assert archive.years.now > shared_home().authority(*CITY).sealing_signer.certificate.not_after + 10 * YEAR
    report = archive.judged(data, record)
    assert report.verdict is Verdict.VALID, codes(report)
    assert all(each.indication == "TOTAL-PASSED" and each.proven_at == begin for each in report.signatures)
    without = archive.judged(data, None)
    assert without.verdict is Verdict.INDETERMINATE
    assert {each.sub_indication for each in without.signatures} == {"OUT_OF_BOUNDS_NO_POE"}


def test_a_report_names_what_the_evidence_proves(archive: Archive) -> None:
    begin = archive.years.now
    record = archive.kept(issued().ofd, until=4)
    report = archive.judged(issued().ofd, record)
    told = json.loads(report.to_json())
    jsonschema.validate(told, SCHEMA)
    kept = told["evidence"]
    assert (kept["code"], kept["holds"], kept["used"]) == ("evidence.good", True, True)
    assert dt.datetime.fromisoformat(kept["proven_at"]) == begin
    assert [step["authority"] for step in kept["steps"]] == ["试验时间戳 1", "试验时间戳 2", "试验时间戳 3"]
    last = told["checks"][-1]
    assert (last["name"], last["zh"], last["en"], last["result"]) == ("evidence", "存证", "evidence", "passed")
    assert "timestamp" in {each["purpose"] for each in told["anchors"]}
    text = report.to_text()
    assert "✓ 存证 / evidence" in text and "存证 evidence: " in text and "试验时间戳 3 (sm3, sm2-sm3)" in text
    assert told["reasons"][-1]["code"] in {"evidence.good", "trust.demo"}
    plain = archive.judged(issued().ofd, None)
    assert json.loads(plain.to_json())["evidence"] is None and "evidence" not in {one.name for one in plain.checks}


def test_a_late_renewal_is_told_with_its_gap(archive: Archive) -> None:
    record = archive.kept(issued().ofd, until=5, gap=5)
    report = archive.judged(issued().ofd, record)
    assert report.verdict is Verdict.INDETERMINATE
    assert {"evidence.gap", "trust.chain"} <= codes(report)
    gap = next(reason for reason in report.reasons if reason.code == "evidence.gap")
    assert report.weighs(gap) and "断档" in gap.zh and "gap" in gap.en
    assert json.loads(report.to_json())["checks"][-1]["result"] == "indeterminate"


def test_a_missed_renewal_is_no_proof(archive: Archive) -> None:
    record = archive.kept(issued().ofd)
    archive.years.now += 5 * YEAR
    report = archive.judged(issued().ofd, record)
    assert report.verdict is Verdict.INDETERMINATE and "evidence.lapsed" in codes(report)
    assert "? 存证 / evidence" in report.to_text()


# -- a key that was lost


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trust, dt.datetime]:
    """What verifiers trust after the sealing key was lost ten days after the sealing."""
    home = copied_home(tmp_path_factory.mktemp("lost") / "home")
    at = claimed() + 10 * DAY
    revoke(home.path, home.authority(*CITY).sealing_signer.certificate, now=at, environ={})
    return Home.open(home.path, environ={}).trust(), at


def test_after_a_key_was_lost_evidence_from_before_keeps_a_licence_and_later_evidence_does_not(
        archive: Archive, lost: tuple[Trust, dt.datetime]) -> None:
    archive.base, at = lost
    before = archive.kept(issued().ofd)
    archive.years.now = at + DAY
    after = archive.kept(issued().ofd)
    archive.years.now = at + 2 * DAY
    assert archive.judged(issued().ofd, before).verdict is Verdict.VALID
    for record in (after, None):
        report = archive.judged(issued().ofd, record)
        assert report.verdict is Verdict.INDETERMINATE
        assert report.signatures[0].sub_indication == "REVOKED_NO_POE"


def test_after_a_seal_is_listed_as_lost_it_is_the_same(archive: Archive) -> None:
    at = claimed() + 10 * DAY
    listed = status_file(entry("lost", since=at, seal=seal_of()), at=at + DAY)
    before = archive.kept(issued().ofd)
    archive.years.now = at + SOON
    after = archive.kept(issued().ofd)
    archive.years.now = at + DAY + SOON
    archive.base = trusting(listed)
    assert archive.judged(issued().ofd, before).verdict is Verdict.VALID
    for record in (after, None):
        report = archive.judged(issued().ofd, record)
        assert report.verdict is Verdict.INDETERMINATE and "seal.lost" in codes(report)


# -- what it cannot do


def _page_of_another() -> bytes:
    return changed(PAGE, swap("测试甲", "测试乙"))


TAMPERED = {
    "a changed page": _page_of_another,
    "a changed record": lambda: changed(RECORD, swap("测试甲", "测试乙")),
    "a changed seal": lambda: changed(VALUE, lambda data: data[:-1] + bytes((data[-1] ^ 1,))),
    "a page sealed anew": lambda: forged(PAGE, swap("测试甲", "测试乙")),
    "no seal": lambda: pack({name: data for name, data in entries().items() if "/Signs/" not in name}),
    "an entry more": lambda: pack({**entries(), "Doc_0/more.xml": b"<a/>"}),
    "cut short": lambda: issued().ofd[:-9],
    "a changed PDF": lambda: issued().pdf.replace(b"/Type /Catalog", b"/Type  /Catalog", 1)
    if b"/Type /Catalog" in issued().pdf else issued().pdf[:-30] + b"\n" + issued().pdf[-30:],
}


@pytest.mark.parametrize("name", TAMPERED)
def test_no_evidence_makes_a_false_file_genuine(archive: Archive, name: str) -> None:
    """Not even good evidence, made for the very bytes: it proves when the false file existed."""
    data = TAMPERED[name]()
    own, others = archive.kept(data), archive.kept(issued().ofd)
    without = archive.judged(data, None)
    assert without.verdict is not Verdict.VALID
    for record in (own, others, b"", b"\x30\x00", own[:-1]):
        report = archive.judged(data, record)
        assert report.verdict is without.verdict, codes(report)
        assert codes(without) <= codes(report)


@pytest.mark.parametrize("spoilt", ["empty", "BER", "cut", "trailing", "zeros", "huge"])
def test_evidence_that_cannot_be_read_takes_nothing_from_a_genuine_file(archive: Archive, spoilt: str) -> None:
    own = archive.kept(issued().ofd)
    records = {"empty": b"", "BER": b"\x30\x80\x00\x00", "cut": own[:-1], "trailing": own + b"\0",
               "zeros": bytes(len(own)), "huge": b"\x30" * (17 << 20)}
    report = archive.judged(issued().ofd, records[spoilt])
    assert report.verdict is Verdict.VALID and "evidence.unreadable" in codes(report)
    told = json.loads(report.to_json())
    jsonschema.validate(told, SCHEMA)
    assert told["checks"][-1]["result"] == "indeterminate" and not told["evidence"]["used"]


def test_evidence_of_another_file_is_named_and_takes_nothing(archive: Archive) -> None:
    record = archive.kept(issued(2).ofd)
    report = archive.judged(issued().ofd, record)
    assert report.verdict is Verdict.VALID and "evidence.other-file" in codes(report)
    archive.years.now += 4 * YEAR
    late = archive.judged(issued().ofd, record)
    assert late.verdict is Verdict.INDETERMINATE and "evidence.other-file" in codes(late)


def test_evidence_of_a_stranger_proves_nothing(archive: Archive) -> None:
    record = Archive(YearsOfTime(now=archive.years.now), archive.base).kept(issued().ofd)
    archive.years.now += 2 * YEAR
    report = archive.judged(issued().ofd, record)
    assert report.verdict is Verdict.INDETERMINATE and "evidence.lapsed" in codes(report)


def test_without_a_trust_folder_there_is_nothing_to_judge_it_by(archive: Archive) -> None:
    report = archive.judged(issued().ofd, archive.kept(issued().ofd), trust=None)
    assert report.verdict is Verdict.INDETERMINATE and "evidence.no-trust" in codes(report)


def test_evidence_later_than_the_moment_that_is_asked_for_is_not_used(archive: Archive) -> None:
    at = archive.years.now
    archive.years.now += 100 * DAY
    record = archive.kept(issued().ofd)
    report = archive.judged(issued().ofd, record, at=at)
    assert report.verdict is Verdict.VALID and "evidence.later" in codes(report)
    assert report.signatures[0].proven_at is None


@pytest.mark.parametrize("form", ["ofd", "pdf"])
def test_evidence_older_than_the_sealing_that_a_file_claims_gives_no_time(archive: Archive, form: str) -> None:
    """The clock of the sealer or of the authority is wrong: which of them cannot be told."""
    data = getattr(issued(), form)
    archive.years.now = claimed() - DAY
    archive.years.renewed_keys()
    record = archive.kept(data)
    archive.years.now = claimed() + DAY
    report = archive.judged(data, record)
    assert report.verdict is Verdict.VALID and report.signatures[0].proven_at is None


@pytest.mark.parametrize("role", ["sm2", "p256"])
def test_nor_does_it_save_what_was_signed_after_a_loss(archive: Archive, role: str, tmp_path: Path) -> None:
    """The key was lost between the time that the evidence names and the one that the signature claims."""
    home = copied_home(tmp_path / "home")
    authority = Home.open(home.path, environ={}).authority(*CITY)
    signer, data = {"sm2": (authority.sealing_signer, issued().ofd), "p256": (authority.pdf_signer, issued().pdf)}[role]
    revoke(home.path, signer.certificate, now=claimed() - SOON / 4, environ={})
    archive.base = Trust.load(home.path / "trust")
    archive.years.now = claimed() - SOON / 2
    archive.years.renewed_keys()
    early = archive.kept(data)
    archive.years.now = claimed() + DAY
    assert archive.judged(data, early).verdict is not Verdict.VALID


@pytest.mark.parametrize(("early", "counts"), [(dt.timedelta(minutes=4), True), (dt.timedelta(minutes=11), False)])
def test_clocks_may_differ_a_little(early: dt.timedelta, counts: bool) -> None:
    judge = Judge(trust=None, at=claimed(), clock_now=claimed(), found=Findings(), existed_at=claimed() - early)
    moment = Moment(at=claimed(), existed_at=claimed() - early)
    for since in (judge.since, moment.since):
        assert since(None, claimed()) == (claimed() - early if counts else None)
        assert since(None, None) == claimed() - early
        assert since(claimed(), claimed()) == claimed(), "its own timestamp is of the signature itself"


def test_a_seal_that_claims_a_time_after_its_certificates_end_is_not_mended(archive: Archive) -> None:
    end = shared_home().authority(*CITY).sealing_signer.certificate.not_after
    late = Forger(moment=end + DAY).apply(entries())
    archive.years.now = end + 2 * DAY
    archive.years.renewed_keys()
    report = archive.judged(late, archive.kept(late))
    assert report.verdict is Verdict.INVALID


# -- weak algorithms, by the trust folder


def test_a_trust_folder_says_when_algorithms_weaken(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    shutil.copytree(shared_home().trust_dir, folder)
    assert Trust.load(folder).strength.holds(archive.years.now, "sm3")
    (folder / "algorithms.json").write_text(json.dumps({"sm3": f"{archive.years.now.year + 3}-01-01"}))
    record = archive.kept(issued().ofd, until=2)
    fresh = tuple(map(Crl.load, lists_of(archive.years.now).values()))
    archive.base = dataclasses.replace(Trust.load(folder), crls=fresh)
    assert archive.judged(issued().ofd, record).verdict is Verdict.VALID
    archive.years.now += 1.9 * YEAR
    assert "evidence.lapsed" in codes(archive.judged(issued().ofd, record))
    (folder / "algorithms.json").write_text('{"sm3": "soon"}')
    with pytest.raises(TrustError):
        Trust.load(folder)


# -- where it is found


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    return caller(monkeypatch, capfd, "verify")


def test_the_command_and_its_children_find_the_record_beside_the_file(
        archive: Archive, tmp_path: Path, command: Call) -> None:
    record = archive.kept(issued().ofd, until=4)
    folder = tmp_path / "trust"
    shutil.copytree(shared_home().trust_dir, folder)
    (folder / "tsa").mkdir(exist_ok=True)
    (folder / "tsa" / "years.cer").write_bytes(archive.years.top.certificate.der)
    (folder / "crls" / "years.crl").write_bytes(archive.years.crl().der)
    for role, der in lists_of(archive.years.now).items():
        (folder / "crls" / f"new-{role}.crl").write_bytes(der)
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.ofd").write_bytes(issued().ofd)
    (files / "b.ofd").write_bytes(issued().ofd)
    (files / "a.ofd.er").write_bytes(record)
    at = archive.years.now
    options = ("--trust", str(folder), "--at", at.isoformat())
    code, out, _ = command(str(files / "a.ofd"), *options)
    assert code == 1 and "真实 / genuine" in out and "存证 evidence: " in out        # the licence's own days are over
    _, out, _ = command(str(files / "b.ofd"), *options)
    assert "无法确定" in out and "存证" not in out
    _, out, _ = command(str(files / "b.ofd"), "--evidence", str(files / "a.ofd.er"), *options)
    assert "真实 / genuine" in out
    code, out, _ = command(str(files), *options)
    assert code == 1 and [line.split(" / ")[0] for line in out.splitlines()[:2]] == ["真实", "无法确定"]
    assert command(str(files), "--evidence", str(files / "a.ofd.er"), *options)[0] == 2
    with Verifiers(trust=folder) as verifiers:
        told = verifiers.verify(files / "b.ofd", at=at, evidence=record).report
        assert told["verdict"] == "valid" and told["evidence"]["holds"]
        assert verifiers.verify(files / "b.ofd", at=at).report["verdict"] == "indeterminate"


def test_a_record_beside_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.ofd"
    assert evidence_beside(file) is None
    (tmp_path / "a.ofd.er").mkdir()
    assert evidence_beside(file) == b""
    (tmp_path / "a.ofd.er").rmdir()
    (tmp_path / "a.ofd.er").symlink_to(tmp_path / "nothing")
    assert evidence_beside(file) == b""
