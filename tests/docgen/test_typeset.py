"""Chinese typesetting: the rules that hold for every text, and tables of single decisions."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fonts
from docgen.measure import CLOSING, OPENING, TextStyle, TypesetError, TypesetErrorCode, measure
from docgen.page import Colour
from docgen.typeset import Line, break_lines, distribute, line_from, runs, single_line
from fonts.truetype import TrueType

STYLE = TextStyle(face="kai", size_mm=4.0, colour=Colour(0, 0, 0), gap_em=0.08)
BLANK_RIGHT = "，。、；：）》〉」』】〕〗］｝"
BLANK_LEFT = "（《〈「『【〔〖［｛"
EPS = 1e-6

HAN = "测试危险化学品经营许可证无储存苯酸乙烷氯醇溶液含量仅限原料用途有限公司省市区路号"
word = st.text(alphabet=HAN, min_size=1, max_size=8)
latin = st.text(alphabet=string.ascii_letters + string.digits + "-", min_size=1, max_size=7)
percent = st.integers(1, 99).map(lambda number: f"{number}%")
special = st.sampled_from(["1,2-二甲苯", "N,N-二甲基", "α-蒎烯", "[稳定的]", "≥30%"])
piece = st.one_of(word, latin, percent, special)
mark = st.sampled_from(["，", "。", "、", "；", "：", "", " ", "/", "——", "……"])
clause = st.tuples(piece, mark).map("".join)
brackets = st.sampled_from(["（）", "《》", "“”", "【】", "（《》）", "[]"]).map(
    lambda pair: (pair[:len(pair) // 2], pair[len(pair) // 2:]))
bracketed = st.tuples(brackets, st.lists(clause, min_size=1, max_size=4)).map(
    lambda parts: parts[0][0] + "".join(parts[1]) + parts[0][1])
text = st.lists(st.one_of(clause, bracketed), min_size=1, max_size=12).map(
    lambda parts: "甲" + "".join(parts))


def ink(line: Line, index: int) -> tuple[float, float]:
    """Where the glyph at an index of a line may have ink, in em from the beginning of the column."""
    measured, at = line.measured, line.start + index
    left, right = line.offsets[index], line.offsets[index] + measured.widths[at]
    full = measured.widths[at] > 0.9
    char = measured.text[at]
    if full and char in BLANK_RIGHT:
        right -= 0.5
    if full and char in BLANK_LEFT:
        left += 0.5
    return left, right


@settings(max_examples=300, deadline=None)
@given(text, st.floats(8, 45), st.booleans(), st.sampled_from([0.0, 2.0]))
def test_every_text_is_broken_by_the_rules_and_loses_nothing(
        content: str, width: float, justify: bool, indent: float) -> None:
    lines = break_lines(measure(content, STYLE), width, justify=justify, indent_em=indent)
    assert "".join(line.text for line in lines) == content
    for number, line in enumerate(lines):
        if number:
            assert line.text[0] not in CLOSING and line.text[0] != " "
        if number < len(lines) - 1:
            assert line.text.rstrip(" ")[-1] not in OPENING
        first = indent if number else 0.0
        for index, char in enumerate(line.text):
            left, right = ink(line, index)
            assert left >= first - EPS
            if char != " ":
                assert right <= width + EPS
            if index + 1 < len(line.text):
                assert right <= ink(line, index + 1)[0] + 0.02 + EPS, "two glyphs of a line overlap"


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="，、）（《》测试ab 1", min_size=1, max_size=60), st.floats(3, 12))
def test_a_text_that_leaves_no_choice_still_loses_nothing(content: str, width: float) -> None:
    lines = break_lines(measure(content, STYLE), width)
    assert "".join(line.text for line in lines) == content
    assert all(line.end > line.start for line in lines)


@pytest.mark.parametrize(("content", "width", "lines", "why"), [
    ("测试测试，测试", 4, ["测试测", "试，测试"], "a comma takes a character along"),
    ("测试测试测，测试", 5.5, ["测试测试测，", "测试"], "the blank half of a comma hangs out of the column"),
    ("测试（测试）测试", 3, ["测试", "（测试）", "测试"], "an opening bracket goes with what it opens"),
    ("测、试、测试；测试", 5, ["测、试、测", "试；测试"], "closing punctuation comes with its character"),
    ("测、试、测、试，测试", 7.2, ["测、试、测、试，", "测试"], "one mark too many is squeezed in"),
    ("测试测试测试测试测试测试测（试）；测试", 15.9, ["测试测试测试测试测试测试测（试）；", "测试"],
     "gaps close by a hair for one mark too many"),
    ("甲醇ABC测试", 4, ["甲醇", "ABC测", "试"], "a word stays whole"),
    ("甲1,2-二甲苯", 3, ["甲", "1,2-二", "甲苯"], "a locant stays with its compound"),
    ("含量≥30%的", 3, ["含量", "≥30%", "的"], "a relation stays with its number"),
    ("标高−120米处", 4, ["标高", "−120米", "处"], "a minus sign stays with its number"),
    ("大厦101室内", 4, ["大厦", "101室内"], "a number stays with its unit"),
    ("ABCDEFGHIJ", 3, ["ABCD", "EFGHI", "J"], "a word longer than the line is broken anyway"),
    ("测试 测试", 2, ["测试 ", "测试"], "a space at a line's end stays there and hangs"),
    ("甲/乙丙", 2, ["甲/", "乙丙"], "a stroke ends a line, it does not begin one"),
])
def test_lines_break_where_a_reader_expects(content: str, width: float, lines: list[str], why: str) -> None:
    plain = TextStyle(face="kai", size_mm=4.0, colour=Colour(0, 0, 0))
    assert [line.text for line in break_lines(measure(content, plain), width)] == lines, why


@pytest.mark.parametrize(("content", "width", "lines"), [
    ("2025年08月01日 至 2028年07月31日", 13.0, ["2025年08月01日 至 ", "2028年07月31日"]),
    ("2025年08月01日 至 2028年07月31日", 8.3, ["2025年08月01日 ", "至 ", "2028年07月31日"]),
    ("自2025年8月1日起至2028年7月31日止", 12.0, ["自2025年8月1日起至", "2028年7月31日止"]),
    ("2028年07月31日", 6.6, ["2028年07月", "31日"]),
    ("2028年07月31日", 3.8, ["2028年", "07月", "31日"]),
])
def test_dates_hold_together_in_a_text_of_dates(content: str, width: float, lines: list[str]) -> None:
    assert [line.text for line in break_lines(measure(content, STYLE), width)] == lines


def test_running_text_is_not_torn_by_its_dates() -> None:
    content = "经审查，你单位于2025年03月02日提交的申请材料不符合规定，现决定不予许可。"
    for width in (14.0, 15.0, 16.0, 17.0):
        first = break_lines(measure(content, STYLE), width)[0]
        assert first.width_em > width - 2.1


def test_justified_lines_are_flush_and_the_last_one_is_not_stretched() -> None:
    content = "一、无储存经营：轻质芳烃、重质芳烃、混合二甲苯、正丁烷（仅限作为化工原料等非燃料用途的经营）；"
    lines = break_lines(measure(content, STYLE), 17.3, justify=True)
    assert [round(line.width_em, 6) for line in lines[:-1]] == [17.3] * (len(lines) - 1)
    assert lines[-1].width_em < 17


def test_a_word_is_never_stretched() -> None:
    line = break_lines(measure("测试ABCDEF测试测试测试测试", STYLE), 9.9, justify=True)[0]
    measured = line.measured
    for index in range(2, 7):
        assert line.offsets[index + 1] - line.offsets[index] == pytest.approx(measured.widths[index])


@pytest.mark.parametrize("content", ["）；", "，（", "（《", "》）"])
def test_adjacent_punctuation_is_squeezed_to_one_and_a_half_em(content: str) -> None:
    inner = measure(f"甲{content}乙", STYLE)
    assert inner.places[2] - inner.places[1] == pytest.approx(0.5)


@pytest.mark.parametrize("key", sorted(fonts.FACES))
def test_what_is_squeezed_is_blank_in_every_face(key: str) -> None:
    font = TrueType(fonts.font_path(key).read_bytes())
    for char in BLANK_RIGHT + BLANK_LEFT:
        glyph = font.glyph_id(char)
        if glyph is None or font.advance(glyph) <= 0.9 * font.units_per_em:
            continue
        outline = font.outline(glyph)
        left, right = (int.from_bytes(outline[at:at + 2], "big", signed=True) for at in (2, 6))
        half = font.units_per_em / 2
        assert right <= half if char in BLANK_RIGHT else left >= half, char


@pytest.mark.parametrize(("label", "width"), [("编号", 6.0), ("企业法定代表人", 8.0), ("有效期延续至", 7.0)])
def test_a_distributed_label_is_flush_on_both_sides(label: str, width: float) -> None:
    line = distribute(measure(label, STYLE), width)
    assert line.offsets[0] == 0
    assert line.offsets[-1] + 1 == pytest.approx(width)
    steps = {round(b - a, 6) for a, b in zip(line.offsets, line.offsets[1:], strict=False)}
    assert len(steps) == 1


def test_a_single_character_is_distributed_to_the_middle() -> None:
    assert distribute(measure("年", STYLE), 5.0).offsets == (2.0,)


@pytest.mark.parametrize(("act", "code"), [
    (lambda: distribute(measure("企业名称", STYLE), 3.0), TypesetErrorCode.TOO_NARROW),
    (lambda: break_lines(measure("企业", STYLE), 0.5), TypesetErrorCode.TOO_NARROW),
    (lambda: measure("测试\U00013000", STYLE), TypesetErrorCode.MISSING_GLYPH),
])
def test_what_cannot_be_set_is_refused_in_both_languages(act: object, code: TypesetErrorCode) -> None:
    with pytest.raises(TypesetError) as caught:
        act()  # type: ignore[operator]
    assert caught.value.code is code
    assert caught.value.zh and caught.value.en


def test_a_character_that_the_first_face_lacks_comes_from_the_next() -> None:
    style = TextStyle(face="song", size_mm=4.0, colour=Colour(0, 0, 0))
    made = runs(single_line(measure("甲𠮷乙", style)), 10.0, 20.0, style)
    assert [(run.face, run.text) for run in made] == [("song", "甲"), ("kai", "𠮷"), ("song", "乙")]
    assert [run.xs_mm[0] for run in made] == [10.0, 14.0, 18.0]


def test_runs_hold_one_glyph_a_character_at_thousandths_of_a_millimetre() -> None:
    style = TextStyle(face="kai", size_mm=3.7, colour=Colour(0, 0, 0), gap_em=0.08)
    content = "测试 A 甲𠮷（3%），乙"
    made = runs(single_line(measure(content, style)), 10.12345, 20.98765, style)
    assert "".join(run.text for run in made) == content
    for run in made:
        face = fonts.face(run.face)
        assert run.glyphs == tuple(face.glyph_id(char) for char in run.text)
        assert all(round(x, 3) == x for x in (*run.xs_mm, run.y_mm, run.width_mm))


def test_a_run_ends_where_the_field_ends() -> None:
    measured = measure("2025年 至 2028年", STYLE)
    tags = ("起",) * 5 + (None,) * 3 + ("止",) * 5
    made = runs(single_line(measured), 0, 0, STYLE, tags=tags, number=7)
    assert [(run.text, run.tag, run.line) for run in made] == [
        ("2025年", "起", 7), (" 至 ", None, 7), ("2028年", "止", 7)]


@pytest.mark.parametrize(("text", "gaps"), [
    ("第2025年", [1, 5]), ("甲醇GB标准", [2, 4]), ("含量30%以上", [2, 5]), ("1,2-二甲苯", []), ("含量≥30mm厚", [7]),
    ("（A）甲", []), ("甲、B", []), ("室温25℃下", [2]), ("测试 A 测试", []),
])
def test_a_gap_stands_between_chinese_and_latin_letters_or_digits_and_beside_no_sign(
        text: str, gaps: list[int]) -> None:
    style = TextStyle(face="song", size_mm=4.0, colour=Colour(0, 0, 0), gap_em=0.25)
    plain, spaced = (measure(text, one) for one in (replace(style, gap_em=0.0), style))
    steps = [(after - before) - (b - a) for before, after, a, b in zip(
        spaced.places, spaced.places[1:], plain.places, plain.places[1:], strict=False)]
    assert [index + 1 for index, step in enumerate(steps) if step > 0.2] == gaps


@pytest.mark.parametrize(("content", "width", "lines"), [
    ("测试测试测试测试测试字", 10, ["测试测试测试测试测", "试字"]),
    ("测试测试测试测试测试字。”", 10, ["测试测试测试测试测", "试字。”"]),
    ("测试测试测试（1200吨字", 10, ["测试测试测试", "（1200吨字"]),
    ("测试测试测试测试测试字字", 10, ["测试测试测试测试测试", "字字"]),
    ("测试测试测字", 5, ["测试测试测", "字"]),
])
def test_no_paragraph_ends_with_a_character_alone_on_its_line(content: str, width: float, lines: list[str]) -> None:
    plain = TextStyle(face="kai", size_mm=4.0, colour=Colour(0, 0, 0))
    measured = measure(content, plain)
    assert [line.text for line in break_lines(measured, width)] == lines
    assert line_from(measured, 0, width).text == lines[0]
