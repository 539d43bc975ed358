"""What a report names is named in both languages, and nothing is said twenty times."""

from __future__ import annotations

import dataclasses
import re

from reports.words import licence_answer
from tests.verify.foreign import vendors
from tests.verify.packages import PAGE, changed, check, entries, issued, pack, swap
from verify.report import Report
from verify.report_words import PURPOSES, signature_title
from verify.status import LicenceState, Status


def unsealed() -> Report:
    """A licence whose seal was taken off, every trace of it."""
    parts = {name: data for name, data in entries().items() if "/Signs/" not in name}
    listed = b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>"
    return check(pack({**parts, "OFD.xml": parts["OFD.xml"].replace(listed, b"")}))


def test_a_file_without_a_seal_says_once_that_nothing_is_protected() -> None:
    report = unsealed()
    assert report.verdict.value == "invalid" and not report.coverage.complete
    told = [reason for reason in report.reasons if reason.code.startswith("coverage.")]
    assert [reason.code for reason in told] == ["coverage.nothing"]
    assert str(len(report.coverage.entries)) in told[0].zh and str(len(report.coverage.entries)) in told[0].en
    assert report.to_text().count("unprotected") == 0 and f"0/{len(report.coverage.entries)}" in report.to_text()


def test_a_file_of_others_that_nobody_signed_says_it_once_too() -> None:
    parts = {name: data for name, data in vendors.sealed().items() if "Signs/" not in name}
    report = check(vendors.pack({**parts, "OFD.xml": re.sub(
        b"<ofd:Signatures>.*?</ofd:Signatures>", b"", parts["OFD.xml"])}))
    assert report.verdict.value == "indeterminate" and not report.file.own
    told = [reason.code for reason in report.reasons if reason.code.startswith("coverage.")]
    assert told == ["coverage.unsigned"] and "✗" not in report.to_text().partition("coverage:")[2]


def test_the_signature_of_the_pdf_inside_is_not_taken_for_the_seal() -> None:
    titles = [signature_title("ofd", each.kind) for each in unsealed().signatures]
    assert titles == [("包内 PDF 的签名（不是 OFD 的）", "Signature of the PDF inside, not of the OFD")]
    assert " / ".join(titles[0]) in unsealed().to_text()
    sealed = check(pack(entries()))
    assert " / ".join(signature_title("ofd", sealed.signatures[0].kind)) in sealed.to_text()
    assert signature_title("ofd", sealed.signatures[0].kind)[0] == "OFD 电子印章"
    assert signature_title("pdf", "PAdES")[0] == "PDF 数字签名"
    assert signature_title("ofd", "GB/T 35275")[0] == "OFD 数字签名"


def test_states_and_purposes_stand_in_both_languages() -> None:
    text = check(changed(PAGE, swap("测试甲", "测试乙"))).to_text()
    assert f"✗ {PAGE} (已被改动 / changed)" in text
    parts = entries()
    text = check(pack({**{name: data for name, data in parts.items() if name != PAGE}, "extra.xml": b"<a/>"})).to_text()
    assert f"✗ {PAGE} (已被删除 / removed)" in text and "✗ extra.xml (未受保护 / unprotected)" in text
    sealed = check(pack(parts)).to_text()
    for anchor in check(pack(parts)).anchors:
        line = next(line for line in sealed.splitlines() if line.startswith(f"信任锚 anchor: {anchor.name} ("))
        assert all(word in line for word in PURPOSES[anchor.purpose])
        assert sealed.count(anchor.fingerprint) == 1, "a root is told once, with all that it was relied on for"
    assert not re.search(r"\((?:seal|seal-maker|data|pdf|timestamp)\)", sealed)


def test_what_was_told_and_many_of_a_kind_are_told_by_their_number() -> None:
    text = check(changed(PAGE, swap("测试甲", "测试乙"))).to_text()
    assert text.count("在签章之后被改动 / ") == 1 and "同上 1 项 / 1 as told above [seal.changed]" in text
    report = check(pack({**entries(), **{f"extra-{number}.xml": b"<a/>" for number in range(11)}}))
    told = [reason for reason in report.reasons if reason.code == "coverage.unprotected"]
    text = report.to_text()
    assert len(told) == 11 and sum(f"      {reason.zh}" in text for reason in told) == 5
    assert "… 同类还有 6 项 / 6 more of the kind [coverage.unprotected]" in text


def test_nobody_is_said_to_be_unasked_where_there_is_no_licence_to_ask_about() -> None:
    report = check(issued().ofd)
    assert "未联网查询证照" in report.to_text() and "issuing authority was not asked" in report.to_text()
    assert "not asked" in licence_answer(report.to_dict()).sentence.en
    none = dataclasses.replace(report, status=Status(state=LicenceState.UNKNOWN))
    assert "未联网查询" not in none.to_text() and "not asked" not in none.to_text()
    assert "not asked" not in licence_answer(none.to_dict()).sentence.en
