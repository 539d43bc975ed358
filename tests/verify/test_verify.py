"""The one call: two answers, their reasons, and a report that machines and people can read."""

from __future__ import annotations

import datetime as dt
import json
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

import docgen
import verify
from certs.home import Home
from layouts import load_kind
from tests.support.demo_home import make_home, shared_home
from tests.verify.archives import archive, item
from tests.verify.packages import (
    PAGE,
    RECORD,
    Forger,
    check,
    codes,
    entries,
    forged,
    issued,
    pack,
    record,
    swap,
)
from verify.model import Severity, Verdict
from verify.reasons import FINDING_LIMIT, Findings, clean, finding
from verify.reasons import codes as table
from verify.status import LicenceState


def day(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text + "T12:00:00+08:00")


@pytest.fixture(scope="module")
def long_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo home made in 2025 whose certificates cover the example's first day."""
    path = tmp_path_factory.mktemp("long") / "home"
    make_home(path, now=day("2025-07-20"))
    return path


@pytest.mark.req("R-003-30")
@pytest.mark.parametrize(("at", "state", "exit_code"), [
    ("2025-07-22", LicenceState.NOT_YET, 1),
    ("2025-08-05", LicenceState.IN_FORCE, 0),
])
def test_file_and_licence_are_two_answers(long_home: Path, at: str, state: LicenceState,
                                          exit_code: int) -> None:
    """A genuine file whose licence has not begun: yes to the one, no to the other."""
    home = make_home(long_home, now=day("2025-07-20"))
    sealed = docgen.issue(record(), home=Home.open(home.path, environ={}, clock=lambda: day("2025-07-21")))
    report = verify.verify(sealed.ofd, trust=home.trust_dir, at=day(at), clock_now=day(at))
    assert report.verdict is Verdict.VALID, codes(report)
    assert report.status.state is state
    assert report.exit_code == exit_code


def test_a_revocation_list_published_later_than_the_moment_asked_about_counts(long_home: Path) -> None:
    home = make_home(long_home, now=day("2025-07-20"))
    sealed = docgen.issue(record(), home=Home.open(home.path, environ={}, clock=lambda: day("2025-07-21")))
    make_home(long_home, now=day("2025-08-02"))                  # renews the lists
    home = make_home(long_home, now=day("2025-08-02"))
    at = day("2025-08-01")
    early = verify.verify(sealed.ofd, trust=home.trust_dir, at=at, clock_now=day("2025-08-03"))
    assert early.verdict is Verdict.VALID, codes(early)
    unknown = verify.verify(sealed.ofd, trust=home.trust_dir, at=at, clock_now=at)
    assert unknown.verdict is Verdict.INDETERMINATE


def test_an_expired_licence_is_no_even_where_the_file_cannot_be_judged() -> None:
    report = check(issued().ofd, at=day("2040-01-01"))
    assert report.status.state is LicenceState.EXPIRED
    assert report.exit_code == 1


def test_a_status_that_nobody_asked_for_leaves_0_unless_it_is_demanded() -> None:
    assert check(issued().ofd).exit_code == 0
    assert check(issued().ofd, require_status=True).exit_code == 3


def test_the_report_has_the_keys_that_programs_rely_on() -> None:
    told = json.loads(check(issued().ofd).to_json())
    assert told["verdict"] == "valid"
    assert {"verdict", "reasons", "signatures", "coverage", "licence", "status"} <= set(told)
    assert all({"code", "zh", "en"} <= set(reason) for reason in told["reasons"])
    assert told["licence"]["fields"]["企业名称"] == "测试甲化工贸易有限公司"
    assert told["licence"]["proven"] is True
    assert told["coverage"]["complete"] is True
    assert told["status"]["zh"] == "在有效期内"
    assert told["demo"] is True and told["notice"]["zh"] == "演示，不具法律效力"
    assert [each["kind"] for each in told["signatures"]] == ["SES v4", "PAdES"]
    assert all(each["indication"] == "TOTAL-PASSED" for each in told["signatures"])
    assert all(len(anchor["fingerprint_sm3"]) == 64 for anchor in told["anchors"])
    assert {anchor["purpose"] for anchor in told["anchors"]} == {"seal", "seal-maker", "data", "pdf"}


