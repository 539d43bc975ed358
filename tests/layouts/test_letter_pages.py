"""The measures of GB/T 9704-2012 on letters and opinions: type area, 22 lines, title, date and seal."""

from __future__ import annotations

import json
from typing import Any

import pytest

import layouts
from docgen.compose import compose
from docgen.page import Document, GlyphRun, Page
from docgen.record import validate

LETTERS = ("D1", "D2a", "D2b", "D3", "D4", "D5", "D7", "K4", "K5a", "K5b")
SEAL_MM = 42
LEFT, RIGHT, TOP, BOTTOM = 28.0, 210 - 26.0, 37.0, 297 - 35.0       # 5.2.1: 156 by 225 mm
THIRD, SECOND = 5.64, 7.76                                          # 3号 and 2号 in mm


def letter(code: str, number: int, **more: Any) -> Document:
    record = json.loads(layouts.resource(code, f"samples/example-{number}.json")) | more
    return compose(validate(record, lookup_hosts=(), drawable=lambda _: set(), demo=True), "", seal_size_mm=SEAL_MM)


def runs(page: Page) -> list[GlyphRun]:
    return [item for item in page.items if isinstance(item, GlyphRun)]


def inside(run: GlyphRun) -> bool:
    """Inside the type area; an opening bracket hangs out of it by half its width."""
    hung = run.size_mm / 2 if run.text[0] in "（《“" else 0.0
    return (run.xs_mm[0] + hung > LEFT - 0.1 and run.xs_mm[0] + run.width_mm < RIGHT + THIRD / 2
            and run.y_mm - 0.9 * run.size_mm > TOP - 0.5 and run.y_mm < BOTTOM)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("code", LETTERS)
def test_all_text_but_head_and_page_number_stands_in_the_type_area(code: str, number: int) -> None:
    for count, page in enumerate(letter(code, number).pages):
        text = [run for run in runs(page) if run.line is not None]
        outside = [run for run in text if not inside(run)]
        assert all(run.tag == "发文机关" and run.size_mm > SECOND for run in outside), [run.text for run in outside]
        assert bool(outside) == (count == 0)


def test_a_full_page_has_22_lines_of_text_in_its_own_size() -> None:
    page = letter("D1", 2, 理由="你单位提交的材料不能证明改建工程的安全设施已经验收合格。" * 80).pages[1]
    text = [run for run in runs(page) if run.tag == "理由"]
    lines = sorted({run.y_mm for run in text})
    pitch = (lines[-1] - lines[0]) / (len(lines) - 1)
    assert len(lines) == int((BOTTOM - TOP) / pitch)
    assert int((BOTTOM - TOP) / (pitch / text[0].size_mm * 5.57)) == 22        # 28 characters of 5.57 mm a line
    assert TOP < lines[0] - 0.8 * text[0].size_mm < TOP + 3


@pytest.mark.parametrize("code", LETTERS)
def test_the_title_stands_two_lines_below_the_number(code: str) -> None:
    first = runs(letter(code, 1).pages[0])
    number = next(run for run in first if run.tag == "文号")
    title = next(run for run in first if abs(run.size_mm - SECOND) < 0.1)
    lines = (title.y_mm - 0.9 * title.size_mm - number.y_mm) / (225 / 22)
    assert 1.7 < lines < 2.3
    assert (title.xs_mm[0] + title.xs_mm[0] + title.width_mm) / 2 == pytest.approx((LEFT + RIGHT) / 2, abs=0.5)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("code", LETTERS)
def test_name_and_date_stand_a_little_below_the_middle_of_the_seal(code: str, number: int) -> None:
    last = letter(code, number).pages[-1]
    seal = next(stamp.place for stamp in last.seals if stamp.clip is None)
    name = [run for run in runs(last) if run.tag == "发文机关"][-1]
    date = [run for run in runs(last) if run.tag == "成文日期"][-1]
    middle = (name.y_mm + date.y_mm) / 2 - 0.35 * date.size_mm
    assert 0 < middle - (seal.y_mm + SEAL_MM / 2) < 3
    above = max(run.y_mm for run in runs(last) if run.y_mm < name.y_mm - 0.1)
    assert 0 < seal.y_mm - above < 225 / 22                 # no more than a line between text and seal
    right = RIGHT - date.xs_mm[0] - date.width_mm
    assert 3 < right / THIRD < 5                            # 右空四字
    centre = date.xs_mm[0] + date.width_mm / 2
    assert name.xs_mm[0] + name.width_mm / 2 == pytest.approx(centre, abs=0.5)
    assert seal.x_mm + SEAL_MM / 2 == pytest.approx(centre, abs=0.5)


def test_a_notice_to_collect_fills_its_first_page_before_the_second() -> None:
    first, last = ({run.tag or run.text for run in runs(page)} for page in letter("D7", 1).pages)
    assert {"携带材料[1].序号", "携带材料[2].序号"} <= first
    assert not any(one.startswith("携带材料") for one in last)
    assert {"特此通知。", "发文机关", "成文日期"} <= last
