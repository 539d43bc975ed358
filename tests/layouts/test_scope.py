"""许可范围: written from groups, read back, summarised; what cannot be read is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layouts import ScopeError, parse_scope, resource, scope_summary, scope_text
from layouts.scope import numeral, split_items

NUMERALS = [(1, "一"), (2, "二"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (99, "九十九")]


@pytest.mark.parametrize(("count", "text"), NUMERALS)
def test_groups_are_counted_in_chinese(count: int, text: str) -> None:
    assert numeral(count) == text


@pytest.mark.parametrize("count", [0, -1, 100])
def test_there_is_no_numeral_outside_one_to_ninety_nine(count: int) -> None:
    with pytest.raises(ValueError, match="numeral"):
        numeral(count)


@pytest.mark.req("R-000-08")
def test_example_1_is_read_into_its_items() -> None:
    text = json.loads(resource("K0", "samples/example-1.json"))["许可范围"]
    assert parse_scope(text) == ((
        "无储存经营",
        ("轻质芳烃", "重质芳烃", "混合二甲苯", "正丁烷（此品种仅限作为化工原料等非燃料用途的经营）"),
    ),)
    assert len(text) == 50


@pytest.mark.req("R-000-08")
def test_example_2_is_written_with_1877_characters() -> None:
    groups = json.loads(resource("K0", "samples/example-2.json"))["许可范围项"]
    text = scope_text(groups.items())
    assert len(text) == 1877
    assert parse_scope(text) == tuple((mode, tuple(items)) for mode, items in groups.items())
    assert scope_summary(groups.items()) == (
        "一、无储存经营：共36项，详见附页；二、有储存经营（不构成重大危险源）：共40项，详见附页；"
    )


WORD = st.text(st.sampled_from("甲乙丙醇烷1,-% α"), min_size=1, max_size=6)
BRACKETED = st.tuples(WORD, st.text(st.sampled_from("甲、，；：%5"), min_size=1, max_size=8)).map(
    lambda pair: f"{pair[0]}（{pair[1]}）")
ITEMS = st.lists(WORD | BRACKETED, min_size=1, max_size=6).map(tuple)
GROUPS = st.lists(st.tuples(WORD | BRACKETED, ITEMS), min_size=1, max_size=12).map(tuple)


@given(GROUPS)
def test_what_is_written_is_read_back(groups: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    assert parse_scope(scope_text(groups)) == groups


@given(st.text(st.sampled_from("一二、：；（）甲乙"), max_size=30))
def test_what_is_read_is_written_the_same_or_refused(text: str) -> None:
    try:
        groups = parse_scope(text)
    except ScopeError as error:
        assert error.zh
        assert error.en
        return
    assert scope_text(groups) == text


WRONG = [
    # text, code, group
    ("", "scope.numeral", "1"),
    ("轻质芳烃、重质芳烃", "scope.numeral", "1"),
    ("1、无储存经营：甲；", "scope.numeral", "1"),
    ("一、无储存经营：甲；三、有储存经营：乙；", "scope.numeral", "2"),
    ("一、无储存经营：甲；乙；", "scope.numeral", "2"),
    ("一、无储存经营、轻质芳烃、重质芳烃", "scope.colon", "1"),
    ("一、无储存经营:甲；", "scope.colon", "1"),
    ("一、：甲；", "scope.mode", "1"),
    ("一、无储存经营：甲、乙", "scope.end", "1"),
    ("一、无储存经营：甲;", "scope.end", "1"),
    ("一、无储存经营：；", "scope.item", "1"),
    ("一、无储存经营：甲、、乙；", "scope.item", "1"),
    ("一、无储存经营：甲、；", "scope.item", "1"),
    ("一、无储存经营：甲（乙；", "scope.brackets", "1"),
    ("一、无储存经营：甲）乙；", "scope.brackets", "1"),
    ("一、无储存经营：甲（乙]；", "scope.brackets", "1"),
    ("一、有储存经营（不构成重大危险源：甲；", "scope.brackets", "1"),
]


@pytest.mark.req("R-000-08")
@pytest.mark.parametrize(("text", "code", "group"), WRONG)
def test_a_text_that_is_no_scope_is_refused_with_the_place(text: str, code: str, group: str) -> None:
    with pytest.raises(ScopeError) as caught:
        parse_scope(text)
    assert (caught.value.code.value, caught.value.facts["group"]) == (code, group)


def test_a_listed_item_that_holds_the_separator_stays_whole() -> None:
    listed = ("含易燃溶剂的合成树脂、油漆、辅助材料、涂料等制品[闭杯闪点≤60℃]", "油漆", "甲醇")
    text = f"一、无储存经营：甲醇、{listed[0]}、油漆；"
    assert parse_scope(text, {"无储存经营": listed}) == (("无储存经营", ("甲醇", listed[0], "油漆")),)
    assert len(parse_scope(text)[0][1]) == 6


def test_a_listed_item_is_no_prefix_of_another() -> None:
    assert split_items("甲、乙丙、丁", ("甲、乙",)) == ("甲", "乙丙", "丁")
