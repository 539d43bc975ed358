"""What does not fit is told with its line, how much room it needs and has, and what takes the room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docgen.design.findings import Finding
from tests.design.kinds import CODE, change, check, made


@pytest.fixture
def kind(tmp_path: Path) -> Path:
    return made(tmp_path)


def _overflow(kind: Path) -> Finding:
    found = [one for one in check(kind).findings if one.code == "compose.overflow"]
    assert found
    return found[0]


def _line(kind: Path, words: str) -> int:
    lines = (kind / "pages.xml").read_text(encoding="utf-8").splitlines()
    return next(number for number, text in enumerate(lines, 1) if words in text)


def _millimetres(words: str) -> list[float]:
    return [float(number) for number in re.findall(r"(\d+\.\d) mm", words)]


@pytest.mark.req("R-000-18")
def test_a_column_that_is_too_low_says_what_it_needs_and_which_rows_are_the_tallest(kind: Path) -> None:
    change(kind / "kind.json", '"max_length": 200', '"max_length": 2000')
    found = _overflow(kind)
    assert (found.file, found.line) == (f"{CODE}/pages.xml", _line(kind, "<column "))
    needed, room, *tallest = _millimetres(found.zh)
    assert needed > room == 56.0 and tallest == sorted(tallest, reverse=True)
    assert _millimetres(found.en)[:2] == [needed, room]
    assert "最高的是许可项目" in found.zh and "the tallest are 许可项目" in found.en
    assert "label-style" not in found.zh


def test_labels_that_never_shrink_are_named_where_they_take_the_room(kind: Path) -> None:
    change(kind / "pages.xml", 'name="label" face="song" size="5" least="3.6"', 'name="label" face="song" size="12"')
    change(kind / "pages.xml", 'label-width="33"', 'label-width="70"')
    found = _overflow(kind)
    assert "label-style 没有 least，标签总是 12 mm" in found.zh
    assert "the label-style has no least: labels stay 12 mm" in found.en


@pytest.mark.parametrize(("old", "new", "word"), [
    ('<qr x="232" y="26" size="36"/>', '<qr x="160" y="86" size="60"/>', "qr"),
    ('<seal over="发证机关 发证日期"/>', '<seal x="160" y="120"/>', "seal"),
])
def test_what_stands_in_a_column_is_named_as_what_takes_its_room(kind: Path, old: str, new: str, word: str) -> None:
    change(kind / "pages.xml", 'x="35" y="84" width="227" bottom="140"', 'x="35" y="84" width="227" bottom="132"')
    line = change(kind / "pages.xml", old, new)
    found = _overflow(kind)
    assert found.line == _line(kind, "<column ")
    assert f"第 {line} 行的 {word}" in found.zh and f"the {word} of line {line}" in found.en


def test_a_line_says_how_wide_it_must_be(kind: Path) -> None:
    line = change(kind / "pages.xml", 'x="66" y="58" width="165"', 'x="66" y="58" width="30"')
    found = _overflow(kind)
    assert found.line == line and "width 为 30 mm" in found.zh
    assert _millimetres(found.zh)[0] > 30


def test_a_label_wider_than_its_column_is_found_in_the_line_of_the_column(kind: Path) -> None:
    line = change(kind / "pages.xml", 'label-width="33" label-gap="7" space', 'label-width="9" label-gap="7" space')
    found = [one for one in check(kind).findings if one.code == "typeset.too-narrow"]
    assert {(one.file, one.line) for one in found} == {(f"{CODE}/pages.xml", line)}
