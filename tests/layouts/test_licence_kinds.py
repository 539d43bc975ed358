"""The licences K1, K2, K3, K6a, K6b and K7: faces, fields and rules of seed 004, samples issued and verified."""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import docgen
import layouts
from docgen.record import RecordError, read_record, validate
from layouts import load_kind, resource
from tests.support.demo_home import CITY, PROVINCE, demo_home, own_home
from verify import verify

__all__ = ["demo_home", "own_home"]

CODES = ("K1", "K2", "K3", "K6a", "K6b", "K7")
SAMPLES = [(code, number) for code in CODES for number in (1, 2)]
LARGEST_PACKAGE = 400_000       # bytes
COUNTY = ("11140105MB9TEX0263", "测试市测试区应急管理局")

Change = Callable[[dict[str, Any]], None]


def put(**fields: Any) -> Change:
    return lambda record: record.update(fields)


def issuer(authority: tuple[str, str]) -> dict[str, str]:
    return {"发证机关代码": authority[0], "发证机关": authority[1]}


def sample(code: str, number: int = 1) -> dict[str, Any]:
    return read_record(resource(code, f"samples/example-{number}.json"))


def faults(record: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        validate(record, lookup_hosts=("lookup.example.invalid",), drawable=lambda _: set())
    except RecordError as error:
        assert all(fault.zh and fault.en for fault in error.faults)
        return [(fault.field, fault.code) for fault in error.faults]
    return []


# requirements.md section 13, copied by hand: name, legal basis, what must be there because its change needs a new
# certificate, or because the seed says that the document carries it
SECTION_13 = {
    "K1": ("危险化学品安全使用许可证",
           ["危险化学品安全管理条例", "第六条（一）", "第二十九条", "危险化学品安全使用许可证实施办法", "第五条"],
           ["企业名称", "注册地址", "主要负责人", "隶属关系"]),
    "K2": ("安全生产许可证",
           ["安全生产许可证条例", "第二条", "第三条第二款", "危险化学品安全管理条例", "第十四条",
            "危险化学品生产企业安全生产许可证实施办法", "第六条"],
           ["企业名称", "注册地址", "主要负责人"]),
    "K3": ("非煤矿山安全生产许可证",
           ["安全生产许可证条例", "第二条", "第三条第二款", "非煤矿矿山企业安全生产许可证实施办法", "第四条第三款"],
           ["单位名称", "主要负责人", "单位地址", "经济类型", "许可范围", "单位类型"]),
    "K6a": ("非药品类易制毒化学品生产许可证",
            ["易制毒化学品管理条例", "第二条", "第八条", "非药品类易制毒化学品生产、经营许可办法", "第三条"],
            ["单位名称", "法定代表人或者主要负责人", "许可品种", "数量", "主要流向"]),
    "K6b": ("非药品类易制毒化学品经营许可证",
            ["易制毒化学品管理条例", "第二条", "第十条", "非药品类易制毒化学品生产、经营许可办法", "第三条"],
            ["单位名称", "法定代表人或者主要负责人", "许可品种", "数量", "主要流向"]),
    "K7": ("烟花爆竹经营（批发）许可证",
           ["烟花爆竹安全管理条例", "第三条", "第四条", "烟花爆竹经营许可实施办法", "第五条"],
           ["企业名称", "注册地址", "主要负责人", "经营许可范围", "储存仓库地址"]),
}


@pytest.mark.parametrize("code", CODES)
def test_name_and_legal_basis_are_those_of_the_seed(code: str) -> None:
    kind = load_kind(code)
    name, basis, _ = SECTION_13[code]
    assert kind.name == name
    assert kind.field(kind.roles["title"]).constant == name
    assert all(word in "；".join(kind.legal_basis) for word in basis)


@pytest.mark.req("R-004-01")
@pytest.mark.parametrize(("code", "label"), [(code, label) for code in CODES for label in SECTION_13[code][2]])
def test_what_a_change_would_need_a_new_certificate_for_must_be_there_and_is_printed(code: str, label: str) -> None:
    kind = load_kind(code)
    for face in kind.faces:
        assert label in {name for line in face.lines for name in line.fields}
    record = sample(code)
    del record[label]
    assert (label, "record.missing") in faults(record)


@pytest.mark.parametrize("code", CODES)
def test_each_is_drawn_as_original_and_copy(code: str) -> None:
    kind = load_kind(code)
    assert [face.role for face in kind.faces] == ["正本", "副本"]
    for face in kind.faces:
        assert f"（{face.role}）" in {"".join(part.text for part in line.parts) for line in face.lines}
        assert {*kind.roles.values()} - {kind.roles["qr"], kind.roles["issuer_code"]} <= {
            label for line in face.lines for label in line.fields}


@pytest.mark.parametrize("code", CODES)
def test_validity_renewal_and_statuses_are_there_with_their_sources(code: str) -> None:
    kind = load_kind(code)
    assert kind.validity is not None
    assert kind.renewal is not None
    assert (kind.validity.years, kind.renewal.months) == (3, 3)
    assert kind.validity.source
    assert "R-004-16" in kind.renewal.source
    assert {"有效", "已过期", "注销", "吊销", "撤销"} <= set(kind.statuses)
    assert kind.number.provisional
    assert kind.number.source


# what is given in worked example 3, copied by hand
EXAMPLE_3 = {
    "kind": "K2", "证照名称": "安全生产许可证", "许可证编号": "14000011202590003", "发证机关": "测试省应急管理厅",
    "发证机关代码": "11140000MB9TEX018T", "实施机关": "测试市应急管理局", "发证日期": "2025-09-01",
    "有效期起始日期": "2025-09-01", "有效期截止日期": "2028-08-31", "企业名称": "测试丙化学工业股份有限公司",
    "统一社会信用代码": "91140000MA9TEW011K", "注册地址": "测试省测试市测试化工园区示例街3号", "主要负责人": "测试人丁",
    "许可范围": "甲醇测试级（10万吨/年）、乙酸乙酯测试级（2万吨/年）", "危险化学品登记证引用": "测试登记000000001",
    "二维码": "https://lookup.example.invalid/l/14000011202590003",
}


def test_the_first_sample_of_k2_is_worked_example_3() -> None:
    assert sample("K2") == EXAMPLE_3


@pytest.mark.parametrize(("code", "number"), SAMPLES)
def test_samples_follow_their_schema_and_have_no_fault(code: str, number: int) -> None:
    record = sample(code, number)
    jsonschema.validate(record, json.loads(resource(code, "schema.json")))
    assert faults(record) == []
    assert (record["发证机关代码"], record["发证机关"]) in (CITY, PROVINCE)


@pytest.mark.parametrize(("code", "number"), SAMPLES)
def test_a_sample_issues_and_verifies(code: str, number: int, own_home: Any, tmp_path: Path) -> None:
    issued = docgen.issue(sample(code, number), home=own_home, out=tmp_path)
    assert issued.ofd_path.stat().st_size < LARGEST_PACKAGE
    for path in (issued.ofd_path, issued.pdf_path):
        report = verify(path, trust=own_home.trust_dir)
        assert report.verdict == "valid", report.reasons
    assert report.licence is not None
    record, fields = sample(code, number), report.licence.fields
    assert {label: fields[label] for label in SECTION_13[code][2]} == {
        label: record[label] for label in SECTION_13[code][2]}


NUMBERS = [
    # kind, number, the code of its fault
    ("K1", "14010012202590001", None), ("K1", "14010013202590001", "number.constant"),
    ("K1", "99010012202590001", "number.region"), ("K1", "1401001220259000", "number.length"),
    ("K2", "14000011202590003", None), ("K2", "14000012202590003", "number.constant"),
    ("K2", "14000011202500000", "number.sequence"), ("K2", "待配号", "number.provisional"),
    ("K3", "（晋）FM安许证字〔2025〕0001号", None), ("K3", "(晋)FM安许证字〔2025〕0001号", "number.form"),
    ("K3", "（晋）FM安许证字〔1925〕0001号", "number.year"),
    ("K3", "（晋）FM安许证字〔2025〕0000号", "number.sequence"),
    ("K6a", "（晋）1S14000000001", None), ("K6a", "（晋）1J14000000001", "number.form"),
    ("K6a", "（晋）2S14000000001", "number.form"), ("K6b", "（晋）1J14000000001", None),
    ("K6b", "（晋）1S14000000001", "number.form"), ("K6b", "（晋）1J00000000001", "number.region"),
    ("K7", "（晋）PF〔2025〕00001", None), ("K7", "（晋）LS〔2025〕00001", "number.form"),
    ("K7", "（晋）PF〔2025〕00000", "number.sequence"), ("K7", "（晋）YHPF〔2025〕000001号", "number.form"),
]


@pytest.mark.parametrize(("code", "number", "fault"), NUMBERS)
def test_numbers_follow_the_pattern_of_their_kind(code: str, number: str, fault: str | None) -> None:
    found = load_kind(code).number.check(number)
    assert [entry.code for entry in found] == ([] if fault is None else [fault])


SERIALS = [("K1", "14010012202590001"), ("K3", "FM20250001"), ("K6a", "1S14000000001"), ("K7", "PF202500001")]


@pytest.mark.parametrize(("code", "serial"), SERIALS)
def test_the_serial_of_the_identifier_comes_from_the_number(code: str, serial: str) -> None:
    licence = validate(sample(code), lookup_hosts=("lookup.example.invalid",), drawable=lambda _: set())
    assert licence.serial == serial


BARRED = put(涉及危险化工工艺或重点监管危险化学品="是")
COUNTY_ACTS = {"实施机关": COUNTY[1], "实施机关代码": COUNTY[0], "实施机关层级": "县级"}

# kind, what is wrong, change to its first sample, (field, code) of every fault
BAD: list[Any] = [
    pytest.param(code, change, expected, id=f"{code} {name}", marks=[pytest.mark.req(*ids)] if ids else [])
    for code, name, ids, change, expected in (
        ("K1", "of a province", (), put(**issuer(PROVINCE)), [("发证机关代码", "record.authority-level")]),
        ("K1", "of a county", (), put(**issuer(COUNTY)), [("发证机关代码", "record.authority-level")]),
        ("K1", "delegated", (), put(实施机关=COUNTY[1]), [("实施机关", "record.unknown-key")]),
        ("K1", "ends before it begins", (), put(有效期起始日期="2029-01-01"), [("有效期截止日期", "date.order")]),
        ("K2", "in the city's name", ("R-004-03",), put(**issuer(CITY)), [
            ("发证机关代码", "record.authority-level")]),
        ("K2", "highly toxic and delegated", ("R-004-03",), put(涉及剧毒化学品="是"), [
            ("实施机关", "record.empty-when")]),
        ("K2", "hazardous process, level of the delegate untold", ("R-004-03",), BARRED, [
            ("实施机关层级", "record.required-when")]),
        ("K2", "hazardous process, delegated to a county", ("R-004-03",), put(
            **COUNTY_ACTS, 涉及危险化工工艺或重点监管危险化学品="是"), [
            ("实施机关层级", "record.barred"), ("实施机关代码", "record.authority-level")]),
        ("K2", "a county said to be a city", ("R-004-03",), put(**COUNTY_ACTS | {"实施机关层级": "市级"}), [
            ("实施机关代码", "record.authority-level")]),
        ("K2", "no registration certificate named", ("R-001-12",), put(危险化学品登记证引用=None), [
            ("危险化学品登记证引用", "record.missing")]),
        ("K2", "delegated on", ("R-004-03",), put(再委托="是"), [("再委托", "value.not-listed")]),
        ("K3", "of a county", (), put(**issuer(COUNTY)), [("发证机关代码", "record.authority-level")]),
        ("K3", "of a centrally managed enterprise, by a city", (), put(中央管理企业所属="是"), [
            ("发证机关代码", "record.authority-level")]),
        ("K3", "a type of holder that is none", (), put(单位类型="煤矿"), [("单位类型", "value.not-listed")]),
        ("K3", "four years", (), put(有效期截止日期="2029-09-07"), [("有效期截止日期", "date.years")]),
        ("K6a", "class 2", ("R-004-04",), put(类别="第二类"), [("类别", "value.not-listed")]),
        ("K6a", "for trade", ("R-004-04",), put(许可事项="经营"), [("许可事项", "value.not-listed")]),
        ("K6b", "for production", ("R-004-04",), put(许可事项="生产"), [("许可事项", "value.not-listed")]),
        ("K6a", "of a county", ("R-004-04",), put(**issuer(COUNTY)), [("发证机关代码", "record.authority-level")]),
        ("K6b", "of a city without the right", ("R-004-04",), put(**issuer(CITY)), [
            ("发证机关代码", "record.authority-level")]),
        ("K6b", "of a city, the right not named", ("R-004-04",), put(**issuer(CITY), 发证机关层级="市级"), [
            ("下放依据", "record.required-when")]),
        ("K6a", "with a line of extension", ("R-004-21",), put(有效期延续至="2031-09-14"), [
            ("有效期延续至", "record.unknown-key")]),
        ("K6a", "renewed without naming the old one", ("R-004-21",), put(办理类型="换领新证"), [
            ("原许可证编号", "record.required-when")]),
        ("K6b", "renewed under the old number", ("R-004-21",), put(
            办理类型="换领新证", 原许可证编号="（晋）1J14000000001"), [("许可证编号", "record.not-different")]),
        ("K6b", "five years", (), put(有效期截止日期="2030-09-21"), [("有效期截止日期", "date.years")]),
        ("K7", "of a county", (), put(**issuer(COUNTY)), [("发证机关代码", "record.authority-level")]),
        ("K7", "of a province", (), put(**issuer(PROVINCE)), [("发证机关代码", "record.authority-level")]),
        ("K7", "without a store", (), put(储存仓库地址=""), [("储存仓库地址", "record.missing")]),
    )
]


@pytest.mark.parametrize(("code", "change", "expected"), BAD)
def test_a_licence_that_must_not_be_is_refused(code: str, change: Change, expected: list[tuple[str, str]]) -> None:
    record = sample(code)
    change(record)
    assert faults(record) == expected


LEVELS = [
    # kind, code of the authority, whether it may issue
    ("K1", CITY[0], True), ("K1", "11110000MB9TEX0269", True), ("K1", "11419001MB9TEX026B", True),
    ("K1", "11500112MB9TEX026H", False), ("K1", "11410000MB9TEX026D", False), ("K2", "11110000MB9TEX0269", True),
    ("K2", "11419001MB9TEX026B", False), ("K7", "11110000MB9TEX0269", True), ("K7", COUNTY[0], False),
]


@pytest.mark.parametrize(("code", "authority", "may"), LEVELS)
def test_a_municipality_is_a_province_and_a_city_in_one(code: str, authority: str, may: bool) -> None:
    record = sample(code) | {"发证机关代码": authority}
    assert faults(record) == ([] if may else [("发证机关代码", "record.authority-level")])


@pytest.mark.req("R-004-03")
def test_delegation_to_a_county_is_allowed_where_nothing_bars_it() -> None:
    record = sample("K2") | COUNTY_ACTS | {"涉及剧毒化学品": "否", "涉及危险化工工艺或重点监管危险化学品": "否"}
    licence = validate(record, lookup_hosts=("lookup.example.invalid",), drawable=lambda _: set())
    assert not licence.warnings
    assert licence.issuer_name == PROVINCE[1]
    assert licence.text("实施机关") == COUNTY[1]
    assert all("实施机关" not in line.fields for face in licence.kind.faces for line in face.lines)


@functools.cache
def _engraved(code: str) -> dict[str, str]:
    """What the engraver of a kind would write."""
    folder = Path(layouts.__file__).parent / code / "art"
    written: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", lambda self, text, **_: written.update({self.name: text}))
        runpy.run_path(str(folder / "engrave.py"), run_name="__main__")
    return written


@pytest.mark.parametrize("code", CODES)
def test_the_committed_artwork_is_what_the_engraver_draws(code: str) -> None:
    folder = Path(layouts.__file__).parent / code / "art"
    assert _engraved(code) == {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.svg")}


def test_no_two_kinds_share_a_drawing() -> None:
    for name in ("border.svg", "ground.svg", "ornament.svg"):
        assert len({_engraved(code)[name] for code in ("K0", *CODES)}) == len(CODES) + 1
