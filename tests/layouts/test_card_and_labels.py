"""The card of a person (K8), the safety label (LBL) and the safety data sheet (SDS): rules, faces, issue, verify."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import docgen
from docgen.ledger import LedgerError
from docgen.record import RecordError, read_record, validate
from layouts import load_kind, resource
from layouts.kind import Face, SealRule
from tests.support.demo_home import CITY, PROVINCE, own_home
from verify import verify
from verify.model import PageView, PictureBox, RectMm
from verify.reasons import Findings
from verify.stamps import check_seals

__all__ = ["own_home"]

Change = Callable[[dict[str, Any]], None]
ENTRY = {"复审日期": "2025-09-01", "结果": "合格", "复审机关": CITY[1]}


def put(**fields: Any) -> Change:
    return lambda record: record.update(fields)


def sample(code: str, number: int = 1) -> dict[str, Any]:
    return read_record(resource(code, f"samples/example-{number}.json"))


def faults(record: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        validate(record, lookup_hosts=("lookup.example.invalid",), drawable=lambda _: set())
    except RecordError as error:
        assert all(fault.zh and fault.en for fault in error.faults)
        return [(fault.field, fault.code) for fault in error.faults]
    return []


def identity(born: str, woman: bool = False) -> str:
    """An invented identity number of someone born on this day (YYYYMMDD)."""
    digits = f"999999{born}00{2 if woman else 1}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return digits + "10X98765432"[total % 11]


def issued_ofd(record: dict[str, Any], home: Any, out: Path, **more: bytes) -> Path:
    """The OFD of a record; ``more`` are the earlier documents by their keys."""
    path = docgen.issue(record, home=home, out=out, attachments=more).ofd_path
    assert path is not None
    return path


@pytest.mark.parametrize(("code", "number"), [("K8", 1), ("K8", 2)])
def test_samples_follow_their_schema_and_have_no_fault(code: str, number: int) -> None:
    record = sample(code, number)
    jsonschema.validate(record, json.loads(resource(code, "schema.json")))
    assert faults(record) == []


# -- K8

def test_the_card_is_that_of_the_seed() -> None:
    kind = load_kind("K8")
    assert kind.name == "特种作业操作证"
    basis = "；".join(kind.legal_basis)
    assert all(words in basis for words in (
        "安全生产法", "第三十条", "特种作业人员安全技术培训考核管理规定", "第七条"))
    assert kind.renewal is not None
    assert kind.renewal.days == 60
    assert [face.role for face in kind.faces] == ["正面", "背面"]
    assert [face.qr for face in kind.faces] == [True, False]
    assert kind.number.provisional


# The day of issue is 2025-09-01. The table of 《关于实施渐进式延迟法定退休年龄的决定》, read by hand: men
# born from 1965-05 to 1965-08 leave two months after 60, women of 55 born from 1970-05 to 1970-08
# two months after 55, women of 50 born in 1975-05 and 1975-06 three months after 50.
AGES = [
    ("20070901", "男", "六十周岁", []), ("20070902", "男", "六十周岁", ["record.age"]),
    ("19641231", "男", "六十周岁", ["record.age"]), ("19650630", "男", "六十周岁", ["record.age"]),
    ("19650701", "男", "六十周岁", []), ("19660101", "男", "六十周岁", []),
    ("19700630", "女", "五十五周岁", ["record.age"]), ("19700701", "女", "五十五周岁", []),
    ("19750531", "女", "五十周岁", ["record.age"]), ("19750601", "女", "五十周岁", []),
    ("19900308", "男", "五十五周岁", ["record.not-allowed"]), ("19900308", "女", "六十周岁", ["record.barred"]),
]


@pytest.mark.req("R-004-02")
@pytest.mark.parametrize(("born", "sex", "limit", "expected"), AGES)
def test_only_those_between_eighteen_and_the_statutory_retirement_get_a_card(
        born: str, sex: str, limit: str, expected: list[str]) -> None:
    record = sample("K8")
    record |= {"公民身份号码": identity(born, sex == "女"), "性别": sex, "原法定退休年龄": limit}
    assert [code for _, code in faults(record)] == expected


# what is wrong, change to the first sample (a worker with chemicals), (field, code) of every fault
BAD_CARDS: list[Any] = [
    pytest.param(change, expected, id=name, marks=[pytest.mark.req(*ids)] if ids else [])
    for name, ids, change, expected in (
        ("no education", ("R-004-02",), put(文化程度="小学", 作业类别="高处作业"), [("文化程度", "record.below")]),
        ("lower school, heights", ("R-004-02",), put(文化程度="初中", 作业类别="高处作业"), []),
        ("lower school, chemicals", ("R-004-02",), put(文化程度="初中"), [("文化程度", "record.below")]),
        ("entry of another authority", ("R-004-12",), put(复审记录=[ENTRY | {"复审机关": PROVINCE[1]}]), [
            ("复审记录[1].复审机关", "record.disagrees")]),
        ("second entry of another", ("R-004-12",), put(复审记录=[ENTRY, {
            "复审日期": "2025-08-31", "结果": "合格", "复审机关": PROVINCE[1]}]), [
            ("复审记录[2].复审机关", "record.disagrees")]),
        ("entry after the seal", ("R-004-12",), put(复审记录=[ENTRY | {"复审日期": "2025-09-02"}]), [
            ("复审记录[1].复审日期", "date.order")]),
        ("entry that failed", ("R-004-12",), put(复审记录=[ENTRY | {"结果": "不合格"}]), [
            ("复审记录[1].结果", "value.not-listed")]),
        ("of a county", (), put(发证机关代码="11140105MB9TEX0263", 发证机关="测试市测试区应急管理局"), [
            ("发证机关代码", "record.authority-level")]),
        ("an identity number as its number", (), put(证号="T999999199001010016"), [("证号", "number.form")]),
        ("five years", (), put(有效期截止日期="2030-08-31"), [("有效期截止日期", "date.years")]),
        ("re-examined after its end", (), put(应复审日期="2031-09-01"), [("应复审日期", "date.order")]),
    )
]


@pytest.mark.parametrize(("change", "expected"), BAD_CARDS)
def test_a_card_that_the_rules_do_not_allow_is_refused(change: Change, expected: list[tuple[str, str]]) -> None:
    record = sample("K8")
    change(record)
    assert faults(record) == expected


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.req("R-004-12")
def test_an_entry_of_a_re_examination_makes_a_new_sealed_version(own_home: Any, tmp_path: Path) -> None:
    first = sample("K8")
    second = first | {"版本号": "002", "发证日期": "2028-07-01", "应复审日期": "2031-08-31",
                      "复审记录": [ENTRY | {"复审日期": "2028-06-28"}]}
    one = issued_ofd(first, own_home, tmp_path)
    with pytest.raises(LedgerError, match=r"issue\.exists"):           # an entry cannot be put on the same card
        docgen.issue(second | {"版本号": "001"}, home=own_home, out=tmp_path)
    two = issued_ofd(second, own_home, tmp_path)
    reports = [verify(path, trust=own_home.trust_dir) for path in (one, two)]
    assert [report.verdict for report in reports] == ["valid", "valid"]
    licences = [report.licence for report in reports if report.licence is not None]
    assert "复审记录" not in licences[0].fields
    assert licences[1].fields["复审记录"] == (ENTRY | {"复审日期": "2028-06-28"},)
    assert [licence.identifier.split(".")[-2] for licence in licences] == ["001", "002"]


@pytest.mark.req("R-004-02", "R-003-03")
def test_the_identity_number_stays_out_of_code_metadata_and_pages(own_home: Any, tmp_path: Path) -> None:
    record = sample("K8")
    number = record["公民身份号码"]
    path = issued_ofd(record, own_home, tmp_path)
    files = entries(path)
    shown = [name for name, data in files.items() if number.encode() in data]
    assert shown == ["Doc_0/Attachs/record.xml"]
    assert number[:6].encode() + b"*" * 10 + number[-2:].encode() in files["OFD.xml"]
    report = verify(path, trust=own_home.trust_dir)
    assert report.licence is not None
    assert number not in report.to_text()
    assert "公民身份号码" in report.licence.withheld


def test_the_seal_of_a_card_is_scaled_into_a_smaller_place(own_home: Any, tmp_path: Path) -> None:
    signature = entries(issued_ofd(sample("K8"), own_home, tmp_path))["Doc_0/Signs/Sign_0/Signature.xml"].decode()
    boxes = [part.split('"')[0].split() for part in signature.split('Boundary="')[1:]]
    assert [(box[2], box[3]) for box in boxes] == [("17", "17"), ("17", "17")]


@pytest.mark.parametrize(("size_mm", "expected"), [
    (17.0, []), (17.04, []), (17.5, ["page.seal"]), (42.0, ["page.seal"])])
def test_a_seal_of_another_size_than_the_face_says_is_named(size_mm: float, expected: list[str]) -> None:
    face = Face(role="正面", lines=(), seals=SealRule(size_mm=17.0))
    box = RectMm(x_mm=10.0, y_mm=10.0, width_mm=size_mm, height_mm=size_mm)
    seal = PictureBox(name="seal", box=box, digest="", load=lambda: pytest.fail("no pixel is needed"))
    page = PageView(number=1, width_mm=85.6, height_mm=54.0, runs=(), pictures=(), seals=(seal,))
    found = Findings()
    found.begin("pages")
    check_seals([face], [page], found)
    assert [one.reason.code for one in found.of("pages")] == expected
