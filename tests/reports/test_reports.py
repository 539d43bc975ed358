"""Reports in every form: made from plain values, for every kind of file, and safe whatever a file holds."""

from __future__ import annotations

import copy
import functools
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from reports import words
from reports.etsi import NAMESPACE, report_etsi
from reports.files import ENDINGS, ReportError, made, write_report
from reports.html import report_html
from reports.pdf import report_pdf
from tests.support.demo_home import CITY, copied_home
from tests.verify.packages import PAGE, changed, check, issued, swap
from verify import verify
from verify.model import SealStanding
from verify.report_words import seal_words

SCHEMA = json.loads((Path(__file__).parents[2] / "verify" / "report.schema.json").read_bytes())
HOSTILE = '<script>alert(1)</script>"\'&\u202e\x1b[2J{{7*7}}𠮷🜁'


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (80, 60)).save(kept, "PNG")
    return kept.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "genuine": lambda: issued().ofd, "its PDF": lambda: issued().pdf,
    "changed": lambda: changed(PAGE, swap("测试甲", "测试乙")), "cut short": lambda: issued().ofd[:-7],
    "a photo": picture, "unknown": lambda: b"none", "a PDF of others": lambda: b"%PDF-1.7\nnothing",
    "too large": lambda: b"\0" * ((64 << 20) + 1),
}


@functools.cache
def told(name: str) -> dict[str, Any]:
    """The plain values on a file, with a hostile file name."""
    return check(FILES[name](), name=HOSTILE).to_dict()


@pytest.mark.parametrize("name", FILES)
def test_plain_values_have_the_published_form(name: str) -> None:
    jsonschema.validate(told(name), SCHEMA)
    assert json.loads(made(told(name), ".json")) == told(name)
    assert all(len(each["reasons"]) == len({json.dumps(one) for one in each["reasons"]})
               for each in told(name)["signatures"]), "a reason is told once"


def test_every_state_of_a_seal_has_its_words_and_is_of_the_published_form() -> None:
    told = SCHEMA["$defs"]["signature"]["properties"]["seal"]["anyOf"]
    seal = next(each for each in told if each["type"] == "object")
    for state in ("unknown", "made", "scheduled", "in-use", "retired", "suspended", "lost", "cancelled"):
        assert all(seal_words(SealStanding(seal_id="1", state=state)))
        jsonschema.validate(state, seal["properties"]["state"])


def test_the_published_form_refuses_what_it_does_not_know() -> None:
    for change in ({"verdict": "fine"}, {"more": 1}, {"exit_code": 7}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**told("genuine"), **change}, SCHEMA)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_whole_and_nothing_of_a_file_becomes_markup(name: str, lang: str) -> None:
    page = report_html(told(name), lang=lang).decode()
    tree = etree.HTML(page)
    assert not tree.xpath("//script | //img | //link | //iframe | //*[@href] | //*[@src]")
    assert "default-src 'none'" in page and "{{" not in page.replace("{{7*7}}", "")
    assert "<script>" not in page and "\x1b" not in page and "\u202e" not in page
    answer = words.file_answer(told(name))
    heads = tree.xpath("//strong/text()")
    assert any((answer.word.en if lang == "en" else answer.word.zh) in head for head in heads)
    for reason in told(name)["reasons"]:
        assert reason["code"] in page


@pytest.mark.parametrize(("name", "file", "licence"), [
    ("genuine", "good", "good"), ("changed", "bad", "unsure"), ("cut short", "bad", "unsure"),
    ("a photo", "unsure", "unsure"), ("unknown", "unsure", "unsure"),
])
def test_only_a_genuine_file_is_told_in_green(name: str, file: str, licence: str) -> None:
    assert (words.file_answer(told(name)).tone, words.licence_answer(told(name)).tone) == (file, licence)


