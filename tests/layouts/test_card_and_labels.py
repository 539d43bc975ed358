"""The card of a person (K8), the safety label (LBL) and the safety data sheet (SDS): rules, faces, issue, verify."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

import docgen
from certs.sm3 import sm3
from docgen.design.checking import draw
from docgen.design.inspection import Inspector
from docgen.earlier import EarlierError
from docgen.ledger import LedgerError
from docgen.licence import Licence
from docgen.page import GlyphRun
from docgen.record import RecordError, read_record, validate
from docgen.rule_checks_more import derived_digits
from layouts import load_kind, resource
from layouts.kind import Face, SealRule
from tests.support.demo_home import CITY, PROVINCE, own_home
from verify import verify
from verify.model import PageView, PictureBox, RectMm
from verify.reasons import Findings
from verify.stamps import check_seals
from verify.status import LicenceState

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


@pytest.mark.parametrize(("code", "number"), [
    *((code, number) for code in ("K8", "SDS") for number in (1, 2)), *(("LBL", number) for number in range(1, 6))])
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


# -- SDS and LBL

# GB/T 16483-2008 clause 4, copied by hand
PARTS = (
    "化学品及企业标识", "危险性概述", "成分/组成信息", "急救措施", "消防措施", "泄漏应急处理", "操作处置与储存",
    "接触控制和个体防护", "理化特性", "稳定性和反应性", "毒理学信息", "生态学信息", "废弃处置", "运输信息", "法规信息",
    "其他信息",
)
NUMBERS = [*"一二三四五六七八九十", *(f"十{one}" for one in "一二三四五六")]
# GB 15258-2009 4.2: what a label says
ELEMENTS = {
    "化学品中文名", "化学品英文名", "主要组成", "信号词", "危险性说明", "预防措施", "事故响应", "安全储存", "废弃处置",
    "供应商", "供应商地址", "供应商电话", "应急咨询电话", "联合国编号", "安全信息码",
}


def test_the_sheet_has_the_sixteen_parts_in_their_order() -> None:
    lines = ["".join(part.text for part in line.parts) for line in load_kind("SDS").face("说明书").lines]
    assert [line for line in lines if line.startswith("第")] == [
        f"第{number}部分　{name}" for number, name in zip(NUMBERS, PARTS, strict=True)]


@pytest.mark.req("R-001-07")
def test_the_label_says_what_the_standard_asks_for_and_bears_the_code() -> None:
    kind = load_kind("LBL")
    assert kind.drawn >= ELEMENTS
    assert "请参阅安全技术说明书" in {"".join(part.text for part in line.parts) for line in kind.faces[0].lines}
    assert kind.faces[0].qr
    assert kind.field("信号词").values == ("危险", "警告")
    assert len(kind.field("象形图").values) == 9


@pytest.mark.parametrize("code", ["SDS", "LBL"])
def test_sheet_and_label_have_no_period_of_validity(code: str) -> None:
    kind = load_kind(code)
    assert "valid_to" not in kind.roles
    assert "不适用" in kind.statuses


def label_of(sheet: Path, number: int = 1) -> dict[str, Any]:
    """The sample of the label, its reference to this file of the sheet."""
    return sample("LBL", number) | {"安全技术说明书": f"{sheet.stem} sm3:{sm3(sheet.read_bytes()).hex()}"}


@pytest.mark.req("R-001-08")
@pytest.mark.parametrize("number", [1, 2])
def test_sheet_and_label_of_one_chemical_issue_and_verify(number: int, own_home: Any, tmp_path: Path) -> None:
    sheet = issued_ofd(sample("SDS", number), own_home, tmp_path)
    label = issued_ofd(label_of(sheet, number), own_home, tmp_path, sds=sheet.read_bytes())
    reports = [verify(path, trust=own_home.trust_dir) for path in (sheet, label)]
    assert [(report.verdict, report.status.state) for report in reports] == [
        ("valid", LicenceState.NOT_APPLICABLE)] * 2
    codes = [report.licence.fields["安全信息码"] for report in reports if report.licence is not None]
    assert codes[0] == codes[1] == sample("LBL", number)["编号"]


DIFFERENCES: list[tuple[str, Any]] = [
    ("化学品英文名", "Testanol"), ("信号词", "警告"), ("象形图", ["火焰"]), ("象形图", ["感叹号", "火焰"]),
    ("主要组成", [{"组分": "测试醇", "浓度": "≥99.5%", "CAS号": "99-00-1"}]),
    ("主要组成", [{"组分": "测试醇", "浓度": "≥99%", "CAS号": "99-00-1"}, {"组分": "水", "浓度": "≤0.5%"}]),
    ("主要组成", [{"组分": "测试醇≥", "浓度": "99.5%", "CAS号": "99-00-1"}, {"组分": "水", "浓度": "≤0.5%"}]),
    ("危险性说明", "易燃液体和蒸气。"), ("应急咨询电话", "0000-00000009"), ("联合国编号", None),
]


@pytest.mark.req("R-001-08")
@pytest.mark.parametrize(("field", "value"), DIFFERENCES)
def test_a_label_that_differs_from_its_sheet_is_refused(
        field: str, value: Any, own_home: Any, tmp_path: Path) -> None:
    sheet = issued_ofd(sample("SDS"), own_home, tmp_path)
    with pytest.raises(EarlierError) as refused:
        issued_ofd(label_of(sheet) | {field: value}, own_home, tmp_path, sds=sheet.read_bytes())
    assert refused.value.code == "issue.earlier-disagrees"
    assert field in refused.value.zh


@pytest.mark.req("R-001-08")
@pytest.mark.parametrize(("field", "value"), DIFFERENCES)
def test_the_verifier_refuses_a_label_that_differs_from_its_sheet(
        field: str, value: Any, own_home: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = issued_ofd(sample("SDS"), own_home, tmp_path)
    monkeypatch.setattr("docgen.earlier._require_same", lambda *_: None)        # an issuer that does not look
    label = issued_ofd(label_of(sheet) | {field: value}, own_home, tmp_path, sds=sheet.read_bytes())
    report = verify(label, trust=own_home.trust_dir)
    assert report.verdict == "invalid"
    assert "data.earlier" in {reason.code for reason in report.reasons}


@pytest.mark.req("R-001-08")
def test_a_label_needs_its_sheet(own_home: Any, tmp_path: Path) -> None:
    sheet = issued_ofd(sample("SDS"), own_home, tmp_path)
    with pytest.raises(EarlierError) as refused:
        issued_ofd(label_of(sheet), own_home, tmp_path)
    assert refused.value.code == "issue.earlier-missing"
    other = issued_ofd(sample("SDS", 2), own_home, tmp_path)
    with pytest.raises(EarlierError) as refused:
        issued_ofd(label_of(sheet), own_home, tmp_path, sds=other.read_bytes())
    assert refused.value.code == "issue.earlier-digest"


# SM3 of 91140000MA9TEW011K, LF and 测试醇（无水）, modulo 10 to the 16th, worked out apart from the engine
CODE = "HX7119749894173133"


@pytest.mark.req("R-001-05")
def test_a_pair_of_enterprise_and_chemical_has_exactly_one_code() -> None:
    assert sample("SDS")["安全信息码"] == sample("LBL")["安全信息码"] == CODE
    second = CODE[:-1] + "4"
    assert faults(sample("SDS") | {"安全信息码": second}) == [("安全信息码", "record.derived")]
    assert faults(sample("LBL") | {"安全信息码": second, "编号": second}) == [("安全信息码", "record.derived")]
    assert ("安全信息码", "record.derived") in faults(sample("SDS") | {"化学品中文名": "测试醇"})
    assert ("安全信息码", "record.derived") in faults(sample("SDS") | {"供应商代码": "91140100MA9TEX719G"})


def test_only_the_province_approves_sheet_and_label() -> None:
    for code in ("SDS", "LBL"):
        assert faults(sample(code) | {"核准机关代码": CITY[0], "核准机关": CITY[1]}) == [
            ("核准机关代码", "record.authority-level")]


@pytest.mark.parametrize(("number", "sheet", "size"), [
    (1, 1, "0 0 156 106"), (2, 2, "0 0 106 81"), (3, 1, "0 0 81 56"), (4, 2, "0 0 206 156"), (5, 1, "0 0 306 206")])
def test_a_label_has_the_size_that_its_record_asks_for_with_white_around_it(
        number: int, sheet: int, size: str, own_home: Any, tmp_path: Path) -> None:
    data = issued_ofd(sample("SDS", sheet), own_home, tmp_path)
    label = issued_ofd(label_of(data, number), own_home, tmp_path, sds=data.read_bytes())
    assert f"PhysicalBox>{size}<" in entries(label)["Doc_0/Document.xml"].decode()


# GB 15258-2009: what the simplified label of a package up to 100 mL says, and our code and number
SIMPLE = {
    "化学品中文名", "化学品英文名", "信号词", "危险性说明", "应急咨询电话", "供应商", "供应商电话", "安全信息码",
    "联合国编号",
}


def test_the_label_of_a_small_package_is_the_simplified_one() -> None:
    document, _ = draw(checked(sample("LBL", 3)))
    runs = [item for item in document.pages[0].items if isinstance(item, GlyphRun)]
    printed = {run.tag for run in runs if run.tag}
    assert printed == {*SIMPLE, "核准机关", "核准日期"}
    assert "请参阅安全技术说明书" in {run.text for run in runs}


def checked(record: dict[str, Any]) -> Licence:
    return validate(record, lookup_hosts=(), drawable=lambda _: set(), demo=True)


# field or column of the sample's chemical, the size that limits it, what is just too long for it
TOO_LONG: list[tuple[str, str, Any, str]] = [
    ("100×75", "危险性说明", "高度易燃液体和蒸气。" * 6, "record.too-long"),
    ("100×75", "预防措施", "远离热源、火花和明火。" * 5, "record.too-long"),
    ("100×75", "供应商地址", "测试省测试市示例街" * 4, "record.too-long"),
    ("100×75", "主要组成", [{"组分": "测试" * 8, "浓度": "1%"}], "record.too-long"),
    ("100×75", "主要组成", [{"组分": f"测试{one}", "浓度": "1%"} for one in "甲乙丙"], "record.too-many"),
    ("75×50（简化）", "危险性说明", "高度易燃液体和蒸气。" * 6, "record.too-long"),
    ("75×50（简化）", "化学品英文名", "Testanol " * 5 + "1", "record.too-long"),
]


@pytest.mark.parametrize(("size", "field", "value", "code"), TOO_LONG)
def test_what_a_label_does_not_hold_is_refused_by_name_before_it_is_drawn(
        size: str, field: str, value: Any, code: str) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(resource("LBL", "schema.json")))
    record = sample("LBL", 2) | {field: value, "标签规格": size}
    with pytest.raises(RecordError) as refused:
        checked(record)
    (found,) = refused.value.faults
    assert found.code == code
    assert found.field.split("[")[0] == field
    assert f"“标签规格”为“{size}”时" in found.zh
    assert [error.absolute_path[0] for error in schema.iter_errors(record)] == [field]
    assert faults(record | {"标签规格": "150×100"}) == []
    assert schema.is_valid(record | {"标签规格": "150×100"})


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", load_kind("LBL").field("标签规格").values)
def test_the_fullest_record_that_is_admitted_fits_its_label(size: str, seed: int) -> None:
    """Every text as long as the schema lets it be, as many rows, pictograms and telephone numbers as it lets stand."""
    schema = json.loads(resource("LBL", "schema.json"))
    limits = dict(schema["properties"])
    for rule in schema["allOf"]:
        if size in rule["if"]["properties"]["标签规格"]["enum"]:
            narrower = rule["then"]["properties"]
            limits |= {label: merged(limits[label], narrower[label]) for label in narrower}
    random = Random(seed)  # noqa: S311 - seeded on purpose
    pieces = ["危", "测试醇", "，", "、", "1,2-二甲苯", "GB/T 33190", "12.5%", "（无水）", "Testanol", "“甲”"]

    def text(length: int) -> str:
        words = "".join(random.choices(pieces if seed else pieces[:1], k=length))
        return "测" + words[:length - 2] + "试"

    record = sample("LBL") | {"标签规格": size}
    record |= {label: text(limits[label]["maxLength"]) for label in (
        "化学品中文名", "化学品英文名", "供应商", "供应商地址", "危险性说明", "预防措施", "事故响应", "安全储存",
        "废弃处置")}
    columns = limits["主要组成"]["items"]["properties"]
    record["主要组成"] = [
        {"组分": f"{text(columns['组分']['maxLength'] - 1)}{row}", "浓度": text(columns["浓度"]["maxLength"]),
         "CAS号": "1234567-89-0"} for row in range(limits["主要组成"]["maxItems"])]
    numbers = min((limits["供应商电话"].get("maxLength", 60) + 1) // 14, 4)
    record |= dict.fromkeys(("供应商电话", "应急咨询电话"), "/".join(["0000-00000000"] * numbers))
    pictograms = schema["properties"]["象形图"]["items"]["enum"]
    record["象形图"] = random.sample(pictograms, random.choice((1, 4, 5, len(pictograms))))
    record["核准机关"] = "测试维吾尔自治区示例生产建设应急管理厅"
    record["编号"] = record["安全信息码"] = "HX" + derived_digits([record["供应商代码"], record["化学品中文名"]])
    document, layout = draw(checked(record))
    assert len(document.pages) == 1
    assert Inspector("LBL/pages.xml").inspect(document, layout, data=size) == []


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {key: merged(one.get(key, {}), other.get(key, {})) if isinstance(other.get(key, one.get(key)), dict)
            else other.get(key, one.get(key)) for key in {**one, **other}}
