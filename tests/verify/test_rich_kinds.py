"""Kinds with tables, paragraphs, photos, identity numbers, earlier documents; without QR code or validity.

Issued with a home's true keys and verified; then changed and sealed anew by the true authority: whoever seals, a
package that disagrees with itself is not genuine.
"""

from __future__ import annotations

import atexit
import functools
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import docgen
from certs.home import Home
from certs.sm3 import sm3
from docgen.earlier import MAX_EARLIER_BYTES, EarlierError
from layouts import add_folder, resource
from tests.docgen.bad_rich_records import photo
from tests.support.demo_home import make_home
from tests.verify.packages import RENDITION, Entries, Forger, codes, entries, pack
from verify import verify
from verify.model import Verdict
from verify.report import Report
from verify.status import LicenceState

KINDS = Path(__file__).parents[1] / "data" / "kinds"
ATTACHMENTS, RECORD = "Doc_0/Attachs/Attachments.xml", "Doc_0/Attachs/record.xml"


@functools.cache
def home() -> Home:
    """A demo home whose approvals name the test kinds."""
    add_folder(KINDS)
    folder = Path(tempfile.mkdtemp(prefix="zhengyin-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_home(folder / "home", kinds=("R1", "R2"))


def sample(kind: str, **changes: Any) -> dict[str, Any]:
    add_folder(KINDS)
    values: dict[str, Any] = json.loads(resource(kind, "samples/sample.json"))
    return values | changes


@functools.cache
def issued(kind: str) -> docgen.Issued:
    return docgen.issue(sample(kind), home=home())


def check(data: bytes) -> Report:
    return verify(data, trust=home().trust())


def reference(document: docgen.Issued, data: bytes | None = None) -> str:
    return f"{document.identifier} sm3:{sm3(document.ofd if data is None else data).hex()}"


@functools.cache
def second() -> docgen.Issued:
    """A letter that stands on an earlier one."""
    first = issued("R1")
    return docgen.issue(sample("R1", 文号="测应急核〔2025〕8号", 前件=reference(first)), home=home(),
                        attachments={"earlier": first.ofd})


@pytest.mark.parametrize("kind", ["R1", "R2"])
def test_documents_of_these_kinds_are_genuine_in_both_formats(kind: str) -> None:
    for data in (issued(kind).ofd, issued(kind).pdf):
        report = check(data)
        assert report.verdict is Verdict.VALID, codes(report)
        assert report.exit_code == 0


def test_a_letter_has_no_validity_and_no_code() -> None:
    report = check(issued("R1").ofd)
    assert report.status.state is LicenceState.NOT_APPLICABLE
    assert not any("data-signing" in name for name in entries(issued("R1").ofd))
    assert {name.name: name.result for name in report.checks}["qr"] == "passed"


def test_a_table_and_paragraphs_stand_in_the_report() -> None:
    licence = check(issued("R1").ofd).licence
    assert licence is not None
    assert licence.fields["核查人员"][1] == {"姓名": "测试人乙", "执法证号": "0000002"}
    assert licence.fields["理由"] == sample("R1")["理由"]
    json.loads(check(issued("R1").ofd).to_json())


@pytest.mark.req("R-003-03")
@pytest.mark.parametrize("data", [lambda: issued("R2").ofd, lambda: issued("R2").pdf], ids=["ofd", "pdf"])
def test_an_identity_number_reaches_no_report(data: Callable[[], bytes]) -> None:
    report = check(data())
    assert "999999199001010016" not in report.to_json() + report.to_text()
    assert report.licence is not None
    assert "公民身份号码" in report.licence.withheld
    assert "姓名: 测试人甲" in report.to_text()


@pytest.mark.req("R-004-12")
def test_another_entry_makes_a_new_sealed_version() -> None:
    entry = {"日期": "2028-08-20", "结果": "合格"}
    values = sample("R2", 版本号="002")
    values["复审记录"].append(entry)
    again = docgen.issue(values, home=home())
    assert again.identifier != issued("R2").identifier
    report = check(again.ofd)
    assert report.verdict is Verdict.VALID, codes(report)
    assert report.licence is not None
    assert report.licence.fields["复审记录"][-1] == entry


# ---- earlier documents

@pytest.mark.req("R-004-06")
def test_a_letter_on_an_earlier_one_is_genuine_with_it() -> None:
    report = check(second().ofd)
    assert report.verdict is Verdict.VALID, codes(report)
    assert entries(second().ofd)["Doc_0/Attachs/earlier.ofd"] == issued("R1").ofd
    report = check(second().pdf)
    assert report.verdict is Verdict.VALID, codes(report)
    assert "data.earlier-elsewhere" in codes(report)


def test_a_repeat_needs_no_earlier_document() -> None:
    again = docgen.issue(sample("R1", 文号="测应急核〔2025〕8号", 前件=reference(issued("R1"))), home=home())
    assert again.repeated
    assert again.ofd == second().ofd


REFUSED = [
    ("none given", {}, {}, "issue.earlier-missing"),
    ("one too many", {"前件": None}, {"earlier": b"x"}, "issue.earlier-unexpected"),
    ("an unknown key", {}, {"other": b"x"}, "issue.earlier-unexpected"),
    ("other bytes", {}, {"earlier": b"x"}, "issue.earlier-digest"),
    ("no OFD", {"前件": lambda: reference(issued("R1"), b"x")}, {"earlier": b"x"}, "issue.earlier-form"),
    ("too large", {}, {"earlier": bytes(MAX_EARLIER_BYTES + 1)}, "issue.earlier-too-large"),
    ("a PDF", {"前件": lambda: reference(issued("R1"), issued("R1").pdf)}, {"earlier": lambda: issued("R1").pdf},
     "issue.earlier-form"),
    ("another kind of document", {"前件": lambda: reference(issued("R2"))}, {"earlier": lambda: issued("R2").ofd},
     "issue.earlier-kind"),
    ("a document on another applicant", {"申请人": "测试乙化工贸易有限公司"}, {"earlier": lambda: issued("R1").ofd},
     "issue.earlier-disagrees"),
    ("another document", {"前件": lambda: reference(issued("R1"), issued("R2").ofd)},
     {"earlier": lambda: issued("R2").ofd}, "issue.earlier-identifier"),
]


@pytest.mark.req("R-004-06")
@pytest.mark.parametrize(("changes", "given", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_another_earlier_document_is_refused(changes: dict[str, Any], given: dict[str, Any], code: str) -> None:
    called = [{key: one() if callable(one) else one for key, one in some.items()} for some in (changes, given)]
    values = sample("R1", 文号="测应急核〔2025〕9号", 前件=reference(issued("R1"))) | called[0]
    with pytest.raises(EarlierError) as caught:
        docgen.issue(values, home=home(), attachments=called[1])
    assert caught.value.code == code
    assert caught.value.zh and caught.value.en


def on(number: int, data: bytes) -> docgen.Issued:
    """A letter that stands on these bytes, which name themselves as the first letter."""
    return docgen.issue(
        sample("R1", 文号=f"测应急核〔2025〕{number}号", 前件=f"{issued('R1').identifier} sm3:{sm3(data).hex()}"),
        home=home(), attachments={"earlier": data})


def test_a_letter_on_a_forged_one_is_not_genuine() -> None:
    parts = entries(issued("R1").ofd)
    page = "Doc_0/Pages/Page_0/Content.xml"
    parts[page] = parts[page].replace("同意".encode(), "反对".encode())
    report = check(on(10, pack(parts)).ofd)
    assert report.verdict is Verdict.INVALID
    assert "data.earlier-invalid" in codes(report)


@pytest.mark.req("R-004-06")
@pytest.mark.parametrize(("changes", "earlier"), [
    ({"文号": "测应急核〔2025〕12号"}, "R2"),
    ({"文号": "测应急核〔2025〕13号", "申请人": "测试乙化工贸易有限公司"}, "R1"),
], ids=["another kind", "another applicant"])
def test_a_letter_on_another_matter_is_not_genuine_though_its_issuer_let_it_pass(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], earlier: str,
) -> None:
    monkeypatch.setattr("docgen.earlier._require_same", lambda *_: None)
    document = docgen.issue(sample("R1", 前件=reference(issued(earlier)), **changes), home=home(),
                            attachments={"earlier": issued(earlier).ofd})
    report = check(document.ofd)
    assert report.verdict is Verdict.INVALID
    assert "data.earlier" in codes(report)


def test_what_an_earlier_document_stands_on_is_not_followed_further() -> None:
    third = docgen.issue(sample("R1", 文号="测应急核〔2025〕11号", 前件=reference(second())), home=home(),
                         attachments={"earlier": second().ofd})
    report = check(third.ofd)
    assert report.verdict is Verdict.INDETERMINATE
    assert "data.earlier-unsure" in codes(report)


# ---- changed and sealed anew by the true authority

def exchanged(document: docgen.Issued, name: str, old: str, new: str) -> bytes:
    parts = entries(document.ofd)
    after = parts[name].replace(old.encode(), new.encode())
    assert after != parts[name]
    return Forger(home=home()).apply({**parts, name: after})


def attached(document: docgen.Issued, name: str, data: bytes) -> bytes:
    """One more attachment, listed like the others and sealed."""
    parts = entries(document.ofd)
    listed = parts[ATTACHMENTS].decode()
    one = re.search(r"<ofd:Attachment .*?</ofd:Attachment>", listed, re.DOTALL)
    assert one
    more = one.group().replace("record.xml", name)
    more = re.sub(r'ID="[^"]*"', 'ID="99990"', more)
    parts[ATTACHMENTS] = listed.replace(one.group(), one.group() + more).encode()
    parts[f"Doc_0/Attachs/{name}"] = data
    return Forger(home=home()).apply(parts)


def without_earlier() -> bytes:
    parts = entries(second().ofd)
    listed = parts[ATTACHMENTS].decode()
    parts[ATTACHMENTS] = re.sub(
        r"<ofd:Attachment (?:(?!</ofd:Attachment>).)*earlier\.ofd.*?</ofd:Attachment>", "", listed,
        flags=re.DOTALL).encode()
    del parts["Doc_0/Attachs/earlier.ofd"]
    return Forger(home=home()).apply(parts)


def with_earlier(data: bytes) -> bytes:
    return Forger(home=home()).apply({**entries(second().ofd), "Doc_0/Attachs/earlier.ofd": data})


def photo_of(parts: Entries) -> str:
    return next(name for name, data in parts.items() if data[:3] == b"\xff\xd8\xff")


def with_photo(data: bytes) -> bytes:
    parts = entries(issued("R2").ofd)
    return Forger(home=home()).apply({**parts, photo_of(parts): data})


def photo_named_in_the_record(data: bytes) -> bytes:
    """Another photo on the OFD's page and in both records' digests, the PDF as it was."""
    parts = entries(issued("R2").ofd)
    name = photo_of(parts)
    old, new = sm3(parts[name]).hex(), sm3(data).hex()
    return Forger(home=home()).apply({**parts, name: data, RECORD: parts[RECORD].replace(old.encode(), new.encode())})


def of_another(kind: str, name: str) -> bytes:
    """One entry taken from a document with other content, sealed anew."""
    other = docgen.issue(sample("R2", 证号="1401002025000002", 照片=sample("R2")["照片"], 姓名="测试人乙",
                                二维码="https://lookup.example.invalid/l/1401002025000002"), home=home())
    return Forger(home=home()).apply({**entries(issued(kind).ofd), name: entries(other.ofd)[name]})


FORGED = [
    ("a cell of the record", lambda: exchanged(issued("R1"), RECORD, "测试人乙", "测试人丁"), "data.tags"),
    ("a cell moved to the next column", lambda: exchanged(
        issued("R1"), RECORD, '<Cell name="执法证号">0000002</Cell>', '<Cell name="意见">0000002</Cell>'),
     "data.field"),
    ("a cell of no column", lambda: exchanged(
        issued("R1"), RECORD, '<Cell name="执法证号">00000', '<Cell name="工号">00000'), "record.form"),
    ("a row too many", lambda: exchanged(
        issued("R1"), RECORD, "      </Row>\n    </Field>",
        '      </Row>\n      <Row>\n        <Cell name="姓名">测试人戊</Cell>\n'
        '        <Cell name="执法证号">0000009</Cell>\n      </Row>\n    </Field>'), "data.tags"),
    ("cells in another order", lambda: exchanged(
        issued("R1"), RECORD, '<Cell name="姓名">测试人乙</Cell>\n        <Cell name="执法证号">0000002</Cell>',
        '<Cell name="执法证号">0000002</Cell>\n        <Cell name="姓名">测试人乙</Cell>'), "record.form"),
    ("a paragraph of the record", lambda: exchanged(issued("R1"), RECORD, "制度齐全", "制度不全"), "data.tags"),
    ("two paragraphs as one", lambda: exchanged(
        issued("R1"), RECORD, "一致。\n安全", "一致。安全"), "rendition.record"),
    ("an empty paragraph", lambda: exchanged(
        issued("R1"), RECORD, "一致。\n安全", "一致。\n\n安全"), "data.field"),
    ("a line that does not stand", lambda: exchanged(
        issued("R1"), RECORD, '    <Field name="核查人员">',
        '    <Field name="整改要求">立即整改。</Field>\n    <Field name="核查人员">'), "data.tags"),
    ("an unknown attachment", lambda: attached(issued("R1"), "more.ofd", b"x"), "data.attachment"),
    ("an earlier document that nobody names", lambda: attached(issued("R1"), "earlier.ofd", issued("R2").ofd),
     "data.attachment"),
    ("a certificate for no code", lambda: attached(issued("R1"), "data-signing.cer", b"0\0"), "data.attachment"),
    ("no earlier document", without_earlier, "data.attachment"),
    ("another earlier document", lambda: with_earlier(issued("R2").ofd), "data.earlier"),
    ("another photo", lambda: with_photo(photo((240, 320))), "page.photo"),
    ("another photo with its digest", lambda: photo_named_in_the_record(photo((240, 320))), "rendition.record"),
    ("a PNG for the photo", lambda: with_photo(photo((240, 320), form="PNG")), "page.photo"),
    ("an identity number", lambda: exchanged(issued("R2"), RECORD, "999999199001010016", "999999199001010024"),
     "data.tags"),
    ("the rendition of another card", lambda: of_another("R2", RENDITION), "rendition.record"),
]


@pytest.mark.parametrize(("make", "reason"), [row[1:] for row in FORGED], ids=[row[0] for row in FORGED])
def test_a_package_that_disagrees_with_itself_is_not_genuine_whoever_sealed_it(
    make: Callable[[], bytes], reason: str,
) -> None:
    report = check(make())
    assert report.verdict is Verdict.INVALID
    assert reason in codes(report), codes(report)