@pytest.mark.req("R-003-03")
def test_private_fields_do_not_reach_the_report() -> None:
    told = check(issued().ofd).to_json()
    assert str(record()["联系人电话"]) not in told
    assert "联系人电话" in json.loads(told)["licence"]["withheld"]


@pytest.mark.req("R-003-32")
def test_the_text_report_says_both_answers_who_sealed_what_is_covered_and_whom_we_trust() -> None:
    report = check(issued().ofd)
    text = report.to_text()
    for words in ("真实 / genuine", "在有效期内", "演示，不具法律效力", "测试市应急管理局", "全部 / complete",
                  "证印演示根证书（SM2）", report.anchors[0].fingerprint):
        assert words in text
    assert "\x1b" not in text


def test_a_demonstrations_file_says_so_even_where_its_anchor_is_not_trusted() -> None:
    report = verify.verify(issued().ofd, trust=None)
    assert report.verdict == "indeterminate" and not report.demo
    assert "trust.demo-claimed" in {reason.code for reason in report.reasons}


def test_no_text_of_a_file_reaches_a_terminal_raw() -> None:
    hostile = "恶意\u202e\u200b公司"
    parts = entries()
    parts[RECORD] = parts[RECORD].replace("测试甲化工贸易有限公司".encode(), hostile.encode())
    text = check(Forger().apply(parts)).to_text()
    assert "\u202e" not in text and "\u200b" not in text and "恶意\ufffd\ufffd公司" in text
    assert clean("a\x1b[31mb\nc") == "a\ufffd[31mb\ufffdc"
    assert len(clean("x" * 1000)) == 120


@pytest.mark.req("R-003-27")
def test_a_pdf_is_always_told_to_be_a_copy() -> None:
    report = check(issued().pdf)
    assert report.verdict is Verdict.VALID, codes(report)
    assert "pdf.copy" in codes(report)


@pytest.mark.req("R-000-29")
@pytest.mark.parametrize(("old", "new"), [
    (">14010013202590001<", ">14010013202590009<"),
    (">https://lookup.example.invalid/l/14010013202590001<", ">https://lookup.example.invalid/l/1<")])
def test_number_qr_and_record_must_point_at_the_same_licence(old: str, new: str) -> None:
    data = forged(RECORD, lambda body: body.replace(old.encode(), new.encode()))
    report = check(data)
    assert report.verdict is Verdict.INVALID
    assert "qr.claim" in codes(report) or "data.identifier-parts" in codes(report)


@pytest.mark.req("R-000-30", "R-000-19")
@pytest.mark.parametrize(("page", "label"), [(0, "许可范围"), (1, "许可范围"), (2, "许可范围")])
def test_a_page_that_differs_is_named_with_its_field(page: int, label: str) -> None:
    report = check(forged(f"Doc_0/Pages/Page_{page}/Content.xml", swap("重质芳烃", "轻质芳烃")))
    assert report.verdict is Verdict.INVALID
    lines = [reason for reason in report.reasons if reason.code == "page.line"]
    assert lines and label in lines[0].zh
    (told,) = [reason for reason in report.reasons if reason.code == "rendition.page"]
    shown, _, copy = told.zh.rpartition("” / “")
    assert "轻质芳烃、轻质芳烃" in shown and "轻质芳烃、重质芳烃" in copy


@pytest.mark.req("R-000-31")
def test_a_credit_code_with_a_wrong_check_digit_is_an_error_in_our_own_files() -> None:
    data = forged(RECORD, lambda body: body.replace(b"91140100MA9TEX0149", b"91140100MA9TEX0148"))
    report = check(data)
    assert report.verdict is Verdict.INVALID
    assert any("统一社会信用代码" in reason.zh for reason in report.reasons if reason.code == "data.field")


@pytest.mark.parametrize("text", ["2025-13-45", "20250801", "x", "2025-8-1", "２０２５-08-01", "2025-08-01T00"])
def test_a_date_that_is_none_is_told_as_such(text: str) -> None:
    report = check(forged(RECORD, lambda body: body.replace(b"2025-08-01", text.encode())))
    assert report.verdict is Verdict.INVALID and "data.field" in codes(report)
    assert "file.unreadable-part" not in codes(report)
    assert ("data.unprintable" in codes(report)) == (text != "2025-13-45")