def test_a_root_is_named_once_with_all_that_it_was_relied_on_for() -> None:
    values = told("genuine")
    fingerprints = [each["fingerprint_sm3"] for each in values["anchors"]]
    assert len(set(fingerprints)) < len(fingerprints)
    sheet = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(values))).pages))
    for text in (re.sub(r"\s", "", report_html(values).decode()), sheet):
        assert all(text.count(one) == 1 for one in set(fingerprints))
        assert all(words.purpose(each["purpose"]).zh.replace(" ", "") in text for each in values["anchors"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_heading_and_label_of_the_page_stands_in_both_languages(lang: str) -> None:
    tree = etree.HTML(report_html(told("changed"), lang=lang).decode())
    titles = [" ".join(each.itertext()) for each in tree.xpath("//h1 | //h2 | //p[@class='signed']")]
    labels = [" ".join(each.itertext()) for each in tree.xpath("//section[@class='signature']//dt")]
    assert len(titles) > 6 and len(labels) > 4
    for text in titles + labels:
        assert re.search("[\u4e00-\u9fff]", text) and re.search("[A-Za-z]{3}", text), text
    assert (tree.xpath("//title/text()")[0].startswith("核验报告")) == (lang == "zh")


def test_a_photo_without_a_code_is_told_what_is_missing() -> None:
    answer = words.licence_answer(told("a photo"))
    assert "二维码" in answer.sentence.zh and "QR code" in answer.sentence.en and "注销" not in answer.sentence.zh
    shown = copy.deepcopy(told("genuine"))
    shown["file"] |= {"kind": "picture"}
    assert "注销" in words.licence_answer(shown).sentence.zh


def test_what_a_file_claims_is_called_a_claim() -> None:
    unsure = verify(issued().ofd, trust=None).to_dict()
    answer = words.licence_answer(unsure)
    assert unsure["verdict"] == "indeterminate"
    assert answer.word.zh.startswith("自称") and "未经证实" in answer.sentence.zh and answer.sign != "✓"
    unsure["status"] |= {"code": "expired", "zh": "已过期", "en": "expired"}
    assert words.licence_answer(unsure).tone == "bad"


def test_of_a_file_that_is_not_genuine_nobody_is_told_that_its_licence_is_in_force() -> None:
    report = check(FILES["changed"]())
    values = report.to_dict()
    assert values["status"] == {"code": "unknown", "zh": "未答：文件不真实", "register": "unknown",
                                "en": "not answered: the file is not genuine", "first_day": None, "last_day": None}
    assert values["exit_code"] == 1 and values["licence"] is not None
    answer = words.licence_answer(values)
    assert answer.word == (values["status"]["zh"], values["status"]["en"]) and answer.tone != "good"
    sheet = "".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(values))).pages)
    pages = [report_html(values, lang=lang).decode() for lang in ("zh", "en")]
    for text in (report.to_text(), report.to_json(), *pages, re.sub(r"\s", "", sheet)):
        assert "未答：文件不真实" in text and "在有效期内" not in text and "within its printed dates" not in text
    assert 'licence="unknown"' in report_etsi(values).decode()


@pytest.mark.parametrize("name", FILES)
def test_the_sheet_says_the_two_answers_and_that_it_is_no_licence(name: str) -> None:
    reader = PdfReader(io.BytesIO(report_pdf(told(name))))
    assert 1 <= len(reader.pages) <= 2
    text = "".join(page.extract_text() for page in reader.pages)
    flat = re.sub(r"\s", "", text)
    assert words.file_answer(told(name)).word.zh in flat and "本报告不是证照" in flat
    assert words.moment(told(name)["checked_at"]).zh.replace(" ", "") in flat
    if told(name)["file"]["sm3"]:
        assert told(name)["file"]["sm3"] in flat
    assert "核验报告，不是证照" in str(reader.metadata.subject if reader.metadata else "")


def test_the_sheet_of_a_genuine_licence_is_one_page() -> None:
    values = check(issued().ofd, name=f"{issued().identifier}.ofd").to_dict()
    assert values["verdict"] == "valid" and len(PdfReader(io.BytesIO(report_pdf(values))).pages) == 1


def test_a_download_that_was_cut_short_is_to_be_fetched_again() -> None:
    assert "重新下载" in words.file_answer(told("cut short")).sentence.zh
    assert "again" in words.file_answer(told("cut short")).sentence.en
    assert "重新下载" not in words.file_answer(told("changed")).sentence.zh


def test_much_to_tell_stays_within_two_pages_and_says_that_more_was_left_out() -> None:
    much = copy.deepcopy(told("changed"))
    much["reasons"] = [{"code": "page.line", "zh": "甲" * 3000, "en": "a" * 3000}] * 120
    reader = PdfReader(io.BytesIO(report_pdf(much)))
    assert len(reader.pages) == 2 and "其余内容见" in re.sub(r"\s", "", reader.pages[1].extract_text())


