"""许可证编号 by a pattern that is data."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.number import NumberError, NumberPattern
from codes.region import region, region_name

PARTS: list[dict[str, Any]] = [
    {"name": "行政区划", "rule": "region", "length": 6},
    {"name": "许可证类型", "rule": "constant", "length": 1, "values": ["1"]},
    {"name": "单位类别", "rule": "constant", "length": 1, "values": ["3"]},
    {"name": "年度", "rule": "year", "length": 4, "minimum": 2002, "maximum": 2099},
    {"name": "顺序号", "rule": "sequence", "length": 5, "minimum": 1},
]
PATTERN = NumberPattern.from_data({"source": "000 手册 3.1", "parts": PARTS})

FAULTS = [
    # number, codes of the faults, parts
    ("14010013202500044", [], []),
    ("14000013202500007", [], []),
    ("638877", ["number.provisional"], [""]),
    ("456765", ["number.provisional"], [""]),
    ("764466", ["number.provisional"], [""]),
    ("晋临000123", ["number.provisional"], [""]),
    ("1401001320250004", ["number.length"], [""]),
    ("140100132025000440", ["number.length"], [""]),
    ("1401001320250004A", ["number.digit"], ["顺序号"]),
    ("1401001320250004４", ["number.digit"], ["顺序号"]),
    ("14010023202500044", ["number.constant"], ["许可证类型"]),
    ("14010012202500044", ["number.constant"], ["单位类别"]),
    ("14010013202500000", ["number.sequence"], ["顺序号"]),
    ("99010013202500044", ["number.region"], ["行政区划"]),
    ("14010013190000044", ["number.year"], ["年度"]),
    ("99010022202500000", ["number.region", "number.constant", "number.constant", "number.sequence"],
     ["行政区划", "许可证类型", "单位类别", "顺序号"]),
]


@pytest.mark.req("R-000-02", "R-000-04")
@pytest.mark.parametrize(("number", "codes", "parts"), FAULTS)
def test_every_faulty_part_of_a_number_is_named(number: str, codes: list[str], parts: list[str]) -> None:
    found = PATTERN.check(number)
    assert [fault.code.value for fault in found] == codes
    assert [fault.part for fault in found] == parts
    for fault in found:
        assert fault.part in fault.zh
        assert fault.part in fault.en


@pytest.mark.req("R-000-02")
def test_a_number_is_split_into_its_parts() -> None:
    assert PATTERN.split("14010013202500044") == {
        "行政区划": "140100", "许可证类型": "1", "单位类别": "3", "年度": "2025", "顺序号": "00044",
    }


def test_a_wrong_number_is_not_split() -> None:
    with pytest.raises(NumberError) as caught:
        PATTERN.split("638877")
    assert caught.value.code == "number.provisional"


@given(
    year=st.integers(2002, 2099), sequence=st.integers(1, 99999),
    place=st.sampled_from(["140100", "110105"]),
)
def test_a_number_put_together_from_its_parts_is_accepted(year: int, sequence: int, place: str) -> None:
    number = f"{place}13{year}{sequence:05d}"
    assert PATTERN.check(number) == ()
    assert "".join(PATTERN.split(number).values()) == number


@given(st.text(max_size=24))
def test_any_text_gets_an_answer(text: str) -> None:
    faults = PATTERN.check(text)
    assert all(fault.zh and fault.en for fault in faults)
    assert bool(faults) or len(text) == PATTERN.length


BAD_PATTERNS: list[dict[str, Any]] = [
    {},
    {"source": "x", "parts": []},
    {"source": "", "parts": PARTS},
    {"source": "x", "parts": [{"name": "a", "rule": "colour", "length": 1}]},
    {"source": "x", "parts": [{"name": "a", "rule": "region", "length": 4}]},
    {"source": "x", "parts": [{"name": "a", "rule": "constant", "length": 1}]},
    {"source": "x", "parts": [{"name": "a", "rule": "constant", "length": 1, "values": ["12"]}]},
    {"source": "x", "parts": [{"name": "a", "rule": "sequence", "length": 0}]},
]


@pytest.mark.parametrize("data", BAD_PATTERNS)
def test_data_that_make_no_pattern_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(NumberError) as caught:
        NumberPattern.from_data(data)
    assert caught.value.code == "number.pattern"


REGIONS = [
    ("140000", "山西省"), ("140100", "太原市"), ("140105", "小店区"), ("110000", "北京市"),
    ("469005", "文昌市"),
    ("140199", None), ("999999", None), ("14", None), ("14010", None), ("14010０", None), ("", None),
]


@pytest.mark.parametrize(("code", "name"), REGIONS)
def test_regions_are_known_by_their_code(code: str, name: str | None) -> None:
    assert region_name(code) == name


def test_an_abolished_region_is_known_with_its_last_year() -> None:
    found = region("110103")
    assert found is not None
    assert (found.name, found.until, found.province) == ("崇文区", 2010, "北京市")