@pytest.mark.req("R-000-21")
def test_the_line_at_the_foot_must_be_there() -> None:
    report = check(forged("Doc_0/Pages/Page_0/Content.xml", swap("应急管理部监制", "应急管理部监造")))
    assert report.verdict is Verdict.INVALID


NOT_SUCH = [b"", b"hello", b"GIF89a\x01\x00", b"\x7fELF", archive([item("word/document.xml", b"<a/>")])]


@pytest.mark.parametrize("data", NOT_SUCH)
def test_what_is_no_ofd_or_pdf_gets_exit_code_4(data: bytes) -> None:
    report = check(data)
    assert report.exit_code == 4 and report.verdict is not Verdict.VALID
    assert codes(report) == {"file.not-such"}
    assert json.loads(report.to_json())["reasons"]


def test_a_file_over_the_limit_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.entry.MAX_FILE_SIZE", 1000)
    report = check(issued().ofd)
    assert report.verdict is Verdict.INDETERMINATE and report.exit_code == 3
    assert codes(report) == {"file.too-large"}


def test_a_file_that_cannot_be_read_is_the_only_thing_that_raises(tmp_path: Path) -> None:
    with pytest.raises(verify.VerifyError) as raised:
        verify.verify(tmp_path / "nothing.ofd", trust=None)
    assert raised.value.code == "verify.unreadable"
    assert "文件或目录不存在 (No such file or directory)" in raised.value.zh
    with pytest.raises(ValueError, match="zone"):
        verify.verify(b"", trust=None, at=dt.datetime(2026, 1, 1))


def test_another_file_name_is_noted_and_changes_nothing() -> None:
    own_name = check(issued().ofd, name=f"{issued().identifier}.OFD")
    assert "file.name" not in codes(own_name)
    renamed = check(issued().ofd, name="licence (1).ofd")
    assert renamed.verdict is Verdict.VALID and "file.name" in codes(renamed)


def test_a_check_that_breaks_off_is_never_taken_for_a_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("some parser")

    monkeypatch.setattr("verify.judge_ofd.check_pages", broken)
    report = check(issued().ofd)
    assert report.verdict is Verdict.INDETERMINATE
    assert "file.unreadable-part" in codes(report)


