"""Formats of fields, heads, conditional lines, seals, serials: what a kind's data may say, and what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codes.number import NumberError, NumberPattern
from layouts import (
    KindError,
    SealRule,
    Table,
    add_folder,
    build_kind,
    cells,
    face_lines,
    heads,
    holds,
    kind_folder,
    line_text,
    load_kind,
    printed,
    resource,
    stands,
    table_of,
)

KINDS = Path(__file__).parents[1] / "data" / "kinds"


@pytest.fixture(autouse=True)
def _kinds() -> None:
    add_folder(KINDS)


def data(code: str = "R1") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resource(code, "kind.json"))
    return loaded


TABLE = Table((("测试人甲", "1", "2025-08-28", None), ("测试人乙", "2", None, "同意")))
EARLIER = "1.2.156.3005.2.11100000MB9TEX018A9T1.11140100MB9TEX0180.202500007.001.C"

PRINTED = [
    ("甲。\n乙。", "paragraphs", "甲。乙。"), (None, "paragraphs", ""), (None, "table", ""),
    ("sm3:00", "picture", ""), ("999999199001010016", "masked", "999999**********16"),
    ("12345678", "masked", "12345678"),
    (f"{EARLIER} sm3:{'a' * 64}", "identifier", EARLIER), (f"{EARLIER} sm3:{'a' * 64}", "sm3", "a" * 64),
    (TABLE, "table", "测试人甲12025-08-28测试人乙2同意"),
]


@pytest.mark.parametrize(("value", "form", "expected"), PRINTED)
def test_values_are_printed_in_their_form(value: Any, form: str, expected: str) -> None:
    assert printed(value, form) == expected


@pytest.mark.parametrize(("value", "form"), [
    (TABLE, "text"), (("甲",), "paragraphs"), ("甲", "table"), ("no reference", "identifier"), ("甲", "other"),
])
def test_a_value_of_another_form_is_a_mistake_of_the_caller(value: Any, form: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        printed(value, form)


def test_cells_are_named_and_empty_ones_left_out() -> None:
    field = load_kind("R1").field("核查人员")
    assert cells(field, TABLE) == (
        ("核查人员[1].姓名", "测试人甲"), ("核查人员[1].执法证号", "1"), ("核查人员[1].核查日期", "2025年08月28日"),
        ("核查人员[2].姓名", "测试人乙"), ("核查人员[2].执法证号", "2"), ("核查人员[2].意见", "同意"))
    assert cells(field, None) == ()


def test_heads_are_the_lines_own_or_the_columns_labels() -> None:
    kind = load_kind("R1")
    lines = {line.fields[0]: line for line in kind.face("意见").lines if line.fields}
    assert heads(kind, lines["核查人员"]) == ("姓名", "证号", "日期", "意见")
    assert heads(kind, lines["附件清单"]) == ("名称", "份数")
    assert heads(kind, lines["理由"]) == ()
    table = table_of(kind, lines["核查人员"])
    assert table is not None and table.label == "核查人员"
    assert line_text(kind, lines["核查人员"], {"核查人员": TABLE}) == "测试人甲12025年08月28日测试人乙2同意"


CONDITIONS = [
    (("整改要求",), {"整改要求": "甲"}, True), (("整改要求",), {"整改要求": None}, False), (("整改要求",), {}, False),
    (("结论", "不同意"), {"结论": "不同意"}, True), (("结论", "不同意"), {"结论": "同意"}, False),
    (("类别", "第一类", "第二类"), {"类别": "第二类"}, True), (("活动", "生产"), {"活动": ("经营", "生产")}, True),
    (("活动", "储存"), {"活动": ("经营", "生产")}, False), (None, {}, True), (("核查人员",), {"核查人员": TABLE}, True),
]


@pytest.mark.parametrize(("condition", "values", "expected"), CONDITIONS)
def test_conditions_hold_by_value(condition: Any, values: Any, expected: bool) -> None:
    assert holds(condition, values) is expected


def test_a_line_that_does_not_stand_prints_nothing_and_others_keep_their_label() -> None:
    kind = load_kind("R1")
    values = {"文书名称": "测试核查意见", "结论": "同意", "理由": None}
    labels = [label for label, _ in face_lines(kind, "意见", values)]
    assert "整改要求" not in labels and "整改期限" not in labels
    assert "理由" in labels
    line = next(line for line in kind.face("意见").lines if line.label == "整改期限")
    assert not stands(line, values)
    assert line_text(kind, line, {"整改期限": "2025-10-01", "结论": "同意"}) == ""


SEALS = [
    (SealRule(), 1, 1, (1, False)), (SealRule(), 2, 3, (1, False)), (SealRule(count=0), 1, 1, (0, False)),
    (SealRule(last_page_only=True), 1, 3, (0, False)), (SealRule(last_page_only=True), 3, 3, (1, False)),
    (SealRule(straddle=True), 1, 1, (1, False)), (SealRule(straddle=True, last_page_only=True), 2, 3, (0, True)),
    (SealRule(straddle=True, last_page_only=True), 3, 3, (1, True)), (SealRule(count=2), 1, 1, (2, False)),
]


@pytest.mark.parametrize(("rule", "number", "pages", "expected"), SEALS)
def test_seals_stand_where_the_kind_says(rule: SealRule, number: int, pages: int, expected: tuple[int, bool]) -> None:
    assert rule.on(number, pages) == expected


def test_a_head_gives_fields_roles_metadata_and_rules_and_the_kind_changes_them() -> None:
    letter = load_kind("R1")
    assert letter.labels[:5] == ("文书名称", "文号", "发文机关", "发文机关代码", "成文日期")
    assert letter.field("文书名称").constant == "测试核查意见"
    assert letter.field("文书名称").required
    assert not letter.has_qr and "valid_from" not in letter.roles
    assert load_kind("R2").holder_is_person
    changed = data()
    changed["fields"].append({"label": "统一社会信用代码", "omit": True})
    kind = build_kind(changed)
    assert "holder_code" not in kind.roles
    assert "统一社会信用代码" not in kind.labels
    assert "CZZTDM" not in [item.name for item in kind.metadata]


def test_a_serial_is_made_of_parts_of_the_number() -> None:
    kind = load_kind("R1")
    assert kind.number.serial("测应急核〔2025〕7号", kind.serial.parts) == "202500007"
    assert kind.number.form == "[机关代字 2–12位]〔[年度 4位]〕[顺序号 1–5位]号"
    with pytest.raises(NumberError):
        kind.number.serial("测应急核2025-7", kind.serial.parts)


NUMBERS = [
    ("测应急核〔2025〕7号", []), ("测应急核〔2025〕99999号", []), ("测〔2025〕7号", ["number.form"]),
    ("测应急核〔2025〕100000号", ["number.form"]), ("测应急核〔2025〕0号", ["number.sequence"]),
    ("测应急核〔1999〕1号", ["number.year"]), ("测应急核[2025]7号", ["number.form"]), ("", ["number.form"]),
    ("测应急核〔２０２５〕7号", ["number.form"]),
]


@pytest.mark.parametrize(("number", "expected"), NUMBERS)
def test_numbers_with_words_follow_their_pattern(number: str, expected: list[str]) -> None:
    assert [fault.code.value for fault in load_kind("R1").number.check(number)] == expected


def test_words_in_a_constant_make_a_number_of_fixed_length() -> None:
    pattern = NumberPattern.from_data({"source": "x", "provisional": True, "parts": [
        {"name": "字头", "rule": "constant", "length": 8, "values": ["晋WH安许证字〔"]},
        {"name": "年度", "rule": "year", "length": 4, "minimum": 2002, "maximum": 2099},
        {"name": "括号", "rule": "constant", "length": 1, "values": ["〕"]},
        {"name": "顺序号", "rule": "sequence", "length": 5, "minimum": 1}]})
    assert pattern.check("晋WH安许证字〔2025〕00012") == ()
    assert pattern.serial("晋WH安许证字〔2025〕00012", ["年度", "顺序号"]) == "202500012"
    assert [fault.code.value for fault in pattern.check("晋WH安许证字〔2025〕12")] == ["number.form"]


def test_validity_renewal_and_statuses_are_data() -> None:
    kind = load_kind("R2")
    assert kind.validity is not None and kind.validity.years == 6
    assert kind.renewal is not None and kind.renewal.days == 60
    assert kind.statuses == ("有效", "已过期", "注销")


Change = Callable[[dict[str, Any]], object]


def _field(label: str, /, **changes: Any) -> Change:
    return lambda kind: next(one for one in kind["fields"] if one["label"] == label).update(changes)


def _line(number: int, **changes: Any) -> Change:
    return lambda kind: kind["faces"][0]["lines"][number].update(changes)


def _rule(**rule: Any) -> Change:
    return lambda kind: kind["rules"].append({"source": "x", **rule})


BAD = [
    ("R1", "a table without columns", _field("核查人员", columns=[])),
    ("R1", "columns of a text", _field("理由", columns=[{"label": "甲", "format": "text"}])),
    ("R1", "a column twice", _field("附件清单", columns=[{"label": "甲", "format": "text"}] * 2)),
    ("R1", "a table in a table", _field("附件清单", columns=[{"label": "甲", "format": "table", "columns": []}])),
    ("R1", "a photo in a table", _field("附件清单", columns=[{"label": "甲", "format": "photo"}])),
    ("R1", "more rows at least than at most", _field("附件清单", min_rows=9, max_rows=2)),
    ("R1", "a label with a bracket", _field("结论", label="结论[1]")),
    ("R1", "a reference without key", _field("前件", attachment="")),
    ("R1", "a reference whose key is a path", _field("前件", attachment="../x")),
    ("R1", "a text that must be of a kind", _field("结论", of=["R1"])),
    ("R1", "a comparison with no field", _field("前件", same={"不存在": "申请人"})),
    ("R1", "a masked text", _field("结论", form="masked")),
    ("R1", "an unknown format", _field("结论", format="number-of-wheels")),
    ("R1", "heads that are too few", _line(8, heads=["姓名"])),
    ("R1", "heads without a table", _line(4, heads=["理由"])),
    ("R1", "a table with words around it", _line(8, text="（{核查人员}）")),
    ("R1", "a condition on no field", _line(5, when="不存在")),
    ("R1", "a rule with a condition on no field", _rule(check="one-of", field="结论", when=["不存在", "是"])),
    ("R1", "a condition on no value", _rule(check="one-of", field="结论", when=["结论", "也许"])),
    ("R1", "allowed without values", _rule(check="allowed", field="结论")),
    ("R1", "at least a value that is none", _rule(check="at-least", field="等级", value="四级")),
    ("R1", "a level that is none", _rule(check="level", field="发文机关代码", values=["乡级"])),
    ("R1", "a count of nothing", _rule(check="count", field="核查人员")),
    ("R1", "a length without a limit", _rule(check="length", field="结论")),
    ("R1", "a length that is no less than the field's", _rule(check="length", field="理由", maximum=100_000)),
    ("R1", "a length of no column", _rule(check="length", field="核查人员", value="年龄", maximum=2)),
    ("R1", "an age of nobody", _rule(check="age", field="成文日期", minimum=18)),
    ("R1", "an unknown check", _rule(check="horoscope", field="结论")),
    ("R1", "a serial of no part", lambda kind: kind["identifier"].update(serial={"parts": ["页码"]})),
    ("R1", "a serial of words", lambda kind: kind["identifier"].update(serial={"parts": ["机关代字", "顺序号"]})),
    ("R1", "a serial without the sequence", lambda kind: kind["identifier"].update(serial={"parts": ["年度"]})),
    ("R1", "a status that is none", lambda kind: kind.update(statuses=["丢失"])),
    ("R1", "no such head", lambda kind: kind.update(head="poster")),
    ("R1", "a field left out that the head has not",
     lambda kind: kind["fields"].append({"label": "照片", "omit": True})),
    ("R1", "a required role left out", lambda kind: kind["fields"].append({"label": "申请人", "omit": True})),
    ("R1", "less than no seal", lambda kind: kind["faces"][0]["seals"].update(count=-1)),
    ("R2", "a person's number that is not private", _field("公民身份号码", private=False)),
    ("R2", "an identity number in the metadata",
     lambda kind: kind["metadata"].append({"name": "KZ_SFZ", "field": "公民身份号码"})),
    ("R2", "a photo in the metadata", lambda kind: kind["metadata"].append({"name": "KZ_ZP", "field": "照片"})),
    ("R2", "a masked name in the metadata",
     lambda kind: kind["metadata"].append({"name": "KZ_XM", "field": "姓名", "form": "masked"})),
    ("R2", "a photo with a label", _line(1, label="照片")),
    ("R2", "a photo among words", _line(1, text="见{照片}")),
    ("R2", "a code on no face", lambda kind: kind["faces"][0].update(qr=False)),
]


@pytest.mark.parametrize(("code", "change"), [(row[0], row[2]) for row in BAD], ids=[row[1] for row in BAD])
def test_data_that_make_no_kind_are_refused(code: str, change: Change) -> None:
    kind = copy.deepcopy(data(code))
    if code == "R2":
        kind["fields"] += [{"label": label} for label in ("公民身份号码", "照片")]
    build_kind(copy.deepcopy(kind))
    change(kind)
    with pytest.raises(KindError) as caught:
        build_kind(kind)
    assert caught.value.code == "kind.data"
    assert code in caught.value.zh


def test_the_kinds_of_the_tests_have_a_folder() -> None:
    assert kind_folder("R2").name == "R2"
