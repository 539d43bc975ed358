"""Lists for people."""

from __future__ import annotations

from cli.tables import table


def test_columns_stand_below_their_headings_whatever_the_width_of_a_character() -> None:
    told = table(("名称 name", "code"), [("测试县局", "1"), ("office", "2"), ("é́x", "3")])
    assert told.splitlines() == ["名称 name  code", "测试县局   1", "office     2", "é́x         3"]


def test_nothing_in_a_list_steers_the_terminal() -> None:
    told = table(("a", "b"), [("\x1b[31mred\r", "x\ny")])
    assert told.splitlines() == ["a              b", "\\x1b[31mred\\r  x\\ny"]
