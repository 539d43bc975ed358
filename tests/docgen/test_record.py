"""Records: every fault in one go, each with its field, its code and a sentence in both languages."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes.errors import Fault
from docgen.fault_codes import RecordCode
from docgen.fault_sentences import SENTENCES
from docgen.licence import Licence
from docgen.record import RecordError, read_record, validate
from docgen.shown import shown
from layouts import Kind, build_kind, configure, kinds, load_kind, resource, scope_text
from tests.docgen.bad_records import BAD, BAD_JSON, MODE, OTHER, WARNINGS, Change, drop, put
from tests.docgen.bad_rich_records import BAD_RICH

HOSTS = ("lookup.example.invalid",)


def _sample(number: int = 1) -> dict[str, Any]:
    return read_record(resource("K0", f"samples/example-{number}.json"))


def _drawable(text: str) -> set[str]:
    return set(text) & {"𠮷", "😀"}


def _check(record: dict[str, Any], kind: Kind | None = None, *, demo: bool = False) -> Licence:
    return validate(record, kind, lookup_hosts=HOSTS, drawable=_drawable, demo=demo)


def _faults(record: dict[str, Any], kind: Kind | None = None) -> tuple[Fault, ...]:
    with pytest.raises(RecordError) as caught:
        _check(record, kind)
    return caught.value.faults


@pytest.mark.req("R-000-01", "R-000-14", "R-003-01")
@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_record_is_refused_with_exactly_its_faults(
    change: Change, expected: list[tuple[str, str]],
) -> None:
    record = _sample()
    change(record)
    found = _faults(record)
    assert [(fault.field, fault.code) for fault in found] == expected
    for fault in found:
        assert fault.zh
        assert fault.en
        (fault.zh + fault.en).encode("utf-8")


CLAUSES = [
    # requirement, change, code: one test a clause, so that the trace shows which rule is meant
    pytest.param(put(许可证编号="14010023202590001"), "number.constant", marks=pytest.mark.req("R-000-02")),
    pytest.param(put(许可证编号="638877"), "number.provisional", marks=pytest.mark.req("R-000-04")),
    pytest.param(drop("二维码"), "record.missing", marks=pytest.mark.req("R-000-06")),
    pytest.param(put(经营方式=["零售经营"]), "value.not-listed", marks=pytest.mark.req("R-000-07")),
    pytest.param(put(许可范围=f"一、{OTHER}：甲；"), "scope.other-mode", marks=pytest.mark.req("R-000-08")),
    pytest.param(put(有效期延续至="2031-01-01"), "record.empty-when", marks=pytest.mark.req("R-000-09")),
    pytest.param(put(有效期截止日期="2025-07-31"), "date.order", marks=pytest.mark.req("R-000-10")),
    pytest.param(
        put(发证机构是否属于应急局="不是"), "record.not-issuable", marks=pytest.mark.req("R-000-11")),
    pytest.param(drop("经营方式"), "record.missing", marks=pytest.mark.req("R-000-13")),
    pytest.param(put(发证日期="2025-02-30"), "date.impossible", marks=pytest.mark.req("R-000-16")),
    pytest.param(
        put(是否延期="延期"), "record.required-when", marks=pytest.mark.req("R-000-17", "R-000-34")),
    pytest.param(put(监制单位名称="监制"), "value.constant", marks=pytest.mark.req("R-000-21")),
    pytest.param(put(统一社会信用代码="91140100MAQLRTL67U"), "uscc.check-digit",
                 marks=pytest.mark.req("R-000-31")),
    pytest.param(put(发证机关="临汾市尧都区应急局"), "unit.abbreviated", marks=pytest.mark.req("R-001-04")),
]


@pytest.mark.parametrize(("change", "code"), CLAUSES)
def test_each_clause_has_its_code(change: Change, code: str) -> None:
    record = _sample()
    change(record)
    assert code in {fault.code for fault in _faults(record)}


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3), max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(label=st.sampled_from([*load_kind("K0").labels, "许可范围项", "版本号", "kind", "x"]), value=ANY_JSON)
def test_whatever_stands_in_a_field_gives_faults_and_nothing_else(label: str, value: object) -> None:
    record = _sample()
    record[label] = value
    try:
        licence = _check(record)
    except RecordError as error:
        assert error.faults
        for fault in error.faults:
            (fault.field + fault.zh + fault.en).encode("utf-8")
        return
    assert all(isinstance(entry, str | tuple | None) for entry in licence.values.values())


def test_all_faults_of_one_record_come_together() -> None:
    record = _sample(2)
    changes = [row[1] for row in BAD if row[0] in {
        "an unknown key", "provisional number", "abbreviated authority", "30 February", "phone with words",
        "another maker", "an unknown 经营方式", "http", "version 000", "zero-width space", "no font",
    }]
    for change in changes:
        change(record)
    found = {(fault.field, fault.code) for fault in _faults(record)}
    assert len(changes) == 11
    assert found >= {
        ("remark", "record.unknown-key"), ("许可证编号", "number.provisional"),
        ("发证机关", "unit.abbreviated"), ("有效期截止日期", "date.impossible"),
        ("联系人电话", "value.pattern"), ("监制单位名称", "value.constant"),
        ("经营方式[2]", "value.not-listed"), ("二维码", "address.scheme"), ("版本号", "record.version"),
        ("企业法定代表人", "text.undrawable"),
    }


def test_the_error_counts_and_names_but_tells_no_value() -> None:
    record = _sample()
    record["联系人电话"] = "secret"
    with pytest.raises(RecordError) as caught:
        _check(record)
    error = caught.value
    assert error.code == RecordCode.INVALID
    assert "联系人电话" in error.zh
    assert "联系人电话" in error.en
    assert "secret" not in str(error) + str(error.facts) + error.faults[0].zh + error.faults[0].en


def test_an_undrawable_character_is_named_with_its_code_point() -> None:
    record = _sample()
    record["企业法定代表人"] = "测试人𠮷"
    fault, = _faults(record)
    assert "𠮷（U+20BB7）" in fault.zh
    assert "U+20BB7" in fault.en


def test_a_field_that_is_not_printed_may_hold_what_no_font_draws() -> None:
    record = _sample()
    record["联系人"] = "测试人𠮷"
    assert _check(record).text("联系人") == "测试人𠮷"


def test_a_compatibility_ideograph_is_refused_and_the_usual_one_suggested() -> None:
    record = _sample()
    record["企业法定代表人"] = "测试人\uf9dc"
    fault, = _faults(record)
    assert "测试人隆" in fault.zh
    assert "U+F9DC" in fault.en


def test_a_misspelt_label_gets_a_suggestion() -> None:
    record = _sample()
    record["企业法人代表人"] = record.pop("企业法定代表人")
    unknown = _faults(record)[0]
    assert "“企业法定代表人”" in unknown.zh
    assert "“企业法定代表人”" in unknown.en


@pytest.mark.parametrize("name", ["测试𬸪", "测试㛃", "测试\U00030edd", "测试\U00031350", "阿·买买提"])
def test_rare_characters_of_names_are_accepted(name: str) -> None:
    record = _sample()
    record["企业法定代表人"] = name
    assert _check(record).text("企业法定代表人") == name


PHONES = [
    "00000000001", "13800000000", "0351-1234567", "03511234567", "12345678", "0351-1234567-801",
    "+86-13800000000", "400-123-4567", "+86 138 0000 0000", "（0351）1234567", "0351-1234567/13800000000",
    "0351 1234567 转 801", "(0351)1234567、(0351)7654321",
]


@pytest.mark.parametrize("phone", PHONES)
def test_usual_phone_numbers_are_accepted(phone: str) -> None:
    record = _sample()
    record["联系人电话"] = phone
    assert _check(record).text("联系人电话") == phone


AUTHORITIES = [
    "山西省应急管理厅", "太原市应急管理局", "山西省临汾市尧都区应急管理局", "中华人民共和国应急管理部",
    "济南市市中区应急管理局", "市中区应急管理局", "测试经济技术开发区应急管理局",
]


@pytest.mark.req("R-001-04")
@pytest.mark.parametrize("name", AUTHORITIES)
def test_full_names_of_authorities_are_accepted(name: str) -> None:
    record = _sample()
    record["发证机关"] = name
    assert _check(record).issuer_name == name


# ---- what is accepted, and what is only noted

def _warned(change: Change, number: int = 1) -> list[tuple[str, str]]:
    record = _sample(number)
    change(record)
    return [(fault.field, fault.code) for fault in _check(record).warnings if fault.code != "scope.no-list"]


@pytest.mark.req("R-000-10")
@pytest.mark.parametrize(("start", "end", "warned"), [
    ("2025-05-27", "2028-05-27", False), ("2025-05-10", "2028-05-09", False),
    ("2028-02-29", "2031-02-28", False), ("2028-02-29", "2031-02-27", False),
    ("2025-05-10", "2028-05-11", True), ("2025-05-10", "2030-05-09", True),
    ("2025-05-10", "2025-05-10", True),
])
def test_both_conventions_of_three_years_are_accepted_and_others_noted(
    start: str, end: str, warned: bool,
) -> None:
    change = put(发证日期=start, 有效期起始日期=start, 有效期截止日期=end)
    assert _warned(change) == ([("有效期截止日期", "date.years")] if warned else [])


@pytest.mark.parametrize(
    ("change", "expected"), [row[1:] for row in WARNINGS], ids=[row[0] for row in WARNINGS])
def test_what_may_be_right_is_noted_and_not_refused(
    change: Change, expected: list[tuple[str, str]],
) -> None:
    assert _warned(change) == expected


@pytest.mark.parametrize("address", ["http://lookup.example.invalid/l/1", "https://other.invalid/l/1"])
def test_a_demonstration_may_use_another_address(address: str) -> None:
    record = _sample()
    record["二维码"] = address
    licence = _check(record, demo=True)
    assert licence.qr_address == address
    told = [fault for fault in licence.warnings if fault.code.startswith("address.")]
    assert told
    assert all("演示中放行，正式签发时会被拒绝" in each.zh and "refused when issuing" in each.en for each in told)
    with pytest.raises(RecordError):
        _check(record)


def test_a_mode_without_a_list_is_noted() -> None:
    assert [fault.code for fault in _check(_sample(2)).warnings] == ["scope.no-list"] * 2


@pytest.mark.req("R-000-08", "R-000-49")
def test_a_mode_with_a_list_takes_listed_items_only() -> None:
    names = ("轻质芳烃", "重质芳烃", "混合二甲苯")
    items = [{"id": str(place), "name": name} for place, name in enumerate(names)]
    kind = configure(load_kind("K0"), {"lists": {MODE: items}})
    fault, = _faults(_sample(), kind)
    assert (fault.field, fault.code) == (f"许可范围.{MODE}[4]", "scope.unlisted-item")
    record = _sample()
    record["许可范围"] = f"一、{MODE}：轻质芳烃、混合二甲苯；"
    assert _check(record, kind).warnings == ()


# ---- the licence that comes out

def test_example_1_becomes_a_licence() -> None:
    licence = _check(_sample())
    assert licence.title == "危险化学品经营许可证"
    assert licence.identifier.text() == (
        f"1.2.156.3005.2.{licence.kind.type_code}.11140100MB9TEX0180.14010013202590001.001."
        f"{licence.identifier.check}"
    )
    assert (licence.issuer_name, licence.issuer_code) == ("测试市应急管理局", "11140100MB9TEX0180")
    assert (licence.holder_name, licence.holder_code) == ("测试甲化工贸易有限公司", "91140100MA9TEX0149")
    assert str(licence.valid_to) == "2028-07-31"
    assert licence.extended_to is None
    assert licence.values["有效期延续至"] is None
    assert licence.values["经营方式"] == (MODE,)
    assert len(licence.scope[0][1]) == 4
    assert len(licence.digest) == 32


def test_example_2_is_an_extended_licence() -> None:
    licence = _check(_sample(2))
    assert licence.number == "14010013202590002"
    assert str(licence.extended_to) == "2031-08-04"
    assert licence.scope_text == scope_text(licence.scope)
    assert len(licence.scope_text or "") == 1877


def test_records_that_say_the_same_have_the_same_digest() -> None:
    as_text, as_groups = _sample(), _sample()
    del as_groups["许可范围"]
    as_groups["许可范围项"] = {mode: list(items) for mode, items in _check(as_text).scope}
    as_groups["联系人"] = ""
    as_groups["版本号"] = "001"
    shuffled = dict(sorted(as_text.items(), reverse=True))
    digests = {_check(record).digest for record in (as_text, as_groups, shuffled)}
    assert len(digests) == 1


@pytest.mark.parametrize(("label", "value"), [
    ("联系人电话", "00000000009"), ("版本号", "002"), ("企业住所", "测试市测试区示例路2号"),
    ("许可范围", f"一、{MODE}：重质芳烃、轻质芳烃；"), ("联系人", "测试人"),
])
def test_another_record_has_another_digest(label: str, value: str) -> None:
    record = _sample()
    record[label] = value
    assert _check(record).digest != _check(_sample()).digest


def test_the_order_of_groups_counts() -> None:
    record = _sample(2)
    swapped = copy.deepcopy(record)
    swapped["许可范围项"] = dict(reversed(list(record["许可范围项"].items())))
    assert _check(record).digest != _check(swapped).digest


@pytest.mark.req("R-003-03")
def test_no_private_value_is_metadata() -> None:
    licence = _check(_sample(2))
    values = [value for _, value in licence.metadata]
    assert not any("00000000002" in value or "测试人丙" in value for value in values)
    assert dict(licence.metadata)["ZZBFJG"] == "测试市应急管理局"
    assert dict(licence.metadata)["ZZBS"] == licence.identifier.text()


def test_a_licence_cannot_be_changed() -> None:
    licence = _check(_sample())
    with pytest.raises(TypeError):
        licence.values["企业名称"] = "x"    # type: ignore[index]


def test_the_kind_may_be_told_by_the_title() -> None:
    record = _sample()
    del record["kind"]
    assert _check(record).kind is load_kind("K0")
    record["证件类型名称"] = "?"
    fault, = _faults(record)
    assert (fault.field, fault.code) == ("kind", "record.kind-missing")


def test_a_record_of_another_kind_is_refused() -> None:
    data = json.loads(resource("K0", "kind.json"))
    data["code"] = "K9"
    fault, = _faults(_sample(), build_kind(data))
    assert (fault.field, fault.code) == ("kind", "record.other-kind")


@pytest.mark.parametrize(("number", "code"), [
    ("晋WH安经字2025", "record.serial"), ("T11010519491231002X", "record.identity-number"),
    ("T110105194912310021", None),
])
def test_a_number_makes_the_serial_only_when_it_may(number: str, code: str | None) -> None:
    """Decision 18, with a kind whose numbers are free text."""
    data = json.loads(resource("K0", "kind.json"))
    next(field for field in data["fields"] if field["label"] == "许可证编号")["format"] = "text"
    data["rules"] = [rule for rule in data["rules"] if not rule["check"].startswith("number-")]
    record = _sample()
    record["许可证编号"] = number
    if code is None:
        assert _check(record, build_kind(data)).serial == number
    else:
        assert [fault.code for fault in _faults(record, build_kind(data))] == [code]


# ---- reading

@pytest.mark.parametrize(("data", "code"), BAD_JSON)
def test_what_is_no_record_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_record(data)
    fault, = caught.value.faults
    assert fault.code == code


def test_a_byte_order_mark_in_front_is_passed_over() -> None:
    assert read_record(b"\xef\xbb\xbf{}") == {}


def test_every_code_has_both_sentences() -> None:
    assert set(SENTENCES) == set(RecordCode)
    assert all(zh and en for zh, en in SENTENCES.values())


def test_every_code_is_shown_by_some_test() -> None:
    """The tables above name every code that a record can get."""
    named = {code for row in BAD for _, code in row[2]} | {code for row in WARNINGS for _, code in row[2]}
    named |= {code for _, code in BAD_JSON}
    named |= {code for row in BAD_RICH for _, code in row[3]}
    elsewhere = {
        "record.invalid", "record.kind-missing", "record.other-kind", "date.years", "scope.no-list",
        "scope.unlisted-item", "record.serial", "record.identity-number", "record.derived", "record.too-long",
    }
    assert {code.value for code in RecordCode} <= named | elsewhere


@pytest.mark.parametrize(("text", "expected"), [
    ("甲", "甲"), ("甲\u200b乙", "甲<U+200B>乙"), ("\ud842", "<U+D842>"), ("甲" * 50, "甲" * 39 + "…"),
])
def test_messages_show_what_cannot_be_seen(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_there_is_a_kind_to_check() -> None:
    assert "K0" in kinds()


def test_of_fields_alike_the_one_that_is_missing_is_meant() -> None:
    record = _sample(2)
    record["电话"] = record.pop("联系人电话")
    record["联系电话"] = "0351-0000000"
    told = next(fault for fault in _faults(record) if fault.code == "record.unknown-key")
    assert "是否指“联系人电话”" in told.zh and "“联系人电话” meant" in told.en