@pytest.mark.parametrize("step", ["judge_ofd.evidence_of", "judge_ofd.read_zip", "judge_ofd.local_name"])
def test_no_error_leaves_the_verifier(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("what the file says")

    monkeypatch.setattr(f"verify.{step}", broken)
    report = check(issued().ofd)
    assert report.verdict is not Verdict.VALID and "what the file says" not in report.to_json()
    assert codes(report) & {"file.failed", "file.unreadable-part"} and "KeyError" in report.to_text()


@pytest.mark.parametrize("name", ["ofd.xml", "OFD.XML", "OFD.xml.", "Doc_0/OFD.xml"])
def test_a_package_whose_entrance_has_another_name_is_judged(name: str) -> None:
    parts = {name if each == "OFD.xml" else each: data for each, data in entries(issued().ofd).items()}
    report = check(pack(parts))
    assert report.verdict is Verdict.INVALID and {"ofd.missing", "seal.none"} <= codes(report)
    assert not codes(report) & {"file.failed", "file.unreadable-part"}


@pytest.mark.parametrize("step", ["check_record", "check_metadata", "check_head", "check_tags", "check_pages",
                                  "check_qr", "check_attached", "judge_rendition", "judge_sealing"])
def test_every_step_is_demanded(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whatever throws in any step, the answer is not "genuine"."""
    def broken(*_: object, **__: object) -> None:
        raise KeyError(step)

    monkeypatch.setattr(f"verify.judge_ofd.{step}", broken)
    assert check(issued().ofd).verdict is not Verdict.VALID


def test_findings_beyond_the_limit_never_make_the_verdict_better() -> None:
    found = Findings()
    for number in range(FINDING_LIMIT + 10):
        found.add("ofd.twin-id", "x.xml", id=number)
    assert found.verdict() is Verdict.INDETERMINATE and found.left_out == 10
    found.add("xml.malformed")
    assert found.verdict() is Verdict.INDETERMINATE and not found.has("xml.malformed")
    found.add("seal.crypto")
    found.add("seal.crypto")
    found.add("seal.form")
    assert found.verdict() is Verdict.INVALID and found.left_out == 13
    assert found.has("seal.crypto") and not found.has("seal.form")


def test_what_is_found_again_and_again_is_kept_once_for_each_check_and_put_into_words_once(
        monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr("verify.reasons.finding", lambda code, *rest, **facts: (
        made.append(code), finding(code, *rest, **facts))[1])
    found = Findings()
    for check_name in ("structure", "pages"):
        found.begin(check_name)
        for _ in range(1000):
            found.add("ofd.not-understood", "x.xml", element="a")
    assert [each.reason.code for each in found.all()] == made == ["ofd.not-understood"] * 2
    assert len(found.of("structure")) == len(found.of("pages")) == 1 and found.left_out == 1998


def test_a_report_says_how_much_it_does_not_tell_one_by_one() -> None:
    parts = entries(issued().ofd)
    page = parts[PAGE].replace(b"</ofd:Layer>", b"<ofd:a/>" * 5000 + b"</ofd:Layer>", 1)
    report = check(pack({**parts, PAGE: page}))
    told = [each for each in report.reasons if each.code == "file.more"]
    assert len(told) == 1 and re.search("[0-9]{4}", told[0].zh) and re.search("[0-9]{4}", told[0].en)
    assert len(report.findings) < 40 and "file.more" not in codes(check(issued().ofd))


def test_each_reason_code_has_both_sentences_with_the_same_kind_of_facts() -> None:
    formatter = string.Formatter()
    for code, meaning in table().items():
        known = {name for text in (meaning.zh, meaning.en) for _, name, _, _ in formatter.parse(text) if name}
        assert meaning.zh and meaning.en and code == code.lower() and "." in code
        assert finding(code, **dict.fromkeys(known, "x")).reason.zh
        assert isinstance(meaning.severity, Severity)


def test_the_kind_of_the_example_is_the_one_these_tests_rely_on() -> None:
    assert load_kind("K0").faces[0].role == "正本"


COLD = "import sys, time; t = time.perf_counter(); import verify; from pathlib import Path; " \
       "r = verify.verify(Path(sys.argv[1]), trust=Path(sys.argv[2])); " \
       "print(r.verdict.value, ' '.join(sorted({m.partition('.')[0] for m in sys.modules})))"


def test_the_verifier_loads_no_writer(tmp_path: Path) -> None:
    """Independent of the issuing side, and quick to start."""
    path = tmp_path / "x.ofd"
    path.write_bytes(issued().ofd)
    done = subprocess.run([sys.executable, "-c", COLD, path, shared_home().trust_dir], capture_output=True,
                          text=True, check=True)
    verdict, *modules = done.stdout.split()
    assert verdict == "valid"
    assert {"docgen", "reportlab", "pyhanko", "registry", "service", "numpy"}.isdisjoint(modules)


@pytest.mark.parametrize("moment", [dt.datetime.min, dt.datetime.max])
@pytest.mark.parametrize("hours", [-14, 0, 14])
def test_the_ends_of_the_calendar_are_moments_like_others(moment: dt.datetime, hours: int) -> None:
    zone = dt.timezone(dt.timedelta(hours=hours))
    for data in (issued().ofd, issued().pdf):
        report = check(data, at=moment.replace(tzinfo=zone))
        assert report.verdict is Verdict.INDETERMINATE and report.to_json() and report.to_text()


@pytest.mark.parametrize("content", [None, b"{", b'{"name": "x", "lookup_hosts": []}'])
def test_a_trust_folder_that_cannot_be_used_leaves_no_green_tick_on_what_rests_on_it(
    tmp_path: Path, content: bytes | None,
) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    if content is not None:
        (folder / "trust.json").write_bytes(content)
    report = check(issued().ofd, trust=folder)
    assert report.verdict is Verdict.INDETERMINATE and "trust.unusable" in codes(report)
    results = {each.name: each.result for each in report.checks}
    assert (results["trust"], results["qr"]) == ("indeterminate", "indeterminate")
    assert {each.indication for each in report.signatures} == {"INDETERMINATE"}
    assert "TOTAL-PASSED" not in report.to_text()