@pytest.mark.parametrize("name", FILES)
def test_the_european_report_has_its_elements_in_order(name: str) -> None:
    root = etree.fromstring(report_etsi(told(name)))
    assert root.tag == f"{{{NAMESPACE}}}ValidationReport"
    order = ["SignatureIdentifier", "ValidationConstraintsEvaluationReport", "ValidationTimeInfo", "SignersDocument",
             "SignerInformation", "SignatureValidationStatus", "OtherInformation"]
    signed = root.findall(f"{{{NAMESPACE}}}SignatureValidationReport")
    assert len(signed) == max(1, len(told(name)["signatures"]))
    for element in signed:
        names = [etree.QName(child).localname for child in element]
        assert names == [one for one in order if one in names]
    wanted = [each["indication"].lower() for each in told(name)["signatures"]]
    found = [text.rpartition(":")[2] for text in root.xpath("//*[local-name() = 'MainIndication']/text()")]
    assert found[:len(wanted)] == wanted and (wanted or found[0] in ("indeterminate", "total-failed"))
    identifiers = set(root.xpath("//@id"))
    assert set(root.xpath("//@VOReference")) <= identifiers


def test_the_ending_says_the_form_and_nothing_half_written_is_left(tmp_path: Path) -> None:
    for ending, begin in zip(ENDINGS, (b"<!DOCTYPE html>", b"%PDF-", b"<?xml", b"{"), strict=True):
        write_report(told("genuine"), tmp_path / f"report{ending}")
        assert (tmp_path / f"report{ending}").read_bytes().startswith(begin)
    with pytest.raises(ReportError, match=r"report\.ending"):
        write_report(told("genuine"), tmp_path / "report.doc")
    assert len(list(tmp_path.iterdir())) == len(ENDINGS)


def test_a_home_with_a_key_for_reports_signs_the_sheet_which_is_no_licence(tmp_path: Path) -> None:
    home = copied_home(tmp_path / "home")
    assert home.service_signer("report") is None
    (home.path / "report").mkdir()
    for ending in ("key", "cer"):
        found = next((home.path / "authorities" / CITY[0]).rglob(f"pdf.{ending}"))
        shutil.copy(found, home.path / "report" / f"report.{ending}")
    signed = report_pdf(told("genuine"), signer=home.service_signer("report"))
    signature = PdfFileReader(io.BytesIO(signed)).embedded_signatures[0]
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[], allow_fetching=False))
    assert status.intact and status.valid and status.coverage.name == "ENTIRE_FILE"
    answer = check(signed)
    assert not answer.file.own and answer.exit_code != 0 and answer.licence is None


def test_a_printed_licence_is_never_told_in_green() -> None:
    shown = {**told("genuine"), "verdict": "indeterminate"}
    shown["file"] = {**shown["file"], "kind": "picture"}
    answer = words.licence_answer(shown)
    assert (answer.tone, answer.sign) == ("unsure", "?") and answer.word.zh == "二维码数据在有效期内"
    assert words.file_answer(shown).tone == "unsure" and "视同复印件" in words.file_answer(shown).sentence.zh


def test_what_proves_a_time_is_named() -> None:
    """Its own timestamp, or the evidence beside the file; no label of one for the other."""
    moment = "2026-01-02T03:04:05+08:00"
    shown = copy.deepcopy(told("genuine"))
    shown["signatures"][0]["proven_at"] = moment
    assert words.proof(shown, shown["signatures"][0]).zh == "时间戳证明"
    shown["evidence"] = {"proven_at": moment, "used": True}
    assert words.proof(shown, shown["signatures"][0]) == ("存证证明", "proven by the evidence")
    assert "存证证明" in report_html(shown).decode()
    shown["evidence"]["used"] = False
    assert words.proof(shown, shown["signatures"][0]).zh == "时间戳证明"



def test_the_sheet_has_the_checks_and_what_is_withheld() -> None:
    shown = copy.deepcopy(told("genuine"))
    shown["licence"]["withheld"] = ["联系人电话"]
    sheet = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(shown))).pages))
    assert shown["checks"]
    for each in shown["checks"]:
        assert re.sub(r"\s", "", each["zh"]) in sheet
    for text in ("检查", "Checks", "通过passed", "不予显示withheld", "联系人电话", "certificate,SM3", "identifier"):
        assert text in sheet, text
    assert shown["checked_at"] not in sheet and "（北京时间）" in sheet
    assert shown["checked_at"] not in report_html(shown).decode() and "（北京时间）" in report_html(shown).decode()


def test_the_sheet_names_what_is_not_protected_in_both_languages() -> None:
    shown = copy.deepcopy(told("genuine"))
    entry = shown["coverage"]["entries"][0]
    entry["standing"] = "loose"
    sheet = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(shown))).pages))
    assert re.sub(r"\s", "", entry["zh"] + entry["en"]) in sheet
